"""Requests are carried by httpx; nothing else knows it.

An httpx client with many connections searches all of them for each request, and with a hundred
that costs more than the request. So there is one small pool for each connection, kept on a stack:
the one used last is the one used next, and as many are opened as requests run at a time. They are
httpx's transports without its client, whose cookies, redirects and authentication nobody here asks
for.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

import httpx

from evalkit.core.model import ErrorKind
from evalkit.wire.exchange import HttpRequest, HttpResponse, WireError
from evalkit.wire.messages import (
    IDLE_SECONDS,
    LONGEST_BODY,
    answered_within,
    headers_to_send,
    read_bounded,
    received_headers,
    unpacked,
)
from evalkit.wire.proxies import proxy_for
from evalkit.wire.tls import tls_context

_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_SECONDS)
_NO_TIMEOUTS = {"timeout": httpx.Timeout(None).as_dict()}
_MOST_ADDRESSES = 256
_GONE = ("disconnected", "peer closed connection")
"""How httpx says that a server hung up; it is a protocol error to it, like a garbled answer."""


@dataclass(slots=True)
class _Server:
    """A server: through which proxy it is reached, and its idle pools, the last used on top."""

    proxy: str | None
    idle: list[httpx.AsyncHTTPTransport] = field(default_factory=list)


class HttpxTransport:
    """A transport over httpx; belongs to the event loop that first uses it."""

    name = "httpx"

    def __init__(
        self, environment: Mapping[str, str] | None = None, *, longest_body: int = LONGEST_BODY
    ) -> None:
        self._environment = environment or {}
        self._longest_body = longest_body
        self._addresses: dict[str, tuple[httpx.URL, _Server]] = {}
        self._servers: dict[tuple[str, str, int | None], _Server] = {}
        self._trust: ssl.SSLContext | None = None

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the port's own word; a drip ends here
        """Return the response, whatever its status; see ``exchange.Transport``."""
        return await answered_within(
            timeout, self._exchanged(request), foreign=FOREIGN, meaning=wire_error
        )

    async def close(self) -> None:
        """Let go of every connection."""
        for server in self._servers.values():
            while server.idle:
                await server.idle.pop().aclose()

    async def _exchanged(self, request: HttpRequest) -> HttpResponse:
        url, server = self._addresses.get(request.url) or self._address(request.url)
        pool = server.idle.pop() if server.idle else self._pool(url, server)
        try:
            response = await self._answer(pool, url, request)
        except BaseException:
            # Whatever state it is in, nobody uses it again; that closes its connection.
            await pool.aclose()
            raise
        server.idle.append(pool)
        return response

    async def _answer(
        self, pool: httpx.AsyncHTTPTransport, url: httpx.URL, request: HttpRequest
    ) -> HttpResponse:
        # Given a stream, httpx adds no header of its own: these two it would have had to work out.
        headers = {"host": url.netloc.decode(), **headers_to_send(request)}
        if request.body or request.method == "POST":
            headers["content-length"] = str(len(request.body))
        asked = httpx.Request(
            request.method,
            url,
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            stream=httpx.ByteStream(request.body),
            extensions=_NO_TIMEOUTS,
        )
        begun = perf_counter()
        response = await pool.handle_async_request(asked)
        first = perf_counter()
        try:
            received = received_headers(response.headers.raw)
            assert isinstance(response.stream, httpx.AsyncByteStream)
            # Not through httpx's own reading, which would unpack it without a limit.
            body = await read_bounded(response.stream, received, self._longest_body)
        finally:
            await response.aclose()
        ended = perf_counter()
        return HttpResponse(
            status=response.status_code,
            headers=received,
            body=unpacked(body, received, self._longest_body),
            total_ms=1000 * (ended - begun),
            first_byte_ms=1000 * (first - begun),
        )

    def _address(self, text: str) -> tuple[httpx.URL, _Server]:
        url = httpx.URL(text)
        if not url.host:
            raise httpx.InvalidURL(f"expected an address with a host, found {text!r}")
        key = (url.scheme, url.host, url.port)
        server = self._servers.get(key)
        if server is None:
            server = self._servers[key] = _Server(proxy_for(text, self._environment))
        if len(self._addresses) >= _MOST_ADDRESSES:
            self._addresses.clear()
        self._addresses[text] = url, server
        return url, server

    def _pool(self, url: httpx.URL, server: _Server) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(
            verify=self._trusted(url, server),
            trust_env=False,  # it would read the environment again for each of them
            limits=_ONE,
            proxy=server.proxy,
        )

    def _trusted(self, url: httpx.URL, server: _Server) -> ssl.SSLContext:
        """Return the one context for all; without TLS, an empty one, which costs no reading."""
        if url.scheme != "https" and not (server.proxy or "").startswith("https:"):
            return _NO_TLS
        if self._trust is None:
            self._trust = tls_context(self._environment)
        return self._trust


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict, OSError,
           ValueError)  # fmt: skip
"""Everything that httpx and the sockets below it raise."""


def wire_error(error: Exception) -> WireError:
    """Return what an exception of httpx means.

    ``OTHER`` is a request that no server ever saw: an address or a header that cannot be sent.
    """
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    match error:
        case httpx.TimeoutException():
            kind = ErrorKind.TIMEOUT
        case httpx.RemoteProtocolError() if not any(sign in str(error) for sign in _GONE):
            kind = ErrorKind.MALFORMED
        case httpx.DecodingError():
            kind = ErrorKind.MALFORMED
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            kind = ErrorKind.OTHER
        case httpx.TransportError() | OSError():
            kind = ErrorKind.CONNECTION
        case _:
            kind = ErrorKind.OTHER
    return WireError(kind, text)
