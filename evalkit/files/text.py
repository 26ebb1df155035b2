"""Files become numbered lines: plain or gzip, bounded in length, strictly UTF-8."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar, cast

from evalkit.core.errors import Place, SpecError

STDIN = "-"
MAX_LINE_BYTES = 16 * 1024 * 1024
"""No answer of a model is longer; a longer line is a file of another format."""

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
"""A document that must be read whole (YAML, JSON) and is larger belongs into JSONL."""

BYTE_ORDER_MARK = "\ufeff"

P = TypeVar("P", str, Path)


class Line(NamedTuple):
    """A line and its number from 1."""

    number: int
    text: str


def file_name(path: Path | str) -> str:
    """Return the path as messages print it."""
    return "<stdin>" if str(path) == STDIN else str(path)


def absolute_name(path: Path | str) -> str:
    """Return the path from the root, links followed, and a path that cannot be as it is.

    Unlike ``Path.resolve`` it never fails: whoever reads the file says what is wrong with it.
    """
    try:
        return os.path.realpath(path)
    except ValueError:
        return str(path)


def each_file_once(paths: Iterable[P]) -> list[P]:
    """Return paths without those that lead to a file which an earlier one leads to already.

    What stands in a log twice counts twice, and a file has many names: ``./x``, a link, a pattern's.
    """
    found: dict[str, P] = {}
    for path in paths:
        found.setdefault(str(path) if str(path) == STDIN else absolute_name(path), path)
    return list(found.values())


def name_beside(path: str, file: str) -> str:
    """Return a path as somebody would write it who names ``file`` as it is written here.

    What lies elsewhere, not below the folder that ``file`` is named from, keeps its whole path.
    """
    folder = Path(file).parent
    within = os.path.relpath(os.path.realpath(path), os.path.realpath(folder))
    found = os.path.normpath(folder / within)
    return path if path == STDIN or found.startswith("..") else found


def numbered_lines(path: Path | str) -> Iterator[Line]:
    """Yield the lines of a file that are not blank, without their ends.

    Raises:
        SpecError: as ``raw_lines``.
    """
    for line in raw_lines(path):
        text = line.text.rstrip("\r\n")
        if text and not text.isspace():
            yield Line(line.number, text)


def raw_lines(path: Path | str) -> Iterator[Line]:
    """Yield every line of a file with its end.

    Args:
        path: a plain file, a gzip file (by its name, ``.gz``), or ``-`` for standard input.

    Raises:
        SpecError: the file cannot be read, is cut, holds a line above ``MAX_LINE_BYTES``, or a
            byte sequence that is not UTF-8; the error names the line.
    """
    name = file_name(path)
    with opened(path) as stream, _explained(name) as at:
        while True:
            number = at.line = at.line + 1
            raw = stream.readline(MAX_LINE_BYTES + 1)
            if not raw:
                return
            if len(raw) > MAX_LINE_BYTES:
                raise SpecError.single(
                    Place(name, number),
                    f"a line longer than {MAX_LINE_BYTES >> 20} MB; expected one object a line",
                )
            text = raw.decode()
            yield Line(number, text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text)


def whole_text(path: Path | str) -> str:
    """Return a document as one string.

    Raises:
        SpecError: as ``numbered_lines``, or the document is above ``MAX_DOCUMENT_BYTES``.
    """
    name = file_name(path)
    with opened(path) as stream, _explained(name):
        raw = stream.read(MAX_DOCUMENT_BYTES + 1)
        if len(raw) > MAX_DOCUMENT_BYTES:
            raise SpecError.single(
                Place(name),
                f"expected a document of at most {MAX_DOCUMENT_BYTES >> 20} MB; "
                "write large golden sets as JSONL, which is streamed",
            )
        return raw.decode().removeprefix(BYTE_ORDER_MARK)


# ---------------------------------------------------------------- bytes


@contextmanager
def opened(path: Path | str) -> Iterator[BinaryIO]:
    """Open a file for its bytes, those inside a gzip file (``.gz``), or standard input (``-``).

    Raises:
        SpecError: the file cannot be opened.
    """
    if str(path) == STDIN:
        yield sys.stdin.buffer
        return
    path = Path(path)
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        stream = cast("BinaryIO", opener(path, "rb"))
    except IsADirectoryError:
        raise SpecError.single(Place(str(path)), "expected a file, found a directory") from None
    except FileNotFoundError:
        raise SpecError.single(Place(str(path)), "no such file") from None
    except OSError as cause:
        raise SpecError.single(Place(str(path)), f"cannot be read: {cause.strerror}") from cause
    except ValueError as cause:  # a character that no path can hold
        raise SpecError.single(Place(repr(str(path))), f"cannot be read: {cause}") from cause
    with stream:
        yield stream


@dataclass(slots=True)
class _Where:
    """The line that is being read; 0 for a document that is read whole."""

    line: int = 0


@contextmanager
def _explained(name: str) -> Iterator[_Where]:
    """Turn what reading and decoding can raise into errors that name the place."""
    at = _Where()
    try:
        yield at
    except UnicodeDecodeError as cause:
        raw = bytes(cause.object)
        line = at.line or raw.count(b"\n", 0, cause.start) + 1
        before = raw[raw.rfind(b"\n", 0, cause.start) + 1 : cause.start].decode()
        column = len(before.removeprefix(BYTE_ORDER_MARK)) + 1
        raise SpecError.single(
            Place(name, line, column),
            f"byte 0x{raw[cause.start]:02x} is not UTF-8; save the file as UTF-8",
        ) from None
    except EOFError:
        raise SpecError.single(
            Place(name, at.line), "the gzip file is cut in the middle; copy or record it again"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as cause:
        raise SpecError.single(Place(name, at.line), f"not a sound gzip file: {cause}") from None
    except OSError as cause:
        raise SpecError.single(
            Place(name, at.line), f"cannot be read: {cause.strerror or cause}"
        ) from cause


def file_sha256(path: Path | str) -> str:
    """Return the sha256 of a file as it lies there, as ``sha256sum`` prints it.

    Raises:
        SpecError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as cause:
        raise SpecError.single(Place(str(path)), f"cannot be read: {cause.strerror}") from cause


def repository_of(path: Path | str) -> Path | None:
    """Return the top of the repository that a file lies in, links followed; nothing where there is none."""
    for folder in Path(absolute_name(path)).parents:
        if (folder / ".git").exists():
            return folder
    return None
