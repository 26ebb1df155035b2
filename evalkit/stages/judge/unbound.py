"""Evidence that decides nothing is estimated all the same: metrics without a bound, and slices."""

from __future__ import annotations

from typing import TypeAlias

from evalkit.core.envelope import USUAL_STATISTIC, LimitKind, Metric, Statistic
from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, MetricResult, SliceResult, Unmeasured
from evalkit.stats.estimates import engine_of, estimate_of
from evalkit.stats.evidence import Exhibit, Sliced

ALPHA = 0.05
"""Nobody promised anything about these; each limit is right 95 times in 100 on its own."""

Found: TypeAlias = Estimate | Unmeasured


def metric_result(metric: Metric, exhibit: Exhibit) -> MetricResult:
    """Return what is known about a metric that no bound uses."""
    statistic = USUAL_STATISTIC[metric.kind]
    found = _by_arm(metric, statistic, exhibit)
    return MetricResult(
        metric.name, metric.kind, statistic.name, exhibit.unit,
        found.get(Arm.BASELINE), found[Arm.CANDIDATE],
    )  # fmt: skip


def slice_result(part: Sliced) -> SliceResult:
    """Return what is known about a metric on a tag."""
    metric, statistic, exhibit = part.metric, part.statistic, part.exhibit
    found = _by_arm(metric, statistic, exhibit)
    effect = None
    if Arm.BASELINE in found:
        effect = _estimated(metric, statistic, exhibit, LimitKind.DELTA, list(Arm))
    return SliceResult(
        metric=metric.name,
        kind=metric.kind,
        statistic=statistic.name,
        on=part.tag,
        unit=exhibit.unit,
        baseline=found.get(Arm.BASELINE),
        candidate=found[Arm.CANDIDATE],
        effect=effect,
    )


def _by_arm(metric: Metric, statistic: Statistic, exhibit: Exhibit) -> dict[Arm, Found]:
    return {
        arm: _estimated(metric, statistic, exhibit, LimitKind.ABSOLUTE, [arm])
        for arm in exhibit.evidence.arms
    }


def _estimated(
    metric: Metric, statistic: Statistic, exhibit: Exhibit, kind: LimitKind, arms: list[Arm]
) -> Found:
    evidence = exhibit.evidence
    engine = engine_of(evidence, kind, arms[-1], statistic, metric.support)
    if isinstance(engine, Unmeasured):
        return engine
    return estimate_of(engine, evidence, arms, ALPHA)
