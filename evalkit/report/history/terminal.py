"""Past runs as a person reads them in a terminal, at most 100 columns wide: a strip a bound.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from evalkit.core.comparison import History
from evalkit.core.corridor import LEFT, RIGHT
from evalkit.core.verdict import Result
from evalkit.core.wording import count_text
from evalkit.report.figures.corridor_text import COLUMNS, HEAD, HIGH_COLUMN, LOW_COLUMN, SIGNS
from evalkit.report.history.view import LineageView, Place, RunText, Strip, lineage_view
from evalkit.report.text.columns import fitted, short
from evalkit.report.text.lines import (
    COLOURS,
    DIM,
    banner_lines,
    joined,
    show,
    width_of,
    wrapped,
)
from evalkit.report.text.safe import one_line

MARKS = {Result.HOLDS: "●", Result.BROKEN: "■", Result.UNDECIDED: "◆"}
NUMBER, VERDICT, VALUE = 4, 19, 12
LEAST_FOR_PLOT = 80
LEGEND = (
    "■◆● candidate broken, undecided, holds",
    "━ its interval",
    "▶ off the chart",
    "· acceptable",
    "─ changed since the run before",
    "! changed of the bound",
    "No trend is tested.",
)


def print_history(history: History, console: Console) -> None:
    """Print the runs of a folder, an envelope after the other."""
    show(_lines(history, width_of(console)), console)


def _lines(history: History, width: int) -> Iterator[Text]:
    views = [lineage_view(lineage) for lineage in history.lineages]
    runs = sum(len(view.runs) + view.earlier for view in views)
    said = f"{count_text(runs, 'run')} of {count_text(len(views), 'envelope')} in {history.folder}."
    yield Text()
    yield from banner_lines("≡", "HISTORY", "cyan", said, width)
    for view in views:
        yield Text()
        yield from wrapped(f"{view.envelope}: {view.sentence}", width, style="bold")
        if view.earlier:
            total = view.earlier + len(view.runs)
            yield from wrapped(
                f"{count_text(view.earlier, 'earlier run')} not shown: --last {total}", width
            )
        yield Text()
        for run in view.runs:
            yield from _run(run, width)
        yield from _strips(view, width)
    yield Text()
    yield from joined(LEGEND, width, DIM)


# ---------------------------------------------------------------- runs


def _run(run: RunText, width: int) -> Iterator[Text]:
    line = Text.assemble(
        f"{run.number:>{NUMBER}}  {run.created}  ",
        (f"{SIGNS[run.tone]} {run.word:<{VERDICT}}", COLOURS[run.tone]),
    )
    rest = " · ".join(part for part in (one_line(run.candidate), run.notes) if part)
    line.append(fitted(rest, max(10, width - len(line))))
    yield line
    if run.details:
        changed = one_line(" · ".join(run.details), most=400)
        yield from _behind(" " * (NUMBER + 2) + "─ ", wrapped(changed, width - NUMBER - 4))


def _behind(start: str, lines: Iterator[Text]) -> Iterator[Text]:
    for line in lines:
        yield Text(start, DIM).append_text(line)
        start = " " * len(start)


# ---------------------------------------------------------------- bounds


def _strips(view: LineageView, width: int) -> Iterator[Text]:
    runs = {run.number: run for run in view.runs}
    for strip in view.strips:
        yield Text()
        name = "" if strip.name == strip.title else f" ({one_line(strip.name)})"
        title = f"{one_line(strip.title)}{name}: {strip.allowed}"
        yield from wrapped(title, width, style="bold")
        if strip.ended:
            yield from wrapped(f"{strip.ended}.", width)
        if width >= LEAST_FOR_PLOT:
            yield Text(" " * (NUMBER + 16) + HEAD, DIM)
        yield from _places(strip, runs, width)


def _places(strip: Strip, runs: Mapping[int, RunText], width: int) -> Iterator[Text]:
    before = None
    for place in strip.places:
        first = min(runs) if before is None else before + 1
        yield from _between(runs, first, place.number, width)
        if place.redefined:
            changed = ", ".join(place.redefined)
            yield from _behind(" " * (NUMBER + 2) + "! ", wrapped(changed, width - NUMBER - 4))
        yield _place(place, runs[place.number], width)
        before = place.number
    if before is not None and not strip.ended:
        yield from _without(max(runs) - before)


def _between(runs: Mapping[int, RunText], first: int, number: int, width: int) -> Iterator[Text]:
    """Yield what lies between two runs that have a bound: runs without it, and changes."""
    if first > min(runs):
        yield from _without(number - first)
    changed = dict.fromkeys(what for at in range(first, number + 1) for what in runs[at].changed)
    if changed and first > min(runs):
        text = f"{'':{NUMBER}}  ─ {one_line(', '.join(changed))}"
        yield Text(fitted(text, width), DIM)


def _without(count: int) -> Iterator[Text]:
    if count:
        yield Text(f"{'':{NUMBER}}  ({count_text(count, 'run')} without this bound)", DIM)


def _place(place: Place, run: RunText, width: int) -> Text:
    line = Text(f"{place.number:>{NUMBER}}  {run.day} ")
    line.append(f"{SIGNS[place.result]} ", COLOURS[place.result])
    line.append(" ")
    if place.span is None:
        line.append(f"unmeasured  {one_line(place.interval)}", DIM)
        line.truncate(width, overflow="ellipsis")
        return line
    if width >= LEAST_FOR_PLOT:
        line.append_text(_plot(place))
        line.append(" ")
    line.append(f"{short(place.text):>{VALUE}}", "bold")
    line.append(f"  {place.interval}", DIM)
    if place.smoke:
        line.append("  smoke")
    line.truncate(width, overflow="ellipsis")
    return line


def _plot(place: Place) -> Text:
    """Return the axis of a bound with the region, the interval and the value of one run."""
    assert place.span is not None
    cells = [(" ", DIM)] * COLUMNS
    left, right = (_column(end) for end in place.region)
    for column in range(left, right + 1):
        cells[column] = ("·", DIM)
    for mark, ends in (("┊", place.ends), ("│", place.limits)):
        for end in ends:
            cells[_column(end)] = (mark, DIM)
    colour = COLOURS[place.result]
    low, value, high = place.span.lower, place.span.value, place.span.upper
    if low <= 1 and high >= 0:
        for column in range(_column(max(0.0, low)), _column(min(1.0, high)) + 1):
            crossing = cells[column][0] in "│┊"
            cells[column] = ("┿" if crossing else "━", colour)
    mark = "◀" if value < 0 else "▶" if value > 1 else MARKS[place.result]
    cells[_column(max(0.0, min(1.0, value)))] = (mark, colour)
    text = Text()
    for character, style in cells:
        text.append(character, style)
    return text


def _column(place: float) -> int:
    """Return the column of a place on the axis; limits of today stand where reports have them."""
    share = (place - LEFT) / (RIGHT - LEFT)
    column = round(LOW_COLUMN + share * (HIGH_COLUMN - LOW_COLUMN))
    return max(0, min(COLUMNS - 1, column))
