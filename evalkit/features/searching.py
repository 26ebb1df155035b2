"""Somebody's pattern is searched for in a stranger's text, and given up where that takes too long.

Some patterns never end on a text that is made for them: `^(a|aa)+$` takes a time that grows with a power
of two. The package ``regex`` looks at a clock while it searches, and knows more ways than ``re`` not to
begin what cannot end well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

SECONDS = 5.0
"""So long one answer may be searched: seconds of the processor, not of the wall, so that a busy machine
gives up no sooner. A usual pattern takes some millionths."""


class SlowPatternError(Exception):
    """A pattern takes longer on a text than it may: what it would find is not known.

    ``where`` is where the pattern stands, ``seconds`` how long it was searched for.
    """

    def __init__(self, pattern: str, seconds: float, where: str = "pattern") -> None:
        super().__init__(pattern, seconds, where)
        self.pattern = pattern
        self.seconds = seconds
        self.where = where

    def __str__(self) -> str:
        return f"{self.where} {self.pattern!r} takes more than {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that was compiled."""

    text: str
    compiled: regex.Pattern[str]

    def search(self, text: str, limit: float = SECONDS) -> bool:
        """Return whether it stands anywhere in a text.

        Raises:
            SlowPatternError: so many seconds have passed, and nobody knows yet.
        """
        try:
            return self.compiled.search(text, timeout=limit) is not None
        except TimeoutError:
            raise SlowPatternError(self.text, limit) from None

    def all(self, text: str, limit: float = SECONDS) -> Iterator[regex.Match[str]]:
        """Yield where it stands in a text, from left to right.

        Raises:
            SlowPatternError: so many seconds have passed, and there may be more.
        """
        try:
            yield from self.compiled.finditer(text, timeout=limit)
        except TimeoutError:
            raise SlowPatternError(self.text, limit) from None


@cache
def pattern(text: str, flags: int = 0) -> Pattern:
    """Return an expression, compiled once; the flags are those of ``re``.

    Raises:
        ValueError: it does not compile.
    """
    import regex  # only here: most commands search for nobody's pattern

    try:
        return Pattern(text, regex.compile(text, flags | regex.VERSION0))
    except (regex.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
