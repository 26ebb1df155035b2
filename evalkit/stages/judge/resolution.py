"""How far a bound that need not be proven can see: the value it would find broken, 8 times in 10."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from evalkit.core.envelope import Bound, Kind, LimitKind, Require
from evalkit.core.verdict import Unmeasured
from evalkit.stages.judge.drafts import Measured
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import OFTEN, USUALLY, chances
from evalkit.stats.engines.ratio import MeanRatio
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.gaffke import Units
from evalkit.stats.roots import root
from evalkit.stats.special import t_quantile

AS_GOOD_AS_NORMAL = 1e6
"""Degrees of freedom at which Student's t is the normal distribution, to all digits that matter."""

FARTHEST = 1000.0
"""So many standard errors beyond the limit, nothing is looked for."""


def detects(bound: Bound, judged: Measured | Unmeasured) -> float | None:
    """Return the value beyond the limit that would be found broken 8 times in 10, if there is one.

    The upper side where there are two.
    """
    if bound.require is Require.PROVEN or isinstance(judged, Unmeasured):
        return None
    limit, away = (bound.limit.max, 1) if bound.limit.max is not None else (bound.limit.min, -1)
    assert limit is not None
    engine = judged.engine
    if isinstance(engine, MeanRatio):
        found = limit + away * _reach(bound, judged)
        return found if math.isfinite(found) else None
    if not isinstance(engine, (BoundedMean, UnboundedMean)):
        return None  # a quantile moves as a share does, which says nothing in its own unit
    end = limit + away * FARTHEST * engine.error
    if isinstance(engine, BoundedMean):
        end = engine.support.upper if away > 0 else engine.support.lower
    excess = partial(_excess, bound, judged, engine)
    if excess(end) < 0:
        return None
    return limit if excess(limit) >= 0 else root(excess, limit, end)


def _excess(
    bound: Bound, judged: Measured, engine: BoundedMean | UnboundedMean, value: float
) -> float:
    """Return how much oftener than 8 times in 10 a bound would be found broken at this value."""
    would = engine
    if isinstance(engine, BoundedMean) and bound.metric.kind is Kind.RATE:
        would = _rate_of(bound, judged, engine, value)
    return chances(would, bound.limit, bound.alpha, 1.0, value)[1] - OFTEN


def _rate_of(bound: Bound, judged: Measured, engine: BoundedMean, value: float) -> BoundedMean:
    """Return the engine on data that have this value: a rate's scatter goes with the rate."""
    estimate = judged.estimate
    variance = engine.error**2 * estimate.clusters
    if bound.limit.kind is LimitKind.DELTA:
        # The cases that moved both ways and cancel out stay; those that make the difference come.
        cancelled = max(0.0, variance + estimate.value**2 - abs(estimate.value))
        cancelled = min(cancelled, 1 - abs(value))
        up, down = cancelled / 2 + max(value, 0.0), cancelled / 2 + max(-value, 0.0)
        units = float(estimate.clusters)
        values, shares = [-1.0, 0.0, 1.0], [down, 1 - up - down, up]
    else:
        # Clusters and draws make fewer, or more, of the units than there are cases.
        apart = estimate.value * (1 - estimate.value)
        units = estimate.clusters * (apart / variance if apart and variance else 1.0)
        values, shares = [0.0, 1.0], [1 - value, value]
    there = [
        (found, share * units) for found, share in zip(values, shares, strict=True) if share > 0
    ]
    sums, counts = np.array(there).T
    found = Units(sums, np.ones(sums.size), counts)
    return replace(engine, value=value, low=found, high=found)


def _reach(bound: Bound, judged: Measured) -> float:
    """Return how far beyond its limit an estimate must lie whose scatter is that of the one seen."""
    sure = t_quantile(1 - bound.alpha, AS_GOOD_AS_NORMAL)
    estimate = judged.estimate
    below = bound.limit.max is not None
    side = estimate.value - estimate.lower if below else estimate.upper - estimate.value
    return (1 + USUALLY / sure) * side
