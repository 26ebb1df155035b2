"""``evalkit validate``: every file is checked, nothing is run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.completing import envelopes
from evalkit.core.errors import SpecError


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Envelopes, files of mirrors, or golden sets on their own.",
            autocompletion=envelopes,
        ),
    ],
) -> None:
    """Check files and everything they name.

    Tells all problems at once, with their places; asks no endpoint and runs no code.
    """
    from evalkit.cli.ci import annotate_problems
    from evalkit.core.wording import count_text
    from evalkit.flows import validate as flow

    broken = False
    for path in files:
        try:
            found = flow.validate(path, os.environ)
        except SpecError as error:
            sys.stderr.write(f"{error}\n")
            annotate_problems(error)
            broken = True
            continue
        parts = [f"a mirror: {found.mirror}"] if found.mirror else [
            count_text(count, noun)
            for count, noun in (
                (found.bounds, "bound"), (found.cases, "case"), (found.samples, "recorded sample"),
            )
            if count
        ]  # fmt: skip
        sys.stdout.write(f"{found.path}: valid ({', '.join(parts)})\n")
        for scorer in found.unchecked:
            sys.stdout.write(f"  not checked: {scorer} and its bounds (validate runs no code)\n")
        for lack in found.unset:
            sys.stdout.write(f"  not here: {lack}\n")
    if broken:
        sys.exit(SpecError.exit_code)
