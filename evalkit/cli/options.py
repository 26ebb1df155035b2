"""Options that several commands have, each with its help: what is measured, how it is judged, where it goes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

REPORTS = Path("reports")
"""The folder in which the folders of runs lie."""


class Inconclusive(StrEnum):
    """What an undecided bound does to the exit code."""

    BLOCK = "block"
    WARN = "warn"


class Look(StrEnum):
    """Whether the texts of both arms are compared."""

    ON = "on"
    OFF = "off"


# ---------------------------------------------------------------- what is measured

OtherCandidate = Annotated[str | None, typer.Option(help="Another candidate, as in gate.")]
OtherBaseline = Annotated[str | None, typer.Option(help="Another baseline, as in gate.")]
Repeats = Annotated[int | None, typer.Option(min=1, help="Samples of the candidate a case.")]
Seed = Annotated[int | None, typer.Option(min=0, help="The seed of everything random.")]
Resume = Annotated[
    Path | None, typer.Option(help="A run that was broken off: ask what is still missing.")
]

# ---------------------------------------------------------------- how it is judged

Undecided = Annotated[
    Inconclusive | None,
    typer.Option(help="Whether an undecided bound blocks (exit 3) or warns (exit 0)."),
]
Drift = Annotated[
    Look | None,
    typer.Option(help="Whether the texts of both arms are compared for what no bound names."),
]

# ---------------------------------------------------------------- where it goes

RunOutput = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The run folder [default: reports/NAME-TIME-ID]."),
]
VerdictAsJson = Annotated[
    bool, typer.Option("--json", help="Print verdict.json instead of the table.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON document.")]
_LEAVES_OUT = (
    "Leave prompts, references and answers out of every report of this run; its folder keeps them."
)
Redact = Annotated[bool, typer.Option("--redact", help=_LEAVES_OUT)]
RedactFromNowOn = Annotated[bool | None, typer.Option("--redact/--no-redact", help=_LEAVES_OUT)]
By = Annotated[
    str | None,
    typer.Option("--by", help="Who answers for it [default: user.name of git]."),
]
