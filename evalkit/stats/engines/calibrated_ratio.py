"""A ratio of calibrated means behind an estimate, by the differences that may be 0 (Fieller 1954)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evalkit.core.envelope import Limit
from evalkit.stats.engines.calibrated import CalibratedMean
from evalkit.stats.engines.protocol import chances, usually_decided
from evalkit.stats.ratio import fieller_limit


@dataclass(frozen=True)
class CalibratedRatio:
    """A ratio of means: limits are the ratios at which ``candidate − ratio·baseline`` may be 0.

    ``difference`` returns the engine of that difference; ``baseline`` is the mean of the baseline.
    """

    value: float
    baseline: float
    difference: Callable[[float], CalibratedMean]
    constant: bool = False
    approximate: bool = True

    @property
    def method(self) -> str:
        """The method behind the difference."""
        return f"{self.difference(self.value).method} (Fieller)"

    def lower(self, alpha: float) -> float:
        """Return the ratio below which the difference would be shown positive."""
        return fieller_limit(lambda r: self.difference(r).lower(alpha), self.value, upward=False)

    def upper(self, alpha: float) -> float:
        """Return the ratio above which the difference would be shown negative."""
        return fieller_limit(lambda r: self.difference(r).upper(alpha), self.value, upward=True)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the ratio is below"."""
        return self.difference(bound).p_below(0.0)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the ratio is above"."""
        return self.difference(bound).p_above(0.0)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether so many times as many samples and labels would decide a bound."""
        moved = (truth - self.value) * self.baseline
        sides = []
        if limit.min is not None:
            sides.append((self.difference(limit.min), Limit(limit.kind, min=0.0)))
        if limit.max is not None:
            sides.append((self.difference(limit.max), Limit(limit.kind, max=0.0)))
        return usually_decided(
            [chances(mean, zero, alpha, factor, mean.value + moved) for mean, zero in sides]
        )
