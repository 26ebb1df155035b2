"""``evalkit contract``: what answers are held to, and what became of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.options import AsJson
from evalkit.core.contract import Standing
from evalkit.core.verdict import ExitCode

EXIT_CODES = {
    Standing.KEPT: ExitCode.PASS,
    Standing.BROKEN: ExitCode.FAIL,
    Standing.UNCLEAR: ExitCode.INCONCLUSIVE,
}
EPILOG = (
    "Exit codes: 0 nothing breaks a reader, or the format version says so; 1 something does, and no "
    "increment says so; 2 a file is no JSON Schema; 3 something changed that is not understood."
)

contract = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@contract.callback()
def _group() -> None:
    """Look at the schemas that answers are held to."""


@contract.command(epilog=EPILOG)
def diff(
    old: Annotated[Path, typer.Argument(help="The response schema that readers know.")],
    new: Annotated[Path, typer.Argument(help="The one that answers are held to now.")],
    json: AsJson = False,
) -> None:
    """Show what changed between two response schemas for whoever reads the answers.

    Each change is breaking, additive or cosmetic. A change that breaks asks for a new format_version.
    No reference is followed out of a schema, and nothing is fetched.
    """
    from evalkit.cli.world import result_console, until_read
    from evalkit.flows.contract import diff_of_files

    found = diff_of_files(old, new)
    code = EXIT_CODES[found.standing]
    with until_read():
        if json:
            from evalkit.report.contract.json import contract_text

            sys.stdout.write(contract_text(found, old=str(old), new=str(new), exit_code=code))
        else:
            from evalkit.report.contract.terminal import print_contract

            print_contract(found, result_console(), old=str(old), new=str(new), exit_code=int(code))
    if code:
        sys.exit(int(code))
