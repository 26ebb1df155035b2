"""A quantile beside that of the baseline, behind an estimate: a paired bootstrap, or MOVER."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.core.envelope import Limit
from evalkit.core.model import Arm
from evalkit.stats.arrays import FloatArray
from evalkit.stats.engines.protocol import Reach, usually_decided
from evalkit.stats.quantile_change import mover_limits, resampled_quantiles, weighted_quantiles
from evalkit.stats.resampling import enough_replicates, p_value, rank_above
from evalkit.stats.shift import Values
from evalkit.stats.special import normal_quantile

REPLICATES = 4_000
MORE_REPLICATES = 40_000
LEAST_ALPHA = 1e-9
ROUNDING = 1e-9
"""Quantiles that differ by less, relative to their size, are equal."""


@dataclass(frozen=True, slots=True)
class BothWays:
    """The values of both arms, with missing samples at their worst for either limit.

    For the lower limit a missing value of the candidate is the least it could be and one of the
    baseline the greatest, which may be infinite; for the upper limit the other way round.
    """

    low: Mapping[Arm, Values]
    high: Mapping[Arm, Values]
    seen: Mapping[Arm, Values]
    units: int

    def infinite(self, quantile: float) -> bool:
        """Return whether the quantile of what was seen is infinite in both arms: nothing to compare."""
        return all(np.isinf(found[0]) for found in _seen(self, quantile))


@dataclass(frozen=True)
class QuantileChange:
    """The change of a quantile, as a ratio or as a difference.

    ``change`` and the resampled changes are logarithms where ``ratio`` is true; ``low`` and ``high``
    have missing samples at their worst for the lower and for the upper limit, and are sorted. A
    replicate in which both quantiles are infinite (timeouts) says nothing and counts as the worst
    for either limit; where both are so in what was seen, ``change`` is 0 and says nothing either.
    """

    change: float
    low: FloatArray
    high: FloatArray
    ratio: bool
    method: str
    approximate: bool = True

    @classmethod
    def of(
        cls,
        arms: BothWays,
        quantile: float,
        *,
        ratio: bool,
        asked: Sequence[float],
        alpha: float,
        seed: int,
    ) -> QuantileChange:
        """Return the engine on both arms.

        Where a limit lies so near to a bound that was asked about that the number of replicates
        decides, ten times as many are drawn.

        Args:
            arms: the values.
            quantile: which one.
            ratio: whether the quantiles are divided or subtracted.
            asked: the bounds.
            alpha: how often a claim may be wrong.
            seed: of the resampling.

        Raises:
            ValueError: an arm has no value, or one that has no ratio.
        """
        _check(arms, ratio=ratio)
        change = float(_changes(_seen(arms, quantile), ratio=ratio, worst=0.0)[0])
        method = f"paired bootstrap of p{100 * quantile:g}"
        for replicates in (enough_replicates(REPLICATES, MORE_REPLICATES, alpha), MORE_REPLICATES):
            low, high = _drawn(arms, quantile, replicates, seed, ratio=ratio)
            found = cls(change, low, high, ratio, method)
            if not any(found.near(bound, alpha) for bound in asked):
                break
        return found

    @property
    def value(self) -> float:
        """The change of the quantiles that were seen."""
        return self._unlogged(self.change)

    @property
    def constant(self) -> bool:
        """Whether every replicate gave the same change: arms that never differed might, once seen."""
        return bool(self.low[0] == self.high[-1])

    def lower(self, alpha: float) -> float:
        """Return the lower limit."""
        rank = self.low.size + 1 - rank_above(self.low.size, alpha)
        limit = float(self.low[rank - 1]) if rank >= 1 else -math.inf
        return self._unlogged(min(limit, self.change))

    def upper(self, alpha: float) -> float:
        """Return the upper limit."""
        rank = rank_above(self.high.size, alpha)
        limit = float(self.high[rank - 1]) if rank <= self.high.size else math.inf
        return self._unlogged(max(limit, self.change))

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the change is below"; replicates on the bound speak against it."""
        at = self._logged(bound)
        at -= self._slack(at)
        beyond = self.high.size - int(np.searchsorted(self.high, at, side="left"))
        return max(p_value(beyond, self.high.size), float(self.change >= at))

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the change is above"; replicates on the bound speak against it."""
        at = self._logged(bound)
        at += self._slack(at)
        beyond = int(np.searchsorted(self.low, at, side="right"))
        return max(p_value(beyond, self.low.size), float(self.change <= at))

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound, by a narrower interval."""
        return _would_settle(self, limit, alpha, factor, truth)

    def near(self, bound: float, alpha: float) -> bool:
        """Return whether a limit is within two standard errors of its rank of a bound."""
        size, at = self.low.size, self._logged(bound)
        slack = 2 * math.sqrt(size * alpha * (1 - alpha))
        below = int(np.searchsorted(self.low, at, side="right"))
        above = size - int(np.searchsorted(self.high, at, side="left"))
        return abs(below - alpha * size) <= slack or abs(above - alpha * size) <= slack

    def _slack(self, at: float) -> float:
        """Return how much of a bound, or of a change beside it, is rounding."""
        if self.ratio:
            return ROUNDING
        return ROUNDING * max(
            (abs(each) for each in (at, self.change) if math.isfinite(each)), default=0.0
        )

    def _logged(self, bound: float) -> float:
        if not self.ratio:
            return bound
        return math.log(bound) if bound > 0 else -math.inf

    def _unlogged(self, change: float) -> float:
        return _exp(change) if self.ratio else change


@dataclass(frozen=True)
class QuantileMover:
    """The change of a quantile by MOVER: deterministic, and wider than the bootstrap.

    ``change`` and the values of the baseline and the candidate are logarithms where ``ratio`` is
    true; ``low`` and ``high`` have missing samples at their worst for either limit.
    """

    change: float
    low: tuple[FloatArray, FloatArray]
    high: tuple[FloatArray, FloatArray]
    quantile: float
    ratio: bool
    method: str
    approximate: bool = True
    constant: bool = False

    @classmethod
    def of(cls, arms: BothWays, quantile: float, *, ratio: bool) -> QuantileMover:
        """Return the engine on both arms, in each of which every unit has one value.

        Raises:
            ValueError: an arm has no value, or one that has no ratio, or a unit has not one value.
        """
        _check(arms, ratio=ratio)
        for side in (arms.low, arms.high):
            for values in side.values():
                if (np.bincount(values.unit, minlength=arms.units) != 1).any():
                    raise ValueError("exact limits need one value a unit")
        change = float(_changes(_seen(arms, quantile), ratio=ratio, worst=0.0)[0])
        sides = []
        for side in (arms.low, arms.high):
            pair = [side[arm].values for arm in (Arm.BASELINE, Arm.CANDIDATE)]
            sides.append(tuple(np.log(each) if ratio else each for each in pair))
        low, high = sides
        method = f"MOVER of exact limits of p{100 * quantile:g}"
        return cls(change, (low[0], low[1]), (high[0], high[1]), quantile, ratio, method)

    @property
    def value(self) -> float:
        """The change of the quantiles that were seen."""
        return self._unlogged(self.change)

    def lower(self, alpha: float) -> float:
        """Return the lower limit."""
        return self._unlogged(min(mover_limits(*self.low, self.quantile, alpha)[1], self.change))

    def upper(self, alpha: float) -> float:
        """Return the upper limit."""
        return self._unlogged(max(mover_limits(*self.high, self.quantile, alpha)[2], self.change))

    def p_below(self, bound: float) -> float:
        """Return the p-value of "the change is below": the alpha at which the limit meets it."""
        return self._p(lambda alpha: self.upper(alpha) < bound - ROUNDING * abs(bound))

    def p_above(self, bound: float) -> float:
        """Return the p-value of "the change is above": the alpha at which the limit meets it."""
        return self._p(lambda alpha: self.lower(alpha) > bound + ROUNDING * abs(bound))

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound, by a narrower interval."""
        return _would_settle(self, limit, alpha, factor, truth)

    def _p(self, claims: Callable[[float], bool]) -> float:
        """Return the least alpha at which a claim is made; limits move by ranks, in steps."""
        if not claims(0.5):
            return 1.0
        low, high = LEAST_ALPHA, 0.5
        while high / low > 1 + 1e-9:
            middle = math.sqrt(low * high)
            low, high = (low, middle) if claims(middle) else (middle, high)
        return high

    def _unlogged(self, change: float) -> float:
        return _exp(change) if self.ratio else change


# ---------------------------------------------------------------- parts


def _check(arms: BothWays, *, ratio: bool) -> None:
    """Raise an error where there is nothing to compare, or nothing to divide."""
    for values in (*arms.low.values(), *arms.high.values(), *arms.seen.values()):
        if not values.values.size:
            raise ValueError("both arms need a value")
        if not values.weights.min():
            raise ValueError("a value has the weight 0")
        if values.values.min() == -math.inf or (ratio and values.values.min() <= 0):
            raise ValueError(f"a value of {values.values.min():g} cannot be compared")


def _drawn(
    arms: BothWays, quantile: float, replicates: int, seed: int, *, ratio: bool
) -> tuple[FloatArray, FloatArray]:
    """Return resampled changes, sorted, for the lower and for the upper limit."""
    sides = [arms.low] if arms.high is arms.low else [arms.low, arms.high]
    every = [side[arm] for side in sides for arm in (Arm.CANDIDATE, Arm.BASELINE)]
    drawn = resampled_quantiles(every, quantile, arms.units, replicates, seed)
    low = np.sort(_changes(drawn[:2], ratio=ratio, worst=-math.inf))
    high = np.sort(_changes(drawn[-2:], ratio=ratio, worst=math.inf))
    return low, high


def _seen(arms: BothWays, quantile: float) -> list[FloatArray]:
    """Return the quantile of the candidate and that of the baseline, without missing samples."""
    ones = np.ones((1, arms.units))
    seen = [arms.seen[arm].in_order() for arm in (Arm.CANDIDATE, Arm.BASELINE)]
    return [weighted_quantiles(values, quantile, ones) for values in seen]


def _changes(quantiles: Sequence[FloatArray], *, ratio: bool, worst: float) -> FloatArray:
    """Return the change of each pair; two timeouts say nothing, and count as the worst."""
    candidate, baseline = quantiles
    with np.errstate(invalid="ignore"):
        found = np.log(candidate) - np.log(baseline) if ratio else candidate - baseline
    return np.where(np.isnan(found), worst, found)


def _exp(change: float) -> float:
    return math.exp(change) if change < 700 else math.inf


def _would_settle(
    engine: QuantileChange | QuantileMover, limit: Limit, alpha: float, factor: float, truth: float
) -> bool:
    now = engine.value
    below = (now - engine.lower(alpha)) / math.sqrt(factor)
    above = (engine.upper(alpha) - now) / math.sqrt(factor)
    if not math.isfinite(below + above):
        return False
    error = (below + above) / 2 / normal_quantile(1 - alpha)
    return usually_decided([Reach(below, above, error).chances(limit, truth)])
