"""Evidence becomes an estimate: here the engine is chosen that fits the data and the limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from evalkit.core.envelope import (
    UNIT_INTERVAL,
    Bound,
    Limit,
    LimitKind,
    Method,
    Statistic,
    Support,
)
from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, Reason, Unmeasured
from evalkit.stats.arrays import BoolArray, FloatArray
from evalkit.stats.asked import Asked
from evalkit.stats.calibrated import Uncalibrated, calibrated_engine, why_uncalibrated
from evalkit.stats.compared import distribution_shift, quantile_change
from evalkit.stats.engines.betting import BettingMean, usual_plan
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.paired_exact import MOST_PAIRS, ExactPaired
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.ratio import MeanRatio
from evalkit.stats.engines.share import ShareQuantile
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.evidence import (
    CaseMeans,
    Evidence,
    case_means,
    no_nearer_than_seen,
    paired,
)


def judged_engine(bound: Bound, evidence: Evidence) -> Engine | Unmeasured:
    """Return the engine for the number that a bound is laid on, by the method it asks for."""
    return engine_of(
        evidence,
        bound.limit.kind,
        Arm.CANDIDATE,
        bound.statistic,
        bound.metric.support,
        asked=Asked.of(bound),
    )


def engine_of(
    evidence: Evidence,
    kind: LimitKind,
    arm: Arm,
    statistic: Statistic,
    support: Support,
    *,
    asked: Asked | None = None,
) -> Engine | Unmeasured:
    """Return the engine for one number, or why there is none.

    Args:
        evidence: the samples on the slice of a bound.
        kind: what the number is: a value of one arm, or candidate against baseline.
        arm: whose value, where the number is that of one arm.
        statistic: a rate, a mean or a quantile.
        support: the values a sample can have.
        asked: what is to be decided about it, where something is. What labels of people correct is a
            mean, which is bet on by no method; whoever reads an envelope sees to that.
    """
    arms = [arm] if kind is LimitKind.ABSOLUTE else [Arm.BASELINE, Arm.CANDIDATE]
    for each in arms:
        if fault := _fault(evidence, each, support):
            return fault
    if evidence.labels:
        corrected = calibrated_engine(evidence, kind, arm, support, evidence.labels)
        if not isinstance(corrected, Uncalibrated):
            return corrected
    return _uncorrected(evidence, kind, arm, statistic, support=support, asked=asked)


def _uncorrected(
    evidence: Evidence, kind: LimitKind, arm: Arm, statistic: Statistic, *, support: Support,
    asked: Asked | None,
) -> Engine | Unmeasured:  # fmt: skip
    if kind is LimitKind.SHIFT:
        return distribution_shift(evidence, support, asked)
    quantile = statistic.quantile
    if quantile is not None and kind is not LimitKind.ABSOLUTE:
        ratio = kind is LimitKind.RATIO
        return quantile_change(evidence, quantile, ratio=ratio, support=support, asked=asked)
    if quantile is not None:
        return _quantile(evidence, arm, quantile, support=support, asked=asked)
    if kind is LimitKind.ABSOLUTE:
        return _mean(evidence, _means(evidence, arm, support), support, asked=asked)
    return _effect(evidence, kind, support, asked)


def uncalibrated(bound: Bound, evidence: Evidence) -> str | None:
    """Return why the labels that should correct a bound say nothing of it; nothing where they do."""
    if not evidence.labels:
        return None
    return why_uncalibrated(evidence, bound.limit.kind, Arm.CANDIDATE, evidence.labels)


def estimate_of(engine: Engine, evidence: Evidence, arms: list[Arm], alpha: float) -> Estimate:
    """Return the estimate an engine gives at confidence 1 − alpha."""
    observed = [evidence.arms[arm] for arm in arms]
    return Estimate(
        value=engine.value,
        lower=engine.lower(alpha),
        upper=engine.upper(alpha),
        confidence=1 - alpha,
        n=evidence.cases // evidence.draws,
        samples=sum(arm.samples for arm in observed),
        clusters=evidence.units,
        missing=sum(arm.missing for arm in observed),
        method=engine.method,
        approximate=engine.approximate,
    )


# ---------------------------------------------------------------- means


def _means(evidence: Evidence, arm: Arm, support: Support) -> CaseMeans:
    return case_means(evidence, arm, _fill(evidence, support))


def _fill(evidence: Evidence, support: Support) -> tuple[float, float]:
    """Return where missing samples are put: at the ends of the support, or of what was seen.

    What either arm gave counts: an arm that fails on long answers shows none of them.
    """
    if support.bounded:
        return support.lower, support.upper
    seen = np.concatenate([arm.values[arm.present] for arm in evidence.arms.values()])
    low = support.lower if math.isfinite(support.lower) else float(seen.min())
    high = support.upper if math.isfinite(support.upper) else float(seen.max())
    return low, high


def _mean(
    evidence: Evidence,
    means: CaseMeans,
    support: Support,
    *,
    of: str = "",
    asked: Asked | None = None,
) -> Engine | Unmeasured:
    if support.bounded and asked is not None and asked.method is Method.BETTING:
        return _bet_on(evidence, means, support, asked, of=of)
    if of and asked is not None and asked.method is Method.EXACT and _exactly(evidence, means):
        return ExactPaired.of(means, bounds=asked.sides)
    if support.bounded:
        return _bounded(evidence, means, support, method=f"Gaffke{of}")
    if evidence.units < 2:
        return _without_spread(evidence)
    return _unbounded(evidence, means)


def _without_spread(evidence: Evidence) -> Unmeasured:
    what = "one case" if evidence.cases == 1 else "one group of cases"
    return Unmeasured(Reason.TOO_FEW, f"{what} has no spread, and no range is declared")


def _bounded(evidence: Evidence, means: CaseMeans, support: Support, *, method: str) -> BoundedMean:
    over = " over draws" if evidence.draws > 1 else ""
    return BoundedMean.of(means, evidence.clusters, support, method=method, over=over)


def _bet_on(
    evidence: Evidence, means: CaseMeans, support: Support, asked: Asked, *, of: str
) -> BettingMean:
    rate = bool(np.isin(means.seen[means.known], (support.lower, support.upper)).all())
    return BettingMean.of(
        means,
        evidence.clusters,
        support,
        bounds=asked.sides,
        alpha=asked.alpha,
        plan=usual_plan(asked.limit, support, rate=rate, reach=evidence.reach),
        order=evidence.order,
        horizon=evidence.horizons,
        method=f"betting{of}",
    )


def _exactly(evidence: Evidence, means: CaseMeans) -> bool:
    """Return whether the exact paired test takes such differences; engine G takes all others."""
    once = (
        np.isin(means.low, (-1.0, 0.0, 1.0)).all() and np.isin(means.high, (-1.0, 0.0, 1.0)).all()
    )
    return bool(once) and evidence.clusters is None and evidence.cases <= MOST_PAIRS


def _unbounded(evidence: Evidence, means: CaseMeans) -> UnboundedMean:
    if evidence.draws > 1:
        return UnboundedMean.of_draws(means, evidence.draws)
    return UnboundedMean.of(means, evidence.clusters)


def _effect(
    evidence: Evidence, kind: LimitKind, support: Support, asked: Asked | None
) -> Engine | Unmeasured:
    candidate = _means(evidence, Arm.CANDIDATE, support)
    baseline = _means(evidence, Arm.BASELINE, support)
    if not (candidate.known & baseline.known).any():
        return Unmeasured(Reason.NO_VALUES, "no case has a value in both arms")
    if kind is LimitKind.RATIO:
        return _ratio(evidence, candidate, baseline, support)
    difference = paired(candidate, baseline)
    if not support.bounded:
        difference = no_nearer_than_seen(difference)
    reach, of = support.minus(support), " on paired differences"
    return _mean(evidence, difference, reach, of=of, asked=asked)


def _ratio(
    evidence: Evidence, candidate: CaseMeans, baseline: CaseMeans, support: Support
) -> MeanRatio | Unmeasured:
    both = candidate.known & baseline.known
    above, below = math.fsum(candidate.seen[both]), math.fsum(baseline.seen[both])
    if min(candidate.seen.min(), baseline.seen.min()) < 0:
        return Unmeasured(Reason.NO_BASELINE, "values below 0 have no ratio; bound a delta instead")
    if not below:
        return Unmeasured(Reason.NO_BASELINE, "the baseline's mean is 0; bound a delta instead")
    if evidence.units < 2 and not support.bounded:
        return _without_spread(evidence)

    def difference(ratio: float) -> BoundedMean | UnboundedMean:
        means = paired(candidate, baseline, ratio)
        if support.bounded:
            reach = support.minus(support, factor=ratio)
            return _bounded(evidence, means, reach, method="Gaffke")
        return _unbounded(evidence, no_nearer_than_seen(means))

    return MeanRatio(above / below, below / np.count_nonzero(both), difference)


# ---------------------------------------------------------------- quantiles


def _quantile(
    evidence: Evidence, arm: Arm, quantile: float, *, support: Support, asked: Asked | None
) -> ShareQuantile:
    observed = evidence.arms[arm].without_gaps()
    order = np.argsort(observed.values, kind="stable")
    draws = np.bincount(observed.case)[observed.case]
    bets = asked if asked is not None and asked.method is Method.BETTING else None
    shares = _Shares(evidence, arm, quantile, bets)
    return ShareQuantile(
        values=observed.values[order],
        weights=1 / draws[order],
        quantile=quantile,
        support=support,
        up_to=shares.up_to,
        below=shares.below,
    )


@dataclass(frozen=True, slots=True)
class _Shares:
    """The shares of one arm's values on one side of a bound; they are bet on where that is asked."""

    evidence: Evidence
    arm: Arm
    quantile: float
    bets: Asked | None

    def up_to(self, bound: float) -> BoundedMean | BettingMean:
        """Return the engine of the share of values up to a bound."""
        return self._engine(lambda values: values <= bound)

    def below(self, bound: float) -> BoundedMean | BettingMean:
        """Return the engine of the share of values below a bound."""
        return self._engine(lambda values: values < bound)

    def _engine(self, chosen: Callable[[FloatArray], BoolArray]) -> BoundedMean | BettingMean:
        marked = self.evidence.arms[self.arm].mapped(lambda found: chosen(found).astype(np.float64))
        shares = replace(self.evidence, arms={self.arm: marked})
        means = case_means(shares, self.arm, (0.0, 1.0))
        if self.bets is None:
            return _bounded(shares, means, UNIT_INTERVAL, method="Gaffke")
        floor = replace(self.bets, limit=Limit(LimitKind.ABSOLUTE, min=self.quantile))
        return _bet_on(shares, means, UNIT_INTERVAL, floor, of="")


# ---------------------------------------------------------------- faults


def _fault(evidence: Evidence, arm: Arm, support: Support) -> Unmeasured | None:
    observed = evidence.arms[arm]
    seen = observed.values[observed.present]
    if not seen.size:
        return Unmeasured(Reason.NO_VALUES, f"0 of {observed.samples:,} {arm} samples have a value")
    outside = (seen < support.lower) | (seen > support.upper)
    if outside.any():
        worst = seen[outside][0]
        return Unmeasured(
            Reason.OUT_OF_RANGE,
            f"{np.count_nonzero(outside):,} {arm} values, {worst:g} among them, lie outside the "
            f"declared range [{support.lower:g}, {support.upper:g}]",
        )
    return None
