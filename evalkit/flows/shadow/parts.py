"""Logs are cut into parts here, small enough for one worker and many enough for all of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfileobj

from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.model import Arm
from evalkit.core.registry import READERS
from evalkit.files.text import absolute_name, file_name
from evalkit.spec.traffic import NO_MAP, FieldMap, open_log
from evalkit.wire.log_files import LogFile, is_url, listed, opened_log
from evalkit.wire.log_lines import Chunk, line_chunks
from evalkit.wire.log_rows import row_groups

PART_BYTES = 4 << 20
"""So many bytes of lines are a part: some thousand answers, seconds of work."""

TEXT_BYTES = 1 << 18, 1 << 20
"""Between so many bytes of lines are a part where every text is scored: a part takes about a second,
and of a short log there are as many parts as keep several processes busy until the end."""

TEXT_PARTS = 64
PART_ROWS = 150_000
LOOKED_AT = 20

LINE_ENDINGS = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
"""What holds an object a line, by its name. Of a compressed file no part can be read alone."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of some logs in the order they are counted, and the format of all of them.

    ``ignored`` are files that lay in a folder among the logs, and are none by their names.
    """

    parts: tuple[LogPart, ...]
    reader: str
    ignored: tuple[str, ...] = ()


def parts_of(
    sources: Sequence[str | tuple[str, Arm]],
    *,
    reader: str | None = None,
    mapped: FieldMap = NO_MAP,
    part_bytes: int = PART_BYTES,
) -> Parts:
    """Return the parts of logs; a file that two sources name is read once.

    Args:
        sources: files, folders, patterns and URLs, each with the arm that it holds, if it is one.
        reader: the format; found out by the first records of the first file where it is not given.
        mapped: where fields stand that the format has not.
        part_bytes: about how many bytes of lines make a part.

    Raises:
        SpecError: a source holds no log, or a file cannot be read.
        UsageError: the format is unknown.
    """
    files: dict[str, tuple[LogFile, Arm | None]] = {}
    ignored: dict[str, None] = {}
    for source in sources:
        path, arm = (source, None) if isinstance(source, str) else source
        found = listed(path)
        ignored |= dict.fromkeys(found.ignored)
        for file in found.files:
            # One file has many names on a disk, and what is read twice counts twice.
            key = file.path if is_url(file.path) else absolute_name(file.path)
            files.setdefault(key, (file, arm))
    first, _ = next(iter(files.values()))
    name = reader or _format_of(first.path, mapped)
    alone = READERS.get(name).alone
    parts = (
        part
        for file, arm in files.values()
        for part in _cut(file.path, file.size, arm, part_bytes if alone else 0)
    )
    return Parts(tuple(parts), name, tuple(ignored))


def finer(parts: Parts) -> Parts:
    """Return the same logs in smaller parts, as reading every text of them asks for."""
    lines = sum(part.end - part.start for part in parts.parts if part.kind is PartKind.LINES)
    least, most = TEXT_BYTES
    size = min(max(lines // TEXT_PARTS, least), most)
    found: list[LogPart] = []
    for part in parts.parts:
        if part.kind is PartKind.LINES:
            starts = range(part.start, part.end, size)
            found += [replace(part, start=at, end=min(at + size, part.end)) for at in starts]
        else:
            found.append(part)
    return replace(parts, parts=tuple(found))


def holds_lines(path: str) -> bool:
    """Return whether a file is lines with an object each."""
    return path.lower().endswith(LINE_ENDINGS)


def _cut(path: str, size: int, arm: Arm | None, part_bytes: int) -> Iterator[LogPart]:
    """Yield the parts of a file; nothing of an empty one, the whole where it cannot be cut."""
    name = path.lower()
    if part_bytes and name.endswith((".jsonl", ".ndjson")):
        for start in range(0, size, part_bytes):
            yield LogPart(path, PartKind.LINES, start, min(start + part_bytes, size), size, arm)
    elif part_bytes and name.endswith(".parquet"):
        yield from _row_parts(path, size, arm)
    else:
        yield LogPart(path, PartKind.WHOLE, 0, size, size, arm)


def _row_parts(path: str, size: int, arm: Arm | None) -> Iterator[LogPart]:
    start, rows = 0, 0
    counts = row_groups(path)
    for place, count in enumerate(counts):
        if rows and rows + count > PART_ROWS:
            yield LogPart(path, PartKind.ROWS, start, place, size, arm)
            start, rows = place, 0
        rows += count
    if rows:
        yield LogPart(path, PartKind.ROWS, start, len(counts), size, arm)


# ---------------------------------------------------------------- the format


def _format_of(path: str, mapped: FieldMap) -> str:
    """Return the name of the format of a file."""
    if is_url(path) and holds_lines(path):
        with _first_lines(path) as beginning:
            return open_log(beginning, mapped=mapped).reader.name
    with local_copy(path) as here:
        return open_log(here, mapped=mapped).reader.name


@contextmanager
def _first_lines(path: str) -> Iterator[Path]:
    """Yield a file of this machine with the first lines of one that lies elsewhere."""
    size = listed(path).files[0].size
    part = LogPart(path, PartKind.WHOLE, 0, size, size)
    first = next(line_chunks(part, 1 << 16), Chunk(0, b""))
    with tempfile.TemporaryDirectory() as folder:
        beginning = Path(folder) / "beginning.jsonl"
        beginning.write_bytes(b"".join(first.data.splitlines(keepends=True)[:LOOKED_AT]))
        yield beginning


@contextmanager
def local_copy(path: str) -> Iterator[str]:
    """Yield a path of this machine under which a file can be read: its own, or that of a copy."""
    if not is_url(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file_name(path).rpartition("/")[2]
        with opened_log(path) as stream, copy.open("wb") as target:
            copyfileobj(stream, target)
        yield str(copy)
