"""The page of the mirror can be tried out as it is written: endpoints, a shadow, a canary, a rollback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.report.mirror.metrics import metrics_text
from tests.conftest import REPOSITORY
from tests.docs.pages import blocks, copied
from tests.mirrors import free_port, until
from tests.report.test_mirror_metrics import SERVER, TRAFFIC

PAGE = "docs/mirror.md"
PORTS = ("8080", "9001", "9002", "9465")


class Shell:
    """Runs lines as a shell would that has evalkit installed; what ends with ``&`` runs on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {port: str(free_port()) for port in PORTS}
        self.jobs: list[subprocess.Popen[bytes]] = []
        for path in (folder / "traffic" / "desk").glob("*.yaml"):
            path.write_text(self.here(path.read_text()))

    def here(self, text: str) -> str:
        """Return a text with the ports of this test."""
        return re.sub("|".join(PORTS), lambda found: self.ports[found[0]], text)

    def environment(self) -> dict[str, str]:
        """Return an environment in which commands are found."""
        return {
            **os.environ, "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }  # fmt: skip

    def run(self, line: str) -> str:
        """Run a line, and return what it printed; one that runs on has begun to listen by then."""
        line = self.here(line)
        if line.endswith("&"):
            said = self.folder / f"job-{len(self.jobs)}"
            with said.open("wb") as stream:
                self.jobs.append(subprocess.Popen(
                    line.removesuffix("&").split(), cwd=self.folder, env=self.environment(),
                    stdout=stream, stderr=stream,
                ))  # fmt: skip
            until(lambda: re.search("listens at|HOLD", said.read_text()) or self.jobs[-1].poll())
            assert self.jobs[-1].poll() is None, said.read_text()
            return said.read_text()
        done = subprocess.run(
            line.split(), cwd=self.folder, env=self.environment(),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in a copy of the repository, whose jobs end with the test."""
    found = Shell(copied(tmp_path))
    try:
        yield found
    finally:
        for job in found.jobs:
            job.kill()
            job.wait()


def test_the_page_can_be_tried_out_as_it_is_written(shell: Shell) -> None:
    page = blocks(PAGE)
    shadow, asking, judging, rolling_out = (
        block.text.splitlines() for block in page if block.language == "sh"
    )
    asked, judged = (block.text for block in page if block.language == "text")
    for line in shadow:
        shell.run(line)
    assert shell.run(*asking) == asked
    mirror = shell.jobs[-1]
    mirror.send_signal(signal.SIGTERM)
    assert mirror.wait(60) == 0
    assert judged.strip() in shell.run(*judging)
    *begun, asking_again = rolling_out
    for line in begun:
        shell.run(line)
    until(lambda: "desk-2" in shell.run(asking_again), 0.3)
    until(lambda: "desk-1" not in shell.run(asking_again), 0.3)


def test_what_is_shown_of_the_example_is_what_is_shipped() -> None:
    shown = next(block.text for block in blocks(PAGE) if block.language == "yaml")
    assert shown == (REPOSITORY / "traffic" / "desk" / "shadow.yaml").read_text()


def test_every_metric_that_the_page_names_is_there() -> None:
    page = (REPOSITORY / PAGE).read_text()
    named = set(re.findall(r"`(\w+(?:_total|_seconds))\b", page))
    known = set(re.findall(r"^evalkit_mirror_(\w+)", metrics_text(SERVER, TRAFFIC), re.MULTILINE))
    assert named
    assert named <= known
