"""Tallies become estimates: of one arm, and of the candidate beside the baseline.

Which engine a number gets: a rate of one arm is Clopper–Pearson's; what both arms answered is compared
in pairs, rates by engine G and means by engine T; what only shares a time is compared by Miettinen and
Nurminen's score, Welch's t, or the limits of each percentile. Where users are known, they and not their
requests are the independent units of rates and means.
"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.envelope import UNIT_INTERVAL, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, Reason, Unmeasured
from evalkit.stages.shadow.block import ANYTHING, ARMS, Measure
from evalkit.stages.shadow.from_pairs import is_paired, known_pairs, of_pairs, users_of_pairs
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.separate import quantile_change, unpaired
from evalkit.stages.shadow.views import View, mean_of, quantile_of, rate_of
from evalkit.stats.engines.counted import RateChange
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.unpaired import RateDifference


@dataclass(frozen=True, slots=True)
class Counted:
    """How many values an estimate is of, how many are missing, and of how many units they are."""

    n: int
    missing: int
    clusters: int


def counts(
    logs: Logs, measure: Measure, arm: Arm | None, *, statistic: Statistic | None = None
) -> Counted:
    """Return what a number of one arm is made of, or that of both compared.

    Percentiles are compared between all rows, and rates and means in pairs where there are any.
    """
    if arm is not None:
        view = View.of(logs, measure, arm)
        return Counted(view.known, view.rows - view.known, view.users or view.known)
    between_rows = statistic is not None and statistic.quantile is not None
    if is_paired(logs) and not between_rows:
        known, pairs = known_pairs(logs, measure)
        return Counted(known, pairs - known, users_of_pairs(logs, measure) or known)
    views = [View.of(logs, measure, each) for each in ARMS]
    known = sum(view.known for view in views)
    users = sum(view.users for view in views)
    return Counted(known, sum(view.rows for view in views) - known, users or known)


def estimate(
    engine: Engine, found: Counted, confidence: float, *, within: Support = ANYTHING
) -> Estimate:
    """Return what an engine says at a confidence, with what it is made of.

    ``within`` is where the number must lie; see ``reach``.
    """
    lower, upper = limits(engine, round(1 - confidence, 12), within)
    return Estimate(
        value=engine.value,
        lower=lower,
        upper=upper,
        confidence=confidence,
        n=found.n,
        samples=found.n + found.missing,
        clusters=found.clusters,
        missing=found.missing,
        method=engine.method,
        approximate=engine.approximate,
    )


def limits(engine: Engine, alpha: float, within: Support) -> tuple[float, float]:
    """Return both limits, no further than the number can lie, and with the estimate between them.

    Those of a t know nothing of a range: a rate of 99.9 % over users would reach beyond 100 %.
    """
    lower, upper = max(engine.lower(alpha), within.lower), min(engine.upper(alpha), within.upper)
    return min(lower, engine.value), max(upper, engine.value)


def reach(measure: Measure, kind: LimitKind) -> Support:
    """Return where a number of a measure can lie: that of an arm, a difference, or a ratio."""
    own = UNIT_INTERVAL if measure.rate else measure.support
    if kind is LimitKind.DELTA:
        return own.minus(own) if own.bounded else ANYTHING
    if kind is LimitKind.RATIO:
        return Support(0.0, ANYTHING.upper) if own.lower >= 0 else ANYTHING
    return own


# ---------------------------------------------------------------- what is asked


def single(logs: Logs, measure: Measure, arm: Arm, statistic: Statistic) -> Engine | Unmeasured:
    """Return the engine of a number of one arm, or why there is none."""
    view = View.of(logs, measure, arm)
    if (fault := view.fault()) is not None:
        return fault
    if statistic.quantile is not None:
        return quantile_of(view, statistic.quantile)
    if measure.rate:
        return rate_of(view)
    return mean_of(view)


def delta(logs: Logs, measure: Measure, statistic: Statistic) -> Engine | Unmeasured:
    """Return the engine of candidate − baseline, or why there is none.

    Pairs are compared where there are any; a percentile is compared between all rows of both arms.
    """
    return _compared(logs, measure, statistic, ratio=False)


def ratio(logs: Logs, measure: Measure, statistic: Statistic) -> Engine | Unmeasured:
    """Return the engine of candidate ÷ baseline, or why there is none."""
    return _compared(logs, measure, statistic, ratio=True)


def _compared(
    logs: Logs, measure: Measure, statistic: Statistic, *, ratio: bool
) -> Engine | Unmeasured:
    baseline, candidate = (View.of(logs, measure, arm) for arm in ARMS)
    fault = baseline.fault() or candidate.fault()
    if fault is not None:
        return fault
    if statistic.quantile is not None:
        return quantile_change(baseline, candidate, statistic.quantile, ratio=ratio)
    if is_paired(logs):
        if ratio and not measure.ratios:
            return Unmeasured(Reason.NO_VALUES, f"no ratios of {measure.name} were counted")
        return of_pairs(logs, measure, ratio=ratio)
    if measure.rate and not ratio and not (baseline.users and candidate.users):
        yes = candidate.yes, candidate.known, baseline.yes, baseline.known
        return RateChange(RateDifference(*yes))
    return unpaired(logs, baseline, candidate, ratio=ratio)
