"""How many cases a bound needs, and what becomes of it: exact for rates and their differences.

Assumes: independent cases with one draw each; a rate is a binomial number, the changes of a paired
rate are a trinomial one.
Reference: chances are summed over all outcomes that engine G would decide on; the searches follow
Chow, Shao, Wang & Lokhnygina (2018), "Sample Size Calculations in Clinical Research", chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from evalkit.core.envelope import Support
from evalkit.core.plan import Cases
from evalkit.stats import binomial, gaffke
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.gaffke import Units
from evalkit.stats.least import ROUNDING
from evalkit.stats.roots import first_integer
from evalkit.stats.special import binomial_cdf

ASSUMED_DISCORDANCE = 0.05
"""Two draws of one model differ on so many cases, where nobody has seen how often they do."""

IN_A_ROW = 6
"""A number of cases is safe where it and the next five reach an aim."""

MOST_CASES = 200_000
"""Nobody collects more cases than this for one bound."""

DIFFERENCE = Support(-1.0, 1.0)
NEGLIGIBLE = 1e-12


# ---------------------------------------------------------------- rates


def critical_successes(n: int, floor: float, alpha: float) -> int:
    """Return the fewest successes of n that prove a rate above a floor; n + 1 if none do.

    >>> critical_successes(379, 0.85, 0.05)
    334
    """
    return first_integer(n + 1, lambda x: binomial.p_above(x, n, floor) <= alpha)


def floor_power(n: int, floor: float, truth: float, alpha: float) -> float:
    """Return the chance that n cases prove a rate to be at least ``floor``.

    >>> round(floor_power(379, 0.85, 0.9, 0.05), 9)
    0.901066184
    """
    return _at_least(critical_successes(n, floor, alpha), n, truth)


def rate_chances(
    n: int, low: float | None, high: float | None, truth: float, alpha: float
) -> tuple[float, float]:
    """Return the chances that n cases prove a rate inside its limits, and outside.

    >>> inside, outside = rate_chances(100, 0.85, None, 0.85, 0.05)
    >>> inside < 0.05, outside < 0.05
    (True, True)
    """
    fewest, most = 0, n
    outside = 0.0
    if low is not None:
        fewest = critical_successes(n, low, alpha)
        too_few = n - critical_successes(n, 1 - low, alpha)
        outside += binomial_cdf(too_few, n, truth) if too_few >= 0 else 0.0
    if high is not None:
        most = n - critical_successes(n, 1 - high, alpha)
        outside += _at_least(critical_successes(n, high, alpha), n, truth)
    inside = binomial_cdf(most, n, truth) if most >= 0 else 0.0
    inside -= binomial_cdf(fewest - 1, n, truth) if fewest > 0 else 0.0
    return min(max(inside, 0.0), 1.0), min(outside, 1.0)


def cases_for_floor(floor: float, truth: float, alpha: float, aim: float) -> Cases | None:
    """Return how many cases prove a floor with a chance of ``aim``; nothing if too many.

    The chance falls within each tooth of the saw, in which the number of failures that are allowed
    is the same, and jumps where it grows by one: a first hit lies at the start of a tooth.

    >>> [cases_for_floor(a, p, 0.05, 0.9) for a, p in ((0.85, 0.9), (0.9, 0.95))]
    [Cases(first=379, safe=401), Cases(first=239, safe=251)]
    """
    if truth <= floor:
        return None

    def reaches(failures: int) -> bool:
        n = tooth(failures)
        return n <= MOST_CASES and binomial_cdf(failures, n, 1 - truth) >= aim

    @cache
    def tooth(failures: int) -> int:
        """Return the first n at which so many failures still prove the floor."""
        start = failures + 1
        step = max(64, start)
        while binomial_cdf(failures, start + step, 1 - floor) > alpha and step <= MOST_CASES:
            step *= 2
        return start + first_integer(
            step, lambda n: binomial_cdf(failures, start + n, 1 - floor) <= alpha
        )

    most = 1
    while not reaches(most):
        most *= 2
        if tooth(most // 2) > MOST_CASES:
            return None
    failures = first_integer(most, reaches)
    # The tops of the teeth rise but for rounding of whole numbers: an earlier one may do as well.
    failures = next(f for f in range(max(0, failures - IN_A_ROW), failures + 1) if reaches(f))
    first = tooth(failures)
    safe = next(
        (n for n in range(first, MOST_CASES) if _stays(n, floor, truth, alpha, aim)), MOST_CASES
    )
    return Cases(first, safe)


def _stays(n: int, floor: float, truth: float, alpha: float, aim: float) -> bool:
    return all(floor_power(n + i, floor, truth, alpha) >= aim for i in reversed(range(IN_A_ROW)))


def _at_least(successes: int, n: int, truth: float) -> float:
    if successes > n:
        return 0.0
    return binomial_cdf(n - successes, n, 1 - truth)


# ---------------------------------------------------------------- paired differences of rates


@dataclass(frozen=True, slots=True)
class Changes:
    """The probabilities that a case gains a behaviour, and that it loses it."""

    gain: float
    loss: float

    @classmethod
    def of(cls, discordance: float, difference: float = 0.0) -> Changes:
        """Return the changes of so many cases that leave this difference of the rates.

        The discordance grows where it is too small for the difference.
        """
        changed = max(discordance, abs(difference))
        return cls((changed + difference) / 2, (changed - difference) / 2)


def paired_chances(
    n: int, low: float | None, high: float | None, changes: Changes, alpha: float
) -> tuple[float, float]:
    """Return the chances that n pairs prove a difference inside its limits, and outside.

    >>> inside, _ = paired_chances(60, -0.05, None, Changes.of(0.1), 0.05)
    >>> round(inside, 6)
    0.185369
    """
    weights = _Weights.of(n, changes)
    inside = np.ones(weights.chances.shape, dtype=np.bool_)
    outside = np.zeros(weights.chances.shape, dtype=np.bool_)
    if low is not None:
        inside &= weights.proven_above(low, alpha)
        outside |= weights.proven_below(low, alpha)
    if high is not None:
        inside &= weights.proven_below(high, alpha)
        outside |= weights.proven_above(high, alpha)
    total = float(weights.chances.sum())
    held, broken = float(weights.chances[inside].sum()), float(weights.chances[outside].sum())
    return held / total, broken / total


def paired_start(margin: float, discordance: float, alpha: float, aim: float, *, both: bool) -> int:
    """Return about how many pairs an unchanged candidate needs, by the normal approximation.

    >>> paired_start(0.03, 0.05, 0.05, 0.9, both=True)
    602
    """
    from statistics import NormalDist

    normal = NormalDist()
    missed = (1 - aim) / 2 if both else 1 - aim
    reach = normal.inv_cdf(1 - alpha) + normal.inv_cdf(1 - missed)
    return math.ceil(reach**2 * discordance / margin**2 - ROUNDING)


@dataclass(frozen=True, slots=True)
class _Weights:
    """The likely outcomes of n pairs: a row a number of losses, a column a number of gains."""

    n: int
    losses: IntArray
    gains: IntArray
    chances: FloatArray

    @classmethod
    def of(cls, n: int, changes: Changes) -> _Weights:
        losses, gains = _likely(n, changes.loss), _likely(n, changes.gain)
        apart = np.add.outer(losses, gains)
        rest = 1 - changes.gain - changes.loss
        same = n - apart
        log_chance = (
            _log_factorials(n)[n]
            - _log_factorials(n)[losses][:, None]
            - _log_factorials(n)[gains][None, :]
            - _log_factorials(n)[np.maximum(same, 0)]
            + _powers(losses, changes.loss)[:, None]
            + _powers(gains, changes.gain)[None, :]
            + _powers(same, rest)
        )
        return cls(n, losses, gains, np.where(same >= 0, np.exp(log_chance), 0.0))

    def proven_above(self, bound: float, alpha: float) -> np.ndarray:
        """Return which outcomes prove the difference to lie above a bound."""
        fewest = fewest_gains(self.n, bound, alpha, int(self.losses[-1]))
        return np.greater_equal.outer(-fewest[self.losses], -self.gains)

    def proven_below(self, bound: float, alpha: float) -> np.ndarray:
        """Return which outcomes prove the difference to lie below a bound."""
        fewest = fewest_gains(self.n, -bound, alpha, int(self.gains[-1]))
        return np.less_equal.outer(-self.losses, -fewest[self.gains])


@lru_cache(maxsize=256)
def fewest_gains(n: int, bound: float, alpha: float, most_losses: int) -> IntArray:
    """Return, for 0 to so many losses of n pairs, the gains that prove a difference above a bound.

    The number grows with the losses, so that one walk along the border finds them all; n + 1 says
    that no number does.
    """
    found = np.full(most_losses + 1, n + 1, np.int64)
    gains = 0
    for losses in range(most_losses + 1):
        while losses + gains <= n and not _proves_above(n, losses, gains, bound, alpha):
            gains += 1
        if losses + gains > n:
            break
        found[losses] = gains
    return found


def _proves_above(n: int, losses: int, gains: int, bound: float, alpha: float) -> bool:
    counts = {-1.0: losses, 0.0: n - losses - gains, 1.0: gains}
    there = {value: count for value, count in counts.items() if count}
    sums = np.array(list(there), float)
    units = Units(sums, np.ones(sums.size), np.array(list(there.values()), float))
    return gaffke.proves_above(units, DIFFERENCE, bound, alpha)


def _likely(n: int, probability: float) -> IntArray:
    """Return the numbers out of n that a probability makes likely enough to count."""
    low = first_integer(n, lambda x: binomial_cdf(x, n, probability) > NEGLIGIBLE)
    high = first_integer(n, lambda x: 1 - binomial_cdf(x, n, probability) < NEGLIGIBLE)
    return np.arange(low, high + 1)


@lru_cache(maxsize=64)
def _log_factorials(n: int) -> FloatArray:
    found = np.zeros(n + 1)
    np.cumsum(np.log(np.arange(1, n + 1)), out=found[1:])
    return found


def _powers(counts: IntArray, probability: float) -> FloatArray:
    if probability <= 0:
        return np.where(counts == 0, 0.0, -np.inf)
    return np.asarray(counts * math.log(probability), np.float64)


# ---------------------------------------------------------------- searches


def cases_for(chance: Callable[[int], float], aim: float, *, start: int) -> Cases | None:
    """Return how many cases give a chance of ``aim``, where more cases give a better one.

    The chance may rise like a saw: ``safe`` and the next five reach the aim, and ``first`` is the
    least number near it that does.

    Args:
        chance: of a number of cases.
        aim: the chance that is wanted.
        start: about how many cases are needed, from which the search sets out.
    """
    known = lru_cache(maxsize=None)(chance)

    def stays(n: int) -> bool:
        return all(known(n + i) >= aim for i in range(IN_A_ROW))

    high = max(1, start)
    while not stays(high):
        high = math.ceil(high * 1.3) + 1
        if high > MOST_CASES:
            return None
    low = high
    while low > 0 and stays(low):
        high, low = low, min(low - 1, math.floor(low / 1.15))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if stays(middle) else (middle, high)
    first = high
    for n in range(high - 1, 0, -1):
        if known(n) >= aim:
            first = n
        elif first - n > 2 * IN_A_ROW:
            break
    return Cases(first, high)
