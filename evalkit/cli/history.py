"""``evalkit history``: the estimates of past runs, bound by bound."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.options import REPORTS, AsJson

NEWEST = 20

Runs = Annotated[Path, typer.Argument(help="The folder in which the folders of runs lie.")]
OfEnvelope = Annotated[
    list[str] | None, typer.Option(help="Only runs of this envelope, by name; again for more.")
]
OfBound = Annotated[
    list[str] | None, typer.Option(help="Only this bound, by name; again for more.")
]
Last = Annotated[
    int | None,
    typer.Option(
        min=1,
        help=f"Only the newest runs of each envelope [default: {NEWEST} here, all in HTML and JSON].",
    ),
]
Page = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to this file.")]


def history(
    folder: Runs = REPORTS,
    envelope: OfEnvelope = None,
    bound: OfBound = None,
    last: Last = None,
    html: Page = None,
    json: AsJson = False,
) -> None:
    """Show the estimates of past runs per bound with their intervals, oldest first.

    Between runs is marked what changed: golden set, envelope, snapshots, prompts, schemas, scorers.
    No trend is tested. Folders that hold no judged run are named on standard error. Nothing is
    judged, so whatever is shown, the exit code is 0; where there is no run it is 2.
    """
    from evalkit.cli.world import result_console, until_read
    from evalkit.core.wording import count_text
    from evalkit.flows.history import history_of

    shown = NEWEST if last is None and html is None and not json else last
    found = history_of(folder, envelopes=envelope or (), bounds=bound or (), last=shown)
    for reason in found.unread:
        sys.stderr.write(f"evalkit: {reason}\n")
    if found.unread:
        counted = count_text(len(found.unread), "folder")
        sys.stderr.write(f"evalkit: {counted} left out: no run that was judged\n")
    if html is not None:
        from evalkit.files.writing import write_whole
        from evalkit.report.history.html import render_history_html

        write_whole(html, render_history_html(found))
    with until_read():
        if json:
            from evalkit.report.history.json import history_text

            sys.stdout.write(history_text(found))
        elif html is not None:
            sys.stdout.write(f"{html}\n")
        else:
            from evalkit.report.history.terminal import print_history

            print_history(found, result_console())
