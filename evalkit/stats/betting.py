"""Engine S: a claim about a mean that may be looked at after every unit.

Assumes: independent units with values in [0, 1], in an order fixed before the first was seen.
Reference: wealth of a bettor against "the mean is at most m" (Ville 1939, "Étude critique de la
notion de collectif"; Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by
betting"). The stakes follow the rule STaR-ψ: the one that would reach the goal soonest, judged by
the past and by a plan made beforehand.

A stake is chosen before the value it is laid on is seen, and no factor of the wealth has an
expectation above 1 if the mean is at most m. So ``P(wealth ever ≥ 1/α) ≤ α``, whatever the plan,
the horizon, or when one looks; a bad plan costs power, never validity. Three things follow:

- A claim that was made stays made, and an undecided bet may be continued with further values.
- ``1/(the highest wealth so far)`` is a p-value: it is at most α exactly if the wealth ever was
  1/α or more. It only falls as values come, and it is at most α exactly if the claim at α was
  made, so that p-value and claim never disagree. ``1/(the wealth now)``, which is never less, is
  valid as well wherever one stops.
- A bettor who has reached 1/α may go on to a higher goal: what was claimed stays claimed, and the
  p-value can fall below the α that was asked first. Holm's correction needs that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from evalkit.stats.arrays import FloatArray, IntArray

SPREAD_OF_STAKES = 4.0
REACHED_WITHIN = 1e-12
ROUNDING = 1e-9

COARSE, FINE, FINEST = 50, 80, 20
"""Into how many parts the range of a limit is cut, then two of those, then one of these."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What values in [0, 1] are expected, fixed before the first is seen.

    ``weight`` is how many units the expectation counts for. There are ``stakes`` stakes to choose
    from, the largest of which puts ``largest`` of the wealth at risk.
    """

    values: FloatArray
    shares: FloatArray
    weight: float = 50.0
    stakes: int = 24
    largest: float = 0.99

    @classmethod
    def of(cls, shares: Sequence[tuple[float, float]]) -> Plan:
        """Return the plan of pairs of a value and its share."""
        values, weights = zip(*shares, strict=True)
        return cls(np.array(values, float), np.array(weights, float))

    @property
    def mirrored(self) -> Plan:
        """The plan for one minus the value."""
        return replace(self, values=1 - self.values)

    def stakes_against(self, means: FloatArray) -> FloatArray:
        """Return what may be staked per unit of gain against each mean: a row a mean."""
        steps = np.arange(self.stakes - 1, -1, -1) / (self.stakes - 1)
        found: FloatArray = self.largest / means[:, None] * np.exp(-SPREAD_OF_STAKES * steps)
        return found


def plan_for_floor(floor: float) -> Plan:
    """Return the plan for a rate that has to lie above a floor: five sixths of its room is used."""
    missed = (1 - floor) * 5 / 6
    return Plan.of([(0.0, missed), (1.0, 1 - missed)])


def plan_for_ceiling() -> Plan:
    """Return the plan for a score that has to lie below a ceiling near 0."""
    return Plan.of([(0.0, 0.89), (0.1, 0.1), (1.0, 0.01)])


def plan_for_difference(discordance: float = 0.05, reach: float = 1.0) -> Plan:
    """Return the plan for (1 + D)/2, where D is a difference that is usually 0.

    The discordance has to be declared or known from other data: read off the draws that are
    compared here, it would let the values to come speak in the stakes. So has the ``reach``, how
    large the differences are that are not 0: of means of several draws they are smaller.
    """
    half = discordance / 2
    return Plan.of([((1 - reach) / 2, half), (0.5, 1 - discordance), ((1 + reach) / 2, half)])


@dataclass(frozen=True, slots=True)
class Bet:
    """Where one bet stands: its wealth now and at its highest, and when the claim was made.

    ``stopped_at`` counts units; nothing where the claim was not made.
    """

    log_wealth: float
    highest: float
    stopped_at: int | None

    @property
    def p_value(self) -> float:
        """The p-value by the wealth as it stands."""
        return math.exp(-max(self.log_wealth, 0.0))

    @property
    def least_p_value(self) -> float:
        """The p-value by the highest wealth there was: at most alpha where the claim was made."""
        return math.exp(-self.highest)


@dataclass(frozen=True, slots=True)
class Units:
    """Independent units in betting order: a row a data set, a column a unit.

    ``sums`` are values in [0, 1] and ``sizes`` is 1. A cluster has the sum of its case values and
    the number of its cases, both divided by the greatest number of cases that was declared.
    """

    sums: FloatArray
    sizes: FloatArray | float = 1.0

    def __post_init__(self) -> None:
        if np.any(self.sums < -ROUNDING) or np.any(self.sums > self.sizes + ROUNDING):
            raise ValueError("values have to lie between 0 and 1")
        if np.any(np.asarray(self.sizes) <= 0) or np.any(np.asarray(self.sizes) > 1):
            raise ValueError("sizes have to lie above 0, and at or below 1")

    @classmethod
    def of_clusters(cls, sums: FloatArray, sizes: FloatArray, *, largest: float) -> Units:
        """Return clusters, the largest possible of which was declared beforehand.

        Raises:
            ValueError: a cluster is larger.
        """
        return cls(np.atleast_2d(sums) / largest, np.atleast_2d(sizes) / largest)

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.sums.shape[1])

    @property
    def mirrored(self) -> Units:
        """The units of one minus the value."""
        return replace(self, sums=self.sizes - self.sums)

    def gains(self, means: FloatArray) -> FloatArray:
        """Return by how much each unit exceeds a mean: a row a data set or a mean."""
        sizes = self.sizes if isinstance(self.sizes, float) else np.atleast_2d(self.sizes)
        sums = np.clip(self.sums, 0.0, sizes)
        found: FloatArray = sums - means[:, None] * sizes
        return found


Values: TypeAlias = FloatArray | Units

Horizon: TypeAlias = int | Sequence[int] | None
"""How many units are planned: one number, those of one look after another, or as many as come."""


@dataclass(frozen=True, slots=True)
class Wealth:
    """Where bets stand, and what is needed to go on with them: a row a data set or a mean.

    ``first`` and ``last`` are the logarithms of the wealth at which the claim is made and at
    which betting stops; ``regret`` is what each stake has lost beside its plain gain, and
    ``weight`` for how many units that counts, the plan's included.
    """

    means: FloatArray
    stakes: FloatArray
    first: float
    last: float
    log_wealth: FloatArray
    highest: FloatArray
    stopped_at: IntArray
    regret: FloatArray
    weight: float
    seen: int = 0

    @classmethod
    def before(
        cls, means: FloatArray, alpha: float, plan: Plan, *, least: float | None = None
    ) -> Wealth:
        """Return the wealth before the first value.

        Args:
            means: the values that are claimed to be exceeded, above 0 each.
            alpha: how often a claim may be wrong.
            plan: what values are expected.
            least: the p-value at which betting stops; alpha where it is not given.

        Raises:
            ValueError: a mean is not above 0, or alpha not between 0 and 1, or below ``least``.
        """
        goal = alpha if least is None else least
        if not np.all(means > 0):
            raise ValueError("a mean of 0 is exceeded by any value above it: no bet is needed")
        if not 0 < goal <= alpha < 1:
            raise ValueError(f"0 < least ≤ alpha < 1 is broken by {goal} and {alpha}")
        stakes = plan.stakes_against(means)
        gains = stakes[:, :, None] * (plan.values - means[:, None])[:, None, :]
        nothing = np.zeros(means.size)
        return cls(
            means, stakes, math.log(1 / alpha), math.log(1 / goal), nothing, nothing,
            np.zeros(means.size, np.int64), plan.weight * ((gains - np.log1p(gains)) @ plan.shares),
            plan.weight,
        )  # fmt: skip

    def bet(self, row: int = 0) -> Bet:
        """Return where one of the bets stands."""
        stopped = int(self.stopped_at[row])
        return Bet(float(self.log_wealth[row]), float(self.highest[row]), stopped or None)


def bet_above(
    values: Values, mean: float, alpha: float, plan: Plan, *, horizon: Horizon = None,
    least: float | None = None,
) -> Bet:  # fmt: skip
    """Bet that the mean lies above ``mean``, until the goal is reached or values end.

    Args:
        values: in [0, 1], in the order they came; or units of them.
        mean: the value that is claimed to be exceeded, from 0 to 1.
        alpha: how often the claim may be wrong.
        plan: what values are expected.
        horizon: how many units are planned; as many as there are where it is not given.
        least: the p-value at which betting stops; alpha where it is not given.

    >>> bet_above(np.ones(40), 0.85, 0.05, plan_for_floor(0.85)).stopped_at
    33
    """
    units = _units(values)
    if not 0 <= mean <= 1:
        raise ValueError(f"a mean of values in [0, 1] is asked about, not {mean}")
    if mean == 0:
        return _bet_above_nothing(units)
    return bet_above_many(units, mean, alpha, plan, horizon=horizon, least=least).bet()


def bet_above_many(
    values: Values, mean: float | FloatArray, alpha: float, plan: Plan, *,
    horizon: Horizon = None, least: float | None = None,
) -> Wealth:  # fmt: skip
    """Bet on many data sets at once, a row each; or on one, against many means.

    As ``bet_above`` otherwise, but that every mean has to lie above 0.
    """
    units = _units(values)
    means = np.atleast_1d(np.asarray(mean, np.float64))
    rows = max(units.sums.shape[0], means.size)
    start = Wealth.before(np.broadcast_to(means, (rows,)), alpha, plan, least=least)
    return bet_on(start, units, horizon=horizon)


def bet_on(wealth: Wealth, values: Values, *, horizon: Horizon = None) -> Wealth:
    """Go on betting where bets stand, with further values.

    Args:
        wealth: where they stand; left as it is.
        values: the values that come next.
        horizon: how many units are planned in all, those seen before included; a look that was
            added once the one before had ended comes after it.
    """
    units = _units(values)
    planned, further = _plans(horizon, wealth.seen + units.count)
    gains = units.gains(wealth.means)
    log_wealth, highest = wealth.log_wealth.copy(), wealth.highest.copy()
    stopped_at, regret, weight = wealth.stopped_at.copy(), wealth.regret.copy(), wealth.weight
    stakes, rows = wealth.stakes, np.arange(wealth.means.size)
    for place in range(units.count):
        seen = wealth.seen + place
        goal = np.where(stopped_at > 0, wealth.last, wealth.first)
        missing = goal - log_wealth
        open_ = highest < wealth.last - REACHED_WITHIN
        if not open_.any():
            break
        while seen >= planned:
            # Beyond its last horizon, a bet is planned to last as long again: the last units of a
            # plan are staked on as if there was nothing to lose.
            planned = next(further, max(2 * planned, 1))
        left = planned - seen
        soonest = ((missing[:, None] + left * regret / weight) / stakes).argmin(axis=1)
        gain = gains[:, place]
        log_wealth += np.where(open_, np.log1p(stakes[rows, soonest] * gain), 0.0)
        np.maximum(highest, log_wealth, out=highest)
        reached = (stopped_at == 0) & (highest >= wealth.first - REACHED_WITHIN)
        stopped_at[reached] = seen + 1
        plain = stakes * gain[:, None]
        regret += plain - np.log1p(plain)
        weight += 1
    return replace(
        wealth, log_wealth=log_wealth, highest=highest, stopped_at=stopped_at, regret=regret,
        weight=weight, seen=wealth.seen + units.count,
    )  # fmt: skip


def lower_limit(
    values: Values, alpha: float, plan: Plan, *, horizon: Horizon = None,
    within: tuple[float, float] = (0.0, 1.0),
) -> float:  # fmt: skip
    """Return the lower end of the means that no bettor rejects.

    Of the means on a grid, the last before the first that is not rejected: one bettor each. The
    grid is at least as fine as 2,000 steps, and finer by a factor of 20 around the limit.

    Args:
        values: in [0, 1], in the order they came; or units of them.
        alpha: how often the limit may lie above the mean.
        plan: what values are expected.
        horizon: how many units are planned; as many as there are where it is not given.
        within: a mean that is known to be rejected (or 0), and one that is not (or 1).
    """
    units = _units(values)
    low, high = within
    if high <= low:
        return low
    for parts, behind in ((COARSE, 2), (FINE, 1), (FINEST, 1)):
        means = np.linspace(low, high, parts + 1)
        reached = bet_above_many(units, means[1:-1], alpha, plan, horizon=horizon).stopped_at
        open_ = np.flatnonzero(reached == 0)
        first = int(open_[0]) + 1 if open_.size else parts
        # One mean that is rejected beyond one that is not may hide it: the finer look starts early.
        low, high = float(means[max(first - behind, 0)]), float(means[first])
    return low


# ---------------------------------------------------------------- parts


def _plans(horizon: Horizon, count: int) -> tuple[int, Iterator[int]]:
    """Return the first number of units that is planned, and those of further looks."""
    plans = iter([count] if horizon is None else [horizon] if isinstance(horizon, int) else horizon)
    return next(plans), plans


def _units(values: Values) -> Units:
    return values if isinstance(values, Units) else Units(np.atleast_2d(values))


def _bet_above_nothing(units: Units) -> Bet:
    """Return the bet that a mean is above 0: the first value above it leaves no doubt."""
    above = np.flatnonzero(units.sums[0] > 0)
    if not above.size:
        return Bet(0.0, 0.0, None)
    return Bet(math.inf, math.inf, int(above[0]) + 1)
