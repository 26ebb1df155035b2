"""What a bound asks for before any of its numbers is looked at: how many units, and which limits."""

from __future__ import annotations

import math
from collections.abc import Callable

from evalkit.core.envelope import (
    NON_NEGATIVE,
    UNIT_INTERVAL,
    Bound,
    Kind,
    Limit,
    LimitKind,
    Support,
)
from evalkit.stats.least import fewest_units, least_units

FEWEST_UNBOUNDED = 50
"""Engine T below this many units: no method without a range is right there (Bahadur & Savage)."""

FEWEST_CLUSTERS = 10

FEWEST_FOR_SHIFT = 200
"""The ball around a distance covers the truth from so many units on …"""
DIFFERENT_AT_LIMIT = 10
"""… of which so many would differ if the truth were the limit: with fewer it is too small."""


def fewest_valid(bound: Bound, *, cases: int, units: int) -> int:
    """Return with how many independent units the method of a bound begins to be valid.

    Args:
        bound: what is asked.
        cases: how many cases there are.
        units: how many independent units they form.
    """
    if bound.limit.kind is LimitKind.SHIFT:
        return _fewest_for_shift(bound.limit)
    if bound.limit.compares and bound.statistic.quantile is not None:
        return fewest_units(bound.statistic.quantile)
    if not bound.metric.support.bounded and bound.statistic.quantile is None:
        return FEWEST_UNBOUNDED
    return FEWEST_CLUSTERS if units < cases else 1


def least_of(bound: Bound, *, cases: int, units: int) -> int:
    """Return the fewest independent units with which the bound could be decided at all."""
    return max(least_cases(bound), fewest_valid(bound, cases=cases, units=units))


def least_cases(bound: Bound) -> int:
    """Return the fewest independent cases with which any data could prove a bound."""
    limit, support = bound.limit, bound.metric.support
    quantile = bound.statistic.quantile
    if limit.kind is LimitKind.SHIFT or (limit.compares and quantile is not None):
        return 1
    if quantile is not None:
        shares = [quantile] if limit.max is not None else []
        shares += [1 - quantile] if limit.min is not None else []
        return max(least_units(Support(0, 1), share, 1, bound.alpha) for share in shares)
    if not support.bounded:
        return FEWEST_UNBOUNDED
    if limit.kind is LimitKind.RATIO:
        return 1
    ends = possible(bound)
    low = ends.lower if limit.min is None else limit.min
    high = ends.upper if limit.max is None else limit.max
    return least_units(ends, low, high, bound.alpha)


def nearest_limit(bound: Bound, lower: float, upper: float) -> Limit | None:
    """Return the nearest limit of a bound's form that an interval lies inside, rounded outward.

    Nothing is returned where the interval has no end, or where the limit would say nothing.
    """
    limit = bound.limit
    low, high = limit.min, limit.max
    if low is not None:
        low = min(low, _rounded(bound, lower, upper - lower, math.floor))
    if high is not None:
        high = max(high, _rounded(bound, upper, upper - lower, math.ceil))
    if low is not None and high is not None and limit.min == -(limit.max or 0.0):
        low, high = min(low, -high), max(high, -low)
    if any(side is not None and math.isinf(side) for side in (low, high)):
        return None
    found = Limit(limit.kind, low, high, limit.distance)
    return None if _says_nothing(bound, found) else found


def possible(bound: Bound) -> Support:
    """Return the values that what a bound is laid on could have."""
    support = bound.metric.support
    match bound.limit.kind:
        case LimitKind.DELTA:
            return support.minus(support)
        case LimitKind.RATIO:
            return NON_NEGATIVE
        case LimitKind.SHIFT:
            return NON_NEGATIVE if bound.limit.distance == "w1" else UNIT_INTERVAL
    return support


# ---------------------------------------------------------------- parts


def _fewest_for_shift(limit: Limit) -> int:
    """Return how many units a shift takes; W1 is no share of them, however small its limit is."""
    if limit.distance == "w1" or not limit.max:
        return FEWEST_FOR_SHIFT
    return max(FEWEST_FOR_SHIFT, math.ceil(DIFFERENT_AT_LIMIT / limit.max - 1e-9))


def _rounded(bound: Bound, value: float, width: float, outward: Callable[[float], int]) -> float:
    if not math.isfinite(value):
        return value
    step = _step(bound, value, width)
    # Ten digits are more than a step has and fewer than float64 keeps: 0.933, not 0.93300000001.
    return float(f"{outward(value / step) * step:.10g}")


def _step(bound: Bound, value: float, width: float) -> float:
    if bound.limit.kind is LimitKind.RATIO:
        return 0.001 if width < 0.05 else 0.01
    if bound.metric.kind in {Kind.RATE, Kind.SCORE}:
        return 0.001
    return 10.0 ** (math.floor(math.log10(abs(value))) - 2) if value else 1.0


def _says_nothing(bound: Bound, limit: Limit) -> bool:
    ends = possible(bound)
    low = -math.inf if limit.min is None else limit.min
    high = math.inf if limit.max is None else limit.max
    return low <= ends.lower and high >= ends.upper
