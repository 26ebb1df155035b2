"""How fast an endpoint is asked: proved with a clock that only moves when everybody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.wire.headers import LONGEST_WAIT, Allowance
from evalkit.wire.limiter import BURST, Limiter, Told
from tests.wire.worlds import Time, run

FINE = Told(succeeded=True)
TOO_MUCH = Told(overloaded=True)
LOST = Told(lost=True)


def told_requests(remaining: int, resets_in: float | None = None) -> Told:
    return Told(succeeded=True, allowances={"requests": Allowance(remaining, resets_in)})


class Endpoint:
    """Attempts through one limiter: when each went out, and how many were under way."""

    def __init__(self, limiter: Limiter, time: Time) -> None:
        self.limiter = limiter
        self.time = time
        self.moments: list[float] = []
        self.under_way = 0
        self.most = 0

    async def ask(self, told: Told | Callable[[], Told], *, seconds: float = 1.0) -> None:
        ticket = await self.limiter.enter()
        self.moments.append(self.time.now)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.time.sleep(seconds)
        self.under_way -= 1
        self.limiter.leave(ticket, told if isinstance(told, Told) else told())

    def ask_all(self, *told: Told | Callable[[], Told]) -> list[float]:
        """Ask all at once; return when each went out, from the first on."""
        run(self.time.run(*(self.ask(one) for one in told)))
        return [moment - self.moments[0] for moment in self.moments]


def endpoint(concurrency: int) -> Endpoint:
    time = Time()
    return Endpoint(Limiter(concurrency, clock=time.clock), time)


# ---------------------------------------------------------------- moments


def test_nothing_goes_out_before_the_moment_an_endpoint_named() -> None:
    asked = endpoint(2).ask_all(Told(overloaded=True, wait=30.0), FINE, FINE, FINE)
    assert asked == [0.0, 0.0, 31.0, 32.0]


def test_an_endless_wait_ends() -> None:
    asked = endpoint(1).ask_all(Told(overloaded=True, wait=1e9), FINE)
    assert asked == [0.0, 1.0 + LONGEST_WAIT]


def test_nothing_left_holds_everything_until_the_reset() -> None:
    assert endpoint(1).ask_all(told_requests(0, 12.0), FINE) == [0.0, 13.0]


def test_nothing_left_without_a_reset_lets_one_go_at_a_time() -> None:
    world = endpoint(8)
    world.ask_all(*[told_requests(0)] * 3)
    world.most = 0
    world.ask_all(*[told_requests(0)] * 6)
    assert world.most == 1


def test_a_later_word_does_not_shorten_a_hold() -> None:
    world = endpoint(2)
    asked = world.ask_all(told_requests(0, 60.0), told_requests(5, 1.0), FINE)
    assert asked == [0.0, 0.0, 61.0]


SPOKEN = st.builds(
    lambda wait, left, resets, overloaded: Told(
        succeeded=not overloaded,
        overloaded=overloaded,
        wait=wait if overloaded else None,
        allowances={} if left is None else {"requests": Allowance(left, resets)},
    ),
    wait=st.none() | st.floats(0, 2000),
    left=st.none() | st.integers(0, 50),
    resets=st.none() | st.floats(0, 2000),
    overloaded=st.booleans(),
)


@settings(deadline=None, max_examples=60)
@given(
    words=st.lists(st.tuples(SPOKEN, st.floats(0.01, 50)), min_size=1, max_size=25),
    concurrency=st.integers(1, 9),
)
def test_whatever_an_endpoint_says_no_request_goes_out_before_its_time(
    words: list[tuple[Told, float]], concurrency: int
) -> None:
    time = Time()
    limiter = Limiter(concurrency, clock=time.clock)
    not_before = [0.0]
    under_way = {0}

    async def ask(number: int, told: Told, seconds: float) -> None:
        ticket = await limiter.enter()
        assert time.now >= max(not_before) - 1e-6
        assert len(under_way) <= concurrency  # the zero stands for nobody
        under_way.add(number)
        await time.sleep(seconds)
        under_way.remove(number)
        resets = [left.resets_in for left in told.allowances.values() if left.remaining == 0]
        waits = [wait for wait in (told.wait, *resets) if wait is not None]
        not_before.append(time.now + min(max(waits, default=0.0), LONGEST_WAIT))
        limiter.leave(ticket, told)

    run(time.run(*(ask(number, *one) for number, one in enumerate(words, start=1))))
    assert len(not_before) == len(words) + 1  # everybody got through


# ---------------------------------------------------------------- allowances


def test_no_more_are_under_way_than_are_left() -> None:
    world = endpoint(16)
    world.ask_all(told_requests(3, 60.0))
    world.ask_all(*[told_requests(3, 60.0)] * 9)
    assert world.most == 3


def test_tokens_pace_by_what_a_request_takes_on_average() -> None:
    def told(left: int) -> Told:
        return Told(succeeded=True, tokens=100, allowances={"tokens": Allowance(left, 60.0)})

    world = endpoint(16)
    world.ask_all(told(450))
    world.ask_all(*[told(450)] * 9)
    assert world.most == 4


def test_fewer_tokens_than_a_request_takes_hold_until_the_reset() -> None:
    told = Told(succeeded=True, tokens=100, allowances={"tokens": Allowance(99, 20.0)})
    assert endpoint(1).ask_all(told, FINE) == [0.0, 21.0]


def test_an_answer_without_a_word_uses_the_allowance_up_too() -> None:
    world = endpoint(16)
    world.ask_all(told_requests(4))
    world.ask_all(LOST, LOST)
    world.most = 0
    world.ask_all(*[told_requests(2)] * 4)
    assert world.most == 2


# ---------------------------------------------------------------- the window


def test_the_window_halves_once_for_all_that_was_under_way() -> None:
    world = endpoint(16)
    world.ask_all(*[TOO_MUCH] * 16)
    assert world.limiter.window == 8
    world.ask_all(*[TOO_MUCH] * 8)
    assert world.limiter.window == 4


def test_the_window_never_closes() -> None:
    world = endpoint(4)
    for _ in range(5):
        world.ask_all(TOO_MUCH)
    assert world.limiter.window == 1


def test_the_window_grows_by_one_with_each_window_of_successes() -> None:
    world = endpoint(8)
    world.ask_all(TOO_MUCH)
    assert world.limiter.window == 4
    world.ask_all(*[FINE] * 4)
    assert world.limiter.window == 5
    world.ask_all(*[FINE] * 100)
    assert world.limiter.window == 8


def test_a_refusal_that_the_allowance_explains_leaves_the_window() -> None:
    told = Told(overloaded=True, allowances={"requests": Allowance(0, 5.0)})
    world = endpoint(8)
    world.ask_all(told)
    assert world.limiter.window == 8


def test_single_lost_connections_leave_the_window_and_a_burst_does_not() -> None:
    world = endpoint(8)
    for _ in range(5):
        world.ask_all(LOST)
        world.ask_all(FINE)
    assert world.limiter.window == 8
    for _ in range(BURST):
        world.ask_all(LOST)
    assert world.limiter.window == 4


# ---------------------------------------------------------------- the queue


def test_whoever_came_first_goes_first() -> None:
    time = Time()
    limiter = Limiter(1, clock=time.clock)
    order: list[int] = []

    async def ask(number: int) -> None:
        ticket = await limiter.enter()
        order.append(number)
        await time.sleep(1.0)
        limiter.leave(ticket, FINE)

    run(time.run(*(ask(number) for number in range(20))))
    assert order == list(range(20))


def test_whoever_is_called_off_in_the_queue_holds_nobody_up() -> None:
    async def work() -> None:
        limiter = Limiter(1)
        first = await limiter.enter()
        waiting = [asyncio.create_task(limiter.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        await asyncio.sleep(0)
        limiter.leave(first, FINE)
        limiter.leave(await waiting[2], FINE)
        assert await limiter.enter() > first

    run(work(), seconds=10)


def test_a_ticket_that_is_given_back_makes_room() -> None:
    async def work() -> None:
        limiter = Limiter(1)
        await limiter.enter()
        waiting = asyncio.create_task(limiter.enter())
        await asyncio.sleep(0)
        limiter.give_back()
        await waiting

    run(work(), seconds=10)
