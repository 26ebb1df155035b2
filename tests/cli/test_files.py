"""validate, list and schema: what is known without a run, through the installed command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from evalkit.core.registry import SCORERS
from evalkit.spec.document import read_document
from tests.conftest import REPOSITORY
from tests.worlds import answers, case, evalkit, world

FLOOR = {"metric": "accuracy", "min": 0.85}


def test_a_sound_envelope_and_all_it_names_are_counted(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=[case(n) for n in range(3)], candidate=answers(3))
    done = evalkit("validate", str(place.envelope), folder=tmp_path)
    assert done.code == 0
    assert "valid (1 bound, 3 cases, 3 recorded samples)" in done.out


def test_a_golden_set_is_checked_on_its_own(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=[case(0), case(0)], candidate=[])
    done = evalkit("validate", "golden.jsonl", folder=place.folder)
    assert done.code == 2
    assert "golden.jsonl:2: id 'c0000' stands twice; first at golden.jsonl:1" in done.err


def test_the_problems_of_several_files_are_told_in_one_go(tmp_path: Path) -> None:
    place = world(tmp_path, [{**FLOOR, "mim": 1}], cases=[case(0)], candidate=answers(1))
    (tmp_path / "sound.jsonl").write_text(json.dumps(case(1)) + "\n")
    done = evalkit("validate", "none.jsonl", str(place.envelope), "sound.jsonl", folder=tmp_path)
    assert done.code == 2
    assert "none.jsonl: no such file" in done.err
    assert "unknown key 'mim'; did you mean 'min'?" in done.err
    assert "sound.jsonl: valid (1 case)" in done.out


def test_a_recording_that_is_half_there_is_valid_and_one_of_other_cases_is_not(
    tmp_path: Path,
) -> None:
    place = world(tmp_path, [FLOOR], cases=[case(n) for n in range(4)], candidate=answers(2))
    assert evalkit("validate", str(place.envelope), folder=tmp_path).code == 0
    place.write("candidate.jsonl", answers(9))
    done = evalkit("validate", str(place.envelope), folder=tmp_path)
    assert done.code == 2
    assert "candidate.jsonl:5: case 'c0004' is not in the golden set" in done.err


def test_validate_never_runs_a_scorer_in_a_file(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=[case(0)], candidate=answers(1))
    (tmp_path / "own.py").write_text("open('ran', 'w').close()\n")
    document = json.loads(place.envelope.read_text())
    document["metrics"] = {"accuracy": {"scorer": "own.py"}}
    place.envelope.write_text(json.dumps(document))
    done = evalkit("validate", str(place.envelope), folder=tmp_path)
    assert done.code == 0
    assert "not checked: " in done.out
    assert "own.py and its bounds (validate runs no code)" in done.out
    assert not (tmp_path / "ran").exists()


def test_every_scorer_is_listed_and_explained(tmp_path: Path) -> None:
    listed = evalkit("list", folder=tmp_path).out
    for name in SCORERS.names():
        assert f"{name}@" in listed
    page = evalkit("list", "refusal", folder=tmp_path).out
    assert page.startswith("refusal@4\n")
    assert "refusal: rate, 1 = declined, 0 = answered" in page
    assert evalkit("list", "refusl", folder=tmp_path).code == 2


def test_the_schema_accepts_the_shipped_envelopes_and_refuses_a_wrong_key(tmp_path: Path) -> None:
    schema = json.loads(evalkit("schema", folder=tmp_path).out)
    validator = jsonschema.Draft7Validator(schema)
    for path in (REPOSITORY / "envelopes").glob("*.yaml"):
        document: Any = read_document(path).data
        assert list(validator.iter_errors(document)) == [], path.name
        document["bounds"][0]["mim"] = 1
        assert not validator.is_valid(document)
