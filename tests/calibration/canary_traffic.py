"""The traffic of simulated canaries: triggers, what a look at each shows, and when one alarms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from evalkit.core.canary import (
    ArmLook,
    CanaryPlan,
    Counted,
    Look,
    Observed,
    Stage,
    Sums,
    Trigger,
    TriggerKind,
    Values,
)
from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Metric, Support
from evalkit.core.model import Arm
from evalkit.stages.canary import absorbed, begun

LOOK = 600.0
LOOKS = 100
BATCH = 20_000
SEED = 11
Rng = np.random.Generator
Draw = Callable[[Rng, int, int], tuple[Observed, Observed]]
"""What a look of so many requests of the baseline and of the candidate shows."""


def metric(kind: Kind, support: Support) -> Metric:
    """Return a metric of a kind."""
    return Metric("x", "x", "x", kind, support)


def trigger(name: str, kind: TriggerKind, alpha: float, **rest: object) -> Trigger:
    """Return a trigger on such a metric."""
    of = metric(Kind.RATE, UNIT_INTERVAL)
    if kind is TriggerKind.MEAN:
        of = metric(Kind.AMOUNT, NON_NEGATIVE)
    return replace(Trigger(name, name, of, kind, alpha), **rest)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Watched:
    """A trigger, and the traffic that it is shown."""

    trigger: Trigger
    draw: Draw


def events(base: float, ratio: float = 1.0) -> Draw:
    """Return looks in which events have these rates."""

    def draw(rng: Rng, baseline: int, candidate: int) -> tuple[Observed, Observed]:
        found = int(rng.binomial(baseline, base)), int(rng.binomial(candidate, base * ratio))
        return Counted(found[0], baseline), Counted(found[1], candidate)

    return draw


def zeros_and_ones(base: float, more: float = 0.0) -> Draw:
    """Return looks whose values are 0 or 1, in the order they came."""

    def draw(rng: Rng, baseline: int, candidate: int) -> tuple[Observed, Observed]:
        return (
            Values(tuple((rng.random(baseline) < base).astype(float))),
            Values(tuple((rng.random(candidate) < base + more).astype(float))),
        )

    return draw


def amounts(ratio: float = 1.0) -> Draw:
    """Return looks of lognormal costs, the level of which moves by half in the course of a day."""
    hour = iter(range(10**9))

    def draw(rng: Rng, baseline: int, candidate: int) -> tuple[Observed, Observed]:
        level = 1 + 0.5 * math.sin(next(hour) / 23)
        return (
            _sums(level * rng.lognormal(0, 0.8, baseline)),
            _sums(level * ratio * rng.lognormal(0, 0.8, candidate)),
        )

    return draw


def _sums(values: np.ndarray) -> Sums:
    return Sums(values.size, float(values.sum()), float((values**2).sum()))


BUDGET = 0.05
EACH = BUDGET / 5


def family(alpha: float = EACH) -> list[Watched]:
    """Return five triggers on a candidate that is exactly as tolerated, so that each is a lie."""
    return [
        Watched(trigger("errors (1 %, R0 = 1)", TriggerKind.EVENTS, alpha), events(0.01)),
        Watched(
            trigger(
                "errors (1 %, R0 = 1.2, candidate 1.2 %)", TriggerKind.EVENTS, alpha, tolerated=1.2
            ),
            events(0.01, 1.2),
        ),
        Watched(
            trigger(
                "p95 latency (5 % beyond it)", TriggerKind.BEYOND, alpha, limit=0.05, threshold=1.0
            ),
            events(0.05),
        ),
        Watched(
            trigger("refusals (3 %, delta 0)", TriggerKind.SCORE, alpha, tolerated=0.0),
            zeros_and_ones(0.03),
        ),
        Watched(trigger("mean cost (ratio 1)", TriggerKind.MEAN, alpha, tolerated=0.0), amounts()),
    ]


def watching(watched: Trigger, share: float) -> CanaryPlan:
    """Return a plan of one stage without an end, an hour of which is six looks."""
    stage = Stage(share, 6 * LOOK, math.inf)
    return CanaryPlan("x", (stage,), (watched,), look=LOOK, alpha=watched.alpha)


def alarm_of(plan: CanaryPlan, looks: Iterable[Look]) -> int | None:
    """Return the look, from 1, at which the trigger of a plan alarms; nothing where it does not."""
    state, [watched] = begun(plan, "x"), plan.triggers
    for number, look in enumerate(looks, 1):
        state, _ = absorbed(plan, state, look)
        if state.highest[watched.name] >= math.log(1 / watched.alpha):
            return number
    return None


def drawn(
    watched: Watched, rng: Rng, batch: int, share: float, looks: int = LOOKS
) -> Iterator[Look]:
    """Yield looks at a trigger's traffic."""
    for number in range(looks):
        candidate = int(rng.binomial(batch, share))
        baseline, own = watched.draw(rng, batch - candidate, candidate)
        yield look_of(number, watched.trigger.name, baseline, own, (batch - candidate, candidate))


def first_alarm(
    watched: Watched, rng: Rng, batch: int, share: float, looks: int = LOOKS
) -> int | None:
    """Return the look at which a trigger alarms, from 1; nothing where it does not."""
    return alarm_of(watching(watched.trigger, share), drawn(watched, rng, batch, share, looks))


def look_of(
    number: int, name: str, baseline: Observed, candidate: Observed, requests: tuple[int, int]
) -> Look:
    arms = {
        Arm.BASELINE: ArmLook(requests[0], {name: baseline}),
        Arm.CANDIDATE: ArmLook(requests[1], {name: candidate}),
    }
    return Look(number * LOOK, (number + 1) * LOOK, arms)
