"""Engine T behind an estimate: the mean of values that nobody declared a range for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from evalkit.core.envelope import Limit
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.engines.protocol import chances, usually_decided
from evalkit.stats.evidence import CaseMeans, cluster_sums, observed_mean
from evalkit.stats.skew_t import Spread

ROUNDING = 1e-13
"""A spread this small, relative to the numbers it was computed from, may be no spread at all."""


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
        return cls(observed_mean(means), low, high, method, rounding=ROUNDING * means.size)

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
