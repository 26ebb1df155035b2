"""A mirror that is told to end lets callers have their answers, then copies theirs, and then ends."""

from __future__ import annotations

import threading

import pytest

from evalkit.core.mirror import CopyLimits, Trouble
from evalkit.core.model import Arm
from tests.wire.mirror.worlds import (
    OK,
    PATIENCE,
    Line,
    Plain,
    answering,
    header,
    mirror,
    request,
    until,
    upstream,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("each_loop")


def test_what_is_under_way_ends_before_the_mirror_does() -> None:
    callers, copies = threading.Event(), threading.Event()

    def serve(line: Line) -> None:
        while line.message()[0]:
            callers.wait(PATIENCE)
            line.send(OK)

    def shadow(line: Line) -> None:
        while line.message()[0]:
            copies.wait(PATIENCE)
            line.send(OK)

    with upstream(serve) as live, upstream(shadow) as candidate:
        traffic = Plain(live, candidate)
        with mirror(traffic, drain=PATIENCE) as running:
            idle, busy = running.line(), running.line()
            until(lambda: running.counted().connections == 2)
            busy.send(request())
            until(lambda: running.counted().copies.under_way == 1)
            running.server.end()
            assert idle.to_the_end() == b""
            until(lambda: running.counted().draining)
            with pytest.raises(ConnectionRefusedError):
                running.line()
            callers.set()
            head, body = busy.message()
            assert (header(head, "connection"), body) == ("close", b"ok")
            assert busy.to_the_end() == b""
            assert running.thread.is_alive()
            copies.set()
            running.thread.join(PATIENCE)
            assert not running.thread.is_alive()
            assert [heard.body for heard in traffic.heard(Arm.CANDIDATE)] == [b"ok"]


def test_a_request_that_has_begun_to_come_is_still_taken() -> None:
    with upstream(answering(OK)) as live, mirror(Plain(live), drain=PATIENCE) as running:
        line = running.line()
        asked = request()
        line.send(asked[:-1])
        until(lambda: running.counted().active == 1)
        running.server.end()
        until(lambda: running.counted().draining)
        assert line.ask(asked[-1:])[1] == b"ok"


@pytest.mark.parametrize(("drain", "twice"), [(0.05, False), (PATIENCE * 10, True)])
def test_what_does_not_end_in_time_is_ended(drain: float, *, twice: bool) -> None:
    def serve(line: Line) -> None:
        line.message()
        line.more()

    with upstream(serve) as live, upstream(serve) as candidate:
        traffic = Plain(live, candidate)
        with mirror(traffic, drain=drain, copies=CopyLimits(at_once=1)) as running:
            lines = [running.line() for _ in range(3)]
            for line in lines:
                line.send(request())
            until(lambda: running.counted().copies.offered == 3)
            until(lambda: running.counted().copies.under_way == 1)
            for _ in range(2 if twice else 1):
                running.server.end()
            running.thread.join(PATIENCE)
            assert not running.thread.is_alive()
            assert {heard.trouble for heard in traffic.heard(Arm.BASELINE, 3)} == {
                Trouble.CALLER_LEFT
            }
            copies = running.counted().copies
            assert (copies.dropped, dict(copies.failed)) == (2, {Trouble.CONNECTION: 1})
            troubles = sorted(str(heard.trouble) for heard in traffic.heard(Arm.CANDIDATE, 3))
            assert troubles == ["connection", "dropped", "dropped"]
