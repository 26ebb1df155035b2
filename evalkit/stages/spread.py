"""Parts of something large are worked on here: in this process, or in several beside it.

A pool of this module differs from the one of the standard library in what happens when things go
wrong: it knows which part a worker had when it ended, begins that part once more in a new worker,
and leaves no process behind, however it is left itself.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Generic, cast

from evalkit.core.errors import EvalkitError
from evalkit.core.spreading import ATTEMPTS, Part, Result, TaskFailedError, WorkerLostError, cores

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

ENDING_SECONDS = 5.0
"""A worker that does not end by itself within this time, once it is told to, is ended."""

AHEAD = 2
"""For each worker so many parts may be done before one that comes earlier is: memory stays flat."""


@dataclass(frozen=True, slots=True)
class InProcess:
    """Works on one part after the other, in this process."""

    name: str = "this process"
    apart: bool = False

    def kept(self) -> AbstractContextManager[InProcess]:
        """Return the same: there are no workers."""
        return nullcontext(self)

    def results(self, task: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Yield what the task makes of each part; see ``core.spreading.Executor``."""
        return map(task, parts)


@dataclass(frozen=True, slots=True)
class Processes:
    """Works on parts in processes beside this one; each takes the next part when it has done one.

    Args:
        count: how many processes; as many as there are processors where nothing is given.
    """

    count: int = field(default_factory=cores)
    apart: bool = False

    @property
    def name(self) -> str:
        """Where the work is done."""
        return f"{self.count} processes" if self.count > 1 else "one process"

    def results(self, task: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Yield what the task makes of each part; see ``core.spreading.Executor``."""
        with self.kept() as crew:
            yield from crew.results(task, parts)

    @contextmanager
    def kept(self) -> Iterator[Crew]:
        """Yield the processes, which are begun when they are needed and end with the context."""
        crew = Crew(self.name, self.count)
        try:
            yield crew
        finally:
            crew.end()


# ---------------------------------------------------------------- the crew


@dataclass(slots=True, eq=False)
class _Worker:
    """A process with the part it is at; nothing where it waits for one."""

    process: SpawnProcess
    pipe: Connection
    at: int | None = None

    @classmethod
    def begun(cls) -> _Worker:
        """Return a worker that has just been started."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs,), daemon=True)
        with theirs, _deaf_to_interrupts():
            process.start()
        return cls(process, ours)

    def end(self) -> None:
        """End the process: by itself where it waits, at once where it works."""
        self.pipe.close()
        if self.at is not None:
            self.process.kill()
        self.process.join(ENDING_SECONDS)
        self.process.kill()
        self.process.join()
        self.process.close()


class Crew:
    """Workers that stay from one task to the next."""

    apart = False

    def __init__(self, name: str, count: int) -> None:
        """Begin without workers."""
        self.name = name
        self.count = count
        self.workers: list[_Worker] = []

    def results(self, task: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Yield what the task makes of each part; see ``core.spreading.Executor``."""
        try:
            yield from _Work(self, task, parts).results()
        finally:
            self._leave([worker for worker in self.workers if worker.at is not None])

    def kept(self) -> AbstractContextManager[Crew]:
        """Return the same: whoever made it ends it."""
        return nullcontext(self)

    def end(self) -> None:
        """Let all workers go."""
        self._leave(self.workers)

    def lose(self, worker: _Worker) -> str:
        """Forget a worker that has come to its end, and return how."""
        worker.process.join(ENDING_SECONDS)
        how = _ended(worker.process.exitcode)
        self._leave([worker])
        return how

    def _leave(self, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            if worker.at is not None:
                worker.process.kill()  # all of them at once, before any is waited for
        for worker in list(workers):
            self.workers.remove(worker)
            worker.end()


class _Work(Generic[Part, Result]):
    """One task for all parts: who has which, and what is done but not asked for yet."""

    def __init__(self, crew: Crew, task: Callable[[Part], Result], parts: Sequence[Part]) -> None:
        self._crew = crew
        self._task = task
        self._parts = parts
        self._waiting = deque(range(len(parts)))
        self._begun = [0] * len(parts)
        self._done: dict[int, Result | BaseException] = {}

    def results(self) -> Iterator[Result]:
        """Yield the results in the order of the parts."""
        for place in range(len(self._parts)):
            while place not in self._done:
                self._deal(place + AHEAD * self._crew.count)
                self._receive()
            found = self._done.pop(place)
            if isinstance(found, BaseException):
                raise found
            yield found

    def _deal(self, end: int) -> None:
        """Give parts before ``end`` to those who have none, as long as there are any."""
        idle = [worker for worker in self._crew.workers if worker.at is None]
        while self._waiting and self._waiting[0] < end:
            if idle:
                worker = idle.pop()
            elif len(self._crew.workers) < self._crew.count:
                worker = _Worker.begun()
                self._crew.workers.append(worker)
            else:
                return
            worker.at = self._waiting.popleft()
            self._begun[worker.at] += 1
            with suppress(OSError):  # it has ended already, which is noticed when it is read
                worker.pipe.send((self._task, self._parts[worker.at]))

    def _receive(self) -> None:
        """Wait until a worker has done something, or has come to its end."""
        at_work = {worker.pipe: worker for worker in self._crew.workers if worker.at is not None}
        for ready in wait(list(at_work)):
            worker = at_work[cast("Connection", ready)]
            assert worker.at is not None
            try:
                self._done[worker.at] = worker.pipe.recv()
            except (EOFError, OSError):
                self._lost(worker, worker.at)
            else:
                worker.at = None

    def _lost(self, worker: _Worker, place: int) -> None:
        """Let a part be begun once more, unless that was done before."""
        how = self._crew.lose(worker)
        if self._begun[place] < ATTEMPTS:
            self._waiting.appendleft(place)
        else:
            self._done[place] = WorkerLostError.at(self._parts[place], how)


def _ended(code: int | None) -> str:
    """Return how a process came to its end.

    >>> _ended(-9), _ended(1)
    ('were ended by SIGKILL', 'ended with exit code 1')
    """
    if code is not None and code < 0:
        return f"were ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let a process that is started not hear Ctrl-C: whoever started it does, and ends it.

    The signal stays blocked in it from before its first instruction, which no handler could reach.
    """
    mask = getattr(signal, "pthread_sigmask", None)
    if mask is None:  # a system that masks no signals
        yield
        return
    resource_tracker.ensure_running()  # or the first worker starts it, which lets signals through
    before = mask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)


# ---------------------------------------------------------------- in a worker


def serve(pipe: Connection) -> None:
    """Do the tasks that come through a pipe, each with its part, until nobody holds its other end."""
    with pipe:
        while True:
            try:
                asked = pipe.recv_bytes()
            except EOFError:
                return
            try:
                pipe.send_bytes(_packed(asked))
            except OSError:  # nobody waits for it any more
                return


def _packed(asked: bytes) -> bytes:
    """Return the result of a task, or why there is none, as it goes through a pipe."""
    try:
        task, part = pickle.loads(asked)  # noqa: S301 - from the process that began this one
        return pickle.dumps(task(part), pickle.HIGHEST_PROTOCOL)
    except EvalkitError as error:
        return pickle.dumps(error)
    except Exception as error:  # noqa: BLE001 - it is raised again where somebody hears of it
        return pickle.dumps(TaskFailedError.of(error))
