"""``evalkit gate``: the main job."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

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
    typed,
)
from evalkit.cli.ci import Ci
from evalkit.cli.completing import EnvelopeArgument
from evalkit.cli.show import AsJson, Drift, show_run
from evalkit.core.model import Arm
from evalkit.core.verdict import ExitCode, Verdict

EPILOG = "Exit codes: " + ", ".join(
    f"{code.value} {words}"
    for code, words in {
        ExitCode.PASS: "pass",
        ExitCode.FAIL: "fail: a blocking bound is shown broken",
        ExitCode.USAGE: "usage or invalid file",
        ExitCode.INCONCLUSIVE: "cannot tell (blocks unless --inconclusive=warn)",
        ExitCode.UNMEASURED: "could not measure",
        ExitCode.BUG: "a bug of evalkit",
        ExitCode.INTERRUPTED: "interrupted",
    }.items()
)


OLDEST_BASELINE = 30


class Inconclusive(StrEnum):
    """What an undecided bound does to the exit code."""

    BLOCK = "block"
    WARN = "warn"


def gate(
    envelope: EnvelopeArgument,
    candidate: Annotated[
        str | None,
        typer.Option(
            help="Another candidate: a recording (.jsonl[.gz]), a snapshot (.yaml), or provider:model."
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Another baseline, in the same forms.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Judge only this bound (again for more). A smoke run: never a pass."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Ask only the first N cases. A smoke run: never a pass."),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, help="Samples of the candidate a case.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of everything random.")] = None,
    inconclusive: Annotated[
        Inconclusive | None,
        typer.Option(help="Whether an undecided bound blocks (exit 3) or warns (exit 0)."),
    ] = None,
    drift: Drift = None,
    go_on: Annotated[
        Path | None,
        typer.Option(
            "--continue", help="A run to go on with on more cases; every bound must be bet on."
        ),
    ] = None,
    ledger: Annotated[
        Path, typer.Option(help="Where the looks at each candidate are counted.")
    ] = Path("reports") / "ledger.jsonl",
    resume: Annotated[
        Path | None, typer.Option(help="A run that was broken off: ask what is still missing.")
    ] = None,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    max_requests: MaxRequests = None,
    concurrency: Jobs = None,
    refresh: Refresh = False,
    strict_pins: StrictPins = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Ask even where no answer could prove a bound.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The run folder [default: reports/NAME-TIME-ID]."),
    ] = None,
    json: AsJson = False,
    ci: Ci = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact",
            help="Leave prompts, references and answers out of every report of this run; its folder keeps them.",
        ),
    ] = False,
) -> None:
    """Measure baseline and candidate, and judge by the envelope.

    Asks both snapshots every case of the golden set, scores the answers, estimates every bound with
    its interval and leaves a run folder with an HTML report.
    """
    from evalkit.cli.world import origin
    from evalkit.spec.overrides import Overrides
    from evalkit.stages.store import RunFolder

    overrides = Overrides(
        candidate=candidate,
        baseline=baseline,
        repeats=repeats,
        seed=seed,
        inconclusive=inconclusive,
        only=tuple(only or ()),
        drift=drift,
    )
    command = typed("gate", envelope, overrides)
    limits = limits_of(max_cost, max_time, max_requests)
    loaded = envelope_to_ask(envelope, overrides, limits, strict_pins=strict_pins)
    started = replace(origin(loaded.envelope.name), redacted=redact)
    folder = output or Path("reports") / started.run
    if resume is None and not loaded.envelope.asks:
        from evalkit.flows import gate as flow
        from evalkit.stages.ledger import Ledger

        before = None if go_on is None else RunFolder.open(go_on)
        verdict = flow.gate(
            loaded, folder, started, limit=limit, ledger=Ledger(ledger), before=before
        )
    else:
        asking = Asking(
            command=command,
            limits=limits,
            started=started.created,
            concurrency=concurrency,
            refresh=refresh,
            anyway=anyway,
            ledger=ledger,
        )
        if resume is None:
            run = asking.begin(loaded, folder, started, limit=limit, before=go_on)
        else:
            loaded, run = asking.go_on(loaded, resume)
        # Loaded only now: what computes takes a while to load, and the first request did not wait.
        from evalkit.flows.gate import judge_collected
        from evalkit.stages.ledger import Ledger

        verdict, folder = judge_collected(run, loaded, Ledger(ledger)), run.path

    _warn_of_age(verdict, started.created)
    show_run(folder, verdict, as_json=json, command=command, ci=ci, redact=redact or None)
    sys.exit(int(verdict.exit_code))


def _warn_of_age(verdict: Verdict, now: str) -> None:
    """Say on standard error that a baseline is much older than what it is compared with."""
    arms = verdict.facts.arms
    recorded = arms[Arm.BASELINE].recorded if Arm.BASELINE in arms else None
    asked = arms[Arm.CANDIDATE].recorded or now[:10]
    if recorded is None:
        return
    try:
        days = (date.fromisoformat(asked) - date.fromisoformat(recorded)).days
    except ValueError:
        return  # what a recording calls a date need not be one
    if days > OLDEST_BASELINE:
        typer.echo(
            f"evalkit: the baseline was recorded {days} days before the candidate, on {recorded}; after "
            f"{OLDEST_BASELINE} days it may no longer be what its snapshot answers",
            err=True,
        )
