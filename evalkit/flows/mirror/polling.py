"""The share of the candidate follows the state file of the canary, within a quarter of a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from evalkit.core.mirror_plan import Share
from evalkit.stages.mirror.share import share_of

EVERY = 0.2
"""Seconds between two looks at the file."""
STALE = 10.0
"""Seconds after which a share that was not seen again is nobody's: a file system may hang."""
LARGEST = 64 * 2**20
"""Bytes; no state of a canary is larger."""


class SharePoll:
    """Whom the candidate answers, as the file says it now; whatever is wrong with it: nobody."""

    def __init__(
        self,
        path: Path,
        say: Callable[[str], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._share = Share(trouble="not read yet")
        self._monotonic = monotonic
        self._path = path
        self._say = say
        self._seen: object = None
        self._read_at: float | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="share", daemon=True)
        self.look()

    @property
    def share(self) -> Share:
        """Whom the candidate answers now."""
        age = self.age
        if age is not None and age > STALE:
            return Share(trouble=f"{self._path}: not seen for {STALE:g} s")
        return self._share

    @property
    def age(self) -> float | None:
        """Seconds since the file was last found sound; ``None`` where it never was."""
        return None if self._read_at is None else self._monotonic() - self._read_at

    def look(self) -> None:
        """Look at the file once."""
        try:
            found = self._found()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be given the candidate for it
            self._seen = None
            found = Share(trouble=f"{self._path}: {error}")
        if not found.trouble:
            self._read_at = self._monotonic()
        if found != self._share:
            self._share = found
            self._say(self._sentence(found))

    def _found(self) -> Share:
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return self._share
            with self._path.open("rb") as stream:
                content = stream.read(LARGEST + 1)
        except OSError as error:
            self._seen = None
            return Share(trouble=f"{self._path}: {error.strerror or error}")
        self._seen = seen
        if len(content) > LARGEST:
            return Share(trouble=f"{self._path}: too long for the state of a canary")
        try:
            found = share_of(content.decode())
        except UnicodeDecodeError:
            return Share(trouble=f"{self._path}: no text")
        return Share(
            found.value, found.run, f"{self._path}: {found.trouble}" if found.trouble else ""
        )

    def _sentence(self, share: Share) -> str:
        if share.trouble:
            return f"the candidate answers nobody: {share.trouble}"
        return f"the candidate answers {share.value:.4g} of the users, in run {share.run}"

    def _follow(self) -> None:
        while not self._ended.wait(EVERY):
            self.look()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
