"""What every engine can say about one number, and what may be concluded from it.

An engine holds its data twice, with missing samples at their worst for the lower and for the
upper limit, so that a claim survives whatever the missing samples would have been.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from evalkit.core.envelope import Limit
from evalkit.stats.decision import proves_inside, proves_outside

USUALLY = 0.8416212335729143
"""The standard normal quantile of 0.8: "8 times in 10"."""

OFTEN = 0.8


class Engine(Protocol):
    """Limits and p-values for one number, from whatever data."""

    @property
    def value(self) -> float:
        """The point estimate, from what was observed."""
        ...

    @property
    def method(self) -> str:
        """What a reviewer reads behind the interval."""
        ...

    @property
    def approximate(self) -> bool:
        """Whether the limits have no exact guarantee."""
        ...

    @property
    def constant(self) -> bool:
        """Whether all data are equal and no range says how rare another value may be."""
        ...

    def lower(self, alpha: float) -> float:
        """Return the one-sided lower limit at level 1 − alpha."""
        ...

    def upper(self, alpha: float) -> float:
        """Return the one-sided upper limit at level 1 − alpha."""
        ...

    def p_below(self, bound: float) -> float:
        """Return the p-value of the claim "the value is below ``bound``"."""
        ...

    def p_above(self, bound: float) -> float:
        """Return the p-value of the claim "the value is above ``bound``"."""
        ...

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound, 8 times in 10.

        Args:
            limit: the acceptable region.
            alpha: the level of the claim.
            factor: how many times as many units.
            truth: the value that the new data would scatter around.
        """
        ...


class Mean(Engine, Protocol):
    """An engine for a mean, which can say what more of the same data would give."""

    @property
    def error(self) -> float:
        """The standard error of the value."""
        ...

    def grown(self, factor: float) -> Self:
        """Return the engine on ``factor`` times as many units of the same shape."""
        ...

    def narrowed(self, factor: float) -> Self:
        """Return the engine on units that scatter ``factor`` times as far around their mean."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the limits of some data lie from their value, and how far that scatters."""

    below: float
    above: float
    error: float

    @classmethod
    def of(cls, mean: Mean, alpha: float) -> Self:
        """Return the reach of a mean at level 1 − alpha."""
        return cls(mean.value - mean.lower(alpha), mean.upper(alpha) - mean.value, mean.error)

    def chances(self, limit: Limit, truth: float) -> tuple[float, float]:
        """Return how likely such data prove a mean inside a limit, and outside.

        Their limits lie as far from their mean as those at hand, and scatter around the truth as
        it does.
        """
        lower, upper = truth - self.below, truth + self.above
        if not self.error:
            inside = proves_inside(lower, upper, limit)
            return float(inside), float(proves_outside(lower, upper, limit))
        proven, broken = 1.0, 0.0
        if limit.min is not None:
            proven -= _normal_tail((lower - limit.min) / self.error)
            broken += _normal_tail((upper - limit.min) / self.error)
        if limit.max is not None:
            proven -= _normal_tail((limit.max - upper) / self.error)
            broken += _normal_tail((limit.max - lower) / self.error)
        return max(proven, 0.0), min(broken, 1.0)


def chances(
    mean: Mean, limit: Limit, alpha: float, factor: float, truth: float
) -> tuple[float, float]:
    """Return how likely ``factor`` times as much data prove a mean inside a limit, and outside."""
    return Reach.of(mean.grown(factor), alpha).chances(limit, truth)


def usually_decided(sides: Sequence[tuple[float, float]]) -> bool:
    """Return whether a bound is decided 8 times in 10: inside on all its sides, or outside on one.

    Args:
        sides: the chances of "inside" and of "outside" for each side.
    """
    inside = 1 - sum(1 - inside for inside, _ in sides)
    return max(inside, 0.0) + sum(outside for _, outside in sides) >= OFTEN


def _normal_tail(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))
