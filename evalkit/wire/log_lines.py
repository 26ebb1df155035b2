"""A part of a log is read as whole lines, many at a time: plain or gzip, from wherever it lies."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from evalkit.core.errors import Place, SpecError
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.files.text import MAX_LINE_BYTES, Line
from evalkit.wire.log_files import opened_log

CHUNK_BYTES = 1 << 22
READ_BYTES = 1 << 19
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP = 31
"""What tells zlib that there is a header of gzip."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines with their ends, and how many lines of the part come before them.

    The last line of a file may have no end.
    """

    before: int
    data: bytes


def is_gzip(path: str) -> bool:
    """Return whether a file is compressed, by its name."""
    return path.lower().endswith(".gz")


def line_chunks(part: LogPart, size: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Yield the lines of a part, about so many bytes of them at a time.

    Lines belong to the part in which they begin. A file that grew is read as far as it went when it
    was cut into parts; a compressed one to its end.

    Raises:
        SpecError: the file cannot be read, has become shorter, is broken or holds a line above
            ``MAX_LINE_BYTES``.
    """
    with opened_log(part.path) as stream:
        pieces = _inflated(stream, part.path) if is_gzip(part.path) else _between(stream, part)
        before = 0
        for data in _whole_lines(pieces, part, size):
            text = data.removeprefix(BYTE_ORDER_MARK) if part.start == before == 0 else data
            yield Chunk(before, text)
            before += data.count(b"\n")


def numbered(chunk: Chunk, part: LogPart) -> Iterator[Line]:
    """Yield the lines of a chunk; numbers count from the first line of the part.

    Raises:
        SpecError: a line is not UTF-8.
    """
    for number, raw in enumerate(chunk.data.split(b"\n"), chunk.before + 1):
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise SpecError.single(line_place(part, number), "is not UTF-8") from None
        if text and not text.isspace():
            yield Line(number, text)


def line_place(part: LogPart, number: int) -> Place:
    """Return the place in the file of a line of a part; the lines before the part are counted."""
    return Place(part.path, number + lines_before(part))


def lines_before(part: LogPart) -> int:
    """Return how many lines of a file begin before a part; only messages ask for it."""
    if part.kind is not PartKind.LINES or part.start == 0:
        return 0
    found, left = 0, part.start - 1
    with opened_log(part.path) as stream:
        while left > 0 and (piece := stream.read(min(READ_BYTES, left))):
            found += piece.count(b"\n")
            left -= len(piece)
    return found + 1


# ---------------------------------------------------------------- bytes


def _between(stream: BinaryIO, part: LogPart) -> Iterator[bytes]:
    """Yield the bytes of the lines that begin in a part, and are not compressed."""
    skipping, ended = part.start > 0, True
    place = part.start - 1 if skipping else 0  # the line before may end right there
    stream.seek(place)
    while place < part.end:
        piece = stream.read(min(READ_BYTES, part.end - place))
        if not piece:
            raise SpecError.single(
                Place(part.path),
                f"had {part.size:,} bytes when it was looked at, and now ends after {place:,}; "
                "was it cut or replaced? logs must not change while they are read",
            )
        place += len(piece)
        if skipping:
            end = piece.find(b"\n")
            if end < 0:
                continue
            piece, skipping = piece[end + 1 :], False
        yield piece
        ended = piece.endswith(b"\n") or not piece
    if skipping:
        return
    while not ended and place < part.size:  # the last line ends behind the part
        piece = stream.read(min(READ_BYTES, part.size - place))
        if not piece:
            return
        place += len(piece)
        end = piece.find(b"\n")
        ended = end >= 0
        yield piece[: end + 1] if ended else piece


def _inflated(stream: BinaryIO, path: str) -> Iterator[bytes]:
    """Yield what is in a gzip file, which may be several, one behind the other."""
    inflater, rest, begun, members = zlib.decompressobj(GZIP), b"", False, 0
    while piece := rest or stream.read(READ_BYTES):
        rest = b""
        if members and not begun:
            piece = piece.lstrip(b"\0")  # some writers fill blocks with zeros
            if not piece:
                continue
        try:
            found = inflater.decompress(piece, CHUNK_BYTES)
        except zlib.error as cause:
            raise SpecError.single(Place(path), f"is no sound gzip file: {cause}") from None
        begun = True
        if found:
            yield found
        rest = inflater.unconsumed_tail
        if inflater.eof:
            rest = inflater.unused_data
            inflater, begun, members = zlib.decompressobj(GZIP), False, members + 1
    if begun:
        raise SpecError.single(
            Place(path), "ends in the middle of its compressed data; was it cut?"
        )


def _whole_lines(pieces: Iterator[bytes], part: LogPart, size: int) -> Iterator[bytes]:
    """Yield pieces joined and cut behind the end of a line."""
    waiting: list[bytes] = []
    have = 0
    for piece in pieces:
        waiting.append(piece)
        have += len(piece)
        if have < size:
            continue
        joined = b"".join(waiting)
        end = joined.rfind(b"\n") + 1
        if end:
            _refuse_long_lines(joined, part)
            yield joined[:end]
        elif have > MAX_LINE_BYTES:
            _refuse_long_lines(joined, part)
        waiting = [joined[end:]]
        have -= end
    rest = b"".join(waiting)
    if rest:
        yield rest


def _refuse_long_lines(data: bytes, part: LogPart) -> None:
    """Refuse a line that no log holds.

    Raises:
        SpecError: there is one.
    """
    if len(data) > MAX_LINE_BYTES and max(map(len, data.split(b"\n"))) > MAX_LINE_BYTES:
        raise SpecError.single(
            Place(part.path),
            f"holds a line longer than {MAX_LINE_BYTES >> 20} MB; expected one object a line",
        )
