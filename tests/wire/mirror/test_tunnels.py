"""Upstreams are reached over TLS, and through the proxies that the environment names."""

from __future__ import annotations

import contextlib
import json
import queue
import select
import shutil
import socket
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from evalkit.core.errors import UsageError
from evalkit.wire.mirror.tunnels import way_to
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
    upstream,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("each_loop")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate of these tests, is not installed")
    file = tmp_path_factory.mktemp("tls") / "own.pem"
    command = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    )
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{file}.key", "-out", str(file)]
    subprocess.run([openssl, *command.split(), *names], check=True, capture_output=True)
    return file


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    """What a server with that certificate speaks."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, f"{certificate}.key")
    return context


def _tunnelling(line: Line) -> None:
    """Connect as a proxy does, and say nothing more."""
    head, _ = line.message(bodiless=True)
    method, target, _ = head.split(b" ", 2)
    if method != b"CONNECT" or header(head, "proxy-authorization") != "Basic dTpw":
        line.send(b"HTTP/1.1 407 Who are you\r\n\r\n")
        return
    host, _, port = target.decode().partition(":")
    with socket.create_connection((host, int(port)), PATIENCE) as other:
        line.send(b"HTTP/1.1 200 Fine\r\nX: 1\r\n\r\n")
        _pass_on(line.socket, other)


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    """Pass bytes on, both ways, until an end; in one thread, since a TLS socket takes no two."""
    other = {near: far, far: near}
    with contextlib.suppress(OSError):
        while True:
            unread = isinstance(near, ssl.SSLSocket) and near.pending()
            waiting = [near] if unread else select.select([near, far], [], [], PATIENCE)[0]
            if not waiting:
                return
            for one in waiting:
                data = one.recv(65_536)
                if not data:
                    return
                other[one].sendall(data)


def _answer(url: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """Return status and message of two requests over one connection, or the answer's body."""
    with mirror(Plain(url), environment=environment) as running:
        line = running.line()
        found = {line.ask(request()) for _ in range(2)}
        assert len(found) == 1 or all(status(head) != 200 for head, _ in found)
        head, body = found.pop()
        if status(head) == 200:
            return 200, body.decode()
        return status(head), json.loads(body)["error"]["message"]


def test_an_upstream_over_tls_is_trusted_if_somebody_vouches_for_it(
    tls: ssl.SSLContext, certificate: Path
) -> None:
    with upstream(answering(OK), tls=tls) as live:
        assert _answer(live, {"SSL_CERT_FILE": str(certificate)}) == (200, "ok")
        found = _answer(live, {})
        assert found[0] == 502
        assert "certificate" in found[1].lower()


def test_a_proxy_is_asked_for_the_whole_address() -> None:
    seen: queue.Queue[bytes] = queue.Queue()

    def serve(line: Line) -> None:
        while head := line.message()[0]:
            seen.put(head)
            line.send(OK)

    with upstream(serve) as proxy:
        named = proxy.replace("http://", "http://u:p@")
        assert _answer("http://nowhere.invalid:81", {"http_proxy": named}) == (200, "ok")
        head = seen.get(timeout=PATIENCE)
    assert head.startswith(b"POST http://nowhere.invalid:81/v1/chat HTTP/1.1\r\n")
    assert header(head, "host") == "nowhere.invalid:81"
    assert header(head, "proxy-authorization") == "Basic dTpw"


@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_opens_a_tunnel_to_an_upstream_over_tls(
    tls: ssl.SSLContext, certificate: Path, *, secure: bool
) -> None:
    with (
        upstream(answering(OK), tls=tls) as live,
        upstream(_tunnelling, tls=tls if secure else None) as proxy,
    ):
        environment = {
            "SSL_CERT_FILE": str(certificate),
            "https_proxy": proxy.replace("//", "//u:p@"),
        }
        assert _answer(live, environment) == (200, "ok")
        environment["https_proxy"] = proxy
        assert _answer(live, environment) == (
            502,
            "the upstream did not answer: no connection: the proxy did not open a tunnel: "
            "HTTP/1.1 407 Who are you",
        )


def test_a_proxy_that_hangs_up_opens_no_tunnel() -> None:
    def serve(line: Line) -> None:
        line.message()

    with upstream(serve) as proxy:
        found = _answer("https://127.0.0.1:1", {"https_proxy": proxy})
        assert found == (502, "the upstream did not answer: no connection: the proxy hung up")


def test_what_cannot_be_a_proxy_is_named() -> None:
    with pytest.raises(UsageError, match="expected a proxy such as"):
        way_to("http://host", {"http_proxy": "http://:99999"})
