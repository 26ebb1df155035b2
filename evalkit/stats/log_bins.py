"""Counts of values in bins of a fixed relative width, from which quantiles and their limits are read.

Assumes: independent values from one distribution, of any shape. A limit is the outer edge of the bin
    that holds the value of its rank, so that what a bin is wide makes an interval wider, never
    narrower.
Reference: limits by rank as in ``evalkit.stats.quantile``; bins of a constant relative width as in
    Masson, Rim & Lee (2019), "DDSketch", PVLDB 12. A bin here is what values have in common in
    float64's sign, exponent and first eight bits of the mantissa: 0.2 to 0.4 % of its value wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.quantile import lower_rank, upper_rank

MANTISSA_BITS = 8
BIN_LIMIT = 1 << (11 + MANTISSA_BITS)
"""Bins are from −BIN_LIMIT to BIN_LIMIT − 1."""

_SHIFT = 52 - MANTISSA_BITS
_KEY_SHIFT = MANTISSA_BITS + 12


def bins_of(values: FloatArray) -> IntArray:
    """Return the bin of each value, which may be infinite; higher values have no lower bins.

    >>> bins_of(np.array([-1.0, 0.0, 1.0, 1.001, 1.01])).tolist()
    [-261889, 0, 261888, 261888, 261890]
    """
    whole = np.add(values, 0.0)  # −0 becomes 0
    bits = whole.view(np.int64) >> _SHIFT
    if bits.size and int(bits.min()) < 0:
        # Of a negative number the bits below the sign grow with its size.
        bits = np.where(bits < 0, ~(bits & (BIN_LIMIT - 1)), bits)
    return bits


def edges(place: int) -> tuple[float, float]:
    """Return between which values a bin lies; an infinite value has a bin of its own.

    >>> edges(261888)
    (1.0, 1.00390625)
    """
    if place < 0:
        low, high = edges(~place)
        return -high, -low
    low, high = (
        float(np.array([min(place + i, _INFINITE) << _SHIFT]).view(np.float64)[0]) for i in (0, 1)
    )
    return low, high


_INFINITE = 0x7FF << MANTISSA_BITS


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How many values lie in each bin, and between which values all of them lie.

    ``bins`` rise, and ``counts`` are above 0.
    """

    bins: IntArray
    counts: IntArray
    least: float
    most: float

    @classmethod
    def of(cls, values: FloatArray) -> Histogram:
        """Return the histogram of an array of values."""
        bins, counts = np.unique(bins_of(values), return_counts=True)
        ends = (float(values.min()), float(values.max())) if values.size else (math.nan, math.nan)
        return cls(bins, counts.astype(np.int64), *ends)

    @property
    def n(self) -> int:
        """How many values there are."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> float:
        """Return the sample quantile of at least one value, as if those of a bin were spread evenly.

        >>> Histogram.of(np.arange(1.0, 1001.0)).quantile(0.95)
        950.55
        """
        rank = share * (self.n - 1) + 1
        place = self._holding(int(rank))
        low, high = self._ends(place)
        if low == high:
            return low
        before = int(self.counts[:place].sum())
        count = int(self.counts[place])
        return low + (high - low) * min((rank - before - 0.5) / count, 1.0)

    def lower(self, share: float, alpha: float) -> float:
        """Return the one-sided lower limit of a quantile at level 1 − alpha.

        It is infinite where there are too few values.

        >>> Histogram.of(np.arange(1.0, 1001.0)).lower(0.95, 0.05)
        938.0
        """
        rank = lower_rank(self.n, share, alpha)
        return self._ends(self._holding(rank))[0] if rank >= 1 else -math.inf

    def upper(self, share: float, alpha: float) -> float:
        """Return the one-sided upper limit of a quantile at level 1 − alpha."""
        rank = upper_rank(self.n, share, alpha)
        return self._ends(self._holding(rank))[1] if rank <= self.n else math.inf

    def counts_up_to(self, bound: float) -> tuple[int, int]:
        """Return how many values are up to a bound at the least, and at the most.

        They differ by what lies in the bin of the bound, unless it is an end of that bin.
        """
        place = int(bins_of(np.array([bound]))[0])
        at = int(np.searchsorted(self.bins, place))
        below = int(self.counts[:at].sum())
        inside = int(self.counts[at]) if at < self.bins.size and self.bins[at] == place else 0
        if bound >= self.most:
            return self.n, self.n
        return below, 0 if bound < self.least else below + inside

    def _holding(self, rank: int) -> int:
        """Return where in the bins the value of a rank is, from 1."""
        return int(np.searchsorted(np.cumsum(self.counts), rank, side="left"))

    def _ends(self, place: int) -> tuple[float, float]:
        low, high = edges(int(self.bins[place]))
        return max(low, self.least), min(high, self.most)


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """The histograms of several cells, as counts of keys: a cell's code, then a bin.

    ``keys`` rise; a cell's code is from −2²⁰ on and below 2⁴⁰.
    """

    keys: IntArray
    counts: IntArray

    @classmethod
    def nothing(cls) -> Bins:
        """Return no counts."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))

    @classmethod
    def total(cls, several: Iterable[Bins]) -> Bins:
        """Return the counts of all, whatever their order."""
        found = list(several)
        keys = np.concatenate([bins.keys for bins in found] or [np.empty(0, np.int64)])
        counts = np.concatenate([bins.counts for bins in found] or [np.empty(0, np.int64)])
        return cls.of(keys, counts)

    @classmethod
    def of(cls, keys: IntArray, counts: IntArray) -> Bins:
        """Return counts of keys that may be repeated and in any order."""
        if not keys.size:
            return cls.nothing()
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        return cls(ordered[starts], np.add.reduceat(counts[order], starts))

    def negative(self) -> Bins:
        """Return counts that take these off again."""
        return Bins(self.keys, -self.counts)

    def there(self) -> Bins:
        """Return the counts that are not 0."""
        kept = self.counts != 0
        return Bins(self.keys[kept], self.counts[kept])

    def histogram(self, codes: IntArray, least: float, most: float) -> Histogram:
        """Return the histogram of some cells together, whose values are between two ends."""
        keys, counts = self._of_cells(codes)
        bins = Bins.of((keys & (2 * BIN_LIMIT - 1)) - BIN_LIMIT, counts)
        return Histogram(bins.keys, bins.counts, least, most)

    def at(self, codes: IntArray) -> Bins:
        """Return the counts of some cells, whose codes rise."""
        return Bins(*self._of_cells(codes))

    def _of_cells(self, codes: IntArray) -> tuple[IntArray, IntArray]:
        starts = np.searchsorted(self.keys, codes << _KEY_SHIFT)
        sizes = np.searchsorted(self.keys, (codes + 1) << _KEY_SHIFT) - starts
        skipped = np.repeat(starts - np.append(0, np.cumsum(sizes)[:-1]), sizes)
        kept = np.arange(skipped.size) + skipped
        return self.keys[kept], self.counts[kept]


def keys_of(codes: IntArray, bins: IntArray) -> IntArray:
    """Return the keys of bins of cells."""
    return (codes << _KEY_SHIFT) + (bins + BIN_LIMIT)
