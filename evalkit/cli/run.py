"""``evalkit run``: collect only."""

from __future__ import annotations

import sys
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
from evalkit.cli.completing import EnvelopeArgument


def run(
    envelope: EnvelopeArgument,
    candidate: Annotated[str | None, typer.Option(help="Another candidate, as in gate.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Another baseline, as in gate.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask only the first N cases. A smoke run.")
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, help="Samples of the candidate a case.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of everything random.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="A run that was broken off: ask what is still missing.")
    ] = None,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    max_requests: MaxRequests = None,
    concurrency: Jobs = None,
    refresh: Refresh = False,
    strict_pins: StrictPins = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The run folder [default: reports/NAME-TIME-ID]."),
    ] = None,
) -> None:
    """Ask both snapshots every case and keep the answers, without judging them.

    `evalkit judge` judges the run folder, which this prints.
    """
    from evalkit.cli.world import origin
    from evalkit.spec.overrides import Overrides

    overrides = Overrides(candidate=candidate, baseline=baseline, repeats=repeats, seed=seed)
    limits = limits_of(max_cost, max_time, max_requests)
    loaded = envelope_to_ask(envelope, overrides, limits, strict_pins=strict_pins)
    started = origin(loaded.envelope.name)
    asking = Asking(
        command=typed("run", envelope, overrides),
        limits=limits,
        started=started.created,
        concurrency=concurrency,
        refresh=refresh,
        anyway=True,
    )
    if resume is None:
        folder = output or Path("reports") / started.run
        made = asking.begin(loaded, folder, started, limit=limit)
    else:
        _, made = asking.go_on(loaded, resume)
    sys.stdout.write(f"{made.path}\n")
    manifest = made.manifest()
    for arm, why in manifest.stopped.items():
        sys.stderr.write(f"evalkit: the {arm} could not be asked to the end: {why}\n")
    if manifest.spent:
        sys.stderr.write(f"evalkit: not everything was asked: {manifest.spent}\n")
    for name, why in manifest.unasked.items():
        sys.stderr.write(f"evalkit: not everything was asked for {name}: {why}\n")
    if manifest.stopped or manifest.spent or manifest.unasked:
        from evalkit.core.verdict import ExitCode

        sys.exit(int(ExitCode.UNMEASURED))
