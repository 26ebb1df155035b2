"""The rows of a bucket are joined: requests that both arms answered, and the users behind them.

Where users are known a request is looked for among the rows of one user, who are in one bucket. What
finds no partner there (the other arm names another user, or none) is dealt once more, by its request.
What an arm logged several times counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stages.shadow.block import Block, Measure, joined_blocks
from evalkit.stages.shadow.copies import copies_in, once, settled
from evalkit.stages.shadow.grouping import Grouping, grouping_of, keys_within, matched_within
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.pairing import ALONE, Matches, Pairing, matched, pairing_of
from evalkit.stages.shadow.tally import Tally
from evalkit.stats.arrays import BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """What is known of joined rows; nothing of what they were not joined by.

    ``change`` is what their copies do to the tally of the rows; ``copies`` is how many there are
    where nothing but ids was looked at.
    """

    pairs: Pairing | None = None
    groups: Grouping | None = None
    change: Tally | None = None
    copies: int = 0

    def __add__(self, other: Joint) -> Joint:
        """Return what is known of the rows of both."""
        pairs = [part for part in (self.pairs, other.pairs) if part is not None]
        groups = [part for part in (self.groups, other.groups) if part is not None]
        changes = [part for part in (self.change, other.change) if part is not None]
        return Joint(
            sum(pairs[1:], pairs[0]) if pairs else None,
            sum(groups[1:], groups[0]) if groups else None,
            sum(changes[1:], changes[0]) if changes else None,
            self.copies + other.copies,
        )

    def logs(self, tally: Tally) -> Logs:
        """Return everything that was counted, beside the tally of the raw rows."""
        own = tally if self.change is None else settled(tally, self.change)
        return Logs(own, self.pairs, self.groups)


def joint_of(
    blocks: Iterable[Block], measures: Sequence[Measure], on: Sequence[str], *, pairs: bool
) -> tuple[list[Joint], Block | None]:
    """Return what is known of all rows of a bucket of users, and the rows without a partner there.

    Args:
        blocks: the rows, with the users of at least some.
        measures: what is counted of them.
        on: columns that are 1 where a row is counted apart as well, one after the other.
        pairs: whether requests are looked for in both arms; else no row is given back.
    """
    found = [block for block in blocks if block.rows]
    if not found:
        nothing = Joint(Pairing.nothing(measures) if pairs else None, Grouping.nothing(measures))
        return [nothing] * (1 + len(on)), None
    block = joined_blocks(found)
    found.clear()  # the rows are there once only
    changes = [Tally.nothing(measures)] * (1 + len(on))
    if block.request is not None:
        block, changes = once(block, keys_within(block), measures, on)
    matches = matched_within(block) if pairs else None
    lone = np.zeros(block.rows, np.bool_)
    if matches is not None:
        lone[matches.left_out[ALONE]] = True
    joints = [_joint(block, matches, lone, measures)]
    for name in on:
        rows = np.flatnonzero(block.metrics[name] == 1.0)
        some = block.only(rows)
        within = matched_within(some) if pairs else None
        joints.append(_joint(some, within, lone[rows], measures))
    joints = [replace(joint, change=change) for joint, change in zip(joints, changes, strict=True)]
    return joints, block.only(np.flatnonzero(lone)) if lone.any() else None


def _joint(
    block: Block, matches: Matches | None, lone: BoolArray, measures: Sequence[Measure]
) -> Joint:
    """Return what is known of rows, of which the lone ones are looked for elsewhere."""
    if not block.rows:
        return Joint(
            None if matches is None else Pairing.nothing(measures), Grouping.nothing(measures)
        )
    groups = grouping_of(block, matches, measures)
    if matches is None:
        return Joint(None, groups)
    alone = matches.left_out[ALONE]
    here = replace(matches, left_out={**matches.left_out, ALONE: alone[~lone[alone]]})
    return Joint(pairing_of(block, here, measures), groups)


def pairs_of(
    blocks: Iterable[Block],
    measures: Sequence[Measure],
    on: Sequence[str],
    *,
    pairs: bool = True,
    rest: bool = False,
) -> list[Joint]:
    """Return what is known of all rows of a bucket of requests, and of rows that count apart.

    Args:
        blocks: the rows.
        measures: what is counted of them.
        on: columns that are 1 where a row is counted apart as well, one after the other.
        pairs: whether requests are looked for in both arms.
        rest: whether the rows are those that have no partner among the rows of their user: then
            what has the same id is of different users, and counts as often as there are rows.
    """
    found = [block for block in blocks if block.rows]
    if not found:
        return [Joint(Pairing.nothing(measures) if pairs else None)] * (1 + len(on))
    block = joined_blocks(found)
    found.clear()  # the rows are there once only
    changes = [Tally.nothing(measures)] * (1 + len(on))
    if block.request is not None and not rest:
        block, changes = once(block, block.request, measures, on)
    parts = [block, *(block.only(np.flatnonzero(block.metrics[name] == 1.0)) for name in on)]
    return [
        Joint(pairing_of(part, matched(part), measures) if pairs else None, change=change)
        for part, change in zip(parts, changes, strict=True)
    ]


def copies_of(blocks: Iterable[Block]) -> Joint:
    """Return how many rows of a bucket of requests repeat another one; nothing else is looked at."""
    found = [block for block in blocks if block.rows]
    return Joint(copies=copies_in(joined_blocks(found)) if found else 0)
