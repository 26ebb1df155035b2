"""What a canary remembers becomes a record for its file, and a decision a line of its journal."""

from __future__ import annotations

from evalkit.core.canary import CanaryPlan, Decision, State
from evalkit.core.canary_wording import moment_text
from evalkit.core.digest import plain
from evalkit.core.model import Json

SCHEMA = "evalkit.canary-state/1"


def state_record(plan: CanaryPlan, state: State) -> dict[str, Json]:
    """Return the record of a state: what others may rely on first, then ``memory``, which is ours.

    ``share`` is the share of traffic that the candidate is to have now.
    """
    decision = state.decision
    return {
        "schema": SCHEMA,
        "run": state.run,
        "share": plan.stages[0].share if decision is None else decision.share,
        "decision": None if decision is None else decision.action.value,
        "final": decision is not None and decision.final,
        "stage": state.stage + 1,
        "stages": [stage.share for stage in plan.stages],
        "number": state.number,
        "at": None if decision is None else moment_text(decision.at),
        "reasons": [] if decision is None else [reason.text for reason in decision.reasons],
        "memory": plain(state),
    }


def journal_record(decision: Decision) -> dict[str, Json]:
    """Return the line of a decision; the evidence in it is rounded nowhere."""
    record = plain(decision)
    assert isinstance(record, dict)
    look = None if decision.look is None else moment_text(decision.look)
    return {
        **record, "stage": decision.stage + 1, "at": moment_text(decision.at), "look": look,
    }  # fmt: skip
