"""Requests at a fixed rate, to several servers in turn: ``python -m tests.bench.mirror_load``.

What one server is asked in one block, the next one is asked in the next, so that a slow second of the
machine hits all alike. A request is sent when its time has come, whether or not those before it were
answered, and its latency counts from then. No event loop: theirs wake up to the millisecond, and
``select`` to the microsecond.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import urlsplit

BODY = json.dumps(
    {"model": "m", "user": "u-1", "messages": [{"role": "user", "content": "Where is my parcel? " * 20}]}
).encode()  # fmt: skip
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
    b"authorization: Bearer key\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)
)
IDLE = 30.0
"""Seconds after which a connection is not used again: the server may be closing it."""
LATE = 5.0
"""Seconds after which an answer that is missing ends the measurement."""


@dataclass(slots=True)
class Asked:
    """A connection with one request under way."""

    due: float
    got: bytes = b""

    @property
    def answer(self) -> str:
        """Status and length of the answer, once it is whole."""
        head, end, body = self.got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return ""
        return f"{head[9:12].decode()}, {len(body)} bytes"


@dataclass(slots=True)
class Target:
    """One server, and how long its answers took, in milliseconds."""

    url: str
    taken: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    _idle: list[tuple[socket.socket, float]] = field(default_factory=list)
    _busy: dict[socket.socket, Asked] = field(default_factory=dict)

    def block(self, rate: float, count: int) -> None:
        """Ask so often, at that rate."""
        begun = perf_counter()
        for index in range(count):
            due = begun + index / rate
            while (wait := due - perf_counter()) > 0:
                self._take(wait)
            connection = self._connection()
            self._busy[connection] = Asked(due)
            connection.sendall(REQUEST)
            self._take(0)
        until = perf_counter() + LATE
        while self._busy and perf_counter() < until:
            self._take(0.01)

    def _connection(self) -> socket.socket:
        while self._idle:
            connection, since = self._idle.pop()
            if perf_counter() - since < IDLE:
                return connection
            connection.close()
        parts = urlsplit(self.url)
        connection = socket.create_connection((parts.hostname, parts.port), LATE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _take(self, seconds: float) -> None:
        ready, _, _ = select.select(list(self._busy), [], [], seconds)
        for connection in ready:
            asked = self._busy[connection]
            data = connection.recv(65_536)
            asked.got += data
            if not data:
                self.answers["none"] += 1
                del self._busy[connection]
            elif asked.answer:
                self.taken.append(1e3 * (perf_counter() - asked.due))
                self.answers[asked.answer] += 1
                self._idle.append((connection, perf_counter()))
                del self._busy[connection]


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


def main() -> None:
    """Print the latencies, and how often each kind of answer came, a line a server."""
    rate, blocks, block = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    targets = [Target(url) for url in sys.argv[4:]]
    for number in range(blocks + 1):
        for target in targets if number % 2 else reversed(targets):
            target.block(rate, block)
            if number == 0:  # it warmed up
                target.taken.clear()
                target.answers.clear()
    for target in targets:
        taken = [round(milliseconds, 4) for milliseconds in target.taken]
        sys.stdout.write(json.dumps({"taken": taken, "answers": target.answers}) + "\n")


if __name__ == "__main__":
    main()
