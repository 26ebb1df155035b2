"""Bounds of a group sequential test, which looks at its data a few times at a total level.

Assumes: sums of observations are normal, and each look's information is known beforehand.
Reference: Lan & DeMets (1983), "Discrete sequential boundaries for clinical trials", Biometrika 70;
the recursion is that of Armitage, McPherson & Rowe (1969), JRSS A 132, on the grid of Reboussin,
DeMets, Kim & Lan (2000), "Computations for group sequential boundaries using the Lan-DeMets
spending function method", Controlled Clinical Trials 21, whose program others publish bounds of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from evalkit.stats.arrays import FloatArray
from evalkit.stats.roots import root

FARTHEST = 8.0
"""So many standard deviations below the mean the grid begins."""

USUAL_STEP = 0.05
"""The grid of the published program, which moves bounds by up to 5e-5; half of it by a quarter."""


def power_spending(alpha: float, exponent: float) -> Callable[[float], float]:
    """Return how much of a level is spent at an information share: ``alpha·t^exponent``.

    >>> power_spending(0.05, 2)(0.5)
    0.0125
    """
    return lambda share: alpha * min(share, 1.0) ** exponent


def obrien_fleming_spending(alpha: float) -> Callable[[float], float]:
    """Return the spending that is near the bounds of O'Brien and Fleming: late, and all at 1.

    >>> round(obrien_fleming_spending(0.025)(1.0), 12)
    0.025
    """
    z = NormalDist().inv_cdf(1 - alpha / 2)
    return lambda share: 2 * _above(z / math.sqrt(min(share, 1.0)))


def upper_bounds(
    shares: Sequence[float], spending: Callable[[float], float], *, step: float = USUAL_STEP
) -> list[float]:
    """Return, for each look, the standard normal value from which on it stops.

    Args:
        shares: the information of each look, as a rising share of that of the last planned one.
        spending: the probability to have stopped by then, if nothing is to be found.
        step: that of the grid, in standard deviations of what a look adds.

    Raises:
        ValueError: shares that do not rise from above 0, or spending that does not grow.

    >>> [round(z, 4) for z in upper_bounds([0.5, 1.0], power_spending(0.05, 2))]
    [2.2414, 1.6997]
    """
    if not shares or any(b <= a for a, b in zip([0.0, *shares], shares, strict=False)):
        raise ValueError(f"expected information shares that rise from above 0, found {shares}")
    bounds: list[float] = []
    spent, before = 0.0, 0.0
    # The sum of what was seen, where no look has stopped.
    running = _Sum(np.zeros(1), np.ones(1))
    for look, share in enumerate(shares, start=1):
        due = spending(share) - spent
        if not 0 < due < 1:
            raise ValueError(f"expected spending that grows, found {due} for look {look}")
        added, deviation = math.sqrt(share - before), math.sqrt(share)
        bound = running.exceeded(due, added, deviation)
        bounds.append(bound / deviation)
        low = -FARTHEST * deviation
        nodes = math.ceil((bound - low) / (step * added)) + 1
        running = running.plus(np.linspace(low, bound, nodes), added)
        spent, before = spent + due, share
    return bounds


def nominal_levels(bounds: Sequence[float]) -> list[float]:
    """Return the one-sided p-value that each bound asks for at its look.

    >>> [round(p, 4) for p in nominal_levels([2.2414, 1.6997])]
    [0.0125, 0.0446]
    """
    return [_above(bound) for bound in bounds]


@dataclass(frozen=True, slots=True)
class _Sum:
    """A distribution on a grid: its places, and how much of the probability each stands for."""

    places: FloatArray
    masses: FloatArray

    def exceeded(self, due: float, added: float, deviation: float) -> float:
        """Return what the sum exceeds with a probability, after a normal number was added."""

        def gap(bound: float) -> float:
            tails = np.array([_above(z) for z in ((bound - self.places) / added).tolist()])
            # As logarithms, because what is due at the first looks is small.
            return math.log(max(float(self.masses @ tails), 1e-300) / due)

        return root(gap, -FARTHEST * deviation, 4 * FARTHEST * deviation)

    def plus(self, places: FloatArray, added: float) -> _Sum:
        """Return the distribution on other places, after a normal number was added."""
        apart = (places[:, None] - self.places) / added
        density = np.exp(-(apart**2) / 2) @ self.masses / (added * math.sqrt(2 * math.pi))
        widths = np.full(places.size, places[1] - places[0])
        widths[[0, -1]] /= 2
        return _Sum(places, density * widths)


def _above(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))
