"""``evalkit canary --watch``, as it is run: it stays, answers, tells a webhook, and ends when it is told to."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from evalkit.testing.server import Reply, scripted
from tests.canaries import LOOK, Traffic, written
from tests.conftest import REPOSITORY
from tests.worlds import EVALKIT, evalkit

PATIENCE = 60.0
LOOKS = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an envelope, and a log of the last minutes in which nothing is wrong."""
    written(tmp_path)
    begin = (time.time() // LOOK - LOOKS) * LOOK
    traffic = Traffic(begin=begin, per_second=5.0)
    (tmp_path / "app.log").write_text("".join(traffic.lines(begin, time.time())))
    return tmp_path


@dataclass
class Running:
    """A watcher at work."""

    process: subprocess.Popen[str]
    errors: IO[str]
    address: str = ""

    def get(self, path: str, data: bytes | None = None) -> tuple[int, str]:
        """Return the status and the body of an answer."""
        request = urllib.request.Request(f"{self.address}{path}", data=data)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def until(self, done: Callable[[], object]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, "it never was"
            assert self.process.poll() is None, "it ended"
            select.select([], [], [], 0.02)


@contextmanager
def watcher(folder: Path, *options: str, **environment: str) -> Iterator[Running]:
    """Run a watcher for as long as the block lasts."""
    with (
        (folder / "errors").open("w+") as errors,
        subprocess.Popen(
            [str(EVALKIT), "canary", "envelope.yaml", *options, "--watch", "--listen", "127.0.0.1:0"],
            cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True,
            env={**os.environ, "NO_COLOR": "1", **environment},
        ) as process,
    ):  # fmt: skip
        running = Running(process, errors)
        try:
            running.until(lambda: "answers at" in (folder / "errors").read_text())
            found = re.search(r"answers at (\S+)", (folder / "errors").read_text())
            assert found is not None
            running.address = found[1]
            running.until(lambda: running.get("/decision")[0] == 200)
            yield running
        finally:
            process.kill()


def test_a_watcher_decides_serves_tells_and_ends_well(folder: Path) -> None:
    with scripted([Reply(204)]) as receiver:
        options = ("app.log", "--webhook", "${env:HOOK}", "--json")
        with watcher(folder, *options, HOOK=f"{receiver.url}/s3cret-path") as running:
            page = json.loads(running.get("/decision")[1])
            assert page["decision"] == "promote"
            running.until(lambda: receiver.heard)
            running.until(lambda: json.loads(running.get("/decision")[1])["watcher"]["webhook"])
            families = {
                family.name for family in text_string_to_metric_families(running.get("/metrics")[1])
            }
            assert {"evalkit_canary_decision", "evalkit_canary_ticks"} <= families
            assert running.get("/healthz") == (200, "ok\n")
            assert running.get("/nothing")[0] == 404
            _plays_argo(running, page["run"])
            _plays_flagger(running)
            running.process.send_signal(signal.SIGTERM)
            out, _ = running.process.communicate(timeout=PATIENCE)
            assert running.process.returncode == 0
    first = json.loads(out.splitlines()[0])
    assert (first["decision"], first["number"]) == ("promote", 1)
    told = [json.loads(heard.body)["decision"]["number"] for heard in receiver.heard]
    assert told == list(range(1, len(told) + 1))
    everything = (
        out
        + (folder / "errors").read_text()
        + "".join(path.read_text() for path in folder.glob("canary*"))
    )
    assert "s3cret" not in everything


def _plays_argo(running: Running, run: str) -> None:
    """Ask as Argo does by the shipped template, and judge as it does."""
    template, _ = yaml.safe_load_all((REPOSITORY / "deploy" / "argo" / "web.yaml").read_text())
    metric = template["spec"]["metrics"][0]
    assert {arg["name"] for arg in template["spec"]["args"]} == {"watcher", "weight", "run"}

    def phase(weight: str, of: str) -> str:
        url = metric["provider"]["web"]["url"]
        for name, value in (("watcher", ""), ("weight", weight), ("run", of)):
            url = url.replace("{{args." + name + "}}", value)
        status, body = running.get(url)
        if not 200 <= status < 300:
            return "Error"
        path = metric["provider"]["web"]["jsonPath"]
        result = json.loads(body)[re.fullmatch(r"\{\$\.(\w+)\}", path)[1]]  # type: ignore[index]
        if result == re.fullmatch(r'result == "(\w+)"', metric["failureCondition"])[1]:  # type: ignore[index]
            return "Failed"
        success = re.fullmatch(r'result == "(\w+)"', metric["successCondition"])
        assert success is not None
        return "Successful" if result == success[1] else "Inconclusive"

    assert phase("20", run) == "Successful"
    assert phase("50", run) == "Inconclusive", "the promotion before it says nothing of this stage"
    assert phase("20", "another") == "Inconclusive"
    assert phase("7", run) == "Error", "a stage that nobody knows is no success"


def _plays_flagger(running: Running) -> None:
    """Call the hooks of the shipped manifest as Flagger does."""
    canary = yaml.safe_load((REPOSITORY / "deploy" / "flagger" / "canary.yaml").read_text())
    hooks = {hook["type"]: hook["url"] for hook in canary["spec"]["analysis"]["webhooks"]}
    payload: dict[str, Any] = {
        "name": "chat",
        "namespace": "default",
        "phase": "Progressing",
        "checksum": "a1",
    }

    def passes(kind: str, **changed: str) -> bool:
        path = (
            hooks.get(kind, f"http://x:1/flagger/{kind}").partition(":9464")[2]
            or f"/flagger/{kind}"
        )
        status, _ = running.get(path, json.dumps(payload | changed).encode())
        return status <= 202

    assert not passes("rollback")
    assert passes("rollout")
    assert not passes("confirm-traffic-increase"), "stages were passed before it ever asked"
    assert not passes("confirm-promotion")
    assert not passes("no-such-hook")
    assert running.get("/flagger/rollback")[0] == 405
    assert running.get("/flagger/rollback", b"no json")[0] == 400


def test_a_watcher_ends_with_the_stage_it_waits_for(folder: Path) -> None:
    done = evalkit("canary", "envelope.yaml", "app.log", "--watch", "--until", "20%", folder=folder)
    assert done.code == 0
    assert re.match(r"\S+Z  PROMOTE   1  stage 1 of 2, 50 %: no alarm", done.out)
    again = evalkit(
        "canary", "envelope.yaml", "app.log", "--watch", "--until", "20%", folder=folder
    )
    assert again.code == 0, "a job that is started again finds the stage decided"


def test_a_watcher_that_is_told_to_end_before_its_stage_is_decided_says_so(folder: Path) -> None:
    with watcher(folder, "app.log", "--until", "50%") as running:
        running.process.send_signal(signal.SIGINT)
        running.process.communicate(timeout=PATIENCE)
        assert running.process.returncode in {3, 4}


def test_a_rollback_is_exit_code_1(folder: Path) -> None:
    begin = (time.time() // LOOK - LOOKS) * LOOK
    bad = Traffic(begin=begin, per_second=5.0, worse=0.0)
    (folder / "app.log").write_text("".join(bad.lines(begin, time.time())))
    done = evalkit("canary", "envelope.yaml", "app.log", "--watch", "--until", "20%", folder=folder)
    assert done.code == 1
    assert "ROLLBACK" in done.out


def test_a_webhook_that_is_down_is_told_of_and_hears_it_from_the_next_watcher(folder: Path) -> None:
    hook = ("--webhook", "${env:HOOK}")
    with scripted([Reply(503)]) as receiver:
        url = f"{receiver.url}/hook"
        with watcher(folder, "app.log", *hook, HOOK=url) as running:
            running.until(lambda: "waits for the webhook" in (folder / "errors").read_text())
            running.process.kill()
    with scripted([Reply(200)]) as receiver:
        url = f"{receiver.url}/hook"
        with watcher(folder, "app.log", *hook, HOOK=url) as running:
            running.until(lambda: receiver.heard)
        assert json.loads(receiver.heard[0].body)["decision"]["number"] == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--until", "7%"), "expected the share of a stage (20 %, 50 %), found 7 %"),
        (("--until", "soon"), "expected --until to be a share such as 5%, found 'soon'"),
        (("--listen", "nowhere"), "expected --listen HOST:PORT"),
        (("--webhook", "nowhere"), "expected the webhook to be an address"),
        (("--every", "never"), "never"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    folder: Path, options: tuple[str, ...], said: str
) -> None:
    done = evalkit("canary", "envelope.yaml", "app.log", "--watch", *options, folder=folder)
    assert done.code == 2
    assert said in done.err.replace("\u00a0", " ")


def test_on_a_terminal_the_newest_decision_stands_there(folder: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [str(EVALKIT), "canary", "envelope.yaml", "app.log", "--watch"], cwd=folder,
        stdout=theirs, stderr=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:  # fmt: skip
        os.close(theirs)
        text, end = b"", time.monotonic() + PATIENCE
        while b"Ctrl-C ends it" not in text:
            assert time.monotonic() < end
            if select.select([ours], [], [], 1.0)[0]:
                text += os.read(ours, 65_536)
        process.send_signal(signal.SIGINT)
        while select.select([ours], [], [], PATIENCE)[0]:
            try:
                if not os.read(ours, 65_536):
                    break
            except OSError:  # the other end was closed
                break
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    assert b"PROMOTE" in text


def test_the_job_that_argo_runs_is_a_call_that_evalkit_takes(folder: Path) -> None:
    template = yaml.safe_load((REPOSITORY / "deploy" / "argo" / "job.yaml").read_text())
    job = template["spec"]["metrics"][0]["provider"]["job"]["spec"]
    [container] = job["template"]["spec"]["containers"]
    filled = {
        "/etc/evalkit/chat.yaml": "envelope.yaml", "/var/lib/evalkit": str(folder),
        "{{args.run}}": "2026-05-20", "{{args.weight}}": "20",
    }  # fmt: skip
    arguments = list(container["args"])
    for before, after in filled.items():
        arguments = [argument.replace(before, after) for argument in arguments]
    done = evalkit(*arguments, "app.log", folder=folder)
    assert done.code == 0
    assert json.loads((folder / "chat.json").read_text())["run"] == "2026-05-20"
    [rule, _] = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [1])
