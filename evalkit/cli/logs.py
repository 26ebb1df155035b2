"""The options of whatever reads logs, and what is written in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from evalkit.core.errors import UsageError
from evalkit.core.model import Arm

Format = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", help="The format [default: found out]; see: evalkit list."
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=PATH", help="Where a field stands; again for more."),
]
SkipMalformed = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Pass over so many malformed records, and count them."),
]


def labels(written: Sequence[str]) -> Iterator[tuple[Arm, str]]:
    """Yield the arm and the label of each ``ARM=LABEL``.

    Raises:
        UsageError: it is none.
    """
    for text in written:
        name, equals, label = text.partition("=")
        if not (equals and label and name in tuple(Arm)):
            raise UsageError(
                f"--arm {text}: expected baseline=LABEL or candidate=LABEL, as the logs call them"
            )
        yield Arm(name), label
