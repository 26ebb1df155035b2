"""Tango's score for the difference of two paired rates.

Assumes: independent pairs; approximate, and above its level on small samples.
Reference: Tango (1998), "Equivalence test and confidence interval for the difference in proportions
for the paired-sample design", Statistics in Medicine 17.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import cast

import numpy as np

from evalkit.stats.arrays import FloatArray
from evalkit.stats.roots import root

NEGLIGIBLE = 1e-15


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """How many of n pairs have the behaviour only in the first arm, and only in the second.

    Raises:
        ValueError: no pairs, a negative number, or more changes than pairs.
    """

    first: int
    second: int
    n: int

    def __post_init__(self) -> None:
        if not (
            self.n > 0 and min(self.first, self.second) >= 0 <= self.n - self.first - self.second
        ):
            raise ValueError(f"expected changes among at least one pair, found {self}")

    @property
    def value(self) -> float:
        """The rate of the first arm minus that of the second."""
        return (self.first - self.second) / self.n

    def lower(self, alpha: float) -> float:
        """Return the one-sided lower limit at level 1 − alpha.

        >>> round(PairedCounts(0, 1, 44).lower(0.05), 6)
        -0.095662
        """
        return -PairedCounts(self.second, self.first, self.n).upper(alpha)

    def upper(self, alpha: float) -> float:
        """Return the one-sided upper limit at level 1 − alpha."""
        if self.value == 1:
            return 1.0
        reach = NormalDist().inv_cdf(1 - alpha)
        return root(lambda difference: self.score(difference) + reach, self.value, 1.0)

    def score(self, difference: float) -> float:
        """Return how far above a difference the observed one lies, in standard errors there."""
        first, second = np.array([float(self.first)]), np.array([float(self.second)])
        return float(scores(first, second, self.n, difference)[0])


def scores(first: FloatArray, second: FloatArray, n: int, difference: float) -> FloatArray:
    """Return the score of each pair of counts."""
    gap = first - second - n * difference
    a, c = 2 * n, -second * difference * (1 - difference)
    b = -first - second + (2 * n - first + second) * difference
    apart = np.sqrt(np.maximum(b**2 - 4 * a * c, 0.0))
    # Of the two ways to write the larger root, the one that takes no number from one near it.
    slower = np.divide(-2 * c, b + apart, out=np.zeros_like(b), where=b + apart != 0)
    likeliest = np.where(b > 0, slower, (apart - b) / (2 * a))
    variance = n * (2 * likeliest + difference * (1 - difference))
    error = np.sqrt(np.maximum(variance, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(gap == 0, 0.0, gap / error)
    return cast(FloatArray, found)


def noninferiority_power(
    n: int, margin: float, *, discordance: float, difference: float, alpha: float
) -> float:
    """Return the chance that n pairs show the difference to lie above ``-margin``.

    Args:
        n: the number of pairs.
        margin: how much lower the first arm may be.
        discordance: the probability that the arms differ in a pair.
        difference: the true difference.
        alpha: the level of the test.

    Raises:
        ValueError: a difference that is larger than the discordance.
    """
    if abs(difference) > discordance:
        raise ValueError(f"expected a difference within ±{discordance}, found {difference}")
    reach = NormalDist().inv_cdf(1 - alpha)
    gain, loss = (discordance + difference) / 2, (discordance - difference) / 2
    log_factorial = np.cumsum(np.log(np.maximum(np.arange(n + 1), 1)))
    total = 0.0
    for losses in range(n + 1):
        gains = np.arange(n - losses + 1)
        same = n - losses - gains
        log_chance = log_factorial[n] - log_factorial[losses] - log_factorial[gains]
        log_chance = log_chance - log_factorial[same] + _power(same, 1 - discordance)
        log_chance += _power(gains, gain) + _power(np.array(losses), loss)
        shown = scores(gains.astype(float), np.full(gains.size, float(losses)), n, -margin) >= reach
        total += float(np.exp(log_chance[shown]).sum())
    return min(total, 1.0)


def _power(counts: np.ndarray, probability: float) -> np.ndarray:
    if probability <= NEGLIGIBLE:
        return np.where(counts == 0, 0.0, -np.inf)
    return counts * math.log(probability)
