"""``evalkit run``: collect only."""

from __future__ import annotations

import sys
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
    typed,
)
from evalkit.cli.completing import EnvelopeArgument
from evalkit.cli.options import OtherBaseline, OtherCandidate, Repeats, Resume, RunOutput, Seed

if TYPE_CHECKING:
    from evalkit.core.run import Manifest

Limit = Annotated[int | None, typer.Option(min=1, help="Ask only the first N cases. A smoke run.")]


def run(
    envelope: EnvelopeArgument,
    candidate: OtherCandidate = None,
    baseline: OtherBaseline = None,
    limit: Limit = None,
    repeats: Repeats = None,
    seed: Seed = None,
    resume: Resume = None,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    max_requests: MaxRequests = None,
    concurrency: Jobs = None,
    refresh: Refresh = False,
    strict_pins: StrictPins = False,
    output: RunOutput = None,
) -> None:
    """Ask both snapshots every case and keep the answers, without judging them.

    `evalkit judge` judges the run folder, which this prints.
    """
    from evalkit.cli.world import origin
    from evalkit.spec.overrides import Overrides

    overrides = Overrides(candidate=candidate, baseline=baseline, repeats=repeats, seed=seed)
    limits = limits_of(max_cost, max_time, max_requests)
    loaded = envelope_to_ask(envelope, overrides, limits, strict_pins=strict_pins)
    command, started = typed("run", envelope, overrides), origin(loaded.envelope.name)
    asking = Asking(command, limits, started, concurrency, refresh, anyway=True)
    if resume is None:
        made = asking.begin(loaded, output, limit=limit)
    else:
        _, made = asking.go_on(loaded, resume)
    sys.stdout.write(f"{made.path}\n")
    manifest = made.manifest()
    _say_what_is_missing(manifest)
    if manifest.stopped or manifest.spent or manifest.unasked:
        from evalkit.core.verdict import ExitCode

        sys.exit(int(ExitCode.UNMEASURED))


def _say_what_is_missing(manifest: Manifest) -> None:
    for arm, why in manifest.stopped.items():
        sys.stderr.write(f"evalkit: the {arm} could not be asked to the end: {why}\n")
    if manifest.spent:
        sys.stderr.write(f"evalkit: not everything was asked: {manifest.spent}\n")
    for name, why in manifest.unasked.items():
        sys.stderr.write(f"evalkit: not everything was asked for {name}: {why}\n")
