"""What a mirror counted is read back by Prometheus' own parser."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from evalkit.core.mirror import (
    LATENCY_BOUNDS_MS,
    CopiesCounted,
    Counted,
    Latencies,
    Mode,
    Trouble,
)
from evalkit.core.mirror_counts import TrafficCounted
from evalkit.core.mirror_edge import Checked
from evalkit.core.mirror_metadata import InBody
from evalkit.core.model import Arm
from evalkit.report.mirror.metrics import metrics_text

QUICK = Latencies((3, 1, *[0] * (len(LATENCY_BOUNDS_MS) - 2), 1), 130_004.5)
SERVER = Counted(
    answered={(Arm.BASELINE, "2xx"): 4, (Arm.CANDIDATE, "5xx"): 1},
    troubled={(Arm.BASELINE, Trouble.CALLER_LEFT): 2},
    refused={"too_large": 3},
    copies=CopiesCounted(10, 6, 3, {Trouble.TIMEOUT: 1}, 2, 1),
    latencies={Arm.BASELINE: QUICK},
    bytes_in=100,
    bytes_out=2_000,
    active=5,
    connections=7,
    draining=False,
)
TRAFFIC = TrafficCounted(
    Mode.CANARY, 0.05, 1.25, {"written": 9, 'a "fate"\n': 1}, 4,
    {InBody.ADDED: 2}, {Checked.VIOLATED: 1}, 1, {"unreadable": 6},
)  # fmt: skip


def read(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (
            sample.name.removeprefix("evalkit_mirror_"),
            tuple(sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("answers_total", {"arm": "baseline", "status": "2xx"}, 4),
        ("answers_total", {"arm": "candidate", "status": "5xx"}, 1),
        ("broken_answers_total", {"arm": "baseline", "why": "caller_left"}, 2),
        ("refused_total", {"code": "too_large"}, 3),
        ("copies_offered_total", {}, 10),
        ("copies_failed_total", {"why": "timeout"}, 1),
        ("copies_dropped_total", {}, 3),
        ("copies_waiting", {}, 2),
        ("latency_seconds_bucket", {"arm": "baseline", "le": "0.002"}, 4),
        ("latency_seconds_bucket", {"arm": "baseline", "le": "120"}, 4),
        ("latency_seconds_bucket", {"arm": "baseline", "le": "+Inf"}, 5),
        ("latency_seconds_count", {"arm": "baseline"}, 5),
        ("latency_seconds_sum", {"arm": "baseline"}, 130.0045),
        ("mode", {"mode": "canary"}, 1),
        ("mode", {"mode": "shadow"}, 0),
        ("share", {}, 0.05),
        ("state_age_seconds", {}, 1.25),
        ("records_total", {"fate": 'a "fate"\n'}, 1),
        ("records_waiting", {}, 4),
        ("told_in_body_total", {"fate": "added"}, 2),
        ("checked_total", {"found": "violated"}, 1),
        ("rejected_total", {}, 1),
        ("uncopied_total", {"why": "unreadable"}, 6),
        ("draining", {}, 0),
    ],
)  # fmt: skip
def test_a_metric_is_there(name: str, labels: dict[str, str], value: float) -> None:
    assert read(metrics_text(SERVER, TRAFFIC))[name, tuple(sorted(labels.items()))] == value


def test_what_nobody_knows_is_not_there() -> None:
    text = metrics_text(SERVER, TrafficCounted(Mode.SHADOW))
    assert "state_age" not in text
    assert "checked_total" not in text
