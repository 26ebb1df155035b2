"""Runs of words have the same places on every machine, whatever the text holds."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.features.hashed import hashes, places, runs, words
from evalkit.testing.scorers import HOSTILE_OUTPUTS


def _places(text: str) -> list[int]:
    found = words(text)
    return [int(place) for place in places(runs(hashes(found)), [(0, 0, len(found))], bits=15)]


def test_the_places_of_a_sentence_are_those_that_models_were_trained_with() -> None:
    assert _places("I can't help") == [2284, 3414, 11062, 19622, 25441, 30736]


def test_a_curly_apostrophe_is_an_apostrophe() -> None:
    assert _places("I can’t") == _places("i CAN'T!")


def test_a_zone_is_read_by_itself() -> None:
    found = runs(hashes(words("one two three four")))
    alone = set(places(runs(hashes(words("two three"))), [(0, 0, 2)], bits=15).tolist())
    assert set(places(found, [(0, 1, 3)], bits=15).tolist()) == alone
    assert alone.isdisjoint(places(found, [(1, 1, 3)], bits=15).tolist())


def test_no_words_have_no_places() -> None:
    assert _places("") == []
    assert places(runs(hashes([])), [], bits=15).size == 0


def test_a_place_stands_once() -> None:
    assert _places("no no no no") == _places("no no no")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("لا أستطيع", ["لا", "أستطيع"]),
        ("我不能", ["我", "不", "能"]),
        ("Ça n’est pas", ["ça", "n'est", "pas"]),
        ("snake_case x2", ["snake", "case", "x2"]),
    ],
)
def test_words_of_other_scripts_are_whole(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("output", HOSTILE_OUTPUTS.values(), ids=HOSTILE_OUTPUTS)
def test_hostile_texts_have_places_in_range(output: str) -> None:
    found = np.array(_places(output[:4_000]))
    assert not found.size or (found.min() >= 0 and found.max() < 1 << 15)


def test_half_a_character_is_a_character() -> None:
    assert len(_places("\ud83d x \udc00y")) > 0
