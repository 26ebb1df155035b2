"""``evalkit doctor``: one question an arm, and the code that tells whether all is well."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from tests.fakes.fault_server import Dials, fault_server
from tests.worlds import Outcome, World, answers, case, evalkit

SIMULATED = {"provider": "simulated"}
LIVE_KEYS = {"model": "m-1", "provider": "openai"}


def written(folder: Path, candidate: dict[str, Any], **keys: Any) -> World:
    """Write an envelope of six cases."""
    place = World(folder)
    place.write("golden.jsonl", (case(n) for n in range(6)))
    document = {
        "version": 1,
        "name": "checked",
        "golden_set": "golden.jsonl",
        "candidate": candidate,
        "bounds": [{"metric": "length", "max": 100}],
        **keys,
    }
    place.envelope.write_text(json.dumps(document))
    return place


def doctor(place: World, **environment: Any) -> Outcome:
    return evalkit("doctor", str(place.envelope), folder=place.folder, **environment)


def rows(found: Outcome) -> dict[str, str]:
    """Return what is said of each subject, its mark in front."""
    lines = [line.split(maxsplit=2) for line in found.out.splitlines()]
    return {subject: f"{mark} {text}" for mark, subject, text in lines}


def test_without_an_envelope_the_environment_alone_is_looked_at(tmp_path: Path) -> None:
    found = evalkit("doctor", folder=tmp_path)
    assert (found.code, found.err) == (0, "")
    said = rows(found)
    assert said["evalkit"].startswith("✓ ")
    assert "on Python 3." in said["evalkit"]
    assert said["cache"].endswith("answers.sqlite3, which the first live gate makes")
    assert {"fast", "prices", "parquet", "bedrock"} <= said.keys()
    assert list(tmp_path.iterdir()) == []


def test_simulated_arms_answer_and_nothing_is_kept(tmp_path: Path) -> None:
    place = written(tmp_path, SIMULATED, baseline=SIMULATED)
    found = doctor(place)
    assert found.code == 0, found.out
    said = rows(found)
    assert said["baseline"].startswith("✓ simulated-1 answered in ")
    assert said["candidate"].startswith("✓ simulated-1 answered in ")
    assert {path.name for path in tmp_path.iterdir()} == {"golden.jsonl", "envelope.yaml"}


def test_every_live_arm_is_asked_once_and_a_recorded_one_never(tmp_path: Path) -> None:
    with fault_server() as server:
        base = {**LIVE_KEYS, "base_url": f"{server.url}/v1"}
        place = written(tmp_path, base, baseline={"provider": "replay", "path": "b.jsonl"})
        assert rows(doctor(place))["baseline"] == "✗ the recording is not there"
        place.write("b.jsonl", answers(6))
        found = doctor(place)
        assert len(server.log()) == 2
    assert found.code == 0, found.out
    assert rows(found)["baseline"].startswith("✓ recorded in ")
    assert rows(found)["candidate"].startswith("✓ m-1 answered in ")


def test_a_recording_that_is_not_there_is_exit_4(tmp_path: Path) -> None:
    place = written(tmp_path, {"provider": "replay", "path": "none.jsonl"})
    found = doctor(place)
    assert (found.code, rows(found)["candidate"]) == (4, "✗ the recording is not there")


def test_a_broken_endpoint_is_exit_4_with_the_cause_and_the_other_arm_is_looked_at(
    tmp_path: Path,
) -> None:
    with fault_server(Dials(sticky="m-1=401")) as server:
        arm = {"provider": "openai", "base_url": f"{server.url}/v1"}
        place = written(tmp_path, {**arm, "model": "m-2"}, baseline={**arm, "model": "m-1"})
        found = doctor(place)
        assert len(server.log()) == 2
    assert found.code == 4
    assert rows(found)["baseline"].startswith("✗ openai gave no answer: HTTP 401")
    assert rows(found)["candidate"].startswith("✓ m-2 answered")


def test_a_broken_endpoint_is_asked_once_and_not_again(tmp_path: Path) -> None:
    with fault_server(Dials(sticky="m-1=500")) as server:
        place = written(tmp_path, {**LIVE_KEYS, "base_url": f"{server.url}/v1"})
        found = doctor(place)
        assert len(server.log()) == 1
    assert found.code == 4
    assert "HTTP 500" in rows(found)["candidate"]


def test_nobody_at_the_address_is_exit_4(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        place = written(tmp_path, {**LIVE_KEYS, "base_url": f"http://127.0.0.1:{port}/v1"})
        found = doctor(place)
    assert found.code == 4
    assert rows(found)["candidate"].startswith("✗ ")


def test_a_secret_that_is_missing_is_named_and_nobody_is_asked(tmp_path: Path) -> None:
    with fault_server() as server:
        arm = {**LIVE_KEYS, "base_url": f"{server.url}/v1", "api_key": "${env:DOCTORS_KEY}"}
        place = written(tmp_path, arm)
        found = doctor(place)
        assert server.log() == []
        assert doctor(place, DOCTORS_KEY="sk-doctors-own").code == 0
    assert found.code == 4
    assert "DOCTORS_KEY is not set" in rows(found)["candidate"]


def test_another_model_than_is_expected_is_exit_4_and_both_are_named(tmp_path: Path) -> None:
    with fault_server() as server:
        arm = {**LIVE_KEYS, "base_url": f"{server.url}/v1", "expected_model": "m-1-2026"}
        found = doctor(written(tmp_path, arm))
    assert found.code == 4
    assert rows(found)["candidate"] == "✗ expected_model is 'm-1-2026', and 'm-1' answered"


def test_an_envelope_that_is_wrong_is_exit_2_and_nobody_is_asked(tmp_path: Path) -> None:
    place = written(tmp_path, SIMULATED)
    (tmp_path / "golden.jsonl").write_text("{\n")
    found = doctor(place)
    assert found.code == 2
    assert "golden.jsonl:1" in found.err
