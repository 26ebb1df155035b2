"""A file of a log becomes records with their places: JSON lines, JSON, CSV, Parquet or a ZIP archive."""

from __future__ import annotations

import csv
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Json
from evalkit.files.json_text import JsonTextError, json_document, json_elements, parse_json
from evalkit.files.text import (
    MAX_DOCUMENT_BYTES,
    STDIN,
    Line,
    file_name,
    raw_lines,
    whole_text,
)
from evalkit.spec.parquet_rows import parquet_rows

MAX_CELL = 16 * 1024 * 1024
MAX_MEMBERS = 1_000_000


class Row(NamedTuple):
    """A record as its file has it; ``texts`` where the file knows no other type."""

    data: Json
    place: Place
    texts: bool = False


def rows_of(path: str) -> Iterator[Row | Problem]:
    """Yield the records of a file that is no archive; what is none is a problem.

    Raises:
        SpecError: the file cannot be read to its end.
    """
    name = path.lower().removesuffix(".gz")
    if name.endswith((".csv", ".tsv")):
        return _table_rows(path, "\t" if name.endswith(".tsv") else ",")
    if name.endswith(".parquet"):
        return _parquet_rows(path)
    return _json_rows(path, lines_only=name.endswith((".jsonl", ".ndjson")))


def line_rows(lines: Iterable[Line], file: str) -> Iterator[Row | Problem]:
    """Yield the records of JSON lines; blank ones are none."""
    for number, text in lines:
        if text.isspace() or not text:
            continue
        try:
            yield Row(parse_json(text), Place(file, number))
        except JsonTextError as error:
            yield Problem(Place(file, number, error.offset + 1), str(error))


# ---------------------------------------------------------------- JSON


def _json_rows(path: str, *, lines_only: bool) -> Iterator[Row | Problem]:
    """Yield the records of JSON lines, of an array, or the one record that a document is."""
    file = file_name(path)
    lines = raw_lines(path)
    try:
        blank, first = _first(lines)
    except SpecError:
        if lines_only or path == STDIN:
            raise
        # A document on one line may be longer than any line of a log.
        yield from _document_rows(whole_text(path), file)
        return
    if first is None:
        return
    if lines_only or _is_record(first.text):
        yield from line_rows(chain([first], lines), file)
    else:
        yield from _document_rows(_joined(chain(blank, [first], lines), file), file)


def _first(lines: Iterator[Line]) -> tuple[list[Line], Line | None]:
    """Return the first line that is not blank, and those before it."""
    blank: list[Line] = []
    for line in lines:
        if not line.text.isspace():
            return blank, line
        blank = [Line(1, "\n" * line.number)]
    return blank, None


def _is_record(text: str) -> bool:
    """Return whether a line is a whole object, or the beginning of nothing longer."""
    try:
        return not isinstance(parse_json(text), list)
    except JsonTextError:
        return text.lstrip()[:1] not in {"{", "["}


def _joined(lines: Iterable[Line], file: str) -> str:
    parts: list[str] = []
    size = 0
    for line in lines:
        size += len(line.text)
        if size > MAX_DOCUMENT_BYTES:
            message = (
                f"expected a document of at most {MAX_DOCUMENT_BYTES >> 20} MB, or an object a line"
            )
            raise SpecError.single(Place(file), message)
        parts.append(line.text)
    return "".join(parts)


def _document_rows(text: str, file: str) -> Iterator[Row]:
    if text.lstrip()[:1] == "[":
        for element in json_elements(text, file):
            yield Row(element.value, Place(file, element.line, element.column))
    else:
        yield Row(json_document(text, file), Place(file))


# ---------------------------------------------------------------- tables


def _table_rows(path: str, delimiter: str) -> Iterator[Row | Problem]:
    """Yield the rows of a table as mappings of texts; an empty cell is an absent key."""
    file = file_name(path)
    csv.field_size_limit(MAX_CELL)
    lines = (line.text for line in raw_lines(path))
    table = csv.reader(lines, delimiter=delimiter, strict=True)
    columns: list[str] = []
    place = Place(file, 1)
    try:
        for cells in table:
            if not any(cells):
                pass
            elif not columns:
                columns = _columns(cells, place)
            elif any(cells[len(columns) :]):
                yield Problem(
                    place, f"{len(cells)} cells, and the table has {len(columns)} columns"
                )
            else:
                yield Row(_nested(columns, cells), place, texts=True)
            place = Place(file, table.line_num + 1)
    except csv.Error as error:
        raise SpecError.single(place, f"not CSV: {error}") from None


def _columns(names: list[str], place: Place) -> list[str]:
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice or not all(names):
        found = f"column {twice[0]!r} stands twice" if twice else "a column has no name"
        raise SpecError.single(place, found)
    return names


def _nested(columns: Sequence[str], cells: Sequence[str]) -> Json:
    """Return a row; columns ``metadata.NAME`` and ``input.NAME`` fill mappings, as in a golden set."""
    found: dict[str, Json] = {}
    for column, text in zip(columns, cells, strict=False):
        head, dot, name = column.partition(".")
        if not text:
            continue
        inner = found.setdefault(head, {}) if dot and name and head in _MAPPINGS else None
        if isinstance(inner, dict):
            inner[name] = text
        else:
            found[column] = text
    return found


_MAPPINGS = ("input", "metadata")


def _parquet_rows(path: str) -> Iterator[Row | Problem]:
    for data, place in parquet_rows(path):
        yield _table_row(data, place)


def _table_row(data: dict[str, object], place: Place) -> Row | Problem:
    try:
        return Row({key: json_value(value, key) for key, value in data.items()}, place)
    except ValueError as error:
        return Problem(place, str(error))


def json_value(value: object, column: str) -> Json:
    """Return what JSON says for the value of a table: times are ISO 8601, NaN is a missing one.

    Raises:
        ValueError: JSON has no such value.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, Decimal)) and not math.isinf(value):
        return None if math.isnan(value) else float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [json_value(item, column) for item in value]
    if isinstance(value, dict):
        return {str(key): json_value(item, column) for key, item in value.items()}
    kind = type(value).__name__
    raise ValueError(f"{column}: expected a value that JSON has, found {kind} {str(value)[:40]}")


# ---------------------------------------------------------------- archives


def is_archive(path: str) -> bool:
    """Return whether a file is a ZIP archive: by its first bytes, whatever it is called."""
    if path == STDIN or not Path(path).is_file():
        return False
    try:
        with Path(path).open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False  # whoever reads it says what is wrong


def member_names(path: str) -> list[str]:
    """Return the names of the files in an archive.

    Raises:
        SpecError: it is broken.
    """
    with ExitStack() as stack:
        return _archive(path, stack).namelist()


def member_rows(path: str, names: Iterable[str]) -> Iterator[Row | Problem]:
    """Yield the documents in some files of an archive.

    Raises:
        SpecError: a file of it cannot be read.
    """
    with ExitStack() as stack:
        archive = _archive(path, stack)
        for name in names:
            file = f"{path}!{name}"
            text = _member_text(archive, name, file)
            try:
                yield Row(json_document(text, file), Place(file))
            except SpecError as error:
                yield error.problems[0]


def _archive(path: str, stack: ExitStack) -> zipfile.ZipFile:
    try:
        archive = stack.enter_context(zipfile.ZipFile(path))
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise SpecError.single(Place(path), f"not a sound ZIP archive: {error}") from None
    if len(archive.namelist()) > MAX_MEMBERS:
        raise SpecError.single(Place(path), f"an archive of more than {MAX_MEMBERS:,} files")
    return archive


def _member_text(archive: zipfile.ZipFile, name: str, file: str) -> str:
    """Return the text of a file in an archive; its declared size is not believed."""
    try:
        with archive.open(name) as stream:
            raw = stream.read(MAX_DOCUMENT_BYTES + 1)
    except NotImplementedError:
        method = archive.getinfo(name).compress_type
        how = "zstd" if method == 93 else f"method {method}"
        raise SpecError.single(
            Place(file),
            f"compressed with {how}, which this Python does not read; write the log as JSON "
            "(inspect log dump FILE > FILE.json)",
        ) from None
    except _UNREADABLE as error:
        raise SpecError.single(Place(file), f"cannot be read: {error}") from None
    if len(raw) > MAX_DOCUMENT_BYTES:
        limit = f"{MAX_DOCUMENT_BYTES >> 20} MB"
        raise SpecError.single(Place(file), f"expected a document of at most {limit}")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise SpecError.single(Place(file), "is not UTF-8") from None


_UNREADABLE = (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError, zlib.error)
"""What a broken or encrypted archive raises."""
