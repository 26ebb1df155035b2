"""The bytes of an upstream become answers: heads, pieces of bodies, ends; and nothing else is believed."""

from __future__ import annotations

import httptools

from evalkit.core.mirror import Head
from evalkit.wire.messages import IDLE_SECONDS, LONGEST_HEAD
from evalkit.wire.mirror.heads import Reply, end_to_end


class BrokenReplyError(Exception):
    """What came is no answer; nothing that follows on this connection can be believed."""


class ReplyReader:
    """Reads the answers of one connection, one after the other.

    ``interims`` are heads that came before the answer's own, ``ended`` says that it is whole, ``keeps``
    for how many seconds the server keeps the connection, ``None`` if it does not.
    """

    __slots__ = (
        "_bodiless", "_chunked", "_headers", "_junk", "_length", "_new", "_parser", "_pieces", "_quiet",
        "_reason", "_reply", "anything_came", "ended", "interims", "keeps",
    )  # fmt: skip

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.begin(bodiless=False)

    def begin(self, *, bodiless: bool) -> None:
        """Expect an answer; ``bodiless`` where the request was one for the head alone."""
        self._bodiless = bodiless
        self._headers: list[tuple[bytes, bytes]] = []
        self._reason = b""
        self._reply: Reply | None = None
        self._new: Reply | None = None
        self._pieces: list[bytes] = []
        self._chunked = self._junk = False
        self._quiet = 0
        self.anything_came = self.ended = False
        self.interims: list[Reply] = []
        self.keeps: float | None = None

    @property
    def place(self) -> str:
        """How far the answer has come, for a message."""
        if self._reply is not None:
            return "in the middle of the answer"
        return "in the head of the answer" if self.anything_came else "before an answer"

    @property
    def anything(self) -> bool:
        """Whether there is something to take."""
        return self._new is not None or bool(self._pieces) or self.ended

    def feed(self, data: bytes) -> None:
        """Read what came.

        Raises:
            BrokenReplyError: it is no answer.
        """
        self.anything_came = True
        self._quiet += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.ended:
                raise BrokenReplyError(f"no answer that can be read: {_said(error)}") from None
            self._junk = True
        if self.ended:
            self.keeps = None if self._junk else self.keeps
            if self._bodiless:
                self._parser = httptools.HttpResponseParser(self)  # the old one waits for a body
        elif self._quiet > LONGEST_HEAD:
            raise BrokenReplyError(f"more than {LONGEST_HEAD:,} bytes without any of a body")

    def taken(self) -> tuple[Reply | None, bytes, bool]:
        """Return what came since the last time: the head if it is new, the body's bytes, whether it ended."""
        reply, self._new = self._new, None
        pieces, self._pieces = self._pieces, []
        self.interims = []
        return reply, pieces[0] if len(pieces) == 1 else b"".join(pieces), self.ended

    def closed(self) -> bool:
        """Learn that no more comes, and return whether that ends the answer."""
        reply = self._reply
        if reply is not None and not self._chunked and reply.length is None:
            self.ended = True
        return self.ended

    # ------------------------------------------------------------ what the parser says

    def on_message_begin(self) -> None:
        """Note bytes after the end: an answer that nobody asked for."""
        if self.ended:
            self._junk = True

    def on_status(self, status: bytes) -> None:
        """Take the reason; it may come in parts."""
        if not self.ended:
            self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those behind a body are dropped."""
        if self._reply is None and not self.ended:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Make the head of them."""
        if self.ended:
            return
        status = self._parser.get_status_code()
        if status == 101 or not 100 <= status <= 999:
            raise BrokenReplyError(f"expected an answer, found the status {status}")
        reply = self._read_head(status)
        if status < 200:
            if status != 100:  # the body was sent without being asked for
                self.interims.append(reply)
            return
        self._reply = self._new = reply
        if self._bodiless:
            self._end()

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self.ended:
            self._junk = True
        else:
            self._quiet = 0
            self._pieces.append(data)

    def on_message_complete(self) -> None:
        """End, if it was not an interim answer."""
        if self._reply is None:
            self._headers, self._reason = [], b""
        elif not self.ended:
            self._end()

    # ------------------------------------------------------------ inside

    def _end(self) -> None:
        self.ended = True
        if self._parser.should_keep_alive() or (self._bodiless and self._stays()):
            self.keeps = _kept(self._headers)

    def _stays(self) -> bool:
        """Return whether the server keeps a connection whose answer the parser holds for unfinished."""
        return self._parser.get_http_version() == "1.1" and not any(
            name.lower() == b"connection" and b"close" in value.lower()
            for name, value in self._headers
        )

    def _read_head(self, status: int) -> Reply:
        spelled: dict[tuple[str, str], str] = {}
        headers: list[tuple[str, str]] = []
        length: int | None = None
        for raw, value in self._headers:
            told = raw.decode("latin-1")
            name = told.lower()
            item = name, value.decode("latin-1")
            spelled[item] = told
            headers.append(item)
            if name == "content-length":
                length = int(value) if value.isdigit() else None
            elif name == "transfer-encoding" and status >= 200:
                if value.strip().lower() != b"chunked":
                    raise BrokenReplyError(
                        f"a transfer coding that nobody asked for: {value[:40]!r}"
                    )
                self._chunked = True
        written = self._reason + b"".join([value for _, value in self._headers])
        if b"\0" in written or b"\n" in written or b"\r" in written:
            raise BrokenReplyError("expected a head of text, found control characters in it")
        return Reply(Head(status, end_to_end(headers)), self._reason, spelled, length)


def _kept(headers: list[tuple[bytes, bytes]]) -> float:
    """Return for how many seconds a connection may lie idle: less than the server says it may."""
    for name, value in headers:
        if name.lower() == b"keep-alive":
            for word in value.split(b","):
                key, _, number = word.strip().partition(b"=")
                if key.strip().lower() == b"timeout" and number.isdigit():
                    return max(0.0, min(int(number[:6]) - 1.0, IDLE_SECONDS))
    return IDLE_SECONDS


def _said(error: BaseException) -> str:
    inner = error.__context__
    said = inner if isinstance(inner, BrokenReplyError) else error
    return str(said)[:200] or type(said).__name__
