"""An undecided bound becomes ways out: more cases, more draws, or the nearest limit that is proven."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from evalkit.core.envelope import (
    NON_NEGATIVE,
    Bound,
    Kind,
    Limit,
    LimitKind,
    Scope,
    Support,
)
from evalkit.core.verdict import ArmSummary, Estimate, Reason, Settle
from evalkit.stages.judge.drafts import Draft, Measured
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.estimates import FEWEST_CLUSTERS, FEWEST_UNBOUNDED
from evalkit.stats.planning import least_units
from evalkit.stats.repeats import narrowing

MOST_GROWTH = 100.0
"""A bound that needs more than this many times the cases is at its margin: more will not help."""

MOST_DRAWS = 10
"""So many times the draws of each case are worth asking for; beyond, the cases are too few."""

NEAR_ENOUGH = 1.03
"""The search for the number of cases stops within this factor: the number is an "about"."""

UNCHANGED = {LimitKind.DELTA: 0.0, LimitKind.RATIO: 1.0}
NO_MATTER_HOW_MANY = {Reason.ZERO_VARIANCE, Reason.NO_BASELINE}
"""Reasons that more of the same data does not remove."""

NO_MATTER_WHICH_LIMIT = {*NO_MATTER_HOW_MANY, Reason.TOO_FEW}
"""Reasons that another limit does not remove."""


def settle(item: Draft, reason: Reason, looks: int, candidate: ArmSummary) -> Settle:
    """Return what would settle a bound that is undecided.

    Args:
        item: the bound and what is known about it.
        reason: why it is undecided.
        looks: for how many chances of a false claim its p-value was corrected.
        candidate: how many samples there are, and what they cost.
    """
    judged, bound = item.judged, item.bound
    assert isinstance(judged, Measured)
    # What lies outside on its own must lie outside after correction.
    alpha = bound.alpha / looks if reason is Reason.MULTIPLICITY else bound.alpha
    search = _Search(bound, judged.engine, judged.estimate, alpha)
    found = Settle(
        margin=None if reason in NO_MATTER_WHICH_LIMIT else provable_limit(bound, judged.estimate),
        n_least=least_of(bound, judged.estimate),
        n_valid=fewest_valid(bound, judged.estimate),
    )
    if reason in NO_MATTER_HOW_MANY or judged.engine.constant:
        return found
    if bound.scope is Scope.GOLDEN_SET:
        return replace(found, repeats=search.draws(judged.estimate.value))
    more = search.cases(judged.estimate.value)
    unchanged = UNCHANGED.get(bound.limit.kind)
    return replace(
        found,
        n=more,
        n_unchanged=None if unchanged is None else search.cases(unchanged),
        repeats=_repeats(item, search, candidate),
        cost_usd=_cost(more, candidate),
    )


def fewest_valid(bound: Bound, estimate: Estimate) -> int:
    """Return with how many independent units the method of an estimate begins to be valid."""
    if not bound.metric.support.bounded and bound.statistic.quantile is None:
        return FEWEST_UNBOUNDED
    return FEWEST_CLUSTERS if estimate.clusters < estimate.n else 1


def least_of(bound: Bound, estimate: Estimate) -> int:
    """Return the fewest independent units with which the bound could be decided at all."""
    return max(least_cases(bound), fewest_valid(bound, estimate))


def least_cases(bound: Bound) -> int:
    """Return the fewest independent cases with which any data could prove a bound."""
    limit, support = bound.limit, bound.metric.support
    quantile = bound.statistic.quantile
    if quantile is not None:
        shares = [quantile] if limit.max is not None else []
        shares += [1 - quantile] if limit.min is not None else []
        return max(least_units(Support(0, 1), share, 1, bound.alpha) for share in shares)
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


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks for the least data that decide a bound 8 times in 10."""

    bound: Bound
    engine: Engine
    estimate: Estimate
    alpha: float

    def cases(self, truth: float) -> int | None:
        """Return how many more cases would do, if this is the truth; nothing if too many."""
        units, least = self.estimate.clusters, least_of(self.bound, self.estimate)
        factor = self._factor(truth, max(1.0, least / units))
        if factor is None:
            return None
        more = max(math.ceil(units * factor), least) - units
        return math.ceil(more * self.estimate.n / units)

    def draws(self, truth: float) -> int | None:
        """Return how many draws a case would do, where draws are the units."""
        factor = self._factor(truth, 1.0)
        each = max(1.0, self.estimate.clusters / self.estimate.n)
        if factor is None or factor > MOST_DRAWS:
            return None
        return max(math.ceil(each * factor), math.floor(each) + 1)

    def _factor(self, truth: float, least: float) -> float | None:
        low, high = least, 2 * least
        if least > 1 and self._settles(least, truth):
            return least
        while not self._settles(high, truth):
            low, high = high, high * 2
            if low >= MOST_GROWTH:
                return None
        while high / low > NEAR_ENOUGH:
            middle = math.sqrt(low * high)
            low, high = (low, middle) if self._settles(middle, truth) else (middle, high)
        return high

    def _settles(self, factor: float, truth: float) -> bool:
        return self.engine.would_settle(self.bound.limit, self.alpha, factor, truth)


def _repeats(item: Draft, search: _Search, candidate: ArmSummary) -> int | None:
    """Return how many draws of each case of the candidate would decide a delta.

    The differences scatter less with more draws, as far as their scatter is noise of the draws.
    """
    bound, engine, estimate = item.bound, search.engine, search.estimate
    if bound.limit.kind is not LimitKind.DELTA or estimate.clusters < least_of(bound, estimate):
        return None
    assert isinstance(engine, (BoundedMean, UnboundedMean))
    for times in range(2, MOST_DRAWS + 1):
        factor = narrowing(item.exhibit.evidence, times)
        if factor is None:
            return None
        narrow = engine.narrowed(factor)
        if narrow.would_settle(bound.limit, search.alpha, 1.0, estimate.value):
            return times * round(candidate.samples / candidate.cases)
    return None


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
    return {LimitKind.DELTA: support.minus(support), LimitKind.RATIO: NON_NEGATIVE}.get(
        bound.limit.kind, support
    )


def _says_nothing(bound: Bound, limit: Limit) -> bool:
    possible = _possible(bound)
    low = -math.inf if limit.min is None else limit.min
    high = math.inf if limit.max is None else limit.max
    return low <= possible.lower and high >= possible.upper


def _cost(cases: int | None, candidate: ArmSummary) -> float | None:
    if cases is None or candidate.cost_usd is None or not candidate.cases:
        return None
    return cases * candidate.cost_usd / candidate.cases
