"""Mirrors that run in a thread, upstreams that are written line by line, callers that are plain sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from evalkit.core.mirror import (
    CopyLimits,
    Counted,
    Head,
    Heard,
    Incoming,
    Limits,
    Outgoing,
    Refused,
    Routed,
)  # fmt: skip
from evalkit.core.model import Arm, Json
from evalkit.wire.loops import fast_loop
from evalkit.wire.mirror.caller import Patience
from evalkit.wire.mirror.server import Server

PATIENCE = 10.0
"""Seconds until a test is given up; none of them waits for so long."""
LOOP: list[Callable[[], asyncio.AbstractEventLoop] | None] = [fast_loop()]
"""How the event loop of mirrors is made; a fixture puts the other one here."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Line:
    """One connection, read message by message."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self.rest = b""

    @classmethod
    def to(cls, url: str) -> Line:
        """Return a new connection to a server."""
        parts = urlsplit(url)
        return cls(socket.create_connection((parts.hostname, parts.port), PATIENCE))

    def send(self, *data: bytes) -> None:
        """Send bytes, each piece for itself."""
        for piece in data:
            self.socket.sendall(piece)

    def more(self) -> bool:
        """Read what there is, and return whether there was anything."""
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            data = b""
        self.rest += data
        return bool(data)

    def until(self, end: bytes) -> bytes:
        """Return what comes until an end, with it; nothing, if the connection ends before."""
        while end not in self.rest:
            if not self.more():
                return b""
        found, self.rest = self.rest.split(end, 1)
        return found + end

    def exactly(self, length: int) -> bytes:
        """Return so many bytes."""
        found = bytearray(self.rest)
        self.rest = b""
        while len(found) < length and self.more():
            found += self.rest
            self.rest = b""
        self.rest = bytes(found[length:])
        return bytes(found[:length])

    def to_the_end(self) -> bytes:
        """Return everything that comes until the connection ends."""
        while self.more():
            pass
        found, self.rest = self.rest, b""
        return found

    def message(self, *, bodiless: bool = False) -> tuple[bytes, bytes]:
        """Return head and body of one message; the body as it is framed."""
        head = self.until(b"\r\n\r\n")
        if bodiless or not head:
            return head, b""
        told = header(head, "content-length")
        if told:
            return head, self.exactly(int(told))
        if header(head, "transfer-encoding") == "chunked":
            body = b""
            while True:
                size = self.until(b"\r\n")
                if not size:
                    return head, body
                piece = self.exactly(int(size.split(b";")[0], 16) + 2)
                body += size + piece
                if piece == b"\r\n":
                    return head, body
        return head, b""

    def ask(self, data: bytes, *, bodiless: bool = False) -> tuple[bytes, bytes]:
        """Send a request and return its answer."""
        self.send(data)
        return self.message(bodiless=bodiless)

    def close(self) -> None:
        """End the connection."""
        self.socket.close()

    def reset(self) -> None:
        """End it as if the machine were gone."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def header(head: bytes, name: str) -> str:
    """Return the value of a header, or nothing."""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return ""


def status(head: bytes) -> int:
    """Return the status of an answer."""
    return int(head.split(b" ", 2)[1])


def request(
    method: str = "POST", target: str = "/v1/chat", body: bytes = b"{}", *more: str
) -> bytes:
    """Return a request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: mirror", *more, f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


@contextmanager
def upstream(serve: Callable[[Line], None], *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve each connection in a thread of its own; yields the address."""
    ended = threading.Event()
    lines: list[Line] = []

    def one(line: Line) -> None:
        with contextlib.suppress(OSError), contextlib.closing(line):
            if tls is not None:
                line.socket = tls.wrap_socket(line.socket, server_side=True)
            serve(line)

    def accept() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            lines.append(Line(connection))
            threading.Thread(target=one, args=(lines[-1],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            scheme = "https" if tls else "http"
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for line in lines:
                with contextlib.suppress(OSError):
                    line.socket.shutdown(socket.SHUT_RDWR)
                line.close()
            thread.join(PATIENCE)


def answering(answer: bytes) -> Callable[[Line], None]:
    """Return a server that gives each request the same answer."""

    def serve(line: Line) -> None:
        while line.message()[0]:
            line.send(answer)

    return serve


def nowhere() -> str:
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@dataclass
class Plain:
    """Traffic without any rules: all goes to the live arm, and a copy to the candidate if there is one."""

    live: str
    candidate: str | None = None
    timeout: float = 30.0
    notes: list[tuple[str, Arm, Heard]] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        """Whom requests may go to."""
        return [self.live, *([self.candidate] if self.candidate else [])]

    def routed(self, incoming: Incoming) -> Routed | Refused:
        """Return where a request goes."""
        copy = None
        if self.candidate is not None:
            copy = self._to(Arm.CANDIDATE, self.candidate, incoming)
        return Routed(incoming, self._to(Arm.BASELINE, self.live, incoming), copy)

    def held(self, routed: Routed, head: Head) -> bool:
        """Hold nothing."""
        del routed, head
        return False

    def headed(self, routed: Routed, head: Head) -> Head:
        """Change nothing."""
        del routed
        return head

    def finished(self, routed: Routed, head: Head, body: bytes) -> tuple[Head, bytes] | Refused:
        """Change nothing."""
        del routed
        return head, body

    def outgrown(self, routed: Routed, head: Head) -> Refused | None:
        """Let it pass."""
        del routed, head
        return None

    def noted(self, routed: Routed, arm: Arm, heard: Heard) -> None:
        """Keep what was heard."""
        self.notes.append((routed.incoming.target, arm, heard))

    def _to(self, arm: Arm, url: str, incoming: Incoming) -> Outgoing:
        headers = tuple(item for item in incoming.headers if item[0] != "host")
        return Outgoing(
            arm, incoming.method, url + incoming.target, headers, incoming.body, self.timeout
        )

    def heard(self, arm: Arm, count: int = 1) -> list[Heard]:
        """Return what was heard of an arm, once there is so much."""
        until(lambda: sum(one is arm for _, one, _ in self.notes) >= count)
        return [heard for _, one, heard in self.notes if one is arm]


@dataclass
class Running:
    """A mirror that runs."""

    server: Server
    url: str
    events: list[tuple[str, Mapping[str, Json]]]
    thread: threading.Thread
    lines: list[Line] = field(default_factory=list)

    def counted(self) -> Counted:
        """Return what it has done."""
        return self.server.counted()

    def line(self) -> Line:
        """Return a new connection to it."""
        self.lines.append(Line.to(self.url))
        return self.lines[-1]

    def ask(self, data: bytes, *, bodiless: bool = False) -> tuple[bytes, bytes]:
        """Return the answer to a request, over a connection of its own."""
        with contextlib.closing(self.line()) as line:
            return line.ask(data, bodiless=bodiless)


@contextmanager
def mirror(
    traffic: Plain, *,
    limits: Limits | None = None, copies: CopyLimits | None = None,
    environment: Mapping[str, str] | None = None,
    drain: float = 0.0, patience: Patience | None = None, listen: str = "127.0.0.1:0",
) -> Iterator[Running]:  # fmt: skip
    """Run a mirror in a thread."""
    events: list[tuple[str, Mapping[str, Json]]] = []
    server = Server(
        traffic, traffic.urls,
        limits=limits, copies=copies, environment=environment, drain=drain, patience=patience,
        log=lambda event, fields: events.append((event, fields)),
    )  # fmt: skip
    opened: list[str] = []
    wrong: list[dict[str, Any]] = []
    thread = threading.Thread(
        target=lambda: _run(server.run(listen, opened=opened.append), wrong), daemon=True
    )
    thread.start()
    until(lambda: bool(opened))
    try:
        running = Running(server, opened[0], events, thread)
        yield running
    finally:
        for line in running.lines:
            line.close()
        server.end()
        server.end()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert not wrong, wrong


def _run(work: Coroutine[Any, Any, None], wrong: list[dict[str, Any]]) -> None:
    with asyncio.Runner(loop_factory=LOOP[0]) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: wrong.append(context))
        runner.run(work)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


# ---------------------------------------------------------------- upstreams that do not do as they should


def silent(line: Line) -> None:
    """Hear a request, and say nothing."""
    line.message()
    line.more()


def hung_up(line: Line) -> None:
    """Hear a request, and end the connection."""
    line.message()


def reset(line: Line) -> None:
    """Hear a request, and end the connection as if the machine were gone."""
    line.message()
    line.reset()


def saying(answer: bytes) -> Callable[[Line], None]:
    """Return what says this, whatever it is asked, and then nothing more."""

    def serve(line: Line) -> None:
        line.message()
        line.send(answer)
        line.more()

    return serve
