"""Requests are joined among the rows of their user first, and what is left by the request alone."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stages.shadow.block import Block
from evalkit.stages.shadow.copies import once
from evalkit.stages.shadow.grouping import grouped, keys_within, matched_within
from evalkit.stages.shadow.joining import Joint, joint_of, pairs_of
from evalkit.stages.shadow.pairing import paired
from evalkit.stages.shadow.piles import REQUEST, USER, Bucket, Heap, Pile
from tests.stages.shadow.logged import MEASURES, mirrored

ON = "on slice 0"


def dealt(by: str, blocks: list[Block], buckets: int) -> list[Bucket]:
    """Return the rows of blocks in buckets, each block a part of its own."""
    piles: list[Pile] = []
    for block in blocks:
        heap = Heap(by, buckets)
        heap.add(block)
        piles.append(heap.pile())
    return [Bucket(by, number, tuple(piles)) for number in range(buckets)]


def joined(blocks: list[Block], buckets: int, on: tuple[str, ...] = ()) -> list[Joint]:
    """Return what is known of rows that are dealt by their users, and what is left by requests."""
    found = [
        joint_of(bucket.blocks(), MEASURES, on, pairs=True)
        for bucket in dealt(USER, blocks, buckets)
    ]
    rest = [block for _, block in found if block is not None]
    again = [pairs_of(some.blocks(), MEASURES, on) for some in dealt(REQUEST, rest, buckets)]
    every = [*(joints for joints, _ in found), *again]
    return [reduce(add, level) for level in zip(*every, strict=True)]


def digests(joint: Joint) -> tuple[str, str]:
    assert joint.pairs is not None
    assert joint.groups is not None
    return joint.pairs.digest(), joint.groups.digest()


@given(seed=st.integers(0, 99), parts=st.integers(1, 4), buckets=st.integers(1, 5))
@settings(derandomize=True, deadline=None, max_examples=10)
def test_whoever_is_named_in_an_arm_the_pairs_are_those_of_the_requests(
    seed: int, parts: int, buckets: int
) -> None:
    rng = np.random.default_rng(seed)
    block = mirrored(120, seed=seed)
    assert block.user is not None
    assert block.request is not None
    # Of some requests the candidate's log names nobody, of some it names others, some have no id.
    block.user[1::2][rng.random(120) < 0.2] = 0
    block.user[1::2][rng.random(120) < 0.1] += np.uint64(1)
    block.request[rng.random(240) < 0.05] = 0
    some = np.append(np.arange(block.rows), rng.integers(0, block.rows, 40))
    torn = block.only(some[rng.random(some.size) < 0.8])
    half = replace(torn, metrics={**torn.metrics, ON: (torn.hour % 2).astype(np.float64)})
    pieces = [half.only(part) for part in np.array_split(rng.permutation(half.rows), parts)]
    whole, on = joined(pieces, buckets, (ON,))
    half, _ = once(half, keys_within(half), MEASURES, (ON,))
    assert digests(whole) == (paired([half], MEASURES).digest(), grouped([half], MEASURES).digest())
    odd = half.only(np.flatnonzero(half.metrics[ON] == 1.0))
    assert digests(on) == (paired([odd], MEASURES).digest(), grouped([odd], MEASURES).digest())


def test_a_request_id_that_two_users_have_is_two_requests() -> None:
    block = mirrored(2)
    assert block.user is not None
    assert block.request is not None
    block.request[:] = block.request[0]
    block.user[:] = np.repeat(np.array([5, 6], np.uint64), 2)
    (both,) = joined([block], 3)
    assert both.pairs is not None
    assert (both.pairs.pairs, both.pairs.again(0), both.pairs.again(1)) == (2, 0, 0)


def test_rows_that_are_all_joined_leave_nothing() -> None:
    block = mirrored(30)
    assert joint_of([block], MEASURES, (), pairs=True)[1] is None
    (alone,), rest = joint_of([block], MEASURES, (), pairs=False)
    assert rest is None
    assert alone.pairs is None
    assert alone.groups is not None
    assert alone.groups.users == grouped([block], MEASURES).users
    assert alone.groups.people.count("pairs") == 0


@pytest.mark.parametrize("pairs", [False, True])
def test_of_no_rows_nothing_is_known(*, pairs: bool) -> None:
    block = mirrored(3)
    off = replace(block, metrics={**block.metrics, ON: np.zeros(6)})
    for blocks in ([], [block.only(slice(0, 0))], [off]):
        levels, rest = joint_of(blocks, MEASURES, (ON,), pairs=pairs)
        on = levels[1]
        assert rest is None
        assert (on.pairs is not None) is pairs
        assert on.pairs is None or on.pairs.pairs == 0
        assert on.groups is not None
        assert on.groups.users == 0
    (nothing,) = pairs_of([], MEASURES, ())
    assert nothing.pairs is not None
    assert nothing.pairs.pairs == 0


def test_what_was_not_asked_for_adds_nothing() -> None:
    groups = joint_of([mirrored(5)], MEASURES, (), pairs=False)[0][0]
    both = groups + pairs_of([mirrored(5)], MEASURES, ())[0]
    assert both.groups is groups.groups
    assert both.pairs is not None
    assert both.pairs.pairs == 5
    neither = Joint() + Joint()
    assert (neither.pairs, neither.groups) == (None, None)


def test_rows_without_hashes_belong_to_nobody() -> None:
    block = mirrored(2)
    for bare in (replace(block, request=None), replace(block, user=None)):
        with pytest.raises(ValueError, match="hashes of each request and user"):
            matched_within(bare)
