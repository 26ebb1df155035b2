"""What a process of its own does in ``tests.bench.shadow_text``: lines of JSON to estimates.

``python -m tests.bench.shadow_text_work evalkit|duckdb|texts WORKERS FOLDER FILE…``
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evalkit.core.digest import canonical_json
from evalkit.core.model import Arm
from evalkit.core.spreading import Executor
from evalkit.flows.shadow.parts import finer, parts_of
from evalkit.flows.shadow.plan import ShadowPlan, measurable
from evalkit.flows.shadow.tallies import tallies
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.spread import InProcess, Processes
from tests.bench.shadow_duckdb import queries
from tests.bench.shadow_work import COLUMNS, MEASURES, summary

TYPES = (
    "columns = {arm: 'varchar', timestamp: 'timestamp', latency_ms: 'double', tokens: 'double', "
    "cost_usd: 'double', score: 'double', error: 'boolean', refusal: 'boolean'}, "
    "format = 'newline_delimited'"
)


def columns_of(files: Sequence[str], executor: Executor) -> Logs:
    """Return what was counted of numbers as they stand."""
    parts = parts_of(files, reader="plain")
    plan = ShadowPlan(
        "", "", None, MEASURES, {}, parts.reader, paired=False, users=False, columns=COLUMNS
    )
    with tempfile.TemporaryDirectory() as scratch:
        return tallies(parts.parts, plan, executor, scratch=Path(scratch)).logs


def texts_of(files: Sequence[str], envelope: Path, executor: Executor) -> Logs:
    """Return what was counted of answers that were scored."""
    from evalkit.spec.envelope import load_envelope

    loaded = load_envelope(envelope)
    parts = finer(parts_of(files))
    plan = ShadowPlan(
        canonical_json(loaded.document),
        loaded.path,
        None,
        measurable(loaded).measures,
        {arm.value: arm for arm in Arm},
        parts.reader,
        paired=False,
        users=False,
    )
    with tempfile.TemporaryDirectory() as scratch:
        return tallies(parts.parts, plan, executor, scratch=Path(scratch)).logs


def main() -> None:
    """Do what the command line says, and print how much came out."""
    who, count, folder, *files = sys.argv[1:]
    workers = int(count)
    if who == "duckdb":
        import duckdb

        connection = duckdb.connect()
        connection.execute(f"set threads = {workers}")
        asked = queries("apart", f"read_json({files}, {TYPES})")
        found = [connection.execute(query).fetchall() for query in asked]
        sys.stdout.write(f"{sum(map(len, found))} rows\n")
        return
    executor = Processes(workers) if workers > 1 else InProcess()
    if who == "texts":
        logs = texts_of(files, Path(folder) / "envelope.yaml", executor)
        sys.stdout.write(f"{logs.tally.digest()}\n")
        return
    sys.stdout.write(json.dumps(summary(columns_of(files, executor))) + "\n")


if __name__ == "__main__":
    main()
