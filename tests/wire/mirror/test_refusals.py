"""What the mirror does not serve, it refuses in its own name, with a code; nobody else's host is asked."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Callable

import pytest

from evalkit.core.errors import UsageError
from evalkit.core.mirror import Head, Incoming, Limits, Refused, Routed, Trouble
from evalkit.core.model import Arm
from evalkit.wire.mirror.caller import Patience
from evalkit.wire.mirror.events import Events
from evalkit.wire.mirror.server import Server
from tests.wire.mirror.worlds import (
    OK,
    PATIENCE,
    Line,
    Plain,
    answering,
    header,
    hung_up,
    mirror,
    nowhere,
    request,
    reset,
    saying,
    silent,
    status,
    until,
    upstream,
)  # fmt: skip

SMALL = Limits(body=100, headers=1_000)
NOTHING = Plain("http://127.0.0.1:9")


def _refused(head: bytes, body: bytes) -> tuple[int, str]:
    code = header(head, "x-evalkit-mirror")
    assert header(head, "content-type") == "application/json"
    assert json.loads(body)["error"]["code"] == code
    return status(head), code


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (b"GET http://elsewhere/ HTTP/1.1\r\nHost: elsewhere\r\n\r\n", (400, "target_refused")),
        (b"OPTIONS * HTTP/1.1\r\nHost: m\r\n\r\n", (400, "target_refused")),
        (b"GET /a#b HTTP/1.1\r\nHost: m\r\n\r\n", (400, "target_refused")),
        (b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n", (501, "method_refused")),
        (b"TRACE / HTTP/1.1\r\nHost: m\r\n\r\n", (501, "method_refused")),
        (
            b"GET / HTTP/1.1\r\nHost: m\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            (501, "upgrade_refused"),
        ),
        (b"GET / HTTP/1.1\r\n\r\n", (400, "bad_request")),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (400, "bad_request")),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", (400, "bad_request")),
        (b"\x16\x03\x01\x02\x00\x01\x00", (400, "bad_request")),
        (b"GET / HTTP/1.1\r\nHost : m\r\n\r\n", (400, "bad_request")),
        (
            b"POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            (400, "bad_request"),
        ),
        (
            b"POST / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            (501, "coding_refused"),
        ),
        (b"POST / HTTP/1.1\r\nHost: m\r\nExpect: more\r\n\r\n", (417, "expectation_refused")),
        (b"POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 101\r\n\r\n", (413, "body_too_long")),
        (
            b"POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 99999999999999999999\r\n\r\n",
            (400, "bad_request"),
        ),
        (
            b"POST / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101,
            (413, "body_too_long"),
        ),
        (b"GET / HTTP/1.1\r\nHost: m\r\nX: " + b"x" * 1_001, (431, "head_too_long")),
        (b"GET / HTTP/1.1\r\nHost: m\r\nX: " + b"x" * 900 + b"\r\nY: " + b"y" * 90 + b"\r\n\r\n",
         (431, "head_too_long")),
        (b"GET /" + b"x" * 1_001, (431, "head_too_long")),
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused_and_the_connection_ends(
    asked: bytes, expected: tuple[int, str]
) -> None:
    with mirror(NOTHING, limits=SMALL) as running:
        line = running.line()
        assert _refused(*line.ask(asked)) == expected
        assert line.to_the_end() == b""
        assert running.counted().refused == {expected[1]: 1}
        until(lambda: running.counted().active == 0)


def test_trailers_without_an_end_are_refused() -> None:
    with mirror(NOTHING, limits=SMALL) as running:
        line = running.line()
        line.send(b"POST / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        until(lambda: running.counted().active == 1)
        assert _refused(*line.ask(b"x" * 2_000)) == (400, "bad_request")


def test_the_head_alone_is_refused_without_a_body() -> None:
    with mirror(NOTHING, limits=SMALL) as running:
        line = running.line()
        line.send(request("HEAD", "/", b"", "X: " + "x" * 2_000))
        found = line.to_the_end()
        assert found.startswith(b"HTTP/1.1 431")
        assert found.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("began", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost:", b"HTTP/1.1 408"),
        (b"POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 50\r\n\r\nx", b"HTTP/1.1 408"),
        (b"", b""),
    ],
)
def test_who_is_too_slow_is_let_go(began: bytes, expected: bytes) -> None:
    patience = Patience(head=0.1, body=0.1, body_rate=10**9, idle=0.1, leaving=0.1)
    with mirror(NOTHING, patience=patience) as running:
        line = running.line()
        line.send(began)
        assert line.to_the_end()[:12] == expected


def test_who_comes_when_all_places_are_taken_is_told_to_come_again() -> None:
    goes_on = threading.Event()

    def serve(line: Line) -> None:
        while line.message()[0]:
            goes_on.wait(PATIENCE)
            line.send(OK)

    with upstream(serve) as live, mirror(Plain(live), limits=Limits(at_once=2)) as running:
        first = [running.line(), running.line()]
        for line in first:
            line.send(request())
        until(lambda: running.counted().active == 2)
        head, body = running.ask(request())
        assert _refused(head, body) == (503, "too_many")
        assert header(head, "retry-after") == "1"
        goes_on.set()
        assert [line.message()[1] for line in first] == [b"ok", b"ok"]
        assert running.ask(request())[1] == b"ok"


def test_who_sends_many_requests_ahead_takes_one_place() -> None:
    goes_on = threading.Event()

    def serve(line: Line) -> None:
        while line.message()[0]:
            goes_on.wait(PATIENCE)
            line.send(OK)

    with upstream(serve) as live, mirror(Plain(live), limits=Limits(at_once=2)) as running:
        eager = running.line()
        eager.send(request() * 20)
        until(lambda: running.counted().active == 1)
        other = running.line()
        other.send(request())
        until(lambda: running.counted().active == 2)
        goes_on.set()
        assert [line.message()[1] for line in (other, *[eager] * 20)] == [b"ok"] * 21
        until(lambda: running.counted().active == 0)


def test_bodies_that_were_sent_ahead_are_let_go_one_by_one() -> None:
    with upstream(answering(OK)) as live, mirror(Plain(live), limits=SMALL) as running:
        line = running.line()
        whole = request(body=b"x" * 100)
        line.send(whole[:-50])
        for _ in range(40):  # there is always one that has begun
            line.send(whole[-50:] + whole[:-50])
            assert line.message()[1] == b"ok"


def test_connections_without_requests_are_counted_too() -> None:
    with mirror(NOTHING, limits=Limits(at_once=1)) as running:
        lines = [running.line() for _ in range(102)]
        until(lambda: running.counted().connections == len(lines))
        assert _refused(*running.line().message()) == (503, "too_many")


def test_all_bodies_together_are_bounded() -> None:
    with mirror(NOTHING, limits=SMALL) as running:
        begun = b"POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 100\r\n\r\n" + b"x" * 99
        for number in range(32):
            running.line().send(begun)
            until(lambda: running.counted().active == number + 1)  # noqa: B023 - used at once
        assert _refused(*running.line().ask(begun)) == (503, "too_many")
        running.lines[0].close()
        until(lambda: running.counted().active == 31)
        line = running.line()
        line.send(begun)
        until(lambda: running.counted().active == 32)


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        (silent, (504, "upstream_timeout")),
        (reset, (502, "upstream_connection")),
        (hung_up, (502, "upstream_connection")),
        (saying(b"SSH-2.0-OpenSSH_9\r\n"), (502, "upstream_connection")),
        (saying(b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n"), (502, "upstream_connection")),
        (saying(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), (502, "upstream_connection")),
        (saying(b"HTTP/1.1 102 Processing\r\n\r\n" * 5_000), (502, "upstream_connection")),
        (saying(b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n"), (502, "upstream_connection")),
        (saying(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
         (502, "upstream_connection")),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx"), (502, "upstream_connection")),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
         (502, "upstream_connection")),
    ],
)  # fmt: skip
def test_an_upstream_that_gives_no_answer_is_named(
    serve: Callable[[Line], None], expected: tuple[int, str]
) -> None:
    with upstream(serve) as live:
        traffic = Plain(live, timeout=0.1)
        with mirror(traffic) as running:
            line = running.line()
            while True:
                head, body = line.ask(request())
                if status(head) != 102:
                    break
                line.rest = line.rest.replace(b"HTTP/1.1 102 Processing\r\n\r\n", b"")
                while b"}}" not in line.rest:
                    assert line.more()
                    line.rest = line.rest.replace(b"HTTP/1.1 102 Processing\r\n\r\n", b"")
                head, body = line.message()
                break
            assert _refused(head, body) == expected
            (heard,) = traffic.heard(Arm.BASELINE)
            assert heard.head is None
            assert heard.trouble == Trouble(expected[1].removeprefix("upstream_"))
            assert running.events[0][0] == "upstream_failed"


def test_an_upstream_that_is_down_is_named_and_the_connection_stays() -> None:
    with mirror(Plain(nowhere())) as running:
        line = running.line()
        for _ in range(2):
            assert _refused(*line.ask(request())) == (502, "upstream_connection")


@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_seen_to_break_off(begun: bytes) -> None:
    def serve(line: Line) -> None:
        line.message()
        line.send(begun)

    with upstream(serve) as live:
        traffic = Plain(live)
        with mirror(traffic) as running:
            line = running.line()
            line.send(request())
            found = line.to_the_end()
            assert found.startswith(b"HTTP/1.1 200 OK")
            assert b"abc" in found
            assert not found.endswith(b"0\r\n\r\n")
            (heard,) = traffic.heard(Arm.BASELINE)
            assert (heard.trouble, heard.body) == (Trouble.CONNECTION, b"abc")


def test_an_answer_that_breaks_off_is_reset_where_only_its_end_would_show() -> None:
    def serve(line: Line) -> None:
        line.message()
        line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")

    with upstream(serve) as live, mirror(Plain(live)) as running:
        line = running.line()
        line.send(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            _drained(line)


def _drained(line: Line) -> None:
    while line.socket.recv(65_536):
        pass


def _once(line: Line) -> None:
    """Answer one request, and hang up on the next one."""
    line.message()
    line.send(OK)
    line.message()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request("GET", "/", b""), 200),
        (request("POST", "/", b"{}", "Idempotency-Key: 1"), 200),
        (request("POST"), 502),
    ],
)
def test_a_kept_connection_that_ends_unused_is_replaced_where_that_is_safe(
    asked: bytes, expected: int
) -> None:
    with upstream(_once) as live, mirror(Plain(live)) as running:
        line = running.line()
        assert status(line.ask(request())[0]) == 200
        assert status(line.ask(asked)[0]) == expected


def test_bytes_that_nobody_asked_for_end_the_connection_and_reach_nobody() -> None:
    def serve(line: Line) -> None:
        line.message()
        line.send(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        line.message()

    with upstream(serve) as live, mirror(Plain(live)) as running:
        line = running.line()
        for _ in range(3):
            assert line.ask(request())[1] == b"ok"


def test_a_server_that_keeps_connections_for_a_moment_is_believed() -> None:
    lines: queue.Queue[Line] = queue.Queue()

    def serve(line: Line) -> None:
        lines.put(line)
        line.message()
        line.send(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok")
        line.more()

    with upstream(serve) as live, mirror(Plain(live)) as running:
        line = running.line()
        assert [line.ask(request())[1] for _ in range(3)] == [b"ok"] * 3
        assert lines.qsize() == 3


def test_a_mirror_before_itself_says_so() -> None:
    url = nowhere()
    with mirror(Plain(url), listen=url.removeprefix("http://")) as running:
        assert _refused(*running.ask(request())) == (508, "loop")


def test_an_address_that_is_taken_is_named() -> None:
    with upstream(answering(OK)) as taken, pytest.raises(UsageError, match="in use"):
        asyncio.run(Server(NOTHING, []).run(taken.removeprefix("http://"), opened=print))


class Astray(Plain):
    """Traffic that would go elsewhere, or does not know where to."""

    def routed(self, incoming: Incoming) -> Routed | Refused:
        """Route by the target."""
        if incoming.target == "/none":
            return Refused(403, "not_here", "no")
        if incoming.target == "/bug":
            raise KeyError("x")
        routed = Plain("http://127.0.0.1:1").routed(incoming)
        assert isinstance(routed, Routed)
        return routed


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/none", (403, "not_here")), ("/bug", (500, "mirror_failed")), ("/", (500, "mirror_failed"))],
)
def test_only_the_configured_upstreams_are_asked(target: str, expected: tuple[int, str]) -> None:
    with mirror(Astray(nowhere())) as running:
        line = running.line()
        for _ in range(2):
            assert _refused(*line.ask(request(target=target))) == expected


class Above(Plain):
    """Traffic that looks at answers when they are whole."""

    def held(self, routed: Routed, head: Head) -> bool:
        """Hold all but those whose target says otherwise."""
        del head
        if routed.incoming.target == "/bug":
            raise KeyError("x")
        return routed.incoming.target.startswith("/held")

    def headed(self, routed: Routed, head: Head) -> Head:
        """Add what cannot be sent."""
        del routed
        return Head(head.status, (*head.headers, ("x-bad", "a\r\nb: c")))

    def finished(self, routed: Routed, head: Head, body: bytes) -> tuple[Head, bytes] | Refused:
        """Change, refuse or fail."""
        match routed.incoming.target:
            case "/held/change":
                return Head(201, (*head.headers, ("x-new", "1"))), body + b"!"
            case "/held/refuse":
                return Refused(502, "schema_violation", "$.a")
        raise KeyError("x")

    def outgrown(self, routed: Routed, head: Head) -> Refused | None:
        """Refuse what is too long to be checked, in one case."""
        del head
        if routed.incoming.target == "/held/long/refused":
            return Refused(502, "answer_too_long", "too long")
        return None

    def noted(self, routed: Routed, arm: Arm, heard: object) -> None:
        """Fail."""
        del routed, arm, heard
        raise KeyError("x")


def test_what_goes_wrong_above_does_not_reach_the_caller() -> None:
    with upstream(answering(OK)) as live, mirror(Above(live)) as running:
        line = running.line()
        assert line.ask(request(target="/plain")) == (OK[:-2], b"ok")
        assert line.ask(request(target="/bug")) == (OK[:-2], b"ok")
        assert {fields["where"] for event, fields in running.events if event == "fault"} == {
            "headed", "held", "noted",
        }  # fmt: skip


def test_an_answer_that_is_held_can_be_changed_or_refused() -> None:
    with upstream(answering(OK)) as live, mirror(Above(live)) as running:
        line = running.line()
        head, body = line.ask(request(target="/held/change"))
        assert head == b"HTTP/1.1 201 Created\r\nx-new: 1\r\ncontent-length: 3\r\n\r\n"
        assert body == b"ok!"
        assert _refused(*line.ask(request(target="/held/refuse"))) == (502, "schema_violation")
        assert _refused(*line.ask(request(target="/held/fail"))) == (500, "mirror_failed")


def test_an_answer_too_long_to_be_held_passes_or_is_refused() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 200
    limits = Limits(heard=100)

    def serve(line: Line) -> None:
        while line.message()[0]:
            line.send(answer[:150], answer[150:])

    with upstream(serve) as live, mirror(Above(live), limits=limits) as running:
        line = running.line()
        assert line.ask(request(target="/held/long/passed"))[1] == b"x" * 200
        found = line.ask(request(target="/held/long/refused"))
        assert _refused(*found) == (502, "answer_too_long")


def test_a_thousand_lines_a_second_are_ten_and_a_number() -> None:
    said: list[dict[str, object]] = []
    now = [0.0]
    events = Events(lambda event, fields: said.append({"event": event, **fields}), lambda: now[0])
    for _ in range(1000):
        events.say("failed", n=1)
    now[0] = 1.0
    events.say("failed", n=2)
    assert len(said) == 11
    assert said[-1] == {"event": "failed", "n": 2, "unsaid": 990}


@pytest.mark.parametrize("url", ["ftp://host/", "host:80", "http://", "http://host:99999"])
def test_an_upstream_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(UsageError, match="expected an upstream"):
        Server(NOTHING, [url])
