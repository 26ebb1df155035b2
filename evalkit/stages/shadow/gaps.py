"""A mean of what was observed becomes one of everything: what is missing is put at its worst."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.envelope import Limit, Support
from evalkit.stats.engines.protocol import Engine


@dataclass(frozen=True, slots=True)
class WithGaps:
    """The mean of all values, of which a share is not known.

    Whatever those are, they lie in the support: the mean of all is ``(1 − share)`` times that of
    what was observed, plus ``share`` times something between its ends. A claim is made only where it
    would be true for every such value, so that nobody gains by failing.
    """

    engine: Engine
    share: float
    support: Support

    @property
    def value(self) -> float:
        """The mean of what was observed."""
        return self.engine.value

    @property
    def method(self) -> str:
        """What a reviewer reads behind the interval."""
        return self.engine.method

    @property
    def approximate(self) -> bool:
        """Whether the limits have no exact guarantee."""
        return self.engine.approximate

    @property
    def constant(self) -> bool:
        """Whether all data are equal and no range says how rare another value may be."""
        return self.engine.constant

    def lower(self, alpha: float) -> float:
        """Return the one-sided lower limit at level 1 − alpha."""
        return self._of_all(self.engine.lower(alpha), self.support.lower)

    def upper(self, alpha: float) -> float:
        """Return the one-sided upper limit at level 1 − alpha."""
        return self._of_all(self.engine.upper(alpha), self.support.upper)

    def p_below(self, bound: float) -> float:
        """Return the p-value of the claim "the value is below ``bound``"."""
        return self.engine.p_below(self._of_seen(bound, self.support.upper))

    def p_above(self, bound: float) -> float:
        """Return the p-value of the claim "the value is above ``bound``"."""
        return self.engine.p_above(self._of_seen(bound, self.support.lower))

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound, 8 times in 10."""
        low = None if limit.min is None else self._of_seen(limit.min, self.support.lower)
        high = None if limit.max is None else self._of_seen(limit.max, self.support.upper)
        seen = Limit(limit.kind, low, high, limit.distance)
        if low is not None and high is not None and low > high:
            return False
        return self.engine.would_settle(seen, alpha, factor, truth)

    def _of_all(self, seen: float, absent: float) -> float:
        return (1 - self.share) * seen + self.share * absent

    def _of_seen(self, of_all: float, absent: float) -> float:
        return (of_all - self.share * absent) / (1 - self.share)
