"""The world a command runs in: time, place, versions. Asked here and handed down as values."""

from __future__ import annotations

import os
import platform
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from evalkit import __version__
from evalkit.core.run import Origin
from evalkit.report.lines import WIDEST


def origin(envelope: str) -> Origin:
    """Return what a new run notes about the circumstances it is made in."""
    now = datetime.now(UTC)
    return Origin(
        run=f"{envelope}-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}",
        created=now.isoformat(timespec="seconds"),
        evalkit=__version__,
        versions=_versions(),
        commit=_commit(),
    )


def code_root() -> Path:
    """Return the folder below which an envelope may run code: the repository, or this folder."""
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return folder
    return here


class _ResultConsole(Console):
    """A console that leaves it to the command what a closed pipe means: its own would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Pass the error on; called while it is handled."""
        raise  # noqa: PLE0704


def result_console() -> Console:
    """Return the console for results; a file or a pipe is as wide as the widest table."""
    console = _ResultConsole()
    return console if console.is_terminal else _ResultConsole(width=WIDEST)


@contextmanager
def until_read() -> Iterator[None]:
    """Let whoever reads standard output stop when it has seen enough, as a pager does.

    The exit code is then still that of the command.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), "numpy": version("numpy")}


def _commit() -> str | None:
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True, text=True, timeout=5, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
