"""A canary's decision in a terminal and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.cells import cell_len

from evalkit.core.canary import (
    Action,
    CanaryPlan,
    Decision,
    Reason,
    ReasonCode,
    Stage,
    Standing,
    Trigger,
    TriggerKind,
    Unwatched,
)
from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Metric
from evalkit.report.canary.json import canary_text
from evalkit.report.canary.terminal import canary_lines

RATE = Metric("valid", "valid", "valid", Kind.RATE, UNIT_INTERVAL, labels=("valid", "invalid"))
TIME = Metric("latency_ms", "latency_ms", "latency", Kind.TIME, NON_NEGATIVE, unit="ms")
TRIGGERS = (
    Trigger(
        "valid", "valid", RATE, TriggerKind.EVENTS, 0.01, absence=True, said="valid: at least 98 %"
    ),
    Trigger(
        "latency_ms", "latency_ms", TIME, TriggerKind.BEYOND, 0.01, said="latency_ms: at most 4 s"
    ),
    Trigger(
        "wait",
        "wait",
        replace(RATE, labels=None),
        TriggerKind.EVENTS,
        0.01,
        absence=True,
        said="wait",
    ),
)
PLAN = CanaryPlan(
    "shop",
    (Stage(0.05, 1, 2), Stage(0.2, 1, 2)),
    TRIGGERS,
    unwatched=(Unwatched("accuracy", "no reference"),),
)
STANDINGS = (
    Standing("valid", 5.0, 5.0, 4.6, 200, 300, (0.01, 0.05)),
    Standing("latency_ms", -1.5, 0.0, 4.6, 400, 300, (0.04, 0.05), threshold=4000.0),
    Standing("wait", 0.0, 0.0, 4.6, 0, None, (None, None)),
)
HELD = Decision(
    7, "m-1", 0, 0.05, Action.HOLD,
    (
        Reason(ReasonCode.STALE, "the newest data ended 2 h ago"),
        Reason(ReasonCode.TOO_FEW, "valid has seen 200 of 300", "valid"),
        Reason(ReasonCode.TOO_FEW, "wait has seen 0", "wait"),
    ),
    at=3600.0, look=3000.0, realised=0.06, standings=STANDINGS, looks=3, requests=(9400, 600), covered=1800,
)  # fmt: skip


def text_of(decision: Decision, width: int = 100) -> str:
    """Return a decision as a terminal of this width shows it."""
    return "\n".join(line.plain.rstrip() for line in canary_lines(PLAN, decision, width)).replace(
        "\u00a0", " "
    )


def test_a_hold_says_why_and_what_is_still_needed() -> None:
    found = text_of(HELD)
    assert " ○ HOLD   shop: stay at 5 % of the traffic.\n" in found
    assert "The newest data ended 2 h ago.\n" in found
    assert "Not enough traffic yet to have found out a bad candidate: valid, wait.\n" in found
    assert "invalid: baseline 1.00 %, candidate 5.00 %" in found
    assert "evidence 5.0 of 4.6, alarm; 200 seen of 300 needed" in found
    assert "beyond 4.00 s: baseline 4.00 %, candidate 5.00 %" in found
    assert "evidence −1.5 of 4.6, no alarm; 400 seen of 300 needed" in found
    assert "nothing was seen of it in both arms" in found
    assert "accuracy                         no reference" in found
    assert (
        "m-1, decision 7, stage 1 of 2: 3 looks, 30 min at its share; 9,400 requests of the baseline,"
        in found
    )


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (replace(HELD, action=Action.PROMOTE, share=0.2), " ✓ PROMOTE   shop: go on from 5 % to 20 % of the traffic."),
        (replace(HELD, action=Action.PROMOTE, stage=1, share=1.0, final=True), " ✓ PROMOTE   shop: the candidate may have all of the traffic."),
        (replace(HELD, action=Action.ROLLBACK, share=0.0, final=True), " ✗ ROLLBACK   shop: take the candidate back, from 5 % of the traffic to none."),
    ],
)  # fmt: skip
def test_an_end_says_what_to_do_with_the_traffic(decision: Decision, expected: str) -> None:
    found = text_of(decision)
    assert expected in found
    assert ("This is final for run m-1." in found) is decision.final


def test_a_trigger_without_words_and_a_first_decision_have_lines_too() -> None:
    seen = replace(STANDINGS[2], rates=(0.5, 0.6), seen=3)
    found = text_of(replace(HELD, standings=(seen,), look=None, realised=None))
    assert "without it: baseline 50.0 %, candidate 60.0 %" in found
    assert "evidence 0.0 of 4.6, no alarm; 3 seen\n" in found
    assert "newest look" not in found


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(cell_len(line) for line in text_of(HELD, width).splitlines()) <= width


def test_names_act_on_nothing() -> None:
    hostile = replace(HELD, run="\x1b[2Jm-1", reasons=(Reason(ReasonCode.UNREAD, "\x1b]0;x\x07"),))
    assert "\x1b" not in text_of(hostile)
    assert "\x1b" not in canary_text(PLAN, hostile)


def test_the_document_is_the_same_bytes_for_the_same_decision() -> None:
    found = canary_text(PLAN, HELD)
    assert found == canary_text(PLAN, HELD)
    told = json.loads(found)
    assert (told["decision"], told["share"], told["at"]) == ("hold", 0.05, "1970-01-01T01:00:00Z")
    assert told["triggers"][0]["alarmed"] is True
    assert told["triggers"][2]["needed"] is None
