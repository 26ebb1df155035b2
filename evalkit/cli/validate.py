"""``evalkit validate``: every file is checked, nothing is run."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.completing import envelopes
from evalkit.core.errors import SpecError


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Envelopes, files of mirrors, or golden sets, evalkit.lock and evalkit.waivers.yaml "
            "on their own.",
            autocompletion=envelopes,
        ),
    ],
) -> None:
    """Check files and everything they name, and what was approved of an envelope.

    Tells all problems at once, with their places; asks no endpoint and runs no code. What a gate would
    refuse is a problem (exit 2), what it would only tell is a note.
    """
    from evalkit.cli.ci import annotate_problems
    from evalkit.core.wording import count_text
    from evalkit.flows import validate as flow

    broken, today = False, datetime.now(UTC).date()
    for path in files:
        try:
            found = flow.validate(path, os.environ, today=today)
        except SpecError as error:
            sys.stderr.write(f"{error}\n")
            annotate_problems(error)
            broken = True
            continue
        parts = [f"a mirror: {found.mirror}"] if found.mirror else [
            count_text(count, noun)
            for count, noun in (
                (found.bounds, "bound"), (found.cases, "case"), (found.samples, "recorded sample"),
                (found.locked, "locked envelope"), (found.waivers, "waiver"),
            )
            if count
        ]  # fmt: skip
        sys.stdout.write(f"{found.path}: valid ({', '.join(parts) or 'empty'})\n")
        for scorer in found.unchecked:
            sys.stdout.write(f"  not checked: {scorer} and its bounds (validate runs no code)\n")
        for lack in found.unset:
            sys.stdout.write(f"  not here: {lack}\n")
        for remark in found.remarks:
            sys.stdout.write(f"  note: {remark}\n")
    if broken:
        sys.exit(SpecError.exit_code)
