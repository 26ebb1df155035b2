"""JSON text becomes values: no duplicate keys, no NaN, no infinity, no lone surrogates."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder, JSONEncoder
from typing import NamedTuple

from evalkit.core.errors import Place, SpecError
from evalkit.core.model import Json

MAX_DEPTH = 100
"""No case and no answer nests deeper; what does would exhaust the stack in a later room."""


class JsonTextError(ValueError):
    """The text is not the JSON that evalkit accepts; ``offset`` counts characters."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


class Element(NamedTuple):
    """One element of a JSON array and where it starts, line and column from 1."""

    value: Json
    line: int
    column: int


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise JsonTextError(f"key {twice!r} stands twice in one object")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise JsonTextError(f"{text} is larger than any float; expected a finite number")
    return value


def _whole(text: str) -> int:
    if len(text) > 300:
        raise JsonTextError(f"a number of {len(text)} digits; expected a finite number")
    return int(text)


def _no_constant(text: str) -> float:
    raise JsonTextError(f"{text} is not JSON; leave the field out where a value is unknown")


_DECODER = JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_int=_whole, parse_constant=_no_constant
)


def parse_json(text: str) -> Json:
    """Return the value of a JSON text.

    Raises:
        JsonTextError: the text is not JSON, or is JSON that another reader would read otherwise.
    """
    value, end = _decode_at(text, 0 if text[:1] == "{" else _skip_space(text, 0))
    rest = end if end == len(text) else _skip_space(text, end)
    if rest != len(text):
        raise JsonTextError("something follows the end of the JSON value", rest)
    return _without_surrogates(value) if "\\u" in text else value


def json_elements(text: str, file: str) -> Iterator[Element]:
    """Yield the elements of a JSON array one by one, with their places.

    Raises:
        SpecError: the text is not an array of JSON values and nothing else; the elements before
            the fault have been yielded by then.
    """
    places = _Places(text, file)
    may_have_surrogates = "\\u" in text
    offset = _skip_space(text, 0)
    if text[offset : offset + 1] != "[":
        raise SpecError.single(places.at(offset), "expected a JSON array")
    offset = _skip_space(text, offset + 1)
    more = text[offset : offset + 1] != "]"
    while more:
        place = places.at(offset)
        try:
            value, end = _decode_at(text, offset)
        except JsonTextError as error:
            raise SpecError.single(places.at(max(error.offset, offset)), str(error)) from None
        yield Element(
            _without_surrogates(value) if may_have_surrogates else value, place.line, place.column
        )
        offset = _skip_space(text, end)
        more = text[offset : offset + 1] == ","
        if more:
            offset = _skip_space(text, offset + 1)
        elif text[offset : offset + 1] != "]":
            raise SpecError.single(places.at(offset), "expected a comma or the array's end")
    offset = _skip_space(text, offset + 1)
    if offset != len(text):
        raise SpecError.single(places.at(offset), "something follows the end of the array")


def json_document(text: str, file: str) -> Json:
    """Return the value of a whole JSON document.

    Raises:
        SpecError: as ``parse_json``, with the place in the file.
    """
    try:
        return parse_json(text)
    except JsonTextError as error:
        raise SpecError.single(_Places(text, file).at(error.offset), str(error)) from None


def json_line(value: object) -> str:
    """Return a plain value as one line of JSONL, its end included."""
    return _harmless(_ENCODER.encode(value)) + "\n"


def type_of(value: Json) -> str:
    """Return the type of a value; a number without a fraction is an integer.

    >>> [type_of(value) for value in (None, True, 1.0, 1.5, "a", [], {})]
    ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']
    """
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
    return "array" if isinstance(value, list) else "object"


def written_id(line: str) -> str | None:
    """Return the id in a line that ``json_line`` wrote, without parsing the texts behind it.

    >>> written_id(json_line({"id": "c1", "input": '"id":"other"'}))
    'c1'
    """
    found = _ID.search(line)
    return json.loads(found.group(1)) if found else None


_ID = re.compile(r'"id":("(?:[^"\\]|\\.)*")')
_ENCODER = JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False
)


# ---------------------------------------------------------------- parts


def _decode_at(text: str, offset: int) -> tuple[Json, int]:
    try:
        value, end = _DECODER.raw_decode(text, offset)
    except JSONDecodeError as error:
        raise JsonTextError(f"not JSON: {error.msg.lower()}", error.pos) from None
    except RecursionError:
        raise JsonTextError("brackets are nested too deeply", offset) from None
    brackets = text.count("[", offset, end) + text.count("{", offset, end)
    if brackets > MAX_DEPTH and _deeper_than(MAX_DEPTH, value):
        raise JsonTextError(f"brackets are nested too deeply, over {MAX_DEPTH} levels", offset)
    return value, end


def _deeper_than(levels: int, value: Json) -> bool:
    inside: list[Json] = [value]
    for _ in range(levels + 1):
        inside = [
            item
            for outer in inside
            if isinstance(outer, (list, dict))
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(inside)


_SPACE = re.compile(r"[ \t\r\n]*")


def _skip_space(text: str, offset: int) -> int:
    found = _SPACE.match(text, offset)
    assert found is not None
    return found.end()


class _Places:
    """Offsets become lines and columns; asked in rising order, so that no line is counted twice."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._line = 1
        self._counted = 0

    def at(self, offset: int) -> Place:
        self._line += self._text.count("\n", self._counted, offset)
        self._counted = offset
        start = self._text.rfind("\n", 0, offset) + 1
        return Place(self._file, self._line, offset - start + 1)


def _without_surrogates(value: Json) -> Json:
    # Half of a surrogate pair is no character: it can be neither written nor shown, so it
    # becomes U+FFFD here, once, instead of an encoding error in every room after this one.
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {str(_without_surrogates(k)): _without_surrogates(v) for k, v in value.items()}
    return value


def document_text(value: Json) -> str:
    """Return the file of a plain value, for people to read: what is unbounded is ``null`` in it."""
    text = json.dumps(_with_ends(value), ensure_ascii=False, indent=1, allow_nan=False)
    return _harmless(text) + "\n"


def _harmless(text: str) -> str:
    r"""Return JSON of the same value that is no command to a CI system whose log it is printed in.

    GitHub's runner obeys ``##[…]`` wherever it stands in a line; in JSON it stands inside a string.

    >>> print(_harmless('["##[group]"]'))
    ["#\u0023[group]"]
    """
    return text.replace("##[", r"#\u0023[")


def _with_ends(value: Json) -> Json:
    """Return JSON without infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_with_ends(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_ends(item) for key, item in value.items()}
    return value
