"""What a process of its own does in ``tests.bench.shadow``: logs to estimates, here or by DuckDB.

``python shadow_work.py evalkit|duckdb unpaired|paired|sums|tally FOLDER FILE…``
"""

# ruff: noqa: S608 - the queries are of this module's own words

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.core.envelope import UNIT_INTERVAL, Kind, Statistic
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stages.shadow import tally as tallies
from evalkit.stages.shadow.block import ARMS, Block, Measure
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.estimates import counts, delta, estimate, ratio, single
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.pairing import Pairing, paired
from evalkit.stages.shadow.parquet import rows_of_groups
from evalkit.stages.shadow.piles import Bucket, Heap, Pile
from evalkit.stages.shadow.tally import Tally, tally_of
from evalkit.stages.spread import Processes
from evalkit.wire.log_rows import row_groups

ROWS_A_PART = 1_000_000
BUCKETS = 16
WORKERS = 2

MEASURES = (
    Measure("latency_ms", Kind.TIME, quantiles=True),
    Measure("tokens", Kind.AMOUNT, quantiles=True),
    Measure("cost_usd", Kind.AMOUNT, quantiles=True),
    Measure("score", Kind.SCORE, UNIT_INTERVAL),
    Measure("error", Kind.RATE),
    Measure("refusal", Kind.RATE),
)
COLUMNS = Columns(
    {measure.name: measure.name for measure in MEASURES},
    arm="arm",
    arms={"baseline": Arm.BASELINE, "candidate": Arm.CANDIDATE},
    time="timestamp",
)
STATISTICS = [Statistic.parse(name) for name in ("p50", "p95", "p99")]


def parts_of(paths: Sequence[str], rows: int) -> list[LogPart]:
    """Return groups of rows of files, about so many rows each."""
    found = []
    for path in paths:
        groups = row_groups(path)
        each = max(1, rows // max(groups))
        found += [
            LogPart(path, PartKind.ROWS, start, min(start + each, len(groups)), 0)
            for start in range(0, len(groups), each)
        ]
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """Counts a part, and puts its rows away where they are to be paired."""

    folder: str | None

    def __call__(self, numbered: tuple[int, LogPart]) -> tuple[Tally, Pile | None]:
        """Return the tally of a part, and where its rows lie."""
        number, part = numbered
        columns, heap = COLUMNS, Heap("request", BUCKETS)
        if self.folder is not None:
            columns = replace(COLUMNS, request="request_id")

        def blocks() -> Iterator[Block]:
            for rows in rows_of_groups(part, columns):
                block = rows.block(rows.arm >= 0)
                if self.folder is not None:
                    heap.add(block)
                yield block

        tally = tally_of(blocks(), MEASURES)
        if self.folder is None:
            return tally, None
        return tally, heap.pile().kept(Path(self.folder) / str(number))


def joined(bucket: Bucket) -> Pairing:
    """Return what is known of the pairs of a bucket."""
    return paired(bucket.blocks(), MEASURES)


def logs_of(paths: Sequence[str], folder: str | None) -> Logs:
    """Return what was counted of files, by two processes."""
    executor = Processes(WORKERS)
    parts = list(enumerate(parts_of(paths, ROWS_A_PART if folder is None else ROWS_A_PART // 2)))
    whole, piles = Tally.nothing(MEASURES), []
    for tally, pile in executor.results(Reading(folder), parts):
        whole = tallies.total([whole, tally])
        piles += [pile] if pile is not None else []
    if folder is None:
        return Logs(whole)
    pairs = Pairing.nothing(MEASURES)
    buckets = [Bucket("request", number, tuple(piles)) for number in range(BUCKETS)]
    for found in executor.results(joined, buckets):
        pairs += found
    return Logs(whole, pairs)


def summary(logs: Logs) -> list[object]:
    """Return every estimate of logs: of each arm, of both compared, and by hour."""
    found: list[object] = []
    for measure in MEASURES:
        usual = Statistic("rate" if measure.rate else "mean")
        for statistic in [usual, *(STATISTICS if measure.quantiles else [])]:
            found += [
                _told(single(logs, measure, arm, statistic), logs, measure, arm) for arm in ARMS
            ]
            found.append(_told(delta(logs, measure, statistic), logs, measure, None))
            found.append(_told(ratio(logs, measure, statistic), logs, measure, None))
    hours = [logs.within(int(hour), int(hour) + 1) for hour in logs.tally.hours]
    for measure in MEASURES:
        usual = Statistic("rate" if measure.rate else "mean")
        trend = [usual, STATISTICS[1]] if measure.name == "latency_ms" else [usual]
        for statistic in trend:
            for hour in hours:
                found += [
                    _told(single(hour, measure, arm, statistic), hour, measure, arm) for arm in ARMS
                ]
    return found


def _told(engine: object, logs: Logs, measure: Measure, arm: Arm | None) -> object:
    if isinstance(engine, Unmeasured):
        return engine.detail
    found = estimate(engine, counts(logs, measure, arm), 0.95)  # type: ignore[arg-type]
    return [measure.name, found.value, found.lower, found.upper, found.n]


# ---------------------------------------------------------------- by hand, in DuckDB

AMOUNTS = ("latency_ms", "tokens", "cost_usd", "score")
RATES = ("error", "refusal")


def queries(kind: str, files: Sequence[str]) -> list[str]:
    """Return the queries that count the same, written by hand."""
    source = f"read_parquet({list(files)})"
    sums = ", ".join(f"count({m}), avg({m}), var_samp({m})" for m in AMOUNTS)
    skews = ", ".join(f"skewness({m})" for m in AMOUNTS)
    rates = ", ".join(f"sum({m}::int)" for m in RATES)
    cuts = "[0.5, 0.95, 0.99]"
    hour = "arm, date_trunc('hour', timestamp)"
    if kind == "sums":
        return [f"select {hour}, count(*), {sums}, {rates} from {source} group by all"]
    found = [
        f"select {hour}, count(*), {sums}, {skews}, {rates}, quantile_cont(latency_ms, {cuts}) "
        f"from {source} group by all",
        "select arm, "
        + ", ".join(f"quantile_cont({m}, {cuts})" for m in AMOUNTS[:3])
        + f" from {source} group by all",
    ]
    if kind == "unpaired":
        return found
    moved = ", ".join(
        f"avg(c.{m} - b.{m}), var_samp(c.{m} - b.{m}), skewness(c.{m} - b.{m}), "
        f"covar_samp(c.{m}, b.{m})"
        for m in AMOUNTS
    )
    flips = ", ".join(
        f"sum((c.{m} and not b.{m})::int), sum((b.{m} and not c.{m})::int)" for m in RATES
    )
    return [
        *found,
        f"select date_trunc('hour', b.timestamp), count(*), {moved}, {flips} "
        f"from (select * from {source} where arm = 'baseline') b "
        f"join (select * from {source} where arm = 'candidate') c using (request_id) group by all",
    ]


def main() -> None:
    """Do what the command line says, and print how much came out."""
    who, kind, folder, *files = sys.argv[1:]
    if who == "duckdb":
        import duckdb

        connection = duckdb.connect()
        connection.execute(f"set threads = {WORKERS}")
        rows = [connection.execute(query).fetchall() for query in queries(kind, files)]
        sys.stdout.write(f"{sum(map(len, rows))} rows\n")
        return
    logs = logs_of(files, folder if kind == "paired" else None)
    if kind == "tally":
        sys.stdout.write(f"{logs.tally.digest()}\n")
        return
    sys.stdout.write(json.dumps(summary(logs)) + "\n")


if __name__ == "__main__":
    main()
