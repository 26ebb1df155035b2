"""Rows of one user belong together: their sums become tallies that add, by the number of rows.

What limits of a mean need to know of users, who are independent of each other while their rows are
not, are the sums of each and how many rows they are of. Users with as many rows share a cell: how
many they are and the powers of their sums. The rows of a user are in one bucket of hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stages.shadow import cells as tables
from evalkit.stages.shadow.block import Block, HashArray, Measure, joined_blocks
from evalkit.stages.shadow.cells import Cells
from evalkit.stages.shadow.gathering import Gathering
from evalkit.stages.shadow.pairing import add_moments, matched
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.exact_sums import LARGEST, MOST_ROWS, segment_sums

USERS = "users"
NAMELESS = "rows of nobody"
PAIRS = "pairs"
MIXED = 0x9E3779B97F4A7C15
CROSS = ("bc", "nb·c", "b·nc", "nb·nc")


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """What was counted of users.

    ``arms`` has a table a measure whose cells are ``2·rows + arm``, ``both`` one whose single cell
    holds what users with rows in both arms have in common, ``pairs`` one whose cells are the
    numbers of pairs. ``people`` counts users, rows of nobody (each a user of its own), and pairs
    of one user.
    """

    measures: tuple[Measure, ...]
    arms: Mapping[str, Cells]
    both: Mapping[str, Cells]
    pairs: Mapping[str, Cells]
    people: Cells

    @classmethod
    def nothing(cls, measures: Sequence[Measure]) -> Grouping:
        """Return what is known of no rows."""
        empty = {measure.name: tables.NOTHING for measure in measures}
        return cls(tuple(measures), empty, empty, empty, tables.NOTHING)

    def __add__(self, other: Grouping) -> Grouping:
        """Return what was counted of both, which share no user."""
        if self.measures != other.measures:
            raise ValueError("expected users of the same measures, found different ones")
        return replace(
            self,
            arms=_added(self.arms, other.arms),
            both=_added(self.both, other.both),
            pairs=_added(self.pairs, other.pairs),
            people=self.people + other.people,
        )

    @property
    def users(self) -> int:
        """How many users there are, in either arm."""
        return self.people.count(USERS)

    def digest(self) -> str:
        """Return a hash of every bit."""
        tables_of = (self.arms, self.both, self.pairs)
        found = [table[measure.name] for measure in self.measures for table in tables_of]
        return " ".join(cells.digest() for cells in [*found, self.people])


def _added(one: Mapping[str, Cells], other: Mapping[str, Cells]) -> dict[str, Cells]:
    return {name: cells + other[name] for name, cells in one.items()}


def grouped(blocks: Iterable[Block], measures: Sequence[Measure]) -> Grouping:
    """Return what is known of the users of all rows of a bucket of users.

    Raises:
        ValueError: a block has no hashes of users.
    """
    found = [block for block in blocks if block.rows]
    if not found:
        return Grouping.nothing(measures)
    block = joined_blocks(found)
    if block.user is None:
        raise ValueError("expected a block with a hash of each user, found none")
    users = _codes(block.user)
    people = Gathering()
    nobody = int(np.count_nonzero(block.user == 0))
    _counted_at_once(people, USERS, int(users.max()) + 1 - nobody)
    _counted_at_once(people, NAMELESS, nobody)
    order = np.argsort(users * 2 + block.arm, kind="stable")
    places, arm = users[order], block.arm[order].astype(np.int64)
    starts = np.flatnonzero(np.append(True, (np.diff(places) != 0) | (np.diff(arm) != 0)))
    units = _Units(order, starts, places[starts], arm[starts])
    arms, both, pairs = {}, {}, {}
    joined = _pairs_of_users(block, users)
    if joined is not None:
        _counted_at_once(people, PAIRS, int(joined.baseline.size))
    for measure in measures:
        column = block.metrics.get(measure.name)
        arms[measure.name], both[measure.name] = _of_arms(column, units, measure)
        pairs[measure.name] = _of_pairs(column, joined, measure)
    return Grouping(tuple(measures), arms, both, pairs, people.cells())


def _codes(hashes: HashArray) -> IntArray:
    """Return a number of each user from 0 on; a row of nobody has one of its own."""
    known = hashes != 0
    _, found = np.unique(hashes[known], return_inverse=True)
    codes = np.empty(hashes.size, np.int64)
    codes[known] = found
    users = int(found.max(initial=-1)) + 1
    codes[~known] = users + np.arange(hashes.size - found.size)
    return codes


def _counted_at_once(gathering: Gathering, name: str, count: int) -> None:
    piece = gathering.piece(np.zeros(1, np.int64))
    gathering.raise_by(name, piece, np.array([count]))


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Rows in the order of users and arms, and where each user's rows of an arm begin."""

    order: IntArray
    starts: IntArray
    users: IntArray
    arms: IntArray


def _values(column: FloatArray, measure: Measure) -> tuple[FloatArray, BoolArray]:
    """Return values with 0 where they are not known or too large to be added, and which are known."""
    with np.errstate(invalid="ignore"):
        known: BoolArray = np.abs(column) <= LARGEST
    if measure.rate:
        known = (column == 0.0) | (column == 1.0)
    return np.where(known, column, 0.0), known


def _of_arms(column: FloatArray | None, units: _Units, measure: Measure) -> tuple[Cells, Cells]:
    """Return the tables of single arms, and of what users have in common in both."""
    if column is None:
        return tables.NOTHING, tables.NOTHING
    values, known = _values(column[units.order], measure)
    sums = segment_sums(values, units.starts).floats()
    sizes = np.add.reduceat(known, units.starts, dtype=np.int64)
    there = np.flatnonzero(sizes)
    arms = Gathering()
    for some in _portions(there):
        piece = arms.piece(sizes[some] * 2 + units.arms[some])
        arms.count(USERS, piece)
        power = ordered = piece.ordered(sums[some])
        for exponent in (1, 2, 3):
            arms.add(f"^{exponent}", piece, power)
            power = power * ordered
    second = there[1:][units.users[there[1:]] == units.users[there[:-1]]]
    both = Gathering()
    for some in _portions(second):
        piece = both.piece(np.zeros(some.size, np.int64))
        both.count(USERS, piece)
        b, c = sums[some - 1], sums[some]
        nb, nc = sizes[some - 1].astype(np.float64), sizes[some].astype(np.float64)
        for name, product in zip(CROSS, (b * c, nb * c, b * nc, nb * nc), strict=True):
            both.add(name, piece, product)
    return arms.cells(), both.cells()


@dataclass(frozen=True, slots=True, eq=False)
class _Joined:
    """Pairs in the order of their users: the rows of both arms, and where each user begins."""

    baseline: IntArray
    candidate: IntArray
    starts: IntArray


def _pairs_of_users(block: Block, users: IntArray) -> _Joined | None:
    """Return the pairs whose rows are of the same user; others are in no bucket together."""
    if block.request is None or block.user is None:
        return None
    named = block.user * np.uint64(MIXED)
    named += block.request
    named[block.request == 0] = 0
    matches = matched(replace(block, request=named))
    order = np.argsort(users[matches.baseline], kind="stable")
    baseline = matches.baseline[order]
    fresh = np.append(True, np.diff(users[baseline]) != 0)[: order.size]
    return _Joined(baseline, matches.candidate[order], np.flatnonzero(fresh))


def _of_pairs(column: FloatArray | None, joined: _Joined | None, measure: Measure) -> Cells:
    if column is None or joined is None or not joined.baseline.size:
        return tables.NOTHING
    before, one = _values(column[joined.baseline], measure)
    after, other = _values(column[joined.candidate], measure)
    known = one & other
    before = np.where(known, before, 0.0)
    moved = np.where(known, after - before, 0.0)
    sizes = np.add.reduceat(known, joined.starts, dtype=np.int64)
    there = np.flatnonzero(sizes)
    b, d = (segment_sums(values, joined.starts).floats() for values in (before, moved))
    gathering = Gathering()
    for some in _portions(there):
        piece = gathering.piece(sizes[some])
        gathering.count(USERS, piece)
        add_moments(gathering, piece, "", piece.ordered(b[some]), piece.ordered(d[some]))
    return gathering.cells()


def _portions(places: IntArray) -> Iterable[IntArray]:
    for start in range(0, places.size, MOST_ROWS):
        yield places[start : start + MOST_ROWS]
