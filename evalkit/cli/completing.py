"""What a shell is offered for an argument: envelopes, and folders to look for them in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

ENVELOPES = (".yaml", ".yml")
RUN_FILE = "manifest.json"
MOST = 200
"""So many files are offered at most; nobody reads more of them."""


def envelopes(incomplete: str) -> list[str]:
    """Return the YAML files and the folders whose path begins like this."""
    return _paths(incomplete, ENVELOPES)


def recordings(incomplete: str) -> list[str]:
    """Return the recorded outputs and the folders whose path begins like this."""
    return _paths(incomplete, (".jsonl", ".jsonl.gz"))


def runs(incomplete: str) -> list[str]:
    """Return the run folders whose path begins like this, and other folders to look into."""
    found = _paths(incomplete, ())
    return [path.rstrip("/") if Path(path, RUN_FILE).is_file() else path for path in found]


def _paths(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    folder, start = os.path.split(incomplete)
    try:
        with os.scandir(folder or ".") as entries:
            found = [
                os.path.join(folder, entry.name) + ("/" if entry.is_dir() else "")  # noqa: PTH118
                for entry in entries
                if entry.name.startswith(start)
                and (start.startswith(".") or not entry.name.startswith("."))
                and (entry.is_dir() or entry.name.endswith(endings))
            ]
    except OSError:
        return []
    return sorted(found)[:MOST]


EnvelopeArgument = Annotated[
    Path, typer.Argument(help="The envelope, a YAML file.", autocompletion=envelopes)
]
RunArgument = Annotated[Path, typer.Argument(help="The folder of a run.", autocompletion=runs)]
