"""A ratio of means behind an estimate, by the differences that may be 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from evalkit.core.envelope import Limit
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import chances, usually_decided
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.ratio import fieller_limit


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
