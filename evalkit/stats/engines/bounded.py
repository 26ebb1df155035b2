"""Engine G behind an estimate: the mean of values in a declared support."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from evalkit.core.envelope import Limit, Support
from evalkit.stats import gaffke
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.engines.protocol import chances, usually_decided
from evalkit.stats.evidence import CaseMeans, cluster_sums, observed_mean
from evalkit.stats.gaffke import Units
from evalkit.stats.tally import Tally


@dataclass(frozen=True)
class BoundedMean:
    """Engine G: the mean of values in a declared support."""

    value: float
    low: Units
    high: Units
    support: Support
    method: str
    approximate: bool = False
    constant: bool = False

    @classmethod
    def of(
        cls,
        means: CaseMeans,
        clusters: IntArray | None,
        support: Support,
        *,
        method: str,
        over: str = "",
    ) -> BoundedMean:
        """Return the engine on case means, or on clusters of them; ``over`` names other units."""
        low = _units(means.low, clusters, support)
        high = low if means.high is means.low else _units(means.high, clusters, support)
        if clusters is None:
            binary = all(np.isin(x.sums, (support.lower, support.upper)).all() for x in (low, high))
            name = "Clopper–Pearson" if binary else method
            return cls(observed_mean(means), low, high, support, f"{name}{over}")
        engine = cls(observed_mean(means), low, high, support, f"{method} over clusters")
        return replace(engine, approximate=_size_matters(engine, means, clusters))

    @property
    def error(self) -> float:
        """The standard error of the mean, from the spread between units."""
        units = self.low
        residuals = units.sums - units.sizes * units.mean
        return math.sqrt(float(units.counts @ residuals**2)) / float(units.counts @ units.sizes)

    def lower(self, alpha: float) -> float:
        """Return the lower limit, with missing samples at the lower end."""
        return gaffke.lower_limit(self.low, self.support, alpha)

    def upper(self, alpha: float) -> float:
        """Return the upper limit, with missing samples at the upper end."""
        return gaffke.upper_limit(self.high, self.support, alpha)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "below", with missing samples at the upper end."""
        return gaffke.p_below(self.high, self.support, bound)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "above", with missing samples at the lower end."""
        return gaffke.p_above(self.low, self.support, bound)

    def grown(self, factor: float) -> BoundedMean:
        """Return the engine on ``factor`` times as many units of the same shape."""
        low = replace(self.low, counts=self.low.counts * factor)
        high = replace(self.high, counts=self.high.counts * factor)
        return replace(self, low=low, high=high)

    def narrowed(self, factor: float) -> BoundedMean:
        """Return the engine on units that scatter ``factor`` times as far around their mean."""
        return replace(self, low=_narrowed(self.low, factor), high=_narrowed(self.high, factor))

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound."""
        return usually_decided([chances(self, limit, alpha, factor, truth)])


def _units(values: FloatArray, clusters: IntArray | None, support: Support) -> Units:
    if clusters is None:
        return Tally.of(values, support).units
    sums, sizes = cluster_sums(values, clusters)
    pairs, counts = np.unique(np.column_stack([sums, sizes]), axis=0, return_counts=True)
    return Units(pairs[:, 0].copy(), pairs[:, 1].copy(), counts.astype(np.float64))


def _narrowed(units: Units, factor: float) -> Units:
    middle = units.mean * units.sizes
    return replace(units, sums=middle + factor * (units.sums - middle))


def _size_matters(engine: BoundedMean, means: CaseMeans, clusters: IntArray) -> bool:
    """Return whether large clusters differ from small ones by more than the interval allows for."""
    sums, _ = cluster_sums(means.seen * means.known, clusters)
    known, _ = cluster_sums(means.known.astype(np.float64), clusters)
    cluster_weighted = float((sums[known > 0] / known[known > 0]).mean())
    half_width = (engine.upper(0.05) - engine.lower(0.05)) / 2
    return abs(cluster_weighted - engine.value) > half_width
