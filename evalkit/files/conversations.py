"""What was said to a model and what it said, in the forms that logs write it, becomes plain text."""

from __future__ import annotations

import json
from collections.abc import Mapping

from evalkit.core.model import Json
from evalkit.files.json_text import JsonTextError, parse_json

TEXT_KEYS = ("text", "content", "value")
SPOKEN = (None, "text", "output_text", "input_text", "refusal")
CALL_TYPES = ("tool_call", "tool_use", "function_call", "function")
UNSPOKEN = ("reasoning", "thinking", "redacted_thinking", "redacted_reasoning")
"""Parts of an answer that the user never reads."""


def unpacked(given: Json) -> Json:
    """Return what a text of JSON holds, and anything else as it is.

    Attributes of spans can hold no lists, so that messages often stand in them as text.

    >>> unpacked('[1]'), unpacked('[1'), unpacked('{} or not')
    ([1], '[1', '{} or not')
    """
    if isinstance(given, str) and given.lstrip()[:1] in {"[", "{"}:
        try:
            return parse_json(given)
        except JsonTextError:
            return given
    return given


def content_text(content: Json) -> str:
    """Return the text of a message's content: a text, a part, or parts one after the other.

    A call of a tool stands in it as JSON, and what is no text (a picture, a file) as the name of its
    type in brackets; what a model only thought is left out.

    >>> content_text([{"type": "text", "text": "See "}, {"type": "image_url", "image_url": {}}])
    'See [image_url]'
    """
    match content:
        case None:
            return ""
        case str():
            return content
        case list():
            return "".join(content_text(part) for part in content)
        case dict():
            return _part_text(content)
    return json.dumps(content)


def _part_text(part: dict[str, Json]) -> str:
    kind = part.get("type")
    if kind in UNSPOKEN:
        return ""
    if kind in CALL_TYPES:
        return compact({key: value for key, value in part.items() if key != "id"})
    for key in TEXT_KEYS:
        found = part.get(key)
        if isinstance(found, str) and kind in SPOKEN:
            return found
    if kind == "refusal" and isinstance(part.get("refusal"), str):
        return str(part["refusal"])
    return f"[{kind}]" if isinstance(kind, str) else compact(part)


def message_text(message: Json) -> str:
    """Return what one message says; where it says nothing and calls tools, its calls as JSON.

    >>> message_text({"role": "assistant", "parts": [{"type": "text", "content": "Hi"}]})
    'Hi'
    """
    if not isinstance(message, dict):
        return content_text(message)
    content = message.get("parts", message.get("content"))
    found = content_text(content)
    calls = message.get("tool_calls")
    if not found and isinstance(calls, list) and calls:
        return compact(calls)
    if not found and content is None and isinstance(message.get("refusal"), str):
        return str(message["refusal"])
    return found


def asked(given: Json) -> Json:
    """Return what was asked as an input of a case: a text, messages, or variables as they are.

    >>> asked('[{"role": "user", "content": "Hi"}]')
    'Hi'
    """
    if isinstance(given, str):
        inside = unpacked(given)
        # A question that is JSON itself stays as it was written.
        return asked(inside) if _holds_messages(inside) else given or None
    if isinstance(given, dict):
        for key in ("messages", "input", "prompt"):
            if key in given and isinstance(given[key], (list, str)):
                return asked(given[key])
        return asked([given]) if "role" in given else given or None
    if isinstance(given, list):
        turns = [turn for turn in given if isinstance(turn, dict)]
        if len(turns) < len(given) or not all("role" in turn for turn in turns):
            return content_text(given) or None
        return turned([(str(turn["role"]), message_text(turn)) for turn in turns])
    return None


def _holds_messages(given: Json) -> bool:
    """Return whether JSON out of a text is somebody's messages, and not a text of its own."""
    match given:
        case {"role": str(), "content": _} | {"role": str(), "parts": _}:
            return True
        case {"messages": [{"role": str()}, *_]} | {"choices": [{"message": _}, *_]}:
            return True
        case [{"role": str()}, *_]:
            return True
    return False


def turned(turns: list[tuple[str, str]]) -> Json:
    """Return turns as an input: the text alone where a user's message is all there is."""
    if not turns:
        return None
    if len(turns) == 1 and turns[0][0] == "user":
        return turns[0][1]
    return [{"role": role, "content": text} for role, text in turns]


def answered(given: Json) -> str | None:
    """Return what a model answered: of a text, a message, messages, choices, or another value as JSON.

    >>> answered({"choices": [{"message": {"role": "assistant", "content": "Hi"}}]})
    'Hi'
    """
    if given is None:
        return None
    if isinstance(given, str):
        inside = unpacked(given)
        # An answer that is JSON itself stays as it was written.
        return _said(inside) if _holds_messages(inside) else given
    return _said(given)


def _said(given: Json) -> str:
    match given:
        case {"choices": [dict(choice), *_]}:
            return message_text(choice.get("message") or choice.get("text"))
        case {"role": _} | {"parts": _} | {"content": str() | list()}:
            return message_text(given)
        case [*_, dict(last)] if "role" in last:
            return message_text(last)
        case [dict(first), *_] if "type" in first:
            return content_text(given)
    return compact(given)


def compact(value: Json | Mapping[str, Json]) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
