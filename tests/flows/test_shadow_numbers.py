"""Logs that hold numbers and no texts are measured as they stand, and it is said who measured them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.errors import SpecError, UsageError
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.model import Arm
from evalkit.core.run import Origin
from evalkit.flows.shadow.flow import Asked, metric_names, shadow
from evalkit.flows.shadow.tallies import BUCKET_BYTES, buckets_for
from evalkit.report.shadow.json import shadow_text
from evalkit.spec.envelope import load_envelope
from evalkit.spec.traffic import field_map
from evalkit.stages.spread import InProcess
from tests.flows.shadow_logs import written
from tests.shadow_world import place
from tests.worlds import World

BOUNDS: list[dict[str, Any]] = [
    {"metric": "refusal", "delta": {"max": "15%"}},
    {"metric": "quality", "delta": {"min": -0.2}},
    {"metric": "latency_ms", "statistic": "p95", "max": 4000},
    {"metric": "error_rate", "max": "20%"},
    {"metric": "cost_usd", "ratio": {"max": 2}},
]
QUALITY = {"quality": {"scorer": "set_f1"}}
AS_LOGGED = "Taken as logged: quality, refusal."


def numbers(count: int = 300) -> Iterator[dict[str, Any]]:
    """Yield requests of both arms with what was measured of their answers; some have failed."""
    rng = random.Random(3)
    for n in range(count):
        for arm in Arm:
            shared = {
                "id": f"r{n}", "arm": arm.value, "user": f"u{n % 90}", "created": f"2026-10-05T{n % 24:02}:30:00Z",
            }  # fmt: skip
            if rng.random() < 0.01:
                yield {**shared, "error": "503 overloaded", "latency_ms": 5.0}
            else:
                yield {
                    **shared, "refusal": rng.random() < 0.1, "quality": rng.random(),
                    "latency_ms": rng.randrange(400, 1500), "cost_usd": rng.random() / 1000,
                }  # fmt: skip


def world_of(folder: Path, bounds: list[dict[str, Any]] = BOUNDS) -> World:
    return place(folder, bounds, metrics=QUALITY)


def judged(world: World, *logs: str, maps: tuple[str, ...] = (), **asked: Any) -> dict[str, Any]:
    """Return the document of a shadow."""
    loaded = load_envelope(world.envelope)
    mapped = field_map(maps, metrics=metric_names(loaded))
    wanted = Asked(
        [str(world.folder / log) for log in logs], {arm.value: arm for arm in Arm}, mapped=mapped, **asked
    )  # fmt: skip
    origin = Origin("run", "2026-10-08T00:00:00+00:00", "0", {})
    found: dict[str, Any] = json.loads(
        shadow_text(shadow(loaded, wanted, InProcess(), origin, now=0.0).shadow)
    )
    return found


def results(found: dict[str, Any]) -> dict[str, str]:
    return {bound["name"]: bound["result"] for bound in found["bounds"]}


def without_files(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "traffic": {**found["traffic"], "files": []}}


def test_the_same_numbers_give_the_same_document_in_every_file_that_holds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(tmp_path)
    rows = list(numbers())
    for name in ("log.jsonl", "log.jsonl.gz", "log.parquet"):
        written(tmp_path / name, rows)
    found = [without_files(judged(world, f"log.{e}")) for e in ("jsonl", "jsonl.gz", "parquet")]
    assert found[0] == found[1] == found[2]
    monkeypatch.setattr("evalkit.stages.shadow.jsonl.Quick.rows", lambda _self, _data: None)
    assert without_files(judged(world, "log.jsonl")) == found[0], "line by line"
    assert (found[0]["exit_code"], set(results(found[0]).values())) == (0, {"holds"})
    assert any(AS_LOGGED in note for note in found[0]["notes"])
    methods = {bound["name"]: bound["candidate"]["method"] for bound in found[0]["bounds"]}
    assert [name for name, method in methods.items() if method.endswith(", values as logged")] == [
        "refusal", "quality",
    ]  # fmt: skip
    assert all(bound["detector"] is None for bound in found[0]["bounds"])
    failed = sum("error" in row for row in rows if row["arm"] == "candidate")
    assert failed
    assert found[0]["arms"]["candidate"]["errors"] == {"other": failed}
    assert found[0]["bounds"][2]["candidate"]["missing"] == failed, "what failed has no latency"
    assert found[0]["traffic"]["users"] == 90
    assert found[0]["drift"]["told"] == "not_looked_at"


def test_numbers_say_the_same_as_texts_of_which_they_were_measured(tmp_path: Path) -> None:
    world = place(tmp_path, [{"metric": "declines", "delta": {"max": "10%"}}])
    texts = [
        {**{k: v for k, v in row.items() if k not in {"refusal", "quality"}},
         **({} if "error" in row else {"output": "I can't help" if row["refusal"] else "Yes."})}
        for row in numbers()
    ]  # fmt: skip
    plain = [{**row, "declines": row.get("refusal")} for row in numbers()]
    world.write("texts.jsonl", texts)
    world.write("numbers.jsonl", plain)
    read, logged = judged(world, "texts.jsonl", reads_texts=False), judged(world, "numbers.jsonl")
    for found in (read, logged):
        for estimate in ("baseline", "candidate", "effect"):
            found["bounds"][0][estimate].pop("method")
    assert read["bounds"] == logged["bounds"]
    assert read["exit_code"] == logged["exit_code"]
    assert read["traffic"]["pairs"] == logged["traffic"]["pairs"]


def test_where_there_are_texts_they_are_read_whatever_was_logged_beside_them(
    tmp_path: Path,
) -> None:
    world = place(tmp_path, [{"metric": "declines", "delta": {"max": "10%"}}])
    rows: list[dict[str, object]] = [
        {"id": f"r{n}", "arm": arm.value, "output": "Yes.", "declines": arm is Arm.CANDIDATE}
        for n in range(200)
        for arm in Arm
    ]
    world.write("log.jsonl", rows)
    found = judged(world, "log.jsonl", reads_texts=False)
    assert found["bounds"][0]["candidate"]["value"] == 0.0
    assert not any("as logged" in note for note in found["notes"])
    left = judged(world, "log.jsonl", maps=("output=",))
    assert left["bounds"][0]["candidate"]["value"] == 1.0, "unless somebody leaves them out"
    mixed = written(
        tmp_path / "mixed.jsonl", [{"id": "x", "arm": "baseline", "latency_ms": 3}, *rows]
    )
    assert judged(world, mixed.name, reads_texts=False)["bounds"][0]["candidate"]["value"] == 0.0


@pytest.mark.parametrize("name", ["log.jsonl", "log.parquet"])
def test_values_that_no_metric_can_have_are_not_measured(tmp_path: Path, name: str) -> None:
    world = world_of(tmp_path)
    rows = list(numbers())
    changed = [{**row, "refusal": 3} if n == 7 else row for n, row in enumerate(rows)]
    if name.endswith("parquet"):
        changed = [
            {**row, "refusal": None if "refusal" not in row else int(row["refusal"])}
            for row in changed
        ]
    written(tmp_path / name, changed)
    found = judged(world, name)
    assert (found["exit_code"], results(found)["refusal"]) == (4, "unmeasured")
    assert found["bounds"][0]["reason"] == "out_of_range"
    assert "lie outside 0 or 1" in found["bounds"][0]["detail"]


def test_columns_may_be_called_otherwise_and_what_stands_nowhere_is_not_measured(
    tmp_path: Path,
) -> None:
    world = world_of(tmp_path, [*BOUNDS, {"metric": "length.words", "max": 90, "range": [0, 900]}])
    names = {"id": "request", "refusal": "labels.declined", "latency_ms": "took"}
    rows = [
        {
            **{names.get(key, key): value for key, value in row.items() if key != "refusal"},
            "labels": {"declined": row.get("refusal")},
        }
        for row in numbers()
    ]
    for name in ("log.jsonl", "log.parquet"):
        written(tmp_path / name, rows)
        maps = ("id=request", "refusal=labels.declined", "latency_ms=took")
        found = judged(world, name, maps=maps)
        assert results(found)["refusal"] == results(found)["latency_ms"] == "holds", name
        assert results(found)["length.words"] == "unmeasured"
        detail = found["bounds"][-1]["detail"]
        assert "these logs hold no texts, and no number under 'length.words'" in detail
        assert found["exit_code"] == 4
        assert judged(world, name, maps=maps, skip_labelled=True)["exit_code"] == 0


def test_a_table_without_errors_does_not_say_that_nothing_failed(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    written(tmp_path / "log.parquet", [row for row in numbers() if "error" not in row])
    found = judged(world, "log.parquet")
    assert (results(found)["error_rate"], found["exit_code"]) == ("unmeasured", 4)
    assert found["traffic"]["arms"]["candidate"]["errors"] is None


def test_failures_are_counted_of_flags_and_objects_too_though_no_bound_asks(tmp_path: Path) -> None:
    world = world_of(tmp_path, BOUNDS[:1])
    for named, name in (({"kind": "timeout"}, "log.jsonl"), (True, "log.parquet")):
        rows = [{**row, "error": named} if "error" in row else row for row in numbers()]
        written(tmp_path / name, rows)
        found = judged(world, name)
        assert found["arms"]["candidate"]["errors"]["other"] > 0


def test_what_needs_texts_or_tags_is_refused_or_named(tmp_path: Path) -> None:
    world = world_of(tmp_path, [*BOUNDS, {"metric": "refusal", "on": "billing", "max": "50%"}])
    written(tmp_path / "log.jsonl", list(numbers()))
    found = judged(world, "log.jsonl", skip_labelled=True)
    assert "a slice is told by tags" in found["bounds"][-1]["detail"]
    assert found["exit_code"] == 0
    with pytest.raises(UsageError, match="cases to label need texts"):
        judged(world, "log.jsonl", sample=5)


def test_tables_of_other_columns_are_no_log_together(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    rows = list(numbers())
    written(tmp_path / "a.parquet", rows)
    written(
        tmp_path / "b.parquet", [{k: v for k, v in row.items() if k != "quality"} for row in rows]
    )
    with pytest.raises(SpecError, match="has no column 'quality'"):
        judged(world, "a.parquet", "b.parquet")


def test_other_files_are_read_record_by_record(tmp_path: Path) -> None:
    world = world_of(tmp_path, BOUNDS[2:4])
    rows = [{k: v for k, v in row.items() if k != "refusal"} for row in numbers()]
    written(tmp_path / "log.json", rows)
    assert results(judged(world, "log.json"))["latency_ms"] == "holds"
    written(tmp_path / "log.jsonl", rows)
    searched = judged(world, "log.jsonl", maps=("latency_ms=[latency_ms][0]",))
    assert results(searched)["latency_ms"] == "holds"


def test_files_beside_the_logs_are_named(tmp_path: Path) -> None:
    world = world_of(tmp_path)
    written(tmp_path / "logs" / "log.jsonl", list(numbers()))
    for n in range(6):
        (tmp_path / "logs" / f"README{n}.txt").write_text("about")
    notes = judged(world, "logs")["notes"]
    assert any(note.startswith("6 files beside the logs left out: README0.txt") for note in notes)


def test_a_table_weighs_what_its_file_weighs_into_however_many_parts_it_is_cut() -> None:
    whole = [LogPart("a.parquet", PartKind.ROWS, n, n + 1, BUCKET_BYTES) for n in range(40)]
    assert buckets_for(whole) == buckets_for(whole[:1]) == 5
    other = LogPart("b.parquet", PartKind.ROWS, 0, 1, BUCKET_BYTES)
    assert buckets_for([*whole, other]) == 9
    lines = [LogPart("a.jsonl", PartKind.LINES, n, n + BUCKET_BYTES, 0) for n in (0, BUCKET_BYTES)]
    assert buckets_for(lines) == 3
