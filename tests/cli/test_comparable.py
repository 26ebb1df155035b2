"""A baseline that a run recorded is compared only with what was asked then, by whom it was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import Outcome, World, case, evalkit

CASES = 60
PROMPT = "Be brief."
ASKED = {
    "provider": "simulated", "model": "m-1", "system_prompt": PROMPT, "refusal": 0,
    "prompt": "Q: {input}",
}  # fmt: skip
LIVE = {"provider": "simulated", "refusal": 0, "seed": 4}
BOUND = {"metric": "refusal", "delta": 0.5}


@pytest.fixture
def place(tmp_path: Path) -> World:
    """Return a folder with a run in it that asked a model with prompts."""
    found = World(tmp_path)
    found.write("golden.jsonl", (case(number) for number in range(CASES)))
    write(found, candidate=ASKED, bounds=[{"metric": "error_rate", "max": 0.5}])
    made = evalkit("run", "envelope.yaml", "-o", "recorded", folder=tmp_path)
    assert made.code == 0, made.err
    return found


def write(place: World, **keys: Any) -> None:
    document = {"version": 1, "name": "x", "golden_set": "golden.jsonl", "bounds": [BOUND], **keys}
    place.envelope.write_text(json.dumps(document, indent=1))


def gate(place: World, candidate: dict[str, Any], **stated: Any) -> Outcome:
    """Gate a candidate against what the run recorded, of which this much is stated."""
    path = stated.pop("path", "recorded")
    baseline = {"provider": "replay", "path": path, "arm": "candidate", **stated}
    write(place, candidate=candidate, baseline=baseline)
    return place.gate()


def changed(place: World, numbers: range, **fields: Any) -> None:
    """Write the golden set anew, with some of its cases changed."""
    place.write(
        "golden.jsonl",
        (case(number, **(fields if number in numbers else {})) for number in range(CASES)),
    )


RECORDED = {"provider": "replay", "path": "recorded", "arm": "candidate"}
"""A candidate that was recorded: nobody is asked."""


@pytest.mark.parametrize("path", ["recorded", "recorded/samples.jsonl"])
def test_the_same_cases_and_the_same_snapshot_are_compared(place: World, path: str) -> None:
    stated = {key: ASKED[key] for key in ("model", "system_prompt", "prompt")}
    same = {**stated, "system_prompt": {"text": PROMPT, "version": 7}, "params": {}}
    for found in (gate(place, LIVE, path=path, **same), gate(place, LIVE, path=path)):
        assert found.code == 0, found.err


@pytest.mark.parametrize("candidate", [LIVE, RECORDED], ids=["live", "recorded"])
def test_a_case_with_another_text_is_not_comparable_and_nobody_is_asked(
    place: World, candidate: dict[str, Any]
) -> None:
    changed(place, range(3, 11), input="Something else?")
    found = gate(place, candidate)
    assert found.code == 2
    assert "candidate: up to" not in found.err
    (line,) = found.err.splitlines()
    assert line.startswith("evalkit: ")
    assert "envelope.yaml:" in line
    assert (
        "baseline.path: not comparable: 8 cases were asked with another text in "
        f"{place.folder / 'recorded'} ('c0003', 'c0004', 'c0005', 'c0006', 'c0007' and 3 more); "
        "record the baseline anew, or name the run that was made with this" in line
    )
    checked = evalkit("validate", "envelope.yaml", folder=place.folder)
    assert checked.code == 2
    assert "not comparable: 8 cases" in checked.err
    assert not list((place.folder / "reports").glob("*/samples.jsonl"))


def test_labels_may_change_and_so_may_the_golden_set_grow(place: World) -> None:
    records = [case(number, reference="no", tags=["new"]) for number in range(CASES)]
    place.write("golden.jsonl", [*records, case(CASES)])
    found = gate(place, LIVE)
    assert "candidate: up to 61 requests" in found.err
    assert found.code != 2


@pytest.mark.parametrize(
    ("stated", "key", "expected", "found"),
    [
        ({"model": "m-2"}, "model", "'m-1'", "'m-2'"),
        ({"system_prompt": "Be kind."}, "system_prompt", "'Be brief.'", "'Be kind.'"),
        ({"prompt": "A: {input}"}, "prompt", "'Q: {input}'", "'A: {input}'"),
        ({"template": "jinja"}, "template", "'format'", "'jinja'"),
        ({"params": {"temperature": 1}}, "params", "{}", "{'temperature': 1}"),
        ({"response_schema": {"type": "object"}}, "response_schema", "none", "{'type': 'object'}"),
    ],
)
def test_another_snapshot_than_was_asked_is_named_by_its_key(
    place: World, stated: dict[str, Any], key: str, expected: str, found: str
) -> None:
    done = gate(place, RECORDED, **stated)
    assert done.code == 2
    assert (
        f"baseline.{key}: not comparable: expected {expected}, as the candidate of "
        f"{place.folder / 'recorded'} was asked with, found {found}; record the baseline anew"
    ) in done.err


def test_what_a_recording_of_a_recording_does_not_state_is_not_compared(place: World) -> None:
    write(place, candidate=RECORDED, bounds=[{"metric": "error_rate", "max": 0.5}])
    assert place.gate("-o", "again").code in {0, 3}
    assert gate(place, LIVE, path="again", model="m-1").code == 0
    write(
        place, candidate={**RECORDED, "model": "m-1"}, bounds=[{"metric": "error_rate", "max": 0.5}]
    )
    assert place.gate("-o", "named").code in {0, 3}
    assert gate(place, LIVE, path="named", model="m-2").code == 2


def test_a_changed_case_that_the_recording_does_not_answer_is_nobodys_business(
    place: World,
) -> None:
    samples = place.folder / "recorded" / "samples.jsonl"
    kept = [line for line in samples.read_text().splitlines(keepends=True) if '"c0003"' not in line]
    samples.write_text("".join(kept))
    changed(place, range(3, 4), input="Something else?")
    assert "not comparable" not in gate(place, LIVE).err


def test_a_recording_on_its_own_is_taken_at_its_word(place: World) -> None:
    place.write("base.jsonl", [{"id": f"c{n:04d}", "output": "yes"} for n in range(CASES)])
    write(
        place, candidate=LIVE, baseline={"provider": "replay", "path": "base.jsonl", "model": "m-2"}
    )
    changed(place, range(5), input="Something else?")
    assert place.gate().code == 0
