"""An undecided bound becomes ways out: more cases, more draws, or the nearest limit that is proven."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from evalkit.core.envelope import (
    Bound,
    LimitKind,
    Scope,
)
from evalkit.core.verdict import ArmSummary, Estimate, Reason, Settle
from evalkit.stages.judge.drafts import Draft, Measured
from evalkit.stats.doubt import Doubt, Mistakes, doubt_about, to_break, to_hold
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.least import NEVER
from evalkit.stats.operating import fixed
from evalkit.stats.repeats import narrowing
from evalkit.stats.requirements import fewest_valid, least_of, nearest_limit

MOST_GROWTH = 100.0
"""A bound that needs more than this many times the cases is at its margin: more will not help."""

MOST_DRAWS = 10
"""So many times the draws of each case are worth asking for; beyond, the cases are too few."""

NEAR_ENOUGH = 1.03
"""The search for the number of cases stops within this factor: the number is an "about"."""

UNCHANGED = {LimitKind.DELTA: 0.0, LimitKind.RATIO: 1.0}
NO_MATTER_HOW_MANY = {Reason.ZERO_VARIANCE, Reason.NO_BASELINE, Reason.BASELINE_STALE}
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
    estimate = judged.estimate
    aimed = _aimed_at(bound, estimate, item.mistakes)
    search = _Search(aimed, judged.engine, estimate, alpha)
    doubt = doubt_about(bound, item.mistakes) or Doubt(0.0, 0.0)
    found = Settle(
        margin=None
        if reason in NO_MATTER_WHICH_LIMIT
        else nearest_limit(bound, estimate.lower - doubt.down, estimate.upper + doubt.up),
        n_least=least_of(bound, cases=estimate.n, units=estimate.clusters),
        n_valid=fewest_valid(bound, cases=estimate.n, units=estimate.clusters),
    )
    if item.uncalibrated:
        return replace(found, margin=None)  # neither more cases nor another limit are more labels
    if reason in NO_MATTER_HOW_MANY or judged.engine.constant:
        return found
    if bound.scope is Scope.GOLDEN_SET:
        return replace(found, repeats=search.draws(judged.estimate.value))
    more = search.cases(judged.estimate.value)
    unchanged = UNCHANGED.get(bound.limit.kind)
    # Nobody is sent for cases on a hope that those at hand have disappointed.
    may_be = unchanged is not None and estimate.lower <= unchanged <= estimate.upper
    return replace(
        found,
        n=more,
        n_unchanged=search.cases(unchanged) if unchanged is not None and may_be else None,
        repeats=_repeats(item, search, candidate),
        cost_usd=_cost(more, candidate),
    )


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
        units, least = (
            self.estimate.clusters,
            least_of(self.bound, cases=self.estimate.n, units=self.estimate.clusters),
        )
        # Where a detector may be wrong by more than the margin, no number of cases proves anything.
        factor = None if least >= NEVER else self._factor(truth, max(1.0, least / units))
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


def _aimed_at(bound: Bound, estimate: Estimate, mistakes: Mistakes) -> Bound:
    """Return the limit that more data are likeliest to decide, with the detector at its worst."""
    low, high = bound.limit.min, bound.limit.max
    outside = (low is not None and estimate.value < low) or (
        high is not None and estimate.value > high
    )
    return to_break(bound, mistakes) if outside else to_hold(bound, mistakes)


def _repeats(item: Draft, search: _Search, candidate: ArmSummary) -> int | None:
    """Return how many draws of each case of the candidate would decide a delta.

    The differences scatter less with more draws, as far as their scatter is noise of the draws.
    """
    bound, engine, estimate = search.bound, fixed(search.engine), search.estimate
    least = least_of(bound, cases=estimate.n, units=estimate.clusters)
    if bound.limit.kind is not LimitKind.DELTA or estimate.clusters < least:
        return None
    if not isinstance(engine, (BoundedMean, UnboundedMean)) or not item.exhibit.evidence.arms:
        return None  # how much of its scatter is noise of the draws is not known
    for times in range(2, MOST_DRAWS + 1):
        factor = narrowing(item.exhibit.evidence, times)
        if factor is None:
            return None
        narrow = engine.narrowed(factor)
        if narrow.would_settle(bound.limit, search.alpha, 1.0, estimate.value):
            return times * round(candidate.samples / candidate.cases)
    return None


def _cost(cases: int | None, candidate: ArmSummary) -> float | None:
    if cases is None or candidate.cost_usd is None or not candidate.cases:
        return None
    return cases * candidate.cost_usd / candidate.cases
