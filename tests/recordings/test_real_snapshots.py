"""Verdicts on recorded outputs of real snapshots, whose behaviour is known."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import World


def real_world(
    folder: Path,
    data: Path,
    arms: tuple[str, str],
    bounds: Sequence[Mapping[str, Any]],
    **keys: Any,
) -> World:
    """Write an envelope on a set of recordings; ``arms`` are baseline and candidate."""
    [golden] = data.glob("golden.jsonl*")
    baseline, candidate = (data / "outputs" / f"{name}.jsonl.gz" for name in arms)
    document = {
        "version": 1,
        "name": data.name,
        "golden_set": str(golden),
        "baseline": {"provider": "replay", "path": str(baseline)},
        "candidate": {"provider": "replay", "path": str(candidate)},
        "bounds": list(bounds),
        **keys,
    }
    folder.mkdir(exist_ok=True)
    found = World(folder)
    found.envelope.write_text(json.dumps(document, indent=1))
    return found


def results(verdict: Mapping[str, Any]) -> dict[str, str]:
    return {bound["name"]: bound["result"] for bound in verdict["bounds"]}


def estimate(verdict: Mapping[str, Any], name: str, arm: str) -> float:
    [bound] = [bound for bound in verdict["bounds"] if bound["name"] == name]
    return float(bound[arm]["value"])


# ---------------------------------------------------------------- llmdrift_prime

PRIME: list[dict[str, Any]] = [
    {"metric": "accuracy", "min": 0.80},
    {"metric": "length.tokens", "min": 80, "max": 400, "range": [0, 1024]},
    {"metric": "latency_ms", "max": 30_000},
    {"metric": "cost_usd", "ratio": {"max": 1.1}},
]
CHOICE = {"accuracy": {"scorer": "choice", "choices": ["yes", "no"]}}


def test_gpt_4_lost_its_primes_between_march_and_june(tmp_path: Path, shared_data: Path) -> None:
    data = shared_data / "llmdrift_prime"
    done = real_world(tmp_path, data, ("gpt-4-0314", "gpt-4-0613"), PRIME, metrics=CHOICE).gate(
        "--json"
    )
    assert done.code == 1
    assert results(done.json) == {
        "accuracy": "broken",
        "length.tokens": "broken",
        "latency_ms": "holds",
        "cost_usd": "holds",
    }
    assert estimate(done.json, "accuracy", "baseline") == 0.84
    assert estimate(done.json, "accuracy", "candidate") == 0.511


def test_a_snapshot_against_itself_passes_every_delta(tmp_path: Path, shared_data: Path) -> None:
    bounds = [
        {"metric": "accuracy", "delta": 0.03},
        {"metric": "refusal", "delta": 0.03},
        {"metric": "length.words", "delta": 5, "range": [0, 1000]},
    ]
    data = shared_data / "llmdrift_prime"
    done = real_world(tmp_path, data, ("gpt-4-0314", "gpt-4-0314"), bounds, metrics=CHOICE).gate(
        "--json"
    )
    assert done.code == 0
    assert set(results(done.json).values()) == {"holds"}
    assert all(
        bound["effect"]["lower"] < 0 < bound["effect"]["upper"] for bound in done.json["bounds"]
    )


# ---------------------------------------------------------------- the others


def test_gpt_4_began_to_decline_opinion_questions(tmp_path: Path, shared_data: Path) -> None:
    bounds = [{"metric": "refusal", "delta": 0.03}]
    data = shared_data / "llmdrift_opinionqa"
    done = real_world(tmp_path, data, ("gpt-4-0314", "gpt-4-0613"), bounds).gate("--json")
    assert done.code == 1
    assert estimate(done.json, "refusal", "effect") > 0.7
    assert "answered → declined" in done.out


XSTEST = ("gpt4", "mistralguard", "mistralinstruct")


@pytest.mark.parametrize("arms", [*permutations(XSTEST, 2)], ids="-".join)
def test_a_bound_on_refusals_is_judged_as_people_would_or_not_at_all(
    tmp_path: Path, shared_data: Path, arms: tuple[str, str]
) -> None:
    data, bounds = shared_data / "xstest", [{"metric": "refusal", "delta": 0.03}]
    people = tmp_path / "people"
    (people / "outputs").mkdir(parents=True)
    (people / "golden.jsonl").write_bytes((data / "golden.jsonl").read_bytes())
    for name in arms:
        _as_people_said(data / "outputs" / f"{name}.jsonl.gz", people / "outputs")
    told, found = (
        real_world(tmp_path / f"of {which.name}", which, arms, bounds).gate("--json")
        for which in (people, data)
    )
    # The instructed model declines 18 % of what the others decline half of.
    expected = {"refusal": "broken" if "mistralinstruct" in arms else "undecided"}
    assert results(told.json) == results(found.json) == expected


def _as_people_said(recorded: Path, folder: Path) -> None:
    """Write a recording in which the provider itself declines what people called refused."""
    with gzip.open(recorded, "rt") as lines, gzip.open(folder / recorded.name, "wt") as out:
        for line in lines:
            record = json.loads(line)
            said = {"refusal": "No."} if record["labels"]["refusal"] else {"output": ""}
            out.write(json.dumps({key: record[key] for key in ("id", "sample")} | said) + "\n")


def test_gpt_4_grew_shorter_on_open_questions(tmp_path: Path, shared_data: Path) -> None:
    bounds = [{"metric": "length.words", "ratio": {"min": 0.95, "max": 1.05}}]
    data = shared_data / "arena_hard"
    done = real_world(tmp_path, data, ("gpt-4-0314", "gpt-4-0613"), bounds).gate("--json")
    assert done.code == 1
    [bound] = done.json["bounds"]
    assert bound["result"] == "broken"
    assert bound["effect"]["upper"] < 0.95
    assert bound["effect"]["approximate"]


def test_a_rate_limited_endpoint_could_not_be_measured(tmp_path: Path, shared_data: Path) -> None:
    path = shared_data / "latency_llmperf" / "lepton_7b.jsonl"
    ids = [json.loads(line)["id"] for line in path.read_text().splitlines()]
    place = World(tmp_path)
    place.write("golden.jsonl", [{"id": case_id, "input": "?"} for case_id in ids])
    document = {
        "version": 1,
        "name": "serving",
        "golden_set": "golden.jsonl",
        "candidate": {"provider": "replay", "path": str(path)},
        "bounds": [{"metric": "latency_ms", "max": 10_000}, {"metric": "ttft_ms", "max": 5_000}],
    }
    place.envelope.write_text(json.dumps(document))
    done = place.gate()
    assert done.code == 4
    assert "130 of 150 candidate samples are missing" in done.out
