"""Engine S behind an estimate: the mean of bounded values, proved, whenever one looks.

A claim about a bound is that of the bet at the bound itself. The interval is read off bets at many
means, of which one may hold where the bet at a bound does not, or the other way round, as stakes
differ. So the engine is told the bounds beforehand, and its limits keep to their side of each: a
limit lies beyond a bound exactly if the bet at the bound says so. Each claim is right with its own
probability 1 − α; what is shown beside it is a limit at the same level.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import Limit, LimitKind, Support
from evalkit.stats import betting
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.betting import Bet, Horizon, Plan, Units
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.evidence import CaseMeans, cluster_sums, observed_mean

BEYOND = 4e-9
"""A limit this far from a bound, relative to its size, is not taken to lie on it."""

MORE_UNITS = 1.15
"""So many times the units of engine G are planned for the same chance of a claim."""

LEAST = 0.05
"""Betting goes on until the p-value is this part of alpha: enough for Holm's twenty bounds."""

RARE_DISCORDANCE = 0.05
"""How often two arms are planned to differ where nothing is declared."""

Room: TypeAlias = tuple[float, float]


def room_between(bounds: Sequence[float], claimed: Callable[[float], bool], *, size: float) -> Room:
    """Return where the lower limit of a number may lie that was asked about some bounds.

    Claims are made in order: the number is above a bound if it is shown to be above all that lie
    lower as well.

    Args:
        bounds: what was asked, in ascending order.
        claimed: whether the number is claimed to be above a bound.
        size: that of the numbers that are compared, which their rounding goes by.

    Returns:
        A place clearly beyond the last bound that is claimed, and one clearly before the next;
        infinite where there is none.
    """
    low, high = -np.inf, np.inf
    for bound in bounds:
        if not claimed(bound):
            high = bound - BEYOND * size
            break
        low = bound + BEYOND * size
    return low, high


def usual_plan(limit: Limit, support: Support, *, rate: bool, reach: float = 1.0) -> Plan:
    """Return the plan for a bound of which nothing but its limit is known.

    Args:
        limit: the acceptable region.
        support: the values that what it is laid on can have.
        rate: whether these are its ends alone.
        reach: how large the differences are that it is laid on, against those of single draws.
    """
    if limit.kind is not LimitKind.ABSOLUTE:
        return betting.plan_for_difference(RARE_DISCORDANCE, reach)
    if limit.min is not None:
        return betting.plan_for_floor((limit.min - support.lower) / support.width)
    if rate and limit.max is not None:
        return betting.plan_for_floor((support.upper - limit.max) / support.width).mirrored
    return betting.plan_for_ceiling()


@dataclass(frozen=True)
class BettingMean:
    """Engine S: the mean of values in a declared support, in the order they came.

    ``above`` and ``below`` make the claims of either side, with missing samples at their worst for
    it; ``fixed`` is engine G on the same data.
    """

    value: float
    support: Support
    method: str
    above: Side
    below: Side
    fixed: BoundedMean
    approximate: bool = False
    constant: bool = False

    @classmethod
    def of(
        cls, means: CaseMeans, clusters: IntArray | None, support: Support, *,
        bounds: Sequence[float], alpha: float, plan: Plan, order: IntArray | None = None,
        horizon: Horizon = None, largest: int | None = None, least: float | None = None,
        method: str = "betting",
    ) -> BettingMean:  # fmt: skip
        """Return the engine on case means, or on clusters of them.

        Everything but the values has to be fixed before the first of them is seen.

        Args:
            means: a number a case, at its worst for either limit.
            clusters: a code a case, where cases belong together; a cluster comes where its first
                case does.
            support: the values a case can have.
            bounds: what is asked about: the ends of the limit.
            alpha: how often a claim may be wrong.
            plan: what values are expected, on a scale where the support is [0, 1].
            order: the places of the cases in the order of betting; as they are given otherwise.
            horizon: how many units are planned, look after look; left out, as many as there are.
            largest: the greatest number of cases of any cluster; left out, of these.
            least: the p-value at which betting stops; a twentieth of alpha where it is left out.
            method: what a reviewer reads.

        Raises:
            ValueError: a value lies outside the support, or a cluster is larger than ``largest``.
        """
        low = _units(means.low, clusters, support, order, largest)
        high = (
            low
            if means.high is means.low
            else _units(means.high, clusters, support, order, largest)
        )
        value = observed_mean(means)
        asked = tuple(sorted({_on_unit(bound, support) for bound in bounds}))
        size = max(support.width, abs(support.lower), abs(support.upper)) / support.width
        goal = LEAST * alpha if least is None else least
        seen = _on_unit(value, support)
        above = Side(low, plan, asked, alpha, goal, horizon, seen, size)
        mirrored = tuple(1 - bound for bound in reversed(asked))
        below = Side(high.mirrored, plan.mirrored, mirrored, alpha, goal, horizon, 1 - seen, size)
        name = method if clusters is None else f"{method} over clusters"
        fixed = BoundedMean.of(means, clusters, support, method="Gaffke")
        return cls(value, support, name, above, below, fixed)

    def lower(self, alpha: float) -> float:
        """Return the lower limit, on its side of every bound that was asked about."""
        return self.support.lower + self.support.width * self.above.limit(alpha)

    def upper(self, alpha: float) -> float:
        """Return the upper limit, on its side of every bound that was asked about."""
        return self.support.upper - self.support.width * self.below.limit(alpha)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "below", with missing samples at the upper end."""
        return self.below.p_value(1 - _on_unit(bound, self.support))

    def p_above(self, bound: float) -> float:
        """Return the p-value of "above", with missing samples at the lower end."""
        return self.above.p_value(_on_unit(bound, self.support))

    def below_after(self, bound: float) -> int | None:
        """Return after how many units "below" was claimed; nothing where it was not."""
        return self.below.claimed_after(1 - _on_unit(bound, self.support))

    def above_after(self, bound: float) -> int | None:
        """Return after how many units "above" was claimed; nothing where it was not."""
        return self.above.claimed_after(_on_unit(bound, self.support))

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound.

        As engine G would say of the part of them that it needs for the same chances.
        """
        return self.fixed.would_settle(limit, alpha, factor / MORE_UNITS, truth)


@dataclass(frozen=True, slots=True)
class Side:
    """The claims that a mean in [0, 1] lies above a bound; "below" is the mirrored one's.

    ``bounds`` are those that were asked about, in ascending order; ``value`` is the estimate, and
    ``size`` that of the numbers behind the unit interval, in its widths.
    """

    units: Units
    plan: Plan
    bounds: tuple[float, ...]
    alpha: float
    least: float
    horizon: Horizon
    value: float
    size: float

    def p_value(self, bound: float) -> float:
        """Return the p-value of "above", and above every lower bound that was asked about."""
        return max(self._p_value(each) for each in self._up_to(bound))

    def claimed_after(self, bound: float) -> int | None:
        """Return after how many units the claim was made; nothing where it was not."""
        latest = 0
        for each in self._up_to(bound):
            stopped = self._bet(each, self.alpha).stopped_at
            if stopped is None:
                return None
            latest = max(latest, stopped)
        return latest

    def limit(self, alpha: float) -> float:
        """Return the lower limit, on its side of every bound that was asked about."""

        def claimed(bound: float) -> bool:
            return self._bet(bound, alpha).stopped_at is not None

        low, high = room_between(self.bounds, claimed, size=self.size)
        within = max(low, 0.0), max(min(high, 1.0), 0.0)
        found = betting.lower_limit(
            self.units, alpha, self.plan, horizon=self.horizon, within=within
        )
        # An estimate lies inside its interval, unless it has left a claim that stays made.
        return max(low, min(found, self.value))

    def _up_to(self, bound: float) -> set[float]:
        return {each for each in self.bounds if each < bound} | {bound}

    def _p_value(self, bound: float) -> float:
        bet = self._bet(bound, self.alpha)
        # The last bit of a wealth that just reached its goal does not take the claim back.
        return bet.least_p_value if bet.stopped_at is None else min(bet.least_p_value, self.alpha)

    def _bet(self, bound: float, alpha: float) -> Bet:
        if bound < 0:
            return Bet(math.inf, math.inf, 0)
        if bound >= 1:
            return Bet(0.0, 0.0, None)
        least = min(self.least, alpha)
        return betting.bet_above(
            self.units, bound, alpha, self.plan, horizon=self.horizon, least=least
        )


# ---------------------------------------------------------------- parts


def _on_unit(value: float, support: Support) -> float:
    return (value - support.lower) / support.width


def _units(
    values: FloatArray, clusters: IntArray | None, support: Support, order: IntArray | None,
    largest: int | None,
) -> Units:  # fmt: skip
    """Return the units of case values on [0, 1], in betting order."""
    place = np.arange(values.size) if order is None else order
    scaled = (values[place] - support.lower) / support.width
    if clusters is None:
        return Units(scaled[None, :])
    codes = clusters[place]
    sums, sizes = cluster_sums(scaled, codes)
    _, first = np.unique(codes, return_index=True)
    came = np.argsort(first)
    most = float(sizes.max(initial=1.0)) if largest is None else float(largest)
    return Units.of_clusters(sums[came], sizes[came], largest=most)
