"""Values become files that are whole or not there."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from evalkit.files.json_text import json_line

LINES_PER_WRITE = 500
"""How many lines are put on disk at once, and synced: so many a crash may cost."""

LOOKED_THROUGH = 64 * 1024
"""Bytes that are looked through at a time for the end of a line, from the end of a file on."""


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def write_lines(path: Path, values: Iterable[object]) -> None:
    """Write plain values as JSON lines, compressed where the name ends in ``.gz``, whole or not at all.

    What is compressed has no name and no time in it: the same values give the same bytes.
    """
    with replacing(path) as beside, beside.open("wb") as stream:
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
    finally:
        beside.unlink(missing_ok=True)  # there only where something went wrong


def cut_to_whole_lines(path: Path) -> None:
    """Cut a file behind its last whole line: a process that died may have written part of one."""
    if not path.is_file():
        return
    with path.open("r+b") as stream:
        size = start = stream.seek(0, os.SEEK_END)
        whole = 0
        while start and not whole:
            end, start = start, max(start - LOOKED_THROUGH, 0)
            stream.seek(start)
            found = stream.read(end - start).rfind(b"\n") + 1
            whole = start + found if found else 0
        if whole < size:
            stream.truncate(whole)


class LineLog:
    """An append-only JSONL file: whole lines, written and synced in batches."""

    def __init__(self, path: Path) -> None:
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
        self._stream.write("".join(self._waiting))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._write()
        self._stream.close()
