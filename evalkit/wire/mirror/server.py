"""The server: where it listens, what it refuses, how it ends."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import gc
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import monotonic
from uuid import uuid4

from evalkit.core.errors import UsageError
from evalkit.core.mirror import (
    CopyLimits,
    Counted,
    Heard,
    Incoming,
    Limits,
    Refused,
    Routed,
    Traffic,
)  # fmt: skip
from evalkit.core.model import Arm, Json
from evalkit.wire.listening import host_and_port
from evalkit.wire.loops import fast_loop
from evalkit.wire.mirror.caller import Caller, Patience
from evalkit.wire.mirror.copies import Copies
from evalkit.wire.mirror.counters import Counters
from evalkit.wire.mirror.events import Events, Log
from evalkit.wire.mirror.exchange import Exchange, Work
from evalkit.wire.mirror.heads import end_to_end
from evalkit.wire.mirror.requests import BadRequestError, Request
from evalkit.wire.mirror.upstream import Upstreams

DRAIN = 30.0
"""Seconds that callers have to get their answers once the end was asked for, and then the copies."""
_BACKLOG = 2_048
_SWEEP = 0.25
_SPARE = 100
"""So many connections more than requests are kept open, or twice as many as requests."""
_BODIES = 32
"""Bodies of the greatest length that are kept at a time, all requests together."""
_COUNTING = 5.0
_SWITCH = 0.0005
"""Seconds that another thread, which writes the log, may keep the event loop waiting; Python's own are 5 ms."""
_ABORTING = 1.0
_NOT_PASSED_ON = frozenset({"content-length", "expect"})


def quiet(event: str, fields: Mapping[str, Json]) -> None:
    """Take down nothing."""
    del event, fields


class Server:
    """A mirror: it runs once, on one event loop.

    Args:
        traffic: where requests go, and what is done with what is heard.
        urls: the upstreams; nobody else is ever asked.
        limits: what a caller may send.
        copies: what copies may take.
        environment: proxies and certificates.
        log: takes down events.
        drain: the seconds until the end, once it was asked for.
        patience: for how long callers are waited for.

    Raises:
        UsageError: an upstream cannot be one.
    """

    def __init__(
        self, traffic: Traffic, urls: Iterable[str], *,
        limits: Limits | None = None, copies: CopyLimits | None = None,
        environment: Mapping[str, str] | None = None, log: Log = quiet,
        drain: float = DRAIN, patience: Patience | None = None,
    ) -> None:  # fmt: skip
        self.limits = limits or Limits()
        self.patience = patience or Patience()
        self.draining = False
        self._drain = drain
        self._via = f"evalkit-{uuid4().hex[:8]}"
        self._counters = Counters()
        self._upstreams = Upstreams(urls, environment or {}, via=self._via)
        self._copies = Copies(
            self._upstreams, copies or CopyLimits(), self.limits.heard,
            counters=self._counters, noted=self._noted,
        )  # fmt: skip
        self._work = Work(
            traffic, self._upstreams, self._copies, self._counters, self.limits, Events(log)
        )
        self._callers: set[Caller] = set()
        self._active = self._held = 0
        self._asked = 0
        self._wish: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # ------------------------------------------------------------ from outside

    async def run(self, listen: str, *, opened: Callable[[str], None]) -> None:
        """Serve until the end is asked for, and all that was begun has ended or had its time.

        Args:
            listen: ``HOST:PORT`` or ``PORT``; port 0 is any free one.
            opened: is told the address, once requests are taken.

        Raises:
            UsageError: nobody can listen there.
        """
        loop = self._loop = asyncio.get_running_loop()
        self._wish = asyncio.Event()
        if self._asked:
            self._wish.set()
        host, port = host_and_port(listen)
        try:
            server = await loop.create_server(lambda: Caller(self), host, port, backlog=_BACKLOG)
        except OSError as error:
            raise UsageError(f"listen: {listen}: {error.strerror or error}") from None
        sweeper = loop.create_task(self._sweep())
        try:
            shown = f"[{host}]" if ":" in host else host
            opened(f"http://{shown}:{server.sockets[0].getsockname()[1]}")
            await self._wish.wait()
            self.draining = True
            server.close()
            await self._drained()
        finally:
            server.close()
            sweeper.cancel()
            await self._stop()

    def end(self) -> None:
        """Ask for the end, from any thread or signal handler; who asks twice does not wait for it."""
        self._asked += 1
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended
                self._loop.call_soon_threadsafe(self._wished)

    def counted(self) -> Counted:
        """Return what was done so far, from any thread, as it was at one moment.

        Raises:
            TimeoutError: the event loop does not answer.
        """
        loop = self._loop
        if loop is None or loop.is_closed() or not loop.is_running():
            return self._counted()
        found: concurrent.futures.Future[Counted] = concurrent.futures.Future()
        loop.call_soon_threadsafe(lambda: found.set_result(self._counted()))
        return found.result(_COUNTING)

    # ------------------------------------------------------------ what connections ask

    def arrive(self, caller: Caller) -> Refused | None:
        """Take down a connection; see ``caller.Desk``."""
        self._callers.add(caller)
        if len(self._callers) > 2 * self.limits.at_once + _SPARE:
            return Refused(503, "too_many", "too many connections are open")
        return None

    def depart(self, caller: Caller) -> None:
        """Take down the end of a connection."""
        self._callers.discard(caller)

    def admit(self) -> None:
        """Find a place for a request.

        Raises:
            BadRequestError: there is none.
        """
        if self._active >= self.limits.at_once:
            raise BadRequestError(503, "too_many", "too many requests are under way")
        self._active += 1

    def release(self) -> None:
        """Give a place back."""
        self._active -= 1

    def hold(self, size: int) -> None:
        """Keep so many bytes of a body.

        Raises:
            BadRequestError: all bodies together would be too much.
        """
        if self._held + size > _BODIES * self.limits.body:
            raise BadRequestError(503, "too_many", "the requests under way are too large")
        self._held += size

    def let_go(self, size: int) -> None:
        """Keep them no longer."""
        self._held -= size

    def refuse(self, refused: Refused) -> None:
        """Count what was refused."""
        self._counters.refused[refused.code] += 1

    def begin(self, caller: Caller, request: Request) -> Exchange | None:
        """Route a request and ask for its answer."""
        self._counters.bytes_in += len(request.body)
        if any(name == "via" and self._via in value for name, value in request.headers):
            caller.refuse(Refused(508, "loop", "the upstream is this mirror itself"), closes=False)
            return None
        headers = [item for item in end_to_end(request.headers) if item[0] not in _NOT_PASSED_ON]
        incoming = Incoming(
            id=uuid4().hex,
            method=request.method,
            target=request.target,
            headers=tuple(headers),
            body=request.body,
            client=caller.address,
            when=time.time(),
        )
        work = self._work
        try:
            routed = work.traffic.routed(incoming)
            if not isinstance(routed, Refused):
                exchange = Exchange(work, caller, routed)
                exchange.begin()
                return exchange
        except Exception as error:  # noqa: BLE001 - one request fails, not the mirror
            work.fault("routed", error)
            routed = Refused(500, "mirror_failed", "the request could not be routed")
        caller.refuse(routed, closes=False)
        return None

    # ------------------------------------------------------------ inside

    def _noted(self, routed: Routed, arm: Arm, heard: Heard) -> None:
        self._work.noted(routed, arm, heard)

    def _wished(self) -> None:
        assert self._wish is not None
        self._wish.set()

    def _counted(self) -> Counted:
        counters = self._counters
        return Counted(
            answered=dict(counters.answered),
            troubled=dict(counters.troubled),
            refused=dict(counters.refused),
            copies=self._copies.counted(),
            latencies=counters.latencies(),
            bytes_in=counters.bytes_in,
            bytes_out=counters.bytes_out,
            active=self._active,
            connections=len(self._callers),
            draining=self.draining,
        )

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            now = monotonic()
            self._upstreams.watch(now)
            self._copies.watch(now)
            for caller in [caller for caller in self._callers if caller.due <= now]:
                caller.watch(now)

    async def _drained(self) -> None:
        """Wait for callers first, then for copies; all of it has its time."""
        for caller in list(self._callers):
            caller.drain()
        until = monotonic() + self._drain
        while self._goes_on(until):  # noqa: ASYNC110 - three things end it, each in its own way
            await asyncio.sleep(0.02)

    def _goes_on(self, until: float) -> bool:
        """Return whether something is under way, and still has time."""
        hurried = self._asked > 1 or monotonic() >= until
        return not hurried and bool(self._callers or self._copies.busy)

    async def _stop(self) -> None:
        """End whatever is left."""
        self._copies.end()
        for caller in list(self._callers):
            caller.transport.abort()
        # Connections end in the loop's next rounds; callers first, so that none hears of the upstreams' end.
        await _until(lambda: not self._callers)
        self._upstreams.close()
        await _until(lambda: not self._upstreams.open)


async def _until(ended: Callable[[], bool]) -> None:
    """Let the loop go round until something has ended, and once more."""
    until = monotonic() + _ABORTING
    while not ended() and monotonic() < until:  # noqa: ASYNC110 - nobody tells of these ends
        await asyncio.sleep(0)
    await asyncio.sleep(0)


def serve(server: Server, listen: str, *, opened: Callable[[str], None]) -> int | None:
    """Run a server on an event loop of its own until SIGTERM or SIGINT.

    Returns:
        The second signal, which ends at once; ``None`` if it ended by itself.

    Raises:
        UsageError: nobody can listen there.
    """
    _more_files()
    sys.setswitchinterval(_SWITCH)
    gc.collect()
    gc.freeze()  # what is loaded by now stays, and is not looked through again and again
    with _signals(server) as heard, asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(server.run(listen, opened=opened))
    return heard[1] if len(heard) > 1 else None


@contextlib.contextmanager
def _signals(server: Server) -> Iterator[list[int]]:
    heard: list[int] = []

    def hear(number: int, frame: object) -> None:
        del frame
        heard.append(number)
        server.end()

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _more_files() -> None:
    """Take as many open files as this process may have: each connection is one."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
