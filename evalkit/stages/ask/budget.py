"""What a collection may spend, and what it has spent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from evalkit.core.asking import Limits
from evalkit.core.model import Arm

UNKNOWN_COST = "what an answer costs is not known; give the snapshot prices"


@dataclass(slots=True)
class _Paid:
    """What the answers of one arm cost so far."""

    answers: int = 0
    cost_usd: float = 0.0

    @property
    def mean(self) -> float:
        """What one costs; 0 as long as nobody knows."""
        return self.cost_usd / self.answers if self.answers else 0.0


class Budget:
    """Says before each request whether it may still be made.

    A request under way counts with the mean cost of those of its arm that are answered, so that many
    at a time do not overdraw what one at a time would keep, and a cheap arm says nothing of a dear one.
    """

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.spent = ""
        self._limits = limits
        self._clock = clock
        self._begun = clock()
        self._runs = False
        self._before = 0.0
        self._requests = 0
        self._under_way: Counter[Arm] = Counter()
        self._paid = {arm: _Paid() for arm in Arm}

    def begin(self) -> None:
        """Start the clock, where it does not run yet, and note that others are asked from now on.

        What was spent stays spent, but says nothing of what an answer of these will cost.
        """
        if not self._runs:
            self._begun, self._runs = self._clock(), True
        self._before += sum(paid.cost_usd for paid in self._paid.values())
        self._paid = {arm: _Paid() for arm in Arm}

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

    def is_blind(self, arm: Arm) -> bool:
        """Return whether cost is limited and no answer of an arm has told yet what one costs."""
        return self._limits.cost_usd is not None and not self._paid[arm].answers

    def take(self, arm: Arm) -> bool:
        """Return whether an arm may be asked once more, and count it if so."""
        if self.spent or self.time_is_up:
            return False
        if not self.another():
            return False
        most = self._limits.cost_usd
        if most is not None and self._expected + self._paid[arm].mean > most:
            self._note(f"--max-cost {most:g}")
            self._requests -= 1
            return False
        self._under_way[arm] += 1
        return True

    def another(self) -> bool:
        """Return whether another attempt may be made, and count it if so."""
        most = self._limits.requests
        if most is not None and self._requests >= most:
            self._note(f"--max-requests {most}")
            return False
        self._requests += 1
        return True

    def give_back(self, arm: Arm) -> None:
        """Note that a request of an arm came to its end, whatever it was."""
        self._under_way[arm] -= 1

    def note(self, arm: Arm, cost_usd: float | None) -> None:
        """Note what an answer of an arm cost; one that does not tell ends what is limited by cost."""
        if cost_usd is None:
            if self._limits.cost_usd is not None:
                self._note(f"--max-cost {self._limits.cost_usd:g}: {UNKNOWN_COST}")
            return
        paid = self._paid[arm]
        paid.answers += 1
        paid.cost_usd += cost_usd

    @property
    def _expected(self) -> float:
        """What is paid, and what is under way will cost."""
        return self._before + sum(
            paid.cost_usd + self._under_way[arm] * paid.mean for arm, paid in self._paid.items()
        )

    def _note(self, what: str) -> None:
        self.spent = self.spent or what
