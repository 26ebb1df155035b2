"""Answers that were paid for are kept here, under everything that decides them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from evalkit.core.errors import MeasurementError, UsageError
from evalkit.core.model import Json, Sample
from evalkit.core.ports import Request
from evalkit.core.records import RecordError, record_of, sample_of
from evalkit.files.json_text import JsonTextError, json_line, parse_json

LAYOUT = 2
PATIENCE = 30.0
"""Seconds that one process waits for another to finish writing."""
OWN = ("arm", "id", "sample")
"""Who asked says nothing about the answer."""

_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    created REAL NOT NULL,
    record TEXT NOT NULL
)
"""


_INSERT = "INSERT OR REPLACE INTO answers VALUES (NULL, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class CacheSize:
    """What the cache holds of one model: answers, bytes of their text, and when the first came."""

    provider: str
    model: str
    answers: int
    characters: int
    oldest: float


class AnswerCache:
    """A file that several processes may read and write at a time.

    Each answer is a transaction of its own: what was answered is there after the process was
    killed at any moment.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Open the file, or make it.

        Raises:
            UsageError: it is no cache of answers, or cannot be written.
        """
        self.path = path
        self._clock = clock
        try:
            _make(path.parent)
            self._database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"{path}: the cache of answers cannot be opened: {error}") from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._database.close()
            raise UsageError(
                f"{path}: no cache of answers ({error}); delete it, or name another with EVALKIT_CACHE"
            ) from error

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode=WAL")
        # What the process wrote survives its death; only a crash of the machine may take the last
        # answers with it, and never breaks the file.
        self._database.execute("PRAGMA synchronous=NORMAL")
        (layout,) = self._database.execute("PRAGMA user_version").fetchone()
        if layout not in {0, LAYOUT}:
            raise sqlite3.DatabaseError(f"layout {layout}, expected {LAYOUT}")
        self._database.execute(_TABLE)
        self._database.execute(f"PRAGMA user_version={LAYOUT}")

    def of(self, provider: str, model: str | None, *, since: float) -> ArmCache:
        """Return the answers of one model.

        Args:
            provider: the name of the provider.
            model: what is asked for.
            since: answers that are older (seconds of the epoch) are asked for again.
        """
        return ArmCache(self, provider, model or "", since)

    def read(self, key: bytes, since: float) -> str | None:
        """Return the record under a key; nothing where there is none that is young enough."""
        found = self._database.execute(
            "SELECT record FROM answers WHERE key = ? AND created >= ?", (key, since)
        ).fetchone()
        return None if found is None else str(found[0])

    def write(self, key: bytes, provider: str, model: str, record: str) -> None:
        """Put a record under a key, at once and for good.

        Raises:
            MeasurementError: the disk is full, or somebody took the file away.
        """
        row = (key, provider, model, self._clock(), record)
        try:
            self._database.execute(_INSERT, row)
        except sqlite3.Error as error:
            raise MeasurementError(f"{self.path}: an answer could not be kept: {error}") from error

    def sizes(self) -> list[CacheSize]:
        """Return what is kept, by provider and model."""
        rows = self._database.execute(
            "SELECT provider, model, COUNT(*), SUM(LENGTH(record)), MIN(created)"
            " FROM answers GROUP BY provider, model ORDER BY provider, model"
        )
        return [CacheSize(*row) for row in rows]

    def prune(self, before: float) -> int:
        """Forget answers that were kept before a moment; return how many."""
        gone = self._database.execute("DELETE FROM answers WHERE created < ?", (before,)).rowcount
        self._database.execute("VACUUM")
        return gone

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class ArmCache:
    """The answers of one model; see ``core.ports.Memory``."""

    cache: AnswerCache
    provider: str
    model: str
    since: float

    def recall(self, identity: str, request: Request) -> Sample | None:
        """Return the answer to this request; nothing where it was never answered."""
        text = self.cache.read(self._key(identity, request), self.since)
        if text is None:
            return None
        try:
            record = parse_json(text)
            own: dict[str, Json] = {"id": request.case.id, "sample": request.index}
            whole = {**record, **own} if isinstance(record, dict) else record
            return sample_of(whole, request.arm)
        except (JsonTextError, RecordError):
            return None  # of another version: it is asked for again

    def keep(self, identity: str, request: Request, sample: Sample) -> None:
        """Keep an answer."""
        record = record_of(sample)
        for name in OWN:
            del record[name]
        self.cache.write(self._key(identity, request), self.provider, self.model, json_line(record))

    def _key(self, identity: str, request: Request) -> bytes:
        # The model is part of every identity that its provider makes; a stranger's may forget it.
        parts = "\0".join((self.provider, self.model, str(request.index), identity))
        return sha256(parts.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Forgetful:
    """A memory without one, for questions about today."""

    def recall(self, identity: str, request: Request) -> None:
        """Remember nothing."""

    def keep(self, identity: str, request: Request, sample: Sample) -> None:
        """Keep nothing."""


def _make(folder: Path) -> None:
    """Make the folder of a cache; a new one tells git to leave answers of models alone."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
