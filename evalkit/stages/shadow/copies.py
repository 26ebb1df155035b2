"""A request that an arm logged several times counts once, wherever its copies stand.

Tallies are made of rows before anybody knows which are copies. Rows are told apart where they are
joined, by the hash of their request, or by those of user and request: what copies had added is taken
off again to the last bit, and one row of each request is put in their place. A value about which the
copies of a request disagree is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stages.shadow.block import Block, HashArray, Measure, joined_blocks
from evalkit.stages.shadow.gathering import Gathering
from evalkit.stages.shadow.pairing import first_come, sortable
from evalkit.stages.shadow.tally import AGAIN, DIFFERING, ROWS, UNSURE, Tally, tally_of
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.exact_sums import MOST_ROWS


def once(
    block: Block, keys: HashArray, measures: Sequence[Measure], on: Sequence[str]
) -> tuple[Block, list[Tally]]:
    """Return a block in which each request of an arm is one row, and what that adds to tallies.

    Args:
        block: all rows of some requests, in any order.
        keys: what tells the requests of an arm apart; 0 is the key of none, each row its own.
        measures: what tallies count.
        on: columns that are 1 where a row is counted apart as well; a request is where any copy is.

    Returns:
        The rows, and what is to be added to the tally of the raw rows, and to those of the rows on
        each of ``on``; less than nothing, as a rule.
    """
    rows = _repeated(keys, block)
    if not rows.size:
        return block, [Tally.nothing(measures)] * (1 + len(on))
    raw = block.only(rows)
    order = first_come(raw, np.arange(rows.size), keys[rows])
    merged = _Merged.of(raw.only(order), keys[rows][order], on)
    others = np.ones(block.rows, np.bool_)
    others[rows] = False
    changes = [_change(raw, merged, measures)]
    for name in on:
        there = raw.only(np.flatnonzero(raw.metrics[name] == 1.0))
        changes.append(_change(there, merged.at(merged.block.metrics[name] == 1.0), measures))
    return joined_blocks([block.only(others), merged.block]), changes


def copies_in(block: Block) -> int:
    """Return how many rows repeat the request of another row of their arm.

    Raises:
        ValueError: the block has no hashes of requests.
    """
    if block.request is None:
        raise ValueError("expected a block with a hash of each request, found none")
    marks = _marks(block.request, block)[block.request != 0]
    marks.sort()
    return int(np.count_nonzero(marks[1:] == marks[:-1]))


def settled(tally: Tally, change: Tally) -> Tally:
    """Return a tally of raw rows after a change, as if copies had never been there.

    The least and the greatest value stay those of all rows: no limit is narrower for it.
    """
    if not change.cells.codes.size:
        return tally
    cells = (tally + change).cells
    cells = cells.only(cells.counts[ROWS] > 0)
    bins = {name: found.there() for name, found in cells.bins.items()}
    sums = {name: found.least() for name, found in cells.sums.items()}
    return replace(tally, cells=replace(cells, bins=bins, sums=sums))


def _marks(keys: HashArray, block: Block) -> HashArray:
    """Return keys whose last bit is the arm: sorting them is the fastest way to see copies."""
    return (keys & ~np.uint64(1)) | block.arm.astype(np.uint64)


def _repeated(keys: HashArray, block: Block) -> IntArray:
    """Return the rows that have a key in common with another row of their arm, and few others."""
    named = np.flatnonzero(keys)
    marks = _marks(keys, block)[named]
    ordered = np.sort(marks)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return named[np.isin(marks, twice)] if twice.size else named[:0]


@dataclass(frozen=True, slots=True, eq=False)
class _Merged:
    """One row of each request, of how many that is one, and which of its values are not sure."""

    block: Block
    copies: IntArray
    unsure: Mapping[str, BoolArray]

    @classmethod
    def of(cls, block: Block, keys: HashArray, on: Sequence[str]) -> _Merged:
        """Return the requests of rows in the order of keys, arms, hours and values."""
        fresh = np.append(True, (keys[1:] != keys[:-1]) | (block.arm[1:] != block.arm[:-1]))
        starts = np.flatnonzero(fresh)
        metrics: dict[str, FloatArray] = {}
        unsure: dict[str, BoolArray] = {}
        for name, values in block.metrics.items():
            if name in on:
                metrics[name] = np.maximum.reduceat(values, starts)
                continue
            bits = sortable(values)
            other = ~fresh
            other[1:] &= bits[1:] != bits[:-1]
            unsure[name] = np.logical_or.reduceat(other, starts)
            metrics[name] = np.where(unsure[name], np.nan, values[starts])
        copies = np.diff(np.append(starts, block.rows))
        return cls(replace(block.only(starts), metrics=metrics), copies, unsure)

    def at(self, which: BoolArray) -> _Merged:
        """Return some of the requests."""
        unsure = {name: row[which] for name, row in self.unsure.items()}
        return _Merged(self.block.only(which), self.copies[which], unsure)

    def told(self, measures: Sequence[Measure]) -> Tally:
        """Return how many rows were left out, and how many values are not sure."""
        gathering = Gathering()
        for start in range(0, self.block.rows, MOST_ROWS):
            some = slice(start, start + MOST_ROWS)
            codes = self.block.hour[some].astype(np.int64) * 2 + self.block.arm[some]
            piece = gathering.piece(codes)
            places = piece.ordered(np.arange(start, start + codes.size))
            left_out = np.add.reduceat(self.copies[places] - 1, piece.starts)
            gathering.raise_by(AGAIN, piece, left_out)
            differing = np.zeros(places.size, np.bool_)
            for name in (measure.name for measure in measures if measure.name in self.unsure):
                unsure = self.unsure[name][places]
                differing |= unsure
                if unsure.any():
                    gathering.count(f"{name} {UNSURE}", piece, unsure)
            gathering.count(DIFFERING, piece, differing)
        return Tally(tuple(measures), gathering.cells())


def _change(raw: Block, merged: _Merged, measures: Sequence[Measure]) -> Tally:
    """Return what it adds to a tally that merged rows are counted in place of raw ones."""
    before, after = (tally_of([block], measures) for block in (raw, merged.block))
    # Extremes cannot be taken off; those of the merged rows are among those of the raw ones.
    after = replace(after, cells=replace(after.cells, least={}, most={}))
    less = replace(before, cells=before.cells.negative())
    return after + less + merged.told(measures)
