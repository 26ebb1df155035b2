"""``evalkit judge``: an earlier run is judged again, without a call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.ci import Ci
from evalkit.cli.completing import RunArgument
from evalkit.cli.options import Drift, RedactFromNowOn, VerdictAsJson
from evalkit.cli.show import show_run


def judge(
    run: RunArgument,
    envelope: Annotated[
        Path | None,
        typer.Option(help="Judge under another envelope, into a run folder of its own."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="That folder [default: reports/NAME-TIME-ID]."),
    ] = None,
    drift: Drift = None,
    json: VerdictAsJson = False,
    ci: Ci = None,
    redact: RedactFromNowOn = None,
) -> None:
    """Judge the samples of an earlier run again, without a call.

    The same envelope gives the same verdict, byte for byte; another one is judged into a run folder
    of its own.
    """
    from evalkit.cli.world import code_root, folder_of, origin
    from evalkit.core.errors import UsageError
    from evalkit.flows.gate import judge_otherwise, judge_run
    from evalkit.spec.envelope import load_envelope
    from evalkit.spec.overrides import Overrides
    from evalkit.stages.store import RunFolder

    folder = RunFolder.open(run)
    if envelope is None:
        manifest = folder.manifest()
        if not manifest.lines:
            raise UsageError(
                f"{run} was imported, and has no bounds of its own; name some: --envelope ENVELOPE"
            )
        own = Overrides(only=manifest.only, drift=drift)
        loaded = load_envelope(folder.envelope_path, overrides=own, code_root=code_root())
        verdict, shown = judge_run(folder, loaded), run
    else:
        who = Overrides(answered=folder.answered(), drift=drift)
        loaded = load_envelope(envelope, overrides=who, code_root=code_root())
        started = origin(loaded.envelope.name)
        shown = folder_of(started, output)
        verdict = judge_otherwise(folder, loaded, shown, started)
    show_run(shown, verdict, as_json=json, ci=ci, redact=redact)
    sys.exit(int(verdict.exit_code))
