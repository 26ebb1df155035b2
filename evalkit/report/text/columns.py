"""Columns of plain text: how wide they are, and what becomes of a text that is wider."""

from __future__ import annotations

TITLE_COLUMNS = 33
SHORT_UNITS = {"points": "pt", "tokens": "tok", "characters": "chars"}


def short(value: str) -> str:
    """Return a value with its unit abbreviated, as columns have it."""
    for unit, abbreviated in SHORT_UNITS.items():
        value = value.removesuffix(unit) + abbreviated if value.endswith(unit) else value
    return value


def fitted(text: str, columns: int) -> str:
    """Return a text that is cut where it is longer than so many columns."""
    return text if len(text) <= columns else text[: columns - 1] + "…"
