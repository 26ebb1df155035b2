"""Small trials: a bound, the evidence it is judged by, and the verdict that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from evalkit.core.envelope import (
    NON_NEGATIVE,
    UNIT_INTERVAL,
    Bound,
    Envelope,
    Kind,
    Limit,
    LimitKind,
    Metric,
    Statistic,
)
from evalkit.core.model import Arm, Snapshot
from evalkit.core.verdict import (
    ArmSummary,
    BoundResult,
    Digests,
    Facts,
    Settle,
    SnapshotSummary,
    Verdict,
)
from evalkit.stages.judge import judge
from evalkit.stats.evidence import Evidence, Exhibit

ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind
BASELINE, CANDIDATE = Arm

ACCURACY = Metric(
    "accuracy", "accuracy", "match", Kind.RATE, UNIT_INTERVAL, labels=("right", "wrong")
)
TONE = Metric("tone", "tone", "warm", Kind.SCORE, UNIT_INTERVAL)
TOKENS = Metric("tokens", "tokens", "tokens", Kind.AMOUNT, NON_NEGATIVE, unit="tokens")
LATENCY = Metric("latency_ms", "latency_ms", "ms", Kind.TIME, NON_NEGATIVE, unit="ms")
USUAL = {Kind.RATE: "rate", Kind.SCORE: "mean", Kind.AMOUNT: "mean", Kind.TIME: "p95"}

SNAPSHOT = Snapshot("replay", None)
DIGESTS = Digests("5e7", "e7e", {}, {}, {})


# ---------------------------------------------------------------- what is required


def at_least(value: float) -> Limit:
    return Limit(ABSOLUTE, min=float(value))


def at_most(value: float) -> Limit:
    return Limit(ABSOLUTE, max=float(value))


def within(margin: float) -> Limit:
    return Limit(DELTA, -float(margin), float(margin))


def bound(limit: Limit, metric: Metric = ACCURACY, *, statistic: str = "", **changes: Any) -> Bound:
    """Return a bound named like its metric, on the usual statistic of it."""
    taken = Statistic.parse(statistic or USUAL[metric.kind])
    return replace(Bound(metric.name, metric, taken, limit), **changes)


# ---------------------------------------------------------------- what was observed


def rights(right: int, wrong: int = 0, missing: int = 0) -> list[float | None]:
    """Return an answer a case: right ones, wrong ones, and those that are not there."""
    return [1.0] * right + [0.0] * wrong + [None] * missing


def moved(gained: int, lost: int, same: int) -> tuple[list[float | None], list[float | None]]:
    """Return candidate and baseline: cases that became right, became wrong, and stayed right."""
    candidate = rights(gained, lost) + rights(same)
    baseline = [*([0.0] * gained), *([1.0] * lost), *([1.0] * same)]
    return candidate, [*baseline]


def exhibit(found: Evidence, **changes: Any) -> Exhibit:
    names = [f"c{place:04d}" for place in range(found.cases)]
    return replace(Exhibit(names, found, {arm: {} for arm in found.arms}), **changes)


def summary(found: Evidence, *, cost_usd: float | None = None) -> ArmSummary:
    seen = found.arms[CANDIDATE]
    return ArmSummary(found.cases, seen.samples, seen.missing, {}, None, cost_usd=cost_usd)


def facts(
    found: Evidence,
    *,
    smoke: bool = False,
    cost_usd: float | None = None,
    candidate: SnapshotSummary | None = None,
) -> Facts:
    """Return facts in which the candidate asked for ``new-model``."""
    return Facts(
        digests=DIGESTS,
        snapshots={CANDIDATE: candidate or SnapshotSummary("new-model", ())},
        arms={CANDIDATE: summary(found, cost_usd=cost_usd)},
        smoke=smoke,
    )


# ---------------------------------------------------------------- what is said


def verdict_on(
    trials: Sequence[tuple[Bound, Evidence | Exhibit]],
    *,
    metrics: Sequence[tuple[Metric, Evidence]] = (),
    smoke: bool = False,
    found: Facts | None = None,
    **keys: Any,
) -> Verdict:
    """Return the verdict on bounds, each with its own evidence; ``keys`` are the envelope's."""
    exhibits = [shown if isinstance(shown, Exhibit) else exhibit(shown) for _, shown in trials]
    envelope = Envelope(
        name="trial",
        candidate=SNAPSHOT,
        bounds=tuple(each for each, _ in trials),
        metrics=tuple(metric for metric, _ in metrics),
        **keys,
    )
    unbound = [exhibit(shown) for _, shown in metrics]
    said = found or facts(exhibits[0].evidence, smoke=smoke)
    return judge(envelope, exhibits, unbound, said)


def result_of(item: Bound, seen: Evidence | Exhibit, **keys: Any) -> BoundResult:
    """Return what is known about the one bound of an envelope."""
    (result,) = verdict_on([(item, seen)], **keys).bounds
    return result


def way_out(item: Bound, seen: Evidence, **keys: Any) -> Settle:
    """Return what would settle a bound that must be undecided."""
    result = result_of(item, seen, **keys)
    assert result.settle is not None, result
    return result.settle
