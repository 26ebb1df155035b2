"""A recorded baseline that moves is noticed over several gates, and one that stays is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import Outcome, World, evalkit

CASES = 300
MODEL = {"provider": "simulated", "accuracy": 0.9, "refusal": 0, "pairing": "independent"}
BOUND = {"metric": "exact_match", "delta": 0.06}


def cases(count: int = CASES) -> list[dict[str, Any]]:
    return [
        {"id": f"c{n:04d}", "input": f"Question {n}?", "reference": f"answer {n}"}
        for n in range(count)
    ]


@pytest.fixture
def place(tmp_path: Path) -> World:
    """Return a folder with a run in it that recorded a model three times a case."""
    found = World(tmp_path)
    found.write("golden.jsonl", cases())
    write(
        found,
        "record.yaml",
        candidate=MODEL,
        repeats=3,
        bounds=[{"metric": "error_rate", "max": 0.5}],
    )
    made = evalkit("run", "record.yaml", "-o", "recorded", folder=tmp_path)
    assert made.code == 0, made.err
    return found


def write(place: World, name: str, **keys: Any) -> Path:
    document = {
        "version": 1,
        "name": "watched",
        "golden_set": "golden.jsonl",
        "bounds": [BOUND],
        **keys,
    }
    path = place.folder / name
    path.write_text(json.dumps(document, indent=1))
    return path


def watched(
    place: World, *, today: dict[str, Any], candidate: dict[str, Any] | None = None
) -> None:
    """Write an envelope whose baseline was recorded, and is another model by now or is not."""
    sentinel = {"share": 0.2, **MODEL, "seed": 5, **today}
    baseline = {
        "provider": "replay", "path": "recorded", "arm": "candidate", "sentinel": sentinel,
    }  # fmt: skip
    write(place, "envelope.yaml", baseline=baseline, candidate=candidate or {**MODEL, "seed": 3})


def gate(place: World, run: str, *options: str) -> Outcome:
    return place.gate("-o", run, "--json", *options)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def drift_of(done: Outcome) -> dict[str, Any]:
    (bound,) = done.json["bounds"]
    found: dict[str, Any] = bound["baseline_drift"]
    return found


# ---------------------------------------------------------------- over several gates


def test_a_baseline_that_stayed_is_never_called_stale(place: World) -> None:
    watched(place, today={})
    runs = [gate(place, f"run-{number}") for number in range(4)]
    assert [done.code for done in runs] == [0, 0, 0, 0]
    drifts = [drift_of(done) for done in runs]
    assert [drift["runs"] for drift in drifts] == [1, 2, 3, 4]
    assert not any(drift["stale"] for drift in drifts)
    asked = [lines(place.folder / f"run-{number}" / "sentinel.jsonl") for number in range(4)]
    assert drifts[-1]["cases"] == sum(map(len, asked))
    assert all(30 < len(answers) < 90 for answers in asked)
    assert len({frozenset(item["id"] for item in answers) for answers in asked}) == 4
    assert runs[0].json["notes"] == [
        f"A sentinel asked the snapshot of the recorded baseline {len(asked[0])} cases anew: no bound's "
        "recording is shown to be stale."
    ]


def test_one_that_moved_is_noticed_and_the_run_folder_alone_says_so_again(place: World) -> None:
    watched(place, today={"accuracy": 0.7})
    codes = []
    for number in range(8):
        codes.append(gate(place, f"run-{number}").code)
        if codes[-1] == 3:
            break
    assert codes[-1] == 3
    assert 1 < len(codes) <= 8
    last = place.folder / f"run-{len(codes) - 1}"
    verdict = (last / "verdict.json").read_bytes()
    (bound,) = json.loads(verdict)["bounds"]
    assert (bound["result"], bound["reason"]) == ("undecided", "baseline_stale")
    assert bound["baseline_drift"]["stale"]
    assert bound["baseline_drift"]["runs"] == len(codes)
    assert -0.4 < bound["baseline_drift"]["value"] < -0.06
    told = f"asked again in {bound['baseline_drift']['cases']} cases of {len(codes)} runs, its snapshot is −"
    assert told in bound["detail"]
    (place.folder / "reports" / "baseline_drift.jsonl").unlink()
    again = evalkit("judge", str(last), folder=place.folder)
    assert again.code == 3
    assert "a baseline recorded anew" in again.out
    assert (last / "verdict.json").read_bytes() == verdict
    other = evalkit(
        "judge", str(last), "--envelope", "envelope.yaml", "-o", "other", "--json",
        folder=place.folder,
    )  # fmt: skip
    assert drift_of(other) == bound["baseline_drift"]


def test_a_baseline_that_is_recorded_anew_starts_afresh(place: World) -> None:
    watched(place, today={})
    assert drift_of(gate(place, "run-1"))["runs"] == 1
    recorded = place.folder / "recorded" / "samples.jsonl"
    text = recorded.read_text().splitlines(keepends=True)
    recorded.write_text("".join(text[1:]))
    assert drift_of(gate(place, "run-2"))["runs"] == 1


# ---------------------------------------------------------------- what is asked


def test_fresh_means_that_no_memory_answers_and_that_they_are_not_judged(place: World) -> None:
    watched(place, today={})
    first = gate(place, "run-1")
    again = gate(place, "run-2")
    assert "sentinel: up to" in first.err
    assert "baseline" not in first.err
    assert " kept" not in next(
        line for line in again.err.splitlines() if line.startswith("sentinel  ")
    )
    arms = again.json["arms"]
    assert arms["baseline"]["samples"] == 3 * CASES
    assert arms["candidate"]["samples"] == CASES
    assert again.json["look"] == 1  # the candidate's answers were there already


def test_a_recorded_candidate_is_judged_whole_however_many_are_asked_anew(place: World) -> None:
    made = evalkit("run", "record.yaml", "-o", "june", folder=place.folder)
    assert made.code == 0
    candidate = {"provider": "replay", "path": "june", "arm": "candidate"}
    watched(place, today={}, candidate=candidate)
    short = gate(place, "run-1", "--max-requests", "7")
    assert short.code == 0, short.out
    assert drift_of(short)["cases"] == 7
    assert not any("Judged on" in note for note in short.json["notes"])
    whole = place.gate("--resume", "run-1", "--json")
    asked = lines(place.folder / "run-1" / "sentinel.jsonl")
    assert drift_of(whole)["cases"] == len(asked) > 7
    assert drift_of(whole)["runs"] == 1
    assert len({item["id"] for item in asked}) == len(asked)
    assert drift_of(gate(place, "run-2"))["cases"] > len(asked)


def test_a_sentinel_that_cannot_be_asked_stops_nothing_and_says_so(place: World) -> None:
    watched(place, today={"errors": 1.0})
    done = gate(place, "run-1")
    assert done.code == 0, done.out
    assert drift_of(done) is None
    (note,) = done.json["notes"]
    assert "got no answer (503 the simulated server is down): of no bound has it seen" in note
    assert not (place.folder / "reports" / "baseline_drift.jsonl").exists()


def test_a_smoke_run_adds_nothing(place: World) -> None:
    watched(place, today={})
    done = gate(place, "run-1", "--limit", "100")
    assert done.code == 3
    assert drift_of(done)["runs"] == 1
    assert not (place.folder / "reports" / "baseline_drift.jsonl").exists()


def test_whoever_answers_in_another_name_is_told(place: World) -> None:
    watched(place, today={"expected_model": "m-1"})
    notes = gate(place, "run-1").json["notes"]
    assert notes[0] == "The sentinel was asked for as m-1, and simulated-1 answered."


# ---------------------------------------------------------------- other commands


def test_every_command_that_looks_at_who_is_asked_sees_it(place: World) -> None:
    watched(place, today={})
    folder = place.folder
    assert evalkit("validate", "envelope.yaml", folder=folder).code == 0
    plan = evalkit("plan", "envelope.yaml", folder=folder)
    assert f"{CASES} candidate calls and {CASES // 5} baseline calls" in plan.out
    shown = json.loads(evalkit("snapshots", "envelope.yaml", "--json", folder=folder).out)
    used = shown["envelopes"][0]["snapshots"]
    assert [(item["arm"], item["sentinel"], item["recorded"]) for item in used] == [
        ("baseline", False, True), ("candidate", False, False), ("baseline", True, False),
    ]  # fmt: skip
    assert "\n? sentinel " in evalkit("snapshots", "envelope.yaml", folder=folder).out
    assert (
        "sentinel    simulated-1 answered" in evalkit("doctor", "envelope.yaml", folder=folder).out
    )
    noise = evalkit("aa", "envelope.yaml", folder=folder)
    assert noise.code == 0, noise.err
    assert "sentinel" not in noise.err
