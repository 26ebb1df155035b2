"""``evalkit gate``: the main job."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
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
    typed,
)
from evalkit.cli.ci import CI, Ci
from evalkit.cli.completing import EnvelopeArgument
from evalkit.cli.options import (
    REPORTS,
    Drift,
    Redact,
    Repeats,
    Resume,
    RunOutput,
    Seed,
    Undecided,
    VerdictAsJson,
)
from evalkit.cli.show import show_run
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm
from evalkit.core.verdict import ExitCode, Verdict

if TYPE_CHECKING:
    from evalkit.core.run import Origin
    from evalkit.spec.envelope import LoadedEnvelope

EPILOG = "Exit codes: " + ", ".join(
    f"{code.value} {words}"
    for code, words in {
        ExitCode.PASS: "pass, or waived (the verdict stays what it is)",
        ExitCode.FAIL: "fail: a blocking bound is shown broken",
        ExitCode.USAGE: "usage or invalid file",
        ExitCode.INCONCLUSIVE: "cannot tell (blocks unless --inconclusive=warn)",
        ExitCode.UNMEASURED: "could not measure",
        ExitCode.BUG: "a bug of evalkit",
        ExitCode.INTERRUPTED: "interrupted",
    }.items()
)

OLDEST_BASELINE = 30
"""After so many days a recorded baseline may no longer be what its snapshot answers."""

Candidate = Annotated[
    str | None,
    typer.Option(
        help="Another candidate: a recording (.jsonl[.gz]), a snapshot (.yaml), or provider:model."
    ),
]
Baseline = Annotated[str | None, typer.Option(help="Another baseline, in the same forms.")]
Only = Annotated[
    list[str] | None,
    typer.Option(help="Judge only this bound (again for more). A smoke run: never a pass."),
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Ask only the first N cases. A smoke run: never a pass.")
]
GoOn = Annotated[
    Path | None,
    typer.Option(
        "--continue", help="A run to go on with on more cases; every bound must be bet on."
    ),
]
LedgerFile = Annotated[Path, typer.Option(help="Where the looks at each candidate are counted.")]
IfChanged = Annotated[
    bool,
    typer.Option(
        "--if-changed",
        help="Run nothing where the newest run of the same inputs in the ledger was a pass.",
    ),
]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="Ask even where no answer could prove a bound.")
]


def gate(
    envelope: EnvelopeArgument,
    candidate: Candidate = None,
    baseline: Baseline = None,
    only: Only = None,
    limit: Limit = None,
    repeats: Repeats = None,
    seed: Seed = None,
    inconclusive: Undecided = None,
    drift: Drift = None,
    go_on: GoOn = None,
    ledger: LedgerFile = REPORTS / "ledger.jsonl",
    if_changed: IfChanged = False,
    resume: Resume = None,
    max_cost: MaxCost = None,
    max_time: MaxTime = None,
    max_requests: MaxRequests = None,
    concurrency: Jobs = None,
    refresh: Refresh = False,
    strict_pins: StrictPins = False,
    anyway: Anyway = False,
    output: RunOutput = None,
    json: VerdictAsJson = False,
    ci: Ci = None,
    redact: Redact = False,
) -> None:
    """Measure baseline and candidate, and judge by the envelope.

    Asks both snapshots every case of the golden set, scores the answers, estimates every bound with
    its interval and leaves a run folder with an HTML report.
    """
    from evalkit.cli.world import origin
    from evalkit.flows.waiving import Waivers
    from evalkit.spec.overrides import Overrides
    from evalkit.stages.store import RunFolder

    overrides = Overrides(
        candidate=candidate, baseline=baseline, repeats=repeats, seed=seed,
        inconclusive=inconclusive, only=tuple(only or ()), drift=drift,
    )  # fmt: skip
    command = typed("gate", envelope, overrides)
    limits = limits_of(max_cost, max_time, max_requests)
    loaded = envelope_to_ask(envelope, overrides, limits, strict_pins=strict_pins)
    started = replace(origin(loaded.envelope.name), redacted=redact)
    waivers = Waivers.of(loaded)  # a file that is none is told before anybody is asked
    if if_changed:
        _refuse_beside_if_changed(
            {"--resume": resume, "--continue": go_on, "--limit": limit, "--only": only,
             "--refresh": refresh or None}
        )  # fmt: skip
        _rely_on_the_last(loaded, ledger, started, output, as_json=json, ci=ci)
    asking = Asking(command, limits, started, concurrency, refresh, anyway=anyway, ledger=ledger)
    verdict, folder = _gated(
        loaded, asking, ledger, output=output, limit=limit, go_on=go_on, resume=resume
    )
    verdict = waivers.apply(RunFolder(folder), verdict, datetime.now(UTC).date())
    _warn_of_age(verdict, started.created)
    show_run(folder, verdict, as_json=json, command=command, ci=ci, redact=redact or None)
    sys.exit(int(verdict.exit_code))


def _gated(
    loaded: LoadedEnvelope, asking: Asking, ledger: Path, *,
    output: Path | None, limit: int | None, go_on: Path | None, resume: Path | None,
) -> tuple[Verdict, Path]:  # fmt: skip
    """Return the verdict of a new run, or of one that is gone on with, and its folder."""
    from evalkit.stages.ledger import Ledger

    looks = Ledger(ledger)
    if resume is None and not loaded.envelope.asks:
        from evalkit.cli.world import folder_of
        from evalkit.flows import gate as flow
        from evalkit.stages.store import RunFolder

        folder = folder_of(asking.started, output)
        before = None if go_on is None else RunFolder.open(go_on)
        verdict = flow.gate(
            loaded, folder, asking.started, limit=limit, ledger=looks, before=before
        )
        return verdict, folder
    looks.check()  # a line that is none is told before anybody is asked and paid
    if resume is None:
        run = asking.begin(loaded, output, limit=limit, before=go_on)
    else:
        loaded, run = asking.go_on(loaded, resume)
    # Loaded only now: what computes takes a while to load, and the first request did not wait.
    from evalkit.flows.gate import judge_collected

    return judge_collected(run, loaded, looks), run.path


def _refuse_beside_if_changed(options: Mapping[str, object]) -> None:
    for name, value in options.items():
        if value is not None and value != []:
            raise UsageError(
                f"--if-changed asks whether a whole gate has to run, and {name} asks for another; leave "
                "one of both out"
            )


def _rely_on_the_last(
    loaded: LoadedEnvelope,
    ledger: Path,
    started: Origin,
    output: Path | None,
    *,
    as_json: bool,
    ci: CI | None,
) -> None:
    """End the command where a pass still stands; say why it does not, and go on."""
    from evalkit.core.run import ReliedOn
    from evalkit.flows.unchanged import relied_on
    from evalkit.stages.ledger import Ledger

    found = relied_on(loaded, Ledger(ledger), started)
    if isinstance(found, ReliedOn):
        from evalkit.cli.show import show_unchanged

        show_unchanged(found, output, as_json=as_json, ci=ci)
        sys.exit(int(ExitCode.PASS))
    typer.echo(f"evalkit: --if-changed: the gate runs, for {found}", err=True)


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
