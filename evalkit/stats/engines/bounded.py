"""Engine G behind an estimate: the mean of values in a declared support."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from evalkit.core.envelope import Limit, Support
from evalkit.stats import gaffke
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.engines.protocol import chances, usually_decided
from evalkit.stats.evidence import CaseMeans, observed_mean, unit_codes
from evalkit.stats.gaffke import Units
from evalkit.stats.tally import Tally

ROUNDING = 1e-12
"""A share of the units this small is what float64 left of nothing."""


@dataclass(frozen=True)
class BoundedMean:
    """Engine G: the mean of values in a declared support.

    ``size_effect`` is how far the mean of clusters lies from that of their cases. Limits are asked for
    again by whoever asks how exact they are: each is computed once.
    """

    value: float
    low: Units
    high: Units
    support: Support
    method: str
    size_effect: float = 0.0
    constant: bool = False
    _limits: dict[tuple[bool, float], float] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

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
        codes = None if clusters is None else unit_codes(clusters)
        low = _units(means.low, codes, support)
        high = low if means.high is means.low else _units(means.high, codes, support)
        if codes is None:
            binary = all(np.isin(x.sums, (support.lower, support.upper)).all() for x in (low, high))
            name = "Clopper–Pearson" if binary else method
            return cls(observed_mean(means), low, high, support, f"{name}{over}")
        value = observed_mean(means)
        effect = _size_effect(value, means, codes)
        return cls(value, low, high, support, f"{method} over clusters", size_effect=effect)

    @property
    def fixed(self) -> BoundedMean:
        """Engine G on the same data: this one."""
        return self

    @property
    def approximate(self) -> bool:
        """Whether large clusters differ from small ones by more than the interval allows for."""
        if not self.size_effect:
            return False
        return self.size_effect > (self.upper(0.05) - self.lower(0.05)) / 2

    @property
    def error(self) -> float:
        """The standard error of the mean, from the spread between units."""
        units = self.low
        residuals = units.sums - units.sizes * units.mean
        return math.sqrt(float(units.counts @ residuals**2)) / float(units.counts @ units.sizes)

    def lower(self, alpha: float) -> float:
        """Return the lower limit, with missing samples at the lower end."""
        if (False, alpha) not in self._limits:
            self._limits[False, alpha] = gaffke.lower_limit(self.low, self.support, alpha)
        return self._limits[False, alpha]

    def upper(self, alpha: float) -> float:
        """Return the upper limit, with missing samples at the upper end."""
        if (True, alpha) not in self._limits:
            self._limits[True, alpha] = gaffke.upper_limit(self.high, self.support, alpha)
        return self._limits[True, alpha]

    def p_below(self, bound: float) -> float:
        """Return the p-value of "below", with missing samples at the upper end."""
        return gaffke.p_below(self.high, self.support, bound)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "above", with missing samples at the lower end."""
        return gaffke.p_above(self.low, self.support, bound)

    def proves_below(self, bound: float, alpha: float) -> bool:
        """Return whether ``p_below`` is at most alpha, in less time than it takes."""
        return gaffke.proves_below(self.high, self.support, bound, alpha)

    def proves_above(self, bound: float, alpha: float) -> bool:
        """Return whether ``p_above`` is at most alpha, in less time than it takes."""
        return gaffke.proves_above(self.low, self.support, bound, alpha)

    def grown(self, factor: float) -> BoundedMean:
        """Return the engine on ``factor`` times as many units of the same shape."""
        low = replace(self.low, counts=self.low.counts * factor)
        high = replace(self.high, counts=self.high.counts * factor)
        return replace(self, low=low, high=high)

    def narrowed(self, factor: float) -> BoundedMean:
        """Return the engine on units that scatter ``factor`` times as far around their mean."""
        return replace(self, low=_narrowed(self.low, factor), high=_narrowed(self.high, factor))

    def with_rate(self, value: float, *, differs: bool) -> BoundedMean:
        """Return the engine on as much data whose rate has another value: its scatter goes with it.

        Args:
            value: the rate, or the difference of two rates.
            differs: whether it is a difference.
        """
        spread = self.error**2 * self.low.count
        if differs:
            # The cases that moved both ways and cancel out stay; those that make the difference
            # come.
            cancelled = max(0.0, spread + self.value**2 - abs(self.value))
            cancelled = min(cancelled, 1 - abs(value))
            up, down = cancelled / 2 + max(value, 0.0), cancelled / 2 + max(-value, 0.0)
            units, shares = self.low.count, {-1.0: down, 0.0: 1 - up - down, 1.0: up}
        else:
            # Clusters and draws make fewer, or more, of the units than there are cases.
            apart = self.value * (1 - self.value)
            units = self.low.count * (apart / spread if apart and spread else 1.0)
            shares = {0.0: 1 - value, 1.0: value}
        there = {found: share * units for found, share in shares.items() if share > ROUNDING}
        sums, counts = np.array(list(there)), np.array(list(there.values()))
        found = Units(sums, np.ones(sums.size), counts)
        return replace(self, value=value, low=found, high=found)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound."""
        return usually_decided([chances(self, limit, alpha, factor, truth)])


def _units(values: FloatArray, codes: IntArray | None, support: Support) -> Units:
    if codes is None:
        return Tally.of(values, support).units
    sums, sizes = np.bincount(codes, values), np.bincount(codes).astype(np.float64)
    order = np.lexsort((sizes, sums))
    sums, sizes = sums[order], sizes[order]
    fresh = np.append(True, (np.diff(sums) != 0) | (np.diff(sizes) != 0))
    counts = np.diff(np.append(np.flatnonzero(fresh), sums.size))
    return Units(sums[fresh], sizes[fresh], counts.astype(np.float64))


def _narrowed(units: Units, factor: float) -> Units:
    middle = units.mean * units.sizes
    return replace(units, sums=middle + factor * (units.sums - middle))


def _size_effect(value: float, means: CaseMeans, codes: IntArray) -> float:
    """Return how far the mean of the clusters lies from that of their cases."""
    sums = np.bincount(codes, means.seen * means.known)
    known = np.bincount(codes, means.known)
    cluster_weighted = float((sums[known > 0] / known[known > 0]).mean())
    return abs(cluster_weighted - value)
