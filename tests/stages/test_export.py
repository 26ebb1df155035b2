"""Cases, samples and scores become the rows of one table."""

from __future__ import annotations

from evalkit.core.export import CASE_COLUMNS, SAMPLE_COLUMNS, CellKind, Column
from evalkit.core.model import Arm, Case, ErrorKind, Json, Message, Sample, SampleError
from evalkit.stages.export import exported_rows, score_columns

CASES = {
    "a": Case("a", "Hi", {"b": 1}, ("x", "y"), "doc", {"m": [1]}),
    "b": Case("b", (Message("user", "Hi"),)),
}


def line(name: str, arm: Arm, **scores: Json) -> dict[str, Json]:
    return {"arm": arm.value, "id": name, "sample": 0, "scores": scores}


def rows(*samples: Sample, lines: list[dict[str, Json]]) -> list[dict[str, Json]]:
    scores = score_columns(lines)
    names = [column.name for column in (*CASE_COLUMNS, *SAMPLE_COLUMNS, *scores)]
    found = exported_rows(CASES, samples, lines, scores)
    return [dict(zip(names, row, strict=True)) for row in found]


def known(row: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in row.items() if value is not None}


def test_a_row_holds_the_case_the_sample_and_its_scores() -> None:
    sample = Sample("a", Arm.CANDIDATE, output="Hello", latency_ms=5.0, extra={"k": 1})
    (row,) = rows(sample, lines=[line("a", Arm.CANDIDATE, right=1.0)])
    assert known(row) == {
        "id": "a",
        "arm": "candidate",
        "sample": 0,
        "input": "Hi",
        "reference": '{"b":1}',
        "tags": ["x", "y"],
        "cluster": "doc",
        "case_metadata": '{"m":[1]}',
        "output": "Hello",
        "latency_ms": 5.0,
        "extra": '{"k":1}',
        "score.right": 1.0,
    }


def test_messages_are_json_and_a_failure_has_a_kind_and_a_message() -> None:
    sample = Sample("b", Arm.BASELINE, error=SampleError(ErrorKind.TIMEOUT, "late"))
    (row,) = rows(sample, lines=[])
    assert known(row) == {
        "id": "b",
        "arm": "baseline",
        "sample": 0,
        "input": '[{"content":"Hi","role":"user"}]',
        "error": "timeout",
        "error_message": "late",
    }


def test_columns_of_scores_have_one_type_and_reasons_beside_them_where_there_are_any() -> None:
    lines: list[dict[str, Json]] = [
        line("a", Arm.BASELINE, right=1.0, kind="x", time="inf"),
        line("b", Arm.BASELINE, right={"unscored": "no output"}, kind=None, time=3.0),
        {"arm": "baseline", "id": "c", "sample": 0, "scores": "not scores"},
    ]
    assert score_columns(lines) == (
        Column("score.kind", CellKind.TEXT),
        Column("score.right", CellKind.NUMBER),
        Column("unscored.right", CellKind.TEXT),
        Column("score.time", CellKind.NUMBER),
    )
    first, second = rows(
        Sample("a", Arm.BASELINE, output="x"), Sample("b", Arm.BASELINE, output="x"), lines=lines
    )
    assert (first["score.right"], first["unscored.right"]) == (1.0, None)
    assert (second["score.right"], second["unscored.right"]) == (None, "no output")
    assert (first["score.time"], second["score.kind"]) == ("inf", None)


def test_scores_in_another_order_find_their_samples() -> None:
    samples = [Sample(name, arm, output="x") for name in "ab" for arm in Arm]
    lines = [line(item.case_id, item.arm, right=float(at)) for at, item in enumerate(samples)]
    found = rows(*samples, lines=lines[::-1])
    assert [row["score.right"] for row in found] == [0.0, 1.0, 2.0, 3.0]
    assert rows(*samples, lines=lines[:1])[3]["score.right"] is None
