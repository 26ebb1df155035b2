"""The small server beside a watcher: it answers, bounds what it reads, and ends when it is told to."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from evalkit.core.errors import UsageError
from evalkit.wire.listening import JSON, LONGEST_BODY, Asked, Said, host_and_port, listening


def echo(asked: Asked) -> Said:
    """Say what was asked."""
    said = {
        "method": asked.method,
        "path": asked.path,
        "query": dict(asked.query),
        "body": asked.body.decode(),
    }
    return Said(200 if asked.path != "/no" else 409, json.dumps(said), JSON)


@pytest.fixture
def address() -> Iterator[str]:
    """Where a server listens that echoes."""
    with listening("0", echo) as found:
        yield found


def got(request: str | urllib.request.Request) -> dict[str, object]:
    """Return what was echoed."""
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        assert response.headers["cache-control"] == "no-store"
        found: dict[str, object] = json.loads(response.read())
        return found


def test_a_question_comes_through_as_it_was_asked(address: str) -> None:
    assert got(f"{address}/stages/5?run=a%20b") == {
        "method": "GET", "path": "/stages/5", "query": {"run": "a b"}, "body": "",
    }  # fmt: skip
    posted = urllib.request.Request(f"{address}/x", data=b"body", method="POST")  # noqa: S310
    assert got(posted)["body"] == "body"
    with pytest.raises(urllib.error.HTTPError) as caught:
        got(f"{address}/no")
    assert caught.value.code == 409
    caught.value.close()


def test_a_head_has_no_body(address: str) -> None:
    asked = urllib.request.Request(f"{address}/x", method="HEAD")  # noqa: S310
    with urllib.request.urlopen(asked, timeout=10) as response:  # noqa: S310
        assert int(response.headers["content-length"]) > 0
        assert response.read() == b""


@pytest.mark.parametrize("length", [str(LONGEST_BODY + 1), "-1", "many"])
def test_a_body_that_is_too_long_or_does_not_say_is_not_read(address: str, length: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"POST /x HTTP/1.0\r\ncontent-length: {length}\r\n\r\n".encode())
        assert b" 413 " in connection.recv(4096)


def test_a_connection_that_breaks_off_harms_nobody(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    for words in (b"", b"GET", b"POST /x HTTP/1.0\r\ncontent-length: 10\r\n\r\nshort"):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(words)
    assert got(f"{address}/still")["path"] == "/still"


def test_it_listens_on_this_machine_unless_somebody_says_otherwise() -> None:
    assert host_and_port("9464") == ("127.0.0.1", 9464)
    assert host_and_port(":9464") == ("127.0.0.1", 9464)
    assert host_and_port("0.0.0.0:80") == ("0.0.0.0", 80)  # noqa: S104
    for wrong in ("host", "host:", "host:x", "host:65536", "host:²"):
        with pytest.raises(UsageError, match="expected --listen HOST:PORT"):
            host_and_port(wrong)


def test_an_address_that_is_taken_is_said(address: str) -> None:
    with (
        pytest.raises(UsageError, match="--listen"),
        listening(address.removeprefix("http://"), echo),
    ):
        pass
