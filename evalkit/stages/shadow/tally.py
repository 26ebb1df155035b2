"""Logged requests become tallies that add: what is known of each metric by arm and hour.

Tallies of the same rows are equal to the last bit, however the rows were divided among blocks,
partitions and machines, and in whatever order their tallies were added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stages.shadow import cells as tables
from evalkit.stages.shadow.block import UNKNOWN_HOUR, Block, HourArray, Measure
from evalkit.stages.shadow.cells import Cells
from evalkit.stages.shadow.gathering import Gathering, Piece
from evalkit.stats.arrays import BoolArray, FloatArray
from evalkit.stats.exact_sums import LARGEST, MOST_ROWS

ROWS = "rows"
AGAIN, DIFFERING, UNSURE = "again", "differing", "unsure"
"""What is counted of copies: those left out, the requests of which they differ, and behind the name
of a measure how often they disagree about its value."""
POWERS = (1, 2, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What was counted of all rows: a cell is an hour of an arm.

    Of each measure ``NAME`` it counts ``NAME known``, of a rate ``NAME yes``, of others ``NAME
    infinite`` and the sums of the first three powers, ``NAME^1`` to ``NAME^3``, and of any that has
    them values ``NAME outside`` its support. What is not known is missing, and never 0. ``AGAIN``,
    ``DIFFERING`` and ``NAME unsure`` are there where copies were taken out; see ``copies``.
    """

    measures: tuple[Measure, ...]
    cells: Cells

    @classmethod
    def nothing(cls, measures: Sequence[Measure]) -> Tally:
        """Return the tally of no rows."""
        return cls(tuple(measures), tables.NOTHING)

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of the rows of both, the same bits in whatever order tallies are added."""
        return total([self, other])

    @property
    def hours(self) -> HourArray:
        """The hours that have rows, the earliest first; without the unknown one."""
        found = np.unique(self.cells.codes >> 1)
        hours: HourArray = found[found != UNKNOWN_HOUR].astype(np.int32)
        return hours

    def rows(self, arm: int | None = None) -> int:
        """Return how many rows there are, or those of an arm."""
        if arm is None or ROWS not in self.cells.counts:
            return self.cells.count(ROWS)
        return int(self.cells.counts[ROWS][(self.cells.codes & 1) == arm].sum())

    def again(self, arm: int) -> int:
        """Return how many rows of an arm repeat a request, and were taken out."""
        return self.of_arm(arm).cells.count(AGAIN)

    def differing(self, arm: int) -> int:
        """Return of how many requests of an arm the copies differ."""
        return self.of_arm(arm).cells.count(DIFFERING)

    def of_arm(self, arm: int) -> Tally:
        """Return what was counted of one arm."""
        return replace(self, cells=self.cells.only((self.cells.codes & 1) == arm))

    def within(self, first: int, last: int) -> Tally:
        """Return what was counted of the hours from ``first`` to just before ``last``."""
        hours = self.cells.codes >> 1
        return replace(self, cells=self.cells.only((hours >= first) & (hours < last)))

    def digest(self) -> str:
        """Return a hash of every bit."""
        return self.cells.digest()


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the tally of the rows of all, of which there is at least one.

    Raises:
        ValueError: they are of different measures.
    """
    found = list(tallies)
    kinds = {tally.measures for tally in found}
    if len(kinds) != 1:
        raise ValueError(f"expected tallies of the same measures, found {len(kinds)} sets of them")
    return Tally(found[0].measures, tables.total(tally.cells for tally in found))


def tally_of(blocks: Iterable[Block], measures: Sequence[Measure]) -> Tally:
    """Return the tally of blocks; a metric that a block does not have is missing in all its rows."""
    gathering = Gathering()
    for block in blocks:
        for part in pieces(block):
            hours = part.hour.astype(np.int64)
            piece = gathering.piece(hours * 2 + part.arm)
            gathering.count(ROWS, piece)
            for measure in measures:
                column = part.metrics.get(measure.name)
                if column is not None:
                    counted(gathering, piece, measure, piece.ordered(column))
    return Tally(tuple(measures), gathering.cells())


def pieces(block: Block) -> Iterator[Block]:
    """Yield a block in pieces of at most 2¹⁶ rows."""
    for start in range(0, block.rows, MOST_ROWS):
        yield block.only(slice(start, start + MOST_ROWS))


def counted(gathering: Gathering, piece: Piece, measure: Measure, values: FloatArray) -> None:
    """Count the values of one measure, which are in the order of cells and no longer needed."""
    name = measure.name
    if measure.rate:
        _counted_rate(gathering, piece, name, values)
        return
    missing = np.isnan(values)
    some_missing = bool(missing.any())
    known = ~missing if some_missing else None
    gathering.count(f"{name} known", piece, known)
    if measure.quantiles:
        gathering.bin(name, piece, values, known)
    low = np.where(missing, np.inf, values) if some_missing else values
    high = np.where(missing, -np.inf, values) if some_missing else values
    gathering.ends(name, piece, low, high)
    support = measure.support
    if low.min() < support.lower or high.max() > support.upper:
        outside = (low < support.lower) | (high > support.upper)
        gathering.count(f"{name} outside", piece, outside)
    if some_missing:
        values[missing] = 0.0
    _add_powers(gathering, piece, name, values)


def _counted_rate(gathering: Gathering, piece: Piece, name: str, values: FloatArray) -> None:
    yes = values == 1.0
    known = yes | (values == 0.0)
    gathering.count(f"{name} yes", piece, yes)
    if known.all():
        gathering.count(f"{name} known", piece)
        return
    gathering.count(f"{name} known", piece, known)
    outside = ~(known | np.isnan(values))
    if outside.any():
        gathering.count(f"{name} outside", piece, outside)


def _add_powers(gathering: Gathering, piece: Piece, name: str, values: FloatArray) -> None:
    infinite = without_infinite(values)
    if infinite is not None:
        gathering.count(f"{name} infinite", piece, infinite)
    gathering.add(f"{name}^1", piece, values)
    square = values * values
    gathering.add(f"{name}^2", piece, square)
    square *= values
    gathering.add(f"{name}^3", piece, square)


def without_infinite(values: FloatArray) -> BoolArray | None:
    """Set what is too large to be added to 0, and return which values that were, if any."""
    if max(float(values.max()), -float(values.min())) <= LARGEST:
        return None
    infinite: BoolArray = np.abs(values) > LARGEST
    values[infinite] = 0.0
    return infinite
