"""A watcher that is killed at any point loses no decision, repeats none, and counts no request twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.testing.server import Heard, Reply, ScriptedServer, scripted
from evalkit.wire.webhook import SECRET, signature
from tests.canaries import BEGIN, PROMETHEUS, written
from tests.conftest import REPOSITORY
from tests.fakes.prometheus import prometheus

WATCHER = REPOSITORY / "tests" / "fakes" / "killed_watcher.py"
TRAFFIC: dict[str, Any] = {"shares": ((0, 0.2), (240, 0.5)), "worse": 360}
KEY = "a secret of the receiver"


def lived(
    folder: Path, envelope: Path, server: ScriptedServer, *, lives: int, seed: int = 0,
    **settings: Any,
) -> list[int]:  # fmt: skip
    """Run a watcher that is killed so many times, and return how each of its lives ended."""
    file = folder / "settings.json"
    file.write_text(json.dumps({
        "envelope": str(envelope), "state": str(folder / "canary.json"),
        "webhook": f"{server.url}/decisions", "lives": lives, "seed": seed,
        "longest_life": 24, "ahead": 1.0, **settings,
    }))  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(WATCHER), str(file)], capture_output=True, text=True, check=False,
        cwd=REPOSITORY, timeout=60,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), SECRET: KEY},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ends: list[int] = json.loads(done.stdout)
    assert ends[-1] == 0, done.stderr
    assert set(ends[:-1]) <= {-signal.SIGKILL}
    return ends


def unreliable(seed: int) -> Callable[[Heard], Reply]:
    """Return a receiver that fails now and then, also after it has taken a decision."""
    import random

    chance = random.Random(seed)

    def reply(heard: Heard) -> Reply:
        del heard
        return Reply(503 if chance.random() < 0.15 else 204)

    return reply


def journal(folder: Path) -> list[dict[str, Any]]:
    """Return the decisions of a journal."""
    text = (folder / "canary.json.journal.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def told(server: ScriptedServer) -> dict[str, dict[str, Any]]:
    """Return what a receiver knows that keeps to the keys, in the order in which it came."""
    known: dict[str, dict[str, Any]] = {}
    for heard in server.heard:
        key = heard.headers["webhook-id"]
        assert heard.headers["idempotency-key"] == key
        moment = int(heard.headers["webhook-timestamp"])
        assert heard.headers["webhook-signature"] == signature(
            heard.body, key, moment, KEY.encode()
        )
        message = json.loads(heard.body)
        assert message["key"] == key
        assert known.setdefault(key, message) == message, "one key, two decisions"
    return known


def check(folder: Path, undisturbed: Path, server: ScriptedServer) -> None:
    """Compare a watcher that was killed with one that was not."""
    for name in ("canary.json", "canary.json.journal.jsonl", "canary.json.announced.json"):
        one, other = (
            (where / name).read_text().replace(str(where), "") for where in (folder, undisturbed)
        )
        if name.endswith("announced.json"):  # the receivers have another port, and so another name
            assert list(json.loads(one).values()) == list(json.loads(other).values())
        else:
            assert one == other, name
    decisions = journal(folder)
    assert [decision["number"] for decision in decisions] == list(range(1, len(decisions) + 1))
    messages = list(told(server).values())
    assert [message["decision"] for message in messages] == decisions


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a watcher of logs that nobody killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with scripted([Reply(204)]) as server:
        log: dict[str, Any] = {"log": str(folder / "app.log"), "traffic": TRAFFIC}
        assert lived(folder, written(folder), server, lives=0, **log) == [0]
        assert len(told(server)) == len(journal(folder))
    return folder


def test_an_undisturbed_watcher_promotes_and_then_rolls_back(undisturbed: Path) -> None:
    actions = [decision["action"] for decision in journal(undisturbed)]
    assert "promote" in actions
    assert actions[-1] == "rollback"
    assert actions.count("rollback") == 1
    assert len(list(undisturbed.glob("app.log.*"))) >= 2, "the log was rotated on the way"


@pytest.mark.parametrize("seed", [1])
def test_a_watcher_of_logs_killed_at_any_call_ends_as_if_nothing_had_been(
    tmp_path: Path, undisturbed: Path, seed: int
) -> None:
    log: dict[str, Any] = {"log": str(tmp_path / "app.log"), "traffic": TRAFFIC}
    with scripted(unreliable(seed)) as server:
        ends = lived(tmp_path, written(tmp_path), server, lives=40, seed=seed, **log)
        check(tmp_path, undisturbed, server)
    assert len(ends) > 10, "it was killed often enough to mean something"


def test_a_watcher_of_prometheus_killed_at_any_call_ends_as_if_nothing_had_been(
    tmp_path: Path,
) -> None:
    world = tmp_path / "world.json"
    world.write_text(json.dumps(_steady()))
    folders = [tmp_path / "undisturbed", tmp_path / "killed"]
    with prometheus(world) as url:
        for folder, lives in zip(folders, (0, 20), strict=True):
            folder.mkdir()
            envelope = written(folder, more=PROMETHEUS.format(url=url, more=""))
            with scripted(unreliable(9)) as server:
                lived(folder, envelope, server, lives=lives, seed=4, ahead=30.0)
                if lives:
                    check(folder, folders[0], server)


def _steady() -> Mapping[str, object]:
    """Return traffic in which the candidate fails far more often from its first request on."""
    return {
        "per_second": 2.0, "share": 0.2, "begin": BEGIN, "errors": {"candidate": 0.1, "baseline": 0.02},
    }  # fmt: skip
