"""``evalkit score``: one scorer over recorded outputs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalkit.core.model import Json


def score(
    scorer: Annotated[
        str, typer.Argument(help="A scorer's name, or a Python file with one scorer.")
    ],
    outputs: Annotated[Path, typer.Argument(help="Recorded outputs (.jsonl, .gz).")],
    golden: Annotated[
        Path | None, typer.Option(help="The golden set, for scorers that need references.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the scorer, key=value (again for more).")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file to write [default: standard output]."),
    ] = None,
) -> None:
    """Apply one scorer to recorded outputs.

    Writes a line {id, sample, value, score, …} for each sample; score is a detector's probability. A
    scorer that asks somebody, named with --option by={provider: …}, asks about every output.
    """
    from evalkit.cli.asking import terms_of_score
    from evalkit.flows.score import score_outputs

    with terms_of_score() as terms:
        lines = score_outputs(scorer, outputs, golden_set=golden, options=option or (), terms=terms)
        _write(lines, output)


def _write(lines: Iterable[Mapping[str, Json]], output: Path | None) -> None:
    from evalkit.files.json_text import json_line
    from evalkit.files.writing import write_whole

    if output is None:
        for line in lines:
            sys.stdout.write(json_line(line))
    else:
        # Whole or not at all: a file wrong in line 900 leaves the earlier result as it was.
        write_whole(output, "".join(map(json_line, lines)))
