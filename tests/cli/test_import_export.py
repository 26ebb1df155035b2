"""Logs in, tables out, through the installed command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from evalkit.core.registry import READERS
from tests.worlds import World, evalkit

ENVELOPE = """
version: 1
name: imported
golden_set: none.jsonl
baseline: {provider: replay, path: none.jsonl}
candidate: {provider: replay, path: none.jsonl}
bounds:
  - {metric: refusal, delta: 40%}
  - {metric: latency_ms, statistic: p50, max: 2000}
"""


def traffic(count: int, arm: str, **fields: Any) -> list[dict[str, Any]]:
    return [
        {"arm": arm, "id": f"r{n}", "user": f"u{n}", "created": "2026-10-01T12:00:00Z",
         "input": f"ask {n}", "output": "Sure, here it is.", "latency_ms": 500 + n, **fields}
        for n in range(count)
    ]  # fmt: skip


def test_mirrored_traffic_becomes_a_run_that_is_judged_and_exported(tmp_path: Path) -> None:
    place = World(tmp_path)
    place.write("log.jsonl", [*traffic(40, "baseline"), *traffic(40, "candidate")])
    (tmp_path / "e.yaml").write_text(ENVELOPE)
    done = evalkit("import", "log.jsonl", "-o", "run", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "read log.jsonl as plain\n"
        "80 requests\n"
        "  baseline          40  baseline\n"
        "  candidate         40  candidate\n"
        "40 cases, 40 of them of both arms\n"
        "all tell output, input, created, user, latency_ms\n"
        "none tell input_tokens, output_tokens, cost_usd, model\n"
        "\n"
        "Run     run\n"
        "Judge   evalkit judge run --envelope ENVELOPE\n"
    )
    done = evalkit("judge", "run", folder=tmp_path)
    assert (done.code, "was imported, and has no bounds of its own" in done.err) == (2, True)
    done = evalkit("judge", "run", "--envelope", "e.yaml", "-o", "judged", folder=tmp_path)
    assert done.code == 0, done.out + done.err
    for run, scores in (("run", 0), ("judged", 1)):
        done = evalkit("export", run, "-o", f"{run}.parquet", folder=tmp_path)
        assert done.out.startswith("80 rows of "), done.err
        table = parquet.read_table(tmp_path / f"{run}.parquet")
        assert table.schema.field("latency_ms").type == pa.float64()
        found = [name for name in table.column_names if name == "score.refusal.refusal"]
        assert len(found) == scores
    assert evalkit("judge", "judged", folder=tmp_path).code == 0


def test_the_results_of_another_tool_are_imported_and_its_arms_named(tmp_path: Path) -> None:
    (example, _) = READERS.get("promptfoo").examples
    (tmp_path / "results.json").write_text(json.dumps(example.data, indent=1))
    done = evalkit("import", "results.json", "-o", "run", "--cases", "g.jsonl", folder=tmp_path)
    assert done.code == 0, done.err
    assert "read results.json as promptfoo\n2 requests\n" in done.out
    assert "50.0 % tell output, reference, input_tokens, output_tokens, cost_usd" in done.out
    first = json.loads((tmp_path / "g.jsonl").read_text().splitlines()[0])
    assert (first["id"], first["reference"]) == ("test-4", "nine")


def test_what_is_wrong_is_told_with_its_place_and_nothing_is_written(tmp_path: Path) -> None:
    place = World(tmp_path)
    place.write("log.jsonl", [*traffic(2, "a\x1b[31m"), {"id": "x", "output": "y", "user": []}])
    done = evalkit("import", "log.jsonl", "-o", "run", folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "log.jsonl:3: expected user to be text" in done.err
    assert not (tmp_path / "run").exists()
    done = evalkit("import", "log.jsonl", "-o", "run", "--skip-malformed", "1",
                   "--candidate", "a\x1b[31m", folder=tmp_path)  # fmt: skip
    assert done.code == 0, done.err
    assert "passed over 1 malformed record, the first of them\n  log.jsonl:3: " in done.out
    assert "\x1b" not in done.out


def test_a_log_that_nobody_knows_is_an_error_until_its_fields_are_mapped(
    tmp_path: Path,
) -> None:
    World(tmp_path).write("log.jsonl", [{"req": "r1", "text": "Hi", "t": {"ms": 5}}])
    done = evalkit("import", "log.jsonl", folder=tmp_path)
    assert (done.code, "no reader knows records of req, text, t" in done.err) == (2, True)
    maps = ("--map", "id=req", "--map", "output=text", "--map", "latency_ms=t.ms")
    done = evalkit("import", "log.jsonl", "-o", "run", *maps, folder=tmp_path)
    assert done.code == 0, done.err
    assert list((tmp_path / "reports").iterdir()) == []  # those that failed left no run


def test_a_table_for_a_spreadsheet_runs_nothing(tmp_path: Path) -> None:
    World(tmp_path).write("log.jsonl", traffic(1, "candidate", output="=1+1"))
    assert evalkit("import", "log.jsonl", "-o", "run", folder=tmp_path).code == 0
    done = evalkit("export", "run", "-o", "x.csv", "--spreadsheet", folder=tmp_path)
    assert done.code == 0, done.err
    assert '"\'=1+1"' in (tmp_path / "x.csv").read_text()


def test_readers_are_listed(tmp_path: Path) -> None:
    out = evalkit("list", folder=tmp_path).out
    assert "readers\n  inspect" in out
    assert all(f"\n  {name} " in out for name in READERS.names())
    out = evalkit("list", "otel", folder=tmp_path).out
    assert out.startswith("otel\n\nRead spans of OpenTelemetry")
    assert "``evalkit.arm`` names the arm" in out
