"""What becomes of a bound if the candidate truly has some value: its operating characteristic.

Assumes: as much data of the same shape, whose value scatters normally around the truth; a rate, and
a difference of rates, scatter as the truth makes them.
Reference: the operating characteristic curve of Wald (1947), "Sequential Analysis", section 2.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from evalkit.core.envelope import UNIT_INTERVAL, Bound, Kind, LimitKind
from evalkit.core.verdict import Chance
from evalkit.stats.arrays import FloatArray
from evalkit.stats.engines.betting import BettingMean
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.paired_exact import ExactPaired
from evalkit.stats.engines.protocol import OFTEN, Engine, Reach
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.requirements import possible
from evalkit.stats.roots import root
from evalkit.stats.special import normal_quantile

Pair: TypeAlias = tuple[float, float]
"""The chances that a bound is proven, and that it is shown broken."""

POINTS = 25
ANCHORS = 4
REACH = 5.0
FARTHEST_STEPS = 60


class Chances(Protocol):
    """What becomes of a bound at a true value, and how far estimates scatter around it."""

    @property
    def scatter(self) -> float:
        """About how far an estimate lies from the truth; 0 where nothing scatters."""
        ...

    def at(self, truth: float) -> Pair:
        """Return the chances of a candidate that truly has a value."""
        ...


@dataclass(frozen=True, slots=True)
class Operating:
    """The chances of one bound on as much data as an engine holds.

    ``reach`` is that of the data at hand, at ``value``. A quantile of times scatters as many times
    as far as it is large; everything else scatters alike wherever it lies.
    """

    bound: Bound
    reach: Reach
    value: float

    @classmethod
    def of(cls, bound: Bound, engine: Engine, *, limits: Pair | None = None) -> Chances | None:
        """Return the chances by an engine; nothing where its limits are not finite.

        ``limits`` are those of the engine at the bound's alpha, where they are known already.
        """
        if fixed(engine) is not engine:
            engine, limits = fixed(engine), None
        reach = _reach(bound, engine, limits)
        if not all(map(math.isfinite, (reach.below, reach.above, reach.error))):
            return None
        if isinstance(engine, BoundedMean) and _counts(bound, engine):
            return RateOperating(bound, engine)
        return cls(bound, reach, engine.value)

    @property
    def scatter(self) -> float:
        """About how far an estimate lies from the truth."""
        reach = self._reach_at(max(map(abs, _sides(self.bound))))
        return max(reach.error, (reach.below + reach.above) / 4)

    def at(self, truth: float) -> Pair:
        """Return the chances of a candidate that truly has a value."""
        return self._reach_at(truth).chances(self.bound.limit, truth)

    def _reach_at(self, truth: float) -> Reach:
        grows = self.bound.statistic.quantile is not None and self.value > 0
        if not grows or self.bound.limit.kind is not LimitKind.ABSOLUTE:
            return self.reach
        times = truth / self.value
        return Reach(times * self.reach.below, times * self.reach.above, times * self.reach.error)


@dataclass(frozen=True, slots=True)
class RateOperating:
    """The chances of a rate, or of a difference of rates, which scatter as the truth makes them."""

    bound: Bound
    engine: BoundedMean

    @property
    def scatter(self) -> float:
        """About how far an estimate lies from the truth, where that is on a limit."""
        differs = self.bound.limit.kind is LimitKind.DELTA
        there = [self.engine.with_rate(side, differs=differs) for side in _sides(self.bound)]
        # One case more or less is the least that a rate can be off.
        return max(max(each.error, 1.5 / self.engine.low.count) for each in there)

    def at(self, truth: float) -> Pair:
        """Return the chances of a candidate that truly has a value."""
        return self.reach_at(truth).chances(self.bound.limit, truth)

    def reach_at(self, truth: float) -> Reach:
        """Return how far limits lie from a true value."""
        differs = self.bound.limit.kind is LimitKind.DELTA
        return Reach.of(self.engine.with_rate(truth, differs=differs), self.bound.alpha)


@dataclass(frozen=True, slots=True)
class Interpolated:
    """The chances of a rate, read off a few true values: between them its reach is a straight line."""

    bound: Bound
    scatter: float
    truths: FloatArray
    columns: FloatArray

    @classmethod
    def of(cls, seen: RateOperating) -> Interpolated:
        """Return the chances over the span of a bound."""
        truths = np.linspace(*span(seen.bound, seen.scatter), ANCHORS)
        reaches = [seen.reach_at(float(truth)) for truth in truths]
        columns = np.array([[each.below, each.above, each.error] for each in reaches])
        return cls(seen.bound, seen.scatter, truths, columns)

    def at(self, truth: float) -> Pair:
        """Return the chances of a candidate that truly has a value."""
        found = (float(np.interp(truth, self.truths, column)) for column in self.columns.T)
        return Reach(*found).chances(self.bound.limit, truth)


def _sides(bound: Bound) -> list[float]:
    return [side for side in (bound.limit.min, bound.limit.max) if side is not None]


def fixed(engine: Engine) -> Engine:
    """Return engine G on the same data, where an alternative to it was asked for."""
    return engine.fixed if isinstance(engine, (BettingMean, ExactPaired)) else engine


def span(bound: Bound, scatter: float) -> Pair:
    """Return the values between which the chances of a bound still move."""
    ends, sides = possible(bound), _sides(bound)
    low, high = min(sides) - REACH * scatter, max(sides) + REACH * scatter
    return max(low, ends.lower), min(high, ends.upper)


def curve(bound: Bound, at: Callable[[float], Pair], scatter: float) -> tuple[Chance, ...]:
    """Return the operating characteristic of a bound, from one end of what moves to the other."""
    low, high = span(bound, scatter)
    if not scatter or not low < high:
        return ()
    truths = [float(truth) for truth in np.linspace(low, high, POINTS)]
    return tuple(Chance(truth, *at(truth)) for truth in truths)


def caught(bound: Bound, at: Callable[[float], Pair], scatter: float, *, up: bool) -> float | None:
    """Return the value beyond one limit that would be shown broken 8 times in 10, if there is one.

    Args:
        bound: whose limit.
        at: the chances at a true value.
        scatter: about how far an estimate lies from the truth.
        up: whether the upper limit is meant.
    """
    limit = bound.limit.max if up else bound.limit.min
    if limit is None or not scatter:
        return None
    ends, far = possible(bound), limit
    for step in range(1, FARTHEST_STEPS):
        near, far = far, limit + (step if up else -step) * scatter / 2
        far = min(max(far, ends.lower), ends.upper)
        if at(far)[1] >= OFTEN:
            return _first_often(at, near, far)
        if far in {ends.lower, ends.upper}:
            return None
    return None


def _first_often(at: Callable[[float], Pair], near: float, far: float) -> float:
    def excess(value: float) -> float:
        return at(value)[1] - OFTEN

    return near if excess(near) >= 0 else root(excess, min(near, far), max(near, far))


def _reach(bound: Bound, engine: Engine, limits: Pair | None) -> Reach:
    value, alpha = engine.value, bound.alpha
    lower, upper = (engine.lower(alpha), engine.upper(alpha)) if limits is None else limits
    below, above = value - lower, upper - value
    if isinstance(engine, (BoundedMean, UnboundedMean)):
        return Reach(below, above, engine.error)
    return Reach(below, above, (below + above) / 2 / normal_quantile(1 - alpha))


def _counts(bound: Bound, engine: BoundedMean) -> bool:
    """Return whether data scatter as a rate does; scores that were all equal may, at the most."""
    return bound.metric.kind is Kind.RATE or (
        bound.metric.support == UNIT_INTERVAL and not engine.error
    )
