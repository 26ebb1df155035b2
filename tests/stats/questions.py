"""Numbers that a gate asks for, one of each sort, on data from a seeded generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, LimitKind, Support
from evalkit.stats.arrays import FloatArray
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.evidence import Evidence
from tests.stats.arms import ANY, engine, evidence

Rng: TypeAlias = np.random.Generator
Cases: TypeAlias = Sequence[Sequence[float | None]]

DOLLARS = Support(0.0, 20.0)


@dataclass(frozen=True, slots=True)
class Question:
    """One number, and the samples it is read off. ``by_draw`` asks about the cases as given."""

    candidate: Cases
    baseline: Cases | None = None
    clusters: Sequence[int] | None = None
    kind: LimitKind = LimitKind.ABSOLUTE
    statistic: str = "mean"
    support: Support = UNIT_INTERVAL
    by_draw: bool = False

    @property
    def evidence(self) -> Evidence:
        """The samples as the statistics take them."""
        found = evidence(self.candidate, self.baseline, clusters=self.clusters)
        return found.by_draw(list(found.arms)) if self.by_draw else found

    @property
    def engine(self) -> Engine:
        """The engine that the number is judged by."""
        return engine(self.evidence, self.kind, statistic=self.statistic, support=self.support)

    def in_order(self, order: Sequence[int]) -> Question:
        """Return the same question with its cases in another order."""
        return replace(
            self,
            candidate=[self.candidate[i] for i in order],
            baseline=None if self.baseline is None else [self.baseline[i] for i in order],
            clusters=None if self.clusters is None else [self.clusters[i] for i in order],
        )

    def times(self, factor: float) -> Question:
        """Return the same question asked in a unit of measurement so many times smaller."""
        return replace(
            self,
            candidate=_times(self.candidate, factor),
            baseline=None if self.baseline is None else _times(self.baseline, factor),
            support=Support(factor * self.support.lower, factor * self.support.upper),
        )

    def with_first(self, places: Sequence[int], value: float | None) -> Question:
        """Return the question with the candidate's first sample of some cases replaced."""
        return replace(self, candidate=with_first(self.candidate, places, value))

    def seen(self) -> list[float]:
        """Return every value of the candidate that is there."""
        return [value for draws in self.candidate for value in draws if value is not None]


def with_first(cases: Cases, places: Sequence[int], value: float | None) -> Cases:
    """Return cases with the first sample of some of them replaced."""
    return [[value, *draws[1:]] if place in places else draws for place, draws in enumerate(cases)]


def limits(found: Engine, alpha: float = 0.05) -> tuple[float, float]:
    """Return both one-sided limits."""
    return found.lower(alpha), found.upper(alpha)


def _times(cases: Cases, factor: float) -> Cases:
    return [[None if value is None else factor * value for value in draws] for draws in cases]


# ---------------------------------------------------------------- data


def once(values: FloatArray) -> Cases:
    """Return one draw a case."""
    return [[float(value)] for value in values]


def rates(rng: Rng, n: int, rate: float) -> Cases:
    """Return 0 or 1 a case."""
    return once((rng.random(n) < rate).astype(np.float64))


def repeated(rng: Rng, n: int, draws: Sequence[int]) -> Cases:
    """Return draws of 0 or 1, most cases being of one mind, in numbers that take turns."""
    chances = rng.beta(0.3, 0.3, n)
    return [
        [float(value) for value in rng.random(draws[i % len(draws)]) < chance]
        for i, chance in enumerate(chances)
    ]


def flipped(rng: Rng, cases: Cases, discordance: float) -> Cases:
    """Return rates that follow others, but for a share of the samples."""
    return [
        [1.0 - value if rng.random() < discordance else value for value in draws if value in {0, 1}]
        for draws in cases
    ]


def scores(rng: Rng, n: int) -> Cases:
    """Return scores between 0 and 1, many of which are 0."""
    return once(np.clip(rng.normal(0.2, 0.3, n), 0, 1))


def amounts(rng: Rng, n: int, draws: int = 1) -> Cases:
    """Return positive numbers with a moderate tail, cases and draws both differing."""
    sizes = rng.gamma(3, 1, n)
    return [[float(value) for value in size * rng.gamma(8, 1 / 8, draws)] for size in sizes]


def near(rng: Rng, cases: Cases, factor: float) -> Cases:
    """Return amounts that follow others, times a factor and a noise."""
    return [
        [value * float(rng.gamma(8, factor / 8)) for value in draws if value is not None]
        for draws in cases
    ]


def groups(rng: Rng, n: int) -> list[int]:
    """Return cluster codes of unequal sizes, about thirty of them."""
    return [int(code) for code in 30 * rng.random(n) ** 1.5]


# ---------------------------------------------------------------- one of each sort

N = 90
ABSOLUTE, DELTA, RATIO, _ = LimitKind


def _delta_of_rates(rng: Rng) -> Question:
    before = rates(rng, N, 0.8)
    return Question(flipped(rng, before, 0.1), before, kind=DELTA)


def _delta_of_repeats(rng: Rng) -> Question:
    before = repeated(rng, N, [2])
    after = [[*draws, draws[0]][: 1 + i % 3] for i, draws in enumerate(before)]
    return Question(flipped(rng, after, 0.1), before, kind=DELTA)


def _delta_over_clusters(rng: Rng) -> Question:
    before = scores(rng, N)
    return Question(scores(rng, N), before, groups(rng, N), DELTA)


def _delta_by_draw(rng: Rng) -> Question:
    before = repeated(rng, N // 2, [2])
    return Question(flipped(rng, before, 0.1), before, kind=DELTA, by_draw=True)


def _delta_of_amounts(rng: Rng) -> Question:
    before = amounts(rng, N)
    return Question(near(rng, before, 1.1), before, kind=DELTA, support=NON_NEGATIVE)


def _ratio_of_amounts(rng: Rng) -> Question:
    return replace(_delta_of_amounts(rng), kind=RATIO)


def _ratio_over_clusters(rng: Rng) -> Question:
    return replace(_ratio_of_amounts(rng), clusters=groups(rng, N))


def _ratio_in_a_range(rng: Rng) -> Question:
    return replace(_ratio_of_amounts(rng), support=Support(0.0, 60.0))


def _ratio_of_rates(rng: Rng) -> Question:
    return replace(_delta_of_rates(rng), kind=RATIO)


BOUNDED: dict[str, Callable[[Rng], Question]] = {
    "a rate": lambda rng: Question(rates(rng, N, 0.9)),
    "a rate of repeats": lambda rng: Question(repeated(rng, N, [3, 1, 2])),
    "a rate over clusters": lambda rng: Question(rates(rng, N, 0.7), clusters=groups(rng, N)),
    "a rate by draw": lambda rng: Question(repeated(rng, N // 3, [3]), by_draw=True),
    "a score with many zeros": lambda rng: Question(scores(rng, N)),
    "a score over clusters": lambda rng: Question(scores(rng, N), clusters=groups(rng, N)),
    "an amount in a range": lambda rng: Question(amounts(rng, N), support=DOLLARS),
    "a delta of rates": _delta_of_rates,
    "a delta of repeats": _delta_of_repeats,
    "a delta over clusters": _delta_over_clusters,
    "a delta by draw": _delta_by_draw,
}
UNBOUNDED: dict[str, Callable[[Rng], Question]] = {
    "an amount": lambda rng: Question(amounts(rng, N), support=NON_NEGATIVE),
    "an amount of repeats": lambda rng: Question(amounts(rng, N, 2), support=NON_NEGATIVE),
    "an amount over clusters": lambda rng: Question(
        amounts(rng, N), clusters=groups(rng, N), support=NON_NEGATIVE
    ),
    "an amount by draw": lambda rng: Question(
        amounts(rng, N, 2), support=NON_NEGATIVE, by_draw=True
    ),
    "any number": lambda rng: Question(once(rng.normal(0.2, 1, N)), support=ANY),
    "a delta of amounts": _delta_of_amounts,
}
RATIOS: dict[str, Callable[[Rng], Question]] = {
    "a ratio of amounts": _ratio_of_amounts,
    "a ratio over clusters": _ratio_over_clusters,
    "a ratio in a range": _ratio_in_a_range,
    "a ratio of rates": _ratio_of_rates,
}
QUANTILES: dict[str, Callable[[Rng], Question]] = {
    "a p95": lambda rng: Question(amounts(rng, N), statistic="p95", support=NON_NEGATIVE),
    "a p50 of repeats": lambda rng: Question(
        amounts(rng, N, 2), statistic="p50", support=NON_NEGATIVE
    ),
    "a p50 over clusters": lambda rng: Question(
        amounts(rng, N // 2), clusters=groups(rng, N // 2), statistic="p50", support=NON_NEGATIVE
    ),
    "a p90 by draw": lambda rng: Question(
        amounts(rng, N, 2), statistic="p90", support=NON_NEGATIVE, by_draw=True
    ),
}
MEANS = BOUNDED | UNBOUNDED
CONTINUOUS = MEANS | RATIOS
ALL = CONTINUOUS | QUANTILES
