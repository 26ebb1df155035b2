"""A real nginx before two real upstreams, with the configuration that ``deploy/nginx`` holds."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.fakes.serving import Server
from tests.worlds import EVALKIT

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
needs_nginx = pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed here")
PATIENCE = 20.0
"""Seconds after which what never comes is a failure."""
GONE = "exited with code 0"
"""What the error log says of a worker that has ended."""

MAIN = """\
%sdaemon off;
pid nginx.pid;
error_log error.log notice;
worker_processes 1;
events {}
http {
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    include %s;
}
"""


class Arm(Server):
    """A server to which it is no trouble that nginx closes a connection.

    Copies come without anybody waiting for an answer, all at once where the machine is busy: one that
    could not wait to be taken would be sent again after a second, and be lost to nginx's limit of two.
    """

    def handle_error(self, *_: object) -> None:
        """Keep the output of the tests clean."""


class Upstream:
    """An arm: answers with its name, fails for the users it is told, and waits until it is let go."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fails: Callable[[str], bool] = lambda _: False
        self.free = threading.Event()
        self.free.set()
        self.ids: list[str] = []
        self.bodies: list[bytes] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                upstream.ids.append(self.headers.get("X-Request-Id", ""))
                upstream.bodies.append(body)
                upstream.free.wait(PATIENCE)
                answer = upstream.name.encode()
                self.send_response(503 if upstream.fails(self.headers["X-User"]) else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Keep the output of the tests clean."""

        self.server = Arm(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End it; whoever waits is let go."""
        self.free.set()
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Nginx:
    """A running nginx. It listens on a socket in its folder: no port can be taken by somebody else."""

    folder: Path
    baseline: Upstream
    candidate: Upstream
    process: subprocess.Popen[bytes]
    options: tuple[str, ...] = field(default=())

    def ask(self, user: str, body: bytes = b"{}") -> tuple[int, str]:
        """Ask once over a connection of its own, and return the status and which arm answered."""
        status, text, _ = self.answer(user, body)
        return status, text

    def answer(self, user: str, body: bytes = b"{}") -> tuple[int, str, str | None]:
        """Ask once, and return what becomes of the connection too."""
        connection = http.client.HTTPConnection("chat.test")
        connection.sock = _connected(self.folder / "http.sock")
        with closing(connection):
            connection.request("POST", "/v1/chat?x=1", body=body, headers={"X-User": user})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers["Connection"]

    def split(self, text: str) -> None:
        """Put another split in place, and wait for the workers of before to be gone."""
        before = self.notices(GONE)
        (self.folder / "split.conf").write_text(text)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.notices(GONE) > before)

    def log(self, name: str) -> list[dict[str, Any]]:
        """Return what the access log holds."""
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    def notices(self, text: str) -> int:
        """Return how often the error log says something."""
        return (self.folder / "error.log").read_text(errors="replace").count(text)

    def apply(self, envelope: Path, state: Path) -> subprocess.CompletedProcess[str]:
        """Run ``apply.sh``, and wait for the workers of before to be gone where it reloads."""
        before = self.notices(GONE)
        split = self.folder / "split.conf"
        old = split.read_text()
        done = subprocess.run(
            ["sh", self.folder / "apply.sh", envelope, state, split, *self.options],  # noqa: S607
            env={**os.environ, "PATH": f"{EVALKIT.parent}:{os.environ['PATH']}:/usr/sbin"},
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        if done.returncode == 0 and split.read_text() != old:
            until(lambda: self.notices(GONE) > before)
        return done

    def stop(self) -> None:
        """Let it answer what is under way, and end."""
        self.candidate.free.set()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(PATIENCE)


@contextmanager
def started(recipe: str) -> Iterator[Nginx]:
    """Start nginx with a file of ``deploy/nginx``; its ports and its socket are those of the test."""
    baseline, candidate = Upstream("baseline"), Upstream("candidate")
    # The path of a socket has at most a hundred letters: the folders of pytest are too deep.
    with TemporaryDirectory(prefix="evalkit-") as name:
        folder = Path(name)
        for path in (REPOSITORY / "deploy" / "nginx").iterdir():
            text = path.read_text(encoding="utf-8")
            for there, here in (
                ("listen 8080;", f"listen unix:{folder}/http.sock;"),
                ("127.0.0.1:9001", f"127.0.0.1:{baseline.server.server_port}"),
                ("127.0.0.1:9002", f"127.0.0.1:{candidate.server.server_port}"),
            ):
                text = text.replace(there, here)
            (folder / path.name).write_text(text, encoding="utf-8")
        # Workers of a master that is root become nobody, who may not write into the folder.
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN % (user, recipe))
        options = ("-p", name, "-c", "nginx.conf", "-e", f"{name}/error.log")
        process = subprocess.Popen(
            [str(PROGRAM), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        running = Nginx(folder, baseline, candidate, process, options)
        try:
            until(lambda: process.poll() is not None or (folder / "http.sock").exists())
            assert process.poll() is None, (folder / "error.log").read_text()
            yield running
        finally:
            try:
                running.stop()
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(PATIENCE)
                baseline.stop()
                candidate.stop()


def until(true: Callable[[], bool]) -> None:
    """Wait for something that comes soon; what never comes is a failure."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def _connected(path: Path) -> socket.socket:
    found = socket.socket(socket.AF_UNIX)
    found.settimeout(PATIENCE)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            found.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            assert time.monotonic() < end, "nginx does not listen"
            time.sleep(0.01)
        else:
            return found
