"""The marks of style are counted in the words of a text."""

from __future__ import annotations

import pytest

from evalkit.features.prose import prose, syllables


def test_a_pronoun_is_told_from_what_only_looks_like_one() -> None:
    assert prose("I am in the US, i.e. the United States.").first_person == 1
    assert prose("Tell us what we need: I'm here.").first_person == 3
    assert prose("You're late, and your car is too.").second_person == 2


def test_a_contraction_is_told_from_a_possessive() -> None:
    assert prose("It's Anna's; she doesn't mind, and that’s that.").contractions == 3


def test_marks_of_code_are_no_exclamations_and_no_questions() -> None:
    found = prose("Is a != b? See x?y=1. Wow!!! Really?!")
    assert (found.exclamations, found.questions) == (2, 2)


def test_fenced_code_is_no_prose() -> None:
    assert prose("Run it:\n```\nYou might!\n```\nDone.") == prose("Run it:\n\nDone.")


def test_formal_prose_is_more_formal_than_chat() -> None:
    report = prose("The evaluation of the candidate is described in the first part of the report.")
    chat = prose("Hey, I really think you're gonna like it, it's super cool!")
    assert report.formality > 0.8
    assert chat.formality < 0.2
    assert prose("").formality == 0.5


def test_easy_prose_reads_more_easily() -> None:
    easy, hard = (
        prose("The cat sat on the mat."),
        prose("Institutional considerations necessitate."),
    )
    assert easy.reading_ease == 100
    assert hard.reading_ease == 0


def test_words_of_another_alphabet_have_no_reading_ease() -> None:
    assert not prose("Это ответ на русском языке.").latin
    assert prose("Où est l'été? Là-bas, à côté.").latin


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *(("a", 1), ("mat", 1), ("make", 1), ("table", 2), ("walked", 1), ("wanted", 2)),
        *(("needed", 2), ("boxes", 2), ("makes", 1), ("rhythm", 1), ("reading", 2), ("brr", 1)),
    ],
)
def test_syllables_follow_a_rule(word: str, count: int) -> None:
    assert syllables(word) == count
