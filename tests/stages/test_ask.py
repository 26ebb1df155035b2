"""Asking: both arms, within limits, with every failure named and nothing asked twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from evalkit.core.asking import Ending, Limits, Progress
from evalkit.core.errors import ProviderError, SnapshotError
from evalkit.core.model import Arm, ErrorKind, Sample
from evalkit.core.ports import Request
from evalkit.stages.ask import AHEAD, IN_A_ROW, Budget, LiveArm, ask
from tests.fakes.providers import Fake, Notebook, answered, failed, request

BASELINE, CANDIDATE = Arm.BASELINE, Arm.CANDIDATE


class Asked:
    """One collection: what is kept, what is told, how it ends."""

    def __init__(self, *, concurrency: int = 4, limits: Limits | None = None) -> None:
        self.kept: list[Sample] = []
        self.told: list[Progress] = []
        self.concurrency = concurrency
        self.budget = Budget(limits or Limits())
        self.memory = Notebook()

    def run(
        self,
        requests: Iterable[Request],
        *,
        cost: Callable[[Sample], float | None] = lambda sample: sample.cost_usd,
        total: int = 0,
        **providers: Fake,
    ) -> Ending:
        """Ask the requests of the named arms."""
        arms = {
            Arm(name): LiveArm(fake, self.memory, self.concurrency, total, cost)
            for name, fake in providers.items()
        }
        return ask(
            [requests], arms, budget=self.budget, keep=self.kept.append, watch=self.told.append
        )


def both(count: int) -> list[Request]:
    return [request(n, arm) for n in range(count) for arm in (BASELINE, CANDIDATE)]


# ---------------------------------------------------------------- whole


def test_every_request_of_both_arms_gets_its_sample_once() -> None:
    asked, one, other = Asked(), Fake(), Fake()
    assert asked.run(both(50), baseline=one, candidate=other) == Ending()
    found = sorted((sample.arm, sample.case_id) for sample in asked.kept)
    assert found == sorted((item.arm, item.case.id) for item in both(50))
    assert {item.arm for item in one.asked} == {BASELINE}
    assert (one.closed, other.closed) == (1, 1)


def test_nothing_to_ask_ends_at_once() -> None:
    asked, fake = Asked(), Fake()
    assert asked.run([], candidate=fake) == Ending()
    assert (asked.kept, fake.closed) == ([], 1)


def test_no_more_requests_run_at_a_time_than_the_concurrency_allows() -> None:
    fake = Fake()
    Asked(concurrency=3).run([request(n) for n in range(40)], candidate=fake)
    assert fake.most_at_once == 3


def test_one_arm_is_never_far_ahead_of_the_other() -> None:
    leads: list[int] = []
    slow, fast = Fake(), Fake()

    def note(asked: Request) -> Sample:
        leads.append(len(fast.asked) - len(slow.asked))
        return answered(asked)

    fast.reply = slow.reply = note
    asked = Asked(concurrency=2)
    asked.run(both(200), baseline=slow, candidate=fast)
    assert max(map(abs, leads)) <= 2 * (AHEAD + 1)


# ---------------------------------------------------------------- memory


def test_what_was_answered_before_is_kept_without_asking() -> None:
    asked, fake = Asked(), Fake()
    asked.run([request(n) for n in range(10)], candidate=fake)
    again = Fake()
    asked.run([request(n) for n in range(12)], candidate=again)
    assert [item.case.id for item in again.asked] == ["c10", "c11"]
    assert asked.told[-1].arms[CANDIDATE].kept == 10


def test_a_failure_is_no_answer_to_remember() -> None:
    asked = Asked()
    asked.run([request(1)], candidate=Fake(lambda item: failed(item, ErrorKind.SERVER, "HTTP 500")))
    assert not asked.memory.kept


def test_many_known_answers_leave_others_their_turn() -> None:
    asked, fake = Asked(), Fake()
    requests = [request(n) for n in range(500)]
    asked.run(requests, candidate=fake)
    asked.told.clear()
    asked.run(requests, candidate=Fake())
    assert len(asked.told) >= 2


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize("kind", [ErrorKind.DENIED, ErrorKind.QUOTA])
def test_what_the_next_request_would_meet_too_stops_everything_at_once(kind: ErrorKind) -> None:
    asked, one, other = Asked(concurrency=1), Fake(), Fake(lambda item: failed(item, kind, "no"))
    ending = asked.run(both(1000), baseline=one, candidate=other)
    assert list(ending.stopped) == [CANDIDATE]
    assert ending.stopped[CANDIDATE].endswith(": no")
    assert len(other.asked) == 1
    assert len(one.asked) < 10


def test_requests_that_fail_one_after_the_other_stop_the_arm() -> None:
    asked, fake = Asked(concurrency=1), Fake(lambda item: failed(item, ErrorKind.SERVER))
    ending = asked.run([request(n) for n in range(100)], candidate=fake)
    assert ending.stopped == {CANDIDATE: f"{IN_A_ROW} requests in a row failed: server"}
    assert len(fake.asked) == IN_A_ROW


def test_failures_among_answers_stop_nothing() -> None:
    def reply(item: Request) -> Sample:
        broken = int(item.case.id[1:]) % 3 > 0
        return failed(item, ErrorKind.SERVER) if broken else answered(item)

    asked = Asked(concurrency=1)
    assert asked.run([request(n) for n in range(90)], candidate=Fake(reply)) == Ending()
    assert asked.told[-1].arms[CANDIDATE].errors == 60


def test_a_provider_that_raises_has_failed_that_request() -> None:
    def reply(item: Request) -> Sample:
        if item.case.id == "c3":
            raise ZeroDivisionError("by zero")
        return answered(item)

    asked = Asked()
    asked.run([request(n) for n in range(6)], candidate=Fake(reply))
    errors = [sample.error for sample in asked.kept if sample.error]
    assert [(error.kind, error.message) for error in errors] == [
        (ErrorKind.OTHER, "a failure of the provider: ZeroDivisionError('by zero')")
    ]


@pytest.mark.parametrize(
    "error", [SnapshotError("candidate.params.top_k", "unknown"), ProviderError("gone")]
)
def test_what_no_request_could_survive_ends_it_and_is_raised(error: Exception) -> None:
    def reply(_: Request) -> Sample:
        raise error

    fake = Fake(reply)
    with pytest.raises(type(error), match=str(error)):
        Asked(concurrency=2).run([request(n) for n in range(100)], candidate=fake)
    assert len(fake.asked) <= 2
    assert fake.closed == 1


def test_requests_that_cannot_be_read_are_raised_after_the_answers_are_kept() -> None:
    def requests() -> Iterable[Request]:
        yield request(1)
        raise ProviderError("cases.jsonl is gone")

    fake, asked = Fake(), Asked()
    with pytest.raises(ProviderError, match="gone"):
        asked.run(requests(), candidate=fake)
    assert fake.closed == 1


# ---------------------------------------------------------------- limits


def test_no_more_is_asked_than_the_requests_that_are_allowed() -> None:
    asked, fake = Asked(limits=Limits(requests=7)), Fake()
    ending = asked.run([request(n) for n in range(100)], candidate=fake)
    assert ending == Ending(spent="--max-requests 7")
    assert len(fake.asked) == len(asked.kept) == 7


def test_no_more_is_spent_than_is_allowed_however_many_run_at_a_time() -> None:
    asked = Asked(concurrency=16, limits=Limits(cost_usd=1.0))
    fake = Fake(lambda item: answered(item, cost_usd=0.03))
    ending = asked.run([request(n) for n in range(100)], candidate=fake)
    assert ending.spent == "--max-cost 1"
    assert len(fake.asked) == 33


def test_an_answer_that_does_not_tell_its_cost_ends_what_is_limited_by_cost() -> None:
    asked, fake = Asked(limits=Limits(cost_usd=1.0)), Fake()
    ending = asked.run([request(n) for n in range(100)], candidate=fake)
    assert ending.spent == (
        "--max-cost 1: what an answer costs is not known; give the snapshot prices"
    )
    assert len(fake.asked) == 1


def test_a_failure_costs_nothing_and_tells_nothing_about_cost() -> None:
    def reply(item: Request) -> Sample:
        if item.case.id in {"c0", "c1"}:
            return failed(item, ErrorKind.SERVER)
        return answered(item, cost_usd=0.5)

    asked, fake = Asked(limits=Limits(cost_usd=1.0)), Fake(reply)
    asked.run([request(n) for n in range(50)], candidate=fake)
    assert len(fake.asked) == 4
    assert asked.told[-1].arms[CANDIDATE].cost_usd == 1.0


def test_a_cheap_arm_says_nothing_of_what_a_dear_one_costs() -> None:
    asked = Asked(concurrency=8, limits=Limits(cost_usd=2.0))
    free = Fake(lambda item: answered(item, cost_usd=0.0))
    dear = Fake(lambda item: answered(item, cost_usd=0.1))
    ending = asked.run(both(100), baseline=free, candidate=dear)
    assert ending.spent == "--max-cost 2"
    assert 19 <= len(dear.asked) <= 20
    assert dear.most_at_once > 1


def test_answers_that_grow_dearer_do_not_overdraw_however_many_are_asked_at_once() -> None:
    asked = Asked(concurrency=16, limits=Limits(cost_usd=1.0))
    fake = Fake(lambda item: answered(item, cost_usd=0.01 if len(fake.asked) <= 8 else 0.02))
    ending = asked.run([request(n) for n in range(200)], candidate=fake)
    assert ending.spent == "--max-cost 1"
    assert 0.98 < sum(sample.cost_usd or 0 for sample in asked.kept) <= 1.0


def test_one_dear_answer_makes_the_next_wait_for_each_other_and_ends_nothing() -> None:
    asked = Asked(concurrency=16, limits=Limits(cost_usd=1.0))
    fake = Fake(lambda item: answered(item, cost_usd=0.4 if item.case.id == "c0" else 0.002))
    ending = asked.run([request(n) for n in range(100)], candidate=fake)
    assert ending == Ending()
    assert len(asked.kept) == 100


def test_a_failure_lets_those_go_who_wait_for_what_others_cost() -> None:
    def reply(item: Request) -> Sample:
        if item.case.id == "c3":
            raise ProviderError("nobody there")
        return answered(item, cost_usd=0.4)

    asked = Asked(concurrency=16, limits=Limits(cost_usd=1.0))
    with pytest.raises(ProviderError, match="nobody there"):
        asked.run([request(n) for n in (0, 3, 4, 5)], candidate=Fake(reply))


def test_a_cost_that_is_not_limited_need_not_be_known() -> None:
    asked = Asked()
    asked.run([request(n) for n in range(3)], candidate=Fake())
    assert asked.told[-1].arms[CANDIDATE].cost_usd is None


def test_when_the_time_is_up_no_more_is_asked() -> None:
    now = [0.0]
    asked = Asked(concurrency=1)
    asked.budget = Budget(Limits(seconds=10), clock=lambda: now[0])

    def reply(item: Request) -> Sample:
        now[0] += 3
        return answered(item)

    fake = Fake(reply)
    ending = asked.run([request(n) for n in range(50)], candidate=fake)
    assert ending.spent == "--max-time 10"
    assert len(fake.asked) == 4


def test_a_limit_that_is_not_reached_is_not_spent() -> None:
    limits = Limits(cost_usd=9, seconds=1000, requests=5)
    fake = Fake(lambda item: answered(item, cost_usd=1.0))
    assert Asked(limits=limits).run([request(n) for n in range(5)], candidate=fake) == Ending()


# ---------------------------------------------------------------- interruption


def test_an_interruption_lets_what_is_under_way_come_home() -> None:
    def reply(item: Request) -> Sample:
        if item.case.id == "c5":
            os.kill(os.getpid(), signal.SIGINT)
        return answered(item)

    asked, fake = Asked(concurrency=2), Fake(reply)
    ending = asked.run([request(n) for n in range(1000)], candidate=fake)
    assert ending.interrupted
    assert len(asked.kept) == len(fake.asked) < 30
    assert "interrupted" in {progress.ending for progress in asked.told}


class Stuck(Fake):
    """Never answers."""

    async def answer(self, asked: Request) -> Sample:
        self.asked.append(asked)
        if len(self.asked) == 2:
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(0.01)
        await asyncio.Event().wait()
        raise AssertionError


def test_a_second_interruption_gives_up_what_is_under_way() -> None:
    asked, fake = Asked(concurrency=2), Stuck()
    ending = asked.run([request(n) for n in range(10)], candidate=fake)
    assert ending.interrupted
    assert (len(fake.asked), fake.closed) == (2, 1)
    assert [sample.error and sample.error.message for sample in asked.kept] == (
        ["given up when the run ended"] * 2
    )


# ---------------------------------------------------------------- progress


def test_progress_counts_what_was_done_asked_again_and_failed() -> None:
    def reply(item: Request) -> Sample:
        number = int(item.case.id[1:])
        if number == 1:
            return failed(item, ErrorKind.TIMEOUT)
        return answered(item, attempts=number + 1, cost_usd=0.25)

    asked = Asked()
    asked.run([request(n) for n in range(4)], candidate=Fake(reply), total=4)
    last = asked.told[-1].arms[CANDIDATE]
    assert replace(last, cost_usd=None) == replace(last, done=4, total=4, errors=1, cost_usd=None)
    assert (last.retries, last.cost_usd, last.waiting) == (5, 0.75, 0)


def test_a_collection_that_nobody_watches_is_the_same() -> None:
    kept: list[Sample] = []
    live = LiveArm(Fake(), Notebook(), 2, 3, lambda sample: sample.cost_usd)
    requests = [request(n) for n in range(3)]
    ending = ask([requests], {CANDIDATE: live}, budget=Budget(Limits()), keep=kept.append)
    assert ending == Ending()
    assert sorted(sample.case_id for sample in kept) == ["c0", "c1", "c2"]


# ---------------------------------------------------------------- one budget, one after the other


def test_who_is_asked_later_has_what_the_first_have_left_and_prices_of_his_own() -> None:
    asked = Asked(concurrency=1, limits=Limits(cost_usd=1.0))
    first = Fake(reply=lambda item: answered(item, cost_usd=0.2))
    assert asked.run([request(n) for n in range(4)], candidate=first) == Ending()
    later = Fake(reply=lambda item: answered(item, cost_usd=0.05))
    ending = asked.run([request(n) for n in range(10, 20)], candidate=later)
    assert ending.spent == "--max-cost 1"
    assert len(later.asked) == 4, "0.2 was left, and one costs 0.05"


def test_the_clock_runs_on_for_who_is_asked_later() -> None:
    ticks = iter([0.0, 0.0, *([5.0] * 100)])
    budget = Budget(Limits(seconds=4.0), clock=lambda: next(ticks))
    budget.begin()
    budget.begin()
    assert budget.time_is_up
