"""Whatever bytes callers and upstreams send: nothing breaks, nobody is forgotten, and all counts add up."""

from __future__ import annotations

import contextlib
import random
import socket
import threading

import pytest

from evalkit.core.mirror import CopyLimits
from evalkit.core.model import Arm
from tests.wire.mirror.worlds import OK, Line, Plain, mirror, request, until, upstream

ASKED = 120
REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: m\r\n\r\n",
    b"HEAD /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: x\r\n\r\n",
    request(),
    request("POST", "/", b"abc", "Connection: Upgrade", "Upgrade: h2c"),
    request("POST", "/", b"abc", "Expect: 100-continue"),
]
ANSWERS = [
    OK,
    OK + OK,
    b"HTTP/1.0 200 OK\r\n\r\nabc",
    b"HTTP/1.1 204 N\r\n\r\n",
    b"HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 103 E\r\nLink: x\r\n\r\n" + OK,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n",
]
PIECES = [
    b"\r\n", b"\0", b":", b" ", b"\r", b"\n", b"x" * 50, b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n",
]  # fmt: skip


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return a message with a few changes, or none."""
    found = bytearray(data)
    for _ in range(chance.choice([0, 0, 1, 1, 2, 5])):
        place = chance.randrange(len(found) + 1)
        match chance.randrange(3):
            case 0:
                found[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                found[place:place] = chance.choice(PIECES)
            case 2:
                del found[place : place + chance.randrange(10)]
    return bytes(found)


@pytest.mark.parametrize("seed", range(3))
def test_any_bytes_are_answered_refused_or_ended(seed: int) -> None:
    lock, chance = threading.Lock(), random.Random(seed)

    def serve(line: Line) -> None:
        while line.more():
            with lock:
                data, ends = changed(chance.choice(ANSWERS), chance), chance.random() < 0.5
            line.rest = b""
            half = len(data) // 2
            line.send(data[:half], data[half:])
            if ends:
                return

    with upstream(serve) as live:
        traffic = Plain(live, live, timeout=0.3)
        with mirror(traffic, copies=CopyLimits(timeout=0.3)) as running:
            for _ in range(ASKED):
                with lock:
                    data = changed(chance.choice(REQUESTS), chance)
                line = running.line()
                with contextlib.suppress(OSError):
                    line.send(data[: len(data) // 2], data[len(data) // 2 :])
                    line.socket.settimeout(0.02)
                    line.more()
                    line.socket.shutdown(socket.SHUT_WR)
            for line in running.lines:
                line.close()
            until(lambda: running.counted().connections == 0)
            until(lambda: not running.counted().copies.waiting + running.counted().copies.under_way)
            counted = running.counted()
            copies, arms = counted.copies, [arm for _, arm, _ in traffic.notes]
            ended = sum(counted.answered.values()) + sum(counted.troubled.values())
            assert ended == arms.count(Arm.BASELINE) > ASKED / 10
            assert copies.offered == copies.answered + sum(copies.failed.values())
            assert copies.offered == arms.count(Arm.CANDIDATE)
            assert counted.active == 0
            assert not [fields for event, fields in running.events if event == "fault"]
