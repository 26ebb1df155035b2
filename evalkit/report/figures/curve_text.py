"""An operating curve becomes a few rows of text: what holds, what is broken, and what is between."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.report.figures.curve import Curve

ROWS = 5
MOST_COLUMNS = 61
HOLDS, UNDECIDED, BROKEN, LIMIT = "█▒·│"
SCALE = ("100 %", "", "50 %", "", "0 %")
SCALE_COLUMNS = 8


def curve_lines(curve: Curve, width: int) -> Iterator[str]:
    """Yield a curve as rows of text, the last one its axis.

    Args:
        curve: what to show.
        width: how many columns there are.
    """
    columns = min(MOST_COLUMNS, width - SCALE_COLUMNS - 2)
    limits = {_column(mark.share, columns) for mark in curve.limits}
    nearest = [
        min(curve.chances, key=lambda point, x=column / (columns - 1): abs(point[0] - x))  # type: ignore[misc]
        for column in range(columns)
    ]
    for row, scale in enumerate(SCALE):
        level = 1 - (row + 0.5) / ROWS
        cells = [
            LIMIT if column in limits else _cell(level, holds, broken)
            for column, (_, holds, broken) in enumerate(nearest)
        ]
        yield f"{scale:>{SCALE_COLUMNS - 1}} {''.join(cells)}"
    yield " " * SCALE_COLUMNS + _axis(curve, columns).rstrip()


def _cell(level: float, holds: float, broken: float) -> str:
    if level < holds:
        return HOLDS
    return BROKEN if level > 1 - broken else UNDECIDED


def _axis(curve: Curve, columns: int) -> str:
    """Return the numbers under their columns, none so close to another that they would touch."""
    text = ""
    for mark in curve.ticks:
        start = _column(mark.share, columns) - len(mark.text) // 2
        start = max(0, min(start, columns - len(mark.text)))
        if not text or start > len(text) + 1:
            text = f"{text:<{start}}{mark.text}"
    return text


def _column(share: float, columns: int) -> int:
    return round(share * (columns - 1))
