"""Engine S: a claim about a mean that may be looked at after every case.

Assumes: values in [0, 1] in an order fixed before the first was seen (a seeded shuffle).
Reference: wealth of a bettor against "the mean is at most m" (Ville 1939; Waudby-Smith & Ramdas
2024, "Estimating means of bounded random variables by betting"); the bets follow the rule STaR-ψ:
the one that would reach the goal soonest, judged by the past and by a plan made beforehand. Every
factor of the wealth has expectation at most 1 if the mean is at most m, whatever the plan, so that
``P(wealth ever ≥ 1/α) ≤ α``: a bad plan costs power, never validity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.stats.arrays import FloatArray

BETS = 24
LARGEST_BET = 0.99
PLAN_WEIGHT = 50.0
SPREAD_OF_BETS = 4.0
REACHED_WITHIN = 1e-12


@dataclass(frozen=True, slots=True)
class Plan:
    """What values are expected, fixed before the first is seen; weighs as much as 50 cases."""

    values: FloatArray
    shares: FloatArray

    @classmethod
    def of(cls, shares: Sequence[tuple[float, float]]) -> Plan:
        """Return the plan of pairs of a value and its share."""
        values, weights = zip(*shares, strict=True)
        return cls(np.array(values, float), np.array(weights, float))


@dataclass(frozen=True, slots=True)
class Bet:
    """Where the wealth stands: its logarithm, and after which case it reached the goal."""

    log_wealth: float
    stopped_at: int | None

    @property
    def p_value(self) -> float:
        """The p-value of the claim, valid at whatever case one stops."""
        return min(1.0, math.exp(-self.log_wealth))


def plan_for_floor(floor: float) -> Plan:
    """Return the plan for a rate that has to lie above a floor: five sixths of its room is used."""
    return Plan.of([(0.0, (1 - floor) * 5 / 6), (1.0, 1 - (1 - floor) * 5 / 6)])


def plan_for_ceiling() -> Plan:
    """Return the plan for one minus a score that has to lie below a ceiling near 0."""
    return Plan.of([(0.0, 0.01), (0.9, 0.1), (1.0, 0.89)])


def plan_for_difference(discordance: float) -> Plan:
    """Return the plan for (1 + D)/2 where D is a difference that is usually 0."""
    half = discordance / 2
    return Plan.of([(0.0, half), (0.5, 1 - discordance), (1.0, half)])


def bet_above(
    values: FloatArray, mean: float, alpha: float, plan: Plan, *, horizon: int | None = None
) -> Bet:
    """Bet that the mean lies above ``mean``, until the wealth reaches 1/alpha or values end.

    Args:
        values: in [0, 1], in the order they came.
        mean: the value that is claimed to be exceeded, 0 < mean < 1.
        alpha: how often the claim may be wrong.
        plan: what values were expected.
        horizon: how many values were planned; all of them where it is not given.
    """
    goal = math.log(1 / alpha)
    planned = values.size if horizon is None else horizon
    bets = _bets(mean)
    regret = PLAN_WEIGHT * (_loss(bets, plan.values, mean) @ plan.shares)
    seen, log_wealth = PLAN_WEIGHT, 0.0
    for count, value in enumerate(values.tolist(), 1):
        left = max(planned - count + 1, 1)
        chosen = float(bets[np.argmin((goal - log_wealth + left * regret / seen) / bets)])
        log_wealth += math.log1p(chosen * (value - mean))
        if log_wealth >= goal - REACHED_WITHIN:
            return Bet(log_wealth, count)
        gain = bets * (value - mean)
        regret += gain - np.log1p(gain)
        seen += 1
    return Bet(log_wealth, None)


def unrejected_means(
    values: FloatArray, means: FloatArray, alpha: float, plan: Plan, *, horizon: int | None = None
) -> FloatArray:
    """Return those of several means that a bettor against each of them does not reject.

    As ``bet_above`` for every mean at once: what a lower confidence limit is read off.
    """
    goal = math.log(1 / alpha)
    planned = values.size if horizon is None else horizon
    bets = np.stack([_bets(float(mean)) for mean in means])
    regret = PLAN_WEIGHT * np.stack(
        [
            _loss(row, plan.values, float(mean)) @ plan.shares
            for row, mean in zip(bets, means, strict=True)
        ]
    )
    log_wealth = np.zeros(means.size)
    open_ = np.ones(means.size, dtype=np.bool_)
    seen = PLAN_WEIGHT
    for count, value in enumerate(values.tolist(), 1):
        left = max(planned - count + 1, 1)
        cost = ((goal - log_wealth)[:, None] + left * regret / seen) / bets
        chosen = np.take_along_axis(bets, cost.argmin(axis=1)[:, None], axis=1)[:, 0]
        step = np.log1p(chosen * (value - means))
        log_wealth = np.where(open_, log_wealth + step, log_wealth)
        open_ &= log_wealth < goal - REACHED_WITHIN
        gain = bets * (value - means[:, None])
        regret += gain - np.log1p(gain)
        seen += 1
    return means[open_]


def _bets(mean: float) -> FloatArray:
    steps = np.arange(BETS - 1, -1, -1) / (BETS - 1)
    bets: FloatArray = LARGEST_BET / mean * np.exp(-SPREAD_OF_BETS * steps)
    return bets


def _loss(bets: FloatArray, values: FloatArray, mean: float) -> FloatArray:
    gain = np.outer(bets, values - mean)
    loss: FloatArray = gain - np.log1p(gain)
    return loss
