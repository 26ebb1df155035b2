"""Hashes of ids are the same everywhere, differ where ids do, and deal rows evenly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stages.shadow.hashing import buckets_of, bytes_hashes, id_hashes, split
from tests.stages.shadow.logged import mirrored

MASK = 2**64 - 1


def by_hand(text: str) -> int:
    """Return the hash of an id, a word of 8 bytes at a time, in Python's own integers."""
    raw = text.encode("utf-8", "surrogatepass")
    if not raw:
        return 0

    def finish(state: int) -> int:
        state ^= state >> 30
        state = state * 0xBF58476D1CE4E5B9 & MASK
        state ^= state >> 27
        state = state * 0x94D049BB133111EB & MASK
        return state ^ state >> 31

    state = (len(raw) + 0x9E3779B97F4A7C15) & MASK
    for start in range(0, len(raw), 8):
        word = int.from_bytes(raw[start : start + 8], "little")
        state = (finish(state ^ word) + 0x9E3779B97F4A7C15) & MASK
    return finish(state) or 1


@given(texts=st.lists(st.text(max_size=40), max_size=20))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_a_hash_is_that_of_its_text_alone(texts: list[str]) -> None:
    assert id_hashes(texts).tolist() == [by_hand(text) for text in texts]


def test_no_id_has_the_hash_0_and_nothing_else_has() -> None:
    assert id_hashes([None, "", "0"]).tolist()[:2] == [0, 0]
    assert id_hashes(["0"])[0] > 0
    assert id_hashes([]).size == 0


def test_ids_in_a_buffer_have_the_same_hashes() -> None:
    data = np.frombuffer(b"abcdefghij", np.uint8)
    found = bytes_hashes(data, np.array([0, 3, 3, 10]))
    assert found.tolist() == id_hashes(["abc", "", "defghij"]).tolist()


def test_similar_ids_have_different_hashes_in_evenly_filled_buckets() -> None:
    ids = [f"{kind}-{number}" for kind in ("req", "REQ") for number in range(50_000)]
    found = id_hashes(ids)
    assert np.unique(found).size == len(ids)
    counts = np.bincount(buckets_of(found, 64), minlength=64)
    assert np.abs(counts / counts.mean() - 1).max() < 0.15
    ones = [np.count_nonzero(found >> np.uint64(bit) & np.uint64(1)) for bit in range(64)]
    assert np.abs(np.array(ones) / found.size - 0.5).max() < 0.01


@pytest.mark.parametrize("buckets", [0, 4097])
def test_only_so_many_buckets_are_made(buckets: int) -> None:
    with pytest.raises(ValueError, match="1 to 4,096 buckets"):
        buckets_of(np.zeros(1, np.uint64), buckets)


def test_rows_of_a_request_or_of_a_user_are_in_one_bucket() -> None:
    block = mirrored(100)
    for by in ("request", "user"):
        parts = split(block, 7, by=by)
        assert sum(part.rows for part in parts) == block.rows
        held = [set((part.user if by == "user" else part.request).tolist()) for part in parts]  # type: ignore[union-attr]
        assert sum(map(len, held)) == len(set().union(*held))


def test_a_block_without_ids_is_not_dealt() -> None:
    block = mirrored(2)
    bare = type(block)(block.arm, block.hour, block.metrics)
    for by in ("request", "user"):
        with pytest.raises(ValueError, match=f"a hash of each {by}"):
            split(bare, 2, by=by)
