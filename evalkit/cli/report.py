"""``evalkit report``: an earlier run is rendered again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    json: Annotated[
        bool, typer.Option("--json", help="Print verdict.json instead of the table.")
    ] = False,
) -> None:
    """Render the reports of an earlier run again.

    Nothing is judged: they show the verdict that the run folder holds.
    """
    from evalkit.cli.show import show_run
    from evalkit.stages.store import RunFolder

    show_run(run, RunFolder.open(run).verdict(), as_json=json)
