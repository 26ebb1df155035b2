"""Two runs beside each other as a person reads them in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from rich.console import Console
from rich.text import Text

from evalkit.core.comparison import (
    OTHER_NUMBER,
    Aspect,
    BoundBeside,
    Change,
    Fate,
    JudgedRun,
    Redefined,
    TextChange,
    TwoRuns,
)
from evalkit.core.model import Arm
from evalkit.core.phrases import allowed, arm_text, judged_text, title
from evalkit.core.verdict import BoundResult, Estimate
from evalkit.core.wording import count_text, interval_text
from evalkit.report.diff.flip_text import flip_groups, group_lines, limited
from evalkit.report.diff.terminal import FARTHEST, rest_lines
from evalkit.report.figures.corridor_text import SIGNS
from evalkit.report.text.lines import (
    COLOURS,
    DIM,
    banner_lines,
    beside,
    heading,
    labelled,
    show,
    titled,
    width_of,
    wrapped,
)
from evalkit.report.text.safe import one_line
from evalkit.report.verdict.terminal import BANNERS
from evalkit.report.view import VERDICT_WORDS, CaseText, FlipGroup

PLACES = {Arm.BASELINE: "first", Arm.CANDIDATE: "second"}
"""In flips of two runs, the earlier candidate stands in the place of the baseline."""

SHOWN = (Fate.NEW, Fate.GONE)
MOST_LINES = 60
MOST_IDS = 8
DIGEST = 12
DIGESTS = {Aspect.GOLDEN_SET, Aspect.ENVELOPE, Aspect.PROMPT, Aspect.SCHEMA}


def groups_beside(found: TwoRuns, most: int) -> dict[Fate, list[FlipGroup]]:
    """Return the flips of two runs by what became of them; so many of new and gone are shown."""
    by_fate = {
        fate: [
            group
            for run, first in ((found.second, False), (found.first, True))
            for group in flip_groups(
                run, [x.flip for x in found.flips if x.fate is fate and x.first is first]
            )
        ]
        for fate in Fate
    }
    shown = iter(limited([group for fate in SHOWN for group in by_fate[fate]], most))
    kept = {fate: list(islice(shown, len(by_fate[fate]))) for fate in SHOWN}
    hidden = {fate: limited(by_fate[fate], 0) for fate in Fate if fate not in SHOWN}
    return kept | hidden


def print_two_runs(
    found: TwoRuns,
    groups: Mapping[Fate, Sequence[FlipGroup]],
    texts: Mapping[str, CaseText],
    console: Console,
) -> None:
    """Print two runs beside each other.

    Args:
        found: what differs between them.
        groups: as ``groups_beside`` gives them.
        texts: what was asked and what both candidates answered, by case.
        console: where to.
    """
    show(_lines(found, groups, texts, console, width_of(console)), console)


def _lines(
    found: TwoRuns,
    groups: Mapping[Fate, Sequence[FlipGroup]],
    texts: Mapping[str, CaseText],
    console: Console,
    width: int,
) -> Iterator[Text]:
    words = [VERDICT_WORDS[run.verdict.outcome] for run in (found.first, found.second)]
    names = dict.fromkeys(run.verdict.envelope for run in (found.first, found.second))
    said = f"{words[0]} in both" if words[0] == words[1] else " → ".join(words)
    yield Text()
    yield from banner_lines("±", "TWO RUNS", "cyan", f"{' and '.join(names)}: {said}.", width)
    for place, run in (("first", found.first), ("second", found.second)):
        yield from _run(place, run, width)
    yield from _obstacles(found, width)
    yield from _changes(found, width)
    yield from _bounds(found, width)
    yield from _cases(found, width)
    yield from _flips(groups, texts, console, width)


def _run(place: str, run: JudgedRun, width: int) -> Iterator[Text]:
    mark, _ = BANNERS[run.verdict.outcome]
    facts = f"{mark} {VERDICT_WORDS[run.verdict.outcome]} · {run.manifest.created} · {run.path}"
    yield from labelled(place, [facts], width)


def _obstacles(found: TwoRuns, width: int) -> Iterator[Text]:
    if not found.obstacles:
        return
    yield Text()
    yield heading("What keeps them from being compared as they are")
    for sentence in found.obstacles:
        yield from labelled("     !", [one_line(sentence)], width, "yellow")


# ---------------------------------------------------------------- what differs


def _changes(found: TwoRuns, width: int) -> Iterator[Text]:
    yield Text()
    yield heading("What differs")
    if not found.changes:
        yield Text("  nothing: the same envelope, cases, snapshots, prompts, schemas and scorers")
        return
    for change in found.changes:
        yield from beside(Text(f"  {one_line(change.about)}"), [_change(change)], width)
    for text in found.texts:
        yield Text()
        yield Text(f"  {text.about}", "bold")
        yield from _text(text, width)
    prompts = any(change.aspect is Aspect.PROMPT for change in found.changes)
    if prompts and not found.texts:
        yield from wrapped("  The texts of the prompts are not in both folders.", width, style=DIM)


def _change(change: Change) -> str:
    before, after = (
        "none" if side is None else one_line(side[:DIGEST] if change.aspect in DIGESTS else side)
        for side in (change.before, change.after)
    )
    return f"{before} → {after}"


def _text(change: TextChange, width: int) -> Iterator[Text]:
    """Yield the lines of a text that differ, with a few around them."""
    lines = difflib.unified_diff(
        change.before.splitlines(), change.after.splitlines(), lineterm="", n=1
    )
    shown = 0
    for line in islice(lines, 2, None):
        if line.startswith("@@"):
            if shown:
                yield Text("    …", DIM)
            continue
        if shown == MOST_LINES:
            yield Text("    … and more", DIM)
            return
        shown += 1
        style = {"-": "red", "+": "green"}.get(line[:1], DIM)
        yield from (
            Text("    ").append_text(part)
            for part in wrapped(f"{line[:1]} {line[1:]}", width - 4, style=style)
        )


# ---------------------------------------------------------------- bounds


def _bounds(found: TwoRuns, width: int) -> Iterator[Text]:
    told = [item for item in found.bounds if item.moved or item.redefined]
    yield Text()
    yield heading("Bounds")
    for item in sorted(told, key=lambda item: _result_of(item.before) == _result_of(item.after)):
        yield from _bound(item, width)
    same = len(found.bounds) - len(told)
    if same:
        verb = "says" if same == 1 else "say"
        yield Text(f"  {count_text(same, 'bound')} {verb} the same in both", DIM)


def _result_of(bound: BoundResult | None) -> str:
    return "" if bound is None else bound.result


def _bound(item: BoundBeside, width: int) -> Iterator[Text]:
    shown = item.after or item.before
    assert shown is not None
    line = titled(SIGNS[shown.result], COLOURS[shown.result], title(shown))
    yield from beside(line, _said(item), width)


def _said(item: BoundBeside) -> Iterator[str]:
    before, after = item.before, item.after
    if before is None or after is None:
        one = before or after
        assert one is not None
        yield f"only in the {'first' if after is None else 'second'}: {one.result}, {_value(one)}"
        return
    if before.result == after.result:
        yield f"{after.result} in both"
    else:
        yield f"{before.result} → {after.result}"
    yield f"{_value(before)} → {_value(after)}"
    if before.limit.compares and isinstance(before.baseline, Estimate):
        yield f"baseline {arm_text(before, before.baseline)} → {arm_text(after, after.baseline)}"
    yield from _redefined(item.redefined, before, after)


def _value(bound: BoundResult) -> str:
    judged = bound.judged
    if not isinstance(judged, Estimate):
        return judged_text(bound)
    return f"{judged_text(bound)} [{interval_text(bound, judged)}]"


def _redefined(
    changed: Sequence[Redefined], before: BoundResult, after: BoundResult
) -> Iterator[str]:
    if not changed:
        return
    if Redefined.LIMIT in changed or Redefined.KIND_OF_LIMIT in changed:
        yield f"! limit: {allowed(before)} → {allowed(after)}"
    others = [what for what in changed if what is not Redefined.LIMIT]
    if others:
        yield f"! changed: {', '.join(others)}"
    if not OTHER_NUMBER.isdisjoint(changed):
        yield "! another number of the same name: the values are not to be compared"


# ---------------------------------------------------------------- cases


def _cases(found: TwoRuns, width: int) -> Iterator[Text]:
    if found.cases is None or not any(found.cases):
        return
    yield Text()
    yield heading("Cases only in one of them")
    for place, cases in zip(("first", "second"), found.cases, strict=True):
        if cases:
            ids = ", ".join(one_line(case, most=60) for case in cases[:MOST_IDS])
            more = f", and {len(cases) - MOST_IDS:,} more" if len(cases) > MOST_IDS else ""
            yield from labelled(place, [f"{count_text(len(cases), 'case')}: {ids}{more}"], width)


def _flips(
    groups: Mapping[Fate, Sequence[FlipGroup]],
    texts: Mapping[str, CaseText],
    console: Console,
    width: int,
) -> Iterator[Text]:
    counts = Counter({fate: sum(len(g.flips) for g in groups[fate]) for fate in Fate})
    yield Text()
    yield heading("Flips against the baseline of each run")
    yield Text(
        "  "
        + ", ".join(
            f"{counts[fate]:,} {fate}" for fate in Fate if counts[fate] or fate is not Fate.APART
        )
    )
    if any(group.bound.labels is None for fate in SHOWN for group in groups[fate]):
        yield from wrapped(f"  {FARTHEST}", width, style=DIM)
    if any(counts[fate] for fate in SHOWN):
        text = "[-…-] stands only in the first candidate's answer, {+…+} only in the second's."
        yield from wrapped(f"  {text}", width, style=DIM)
    if counts[Fate.APART]:
        text = "Not comparable are those of a case or a bound that is not, or not the same, in the other."
        yield from wrapped(f"  {text}", width, style=DIM)
    for fate in SHOWN:
        if groups[fate]:
            yield Text()
            yield heading(
                f"{fate.capitalize()} in the second" if fate is Fate.NEW else "Gone from the second"
            )
            yield from group_lines(groups[fate], texts, PLACES, console, width)
    yield from rest_lines([group for fate in SHOWN for group in groups[fate]], width)
