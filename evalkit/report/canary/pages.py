"""What a watcher serves to whoever steers the traffic: its decision, and the gate of each stage."""

from __future__ import annotations

from evalkit.core.canary_wording import moment_text
from evalkit.core.model import Json
from evalkit.core.watching import Watching, gate_of
from evalkit.files.json_text import document_text
from evalkit.report.canary.json import canary_record

GATE_SCHEMA = "evalkit.canary-gate/1"


def decision_page(watching: Watching) -> str:
    """Return the newest decision as a document, with how the watcher is."""
    delivery = watching.delivery
    told: Json = None
    if delivery is not None:
        told = {
            "announced": delivery.announced,
            "waiting": delivery.waiting,
            "trouble": delivery.trouble,
        }
    watcher: Json = {
        "looked_at": moment_text(watching.at),
        "every_seconds": watching.every,
        "looks": watching.ticks,
        "webhook": told,
        "notes": list(watching.notes),
    }
    return document_text({**canary_record(watching.plan, watching.decision), "watcher": watcher})


def gate_page(watching: Watching, stage: int, run: str | None) -> str:
    """Return whether a stage may be left; ``action`` is promote, hold or rollback.

    Args:
        watching: what is known.
        stage: counted from 0.
        run: the run that is asked about; another than the watcher's holds.
    """
    state, decision = watching.state, watching.decision
    other = run is not None and run != state.run
    reasons = [reason.text for reason in decision.reasons]
    if other:
        reasons = [f"the watcher watches run {state.run}, and is asked about another"]
    return document_text(
        {
            "schema": GATE_SCHEMA,
            "envelope": watching.plan.name,
            "run": state.run,
            "stage": stage + 1,
            "share": watching.plan.stages[stage].share,
            "action": gate_of(state, stage, run=run).value,
            "number": decision.number,
            "looked_at": moment_text(watching.at),
            "reasons": list[Json](reasons),
        }
    )
