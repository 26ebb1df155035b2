"""What the samples at hand cost, in money and in time, tells what those to come will."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from evalkit.core.model import Arm, Prices, Sample, billed
from evalkit.core.plan import Price


@dataclass(slots=True)
class Meter:
    """Reads cost and latency off samples as they pass by; prices come before recorded costs."""

    prices: Mapping[Arm, Prices] = field(default_factory=dict)
    answered: int = 0
    draws: dict[Arm, int] = field(default_factory=dict)
    costs: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def passing(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Yield the samples as they are."""
        for sample in samples:
            arm = sample.arm
            self.draws[arm] = max(self.draws.get(arm, 0), sample.index + 1)
            if sample.error is None:
                self.answered += 1
                cost = billed(sample, self.prices.get(arm))
                self.costs += [] if cost is None else [cost]
                self.latencies += [] if sample.latency_ms is None else [sample.latency_ms]
            yield sample

    def price(self, calls: Mapping[Arm, float], *, parallel: int) -> Price:
        """Return what so many calls will cost, if they are like those that passed."""
        number = sum(calls.values())
        return Price(
            calls=dict(calls),
            cost_usd=self._each(self.costs, number),
            seconds=self._each(self.latencies, number / 1000 / parallel),
            parallel=parallel,
        )

    def _each(self, values: list[float], times: float) -> float | None:
        """Return so many times the mean; nothing where not every answer says."""
        if not values or len(values) < self.answered:
            return None
        return math.fsum(values) / len(values) * times
