"""A log that grows for ever: whole lines, put on disk in batches, set aside by size and by the hour.

The file always bears the same name. What is put aside lies beside it under its name and the time
(``traffic.jsonl-20261126T200000Z.jsonl``), is compressed by and by, and goes when there are too many.
Whenever the process dies, what lies there is read whole: half a record at the end is cut off when the
log is opened again, a whole one that lacks the end of its line gets it, and a part that was being
compressed is compressed again.
"""

from __future__ import annotations

import gzip
import os
import threading
import time
from calendar import timegm
from contextlib import suppress
from pathlib import Path
from shutil import copystat

from evalkit.files.locking import sync_folder
from evalkit.files.writing import cut_to_whole_lines

ENDING = ".jsonl"
PACKED = ".jsonl.gz"
STAMP = "%Y%m%dT%H%M%SZ"
BLOCK = 1 << 20
"""Bytes that are compressed at a time."""


class RotatingLog:
    """One log, of which this process is the only writer; all but the packing is one thread's.

    ``lost`` counts lines that could not be written, ``trouble`` says why the last ones could not, ``cut``
    counts the bytes of half a record that was found at the end of the file and cut off.
    """

    def __init__(
        self, path: Path, *, rotate_bytes: int, rotate_seconds: float, keep: int, now: float
    ) -> None:
        """Open a log, and put right what a process that died left.

        Args:
            path: the file that is written.
            rotate_bytes: it is put aside before it grows above this.
            rotate_seconds: it is put aside whenever a multiple of this passes, in UTC.
            keep: so many parts are kept.
            now: seconds since 1970.

        Raises:
            OSError: nothing can be written there.
        """
        self.path = path
        self.lost = 0
        self.trouble: str | None = None
        self._rotate_bytes = rotate_bytes
        self._rotate_seconds = rotate_seconds
        self._keep = keep
        self._unsynced = False
        self._broken = False
        self.cut = cut_to_whole_lines(path)
        self._place = _opened(path)
        self._size = os.fstat(self._place).st_size
        self._period = self._period_of(os.fstat(self._place).st_mtime if self._size else now)
        self._packer: threading.Thread | None = None
        self._ended = threading.Event()
        for beside in self._beside(f".{path.name}-", PACKED):
            beside.unlink()  # a part that was half compressed
        self._pack()

    def append(self, lines: list[bytes], now: float) -> bool:
        """Write whole lines, all of them or none; return whether they were written."""
        content = b"".join(lines)
        try:
            self._settle(len(content), now)
            self._write(content)
        except OSError as error:
            self.lost += len(lines)
            self.trouble = f"{self.path}: {error.strerror or error}"
            return False
        self.trouble = None
        self._unsynced = True
        return True

    def sync(self) -> None:
        """Put on disk what was written."""
        if self._unsynced:
            self._unsynced = False
            try:
                os.fsync(self._place)
            except OSError as error:
                self.trouble = f"{self.path}: {error.strerror or error}"

    def close(self) -> None:
        """Put everything on disk; a part that is being compressed is left for the next time."""
        self.sync()
        self._ended.set()
        os.close(self._place)
        if self._packer is not None:
            self._packer.join()

    # ------------------------------------------------------------ writing

    def _write(self, content: bytes) -> None:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._place, rest) :]
        except OSError:
            self._broken = True  # the next line must not begin behind half a one
            with suppress(OSError):
                os.ftruncate(self._place, self._size)
                self._broken = False
            raise
        self._size += len(content)

    def _settle(self, length: int, now: float) -> None:
        """Put the file aside where its time or its room is over; go on where it was taken away."""
        if self._broken or not _is_at(self._place, self.path):
            self._begin()
        period = self._period_of(now)
        if self._size and (period > self._period or self._size + length > self._rotate_bytes):
            self._put_aside(now)
        self._period = max(period, self._period)

    def _put_aside(self, now: float) -> None:
        self.sync()
        self.path.replace(self._free_name(now))
        self._begin()
        sync_folder(self.path.parent)
        self._forget()
        self._pack()

    def _begin(self) -> None:
        self.cut += cut_to_whole_lines(self.path)
        place = _opened(self.path)
        os.close(self._place)
        self._place = place
        self._size = os.fstat(place).st_size
        self._broken = False

    def _period_of(self, now: float) -> int:
        return int(now // self._rotate_seconds)

    def _free_name(self, now: float) -> Path:
        """Return the name of the next part, which stands behind those of all others."""
        last = max((_stamped(path, self.path.name) for path in self.parts()), default=0)
        stamp = time.strftime(STAMP, time.gmtime(max(int(now), last + 1)))
        return self.path.with_name(f"{self.path.name}-{stamp}{ENDING}")

    # ------------------------------------------------------------ parts

    def parts(self) -> list[Path]:
        """Return what was put aside, the oldest first."""
        return sorted(self._beside(f"{self.path.name}-", ENDING, PACKED))

    def _beside(self, begin: str, *ends: str) -> list[Path]:
        """Return the files of the log's folder whose names begin and end so."""
        return [
            path
            for path in self.path.parent.iterdir()
            if path.name.startswith(begin) and path.name.endswith(ends)
        ]

    def _forget(self) -> None:
        """Remove the oldest parts above the number that is kept; what somebody else named is not ours."""
        own = [path for path in self.parts() if _stamped(path, self.path.name)]
        stems = sorted({path.name.removesuffix(".gz") for path in own})
        for stem in stems[: max(len(stems) - self._keep, 0)]:
            self.path.with_name(stem).unlink(missing_ok=True)
            self.path.with_name(f"{stem}.gz").unlink(missing_ok=True)

    def _pack(self) -> None:
        """Compress in the background what was put aside; one part at a time."""
        if self._packer is not None and self._packer.is_alive():
            return
        plain = [path for path in self.parts() if path.name.endswith(ENDING)]
        if plain:
            self._packer = threading.Thread(target=self._pack_all, name="packing", daemon=True)
            self._packer.start()

    def _pack_all(self) -> None:
        while plain := [path for path in self.parts() if path.name.endswith(ENDING)]:
            try:
                if not _packed(plain[0], self._ended):
                    return
            except OSError:  # no room: it stays as it is, and is tried again with the next one
                return


def _packed(path: Path, ended: threading.Event) -> bool:
    """Compress a part; it is there under one of both names at any time. Return whether it was done."""
    beside = path.with_name(f".{path.name}.gz")
    try:
        with path.open("rb") as plain, beside.open("wb") as raw:
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
                while (block := plain.read(BLOCK)) and not ended.is_set():
                    stream.write(block)
            if block:
                return False
            raw.flush()
            os.fsync(raw.fileno())
        copystat(path, beside)
        beside.replace(path.with_name(f"{path.name}.gz"))
        sync_folder(path.parent)
        path.unlink(missing_ok=True)
    finally:
        beside.unlink(missing_ok=True)
    return True


def _stamped(path: Path, log: str) -> int:
    """Return the time in the name of a part, 0 where somebody else gave it its name."""
    text = path.name.removeprefix(f"{log}-").removesuffix(".gz").removesuffix(ENDING)
    try:
        return timegm(time.strptime(text, STAMP))
    except ValueError:
        return 0


def _opened(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o640)


def _is_at(place: int, path: Path) -> bool:
    """Return whether what is open still bears its name: another program may have moved it away."""
    try:
        return os.path.samestat(os.fstat(place), path.stat())
    except FileNotFoundError:
        return False
