"""Files that grow are read on from where reading stopped, however they are rotated meanwhile.

A file is known by how it begins, not by its name: it may be renamed, copied and cut, or compressed
between two readings, and is still the one that was read up to here.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from evalkit.core.errors import Place, SpecError
from evalkit.files.text import MAX_LINE_BYTES

HEAD_BYTES = 256 * 1024
"""So much of the beginning tells files apart: the first requests of two logs differ somewhere."""
MOST_MARKS = 64
"""Of the files of one log: what was read longest ago is forgotten first."""
LOOKS = 5
"""So often a folder is listed again in which a file went away between its listing and its opening."""
ENDINGS = (".", "-")
"""What stands between the name of a log and the number or date of a part that was put aside."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one file was read: ``head`` is the sha256 of its first ``length`` bytes.

    ``read`` counts bytes, as they are when unpacked, and only those of whole lines. ``whole`` says
    that nothing more can come.
    """

    length: int
    head: str
    read: int
    whole: bool = False


class FreshLine(NamedTuple):
    """A line that nobody has read yet: the number of its file, its name, where it begins, its text."""

    file: int
    path: str
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A file as it lies there now."""

    path: Path
    head: bytes
    size: int

    @property
    def packed(self) -> bool:
        """Whether it is compressed; then it is put aside, and grows no more."""
        return self.path.suffix == ".gz"


class Follower:
    """One log: its file, and the parts of it that were put aside beside it.

    Where nothing was read yet, it begins with the file itself; parts that lie beside it by then
    are of before. ``marks`` are by the numbers of files, which last as long as this object, and
    ``current`` is the number of the file that bears the log's own name.
    """

    def __init__(
        self, path: Path, marks: Sequence[Mark] | None = None, *, current: int | None = None
    ) -> None:
        self.path = path
        self.marks: dict[int, Mark] = dict(enumerate(marks or ()))
        self.current = current
        self.lost = False
        """Whether the file was replaced and what it had held was not found, in the last reading."""
        self.unfinished: list[str] = []
        """Files that could not be read to their end in the last reading: it is tried again."""
        self._vanished = False
        self._begun = marks is not None
        self._next = len(self.marks)

    def fresh(self) -> Iterator[FreshLine]:
        """Yield the lines that were added; the marks follow behind each file.

        Raises:
            SpecError: a line is longer than any record, or a file cannot be read.
        """
        files = self._all_found()
        if not self._begun:
            self._pass_over(files)
        heads: dict[int, bytes] = {}
        lying = {self._number(found, heads): found for found in files}
        before, self.current = self.current, None
        looks = 1
        while before is not None and before not in lying and looks < LOOKS:
            # It may have been put aside after the folder was listed and before it was opened.
            lying = {self._number(found, heads): found for found in self._all_found()}
            looks += 1
        for number, found in lying.items():
            if found.path == self.path:
                self.current = number
        self.lost = before is not None and before not in lying
        for number in sorted(lying):
            yield from self._added(number, lying[number])
        self._forget(lying)

    # ------------------------------------------------------------ which file is which

    def _all_found(self) -> list[_Found]:
        """Return the files there are; where one is packed meanwhile, under its new name."""
        files, looks = list(self._found()), 1
        while self._vanished and looks < LOOKS:
            files, looks = list(self._found()), looks + 1
        return files

    def _found(self) -> Iterator[_Found]:
        """Yield the files there are; of two with the same content the later one is read."""
        self.unfinished, self._vanished = [], False
        names = tuple(f"{self.path.name}{ending}" for ending in ENDINGS)
        beside = self.path.parent.iterdir() if self.path.parent.is_dir() else ()
        parts = [path for path in beside if path.name.startswith(names)]
        # Packed ones first: a plain file can be read on without unpacking what was read.
        parts.sort(key=lambda path: (path.suffix != ".gz", *_age(path)))
        for path in [*parts, self.path]:
            found = self._looked_at(path)
            if found is not None and found.head:
                yield found

    def _looked_at(self, path: Path) -> _Found | None:
        """Return how a file begins, or nothing where it is none, or not whole yet."""
        try:
            with _opened(path) as stream:
                return _Found(path, stream.read(HEAD_BYTES), os.fstat(stream.fileno()).st_size)
        except FileNotFoundError:
            self._vanished |= path != self.path
            return None
        except IsADirectoryError:
            return None
        except UNFINISHED:
            self.unfinished.append(str(path))
            return None
        except OSError as error:
            raise SpecError.single(Place(str(path)), f"cannot be read: {error.strerror}") from error

    def _pass_over(self, files: list[_Found]) -> None:
        """Mark the parts of before as read; one that the file itself begins with is its copy."""
        self._begun = True
        own = b"".join(found.head for found in files if found.path == self.path)
        for found in files:
            if not own.startswith(found.head):
                length = len(found.head)
                self._new(Mark(length, _sha(found.head), found.size, whole=True))

    def _number(self, found: _Found, heads: dict[int, bytes]) -> int:
        """Return the number of a file; one that nobody knows gets one, and its head is noted."""
        shas: dict[int, str] = {}
        for number, mark in self.marks.items():
            if 0 < mark.length <= len(found.head):
                if mark.length not in shas:
                    shas[mark.length] = _sha(found.head[: mark.length])
                if shas[mark.length] == mark.head:
                    return number
        for number, head in heads.items():
            if head.startswith(found.head) or found.head.startswith(head):
                return number  # a copy of one that is new as well
        number = self._new(NOTHING_READ)
        heads[number] = found.head
        return number

    def _new(self, mark: Mark) -> int:
        self.marks[self._next] = mark
        self._next += 1
        return self._next - 1

    def _forget(self, lying: Mapping[int, _Found]) -> None:
        """Forget files of which nothing was read, and those that are not there, the oldest first."""
        for number in [number for number, mark in self.marks.items() if not mark.length]:
            del self.marks[number]
        gone = [number for number in self.marks if number not in lying]
        for number in gone[: max(len(self.marks) - MOST_MARKS, 0)]:
            del self.marks[number]
        if self.current not in self.marks:
            self.current = None

    # ------------------------------------------------------------ reading on

    def _added(self, number: int, found: _Found) -> Iterator[FreshLine]:
        mark = self.marks[number]
        if mark.whole or (not found.packed and found.size <= mark.read):
            return
        end = mark.read
        try:
            with _opened(found.path) as stream:
                head = stream.read(HEAD_BYTES)
                if not head.startswith(found.head):
                    return  # it was rotated since it was looked at: the next reading finds it
                if found.packed:
                    _read_through(stream)  # one that is not whole yet gives nothing at all
                stream.seek(end)
                for line in _lines(stream, found):
                    yield FreshLine(number, str(found.path), end, _text(line))
                    end += len(line)
        except UNFINISHED:
            self.unfinished.append(str(found.path))
            return  # it is packed or moved just now: the next reading finds it
        length = min(end, len(head))
        self.marks[number] = Mark(length, _sha(head[:length]), end, whole=found.packed)


UNFINISHED = (EOFError, FileNotFoundError, zlib.error, gzip.BadGzipFile)
"""What reading a file ends with that is being packed, or moved."""
NOTHING_READ = Mark(0, hashlib.sha256(b"").hexdigest(), 0)


# ---------------------------------------------------------------- parts


def _lines(stream: BinaryIO, found: _Found) -> Iterator[bytes]:
    """Yield whole lines; the last one of a file that still grows waits until it is whole."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise SpecError.single(
                Place(str(found.path)),
                f"a line of over {MAX_LINE_BYTES:,} bytes; expected a record a line",
            )
        if not line.endswith(b"\n") and not found.packed:
            return
        yield line


def _read_through(stream: BinaryIO) -> None:
    part = stream.read(HEAD_BYTES)
    while part:
        part = stream.read(HEAD_BYTES)


def _text(line: bytes) -> str:
    """Return a line as text; one that is no UTF-8 is no record either, and must not become one."""
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return "\ufffd" + line.decode("utf-8", "replace").rstrip("\r\n")


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _age(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:
        return 0.0, path.name


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield cast("BinaryIO", unpacked)
        else:
            yield raw
