"""How much work a regular expression can be: a stranger's text must not keep anybody searching for hours."""

from __future__ import annotations

import re
from typing import Any

MOST_WAYS = 2_000
"""So many ways at most are tried at each place of a text; what is written for people takes a few hundred."""
_ENDLESS = 10**9


def ways(pattern: str) -> int:
    r"""Return in how many ways an expression can be tried at one place of a text, at most.

    Raises:
        ValueError: it does not compile.

    >>> ways(r"\d{6,10}"), ways(r"(?:Mr|Ms)\.? [A-Z][a-z]{1,30}"), ways(r"\d+") > MOST_WAYS
    (5, 60, True)
    """
    from re import _parser  # type: ignore[attr-defined]

    try:
        re.compile(pattern)
        return min(_sequence(_parser.parse(pattern)), _ENDLESS)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _sequence(items: Any) -> int:
    found = 1
    for item in items:
        found = min(found * _one(item), _ENDLESS)
    return found


def _one(item: Any) -> int:
    """Return the ways of one part: a letter has one, a repetition one for each length and what is in it."""
    kind, inside = str(item[0]), item[1]
    match kind:
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            found = _repeated(int(inside[0]), int(inside[1]), _sequence(inside[2]))
        case "BRANCH":
            found = sum(_sequence(branch) for branch in inside[1])
        case "SUBPATTERN":
            found = _sequence(inside[3])
        case "ATOMIC_GROUP":
            found = _sequence(inside)
        case "ASSERT" | "ASSERT_NOT":
            found = _sequence(inside[1])
        case "GROUPREF_EXISTS":
            found = sum(_sequence(part) for part in inside[1:] if part)
        case _:
            found = 1
    return min(found, _ENDLESS)


def _repeated(least: int, most: int, each: int) -> int:
    """Return the ways of a repetition: where one round can be tried twice, two can be tried four times."""
    if each > 1 and most > 1:
        return _ENDLESS if most > 30 else 2 * each**most
    return (most - least + 1) * each
