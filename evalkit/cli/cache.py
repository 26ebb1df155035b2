"""``evalkit cache``: the answers that were paid for."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from evalkit.cli.asking import DAY, cache_path


def cache(
    prune: Annotated[
        float | None,
        typer.Option(min=0, help="Forget answers that are older than so many days; 0 forgets all."),
    ] = None,
) -> None:
    """Show what the cache of answers holds, and forget what is old.

    It lies in .evalkit of this folder, or where the environment variable EVALKIT_CACHE says.
    """
    from evalkit.core.wording import count_text
    from evalkit.stages.cache import AnswerCache

    path = cache_path()
    if not path.is_file():
        sys.stdout.write(f"{path}: nothing is kept yet\n")
        return
    with AnswerCache(path) as answers:
        if prune is not None:
            gone = answers.prune(time.time() - prune * DAY)
            sys.stdout.write(f"{count_text(gone, 'answer')} forgotten\n")
        sys.stdout.write(f"{path}: {_size_text(path.stat().st_size)}\n")
        for size in answers.sizes():
            since = datetime.fromtimestamp(size.oldest, UTC).date().isoformat()
            name = f"{size.provider}:{size.model}" if size.model else size.provider
            sys.stdout.write(f"  {name:<40} {count_text(size.answers, 'answer')}, since {since}\n")


def _size_text(size: int) -> str:
    """Return a number of bytes as people say it.

    >>> _size_text(900), _size_text(3_400_000)
    ('1 kB', '3.4 MB')
    """
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1e6:.1f} MB"
