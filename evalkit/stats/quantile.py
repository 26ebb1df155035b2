"""Quantiles of observed values, and exact limits for them by rank.

Assumes: independent values from one distribution, of any shape.
Reference: order-statistic limits as in Hahn & Meeker (1991), "Statistical Intervals", section 5.2;
the sample quantile is type 7 of Hyndman & Fan (1996).
"""

from __future__ import annotations

import math

import numpy as np

from evalkit.stats.arrays import FloatArray
from evalkit.stats.roots import first_integer_near
from evalkit.stats.special import binomial_cdf, normal_quantile

LEAST_LEVEL = 1e-12


def rank_limits(n: int, quantile: float, alpha: float) -> tuple[int, int]:
    """Return the ranks, from 1, of the lower and the upper one-sided limit of a quantile.

    A lower rank of 0 and an upper rank of n + 1 say that n values give no limit on that side.

    >>> rank_limits(59, 0.95, 0.05)
    (53, 59)
    >>> rank_limits(58, 0.95, 0.05)[1]
    59
    """
    return lower_rank(n, quantile, alpha), upper_rank(n, quantile, alpha)


def lower_rank(n: int, quantile: float, alpha: float) -> int:
    """Return the rank of the lower limit of a quantile; 0 where n values give none."""
    if not n:
        return 0
    # The largest r with P(at least r of n) >= 1 - alpha is one below the first that fails.
    return (
        first_integer_near(
            _guess(n, quantile, alpha) + 1,
            n + 1,
            lambda r: r > 0 and 1 - binomial_cdf(r - 1, n, quantile) < 1 - alpha,
        )
        - 1
    )


def upper_rank(n: int, quantile: float, alpha: float) -> int:
    """Return the rank of the upper limit of a quantile; n + 1 where n values give none."""
    if not n:
        return 1
    return 1 + first_integer_near(
        _guess(n, quantile, 1 - alpha), n, lambda j: binomial_cdf(j, n, quantile) >= 1 - alpha
    )


def _guess(n: int, quantile: float, level: float) -> int:
    """Return about which number of successes among n is not exceeded at a level."""
    reach = normal_quantile(min(max(level, LEAST_LEVEL), 1 - LEAST_LEVEL))
    spread = math.sqrt(n * quantile * (1 - quantile))
    return math.floor(n * quantile + reach * spread + (1 - 2 * quantile) * (reach**2 - 1) / 6)


def sample_quantile(
    values: FloatArray, quantile: float, weights: FloatArray | None = None
) -> float:
    """Return the quantile of sorted values by linear interpolation; infinite values are allowed.

    A value stands in the middle of its weight, and the first and the last at the ends of the scale:
    with equal weights that is type 7.

    >>> sample_quantile(np.array([1.0, 2.0, 4.0]), 0.75)
    3.0
    """
    steps = np.ones(values.size - 1) if weights is None else (weights[1:] + weights[:-1]) / 2
    places = np.concatenate([[0.0], np.cumsum(steps)])
    place = places[-1] * quantile
    above = min(int(np.searchsorted(places, place, side="right")), values.size - 1)
    below = max(above - 1, 0)
    low, high = float(values[below]), float(values[above])
    if low == high or place <= places[below]:
        return low
    return low + float((place - places[below]) / (places[above] - places[below])) * (high - low)
