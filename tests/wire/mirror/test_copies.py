"""Copies go out of band: whatever the candidate does, callers see nothing of it and every copy is counted."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pytest

from evalkit.core.mirror import CopyLimits, Limits, Trouble
from evalkit.core.model import Arm
from tests.wire.mirror.worlds import (
    OK,
    PATIENCE,
    Line,
    Plain,
    Running,
    answering,
    hung_up,
    mirror,
    nowhere,
    request,
    reset,
    saying,
    silent,
    until,
    upstream,
)  # fmt: skip

ASKED = 30
QUICK = CopyLimits(timeout=0.3)


def _settled(running: Running) -> None:
    until(lambda: not running.counted().copies.waiting + running.counted().copies.under_way)


def _adds_up(running: Running, offered: int) -> None:
    copies = running.counted().copies
    parts = (copies.answered, copies.dropped, copies.waiting, copies.under_way)
    assert copies.offered == offered == sum(parts) + sum(copies.failed.values())


def test_every_request_is_copied_and_both_answers_are_heard() -> None:
    seen: queue.Queue[tuple[bytes, bytes]] = queue.Queue()

    def serve(line: Line) -> None:
        while (message := line.message())[0]:
            seen.put(message)
            line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")

    with upstream(answering(OK)) as live, upstream(serve) as candidate:
        traffic = Plain(live, candidate)
        with mirror(traffic) as running:
            line = running.line()
            for number in range(ASKED):
                assert line.ask(request(target=f"/{number}", body=b"%d" % number))[1] == b"ok"
            others = traffic.heard(Arm.CANDIDATE, ASKED)
            assert {heard.body for heard in others} == {b"other"}
            assert {body for _, body in seen.queue} == {b"%d" % number for number in range(ASKED)}
            assert len(traffic.heard(Arm.BASELINE, ASKED)) == ASKED
            counted = running.counted()
            assert counted.copies.answered == ASKED
            assert sum(counted.latencies[Arm.CANDIDATE].counts) == ASKED
            _adds_up(running, ASKED)


def _dripping(line: Line) -> None:
    line.message()
    line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not threading.Event().wait(0.02):
        line.send(b"x")


def _endless(line: Line) -> None:
    line.message()
    line.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        line.send(b"x" * 65_536)


@pytest.mark.parametrize(
    ("serve", "trouble"),
    [
        (hung_up, Trouble.CONNECTION),
        (reset, Trouble.CONNECTION),
        (silent, Trouble.TIMEOUT),
        (_dripping, Trouble.TIMEOUT),
        (_endless, Trouble.TOO_LONG),
        (saying(b"\x00\xff\r\n\r\n" * 100), Trouble.CONNECTION),
        (saying(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"), Trouble.CONNECTION),
        (saying(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), Trouble.CONNECTION),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), Trouble.CONNECTION),
    ],
)  # fmt: skip
def test_nothing_that_a_candidate_does_reaches_a_caller(
    serve: Callable[[Line], None], trouble: Trouble
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\nyes"
    with upstream(answering(answer)) as live, upstream(serve) as candidate:
        traffic = Plain(live, candidate)
        with mirror(traffic, copies=QUICK, limits=Limits(heard=100_000)) as running:
            line = running.line()
            for _ in range(ASKED):
                head, body = line.ask(request())
                assert head + body == answer
            assert {one.trouble for one in traffic.heard(Arm.CANDIDATE, ASKED)} == {trouble}
            assert running.counted().copies.failed == {trouble: ASKED}
            assert {one.trouble for one in traffic.heard(Arm.BASELINE, ASKED)} == {None}
            _adds_up(running, ASKED)


def test_a_candidate_that_is_down_is_counted() -> None:
    with upstream(answering(OK)) as live:
        traffic = Plain(live, nowhere())
        with mirror(traffic) as running:
            line = running.line()
            for _ in range(ASKED):
                assert line.ask(request()) == (OK[:-2], b"ok")
            traffic.heard(Arm.CANDIDATE, ASKED)
            assert running.counted().copies.failed == {Trouble.CONNECTION: ASKED}


def test_what_does_not_fit_is_dropped_and_counted_exactly() -> None:
    goes_on = threading.Event()

    def serve(line: Line) -> None:
        while line.message()[0]:
            goes_on.wait(PATIENCE)
            line.send(OK)

    with upstream(answering(OK)) as live, upstream(serve) as candidate:
        traffic = Plain(live, candidate)
        with mirror(traffic, copies=CopyLimits(waiting=5, at_once=2)) as running:
            line = running.line()
            for _ in range(2):
                line.ask(request())
            until(lambda: running.counted().copies.under_way == 2)
            for _ in range(ASKED):
                assert line.ask(request()) == (OK[:-2], b"ok")
            copies = running.counted().copies
            assert (copies.under_way, copies.waiting, copies.dropped) == (2, 5, ASKED - 5)
            _adds_up(running, ASKED + 2)
            goes_on.set()
            _settled(running)
            _adds_up(running, ASKED + 2)
            assert running.counted().copies.answered == 7
            troubles = [heard.trouble for heard in traffic.heard(Arm.CANDIDATE, ASKED + 2)]
            assert troubles.count(Trouble.DROPPED) == ASKED - 5


def test_copies_that_wait_are_bounded_in_bytes_too() -> None:
    with upstream(answering(OK)) as live, upstream(silent) as candidate:
        limits = CopyLimits(waiting_bytes=1_000, at_once=1)
        with mirror(Plain(live, candidate), copies=limits) as running:
            line = running.line()
            line.ask(request())
            until(lambda: running.counted().copies.under_way == 1)
            for _ in range(5):
                line.ask(request(body=b"x" * 300))
            copies = running.counted().copies
            assert (copies.waiting, copies.dropped) == (3, 2)


def test_no_copy_is_sent_before_the_request_itself() -> None:
    with upstream(answering(OK)) as candidate:
        traffic = Plain(nowhere(), candidate)
        with mirror(traffic) as running:
            line = running.line()
            for _ in range(3):
                line.ask(request())
            traffic.heard(Arm.BASELINE, 3)
            assert running.counted().copies.offered == 0


def test_a_copy_goes_on_when_the_caller_has_left() -> None:
    with upstream(silent) as live, upstream(answering(OK)) as candidate:
        traffic = Plain(live, candidate)
        with mirror(traffic) as running:
            line = running.line()
            line.send(request())
            (heard,) = traffic.heard(Arm.CANDIDATE)
            assert heard.body == b"ok"
            line.close()
            (heard,) = traffic.heard(Arm.BASELINE)
            assert heard.trouble is Trouble.CALLER_LEFT
