"""Logs of lines: their numbers beside DuckDB's reader, and what scoring their texts costs a core."""

from __future__ import annotations

import gzip
import json
import os
import random
import statistics
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.measuring import Cost, in_turn, ratio

ROWS = int(os.environ.get("EVALKIT_BENCH_LINES", "2400000"))
FILES = max(2, ROWS // 600_000)
TEXTS = 60_000
ROUNDS = 2
WORK = [sys.executable, "-m", "tests.bench.shadow_text_work"]
ROOT = Path(__file__).parents[2]
BEGIN = 1_790_812_800
HOURS = 7 * 24

ENVELOPE = """
version: 1
name: traffic
golden_set: cases.jsonl
candidate: {provider: replay, path: c.jsonl}
bounds:
  - {metric: refusal, max: 0.5}
  - {metric: length.words, max: 400, range: [0, 2000]}
  - {metric: toxicity.flagged, max: 0.5}
  - {metric: language.matches, min: 0.1}
  - {metric: latency_ms, statistic: p95, max: 9000}
"""


def shadow_text_lines(folder: Path) -> Iterator[str]:
    """Yield ratios: numbers beside DuckDB, texts a second and core, two processes beside one."""
    yield from _numbers(folder)
    yield from _texts(folder)


def _numbers(folder: Path) -> Iterator[str]:
    files = [str(path) for path in _numeric_logs(folder)]
    commands = [[*WORK, who, "2", str(folder), *files] for who in ("evalkit", "duckdb")]
    ours, theirs = in_turn(commands, ROOT, rounds=ROUNDS)
    yield (
        f"{ROWS:,} rows in {FILES} files of JSONL.gz, two arms, by hour: {_wall(ours):.1f} s, "
        f"× {_ratio(ours, theirs):.2f} of DuckDB's read_json with two threads "
        f"({_wall(theirs):.1f} s), × {ratio(ours, theirs):.2f} the CPU; "
        f"{max(cost.peak for cost in ours):.0f} MB a process"
    )


def _texts(folder: Path) -> Iterator[str]:
    log = _texts_log(folder)
    (folder / "envelope.yaml").write_text(ENVELOPE)
    commands = [[*WORK, "texts", workers, str(folder), str(log)] for workers in ("1", "2")]
    one, two = in_turn(commands, ROOT, rounds=ROUNDS)
    cpu = statistics.median(cost.cpu for cost in one)
    yield (
        f"{TEXTS:,} answers scored (refusal, toxicity, language, length): {TEXTS / cpu:,.0f} a "
        f"second and core; two processes take × {_ratio(two, one):.2f} the time of one, "
        f"× {ratio(two, one):.2f} the CPU"
    )


def _wall(costs: list[Cost]) -> float:
    return statistics.median(cost.wall for cost in costs)


def _ratio(costs: list[Cost], yardstick: list[Cost]) -> float:
    pairs = zip(costs, yardstick, strict=True)
    return statistics.median(one.wall / other.wall for one, other in pairs)


def _numeric_logs(folder: Path) -> Iterator[Path]:
    """Yield files of numbers, written as a gateway writes them."""
    rng = random.Random(1)
    for number in range(FILES):
        path = folder / f"part-{number}.jsonl.gz"
        with gzip.open(path, "wt", compresslevel=5) as stream:
            for row in range(number, ROWS, FILES):
                moment = BEGIN + row * HOURS * 3600 // ROWS
                stream.write(
                    f'{{"request_id":"req-{row // 2:010}","arm":"{"baseline" if row % 2 else "candidate"}",'
                    f'"timestamp":"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}",'
                    f'"latency_ms":{rng.lognormvariate(6.5, 0.5):.3f},"tokens":{rng.randint(1, 800)},'
                    f'"cost_usd":{rng.random() / 100:.6f},"error":{_json(rng.random() < 0.01)},'
                    f'"refusal":{_json(rng.random() < 0.05)},"score":{rng.betavariate(5, 2):.4f}}}\n'
                )
        yield path


def _json(value: object) -> str:
    return json.dumps(value)


def _texts_log(folder: Path) -> Path:
    """Return a log of the answers in the shipped recordings."""
    answers: list[str] = []
    for recording in sorted((ROOT / "golden_sets" / "outputs").glob("*.jsonl.gz")):
        with gzip.open(recording, "rt") as lines:
            answers += [json.loads(line)["output"] for line in lines if '"output":' in line]
    rng = random.Random(2)
    path = folder / "texts.jsonl"
    with path.open("w") as stream:
        for row in range(TEXTS):
            record = {
                "id": f"r{row // 2}", "arm": ("baseline", "candidate")[row % 2],
                "created": BEGIN + row, "input": "When will my parcel arrive, please?",
                "output": rng.choice(answers), "latency_ms": rng.randint(1, 5000),
            }  # fmt: skip
            stream.write(json.dumps(record) + "\n")
    return path
