"""A server on 127.0.0.1 that says what a script tells it to, and ends with the block that opened it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

PATIENCE = 20.0
"""Seconds after which a reply that hangs lets go: whoever waits without a limit must come back."""
_LONGEST_HEAD = 2**20


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it arrived; the names of headers are in lower case, ``moment`` is monotonic."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    moment: float

    @property
    def text(self) -> str:
        """The target and the body as text."""
        return f"{self.target}\n{self.body.decode('utf-8', 'replace')}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``says`` is how many bytes of the body are sent before it hangs, if it does.

    A reply that ``hangs`` and says nothing sends no head either.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    says: int = 0

    @property
    def head(self) -> bytes:
        """The bytes before the body."""
        given = {
            "content-type": "application/json",
            **self.headers,
            "content-length": str(len(self.body)),
        }
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {text}" for name, text in given.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


Script: TypeAlias = "Sequence[Reply] | Callable[[Heard], Reply]"
"""Replies in order, of which the last is given for ever, or what a request is answered with."""


class ScriptedServer:
    """What was heard, and how many connections are open; read from another thread than it runs in."""

    def __init__(self, script: Script) -> None:
        self.heard: list[Heard] = []
        self.open = 0
        self.port = 0
        self._script = script
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Serve until ``stop``."""
        asyncio.run(self._serve())

    def stop(self) -> None:
        """End it; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)

    def wait_until_ready(self) -> None:
        """Wait until it listens.

        Raises:
            RuntimeError: it never did.
        """
        if not self._ready.wait(PATIENCE):
            raise RuntimeError("the scripted server does not start")

    # ------------------------------------------------------------ in its own thread

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        listener = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, limit=_LONGEST_HEAD, backlog=256
        )
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        listener.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await listener.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.open += 1
        try:
            while (heard := await _request(reader)) is not None:
                self.heard.append(heard)
                if not await _answer(self._reply(heard), reader, writer):
                    break
        except (asyncio.CancelledError, OSError):
            pass  # the end of the server, or of whoever asked it
        finally:
            self.open -= 1
            self._connections.discard(task)
            writer.transport.abort()

    def _reply(self, heard: Heard) -> Reply:
        if callable(self._script):
            return self._script(heard)
        return self._script[min(len(self.heard), len(self._script)) - 1]


@contextmanager
def scripted(script: Script) -> Iterator[ScriptedServer]:
    """Serve by a script for as long as the block lasts, in a thread of its own.

    It has a thread, so that a provider that holds up the event loop meets answers all the same.
    """
    server = ScriptedServer(script)
    thread = threading.Thread(target=server.run, name="scripted server", daemon=True)
    thread.start()
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()
        thread.join(PATIENCE)


# ---------------------------------------------------------------- one exchange


async def _request(reader: asyncio.StreamReader) -> Heard | None:
    """Return the next request of a connection, nothing at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = await _body(reader, headers)
    except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    return Heard(method, target, headers, body, time.monotonic())


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", 0)))
    parts = []
    while size := int((await reader.readline()).partition(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)


async def _answer(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send a reply, and return whether the connection is still good for another."""
    if not reply.hangs:
        writer.write(reply.head + reply.body)
        await writer.drain()
        return True
    if reply.says:
        writer.write(reply.head + reply.body[: reply.says])
        await writer.drain()
    try:
        async with asyncio.timeout(PATIENCE):
            await reader.read(1)  # nothing more comes but the end, as soon as nobody waits
    except TimeoutError:
        pass
    return False


__all__ = ["PATIENCE", "Heard", "Reply", "Script", "ScriptedServer", "scripted"]
