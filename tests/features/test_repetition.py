"""Repeated runs are found as a slow and plain search finds them."""

from __future__ import annotations

import random

import pytest

from evalkit.features.repetition import READ, repeated


def slowly(words: list[str]) -> int:
    """Return the length of the longest run that stands twice without overlapping itself."""
    return max(
        (
            size
            for size in range(1, len(words) // 2 + 1)
            for start in range(len(words) - size + 1)
            for other in range(start + size, len(words) - size + 1)
            if words[start : start + size] == words[other : other + size]
        ),
        default=0,
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_longest_repeat_is_the_longest(seed: int) -> None:
    dice = random.Random(seed)
    words = dice.choices("abcd"[: dice.randint(1, 4)], k=dice.randint(0, 24))
    assert repeated(" ".join(words), 2).longest == slowly(words)


def test_the_share_counts_runs_that_stood_before() -> None:
    assert repeated("a b a b a b", 2).share == pytest.approx(3 / 5)
    assert repeated("a b c", 4).share == 0
    assert repeated("", 1).share == 0


def test_case_and_marks_make_no_difference_and_signs_are_words() -> None:
    assert repeated("No way. NO, way!", 2).longest == 2
    assert repeated("そうです、そうです", 2).longest == 4


def test_no_more_than_the_beginning_of_a_long_text_is_read() -> None:
    once = " ".join(f"w{number}" for number in range(READ))
    assert repeated(f"{once} {once}", 4) == (0.0, 0)
