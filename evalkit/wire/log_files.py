"""Logs are found and opened here, on this machine or wherever fsspec reaches: S3, GCS, HTTP, memory.

A path is a file, a folder, a pattern, or a URL of any of these. A file on this machine needs no
library; a URL needs fsspec (the extra ``scale``), and what its store speaks, such as ``s3fs``.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from evalkit.core.errors import Place, SpecError
from evalkit.files.text import file_name

LOG_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".zip", ".eval")
"""What a folder is searched for, each of the texts with ``.gz`` behind it too."""

_PATTERN = frozenset("*?[")


@dataclass(frozen=True, slots=True, order=True)
class LogFile:
    """A file of a log and how many bytes it has."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a log in the order they are read; ``ignored`` lay among them and are no logs."""

    files: tuple[LogFile, ...]
    ignored: tuple[str, ...] = ()


def listed(source: str) -> Listing:
    """Return the files that a path stands for, sorted by name.

    Raises:
        SpecError: nothing is there, or it cannot be looked at.
    """
    found = _remote(source) if is_url(source) else _local(source)
    if not found.files:
        among = f" (but {found.ignored[0]!r})" if found.ignored else ""
        kinds = ", ".join(LOG_ENDINGS)
        raise SpecError.single(Place(source), f"no log is there{among}; expected files of {kinds}")
    return found


def is_url(path: str) -> bool:
    """Return whether a path names a store, such as ``s3://bucket/logs``."""
    scheme, separator, _ = path.partition("://")
    return bool(separator) and scheme.replace("+", "").isalnum()


@contextmanager
def opened_log(path: str) -> Iterator[BinaryIO]:
    """Open a file for its bytes as they lie there, wherever that is.

    Raises:
        SpecError: it cannot be opened or read.
    """
    with _told(path):
        if is_url(path):
            system, inside = _system(path)
            stream = cast("BinaryIO", system.open(inside, "rb"))
        else:
            stream = Path(path).open("rb")  # noqa: SIM115 - closed below
    with stream:
        try:
            yield stream
        except OSError as cause:
            raise _unreadable(path, cause) from cause


# ---------------------------------------------------------------- looking


def _local(source: str) -> Listing:
    with _told(source):
        if os.path.isfile(source):  # noqa: PTH113 - a name with * in it may be a file's
            return Listing((_of(source),))
        if os.path.isdir(source):  # noqa: PTH112
            below = (os.path.join(top, name) for top, _, names in os.walk(source) for name in names)  # noqa: PTH118
            return _sorted_out(below)
        if _PATTERN.isdisjoint(source):
            raise FileNotFoundError
        found = glob.glob(source, recursive=True)  # noqa: PTH207 - the pattern may begin at the root
        return Listing(tuple(sorted(_of(path) for path in found if Path(path).is_file())))


def _of(path: str) -> LogFile:
    return LogFile(path, Path(path).stat().st_size)


def _sorted_out(paths: Iterable[str]) -> Listing:
    files, ignored = [], []
    for path in sorted(paths):
        if _is_log(path):
            files.append(_of(path))
        else:
            ignored.append(path)
    return Listing(tuple(files), tuple(ignored))


def _is_log(path: str) -> bool:
    """Return whether a file in a folder is one of a log; by custom ``_`` and ``.`` mark what is none."""
    name = path.rpartition("/")[2].rpartition(os.sep)[2].lower()
    return name.removesuffix(".gz").endswith(LOG_ENDINGS) and not name.startswith(("_", "."))


def _remote(source: str) -> Listing:
    with _told(source):
        system, inside = _system(source)
        if not _PATTERN.isdisjoint(inside) and not system.exists(inside):
            found = cast("dict[str, Any]", system.glob(inside, detail=True))
            return Listing(tuple(sorted(_remote_files(system, found.values()))))
        if system.isdir(inside):
            below = cast("dict[str, Any]", system.find(inside, detail=True))
            files = sorted(_remote_files(system, below.values()))
            logs = tuple(file for file in files if _is_log(file.path))
            return Listing(logs, tuple(file.path for file in files if not _is_log(file.path)))
        return Listing(tuple(_remote_files(system, [system.info(inside)])))


def _remote_files(system: Any, found: Iterable[dict[str, Any]]) -> Iterator[LogFile]:
    for entry in found:
        if entry["type"] == "file":
            yield LogFile(str(system.unstrip_protocol(entry["name"])), int(entry["size"] or 0))


def _system(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path inside it.

    Raises:
        SpecError: fsspec is not installed, or what it needs for this store is not.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        message = "a URL needs the extra scale: pip install 'evalkit-gate[scale]'"
        raise SpecError.single(Place(url), message) from None
    try:
        system, inside = url_to_fs(url)
    except (ImportError, ValueError) as error:  # it says which library the store needs
        raise SpecError.single(Place(url), f"cannot be opened: {error}") from None
    return system, str(inside)


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Say what is wrong with a file, with its name."""
    name = file_name(path)
    try:
        yield
    except FileNotFoundError:
        raise SpecError.single(Place(name), "no such file") from None
    except IsADirectoryError:
        raise SpecError.single(Place(name), "expected a file, found a directory") from None
    except OSError as cause:
        raise _unreadable(path, cause) from cause
    except ValueError as cause:  # a character that no path can hold
        raise SpecError.single(Place(repr(name)), f"cannot be read: {cause}") from cause


def _unreadable(path: str, cause: OSError) -> SpecError:
    said = cause.strerror or str(cause) or type(cause).__name__
    return SpecError.single(Place(file_name(path)), f"cannot be read: {said}")
