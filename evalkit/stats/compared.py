"""Evidence of both arms becomes the engine of a shift, or of a quantile beside the baseline's."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from evalkit.core.envelope import Method, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.asked import Asked
from evalkit.stats.engines.quantile_change import BothWays, QuantileChange, QuantileMover
from evalkit.stats.engines.shift import DistributionShift
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.shift import Distance, Distributions, Values

NOTHING_ASKED = 0.05


def distribution_shift(
    evidence: Evidence, support: Support, asked: Asked | None
) -> DistributionShift | Unmeasured:
    """Return the engine of the distance between both arms, or why there is none.

    A sample that is missing could lie anywhere: it moves KS and TV by its share at most, and W1 by
    its share of the range, or of what was seen where no range is declared. Its share is that of its
    case, divided by the draws of it: the whole case, where it was drawn once.
    """
    kind: Distance = (asked.limit.distance if asked is not None else None) or "ks"
    unit, units = _units(evidence)
    arms = {arm: _values(seen.without_gaps(), unit) for arm, seen in evidence.arms.items()}
    every = np.concatenate([arm.values for arm in arms.values()])
    if kind == "w1" and not np.isfinite(every).all():
        return Unmeasured(Reason.OUT_OF_RANGE, "a timeout has no W1 distance; use distance: ks")
    both = Distributions.of(arms, units)
    width = 1.0
    if kind == "w1":
        reach = support.width if support.bounded else float(every.max() - every.min())
        width = reach / both.scale
    missing = sum(_missing_share(seen, evidence.cases) for seen in evidence.arms.values())
    return DistributionShift.of(
        both,
        kind,
        missing=missing * width,
        seed=0 if asked is None else asked.seed,
        alpha=NOTHING_ASKED if asked is None else asked.alpha,
    )


def quantile_change(
    evidence: Evidence, quantile: float, *, ratio: bool, support: Support, asked: Asked | None
) -> QuantileChange | QuantileMover | Unmeasured:
    """Return the engine of a quantile beside the baseline's, or why there is none."""
    seen = {arm: found.without_gaps() for arm, found in evidence.arms.items()}
    if ratio and min(float(found.values.min()) for found in seen.values()) <= 0:
        return Unmeasured(
            Reason.NO_BASELINE, "values of 0 or below have no ratio; bound a delta instead"
        )
    unit, units = _units(evidence)
    low, high = _ends(seen, support, ratio=ratio)
    complete = not any(found.missing for found in evidence.arms.values())
    observed = {arm: _values(found, unit) for arm, found in seen.items()}
    worst_low = {Arm.CANDIDATE: low, Arm.BASELINE: high}
    worst_high = {Arm.CANDIDATE: high, Arm.BASELINE: low}
    if complete:
        arms = BothWays(observed, observed, observed, units)
    else:
        lowest, highest = (_filled(evidence, unit, ends) for ends in (worst_low, worst_high))
        arms = BothWays(lowest, highest, observed, units)
    if arms.infinite(quantile):
        name = f"p{100 * quantile:g}"
        return Unmeasured(
            Reason.OUT_OF_RANGE,
            f"{name} of both arms is a timeout, and two timeouts have no difference",
        )
    if asked is not None and asked.method is Method.MOVER and _once(evidence):
        return QuantileMover.of(arms, quantile, ratio=ratio)
    return QuantileChange.of(
        arms,
        quantile,
        ratio=ratio,
        asked=[] if asked is None else asked.sides,
        alpha=NOTHING_ASKED if asked is None else asked.alpha,
        seed=0 if asked is None else asked.seed,
    )


def _once(evidence: Evidence) -> bool:
    """Return whether every case stands alone and has one draw in each arm."""
    alone = evidence.clusters is None
    return alone and all(found.samples == evidence.cases for found in evidence.arms.values())


def _units(evidence: Evidence) -> tuple[IntArray, int]:
    """Return the independent unit of each case, and how many there are."""
    if evidence.clusters is None:
        return np.arange(evidence.cases), evidence.cases
    names, codes = np.unique(evidence.clusters, return_inverse=True)
    return codes.astype(np.int64), names.size


def _missing_share(observed: Observed, cases: int) -> float:
    """Return how much of an arm is missing, where a case counts as one, however often it was drawn."""
    draws = np.bincount(observed.case, minlength=cases)
    missing = np.bincount(observed.case[~observed.present], minlength=cases)
    return float(np.mean(missing[draws > 0] / draws[draws > 0]))


def _values(observed: Observed, unit: IntArray) -> Values:
    """Return samples as values that count as one case together."""
    draws = np.bincount(observed.case)[observed.case]
    return Values(observed.values, unit[observed.case], 1 / draws)


def _ends(seen: Mapping[Arm, Observed], support: Support, *, ratio: bool) -> tuple[float, float]:
    """Return the values that a missing sample could have at the least and at the most."""
    least = min(float(found.values.min()) for found in seen.values())
    low = support.lower if math.isfinite(support.lower) else least
    return (least if ratio and low <= 0 else low), support.upper


def _filled(evidence: Evidence, unit: IntArray, ends: Mapping[Arm, float]) -> dict[Arm, Values]:
    found = {}
    for arm, observed in evidence.arms.items():
        values: FloatArray = np.where(observed.present, observed.values, ends[arm])
        found[arm] = _values(Observed(observed.case, values, observed.present), unit)
    return found
