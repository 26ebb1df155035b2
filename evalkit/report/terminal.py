"""The verdict as a person reads it in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import zip_longest

from rich.console import Console
from rich.text import Text

from evalkit.core.corridor import Corridor
from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, Outcome, Result, Unmeasured
from evalkit.core.wording import count_text
from evalkit.report.safe import visible
from evalkit.report.view import Row, View

WIDEST = 100
PLOT_COLUMNS = 31
LOW_COLUMN, HIGH_COLUMN = 9, 22
TITLE_COLUMNS = 33
VALUE_COLUMNS = 12

MARKS = {
    Result.HOLDS: ("✓", "●", "green"),
    Result.BROKEN: ("✗", "■", "red"),
    Result.UNDECIDED: ("?", "◆", "yellow"),
    Result.UNMEASURED: ("∅", "", "bright_black"),
}
BANNERS = {
    Outcome.PASS: ("✓", "green"),
    Outcome.FAIL: ("✗", "red"),
    Outcome.INCONCLUSIVE: ("?", "yellow"),
    Outcome.UNMEASURED: ("∅", "bright_black"),
}
DIM = "bright_black"
SHORT_UNITS = {"points": "pt", "tokens": "tok", "characters": "chars"}


def print_verdict(view: View, console: Console, *, report: str, command: str) -> None:
    """Print a verdict.

    Args:
        view: what to show.
        console: where to.
        report: where the HTML report lies.
        command: how the run can be judged again without a call.
    """
    width = min(console.width, WIDEST)
    for line in _lines(view, width, report=report, command=command):
        console.print(line, soft_wrap=True, highlight=False)


def _lines(view: View, width: int, *, report: str, command: str) -> Iterator[Text]:
    verdict = view.verdict
    mark, colour = BANNERS[verdict.outcome]
    yield Text()
    yield Text.assemble(
        (f" {mark} {view.word} ", f"bold black on {colour}"),
        "  ",
        (visible(verdict.sentence), "bold"),
    )
    yield Text(visible(verdict.lead))
    yield Text()
    yield from _plot(view, width)
    yield from _ways_out(view)
    yield from _flips(view)
    yield Text()
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.exit_code and not verdict.facts.smoke:
        yield Text(
            "An undecided bound blocks. To let it through: --inconclusive=warn "
            "(every report will say so)."
        )
    yield Text(view.facts, DIM)
    yield Text(f"Report  {report}")
    yield Text(f"Again   {command}")
    yield Text(f"exit {int(verdict.exit_code)}", DIM)


# ---------------------------------------------------------------- the envelope


def _plot(view: View, width: int) -> Iterator[Text]:
    if width >= 80:
        head = f"{'too low':>8} │ acceptable │ too high"
        yield Text(" " * (TITLE_COLUMNS + 2) + head, DIM)
    for row in view.rows:
        yield _row(row, width)
    yield Text()
    if width >= 80:
        baseline = f"○ baseline {view.names[Arm.BASELINE]}   " if Arm.BASELINE in view.names else ""
        legend = f"{baseline}■◆● candidate {view.names[Arm.CANDIDATE]}   ━ {view.interval_name}   ▶ off the chart"
        yield Text(visible(legend), DIM)


def _row(row: Row, width: int) -> Text:
    mark, _, colour = MARKS[row.bound.result]
    line = Text.assemble((f"{mark} ", colour), _fitted(visible(row.title), TITLE_COLUMNS))
    if row.judged is None:
        why = row.bound.judged
        assert isinstance(why, Unmeasured)
        line.append(" " * (max(0, TITLE_COLUMNS - len(line.plain) + 2)))
        return line.append(f"unmeasured  {visible(why.detail)}", DIM)
    line.append(" " * (TITLE_COLUMNS + 2 - line.cell_len))
    if width >= 80:
        line.append_text(_corridor(row))
        line.append(" ")
    line.append(f"{_short(row.value):>{VALUE_COLUMNS}}", "bold")
    if width >= WIDEST:
        line.append(f"  {row.interval}", DIM)
    if row.note:
        line.append(f" {row.note}", DIM)
    return line


def _corridor(row: Row) -> Text:
    """Return the plot of one row: the acceptable region, the baseline, the candidate."""
    assert row.judged is not None
    _, mark, colour = MARKS[row.bound.result]
    cells = _region(row.scale)
    styles = [DIM] * PLOT_COLUMNS
    if isinstance(row.reference, Estimate):
        _put(cells, styles, _column(row.scale, row.reference.value), "○", "")
    elif row.reference is not None:
        _put(cells, styles, _column(row.scale, row.reference), "○", "")
    low = _column(row.scale, row.judged.lower)
    high = _column(row.scale, row.judged.upper)
    for column in range(max(0, low), min(PLOT_COLUMNS - 1, high) + 1):
        crossing = cells[column] in "│┊"
        _put(cells, styles, column, "┿" if crossing else "━", colour)
    place = _column(row.scale, row.judged.value)
    if place < 0 or place >= PLOT_COLUMNS:
        _leader(cells, styles, place < 0, colour)
    else:
        _put(cells, styles, place, mark, colour)
    text = Text()
    for cell, style in zip(cells, styles, strict=True):
        text.append(cell, style)
    return text


def _region(scale: Corridor) -> list[str]:
    cells = [" "] * PLOT_COLUMNS
    left = LOW_COLUMN if scale.min is not None or scale.start is not None else -1
    right = HIGH_COLUMN if scale.max is not None or scale.end is not None else PLOT_COLUMNS
    for column in range(left + 1, right):
        cells[column] = "·"
    if left >= 0:
        cells[left] = "│" if scale.min is not None else "┊"
    if right < PLOT_COLUMNS:
        cells[right] = "│" if scale.max is not None else "┊"
    return cells


def _column(scale: Corridor, value: float) -> int:
    """Return the column of a value; far outside it is -1 or the number of columns."""
    if math.isinf(value):
        return PLOT_COLUMNS if value > 0 else -1
    share = (value - scale.low) / scale.width
    column = round(LOW_COLUMN + share * (HIGH_COLUMN - LOW_COLUMN))
    return max(-1, min(PLOT_COLUMNS, column))


def _leader(cells: list[str], styles: list[str], to_left: bool, colour: str) -> None:  # noqa: FBT001
    columns = range(LOW_COLUMN - 1, 0, -1) if to_left else range(HIGH_COLUMN + 1, PLOT_COLUMNS - 1)
    for column in columns:
        if cells[column] == " ":
            _put(cells, styles, column, "╌", colour)
    _put(cells, styles, 0 if to_left else PLOT_COLUMNS - 1, "◀" if to_left else "▶", colour)


def _put(cells: list[str], styles: list[str], column: int, cell: str, style: str) -> None:
    if 0 <= column < PLOT_COLUMNS:
        cells[column] = cell
        styles[column] = style


# ---------------------------------------------------------------- below the plot


def _ways_out(view: View) -> Iterator[Text]:
    undecided = [row for row in view.rows if row.settle]
    if not undecided:
        return
    yield Text()
    yield Text("What would settle it", "bold")
    for row in undecided:
        mark, _, colour = MARKS[row.bound.result]
        for way, first in zip_longest(row.settle, [True]):
            line = Text.assemble((f"{mark} ", colour), _fitted(visible(row.title), TITLE_COLUMNS))
            line.append(" " * (TITLE_COLUMNS + 2 - line.cell_len))
            prefix = line if first else Text(" " * (TITLE_COLUMNS + 2) + "or ")
            yield prefix.append(visible(way))


def _flips(view: View) -> Iterator[Text]:
    if not view.flips:
        return
    yield Text()
    yield Text("Flips", "bold")
    for group in view.flips:
        where = f" on {group.bound.on}" if group.bound.on else ""
        count = count_text(len(group.flips), "case")
        yield Text(visible(f"  {count} {group.kind} ({group.bound.metric}{where})"))


def _short(value: str) -> str:
    """Return a value with its unit abbreviated, as columns have it."""
    for unit, short in SHORT_UNITS.items():
        value = value.removesuffix(unit) + short if value.endswith(unit) else value
    return value


def _fitted(text: str, columns: int) -> str:
    return text if len(text) <= columns else text[: columns - 1] + "…"
