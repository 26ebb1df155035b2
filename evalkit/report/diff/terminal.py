"""The cases of a run that changed, as a person reads them in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from evalkit.core.comparison import JudgedRun
from evalkit.core.model import Arm
from evalkit.report.diff.flip_text import counted, group_lines
from evalkit.report.text.lines import DIM, banner_lines, show, width_of, wrapped
from evalkit.report.view import CaseText, FlipGroup, view_of

ARMS = {arm: arm.value for arm in Arm}
FARTHEST = "Of scores and amounts, a run names only the cases that moved farthest."


def print_changed(
    run: JudgedRun,
    groups: Sequence[FlipGroup],
    texts: Mapping[str, CaseText],
    console: Console,
) -> None:
    """Print the cases of a run that changed.

    Args:
        run: with the flips that are wanted.
        groups: these flips by kind, and of how many the texts are shown.
        texts: what was asked and answered, by case.
        console: where to.
    """
    show(_lines(run, groups, texts, console, width_of(console)), console)


def _lines(
    run: JudgedRun,
    groups: Sequence[FlipGroup],
    texts: Mapping[str, CaseText],
    console: Console,
    width: int,
) -> Iterator[Text]:
    view = view_of(run.verdict, run.manifest)
    yield Text()
    what = counted(groups) if groups else "no case changed"
    yield from banner_lines("±", "DIFF", "cyan", f"{run.verdict.envelope}: {what}.", width)
    named = [arm if name == arm else f"{arm} {name}" for arm, name in view.names.items()]
    yield from wrapped(f"{' → '.join(named)}, {view.word}.", width)
    if any(group.bound.labels is None for group in groups):
        yield from wrapped(FARTHEST, width, style=DIM)
    if Arm.BASELINE not in view.names:
        yield from wrapped("The run has no baseline: nothing could change.", width)
    if groups:
        yield from wrapped(
            "[-…-] stands only in the baseline's answer, {+…+} only in the candidate's.",
            width,
            style=DIM,
        )
    yield from group_lines(groups, texts, ARMS, console, width)
    yield from rest_lines(groups, width)
    yield Text()
    yield Text(f"Run     {run.path}")


def rest_lines(groups: Sequence[FlipGroup], width: int) -> Iterator[Text]:
    """Yield how many flips are not shown, and how they are."""
    total = sum(len(group.flips) for group in groups)
    rest = total - sum(group.shown for group in groups)
    if rest:
        yield Text()
        yield from wrapped(
            f"{rest:,} of {total:,} are not shown: --limit {total} shows all; "
            "--bound, --kind, --tag and --case choose.",
            width,
        )
