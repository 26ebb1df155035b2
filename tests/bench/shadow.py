"""What logs of ten million requests cost to summarise, beside DuckDB doing the same by hand.

The file is made here, seeded. ``EVALKIT_BENCH_ROWS`` makes it smaller.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measuring import Cost, in_turn, median

ROWS = int(os.environ.get("EVALKIT_BENCH_ROWS", "10000000"))
ROUNDS = 3

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


def shadow_lines(folder: Path) -> Iterator[str]:
    """Yield what unpaired and paired logs cost, and what a row costs of files of several sizes."""
    whole = _made(folder / "whole.parquet", ROWS)
    yield f"{ROWS:,} rows of two arms over a week, {whole.stat().st_size / 1e6:.0f} MB of Parquet"
    yield "  not joined: means, rates, percentiles, their intervals and comparisons, 168 hours"
    yield from _beside(folder, whole, "unpaired", ("unpaired", "sums"))
    yield "  the same, and joined by the request's id"
    yield from _beside(folder, whole, "paired", ("paired",))
    yield "  a row of a tally, by how many there are"
    tenth = _made(folder / "tenth.parquet", ROWS // 10)
    for files, rows in ((1, ROWS // 10), (10, ROWS), (100, 10 * ROWS)):
        command = _command("evalkit", "tally", folder, *[str(tenth)] * files)
        (costs,) = in_turn([command], folder, rounds=ROUNDS if files < 100 else 1)
        spent = median(costs)
        yield (
            f"    {rows:>12,} rows: {1e9 * spent.cpu / rows:6.0f} ns of CPU a row, "
            f"{spent.wall:.1f} s, {spent.peak:.0f} MB in the largest process"
        )


def _beside(folder: Path, path: Path, kind: str, others: tuple[str, ...]) -> Iterator[str]:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    commands = [_command("evalkit", kind, scratch, str(path))]
    commands += [_command("duckdb", other, scratch, str(path)) for other in others]
    costs = in_turn(commands, folder, rounds=ROUNDS)
    own = costs[0]
    yield _line("evalkit, two processes", median(own))
    for other, found in zip(others, costs[1:], strict=True):
        wall = sorted(one.wall / two.wall for one, two in zip(own, found, strict=True))
        cpu = sorted(one.cpu / two.cpu for one, two in zip(own, found, strict=True))
        name = "DuckDB, means and variances alone" if other == "sums" else "DuckDB, the same work"
        yield (
            f"{_line(name, median(found))}; evalkit × {wall[len(wall) // 2]:.2f} the time, "
            f"× {cpu[len(cpu) // 2]:.2f} the CPU"
        )


def _line(name: str, spent: Cost) -> str:
    return (
        f"    {name:<34} {spent.wall:5.1f} s, {spent.cpu:5.1f} s of CPU, {spent.peak:4.0f} MB "
        "in the largest process"
    )


def _command(who: str, kind: str, folder: Path, *files: str) -> list[str]:
    work = Path(__file__).with_name("shadow_work.py")
    return [sys.executable, str(work), who, kind, str(folder), *files]


def _made(path: Path, rows: int) -> Path:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '2GB'")
        connection.execute(MADE.format(pairs=rows // 2, path=path))
    return path
