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
    dearest: float = 0.0


class Budget:
    """Says before each request whether it may still be made.

    A request under way counts like the dearest answer of its arm so far: only one that is dearer than
    all before it can overdraw. Where so much is not left, those under way are waited for, since most
    turn out cheaper; a cheap arm says nothing of a dear one.
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

    def has_to_wait(self, arm: Arm) -> bool:
        """Return whether an arm may be asked only once it is known what those under way cost."""
        return not self.spent and self._under_way.total() > 0 and self._is_too_dear(arm)

    def take(self, arm: Arm) -> bool:
        """Return whether an arm may be asked once more, and count it if so."""
        if self.spent or self.time_is_up:
            return False
        if not self.another():
            return False
        if self._is_too_dear(arm):
            self._note(f"--max-cost {self._limits.cost_usd:g}")
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
        paid.dearest = max(paid.dearest, cost_usd)

    def _is_too_dear(self, arm: Arm) -> bool:
        """Return whether an answer of an arm might cost more than is left."""
        most = self._limits.cost_usd
        if most is None:
            return False
        at_most = self._before + sum(
            paid.cost_usd + self._under_way[of] * paid.dearest for of, paid in self._paid.items()
        )
        return at_most + self._paid[arm].dearest > most

    def _note(self, what: str) -> None:
        self.spent = self.spent or what
