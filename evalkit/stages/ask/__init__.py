"""Requests become samples here: both arms at a time, within limits, each answer kept at once.

This is the only asynchronous code above the providers. Answers leave through a callback instead of
an iterator: whoever works on one would otherwise hold up the requests that are under way, and
their latency would be his.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from evalkit.core.asking import Ending, Progress
from evalkit.core.errors import EvalkitError
from evalkit.core.model import Arm, ErrorKind, Sample, SampleError
from evalkit.core.ports import Memory, Provider, Request
from evalkit.stages.ask.budget import Budget
from evalkit.stages.ask.tally import ArmTally
from evalkit.wire.loops import fast_loop

AHEAD = 2
"""One arm may be so many rounds of its concurrency ahead of the other: what a day does to an
endpoint then happens to both."""
IN_A_ROW = 20
"""So many requests failing one after the other are no accident: the arm is stopped."""
FINAL = {ErrorKind.DENIED: "denied", ErrorKind.QUOTA: "out of quota"}
"""Failures that the next request would meet too."""
SECONDS_BETWEEN_REPORTS = 0.2
UNINTERRUPTED = 64
"""Requests handed out before others get their turn: a queue with room never makes anybody wait."""
GRACE = 30.0
"""Seconds that requests under way still get after an end; some may wait for an endpoint's leave."""


@dataclass(frozen=True, slots=True)
class LiveArm:
    """One arm that is asked.

    ``total`` is how many requests it will get, ``cost`` what an answer costs in US dollars, where
    that is known. Where it is not ``needed``, the others go on without it.
    """

    provider: Provider
    memory: Memory
    concurrency: int
    total: int
    cost: Callable[[Sample], float | None]
    needed: bool = True


def unwatched(progress: Progress) -> None:
    """Tell nobody how far it is."""
    del progress


def ask(
    rounds: Iterable[Iterable[Request]],
    arms: Mapping[Arm, LiveArm],
    *,
    budget: Budget,
    keep: Callable[[Sample], None],
    watch: Callable[[Progress], None] = unwatched,
    enough: Callable[[], bool] = lambda: False,
) -> Ending:
    """Ask every request and hand each sample to ``keep``, in the order in which they come.

    Args:
        rounds: what is asked, arms interleaved; read no faster than it is answered. The next round
            begins when the one before is answered.
        arms: whom to ask.
        budget: what may be spent; begins to count now.
        keep: takes each sample as it comes.
        watch: is told a few times a second how far it is.
        enough: asked between rounds, when nothing is under way: whether the rest can be left out.

    Raises:
        SnapshotError: an endpoint does not know what its snapshot asks for.
        MeasurementError: an endpoint cannot be asked at all.
    """
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        return runner.run(_Collection(arms, budget, keep, watch).run(rounds, enough))


class _Collection:
    """The state of one collection: queues between one dispatcher and the workers of each arm."""

    def __init__(
        self,
        arms: Mapping[Arm, LiveArm],
        budget: Budget,
        keep: Callable[[Sample], None],
        watch: Callable[[Progress], None],
    ) -> None:
        self._arms = arms
        self._budget = budget
        self._keep = keep
        self._watch = watch
        self._queues: dict[Arm, asyncio.Queue[tuple[Request, str]]] = {
            arm: asyncio.Queue(AHEAD * live.concurrency) for arm, live in arms.items()
        }
        self._tallies = {arm: ArmTally(live.total) for arm, live in arms.items()}
        self._over = asyncio.Event()
        self._alone = asyncio.Lock()
        self._came_home = asyncio.Event()
        self._stopped: dict[Arm, str] = {}
        self._given_up: set[Arm] = set()
        self._interrupted = False
        self._failure: Exception | None = None
        self._workers: set[asyncio.Task[None]] = set()

    async def run(self, rounds: Iterable[Iterable[Request]], enough: Callable[[], bool]) -> Ending:
        """Ask everything, or until something ends it."""
        self._budget.begin()
        settled = False
        with self._interruptible():
            reporter = asyncio.create_task(self._report())
            try:
                for number, requests in enumerate(rounds):
                    if self._over.is_set():
                        break
                    settled = number > 0 and enough()
                    if settled:
                        break
                    await self._until_answered(asyncio.create_task(self._dispatch(requests)))
            except asyncio.CancelledError:
                if not self._interrupted:
                    raise
            finally:
                await self._let_go(reporter)
        self._watch(self._progress())
        if self._failure is not None:
            raise self._failure
        return Ending(
            stopped=self._stopped,
            spent=self._budget.spent,
            settled=settled,
            interrupted=self._interrupted,
        )

    async def _until_answered(self, dispatch: asyncio.Task[None]) -> None:
        """Wait until everything is answered; after an end, only for what is under way."""
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait((dispatch, over), return_when=asyncio.FIRST_COMPLETED)
            if dispatch.done():
                dispatch.result()
            joined = asyncio.create_task(self._joined())
            await asyncio.wait((joined, over), return_when=asyncio.FIRST_COMPLETED)
            if not joined.done():
                dispatch.cancel()
                await asyncio.wait((joined,), timeout=GRACE)
            joined.cancel()
        finally:
            over.cancel()
            dispatch.cancel()

    async def _joined(self) -> None:
        for queue in self._queues.values():
            await queue.join()

    async def _let_go(self, reporter: asyncio.Task[None]) -> None:
        reporter.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, reporter, return_exceptions=True)
        for live in self._arms.values():
            await live.provider.close()

    # ------------------------------------------------------------ dispatch

    async def _dispatch(self, requests: Iterable[Request]) -> None:
        """Hand requests out as long as there are any.

        What was answered before is kept here, without a worker: it costs no time of any endpoint.
        """
        for number, request in enumerate(requests):
            if number % UNINTERRUPTED == 0:
                await asyncio.sleep(0)
            live = self._arms[request.arm]
            identity = live.provider.identity(request)
            known = live.memory.recall(identity, request)
            if known is not None:
                self._tallies[request.arm].note_known()
                self._keep(known)
            else:
                self._ensure_worker(request.arm)
                await self._queues[request.arm].put((request, identity))

    def _ensure_worker(self, arm: Arm) -> None:
        """Start another worker of an arm, up to its concurrency."""
        tally, live = self._tallies[arm], self._arms[arm]
        if tally.workers < live.concurrency:
            tally.workers += 1
            worker = asyncio.create_task(self._work(arm, live, tally))
            self._workers.add(worker)

    # ------------------------------------------------------------ work

    async def _work(self, arm: Arm, live: LiveArm, tally: ArmTally) -> None:
        queue = self._queues[arm]
        while True:
            request, identity = await queue.get()
            try:
                await self._take_turn(request, identity, live, tally)
            except Exception as error:  # noqa: BLE001 - raised again when all have come home
                # Nothing that is asked could succeed: the first to meet it ends it for all.
                self._failure = self._failure or error
                self._over.set()
            finally:
                queue.task_done()
                self._came_home.set()  # who waits for what answers cost looks again
                self._came_home = asyncio.Event()

    async def _take_turn(
        self, request: Request, identity: str, live: LiveArm, tally: ArmTally
    ) -> None:
        """Ask, or drop the request where no more may be asked.

        As long as nobody knows what an answer of its arm costs, and cost is limited, one is asked at a
        time.
        """
        if self._budget.is_blind(request.arm):
            async with self._alone:
                if self._budget.is_blind(request.arm):
                    await self._ask_if_allowed(request, identity, live, tally)
                    return
        await self._ask_if_allowed(request, identity, live, tally)

    async def _ask_if_allowed(
        self, request: Request, identity: str, live: LiveArm, tally: ArmTally
    ) -> None:
        while not self._over.is_set() and self._budget.has_to_wait(request.arm):
            await self._came_home.wait()
        if self._over.is_set() or request.arm in self._given_up:
            return
        if self._budget.take(request.arm):
            await self._ask(request, identity, live, tally)
        else:
            self._over.set()

    async def _ask(self, request: Request, identity: str, live: LiveArm, tally: ArmTally) -> None:
        tally.waiting += 1
        try:
            sample = await live.provider.answer(request)
        except EvalkitError:
            raise
        except asyncio.CancelledError:
            # It was asked, and whoever is slow must not be left out as if he had not been.
            self._keep(_failed(request, "given up when the run ended"))
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's provider: one request failed, and says so
            sample = _failed(request, f"a failure of the provider: {error!r}"[:500])
        finally:
            tally.waiting -= 1
            self._budget.give_back(request.arm)
        cost = None
        if sample.error is None:
            live.memory.keep(identity, request, sample)
            cost = live.cost(sample)
            self._budget.note(request.arm, cost)
        self._keep(sample)
        tally.note(sample, cost)
        self._stop_if_hopeless(request.arm, sample, tally)

    def _stop_if_hopeless(self, arm: Arm, sample: Sample, tally: ArmTally) -> None:
        """End it where an arm can no longer be measured: going on would pay for nothing."""
        error = sample.error
        if error is None or self._over.is_set():
            return
        why = FINAL.get(error.kind)
        if why is None and tally.failed_in_a_row >= IN_A_ROW:
            why = f"{IN_A_ROW} requests in a row failed"
        if why is not None and not self._arms[arm].needed:
            self._given_up.add(arm)
        elif why is not None:
            self._stopped[arm] = f"{why}: {error.message or error.kind}"
            self._over.set()

    # ------------------------------------------------------------ ending and telling

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let Ctrl-C end the asking and not the process; a second one gives up what is under way."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def stop() -> None:
            if self._interrupted:
                task.cancel()
            self._interrupted = True
            self._over.set()

        signals = (signal.SIGINT, signal.SIGTERM)
        try:
            for number in signals:
                loop.add_signal_handler(number, stop)
        except (NotImplementedError, RuntimeError, ValueError):
            yield  # not the main thread, or a system without signals
            return
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    async def _report(self) -> None:
        """Tell how far it is, and look at the clock."""
        while True:
            self._watch(self._progress())
            await asyncio.sleep(SECONDS_BETWEEN_REPORTS)
            if self._budget.time_is_up:
                self._over.set()

    def _progress(self) -> Progress:
        ending = next(iter(self._stopped.values()), "") or self._budget.spent
        return Progress(
            arms={arm: tally.progress for arm, tally in self._tallies.items()},
            seconds=self._budget.seconds,
            ending=ending or ("interrupted" if self._interrupted else ""),
        )


def _failed(request: Request, message: str) -> Sample:
    error = SampleError(ErrorKind.OTHER, message)
    return Sample(request.case.id, request.arm, request.index, error=error, attempts=1)


__all__ = ["Budget", "LiveArm", "ask", "unwatched"]
