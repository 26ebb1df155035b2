"""Where one bound stands on one body of evidence: what the judge decides by, without the intervals.

Planning asks this of thousands of simulated runs. P-values are quicker than limits and say the
same; a test holds every standing against the verdict on the same evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from evalkit.core.envelope import Bound, LimitKind, Method, Require, Scope
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats.decision import p_outside
from evalkit.stats.doubt import to_break, to_hold
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.estimates import engine_of, judged_engine, uncalibrated
from evalkit.stats.evidence import Evidence, exceeds
from evalkit.stats.multiplicity import holm
from evalkit.stats.requirements import fewest_valid

EQUAL_WITHIN = 1e-9
"""A p-value this near to alpha is on it: bounds are closed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a bound is proven inside its limit, and the p-value of "outside" where there is one.

    ``value`` is what the limit was laid on; not a number where it could not be measured. Where it
    was, but by a method that is not valid on so few units, nothing is ``decidable``: the p-value
    counts among those of the other bounds all the same.
    """

    inside: bool
    p_broken: float | None
    value: float
    decidable: bool = True

    def broken(self, alpha: float) -> bool:
        """Return whether the bound is shown broken on its own."""
        return self.decidable and self.p_broken is not None and self.p_broken <= alpha


UNMEASURED = Standing(inside=False, p_broken=None, value=math.nan)


def standing(
    bound: Bound, evidence: Evidence, *, max_missing: Mapping[Arm, float] | None = None
) -> Standing:
    """Return where a bound stands.

    Args:
        bound: what is asked.
        evidence: the samples on its slice.
        max_missing: the share of samples that may be missing in an arm; any, where it says nothing.
    """
    kind = bound.limit.kind
    arms = [Arm.CANDIDATE] if kind is LimitKind.ABSOLUTE else list(Arm)
    for arm in arms:
        seen = evidence.arms[arm]
        if exceeds(seen.missing, (max_missing or {}).get(arm, 1.0), of=seen.samples):
            return UNMEASURED
    if bound.scope is Scope.GOLDEN_SET:
        evidence = evidence.by_draw(arms)
    engine = judged_engine(bound, evidence)
    if isinstance(engine, Unmeasured):
        return UNMEASURED
    if uncalibrated(bound, evidence):
        return Standing(inside=False, p_broken=1.0, value=engine.value)
    cases = evidence.cases // evidence.draws
    if evidence.units < fewest_valid(bound, cases=cases, units=evidence.units) or (
        kind is LimitKind.RATIO and _may_be_zero(bound, evidence)
    ):
        return Standing(
            inside=False,
            p_broken=_p_broken(to_break(bound, evidence.mistakes), engine),
            value=engine.value,
            decidable=False,
        )
    p_broken = _p_broken(to_break(bound, evidence.mistakes), engine)
    # A bet may be lost first and won later: what was shown broken is not proven any more.
    inside = p_broken > bound.alpha and keeps(to_hold(bound, evidence.mistakes), engine)
    return Standing(inside, p_broken, engine.value)


def alarms(bounds: list[Bound], standings: list[Standing]) -> list[bool]:
    """Return which bounds of one run are shown broken, corrected for all blocking ones."""
    family = [
        place
        for place, (bound, found) in enumerate(zip(bounds, standings, strict=True))
        if bound.blocks and found.p_broken is not None
    ]
    found = {place: standings[place].p_broken or 0.0 for place in family}
    corrected = dict(zip(family, holm(list(found.values())), strict=True))
    return [
        replace(each, p_broken=corrected.get(place, each.p_broken)).broken(bound.alpha)
        for place, (bound, each) in enumerate(zip(bounds, standings, strict=True))
    ]


def satisfied(bound: Bound, found: Standing, *, broken: bool) -> bool:
    """Return whether a bound is what its envelope requires it to be."""
    if bound.require is Require.PROVEN:
        return found.inside
    return not broken and found.p_broken is not None


def keeps(bound: Bound, engine: Engine) -> bool:
    """Return whether an engine proves, by its p-values, that a number lies inside a limit."""
    alpha = bound.alpha * (1 + EQUAL_WITHIN)
    low, high = bound.limit.min, bound.limit.max
    return (
        (low is None or _proves_above(engine, low, alpha))
        and (high is None or _proves_below(engine, high, alpha))
        and not engine.constant
    )


def _proves_above(engine: Engine, bound: float, alpha: float) -> bool:
    if isinstance(engine, BoundedMean):
        return engine.proves_above(bound, alpha)
    return engine.p_above(bound) <= alpha


def _proves_below(engine: Engine, bound: float, alpha: float) -> bool:
    if isinstance(engine, BoundedMean):
        return engine.proves_below(bound, alpha)
    return engine.p_below(bound) <= alpha


def _p_broken(bound: Bound, engine: Engine) -> float:
    low, high = bound.limit.min, bound.limit.max
    within = (low is None or engine.value >= low) and (high is None or engine.value <= high)
    if within and bound.method is not Method.BETTING:
        # Whatever it is exactly, a value inside its limits proves nothing outside; only a bet that
        # was won stays won, wherever the value has gone since.
        return 1.0
    under = None if low is None else engine.p_below(low)
    over = None if high is None else engine.p_above(high)
    if low is None or high is None or min(under or 0.0, over or 0.0) > bound.alpha:
        return min(p for p in (under, over) if p is not None)
    # Only now the width of the interval matters, which costs more than both p-values.
    width = engine.upper(bound.alpha) - engine.lower(bound.alpha)
    return p_outside(under, over, interval_width=width, band_width=high - low)


def _may_be_zero(bound: Bound, evidence: Evidence) -> bool:
    """Return whether the value of the baseline may be 0, so that a ratio to it says nothing."""
    baseline = engine_of(
        evidence, LimitKind.ABSOLUTE, Arm.BASELINE, bound.statistic, bound.metric.support
    )
    assert not isinstance(baseline, Unmeasured), baseline  # or the ratio would be
    if bound.statistic.quantile is not None:
        return baseline.lower(bound.alpha) <= 0
    return baseline.p_above(0.0) > bound.alpha
