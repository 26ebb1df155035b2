"""An undecided bound becomes a way out: more cases, or the nearest limit these cases prove."""

from __future__ import annotations

import math
from collections.abc import Callable

from evalkit.core.envelope import Bound, Kind, Limit, LimitKind, Support
from evalkit.core.verdict import ArmSummary, Estimate, Settle
from evalkit.stats.engines import Engine
from evalkit.stats.estimates import FEWEST_UNBOUNDED
from evalkit.stats.planning import least_units

MOST_GROWTH = 100.0
"""A bound that needs more than this many times the cases is at its margin: more will not help."""

NEAR_ENOUGH = 1.03
"""The search for the number of cases stops within this factor: the number is an "about"."""

UNCHANGED = {LimitKind.DELTA: 0.0, LimitKind.RATIO: 1.0}


def settle(bound: Bound, engine: Engine, estimate: Estimate, candidate: ArmSummary) -> Settle:
    """Return what would settle a bound that is undecided."""
    more = _more_cases(bound, engine, estimate, truth=estimate.value)
    unchanged = UNCHANGED.get(bound.limit.kind)
    return Settle(
        n=more,
        n_unchanged=None
        if unchanged is None
        else _more_cases(bound, engine, estimate, truth=unchanged),
        margin=provable_limit(bound, estimate),
        n_least=least_cases(bound),
        cost_usd=_cost(more, candidate),
    )


def least_cases(bound: Bound) -> int:
    """Return the fewest independent cases with which any data could prove a bound."""
    limit, support = bound.limit, bound.metric.support
    quantile = bound.statistic.quantile
    if quantile is not None:
        share = quantile if limit.max is not None else 1 - quantile
        return least_units(Support(0, 1), share, 1, bound.alpha)
    if not support.bounded:
        return FEWEST_UNBOUNDED
    if limit.kind is LimitKind.RATIO:
        return 1
    possible = _possible(bound)
    low = possible.lower if limit.min is None else limit.min
    high = possible.upper if limit.max is None else limit.max
    return least_units(possible, low, high, bound.alpha)


def provable_limit(bound: Bound, estimate: Estimate) -> Limit | None:
    """Return the nearest limit of the same form that the interval lies inside, rounded outward."""
    limit = bound.limit
    low, high = limit.min, limit.max
    if low is not None:
        low = min(low, _rounded(bound, estimate, estimate.lower, math.floor))
    if high is not None:
        high = max(high, _rounded(bound, estimate, estimate.upper, math.ceil))
    if low is not None and high is not None and limit.min == -(limit.max or 0.0):
        low, high = min(low, -high), max(high, -low)
    if any(side is not None and math.isinf(side) for side in (low, high)):
        return None
    found = Limit(limit.kind, low, high, limit.distance)
    return None if _says_nothing(bound, found) else found


# ---------------------------------------------------------------- parts


def _more_cases(bound: Bound, engine: Engine, estimate: Estimate, *, truth: float) -> int | None:
    """Return how many more cases would decide the bound 8 times in 10, if this is the truth."""

    def settles(factor: float) -> bool:
        return engine.would_settle(bound.limit, bound.alpha, factor, truth)

    least = least_cases(bound)
    low, high = 1.0, max(2.0, least / estimate.n)
    if high > 2.0 and settles(high):
        return least - estimate.n
    while not settles(high):
        low, high = high, high * 2
        if low >= MOST_GROWTH:
            return None
    while high / low > NEAR_ENOUGH:
        middle = math.sqrt(low * high)
        if settles(middle):
            high = middle
        else:
            low = middle
    return max(math.ceil(estimate.n * high), least) - estimate.n


def _rounded(
    bound: Bound, estimate: Estimate, value: float, outward: Callable[[float], int]
) -> float:
    if not math.isfinite(value):
        return value
    step = _step(bound, estimate, value)
    # Ten digits are more than a step has and fewer than float64 keeps: 0.933, not 0.93300000001.
    return float(f"{outward(value / step) * step:.10g}")


def _step(bound: Bound, estimate: Estimate, value: float) -> float:
    if bound.limit.kind is LimitKind.RATIO:
        return 0.001 if estimate.upper - estimate.lower < 0.05 else 0.01
    if bound.metric.kind in {Kind.RATE, Kind.SCORE}:
        return 0.001
    return 10.0 ** (math.floor(math.log10(abs(value))) - 2) if value else 1.0


def _possible(bound: Bound) -> Support:
    support = bound.metric.support
    return support.minus(support) if bound.limit.kind is LimitKind.DELTA else support


def _says_nothing(bound: Bound, limit: Limit) -> bool:
    if limit.kind is LimitKind.RATIO:
        return False
    possible = _possible(bound)
    low = -math.inf if limit.min is None else limit.min
    high = math.inf if limit.max is None else limit.max
    return low <= possible.lower and high >= possible.upper


def _cost(cases: int | None, candidate: ArmSummary) -> float | None:
    if cases is None or candidate.cost_usd is None or not candidate.cases:
        return None
    return cases * candidate.cost_usd / candidate.cases
