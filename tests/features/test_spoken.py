"""What an answer says, whether it is a text or a document with texts in it."""

from __future__ import annotations

import pytest

from evalkit.features.spoken import spoken


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot help.",
        "{not json at all",
        '{"a": 1, "b": [true, null]}',
        '["one", "two"]',
        "[1",
    ],
)
def test_what_is_no_document_with_texts_in_it_is_said_as_it_stands(text: str) -> None:
    assert spoken(text) == text


def test_texts_of_a_document_are_said_in_their_order_without_names_for_machines() -> None:
    text = (
        '{"kind": "a", "parts": [{"text": "First of all, hello."}, "And a second text."], "n": 3}'
    )
    assert spoken(text) == "First of all, hello.\nAnd a second text."


def test_a_fenced_document_is_a_document() -> None:
    assert spoken('```json\n{"reply": "No, I will not."}\n```') == "No, I will not."


def test_a_document_that_is_too_deep_is_a_text() -> None:
    text = "[" * 5000 + '"so it is said"' + "]" * 5000
    assert spoken(text) == text
