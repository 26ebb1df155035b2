"""Two samples of different cases: by how much rates or means differ where nothing pairs them.

Assumes: the samples are independent of each other, or share only the users they are clustered by;
approximate. Small samples of rates are good for it (a score interval); means want some dozens of
units each.
Reference: Miettinen & Nurminen (1985), "Comparative analysis of two rates", Statistics in Medicine
4; Welch (1947), "The generalization of Student's problem", Biometrika 34; on clusters Bell &
McCaffrey (2002), as in engine T.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.evidence import cluster_sums
from evalkit.stats.roots import root
from evalkit.stats.skew_t import Spread

NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class RateDifference:
    """The rate of a first sample minus that of a second, by the score of Miettinen and Nurminen.

    No trials in a sample leave all of −1 to 1. Rates of 0 or 1 in either or both samples have
    limits like any others; nothing is added to the counts.

    Raises:
        ValueError: a negative number, or more successes than trials.
    """

    successes: float
    trials: float
    other_successes: float
    other_trials: float

    def __post_init__(self) -> None:
        pairs = (self.successes, self.trials), (self.other_successes, self.other_trials)
        for successes, trials in pairs:
            if not 0 <= successes <= trials:
                raise ValueError(f"expected 0 to {trials} successes, found {successes}")

    @property
    def value(self) -> float:
        """The difference of the observed rates; 0 where a sample is empty."""
        if self._empty:
            return 0.0
        return self.successes / self.trials - self.other_successes / self.other_trials

    def lower(self, alpha: float) -> float:
        """Return the one-sided lower limit at level 1 − alpha, for alpha below a half.

        >>> round(RateDifference(56, 70, 48, 80).lower(0.05), 6)
        0.07702
        """
        return -self._swapped().upper(alpha)

    def upper(self, alpha: float) -> float:
        """Return the one-sided upper limit at level 1 − alpha, for alpha below a half."""
        if self._empty or self.value == 1:
            return 1.0
        reach = NORMAL.inv_cdf(1 - alpha)
        return root(lambda difference: self._score(difference) + reach, self.value, 1.0)

    def p_above(self, bound: float) -> float:
        """Return the p-value of the claim "the difference is above ``bound``"."""
        return self._swapped().p_below(-bound)

    def p_below(self, bound: float) -> float:
        """Return the p-value of the claim "the difference is below ``bound``"."""
        if bound > 1 or bound <= -1:
            return 0.0 if bound > 1 else 1.0
        return 1.0 if self._empty else 0.5 * math.erfc(-self._score(bound) / math.sqrt(2))

    @property
    def _empty(self) -> bool:
        return self.trials == 0 or self.other_trials == 0

    def _swapped(self) -> RateDifference:
        return RateDifference(self.other_successes, self.other_trials, self.successes, self.trials)

    def _score(self, difference: float) -> float:
        """Return how far above a difference the observed one lies, in standard errors there."""
        gap = self.value - difference
        other = self._likeliest(difference)
        rate = other + difference
        both = self.trials + self.other_trials
        variance = rate * (1 - rate) / self.trials + other * (1 - other) / self.other_trials
        error = math.sqrt(max(variance, 0.0) * both / (both - 1))
        return gap / error if error else math.copysign(math.inf, gap) if gap else 0.0

    def _likeliest(self, difference: float) -> float:
        """Return the rate of the second sample that is likeliest if rates differ by so much."""
        low, high = max(0.0, -difference), min(1.0, 1 - difference)

        # The slope of the log-likelihood falls from one end to the other. Its closed form, the
        # root of a cubic, loses digits where rates are small.
        def slope(other: float) -> float:
            rate = other + difference
            return (
                _per(self.successes, rate)
                - _per(self.trials - self.successes, 1 - rate)
                + _per(self.other_successes, other)
                - _per(self.other_trials - self.other_successes, 1 - other)
            )

        if low >= high or slope(low) <= 0:
            return low
        return high if slope(high) >= 0 else root(slope, low, high)


def _per(count: float, share: float) -> float:
    if not count:
        return 0.0
    return count / share if share > 0 else math.inf


def mean_difference(
    first: FloatArray, second: FloatArray, *, users: tuple[IntArray, IntArray] | None = None
) -> Spread:
    """Return the mean of a first sample minus that of a second, with its error and freedom.

    The limits and p-values of the result are those of Welch's t; its ``skew`` is not corrected
    for. An error of 0 says that neither sample varies, which proves nothing about other values.

    Args:
        first: one value a case.
        second: likewise.
        users: of every case of either sample, the code of the user it belongs to. A user may have
            cases in both.

    Raises:
        ValueError: fewer than two users (or cases) in a sample, from which no spread can be seen.

    >>> found = mean_difference(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 9.0]))
    >>> found.mean, round(found.error, 9), round(found.freedom, 9)
    (-2.5, 2.179449472, 2.3883852)
    """
    spreads = [
        _spread(x, None if users is None else users[i]) for i, x in enumerate((first, second))
    ]
    one, other = spreads
    total = one.error**2 + other.error**2
    freedom = min(one.freedom, other.freedom)
    if total:
        part = one.error**2 / total
        freedom = 1 / (part**2 / one.freedom + (1 - part) ** 2 / other.freedom)
    if users is not None and (shared := _covariance((first, second), users)):
        # Users in both samples are pairs. No more freedom than the smaller sample has is safe.
        total = max(total - 2 * shared, 0.0)
        freedom = min(one.freedom, other.freedom)
    return Spread(
        one.mean - other.mean, math.sqrt(total), freedom, skew=0.0, units=one.units + other.units
    )


def _spread(values: FloatArray, users: IntArray | None) -> Spread:
    return Spread.of(*cluster_sums(values, users))


def _covariance(samples: tuple[FloatArray, FloatArray], users: tuple[IntArray, IntArray]) -> float:
    """Return what both means have in common through users in both samples, by residuals as CR2."""
    adjusted = []
    for values, codes in zip(samples, users, strict=True):
        sums, sizes = cluster_sums(values, codes)
        shares = sizes / values.size
        residuals = (sums - sizes * float(values.mean())) / (values.size * np.sqrt(1 - shares))
        adjusted.append(dict(zip(np.unique(codes).tolist(), residuals.tolist(), strict=True)))
    one, other = adjusted
    return math.fsum(one[user] * other[user] for user in one.keys() & other.keys())
