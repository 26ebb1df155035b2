"""Rules that decide on a bound: ours, and those in use elsewhere, written anew by what they do.

A rule about a rate is the set of counts that it passes; so its error rates are sums of exact
probabilities. A rule about a paired difference passes pairs of counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
from scipy.stats import binom, norm

from evalkit.stats import binomial
from evalkit.stats.arrays import BoolArray, FloatArray
from evalkit.stats.planning import fewest_gains
from evalkit.testing.comparison.tango import scores

ALPHA = 0.05
Z = float(norm.ppf(1 - ALPHA))

RateRule: TypeAlias = Callable[[int, float], BoolArray]
"""For n cases and a floor: whether each number of successes, from 0 to n, passes."""

PairRule: TypeAlias = Callable[[int, float], BoolArray]
"""For n pairs and a margin: whether each number of losses (a row) and gains (a column) passes."""

MOST_MOVED = 330
"""Pairs of counts are looked at up to so many losses and gains: more are too rare to matter."""


# ---------------------------------------------------------------- a rate has to be at least a floor


def exact_rate(n: int, floor: float) -> BoolArray:
    """Pass where the exact lower limit (Clopper–Pearson, engine G) reaches the floor: evalkit."""
    return np.array([binomial.p_above(x, n, floor) <= ALPHA for x in range(n + 1)])


def wald_rate(n: int, floor: float) -> BoolArray:
    """Pass where estimate − 1.645 standard errors reaches the floor: the CLT interval of many tools."""
    share = np.arange(n + 1) / n
    return np.asarray(share - Z * np.sqrt(share * (1 - share) / n) >= floor)


def bootstrap_rate(n: int, floor: float) -> BoolArray:
    """Pass where the 5th percentile of resampled rates reaches the floor: the percentile bootstrap.

    Resampling 0s and 1s is drawing from a binomial distribution, whose percentile is exact.
    """
    share = np.arange(n + 1) / n
    return np.asarray(binom.ppf(ALPHA, n, share) / n >= floor)


def point_rate(n: int, floor: float) -> BoolArray:
    """Pass where the estimate reaches the floor: a threshold on a score."""
    return np.asarray(np.arange(n + 1) / n >= floor - 1e-12)


def not_significant_rate(n: int, floor: float) -> BoolArray:
    """Pass unless the rate is significantly below the floor: a test whose silence passes."""
    return np.array([binomial.p_below(x, n, floor) > ALPHA for x in range(n + 1)])


RATE_RULES: dict[str, RateRule] = {
    "evalkit (exact)": exact_rate,
    "CLT interval": wald_rate,
    "percentile bootstrap": bootstrap_rate,
    "point comparison": point_rate,
    "not significant = pass": not_significant_rate,
}


def rate_chance(rule: RateRule, n: int, floor: float, truth: float) -> float:
    """Return the probability that a rule passes."""
    return float(binom.pmf(np.arange(n + 1), n, truth) @ rule(n, floor))


# ---------------------------------------------------------------- a difference must not be below −margin


@cache
def _counts(n: int) -> tuple[FloatArray, FloatArray]:
    most = min(n, MOST_MOVED) + 1
    losses, gains = np.meshgrid(np.arange(most), np.arange(most), indexing="ij")
    return losses.astype(float), gains.astype(float)


def engine_g_pairs(n: int, margin: float) -> BoolArray:
    """Pass where the lower limit of engine G on paired differences reaches −margin: evalkit."""
    losses, gains = _counts(n)
    fewest = fewest_gains(n, -margin, ALPHA, losses.shape[0] - 1)
    return np.asarray(gains >= fewest[:, None])


def tango_pairs(n: int, margin: float) -> BoolArray:
    """Pass where Tango's score test shows the difference above −margin (approximate)."""
    losses, gains = _counts(n)
    return np.asarray(scores(gains, losses, n, -margin) >= Z)


def paired_z(n: int, margin: float) -> BoolArray:
    """Pass where difference − 1.645 paired standard errors reaches −margin: the paired CLT."""
    losses, gains = _counts(n)
    change = (gains - losses) / n
    error = np.sqrt(np.maximum((gains + losses) / n - change**2, 0) / n)
    return np.asarray(change - Z * error >= -margin)


def not_significant_pairs(n: int, margin: float) -> BoolArray:
    """Pass unless there is a significant drop (paired z-test, 5 %): silence passes, no margin."""
    del margin
    losses, gains = _counts(n)
    moved = np.maximum(losses + gains, 1)
    return np.asarray((losses - gains) / np.sqrt(moved) < Z)


def superior_pairs(n: int, margin: float) -> BoolArray:
    """Pass where the candidate is significantly better (paired z-test, 5 %)."""
    del margin
    losses, gains = _counts(n)
    moved = np.maximum(losses + gains, 1)
    return np.asarray((gains - losses) / np.sqrt(moved) >= Z)


def point_pairs(n: int, margin: float) -> BoolArray:
    """Pass where the observed difference is at least −margin: no interval."""
    losses, gains = _counts(n)
    return np.asarray((gains - losses) / n >= -margin - 1e-12)


PAIR_RULES: dict[str, PairRule] = {
    "evalkit (engine G)": engine_g_pairs,
    "Tango score (approximate)": tango_pairs,
    "paired CLT": paired_z,
    "point comparison": point_pairs,
    "superiority test": superior_pairs,
    "not significant = pass": not_significant_pairs,
}


def pair_chance(rule: PairRule, n: int, margin: float, discordance: float, truth: float) -> float:
    """Return the probability that a rule passes, if so many pairs differ by so much on balance."""
    moved = max(discordance, abs(truth))
    gain, loss = (moved + truth) / 2, (moved - truth) / 2
    losses, gains = _counts(n)
    same = n - losses - gains
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = (
            math.lgamma(n + 1)
            - _log_factorial(losses) - _log_factorial(gains) - _log_factorial(same)
            + _times_log(losses, loss) + _times_log(gains, gain) + _times_log(same, 1 - moved)
        )  # fmt: skip
    chances = np.where(same >= 0, np.exp(logs), 0.0)
    return float(chances[rule(n, margin)].sum())


def _log_factorial(counts: FloatArray) -> FloatArray:
    table = np.array([math.lgamma(k + 1) for k in range(int(counts.max()) + 1)])
    return np.asarray(table[np.maximum(counts, 0).astype(int)])


def _times_log(counts: FloatArray, probability: float) -> FloatArray:
    if probability <= 0:
        return np.where(counts == 0, 0.0, -np.inf)
    return counts * math.log(probability)
