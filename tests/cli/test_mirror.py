"""``evalkit mirror`` as a process: what it says, where it is watched, how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.wire.mirror.worlds import OK, PATIENCE, Line, answering, request, until, upstream
from tests.worlds import EVALKIT, evalkit


@dataclass
class Started:
    """A mirror that runs as a process."""

    process: subprocess.Popen[bytes]
    said: Path

    def address(self, what: str) -> str:
        """Return the address that it says something about."""
        found: list[str] = []

        def told() -> bool:
            assert self.process.poll() is None, self.said.read_text()
            found[:] = re.findall(rf"{what} (http://\S+)\n", self.said.read_text())
            return bool(found)

        until(told)
        return found[0]

    def asked(self, path: str) -> tuple[int, str]:
        """Return status and text of one of its own pages."""
        try:
            with urlopen(f"{self.address('/metrics at')}{path}", timeout=PATIENCE) as page:  # noqa: S310 - our own
                return page.status, page.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def events(self) -> list[str]:
        """Return the names of the events that it told in JSON."""
        lines = self.said.read_text().splitlines()
        return [json.loads(line)["event"] for line in lines if line.startswith("{")]


def config(folder: Path, url: str, **more: object) -> Path:
    """Write the file of a mirror."""
    file = folder / "chat.yaml"
    keys = {
        "version": 1, "listen": "127.0.0.1:0", "admin": "127.0.0.1:0",
        "live": {"url": url}, "candidate": {"url": "http://127.0.0.1:9"}, **more,
    }  # fmt: skip
    file.write_text(json.dumps(keys))
    return file


@contextmanager
def started(folder: Path, file: Path) -> Iterator[Started]:
    """Run a mirror until the block ends."""
    said = folder / "said"
    with said.open("wb") as stream:
        process = subprocess.Popen([EVALKIT, "mirror", file], cwd=folder, stderr=stream)
    try:
        yield Started(process, said)
    finally:
        process.kill()
        process.wait(PATIENCE)


def test_a_mirror_is_watched_beside_its_traffic(tmp_path: Path) -> None:
    with upstream(answering(OK)) as live, started(tmp_path, config(tmp_path, live)) as mirror:
        line = Line.to(mirror.address("listens at"))
        assert line.ask(request()) == (OK[:-2], b"ok")
        assert mirror.asked("/healthz") == (200, "ok\n")
        assert mirror.asked("/else")[0] == 404
        status, metrics = mirror.asked("/metrics")
        assert status == 200
        assert 'evalkit_mirror_answers_total{arm="baseline",status="2xx"} 1\n' in metrics
        line.close()
        mirror.process.terminate()
        assert mirror.process.wait(PATIENCE) == 0
        assert mirror.events() == ["started", "ended"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_waits_for_callers_and_the_second_does_not(
    tmp_path: Path, number: signal.Signals
) -> None:
    goes_on = threading.Event()

    def serve(line: Line) -> None:
        line.message()
        goes_on.wait(PATIENCE)
        line.send(OK)

    for twice in (False, True):
        with upstream(serve) as live, started(tmp_path, config(tmp_path, live)) as mirror:
            line = Line.to(mirror.address("listens at"))
            line.send(request())
            until(lambda: "under_way 1" in mirror.asked("/metrics")[1])
            mirror.process.send_signal(number)
            until(lambda: mirror.asked("/healthz") == (503, "draining\n"))
            if twice:
                mirror.process.send_signal(number)
                assert mirror.process.wait(PATIENCE) == 128 + number
            else:
                goes_on.set()
                assert line.message()[1] == b"ok"
                assert mirror.process.wait(PATIENCE) == 0
            line.close()
            goes_on.clear()


def test_a_file_is_checked_without_opening_anything(tmp_path: Path) -> None:
    live = {"url": "http://127.0.0.1:1", "headers": {"x-key": "${env:NOT_SET}"}}
    file = config(tmp_path, "", live=live, paths=["/v1/*"], log={"path": "chat.jsonl"})
    done = evalkit("mirror", file.name, "--check", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "chat.yaml: valid",
        "  live: http://127.0.0.1:1 answers everybody",
        "  candidate: http://127.0.0.1:9 gets copies of 100 % of the requests for /v1/*",
        "  log: chat.jsonl",
        "  not here: live.headers.x-key: the environment variable NOT_SET is not set; export NOT_SET=…",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["chat.yaml"]


def test_a_candidate_that_is_the_live_endpoint_is_told_before_it_compares_nothing(
    tmp_path: Path,
) -> None:
    same = {"url": "http://127.0.0.1:1"}
    for own, warned in (({}, True), ({"body": {"model": "m-2"}}, False)):
        file = config(tmp_path, "", live=same, candidate={**same, **own})
        done = evalkit("mirror", file.name, "--check", folder=tmp_path)
        assert done.code == 0
        assert ("warning: the candidate is the live endpoint, asked the same" in done.out) is warned


@pytest.mark.parametrize(
    ("keys", "message"),
    [({"listen": "here"}, "listen"), ({"live": {"url": "ftp://x"}}, "live.url")],
)
def test_a_file_that_says_something_else_is_refused(
    tmp_path: Path, keys: dict[str, object], message: str
) -> None:
    done = evalkit("mirror", config(tmp_path, "http://x", **keys).name, folder=tmp_path)
    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize("key", ["listen", "admin"])
def test_an_address_that_is_taken_is_named(tmp_path: Path, key: str) -> None:
    with upstream(answering(OK)) as taken:
        keys = {key: taken.removeprefix("http://")}
        done = evalkit("mirror", config(tmp_path, "http://h", **keys).name, folder=tmp_path)
    assert done.code == 2
    assert f"{key}: {keys[key]}: " in done.err
    assert "in use" in done.err


def test_the_extra_that_is_missing_is_named(tmp_path: Path) -> None:
    file = config(tmp_path, "http://127.0.0.1:1")
    code = (
        "import sys; sys.modules['httptools'] = None; "
        "from evalkit.cli import main; sys.argv[0] = 'evalkit'; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "mirror", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'evalkit-gate[mirror]'" in done.stderr
