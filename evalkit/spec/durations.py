"""Lengths of time as a file writes them: 30s, 10m, 24h, 2d."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s?(s|min|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
LONGEST = 366 * 86_400


def seconds_of(text: str) -> float | None:
    """Return the seconds of a length of time; nothing where the text is none, or too long a one.

    >>> seconds_of("1.5h"), seconds_of("10 m"), seconds_of("ten minutes")
    (5400.0, 600.0, None)
    """
    found = _FORM.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    return seconds if 1 <= seconds <= LONGEST else None


def _seconds(given: object) -> float:
    found = seconds_of(given) if isinstance(given, str) else None
    if found is not None:
        return found
    text = (
        f"expected a length of time from 1s to 366d, such as 10m or 24h, found {str(given)[:40]!r}"
    )
    raise PydanticCustomError("refused", "{text}", {"text": text})


Duration: TypeAlias = Annotated[
    float,
    PlainValidator(_seconds),
    WithJsonSchema(
        {"type": "string", "pattern": rf"^{_FORM.pattern}$", "description": "such as 10m or 24h"}
    ),
]
