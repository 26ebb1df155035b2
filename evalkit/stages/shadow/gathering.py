"""Rows are counted into cells, a piece that fits the processor's cache at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evalkit.stages.shadow.cells import Cells, total
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.exact_sums import MOST_ROWS, Sums, level_units, of_levels, rounded
from evalkit.stats.log_bins import Bins, bins_of, keys_of

PIECES_BEFORE_CARRY = 512
"""Sums of a piece are below 2⁵², so that int64 holds a thousand of them."""
LARGEST_GRID = 1 << 23
"""Rectangles of more bins than this (64 MB) are not made; what lies outside is sorted."""
APART_AT_MOST = 32
BINS_AT_ONCE = 256
FIRST_CELLS = 64

Element = TypeVar("Element", np.int64, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """At most 2¹⁶ rows in the order of their cells.

    ``order`` sorts a column of the rows like that, ``starts`` says where each cell begins and
    ``places`` where in the table it is kept.
    """

    order: IntArray | None
    starts: IntArray
    places: IntArray
    size: int

    def ordered(self, column: NDArray[Element]) -> NDArray[Element]:
        """Return a column in the order of cells, as an array of its own."""
        return column.copy() if self.order is None else column[self.order]

    @property
    def lengths(self) -> IntArray:
        """How many rows each cell has."""
        return np.diff(np.append(self.starts, self.size))


class Gathering:
    """A table of cells while it grows; ``cells`` freezes it."""

    def __init__(self) -> None:
        """Begin without cells."""
        self._done: list[Cells] = []
        self._begin()

    def _begin(self) -> None:
        self._places: dict[int, int] = {}
        self._counts: dict[str, IntArray] = {}
        self._units: dict[str, dict[int, IntArray]] = {}
        self._least: dict[str, FloatArray] = {}
        self._most: dict[str, FloatArray] = {}
        self._grids: dict[str, _Grid] = {}
        self._pieces = 0

    def piece(self, codes: IntArray) -> Piece:
        """Return the order of rows whose cells have these codes; from 1 to 2¹⁶ rows."""
        if self._pieces == PIECES_BEFORE_CARRY:
            self._done = [self.cells()]
            self._begin()
        self._pieces += 1
        order, starts, found = runs(codes)
        places = [self._places.setdefault(code, len(self._places)) for code in found.tolist()]
        return Piece(order, starts, np.array(places, np.int64), codes.size)

    def count(self, name: str, piece: Piece, marked: BoolArray | None = None) -> None:
        """Count rows, or those of them that are marked (in the order of cells)."""
        if marked is None:
            found = piece.lengths
        else:
            found = np.add.reduceat(marked, piece.starts, dtype=np.int64)
        self.raise_by(name, piece, found)

    def raise_by(self, name: str, piece: Piece, counts: IntArray) -> None:
        """Raise a count of each cell of a piece."""
        self._of(self._counts, name, np.int64(0))[piece.places] += counts

    def add(self, name: str, piece: Piece, values: FloatArray) -> None:
        """Add finite values (in the order of cells) to the sums of a name."""
        units = self._units.setdefault(name, {})
        for level, found in level_units(rounded(values), piece.starts):
            held = units.get(level)
            units[level] = held = _grown(held, len(self._places), np.int64(0))
            held[piece.places] += found

    def ends(self, name: str, piece: Piece, low: FloatArray, high: FloatArray) -> None:
        """Note the least of ``low`` and the greatest of ``high``."""
        least = self._of(self._least, name, np.float64(np.inf))
        least[piece.places] = np.minimum(
            least[piece.places], np.minimum.reduceat(low, piece.starts)
        )
        most = self._of(self._most, name, np.float64(-np.inf))
        most[piece.places] = np.maximum(most[piece.places], np.maximum.reduceat(high, piece.starts))

    def bin(
        self, name: str, piece: Piece, values: FloatArray, known: BoolArray | None = None
    ) -> None:
        """Count values (in the order of cells), or those of them that are known, by bins."""
        places, bins = np.repeat(piece.places, piece.lengths), bins_of(values)
        if known is not None:
            places, bins = places[known], bins[known]
        if bins.size:
            self._grids.setdefault(name, _Grid()).add(places, bins, self._places)

    def cells(self) -> Cells:
        """Return what was counted so far."""
        size = len(self._places)
        codes = np.fromiter(self._places, np.int64, size)
        order = np.argsort(codes)
        for rows, empty in ((self._least, np.inf), (self._most, -np.inf)):
            for name in rows:
                self._of(rows, name, np.float64(empty))
        for name in self._counts:
            self._of(self._counts, name, np.int64(0))
        grown = Cells(
            codes[order],
            {name: row[:size][order] for name, row in self._counts.items()},
            {name: _sums(units, order) for name, units in self._units.items()},
            {name: row[:size][order] for name, row in self._least.items()},
            {name: row[:size][order] for name, row in self._most.items()},
            {name: grid.bins(codes) for name, grid in self._grids.items()},
        )
        return total([*self._done, grown])

    def _of(self, rows: dict[str, NDArray[Element]], name: str, empty: Element) -> NDArray[Element]:
        """Return the array of a name, which has an element for every cell there is."""
        rows[name] = found = _grown(rows.get(name), len(self._places), empty)
        return found


def runs(codes: IntArray) -> tuple[IntArray | None, IntArray, IntArray]:
    """Return the order in which codes rise, where in it each begins, and which they are.

    Nothing stands for the order of codes that rise as they are. There are from 1 to 2¹⁶ codes.
    """
    order: IntArray | None = None
    if not (codes[1:] >= codes[:-1]).all():
        low = int(codes.min())
        if int(codes.max()) - low < MOST_ROWS:
            # Sorting numbers that hold their place is faster than sorting places by numbers.
            packed = (codes - low).astype(np.uint32) << np.uint32(16)
            packed |= np.arange(codes.size, dtype=np.uint32)
            packed.sort()
            order = (packed & np.uint32(MOST_ROWS - 1)).astype(np.int64)
        else:
            order = np.argsort(codes, kind="stable")
        codes = codes[order]
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    return order, starts, codes[starts]


class _Grid:
    """Counts of bins as a rectangle of cells and bins, which add fastest."""

    def __init__(self) -> None:
        self._counts = np.zeros((0, 0), np.int64)
        self._low = 0
        self._apart: list[Bins] = []

    def add(self, places: IntArray, bins: IntArray, cells: dict[int, int]) -> None:
        low, high = int(bins.min()), int(bins.max()) + 1
        rows, width = self._counts.shape
        fits = self._low <= low and high <= self._low + width and len(cells) <= rows
        if not fits and not self._grow(low, high, len(cells)):
            codes = np.fromiter(cells, np.int64, len(cells))
            self._apart.append(Bins.of(keys_of(codes[places], bins), np.ones_like(bins)))
            if len(self._apart) == APART_AT_MOST:
                self._apart = [Bins.total(self._apart)]
            return
        at = places * self._counts.shape[1]
        at += bins
        at -= self._low
        np.add.at(self._counts.reshape(-1), at, 1)

    def _grow(self, low: int, high: int, cells: int) -> bool:
        """Make room for more cells and bins; return whether there is any."""
        rows, width = self._counts.shape
        if width:
            low, high = min(low, self._low), max(high, self._low + width)
        low -= low % BINS_AT_ONCE
        wide = -(-(high - low) // BINS_AT_ONCE) * BINS_AT_ONCE
        tall = rows if rows >= cells else max(FIRST_CELLS, cells * 3 // 2)
        if tall * wide > LARGEST_GRID:
            return False
        grown = np.zeros((tall, wide), np.int64)
        first = self._low - low
        grown[:rows, first : first + width] = self._counts
        self._counts, self._low = grown, low
        return True

    def bins(self, codes: IntArray) -> Bins:
        """Return all counts; ``codes`` are those of the cells by their places."""
        places, bins = np.nonzero(self._counts)
        keys = keys_of(codes[places], bins + self._low)
        return Bins.total([*self._apart, Bins.of(keys, self._counts[places, bins])])


def _grown(row: NDArray[Element] | None, size: int, empty: Element) -> NDArray[Element]:
    if row is not None and row.size >= size:
        return row
    found = np.full(max(FIRST_CELLS, 2 * size), empty)
    if row is not None:
        found[: row.size] = row
    return found


def _sums(units: dict[int, IntArray], order: IntArray) -> Sums:
    """Return the sums in an order of cells."""
    size = order.size
    return of_levels(
        [(level, _grown(row, size, np.int64(0))[:size][order]) for level, row in units.items()],
        size,
    )
