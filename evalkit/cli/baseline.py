"""``evalkit baseline``: the snapshot that was approved, kept so that it outlives its model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.asking import (
    Asking,
    Jobs,
    MaxCost,
    MaxRequests,
    MaxTime,
    Refresh,
    StrictPins,
    envelope_to_ask,
    limits_of,
)
from evalkit.cli.completing import EnvelopeArgument
from evalkit.cli.options import By

if TYPE_CHECKING:
    from evalkit.flows.freeze import Outcome, Plan

EPILOG = (
    "Exit codes: 0 frozen, or nothing differs from what is frozen; 2 something is there already and "
    "differs (--replace), or a file is wrong; 4 the snapshot could not be asked to the end."
)
SHOWN = 12

baseline = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Candidate = Annotated[
    bool,
    typer.Option(
        "--candidate",
        help="Freeze the candidate that evalkit approve put into the lock, on fresh draws.",
    ),
]
Draws = Annotated[int, typer.Option(min=1, max=100, help="Draws a case.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output",
        help="The file of outputs [default: outputs/NAME.baseline.jsonl.gz beside the golden set].",
    ),
]  # fmt: skip
Replace = Annotated[
    bool, typer.Option("--replace", help="Write over what is frozen; what changed is printed.")
]


@baseline.callback()
def _group() -> None:
    """Keep what was approved."""


@baseline.command(epilog=EPILOG)
def freeze(
    envelope: EnvelopeArgument,
    candidate: Candidate = False,
    draws: Draws = 5,
    output: Output = None,
    replace: Replace = False,
    by: By = None,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    max_requests: MaxRequests = None,
    concurrency: Jobs = None,
    refresh: Refresh = False,
    strict_pins: StrictPins = False,
) -> None:
    """Record the outputs of the approved baseline, and lock what they were made with.

    A live baseline is asked, a recorded one copied. Writes the outputs, and evalkit.lock beside the
    envelope or at the top of the repository where one lies there: a later gate is held against it.
    """
    from evalkit.cli.world import origin, who
    from evalkit.core.model import Arm
    from evalkit.flows.approve import sound_line
    from evalkit.flows.freeze import alone, planned
    from evalkit.flows.freeze import freeze as frozen
    from evalkit.spec.overrides import Overrides

    arm = Arm.CANDIDATE if candidate else Arm.BASELINE
    limits = limits_of(max_cost, max_time, max_requests)
    loaded = envelope_to_ask(
        envelope, Overrides(), limits, strict_pins=strict_pins,
        narrowed=lambda found: alone(found, arm, draws) if arm in found.envelope.snapshots else found,
    )  # fmt: skip
    plan = planned(loaded, arm, draws=draws, output=output, replaces=replace)
    name = sound_line(who(by), "--by")
    if plan.before is not None and not refresh and not (plan.differs and replace):
        _say_unchanged(plan)
        return
    started, run = origin(f"{loaded.envelope.name}-baseline"), None
    if plan.live:
        asking = Asking(
            f"evalkit baseline freeze {envelope}", limits, started, concurrency, refresh,
            anyway=True, resumable=False, against_lock=False, since=plan.since,
        )  # fmt: skip
        run = asking.begin(plan.asked())
    _say(plan, frozen(plan, started, by=name, run=run))


def _say_unchanged(plan: Plan) -> None:
    assert plan.before is not None
    locks = f"{plan.locked.path} locks this baseline as it was frozen on {plan.before.at[:10]}"
    told = [
        f"{locks}: nothing that must match differs, nothing was written",
        *(f"  {line}" for line in plan.differs[:SHOWN]),
    ]
    if plan.differs:
        told.append("--replace writes that down as well")
    sys.stdout.write("".join(f"{line}\n" for line in told))


def _say(plan: Plan, done: Outcome) -> None:
    """Print what was frozen, what became another by it, and what the envelope has to name now."""
    from evalkit.core.model import Arm
    from evalkit.core.wording import count_text
    from evalkit.flows.locked import RECORDED, stated_of, written_beside

    outputs = done.frozen.must_match.outputs
    counted = f"{count_text(outputs.cases, 'case')}, {count_text(outputs.draws, 'draw')} each"
    told = [
        f"{done.outputs}: {counted}, {outputs.missing:,} missing",
        f"{done.lock}: locked by {done.frozen.by}",
        *(f"  {line}" for line in done.changed[:SHOWN]),
    ]
    if len(done.changed) > SHOWN:
        told.append(f"  and {len(done.changed) - SHOWN:,} more")
    if outputs.draws < plan.draws:
        told.append(
            f"Only {count_text(outputs.draws, 'draw')} a case: that is what was recorded. Each further draw "
            "lowers the cases that later gates need."
        )
    path = written_beside(str(done.outputs), plan.loaded.path)
    now = stated_of(plan.loaded, Arm.BASELINE)
    written = now.get("path")
    named = isinstance(written, str) and written_beside(written, plan.loaded.path)
    if now.get("provider") != RECORDED or named != path:
        told.append(f"Now name it in {plan.loaded.path}, and commit all three:")
        told.append(f"  baseline: {{provider: replay, path: {path}}}")
    sys.stdout.write("".join(f"{line}\n" for line in told))
