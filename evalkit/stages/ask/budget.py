"""What a collection may spend, and what it has spent."""

from __future__ import annotations

import time
from collections.abc import Callable

from evalkit.core.asking import Limits

UNKNOWN_COST = "what an answer costs is not known; give the snapshot prices"


class Budget:
    """Says before each request whether it may still be made.

    A request under way counts with the mean cost of those that are answered, so that many at a
    time do not overdraw what one at a time would keep.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.spent = ""
        self._limits = limits
        self._clock = clock
        self._begun = clock()
        self._requests = 0
        self._under_way = 0
        self._answers = 0
        self._cost = 0.0

    def begin(self) -> None:
        """Start the clock."""
        self._begun = self._clock()

    @property
    def seconds(self) -> float:
        """The time since the first request."""
        return self._clock() - self._begun

    @property
    def time_is_up(self) -> bool:
        """Whether no more time is left; noted as what was spent."""
        most = self._limits.seconds
        if most is not None and self.seconds >= most:
            self._note(f"--max-time {most:g}")
            return True
        return False

    @property
    def is_blind(self) -> bool:
        """Whether cost is limited and no answer has told yet what one costs."""
        return self._limits.cost_usd is not None and not self._answers

    def take(self) -> bool:
        """Return whether another request may be made, and count it if so."""
        if self.spent or self.time_is_up:
            return False
        if not self.another():
            return False
        most = self._limits.cost_usd
        if most is not None and self._cost + (self._under_way + 1) * self._mean_cost > most:
            self._note(f"--max-cost {most:g}")
            self._requests -= 1
            return False
        self._under_way += 1
        return True

    def another(self) -> bool:
        """Return whether another attempt may be made, and count it if so."""
        most = self._limits.requests
        if most is not None and self._requests >= most:
            self._note(f"--max-requests {most}")
            return False
        self._requests += 1
        return True

    def give_back(self) -> None:
        """Note that a request came to its end, whatever it was."""
        self._under_way -= 1

    def note(self, cost_usd: float | None) -> None:
        """Note what an answer cost; one that does not tell ends what is limited by cost."""
        if cost_usd is None:
            if self._limits.cost_usd is not None:
                self._note(f"--max-cost {self._limits.cost_usd:g}: {UNKNOWN_COST}")
            return
        self._answers += 1
        self._cost += cost_usd

    @property
    def _mean_cost(self) -> float:
        return self._cost / self._answers if self._answers else 0.0

    def _note(self, what: str) -> None:
        self.spent = self.spent or what
