"""What a reader has to know beside the numbers is told, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from evalkit.core.calibration import Calibration
from evalkit.core.envelope import (
    UNIT_INTERVAL,
    Bound,
    Envelope,
    Instrument,
    Kind,
    Limit,
    LimitKind,
    Metric,
    Severity,
    Statistic,
)
from evalkit.core.model import Arm, Snapshot
from evalkit.flows.notes import notes
from evalkit.stages.aggregate import Table

SNAPSHOT = Snapshot("replay", None)
HELPFUL = Metric("helpful", "helpful", "score", Kind.SCORE, UNIT_INTERVAL)
MEAN = Statistic("mean")
LABELS = Calibration(
    "people.json", "d", "judge@1", "", "score", Kind.SCORE, ("all",), frozenset(), {}
)


@dataclass
class _Partial:
    partial: bool = False


def told(
    metric: Metric,
    *,
    asks: bool = True,
    severity: Severity = Severity.BLOCK,
    statistic: Statistic = MEAN,
) -> list[str]:
    bounds = tuple(
        Bound(name, metric, statistic, Limit(LimitKind.ABSOLUTE, min=0.5), severity=severity)
        for name in ("helpful", "helpful@hard")
    )
    by = Snapshot("openai", None, model="judge-1") if asks else None
    instrument = Instrument("helpful", "judge", {Arm.CANDIDATE: None}, by)
    envelope = Envelope("e", SNAPSHOT, bounds, instruments=(instrument,))
    table = Table((), {}, {}, {}, clustered=False)
    return list(notes(envelope, table, _Partial(), lambda: 0))  # type: ignore[arg-type]


def test_a_judge_that_can_turn_the_gate_and_whom_nobody_checked_is_a_warning() -> None:
    [note] = told(HELPFUL)
    assert note.startswith(
        "Warning: helpful, helpful@hard can fail or pass the gate by what a judge"
    )
    assert note.endswith("evalkit calibrate RUN helpful")


def test_labels_are_asked_for_only_where_they_could_correct_the_bound() -> None:
    [category] = told(replace(HELPFUL, kind=Kind.CATEGORY))
    [quantile] = told(HELPFUL, statistic=Statistic("p95", 0.95))
    for note in (category, quantile):
        assert "evalkit calibrate" not in note
        assert note.endswith("Labels cannot correct it: they correct a rate or a mean.")


@pytest.mark.parametrize(
    ("metric", "asks", "severity"),
    [
        (replace(HELPFUL, of_asking=True), True, Severity.BLOCK),
        (replace(HELPFUL, calibration=LABELS), True, Severity.BLOCK),
        (HELPFUL, False, Severity.BLOCK),
        (HELPFUL, True, Severity.WARN),
    ],
)
def test_whoever_was_checked_or_decides_nothing_is_none(
    metric: Metric,
    asks: bool,  # noqa: FBT001 - a parameter of the test
    severity: Severity,
) -> None:
    assert told(metric, asks=asks, severity=severity) == []
