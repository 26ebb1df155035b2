"""Requests that both arms answered become pairs, and pairs become tallies that add.

Rows are joined by the hash of their request, a bucket of hashes at a time. Where an arm logged a
request several times, the row that comes first by hour and values counts, whatever the order of the
logs, and the others are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.stages.shadow import cells as tables
from evalkit.stages.shadow.block import (
    ARMS,
    UNKNOWN_HOUR,
    Block,
    HashArray,
    Measure,
    joined_blocks,
)
from evalkit.stages.shadow.cells import Cells
from evalkit.stages.shadow.gathering import Gathering, Piece
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.exact_sums import LARGEST, MOST_ROWS

PAIRS = "pairs"
ALONE, AGAIN, UNNAMED = "alone", "again", "unnamed"
MOMENTS = ("b", "d", "bb", "bd", "dd", "bbb", "bbd", "bdd", "ddd")
"""Products of the baseline's value and the difference whose sums are kept."""
OF_DIFFERENCES = ("d", "dd", "ddd")
UNKNOWN = 2
STATES = "01?"


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """What was counted of pairs: a cell is the hour of the baseline's row.

    Of a rate ``NAME`` it counts the pairs of answers, ``NAME 00`` to ``NAME 11``, the baseline's
    first, with ``?`` for one that is not known. Of others it counts ``NAME known`` in both arms,
    ``NAME missing`` in one or both, and the sums of ``MOMENTS``, or those of the difference alone.
    """

    measures: tuple[Measure, ...]
    cells: Cells

    @classmethod
    def nothing(cls, measures: Sequence[Measure]) -> Pairing:
        """Return what is known of no rows."""
        return cls(tuple(measures), tables.NOTHING)

    def __add__(self, other: Pairing) -> Pairing:
        """Return what was counted of both, which share no request."""
        if self.measures != other.measures:
            raise ValueError("expected pairs of the same measures, found different ones")
        return replace(self, cells=self.cells + other.cells)

    @property
    def pairs(self) -> int:
        """How many requests both arms answered."""
        return self.cells.count(PAIRS)

    def alone(self, arm: int) -> int:
        """Return how many requests only this arm answered."""
        return self.cells.count(f"{ARMS[arm]} {ALONE}")

    def again(self, arm: int) -> int:
        """Return how many rows of an arm repeat a request, and were left out."""
        return self.cells.count(f"{ARMS[arm]} {AGAIN}")

    def unnamed(self, arm: int) -> int:
        """Return how many rows of an arm have no request id."""
        return self.cells.count(f"{ARMS[arm]} {UNNAMED}")

    def within(self, first: int, last: int) -> Pairing:
        """Return what was counted of the hours from ``first`` to just before ``last``."""
        codes = self.cells.codes
        return replace(self, cells=self.cells.only((codes >= first) & (codes < last)))

    def digest(self) -> str:
        """Return a hash of every bit."""
        return self.cells.digest()


def paired(blocks: Iterable[Block], measures: Sequence[Measure]) -> Pairing:
    """Return what is known of the pairs of all rows of a bucket of requests.

    Raises:
        ValueError: a block has no hashes of requests.
    """
    found = [block for block in blocks if block.rows]
    if not found:
        return Pairing.nothing(measures)
    block = joined_blocks(found)
    return pairing_of(block, matched(block), measures)


def pairing_of(block: Block, matches: Matches, measures: Sequence[Measure]) -> Pairing:
    """Return what is known of the pairs of a block, which are found already."""
    gathering = Gathering()
    for kind, rows in matches.left_out.items():
        for start in range(0, rows.size, MOST_ROWS):
            some = rows[start : start + MOST_ROWS]
            piece = gathering.piece(block.hour[some].astype(np.int64))
            arms = piece.ordered(block.arm[some].astype(np.int64))
            for code, arm in enumerate(ARMS):
                gathering.count(f"{arm} {kind}", piece, arms == code)
    for baseline, candidate in matches.portions():
        hours = block.hour[baseline].astype(np.int64)
        unknown = hours == UNKNOWN_HOUR
        hours[unknown] = block.hour[candidate[unknown]]
        piece = gathering.piece(hours)
        gathering.count(PAIRS, piece)
        ordered = piece.ordered(baseline), piece.ordered(candidate)
        for measure in measures:
            column = block.metrics.get(measure.name)
            if column is not None:
                _counted(gathering, piece, measure, column[ordered[0]], column[ordered[1]])
    return Pairing(tuple(measures), gathering.cells())


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Which rows of a block are pairs: the rows of the baseline, and beside them the candidate's.

    ``left_out`` holds the other rows by why they are in no pair.
    """

    baseline: IntArray
    candidate: IntArray
    left_out: dict[str, IntArray]

    def portions(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the pairs in portions of at most 2¹⁶."""
        for start in range(0, self.baseline.size, MOST_ROWS):
            yield (
                self.baseline[start : start + MOST_ROWS],
                self.candidate[start : start + MOST_ROWS],
            )


def matched(block: Block) -> Matches:
    """Return which rows of a block answer the same request, one of each arm.

    Raises:
        ValueError: the block has no hashes of requests.
    """
    if block.request is None:
        raise ValueError("expected a block with a hash of each request, found none")
    return matched_by(block.request, block)


def matched_by(keys: HashArray, block: Block) -> Matches:
    """Return which rows of a block have the same key, one of each arm; 0 is the key of none."""
    order = order_of(keys)
    hashes = keys[order]
    unnamed = int(np.searchsorted(hashes, 1))
    order, hashes, nameless = order[unnamed:], hashes[unnamed:], order[:unnamed]
    arms = block.arm[order]
    same = hashes[1:] == hashes[:-1]
    again = order[:0]
    if (same & (arms[1:] == arms[:-1])).any() or (same[1:] & same[:-1]).any():
        order = first_come(block, order, hashes)
        arms = block.arm[order]
        repeats = np.append(False, same & (arms[1:] == arms[:-1]))
        order, hashes, again = order[~repeats], hashes[~repeats], order[repeats]
        same = hashes[1:] == hashes[:-1]
    first = np.flatnonzero(same)
    one, other = order[first], order[first + 1]
    turned = block.arm[one] != 0
    alone = np.ones(order.size, np.bool_)
    alone[first] = alone[first + 1] = False
    return Matches(
        np.where(turned, other, one),
        np.where(turned, one, other),
        {ALONE: order[alone], AGAIN: again, UNNAMED: nameless},
    )


def order_of(hashes: HashArray) -> IntArray:
    """Return an order in which hashes rise; those of the same one are in no order."""
    bits = max(1, int(hashes.size - 1).bit_length())
    low = np.uint64((1 << bits) - 1)
    # Sorting numbers that hold their place is faster than sorting places by numbers.
    packed = (hashes & ~low) | np.arange(hashes.size, dtype=np.uint64)
    packed.sort()
    order = (packed & low).astype(np.int64)
    packed &= ~low
    alike = packed[1:] == packed[:-1]
    torn = alike & (hashes[order[1:]] != hashes[order[:-1]])
    if torn.any():
        # Hashes that differ only where places were put: their rows are sorted in full.
        groups = np.isin(packed, packed[1:][torn])
        some = order[groups]
        order[groups] = some[np.argsort(hashes[some], kind="stable")]
    return order


def first_come(block: Block, order: IntArray, hashes: HashArray) -> IntArray:
    """Return an order by hash, arm, hour and values, whatever the order of rows was."""
    values: list[NDArray[Any]] = [
        sortable(block.metrics[name][order]) for name in sorted(block.metrics, reverse=True)
    ]
    return order[np.lexsort([*values, block.hour[order], block.arm[order], hashes])]


def sortable(values: FloatArray) -> IntArray:
    """Return numbers that differ where values do; all that are not a number are the same."""
    found: IntArray = np.where(np.isnan(values), np.nan, values).view(np.int64)
    return found


def _counted(
    gathering: Gathering, piece: Piece, measure: Measure, before: FloatArray, after: FloatArray
) -> None:
    """Count the values of one measure in both arms, which are in the order of cells."""
    name = measure.name
    if measure.rate:
        states = 3 * _states(before) + _states(after)
        for state in np.flatnonzero(np.bincount(states)).tolist():
            label = STATES[state // 3] + STATES[state % 3]
            gathering.count(f"{name} {label}", piece, states == state)
        return
    with np.errstate(invalid="ignore"):
        known = (np.abs(before) <= LARGEST) & (np.abs(after) <= LARGEST)
    if not known.all():
        gathering.count(f"{name} missing", piece, ~known)
        before, after = np.where(known, before, 0.0), np.where(known, after, 0.0)
    gathering.count(f"{name} known", piece, known)
    differences = after - before
    gathering.ends(
        name, piece, np.where(known, differences, np.inf), np.where(known, differences, -np.inf)
    )
    add_moments(gathering, piece, name, measure, before=before, differences=differences)


def add_moments(
    gathering: Gathering,
    piece: Piece,
    name: str,
    measure: Measure,
    *,
    before: FloatArray,
    differences: FloatArray,
) -> None:
    """Add the moments of baseline and difference, which are 0 where they are not known."""
    columns = {"b": before, "d": differences}
    for label in moments_of(measure):
        if label not in columns:
            columns[label] = columns[label[:-1]] * columns[label[-1]]
        gathering.add(f"{name} {label}".strip(), piece, columns[label])


def moments_of(measure: Measure) -> tuple[str, ...]:
    """Return of which products the sums of a measure are kept."""
    return MOMENTS if measure.ratios else OF_DIFFERENCES


def _states(values: FloatArray) -> IntArray:
    states = np.full(values.size, UNKNOWN)
    states[values == 0.0] = 0
    states[values == 1.0] = 1
    return states
