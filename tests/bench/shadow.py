"""What logs of ten million requests cost to summarise, beside DuckDB doing the same by hand.

The file is made here, seeded. ``EVALKIT_BENCH_ROWS`` makes it smaller.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measuring import Cost, in_turn, median

ROWS = int(os.environ.get("EVALKIT_BENCH_ROWS", "10000000"))
ROUNDS = int(os.environ.get("EVALKIT_BENCH_ROUNDS", "3"))
ROOT = Path(__file__).parents[2]

MADE = """
select setseed(0.5);
copy (
  select
    case when arm = 0 then 'baseline' else 'candidate' end as arm,
    'req-' || lpad(to_hex(hash(r)), 16, '0') as request_id,
    'user-' || (hash(r * 7) % 300000)::varchar as user_id,
    to_timestamp(1764000000 + r * 604800.0 / {pairs}) as timestamp,
    exp(6.5 + 0.6 * sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random())) as latency_ms,
    (1 + 1500 * random() * random())::integer as tokens,
    exp(-7 + 0.5 * sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random())) as cost_usd,
    random() < 0.01 as error,
    random() < 0.05 as refusal,
    sqrt(random()) as score
  from range({pairs}) t(r), range(2) a(arm)
) to '{path}' (format parquet, compression zstd);
"""

ENVELOPE = """
version: 1
name: week
golden_set: golden.jsonl
baseline: {provider: replay, path: recorded.jsonl}
candidate: {provider: replay, path: recorded.jsonl}
metrics:
  score: {scorer: set_f1}
bounds:
  - {metric: latency_ms, statistic: p95, ratio: {max: 1.1}}
  - {metric: output_tokens, statistic: p95, max: 4000}
  - {metric: cost_usd, statistic: p95, max: 1}
  - {metric: cost_usd, ratio: {max: 1.1}}
  - {metric: score, delta: {min: -0.02}}
  - {metric: error_rate, delta: {max: "1%"}}
  - {metric: refusal, delta: {max: "2%"}}
"""
MAPPED = ("id=request_id", "created=timestamp", "output_tokens=tokens")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: who works, and what of the rows is made use of."""

    who: str
    joined: bool
    users: bool

    @property
    def kind(self) -> str:
        """What is asked of the work modules."""
        return ("joined" if self.joined else "apart") + ("-users" if self.users else "")

    def __str__(self) -> str:
        joined = "joined" if self.joined else "not joined"
        return f"{self.who}, {joined}, {'with' if self.users else 'without'} users"


def shadow_lines(folder: Path) -> Iterator[str]:
    """Yield what logs cost beside DuckDB, and what a row costs of files of several sizes."""
    whole = _made(folder / "whole.parquet", ROWS)
    _placed(folder)
    yield f"{ROWS:,} rows of two arms over a week, {whole.stat().st_size / 1e6:.0f} MB of Parquet"
    yield "  two processes beside two threads of DuckDB, which does the same work; MB in the largest"
    yield "  process, and in all of them at once"
    for who in ("engine", "command"):
        for joined in (False, True):
            for users in (False, True):
                yield from _beside(folder, whole, Row(who, joined, users))
    yield "  DuckDB, means and variances alone"
    (costs,) = in_turn([_duckdb("sums", whole)], ROOT, rounds=ROUNDS, together=True)
    yield _line("", median(costs))
    yield "  a tally by itself, of more and more rows"
    yield from _grown(folder)


def _grown(folder: Path) -> Iterator[str]:
    """Yield what each further row costs: what is spent on starting is in the first line alone."""
    tenth = _made(folder / "tenth.parquet", ROWS // 10)
    before, spent = 0, 0.0
    for files in (1, 10, 100):
        command = _engine("tally", folder, *[tenth] * files)
        (costs,) = in_turn([command], ROOT, rounds=ROUNDS if files < 100 else 1)
        cost, rows = median(costs), files * (ROWS // 10)
        yield (
            f"    {rows:>12,} rows: {cost.cpu:5.1f} s of CPU, {1e9 * (cost.cpu - spent) / (rows - before):6.0f} ns "
            f"for each row more, {cost.peak:.0f} MB in the largest process"
        )
        before, spent = rows, cost.cpu


def _beside(folder: Path, path: Path, row: Row) -> Iterator[str]:
    ours = _engine(row.kind, folder, path)
    theirs = _duckdb(row.kind, path)
    if row.who == "command":
        ours = _command(folder, path, row)
        theirs = _duckdb(f"{row.kind}-command", path)
    own, other = in_turn([ours, theirs], ROOT, rounds=ROUNDS, together=True)
    wall = sorted(one.wall / two.wall for one, two in zip(own, other, strict=True))
    cpu = sorted(one.cpu / two.cpu for one, two in zip(own, other, strict=True))
    yield f"  {row}: × {wall[len(wall) // 2]:.2f} the time, × {cpu[len(cpu) // 2]:.2f} the CPU"
    yield _line("evalkit", median(own))
    yield _line("DuckDB", median(other))


def _line(name: str, spent: Cost) -> str:
    return (
        f"    {name:<8} {spent.wall:5.1f} s, {spent.cpu:5.1f} s of CPU, "
        f"{spent.peak:4.0f} and {spent.together:4.0f} MB"
    )


def _engine(kind: str, folder: Path, *files: Path) -> list[str]:
    work = [sys.executable, "-m", "tests.bench.shadow_work", kind, str(folder)]
    return [*work, *(str(file) for file in files)]


def _command(folder: Path, path: Path, row: Row) -> list[str]:
    """Return the installed command, with the report that it writes."""
    maps = [*MAPPED, f"user={'user_id' if row.users else ''}"]
    evalkit = Path(sys.executable).with_name("evalkit")
    found = [str(evalkit), "shadow", str(path), str(folder / "envelope.yaml"), "-j", "2"]
    found += ["--join", "auto" if row.joined else "none", "-o", str(folder / "report")]
    return [*found, *(word for one in maps for word in ("--map", one))]


def _duckdb(kind: str, *files: Path) -> list[str]:
    work = [sys.executable, "-m", "tests.bench.shadow_duckdb", kind]
    return [*work, *(str(file) for file in files)]


def _placed(folder: Path) -> None:
    (folder / "envelope.yaml").write_text(ENVELOPE)
    (folder / "golden.jsonl").write_text('{"id": "a", "input": "?", "reference": "yes"}\n')
    (folder / "recorded.jsonl").write_text('{"id": "a", "output": "yes"}\n')


def _made(path: Path, rows: int) -> Path:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '2GB'")
        connection.execute(MADE.format(pairs=rows // 2, path=path))
    return path
