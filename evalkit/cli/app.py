"""The commands, and what they have in common."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from evalkit import __version__
from evalkit.cli.aa import aa
from evalkit.cli.approve import EPILOG as APPROVE_EPILOG
from evalkit.cli.approve import approve
from evalkit.cli.baseline import baseline
from evalkit.cli.cache import cache
from evalkit.cli.calibrate import calibrate
from evalkit.cli.canary import canary
from evalkit.cli.contract import contract
from evalkit.cli.diff import diff
from evalkit.cli.doctor import doctor
from evalkit.cli.export import export
from evalkit.cli.gate import EPILOG, gate
from evalkit.cli.history import history
from evalkit.cli.import_logs import import_logs
from evalkit.cli.init import init
from evalkit.cli.judge import judge
from evalkit.cli.list import list_plugins
from evalkit.cli.mirror import mirror
from evalkit.cli.plan import plan
from evalkit.cli.report import report
from evalkit.cli.run import run
from evalkit.cli.schema import schema
from evalkit.cli.score import score
from evalkit.cli.shadow import shadow
from evalkit.cli.snapshots import snapshots
from evalkit.cli.validate import validate

app = typer.Typer(
    name="evalkit",
    help="State the acceptable behaviour of an AI endpoint, and prove or disprove it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"evalkit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    del version


app.command()(init)
app.command()(plan)
app.command(epilog=EPILOG)(gate)
app.command()(run)
app.command()(judge)
app.command(epilog=APPROVE_EPILOG)(approve)
app.add_typer(baseline, name="baseline")
app.command()(report)
app.command()(diff)
app.add_typer(contract, name="contract")
app.command(epilog=EPILOG)(shadow)
app.command()(canary)
app.command()(mirror)
app.command()(history)
app.command()(validate)
app.command()(aa)
app.command()(score)
app.command(name="import")(import_logs)
app.command()(export)
app.command()(calibrate)
app.command()(snapshots)
app.command(name="list")(list_plugins)
app.command()(schema)
app.command()(doctor)
app.command()(cache)


def narrow(arguments: Sequence[str]) -> None:
    """Leave only the command that is asked for, if it is one: typer reads the options of all it has."""
    asked = arguments[:1]
    commands = [
        each
        for each in app.registered_commands
        if (each.name or (each.callback and each.callback.__name__)) in asked
    ]
    groups = [each for each in app.registered_groups if each.name in asked]
    if commands or groups:
        app.registered_commands, app.registered_groups = commands, groups
