"""A small HTTP server beside the work: few pages, short questions, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from evalkit.core.errors import UsageError

LONGEST_BODY = 64 * 1024
PATIENCE = 10.0
"""Seconds that one connection may take, from its first byte to its last."""
AT_ONCE = 32
"""So many connections are served at a time; who comes later waits for a place."""
TEXT, JSON = "text/plain; charset=utf-8", "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: ``query`` holds the last value of each name."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer."""

    status: int
    body: str
    kind: str = TEXT


Answering: TypeAlias = Callable[[Asked], Said]
"""Answers questions, in several threads at a time."""


@contextmanager
def listening(address: str, answering: Answering, *, named: str = "--listen") -> Iterator[str]:
    """Answer questions for as long as the block lasts; yields the address, with its port.

    Args:
        address: ``HOST:PORT`` or ``PORT``, which is on this machine only; port 0 is any free one.
        answering: the answers.
        named: where the address was written, for a message.

    Raises:
        UsageError: nobody can listen there.
    """
    host, port = host_and_port(address)
    handler = type("Handler", (_Handler,), {"answering": staticmethod(answering)})
    try:
        server = _Server((host, port), handler)
    except OSError as error:
        raise UsageError(f"{named} {address}: {error.strerror or error}") from None
    thread = threading.Thread(
        target=server.serve_forever, args=(0.1,), name="listening", daemon=True
    )
    thread.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def host_and_port(address: str) -> tuple[str, int]:
    """Return the two parts of an address to listen at.

    Raises:
        UsageError: it is none.

    >>> host_and_port("9464"), host_and_port("[::1]:80")
    (('127.0.0.1', 9464), ('::1', 80))
    """
    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(f"expected --listen HOST:PORT such as 127.0.0.1:9464, found {address!r}")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


class _Server(ThreadingHTTPServer):
    """Serves so many at a time, each in a thread that ends with the process."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._places = threading.BoundedSemaphore(AT_ONCE)
        if ":" in address[0]:
            import socket

            self.address_family = socket.AF_INET6
        super().__init__(address, handler)

    def process_request(self, request: object, client_address: object) -> None:
        """Begin to serve a connection as soon as there is a place, if one comes free in time."""
        if not self._places.acquire(timeout=PATIENCE):
            self.shutdown_request(request)  # type: ignore[arg-type]
            return
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Serve a connection, and give its place back."""
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that broke: whoever asked asks again."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, one question."""

    answering: ClassVar[Answering]
    timeout = PATIENCE
    server_version = "evalkit"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a question without a body."""
        self._answer(b"")

    def do_HEAD(self) -> None:
        """Answer as to a question, without the answer's body."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Answer a question with a body."""
        told = self.headers.get("content-length", "")
        if not told.isdecimal() or int(told) > LONGEST_BODY:
            self._say(
                Said(413, f"expected a body of at most {LONGEST_BODY} bytes, its length told\n")
            )
            return
        self._answer(self.rfile.read(int(told)))

    def _answer(self, body: bytes) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        self._say(type(self).answering(Asked(self.command, address.path, query, body)))

    def _say(self, said: Said) -> None:
        content = said.body.encode()
        self.send_response(said.status)
        self.send_header("content-type", said.kind)
        self.send_header("content-length", str(len(content)))
        self.send_header("cache-control", "no-store")
        self.send_header("x-content-type-options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own word
        """Keep quiet: the terminal belongs to the watcher."""
