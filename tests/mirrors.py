"""A mirror with all that belongs to it, as processes on 127.0.0.1, and callers who note who answered them."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.worlds import EVALKIT

PATIENCE = 60.0
BASELINE, CANDIDATE = "baseline", "candidate"
UPSTREAM = REPOSITORY / "traffic" / "desk" / "endpoint.py"

ENVELOPE = """\
version: 1
name: desk
golden_set: cases.jsonl
baseline: {{provider: replay, path: outputs.jsonl}}
candidate: {{provider: replay, path: outputs.jsonl}}
bounds:
  - {{metric: error_rate, ratio: {{max: 1.2}}}}
canary:
  stages: [{stages}]
  look: 1s
  min_duration: 1s
  stale_after: 60s
  detect: 5
  confidence: 0.98
"""


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Process:
    """A process that can be killed, and begun again as it was."""

    command: list[str]
    folder: Path
    ready: str
    name: str
    running: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        """Everything it said on standard output and standard error, in this life."""
        return (self.folder / f"{self.name}.said").read_text()

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        with (self.folder / f"{self.name}.said").open("wb") as said:
            self.running = subprocess.Popen(
                self.command, cwd=self.folder, stdout=said, stderr=said,
                env={**os.environ, "NO_COLOR": "1"},
            )  # fmt: skip
        until(lambda: self.ready in self.said or self.running.poll() is not None)  # type: ignore[union-attr]
        assert self.ready in self.said, self.said

    def kill(self) -> None:
        """Kill it without a word."""
        assert self.running is not None
        self.running.kill()
        self.running.wait(PATIENCE)

    def end(self) -> int:
        """Ask it to end, and return how it did."""
        assert self.running is not None
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(PATIENCE)


def until(done: Callable[[], object], pause: float = 0.01) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "it never was"
        time.sleep(pause)


@dataclass
class World:
    """Two upstreams, a mirror before them, and a canary that watches what the mirror writes."""

    folder: Path
    port: int
    upstreams: dict[str, Process]
    mirror: Process
    canary: Process

    @property
    def processes(self) -> dict[str, Process]:
        """Everything that may be killed."""
        return {**self.upstreams, "mirror": self.mirror, "canary": self.canary}

    @property
    def state(self) -> dict[str, object]:
        """What the canary tells others; without a file, nothing."""
        try:
            found: dict[str, object] = json.loads((self.folder / "canary.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    @property
    def share(self) -> float:
        """The share that the canary gives the candidate."""
        share = self.state.get("share", 0.0)
        assert isinstance(share, (int, float))
        return float(share)

    def log(self) -> list[dict[str, object]]:
        """The records of everything that the mirror wrote and did not put aside."""
        text = (self.folder / "traffic.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def configured(self, *, canary: bool, more: str = "") -> None:
        """Write the mirror's file."""
        ports = {arm: process.command[3] for arm, process in self.upstreams.items()}
        lines = [
            "version: 1",
            f"listen: 127.0.0.1:{self.port}",
            f"live: {{url: 'http://127.0.0.1:{ports[BASELINE]}'}}",
            f"candidate: {{url: 'http://127.0.0.1:{ports[CANDIDATE]}'}}",
            "user: header:x-user-id",
            "log: {path: traffic.jsonl}",
            *(["canary: {state: canary.json}"] if canary else []),
            more,
        ]
        (self.folder / "mirror.yaml").write_text("\n".join(lines) + "\n")

    def fails(self, arm: str, share: float) -> None:
        """Let an upstream fail so often, now and in its next lives."""
        process = self.upstreams[arm]
        process.command[4] = str(share)
        body = str(share).encode()
        with socket.create_connection(("127.0.0.1", int(process.command[3])), PATIENCE) as there:
            there.sendall(
                b"POST /fails HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
            )
            assert there.recv(65_536).startswith(b"HTTP/1.1 204")


@contextmanager
def world(folder: Path, stages: str = "1%, 5%, 20%") -> Iterator[World]:
    """Prepare a world whose upstreams run; the rest is started by the test, and ends with the block."""
    case = {"id": "c1", "input": "hello"}
    (folder / "cases.jsonl").write_text(json.dumps(case) + "\n")
    (folder / "outputs.jsonl").write_text(json.dumps({"id": "c1", "output": "hello"}) + "\n")
    (folder / "envelope.yaml").write_text(ENVELOPE.format(stages=stages))
    upstreams = {
        arm: Process(
            [sys.executable, str(UPSTREAM), arm, str(free_port()), str(failures)],
            folder, "listens at", arm,
        )
        for arm, failures in ((BASELINE, 0.2), (CANDIDATE, 0.1))
    }  # fmt: skip
    mirror = Process([str(EVALKIT), "mirror", "mirror.yaml"], folder, 'event":"started"', "mirror")
    watched = [
        "envelope.yaml",
        "traffic.jsonl",
        "--state",
        "canary.json",
        "--watch",
        "--every",
        "1s",
    ]
    canary = Process(
        [str(EVALKIT), "canary", *watched, "--listen", "127.0.0.1:0"],
        folder,
        "answers at",
        "canary",
    )
    made = World(folder, free_port(), upstreams, mirror, canary)
    try:
        for process in upstreams.values():
            process.start()
        yield made
    finally:
        for process in made.processes.values():
            if process.running is not None:
                process.kill()


# ---------------------------------------------------------------- callers


@dataclass(frozen=True)
class Answered:
    """One answer: whom it was given, by which arm, and between which moments."""

    user: str
    arm: str
    status: int
    sent: float
    came: float


@dataclass
class Callers:
    """Many users who ask through a few connections, as fast as ``per_second`` or as they are answered."""

    port: int
    seed: int = 0
    users: int = 20_000
    per_second: float = 800.0
    connections: int = 12
    patience: float = PATIENCE
    answered: list[Answered] = field(default_factory=list)
    unanswered: int = 0

    async def ask(self, enough: Callable[[], bool]) -> None:
        """Ask until it is enough."""
        chance = random.Random(self.seed + len(self.answered))
        begin, asked = time.monotonic(), 0

        async def one_by_one() -> None:
            nonlocal asked
            connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
            while not enough():
                asked += 1
                number = asked
                ahead = begin + number / self.per_second - time.monotonic()
                await asyncio.sleep(max(0.0, ahead))
                try:
                    if connection is None:
                        connection = await asyncio.open_connection("127.0.0.1", self.port)
                    user = f"user-{chance.randrange(self.users)}"
                    await self._asked(*connection, user, number)
                except (OSError, EOFError):
                    self.unanswered += 1
                    await left(connection)
                    connection = None
                    await asyncio.sleep(0.05)
            await left(connection)

        async with asyncio.timeout(self.patience), asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(one_by_one())

    async def _asked(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, user: str, number: int
    ) -> None:
        said = {
            "model": "desk",
            "messages": [{"role": "user", "content": f"Where is order {number}?"}],
        }
        body = json.dumps(said).encode()
        sent = time.monotonic()
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: desk\r\ncontent-type: application/json\r\n"
            b"x-user-id: %b\r\ncontent-length: %d\r\n\r\n%b" % (user.encode(), len(body), body)
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:-2])
        await reader.readexactly(int(headers["content-length"]))
        status = int(head[0].split(" ")[1])
        arm = headers.get("x-answered-by", "")  # what the mirror says itself names none
        self.answered.append(Answered(user, arm, status, sent, time.monotonic()))


async def left(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None) -> None:
    """Close a connection, if there is one."""
    if connection is not None:
        connection[1].close()
        with suppress(OSError):
            await connection[1].wait_closed()


def position(run: str, user: str) -> float:
    """Return where a user stands in a run, from 0 to 1, as docs/mirror.md says how it is computed."""
    key = blake2b(f"run {run}".encode(), digest_size=32).digest()
    return int.from_bytes(blake2b(user.encode(), digest_size=8, key=key).digest()) / 2**64
