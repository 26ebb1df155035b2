"""The verdict as a person reads it in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from rich.console import Console
from rich.text import Text

from evalkit.core.model import Arm
from evalkit.core.verdict import Outcome
from evalkit.core.wording import WARNING, count_text
from evalkit.report.figures.corridor_text import HEAD, SIGNS, Part, cells
from evalkit.report.text.columns import TITLE_COLUMNS, short
from evalkit.report.text.lines import (
    COLOURS,
    DIM,
    WIDEST,
    banner,
    beside,
    heading,
    joined,
    show,
    titled,
    width_of,
    wrapped,
)
from evalkit.report.text.safe import visible
from evalkit.report.verdict.drift import drift_shown, told_lines
from evalkit.report.verdict.structure import field_lines
from evalkit.report.view import CaseText, Row, View, unmeasured_text

VALUE_COLUMNS = 12
NO_TEXTS: Mapping[str, CaseText] = MappingProxyType({})

BANNERS = {
    Outcome.PASS: ("✓", "green"),
    Outcome.FAIL: ("✗", "red"),
    Outcome.INCONCLUSIVE: ("?", "yellow"),
    Outcome.UNMEASURED: ("∅", "bright_black"),
}
BLOCKS = (
    "An undecided bound blocks. To let it through: --inconclusive=warn (every report will say so)."
)
MOST_FLIPS = 8
"""So many kinds of flips are told here; the report has them all."""


def print_verdict(
    view: View,
    console: Console,
    *,
    report: str,
    command: str,
    resume: str = "",
    texts: Mapping[str, CaseText] = NO_TEXTS,
) -> None:
    """Print a verdict.

    Args:
        view: what to show.
        console: where to.
        report: where the HTML report lies.
        command: how the run can be judged again without a call.
        resume: how a run that is not whole can be gone on with.
        texts: the answers that words are quoted from.
    """
    lines = _lines(
        view, width_of(console), report=report, command=command, resume=resume, texts=texts
    )
    show(lines, console)


def _lines(
    view: View, width: int, *, report: str, command: str, resume: str, texts: Mapping[str, CaseText]
) -> Iterator[Text]:
    verdict = view.verdict
    mark, colour = BANNERS[verdict.outcome]
    if view.waived:
        yield from wrapped(view.waived, width, style="bold yellow")
    yield Text()
    yield banner(mark, view.word, colour, verdict.sentence)
    yield from wrapped(verdict.lead, width)
    yield Text()
    yield from plot_lines(view, width)
    yield from ways_out(view, width)
    yield from _flips(view, width)
    yield from _fields(view, width)
    yield from drift_lines(view, width, texts)
    yield Text()
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.exit_code and not verdict.facts.smoke:
        yield from wrapped(BLOCKS, width)
    for warning in view.warnings:
        yield from wrapped(f"{WARNING}{visible(warning)}", width, style="yellow")
    for note in view.remarks:
        yield from wrapped(f"Note: {visible(note)}", width)
    yield from wrapped(view.facts, width, style=DIM)
    yield Text(f"Report  {report}")
    if resume:
        yield Text(f"Go on   {resume}")
    yield Text(f"Again   {command}")
    yield Text(f"exit {int(verdict.exit_code)}", DIM)


# ---------------------------------------------------------------- the envelope


def plot_lines(view: View, width: int) -> Iterator[Text]:
    """Yield the envelope plot, a line a bound, with its legend."""
    if width >= 80:
        yield Text(" " * (TITLE_COLUMNS + 2) + HEAD, DIM)
    for row in view.rows:
        yield from _row(row, width)
    if width >= 80:
        yield Text()
        yield from joined(_legend(view), width, DIM)


def _legend(view: View) -> Iterator[str]:
    if Arm.BASELINE in view.names:
        yield f"○ baseline {visible(view.names[Arm.BASELINE])}"
    yield f"■◆● candidate {visible(view.names[Arm.CANDIDATE])}"
    yield f"━ {view.interval_name}"
    yield "▶ off the chart"
    yield "· acceptable"


def _row(row: Row, width: int) -> Iterator[Text]:
    line = _titled(row)
    if row.judged is None:
        yield from beside(line, [f"unmeasured  {unmeasured_text(row.bound.judged)}"], width)
        return
    if width >= 80:
        line.append_text(_corridor(row))
        line.append(" ")
    line.append(f"{short(row.value):>{VALUE_COLUMNS}}", "bold")
    if width >= WIDEST:
        line.append(f"  {row.interval}", DIM)
    if row.note:
        line.append(f" {row.note}", DIM)
    yield line


def _titled(row: Row) -> Text:
    return titled(SIGNS[row.bound.result], COLOURS[row.bound.result], row.title)


def _corridor(row: Row) -> Text:
    """Return the plot of one row: the acceptable region, the baseline, the candidate."""
    styles = {Part.REGION: DIM, Part.CANDIDATE: COLOURS[row.bound.result], Part.BASELINE: ""}
    text = Text()
    for cell in cells(row):
        text.append(cell.text, styles[cell.part])
    return text


# ---------------------------------------------------------------- below the plot


def ways_out(view: View, width: int) -> Iterator[Text]:
    """Yield what would settle each bound that is undecided or not measured."""
    undecided = [row for row in view.rows if row.settle]
    if not undecided:
        return
    yield Text()
    yield heading("What would settle it")
    for row in undecided:
        ways = [row.settle[0], *(f"or {way}" for way in row.settle[1:])]
        yield from beside(_titled(row), ways, width)


def _flips(view: View, width: int) -> Iterator[Text]:
    """Yield how many cases changed side; how far numbers moved is for the report to show."""
    told = [group for group in view.flips if group.bound.labels is not None]
    if not told:
        return
    counts = []
    for group in told[:MOST_FLIPS]:
        where = f" on {group.bound.on}" if group.bound.on else ""
        count = count_text(len(group.flips), "case")
        counts.append(f"{count} {visible(group.kind)} ({visible(group.bound.metric + where)})")
    if len(told) > MOST_FLIPS:
        counts.append(f"{len(told) - MOST_FLIPS} more kinds in the report")
    yield Text()
    yield heading("Flips")
    yield from joined(counts, width, indent="  ")


def _fields(view: View, width: int) -> Iterator[Text]:
    """Yield what changed in the fields of JSON answers, where anything did."""
    told = list(field_lines(view))
    if told:
        yield Text()
        yield heading("Fields")
        for line in told:
            yield from (Text(f"  {part.plain}") for part in wrapped(line, width - 2))


def drift_lines(view: View, width: int, texts: Mapping[str, CaseText]) -> Iterator[Text]:
    """Yield whether the texts can be told apart, and what tells most of it."""
    found = drift_shown(view)
    if found is None:
        return
    yield Text()
    yield heading("What no bound names")
    for line in told_lines(found, texts):
        yield from (Text(f"  {part.plain}") for part in wrapped(line, width - 2))
