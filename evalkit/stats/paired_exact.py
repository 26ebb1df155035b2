"""Exact p-values and limits for the mean of paired differences that are −1, 0 or 1.

Assumes: independent pairs, one draw an arm; no clusters.
Reference: the score statistic of Tango (1998), "Equivalence test and confidence interval for the
difference in proportions for the paired-sample design", orders the outcomes; their probability is
summed under the trinomial law and maximised over the discordance q, which only has to be sought up
to its upper limit at a level γ, at the price of γ (Berger & Boos 1994, "P values maximized over a
confidence set for the nuisance parameter"). A gain more or a loss less never lowers the statistic,
so that the probability of what is at least as extreme is largest on the bound itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evalkit.stats import binomial
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.roots import root

GAMMA = 0.001
TIED_WITHIN = 1e-9
GRID = 401
PEAKS = 3
FINER = 16
ZOOMS = 4
INWARD = 1e-12
LOOK_BACK = 0.06
LOOKS = 12
LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many pairs were lost (−1), how many gained (1), and how many there are in all."""

    losses: int
    gains: int
    pairs: int

    @property
    def mirrored(self) -> Outcome:
        """The same pairs with the arms exchanged."""
        return Outcome(self.gains, self.losses, self.pairs)


def p_above(outcome: Outcome, bound: float, *, gamma: float = GAMMA) -> float:
    """Return the p-value of the claim "the mean difference is above ``bound``".

    It is never below ``gamma``, but where the bound leaves nothing to chance.

    >>> round(p_above(Outcome(losses=0, gains=0, pairs=120), -0.03), 9)
    0.026858785
    """
    if outcome.gains + outcome.losses > outcome.pairs or min(outcome.gains, outcome.losses) < 0:
        raise ValueError(f"{outcome} has more differences than pairs")
    if bound < -1:
        return 0.0
    if not outcome.pairs or bound >= 1:
        return 1.0
    if bound == -1:
        return 0.0 if outcome.losses < outcome.pairs else 1.0
    highest = max(abs(bound), discordance_limit(outcome, gamma))
    extreme = _Extreme(outcome.pairs, bound, _gains_needed(outcome, bound, highest))
    return min(1.0, gamma + extreme.greatest(highest))


def p_below(outcome: Outcome, bound: float, *, gamma: float = GAMMA) -> float:
    """Return the p-value of the claim "the mean difference is below ``bound``"."""
    return p_above(outcome.mirrored, -bound, gamma=gamma)


def lower_limit(
    outcome: Outcome,
    alpha: float,
    *,
    within: tuple[float, float] = (-1.0, 1.0),
    gamma: float = GAMMA,
) -> float:
    """Return the one-sided lower limit of the mean difference at level 1 − alpha.

    Args:
        outcome: what was observed.
        alpha: how often the limit may lie above the mean; more than ``gamma``.
        within: a bound that is known to be exceeded at this level, and one that is not.
        gamma: the part of alpha that is paid for a limit of the discordance.

    The p-value has small steps down as well, where one outcome overtakes another, so that it can
    cross alpha more than once within a few hundredths of the interval: the lowest crossing counts.
    """
    if not gamma < alpha < 1:
        raise ValueError(f"alpha has to lie between {gamma} and 1, not at {alpha}")
    low, high = within
    if high <= low or not outcome.pairs or outcome.losses == outcome.pairs:
        return low

    def excess(bound: float) -> float:
        p_value = p_above(outcome, bound, gamma=gamma)
        return math.log(p_value / alpha) if p_value else -math.inf

    found = _crossing(excess, low, high)
    step = LOOK_BACK / LOOKS * ((outcome.gains - outcome.losses) / outcome.pairs - found)
    places = [place for back in range(LOOKS, 0, -1) if (place := found - back * step) > low]
    for before, place in zip([low, *places], places, strict=False):
        if excess(place) > 0:
            return _crossing(excess, before, place)
    return found


def upper_limit(
    outcome: Outcome,
    alpha: float,
    *,
    within: tuple[float, float] = (-1.0, 1.0),
    gamma: float = GAMMA,
) -> float:
    """Return the one-sided upper limit of the mean difference at level 1 − alpha."""
    low, high = within
    return -lower_limit(outcome.mirrored, alpha, within=(-high, -low), gamma=gamma)


def statistic(
    losses: IntArray | int, gains: IntArray | int, pairs: int, bound: float
) -> FloatArray:
    """Return the score statistic of "the mean difference is ``bound``", for −1 < bound < 1.

    >>> round(float(statistic(1, 1, 150, -0.03)), 9)
    1.928403449
    """
    lost = _lost_share(losses, gains, pairs, bound)
    variance = np.maximum(pairs * (2 * lost + bound * (1 - bound)), 0.0)
    gap = np.subtract(gains, losses) - pairs * bound
    # Without a difference, and with none expected, nothing speaks for either side.
    return np.divide(gap, np.sqrt(variance), out=np.zeros_like(variance), where=variance > 0)


def discordance_limit(outcome: Outcome, gamma: float = GAMMA) -> float:
    """Return the upper limit, at level 1 − gamma, of how often the arms differ."""
    return binomial.upper_limit(outcome.losses + outcome.gains, outcome.pairs, gamma)


def _crossing(excess: Callable[[float], float], low: float, high: float) -> float:
    """Return a place where an excess rises above 0, not below ``low`` and still without one."""
    # The ends are known to lie on either side, and not asked again.
    ends = {low: -math.inf, high: math.inf}
    found = root(lambda place: ends.get(place) or excess(place), low, high)
    while found > low and excess(found) > 0:
        found = max(low, found - INWARD)
    return found


def _lost_share(
    losses: IntArray | int, gains: IntArray | int, pairs: int, bound: float
) -> FloatArray:
    """Return the most likely probability of a loss if the mean difference is ``bound``."""
    lost, won = np.asarray(losses, np.float64), np.asarray(gains, np.float64)
    linear = (2 * pairs - won + lost) * bound - won - lost
    constant = 8 * pairs * lost * bound * (1 - bound)
    length = np.sqrt(np.maximum(linear**2 + constant, 0.0))
    # Of two nearly equal numbers, the difference is what their squares differ by over their sum.
    rising = linear > 0
    over = constant / np.where(rising, length + linear, 1.0)
    found: FloatArray = np.where(rising, over, length - linear) / (4 * pairs)
    return found


def _gains_needed(outcome: Outcome, bound: float, highest: float) -> IntArray:
    """Return for each number of differences how many gains are as extreme as the outcome.

    One more than the differences where none are. The number never falls with the differences and
    rises by one at most, as a gain more or a loss less never lowers the statistic. More differences
    than ever come at the highest discordance are left out (Bernstein: once in e^50).
    """
    spread = math.sqrt(outcome.pairs * highest * (1 - highest))
    most = min(outcome.pairs, math.ceil(outcome.pairs * highest + 10 * spread + 40))
    observed = statistic(outcome.losses, outcome.gains, outcome.pairs, bound) - TIED_WITHIN
    differences = np.arange(most + 1)
    low, high = np.zeros_like(differences), differences + 1
    while np.any(low < high):
        # Where the search is over, the middle may be one gain too many: it is not used there.
        middle = np.minimum((low + high) // 2, differences)
        extreme = statistic(differences - middle, middle, outcome.pairs, bound) >= observed
        going = low < high
        high = np.where(going & extreme, middle, high)
        low = np.where(going & ~extreme, middle + 1, low)
    return low


@dataclass(frozen=True, slots=True)
class _Extreme:
    """The outcomes that are as extreme as the one observed: with so many gains a difference."""

    pairs: int
    bound: float
    needed: IntArray

    def greatest(self, highest: float) -> float:
        """Return their greatest probability over discordances from ``|bound|`` to ``highest``."""
        lowest = abs(self.bound)
        places = lowest + (highest - lowest) * np.linspace(0, 1, GRID) ** 2
        heights = self.probability(places)
        best = float(heights.max())
        peaks = np.argsort(-heights, kind="stable")[:PEAKS]
        low, high = places[np.maximum(peaks - 1, 0)], places[np.minimum(peaks + 1, GRID - 1)]
        column = np.arange(PEAKS)
        for _ in range(ZOOMS):
            finer = np.linspace(low, high, FINER + 1)
            heights = self.probability(finer.ravel()).reshape(finer.shape)
            best = max(best, float(heights.max()))
            top = heights.argmax(axis=0)
            low = finer[np.maximum(top - 1, 0), column]
            high = finer[np.minimum(top + 1, FINER), column]
        return best

    def probability(self, discordances: FloatArray) -> FloatArray:
        """Return their probability for each of several discordances.

        The number of differences is binomial, and so is that of gains among them. The tail of the
        latter is carried from one number of differences to the next by what one more changes.
        """
        gain = (discordances + self.bound) / (2 * np.maximum(discordances, LEAST))
        gain = np.clip(gain, 0.0, 1.0)
        before, rises = np.arange(self.needed.size - 1), np.diff(self.needed)
        edge = self.needed[:-1] - 1 + rises
        reached = (edge >= 0) & (edge <= before)
        change = _binomial(before, np.where(reached, edge, 0), gain) * reached[:, None]
        change *= np.where(rises[:, None] == 0, gain, gain - 1)
        tails = np.vstack([np.zeros_like(gain), np.cumsum(change, axis=0)])
        tails += float(self.needed[0] == 0)
        differences = np.arange(self.needed.size)
        weights = _binomial(np.full_like(differences, self.pairs), differences, discordances)
        found: FloatArray = (weights * tails).sum(axis=0)
        return found


def _binomial(trials: IntArray, successes: IntArray, chances: FloatArray) -> FloatArray:
    """Return the probability of so many successes: a row a number of trials, a column a chance."""
    factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, trials.max(initial=0) + 1)))])
    ways = factorials[trials] - factorials[successes] - factorials[trials - successes]
    log_yes = np.log(np.maximum(chances, LEAST))
    log_no = np.log(np.maximum(1 - chances, LEAST))
    rows = ways[:, None] + np.outer(successes, log_yes) + np.outer(trials - successes, log_no)
    found: FloatArray = np.exp(rows)
    return found
