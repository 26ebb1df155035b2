"""The distance between two distributions behind an estimate: a ball that resampling draws."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evalkit.core.envelope import Limit
from evalkit.stats.arrays import FloatArray
from evalkit.stats.engines.protocol import Reach, usually_decided
from evalkit.stats.resampling import enough_replicates, p_value, rank_above
from evalkit.stats.shift import ROUNDING, Distance, Distributions
from evalkit.stats.special import normal_quantile

REPLICATES = 2_000
MOST_REPLICATES = 40_000


@dataclass(frozen=True)
class DistributionShift:
    """A distance with its ball.

    ``radii`` are resampled distances between what was drawn and what was seen, sorted; ``missing``
    is how much further the missing samples could move it. With a share p of an arm missing, its
    distribution is (1 − p) of the seen one and p of an unseen one: at most p from the seen one in
    KS and in TV, and p times the range in W1. By the triangle inequality both shares add up.
    """

    value: float
    radii: FloatArray
    missing: float
    greatest: float
    method: str
    approximate: bool = True
    constant: bool = False

    @classmethod
    def of(
        cls,
        both: Distributions,
        kind: Distance,
        *,
        missing: float,
        seed: int,
        alpha: float = 0.05,
    ) -> DistributionShift:
        """Return the engine on two distributions.

        Args:
            both: the values of both arms.
            kind: which distance.
            missing: how far the samples that are not there could move it at most.
            seed: of the resampling.
            alpha: how often a claim may be wrong; a small one needs more replicates.

        Raises:
            ValueError: W1 of infinite values.
        """
        value = both.distance(kind)
        radii = both.radii(kind, enough_replicates(REPLICATES, MOST_REPLICATES, alpha), seed)
        greatest = math.inf if kind == "w1" else 1.0
        name = {"ks": "KS", "w1": "W1 in standard deviations", "tv": "total variation"}[kind]
        constant = not value and not radii[-1]
        method = f"bootstrap ball, {name}"
        return cls(value, radii, missing, greatest, method, constant=bool(constant))

    def lower(self, alpha: float) -> float:
        """Return the least distance, whatever the missing samples are."""
        return max(0.0, self.value - self._radius(alpha))

    def upper(self, alpha: float) -> float:
        """Return the greatest distance, whatever the missing samples are."""
        return min(self.greatest, self.value + self._radius(alpha))

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the distance is below"."""
        return self._p(bound - self.value)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the distance is above"."""
        return self._p(self.value - bound)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound, by a smaller ball."""
        drawn = (self._radius(alpha) - self.missing) / math.sqrt(factor)
        if not math.isfinite(drawn):
            return False
        # More data do not help against what is missing: its share stays.
        reach, error = drawn + self.missing, drawn / normal_quantile(1 - alpha)
        return usually_decided([Reach(reach, reach, error).chances(limit, truth)])

    def _radius(self, alpha: float) -> float:
        """Return how far the distance may be off; anything, where replicates are too few to say."""
        rank = rank_above(self.radii.size, alpha)
        return float(self.radii[rank - 1]) + self.missing if rank <= self.radii.size else math.inf

    def _p(self, distance: float) -> float:
        # Radii are sums of shares, many of them equal but for their last bits: ties count against.
        least = distance - self.missing - ROUNDING * max(1.0, self.value)
        beyond = self.radii.size - int(np.searchsorted(self.radii, least, side="left"))
        return p_value(beyond, self.radii.size)
