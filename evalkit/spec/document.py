"""YAML and JSON text become plain values that remember where each of them stands.

YAML is read by the rules of YAML 1.2, without the surprises of 1.1: ``no`` and ``on`` are words,
``1e-3`` is a number, dates are text. What two readers could read differently is an error:
duplicate keys, numbers with leading zeros, tags, merge keys, characters that end a line for some.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Json
from evalkit.files.json_text import MAX_DEPTH, json_document
from evalkit.files.text import BYTE_ORDER_MARK, file_name, whole_text

Trail: TypeAlias = tuple[str | int, ...]
"""The way to a value inside a document: keys and indexes."""

Position: TypeAlias = tuple[int, int]
"""A line and a column, both from 1."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"([-+]?)0+([0-9]+)")
_NO_TEXT = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Control characters, halves of surrogate pairs, and line ends that are none in YAML 1.2."""

_PLAIN_WORDS: Mapping[str, Json] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its value, and the line and column of every value and every key inside it.

    ``parts`` holds what came from elsewhere: another file, or the command line.
    """

    file: str
    data: Json
    places: Mapping[Trail, Position] = field(default_factory=dict)
    keys: Mapping[Trail, Position] = field(default_factory=dict)
    parts: Mapping[Trail, Document] = field(default_factory=dict)

    def place(self, path: Trail) -> Place:
        """Return where a value stands, or where its nearest container does."""
        for start, part in self.parts.items():
            if path[: len(start)] == start:
                return part.place(path[len(start) :])
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return Place(self.file, *self.places[path[:end]])
        return Place(self.file)

    def key_place(self, path: Trail) -> Place:
        """Return where a key stands, or where the value under it does."""
        for start, part in self.parts.items():
            if path[: len(start)] == start:
                return part.key_place(path[len(start) :])
        return Place(self.file, *self.keys[path]) if path in self.keys else self.place(path)


def read_document(path: Path | str) -> Document:
    """Read a YAML or JSON file (by its name; anything that is not ``.json`` is YAML).

    Raises:
        SpecError: the file cannot be read or parsed; every problem found has its place.
    """
    text, file = whole_text(path), file_name(path)
    if not str(path).endswith((".json", ".json.gz")):
        return parse_yaml(text, file)
    data = json_document(text, file)
    return _placed(data, text, file) if isinstance(data, dict) else Document(file, data)


def parse_yaml(text: str, file: str) -> Document:
    """Return the one document of a YAML text.

    Raises:
        SpecError: as ``read_document``.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    if stray := _NO_TEXT.search(text):
        raise SpecError([_stray_problem(text, stray.start(), file)])
    builder = _Builder(file, budget=len(text) + 10_000)
    try:
        for event in yaml.parse(text, Loader=_loader()):
            builder.take(event)
    except yaml.YAMLError as error:
        builder.problems.append(_syntax_problem(error, text, file))
    except _TooMuchError as error:
        builder.problems.append(error.problem)
    if builder.problems:
        raise SpecError(builder.problems)
    return Document(file, builder.value, builder.places or {(): (1, 1)}, builder.keys)


def _placed(data: Json, text: str, file: str) -> Document:
    """Return a JSON document with places: JSON is YAML too, but for a few escapes and tabs."""
    try:
        return replace(parse_yaml(text, file), data=data)
    except SpecError:
        return Document(file, data)


# ---------------------------------------------------------------- building


class _TooMuchError(Exception):
    """The document grows beyond reason; reading stops at once."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    value: list[Json] | dict[str, Json]
    path: Trail
    anchor: str | None
    key: str | None = None
    is_key: bool = False

    @property
    def awaits_key(self) -> bool:
        """Whether the next value is a key of this mapping."""
        return isinstance(self.value, dict) and self.key is None


class _Builder:
    """Events of the parser become values.

    Events are taken one by one instead of a composed tree because the C composer recurses
    without a limit: 200,000 opening brackets would end the process.
    """

    def __init__(self, file: str, *, budget: int) -> None:
        self.value: Json = None
        self.places: dict[Trail, Position] = {}
        self.keys: dict[Trail, Position] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._budget = budget
        self._open: list[_Open] = []
        self._anchors: dict[str, Json] = {}
        self._documents = 0

    def take(self, event: Any) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._problem(event, "a second document; expected one document a file")
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self._open.pop()
                if done.anchor:
                    self._anchors[done.anchor] = done.value
                if done.is_key:
                    self._open[-1].key = ""
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event)

    def _begin(self, event: Any) -> None:
        self._refuse_tag(event)
        value: list[Json] | dict[str, Json] = (
            [] if isinstance(event, yaml.SequenceStartEvent) else {}
        )
        self._refuse_depth(event, len(self._open) + 1)
        is_key = bool(self._open) and self._open[-1].awaits_key
        if is_key and not any(outer.is_key for outer in self._open):
            self._problem(
                event, "a key must be one word, found a list or a mapping; put {{ or [ in quotes"
            )
        path = (*self._open[-1].path, "") if is_key else self._put(value, event)
        self._open.append(_Open(value, path, event.anchor, is_key=is_key))

    def _scalar(self, event: Any) -> None:
        if self._open and self._open[-1].awaits_key:
            self._take_key(self._open[-1], event)
            return
        self._refuse_tag(event)
        value = self._resolved(event)
        if event.anchor:
            self._anchors[event.anchor] = value
        self._put(value, event)

    def _take_key(self, inside: _Open, event: Any) -> None:
        self._refuse_tag(event)
        key = event.value
        if event.anchor:
            self._anchors[event.anchor] = key
        if key == "<<" and not event.style:
            self._problem(event, "merge keys are not read; write the keys out")
        path = (*inside.path, key)
        if path in self.keys and key in inside.value:
            first = self.keys[path][0]
            self._problem(event, f"key {key!r} stands twice; it stands in line {first} already")
        inside.key = key
        self.keys[path] = _position(event)

    def _alias(self, event: Any) -> None:
        if self._open and self._open[-1].awaits_key:
            self._problem(event, f"alias *{event.anchor} as a key; write the key out")
            self._open[-1].key = ""
            return
        if event.anchor not in self._anchors:
            self._problem(event, f"alias *{event.anchor} names no complete value before it")
            self._put(None, event)
            return
        value = self._anchors[event.anchor]
        size, depth = _extent(value)
        self._spend(event, size)
        self._refuse_depth(event, len(self._open) + depth)
        self._put(value, event)

    def _put(self, value: Json, event: Any) -> Trail:
        self._spend(event, 1)
        if not self._open:
            self.value = value
            path: Trail = ()
        else:
            inside = self._open[-1]
            if isinstance(inside.value, list):
                path = (*inside.path, len(inside.value))
                inside.value.append(value)
            else:
                assert inside.key is not None
                path = (*inside.path, inside.key)
                inside.value[inside.key] = value
                inside.key = None
        self.places[path] = _position(event)
        return path

    def _resolved(self, event: Any) -> Json:
        text: str = event.value
        if event.style or event.tag:
            return text
        if text in _PLAIN_WORDS:
            return _PLAIN_WORDS[text]
        if padded := _LEADING_ZERO.fullmatch(text):
            plain = "".join(padded.groups()).removeprefix("+")
            self._problem(event, f"{text} has a leading zero; write {plain} or '{text}'")
        elif _NOT_FINITE.fullmatch(text):
            self._problem(event, f"{text} is not a finite number; leave the key out for no limit")
        elif _INTEGER.fullmatch(text):
            return int(text) if len(text) < 300 else self._too_large(event)
        elif _FLOAT.fullmatch(text):
            number = float(text)
            return number if math.isfinite(number) else self._too_large(event)
        return text

    def _too_large(self, event: Any) -> Json:
        self._problem(event, "a number larger than any float")
        return None

    def _refuse_tag(self, event: Any) -> None:
        if event.tag and event.tag not in {"tag:yaml.org,2002:str", "!"}:
            self._problem(event, f"tag {event.tag} is not read; write the plain value")

    def _refuse_depth(self, event: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _TooMuchError(self._made(event, f"values nested deeper than {MAX_DEPTH}"))

    def _spend(self, event: Any, values: int) -> None:
        # Without aliases a text cannot hold more values than characters: whoever exceeds that
        # expands aliases of aliases.
        self._budget -= values
        if self._budget < 0:
            raise _TooMuchError(
                self._made(event, "aliases expand to more values than the file has room for")
            )

    def _problem(self, event: Any, message: str) -> None:
        self.problems.append(self._made(event, message))

    def _made(self, event: Any, message: str) -> Problem:
        return Problem(Place(self._file, *_position(event)), message)


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _position(event: Any) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _extent(value: Json) -> tuple[int, int]:
    """Return how many values there are inside a value, itself included, and how deep they lie."""
    size, depth, level = 0, 0, [value]
    while level:
        size += len(level)
        outer = [item for item in level if isinstance(item, (dict, list))]
        depth += bool(outer)
        level = [
            inner for item in outer for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return size, depth


def _stray_problem(text: str, offset: int, file: str) -> Problem:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    code = ord(text[offset])
    return Problem(
        Place(file, line, column),
        f'not YAML: character U+{code:04X}; remove it, or write "\\u{code:04x}" in double quotes',
    )


def _syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(Place(file), f"not YAML: {error}")
    place = Place(file, mark.line + 1, mark.column + 1)
    found, context = getattr(error, "problem", None), getattr(error, "context", None)
    if str(found).endswith("cannot start any token"):
        start = text.split("\n")[mark.line][mark.column :][:1]
        advice = "indent with blanks" if start == "\t" else "put the value in quotes"
        return Problem(place, f"not YAML: {start!r} cannot start a value; {advice}")
    return Problem(place, f"not YAML: {found}{f', {context}' if context else ''}")
