"""Text helpers: what they count, what they leave alone, and that no text takes them for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.text import (
    accepted_texts,
    folded,
    holds_phrase,
    json_part,
    plain_quotes,
    sentences,
    without_quotations,
    word_count,
)

ASCII_TEXT = st.text(st.characters(max_codepoint=127))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n\t ", 0),
        ("one", 1),
        ("- a bullet, and *bold* words", 5),
        ("well-known isn't 3.5", 3),
        ("Größe — naïve façade", 3),
        ("これは答え", 5),
        ("日本語 and English", 5),
        ("___ --- ***", 0),
    ],
)
def test_words_are_runs_with_a_letter_or_a_digit(text: str, count: int) -> None:
    assert word_count(text) == count


@given(ASCII_TEXT)
def test_the_fast_way_for_ascii_counts_what_the_slow_way_counts(text: str) -> None:
    # The no-break space is no ASCII, ends no word and is none itself.
    assert word_count(text) == word_count(text + "\xa0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("...", []),
        ("One. Two!  Three?", ["One.", "Two!", "Three?"]),
        ("It costs 3.50 today.", ["It costs 3.50 today."]),
        ("See e.g. the U.S. office. Next.", ["See e.g. the U.S. office.", "Next."]),
        ("J. Smith came. He left.", ["J. Smith came.", "He left."]),
        ("1. First\n2. Second", ["1. First", "2. Second"]),
        ("In 1999. Then", ["In 1999.", "Then"]),
        ('He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("答えです。はい！", ["答えです。", "はい！"]),
        (". Leading", ["Leading"]),
        ("Wait... what?!", ["Wait...", "what?!"]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text())
def test_sentences_hold_every_word_of_the_text(text: str) -> None:
    assert sum(map(word_count, sentences(text))) <= word_count(text) + len(sentences(text))
    assert all(sentence == sentence.strip() for sentence in sentences(text))
    assert bool(sentences(text)) == bool(word_count(text))


def test_quotes_become_plain_and_plain_text_stays_the_same_object() -> None:
    assert plain_quotes("„Ja“, she’s «here»\xa0now") == '"Ja", she\'s "here" now'
    text = "plain"
    assert plain_quotes(text) is text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a "b c" d', 'a "" d'),
        ("don't and can't", "don't and can't"),
        ("it's 'a b' here", "it's '' here"),
        ("he said 'I can't' once", "he said '' once"),
        ('a "never closed', 'a "never closed'),
        ('two "lines\nare" no quotation', 'two "lines\nare" no quotation'),
        ("plain", "plain"),
    ],
)
def test_quotations_are_cut_out_and_apostrophes_stay(text: str, expected: str) -> None:
    assert without_quotations(text) == expected


def test_two_spellings_of_one_text_are_one() -> None:
    assert folded("Cafe\u0301  au\nlait ") == "café au lait"
    assert folded("A  b", ignore_case=False) == "A b"
    assert folded(" A ", ignore_space=False) == " a "
    assert folded("STRASSE") == folded("straße")


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) in {folded(text), folded(folded(folded(text)))}
    assert folded(text, ignore_case=False) == folded(
        folded(text, ignore_case=False), ignore_case=False
    )


@pytest.mark.parametrize(
    ("phrase", "whole_words", "held"),
    [
        ("no", False, True),
        ("no", True, False),
        ("note", True, True),
        ("5 €", True, True),
        ("(a)", True, True),
        ("absent", False, False),
    ],
)
def test_a_phrase_can_be_asked_for_as_whole_words(
    phrase: str, *, whole_words: bool, held: bool
) -> None:
    assert holds_phrase("note: it is 5 € (a)", phrase, whole_words=whole_words) is held


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "```"}', '{"a": "```"}'),
        ("no json", "no json"),
        ("```json\n[1]\n```", "[1]\n"),
        ("```JSON\n[1]\n```", "[1]\n"),
        ("x\n```\n[1]\n```\ny\n```\n[2]\n```", "[1]\n"),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
        ("```json\n[1]", "```json\n[1]"),
    ],
)
def test_json_is_found_in_a_fence_and_left_alone_elsewhere(text: str, expected: str) -> None:
    assert json_part(text) == expected


def test_a_reference_accepts_itself_or_its_items() -> None:
    assert accepted_texts("a") == ["a"]
    assert accepted_texts(["a", 1.5, None, {"b": 1}]) == ["a", "1.5", "null", '{"b":1}']
    assert accepted_texts([]) == []


@pytest.mark.parametrize(
    "text",
    [
        "." * 200_000 + "x",
        ")" * 200_000,
        "'" * 200_000,
        " 'a" * 70_000,
        '"a' * 100_000,
        "```\n" * 50_000,
        "a. " * 70_000,
        "\n " * 100_000,
    ],
    ids=lambda text: repr(text[:5]),
)
def test_every_hostile_text_is_read_to_its_end(text: str) -> None:
    word_count(text)
    sentences(text)
    without_quotations(text)
    json_part(text)
