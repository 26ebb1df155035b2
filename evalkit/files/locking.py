"""A file has one writer at a time: who comes second is told, and a writer that dies lets go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from evalkit.core.errors import UsageError


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Be the only process that writes a file, for as long as the block lasts.

    The lock is that of the operating system on a file beside it, which stays: a process that was
    killed holds nothing.

    Raises:
        UsageError: another process writes it.
    """
    beside = path.with_name(f"{path.name}.lock")
    place = os.open(beside, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        if not _taken(place):
            raise UsageError(
                f"{path}: another process writes it; wait for that, or give this one a file of its own"
            )
        yield
    finally:
        os.close(place)


def sync_folder(folder: Path) -> None:
    """Put on disk that a file of a folder has another content: its name may come back without it."""
    try:
        place = os.open(folder, os.O_RDONLY)
    except PermissionError:  # folders cannot be opened on Windows
        return
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _taken(place: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return _taken_on_windows(place)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken_on_windows(place: int) -> bool:
    msvcrt = import_module("msvcrt")
    try:
        msvcrt.locking(place, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
