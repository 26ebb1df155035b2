"""What a mirror has done, counted as it happens."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from evalkit.core.mirror import LATENCY_BOUNDS_MS, Latencies, Trouble
from evalkit.core.model import Arm


@dataclass(slots=True)
class Counters:
    """Counts of one event loop; only ``latencies`` makes a value of them."""

    answered: Counter[tuple[Arm, str]] = field(default_factory=Counter)
    troubled: Counter[tuple[Arm, Trouble]] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    bytes_in: int = 0
    bytes_out: int = 0
    _buckets: dict[Arm, list[int]] = field(default_factory=dict)
    _totals: Counter[Arm] = field(default_factory=Counter)

    def answer(self, arm: Arm, status: int) -> None:
        """Count an answer that reached its caller, whole."""
        self.answered[arm, f"{status // 100}xx"] += 1

    def took(self, arm: Arm, milliseconds: float) -> None:
        """Count how long a whole answer took."""
        buckets = self._buckets.get(arm)
        if buckets is None:
            buckets = self._buckets[arm] = [0] * (len(LATENCY_BOUNDS_MS) + 1)
        buckets[bisect_left(LATENCY_BOUNDS_MS, milliseconds)] += 1
        self._totals[arm] += milliseconds  # type: ignore[assignment]

    def latencies(self) -> dict[Arm, Latencies]:
        """Return how long whole answers took, by arm."""
        return {
            arm: Latencies(tuple(buckets), float(self._totals[arm]))
            for arm, buckets in self._buckets.items()
        }
