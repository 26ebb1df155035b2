"""``evalkit snapshots``: what is asked for, who answers, and until when."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.options import REPORTS
from evalkit.core.errors import ProviderError, SpecError, UsageError
from evalkit.core.verdict import ExitCode

WARN_DAYS = 90

Envelopes = Annotated[
    list[Path] | None, typer.Argument(help="Envelopes [default: envelopes/*.yaml].")
]
WarnDays = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Exit 1 when a model retires within N days, or should have "
        f"[default: mark those within {WARN_DAYS}].",
    ),
]
StrictPins = Annotated[
    bool, typer.Option("--strict-pins", help="A name that can move is an error (exit 2).")
]
Ask = Annotated[
    bool,
    typer.Option(
        "--ask", help="Ask the vendors that serve dates; without, nothing leaves this machine."
    ),
]
Runs = Annotated[
    Path, typer.Option(help="The folder of earlier runs, for the models that answered.")
]
InventoryAsJson = Annotated[bool, typer.Option("--json", help="Print the inventory as JSON.")]


def snapshots(
    envelopes: Envelopes = None,
    warn_days: WarnDays = None,
    strict_pins: StrictPins = False,
    ask: Ask = False,
    runs: Runs = REPORTS,
    json: InventoryAsJson = False,
) -> None:
    """Show every snapshot in use: pinned or floating, who answered, days until it retires.

    Names are read by a dated table that ships with evalkit, and by patterns. Exits with 1 for
    --warn-days, with 2 for --strict-pins, with 4 where --ask got no answer.
    """
    from evalkit.cli.world import code_root, result_console
    from evalkit.core.ports import Surroundings
    from evalkit.core.wording import count_text
    from evalkit.flows.snapshots import loaded_envelopes, snapshots_in_use
    from evalkit.spec.pins import floating

    loaded = loaded_envelopes(envelopes or _found())
    found = snapshots_in_use(
        loaded,
        runs,
        date.today(),  # noqa: DTZ011 - the user's day, as the calendar on the wall has it
        warn_days=WARN_DAYS if warn_days is None else warn_days,
        ask=Surroundings(environment=os.environ, code_root=code_root()) if ask else None,
    )
    if json:
        from evalkit.report.snapshots.json import snapshots_text

        sys.stdout.write(snapshots_text(found))
    else:
        from evalkit.report.snapshots.terminal import print_snapshots

        print_snapshots(found, result_console())
    moving = [problem for item in loaded for problem in floating(item)] if strict_pins else []
    if moving:
        raise SpecError(moving)
    due = sum(map(found.retires_soon, found.snapshots))
    if due and warn_days is not None:
        counted = count_text(due, "snapshot")
        typer.echo(
            f"evalkit: {counted} within {warn_days} days of retirement, or past it", err=True
        )
        sys.exit(int(ExitCode.FAIL))
    if found.unanswered:
        raise ProviderError("\n".join(found.unanswered))


def _found() -> list[Path]:
    found = sorted(Path("envelopes").glob("*.yaml"))
    if not found:
        raise UsageError("expected envelopes in envelopes/*.yaml, found none; name one")
    return found
