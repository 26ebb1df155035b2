"""``evalkit gate``: the main job."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evalkit.core.verdict import ExitCode

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


class Inconclusive(StrEnum):
    """What an undecided bound does to the exit code."""

    BLOCK = "block"
    WARN = "warn"


def gate(
    envelope: Annotated[Path, typer.Argument(help="The envelope, a YAML file.")],
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
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The run folder [default: reports/NAME-TIME-ID]."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print verdict.json instead of the table.")
    ] = False,
) -> None:
    """Measure baseline and candidate, and judge by the envelope.

    Asks both snapshots every case of the golden set, scores the answers, estimates every bound with
    its interval and leaves a run folder with an HTML report.
    """
    from evalkit.cli.show import show_run
    from evalkit.cli.world import code_root, origin
    from evalkit.flows import gate as flow
    from evalkit.spec.envelope import load_envelope
    from evalkit.spec.overrides import Overrides

    overrides = Overrides(
        candidate=candidate,
        baseline=baseline,
        repeats=repeats,
        seed=seed,
        inconclusive=inconclusive,
        only=tuple(only or ()),
    )
    loaded = load_envelope(envelope, overrides=overrides, code_root=code_root())
    started = origin(loaded.envelope.name)
    folder = output or Path("reports") / started.run
    verdict = flow.gate(loaded, folder, started, limit=limit)
    show_run(folder, verdict, as_json=json)
    sys.exit(int(verdict.exit_code))
