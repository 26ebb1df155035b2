"""Near-duplicates are found, whoever else there is, and unrelated texts are none."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

from evalkit.features.near import NEAR, shared, signature

SENTENCE = "This is subjective and depends on the individual's personal {}."


def slowly(signatures: list[int], owners: list[int]) -> frozenset[int]:
    """Return what ``shared`` should, comparing each with each."""
    pairs = list(zip(signatures, owners, strict=True))
    return frozenset(
        one for one, mine in pairs
        if any((one ^ other).bit_count() <= NEAR and mine != its for other, its in pairs)
    )  # fmt: skip


def drawn(seed: int) -> tuple[list[int], list[int]]:
    """Return signatures of which many are a few bits apart, and owners with several each."""
    dice = random.Random(seed)
    centres = [dice.getrandbits(64) for _ in range(12)]
    signatures = []
    for _ in range(120):
        found = dice.choice(centres)
        for bit in dice.sample(range(64), dice.randint(0, 9)):
            found ^= 1 << bit
        signatures.append(found)
    return signatures, [dice.randrange(40) for _ in signatures]


@pytest.mark.parametrize("seed", range(12))
def test_every_pair_is_found_that_a_comparison_of_each_with_each_finds(seed: int) -> None:
    signatures, owners = drawn(seed)
    assert shared(signatures, owners) == slowly(signatures, owners)


def test_releases_of_numpy_that_count_no_bits_find_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signatures, owners = drawn(99)
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert shared(signatures, owners) == slowly(signatures, owners)


def test_one_owner_is_near_to_nobody() -> None:
    assert shared([], []) == frozenset()
    assert shared([1], [1]) == frozenset()
    assert shared([1, 1, 2], [1, 1, 1]) == frozenset()
    assert shared([1, 1, 2], [1, 2, 1]) == {1, 2}


def test_the_order_does_not_show() -> None:
    signatures, owners = drawn(5)
    assert shared(signatures[::-1], owners[::-1]) == shared(signatures, owners)


def test_so_many_in_one_band_end_in_time() -> None:
    numbers = (np.arange(10_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) << np.uint64(8)
    assert len(shared(numbers.tolist(), range(10_000))) < 100


def test_another_word_in_a_template_is_near_and_another_text_is_not() -> None:
    views, beliefs = (signature(SENTENCE.format(word)) for word in ("views", "beliefs"))
    other = signature("The lock is opened at six in the morning by whoever has the key.")
    assert (views ^ beliefs).bit_count() <= NEAR
    assert (views ^ other).bit_count() > 2 * NEAR
    assert signature("") == signature(" … ") == 0


def test_answers_to_hard_prompts_are_near_to_none(shared_data: Path) -> None:
    source = shared_data / "arena_hard" / "outputs" / "gpt-4-0314.jsonl.gz"
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        signatures = [signature(json.loads(line)["output"]) for line in lines]
    assert shared(signatures, range(len(signatures))) == frozenset()
