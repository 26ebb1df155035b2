"""Asking ends between rounds, by the clock, by whoever cancels it, and on any event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace

import pytest

from evalkit.core.asking import Ending, Limits, Progress
from evalkit.core.model import Arm, ErrorKind, Sample
from evalkit.core.ports import Request
from evalkit.stages import ask as asking
from evalkit.stages.ask import Budget, LiveArm, ask
from tests.fakes.providers import Fake, Notebook, answered, failed, request

CANDIDATE = Arm.CANDIDATE


class Kept(list[Sample]):
    """What a collection of the candidate kept, round after round."""

    def run(
        self,
        rounds: Iterable[Iterable[Request]],
        fake: Fake,
        *,
        budget: Budget | None = None,
        enough: Callable[[], bool] = lambda: False,
        watch: Callable[[Progress], None] = lambda _: None,
    ) -> Ending:
        """Ask the rounds, two requests at a time."""
        live = LiveArm(fake, Notebook(), 2, 0, lambda sample: sample.cost_usd)
        return ask(
            rounds,
            {CANDIDATE: live},
            budget=budget or Budget(Limits()),
            keep=self.append,
            watch=watch,
            enough=enough,
        )

    @property
    def ids(self) -> list[str]:
        """The cases in the order in which they were kept."""
        return [sample.case_id for sample in self]


def three_rounds() -> list[list[Request]]:
    return [[request(10 * number + place) for place in range(5)] for number in range(3)]


# ---------------------------------------------------------------- rounds


def test_a_round_begins_when_the_one_before_is_answered() -> None:
    seen: list[tuple[int, int]] = []
    kept, fake = Kept(), Fake()

    def rounds() -> Iterator[list[Request]]:
        for number, requests in enumerate(three_rounds()):
            seen.append((number, len(kept)))
            yield requests

    assert kept.run(rounds(), fake) == Ending()
    assert seen == [(0, 0), (1, 5), (2, 10)]
    assert len(kept) == 15


def test_what_is_enough_after_a_round_leaves_the_rest_unasked() -> None:
    kept, fake, looked = Kept(), Fake(), []

    def enough() -> bool:
        looked.append((len(kept), fake.at_once))
        return len(kept) >= 10

    assert kept.run(three_rounds(), fake, enough=enough) == Ending(settled=True)
    assert looked == [(5, 0), (10, 0)]
    assert sorted(kept.ids) == ["c0", "c1", "c10", "c11", "c12", "c13", "c14", "c2", "c3", "c4"]
    assert fake.closed == 1


def test_nothing_is_enough_before_anything_was_asked() -> None:
    kept, fake = Kept(), Fake()
    assert kept.run(three_rounds()[:1], fake, enough=lambda: True) == Ending()
    assert len(kept) == 5


def test_after_an_end_no_other_round_begins() -> None:
    kept, looked = Kept(), []
    fake = Fake(lambda item: failed(item, ErrorKind.DENIED, "no"))

    def enough() -> bool:
        looked.append(True)
        return True

    ending = kept.run(three_rounds(), fake, enough=enough)
    assert ending == Ending(stopped={CANDIDATE: "denied: no"})
    assert looked == []
    assert set(kept.ids) <= {"c0", "c1"}


# ---------------------------------------------------------------- the clock, and who cancels


class Waiting(Fake):
    """Answers once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.told = asyncio.Event()

    async def answer(self, asked: Request) -> Sample:
        """Wait."""
        self.asked.append(asked)
        await self.told.wait()
        return answered(asked)


def test_time_runs_out_while_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS_BETWEEN_REPORTS", 0.0)
    now = [0.0]
    budget = Budget(Limits(seconds=10), clock=lambda: now[0])
    fake, kept, told = Waiting(), Kept(), []

    def watch(progress: Progress) -> None:
        told.append(progress.ending)
        now[0] += 4 if len(fake.asked) == 2 else 0
        if progress.ending:
            fake.told.set()  # what is under way may come home

    ending = kept.run(three_rounds(), fake, budget=budget, watch=watch)
    assert ending == Ending(spent="--max-time 10")
    assert (told[0], told[-1]) == ("", "--max-time 10")
    assert sorted(kept.ids) == ["c0", "c1"]


def test_what_does_not_come_home_in_time_is_kept_as_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "GRACE", 0.0)
    kept, fake = Kept(), Waiting()
    ending = kept.run(three_rounds(), fake, budget=Budget(Limits(requests=1)))
    assert ending.spent == "--max-requests 1"
    assert [sample.error and sample.error.message for sample in kept] == (
        ["given up when the run ended"]
    )


class Cancelling(Fake):
    """Cancels all that runs, as whoever embeds a collection may."""

    async def answer(self, asked: Request) -> Sample:
        """Cancel everybody else."""
        self.asked.append(asked)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.Event().wait()
        raise AssertionError


def test_a_collection_that_is_cancelled_from_outside_is_no_interruption() -> None:
    fake = Cancelling()
    with pytest.raises(asyncio.CancelledError):
        Kept().run(three_rounds(), fake)
    assert fake.closed == 1


# ---------------------------------------------------------------- event loops


@pytest.mark.parametrize("module", [None, SimpleNamespace(new_event_loop=asyncio.new_event_loop)])
def test_everything_is_asked_with_and_without_the_faster_loop(
    monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", module)
    kept, fake = Kept(), Fake()
    assert kept.run(three_rounds(), fake) == Ending()
    assert len(kept) == len(fake.asked) == 15


def test_a_collection_that_gets_no_signals_asks_everything_all_the_same() -> None:
    kept, fake = Kept(), Fake()
    endings: list[Ending] = []
    thread = threading.Thread(target=lambda: endings.append(kept.run(three_rounds(), fake)))
    thread.start()
    thread.join(timeout=60)
    assert endings == [Ending()]
    assert len(kept) == 15


# ---------------------------------------------------------------- an arm that is not needed


@pytest.mark.parametrize("kind", [ErrorKind.DENIED, ErrorKind.SERVER])
def test_an_arm_that_is_not_needed_falls_silent_and_the_other_is_asked_to_the_end(
    kind: ErrorKind,
) -> None:
    kept: list[Sample] = []
    good, bad = Fake(), Fake(lambda item: failed(item, kind, "no"))
    arms = {
        CANDIDATE: LiveArm(good, Notebook(), 4, 60, lambda sample: sample.cost_usd),
        Arm.BASELINE: LiveArm(bad, Notebook(), 4, 60, lambda _: None, needed=False),
    }
    requests = [request(number, arm) for number in range(60) for arm in arms]
    assert ask([requests], arms, budget=Budget(Limits()), keep=kept.append) == Ending()
    assert len(good.asked) == 60
    assert len(bad.asked) < 60
    assert len(kept) == len(good.asked) + len(bad.asked)
