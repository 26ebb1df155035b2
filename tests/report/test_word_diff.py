"""Word diffs give back both texts, mark what differs, and take no longer for a hostile text."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.report.cases.word_diff import LEAST_COMMON, Part, WordDiff, split, word_diff

WORDS = st.lists(
    st.sampled_from(["a", "b", "the", "no", "yes.", "é", "東", "\n", "  "]), max_size=60
)
TEXTS = st.one_of(st.text(max_size=200), WORDS.map(" ".join), WORDS.map("".join))


def joined(parts: tuple[Part, ...]) -> str:
    return "".join(part.text for part in parts)


def unmarked(parts: tuple[Part, ...]) -> list[str]:
    return "".join(part.text for part in parts if not part.changed).split()


def marked(diff: WordDiff) -> tuple[list[str], list[str]]:
    return (
        [part.text for part in diff.before if part.changed],
        [part.text for part in diff.after if part.changed],
    )


@given(TEXTS, TEXTS)
def test_the_parts_of_each_side_join_to_its_text(before: str, after: str) -> None:
    diff = word_diff(before, after)
    assert joined(diff.before) == before
    assert joined(diff.after) == after


@given(WORDS.map(" ".join), WORDS.map(" ".join))
def test_what_is_not_marked_is_the_same_words_on_both_sides(before: str, after: str) -> None:
    diff = word_diff(before, after)
    if not diff.rewritten:
        assert unmarked(diff.before) == unmarked(diff.after)


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    diff = word_diff(text, text)
    assert marked(diff) == ([], [])
    assert not diff.rewritten


@given(TEXTS, TEXTS)
def test_no_part_is_empty_and_no_two_neighbours_are_alike(before: str, after: str) -> None:
    diff = word_diff(before, after)
    for parts in (diff.before, diff.after):
        assert all(part.text for part in parts)
        assert all(one.changed != two.changed for one, two in pairwise(parts))


@given(TEXTS, TEXTS)
def test_a_rewritten_text_bears_no_mark(before: str, after: str) -> None:
    diff = word_diff(before, after)
    if diff.rewritten:
        assert marked(diff) == ([], [])


@given(TEXTS, TEXTS, st.integers(0, 250))
def test_splitting_keeps_the_text_and_the_marks(before: str, after: str, place: int) -> None:
    parts = word_diff(before, after).before
    head, tail = split(parts, place)
    assert joined(head) == before[:place]
    assert joined(tail) == before[place:]
    assert [char for part in (*head, *tail) for char in [part.changed] * len(part.text)] == [
        char for part in parts for char in [part.changed] * len(part.text)
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("It is a prime.", "It is no prime.", (["a"], ["no"])),
        ("one two three four", "one three four", (["two"], [])),
        ("x y z", "new x y z end", ([], ["new", "end"])),
        ("same words  here", "same words\nhere", ([], [])),
        ("是一个素数。", "不是素数。", (["一个"], ["不"])),
    ],
)
def test_words_that_only_one_text_has_are_marked(
    before: str, after: str, expected: tuple[list[str], list[str]]
) -> None:
    assert marked(word_diff(before, after)) == expected


def test_blanks_at_the_end_of_a_change_are_not_marked() -> None:
    assert word_diff("a b c d", "a x c d").before[1:] == (Part("b", changed=True), Part(" c d"))


def test_texts_with_few_words_in_common_were_rewritten() -> None:
    shared, own = [f"s{place}" for place in range(29)], [f"b{place}" for place in range(71)]
    other = [f"a{place}" for place in range(71)]
    below = word_diff(" ".join(shared + own), " ".join(shared + other))
    above = word_diff(" ".join([*shared, "and", *own[1:]]), " ".join([*shared, "and", *other[1:]]))
    assert LEAST_COMMON == 0.3
    assert below.rewritten
    assert not above.rewritten


def test_an_answer_that_became_nothing_was_rewritten() -> None:
    assert word_diff("an answer", "").rewritten
    assert word_diff("", "an answer").rewritten


@pytest.mark.parametrize("kind", ["shuffled", "repeated", "nested", "unspaced"])
def test_long_hostile_texts_are_compared_to_their_end(kind: str) -> None:
    words = [str(place) for place in range(30_000)]
    order = list(words)
    random.Random(7).shuffle(order)
    before, after = {
        "shuffled": (" ".join(words), " ".join(order)),
        "repeated": ("a b " * 30_000, "b a " * 30_000),
        "nested": (" ".join(words + words), " ".join(words + order)),
        "unspaced": ("素" * 60_000 + "数", "数" + "素" * 60_000),
    }[kind]
    diff = word_diff(before, after)
    assert joined(diff.before) == before
