"""A candidate that did not change passes as often as a plan said, on the cases the plan asked for.

Each world is known. A plan is made from a pilot that is large enough to know it as well; then fresh
gates of an unchanged candidate, on as many cases as the plan named, go through the judge. The share
that passes is the promise but for 3 points, and 3 standard errors of both simulations.

``python -m tests.calibration.test_plan_promises 4000`` counts more gates, and prints what it finds.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pytest

from evalkit.core.envelope import Bound, Kind, Limit, LimitKind, Metric, Support
from evalkit.core.model import Arm
from evalkit.core.plan import Basis
from evalkit.core.verdict import Result
from evalkit.stages.plan.chosen import Setting, Unknown, outlook
from evalkit.stats.arrays import FloatArray
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.repeats import noisy_cases
from tests.stages.trials import LATENCY, TOKENS, TONE, at_least, at_most, bound, result_of

Rng: TypeAlias = np.random.Generator
Answers: TypeAlias = Callable[[Rng, int], Callable[[int], FloatArray]]
"""For so many cases, what draws of them are: a row a case."""

PILOT = 40_000
RUNS = 150
AIM = 0.9
POINTS = 0.03

DELTA, RATIO = LimitKind.DELTA, LimitKind.RATIO
LENGTH = Metric("length", "length", "tokens", Kind.AMOUNT, Support(0.0, 400.0), unit="tokens")


# ---------------------------------------------------------------- worlds


def right(rate: float, noisy: float = 0.15) -> Answers:
    """Return answers of which some cases are always right, some never, and some now and then."""

    def cases(rng: Rng, n: int) -> Callable[[int], FloatArray]:
        kind = rng.random(n)
        settled = (rate - 0.5 * noisy) / (1 - noisy)
        chance = np.where(kind < noisy, rng.random(n), (rng.random(n) < settled).astype(float))
        return lambda draws: (rng.random((n, draws)) < chance[:, None]).astype(float)

    return cases


def warm(rng: Rng, n: int) -> Callable[[int], FloatArray]:
    """Return scores near the upper end of their scale, a fifth of which wander."""
    middle = rng.beta(8, 2, n)
    spread = np.where(rng.random(n) < 0.2, 0.3, 0.03)[:, None]
    return lambda draws: np.clip(middle[:, None] + spread * rng.normal(size=(n, draws)), 0, 1)


def long(rng: Rng, n: int) -> Callable[[int], FloatArray]:
    """Return amounts with a tail, cases differing more than draws."""
    size = rng.gamma(4, 20, n)[:, None]
    return lambda draws: np.minimum(size * rng.gamma(12, 1 / 12, (n, draws)), 400.0)


def slow(rng: Rng, n: int) -> Callable[[int], FloatArray]:
    """Return times of a log-normal distribution."""
    size = rng.lognormal(6, 0.4, n)[:, None]
    return lambda draws: size * rng.lognormal(0, 0.3, (n, draws))


@dataclass(frozen=True, slots=True)
class World:
    """What is asked of an unchanged candidate, and how both arms are drawn."""

    bound: Bound
    answers: Answers
    basis: Basis
    baseline: int = 1
    noisy: int | None = None

    @property
    def setting(self) -> Setting:
        """The setting of a plan in this world."""
        return Setting({}, self.baseline, 1, self.noisy, 5, 0.02)

    def run(self, rng: Rng, n: int) -> Evidence:
        """Return the evidence of a gate on so many fresh cases."""
        draw = self.answers(rng, n)
        baseline = arm(draw(self.baseline))
        wanted = np.ones(n, np.int64)
        if self.noisy is not None:
            wanted[noisy_cases(baseline, n, self.bound.metric.support)] = self.noisy
        candidate = arm(draw(self.noisy or 1)).first(wanted)
        return Evidence(n, {Arm.BASELINE: baseline, Arm.CANDIDATE: candidate})


def arm(values: FloatArray) -> Observed:
    cases = np.repeat(np.arange(len(values)), values.shape[1])
    return Observed(cases, values.ravel(), np.ones(values.size, np.bool_))


def delta(low: float | None, high: float | None) -> Limit:
    return Limit(DELTA, low, high)


WORLDS: dict[str, World] = {
    "a floor": World(bound(at_least(0.85)), right(0.9), Basis.BASELINE),
    "a ceiling": World(bound(at_most(0.05)), right(0.02, 0.02), Basis.BASELINE),
    "a band of a rate": World(
        bound(Limit(LimitKind.ABSOLUTE, 0.5, 0.66)), right(0.6), Basis.BASELINE
    ),
    "a quantile": World(bound(at_most(1150.0), LATENCY), slow, Basis.BASELINE),
    "a delta of rates, single draws": World(
        bound(delta(-0.05, 0.05)), right(0.9), Basis.LAST_RUN
    ),
    "a delta of rates, five recorded draws": World(
        bound(delta(-0.05, 0.05)), right(0.9), Basis.DRAWS, 5
    ),
    "a delta of rates, noise-aware repeats": World(
        bound(delta(-0.05, 0.05)), right(0.9), Basis.DRAWS, 5, noisy=3
    ),
    "a delta of scores": World(bound(delta(-0.03, 0.03), TONE), warm, Basis.DRAWS, 5),
    "a delta of scores, two recorded draws": World(
        bound(delta(-0.03, None), TONE), warm, Basis.DRAWS, 2
    ),
    "a mean with a range": World(bound(at_most(92.0), LENGTH), long, Basis.BASELINE),
    "a band of a mean with a range": World(
        bound(Limit(LimitKind.ABSOLUTE, 68.0, 92.0), LENGTH), long, Basis.BASELINE
    ),
    "a mean without a range": World(bound(at_most(90.0), TOKENS), long, Basis.BASELINE),
    "a ratio of means": World(
        bound(Limit(RATIO, max=1.06), TOKENS), long, Basis.DRAWS, 5
    ),
    "a ratio of means, two recorded draws": World(
        bound(Limit(RATIO, 0.94, 1.06), TOKENS), long, Basis.DRAWS, 2
    ),
}  # fmt: skip


BY_HAND = ("a band of a mean with a range", "a delta of scores")
"""Worlds that are much like another one and take their time."""


# ---------------------------------------------------------------- promises


@dataclass(frozen=True, slots=True)
class Kept:
    """What was promised on how many cases, and what came of it in so many gates."""

    cases: int
    promised: float
    passed: float
    runs: int

    @property
    def allowed(self) -> float:
        """How far both may lie apart: a thousand runs stand behind a promise that is simulated."""
        errors = [1 / self.runs, 1 / 1000]
        return POINTS + 3 * math.sqrt(AIM * (1 - AIM) * sum(errors))


def kept(world: World, runs: int) -> Kept:
    """Return what becomes of the promise of a plan."""
    rng = np.random.default_rng(2)
    found = outlook(world.bound, world.run(rng, PILOT), world.setting)
    assert not isinstance(found, Unknown)
    assert found.basis is world.basis
    needs = found.cases(AIM, 300)
    assert needs is not None
    promised, _ = found.unchanged(needs.safe)
    passed = sum(
        result_of(world.bound, world.run(rng, needs.safe)).result is Result.HOLDS
        for _ in range(runs)
    )
    return Kept(needs.safe, promised, passed / runs, runs)


@pytest.mark.parametrize("name", sorted(set(WORLDS) - set(BY_HAND)))
def test_an_unchanged_candidate_passes_as_often_as_the_plan_promised(name: str) -> None:
    found = kept(WORLDS[name], RUNS)
    assert found.promised == pytest.approx(AIM, abs=0.05), found
    assert found.passed == pytest.approx(found.promised, abs=found.allowed), found


if __name__ == "__main__":
    for name, world in WORLDS.items():
        started = time.monotonic()
        sys.stdout.write(
            f"{name:40s} {kept(world, int(sys.argv[1]))} {time.monotonic() - started:.0f} s\n"
        )
