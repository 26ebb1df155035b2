"""The engines behind an estimate: each knows its limits, its p-values, and how it would grow.

An engine holds its data twice, with missing samples at their worst for the lower and for the
upper limit, so that a claim survives whatever the missing samples would have been.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, Self

import numpy as np

from evalkit.core.envelope import Limit, Support
from evalkit.stats import gaffke
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.evidence import CaseMeans, cluster_sums
from evalkit.stats.gaffke import Units
from evalkit.stats.quantile import sample_quantile
from evalkit.stats.ratio import fieller_limit
from evalkit.stats.skew_t import Spread
from evalkit.stats.tally import Tally

USUALLY = 0.8416212335729143
"""The standard normal quantile of 0.8: "8 times in 10"."""

OFTEN = 0.8

ROUNDING = 1e-13
"""A spread this small, relative to the numbers it was computed from, may be no spread at all."""


class Engine(Protocol):
    """Limits and p-values for one number, from whatever data."""

    @property
    def value(self) -> float:
        """The point estimate, from what was observed."""
        ...

    @property
    def method(self) -> str:
        """What a reviewer reads behind the interval."""
        ...

    @property
    def approximate(self) -> bool:
        """Whether the limits have no exact guarantee."""
        ...

    @property
    def constant(self) -> bool:
        """Whether all data are equal and no range says how rare another value may be."""
        ...

    def lower(self, alpha: float) -> float:
        """Return the one-sided lower limit at level 1 − alpha."""
        ...

    def upper(self, alpha: float) -> float:
        """Return the one-sided upper limit at level 1 − alpha."""
        ...

    def p_below(self, bound: float) -> float:
        """Return the p-value of the claim "the value is below ``bound``"."""
        ...

    def p_above(self, bound: float) -> float:
        """Return the p-value of the claim "the value is above ``bound``"."""
        ...

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound, 8 times in 10.

        Args:
            limit: the acceptable region.
            alpha: the level of the claim.
            factor: how many times as many units.
            truth: the value that the new data would scatter around.
        """
        ...


class Mean(Engine, Protocol):
    """An engine for a mean, which can say what more of the same data would give."""

    @property
    def error(self) -> float:
        """The standard error of the value."""
        ...

    def grown(self, factor: float) -> Self:
        """Return the engine on ``factor`` times as many units of the same shape."""
        ...

    def narrowed(self, factor: float) -> Self:
        """Return the engine on units that scatter ``factor`` times as far around their mean."""
        ...


def chances(
    mean: Mean, limit: Limit, alpha: float, factor: float, truth: float
) -> tuple[float, float]:
    """Return how likely ``factor`` times as much data prove a mean inside a limit, and outside.

    The limits of more data lie as far from their mean as those at hand, and scatter around the
    truth as it does.
    """
    more = mean.grown(factor)
    lower = truth - (more.value - more.lower(alpha))
    upper = truth + (more.upper(alpha) - more.value)
    if not more.error:
        return float(proves_inside(lower, upper, limit)), float(proves_outside(lower, upper, limit))
    inside, outside = 1.0, 0.0
    if limit.min is not None:
        inside -= _normal_tail((lower - limit.min) / more.error)
        outside += _normal_tail((upper - limit.min) / more.error)
    if limit.max is not None:
        inside -= _normal_tail((limit.max - upper) / more.error)
        outside += _normal_tail((limit.max - lower) / more.error)
    return inside, outside


def usually_decided(sides: Sequence[tuple[float, float]]) -> bool:
    """Return whether a bound is decided 8 times in 10: inside on all its sides, or outside on one.

    Args:
        sides: the chances of "inside" and of "outside" for each side.
    """
    inside = 1 - sum(1 - inside for inside, _ in sides)
    return max(inside, 0.0) + sum(outside for _, outside in sides) >= OFTEN


def _normal_tail(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))


# ---------------------------------------------------------------- engine G


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
            return cls(_mean(means), low, high, support, f"{name}{over}")
        engine = cls(_mean(means), low, high, support, f"{method} over clusters")
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


def _mean(means: CaseMeans) -> float:
    """Return the mean of the cases that were observed, rounded once."""
    seen = means.seen[means.known]
    return math.fsum(seen) / seen.size if seen.size else math.nan


def _size_matters(engine: BoundedMean, means: CaseMeans, clusters: IntArray) -> bool:
    """Return whether large clusters differ from small ones by more than the interval allows for."""
    sums, _ = cluster_sums(means.seen * means.known, clusters)
    known, _ = cluster_sums(means.known.astype(np.float64), clusters)
    cluster_weighted = float((sums[known > 0] / known[known > 0]).mean())
    half_width = (engine.upper(0.05) - engine.lower(0.05)) / 2
    return abs(cluster_weighted - engine.value) > half_width


# ---------------------------------------------------------------- engine T


@dataclass(frozen=True)
class UnboundedMean:
    """Engine T: the mean of values that nobody declared a range for."""

    value: float
    low: Spread
    high: Spread
    method: str
    rounding: float
    approximate: bool = True

    @classmethod
    def of(cls, means: CaseMeans, clusters: IntArray | None) -> UnboundedMean:
        """Return the engine on case means, or on clusters of them.

        Raises:
            ValueError: fewer than two units.
        """
        return cls._of(means, lambda x: Spread.of(*cluster_sums(x, clusters)), "skew-guarded t")

    @classmethod
    def of_draws(cls, means: CaseMeans, draws: int) -> UnboundedMean:
        """Return the engine on so many draws a case, of which only the scatter in a case counts."""
        return cls._of(means, lambda x: Spread.of_draws(x, draws), "t over draws")

    @classmethod
    def _of(
        cls, means: CaseMeans, spread: Callable[[FloatArray], Spread], method: str
    ) -> UnboundedMean:
        low = spread(means.low)
        high = low if means.high is means.low else spread(means.high)
        return cls(_mean(means), low, high, method, rounding=ROUNDING * means.size)

    @property
    def constant(self) -> bool:
        """Whether all units are equal, but for what float64 makes of equal numbers."""
        return max(self.low.error, self.high.error) <= self.rounding

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return self.low.error

    def lower(self, alpha: float) -> float:
        """Return the lower limit."""
        return self.low.lower(alpha)

    def upper(self, alpha: float) -> float:
        """Return the upper limit."""
        return self.high.upper(alpha)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "below"."""
        return self.high.p_below(bound)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "above"."""
        return self.low.p_above(bound)

    def grown(self, factor: float) -> UnboundedMean:
        """Return the engine on ``factor`` times as many units of the same shape."""
        return replace(self, low=self.low.grown(factor), high=self.high.grown(factor))

    def narrowed(self, factor: float) -> UnboundedMean:
        """Return the engine on units that scatter ``factor`` times as far around their mean."""
        low = replace(self.low, error=factor * self.low.error)
        return replace(self, low=low, high=replace(self.high, error=factor * self.high.error))

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound."""
        return usually_decided([chances(self, limit, alpha, factor, truth)])


# ---------------------------------------------------------------- ratios


@dataclass(frozen=True)
class MeanRatio:
    """A ratio of means: limits are the ratios ρ at which ``candidate − ρ·baseline`` may be 0.

    ``difference`` returns the engine of that difference for a ρ; ``baseline`` is the mean of the
    baseline.
    """

    value: float
    baseline: float
    difference: Callable[[float], BoundedMean | UnboundedMean]

    @property
    def method(self) -> str:
        """The method behind the difference."""
        return f"{self.difference(self.value).method} (Fieller)"

    @property
    def approximate(self) -> bool:
        """Whether the limits of the difference have no exact guarantee."""
        return self.difference(self.value).approximate

    @property
    def constant(self) -> bool:
        """Whether every case has the same ratio and no range is declared."""
        return self.difference(self.value).constant

    def lower(self, alpha: float) -> float:
        """Return the ratio below which the difference would be shown positive."""
        return fieller_limit(partial(self._excess, alpha), self.value, upward=False)

    def upper(self, alpha: float) -> float:
        """Return the ratio above which the difference would be shown negative."""
        return fieller_limit(partial(self._shortfall, alpha), self.value, upward=True)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the ratio is below"."""
        return self.difference(bound).p_below(0.0)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the ratio is above"."""
        return self.difference(bound).p_above(0.0)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound."""
        sides = []
        if limit.min is not None:
            sides.append((self.difference(limit.min), Limit(limit.kind, min=0.0)))
        if limit.max is not None:
            sides.append((self.difference(limit.max), Limit(limit.kind, max=0.0)))
        moved = (truth - self.value) * self.baseline
        return usually_decided(
            [
                chances(mean, around_zero, alpha, factor, mean.value + moved)
                for mean, around_zero in sides
            ]
        )

    def _excess(self, alpha: float, ratio: float) -> float:
        return math.log(alpha) - _log(self.difference(ratio).p_above(0.0))

    def _shortfall(self, alpha: float, ratio: float) -> float:
        return _log(self.difference(ratio).p_below(0.0)) - math.log(alpha)


def _log(p: float) -> float:
    return math.log(p) if p > 0 else -math.inf


# ---------------------------------------------------------------- quantiles


@dataclass(frozen=True)
class ShareQuantile:
    """A quantile, by duality: "at most X" is "the share of values up to X is at least q".

    ``values`` are the observed ones, sorted, and ``weights`` what each counts for: a case counts
    as one, however often it was drawn. ``up_to(x)`` and ``below(x)`` return the engine of the share
    of values up to x, x included, and below it.
    """

    values: FloatArray
    weights: FloatArray
    quantile: float
    support: Support
    up_to: Callable[[float], BoundedMean]
    below: Callable[[float], BoundedMean]
    method: str = "order statistics"
    constant: bool = False

    @property
    def value(self) -> float:
        """The sample quantile of the observed values.

        It is the greatest or the least of them where they are too few to tell it from that:
        interpolation would leave the interval.
        """
        least, greatest = float(self.values[0]), float(self.values[-1])
        if self.below(greatest).value < self.quantile:
            return greatest
        if self.up_to(least).value > self.quantile:
            return least
        return sample_quantile(self.values, self.quantile, self.weights)

    @property
    def approximate(self) -> bool:
        """Whether the limits of the share have no exact guarantee."""
        return self.up_to(self.value).approximate

    def lower(self, alpha: float) -> float:
        """Return the least value that the quantile may have."""
        below_all = self.below(float(self.values[0]))
        if below_all.upper(alpha) >= self.quantile:
            return self.support.lower
        return self._first(lambda share: share.upper(alpha) >= self.quantile)

    def upper(self, alpha: float) -> float:
        """Return the greatest value that the quantile may have; infinite on few samples."""
        return self._first(lambda share: share.lower(alpha) >= self.quantile)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the quantile is below"."""
        return self.below(bound).p_above(self.quantile)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the quantile is above"."""
        return self.up_to(bound).p_below(self.quantile)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound, on the shares."""
        del truth
        sides = []
        if limit.max is not None:
            sides.append((self.up_to(limit.max), Limit(limit.kind, min=self.quantile)))
        if limit.min is not None:
            sides.append((self.below(limit.min), Limit(limit.kind, max=self.quantile)))
        return usually_decided(
            [chances(share, needed, alpha, factor, share.value) for share, needed in sides]
        )

    def _first(self, holds: Callable[[BoundedMean], bool]) -> float:
        """Return the smallest observed value whose share satisfies a monotone condition."""
        distinct = np.unique(self.values)
        low, high = 0, distinct.size
        while low < high:
            middle = (low + high) // 2
            if holds(self.up_to(float(distinct[middle]))):
                high = middle
            else:
                low = middle + 1
        return float(distinct[low]) if low < distinct.size else math.inf
