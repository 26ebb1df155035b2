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
from evalkit.stages.shadow.block import ArmArray, Block, HashArray, Measure, joined_blocks
from evalkit.stages.shadow.cells import Cells
from evalkit.stages.shadow.gathering import Gathering
from evalkit.stages.shadow.pairing import Matches, add_moments, matched_by, order_of
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.exact_sums import LARGEST, MOST_ROWS, segment_sums

USERS = "users"
NAMELESS = "rows of nobody"
PAIRS = "pairs"
MIXED = np.uint64(0x9E3779B97F4A7C15)
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
    matches = None if block.request is None else matched_within(block)
    return grouping_of(block, matches, measures)


def matched_within(block: Block) -> Matches:
    """Return which rows of a block answer the same request of the same user, one of each arm.

    Raises:
        ValueError: the block has no hashes of requests or of users.
    """
    return matched_by(keys_within(block), block)


def keys_within(block: Block) -> HashArray:
    """Return what tells the requests of all users apart; 0 where a row names no request.

    Raises:
        ValueError: the block has no hashes of requests or of users.
    """
    if block.request is None or block.user is None:
        raise ValueError("expected a block with hashes of each request and user, found none")
    keys: HashArray = block.user * MIXED
    keys += block.request
    keys[block.request == 0] = 0
    return keys


def grouping_of(block: Block, matches: Matches | None, measures: Sequence[Measure]) -> Grouping:
    """Return what is known of the users of a block, of which the pairs are found already.

    Raises:
        ValueError: the block has no hashes of users.
    """
    if block.user is None:
        raise ValueError("expected a block with a hash of each user, found none")
    units = _Units.of(block.user, block.arm)
    people = Gathering()
    nobody = int(np.count_nonzero(block.user == 0))
    _counted_at_once(people, USERS, units.users)
    _counted_at_once(people, NAMELESS, nobody)
    pairs_of = None
    if matches is not None:
        pairs_of = _Pairs.of(matches, units)
        _counted_at_once(people, PAIRS, int(matches.baseline.size))
    arms, both, pairs = {}, {}, {}
    for measure in measures:
        name, column = measure.name, block.metrics.get(measure.name)
        arms[name] = both[name] = pairs[name] = tables.NOTHING
        if column is None:
            continue
        added = _Added.of(column[units.order], measure, units.starts)
        arms[name] = _of_arms(added, units)
        both[name] = _in_common(added, units)
        if pairs_of is not None:
            pairs[name] = _of_pairs(column, added, pairs_of, measure)
    return Grouping(tuple(measures), arms, both, pairs, people.cells())


def _counted_at_once(gathering: Gathering, name: str, count: int) -> None:
    piece = gathering.piece(np.zeros(1, np.int64))
    gathering.raise_by(name, piece, np.array([count]))


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Rows in the order of arms and users: what each user logged in an arm is a unit.

    ``starts`` says where in ``order`` a unit begins, ``rows`` how many rows it has, ``arms`` of which
    arm these are, and ``of_row`` to which unit each row belongs. ``common`` are the units of users who
    have one in both arms, the baseline's and the candidate's. A row of nobody is a unit of its own.
    """

    order: IntArray
    starts: IntArray
    rows: IntArray
    arms: IntArray
    of_row: IntArray
    common: tuple[IntArray, IntArray]
    users: int

    @classmethod
    def of(cls, hashes: HashArray, arm: ArmArray) -> _Units:
        """Return the units of at least one row."""
        order = order_of(hashes)
        ordered = hashes[order]
        nobody = int(np.searchsorted(ordered, 1))
        fresh = np.append(True, ordered[1:] != ordered[:-1])
        fresh[:nobody] = True
        users = np.cumsum(fresh) - 1
        second = arm[order] != 0
        order = np.concatenate([order[~second], order[second]])
        users = np.concatenate([users[~second], users[second]])
        before = int(np.count_nonzero(~second))
        fresh = np.append(True, users[1:] != users[:-1])
        if before < fresh.size:
            fresh[before] = True
        starts = np.flatnonzero(fresh)
        arms = (starts >= before).astype(np.int64)
        of_row = np.empty(order.size, np.int64)
        of_row[order] = np.cumsum(fresh) - 1
        rows = np.diff(np.append(starts, order.size))
        known = int(users.max()) + 1 - nobody
        return cls(order, starts, rows, arms, of_row, _common(users[starts], arms), known)


def _common(users: IntArray, arms: IntArray) -> tuple[IntArray, IntArray]:
    """Return where the users of units stand who have one in each arm."""
    place = np.full(int(users.max()) + 1, -1)
    first = int(np.count_nonzero(arms == 0))
    place[users[:first]] = np.arange(first)
    found = place[users[first:]]
    there = np.flatnonzero(found >= 0)
    return found[there], there + first


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs in the order of their users: the rows of both arms, and how many each user has.

    ``units`` are the units of both arms, of which ``whole`` says whether they have no other rows.
    """

    baseline: IntArray
    candidate: IntArray
    counts: IntArray
    units: tuple[IntArray, IntArray]
    whole: BoolArray

    @classmethod
    def of(cls, matches: Matches, units: _Units) -> _Pairs:
        """Return the pairs by their users."""
        partner = np.full(units.order.size, -1)
        partner[matches.baseline] = matches.candidate
        baseline = units.order[partner[units.order] >= 0]
        candidate = partner[baseline]
        unit = units.of_row[baseline]
        starts = np.flatnonzero(np.append(True, unit[1:] != unit[:-1])[: unit.size])
        counts = np.diff(np.append(starts, unit.size))
        both = unit[starts], units.of_row[candidate[starts]]
        whole = (units.rows[both[0]] == counts) & (units.rows[both[1]] == counts)
        return cls(baseline, candidate, counts, both, whole)


@dataclass(frozen=True, slots=True, eq=False)
class _Added:
    """The values of a measure in units: how many each has, and what they add to."""

    sizes: IntArray
    sums: FloatArray

    @classmethod
    def of(cls, values: FloatArray, measure: Measure, starts: IntArray) -> _Added:
        """Return what runs of values add to."""
        known = _known(values, measure)
        if not known.all():
            values = np.where(known, values, 0.0)
        sizes = np.add.reduceat(known, starts, dtype=np.int64)
        return cls(sizes, segment_sums(values, starts).floats())


def _known(values: FloatArray, measure: Measure) -> BoolArray:
    """Return which values are known, and not too large to be added."""
    if measure.rate:
        known: BoolArray = (values == 0.0) | (values == 1.0)
        return known
    with np.errstate(invalid="ignore"):
        found: BoolArray = np.abs(values) <= LARGEST
    return found


def _of_arms(added: _Added, units: _Units) -> Cells:
    """Return the table of the users of each arm."""
    gathering = Gathering()
    for some in _portions(np.flatnonzero(added.sizes)):
        piece = gathering.piece(added.sizes[some] * 2 + units.arms[some])
        gathering.count(USERS, piece)
        power = ordered = piece.ordered(added.sums[some])
        for exponent in (1, 2, 3):
            gathering.add(f"^{exponent}", piece, power)
            power = power * ordered
    return gathering.cells()


def _in_common(added: _Added, units: _Units) -> Cells:
    """Return the table of what users have in common in both arms."""
    first, second = units.common
    both = Gathering()
    for some in _portions(np.flatnonzero(added.sizes[first] * added.sizes[second])):
        piece = both.piece(np.zeros(some.size, np.int64))
        both.count(USERS, piece)
        b, c = added.sums[first[some]], added.sums[second[some]]
        nb, nc = (added.sizes[units[some]].astype(np.float64) for units in (first, second))
        for name, product in zip(CROSS, (b * c, nb * c, b * nc, nb * nc), strict=True):
            both.add(name, piece, product)
    return both.cells()


def _of_pairs(column: FloatArray, added: _Added, pairs: _Pairs, measure: Measure) -> Cells:
    """Return the table of the users of pairs that have a value in both arms."""
    sizes, b, c = _sums_of_pairs(column, added, pairs, measure)
    gathering = Gathering()
    for some in _portions(np.flatnonzero(sizes)):
        piece = gathering.piece(sizes[some])
        gathering.count(USERS, piece)
        before = piece.ordered(b[some])
        moved = piece.ordered(c[some]) - before
        add_moments(gathering, piece, "", measure, before=before, differences=moved)
    return gathering.cells()


def _sums_of_pairs(
    column: FloatArray, added: _Added, pairs: _Pairs, measure: Measure
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return how many pairs of each user are known, and what both arms' values in them add to."""
    first, second = pairs.units
    sizes, b, c = added.sizes[first], added.sums[first], added.sums[second]
    whole = pairs.whole & (sizes == pairs.counts) & (added.sizes[second] == pairs.counts)
    if whole.all():
        return sizes, b, c
    # Of users with other rows than those of pairs, the rows of pairs are added once more.
    places = np.flatnonzero(np.repeat(~whole, pairs.counts))
    counts = pairs.counts[~whole]
    starts = np.cumsum(counts) - counts
    before, after = column[pairs.baseline[places]], column[pairs.candidate[places]]
    absent = ~(_known(before, measure) & _known(after, measure))
    before[absent] = after[absent] = np.nan
    one, other = (_Added.of(values, measure, starts) for values in (before, after))
    sizes[~whole], b[~whole], c[~whole] = one.sizes, one.sums, other.sums
    return sizes, b, c


def _portions(places: IntArray) -> Iterable[IntArray]:
    for start in range(0, places.size, MOST_ROWS):
        yield places[start : start + MOST_ROWS]
