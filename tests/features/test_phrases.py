"""Every phrase that stands in enough texts is found, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.features.ends import closings, openings, whole
from evalkit.features.phrases import LONGEST, is_word, phrases, tokens, written


def by_hand(texts: Sequence[Sequence[str]], least: int) -> dict[tuple[str, ...], list[int]]:
    """Return the same from the definition: slowly."""
    found: dict[tuple[str, ...], set[int]] = {}
    for number, text in enumerate(texts):
        for start in range(len(text)):
            for end in range(start + 1, min(len(text), start + LONGEST) + 1):
                run = tuple(text[start:end])
                alone = end == start + 1 and run[0] != "\n"
                if alone or all(is_word(word) for word in run):
                    found.setdefault(run, set()).add(number)
    return {run: sorted(where) for run, where in found.items() if len(where) >= least}


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "好", "!", "\n"]), max_size=9), max_size=7),
    st.integers(1, 3),
)
def test_phrases_are_those_of_the_definition(texts: list[list[str]], least: int) -> None:
    found = phrases(texts, least)
    where: dict[tuple[str, ...], list[int]] = {words: [] for words in found.words}
    for phrase, text in zip(found.phrase.tolist(), found.text.tolist(), strict=True):
        where[found.words[phrase]].append(text)
    assert where == by_hand(texts, least)
    assert len(set(found.words)) == len(found.words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don’t stop-now", ["don't", "stop", "-", "now"]),
        ("das Straßenfest ist schön.", ["das", "straßenfest", "ist", "schön", "."]),
        ("東京です", ["東", "京", "で", "す"]),
        ("Привет, мир", ["привет", ",", "мир"]),
        ("a_b\n", ["a", "_", "b", "\n"]),
        ("", []),
    ],
)
def test_words_of_many_scripts_are_told_apart(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_words_are_written_as_their_script_does() -> None:
    assert written(("hello", "世", "界", "again")) == "hello 世界 again"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("", [], []),
        ("Only one sentence here.", ["Only", "Only one", "Only one sentence", "Only one sentence here."], []),
        ("Yes. No way", ["Yes.", "Yes. No", "Yes. No way"], ["No", "No way"]),
        ("  当然可以，这是答案一二三四五六七八九十一二三四五六。好的", ["当然", "当然可以", "当然可以，这是答"], ["好的"]),
        ("Hi " + "x" * 30 + " there", ["Hi", f"Hi {'x' * 30} there"], []),
    ],
)  # fmt: skip
def test_both_ends_of_a_text_are_read(text: str, first: list[str], last: list[str]) -> None:
    assert list(openings(text)) == first
    assert list(closings(text)) == last


def test_a_long_answer_is_not_compared_as_a_whole() -> None:
    assert whole("Yes,\n  I  agree") == "Yes, I agree"
    assert whole(" " * 500 + "a") == ""


def test_of_many_words_more_runs_are_made_than_two_bytes_can_number() -> None:
    names = [f"w{number}" for number in range(700)]
    texts = [names, names[350:] + names[:350], Random(1).sample(names, 700)]
    found = phrases(texts, 2)
    where: dict[tuple[str, ...], list[int]] = {words: [] for words in found.words}
    for phrase, text in zip(found.phrase.tolist(), found.text.tolist(), strict=True):
        where[found.words[phrase]].append(text)
    assert where == by_hand(texts, 2)
    assert len(where) > 4000


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_a_text_of_plain_letters_has_the_words_that_it_has_beside_others(text: str) -> None:
    assert tokens(f"{text} é") == [*tokens(text), "é"]
