"""Sums of many numbers that have the same bits in whatever order and portions they are added.

Assumes: finite values of a size of at most 1e90; each is rounded to 36 significant bits (1.5e-11 of
    it) before it is added, which depends on nothing but the value. What lies below 2⁻⁹⁰⁰ is 0.
Reference: sums on a fixed grid of exponents, as in Demmel & Nguyen (2015), "Parallel reproducible
    summation", IEEE Transactions on Computers 64. A value is the sum of multiples of 2^(36·level),
    each less than 2³⁶ of them: of 2¹⁶ such parts float64 adds every bit, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from evalkit.stats.arrays import FloatArray, IntArray

LEVEL_BITS = 36
MOST_ROWS = 1 << 16
LARGEST = 1e90
LOWEST_LEVEL = -25

_RADIX = 1 << LEVEL_BITS
_HALF = 1 << (LEVEL_BITS - 1)
_CARRY_AFTER = 512
"""The units of a portion are at most 2⁵² and a limb is below 2³⁶: so many of them fit."""
_DROPPED = 53 - LEVEL_BITS
_ROUNDER = 3 << 51
"""Adding 3·2⁵¹ units and taking them off again rounds a smaller number to whole units."""


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """The exact sums of several cells.

    ``limbs`` has a row a level and a column a cell: a sum is ``Σ limbs[i]·2^(36·(low + i))``. All
    limbs but the highest are from 0 to 2³⁶ − 1, and there is no level too many, so that equal sums
    have equal bits.
    """

    low: int
    limbs: IntArray

    @classmethod
    def nothing(cls, cells: int) -> Sums:
        """Return sums that are all 0."""
        return cls(0, np.zeros((1, cells), np.int64))

    @property
    def cells(self) -> int:
        """How many sums there are."""
        return int(self.limbs.shape[1])

    def __add__(self, other: Sums) -> Sums:
        """Return the sums of the same cells of both.

        >>> one, two = (segment_sums(np.array([x]), np.array([0])) for x in (0.5, -2.25))
        >>> float((one + two).fraction(0))
        -1.75
        """
        return total([self, other])

    def negative(self) -> Sums:
        """Return the sums of the same values with their signs turned.

        >>> sums = segment_sums(np.array([0.5, 2.25]), np.array([0]))
        >>> (sums + sums.negative()).limbs.any()
        np.False_
        """
        return canonical(self.low, -self.limbs)

    def placed(self, places: IntArray, cells: int) -> Sums:
        """Return sums of more cells, of which these are at some places and the others are 0."""
        limbs = np.zeros((len(self.limbs), cells), np.int64)
        limbs[:, places] = self.limbs
        return canonical(self.low, limbs)

    def at(self, places: IntArray) -> Sums:
        """Return the sums of some cells, perhaps with more levels than they need."""
        return Sums(self.low, self.limbs[:, places])

    def least(self) -> Sums:
        """Return the same sums with no level too many."""
        return canonical(self.low, self.limbs)

    def fraction(self, cell: int) -> Fraction:
        """Return one sum, exactly."""
        whole = sum(int(limb) << (LEVEL_BITS * i) for i, limb in enumerate(self.limbs[:, cell]))
        return Fraction(whole) * Fraction(2) ** (LEVEL_BITS * self.low)

    def everything(self) -> Fraction:
        """Return the sum over all cells, exactly."""
        whole = sum(sum(row.tolist()) << (LEVEL_BITS * i) for i, row in enumerate(self.limbs))
        return Fraction(whole) * Fraction(2) ** (LEVEL_BITS * self.low)

    def floats(self) -> FloatArray:
        """Return the sums in float64, each right but for its last bit or two.

        >>> segment_sums(np.array([0.5, 1e9, 0.25]), np.array([0, 2])).floats().tolist()
        [1000000000.5, 0.25]
        """
        digits, carry = [], np.zeros(self.cells, np.int64)
        for row in self.limbs:
            # Digits around 0 are the only ones of their sum, and the highest tells its size.
            carried = row + carry
            carry = (carried + _HALF) >> LEVEL_BITS
            digits.append(carried - (carry << LEVEL_BITS))
        digits.append(carry)
        found = np.zeros(self.cells)
        for i, digit in reversed(list(enumerate(digits))):
            found += np.ldexp(digit.astype(np.float64), LEVEL_BITS * (self.low + i))
        return found


def rounded(values: FloatArray) -> FloatArray:
    """Return values to 36 significant bits, which is what is added of them.

    >>> float(rounded(np.array([1 / 3]))[0])
    0.33333333333575865
    """
    bits = np.asarray(values, np.float64).view(np.int64) + (1 << (_DROPPED - 1))
    bits &= -(1 << _DROPPED)
    found: FloatArray = bits.view(np.float64)
    return found


def segment_sums(values: FloatArray, starts: IntArray) -> Sums:
    """Return the sums of runs of values, each from one of ``starts`` to the next.

    Args:
        values: finite, at most 1e90 in size, in one piece of memory.
        starts: rising from 0; nothing where there are no values.
    """
    portions = range(0, max(values.size, 1), _CARRY_AFTER * MOST_ROWS)
    return total(_portion(values, starts, start) for start in portions)


def _portion(values: FloatArray, starts: IntArray, begin: int) -> Sums:
    """Return what a portion of the values adds to the sums of all runs."""
    found: dict[int, IntArray] = {}
    end = min(begin + _CARRY_AFTER * MOST_ROWS, values.size)
    for start in range(begin, end, MOST_ROWS):
        stop = min(start + MOST_ROWS, end)
        first = int(np.searchsorted(starts, start, side="right")) - 1
        last = int(np.searchsorted(starts, stop, side="left"))
        inside = np.maximum(starts[first:last] - start, 0)
        for level, units in level_units(rounded(values[start:stop]), inside):
            if level not in found:
                found[level] = np.zeros(starts.size, np.int64)
            found[level][first:last] += units
    return of_levels(list(found.items()), starts.size)


def level_units(values: FloatArray, starts: IntArray) -> Iterable[tuple[int, IntArray]]:
    """Yield the sums of runs of at most 2¹⁶ rounded values, level by level: how many units of each.

    The values are used up: what is left of them is less than the units of the last level.
    """
    largest = max(float(values.max()), -float(values.min()))
    if largest == 0.0:
        return
    level = int(np.frexp(largest)[1] - 1) // LEVEL_BITS
    part = np.empty_like(values)
    while level >= LOWEST_LEVEL:
        rounder = np.ldexp(float(_ROUNDER), LEVEL_BITS * level)
        np.add(values, rounder, out=part)
        np.subtract(part, rounder, out=part)
        sums = np.ldexp(np.add.reduceat(part, starts), -LEVEL_BITS * level)
        yield level, sums.astype(np.int64)
        np.subtract(values, part, out=values)
        if not values.any():
            return
        level -= 1


def total(several: Iterable[Sums]) -> Sums:
    """Return the sums over several of the same cells, of which there is at least one."""
    found = list(several)
    return of_levels(
        [(sums.low + i, row) for sums in found for i, row in enumerate(sums.limbs)], found[0].cells
    )


def of_levels(parts: Sequence[tuple[int, IntArray]], cells: int) -> Sums:
    """Return the sums of so many cells from whole units of levels.

    Args:
        parts: a level, and how many of its units each cell has: below 2⁵² where a level comes more
            than once, else below 2⁶².
        cells: how many cells there are.
    """
    if not parts:
        return Sums.nothing(cells)
    low, high = min(level for level, _ in parts), max(level for level, _ in parts)
    limbs = np.zeros((high - low + 1, cells), np.int64)
    for count, (level, row) in enumerate(parts):
        limbs[level - low] += row
        if count % _CARRY_AFTER == _CARRY_AFTER - 1:
            sums = canonical(low, limbs)
            limbs = _aligned(sums, low, max(high, sums.low + len(sums.limbs) - 1))
            high = low + len(limbs) - 1
    return canonical(low, limbs)


def _aligned(sums: Sums, low: int, high: int) -> IntArray:
    limbs = np.zeros((high - low + 1, sums.cells), np.int64)
    limbs[sums.low - low : sums.low - low + len(sums.limbs)] = sums.limbs
    return limbs


def canonical(low: int, limbs: IntArray) -> Sums:
    """Return sums whose limbs are the only ones that say so; limbs are below 2⁶² in size."""
    rows = [limbs[0]]
    for row in limbs[1:]:
        rows.append(row + (rows[-1] >> LEVEL_BITS))
        rows[-2] = rows[-2] & (_RADIX - 1)
    while ((rows[-1] < -_HALF) | (rows[-1] >= _HALF)).any():
        rows.append(rows[-1] >> LEVEL_BITS)
        rows[-2] = rows[-2] & (_RADIX - 1)
    while len(rows) > 1 and _says_nothing(rows[-1], rows[-2]):
        top = rows.pop()
        rows[-1] = rows[-1] + (top << LEVEL_BITS)
    first = next((i for i, row in enumerate(rows) if row.any()), None)
    if first is None:
        return Sums.nothing(limbs.shape[1])
    return Sums(low + first, np.stack(rows[first:]))


def _says_nothing(top: IntArray, below: IntArray) -> bool:
    """Return whether the highest limb only carries the sign of the one below."""
    return bool(np.where(below < _HALF, top == 0, top == -1).all())
