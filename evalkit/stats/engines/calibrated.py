"""A detector's mean, corrected by the labels that a random part of its samples has.

Assumes: within each stratum the labelled samples are a random part of those of the same run; people
who judge two answers to one question do not lean in opposite directions. Every part has limits that
stay right on small samples; joining them is approximate.
Reference: stratified by the detector's verdict as in double sampling (Tenenbein 1970, JASA 65); scores
as in Angelopoulos et al. (2023), "Prediction-powered inference", Science 382; limits joined by MOVER
(Zou & Donner 2008, Statistics in Medicine 27).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from evalkit.core.envelope import Limit, Support
from evalkit.stats import gaffke
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import chances, usually_decided
from evalkit.stats.gaffke import Units
from evalkit.stats.roots import root

LEAST_P = 1e-12
"""Nothing that is joined from limits is known to be rarer than this."""

MOST_ALPHA = 0.5
"""A level from which on a limit says nothing any more."""


@dataclass(frozen=True, slots=True)
class Part:
    """One stratum: its share of all samples, and what is measured on its labelled ones."""

    weight: float
    units: Units
    support: Support

    @property
    def error(self) -> float:
        """How far the part may scatter, as a share of the whole."""
        units = self.units
        residuals = units.sums - units.sizes * units.mean
        spread = math.sqrt(float(units.counts @ residuals**2))
        return self.weight * spread / float(units.counts @ units.sizes)

    def below(self, alpha: float) -> float:
        """Return how far the truth of the whole may lie below because of this part."""
        found = self.units.mean - gaffke.lower_limit(self.units, self.support, alpha)
        return self.weight * max(found, 0.0)

    def above(self, alpha: float) -> float:
        """Return how far it may lie above."""
        found = gaffke.upper_limit(self.units, self.support, alpha) - self.units.mean
        return self.weight * max(found, 0.0)

    def mirrored(self, factor: float) -> Part:
        """Return the part of ``−factor`` times as much."""
        units, support = self.units, self.support
        return Part(
            self.weight * factor,
            replace(units, sums=-units.sums),
            Support(-support.upper, -support.lower),
        )

    def grown(self, factor: float) -> Part:
        """Return the part with so many times as many labels."""
        return replace(self, units=replace(self.units, counts=self.units.counts * factor))

    def narrowed(self, factor: float) -> Part:
        """Return the part with labels that scatter so many times as far."""
        middle = self.units.mean * self.units.sizes
        sums = middle + factor * (self.units.sums - middle)
        return replace(self, units=replace(self.units, sums=sums))


@dataclass(frozen=True, slots=True)
class Strata:
    """The parts of one arm, or of pairs; ``apart`` says that no unit lies in several of them."""

    parts: tuple[Part, ...]
    apart: bool

    def mirrored(self, factor: float) -> Strata:
        """Return the strata of ``−factor`` times the mean."""
        return replace(self, parts=tuple(part.mirrored(factor) for part in self.parts))

    def reach(self, of: Callable[[Part], float]) -> float:
        """Return what a number of all parts comes to: errors that may depend on each other add up."""
        found = [of(part) for part in self.parts]
        return math.hypot(*found) if self.apart else math.fsum(found)


@dataclass(frozen=True)
class CalibratedMean:
    """A mean by a detector, and by what people say of a part of what it read.

    ``predicted`` is the mean of what labels make of each sample's verdict; ``strata`` say how well they
    are known. ``apart`` says that every unit is one sample: then what a unit's verdict scatters by, and
    what its label does, are unrelated.
    """

    predicted: BoundedMean
    strata: tuple[Strata, ...]
    support: Support
    apart: bool
    method: str
    constant: bool = False
    approximate: bool = True

    @property
    def value(self) -> float:
        """The mean that people would find."""
        return min(max(self.predicted.value, self.support.lower), self.support.upper)

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        found = math.hypot(*(strata.reach(lambda part: part.error) for strata in self.strata))
        return self._joined(self.predicted.error, found)

    def lower(self, alpha: float) -> float:
        """Return the lower limit, with missing samples at the lower end."""
        labels = self._labels(lambda part: part.below(alpha))
        predicted = max(self.predicted.value - self.predicted.lower(alpha), 0.0)
        return max(self.predicted.value - self._joined(predicted, labels), self.support.lower)

    def upper(self, alpha: float) -> float:
        """Return the upper limit, with missing samples at the upper end."""
        labels = self._labels(lambda part: part.above(alpha))
        predicted = max(self.predicted.upper(alpha) - self.predicted.value, 0.0)
        return min(self.predicted.value + self._joined(predicted, labels), self.support.upper)

    def p_below(self, bound: float) -> float:
        """Return the level at which the upper limit is the bound."""
        return _level(lambda alpha: bound - self.upper(alpha))

    def p_above(self, bound: float) -> float:
        """Return the level at which the lower limit is the bound."""
        return _level(lambda alpha: self.lower(alpha) - bound)

    def grown(self, factor: float) -> CalibratedMean:
        """Return the engine on so many times as many samples and labels."""
        return self._with(self.predicted.grown(factor), lambda part: part.grown(factor))

    def narrowed(self, factor: float) -> CalibratedMean:
        """Return the engine on units that scatter so many times as far around their mean."""
        return self._with(self.predicted.narrowed(factor), lambda part: part.narrowed(factor))

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether so many times as many samples and labels would decide a bound."""
        return usually_decided([chances(self, limit, alpha, factor, truth)])

    def _labels(self, of: Callable[[Part], float]) -> float:
        return math.hypot(*(strata.reach(of) for strata in self.strata))

    def _joined(self, predicted: float, labels: float) -> float:
        return math.hypot(predicted, labels) if self.apart else predicted + labels

    def _with(self, predicted: BoundedMean, change: Callable[[Part], Part]) -> CalibratedMean:
        strata = [
            replace(each, parts=tuple(change(part) for part in each.parts)) for each in self.strata
        ]
        return replace(self, predicted=predicted, strata=tuple(strata))


def _level(excess: Callable[[float], float]) -> float:
    """Return the least level at which something is claimed; excess grows with the level."""
    if excess(MOST_ALPHA) <= 0:
        return 1.0
    if excess(LEAST_P) >= 0:
        return LEAST_P
    found = root(
        lambda log_alpha: excess(math.exp(log_alpha)), math.log(LEAST_P), math.log(MOST_ALPHA)
    )
    return math.exp(found)
