"""One log is read: its format found out, its records turned into logged requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path

from evalkit.core.errors import Place, Problem, SpecError, UsageError
from evalkit.core.model import Json
from evalkit.core.ports import ReaderPlugin
from evalkit.core.records import NUMBER_KEYS, RecordError
from evalkit.core.registry import READERS
from evalkit.core.traffic import Logged, LogRecord, logged_of
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.files.text import Line, file_name
from evalkit.spec.traffic.mapping import NO_MAP, FieldMap
from evalkit.spec.traffic.rows import (
    Row,
    is_archive,
    line_rows,
    member_names,
    member_rows,
    rows_of,
)

PLAIN = "plain"
LOOKED_AT = 20
"""So many records are looked at before a log is said to be of no known format."""

TAG_SEPARATOR = ";"


@dataclass(frozen=True, slots=True)
class Log:
    """An open log: the reader of its format, and its records, which can be read once."""

    name: str
    reader: ReaderPlugin
    mapped: FieldMap
    rows: Iterator[Row | Problem]

    def records(self) -> Iterator[Logged | Problem]:
        """Yield every logged request; what is malformed comes as a problem with its place.

        Raises:
            SpecError: the file cannot be read to its end.
        """
        return _logged(self.rows, self.reader, self.mapped, self.name)


def open_log(path: Path | str, *, reader: str | None = None, mapped: FieldMap = NO_MAP) -> Log:
    """Return a log that is ready to be read.

    Args:
        path: a file (``.jsonl``, ``.json``, ``.csv``, ``.tsv``, ``.parquet``, the texts among them
            with ``.gz`` too; a ZIP archive), or ``-`` for JSON from standard input.
        reader: the name of the format; found out by the first records where it is not given.
        mapped: where fields stand that the format has not, or has elsewhere.

    Raises:
        UsageError: nobody knows that reader, or the records are of no known format.
        SpecError: the file cannot be read.
        PluginError: the reader cannot be loaded.
    """
    name, text = file_name(path), str(path)
    if is_archive(text):
        return _open_archive(text, reader, mapped)
    rows = rows_of(text)
    if reader is not None:
        return Log(name, READERS.get(reader), mapped, rows)
    first: list[Row | Problem] = []
    for row in rows:
        first.append(row)
        if len(first) >= LOOKED_AT:
            break
    found = _recognised([row.data for row in first if isinstance(row, Row)], name, mapped)
    return Log(name, found, mapped, chain(first, rows))


def logged_lines(
    lines: Iterable[Line], file: str, plugin: ReaderPlugin, mapped: FieldMap = NO_MAP
) -> Iterator[Logged | Problem]:
    """Yield the logged requests of some JSON lines: a whole log, or a part of one that is ``alone``."""
    return _logged(line_rows(lines, file), plugin, mapped, file)


# ---------------------------------------------------------------- reading


def _logged(
    rows: Iterable[Row | Problem], plugin: ReaderPlugin, mapped: FieldMap, file: str
) -> Iterator[Logged | Problem]:
    read = plugin.open()
    for row in rows:
        if isinstance(row, Problem):
            yield row
            continue
        data, place, texts = row
        try:
            for record in read(data):
                yield _one(record, mapped, place, texts=texts)
        except RecordError as error:
            yield Problem(place, str(error))
    for record in read.rest():
        yield _one(record, mapped, Place(file), texts=False)


def _one(record: LogRecord, mapped: FieldMap, place: Place, *, texts: bool) -> Logged | Problem:
    fields = mapped.over(record) if mapped.paths else record.fields
    try:
        return logged_of(_typed(fields) if texts else fields)
    except RecordError as error:
        return Problem(place, str(error))


def _typed(fields: Iterable[tuple[str, Json]] | object) -> dict[str, Json]:
    """Return fields out of a table of texts with the types that they have."""
    assert isinstance(fields, dict)
    found: dict[str, Json] = {}
    for name, value in fields.items():
        if not isinstance(value, str):
            found[name] = value
        elif name == "tags":
            found[name] = [tag.strip() for tag in value.split(TAG_SEPARATOR) if tag.strip()]
        elif name in NUMBER_KEYS:
            found[name] = _number(name, value)
        elif name == "created":
            found[name] = _number(name, value) if value.replace(".", "", 1).isdigit() else value
        else:
            found[name] = value
    return found


def _number(name: str, text: str) -> Json:
    try:
        value = parse_json(text)
    except JsonTextError:
        value = text
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RecordError(f"expected {name} to be a number, found {text[:40]!r}")
    return value


# ---------------------------------------------------------------- recognising


def _recognised(records: list[Json], file: str, mapped: FieldMap) -> ReaderPlugin:
    """Return the reader of the first record that any reader knows."""
    built_in = READERS.built_in()
    plain = built_in[PLAIN]
    others = [plugin for name, plugin in built_in.items() if name != PLAIN]
    found = _first_known(records, others, file)
    if found is None and any(plain.recognises(record) for record in records):
        found = plain
    if found is None:
        strange = [READERS.get(name) for name in READERS.names() if name not in built_in]
        found = _first_known(records, strange, file)
    if found is not None:
        return found
    if "id" in mapped.paths or not records:
        return plain
    raise UsageError(
        f"{file}: no reader knows {_seen(records)}; name the format with --format "
        f"({', '.join(READERS.names())}), or say where the fields stand: "
        "--map id=PATH --map output=PATH"
    )


def _first_known(
    records: list[Json], plugins: list[ReaderPlugin], file: str
) -> ReaderPlugin | None:
    for record in records:
        knowing = [plugin for plugin in plugins if plugin.recognises(record)]
        if len(knowing) > 1:
            names = " or ".join(plugin.name for plugin in knowing)
            raise UsageError(f"{file}: its records could be {names}; say which with --format")
        if knowing:
            return knowing[0]
    return None


SHOWN_KEYS = 8


def _seen(records: list[Json]) -> str:
    record = next((record for record in records if isinstance(record, dict)), None)
    if record is None:
        return "records that are no objects"
    keys = ", ".join(key[:30] for key in list(record)[:SHOWN_KEYS])
    more = ", …" if len(record) > SHOWN_KEYS else ""
    return f"records of {keys}{more}" if record else "records of nothing"


def _open_archive(path: str, reader: str | None, mapped: FieldMap) -> Log:
    if reader is None:
        plugins = [READERS.get(name) for name in READERS.names()]
    else:
        plugins = [READERS.get(reader)]
    names = member_names(path)
    for plugin in plugins:
        pattern = plugin.members
        if pattern is None:
            continue
        inside = [name for name in names if fnmatchcase(name, pattern)]
        if inside:
            return Log(path, plugin, mapped, member_rows(path, inside))
    expected = ", ".join(
        f"{plugin.members} ({plugin.name})" for plugin in plugins if plugin.members is not None
    )
    if not expected:
        raise UsageError(f"{path}: {reader} reads no ZIP archives; unpack it first")
    raise SpecError.single(Place(path), f"a ZIP archive without any {expected}; unpack it first")
