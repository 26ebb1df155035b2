"""Recorded outputs are played back as they were recorded, or every line that is no record is named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.errors import SpecError
from evalkit.core.model import Arm, ErrorKind, Sample, Snapshot
from evalkit.core.ports import Recording, Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.providers.replay import MANY_PROBLEMS, ReplayOptions

REPLAY = PROVIDERS.get("replay")


def opened(path: Path, arm: Arm | None = None) -> Recording:
    found = REPLAY.open(Arm.CANDIDATE, Snapshot("replay", ReplayOptions(path, arm)), Surroundings())
    assert isinstance(found, Recording)
    return found


def write(path: Path, *records: Mapping[str, Any] | str) -> Path:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def samples(path: Path, arm: Arm | None = None) -> list[Sample]:
    return [sample for sample, _ in opened(path, arm).samples()]


def problems(path: Path, arm: Arm | None = None) -> list[str]:
    with pytest.raises(SpecError) as caught:
        samples(path, arm)
    return [str(problem).removeprefix(str(path)) for problem in caught.value.problems]


@pytest.mark.parametrize("name", ["outputs.jsonl", "outputs.jsonl.gz"])
def test_every_draw_of_every_case_is_played_back_with_its_line(tmp_path: Path, name: str) -> None:
    path = write(
        tmp_path / name,
        {"id": "a", "output": "yes", "sample": 1},
        {"id": "a", "output": "no", "latency_ms": 12},
        "",
        {"id": "b", "output": ""},
    )
    found = list(opened(path).samples())
    assert [(s.case_id, s.index, s.output, place.line) for s, place in found] == [
        ("a", 1, "yes", 1), ("a", 0, "no", 2), ("b", 0, "", 4),
    ]  # fmt: skip
    assert {sample.arm for sample, _ in found} == {Arm.CANDIDATE}
    assert opened(path).source == str(path)


def test_an_error_in_a_record_stands_in_place_of_an_answer(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", {"id": "a", "error": "503 Service Unavailable"})
    [sample] = samples(path)
    assert sample.output is None
    assert sample.error is not None
    assert sample.error.kind is ErrorKind.SERVER


def test_every_line_that_is_no_record_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl",
        {"id": "a", "output": "yes"},
        '{"id": "b", "output": ',
        "[1]",
        {"id": "c", "output": 3},
        {"output": "whose?"},
        {"id": "d", "output": "yes", "sample": -1},
    )
    reading = opened(path).samples()
    assert next(reading)[0].case_id == "a"
    assert problems(path) == [
        ":2:23: not JSON: expecting value",
        ":3: expected an object with id and output, found [1]",
        ':4: expected output to be text, found 3; write "3"',
        ":5: expected id, found none",
        ":6: expected sample to be at least 0, found -1",
    ]


def test_a_file_that_is_cut_in_the_middle_is_an_error(tmp_path: Path) -> None:
    whole = write(
        tmp_path / "x.jsonl.gz", *({"id": f"c{n}", "output": "x" * n} for n in range(999))
    )
    whole.write_bytes(whole.read_bytes()[:-40])
    assert "the gzip file is cut in the middle" in problems(whole)[0]
    plain = write(tmp_path / "x.jsonl", {"id": "a", "output": "yes"})
    plain.write_bytes(plain.read_bytes()[:-9])
    assert problems(plain)[0].startswith(":1:")


def test_a_file_of_another_kind_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", *(["no json"] * (MANY_PROBLEMS + 500)))
    assert len(problems(path)) == MANY_PROBLEMS + 1


def run_folder(folder: Path) -> Path:
    folder.mkdir()
    records = [
        {"arm": arm, "id": "a", "sample": 0, "output": arm} for arm in ("baseline", "candidate")
    ]
    write(folder / "samples.jsonl", *records)
    return folder


@pytest.mark.parametrize("arm", list(Arm))
def test_an_arm_of_an_earlier_run_is_played_back_from_its_folder(tmp_path: Path, arm: Arm) -> None:
    folder = run_folder(tmp_path / "run")
    for path in (folder, folder / "samples.jsonl"):
        [sample] = samples(path, arm)
        assert sample.output == arm.value
        assert sample.arm is Arm.CANDIDATE


def test_a_file_of_two_arms_asks_once_which_one_is_meant(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "run") / "samples.jsonl"
    assert problems(path) == [":1: the file holds the arms of a run; say which with arm:"]


def test_an_arm_that_does_not_exist_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", {"arm": "control", "id": "a", "output": "yes"})
    assert problems(path) == [":1: expected arm to be baseline or candidate, found 'control'"]
