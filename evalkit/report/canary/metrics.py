"""What a watcher knows becomes metrics in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evalkit.core.canary import Action, Standing
from evalkit.core.watching import Watching
from evalkit.report.prometheus import Labels, family, text_of


def metrics_text(watching: Watching | None) -> str:
    """Return the metrics of a watcher; before its first look, only that it is there."""
    families = [_up(watching), *(() if watching is None else _families(watching))]
    return text_of(families)


def _up(watching: Watching | None) -> Iterator[str]:
    yield from family(
        "evalkit_canary_looked", "gauge", "Whether there was a look since the watcher began.",
        [({}, 0.0 if watching is None else 1.0)],
    )  # fmt: skip


def _families(watching: Watching) -> Iterator[Iterator[str]]:
    """Yield each metric with its values."""
    plan, state, decision = watching.plan, watching.state, watching.decision
    of = {"envelope": plan.name, "run": state.run}
    yield family(
        "evalkit_canary_decision", "gauge", "1 for the newest decision, 0 for the others.",
        [({**of, "decision": item.value}, float(item is decision.action)) for item in Action],
    )  # fmt: skip
    codes = {reason.code.value for reason in decision.reasons}
    yield family(
        "evalkit_canary_reason", "gauge", "1 for each reason of the newest decision.",
        [({**of, "code": code}, 1.0) for code in sorted(codes)],
    )  # fmt: skip
    for name, about, value in _numbers(watching):
        yield family(f"evalkit_canary_{name}", "gauge", about, [(of, value)])
    for name, about, value in _counts(watching):
        yield family(f"evalkit_canary_{name}_total", "counter", about, [(of, value)])
    yield family(
        "evalkit_canary_requests", "gauge", "Requests that were counted in this stage.",
        zip(
            [{**of, "arm": "baseline"}, {**of, "arm": "candidate"}],
            map(float, decision.requests),
            strict=True,
        ),
    )  # fmt: skip
    yield from _of_triggers(of, decision.standings)


def _numbers(watching: Watching) -> Iterator[tuple[str, str, float | None]]:
    decision = watching.decision
    yield "stage", "The stage of the rollout, from 1.", float(watching.state.stage + 1)
    yield "share", "The share of the traffic that the candidate is to have.", decision.share
    yield "realised_share", "The share that it had in the newest look.", decision.realised
    yield "final", "Whether the newest decision ends the run.", float(decision.final)
    yield "last_tick_timestamp_seconds", "When the watcher looked last.", watching.at
    yield "newest_look_timestamp_seconds", "Until when the data is.", decision.look
    yield "tick_interval_seconds", "Seconds between two looks of the watcher.", watching.every
    if watching.delivery is not None:
        yield (
            "webhook_waiting", "Decisions that the webhook has not taken yet.",
            float(watching.delivery.waiting),
        )  # fmt: skip


def _counts(watching: Watching) -> Iterator[tuple[str, str, float]]:
    yield "ticks", "How often the watcher looked since it began.", float(watching.ticks)
    yield "decisions", "The number of the newest decision.", float(watching.state.number)


def _of_triggers(of: Labels, standings: Iterable[Standing]) -> Iterator[Iterator[str]]:
    found = [({**of, "trigger": item.trigger}, item) for item in standings]
    yield family(
        "evalkit_canary_trigger_log_e", "gauge", "The evidence against the candidate: a natural logarithm.",
        [(labels, item.log_e) for labels, item in found],
    )  # fmt: skip
    yield family(
        "evalkit_canary_trigger_alarm_at", "gauge", "The evidence at which the candidate is rolled back.",
        [(labels, item.alarm_at) for labels, item in found],
    )  # fmt: skip
    yield family(
        "evalkit_canary_trigger_alarmed", "gauge", "Whether there ever was that much.",
        [(labels, float(item.alarmed)) for labels, item in found],
    )  # fmt: skip
    yield family(
        "evalkit_canary_trigger_seen", "gauge", "Chances of the candidate that were seen.",
        [(labels, float(item.seen)) for labels, item in found],
    )  # fmt: skip
    yield family(
        "evalkit_canary_trigger_needed", "gauge", "Chances at which a bad candidate would have shown.",
        [(labels, None if item.needed is None else float(item.needed)) for labels, item in found],
    )  # fmt: skip
