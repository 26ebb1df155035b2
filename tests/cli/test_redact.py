"""Reports without texts: what was asked and answered stays in the run folder's own records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.worlds import World, evalkit, world

RECORDS = {"cases.jsonl", "samples.jsonl", "scores.jsonl", "envelope.json"}
"""What a run is judged again from: the texts are kept here, and not in what is handed on."""

WORDS = {
    "prompt": "PROMPTWORD",
    "reference": "REFERENCEWORD",
    "candidate": "CANDIDATEWORD",
    "error": "ERRORWORD",
    "finish_reason": "FINISHWORD",
}


@pytest.fixture
def place(tmp_path: Path) -> World:
    """A world in which every text of a case and a sample can be told by its word."""
    ids = [f"c{number}" for number in range(80)]
    cases = [
        {"id": name, "input": WORDS["prompt"], "reference": WORDS["reference"], "tags": ["kept"]}
        for name in ids
    ]
    baseline = [{"id": name, "output": WORDS["reference"], "output_tokens": 17} for name in ids]
    candidate = [
        {"id": name, "output": WORDS["candidate"], "finish_reason": WORDS["finish_reason"]}
        for name in ids[1:]
    ]
    failed = {"id": ids[0], "error": {"kind": "timeout", "message": WORDS["error"]}}
    bounds = [{"metric": "accuracy", "min": 0.5}]
    return world(tmp_path, bounds, cases=cases, baseline=baseline, candidate=[failed, *candidate])


def words_in(folder: Path, printed: str) -> set[str]:
    """Return what the reports of a run say of the words, wherever they say it."""
    reports = [path for path in folder.iterdir() if path.name not in RECORDS]
    assert {"report.html", "verdict.json", "manifest.json"} <= {path.name for path in reports}
    said = printed + "".join(path.read_text("utf-8") for path in reports)
    return {word for word in WORDS.values() if word in said}


def test_without_the_option_the_report_has_the_texts(place: World) -> None:
    done = place.gate("-o", "run")
    assert done.code == 1
    found = words_in(place.folder / "run", done.out + done.err)
    assert {WORDS["prompt"], WORDS["reference"], WORDS["candidate"]} <= found


def test_a_redacted_gate_leaves_them_out_of_everything_but_its_records(place: World) -> None:
    done = place.gate("-o", "run", "--redact")
    assert done.code == 1
    assert words_in(place.folder / "run", done.out + done.err) == set()
    page = (place.folder / "run" / "report.html").read_text("utf-8")
    assert "Redacted:" in page
    assert "kept" in page
    assert "17 tokens" in page
    assert WORDS["candidate"] in (place.folder / "run" / "samples.jsonl").read_text("utf-8")


def test_a_redacted_gate_comes_to_the_same_verdict(place: World) -> None:
    place.gate("-o", "plain")
    place.gate("-o", "redacted", "--redact")
    plain, redacted = (
        json.loads((place.folder / name / "verdict.json").read_text("utf-8"))
        for name in ("plain", "redacted")
    )
    del plain["look"], redacted["look"]
    assert redacted == plain


@pytest.mark.parametrize("command", ["report", "judge"])
def test_what_was_redacted_stays_so_until_it_is_asked_for(place: World, command: str) -> None:
    place.gate("-o", "run", "--redact")
    run = place.folder / "run"
    again = evalkit(command, "run", folder=place.folder)
    assert words_in(run, again.out + again.err) == set()
    asked = evalkit(command, "run", "--no-redact", folder=place.folder)
    assert WORDS["candidate"] in words_in(run, asked.out + asked.err)


@pytest.mark.parametrize("command", ["report", "judge"])
def test_a_run_can_be_redacted_afterwards(place: World, command: str) -> None:
    place.gate("-o", "run")
    run = place.folder / "run"
    done = evalkit(command, "run", "--redact", folder=place.folder)
    assert words_in(run, done.out + done.err) == set()
    later = evalkit("report", "run", folder=place.folder)
    assert words_in(run, later.out + later.err) == set()


def test_another_judgement_of_a_redacted_run_is_redacted(place: World) -> None:
    place.gate("-o", "run", "--redact")
    envelope = str(place.envelope)
    done = evalkit("judge", "run", "--envelope", envelope, "-o", "other", folder=place.folder)
    assert done.code == 1
    assert words_in(place.folder / "other", done.out + done.err) == set()
