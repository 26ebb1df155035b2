"""A server that answers chat completions and fails on purpose, as often as its dials say.

Run it as a script and it prints its port; ``fault_server`` does so from a test. Which fault meets
a request is decided by the seed, the request's body and how often that body came before, so that
it does not hang on who comes first. ``GET /log`` tells what happened, one JSON object a line. The
other paths each do one thing no server should do: see ``STRANGE``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

PATH = "/v1/chat/completions"
PER_MINUTE = "Rate limit reached for requests per min"
OUT_OF_QUOTA = "You exceeded your current quota, please check your plan and billing details."


@dataclass(frozen=True, slots=True)
class Dials:
    """How often each fault happens (shares of the requests) and how it looks.

    ``sticky`` is ``MODEL=FAULT``: every request for that model fails so, with ``401``, ``429``,
    ``quota``, ``500``, ``reset``, ``truncated`` or ``drip``. ``drip_seconds`` is how long a drip
    takes for one answer, ``latency`` how long any answer takes; ``retry_after`` is told with a 429.
    ``log`` off saves memory in a long run.
    """

    seed: int = 0
    limited: float = 0.0
    retry_after: float = 0.05
    errors: float = 0.0
    resets: float = 0.0
    truncated: float = 0.0
    drips: float = 0.0
    drip_seconds: float = 0.2
    latency: float = 0.0
    sticky: str = ""
    log: bool = True

    @property
    def faults(self) -> tuple[tuple[str, float], ...]:
        """The faults and their shares."""
        return (
            ("429", self.limited), ("500", self.errors), ("reset", self.resets),
            ("truncated", self.truncated), ("drip", self.drips),
        )  # fmt: skip


# ---------------------------------------------------------------- the server


class FaultServer:
    """What all connections share: the dials, what came, and what was done about it."""

    def __init__(self, dials: Dials) -> None:
        self.dials = dials
        self.log: list[tuple[float, str, str, float | None, int]] = []
        self.connections = 0
        self._seen: Counter[str] = Counter()
        self._faulty = any(share for _, share in dials.faults)
        self._sticky_model, _, self._sticky_fault = dials.sticky.partition("=")

    def fault(self, body: bytes, model: str) -> tuple[str, str]:
        """Return the digest of a body and what happens to it this time."""
        if not (self.dials.log or self._faulty or self._sticky_model):
            return "", "ok"
        digest = hashlib.blake2b(body, digest_size=12).hexdigest()
        if self._sticky_model and model == self._sticky_model:
            return digest, self._sticky_fault
        if not self._faulty:
            return digest, "ok"
        nth = self._seen[digest]
        self._seen[digest] += 1
        chance = random.Random(f"{self.dials.seed}/{digest}/{nth}").random()
        for name, share in self.dials.faults:
            chance -= share
            if chance < 0:
                return digest, name
        return digest, "ok"

    def note(self, digest: str, done: str, told: float | None, connection: int) -> None:
        """Note a request and what was done about it."""
        if self.dials.log:
            self.log.append((time.monotonic(), digest, done, told, connection))

    def log_lines(self) -> bytes:
        """Return the log as lines of JSON."""
        names = ("time", "body", "did", "retry_after", "connection")
        return b"".join(
            json.dumps(dict(zip(names, line, strict=True))).encode() + b"\n" for line in self.log
        )


class Connection(asyncio.Protocol):
    """One connection: a parser for what clients send, and the answers."""

    def __init__(self, server: FaultServer) -> None:
        self._server = server
        self._buffer = b""
        self._busy = False
        self._drip: asyncio.Task[None] | None = None
        server.connections += 1
        self._number = server.connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop dripping: nobody is there."""
        del exc
        if self._drip is not None:
            self._drip.cancel()

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a request is whole."""
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        length, lower = 0, head.lower()
        at = lower.find(b"\r\ncontent-length:")
        if at >= 0:
            length = int(lower[at + 17 : (lower.find(b"\r\n", at + 2) + 1 or end + 1) - 1])
        if len(self._buffer) < end + 4 + length:
            return
        body = self._buffer[end + 4 : end + 4 + length]
        self._buffer = self._buffer[end + 4 + length :]
        self._busy = True
        self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        target = head.split(b" ", 2)[1].decode()
        if target.startswith("http"):  # as a proxy is asked
            target = "/" + target.split("/", 3)[3]
        target = target.partition("?")[0]
        if target == PATH:
            self._complete(body)
        elif target == "/log":
            self.send(200, self._server.log_lines())
        elif target == "/head":
            self.send(200, json.dumps(head.decode("latin-1").split("\r\n")).encode())
        else:
            self._server.note("", target, None, self._number)
            STRANGE[target](self)

    # ------------------------------------------------------------ chat completions

    def _complete(self, body: bytes) -> None:
        asked = json.loads(body)
        digest, fault = self._server.fault(body, asked["model"])
        dials = self._server.dials
        told = dials.retry_after if fault == "429" else None
        self._server.note(digest, fault, told, self._number)

        def answer() -> None:
            self._do(fault, asked)

        if dials.latency:
            asyncio.get_running_loop().call_later(dials.latency, answer)
        else:
            answer()

    def _do(self, fault: str, asked: dict[str, Any]) -> None:
        match fault:
            case "ok":
                self.send(200, completion(asked))
            case "429":
                header = f"retry-after: {self._server.dials.retry_after:g}\r\n"
                self.send(429, problem(PER_MINUTE, "rate_limit_exceeded"), header)
            case "quota":
                self.send(429, problem(OUT_OF_QUOTA, "insufficient_quota"))
            case "401":
                self.send(401, problem("Incorrect API key provided", "invalid_api_key"))
            case "500":
                self.send(500, problem("The server had an error", "server_error"))
            case "reset":
                self.reset()
            case "truncated":
                whole = completion(asked)
                self.send(200, whole[: len(whole) // 2])
            case "drip":
                self.drip(completion(asked), self._server.dials.drip_seconds)
            case _:
                raise ValueError(f"no such fault: {fault}")

    # ------------------------------------------------------------ ways to answer

    def send(self, status: int, body: bytes, headers: str = "") -> None:
        """Send a whole answer."""
        self.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        self.done()

    def write(self, data: bytes) -> None:
        """Send bytes, if anybody is there."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def done(self) -> None:
        """Turn to the next request."""
        self._busy = False
        if self._buffer:
            self._next()

    def reset(self) -> None:
        """End the connection the hard way."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def close(self) -> None:
        """End the connection in good order."""
        self._transport.close()

    def drip(self, body: bytes, seconds: float) -> None:
        """Send a body in ten pieces."""
        self.write(f"HTTP/1.1 200 X\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        size = len(body) // 10 + 1

        async def pieces() -> None:
            for start in range(0, len(body), size):
                await asyncio.sleep(seconds / 10)
                self.write(body[start : start + size])
            self.done()

        self._drip = asyncio.create_task(pieces())

    def endless(self, piece: bytes) -> None:
        """Send the same bytes until nobody listens, no faster than they are read."""

        async def pieces() -> None:
            while not self._transport.is_closing():
                self.write(piece)
                await asyncio.sleep(0.001 if self._transport.get_write_buffer_size() else 0)

        self._drip = asyncio.create_task(pieces())


def completion(asked: dict[str, Any]) -> bytes:
    """Return the answer to a chat: the last message, echoed."""
    text = str(asked["messages"][-1]["content"])
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": asked["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": f"echo: {text}"},
                }
            ],
            "usage": {"prompt_tokens": len(text) // 4 + 1, "completion_tokens": 8},
        }
    ).encode()


def problem(message: str, code: str) -> bytes:
    """Return an error as OpenAI writes it."""
    return json.dumps({"error": {"message": message, "type": code, "code": code}}).encode()


# ---------------------------------------------------------------- what no server should do

BOMB_BYTES = 100 * 2**20


def _bomb(connection: Connection) -> None:
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    parts = [packer.compress(bytes(2**20)) for _ in range(BOMB_BYTES >> 20)]
    body = b"".join([*parts, packer.flush()])
    connection.send(200, body, "content-encoding: gzip\r\n")


def _endless_body(connection: Connection) -> None:
    connection.write(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n")
    connection.endless(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


def _endless_headers(connection: Connection) -> None:
    connection.write(b"HTTP/1.1 200 X\r\n")
    connection.endless(b"".join(b"x-%d: %s\r\n" % (n, b"y" * 500) for n in range(100)))


def _endless_line(connection: Connection) -> None:
    connection.write(b"HTTP/1.1 200 X\r\nx-long: ")
    connection.endless(b"y" * 4096)


def _cut(connection: Connection) -> None:
    connection.write(b'HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n{"a": ')
    connection.close()


def _goodbye(connection: Connection) -> None:
    connection.send(200, b"{}")
    connection.close()


def _encoded(encoding: str, body: bytes) -> Callable[[Connection], None]:
    return lambda connection: connection.send(200, body, f"content-encoding: {encoding}\r\n")


_JSON = b'{"packed": true}'
_BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
STRANGE: dict[str, Callable[[Connection], None]] = {
    "/hang": lambda _: None,
    "/endless": _endless_body,
    "/header-flood": _endless_headers,
    "/header-line": _endless_line,
    "/claims-much": lambda c: c.write(b"HTTP/1.1 200 X\r\ncontent-length: 9999999999999\r\n\r\n{"),
    "/cut": _cut,
    "/goodbye": _goodbye,
    "/reset": Connection.reset,
    "/close": Connection.close,
    "/garbage": lambda c: c.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "/redirect": lambda c: c.send(302, b"", "location: /head\r\n"),
    "/twice": lambda c: c.send(200, b"{}", "X-Two: a\r\nx-two: b\r\n"),
    "/empty": lambda c: c.send(200, b""),
    "/gzip": _encoded("gzip", zlib.compress(_JSON, wbits=31)),
    "/gzip-cut": _encoded("gzip", zlib.compress(_JSON, wbits=31)[:-9]),
    "/gzip-broken": _encoded("gzip", b"no gzip at all"),
    "/gzip-crumbs": _encoded("gzip", zlib.compress(b"x", wbits=31) * 2000),
    "/deflate": _encoded("deflate", zlib.compress(_JSON)),
    "/deflate-bare": _encoded("deflate", _BARE.compress(_JSON) + _BARE.flush()),
    "/brotli": _encoded("br", b"who knows"),
    "/bomb": _bomb,
}


# ---------------------------------------------------------------- running it


async def serve(dials: Dials) -> None:
    """Serve until the standard input ends: the server never outlives whoever started it."""
    loop = asyncio.get_running_loop()
    shared = FaultServer(dials)
    listener = await loop.create_server(lambda: Connection(shared), "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"{listener.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    listener.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A server in a process of its own."""

    port: int
    path: ClassVar[str] = PATH

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> list[dict[str, Any]]:
        """Return what it was asked and what it did, in order."""
        with urllib.request.urlopen(f"{self.url}/log", timeout=30) as answer:  # noqa: S310 - our own server
            return [json.loads(line) for line in answer.read().splitlines()]


@contextlib.contextmanager
def fault_server(dials: Dials | None = None) -> Iterator[Running]:
    """Run a server for as long as the block lasts."""
    arguments = [
        f"--{name.replace('_', '-')}={value}" for name, value in asdict(dials or Dials()).items()
    ]
    with subprocess.Popen(
        [sys.executable, str(Path(__file__)), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Running(int(process.stdout.readline()))
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


_READERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: text == "True",
}


def _dials(arguments: list[str]) -> Dials:
    parser = argparse.ArgumentParser(description=__doc__)
    for field in fields(Dials):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=_READERS.get(str(field.type), str),
            default=field.default,
        )
    return Dials(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    asyncio.run(serve(_dials(sys.argv[1:])))
