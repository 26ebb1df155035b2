"""That nothing was run, and which pass is relied on, as a person reads it in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from evalkit.core.run import ReliedOn
from evalkit.core.verdict import ExitCode
from evalkit.report.text.lines import DIM, banner_lines, labelled, show, width_of


def print_unchanged(found: ReliedOn, console: Console) -> None:
    """Print the same for a person."""
    width = width_of(console)
    where = found.folder or "it lies in another folder, or is gone"
    show(
        [
            Text(),
            *banner_lines("=", "UNCHANGED", "green", found.sentence, width),
            *labelled("Run", [f"{found.run}, {found.created}"], width),
            *labelled("Folder", [where], width),
            *labelled("Known", [f"by {found.ledger}"], width),
            Text(f"exit {int(ExitCode.PASS)}", DIM),
        ],
        console,
    )
