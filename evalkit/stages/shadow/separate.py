"""Both arms compared where nothing pairs their requests, and percentiles always."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from evalkit.core.verdict import Reason, Unmeasured
from evalkit.stages.shadow.block import ARMS, Measure
from evalkit.stages.shadow.grouping import CROSS
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.views import (
    OVER_USERS,
    View,
    engine_t,
    quantile_of,
    ratio_of,
    spread_of_mean,
    spread_of_rate,
)
from evalkit.stats.engines.counted import HistogramChange
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.moments import welch
from evalkit.stats.skew_t import Spread


def quantile_change(
    baseline: View, candidate: View, quantile: float, *, ratio: bool
) -> Engine | Unmeasured:
    """Return the engine of a percentile beside the baseline's, or why there is none."""
    found = [quantile_of(view, quantile) for view in (baseline, candidate)]
    engines = []
    for engine in found:
        if isinstance(engine, Unmeasured):
            return engine
        engines.append(engine)
    if ratio and min(engine.values.least for engine in engines) <= 0:
        return Unmeasured(
            Reason.NO_BASELINE, "values of 0 or below have no ratio; bound a delta instead"
        )
    if not all(np.isfinite(engine.value) for engine in engines):
        return Unmeasured(
            Reason.OUT_OF_RANGE,
            f"p{100 * quantile:g} of an arm is infinite: it has no difference from another",
        )
    return HistogramChange(engines[0], engines[1], ratio)


def unpaired(logs: Logs, baseline: View, candidate: View, *, ratio: bool) -> Engine | Unmeasured:
    """Return the engine of a difference or a ratio of means, or why there is none."""
    spreads = []
    for view in (baseline, candidate):
        spread = spread_of_rate(view) if view.measure.rate else spread_of_mean(view)
        if isinstance(spread, Unmeasured):
            return spread
        spreads.append(spread)
    b, c = spreads
    users = bool(baseline.users and candidate.users)
    shared = _shared(logs, baseline.measure, b, c) if users else 0.0
    method = f"Welch's t{OVER_USERS if users else ''}"

    def difference(factor: float) -> UnboundedMean:
        return engine_t(welch(c, b, factor=factor, shared=shared), method)

    if not ratio:
        return difference(1.0)
    return ratio_of(b.mean, c.mean, difference)


def _shared(logs: Logs, measure: Measure, baseline: Spread, candidate: Spread) -> float:
    """Return the covariance of both means through users who have rows in both arms."""
    cells = None if logs.groups is None else logs.groups.both.get(measure.name)
    if cells is None or not cells.codes.size:
        return 0.0
    views = [View.of(logs, measure, arm) for arm in ARMS]
    rows = [sum(group.size * group.units for group in view.groups) for view in views]
    product, c_of, b_of, sizes = (cells.sums[name].everything() for name in CROSS)
    b, c = Fraction(baseline.mean), Fraction(candidate.mean)
    return float((product - b * c_of - c * b_of + b * c * sizes) / (rows[0] * rows[1]))
