"""What was said is read out of whatever form a log has it in."""

from __future__ import annotations

import pytest

from evalkit.core.model import Json
from evalkit.files.conversations import (
    answered,
    asked,
    content_text,
    message_text,
    turned,
    unpacked,
)

USER: Json = {"role": "user", "content": "Hi"}
SYSTEM: Json = {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ("a", "a"),
        (3, "3"),
        (True, "true"),
        (["a", {"type": "text", "text": "b"}, {"text": "c"}], "abc"),
        ({"type": "output_text", "text": "a"}, "a"),
        ({"type": "text", "content": "a"}, "a"),
        ({"type": "refusal", "refusal": "No."}, "No."),
        ({"type": "refusal", "refusal": 3}, "[refusal]"),
        ({"type": "thinking", "thinking": "hm"}, ""),
        ({"type": "reasoning", "content": "hm"}, ""),
        ({"type": "image_url", "image_url": {}}, "[image_url]"),
        ({"type": "tool_use", "id": "1", "name": "f"}, '{"type": "tool_use", "name": "f"}'),
        ({"type": []}, '{"type": []}'),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_content_becomes_text(content: Json, text: str) -> None:
    assert content_text(content) == text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("bare", "bare"),
        ({"content": "a", "tool_calls": [{"f": 1}]}, "a"),
        ({"content": None, "tool_calls": [{"f": 1}]}, '[{"f": 1}]'),
        ({"content": None, "tool_calls": []}, ""),
        ({"content": None, "refusal": "No."}, "No."),
        ({"parts": [{"type": "text", "content": "a"}]}, "a"),
    ],
)
def test_a_message_says_its_text_or_its_calls(message: Json, text: str) -> None:
    assert message_text(message) == text


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("Hi", "Hi"),
        ("", None),
        (None, None),
        (3, None),
        ("[not json", "[not json"),
        ('"quoted"', '"quoted"'),
        ([USER], "Hi"),
        (USER, "Hi"),
        ([SYSTEM, USER], [SYSTEM, USER]),
        ('[{"role": "user", "content": "Hi"}]', "Hi"),
        ({"messages": [USER], "model": "m"}, "Hi"),
        ({"prompt": "Hi"}, "Hi"),
        ({"question": "Hi"}, {"question": "Hi"}),
        ({}, None),
        ('{"question": "Hi"}', '{"question": "Hi"}'),
        ('{"messages": [{"role": "user", "content": "Hi"}]}', "Hi"),
        ('{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}', "Hi"),
        (["a", "b"], "ab"),
        ([], None),
        ([{"a": 1}], '{"a": 1}'),
    ],
)
def test_what_was_asked_is_a_text_messages_or_variables(given: Json, found: Json) -> None:
    assert asked(given) == found


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, None),
        ("Hi", "Hi"),
        ("{broken", "{broken"),
        ('{"category": "a"}', '{"category": "a"}'),
        ({"category": "a"}, '{"category": "a"}'),
        ({"role": "assistant", "content": "Hi"}, "Hi"),
        ('{"role": "assistant", "content": "Hi"}', "Hi"),
        ({"content": [{"type": "text", "text": "Hi"}]}, "Hi"),
        ({"choices": [{"message": USER}]}, "Hi"),
        ({"choices": [{"text": "Hi"}]}, "Hi"),
        ('{"choices": [{"message": {"content": "Hi"}}]}', "Hi"),
        ('{"content": "structured"}', '{"content": "structured"}'),
        ({"choices": []}, '{"choices": []}'),
        ([USER, {"role": "assistant", "content": "Bye"}], "Bye"),
        ([{"type": "text", "text": "Hi"}], "Hi"),
        ([1, 2], "[1, 2]"),
        (3, "3"),
    ],
)
def test_what_was_answered_is_a_text(given: Json, text: str | None) -> None:
    assert answered(given) == text


def test_an_answer_that_is_json_stays_as_it_was_written() -> None:
    written = '{"b":1,  "a":2}'
    assert answered(written) == written


def test_turns_of_nothing_are_nothing() -> None:
    assert turned([]) is None
    assert turned([("assistant", "Hi")]) == [{"role": "assistant", "content": "Hi"}]


def test_text_that_is_no_json_is_itself() -> None:
    text = "[1"
    assert unpacked(text) is text
