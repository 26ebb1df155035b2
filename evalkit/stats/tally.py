"""Values of bounded data become counts that add: the sufficient statistic of engine G.

A tally is exact up to 4,096 distinct values. Beyond that every value is split between its two
neighbours on a grid of 4,096 cells over the support, keeping its mean: a mean-preserving spread,
which moves limits outward by less than 1e-4 of their half-width (held by a test). Counts are
integers in units of 2⁻²⁰, so that adding tallies gives the same bits in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.core.envelope import Support
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.gaffke import Units

MAX_DISTINCT = 4096
GRID_CELLS = 4096
UNITS_PER_COUNT = 1 << 20


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each value occurs.

    ``values`` is sorted; ``parts`` counts in units of 2⁻²⁰; ``gridded`` says that the values have
    been spread over the grid, which whoever adds to this tally must do as well.
    """

    support: Support
    values: FloatArray
    parts: IntArray
    gridded: bool = False

    @classmethod
    def of(cls, values: FloatArray, support: Support) -> Tally:
        """Return the tally of an array of values.

        >>> Tally.of(np.array([1.0, 0.0, 1.0]), Support(0, 1)).units.counts
        array([1., 2.])
        """
        distinct, counts = np.unique(values, return_counts=True)
        parts = counts.astype(np.int64) * UNITS_PER_COUNT
        return _gridded_if_large(cls(support, distinct, parts))

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of both, the same bits in whatever order tallies are added.

        Raises:
            ValueError: the supports differ.
        """
        if self.support != other.support:
            raise ValueError(f"cannot add a tally on {other.support} to one on {self.support}")
        either = self.gridded or other.gridded
        a, b = (_gridded(self), _gridded(other)) if either else (self, other)
        distinct, where = np.unique(np.append(a.values, b.values), return_inverse=True)
        parts = np.zeros(distinct.size, np.int64)
        np.add.at(parts, where, np.append(a.parts, b.parts))
        return _gridded_if_large(Tally(self.support, distinct, parts, either))

    @property
    def n(self) -> int:
        """The number of values."""
        return int(self.parts.sum()) // UNITS_PER_COUNT

    @property
    def units(self) -> Units:
        """The tally as engine G takes it."""
        counts = self.parts / UNITS_PER_COUNT
        return Units(self.values, np.ones(self.values.size), counts)


def _gridded_if_large(tally: Tally) -> Tally:
    return _gridded(tally) if tally.values.size > MAX_DISTINCT else tally


def _gridded(tally: Tally) -> Tally:
    if tally.gridded:
        return tally
    place = (tally.values - tally.support.lower) / tally.support.width * GRID_CELLS
    cell = np.floor(place).astype(np.int64)
    to_right = np.rint((place - cell) * UNITS_PER_COUNT).astype(np.int64)
    counts = tally.parts // UNITS_PER_COUNT
    grid = np.zeros(GRID_CELLS + 2, np.int64)
    np.add.at(grid, cell, counts * (UNITS_PER_COUNT - to_right))
    np.add.at(grid, cell + 1, counts * to_right)
    used = np.flatnonzero(grid)
    nodes = tally.support.lower + tally.support.width * used.astype(np.float64) / GRID_CELLS
    return Tally(tally.support, nodes, grid[used], gridded=True)
