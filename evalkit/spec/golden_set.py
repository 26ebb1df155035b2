"""Files of cases become cases, one at a time, whatever the format."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import NamedTuple

from evalkit.core.digest import canonical_json, digest
from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import ABSENT, Case, CaseInput, Json, Message
from evalkit.files.json_text import JsonTextError, json_elements, parse_json, written_id
from evalkit.files.text import STDIN, file_name, numbered_lines, raw_lines, whole_text
from evalkit.spec.document import parse_yaml
from evalkit.spec.grammar import GoldenSource
from evalkit.spec.parquet_rows import parquet_rows
from evalkit.spec.problems import unknown_key
from evalkit.spec.words import shown

CASE_KEYS = ("id", "input", "reference", "tags", "cluster", "metadata")
TAG_SEPARATOR = ";"
MAX_CSV_FIELD = 16 * 1024 * 1024
MANY_PROBLEMS = 1000
"""After so many problems the file is of another kind than its name says: reading stops."""


class Row(NamedTuple):
    """A case as its file has it, before its shape is checked."""

    data: Json
    place: Place


class _Asked(NamedTuple):
    """A case without an id: what it holds, where it stands first, and how often."""

    content: str
    place: Place
    times: int


@dataclass(slots=True)
class GoldenSetReader:
    """Reads the sources of a golden set; problems are noted while reading goes on.

    ``only`` names the cases that are wanted out of lines that evalkit wrote itself; the others are
    not even parsed. Reading ends after ``most`` rows, where that is given.
    """

    sources: Sequence[GoldenSource]
    problems: list[Problem] = field(default_factory=list)
    only: Collection[str] | None = None
    most: int | None = None
    _read: int = 0
    _seen: set[int] = field(default_factory=set)
    _places: dict[str, Place] | None = None
    _derived: dict[str, _Asked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember every place from the start where what stands before cannot be read again."""
        if self._places is None and any(source.path == STDIN for source in self.sources):
            self._places = {}

    def cases(self) -> Iterator[tuple[Case, Place]]:
        """Yield every case that is sound, with its place, in the order of the files."""
        for source in self.sources:
            for row in self._rows(source.path):
                if self._read == self.most:
                    return
                self._read += 1
                case = self._case(row, source.tags)
                if case is not None:
                    yield case, row.place
                if len(self.problems) > MANY_PROBLEMS:
                    return

    # ------------------------------------------------------------ rows

    def _rows(self, path: str) -> Iterator[Row]:
        try:
            for found in _rows_of(path, self.only):
                if isinstance(found, Row):
                    yield found
                else:
                    self.problems.append(found)
                    if len(self.problems) > MANY_PROBLEMS:
                        return
        except SpecError as error:
            self.problems.extend(error.problems)

    # ------------------------------------------------------------ a case

    def _case(self, row: Row, tags: Sequence[str]) -> Case | None:
        before = len(self.problems)
        if not isinstance(row.data, dict):
            self._note(row, f"expected a case: an object with input, found {shown(row.data)}")
            return None
        data = row.data
        for key in data:
            if key not in CASE_KEYS:
                self._note(row, unknown_key(key, CASE_KEYS))
        asked = self._input(row, data)
        own_tags = self._tags(row, data.get("tags", []))
        metadata = data.get("metadata", {})
        if not isinstance(metadata, dict):
            self._note(row, f"expected metadata to be an object, found {shown(metadata)}")
        cluster = self._word(row, data, "cluster")
        given_id = self._word(row, data, "id")
        if len(self.problems) > before:
            return None
        assert asked is not None
        assert isinstance(metadata, dict)
        case_id = given_id if given_id is not None else self._derived_id(row)
        if not self._is_new(case_id, row):
            return None
        all_tags = tuple(dict.fromkeys(chain(own_tags, tags)))
        reference = data.get("reference", ABSENT)
        return Case(case_id, asked, reference, all_tags, cluster, metadata)

    def _input(self, row: Row, data: dict[str, Json]) -> CaseInput | None:
        match data.get("input", ABSENT):
            case str(text):
                return text
            case list(turns) if turns:
                messages = [self._message(row, turn) for turn in turns]
                return tuple(message for message in messages if message is not None)
            case dict(variables) if variables:
                return variables
            case found:
                what = "nothing" if found is ABSENT else shown(found)
                self._note(
                    row, f"expected input: text, a list of messages or variables, found {what}"
                )
                return None

    def _message(self, row: Row, turn: Json) -> Message | None:
        match turn:
            case {"role": str(role), "content": str(content), **rest} if not rest:
                return Message(role, content)
        self._note(row, f"expected a message {{role, content}} of text, found {shown(turn)}")
        return None

    def _tags(self, row: Row, given: Json) -> list[str]:
        tags = (
            [tag for tag in given if isinstance(tag, str) and tag]
            if isinstance(given, list)
            else []
        )
        if not isinstance(given, list) or len(tags) < len(given):
            self._note(row, f"expected tags to be a list of words, found {shown(given)}")
        return tags

    def _word(self, row: Row, data: dict[str, Json], key: str) -> str | None:
        found = data.get(key)
        if found is None and key not in data:
            return None
        if isinstance(found, str) and found:
            return found
        hint = (
            f'; write "{found}"' if isinstance(found, int) and not isinstance(found, bool) else ""
        )
        self._note(row, f"expected {key} to be text, found {shown(found)}{hint}")
        return None

    # ------------------------------------------------------------ identity

    def _derived_id(self, row: Row) -> str:
        """Return an id made of what is asked; an equal case again gets -2, then -3."""
        assert isinstance(row.data, dict)
        base = digest(row.data["input"])[:12]
        content = canonical_json(row.data)
        first = self._derived.get(base, _Asked(content, row.place, 0))
        if content != first.content:
            self._note(
                row, f"asks the same as {first.place} and differs otherwise; give both an id"
            )
        self._derived[base] = first._replace(times=first.times + 1)
        return base if not first.times else f"{base}-{first.times + 1}"

    def _is_new(self, case_id: str, row: Row) -> bool:
        """Return whether no case before had this id.

        A million ids and their places would take more memory than all the rest: the ids are kept
        as hashes until one comes up twice, and then what stands before is read once more.
        """
        if self._places is None:
            code = hash(case_id)
            if code not in self._seen:
                self._seen.add(code)
                return True
            self._places = self._places_before()
        first = self._places.get(case_id)
        if first is None:
            self._places[case_id] = row.place
            return True
        self._note(row, f"id {case_id!r} stands twice; first at {first}")
        return False

    def _places_before(self) -> dict[str, Place]:
        """Return where every id before the row at hand stands first.

        Rows are counted: a place would come up twice where a file is named twice.
        """
        places: dict[str, Place] = {}
        before = GoldenSetReader(self.sources, only=self.only, most=self._read - 1, _places=places)
        for _ in before.cases():
            pass
        return places

    def _note(self, row: Row, message: str) -> None:
        self.problems.append(Problem(row.place, message))


# ---------------------------------------------------------------- formats


def _rows_of(path: str, only: Collection[str] | None) -> Iterator[Row | Problem]:
    name = path.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return _csv_rows(path)
    if name.endswith(".json"):
        return _json_rows(path)
    if name.endswith((".yaml", ".yml")):
        return _yaml_rows(path)
    if name.endswith(".parquet"):
        return _parquet_rows(path)
    return _jsonl_rows(path, only)


def _jsonl_rows(path: str, only: Collection[str] | None) -> Iterator[Row | Problem]:
    file = file_name(path)
    for line in numbered_lines(path):
        if only is not None and written_id(line.text) not in only:
            continue
        try:
            yield Row(parse_json(line.text), Place(file, line.number))
        except JsonTextError as error:
            yield Problem(Place(file, line.number, error.offset + 1), str(error))


def _json_rows(path: str) -> Iterator[Row]:
    file = file_name(path)
    for element in json_elements(whole_text(path), file):
        yield Row(element.value, Place(file, element.line, element.column))


def _yaml_rows(path: str) -> Iterator[Row]:
    document = parse_yaml(whole_text(path), file_name(path))
    if not isinstance(document.data, list):
        raise SpecError.single(document.place(()), "expected a list of cases")
    for index, item in enumerate(document.data):
        yield Row(item, document.place((index,)))


def _csv_rows(path: str) -> Iterator[Row | Problem]:
    """Read a table whose columns are the keys of a case.

    ``input.NAME`` and ``metadata.NAME`` fill mappings, ``tags`` are separated by semicolons, an
    empty cell is an absent key, and a row of empty cells is a blank line.
    """
    file = file_name(path)
    csv.field_size_limit(MAX_CSV_FIELD)
    table = csv.reader((line.text for line in raw_lines(path)), strict=True)
    columns: list[str] = []
    place = Place(file, 1)
    try:
        for cells in table:
            if not any(cells):
                pass
            elif not columns:
                columns = _columns(cells, place)
            elif stray := _without_column(columns, cells):
                yield Problem(place, f"a cell without a column: {shown(stray)}")
            else:
                yield Row(_nested(columns, cells), place)
            place = Place(file, table.line_num + 1)
    except csv.Error as error:
        old_mac = "carriage returns end its lines; save the file with line feeds"
        reason = old_mac if str(error).startswith("new-line") else str(error)
        raise SpecError.single(place, f"not CSV: {reason}") from None


def _without_column(columns: Sequence[str], cells: Sequence[str]) -> str:
    pairs = zip_longest(columns, cells, fillvalue="")
    return next((text for column, text in pairs if text and not column), "")


def _columns(names: list[str], place: Place) -> list[str]:
    """Return the names of the columns, or raise with every name that is none."""
    problems = []
    for name in dict.fromkeys(names):
        head, dot, inner = name.partition(".")
        if names.count(name) > 1 and name:
            problems.append(f"column {name!r} stands twice")
        elif dot and head in _MAPPINGS:
            if not inner:
                problems.append(f"column {name!r}: expected a name behind the dot")
            elif head in names:
                problems.append(f"columns {head!r} and {name!r} exclude each other")
        elif name and name not in CASE_KEYS:
            problems.append(unknown_key(name, CASE_KEYS))
    if problems:
        raise SpecError([Problem(place, message) for message in problems])
    return names


_MAPPINGS = ("input", "metadata")


def _nested(columns: Sequence[str], cells: Sequence[str]) -> Json:
    found: dict[str, Json] = {}
    inside: dict[str, dict[str, Json]] = {}
    for column, text in zip(columns, cells, strict=False):
        head, dot, name = column.partition(".")
        if not text:
            continue
        if dot:
            inside.setdefault(head, {})[name] = text
        elif column == "tags":
            found[column] = [tag.strip() for tag in text.split(TAG_SEPARATOR) if tag.strip()]
        else:
            found[column] = text
    return {**found, **inside}


def _parquet_rows(path: str) -> Iterator[Row | Problem]:
    for data, place in parquet_rows(path):
        yield _table_row(data, place)


def _table_row(data: dict[str, object], place: Place) -> Row | Problem:
    found: dict[str, Json] = {}
    for column, value in data.items():
        if value is None:
            continue
        try:
            # Through JSON text: dates, bytes and NaN of a table are no values of a case.
            found[column] = parse_json(canonical_json(value))
        except (TypeError, ValueError):
            return Problem(place, f"{column}: expected a value that JSON has, found {shown(value)}")
    return Row(found, place)
