"""Evidence that a canary is worse than the baseline beside it, in a constant number of numbers.

Each process is a tuple of floats: what there was before and what a look showed give what there is
after it. Looks are taken in order; the same looks give the same floats, after a restart as well.

Assumes: requests (or users) are routed at random; those of a look are independent given the past.
Reference: Ville (1939); Waudby-Smith & Ramdas (2024), "Estimating means of bounded random variables
by betting"; Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), "Time-uniform central limit theory
and asymptotic confidence sequences", Annals of Statistics 52.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import Support
from evalkit.stats.arrays import FloatArray
from evalkit.stats.streaming import Events, log_bets_on_ratio, log_mixture, tuning

Numbers: TypeAlias = tuple[float, ...]
"""Where a process stands; nothing in it before the first look."""

EXCESSES = (1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 20.0)
"""The rate ratios that are bet on, as multiples of the tolerated one: fixed before anything is seen."""
STAKES = 16
SPREAD_OF_STAKES = 5.0
LARGEST_STAKE = 0.99
LEAST_MEANS = 100
"""From so many values an arm on the sum of a look behaves as the theory of large samples says."""
TUNED_FOR = 1000.0
"""The number of values at which a mean without an end is watched most closely."""


# ---------------------------------------------------------------- events


def ratios_bet_on(tolerated: float) -> FloatArray:
    """Return the rate ratios that are bet on against a tolerated one."""
    return tolerated * np.array(EXCESSES)


def after_events(before: Numbers, candidate: Events, baseline: Events, tolerated: float) -> Numbers:
    """Return the log wealth of each bet after a look, by the share of chances as it was in it.

    >>> after = after_events((), Events(20, 1000), Events(190, 19_000), 1.0)
    >>> round(log_e_of(after), 3)
    2.445
    """
    chances = candidate.chances + baseline.chances
    ratios = ratios_bet_on(tolerated)
    if not chances:
        return before or (0.0,) * len(EXCESSES)
    look = np.array(
        [[candidate.found, candidate.found + baseline.found, candidate.chances / chances]], float
    )
    return _added(before, log_bets_on_ratio(look, tolerated, ratios))


def log_e_of(bets: Numbers) -> float:
    """Return the log e-value of some bets in equal parts; 0 before the first look."""
    return log_mixture(np.array(bets)) if bets else 0.0


# ---------------------------------------------------------------- values between two ends


def differences(candidate: FloatArray, baseline: FloatArray, factor: float) -> FloatArray:
    """Return ``candidate − factor · baseline``, a number a pair of groups that no value is in twice.

    The arm with fewer values gives one to each pair; those of the other are dealt out in the order
    they came, so that what is compared was asked at about the same time.

    >>> differences(np.array([1.0, 0.0]), np.array([0.0, 1.0, 1.0, 1.0]), 1.0)
    array([ 0.5, -1. ])
    """
    pairs = min(candidate.size, baseline.size)
    if not pairs:
        return np.zeros(0)
    found: FloatArray = _grouped(candidate, pairs) - factor * _grouped(baseline, pairs)
    return found


def after_values(before: Numbers, values: FloatArray, mean: float, support: Support) -> Numbers:
    """Return the log wealth of each stake on "the mean is above ``mean``" after further values.

    Raises:
        ValueError: a value outside the support, or a mean that no value lies below.
    """
    if values.size and not (
        support.lower - 1e-9 <= values.min() and values.max() <= support.upper + 1e-9
    ):
        raise ValueError(f"values have to lie between {support.lower} and {support.upper}")
    gains = np.array([np.log1p(stake * (values - mean)).sum() for stake in stakes(mean, support)])
    return _added(before, gains)


def stakes(mean: float, support: Support) -> FloatArray:
    """Return what is staked per unit of gain, the largest first: no loss takes all there is.

    Raises:
        ValueError: no value lies below the mean.
    """
    room = mean - support.lower
    if room <= 0:
        raise ValueError(f"every mean of values from {support.lower} is at least {mean}")
    steps = np.arange(STAKES) / (STAKES - 1)
    found: FloatArray = LARGEST_STAKE / room * np.exp(-SPREAD_OF_STAKES * steps)
    return found


# ---------------------------------------------------------------- means of large samples


@dataclass(frozen=True, slots=True)
class Moments:
    """How many values there were, their sum, and the sum of their squares."""

    count: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Their mean."""
        return self.total / self.count

    @property
    def around(self) -> float:
        """The sum of the squares of their distances from the mean."""
        return max(self.squares - self.total * self.total / self.count, 0.0)


@dataclass(frozen=True, slots=True)
class LargeSample:
    """The running sums behind a mean: of weighted differences, and of what their variance is made of.

    ``gained`` is the sum of weight times (difference − what is tolerated); ``weights_c`` and
    ``weights_b`` are sums of squared weights over the number of values, and ``around_c``/``free_c``
    the variance of a value within looks, by arm. A level that moves with the time of day moves both
    arms of a look, and so none of them.
    """

    gained: float = 0.0
    weights_c: float = 0.0
    weights_b: float = 0.0
    around_c: float = 0.0
    around_b: float = 0.0
    count_c: float = 0.0
    count_b: float = 0.0
    free_c: float = 0.0
    free_b: float = 0.0

    @property
    def numbers(self) -> Numbers:
        """The sums as a state keeps them."""
        return (
            self.gained, self.weights_c, self.weights_b, self.around_c, self.around_b,
            self.count_c, self.count_b, self.free_c, self.free_b,
        )  # fmt: skip

    def after(
        self, candidate: Moments, baseline: Moments, *, sign: int, factor: float, tolerated: float
    ) -> LargeSample:
        """Return the sums after a look, both arms of which have a value."""
        n_c, n_b = candidate.count, baseline.count
        weight = n_c * n_b / (n_c + n_b)
        excess = sign * (candidate.mean - factor * baseline.mean) - tolerated
        return LargeSample(
            self.gained + weight * excess,
            self.weights_c + weight * weight / n_c,
            self.weights_b + weight * weight / n_b,
            self.around_c + candidate.around,
            self.around_b + baseline.around,
            self.count_c + n_c,
            self.count_b + n_b,
            self.free_c + n_c - 1,
            self.free_b + n_b - 1,
        )

    def alone(self, candidate: Moments, *, sign: int, limit: float) -> LargeSample:
        """Return the sums after a look of the candidate alone, against a limit on its mean."""
        n_c = candidate.count
        return LargeSample(
            self.gained + sign * (candidate.total - n_c * limit),
            self.weights_c + n_c,
            0.0,
            self.around_c + candidate.around,
            0.0,
            self.count_c + n_c,
            self.count_b + n_c,  # there is no other arm that could have too few
            self.free_c + n_c - 1,
            0.0,
        )

    def log_e(self, alpha: float, factor: float) -> float:
        """Return the log e-value, asymptotic: of the normal mixture; 0 before 100 values an arm."""
        if min(self.count_c, self.count_b) < LEAST_MEANS or self.free_c <= 0:
            return 0.0
        spread_c = self.around_c / self.free_c
        spread_b = self.around_b / self.free_b * factor * factor if self.free_b > 0 else 0.0
        unit = (spread_c + spread_b) / (2 if self.free_b > 0 else 1)
        if unit <= 0:
            return 0.0
        variance = (self.weights_c * spread_c + self.weights_b * spread_b) / unit
        return log_e_normal(self.gained / math.sqrt(unit), variance, alpha)


def log_e_normal(total: float, variance: float, alpha: float) -> float:
    """Return the log e-value of "the mean is above 0" by a sum of values of variance 1 each.

    It passes ``1/alpha`` exactly where the sum passes the one-sided ``running_boundary``.
    """
    prior = tuning(2 * alpha, TUNED_FOR)
    whole = variance + prior
    size = total / math.sqrt(whole)
    # log 2Φ(size): far below 0 it is the logarithm of nothing.
    tail = math.erfc(-size / math.sqrt(2))
    growth = math.log(whole / prior) / 2
    if tail <= 0:
        return -growth - math.log1p(size * size)
    return size * size / 2 - growth + math.log(tail)


# ---------------------------------------------------------------- parts


def _added(before: Numbers, gained: FloatArray) -> Numbers:
    if not before:
        return tuple(gained.tolist())
    return tuple(old + new for old, new in zip(before, gained.tolist(), strict=True))


def _grouped(values: FloatArray, groups: int) -> FloatArray:
    if values.size == groups:
        return values
    edges = np.arange(groups + 1) * values.size // groups
    found: FloatArray = np.add.reduceat(values, edges[:-1]) / np.diff(edges)
    return found
