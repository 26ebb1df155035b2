"""Logs become a run: whose arms are told apart, whose cases are paired, and nothing is lost unsaid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.errors import SpecError, UsageError
from evalkit.core.model import Arm, Json
from evalkit.core.run import Origin
from evalkit.flows.importing import Imported, Wanted, import_logs
from evalkit.spec.traffic import field_map
from evalkit.stages.store import RunFolder

ORIGIN = Origin("imported-1", "2026-10-01T12:00:00+00:00", "0", {})


def record(name: str, arm: str | None = None, **fields: Json) -> dict[str, Json]:
    return {"id": name, "arm": arm, "input": f"ask {name}", "output": "x", **fields}


def write(folder: Path, *records: dict[str, Json], name: str = "log.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(item) + "\n" for item in records))
    return str(path)


def imported(folder: Path, *files: str, wanted: Wanted | None = None, **options: Any) -> Imported:
    return import_logs(list(files), folder / "run", ORIGIN, wanted or Wanted(), **options)


def samples(folder: Path) -> list[tuple[str, str, int]]:
    run = RunFolder.open(folder / "run")
    return [(item.arm.value, item.case_id, item.index) for item in run.samples(run.cases())]


def test_arms_that_are_called_so_are_the_arms(tmp_path: Path) -> None:
    log = write(tmp_path, *(record(n, arm) for n in "ab" for arm in ("baseline", "candidate")))
    found = imported(tmp_path, log)
    assert found.arms == {Arm.BASELINE: ("baseline", 2), Arm.CANDIDATE: ("candidate", 2)}
    assert (found.requests, found.cases, found.common, found.unasked) == (4, 2, 2, 0)
    assert found.found["output"] == 4
    assert "latency_ms" not in found.found
    assert len(samples(tmp_path)) == 4


def test_one_arm_alone_is_the_candidate_whatever_it_is_called(tmp_path: Path) -> None:
    assert imported(tmp_path, write(tmp_path, record("a", "acme"))).arms == {
        Arm.CANDIDATE: ("acme", 1)
    }
    (tmp_path / "second").mkdir()
    log = write(tmp_path / "second", record("a"))
    assert imported(tmp_path / "second", log).arms == {Arm.CANDIDATE: (log, 1)}


def test_other_labels_must_be_told_apart(tmp_path: Path) -> None:
    log = write(tmp_path, record("a", "june"), record("a", "march"), record("b", "march"))
    with pytest.raises(
        UsageError, match=r"2 arms, 'march' \(2\), 'june' \(1\); say which is which"
    ):
        imported(tmp_path, log)
    assert not (tmp_path / "run").exists()
    found = imported(tmp_path, log, wanted=Wanted(candidate="june"))
    assert found.arms == {Arm.BASELINE: ("march", 2), Arm.CANDIDATE: ("june", 1)}
    assert (found.cases, found.common) == (2, 1)


def test_an_arm_that_nobody_named_is_left_out_and_counted(tmp_path: Path) -> None:
    log = write(tmp_path, *(record("a", arm) for arm in ("x", "y", "z")))
    found = imported(tmp_path, log, wanted=Wanted(baseline="x", candidate="y"))
    assert found.left_out == {"z": 1}
    (tmp_path / "second").mkdir()
    found = imported(tmp_path / "second", log, wanted=Wanted(candidate="y"))
    assert found.arms == {Arm.CANDIDATE: ("y", 1)}
    assert found.left_out == {"x": 1, "z": 1}


def test_an_arm_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    log = write(tmp_path, record("a", "june"), record("a", "march"))
    with pytest.raises(UsageError, match=r"--candidate jun: .* did you mean 'june'\?"):
        imported(tmp_path, log, wanted=Wanted(candidate="jun"))
    with pytest.raises(UsageError, match="both name june"):
        imported(tmp_path, log, wanted=Wanted(candidate="june", baseline="june"))


def test_an_arm_may_be_a_file(tmp_path: Path) -> None:
    march = write(tmp_path, record("a"), record("b"), name="march.jsonl")
    june = write(tmp_path, record("a"), record("b"), name="june.jsonl")
    found = imported(tmp_path, march, june, wanted=Wanted(candidate=june))
    assert found.arms == {Arm.BASELINE: (march, 2), Arm.CANDIDATE: (june, 2)}
    assert sorted(samples(tmp_path)) == [
        ("baseline", "a", 0), ("baseline", "b", 0), ("candidate", "a", 0), ("candidate", "b", 0),
    ]  # fmt: skip


def test_a_request_that_stands_twice_is_an_error_or_a_draw(tmp_path: Path) -> None:
    log = write(tmp_path, record("a"), record("a", output="y"))
    with pytest.raises(SpecError, match=r"answers request 'a' twice; .*--draws"):
        imported(tmp_path, log)
    imported(tmp_path, log, wanted=Wanted(draws=True))
    assert samples(tmp_path) == [("candidate", "a", 0), ("candidate", "a", 1)]


def test_a_log_of_two_names_is_read_once_so_that_no_answer_becomes_two_draws(
    tmp_path: Path,
) -> None:
    log = write(tmp_path, record("a"), record("b"))
    other = f"{tmp_path}/../{tmp_path.name}/log.jsonl"
    assert imported(tmp_path, log, other, wanted=Wanted(draws=True)).requests == 2


def test_requests_are_paired_by_what_was_asked(tmp_path: Path) -> None:
    log = write(
        tmp_path,
        record("1", "baseline", input="Hi"),
        record("2", "candidate", input="Hi"),
        record("3", "candidate", input="Hi"),
    )
    with pytest.raises(SpecError, match=r"no request in common; .*--by input"):
        imported(tmp_path, log)
    found = imported(tmp_path, log, wanted=Wanted(by="input"))
    assert (found.cases, found.common) == (1, 1)
    assert [(arm, index) for arm, _, index in samples(tmp_path)] == [
        ("baseline", 0), ("candidate", 0), ("candidate", 1),
    ]  # fmt: skip


def test_only_cases_of_both_arms_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    log = write(
        tmp_path, record("a", "baseline"), record("a", "candidate"), record("b", "baseline")
    )
    found = imported(tmp_path, log, wanted=Wanted(common=True))
    assert (found.cases, found.common, found.arms[Arm.BASELINE][1]) == (1, 1, 1)


def test_a_request_that_asks_two_things_is_an_error_and_silence_is_none(tmp_path: Path) -> None:
    log = write(tmp_path, record("a", "baseline", input="x"), record("a", "candidate", input="y"))
    with pytest.raises(SpecError, match="request 'a' asks two different things"):
        imported(tmp_path, log)
    log = write(tmp_path, record("a", "baseline", input=None), record("a", "candidate", input="y"))
    assert imported(tmp_path, log).unasked == 0


def test_the_case_keeps_what_the_log_knows_of_it(tmp_path: Path) -> None:
    log = write(
        tmp_path,
        record("a", user="u1", tags=["x"], reference="r", metadata={"region": "eu"}),
        record("b", input=None),
    )
    out, cases = tmp_path / "out.jsonl", tmp_path / "cases.jsonl"
    found = imported(tmp_path, log, outputs=out, cases=cases)
    assert found.unasked == 1
    first, _ = [json.loads(line) for line in cases.read_text().splitlines()]
    assert first == {
        "id": "a", "input": "ask a", "reference": "r", "tags": ["x"], "cluster": "u1",
        "metadata": {"region": "eu"},
    }  # fmt: skip
    recorded = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(item["id"], "arm" in item) for item in recorded] == [("a", False), ("b", False)]


def test_a_case_keeps_only_the_metadata_that_its_requests_share(tmp_path: Path) -> None:
    first = record("a", "baseline", metadata={"region": "eu", "trace": "1", "only": 1})
    second = record("a", "candidate", metadata={"region": "eu", "trace": "2"})
    imported(tmp_path, write(tmp_path, first, second))
    assert RunFolder.open(tmp_path / "run").cases()["a"].metadata == {"region": "eu"}


def test_malformed_records_are_passed_over_only_where_that_is_said(tmp_path: Path) -> None:
    log = write(tmp_path, record("a"), record("b", latency_ms="slow"))
    with pytest.raises(SpecError, match="expected latency_ms to be a number"):
        imported(tmp_path, log)
    found = imported(tmp_path, log, skip_malformed=1)
    assert (found.requests, found.skipped, len(found.problems)) == (1, 1, 1)


def test_a_path_that_finds_nothing_is_an_error(tmp_path: Path) -> None:
    log = write(tmp_path, record("a", timing={"total": 5}))
    for path in ("cost_usd=timing.totl", "metadata.x=nowhere"):
        with pytest.raises(UsageError, match="nothing stands there in any of 1 records"):
            imported(tmp_path, log, mapped=field_map([path]))
    every = ["latency_ms=timing.total", "id=id", "tags=[id]", "metadata=timing", "reference=output",
             "error=`null`", "arm=id", "metadata.x=id"]  # fmt: skip
    with pytest.raises(UsageError, match="--map error="):
        imported(tmp_path, log, mapped=field_map(every))
    every.remove("error=`null`")
    assert imported(tmp_path, log, mapped=field_map(every)).arms == {Arm.CANDIDATE: ("a", 1)}


def test_a_log_without_a_request_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"holds no request; read: .*log\.jsonl \(plain\)"):
        imported(tmp_path, write(tmp_path))
