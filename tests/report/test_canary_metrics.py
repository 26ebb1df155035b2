"""A watcher's metrics are read by Prometheus' own parser, whatever a run is called."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from evalkit.core.canary import (
    Action,
    CanaryPlan,
    Decision,
    Reason,
    ReasonCode,
    Stage,
    Standing,
    State,
    Trigger,
    TriggerKind,
)
from evalkit.core.envelope import UNIT_INTERVAL, Kind, Metric
from evalkit.core.watching import Delivery, Watching
from evalkit.report.canary.metrics import metrics_text
from evalkit.report.canary.pages import decision_page, gate_page

HOSTILE = 'a"b\\c\nd{x="1"} 9 ##[group]\u202e'
TRIGGER = Trigger(
    "errors", "errors", Metric("errors", "errors", "errors", Kind.RATE, UNIT_INTERVAL),
    TriggerKind.EVENTS, 0.05, said="errors: at most 5 %",
)  # fmt: skip
PLAN = CanaryPlan("chat", (Stage(0.01, 1, 2), Stage(0.05, 1, 2)), (TRIGGER,))
DECISION = Decision(
    12, HOSTILE, 0, 0.05, Action.PROMOTE, (Reason(ReasonCode.CLEAR, "no alarm"),), 90.0, 60.0, 0.011,
    (Standing("errors", -1.25, 0.0, 3.0, 200, None, (0.01, 0.02)),), requests=(900, 10),
)  # fmt: skip
WATCHING = Watching(
    PLAN, State(HOSTILE, "d", stage=1, number=12, decision=DECISION), DECISION, 95.5, 7, 60.0,
    Delivery(11, 1, "receiver: HTTP 503"), ("look here",),
)  # fmt: skip


def values(text: str) -> dict[tuple[str, str], float]:
    """Return the samples of an exposition by name and the label that tells them apart."""
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type in {"gauge", "counter"}
        for sample in family.samples:
            labels = {
                key: value for key, value in sample.labels.items() if key not in {"envelope", "run"}
            }
            assert sample.labels.get("run", HOSTILE) == HOSTILE
            found[sample.name, "".join(labels.values())] = sample.value
    return found


def test_every_metric_is_read_and_says_what_is_known() -> None:
    found = values(metrics_text(WATCHING))
    assert found["evalkit_canary_decision", "promote"] == 1
    assert found["evalkit_canary_decision", "rollback"] == 0
    assert found["evalkit_canary_reason", "clear"] == 1
    assert found["evalkit_canary_share", ""] == 0.05
    assert found["evalkit_canary_stage", ""] == 2
    assert found["evalkit_canary_realised_share", ""] == 0.011
    assert found["evalkit_canary_ticks_total", ""] == 7
    assert found["evalkit_canary_decisions_total", ""] == 12
    assert found["evalkit_canary_webhook_waiting", ""] == 1
    assert found["evalkit_canary_requests", "candidate"] == 10
    assert found["evalkit_canary_trigger_log_e", "errors"] == -1.25
    assert found["evalkit_canary_last_tick_timestamp_seconds", ""] == 95.5
    assert ("evalkit_canary_trigger_needed", "errors") not in found, "not known, and not 0"


def test_before_the_first_look_it_only_says_that_there_was_none() -> None:
    assert values(metrics_text(None)) == {("evalkit_canary_looked", ""): 0.0}


def test_without_a_webhook_and_a_look_there_are_no_numbers_of_them() -> None:
    bare = replace(WATCHING, delivery=None, decision=replace(DECISION, look=None, realised=None))
    found = values(metrics_text(bare))
    assert ("evalkit_canary_webhook_waiting", "") not in found
    assert ("evalkit_canary_newest_look_timestamp_seconds", "") not in found


def test_numbers_without_an_end_are_written_as_prometheus_reads_them() -> None:
    standings = tuple(
        replace(DECISION.standings[0], trigger=str(value), log_e=value)
        for value in (math.inf, -math.inf, math.nan)
    )
    found = values(metrics_text(replace(WATCHING, decision=replace(DECISION, standings=standings))))
    assert found["evalkit_canary_trigger_log_e", "inf"] == math.inf
    assert found["evalkit_canary_trigger_log_e", "-inf"] == -math.inf
    assert math.isnan(found["evalkit_canary_trigger_log_e", "nan"])


def test_the_pages_are_json_and_a_gate_speaks_of_its_stage() -> None:
    page = json.loads(decision_page(WATCHING))
    assert page["decision"] == "promote"
    assert page["watcher"] == {
        "looked_at": "1970-01-01T00:01:35Z", "every_seconds": 60.0, "looks": 7, "notes": ["look here"],
        "webhook": {"announced": 11, "waiting": 1, "trouble": "receiver: HTTP 503"},
    }  # fmt: skip
    assert json.loads(decision_page(replace(WATCHING, delivery=None)))["watcher"]["webhook"] is None
    gates = [json.loads(gate_page(WATCHING, stage, None)) for stage in (0, 1)]
    assert [gate["action"] for gate in gates] == ["promote", "hold"]
    other = json.loads(gate_page(WATCHING, 0, "another"))
    assert (other["action"], other["run"]) == ("hold", HOSTILE)
    assert "is asked about another" in other["reasons"][0]
