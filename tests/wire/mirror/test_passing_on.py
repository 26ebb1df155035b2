"""Answers pass as they came: bytes, headers, framing, events; requests arrive as they were sent."""

from __future__ import annotations

import gzip
import queue
import socket
import threading

import pytest

from evalkit.core.mirror import Head, Limits, Routed, Trouble
from evalkit.core.model import Arm
from evalkit.wire.mirror.caller import Patience
from tests.wire.mirror.worlds import (
    OK,
    PATIENCE,
    Line,
    Plain,
    answering,
    header,
    mirror,
    request,
    status,
    until,
    upstream,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("each_loop")

ODD = (
    b"HTTP/1.1 200 Quite Fine\r\n"
    b"X-b: 2\r\nX-A: first\r\nSet-Cookie: a=1\r\nx-empty:\r\nX-A: second\r\nSet-Cookie: b=2\r\n"
    b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: its own\r\nX-Latin: caf\xe9\r\n"
    b"Content-Length: 7\r\n\r\n\x00\xff\r\n\r\n\x80"
)


def _asked(answer: bytes, asked: bytes, *, bodiless: bool = False) -> tuple[bytes, bytes]:
    with upstream(answering(answer)) as live, mirror(Plain(live)) as running:
        return running.ask(asked, bodiless=bodiless)


def test_an_answer_with_odd_headers_is_the_same_to_the_byte() -> None:
    head, body = _asked(ODD, request())
    assert head + body == ODD.replace(b"x-empty:\r\n", b"x-empty: \r\n")


def test_a_compressed_body_stays_compressed() -> None:
    packed = gzip.compress(b"long " * 1000, mtime=0)
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(
        packed
    )
    assert _asked(answer + packed, request()) == (answer, packed)


def test_headers_for_the_next_hop_alone_do_not_pass() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\n"
        b"Upgrade: h3\r\nProxy-Authenticate: Basic\r\nTrailer: X\r\nX-End: 1\r\nContent-Length: 0\r\n\r\n"
    )
    head, _ = _asked(answer, request())
    assert head == b"HTTP/1.1 200 OK\r\nX-End: 1\r\nContent-Length: 0\r\n\r\n"


def test_chunks_are_framed_anew_and_trailers_dropped() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    head, body = _asked(answer, request())
    assert head == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert body == b"5\r\nabcde\r\n0\r\n\r\n"


def test_a_body_that_ends_with_the_connection_is_chunked_or_ends_so_too() -> None:
    def serve(line: Line) -> None:
        line.message()
        line.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    with upstream(serve) as live, mirror(Plain(live)) as running:
        _, body = running.ask(request())
        assert body.endswith(b"0\r\n\r\n")
        assert b"all of it" in body
        line = running.line()
        line.send(b"GET /old HTTP/1.0\r\n\r\n")
        assert line.to_the_end() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX: 1\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"),
        ("GET", b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 99\r\n\r\n'),
    ],
)
def test_answers_without_a_body_keep_the_connection(method: str, answer: bytes) -> None:
    with upstream(answering(answer)) as live, mirror(Plain(live)) as running:
        line = running.line()
        for _ in range(3):
            assert line.ask(request(method, body=b""), bodiless=True)[0] == answer


def test_an_early_hint_passes_and_a_hundred_does_not() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    answer = b"HTTP/1.1 100 Continue\r\n\r\n" + hint + OK
    with upstream(answering(answer)) as live, mirror(Plain(live)) as running:
        line = running.line()
        line.send(request())
        assert line.until(b"\r\n\r\n") == hint
        assert line.message() == (OK[:-2], b"ok")


def test_a_thousand_events_arrive_one_by_one() -> None:
    """The upstream sends an event only when the caller has said that it has the one before."""
    acknowledged: queue.Queue[int] = queue.Queue()
    events = [f'data: {{"n": {n}}}\n\n'.encode() for n in range(1000)]

    def serve(line: Line) -> None:
        line.message()
        line.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for number, event in enumerate(events):
            line.send(b"%x\r\n%b\r\n" % (len(event), event))
            assert acknowledged.get(timeout=PATIENCE) == number
        line.send(b"0\r\n\r\n")

    with upstream(serve) as live:
        traffic = Plain(live)
        with mirror(traffic) as running:
            line = running.line()
            line.send(request())
            head = line.until(b"\r\n\r\n")
            assert header(head, "content-type") == "text/event-stream"
            for number, event in enumerate(events):
                framed = b"%x\r\n%b\r\n" % (len(event), event)
                assert line.exactly(len(framed)) == framed
                acknowledged.put(number)
            assert line.until(b"\r\n\r\n") == b"0\r\n\r\n"
            (heard,) = traffic.heard(Arm.BASELINE)
    assert heard.body == b"".join(events)
    assert heard.trouble is None


def test_what_is_sent_arrives_as_it_was() -> None:
    seen: queue.Queue[tuple[bytes, bytes]] = queue.Queue()

    def serve(line: Line) -> None:
        while True:
            head, body = line.message()
            if not head:
                return
            seen.put((head, body))
            line.send(OK)

    target = "/a/../b%2F%2e%2e/./c?x=%20&y=a%2fb"
    with upstream(serve) as live, mirror(Plain(live)) as running:
        asked = request(
            "PUT", target, b"\x00\xff",
            "Authorization: Bearer t", "Connection: x-hop, close", "X-Hop: 1", "TE: trailers", "X-A: 1", "X-A: 2",
            "Proxy-Authorization: Basic s",
        )  # fmt: skip
        assert status(running.ask(asked)[0]) == 200
        head, body = seen.get(timeout=PATIENCE)
        lines = head.decode().split("\r\n")
        assert lines[0] == f"PUT {target} HTTP/1.1"
        assert lines[1] == f"host: {live.removeprefix('http://')}"
        assert lines[2:5] == ["authorization: Bearer t", "x-a: 1", "x-a: 2"]
        assert lines[5].startswith("via: 1.1 evalkit-")
        assert lines[6:] == ["content-length: 2", "", ""]
        assert body == b"\x00\xff"
        chunked = (
            b"POST / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n"
            b"3\r\nabc\r\n1\r\nd\r\n0\r\nX: trailer\r\n\r\n"
        )
        assert status(running.ask(chunked)[0]) == 200
        head, body = seen.get(timeout=PATIENCE)
        assert (header(head, "content-length"), body) == ("4", b"abcd")
        assert not header(head, "x")
        assert status(running.ask(b"GET / HTTP/1.1\r\nHost: m\r\n\r\n")[0]) == 200
        assert "content-length" not in seen.get(timeout=PATIENCE)[0].decode()


def test_java_asks_for_another_protocol_and_is_served_in_this_one() -> None:
    with upstream(answering(OK)) as live, mirror(Plain(live)) as running:
        line = running.line()
        asked = request(
            "POST", "/", b"abc", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"
        )  # fmt: skip
        for _ in range(2):
            assert line.ask(asked) == (OK[:-2], b"ok")


def test_an_old_caller_that_asks_for_another_protocol_is_answered_in_its_own() -> None:
    asked = b"GET /v1/models HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    head, body = _asked(OK, asked)
    assert (status(head), body, header(head, "connection")) == (200, b"ok", "close")


def test_requests_that_are_sent_ahead_are_answered_in_order() -> None:
    def serve(line: Line) -> None:
        while True:
            head, _ = line.message()
            if not head:
                return
            target = head.split(b" ")[1]
            line.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target))

    with upstream(serve) as live, mirror(Plain(live)) as running:
        line = running.line()
        asked = [request("GET", f"/{number}", b"") for number in range(20)]
        line.send(b"".join(asked[:10]), *asked[10:])
        assert [line.message()[1] for _ in asked] == [f"/{number}".encode() for number in range(20)]


def test_a_caller_that_waits_to_be_told_is_told() -> None:
    with upstream(answering(OK)) as live, mirror(Plain(live)) as running:
        line = running.line()
        line.send(request("POST", "/", b"abc", "Expect: 100-continue")[:-3])
        assert line.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert line.ask(b"abc") == (OK[:-2], b"ok")


def test_a_caller_that_leaves_takes_its_upstream_request_with_it() -> None:
    closed: queue.Queue[bool] = queue.Queue()

    def serve(line: Line) -> None:
        line.message()
        closed.put(line.more())  # nothing comes: the connection ends, while the upstream is silent

    with upstream(serve) as live:
        traffic = Plain(live)
        with mirror(traffic) as running:
            line = running.line()
            line.send(request())
            until(lambda: running.counted().active == 1)
            line.close()
            assert closed.get(timeout=PATIENCE) is False
            (heard,) = traffic.heard(Arm.BASELINE)
            assert (heard.trouble, heard.head) == (Trouble.CALLER_LEFT, None)
            until(lambda: running.counted().active == 0)


def test_a_caller_that_leaves_in_the_middle_of_a_stream_ends_it() -> None:
    closed: queue.Queue[bool] = queue.Queue()

    def serve(line: Line) -> None:
        line.message()
        line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        closed.put(line.more())

    with upstream(serve) as live:
        traffic = Plain(live)
        with mirror(traffic) as running:
            line = running.line()
            line.send(request())
            line.until(b"abc\r\n")
            line.reset()
            assert closed.get(timeout=PATIENCE) is False
            (heard,) = traffic.heard(Arm.BASELINE)
            assert (heard.trouble, heard.body) == (Trouble.CALLER_LEFT, b"abc")


def test_a_slow_caller_slows_the_upstream_and_gets_everything() -> None:
    piece, pieces = b"x" * 65_536, 400
    blocked: queue.Queue[int] = queue.Queue()

    def serve(line: Line) -> None:
        line.message()
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(piece) * pieces))
        line.socket.settimeout(0.5)
        sent = 0
        try:
            while sent < len(piece) * pieces:
                sent += line.socket.send(piece[: len(piece) * pieces - sent])
        except TimeoutError:
            blocked.put(sent)
        line.socket.settimeout(PATIENCE)
        while sent < len(piece) * pieces:
            sent += line.socket.send(piece[: len(piece) * pieces - sent])

    with upstream(serve) as live, mirror(Plain(live)) as running:
        line = running.line()
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        line.send(request())
        assert blocked.get(timeout=PATIENCE) < len(piece) * pieces
        head, body = line.message()
        assert status(head) == 200
        assert body == piece * pieces


def test_a_caller_that_reads_nothing_is_answered_no_further() -> None:
    asked, length, step = 2_000, 16_384, 50
    answered: list[bytes] = []

    def serve(line: Line) -> None:
        while head := line.message()[0]:
            if header(head, "x-eager"):
                answered.append(head)
            line.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length)

    with upstream(serve) as live, mirror(Plain(live)) as running:
        eager, other = running.line(), running.line()
        eager.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        eager.send(request("POST", "/v1/chat", b"{}", "X-Eager: 1") * asked)
        seen = -1
        while seen < len(answered):
            seen = len(answered)
            for _ in range(step):  # others are answered meanwhile
                assert len(other.ask(request())[1]) == length
        assert seen < asked
        assert all(len(eager.message()[1]) == length for _ in range(asked))


class _Holds(Plain):
    """Holds every answer until it is whole."""

    def held(self, routed: Routed, head: Head) -> bool:
        """Hold it."""
        del routed, head
        return True


def test_a_caller_that_is_slow_to_the_end_is_waited_for() -> None:
    length = 2**24
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + b"x" * length
    with (
        upstream(answering(answer)) as live,
        mirror(
            traffic := _Holds(live), limits=Limits(heard=length), patience=Patience(leaving=0.0)
        ) as running,
    ):
        slow = running.line()
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        slow.send(request("POST", "/v1/chat", b"{}", "Connection: close"))
        traffic.heard(Arm.BASELINE)
        for _ in range(2):  # who was refused is let go at the next look
            refused = running.line()
            refused.send(b"POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n")
            assert refused.to_the_end()
            until(lambda: running.counted().connections == 1)
        assert len(slow.message()[1]) == length


def test_an_upstream_that_answers_before_it_was_asked_in_full_is_not_asked_again() -> None:
    connections: list[Line] = []
    ended = threading.Event()

    def serve(line: Line) -> None:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connections.append(line)
        first = len(connections) == 1
        line.until(b"\r\n\r\n")
        line.send(OK)
        if first:
            ended.wait(PATIENCE)  # the rest of the body is never read

    with upstream(serve) as live, mirror(Plain(live)) as running:
        assert running.ask(request("POST", "/v1/chat", b"x" * 2**24))[1] == b"ok"
        assert running.ask(request("GET", "/v1/models", b""))[1] == b"ok"
        ended.set()
    assert len(connections) == 2
