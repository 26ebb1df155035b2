"""Two hundred bounds on forty slices of 10,000 cases, judged at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evalkit.core.envelope import (
    NON_NEGATIVE,
    UNIT_INTERVAL,
    Bound,
    Envelope,
    Kind,
    Limit,
    LimitKind,
    Metric,
    Slice,
    Statistic,
)
from evalkit.core.model import Arm, Snapshot
from evalkit.core.verdict import ArmSummary, Digests, Facts, SnapshotSummary
from evalkit.stages.judge import judge
from evalkit.stats.arrays import FloatArray
from evalkit.stats.evidence import Evidence, Exhibit, Observed

CASES, SLICES = 10_000, 40
ABSOLUTE, DELTA, RATIO, _ = LimitKind

KINDS = (
    (Metric("right", "right", "x", Kind.RATE, UNIT_INTERVAL), "rate", Limit(ABSOLUTE, min=0.85)),
    (
        Metric("refusal", "refusal", "x", Kind.RATE, UNIT_INTERVAL),
        "rate",
        Limit(DELTA, -0.05, 0.05),
    ),
    (Metric("tone", "tone", "x", Kind.SCORE, UNIT_INTERVAL), "mean", Limit(ABSOLUTE, max=0.3)),
    (Metric("cost", "cost", "x", Kind.AMOUNT, NON_NEGATIVE), "mean", Limit(RATIO, max=1.1)),
    (Metric("wait", "wait", "x", Kind.TIME, NON_NEGATIVE), "p95", Limit(ABSOLUTE, max=4000)),
)


def judging_lines(folder: Path) -> Iterator[str]:
    """Yield what judging costs, without reading and scoring."""
    del folder
    rng = np.random.default_rng(1)
    bounds, exhibits = [], []
    for place in range(SLICES):
        for metric, statistic, limit in KINDS:
            part = Slice(any_of=(f"tag{place}",))
            bounds.append(
                Bound(f"{metric.name}@{place}", metric, Statistic.parse(statistic), limit, part)
            )
            exhibits.append(_exhibit(metric.kind, limit, rng))
    snapshot = Snapshot("replay", None)
    envelope = Envelope("many", snapshot, tuple(bounds), baseline=snapshot)
    facts = Facts(
        Digests("", "", {}, {}, {}),
        {arm: SnapshotSummary(None, ()) for arm in Arm},
        {arm: ArmSummary(CASES, CASES, 0, {}, None) for arm in Arm},
    )
    start = time.process_time()
    judge(envelope, exhibits, (), facts)
    spent = time.process_time() - start
    yield (
        f"judging {len(bounds)} bounds on {SLICES} slices of {CASES:,} cases: {spent:.2f} s of CPU, "
        f"{1e3 * spent / len(bounds):.1f} ms a bound"
    )


def _exhibit(kind: Kind, limit: Limit, rng: np.random.Generator) -> Exhibit:
    n = CASES // SLICES
    arms = {arm: _observed(_values(kind, limit, n, rng)) for arm in Arm}
    names = [f"c{place}" for place in range(n)]
    return Exhibit(names, Evidence(n, arms), {arm: {} for arm in Arm})


def _values(kind: Kind, limit: Limit, n: int, rng: np.random.Generator) -> FloatArray:
    match kind:
        case Kind.RATE:
            return (rng.random(n) < (0.9 if limit.kind is ABSOLUTE else 0.02)).astype(np.float64)
        case Kind.SCORE:
            return rng.beta(2, 8, n)
        case Kind.AMOUNT:
            return rng.gamma(4, 1e-4, n)
    return rng.lognormal(7, 0.5, n)


def _observed(values: FloatArray) -> Observed:
    return Observed(np.arange(values.size), values, np.ones(values.size, np.bool_))
