"""A wire format for the fault server, clocks that tests turn, and transports that tests write."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from evalkit.core.model import Arm, Case, Sample, Snapshot
from evalkit.core.ports import Request
from evalkit.wire.clock import Clock
from evalkit.wire.exchange import HttpRequest, HttpResponse, WireError
from evalkit.wire.http_provider import Failure, failure_of

T = TypeVar("T")
KEY = "sk-very/secret"


def run(work: Coroutine[Any, Any, T], *, seconds: float = 60.0) -> T:
    """Return what a coroutine returns, in a loop of its own; it never hangs."""

    async def bounded() -> T:
        async with asyncio.timeout(seconds):
            return await work

    return asyncio.run(bounded())


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has happened, looking again and again."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")


@dataclass(frozen=True, slots=True)
class Chat:
    """A wire format as simple as they come."""

    url: str
    model: str = "m"

    def request(self, request: Request) -> HttpRequest:
        """Return the request of a chat."""
        asked = {"model": self.model, "messages": [{"role": "user", "content": request.case.input}]}
        headers = {"content-type": "application/json"}
        return HttpRequest("POST", self.url, headers, json.dumps(asked).encode())

    def secret_headers(self) -> dict[str, str]:
        """Return the key."""
        return {"authorization": f"Bearer {KEY}"}

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return the first choice."""
        if response.status != 200:
            return failure_of(response)
        said: Any = response.json()
        usage = said.get("usage", {})
        return Sample(
            request.case.id,
            request.arm,
            request.index,
            output=said["choices"][0]["message"]["content"],
            model=said.get("model"),
            input_tokens=usage.get("prompt_tokens"),
            output_tokens=usage.get("completion_tokens"),
        )


def question(number: int = 0, *, index: int = 0) -> Request:
    """Return the request of a case."""
    return Request(Arm.BASELINE, Case(f"c{number}", f"Question {number}?"), index)


def snapshot(**fields: Any) -> Snapshot:
    """Return a snapshot of the model ``m``."""
    return Snapshot("chat", None, **{"model": "m", "concurrency": 32, "timeout": 10.0, **fields})


def answered(
    status: int = 200, body: object = None, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a response; without a body, the answer to a chat."""
    if body is None:
        body = {"model": "m", "choices": [{"message": {"content": "yes"}}]}
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, headers or {}, text, total_ms=12.5, first_byte_ms=10.0)


@dataclass(slots=True)
class Time:
    """A clock that stands still until everybody sleeps, and then goes to whoever wakes first."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    _sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def clock(self) -> Clock:
        """The clock to be put in."""
        return Clock(monotonic=lambda: self.now, wall=lambda: 1e9 + self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        """Sleep until the clock was turned far enough."""
        self.slept.append(seconds)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._numbers), woken))
        await woken

    async def run(self, *work: Coroutine[Any, Any, T]) -> list[T]:
        """Run to the end, turning the clock whenever nothing else can happen."""
        everything = asyncio.gather(*work)
        while not everything.done():
            for _ in range(20):
                await asyncio.sleep(0)
            if self._sleepers and not everything.done():
                moment, _, woken = heapq.heappop(self._sleepers)
                self.now = max(self.now, moment)
                if not woken.done():
                    woken.set_result(None)
        return everything.result()


@dataclass(slots=True)
class Script:
    """A transport that answers what its script says, one entry a request, the last one for ever."""

    entries: list[HttpResponse | WireError | Callable[[HttpRequest], HttpResponse]]
    time: Time = field(default_factory=Time)
    seconds: float = 0.0
    sent: list[HttpRequest] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    most_under_way: int = 0
    closed: bool = False
    _under_way: int = 0

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the port's own word
        """Return the next entry of the script."""
        assert timeout > 0
        self.sent.append(request)
        self.moments.append(self.time.now)
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        try:
            if self.seconds:
                await self.time.sleep(self.seconds)
            entry = self.entries.pop(0) if len(self.entries) > 1 else self.entries[0]
            if isinstance(entry, WireError):
                raise entry
            return entry if isinstance(entry, HttpResponse) else entry(request)
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True
