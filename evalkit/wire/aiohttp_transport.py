"""Requests are carried by aiohttp, the extra ``fast``; nothing else knows it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from time import perf_counter

import aiohttp
from yarl import URL

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

_MOST_ADDRESSES = 256
_NO_TIMEOUTS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


class AiohttpTransport:
    """A transport over aiohttp; belongs to the event loop that first uses it."""

    name = "aiohttp"

    def __init__(
        self, environment: Mapping[str, str] | None = None, *, longest_body: int = LONGEST_BODY
    ) -> None:
        self._environment = environment or {}
        self._longest_body = longest_body
        self._addresses: dict[str, tuple[URL, str | None]] = {}
        self._trust: ssl.SSLContext | None = None
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the port's own word; a drip ends here
        """Return the response, whatever its status; see ``exchange.Transport``."""
        return await answered_within(
            timeout, self._exchanged(request), foreign=FOREIGN, meaning=wire_error
        )

    async def close(self) -> None:
        """Let go of every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _exchanged(self, request: HttpRequest) -> HttpResponse:
        url, proxy = self._addresses.get(request.url) or self._address(request.url)
        session = self._session or self._open()
        begun = perf_counter()
        async with session.request(
            request.method,
            url,
            headers=headers_to_send(request),
            data=request.body or None,
            proxy=proxy,
            ssl=self._trusted(url, proxy),
            allow_redirects=False,
        ) as response:
            first = perf_counter()
            headers = received_headers(response.raw_headers)
            body = await read_bounded(response.content.iter_any(), headers, self._longest_body)
            ended = perf_counter()
        return HttpResponse(
            status=response.status,
            headers=headers,
            body=unpacked(body, headers, self._longest_body),
            total_ms=1000 * (ended - begun),
            first_byte_ms=1000 * (first - begun),
        )

    def _address(self, text: str) -> tuple[URL, str | None]:
        if len(self._addresses) >= _MOST_ADDRESSES:
            self._addresses.clear()
        found = URL(text), proxy_for(text, self._environment)
        self._addresses[text] = found
        return found

    def _trusted(self, url: URL, proxy: str | None) -> ssl.SSLContext | bool:
        if url.scheme != "https" and not (proxy or "").startswith("https:"):
            return True
        if self._trust is None:
            self._trust = tls_context(self._environment)
        return self._trust

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            # How many run at a time is the caller's to say.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_NO_TIMEOUTS,
            auto_decompress=False,
            trust_env=False,
        )
        return self._session


FOREIGN = (aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError, OSError, ValueError)
"""Everything that aiohttp and the sockets below it raise."""


def wire_error(error: Exception) -> WireError:
    """Return what an exception of aiohttp means.

    ``OTHER`` is a request that no server ever saw: an address or a header that cannot be sent.
    """
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    match error:
        case TimeoutError():
            kind = ErrorKind.TIMEOUT
        case aiohttp.ClientHttpProxyError():
            kind = ErrorKind.CONNECTION
        case aiohttp.ClientResponseError() | aiohttp.http_exceptions.HttpProcessingError():
            kind = ErrorKind.MALFORMED
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            kind = ErrorKind.OTHER
        case aiohttp.ClientError() | OSError():
            kind = ErrorKind.CONNECTION
        case _:
            kind = ErrorKind.OTHER
    return WireError(kind, text)
