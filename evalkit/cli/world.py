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
from evalkit.cli.options import REPORTS
from evalkit.core.errors import UsageError
from evalkit.core.run import Origin
from evalkit.report.text.lines import WIDEST


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


def folder_of(started: Origin, named: Path | None = None) -> Path:
    """Return where a new run goes: the folder that somebody named, else one of its own among all runs."""
    return named or REPORTS / started.run


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
    return _told_by_git("rev-parse", "HEAD")


def who(by: str | None) -> str:
    """Return who answers for what is written: as named, and else as git knows whoever works here.

    Raises:
        UsageError: nobody is named, and git knows nobody.
    """
    if by is not None:
        return by
    name, address = _told_by_git("config", "user.name"), _told_by_git("config", "user.email")
    if name is None:
        raise UsageError(
            "nobody to name: git config user.name says nothing here; name yourself: --by"
        )
    return f"{name} <{address}>" if address else name


def _told_by_git(*arguments: str) -> str | None:
    try:
        found = subprocess.run(  # noqa: S603 - the words are those of the two callers
            ["git", *arguments],  # noqa: S607
            capture_output=True, text=True, timeout=5, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return found.stdout.strip() or None
