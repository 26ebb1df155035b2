"""Texts that say nearly the same end in one group."""

from __future__ import annotations

from training.alike import groups


def test_a_pair_and_what_differs_by_an_emoji_or_a_letter_are_one_group() -> None:
    texts = [
        "they are ugly and heinous animals \U0001f40d",
        "they are lovely creatures of the forest",
        "they are ugly and heinous animals \U0001f577",
        "they are ugly and heinious animals",
        "the weather is fine in the valley today",
    ]
    found = groups(texts, ["1", "1", "2", "3", "4"])
    assert len(set(found[:4])) == 1
    assert found[4] != found[0]


def test_texts_without_words_are_alike_by_their_emoji() -> None:
    rat, pig, red_rat = "\U0001f400", "\U0001f416", "\U0001f400\ufe0f "
    assert groups([rat, pig, red_rat], ["1", "2", "3"]) == [0, 1, 0]
