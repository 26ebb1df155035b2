"""What follows from the nouns of a canary themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from evalkit.core.canary import (
    Action,
    Bookmarked,
    Decision,
    Reason,
    ReasonCode,
    Standing,
    Trigger,
    TriggerKind,
)
from evalkit.core.envelope import UNIT_INTERVAL, Kind, Metric
from evalkit.core.verdict import ExitCode

RATE = Metric("x", "x", "x", Kind.RATE, UNIT_INTERVAL)


@pytest.mark.parametrize(
    ("kind", "threshold", "waits"),
    [
        (TriggerKind.BEYOND, None, True),
        (TriggerKind.BEYOND, 4000.0, False),
        (TriggerKind.EVENTS, None, False),
    ],
)
def test_only_a_quantile_without_a_value_waits_for_the_baseline(
    kind: TriggerKind, threshold: float | None, *, waits: bool
) -> None:
    trigger = Trigger("x", "x", RATE, kind, 0.01, threshold=threshold)
    assert trigger.frozen_first is waits
    assert not trigger.approximate


def test_evidence_that_was_enough_stays_enough() -> None:
    fallen = Standing(
        "x", log_e=0.1, highest=4.0, alarm_at=3.0, seen=1, needed=None, rates=(None, None)
    )
    assert fallen.alarmed


@pytest.mark.parametrize(
    ("action", "code", "expected"),
    [
        (Action.PROMOTE, ReasonCode.CLEAR, ExitCode.PASS),
        (Action.ROLLBACK, ReasonCode.ALARM, ExitCode.FAIL),
        (Action.HOLD, ReasonCode.TOO_FEW, ExitCode.INCONCLUSIVE),
        (Action.HOLD, ReasonCode.CLOCK_SKEW, ExitCode.INCONCLUSIVE),
        (Action.HOLD, ReasonCode.NO_DATA, ExitCode.UNMEASURED),
        (Action.HOLD, ReasonCode.STALE, ExitCode.UNMEASURED),
    ],
)
def test_the_exit_code_says_what_to_do(
    action: Action, code: ReasonCode, expected: ExitCode
) -> None:
    reasons = (Reason(code, "because"),)
    found = Decision(1, "r", 0, 0.1, action, reasons, 0.0, None, None, standings=())
    assert found.exit_code is expected


def test_a_source_that_keeps_its_place_is_known_by_it() -> None:
    class Followed:
        def bookmark(self, watermark: float | None) -> Mapping[str, object]:
            return {"watermark": watermark}

    assert isinstance(Followed(), Bookmarked)
    assert not isinstance(Iterator, Bookmarked)
