"""Engine T: limits for a mean without a declared range, guarded against skew.

Assumes: independent units (cases or clusters) with a finite third moment; approximate.
Reference: Bell & McCaffrey (2002), "Bias reduction in standard errors for linear regression with
multi-stage samples" (variance CR2 and its degrees of freedom); Hall (1992), "On the removal of
skewness by transformation", JRSS B 54 (the cubic). Each limit is the wider of the two, because t
misses on skewed data and the cubic on symmetric data with heavy tails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stats.arrays import FloatArray
from evalkit.stats.special import t_cdf, t_quantile


@dataclass(frozen=True, slots=True)
class Spread:
    """What limits of a mean need to know: its value, standard error, freedom and skew."""

    mean: float
    error: float
    freedom: float
    skew: float
    units: float

    @classmethod
    def of(cls, sums: FloatArray, sizes: FloatArray) -> Spread:
        """Return the spread of a case-weighted mean over units.

        Args:
            sums: per unit, the sum of its case values.
            sizes: per unit, the number of its cases; all 1 where cases stand alone.

        Raises:
            ValueError: fewer than two units, from which no spread can be seen.
        """
        units = sums.size
        if units < 2:
            raise ValueError(f"a spread needs two units, found {units}")
        n = float(sizes.sum())
        mean = float(sums.sum()) / n
        residuals = sums - sizes * mean
        shares = sizes / n
        variance = float((residuals**2 / (1 - shares)).sum()) / n**2
        leverage = shares**2 / (1 - shares)
        freedom = 1 / float((shares**2).sum() + leverage.sum() ** 2 - (leverage**2).sum())
        return cls(mean, math.sqrt(variance), freedom, _skew(residuals), units)

    @classmethod
    def of_draws(cls, values: FloatArray, draws: int) -> Spread:
        """Return the spread of a mean over given cases, which only the draws of each make random.

        The variances of the case means are added up, with Satterthwaite's degrees of freedom.
        Skew of a sum over cases is not seen in a few draws of each, and not corrected for.

        Args:
            values: ``draws`` values of the first case, then those of the next, and so on.
            draws: how many there are of each case, at least two.
        """
        cases = values.reshape(-1, draws)
        noise = cases.var(axis=1, ddof=1) / draws
        total = float(noise.sum())
        freedom = total**2 / float((noise**2).sum() / (draws - 1)) if total else 1.0
        return cls(float(cases.mean()), math.sqrt(total) / len(cases), freedom, 0.0, values.size)

    def grown(self, factor: float) -> Spread:
        """Return the spread of ``factor`` times as many units of the same shape."""
        return replace(
            self,
            error=self.error / math.sqrt(factor),
            freedom=self.freedom * factor,
            units=self.units * factor,
        )

    def lower(self, alpha: float) -> float:
        """Return the one-sided lower limit of the mean at level 1 − alpha."""
        return min(self.t_lower(alpha), self.hall_lower(alpha))

    def upper(self, alpha: float) -> float:
        """Return the one-sided upper limit of the mean at level 1 − alpha."""
        return max(self.t_upper(alpha), self.hall_upper(alpha))

    def t_lower(self, alpha: float) -> float:
        """Return the lower limit by Student's t alone."""
        return self.mean - self.error * self._t(alpha)

    def t_upper(self, alpha: float) -> float:
        """Return the upper limit by Student's t alone."""
        return self.mean + self.error * self._t(alpha)

    def hall_lower(self, alpha: float) -> float:
        """Return the lower limit by Hall's cubic alone."""
        return self.mean - self.error * self._uncubed(self._t(alpha))

    def hall_upper(self, alpha: float) -> float:
        """Return the upper limit by Hall's cubic alone."""
        return self.mean - self.error * self._uncubed(-self._t(alpha))

    def p_above(self, bound: float) -> float:
        """Return the p-value of the claim "the mean is above ``bound``"."""
        t = self._distance(bound)
        return max(t_cdf(-t, self.freedom), t_cdf(-self._cubed(t), self.freedom))

    def p_below(self, bound: float) -> float:
        """Return the p-value of the claim "the mean is below ``bound``"."""
        t = self._distance(bound)
        return max(t_cdf(t, self.freedom), t_cdf(self._cubed(t), self.freedom))

    def _t(self, alpha: float) -> float:
        return t_quantile(1 - alpha, self.freedom)

    def _distance(self, bound: float) -> float:
        gap = self.mean - bound
        return gap / self.error if self.error else math.copysign(math.inf, gap) if gap else 0.0

    def _cubed(self, t: float) -> float:
        g, root_n = self.skew, math.sqrt(self.units)
        if math.isinf(t):
            return t
        return t + g * t**2 / (3 * root_n) + g**2 * t**3 / (27 * self.units) + g / (6 * root_n)

    def _uncubed(self, y: float) -> float:
        if not self.skew:
            return y
        scaled = self.skew / math.sqrt(self.units)
        change = scaled * (y - scaled / 6)
        if change <= -0.5:
            return 3 / scaled * (math.cbrt(1 + change) - 1)
        # Of a small skew, 1 less than the root would be rounding.
        return 3 / scaled * math.expm1(math.log1p(change) / 3)


def _skew(residuals: FloatArray) -> float:
    centred = residuals - residuals.mean()
    deviation = float(np.std(residuals, ddof=1))
    return float((centred * centred**2).mean()) / deviation**3 if deviation else 0.0
