"""What a watcher knows becomes metrics in the text format of Prometheus."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from evalkit.core.canary import Action, Standing
from evalkit.core.watching import Watching

Labels = Mapping[str, str]
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def metrics_text(watching: Watching | None) -> str:
    """Return the metrics of a watcher; before its first look, only that it is there."""
    families = [_up(watching), *(() if watching is None else _families(watching))]
    return "".join(line + "\n" for family in families for line in family)


def _up(watching: Watching | None) -> Iterator[str]:
    yield from _family(
        "evalkit_canary_looked", "gauge", "Whether there was a look since the watcher began.",
        [({}, 0.0 if watching is None else 1.0)],
    )  # fmt: skip


def _families(watching: Watching) -> Iterator[Iterator[str]]:
    """Yield each metric with its values."""
    plan, state, decision = watching.plan, watching.state, watching.decision
    of = {"envelope": plan.name, "run": state.run}
    yield _family(
        "evalkit_canary_decision", "gauge", "1 for the newest decision, 0 for the others.",
        [({**of, "decision": item.value}, float(item is decision.action)) for item in Action],
    )  # fmt: skip
    codes = {reason.code.value for reason in decision.reasons}
    yield _family(
        "evalkit_canary_reason", "gauge", "1 for each reason of the newest decision.",
        [({**of, "code": code}, 1.0) for code in sorted(codes)],
    )  # fmt: skip
    for name, about, value in _numbers(watching):
        yield _family(f"evalkit_canary_{name}", "gauge", about, [(of, value)])
    for name, about, value in _counts(watching):
        yield _family(f"evalkit_canary_{name}_total", "counter", about, [(of, value)])
    yield _family(
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
    yield _family(
        "evalkit_canary_trigger_log_e", "gauge", "The evidence against the candidate: a natural logarithm.",
        [(labels, item.log_e) for labels, item in found],
    )  # fmt: skip
    yield _family(
        "evalkit_canary_trigger_alarm_at", "gauge", "The evidence at which the candidate is rolled back.",
        [(labels, item.alarm_at) for labels, item in found],
    )  # fmt: skip
    yield _family(
        "evalkit_canary_trigger_alarmed", "gauge", "Whether there ever was that much.",
        [(labels, float(item.alarmed)) for labels, item in found],
    )  # fmt: skip
    yield _family(
        "evalkit_canary_trigger_seen", "gauge", "Chances of the candidate that were seen.",
        [(labels, float(item.seen)) for labels, item in found],
    )  # fmt: skip
    yield _family(
        "evalkit_canary_trigger_needed", "gauge", "Chances at which a bad candidate would have shown.",
        [(labels, None if item.needed is None else float(item.needed)) for labels, item in found],
    )  # fmt: skip


# ---------------------------------------------------------------- the format


def _family(
    name: str, kind: str, about: str, values: Iterable[tuple[Labels, float | None]]
) -> Iterator[str]:
    """Yield the lines of a metric; a value that nobody knows has none."""
    known = [(labels, value) for labels, value in values if value is not None]
    if not known:
        return
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"
    for labels, value in known:
        inside = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
        yield f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}"


def _number(value: float) -> str:
    """Return a number in the words of the format, whole ones without a fraction.

    >>> [_number(value) for value in (3.0, 0.25, float("inf"))]
    ['3', '0.25', '+Inf']
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() else repr(value)
