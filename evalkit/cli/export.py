"""``evalkit export``: a run becomes a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.completing import RunArgument


def export(
    run: RunArgument,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file: .parquet, .csv or .jsonl.")
    ],
    spreadsheet: Annotated[
        bool,
        typer.Option("--spreadsheet", help="CSV: put ' before texts that a spreadsheet would run."),
    ] = False,
) -> None:
    """Write the samples of a run as a table, for pandas and others.

    A row is a sample, with what was asked and its scores; docs/readers.md describes the columns.
    """
    from evalkit.flows.exporting import export_run
    from evalkit.report.table_files import write_table
    from evalkit.stages.store import RunFolder

    table = export_run(RunFolder.open(run))
    count = write_table(table, output, spreadsheet=spreadsheet)
    columns = f"{len(table.columns)} columns"
    sys.stdout.write(f"{count:,} rows of {columns} in {output}\n")
