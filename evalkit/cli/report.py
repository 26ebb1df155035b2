"""``evalkit report``: an earlier run is rendered again."""

from __future__ import annotations

from typing import Annotated

import typer

from evalkit.cli.ci import CI, Ci
from evalkit.cli.completing import RunArgument


def report(
    run: RunArgument,
    json: Annotated[
        bool, typer.Option("--json", help="Print verdict.json instead of the table.")
    ] = False,
    ci: Ci = CI.AUTO,
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact/--no-redact",
            help="Leave prompts, references and answers out of every report of this run; its folder keeps them.",
        ),
    ] = None,
) -> None:
    """Render the reports of an earlier run again.

    Nothing is judged: they show the verdict that the run folder holds.
    """
    from evalkit.cli.show import show_run
    from evalkit.stages.store import RunFolder

    show_run(run, RunFolder.open(run).verdict(), as_json=json, ci=ci, redact=redact)
