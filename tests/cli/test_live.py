"""Live snapshots: a real server that fails on purpose, and the installed command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.fault_server import Dials, Running, fault_server
from tests.worlds import EVALKIT, Outcome, World, case, evalkit

BOUNDS: list[dict[str, Any]] = [
    {"metric": "length.words", "min": 0.01, "max": 400, "range": [0, 1000]},
    {"metric": "refusal", "delta": 0.2},
]
DEADLINE = 90.0


def live_world(folder: Path, server: Running, count: int = 60, **keys: Any) -> World:
    """Write an envelope whose arms are two models of one server."""
    place = World(folder)
    place.write("golden.jsonl", (case(n) for n in range(count)))
    arm = {"provider": "openai", "base_url": f"{server.url}/v1", "concurrency": 16}
    document: dict[str, Any] = {
        "version": 1,
        "name": "live",
        "golden_set": "golden.jsonl",
        "baseline": {**arm, "model": "m-1"},
        "candidate": {**arm, "model": "m-2"},
        "bounds": BOUNDS,
        **keys,
    }
    place.envelope.write_text(json.dumps(document, indent=1))
    return place


def succeeded_twice(server: Running) -> list[str]:
    """Return the requests that the server answered well more than once."""
    good = Counter(entry["body"] for entry in server.log() if entry["did"] == "ok")
    return [key for key, count in good.items() if count > 1]


def samples(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]


def keys_of(run: Path) -> list[tuple[str, str, int]]:
    return sorted((item["arm"], item["id"], item["sample"]) for item in samples(run))


# ---------------------------------------------------------------- whole gates


def test_a_gate_asks_both_arms_every_case_and_judges_them(tmp_path: Path) -> None:
    with fault_server() as server:
        place = live_world(tmp_path, server)
        found = place.gate("--json", "-o", "run")
        asked = len(server.log())
    assert found.code == 0, found.err
    assert asked == 120
    assert found.json["arms"]["candidate"]["attempts"] == 60
    assert found.json["snapshots"]["candidate"] == {
        "requested": "m-2", "served": ["m-2"], "formats": [], "deprecated": [],
    }  # fmt: skip
    assert "candidate  60/60" in found.err
    again = place_judge(tmp_path)
    assert again.out == (tmp_path / "run" / "verdict.json").read_text() == found.out


def place_judge(folder: Path) -> Outcome:
    return evalkit("judge", "run", "--json", folder=folder)


def test_every_case_that_can_be_answered_is_whatever_the_server_does(tmp_path: Path) -> None:
    dials = Dials(
        seed=5, limited=0.1, retry_after=0.2, errors=0.05, resets=0.03, truncated=0.03, drips=0.02
    )
    with fault_server(dials) as server:
        place = live_world(tmp_path, server, count=150)
        found = place.gate("--json", "-o", "run")
        assert not succeeded_twice(server)
        log = server.log()
    assert found.code == 0, found.err
    assert len(keys_of(tmp_path / "run")) == len(set(keys_of(tmp_path / "run"))) == 300
    assert not any("error" in item for item in samples(tmp_path / "run"))
    faults = Counter(entry["did"] for entry in log)
    assert len(faults) >= 5, faults
    attempts = sum(part["attempts"] for part in found.json["arms"].values())
    assert attempts == len(log)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("401", "denied: HTTP 401"),
        ("quota", "out of quota: HTTP 429"),
    ],
)
def test_a_fault_that_does_not_pass_ends_in_exit_4_with_the_cause(
    tmp_path: Path, fault: str, cause: str
) -> None:
    with fault_server(Dials(sticky=f"m-2={fault}")) as server:
        place = live_world(tmp_path, server, count=400)
        found = place.gate("-o", "run")
        asked = len(server.log())
    assert found.code == 4
    assert f"The candidate could not be asked to the end: {cause}" in found.out
    assert "Go on   evalkit gate " in found.out
    assert asked < 200, "the rest was not paid for"


def test_an_arm_that_always_fails_is_given_up(tmp_path: Path) -> None:
    with fault_server(Dials(sticky="m-1=500")) as server:
        place = live_world(tmp_path, server, count=40)
        found = place.gate("-o", "run", "-j", "32")
    assert found.code == 4
    assert "The baseline could not be asked to the end: 20 requests in a row failed: HTTP 500" in (
        found.out
    )


def test_a_cause_that_was_mended_lets_the_run_go_on(tmp_path: Path) -> None:
    with fault_server(Dials(sticky="m-2=401")) as server:
        place = live_world(tmp_path, server)
        assert place.gate("-o", "run").code == 4
    with fault_server() as server:
        moved = place.envelope.read_text()
        port = moved.split("127.0.0.1:")[1].split("/")[0]
        place.envelope.write_text(moved.replace(port, str(server.port)))
        other = place.gate("--resume", "run")
        assert other.code == 2
        assert "is not what run was begun with" in other.err
        assert place.gate("-o", "anew").code == 0


# ---------------------------------------------------------------- nothing is paid for twice


def test_a_second_gate_asks_nothing_that_was_answered(tmp_path: Path) -> None:
    with fault_server() as server:
        place = live_world(tmp_path, server)
        place.gate("-o", "one")
        place.gate("-o", "two")
        assert len(server.log()) == 120
        third = place.gate("-o", "three", "--refresh")
        assert len(server.log()) == 240
    assert third.code == 0
    assert (tmp_path / ".evalkit" / ".gitignore").read_text() == "*\n"
    assert keys_of(tmp_path / "one") == keys_of(tmp_path / "two") == keys_of(tmp_path / "three")


def started(place: World, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [EVALKIT, "gate", str(place.envelope), *options],
        cwd=place.folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(server: Running, count: int) -> None:
    """Wait until the server was asked so often."""
    until = time.monotonic() + DEADLINE
    while len(server.log()) < count:
        assert time.monotonic() < until, "the gate asks no more"
        time.sleep(0.01)


@pytest.mark.parametrize("count", [1, 40, 150])
def test_a_gate_that_was_killed_goes_on_where_it_was(tmp_path: Path, count: int) -> None:
    with fault_server(Dials(latency=0.02)) as server:
        place = live_world(tmp_path, server, count=100)
        gate = started(place, "-o", "run")
        wait_for(server, count)
        gate.kill()
        gate.communicate(timeout=DEADLINE)
        under_way = 2 * 16
        found = place.gate("--resume", "run", "--json")
        assert len(succeeded_twice(server)) <= under_way
        assert len(server.log()) <= 200 + under_way
    assert found.code == 0, found.err
    assert len(keys_of(tmp_path / "run")) == len(set(keys_of(tmp_path / "run"))) == 200


def test_a_line_that_was_cut_is_asked_for_again_and_no_other(tmp_path: Path) -> None:
    with fault_server() as server:
        place = live_world(tmp_path, server)
        place.gate("-o", "run")
        path = tmp_path / "run" / "samples.jsonl"
        path.write_bytes(path.read_bytes()[:-40])
        found = place.gate("--resume", "run")
        assert len(server.log()) == 120
    assert found.code == 0
    assert len(keys_of(tmp_path / "run")) == 120


def test_ctrl_c_keeps_what_was_answered_and_says_how_to_go_on(tmp_path: Path) -> None:
    with fault_server(Dials(latency=0.05)) as server:
        place = live_world(tmp_path, server, count=150)
        gate = started(place, "-o", "run")
        wait_for(server, 40)
        gate.send_signal(signal.SIGINT)
        out, err = gate.communicate(timeout=DEADLINE)
        assert (gate.returncode, out) == (130, "")
        answered = len(keys_of(tmp_path / "run"))
        assert answered == len(server.log())
        assert f"Go on with: evalkit gate {place.envelope} --resume run" in err
        found = place.gate("--resume", "run")
        assert len(server.log()) == 300
    assert found.code == 0, found.err


# ---------------------------------------------------------------- limits


def test_spent_requests_end_in_a_verdict_on_the_cases_asked_whole(
    tmp_path: Path,
) -> None:
    with fault_server() as server:
        place = live_world(tmp_path, server, count=100)
        found = place.gate("-o", "run", "--json", "--max-requests", "150")
        assert len(server.log()) == 150
        assert found.code == 0
        cases = found.json["arms"]["candidate"]["cases"]
        assert 60 <= cases <= 75
        assert found.json["notes"] == [
            f"Judged on {cases} of 100 cases, the first of an order fixed beforehand: "
            "--max-requests 150 was reached."
        ]
        again = place_judge(tmp_path)
        assert again.out == found.out
        whole = place.gate("--resume", "run", "--json")
        assert len(server.log()) == 200
    assert (whole.code, whole.json["notes"], whole.json["look"]) == (0, [], 2)


def test_a_cost_is_kept_below_its_limit(tmp_path: Path) -> None:
    with fault_server() as server:
        place = live_world(tmp_path, server)
        priced = json.loads(place.envelope.read_text())
        for arm in ("baseline", "candidate"):
            priced[arm]["prices"] = {"input": 1000, "output": 1000}
        place.envelope.write_text(json.dumps(priced))
        found = place.gate("-o", "run", "--max-cost", "0.5")
        asked = len(server.log())
    tokens = sum(item["input_tokens"] + item["output_tokens"] for item in samples(tmp_path / "run"))
    assert found.code in {0, 3}
    assert 0.4 < tokens / 1000 <= 0.5
    assert asked == len(samples(tmp_path / "run"))
    assert "--max-cost 0.5" in found.out


def test_a_cost_that_nobody_knows_cannot_be_limited(tmp_path: Path) -> None:
    with fault_server() as server:
        found = live_world(tmp_path, server).gate("--max-cost", "0.5")
        assert not server.log()
    assert found.code == 2
    assert "--max-cost: what baseline m-1 costs is not known" in found.err


def test_a_ledger_that_cannot_be_read_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "looks.jsonl").write_text("no\n")
    with fault_server() as server:
        found = live_world(tmp_path, server).gate("-o", "run", "--ledger", "looks.jsonl")
        assert not server.log()
    assert found.code == 2
    assert "looks.jsonl:1: is no line of a ledger" in found.err
    assert not (tmp_path / "run").exists()


def test_cases_that_could_prove_nothing_are_not_paid_for(tmp_path: Path) -> None:
    with fault_server() as server:
        bounds = [{"metric": "refusal", "delta": 0.03}]
        place = live_world(tmp_path, server, bounds=bounds)
        found = place.gate("-o", "run")
        assert not server.log()
        assert found.code == 2
        assert "refusal cannot be proven on 60 cases, whatever is answered: 99 are the least." in (
            found.err
        )
        assert not (tmp_path / "run").exists()
        assert place.gate("-o", "run", "--anyway").code == 3


# ---------------------------------------------------------------- secrets and what is not known


def test_a_secret_is_sent_and_written_nowhere(tmp_path: Path) -> None:
    with fault_server() as server:
        place = live_world(tmp_path, server)
        document = json.loads(place.envelope.read_text())
        for arm in ("baseline", "candidate"):
            document[arm]["api_key"] = "${env:LIVE_KEY}"
        place.envelope.write_text(json.dumps(document))
        missing = place.gate("-o", "run")
        assert missing.code == 2
        assert "LIVE_KEY is not set" in missing.err
        found = place.gate("-o", "run", LIVE_KEY="sk-very-secret-123")
    assert found.code == 0, found.err
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        assert b"sk-very-secret-123" not in path.read_bytes(), path
    assert "sk-very-secret-123" not in found.out + found.err


def test_run_collects_and_judge_judges(tmp_path: Path) -> None:
    with fault_server() as server:
        place = live_world(tmp_path, server)
        ran = evalkit("run", str(place.envelope), "-o", "run", folder=tmp_path)
        assert (ran.code, ran.out) == (0, "run\n")
        assert not (tmp_path / "run" / "verdict.json").exists()
        judged = place_judge(tmp_path)
        gated = place.gate("-o", "gated", "--json")
        assert len(server.log()) == 120
    assert judged.code == 0
    one, other = judged.json, gated.json
    assert {**one, "look": 0} == {**other, "look": 0}


def test_the_cache_is_shown_and_forgotten(tmp_path: Path) -> None:
    with fault_server() as server:
        place = live_world(tmp_path, server)
        assert "nothing is kept yet" in evalkit("cache", folder=tmp_path).out
        place.gate("-o", "run")
    shown = evalkit("cache", folder=tmp_path)
    assert "openai:m-1" in shown.out
    assert "60 answers, since 20" in shown.out
    assert "120 answers forgotten" in evalkit("cache", "--prune", "0", folder=tmp_path).out


# ---------------------------------------------------------------- no more than it takes


def simulated(folder: Path, count: int, bounds: list[dict[str, Any]], **keys: Any) -> World:
    """Write an envelope whose arms are simulated."""
    place = World(folder)
    place.write("golden.jsonl", (case(n) for n in range(count)))
    document: dict[str, Any] = {
        "version": 1,
        "name": "simulated",
        "golden_set": "golden.jsonl",
        "candidate": {"provider": "simulated", "accuracy": 0.95},
        "metrics": {"accuracy": {"scorer": "exact_match"}},
        "bounds": bounds,
        **keys,
    }
    place.envelope.write_text(json.dumps(document, indent=1))
    return place


def test_bets_that_are_won_end_the_asking(tmp_path: Path) -> None:
    bounds = [{"metric": "accuracy", "min": 0.8}]
    place = simulated(tmp_path, 600, bounds, early_stop="betting")
    found = place.gate("--json", "-o", "run")
    asked = found.json["arms"]["candidate"]["cases"]
    assert found.code == 0
    assert asked < 300
    assert len(samples(tmp_path / "run")) == asked
    assert found.json["notes"] == [
        f"Judged on {asked} of 600 cases: by then every bound was decided, and the rest was not asked."
    ]
    assert place_judge(tmp_path).out == found.out


def test_bets_on_groups_ask_every_case(tmp_path: Path) -> None:
    bounds = [{"metric": "accuracy", "min": 0.6}]
    place = simulated(tmp_path, 300, bounds, early_stop="betting")
    place.write("golden.jsonl", (case(n, cluster=f"d{n // 2}") for n in range(300)))
    assert place.gate("--json").json["arms"]["candidate"]["cases"] == 300


def test_a_candidate_that_cannot_pass_any_more_is_not_asked_further(tmp_path: Path) -> None:
    bounds = [{"metric": "accuracy", "min": 0.99}, {"metric": "refusal", "max": 0.5}]
    place = simulated(tmp_path, 400, bounds, candidate={"provider": "simulated", "accuracy": 0.5})
    found = place.gate("--json", "-o", "run")
    assert found.code == 1
    assert found.json["arms"]["candidate"]["cases"] == 200
    assert found.json["notes"] == [
        "Judged on 200 of 400 cases: whatever the rest were answered, the verdict would be the same."
    ]
    assert place_judge(tmp_path).out == found.out


def test_run_asks_everything_whatever_the_verdict_would_be(tmp_path: Path) -> None:
    bounds = [{"metric": "accuracy", "min": 0.99}]
    place = simulated(tmp_path, 400, bounds, candidate={"provider": "simulated", "accuracy": 0.5})
    assert evalkit("run", str(place.envelope), "-o", "run", folder=tmp_path).code == 0
    assert len(samples(tmp_path / "run")) == 400
