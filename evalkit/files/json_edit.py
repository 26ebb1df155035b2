"""Members are put into the text of a JSON object, and every other character of it stays."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from json import JSONDecoder
from typing import NamedTuple

from evalkit.core.model import Json
from evalkit.files.json_text import json_line


def with_members(text: str, value: Json, key: str, members: Mapping[str, Json]) -> str | None:
    r"""Put members into the object at a key of a JSON object, which is made where there is none.

    A member that is there already stays as it is.

    Args:
        text: what is edited.
        value: what ``parse_json`` made of it.
        key: in ASCII.
        members: what is put there.

    Returns:
        The text, or ``None`` where it is no object, or another value than an object or ``null``
        stands at the key.

    >>> with_members('{"a": 1.0, "m": {}}', {"a": 1.0, "m": {}}, "m", {"b": "c"})
    '{"a": 1.0, "m": {"b":"c"}}'
    >>> with_members("{ }", {}, "m", {"b": "c"}), with_members('{"m":[]}', {"m": []}, "m", {"b": 2})
    ('{"m":{"b":"c"} }', None)
    """
    if not isinstance(value, dict):
        return None
    there = value.get(key)
    if there is None and key in value:  # null says nothing
        start, end = _place(text, key)
        return text[:start] + json_line(dict(members)).rstrip() + text[end:]
    if there is None:
        return _opened(text, 0, {key: dict(members)})
    if not isinstance(there, dict):
        return None
    lacking = {name: item for name, item in members.items() if name not in there}
    return _opened(text, _place(text, key)[0], lacking) if lacking else text


def with_values(text: str, members: Mapping[str, Json], without: Collection[str] = ()) -> str:
    """Give members of a JSON object other values, and leave some out; the rest stays as it stands.

    Args:
        text: of an object, as ``parse_json`` takes it.
        members: what is put in the place of what is there; what is not there stands in front.
        without: the keys that are left out.

    >>> with_values('{"model": "a",  "n": 1.0, "key": 2}', {"model": "b", "seed": 3}, ["key"])
    '{"seed":3,"model": "b",  "n": 1.0}'
    >>> with_values("{ }", {"a": 1}), with_values('{"k":1 , "a": 2}', {}, ["k"])
    ('{"a":1 }', '{ "a": 2}')
    """
    there = list(_members(text))
    kept = [member for member in there if member.key not in without]
    lacking = {key: value for key, value in members.items() if key not in {m.key for m in kept}}
    pieces = [json_line(lacking).rstrip()[1:-1]] if lacking else []
    for member in kept:
        if member.key in members:
            value = json_line(members[member.key]).rstrip()
            pieces.append(
                text[member.begin : member.start] + value + text[member.end : member.rest]
            )
        else:
            pieces.append(text[member.begin : member.rest])
    first = text.index("{") + 1
    return text[:first] + ",".join(pieces) + text[there[-1].rest if there else first :]


# ---------------------------------------------------------------- parts


class _Member(NamedTuple):
    """Where a member of an object stands: all of it with its spaces, and its value."""

    key: str
    begin: int
    start: int
    end: int
    rest: int


def _members(text: str) -> Iterator[_Member]:
    """Yield the members of an object."""
    begin = text.index("{") + 1
    offset = _after_space(text, begin)
    while text[offset] != "}":
        key, offset = _DECODER.raw_decode(text, offset)
        start = _after_space(text, _after_space(text, offset) + 1)  # behind the colon
        _, end = _DECODER.raw_decode(text, start)
        offset = _after_space(text, end)
        # Spaces before a comma are the member's; those before the bracket are the object's.
        yield _Member(key, begin, start, end, offset if text[offset] == "," else end)
        if text[offset] == ",":
            begin = offset + 1
            offset = _after_space(text, begin)


_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = JSONDecoder()


def _opened(text: str, start: int, members: dict[str, Json]) -> str:
    """Return a text with members at the beginning of the object that begins at a place."""
    first = text.index("{", start) + 1
    comma = "" if text[_after_space(text, first)] == "}" else ","
    return text[:first] + json_line(members).rstrip()[1:-1] + comma + text[first:]


def _place(text: str, key: str) -> tuple[int, int]:
    """Return where the value of a key begins and ends in the text of an object that has it."""
    return next((found.start, found.end) for found in _members(text) if found.key == key)


def _after_space(text: str, offset: int) -> int:
    found = _SPACE.match(text, offset)
    assert found is not None
    return found.end()
