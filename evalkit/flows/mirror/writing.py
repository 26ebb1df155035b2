"""What was heard is read, redacted and written down in a thread of its own; nobody waits for it."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import NamedTuple

from evalkit.core.mirror import Heard, Routed
from evalkit.core.mirror_edge import Checked, OnViolation
from evalkit.core.model import Arm, Json
from evalkit.files.json_text import json_line
from evalkit.files.rotating import RotatingLog
from evalkit.stages.mirror.credentials import credential_values
from evalkit.stages.mirror.edge import Edge
from evalkit.stages.mirror.record import Recording
from evalkit.stages.mirror.redact import Redactor, measured

MOST_WAITING = 10_000
MOST_WAITING_BYTES = 256 * 2**20
"""What waits to be written, in requests and in bytes; what comes beyond it is not written, and counted."""
AT_ONCE = 100
SYNC_EVERY = 1.0
"""Seconds until what was written is on the disk."""
LONGEST_LINE = 8 * 2**20
"""Bytes; of a longer line only the measurements are written, since no reader would take it."""
PATIENCE = 30.0
"""Seconds that are waited in the end for what still waits."""


class _Note(NamedTuple):
    """One arm's answer."""

    routed: Routed
    arm: Arm
    heard: Heard

    @property
    def size(self) -> int:
        """Return how much memory it holds, about."""
        return len(self.heard.body) + len(self.routed.incoming.body) + 2_000


class TrafficWriter:
    """Takes notes from the loop and writes them; ``counts`` says what became of them."""

    def __init__(
        self,
        recording: Recording,
        redactor: Redactor,
        log: RotatingLog | None,
        edge: Edge | None,
        say: Callable[[str], None],
    ) -> None:
        self.counts: Counter[str] = Counter(written=0, dropped=0, lost=0, unreadable=0)
        self.checked: Counter[Checked] = Counter(dict.fromkeys(Checked, 0))
        self._recording = recording
        self._redactor = redactor
        self._log = log
        self._edge = None if edge is None or edge.on_violation is OnViolation.REJECT else edge
        self._says = edge is not None and edge.on_violation is OnViolation.LOG
        self._say = say
        self._notes: queue.SimpleQueue[_Note | None] = queue.SimpleQueue()
        # Each of these has one thread that counts it up, so that nobody needs a lock.
        self._taken = self._taken_bytes = self._done = self._done_bytes = 0
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._work, name="traffic log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many notes were taken and are not written yet."""
        return self._taken - self._done

    def note(self, routed: Routed, arm: Arm, heard: Heard) -> None:
        """Take a note; called on the loop, and never waits."""
        note = _Note(routed, arm, heard)
        full = self._taken_bytes - self._done_bytes + note.size > MOST_WAITING_BYTES
        if full or self.waiting >= MOST_WAITING:
            self.counts["dropped"] += 1
            return
        self._taken += 1
        self._taken_bytes += note.size
        self._notes.put(note)

    def close(self) -> None:
        """Write what waits, for a while, and end."""
        self._notes.put(None)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self._say(f"{self.waiting} lines of the traffic log were not written in time")

    # ------------------------------------------------------------ in the thread

    def _work(self) -> None:
        synced = time.monotonic()
        while True:
            batch, ended = self._batch()
            lines = [line for note in batch if (line := self._line(note)) is not None]
            if lines and self._log is not None:
                self._written(self._log, lines)
            self._done += len(batch)
            self._done_bytes += sum(note.size for note in batch)
            if self._log is not None and (ended or time.monotonic() - synced >= SYNC_EVERY):
                self._log.sync()
                synced = time.monotonic()
            if ended:
                return

    def _batch(self) -> tuple[list[_Note], bool]:
        """Return what waits, and whether it was the last."""
        batch: list[_Note] = []
        try:
            note = self._notes.get(timeout=SYNC_EVERY)
            while note is not None:
                batch.append(note)
                if len(batch) == AT_ONCE:
                    return batch, False
                note = self._notes.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _line(self, note: _Note) -> bytes | None:
        try:
            found = self._checked(note)
            if self._log is None or not note.routed.sampled:
                return None
            record = self._recording.record(*note)
            if found is not None:
                metadata = record["metadata"]
                assert isinstance(metadata, dict)
                metadata["schema"] = found.value
            asked = note.routed.incoming
            return self._written_line(record, credential_values(asked.headers, asked.target))
        except Exception as error:  # noqa: BLE001 - strangers' bytes: one of them must not end the log
            self.counts["unreadable"] += 1
            self._complain(f"an answer could not be written down: {type(error).__name__}")
            return None

    def _checked(self, note: _Note) -> Checked | None:
        """Hold a live answer to the response schema, where that is only counted or told."""
        if self._edge is None or note.arm is not note.routed.answers.arm:
            return None
        text = self._recording.output_of(note.routed, note.heard)
        finding = self._edge.checked(text)
        self.checked[finding.checked] += 1
        if self._says and not finding.sound:
            self._say(f"{note.routed.incoming.id} {note.arm.value}: {finding.sentence}")
        return finding.checked

    def _written_line(self, record: dict[str, Json], credentials: Collection[str]) -> bytes:
        text = json_line(record)
        # Nearly always none of them is there, and looking is quick.
        told = [value for value in credentials if json_line(value)[1:-2] in text]
        line = json_line(self._redactor.redacted(record, told)).encode()
        if len(line) > LONGEST_LINE:
            line = json_line(measured(record)).encode()
        return line

    def _written(self, log: RotatingLog, lines: list[bytes]) -> None:
        done = log.append(lines, time.time())
        self.counts["written" if done else "lost"] += len(lines)
        if log.trouble is not None:
            self._complain(f"the traffic log cannot be written: {log.trouble}")
        else:
            self._trouble = None

    def _complain(self, trouble: str) -> None:
        """Say what is wrong, once until it is another thing."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._say(trouble)
