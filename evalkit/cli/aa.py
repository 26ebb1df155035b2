"""``evalkit aa``: the baseline against itself."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evalkit.cli.asking import (
    Asking,
    Jobs,
    MaxCost,
    MaxRequests,
    MaxTime,
    Refresh,
    envelope_to_ask,
    limits_of,
)
from evalkit.cli.completing import EnvelopeArgument
from evalkit.cli.options import Seed

Again = Annotated[
    str | None,
    typer.Option(help="A second recording of the baseline [default: its repeated draws]."),
]
Comparisons = Annotated[
    int, typer.Option(min=20, help="How often the draws are dealt out to both arms anew.")
]
NoiseAsJson = Annotated[bool, typer.Option("--json", help="Print the noise floor as JSON.")]


def aa(
    envelope: EnvelopeArgument,
    again: Again = None,
    comparisons: Comparisons = 200,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    max_requests: MaxRequests = None,
    concurrency: Jobs = None,
    refresh: Refresh = False,
    seed: Seed = None,
    json: NoiseAsJson = False,
) -> None:
    """Lay the baseline beside itself: the noise floor, and how often this envelope cries wolf.

    Every draw of the baseline is dealt to one of two arms at random, and the gate is judged, again
    and again: what it finds there is noise, and every bound it finds broken is a false alarm.
    """
    from evalkit.cli.world import code_root, origin, result_console
    from evalkit.core.model import Arm
    from evalkit.flows.aa import asked_of, measure_noise, twice_asked
    from evalkit.spec.envelope import load_envelope
    from evalkit.spec.overrides import Overrides

    limits = limits_of(max_cost, max_time, max_requests)
    loaded = envelope_to_ask(envelope, Overrides(seed=seed), limits, narrowed=asked_of)
    second = None
    if again is not None:
        both = Overrides(baseline=again, seed=seed)
        second = load_envelope(envelope, overrides=both, code_root=code_root())
    asked = None
    if Arm.BASELINE in loaded.envelope.live:
        # The answers of a live baseline are collected first, each case at least twice.
        started = origin(f"{loaded.envelope.name}-aa")
        asking = Asking(
            f"evalkit aa {envelope}", limits, started, concurrency, refresh,
            anyway=True, resumable=False,
        )  # fmt: skip
        asked = asking.begin(twice_asked(loaded))
    found = measure_noise(loaded, again=second, comparisons=comparisons, asked=asked)
    if json:
        from evalkit.report.plan.json import noise_text

        sys.stdout.write(noise_text(found))
    else:
        from evalkit.report.plan.noise_terminal import print_noise

        print_noise(found, result_console())
