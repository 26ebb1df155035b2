"""Values become files that are whole or not there."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TextIO

from evalkit.files.json_text import JsonTextError, json_line, parse_json
from evalkit.files.text import MAX_LINE_BYTES

LINES_PER_WRITE = 500
"""How many lines are put on disk at once, and synced: so many a crash may cost."""

LOOKED_THROUGH = 64 * 1024
"""Bytes that are looked through at a time for the end of a line, from the end of a file on."""

TAKE_OUT = "take it out if a process died as it wrote it"
"""What is to be done with a damaged line of a file that is only ever appended to."""


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    with (
        _named(path),
        replacing(path) as beside,
        beside.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def write_lines(path: Path, values: Iterable[object]) -> None:
    """Write plain values as JSON lines, compressed where the name ends in ``.gz``, whole or not at all.

    What is compressed has no name and no time in it: the same values give the same bytes.
    """
    with _named(path), replacing(path) as beside, beside.open("wb") as stream:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed:
                packed.writelines(json_line(value).encode() for value in values)
        else:
            stream.writelines(json_line(value).encode() for value in values)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a place beside a file to write to; what is there in the end replaces the file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        if error.filename == str(beside):  # a name that nobody gave
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        beside.unlink(missing_ok=True)  # there only where something went wrong


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file where it cannot be written to: a full disk says so only then, and without a name."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def cut_to_whole_lines(path: Path) -> int:
    """Make the last line of a file of records a whole one, and return how many bytes were cut for it.

    Part of a record, which a process that died may have written, is cut. A record that lacks nothing but
    the end of its line is whole, and so is what was never the beginning of one: they get that end.
    """
    if not path.is_file():
        return 0
    with path.open("r+b") as stream:
        size = start = stream.seek(0, os.SEEK_END)
        whole = 0
        while start and not whole:
            end, start = start, max(start - LOOKED_THROUGH, 0)
            stream.seek(start)
            found = stream.read(end - start).rfind(b"\n") + 1
            whole = start + found if found else 0
        if whole == size:
            return 0
        stream.seek(whole)
        if _is_part_of_a_record(stream.read(MAX_LINE_BYTES + 1)):
            stream.truncate(whole)
            return size - whole
        stream.seek(size)
        stream.write(b"\n")
    return 0


def _is_part_of_a_record(last: bytes) -> bool:
    """Return whether a line without an end is the beginning of a record; no part of an object is one.

    Zeros are what some file systems leave of a line when the power goes.
    """
    if not last.startswith((b"{", b"\0")):
        return False
    try:
        parse_json(last.decode())
    except (UnicodeDecodeError, JsonTextError):
        return True
    return False


def _end_last_line(path: Path) -> None:
    """See to it that what is appended begins a line, whatever somebody left before it."""
    if path.is_file():
        with path.open("r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(size - 1, 0))
            if stream.read(1) not in {b"", b"\n"}:
                stream.write(b"\n")


class LineLog:
    """An append-only JSONL file: whole lines, written and synced in batches.

    A last line without an end gets one first: the next would run into it, and two would be lost.
    """

    def __init__(self, path: Path) -> None:
        _end_last_line(path)
        self._path = path
        self._stream: TextIO = path.open("a", encoding="utf-8", newline="\n")
        self._waiting: list[str] = []

    def append(self, value: object) -> None:
        """Take one plain value as one line."""
        self._waiting.append(json_line(value))
        if len(self._waiting) >= LINES_PER_WRITE:
            self._write()

    def flush(self) -> None:
        """Put on disk what was taken so far."""
        if self._waiting:
            self._write()

    def _write(self) -> None:
        lines = "".join(self._waiting)
        self._waiting.clear()  # first: what the disk had no room for is not to be written twice
        with _named(self._path):
            self._stream.write(lines)
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with _named(self._path), self._stream:
            self._write()
