"""One scorer over recorded outputs, through the installed command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import World, answer, evalkit


def recorded(folder: Path, *outputs: str, **fields: Any) -> World:
    place = World(folder)
    place.write("outputs.jsonl", [answer(n, text, **fields) for n, text in enumerate(outputs)])
    return place


def scores(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = evalkit("score", *arguments, folder=folder)
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_detector_gives_a_value_and_its_probability_for_each_sample(tmp_path: Path) -> None:
    recorded(tmp_path, "Sure, here it is.", "I'm sorry, but I can't help with that.")
    first, second = scores(tmp_path, "refusal", "outputs.jsonl")
    assert (first["id"], first["sample"], first["value"]) == ("c0000", 0, 0.0)
    assert (second["id"], second["value"]) == ("c0001", 1.0)
    assert first["score"] < 0.5 < second["score"]
    assert second["values"] == {"refusal": 1.0, "full": 1.0, "outcome": "refuse"}


def test_toxicity_is_its_own_probability(tmp_path: Path) -> None:
    recorded(tmp_path, "Thank you.", "You are an idiot.")
    first, second = scores(tmp_path, "toxicity", "outputs.jsonl")
    assert first["value"] == first["score"] < 0.01
    assert second["value"] == second["score"] > 0.5


def test_what_cannot_be_read_is_null_with_a_reason(tmp_path: Path) -> None:
    recorded(tmp_path, "yes")
    [line] = scores(tmp_path, "latency_ms", "outputs.jsonl")
    assert line == {"id": "c0000", "sample": 0, "value": None, "reason": "no latency_ms"}


def test_options_are_read_as_yaml_reads_them(tmp_path: Path) -> None:
    recorded(tmp_path, "The answer is YES.", "no")
    options = ("--option", "text=[yes, oui]", "--option", "ignore_case=false")
    assert [line["value"] for line in scores(tmp_path, "contains", "outputs.jsonl", *options)] == [
        0,
        0,
    ]
    assert [
        line["value"] for line in scores(tmp_path, "contains", "outputs.jsonl", *options[:2])
    ] == [1, 0]


def test_a_scorer_that_compares_is_given_the_golden_set(tmp_path: Path) -> None:
    place = recorded(tmp_path, "yes", "no")
    done = evalkit("score", "exact_match", "outputs.jsonl", folder=tmp_path)
    assert done.code == 2
    assert "name the cases with --golden" in done.err
    cases = [{"id": f"c{n:04d}", "input": "?", "reference": "yes"} for n in range(2)]
    place.write("golden.jsonl", cases)
    found = scores(tmp_path, "exact_match", "outputs.jsonl", "--golden", "golden.jsonl")
    assert [line["value"] for line in found] == [1.0, 0.0]


def test_a_case_without_the_reference_it_needs_is_named(tmp_path: Path) -> None:
    place = recorded(tmp_path, "yes")
    place.write("golden.jsonl", [{"id": "c0000", "input": "?"}])
    done = evalkit(
        "score", "exact_match", "outputs.jsonl", "--golden", "golden.jsonl", folder=tmp_path
    )
    assert done.code == 2
    assert "1 cases have no reference, 'c0000' among them" in done.err


def test_a_record_of_a_case_that_is_not_in_the_golden_set_is_an_error(tmp_path: Path) -> None:
    place = recorded(tmp_path, "yes", "no")
    place.write("golden.jsonl", [{"id": "c0000", "input": "?"}])
    done = evalkit("score", "refusal", "outputs.jsonl", "--golden", "golden.jsonl", folder=tmp_path)
    assert done.code == 2
    assert "outputs.jsonl:2: case 'c0001' is not in the golden set" in done.err


def test_a_sample_that_stands_twice_is_an_error_and_counts_nowhere(tmp_path: Path) -> None:
    place = recorded(tmp_path, "yes", "no")
    place.write("outputs.jsonl", [*(answer(n, "yes") for n in range(2)), answer(0, "no")])
    for command in (
        ("score", "refusal", "outputs.jsonl"),
        ("calibrate", "--scorer", "refusal", "outputs.jsonl"),
    ):
        found = evalkit(*command, folder=tmp_path)
        assert found.code == 2
        assert "outputs.jsonl:3: sample 0 of case 'c0000' stands twice" in found.err


def test_a_schema_is_named_by_its_file(tmp_path: Path) -> None:
    recorded(tmp_path, '{"a": 1}', "[]")
    (tmp_path / "schema.json").write_text('{"type": "object", "required": ["a"]}')
    found = scores(tmp_path, "schema_valid", "outputs.jsonl", "--option", "schema=schema.json")
    assert [line["value"] for line in found] == [1.0, 0.0]
    assert "is not of type 'object'" in found[1]["detail"]


def test_the_result_goes_into_a_file_whole_or_not_at_all(tmp_path: Path) -> None:
    place = recorded(tmp_path, "yes", "no")
    assert (
        evalkit("score", "length", "outputs.jsonl", "-o", "scores.jsonl", folder=tmp_path).out == ""
    )
    before = (tmp_path / "scores.jsonl").read_text()
    assert [json.loads(line)["value"] for line in before.splitlines()] == [1.0, 1.0]
    place.write("outputs.jsonl", [answer(0), {"id": "c1", "output": 7}])
    done = evalkit("score", "length", "outputs.jsonl", "-o", "scores.jsonl", folder=tmp_path)
    assert done.code == 2
    assert "outputs.jsonl:2: expected output to be text" in done.err
    assert (tmp_path / "scores.jsonl").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lenght"], "unknown scorer 'lenght'; did you mean 'length'?"),
        (["length", "--option", "words"], "--option words: expected key=value"),
        (["length", "--option", "unit=words"], "unknown key 'unit'"),
        (["contains", "--option", "text=[]"], "expected a text to look for, found an empty one"),
        (["regex"], "pattern: required, and not there"),
        (["regex", "--option", "pattern='('"], "expected a regular expression"),
    ],
)
def test_a_wrong_scorer_or_option_is_a_usage_error(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    recorded(tmp_path, "yes")
    name, *options = arguments
    done = evalkit("score", name, "outputs.jsonl", *options, folder=tmp_path)
    assert done.code == 2
    assert words in done.err


def test_a_file_with_one_scorer_is_run(tmp_path: Path) -> None:
    recorded(tmp_path, "yes", "no")
    (tmp_path / "own.py").write_text(
        "from evalkit.scorers import Kind, Value, scorer\n"
        "@scorer('own', values=[Value('said', Kind.RATE)])\n"
        "def own(case, sample):\n"
        "    '''Finds a yes.'''\n"
        "    return sample.output == 'yes'\n"
    )
    assert [line["value"] for line in scores(tmp_path, "own.py", "outputs.jsonl")] == [1.0, 0.0]


def test_a_reader_that_has_seen_enough_ends_it_in_peace(tmp_path: Path) -> None:
    recorded(tmp_path, *(["a few words, again and again"] * 5_000))
    import subprocess

    from tests.worlds import EVALKIT

    done = subprocess.run(
        ["sh", "-c", f"'{EVALKIT}' score length outputs.jsonl | head -n 1"],  # noqa: S607
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["value"] == 6.0
    assert done.stderr == ""
