"""Requests go to an upstream and its answers are heard piece by piece, over connections that are kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Protocol, cast

from evalkit.core.mirror import Outgoing, Trouble
from evalkit.wire.messages import IDLE_SECONDS
from evalkit.wire.mirror.heads import Reply, request_bytes
from evalkit.wire.mirror.replies import BrokenReplyError, ReplyReader
from evalkit.wire.mirror.tunnels import Way, connected, way_to

CONNECTING = 10.0
"""Seconds in which a connection must be there, if the request's own time is not shorter."""
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods that may be sent twice (RFC 9110, 9.2.2)."""


class Hears(Protocol):
    """Who hears an answer; after its end or its failure nothing more is said."""

    def sent(self) -> None:
        """Learn that the request is on its way."""
        ...

    def interim(self, reply: Reply) -> None:
        """Hear a head that comes before the answer's own, such as that of 103."""
        ...

    def heard(self, reply: Reply | None, data: bytes, *, ended: bool) -> None:
        """Hear what came: the head when it is new, what of the body is with it, whether that is all."""
        ...

    def failed(self, trouble: Trouble, message: str) -> None:
        """Learn that no more will come."""
        ...


class Asking:
    """One request under way, which can be left at any time."""

    __slots__ = (
        "_again", "_connection", "_hears", "_opening", "_paused", "_upstreams", "asked", "due", "silence",
    )  # fmt: skip

    def __init__(self, upstreams: Upstreams, asked: Outgoing, hears: Hears) -> None:
        self.asked = asked
        self.silence = asked.timeout
        self.due = 0.0
        self._upstreams = upstreams
        self._hears: Hears | None = hears
        self._connection: _Connection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._paused = False
        self._again = False

    def begin(self, pool: _Pool, *, fresh: bool = False) -> None:
        """Send the request over a connection that is there, or over a new one."""
        connection = None if fresh else pool.idle_connection()
        if connection is None:
            self.due = monotonic() + min(CONNECTING, self.silence)
            self._opening = asyncio.get_running_loop().create_task(self._opened(pool))
        else:
            self._send(pool, connection)

    def leave(self) -> None:
        """Give the answer up: nobody wants the rest of it."""
        self._hears = None
        self._let_go()

    def pause(self) -> None:
        """Take no more of the answer for now."""
        self._paused = True
        if self._connection is not None:
            self._connection.transport.pause_reading()

    def resume(self) -> None:
        """Take more of it."""
        self._paused = False
        self.due = monotonic() + self.silence
        if self._connection is not None:
            self._connection.transport.resume_reading()

    def watch(self, now: float) -> None:
        """End it, if it has been silent for too long."""
        if now < self.due or self._paused:
            return
        if self._connection is None:
            self.fail(Trouble.TIMEOUT, f"no connection within {min(CONNECTING, self.silence):g} s")
        else:
            self.fail(Trouble.TIMEOUT, f"nothing was heard for {self.silence:g} s")

    # ------------------------------------------------------------ what connections say

    def take(self, reader: ReplyReader) -> None:
        """Take over what a connection has read; at the end the connection is somebody else's."""
        self.due = monotonic() + self.silence
        interims = reader.interims
        reply, data, ended = reader.taken()
        if ended:
            self._forget()
        for interim in interims:
            if self._hears is not None:
                self._hears.interim(interim)
        if self._hears is not None and (reply is not None or data or ended):
            self._hears.heard(reply, data, ended=ended)

    def lost(self, pool: _Pool, message: str, *, used: bool, answered: bool) -> None:
        """Learn that the connection is gone: a kept one may have been closed before it was used."""
        self._connection = None
        method = self.asked.method
        repeatable = method in _REPEATABLE or any(
            name == "idempotency-key" for name, _ in self.asked.headers
        )
        if used and not answered and repeatable and not self._again:
            self._again = True
            self.begin(pool, fresh=True)
        else:
            self.fail(Trouble.CONNECTION, message)

    def fail(self, trouble: Trouble, message: str) -> None:
        """End it without the rest of the answer."""
        hears, self._hears = self._hears, None
        self._let_go()
        if hears is not None:
            hears.failed(trouble, message)

    # ------------------------------------------------------------ inside

    async def _opened(self, pool: _Pool) -> None:
        try:
            connection = await connected(pool.way, pool.connection)
        except (OSError, ValueError) as error:  # a name that is none is a ValueError
            self._opening = None
            self.fail(Trouble.CONNECTION, f"no connection: {str(error) or type(error).__name__}")
            return
        self._opening = None
        if self._hears is None:
            connection.transport.close()
            return
        self._send(pool, connection)

    def _send(self, pool: _Pool, connection: _Connection) -> None:
        try:
            data = pool.written(self.asked)
        except ValueError as error:
            pool.keep(connection)
            # Not at once: whoever asks has not been given this asking yet.
            asyncio.get_running_loop().call_soon(self.fail, Trouble.CONNECTION, str(error))
            return
        self._connection = connection
        self.due = monotonic() + self.silence
        connection.begin(self, data)
        if self._paused:
            connection.transport.pause_reading()
        if self._hears is not None and not self._again:
            self._hears.sent()

    def _let_go(self) -> None:
        opening, connection = self._opening, self._connection
        self._forget()
        if opening is not None:
            opening.cancel()
        if connection is not None:
            connection.abandon()

    def _forget(self) -> None:
        self._opening = self._connection = None
        self._upstreams.forget(self)


class _Connection(asyncio.Protocol):
    """One connection to an upstream: one request at a time."""

    __slots__ = ("_asking", "_pool", "_reader", "_used", "keep", "since", "transport")

    def __init__(self, pool: _Pool) -> None:
        self.transport: asyncio.Transport
        self.since = 0.0
        self.keep = IDLE_SECONDS
        self._pool = pool
        self._asking: Asking | None = None
        self._used = False
        self._reader = ReplyReader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no heirs of it
        self._pool.open.add(self)

    def begin(self, asking: Asking, data: bytes) -> None:
        """Send a request."""
        self._asking = asking
        self._reader.begin(bodiless=asking.asked.method == "HEAD")
        self.transport.write(data)

    def abandon(self) -> None:
        """Close it, in whatever state it is."""
        self._asking = None
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read a piece of an answer."""
        asking = self._asking
        if asking is None:
            self.transport.abort()  # nobody asked for this
            return
        reader = self._reader
        try:
            reader.feed(data)
        except BrokenReplyError as error:
            if reader.anything:
                asking.take(reader)
            if self._asking is asking:
                asking.fail(Trouble.CONNECTION, str(error))
            return
        if reader.ended:
            self._asking = None
            self._rest()
        asking.take(reader)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what was under way."""
        self._pool.lose(self)
        asking, self._asking = self._asking, None
        if asking is None:
            return
        reader = self._reader
        if exc is None and reader.closed():
            asking.take(reader)
            return
        what = f": {exc}" if exc else ""
        message = f"the connection was closed {reader.place}{what}"
        asking.lost(self._pool, message, used=self._used, answered=reader.anything_came)

    def _rest(self) -> None:
        """Keep the connection for the next request, if both sides want it."""
        self._used = True
        if self._reader.keeps is None:
            self.transport.close()
        elif self.transport.get_write_buffer_size():
            self.transport.abort()  # answered before it was asked in full: nobody else may wait behind
        else:
            self.keep = min(IDLE_SECONDS, self._reader.keeps)
            self._pool.keep(self)


class _Pool:
    """The connections to one origin; the one used last is the one used next."""

    def __init__(self, origin: str, way: Way, via: str) -> None:
        self.way = way
        self._origin = origin
        greets = way.greets if way.absolute else ()  # a tunnel was greeted when it was opened
        self._more = (*greets, ("via", f"1.1 {via}"))
        self._idle: deque[_Connection] = deque()
        self.open: set[_Connection] = set()

    def connection(self) -> _Connection:
        """Return a new one, not yet connected."""
        return _Connection(self)

    def idle_connection(self) -> _Connection | None:
        """Return one that is idle, and not for too long."""
        now = monotonic()
        while self._idle:
            connection = self._idle.pop()
            if now - connection.since < connection.keep and not connection.transport.is_closing():
                return connection
            connection.transport.close()
        return None

    def keep(self, connection: _Connection) -> None:
        """Keep one for later."""
        connection.since = monotonic()
        self._idle.append(connection)

    def lose(self, connection: _Connection) -> None:
        """Forget one that is gone."""
        self.open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def written(self, asked: Outgoing) -> bytes:
        """Return a request as it is sent to this origin."""
        way = self.way
        target = asked.url[len(self._origin) :]
        target = target if target.startswith("/") else f"/{target}"
        return request_bytes(asked, way.absolute + target, way.host, self._more)

    def sweep(self, now: float) -> None:
        """Close what was idle for too long."""
        while self._idle and now - self._idle[0].since >= self._idle[0].keep:
            self._idle.popleft().transport.close()

    def close(self) -> None:
        """Close all of them, whatever they do; it takes some rounds of the loop."""
        for connection in self.open:
            connection.transport.abort()


class Upstreams:
    """The origins that may be asked, and nobody else."""

    def __init__(self, urls: Iterable[str], environment: Mapping[str, str], *, via: str) -> None:
        self._pools = {
            origin: _Pool(origin, way_to(origin, environment), via)
            for origin in map(origin_of, urls)
        }
        self._under_way: set[Asking] = set()

    def ask(self, asked: Outgoing, hears: Hears) -> Asking:
        """Send a request, and have its answer heard.

        Raises:
            LookupError: it is for an origin that may not be asked.
        """
        pool = self._pools.get(origin_of(asked.url))
        if pool is None:
            raise LookupError(f"expected one of {sorted(self._pools)}, found another origin")
        asking = Asking(self, asked, hears)
        self._under_way.add(asking)
        asking.begin(pool)
        return asking

    def forget(self, asking: Asking) -> None:
        """Forget a request that has ended."""
        self._under_way.discard(asking)

    def watch(self, now: float) -> None:
        """End what was silent for too long, and close what nobody uses."""
        for asking in [asking for asking in self._under_way if asking.due <= now]:
            asking.watch(now)
        for pool in self._pools.values():
            pool.sweep(now)

    @property
    def open(self) -> bool:
        """Whether any connection is there."""
        return any(pool.open for pool in self._pools.values())

    def close(self) -> None:
        """Close everything."""
        for asking in list(self._under_way):
            asking.fail(Trouble.CONNECTION, "the mirror ended")
        for pool in self._pools.values():
            pool.close()


def origin_of(url: str) -> str:
    """Return scheme and authority of a URL.

    >>> origin_of("https://host:8443/v1/chat?x=/"), origin_of("http://host?x")
    ('https://host:8443', 'http://host')
    """
    begin = url.find("://") + 3
    ends = [place for place in (url.find("/", begin), url.find("?", begin)) if place > 0]
    return url[: min(ends)] if ends else url
