"""One bound becomes a line of characters: the acceptable region, the baseline, the candidate.

Limits stand in the same columns of every line, so that all acceptable regions line up. Where the
characters are shown is for others to say; a part tells what each of them is about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.corridor import Corridor
from evalkit.core.verdict import Estimate, Result
from evalkit.report.view import Row

COLUMNS = 31
LOW_COLUMN, HIGH_COLUMN = 9, 22
HEAD = f"{'too low':>8} │ acceptable │ too high"

SIGNS = {Result.HOLDS: "✓", Result.BROKEN: "✗", Result.UNDECIDED: "?", Result.UNMEASURED: "∅"}
"""What a row opens with."""

_MARKS = {Result.HOLDS: "●", Result.BROKEN: "■", Result.UNDECIDED: "◆"}


class Part(StrEnum):
    """What a character is about."""

    REGION = "region"
    BASELINE = "baseline"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Cell:
    """One character of a line."""

    text: str
    part: Part = Part.REGION


def cells(row: Row) -> list[Cell]:
    """Return the line of a bound that was measured."""
    assert row.judged is not None
    line = _region(row.scale)
    low = _column(row.scale, row.judged.lower)
    high = _column(row.scale, row.judged.upper)
    for column in range(max(0, low), min(COLUMNS - 1, high) + 1):
        crossing = line[column].text in "│┊"
        line[column] = Cell("┿" if crossing else "━", Part.CANDIDATE)
    if row.reference is not None:
        beside = row.reference
        at = _column(row.scale, beside.value if isinstance(beside, Estimate) else beside)
        if 0 <= at < COLUMNS:
            line[at] = Cell("○", Part.BASELINE)
    place = _column(row.scale, row.judged.value)
    if 0 <= place < COLUMNS:
        line[place] = Cell(_MARKS[row.bound.result], Part.CANDIDATE)
    else:
        _lead_off(line, to_left=place < 0)
    return line


def line_text(row: Row) -> str:
    """Return the line of a bound as plain text."""
    return "".join(cell.text for cell in cells(row))


def _region(scale: Corridor) -> list[Cell]:
    line = [Cell(" ")] * COLUMNS
    left = LOW_COLUMN if scale.min is not None or scale.start is not None else -1
    right = HIGH_COLUMN if scale.max is not None or scale.end is not None else COLUMNS
    for column in range(left + 1, right):
        line[column] = Cell("·")
    if left >= 0:
        line[left] = Cell("│" if scale.min is not None else "┊")
    if right < COLUMNS:
        line[right] = Cell("│" if scale.max is not None else "┊")
    return line


def _column(scale: Corridor, value: float) -> int:
    """Return the column of a value; far outside it is -1 or the number of columns."""
    if math.isinf(value):
        return COLUMNS if value > 0 else -1
    share = (value - scale.low) / scale.width
    column = round(LOW_COLUMN + share * (HIGH_COLUMN - LOW_COLUMN))
    return max(-1, min(COLUMNS, column))


def _lead_off(line: list[Cell], *, to_left: bool) -> None:
    """Lead from the limit to an estimate off the chart."""
    columns = range(LOW_COLUMN - 1, 0, -1) if to_left else range(HIGH_COLUMN + 1, COLUMNS - 1)
    for column in columns:
        if line[column].text == " ":
            line[column] = Cell("╌", Part.CANDIDATE)
    edge = Cell("◀" if to_left else "▶", Part.CANDIDATE)
    line[0 if to_left else COLUMNS - 1] = edge
