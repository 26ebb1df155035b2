"""Counts of logs behind an estimate: quantiles from histograms, and rates of separate requests."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from evalkit.core.envelope import Limit
from evalkit.stats import binomial
from evalkit.stats.log_bins import Histogram
from evalkit.stats.unpaired import RateDifference

LEAST_ALPHA = 1e-9
P_TOLERANCE = 1e-6


@dataclass(frozen=True)
class HistogramQuantile:
    """A quantile of values in bins; limits are the outer edges of the bins of their ranks."""

    values: Histogram
    quantile: float
    approximate: bool = False
    constant: bool = False
    method: str = "order statistics"

    @cached_property
    def value(self) -> float:
        """The sample quantile, as if the values of a bin were spread evenly."""
        return self.values.quantile(self.quantile)

    def lower(self, alpha: float) -> float:
        """Return the lower limit."""
        return min(self.values.lower(self.quantile, alpha), self.value)

    def upper(self, alpha: float) -> float:
        """Return the upper limit."""
        return max(self.values.upper(self.quantile, alpha), self.value)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the quantile is below": more than its share lies below."""
        below = self.values.counts_up_to(math.nextafter(bound, -math.inf))[0]
        return binomial.p_above(below, self.values.n, self.quantile)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the quantile is above": less than its share lies up to there."""
        up_to = self.values.counts_up_to(bound)[1]
        return binomial.p_below(up_to, self.values.n, self.quantile)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return that it is not known: logs are what they are."""
        del limit, alpha, factor, truth
        return False


@dataclass(frozen=True)
class HistogramChange:
    """A quantile of the candidate beside the baseline's, by MOVER of the limits of both.

    Where values of both arms rise and fall together its interval is too wide, and never too narrow.
    """

    baseline: HistogramQuantile
    candidate: HistogramQuantile
    ratio: bool
    approximate: bool = True
    constant: bool = False

    @property
    def method(self) -> str:
        """The method, with the quantile."""
        return f"MOVER of exact limits of p{100 * self.baseline.quantile:g}"

    @property
    def value(self) -> float:
        """The change of the sample quantiles."""
        before, after = self.baseline.value, self.candidate.value
        return after / before if self.ratio else after - before

    def lower(self, alpha: float) -> float:
        """Return the lower limit."""
        b, c = self._logged(self.baseline.value), self._logged(self.candidate.value)
        below = math.hypot(
            c - self._logged(self.candidate.lower(alpha)),
            self._logged(self.baseline.upper(alpha)) - b,
        )
        return self._unlogged(c - b - below)

    def upper(self, alpha: float) -> float:
        """Return the upper limit."""
        b, c = self._logged(self.baseline.value), self._logged(self.candidate.value)
        above = math.hypot(
            self._logged(self.candidate.upper(alpha)) - c,
            b - self._logged(self.baseline.lower(alpha)),
        )
        return self._unlogged(c - b + above)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the change is below": the alpha at which the limit meets it."""
        return _p(lambda alpha: self.upper(alpha) < bound)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the change is above": the alpha at which the limit meets it."""
        return _p(lambda alpha: self.lower(alpha) > bound)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return that it is not known: logs are what they are."""
        del limit, alpha, factor, truth
        return False

    def _logged(self, value: float) -> float:
        if not self.ratio or math.isinf(value):
            return value
        return math.log(value)

    def _unlogged(self, change: float) -> float:
        if not self.ratio or change == math.inf:
            return change
        return math.exp(change)


def _p(claims: Callable[[float], bool]) -> float:
    """Return the least alpha at which a claim is made; limits move by ranks, in steps."""
    if not claims(0.5):
        return 1.0
    low, high = LEAST_ALPHA, 0.5
    while high / low > 1 + P_TOLERANCE:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if claims(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class RateChange:
    """The difference of the rates of separate requests, by the score of Miettinen and Nurminen."""

    difference: RateDifference
    approximate: bool = True
    constant: bool = False
    method: str = "Miettinen–Nurminen"

    @property
    def value(self) -> float:
        """The difference of the observed rates."""
        return self.difference.value

    def lower(self, alpha: float) -> float:
        """Return the lower limit."""
        return self.difference.lower(alpha)

    def upper(self, alpha: float) -> float:
        """Return the upper limit."""
        return self.difference.upper(alpha)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the difference is below"."""
        return self.difference.p_below(bound)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the difference is above"."""
        return self.difference.p_above(bound)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return that it is not known: logs are what they are."""
        del limit, alpha, factor, truth
        return False
