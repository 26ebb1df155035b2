"""A canary's decision becomes a JSON document."""

from __future__ import annotations

from evalkit.core.canary import CanaryPlan, Decision, Standing, Trigger
from evalkit.core.canary_wording import moment_text
from evalkit.core.model import Json
from evalkit.core.rounding import six_digits
from evalkit.files.json_text import document_text


def canary_text(plan: CanaryPlan, decision: Decision) -> str:
    """Return the document of a decision, six digits a number; what nobody knows is ``null``."""
    return document_text(canary_record(plan, decision))


def canary_record(plan: CanaryPlan, decision: Decision) -> dict[str, Json]:
    """Return the same as a plain value."""
    decision = six_digits(decision)
    triggers = {trigger.name: trigger for trigger in plan.triggers}
    return {
        "schema": "evalkit.canary/1",
        "envelope": plan.name,
        "run": decision.run,
        "number": decision.number,
        "decision": decision.action.value,
        "final": decision.final,
        "exit_code": int(decision.exit_code),
        "stage": decision.stage + 1,
        "stages": [stage.share for stage in plan.stages],
        "share": decision.share,
        "reasons": [
            {"code": reason.code.value, "trigger": reason.trigger, "text": reason.text}
            for reason in decision.reasons
        ],
        "at": moment_text(decision.at),
        "newest_look_ended": None if decision.look is None else moment_text(decision.look),
        "realised_share": decision.realised,
        "looks": decision.looks,
        "covered_seconds": decision.covered,
        "requests": {"baseline": decision.requests[0], "candidate": decision.requests[1]},
        "confidence": round(1 - plan.alpha, 12),
        "triggers": [_trigger(triggers[item.trigger], item) for item in decision.standings],
        "unwatched": [{"bound": item.bound, "why": item.why} for item in plan.unwatched],
    }


def _trigger(trigger: Trigger, standing: Standing) -> Json:
    baseline, candidate = standing.rates
    return {
        "name": trigger.name,
        "bound": trigger.bound,
        "metric": trigger.metric.name,
        "acceptable": trigger.said,
        "evidence": trigger.kind.value,
        "approximate": trigger.approximate,
        "alarmed": standing.alarmed,
        "log_e": standing.log_e,
        "highest_log_e": standing.highest,
        "alarm_at": standing.alarm_at,
        "baseline": baseline,
        "candidate": candidate,
        "seen": standing.seen,
        "needed": standing.needed,
        "threshold": standing.threshold,
    }
