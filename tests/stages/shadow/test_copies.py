"""A request that an arm logged several times counts once, to the last bit, wherever its copies stand."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest

from evalkit.stages.shadow.block import Block, HashArray, joined_blocks
from evalkit.stages.shadow.copies import copies_in, once, settled
from evalkit.stages.shadow.grouping import keys_within
from evalkit.stages.shadow.joining import Joint, copies_of, joint_of, pairs_of
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.piles import REQUEST, USER, Bucket, Heap
from evalkit.stages.shadow.tally import AGAIN, DIFFERING, Tally, tally_of
from tests.stages.shadow.logged import MEASURES, START, mirrored

ON = "on slice 0"


def buckets(by: str, block: Block, count: int) -> list[Bucket]:
    """Return the rows of a block by bucket."""
    heap = Heap(by, count)
    heap.add(block)
    pile = heap.pile()
    return [Bucket(by, number, (pile,)) for number in range(count)]


def with_slice(block: Block) -> Block:
    """Return rows of which those of odd hours are on a slice."""
    return replace(block, metrics={**block.metrics, ON: (block.hour % 2).astype(np.float64)})


def on_slice(block: Block) -> Block:
    return block.only(np.flatnonzero(block.metrics[ON] == 1.0))


def tallied(block: Block, joints: list[list[Joint]]) -> list[Logs]:
    """Return what is known of rows, and of those on the slice, by what their buckets say."""
    found = [reduce(add, level) for level in zip(*joints, strict=True)]
    raw = [tally_of([part], MEASURES) for part in (block, on_slice(block))]
    return [joint.logs(tally) for joint, tally in zip(found, raw, strict=True)]


def bits(logs: Logs) -> tuple[str, str, str]:
    """Return a hash of everything but how many copies were taken out."""
    cells = logs.tally.cells
    counts = {name: row for name, row in cells.counts.items() if name not in {AGAIN, DIFFERING}}
    assert logs.pairs is not None
    groups = "" if logs.groups is None else logs.groups.digest()
    return replace(cells, counts=counts).digest(), logs.pairs.digest(), groups


@pytest.mark.parametrize("count", [1, 3])
def test_logs_that_are_doubled_come_to_the_bits_of_the_logs(count: int) -> None:
    single = with_slice(mirrored(120))
    times = np.random.default_rng(3).integers(1, 4, single.rows)
    rows = np.random.default_rng(4).permutation(np.repeat(np.arange(single.rows), times))
    assert single.user is not None
    single.user[single.user == single.user[0]] = 0  # of some nobody says who asked
    several = single.only(rows)
    of_users = [
        tallied(
            block,
            [
                joint_of(bucket.blocks(), MEASURES, (ON,), pairs=True)[0]
                for bucket in buckets(USER, block, count)
            ],
        )
        for block in (single, several)
    ]
    of_requests = [
        tallied(
            block,
            [pairs_of(some.blocks(), MEASURES, (ON,)) for some in buckets(REQUEST, block, count)],
        )
        for block in (single, several)
    ]
    for once_each, doubled in (of_users, of_requests):
        assert [bits(logs) for logs in doubled] == [bits(logs) for logs in once_each]
        left_out = [doubled[0].tally.again(arm) for arm in (0, 1)]
        assert left_out == [int((times[arm::2] - 1).sum()) for arm in (0, 1)]
        assert [once_each[0].tally.again(arm) for arm in (0, 1)] == [0, 0]
        assert doubled[0].tally.differing(0) == 0


def of(
    values: list[float], *, hours: list[int] | None = None, arms: list[int] | None = None
) -> Block:
    """Return rows of one request of an arm, or of both."""
    size = len(values)
    return Block(
        np.array(arms or [1] * size, np.int8),
        START + np.array(hours or [0] * size, np.int32),
        {
            "refusal": np.array(values),
            "latency": np.arange(size, dtype=np.float64),
            ON: np.ones(size),
        },
        np.full(size, 7, np.uint64),
        np.zeros(size, np.uint64),
    )


def counted(block: Block, keys: HashArray | None = None) -> tuple[Block, Tally]:
    """Return a block whose requests are there once, and its tally by way of the raw rows."""
    assert block.request is not None
    merged, changes = once(block, block.request if keys is None else keys, MEASURES, ())
    return merged, settled(tally_of([block], MEASURES), changes[0])


def test_what_copies_disagree_about_is_not_known() -> None:
    merged, tally = counted(of([0.0, 1.0, 0.0]))
    assert merged.rows == 1
    assert np.isnan(merged.metrics["refusal"]).all()
    assert (tally.rows(1), tally.again(1), tally.differing(1)) == (1, 2, 1)
    assert [tally.cells.count(f"refusal {of}") for of in ("known", "yes", "unsure")] == [0, 0, 1]
    assert tally.cells.count("latency known") == 0
    assert tally.cells.bins["latency"].counts.size == 0
    assert tally.cells.sums["latency^1"].everything() == 0


def test_a_value_that_one_copy_lacks_is_not_known_either() -> None:
    merged, _ = counted(of([0.0, np.nan]))
    assert np.isnan(merged.metrics["refusal"]).all()
    merged, tally = counted(replace(of([np.nan, np.nan]), metrics={"refusal": np.full(2, np.nan)}))
    assert (merged.rows, tally.differing(1)) == (1, 0)


def test_both_arms_of_a_request_are_two_requests() -> None:
    block = of([1.0, 0.0], arms=[0, 1])
    merged, tally = counted(block)
    assert merged is block
    assert (tally.rows(0), tally.rows(1), tally.again(0)) == (1, 1, 0)


def test_rows_without_an_id_are_requests_of_their_own() -> None:
    block = of([1.0] * 3)
    merged, tally = counted(block, np.zeros(3, np.uint64))
    assert (merged.rows, tally.rows(1)) == (3, 3)


def test_ids_that_differ_in_their_last_bit_are_not_taken_for_one() -> None:
    keys = np.array([6, 6, 7], np.uint64)
    merged, tally = counted(of([1.0] * 3), keys)
    assert (merged.rows, tally.rows(1), tally.again(1)) == (2, 2, 1)
    merged, tally = counted(of([1.0] * 2), keys[1:])
    assert (merged.rows, tally.rows(1), tally.again(1)) == (2, 2, 0)


def test_a_request_counts_in_its_first_hour_and_an_hour_of_copies_alone_is_none() -> None:
    _, tally = counted(replace(of([1.0, 1.0], hours=[3, 1]), metrics={"refusal": np.ones(2)}))
    assert tally.hours.tolist() == [START + 1]
    assert tally.cells.count("refusal yes") == 1


def test_a_request_is_on_a_slice_where_one_of_its_copies_is() -> None:
    block = of([1.0, 1.0])
    block.metrics[ON][0] = 0.0
    assert block.request is not None
    merged, changes = once(block, block.request, MEASURES, (ON,))
    assert merged.metrics[ON].tolist() == [1.0]
    tally = settled(tally_of([on_slice(block)], MEASURES), changes[1])
    assert (tally.rows(1), tally.cells.count("refusal yes")) == (1, 1)


def test_an_id_of_two_users_is_a_request_of_each() -> None:
    block = of([1.0, 1.0, 1.0])
    block = replace(block, user=np.array([1, 2, 2], np.uint64))
    merged, tally = counted(block, keys_within(block))
    assert (merged.rows, tally.rows(1), tally.again(1)) == (2, 2, 1)
    joints = pairs_of([block], MEASURES, (), rest=True)
    assert joints[0].logs(tally_of([block], MEASURES)).tally.rows(1) == 3


def test_arms_that_are_not_joined_have_their_copies_taken_out_as_well() -> None:
    block = of([1.0, 1.0])
    (of_requests,) = pairs_of([block], MEASURES, (), pairs=False)
    (of_users,), rest = joint_of([block], MEASURES, (), pairs=False)
    assert rest is None
    for joint in (of_requests, of_users):
        assert joint.pairs is None
        assert joint.logs(tally_of([block], MEASURES)).tally.rows(1) == 1
    unnamed = replace(block, request=None)
    (of_users,), _ = joint_of([unnamed], MEASURES, (), pairs=False)
    assert of_users.logs(tally_of([unnamed], MEASURES)).tally.rows(1) == 2
    (nothing,) = pairs_of([], MEASURES, (), pairs=False)
    assert nothing.pairs is None
    assert nothing.change is None


def test_copies_are_counted_by_their_ids_alone() -> None:
    block = joined_blocks([mirrored(30)])
    lean = replace(block, metrics={})
    assert copies_in(lean) == 0
    assert copies_in(lean.only(np.array([0, 1, 0, 3, 0]))) == 2
    nameless = replace(lean, request=np.zeros(lean.rows, np.uint64))
    assert copies_in(nameless) == 0
    total = copies_of([lean, lean]) + copies_of([])
    assert total.copies == 60
    with pytest.raises(ValueError, match="a hash of each request, found none"):
        copies_in(replace(lean, request=None))
