"""The recipes for nginx do what their page says: a real nginx runs them."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from evalkit.report.canary.emit import FORMATS
from evalkit.report.canary.emit.rollout import Rollout
from tests.fitting.nginx import PROGRAM, Nginx, needs_nginx, started, until
from tests.worlds import evalkit

pytestmark = needs_nginx

ENVELOPE = """\
version: 1
name: chat
golden_set: cases.jsonl
baseline: {provider: replay, path: outputs.jsonl}
candidate: {provider: replay, path: outputs.jsonl, model: "2026-05-20"}
bounds:
  - {metric: error_rate, delta: {max: 10%}}
  - {metric: latency_ms, statistic: p95, max: 20000}
canary: {stages: [20%, 50%], look: 1s, stale_after: 1h, min_duration: 1s}
"""


@pytest.fixture
def envelope(tmp_path: Path) -> Path:
    """An envelope that guards errors and latency, the two that nginx can measure."""
    (tmp_path / "cases.jsonl").write_text(json.dumps({"id": "c1", "input": "hello"}) + "\n")
    (tmp_path / "outputs.jsonl").write_text(json.dumps({"id": "c1", "output": "hello"}) + "\n")
    path = tmp_path / "envelope.yaml"
    path.write_text(ENVELOPE)
    return path


def test_a_mirror_logs_both_arms_under_one_id_and_a_shadow_judges_them(envelope: Path) -> None:
    body = json.dumps({"input": "x" * 20_000}).encode()  # more than nginx keeps in memory
    users = [f'u{number} "quoted"' for number in range(120)]
    with started("mirror.conf") as nginx:
        assert [nginx.ask(user, body) for user in users] == [(200, "baseline")] * 120
        until(lambda: len(nginx.log("shadow.jsonl")) == 240)
        lines = nginx.log("shadow.jsonl")
        by_arm = {
            arm: {line["id"]: line for line in lines if line["arm"] == arm}
            for arm in ("baseline", "candidate")
        }
        assert by_arm["baseline"].keys() == by_arm["candidate"].keys()
        for arm in (nginx.baseline, nginx.candidate):
            assert set(arm.ids) == by_arm["baseline"].keys()
            assert set(arm.bodies) == {body}
        for of, line in by_arm["baseline"].items():
            assert line["user"] == by_arm["candidate"][of]["user"]
        assert {line["user"] for line in lines} == set(users)
        assert {line["error"] for line in lines} == {""}
        well = shadow(nginx, envelope)
        assert well["verdict"] == "pass", well["sentence"]
        traffic = well["traffic"]
        assert (traffic["joined"], traffic["pairs"], traffic["users"]) == ("paired", 120, 120)

        nginx.candidate.fails = lambda _: True
        assert [nginx.ask(user) for user in users] == [(200, "baseline")] * 120
        nginx.stop()
        told = [(line["arm"], line["error"]) for line in nginx.log("shadow.jsonl")[240:]]
        assert sorted(told) == [("baseline", "")] * 120 + [("candidate", "HTTP 503")] * 120
        ill = shadow(nginx, envelope)
        bounds = {bound["metric"]: bound["result"] for bound in ill["bounds"]}
        assert (ill["verdict"], bounds["error_rate"]) == ("fail", "broken")


def shadow(nginx: Nginx, envelope: Path) -> dict[str, Any]:
    """Return what ``evalkit shadow`` says about the log."""
    log = str(nginx.folder / "shadow.jsonl")
    done = evalkit("shadow", log, str(envelope), "--json", "-j", "1", folder=envelope.parent)
    assert done.code in {0, 1}, done.out + done.err
    found: dict[str, Any] = done.json
    return found


def test_nobody_waits_for_a_candidate_that_hangs() -> None:
    with started("mirror.conf") as nginx:
        nginx.candidate.free.clear()
        for number in range(5):
            # The next request over the same connection would wait for the candidate: there is none.
            assert nginx.answer(f"u{number}") == (200, "baseline", "close")
        until(lambda: len(nginx.candidate.ids) == 5)
        nginx.candidate.free.set()
        nginx.stop()
        lines = nginx.log("shadow.jsonl")
        assert sorted(line["arm"] for line in lines) == ["baseline"] * 5 + ["candidate"] * 5
        assert {line["error"] for line in lines} == {""}


def test_a_candidate_that_is_down_is_an_error_of_the_candidate_alone() -> None:
    with started("mirror.conf") as nginx:
        nginx.candidate.stop()
        assert nginx.ask("u1") == (200, "baseline")
        nginx.stop()
        told = {line["arm"]: line["error"] for line in nginx.log("shadow.jsonl")}
    assert told == {"baseline": "", "candidate": "HTTP 502"}


def test_a_split_gives_its_share_keeps_users_in_their_arm_and_is_taken_back(
    envelope: Path,
) -> None:
    state = envelope.with_name("state.json")
    users = [f"user-{number}" for number in range(400)]

    def decided(log: Path, *, ahead: int) -> int:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + ahead))
        arguments = ("canary", str(envelope), str(log), "--state", str(state))
        return evalkit(*arguments, "--as-of", moment, folder=envelope.parent).code

    with started("canary.conf") as nginx:
        log = nginx.folder / "canary.jsonl"
        assert {nginx.ask(user)[1] for user in users[:40]} == {"baseline"}  # nobody watches
        assert (
            decided(log, ahead=0) == 4
        )  # no look, or one arm only: hold, at the share of the first stage
        done = nginx.apply(envelope, state)
        assert done.returncode == 0, done.stderr
        arms = {user: nginx.ask(user)[1] for user in users}
        share = sum(arm == "candidate" for arm in arms.values()) / len(users)
        assert 0.15 < share < 0.25
        assert {user: nginx.ask(user)[1] for user in users} == arms
        nginx.candidate.fails = lambda _: True
        for user in users:
            nginx.ask(user)
        assert decided(log, ahead=5) == 1  # the looks that are under way are over then
        assert nginx.apply(envelope, state).returncode == 0
        taken_back = len(nginx.candidate.ids)
        assert {nginx.ask(user) for user in users} == {(200, "baseline")}
        assert len(nginx.candidate.ids) == taken_back


def test_whoever_is_in_the_candidate_stays_there_when_its_share_grows() -> None:
    users = [f"user-{number}" for number in range(200)]
    inside: list[set[str]] = []
    with started("canary.conf") as nginx:
        for share in (0.2, 0.5):
            nginx.split(FORMATS["nginx"](Rollout("chat", "2026-05-20", (0.2, 0.5), share)))
            inside.append({user for user in users if nginx.ask(user)[1] == "candidate"})
    assert inside[0] < inside[1]


def test_what_nginx_does_not_take_leaves_the_split_as_it_was(envelope: Path) -> None:
    with started("canary.conf") as nginx:
        split = nginx.folder / "split.conf"
        before = split.read_text()
        (nginx.folder / "evalkit.conf").write_text("no such directive;")
        state = envelope.with_name("state.json")
        done = nginx.apply(envelope, state)
        assert done.returncode == 1
        assert "the one before it stays" in done.stderr
        assert split.read_text() == before
        assert nginx.ask("u1") == (200, "baseline")
        assert nginx.process.poll() is None


def test_a_decision_that_cannot_be_read_leaves_nginx_as_it_was(envelope: Path) -> None:
    with started("canary.conf") as nginx:
        state = envelope.with_name("state.json")
        state.write_text("{")
        done = nginx.apply(envelope, state)
        assert done.returncode == 2
        assert "state.json" in done.stderr
        assert nginx.notices("signal process started") == 0


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.3333, 0.9999, 1.0])
def test_every_share_is_a_file_that_nginx_takes(share: float, tmp_path: Path) -> None:
    text = FORMATS["nginx"](Rollout('a "b" ;{}\n$x', "run\n}", (0.0001,), share))
    (tmp_path / "split.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(
        "pid p; error_log stderr; events {} http { access_log off; client_body_temp_path a; proxy_temp_path b; "
        "fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e; "
        "map $http_x_user $evalkit_user { default $http_x_user; } include split.conf; }"
    )
    done = subprocess.run(
        [str(PROGRAM), "-t", "-p", str(tmp_path), "-c", "nginx.conf"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
