"""What a process of its own does in ``tests.bench.shadow``: logs to estimates by evalkit's engine.

``python -m tests.bench.shadow_work apart|joined|apart-users|joined-users|tally FOLDER FILE…``
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evalkit.core.envelope import UNIT_INTERVAL, Kind, Statistic
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.flows.shadow.parts import parts_of
from evalkit.flows.shadow.plan import ShadowPlan
from evalkit.flows.shadow.tallies import tallies
from evalkit.stages.shadow.block import ARMS, Measure
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.estimates import counts, delta, estimate, ratio, single
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.spread import Processes

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


def logs_of(files: Sequence[str], folder: str, *, joined: bool, users: bool) -> Logs:
    """Return what two processes count of files, of which one may be named several times."""
    parts = [part for file in files for part in parts_of([file], reader="plain").parts]
    columns = replace(
        COLUMNS, request="request_id" if joined else None, user="user_id" if users else None
    )
    plan = ShadowPlan(
        "", "", None, MEASURES, {}, "plain", paired=joined, users=users, columns=columns
    )
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        return tallies(parts, plan, Processes(WORKERS), scratch=Path(scratch)).logs


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


def main() -> None:
    """Do what the command line says, and print how much came out."""
    kind, folder, *files = sys.argv[1:]
    logs = logs_of(files, folder, joined="joined" in kind, users="users" in kind)
    if kind == "tally":
        sys.stdout.write(f"{logs.tally.digest()}\n")
        return
    sys.stdout.write(json.dumps(summary(logs)) + "\n")


if __name__ == "__main__":
    main()
