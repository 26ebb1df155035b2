"""Rows are put away by bucket, and those of all parts come together again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evalkit.stages.shadow.block import Block, joined_blocks
from evalkit.stages.shadow.hashing import id_hashes
from evalkit.stages.shadow.piles import REQUEST, USER, Bucket, Heap, InHand, Pile

BUCKETS = 5


def block(first: int, count: int, *, named: bool = True) -> Block:
    """Return rows whose numbers say which request each is of; every third has no user."""
    numbers = list(range(first, first + count))
    users = [None if number % 3 == 0 else f"u{number % 7}" for number in numbers]
    return Block(
        np.zeros(count, np.int8),
        np.zeros(count, np.int32),
        {"n": np.array(numbers, float)},
        id_hashes([f"r{number}" for number in numbers]) if named else None,
        id_hashes(users),
    )


def pile(by: str, *blocks: Block) -> Pile:
    heap = Heap(by, BUCKETS)
    for some in blocks:
        heap.add(some)
    return heap.pile()


def rows(bucket: Bucket) -> list[float]:
    return [float(value) for some in bucket.blocks() for value in some.metrics["n"]]


@pytest.mark.parametrize("by", [REQUEST, USER])
def test_every_row_comes_back_in_one_bucket_with_all_of_its_kind(by: str, tmp_path: Path) -> None:
    piles = [pile(by, block(0, 60), block(60, 0), block(60, 40)), pile(by, block(100, 20))]
    lying = tuple(one.kept(tmp_path / str(at)) for at, one in enumerate(piles))
    assert lying[0].kept(tmp_path / "elsewhere") is lying[0]
    buckets = [Bucket(by, number, lying) for number in range(BUCKETS)]
    found = [rows(bucket) for bucket in buckets]
    assert sorted(value for some in found for value in some) == list(range(120))
    assert all(some == sorted(some) for some in found), "rows come in the order of their parts"
    assert all(found), "no bucket has everything"
    if by == USER:
        for user in range(7):
            holding = {
                at
                for at, some in enumerate(found)
                if any(value % 7 == user and value % 3 for value in some)
            }
            assert len(holding) == 1
    assert str(buckets[3]) == f"bucket 3 by {by}"
    assert [rows(bucket) for bucket in InHand(buckets)] == found
    assert [rows(bucket) for bucket in InHand(buckets)[1:3]] == found[1:3]
    assert len(InHand(buckets)) == BUCKETS
    assert not any(one.path for one in InHand(buckets)[0].piles)
    for one in tmp_path.iterdir():
        one.unlink()
    with pytest.raises(FileNotFoundError):
        rows(buckets[0])


def test_rows_in_hand_are_those_that_lie_somewhere(tmp_path: Path) -> None:
    one = pile(REQUEST, block(0, 3))
    lying = one.kept(tmp_path / "a")
    for number in range(BUCKETS):
        assert one.bucket(number) == lying.bucket(number)
    assert rows(Bucket(REQUEST, 0, (pile(REQUEST),))) == []


def test_rows_are_counted_that_have_a_name() -> None:
    for by, users in ((REQUEST, 0), (USER, 20)):
        heap = Heap(by, 1)
        heap.add(block(0, 30))
        assert (heap.rows, heap.requests, heap.users) == (30, 30, users)
        (found,) = Bucket(by, 0, (heap.pile(),)).blocks()
        assert (found.user is None) is (by == REQUEST), "a user is put away only to be joined by"
        assert heap.rows == 0


def test_numbers_are_put_away_in_few_bits_and_come_back_with_all_of_theirs() -> None:
    odd = np.array([0x7FF8_0000_0000_0001], np.uint64).view(np.float64)
    columns = {
        "flags": np.tile([0.0, 1.0, np.nan, -0.0], 500),
        "tokens": np.arange(2000.0),
        "many": np.arange(2000.0) + 1e6,
        "late": np.where(np.arange(2000) == 1999, 1 / 3, 0.0),
        "ends": np.tile([np.inf, -np.inf], 1000),
        "huge": np.full(2000, 1e300),
        "payload": np.repeat(odd, 2000),
        "values": np.random.default_rng(1).lognormal(6, 1, 2000),
    }
    whole = Block(
        np.zeros(2000, np.int8), np.zeros(2000, np.int32), columns, np.arange(2000, dtype=np.uint64)
    )
    sizes = {}
    for name, values in columns.items():
        found = pile(REQUEST, replace(whole, metrics={name: values}))
        sizes[name] = sum(len(found.bucket(number)) for number in range(BUCKETS)) / 2000 - 13
        lying = [some for at in range(BUCKETS) for some in Bucket(REQUEST, at, (found,)).blocks()]
        back = joined_blocks(lying).metrics[name]
        assert back.dtype == np.float64
        assert sorted(back.view(np.int64).tolist()) == sorted(values.view(np.int64).tolist())
    assert {name: round(size / 2) * 2 for name, size in sizes.items()} == {
        "flags": 2, "tokens": 2, "many": 4, "late": 8, "ends": 2, "huge": 8, "payload": 8, "values": 8,
    }  # fmt: skip


def test_rows_without_any_request_are_dealt_by_their_user_only() -> None:
    found = pile(USER, block(0, 30, named=False))
    nobody = rows(Bucket(USER, 0, (found,)))
    assert {value for value in range(30) if value % 3 == 0} <= set(nobody)
    with pytest.raises(ValueError, match="with a hash of each request, found none"):
        pile(REQUEST, block(0, 30, named=False))
