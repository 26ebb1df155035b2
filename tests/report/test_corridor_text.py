"""The envelope plot as text: limits in their columns, marks where the values are."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from evalkit.core.verdict import BoundResult, Outcome
from evalkit.report.figures.corridor_text import (
    COLUMNS,
    HIGH_COLUMN,
    LOW_COLUMN,
    Part,
    cells,
    line_text,
)
from evalkit.report.view import Row, view_of
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    COST,
    LISTS,
    REFUSAL,
    TAIL,
    estimate,
    every_verdict,
    manifest,
    verdict,
)

ROWS = [
    row for made in every_verdict().values() for row in view_of(made, manifest(made.bounds)).rows
]


def row_of(bound: BoundResult) -> Row:
    [row] = view_of(verdict(Outcome.FAIL, [bound]), manifest([bound])).rows
    return row


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.judged is not None], ids=lambda r: r.title
)
def test_every_line_is_as_wide_and_holds_one_mark(row: Row) -> None:
    line = line_text(row)
    assert len(line) == COLUMNS
    assert sum(line.count(mark) for mark in "●■◆◀▶") == 1


@pytest.mark.parametrize(
    ("bound", "line"),
    [
        (REFUSAL, "         │······○·····│╌╌╌╌╌╌╌▶"),
        (ACCURACY, "◀╌╌╌╌╌╌╌╌│··○·········┊        "),
        (LISTS, "     ━━◆━┿······○·····│        "),
        (CODE, "         │··━━━●○━━━··│        "),
        (COST, "················○·····│■       "),
        (TAIL, "         ┊···◆━━━━━━━━┿━━━━━━━━"),
    ],
)
def test_a_bound_is_drawn_where_it_lies(bound: BoundResult, line: str) -> None:
    assert line_text(row_of(bound)) == line


def test_limits_stand_in_their_columns() -> None:
    line = line_text(row_of(CODE))
    assert (line[LOW_COLUMN], line[HIGH_COLUMN]) == ("│", "│")


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, -1e300])
def test_what_is_endless_leads_off_the_chart(value: float) -> None:
    far = replace(estimate(value, min(value, 0.0), max(value, 0.0)))
    line = line_text(row_of(replace(CODE, effect=far)))
    assert line[-1 if value > 0 else 0] == ("▶" if value > 0 else "◀")


def test_each_character_knows_what_it_is_about() -> None:
    parts = {cell.text: cell.part for cell in cells(row_of(CODE))}
    assert parts["●"] is parts["━"] is Part.CANDIDATE
    assert parts["○"] is Part.BASELINE
    assert parts["·"] is parts["│"] is Part.REGION
