"""All acceptable regions line up, and a reviewer meets the furthest out first."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.corridor import LEFT, RIGHT, corridor, in_order
from evalkit.core.envelope import Kind, Limit, LimitKind, Require, Scope, Severity
from evalkit.core.verdict import BoundResult, Estimate, Reason, Result, Unmeasured

ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind
RATE, SCORE, AMOUNT, TIME, CATEGORY = Kind


def estimate(value: float, room: float = 0.0) -> Estimate:
    return Estimate(value, value - room, value + room, 0.95, 9, 9, 9, 0, "method")


BOUND = BoundResult(
    name="x", metric="x", kind=RATE, statistic="rate", on="", unit="", labels=None,
    limit=Limit(ABSOLUTE, min=0.8), require=Require.PROVEN, severity=Severity.BLOCK,
    scope=Scope.POPULATION, result=Result.HOLDS, reason=None, detail="", baseline=None,
    candidate=estimate(0.9), effect=None, p_broken=None, p_holm=None, settle=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "limit", "low", "high"),
    [
        (RATE, Limit(ABSOLUTE, min=0.8), 0.8, 1.0),
        (RATE, Limit(ABSOLUTE, max=0.05), 0.0, 0.05),
        (SCORE, Limit(ABSOLUTE, 0.2, 0.4), 0.2, 0.4),
        (AMOUNT, Limit(ABSOLUTE, 80, 400), 80, 400),
        (AMOUNT, Limit(ABSOLUTE, max=20), 0, 20),
        (AMOUNT, Limit(ABSOLUTE, min=20), 20, 40),
        (AMOUNT, Limit(ABSOLUTE, min=0), 0, 1),
        (TIME, Limit(ABSOLUTE, max=4000), 0, 4000),
        (RATE, Limit(DELTA, -0.03, 0.03), -0.03, 0.03),
        (RATE, Limit(DELTA, min=-0.03), -0.03, 0.03),
        (RATE, Limit(DELTA, max=0.03), -0.03, 0.03),
        (RATE, Limit(DELTA, max=0.0), -0.1, 0.0),
        (AMOUNT, Limit(RATIO, max=1.2), 0.8, 1.2),
        (AMOUNT, Limit(RATIO, min=0.85), 0.85, 1.15),
        (CATEGORY, Limit(SHIFT, max=0.1), 0, 0.1),
    ],
)
def test_the_region_runs_from_limit_to_limit_or_to_a_natural_end(
    kind: Kind, limit: Limit, low: float, high: float
) -> None:
    found = corridor(replace(BOUND, kind=kind, limit=limit))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert (found.min, found.max) == (limit.min, limit.max)
    assert found.place(found.low) == pytest.approx(LEFT)
    assert found.place(found.high) == pytest.approx(RIGHT)


@pytest.mark.parametrize(
    ("kind", "limit", "ends"),
    [
        (RATE, Limit(ABSOLUTE, min=0.8), (None, 1.0, None)),
        (SCORE, Limit(ABSOLUTE, max=0.05), (0.0, None, None)),
        (RATE, Limit(ABSOLUTE, 0.2, 0.4), (None, None, None)),
        (AMOUNT, Limit(ABSOLUTE, min=20), (None, None, None)),
        (TIME, Limit(ABSOLUTE, max=4000), (0.0, None, None)),
        (RATE, Limit(DELTA, min=-0.03), (None, None, 0.0)),
        (AMOUNT, Limit(RATIO, max=1.2), (None, None, 1.0)),
        (CATEGORY, Limit(SHIFT, max=0.1), (0.0, None, None)),
    ],
)
def test_a_metric_has_natural_ends_and_a_comparison_a_reference(
    kind: Kind, limit: Limit, ends: tuple[float | None, ...]
) -> None:
    found = corridor(replace(BOUND, kind=kind, limit=limit))
    assert (found.start, found.end, found.reference) == ends


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (RATE, Limit(ABSOLUTE, 0.5, 0.5)),
        (AMOUNT, Limit(ABSOLUTE, 400, 400)),
        (RATE, Limit(ABSOLUTE, max=0.0)),
        (RATE, Limit(ABSOLUTE, min=1.0)),
        (AMOUNT, Limit(ABSOLUTE, max=-5.0)),
        (RATE, Limit(DELTA, 0.0, 0.0)),
        (RATE, Limit(RATIO, 1.0, 1.0)),
    ],
)
def test_a_region_of_one_point_still_has_a_width(kind: Kind, limit: Limit) -> None:
    found = corridor(replace(BOUND, kind=kind, limit=limit))
    assert found.width > 0
    assert math.isfinite(found.place(123.0))


def test_an_end_without_a_limit_lies_off_the_plot() -> None:
    found = corridor(BOUND)
    assert found.place(math.inf) == math.inf
    assert found.place(-math.inf) == -math.inf


def test_excess_is_counted_in_corridor_widths_past_the_nearer_limit() -> None:
    band = corridor(replace(BOUND, kind=AMOUNT, limit=Limit(ABSOLUTE, 80, 400)))
    assert band.excess(400) == band.excess(80) == 0
    assert band.excess(720) == pytest.approx(1)
    assert band.excess(240) == pytest.approx(-0.5)
    assert band.excess(0) == pytest.approx(0.25)
    ceiling = corridor(replace(BOUND, kind=AMOUNT, limit=Limit(ABSOLUTE, max=20)))
    assert ceiling.excess(10) == pytest.approx(-0.5)


FINITE = st.floats(-1e6, 1e6)
LIMITS = st.one_of(
    st.tuples(st.sampled_from([ABSOLUTE, DELTA, RATIO]), FINITE, FINITE).map(
        lambda given: Limit(given[0], min(given[1:]), max(given[1:]))
    ),
    st.tuples(st.sampled_from([ABSOLUTE, DELTA, RATIO]), FINITE).map(
        lambda given: Limit(given[0], min=given[1])
    ),
    st.tuples(st.sampled_from([ABSOLUTE, DELTA, RATIO, SHIFT]), FINITE).map(
        lambda given: Limit(given[0], max=given[1])
    ),
)


@given(st.sampled_from(Kind), LIMITS, FINITE, FINITE)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_places_rise_with_values_and_inside_means_no_excess(
    kind: Kind, limit: Limit, one: float, other: float
) -> None:
    found = corridor(replace(BOUND, kind=kind, limit=limit))
    low, high = sorted([one, other])
    assert found.width > 0
    assert found.place(low) <= found.place(high)
    inside = (limit.min is None or one >= limit.min) and (limit.max is None or one <= limit.max)
    assert (found.excess(one) <= 0) is inside


# ---------------------------------------------------------------- order


def named(
    name: str, result: Result, candidate: Estimate | Unmeasured, **changes: object
) -> BoundResult:
    return replace(BOUND, name=name, result=result, candidate=candidate, **changes)  # type: ignore[arg-type]


def test_broken_comes_first_and_what_holds_last() -> None:
    nothing = Unmeasured(Reason.NO_VALUES, "no values")
    warn = {"severity": Severity.WARN}
    bounds = [
        named("holds", Result.HOLDS, estimate(0.9)),
        named("unmeasured", Result.UNMEASURED, nothing),
        named("undecided", Result.UNDECIDED, estimate(0.8)),
        named("broken, warns", Result.BROKEN, estimate(0.1), **warn),
        named("broken", Result.BROKEN, estimate(0.7)),
        named("undecided, warns", Result.UNDECIDED, estimate(0.1), **warn),
    ]
    assert [bound.name for bound in in_order(bounds)] == [
        "broken", "broken, warns", "undecided", "undecided, warns", "unmeasured", "holds",
    ]  # fmt: skip


def test_inside_a_group_the_furthest_out_comes_first() -> None:
    bounds = [
        named("near", Result.BROKEN, estimate(0.7)),
        named("far", Result.BROKEN, estimate(0.1)),
        named("middle", Result.BROKEN, estimate(0.4)),
    ]
    assert [bound.name for bound in in_order(bounds)] == ["far", "middle", "near"]


def test_what_holds_is_ordered_by_the_room_that_its_interval_leaves() -> None:
    bounds = [
        named("roomy", Result.HOLDS, estimate(0.95, 0.01)),
        named("wide", Result.HOLDS, estimate(0.95, 0.14)),
        named("close", Result.HOLDS, estimate(0.85, 0.01)),
    ]
    assert [bound.name for bound in in_order(bounds)] == ["wide", "close", "roomy"]


def test_equals_stay_in_the_order_of_the_envelope() -> None:
    bounds = [named(str(index), Result.BROKEN, estimate(0.5)) for index in range(5)]
    assert [bound.name for bound in in_order(bounds)] == ["0", "1", "2", "3", "4"]
