"""A stranger's function is called so that whatever it does ends no more than its own sample."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TextIO, TypeAlias, cast

from evalkit.core.errors import ProviderError

MOST_LOST = 256
"""So many calls that never came back are no accident, and each of them holds a thread."""
_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: what was returned, or the sentence about what was raised."""

    value: object = None
    raised: str = ""
    where: str = ""
    latency_ms: float = 0.0


def told(error: BaseException) -> str:
    """Return what was raised in one line: its type and its text."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a stranger's __str__
        text = ""
    return f"{type(error).__name__}: {text}"[:_SHOWN] if text else type(error).__name__


def raised_by(error: BaseException, started: float) -> Outcome:
    """Return the outcome of a call that raised, with the line that did."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f" ({Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno})" if last else ""
    return Outcome(raised=told(error), where=where, latency_ms=since(started))


def since(started: float) -> float:
    """Return the milliseconds since a moment of ``time.perf_counter``."""
    return (time.perf_counter() - started) * 1000


_Job: TypeAlias = "Callable[[], Outcome]"
_Inbox: TypeAlias = "SimpleQueue[tuple[_Job, Future[Outcome]] | None]"


class Threads:
    """Threads that make one call at a time.

    They end with the process, whatever they do: a call that hangs must not keep it from ending.
    """

    def __init__(self) -> None:
        self._idle: list[tuple[threading.Thread, _Inbox]] = []
        self._lost: list[threading.Thread] = []

    async def run(self, job: _Job, seconds: float) -> Outcome:
        """Return what a job returns; one that takes longer is left to itself.

        Raises:
            TimeoutError: it takes longer.
            ProviderError: too many jobs have been left to themselves.
        """
        thread, inbox = self._idle.pop() if self._idle else self._started()
        future: Future[Outcome] = Future()
        inbox.put((job, future))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(future)
        finally:
            if future.done() and not future.cancelled():
                self._idle.append((thread, inbox))
            else:
                inbox.put(None)
                self._lost.append(thread)

    def close(self) -> None:
        """End every thread that has nothing to do."""
        for _, inbox in self._idle:
            inbox.put(None)
        for thread, _ in self._idle:
            thread.join()
        self._idle.clear()

    def _started(self) -> tuple[threading.Thread, _Inbox]:
        self._lost = [thread for thread in self._lost if thread.is_alive()]
        if len(self._lost) >= MOST_LOST:
            raise ProviderError(f"{MOST_LOST} calls of the function never came back")
        inbox: _Inbox = SimpleQueue()
        thread = threading.Thread(target=_work, args=(inbox,), name="evalkit-python", daemon=True)
        thread.start()
        return thread, inbox


def _work(inbox: _Inbox) -> None:
    while (item := inbox.get()) is not None:
        job, future = item
        if future.set_running_or_notify_cancel():
            future.set_result(job())


class LoopThread:
    """An event loop in a thread of its own, for code that may block it.

    Nobody else's answer is measured late then; and Ctrl-C reaches the main thread alone, so that
    what the code itself raises is never taken for it.
    """

    def __init__(self) -> None:
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._run, name="evalkit-python-loop", daemon=True)
        self._thread.start()

    def submit(self, made: Callable[[], Awaitable[object]]) -> Future[Outcome]:
        """Begin to await what is made; cancelling the future cancels it."""
        loop, _ = self._ready.result()
        return asyncio.run_coroutine_threadsafe(_awaited(made), loop)

    def close(self, patience: float = 2.0) -> None:
        """Cancel what still runs; a loop that somebody blocks is left to itself."""
        loop, over = self._ready.result()
        if not loop.is_closed():
            loop.call_soon_threadsafe(over.set)
            self._thread.join(patience)

    def _run(self) -> None:
        async def stay() -> None:
            over = asyncio.Event()
            self._ready.set_result((asyncio.get_running_loop(), over))
            await over.wait()

        asyncio.run(stay())


async def _awaited(made: Callable[[], Awaitable[object]]) -> Outcome:
    started = time.perf_counter()
    try:
        return Outcome(await made(), latency_ms=since(started))
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        return raised_by(error, started)


class Prints:
    """Stands in for standard output: what a function prints must not get into a result.

    The thread that asks writes to where it always did, every other one to standard error.
    """

    def __init__(self, real: TextIO, owner: int | None) -> None:
        self._real = real
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        own = threading.get_ident() == self._owner
        return getattr(self._real if own else sys.stderr, name)

    @classmethod
    def begin(cls) -> Prints:
        """Return one that stands in from now on, for every thread but this one."""
        return cls._standing_in(threading.get_ident())

    @classmethod
    def _standing_in(cls, owner: int | None) -> Prints:
        found = cls(sys.stdout, owner)
        sys.stdout = cast("TextIO", found)
        return found

    def end(self) -> None:
        """Give standard output back, unless somebody else has taken it since and will."""
        if cast("object", sys.stdout) is self:
            sys.stdout = self._real

    @classmethod
    @contextmanager
    def of_code(cls) -> Iterator[None]:
        """Send to standard error what is printed meanwhile, in this thread too."""
        prints = cls._standing_in(None)
        try:
            yield
        finally:
            prints.end()
