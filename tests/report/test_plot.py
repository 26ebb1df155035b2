"""A row of the plot lies where the rules of the corridor put it, whatever the numbers are."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.envelope import Kind, Limit, LimitKind
from evalkit.core.verdict import BoundResult, Outcome, Reason, Result, Unmeasured
from evalkit.report.figures.plot import Drawing, Lane, Stroke, Symbol, drawing
from evalkit.report.view import Row, view_of
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    COST,
    EVERY_BOUND,
    FAST,
    LISTS,
    REFUSAL,
    SHIFTED,
    SHORT,
    SLOW,
    TAIL,
    absolute,
    bound,
    delta,
    estimate,
    manifest,
    verdict,
)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)


def row(found: BoundResult) -> Row:
    return view_of(verdict(Outcome.FAIL, (found,)), manifest()).rows[0]


def drawn(found: BoundResult, *, low: bool = False) -> Drawing:
    return drawing(row(found), low=low)


def candidate(found: BoundResult) -> Lane:
    return drawn(found).lanes[-1]


def labels(found: BoundResult) -> list[str]:
    return [label.text for label in drawn(found).labels]


@pytest.mark.parametrize(
    ("found", "region", "lines"),
    [
        (REFUSAL, ("28%", "44%"), ["limit", "limit"]),
        (ACCURACY, ("28%", "44%"), ["limit", "end"]),
        (COST, ("0%", "72%"), ["limit"]),
        (TAIL, ("28%", "44%"), ["end", "limit"]),
        (SHORT, ("28%", "44%"), ["limit", "limit"]),
    ],
    ids=lambda item: getattr(item, "name", ""),
)
def test_the_acceptable_region_ends_at_limits_and_natural_ends_or_at_the_edge(
    found: BoundResult, region: tuple[str, str], lines: list[str]
) -> None:
    picture = drawn(found)
    assert picture.region == region
    assert [line.kind for line in picture.lines] == lines


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (REFUSAL, ["−3", "+3", "0"]),
        (ACCURACY, ["80\u00a0%", "100\u00a0%"]),
        (COST, ["×\u00a01.1", "×\u00a01"]),
        (SHORT, ["80", "400"]),
        (TAIL, ["0", "2\u00a0s"]),
        (SHIFTED, ["0", "0.1"]),
    ],
    ids=lambda item: getattr(item, "name", ""),
)
def test_numbers_stand_only_at_limits_natural_ends_and_the_reference(
    found: BoundResult, expected: list[str]
) -> None:
    assert labels(found) == expected


def test_a_reference_that_is_the_limit_is_not_printed_twice() -> None:
    tight = replace(COST, limit=replace(COST.limit, max=1.0))
    assert labels(tight) == ["×\u00a01"]


def test_an_estimate_inside_is_a_mark_on_its_interval() -> None:
    lane = candidate(CODE)
    assert [stroke.kind for stroke in lane.strokes] == ["bar"]
    assert [symbol.name for symbol in lane.symbols] == ["holds"]
    assert lane.value is None


def test_an_interval_that_leaves_the_chart_ends_in_an_arrowhead() -> None:
    assert candidate(TAIL).symbols[1:] == (Symbol("right", "100%"),)
    assert candidate(FAST).symbols[1:] == (Symbol("left", "0%"),)


def test_an_estimate_off_the_chart_has_its_value_and_a_leader_from_the_limit() -> None:
    lane = candidate(REFUSAL)
    assert lane.symbols == (Symbol("right", "100%"),)
    assert lane.strokes == (Stroke("leader", "72%", "83%"),)
    assert lane.value is not None
    assert lane.value.text == "+74.6"
    assert candidate(ACCURACY).strokes == (Stroke("leader", "17%", "28%"),)


def test_an_estimate_off_the_chart_on_the_open_side_needs_no_leader() -> None:
    low = bound("cost", replace(COST.limit), estimate(0.1, 0.09, 0.11), Result.HOLDS)
    assert candidate(low).strokes == ()
    assert candidate(low).value is not None


def test_the_value_stands_above_a_bar_that_reaches_into_the_chart() -> None:
    wide = bound("rate", absolute(0.9, 0.95), estimate(0.6, 0.5, 0.97), Result.UNDECIDED)
    lane = candidate(wide)
    assert [stroke.kind for stroke in lane.strokes] == ["bar"]
    assert lane.value_y < lane.y


def test_a_bound_that_was_not_measured_has_no_marks() -> None:
    assert drawn(SLOW).lanes == ()
    assert not drawn(SLOW).measured


def test_a_distance_shows_no_baseline_on_its_scale() -> None:
    assert [lane.kind for lane in drawn(SHIFTED).lanes] == ["holds"]


def test_a_low_row_has_one_lane_and_no_numbers() -> None:
    picture = drawn(LISTS, low=True)
    assert picture.labels == ()
    assert len({lane.y for lane in picture.lanes}) == 1


@pytest.mark.parametrize("found", EVERY_BOUND, ids=lambda item: item.name)
@given(value=NUMBERS, below=NUMBERS, above=NUMBERS | st.just(math.inf))
def test_whatever_the_numbers_are_everything_lies_on_the_chart(
    found: BoundResult, value: float, below: float, above: float
) -> None:
    judged = estimate(value, value - abs(below), value + abs(above))
    changed = replace(found, effect=judged) if found.effect else replace(found, candidate=judged)
    picture = drawn(changed)
    places = [stroke.start for lane in picture.lanes for stroke in lane.strokes]
    places += [stroke.end for lane in picture.lanes for stroke in lane.strokes]
    places += [symbol.x for lane in picture.lanes for symbol in lane.symbols]
    places += [line.x for line in picture.lines] + [label.x for label in picture.labels]
    assert all(0 <= float(place.removesuffix("%")) <= 100 for place in places)


def test_numbers_at_limits_leave_out_the_unit_that_the_row_names_whatever_is_measured() -> None:
    hedges = bound(
        "style.hedges", delta(1.0), estimate(0.1, -0.2, 0.4), Result.HOLDS,
        kind=Kind.AMOUNT, statistic="mean", unit="per 100 words",
    )  # fmt: skip
    found = [label.text for label in drawing(row(hedges), low=False).labels]
    assert found == ["−1", "+1", "0"]


def test_a_bound_on_categories_shows_no_values_that_the_arms_do_not_have() -> None:
    none = Unmeasured(Reason.NO_VALUES, "categories")
    opening = bound(
        "opening", Limit(LimitKind.SHIFT, None, 0.4, "tv"), estimate(0.1, 0.05, 0.2), Result.HOLDS,
        kind=Kind.CATEGORY, baseline=none, candidate=none,
    )  # fmt: skip
    assert row(opening).change == ""
    assert row(replace(opening, baseline=estimate(0.1, 0.05, 0.2))).change.endswith("→ no value")
