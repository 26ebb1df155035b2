"""What happens is said in lines; what happens a thousand times a second is counted in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TypeAlias

from evalkit.core.model import Json

Log: TypeAlias = Callable[[str, Mapping[str, Json]], None]
"""Takes down an event: its name and what belongs to it."""

_MOST_A_SECOND = 10
"""Lines with the same name."""


class Events:
    """Says events, so many of each name in a second; ``unsaid`` is how many were left out before."""

    def __init__(self, log: Log, clock: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._clock = clock
        self._second = 0
        self._said: Counter[str] = Counter()
        self._unsaid: Counter[str] = Counter()

    def say(self, event: str, **fields: Json) -> None:
        """Say it, or count it."""
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._said.clear()
        self._said[event] += 1
        if self._said[event] > _MOST_A_SECOND:
            self._unsaid[event] += 1
            return
        unsaid = self._unsaid.pop(event, 0)
        self._log(event, {**fields, "unsaid": unsaid} if unsaid else fields)
