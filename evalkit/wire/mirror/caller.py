"""One connection of a caller: requests are read off it, answers are written to it, nobody holds it for ever."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import struct
from dataclasses import dataclass
from time import monotonic
from typing import Protocol, cast

from evalkit.core.mirror import Head, Limits, Refused
from evalkit.wire.mirror.heads import Reply, refusal_bytes, reply_bytes
from evalkit.wire.mirror.requests import BadRequestError, Request, RequestReader, Stage

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_MOST_AHEAD = 64 * 1024
"""Bytes that a caller may send ahead while it is being answered."""


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds a caller is waited for.

    ``head`` from the first byte of a head to its last; ``body`` for a body, and one second more for each
    ``body_rate`` bytes of it that came; ``idle`` between requests; ``stalled`` while it takes nothing of
    its answer; ``leaving`` until it has read why it was refused.
    """

    head: float = 10.0
    body: float = 30.0
    body_rate: int = 4096
    idle: float = 75.0
    stalled: float = 120.0
    leaving: float = 5.0


class Answers(Protocol):
    """The answer to one request, under way."""

    def leave(self) -> None:
        """Learn that the caller is gone."""
        ...

    def pause(self) -> None:
        """Bring no more for now: the caller is slower."""
        ...

    def resume(self) -> None:
        """Bring more."""
        ...


class Desk(Protocol):
    """Where requests are brought to."""

    limits: Limits
    patience: Patience
    draining: bool

    def arrive(self, caller: Caller) -> Refused | None:
        """Take down a connection, and say why it is not served, if it is not."""
        ...

    def depart(self, caller: Caller) -> None:
        """Take down the end of a connection."""
        ...

    def admit(self) -> None:
        """Find a place for a request, or raise ``BadRequestError``."""
        ...

    def release(self) -> None:
        """Give the place of a request back."""
        ...

    def hold(self, size: int) -> None:
        """Keep so many bytes of a body, or raise ``BadRequestError``."""
        ...

    def let_go(self, size: int) -> None:
        """Keep them no longer."""
        ...

    def begin(self, caller: Caller, request: Request) -> Answers | None:
        """Begin to answer; ``None`` where the answer is already written."""
        ...

    def refuse(self, refused: Refused) -> None:
        """Take down that something was refused."""
        ...


class Caller(asyncio.Protocol):
    """A connection of a caller, which is answered one request after the other."""

    __slots__ = (
        "_ahead", "_answers", "_busy", "_chunked", "_desk", "_full",
        "_held", "_keeps", "_placed", "_read_since", "_reader",
        "_request", "_unbounded", "_written", "address", "due", "lingers", "transport",
    )  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        self.transport: asyncio.Transport
        self.address = ""
        self.due = math.inf
        self.lingers = False
        self._desk = desk
        self._reader = RequestReader(desk.limits, self._admit, self._hold)
        self._answers: Answers | None = None
        self._request: Request | None = None
        self._busy = False
        self._ahead = bytearray()
        self._placed = self._full = False
        self._held = 0
        self._keeps = False
        self._chunked = self._unbounded = False
        self._written = False
        self._read_since = 0.0

    # ------------------------------------------------------------ what the connection says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no heirs of it
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self.due = monotonic() + self._desk.patience.head
        refused = self._desk.arrive(self)
        if refused is not None:
            self.refuse(refused)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what was under way."""
        del exc
        answers, self._answers = self._answers, None
        self._busy = True  # nothing more is read
        if answers is not None:
            answers.leave()
        self._release()
        self._desk.depart(self)

    def data_received(self, data: bytes) -> None:
        """Read requests, as soon as the one before is answered."""
        if self.lingers:
            return
        if self._busy:
            self._ahead += data
            if len(self._ahead) > _MOST_AHEAD:
                self.transport.pause_reading()
            return
        self._read(data)

    def pause_writing(self) -> None:
        """Wait for a caller that takes its answer slowly."""
        self._full = True
        if self._busy:
            self.due = monotonic() + self._desk.patience.stalled
        if self._answers is not None:
            self._answers.pause()

    def resume_writing(self) -> None:
        """Go on."""
        self._full = False
        if self._answers is not None:
            self.due = math.inf
            self._answers.resume()
        elif self._busy and self._request is None:
            self._go_on()

    def watch(self, now: float) -> None:
        """End it, if it is late."""
        if now < self.due:
            return
        stage = self._reader.stage
        if self.lingers or self._busy:
            self.transport.abort()
        elif stage is Stage.BETWEEN:
            self.transport.close()
        else:
            self.refuse(
                Refused(408, "too_slow", f"the {stage.value} of the request came too slowly")
            )

    # ------------------------------------------------------------ what is written

    def interim(self, reply: Reply) -> None:
        """Pass on a head that comes before the answer's own."""
        if self._request is not None and self._request.version == "1.1" and not self._written:
            self.transport.write(reply_bytes(reply.head, reply, ()))

    def start(self, head: Head, reply: Reply, data: bytes, *, ended: bool) -> None:
        """Write the head of an answer, and what of its body is there.

        Raises:
            ValueError: the head cannot be written; nothing was.
        """
        request = self._request
        assert request is not None
        bodiless = request.method == "HEAD" or head.status in {204, 304}
        self._chunked = not bodiless and reply.length is None and request.version == "1.1"
        self._unbounded = not bodiless and reply.length is None and not self._chunked
        framing = ["transfer-encoding: chunked"] if self._chunked else []
        if self._unbounded or not self._stays():
            framing.append("connection: close")
            self._keeps = False
        elif request.version == "1.0":
            framing.append("connection: keep-alive")
        written = reply_bytes(head, reply, framing)
        self._written = True
        self._write(written, b"" if bodiless else data, ended=ended)

    def more(self, data: bytes, *, ended: bool) -> None:
        """Write what came of the body."""
        self._write(b"", data, ended=ended)

    def refuse(self, refused: Refused, *, closes: bool = True) -> None:
        """Answer in the mirror's own name; without an end to the request, it is the connection's last."""
        self._desk.refuse(refused)
        request = self._request
        closes = closes or not self._stays()
        self._keeps = not closes
        more = ["connection: close"] if closes else []
        if refused.status == 503:
            more.append("retry-after: 1")
        bodiless = (self._reader.method if request is None else request.method) == "HEAD"
        self.transport.write(refusal_bytes(refused, bodiless=bodiless, more=more))
        if closes:
            self._linger()
        else:
            self._next()

    def cut(self) -> None:
        """End an answer that has begun, so that the caller sees that it is not whole."""
        self._answers = None
        self.due = monotonic() + self._desk.patience.stalled
        if self._unbounded:
            _reset(self.transport)  # an orderly end of the connection would look like the answer's
        else:
            self.transport.close()  # what is there arrives, and its end does not

    def drain(self) -> None:
        """Close it, if nothing is under way."""
        if not self._busy and not self.lingers and self._reader.stage is Stage.BETWEEN:
            self.transport.close()

    # ------------------------------------------------------------ inside

    def _read(self, data: bytes) -> None:
        reader, before = self._reader, self._reader.stage
        try:
            reader.feed(data)
        except BadRequestError as error:
            self.refuse(error.refused)
            return
        if reader.ready:
            self._answer()
            return
        if reader.continues:
            reader.continues = False
            self.transport.write(_CONTINUE)
        patience = self._desk.patience
        if reader.stage is not before:
            self._read_since = monotonic()
            self.due = self._read_since + (
                patience.head if reader.stage is Stage.HEAD else patience.body
            )
        elif reader.stage is Stage.BODY:
            self.due = self._read_since + patience.body + reader.length / patience.body_rate

    def _answer(self) -> None:
        """Begin to answer the next request that is whole."""
        self._busy = True
        self._written = False
        self.due = math.inf
        self._request = request = self._reader.ready.popleft()
        self._keeps = request.keeps
        answers = self._desk.begin(self, request)
        if self._request is request and self._busy and not self.lingers:
            self._answers = answers
            if self._full:
                self.pause_writing()

    def _stays(self) -> bool:
        """Return whether the caller's connection is kept after this answer."""
        return self._keeps and not self._desk.draining

    def _write(self, head: bytes, data: bytes, *, ended: bool) -> None:
        if self._chunked:
            if data:
                head += b"%x\r\n%b\r\n" % (len(data), data)
            if ended:
                head += b"0\r\n\r\n"
        else:
            head += data
        if head:
            self.transport.write(head)
        if ended:
            self._next()

    def _next(self) -> None:
        """Go on with the next request, or end."""
        self._answers = None
        self._answered()
        if not self._stays():
            self._linger()
            return
        self._request = None
        if self._full or self._reader.ready or self._ahead:
            asyncio.get_running_loop().call_soon(self._go_on)  # not from within this answer
        else:
            self._rest()

    def _rest(self) -> None:
        self._busy = False
        patience = self._desk.patience
        between = self._reader.stage is Stage.BETWEEN
        self.due = monotonic() + (patience.idle if between else patience.head)

    def _go_on(self) -> None:
        """Answer what was sent ahead, once the caller has taken most of what was answered."""
        if self.transport.is_closing() or not self._busy or self._request is not None:
            return
        if self._full:
            self.due = monotonic() + self._desk.patience.stalled
            return
        if self._reader.ready:
            self._answer()
            return
        self._rest()
        ahead, self._ahead = bytes(self._ahead), bytearray()
        self.transport.resume_reading()
        if ahead:
            self._read(ahead)
        elif self._desk.draining:
            self.drain()

    def _linger(self) -> None:
        """Close, but not before the caller had time to read: it may still be sending."""
        self.lingers = True
        self._ahead = bytearray()
        patience = self._desk.patience
        unsent = self.transport.get_write_buffer_size()
        self.due = monotonic() + (patience.stalled if unsent else patience.leaving)
        self._release()
        if self._reader.stage is Stage.BETWEEN or self.transport.is_closing():
            self.transport.close()
        elif self.transport.can_write_eof():
            self.transport.write_eof()

    def _admit(self) -> None:
        """Find a place for the connection: however much is sent ahead, one request is under way."""
        if not self._placed:
            self._desk.admit()
            self._placed = True

    def _answered(self) -> None:
        """Give back what the request that was answered held."""
        if self._reader.ready or self._reader.stage is Stage.BODY:
            size = min(self._held, len(self._request.body) if self._request is not None else 0)
            self._held -= size
            self._desk.let_go(size)
        else:
            self._release()

    def _release(self) -> None:
        """Give back everything."""
        if self._placed:
            self._placed = False
            self._desk.release()
        self._desk.let_go(self._held)
        self._held = 0

    def _hold(self, size: int) -> None:
        self._desk.hold(size)
        self._held += size


def _reset(transport: asyncio.Transport) -> None:
    """End a connection so that the other side sees that something went wrong."""
    of_the_loop = transport.get_extra_info("socket")
    with socket.socket(fileno=os.dup(of_the_loop.fileno())) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
