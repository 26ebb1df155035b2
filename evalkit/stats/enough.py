"""How much traffic finds out a candidate that is so many times worse, in four canaries of five.

It decides when a canary may be promoted and says nothing about errors: those are held by the evidence
itself. A log e-value grows like a sum; its mean and its spread per value give the number of values at which
its lowest fifth has reached the alarm.

Assumes: the rates and spreads of the baseline as estimated so far.
Reference: the growth rate of a bet (Kelly 1956); simulated in tests/calibration/canary.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evalkit.core.envelope import Support
from evalkit.stats.side_by_side import (
    EXCESSES,
    LEAST_MEANS,
    STAKES,
    TUNED_FOR,
    ratios_bet_on,
    stakes,
)
from evalkit.stats.streaming import tuning

FOUR_OF_FIVE, NINE_OF_TEN = 0.8416212335729143, 1.2815515655446004
"""Quantiles of the normal distribution. Where two things have to be shown, each gets nine of ten."""
MOST = 10**12
"""More values than this are as good as never."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What a value adds to a log e-value on average, and the variance of that."""

    mean: float
    variance: float


def enough(
    growth: Growth, alpha: float, *, cost: float = 0.0, power: float = FOUR_OF_FIVE
) -> int | None:
    """Return the number of values at which an alarm would have come with 80 %; nothing for never.

    Args:
        growth: of the log e-value where the candidate is as bad as should be found out.
        alpha: the level of the alarm.
        cost: what is lost for good, because not all was bet on the right number.
        power: how often it would have come, as a quantile of the normal distribution.

    >>> enough(Growth(0.01, 0.02), 0.05)
    589
    """
    if growth.mean <= 0:
        return None
    goal = math.log(1 / alpha) + cost
    drag = power * math.sqrt(growth.variance)
    root = (drag + math.sqrt(drag * drag + 4 * growth.mean * goal)) / (2 * growth.mean)
    found = math.ceil(root * root)
    return found if found < MOST else None


def enough_events(
    rate: float,
    traffic: float,
    alpha: float,
    *,
    tolerated: float,
    ratio: float,
    power: float = FOUR_OF_FIVE,
) -> int | None:
    """Return how many chances of the canary show that its rate is ``ratio`` times the baseline's."""
    others = (1 - traffic) / traffic
    worse = min(ratio * rate, 1.0)
    best = None
    for bet in ratios_bet_on(tolerated).tolist():
        both = math.log((traffic * tolerated + 1 - traffic) / (traffic * bet + 1 - traffic))
        own = math.log(bet / tolerated) + both
        growth = Growth(
            worse * own + others * rate * both, worse * own * own + others * rate * both * both
        )
        best = _fewer(best, enough(growth, alpha, cost=math.log(len(EXCESSES)), power=power))
    return best


def enough_of_share(share: float, worse: float, alpha: float) -> int | None:
    """Return how many chances show a share to be above a limit where it is ``worse``, in 9 of 10."""
    worse = min(worse, 1 - 1e-6)
    if worse <= share:
        return None
    up, down = math.log(worse / share), math.log((1 - worse) / (1 - share))
    growth = Growth(worse * up + (1 - worse) * down, worse * (1 - worse) * (up - down) ** 2)
    # A mixture over all rates pays half a logarithm of their number.
    cost = 0.0
    found = None
    for _ in range(4):
        found = enough(growth, alpha, cost=cost, power=NINE_OF_TEN)
        cost = 0.5 * math.log(1 + (found or 0))
    return found


def enough_values(
    excess: float,
    variance: float,
    alpha: float,
    *,
    mean: float,
    support: Support,
    power: float = FOUR_OF_FIVE,
) -> int | None:
    """Return how many pairs show that a mean lies by ``excess`` above what is tolerated.

    Args:
        excess: how far the mean lies above ``mean`` where the candidate is as bad as that.
        variance: of a value.
        alpha: the level of the alarm.
        mean: what is tolerated.
        support: where the values lie.
        power: as of ``enough``.
    """
    best = None
    for stake in stakes(mean, support).tolist():
        growth = Growth(
            stake * excess - stake * stake * (variance + excess * excess) / 2,
            stake * stake * variance,
        )
        best = _fewer(best, enough(growth, alpha, cost=math.log(STAKES), power=power))
    return best


def enough_of_mean(
    excess: float, variance: float, alpha: float, *, power: float = FOUR_OF_FIVE
) -> int | None:
    """Return how many values show a mean without an end to lie by ``excess`` above the tolerated."""
    if variance <= 0 or excess <= 0:
        return None
    signal = excess * excess / variance
    growth = Growth(signal / 2, signal)
    prior = tuning(2 * alpha, TUNED_FOR)
    cost, found = 0.0, None
    for _ in range(4):
        found = enough(growth, alpha, cost=cost, power=power)
        cost = 0.5 * math.log1p((found or 0) / prior)
    return None if found is None else max(found, LEAST_MEANS)


def variance_of(found: float, squares: float, chances: int) -> float:
    """Return the variance of values of which the sum and the sum of squares are known.

    >>> variance_of(5.0, 5.0, 10)
    0.25
    """
    mean = found / chances
    return float(np.maximum(squares / chances - mean * mean, 0.0))


def _fewer(one: int | None, other: int | None) -> int | None:
    known = [number for number in (one, other) if number is not None]
    return min(known, default=None)
