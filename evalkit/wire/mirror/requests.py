"""The bytes of a caller become whole requests, within limits; what is not one is refused with a reason."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import httptools

from evalkit.core.mirror import Limits, Refused

_NO_PROXY = (
    "expected a path such as /v1/chat/completions, found another form of target: requests go to the "
    "configured upstream and nowhere else"
)
_NOT_SERVED = frozenset({"CONNECT", "TRACE"})
"""One asks for any host; the other would show the caller what the mirror's own headers hold."""


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request; the names of headers are in lower case, and all of them are there."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    version: str
    keeps: bool


class BadRequestError(Exception):
    """What came is not served, and nothing that follows on this connection is read."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.refused = Refused(status, code, message)


class Stage(Enum):
    """Where in a request the reader is."""

    BETWEEN = "between"
    HEAD = "head"
    BODY = "body"


class RequestReader:
    """Reads the requests of one connection; ``ready`` holds those that are whole.

    ``admits`` is asked once for each request, when its head is known, and ``holds`` for each piece of its
    body; both raise ``BadRequestError`` where there is no room. ``continues`` says that the caller waits to be told to send the body,
    ``length`` how much of it is there.
    """

    __slots__ = (
        "_admits", "_headers",
        "_holds", "_limits", "_method", "_parser", "_pieces", "_quiet", "_read", "_refused",
        "_upgrading", "_url", "_version", "continues", "length", "ready", "stage",
    )  # fmt: skip

    def __init__(
        self, limits: Limits, admits: Callable[[], None], holds: Callable[[int], None]
    ) -> None:
        self.ready: deque[Request] = deque()
        self.continues = False
        self._limits = limits
        self._admits = admits
        self._holds = holds
        self._quiet = 0
        self._refused: BadRequestError | None = None
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()
        self.stage = Stage.BETWEEN

    @property
    def method(self) -> str:
        """The method of the request that is being read."""
        return self._method

    def feed(self, data: bytes) -> None:
        """Read what came.

        Raises:
            BadRequestError: it is not served.
        """
        self._quiet += len(data)
        try:
            rest = self._fed(data)
            while rest is not None:
                rest = self._fed(rest)
        except httptools.HttpParserError as error:
            refused = self._refused
            if refused is None:
                refused = BadRequestError(400, "bad_request", f"no HTTP request: {error}")
            raise refused from None
        if self._quiet > self._limits.headers:
            if self.stage is Stage.BODY:
                raise BadRequestError(400, "bad_request", "expected a body, found none of it")
            self._refuse_head()

    def _fed(self, data: bytes) -> bytes | None:
        """Read, and return what has to be read anew."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._refused is not None:
                raise self._refused from None
            # Asked for another protocol, HTTP/1.1 is a good answer (RFC 9110, 7.8); Java asks each time.
            # The parser reads no body behind such a head, so that a new one gets it without.
            lines = [f"{self._method} ".encode() + self._url + b" HTTP/" + self._version.encode()]
            lines += [
                name + b": " + value for name, value in self._headers if name.lower() != b"upgrade"
            ]
            self._parser = httptools.HttpRequestParser(self)
            return b"\r\n".join([*lines, b"\r\n"]) + data[upgrade.args[0] :]
        return None

    # ------------------------------------------------------------ what the parser says

    def on_message_begin(self) -> None:
        """Begin."""
        self.stage = Stage.HEAD
        self.length = 0
        self._upgrading = False
        self._method = ""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._read: list[tuple[str, str]] = []
        self._pieces: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those behind the body are dropped."""
        if self.stage is Stage.HEAD:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Look at the head, before any of the body is taken."""
        try:
            self._see_head()
        except BadRequestError as error:
            self._refused = error
            raise

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self._quiet = 0
        self.length += len(data)
        try:
            if self.length > self._limits.body:
                raise self._too_long()
            self._holds(len(data))
        except BadRequestError as error:
            self._refused = error
            raise
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        """Put the request to those that are whole."""
        if self._upgrading:
            return
        pieces = self._pieces
        self.ready.append(
            Request(
                self._method,
                self._url.decode("latin-1"),
                self._read,
                pieces[0] if len(pieces) == 1 else b"".join(pieces),
                self._version,
                self._parser.should_keep_alive(),
            )
        )
        self._quiet = 0
        self.continues = False
        self.stage = Stage.BETWEEN

    # ------------------------------------------------------------ inside

    def _see_head(self) -> None:
        self._method = self._parser.get_method().decode("latin-1")
        self._version = self._parser.get_http_version()
        size = len(self._url)
        read = self._read
        for name, value in self._headers:
            size += len(name) + len(value) + 4
            read.append((name.decode("latin-1").lower(), value.decode("latin-1")))
        if size > self._limits.headers:
            self._refuse_head()
        self._refuse_other_protocols()
        self._refuse_other_targets()
        if self._parser.should_upgrade():
            self._upgrading = True
            return
        self._look_at_framing()
        self._admits()
        self._quiet = 0
        self.stage = Stage.BODY

    def _refuse_head(self) -> None:
        limit = self._limits.headers
        raise BadRequestError(
            431, "head_too_long", f"expected at most {limit:,} bytes of headers, found more"
        )

    def _too_long(self) -> BadRequestError:
        limit = self._limits.body
        return BadRequestError(
            413, "body_too_long", f"expected a body of at most {limit:,} bytes, found a longer one"
        )

    def _refuse_other_protocols(self) -> None:
        if self._method in _NOT_SERVED:
            raise BadRequestError(501, "method_refused", f"{self._method} is not served here")
        if self._version not in {"1.1", "1.0"}:
            raise BadRequestError(505, "version_refused", "expected HTTP/1.1 or HTTP/1.0")
        for name, value in self._read:
            if name == "upgrade" and "websocket" in value.lower():
                raise BadRequestError(501, "upgrade_refused", "web sockets are not served here")

    def _refuse_other_targets(self) -> None:
        if not self._url.startswith(b"/") or b"#" in self._url:
            raise BadRequestError(400, "target_refused", _NO_PROXY)
        hosts = sum(name == "host" for name, _ in self._read)
        if hosts > 1 or (not hosts and self._version == "1.1"):
            raise BadRequestError(400, "bad_request", f"expected one Host header, found {hosts}")

    def _look_at_framing(self) -> None:
        coded = False
        for name, value in self._read:
            if name == "transfer-encoding":
                if coded or value.strip().lower() != "chunked" or self._version == "1.0":
                    raise BadRequestError(
                        501, "coding_refused", "expected transfer-encoding: chunked"
                    )
                coded = True
            elif name == "content-length" and value.isdecimal():
                if len(value) > 15 or int(value) > self._limits.body:
                    raise self._too_long()
            elif name == "expect":
                if value.strip().lower() != "100-continue":
                    raise BadRequestError(417, "expectation_refused", "expected 100-continue")
                self.continues = self._version == "1.1"
