"""What every transport does alike: which headers go out, and bodies that are bounded coming in."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping

from evalkit.core.model import ErrorKind
from evalkit.wire.exchange import HttpRequest, HttpResponse, WireError

LONGEST_BODY = 64 * 2**20
"""Bytes, as sent and as unpacked; a longer answer is none."""
LONGEST_HEAD = 100 * 1024
"""Bytes of a response's status line and headers, where a library can be told."""
IDLE_SECONDS = 20.0
"""A connection that nobody used for so long is closed: servers begin to do so too."""
_ALWAYS = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "evalkit"}


class TooLongError(WireError):
    """The body is longer than the limit: asking again would bring it again."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            ErrorKind.MALFORMED, f"expected a body of at most {limit:,} bytes, found a longer one"
        )


def headers_to_send(request: HttpRequest) -> dict[str, str]:
    """Return the headers of a request with those that every request bears."""
    return {**_ALWAYS, **request.headers}


def received_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name in lower case; one that stands twice holds both values."""
    headers: dict[str, str] = {}
    for key, value in raw:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def refuse_long(headers: Mapping[str, str], limit: int) -> None:
    """Refuse a body whose length is told and too long, before any of it is read.

    Raises:
        TooLongError: it is longer than the limit.
    """
    told = headers.get("content-length", "")
    if told.isdecimal() and (len(told) > 15 or int(told) > limit):
        raise TooLongError(limit)


async def read_bounded(
    parts: AsyncIterable[bytes], headers: Mapping[str, str], limit: int
) -> bytes:
    """Return a body as it was sent, read no further than the limit.

    Raises:
        TooLongError: it is longer than the limit.
    """
    refuse_long(headers, limit)
    found: list[bytes] = []
    length = 0
    async for part in parts:
        length += len(part)
        if length > limit:
            raise TooLongError(limit)
        found.append(part)
    return found[0] if len(found) == 1 else b"".join(found)


async def answered_within(
    seconds: float,
    exchange: Awaitable[HttpResponse],
    *,
    foreign: tuple[type[Exception], ...],
    meaning: Callable[[Exception], WireError],
) -> HttpResponse:
    """Return the response of an exchange; a drip ends with the time, head and body together.

    Args:
        seconds: until the last byte.
        exchange: what a library does to send and to read.
        foreign: everything that the library raises.
        meaning: what each of them means.

    Raises:
        WireError: there is no whole response.
    """
    try:
        async with asyncio.timeout(seconds):
            return await exchange
    except TimeoutError:
        message = f"no whole answer within {seconds:g} s"
        raise WireError(ErrorKind.TIMEOUT, message) from None
    except WireError:
        raise
    except foreign as error:
        raise meaning(error) from error


def unpacked(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """Return a body without its content encoding, never longer than the limit.

    Raises:
        TooLongError: it unpacks to more than the limit.
        WireError: ``MALFORMED``: cut off, broken, or in an encoding nobody asked for.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"} or not body:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        message = f"expected content-encoding gzip, deflate or none, found {encoding[:40]!r}"
        raise WireError(ErrorKind.MALFORMED, message)
    try:
        return _inflated(body, limit, raw=encoding == "deflate" and not _has_zlib_head(body))
    except zlib.error as error:
        raise WireError(ErrorKind.MALFORMED, f"a broken {encoding} body: {error}") from None


def _has_zlib_head(body: bytes) -> bool:
    # Some servers call a bare stream "deflate", others one inside zlib's envelope (RFC 9110).
    return len(body) > 1 and body[0] & 15 == 8 and (body[0] * 256 + body[1]) % 31 == 0


def _inflated(body: bytes, limit: int, *, raw: bool) -> bytes:
    """Unpack one stream after the other; the limit holds for their sum."""
    parts: list[bytes] = []
    room = limit
    while body:
        stream = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS | 32)
        part = stream.decompress(body, room + 1)
        if len(part) > room or stream.unconsumed_tail:
            raise TooLongError(limit)
        if not stream.eof:
            raise zlib.error("it is cut off")
        if len(parts) > 1000:
            raise zlib.error("it consists of too many streams")
        parts.append(part)
        room -= len(part)
        body = stream.unused_data
    return b"".join(parts)
