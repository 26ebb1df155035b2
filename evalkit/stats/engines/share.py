"""A quantile of one arm behind an estimate, by the share of values up to a bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import Limit, Support
from evalkit.stats.arrays import FloatArray
from evalkit.stats.engines.betting import BettingMean
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import chances, usually_decided
from evalkit.stats.quantile import sample_quantile
from evalkit.stats.roots import first_integer

Share: TypeAlias = BoundedMean | BettingMean


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
    up_to: Callable[[float], Share]
    below: Callable[[float], Share]
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
            [chances(share.fixed, needed, alpha, factor, share.value) for share, needed in sides]
        )

    def _first(self, holds: Callable[[Share], bool]) -> float:
        """Return the smallest observed value whose share satisfies a monotone condition."""
        distinct = np.unique(self.values)
        place = first_integer(
            distinct.size, lambda index: holds(self.up_to(float(distinct[index])))
        )
        return float(distinct[place]) if place < distinct.size else math.inf
