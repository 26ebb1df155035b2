"""What a bound asks for before its numbers are seen: units, and limits that say something."""

from __future__ import annotations

import math

import pytest

from evalkit.core.envelope import (
    NON_NEGATIVE,
    UNIT_INTERVAL,
    Bound,
    Kind,
    Limit,
    LimitKind,
    Metric,
    Statistic,
    Support,
)
from evalkit.stats.requirements import (
    FEWEST_CLUSTERS,
    FEWEST_FOR_SHIFT,
    FEWEST_UNBOUNDED,
    fewest_valid,
    least_cases,
    least_of,
    nearest_limit,
    possible,
)
from tests.stats.arms import ANY, DIFFERENCE

ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind


def bound(
    kind: LimitKind,
    low: float | None = None,
    high: float | None = None,
    *,
    metric: Kind = Kind.RATE,
    support: Support = UNIT_INTERVAL,
    statistic: str = "mean",
    distance: str | None = None,
) -> Bound:
    found = Metric("metric", "scorer", "value", metric, support)
    limit = Limit(kind, low, high, distance)  # type: ignore[arg-type]
    return Bound("bound", found, Statistic.parse(statistic), limit)


FLOOR = bound(ABSOLUTE, 0.95)
NEAR = bound(DELTA, -0.03, 0.03)
COST = bound(RATIO, None, 1.1, metric=Kind.AMOUNT, support=NON_NEGATIVE)
TOTAL = bound(ABSOLUTE, None, 9.0, metric=Kind.AMOUNT, support=NON_NEGATIVE)
TIME = bound(ABSOLUTE, None, 9.0, metric=Kind.TIME, support=NON_NEGATIVE, statistic="p95")
SLOWER = bound(RATIO, None, 1.2, metric=Kind.TIME, support=NON_NEGATIVE, statistic="p95")
APART = bound(SHIFT, None, 0.2, distance="ks")


@pytest.mark.parametrize(
    ("asked", "valid", "least"),
    [
        (FLOOR, 1, 59),
        (NEAR, 1, 99),
        (COST, FEWEST_UNBOUNDED, FEWEST_UNBOUNDED),
        (TOTAL, FEWEST_UNBOUNDED, FEWEST_UNBOUNDED),
        (TIME, 1, 59),
        (SLOWER, 100, 100),
        (APART, FEWEST_FOR_SHIFT, FEWEST_FOR_SHIFT),
        (bound(SHIFT, None, 0.03, distance="ks"), 334, 334),
        (bound(SHIFT, None, 0.04, distance="tv"), 250, 250),
        (bound(SHIFT, None, 0.0, distance="ks"), FEWEST_FOR_SHIFT, FEWEST_FOR_SHIFT),
        (bound(SHIFT, None, 0.01, distance="w1"), FEWEST_FOR_SHIFT, FEWEST_FOR_SHIFT),
        (bound(RATIO, None, 1.1), 1, 1),
        (bound(ABSOLUTE, 0.5, None, statistic="p10"), 1, 29),
        (bound(ABSOLUTE, 0.5, 0.9, statistic="p90"), 1, 29),
        (bound(DELTA, None, 0.9, statistic="p50"), 10, 10),
    ],
)
def test_known_sizes_are_asked_for(asked: Bound, valid: int, least: int) -> None:
    assert fewest_valid(asked, cases=500, units=500) == valid
    assert least_of(asked, cases=500, units=500) == least
    assert least_cases(asked) <= least


def test_groups_of_cases_are_asked_for_in_tens() -> None:
    assert fewest_valid(FLOOR, cases=500, units=80) == FEWEST_CLUSTERS
    assert least_of(FLOOR, cases=500, units=80) == 59
    assert least_of(bound(ABSOLUTE, 0.1), cases=500, units=80) == FEWEST_CLUSTERS
    assert fewest_valid(COST, cases=500, units=80) == FEWEST_UNBOUNDED
    assert fewest_valid(APART, cases=500, units=80) == FEWEST_FOR_SHIFT


def test_what_a_limit_is_laid_on_can_have_these_values() -> None:
    assert possible(FLOOR) == UNIT_INTERVAL
    assert possible(NEAR) == DIFFERENCE
    assert possible(COST) == NON_NEGATIVE
    assert possible(APART) == UNIT_INTERVAL
    assert possible(bound(SHIFT, None, 2.0, distance="w1")) == NON_NEGATIVE


# ---------------------------------------------------------------- nearest limits


def test_the_nearest_limit_lies_outside_the_interval_and_not_inside_the_old_one() -> None:
    assert nearest_limit(FLOOR, 0.9334, 0.97) == Limit(ABSOLUTE, min=0.933)
    assert nearest_limit(FLOOR, 0.96, 0.97) == Limit(ABSOLUTE, min=0.95)
    low = nearest_limit(bound(ABSOLUTE, None, 0.05), 0.01, 0.0612)
    assert low == Limit(ABSOLUTE, max=0.062)


def test_a_band_around_nothing_stays_even() -> None:
    assert nearest_limit(NEAR, -0.0411, 0.02) == Limit(DELTA, -0.042, 0.042)
    assert nearest_limit(NEAR, -0.01, 0.0411) == Limit(DELTA, -0.042, 0.042)
    assert nearest_limit(bound(DELTA, -0.03, 0.05), -0.0411, 0.02) == Limit(DELTA, -0.042, 0.05)
    assert nearest_limit(bound(DELTA, -0.03, None), -0.0411, 0.02) == Limit(DELTA, -0.042)


def test_a_ratio_is_rounded_finer_where_the_interval_is_narrow() -> None:
    assert nearest_limit(COST, 1.10, 1.1234) == Limit(RATIO, max=1.124)
    assert nearest_limit(COST, 1.0, 1.1234) == Limit(RATIO, max=1.13)


def test_an_amount_is_rounded_to_three_digits() -> None:
    assert nearest_limit(TOTAL, 9.0, 12.345) == Limit(ABSOLUTE, max=12.4)
    small = bound(ABSOLUTE, -1.0, None, metric=Kind.AMOUNT, support=ANY)
    assert nearest_limit(small, -0.0, 3.0) == Limit(ABSOLUTE, min=-1.0)
    assert nearest_limit(small, -0.012345, 3.0) == Limit(ABSOLUTE, min=-1.0)
    assert nearest_limit(small, -12.345, 3.0) == Limit(ABSOLUTE, min=-12.4)
    nothing = bound(ABSOLUTE, 1.0, None, metric=Kind.AMOUNT, support=ANY)
    assert nearest_limit(nothing, 0.0, 3.0) == Limit(ABSOLUTE, min=0.0)


def test_an_interval_without_an_end_has_no_nearest_limit() -> None:
    assert nearest_limit(TIME, 3.0, math.inf) is None
    assert nearest_limit(TOTAL, -math.inf, 4.0) == Limit(ABSOLUTE, max=9.0)


def test_a_limit_that_says_nothing_is_none() -> None:
    assert nearest_limit(FLOOR, 0.0, 0.5) is None
    assert nearest_limit(NEAR, -1.0, 0.5) is None
    assert nearest_limit(bound(ABSOLUTE, None, 0.9), 0.5, 1.0) is None


def test_the_shape_of_a_distance_stays() -> None:
    found = nearest_limit(APART, 0.1, 0.3004)
    assert found is not None
    assert found.distance == "ks"
