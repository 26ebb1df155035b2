"""How often a canary is wrong, and how soon it is right: ``python -m tests.calibration.canary``.

It writes docs/canary-calibration.md. Everything is simulated, seeded, through the functions that decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from evalkit.core.canary import (
    Action,
    ArmLook,
    CanaryPlan,
    Counted,
    Evidence,
    Look,
    Observed,
    Stage,
    Sums,
    Trigger,
    TriggerKind,
    Unread,
    Values,
)
from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Metric, Support
from evalkit.core.model import Arm
from evalkit.stages.canary import advanced, begun, standings
from evalkit.stages.canary.gather import gathered
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "canary-calibration.md"
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


# ---------------------------------------------------------------- false rollbacks

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


def first_alarm(
    watched: Watched, rng: Rng, batch: int, share: float, looks: int = LOOKS
) -> int | None:
    """Return the look at which a trigger alarms, from 1; nothing where it does not."""
    evidence, goal = Evidence(), math.log(1 / watched.trigger.alpha)
    for number in range(1, looks + 1):
        candidate = int(rng.binomial(batch, share))
        baseline, own = watched.draw(rng, batch - candidate, candidate)
        look = _look(number, watched.trigger.name, baseline, own, (batch - candidate, candidate))
        found = gathered(watched.trigger, evidence, look, None, seed=0)
        if isinstance(found, Unread):
            continue
        evidence = found
        if evidence.highest >= goal:
            return number
    return None


def false_alarms(share: float, runs: int, batch: int) -> dict[str, list[bool]]:
    """Return, by trigger, in which of the runs it alarmed on a candidate that is as tolerated."""
    return {
        watched.trigger.name: [
            first_alarm(watched, np.random.default_rng((SEED, run, place)), batch, share)
            is not None
            for run in range(runs)
        ]
        for place, watched in enumerate(family())
    }


def z_test_alarms(
    runs: int, *, batch: int = BATCH, share: float = 0.05, base: float = 0.01
) -> float:
    """Return how often a z-test at 5 %, done at each of the looks, rolls back a harmless candidate."""
    rng = np.random.default_rng(SEED)
    own = int(batch * share)
    x = np.cumsum(rng.binomial(own, base, (runs, LOOKS)), axis=1)
    y = np.cumsum(rng.binomial(batch - own, base, (runs, LOOKS)), axis=1)
    n, m = own * np.arange(1, LOOKS + 1), (batch - own) * np.arange(1, LOOKS + 1)
    pooled = (x + y) / (n + m)
    z = (x / n - y / m) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return float((z > 1.6449).any(axis=1).mean())


def by_configured_share(runs: int, *, configured: float = 0.05, real: float = 0.06) -> float:
    """Return how often the share that was configured, in place of the real one, rolls back."""
    alarms = 0
    for run in range(runs):
        rng, evidence = np.random.default_rng((SEED, run)), Evidence()
        watched = trigger("x", TriggerKind.EVENTS, BUDGET)
        for number in range(1, LOOKS + 1):
            own = int(rng.binomial(BATCH, real))
            told = int(BATCH * configured)
            found = Counted(int(rng.binomial(own, 0.01)), told)
            others = Counted(int(rng.binomial(BATCH - own, 0.01)), BATCH - told)
            after = gathered(
                watched, evidence, _look(number, "x", others, found, (1, 1)), None, seed=0
            )
            assert isinstance(after, Evidence)
            evidence = after
            if evidence.highest >= math.log(1 / BUDGET):
                alarms += 1
                break
    return alarms / runs


def returning(runs: int, *, troubled: float, batch: int = BATCH, share: float = 0.05) -> float:
    """Return how often users who always fail, and stay in their arm, roll back a harmless candidate.

    Everybody comes once a look. The trouble of those users is theirs, not the candidate's.
    """
    alarms = 0
    for run in range(runs):
        rng, evidence = np.random.default_rng((SEED, run)), Evidence()
        own = int(rng.binomial(batch, share))
        stuck = int(rng.binomial(own, troubled)), int(rng.binomial(batch - own, troubled))
        watched = trigger("x", TriggerKind.EVENTS, BUDGET)
        for number in range(1, LOOKS + 1):
            found = Counted(stuck[0] + int(rng.binomial(own - stuck[0], 0.01)), own)
            rest = batch - own
            others = Counted(stuck[1] + int(rng.binomial(rest - stuck[1], 0.01)), rest)
            after = gathered(
                watched, evidence, _look(number, "x", others, found, (rest, own)), None, seed=0
            )
            assert isinstance(after, Evidence)
            evidence = after
            if evidence.highest >= math.log(1 / BUDGET):
                alarms += 1
                break
    return alarms / runs


# ---------------------------------------------------------------- how soon


@dataclass(frozen=True, slots=True)
class Speed:
    """A trigger on errors at 1 %, which double: what it tolerates, and at which level it alarms."""

    tolerated: float
    alpha: float
    ratio: float = 2.0
    share: float = 0.05


SPEEDS = (
    Speed(1.0, 0.05),
    Speed(1.0, 0.05 / 3),
    Speed(1.2, 0.01),
    Speed(1.5, 0.05),
    Speed(1.5, 0.01),
    Speed(1.0, 0.05, ratio=1.5),
    Speed(1.0, 0.05, share=0.01),
)


def looks_to_alarm(speed: Speed, runs: int) -> list[int]:
    """Return after how many batches each run alarmed; one more than there were where none did."""
    watched = Watched(
        trigger("errors", TriggerKind.EVENTS, speed.alpha, tolerated=speed.tolerated),
        events(0.01, speed.ratio),
    )
    found = (
        first_alarm(watched, np.random.default_rng((SEED, run)), BATCH, speed.share)
        for run in range(runs)
    )
    return [LOOKS + 1 if number is None else number for number in found]


# ---------------------------------------------------------------- whole rollouts


def rollout_plan(alpha: float = BUDGET) -> CanaryPlan:
    """Return a rollout in three stages that watches errors."""
    stages = tuple(Stage(share, 6 * LOOK, 200 * LOOK) for share in (0.01, 0.05, 0.2))
    watched = trigger("errors", TriggerKind.EVENTS, alpha / len(stages))
    return CanaryPlan("x", stages, (watched,), look=LOOK, alpha=alpha)


def ended(
    run: int, wrong_from: int | None, *, batch: int = BATCH, most: int = 400
) -> tuple[Action, int]:
    """Return how a rollout ends, and in which stage (from 0).

    The candidate's errors double from a stage on, or never.
    """
    rng, plan = np.random.default_rng((SEED, run)), rollout_plan()
    state = begun(plan, "x")
    for number in range(1, most + 1):
        own = int(rng.binomial(batch, plan.stages[state.stage].share))
        ratio = 2.0 if wrong_from is not None and state.stage >= wrong_from else 1.0
        baseline, candidate = events(0.01, ratio)(rng, batch - own, own)
        look = _look(number, "errors", baseline, candidate, (batch - own, own))
        state = advanced(plan, state, [look], look.end)
        if state.decision is not None and state.decision.final:
            break
    assert state.decision is not None
    return state.decision.action, state.decision.stage


# ---------------------------------------------------------------- enough


ENOUGH: Mapping[str, tuple[Trigger, Draw, Draw]] = {
    "errors, 1 % → 2 %, R0 = 1.2": (
        trigger("errors", TriggerKind.EVENTS, EACH, tolerated=1.2), events(0.01), events(0.01, 2.0),
    ),
    "beyond p95, 5 % → 10 %": (
        trigger("beyond", TriggerKind.BEYOND, EACH, limit=0.05, threshold=1.0),
        events(0.05), events(0.05, 2.0),
    ),
    "refusals, 3 % → 9 %, delta 3 points": (
        trigger("refusals", TriggerKind.SCORE, EACH, tolerated=0.03),
        zeros_and_ones(0.03), zeros_and_ones(0.03, 0.06),
    ),
    "mean cost × 1.3, tolerated × 1.1": (
        trigger("cost", TriggerKind.MEAN, EACH, tolerated=0.0, factor=1.1, detect=1.3),
        amounts(), amounts(1.3),
    ),
}  # fmt: skip
"""A trigger, the traffic of a harmless candidate, and that of one which is ``detect`` times worse."""


def caught_by_needed(
    watched: Trigger, bad: Draw, runs: int, *, batch: int = 2000
) -> tuple[float, int]:
    """Return how often a bad candidate alarms by the traffic that is said to be needed, and how much."""
    share, plan = 0.05, CanaryPlan("x", (Stage(0.05, 1, 1),), (watched,), look=LOOK)
    caught, needs = 0, []
    for run in range(runs):
        rng, state, evidence = np.random.default_rng((SEED, run)), begun(plan, "x"), Evidence()
        for number in range(1, 2000):
            own = int(rng.binomial(batch, share))
            baseline, candidate = bad(rng, batch - own, own)
            look = _look(number, watched.name, baseline, candidate, (batch - own, own))
            found = gathered(watched, evidence, look, None, seed=0)
            evidence = found if isinstance(found, Evidence) else evidence
            [standing] = standings(plan, replace(state, evidence={watched.name: evidence}))
            if standing.alarmed:
                caught += 1
                break
            if standing.needed is not None and standing.seen >= standing.needed:
                break
        needs.append(standing.needed or 0)
    return caught / runs, int(median(needs))


# ---------------------------------------------------------------- page


def _look(
    number: int, name: str, baseline: Observed, candidate: Observed, requests: tuple[int, int]
) -> Look:
    arms = {
        Arm.BASELINE: ArmLook(requests[0], {name: baseline}),
        Arm.CANDIDATE: ArmLook(requests[1], {name: candidate}),
    }
    return Look(number * LOOK, (number + 1) * LOOK, arms)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def false_table(runs: int, batch: int) -> Iterator[str]:
    """Yield how often nothing is found, at three shares."""
    shares = (0.05, 0.06, 0.04)
    found = {share: false_alarms(share, runs, batch) for share in shares}
    yield "| trigger, at its limit | its share of α | at 5 % as configured | 6 % instead | 4 % instead |"
    yield "|---|---|---|---|---|"
    for name in found[0.05]:
        cells = [_percent(sum(found[share][name]) / runs) for share in shares]
        yield f"| {name} | {_percent(EACH)} | {' | '.join(cells)} |"
    every = [
        _percent(sum(map(any, zip(*found[share].values(), strict=True))) / runs) for share in shares
    ]
    yield f"| **any of them** | **{_percent(BUDGET)}** | {' | '.join(f'**{cell}**' for cell in every)} |"


def speed_table(runs: int) -> Iterator[str]:
    """Yield after how many batches a doubled rate of errors is found."""
    yield "| errors | share | tolerated (R0) | α of the trigger | median | 9 of 10 |"
    yield "|---|---|---|---|---|---|"
    for speed in SPEEDS:
        found = sorted(looks_to_alarm(speed, runs))
        late = found[math.ceil(0.9 * runs) - 1]
        worse = f"1 % → {speed.ratio:g} %"
        yield (
            f"| {worse} | {_percent(speed.share)} | {speed.tolerated:g} | {speed.alpha:.3g} | "
            f"{median(found):g} | {late if late <= LOOKS else 'more than 100'} |"
        )


def stage_table(runs: int) -> Iterator[str]:
    """Yield how whole rollouts end."""
    yield "| candidate | rolled back at 1 % | at 5 % | at 20 % | promoted to all | still held |"
    yield "|---|---|---|---|---|---|"
    worlds = {
        "as good": None,
        "errors double from the 20 % stage on": 2,
        "… from the 5 % stage on": 1,
    }
    for name, wrong_from in worlds.items():
        ends = [ended(run, wrong_from) for run in range(runs)]
        back = [sum(end == (Action.ROLLBACK, stage) for end in ends) / runs for stage in range(3)]
        all_ = sum(end[0] is Action.PROMOTE for end in ends) / runs
        held = 1 - sum(back) - all_
        yield f"| {name} | {' | '.join(map(_percent, [*back, all_, abs(held)]))} |"


def page(runs: int = 1000, few: int = 300) -> Iterator[str]:
    """Yield the lines of the page."""
    yield "# How often a canary is wrong"
    yield ""
    yield (
        "Written by `make calibration` (`tests/calibration/canary.py`), seeded. [canary.md](canary.md) says "
        "what is computed and how."
    )
    yield "\n## Candidates that are as tolerated, looked at 100 times\n"
    yield f"Batches of 4,000 requests, {few} runs. Each row is a candidate exactly at its limit: the worst case.\n"
    yield from false_table(few, 4000)
    yield (
        f"\nA z-test at 5 % that is done again at each of the 100 looks (batches of 20,000) rolls back "
        f"{_percent(z_test_alarms(4000))} of harmless candidates. The same evidence as ours, computed with the "
        f"configured share of 5 % where it really is 6 %, rolls back {_percent(by_configured_share(few))}: so the "
        "share is counted in every look."
    )
    yield "\n## How soon errors at 1 % are found to have grown\n"
    yield f"Batches of 20,000 requests, {runs} runs; the number of batches.\n"
    yield from speed_table(runs)
    yield "\n## Where a regression is caught\n"
    yield f"Stages of 1, 5 and 20 % with one trigger on errors at 1 %, R0 = 1, α = 0.05; {few} runs.\n"
    yield from stage_table(few)
    yield "\n## Whether enough was seen\n"
    yield (
        "A stage may be left when each trigger has seen the requests at which a candidate `detect` times worse "
        f"would have alarmed in 4 of 5 canaries ({few} runs, α = 0.01, 5 % of the traffic):\n"
    )
    yield "| candidate | requests of it said to be needed | alarmed by then |"
    yield "|---|---|---|"
    for name, (watched, _, bad) in ENOUGH.items():
        caught, needed = caught_by_needed(watched, bad, few)
        yield f"| {name} | {needed:,} | {_percent(caught)} |"
    yield "\n## What is not covered\n"
    rates = ", ".join(
        f"{_percent(returning(few, troubled=share))} where {_percent(share)} of the users do"
        for share in (0.001, 0.01)
    )
    yield (
        "Evidence grows as if what a user meets in one look said nothing of what the same user meets in the next. "
        "Where users stay in their arm and some of them fail whatever they are given, chance deals those out once, "
        f"and it then looks like evidence 100 times: a harmless candidate is rolled back in {rates} (one trigger, "
        "α = 0.05, everybody comes in every look). Route by request, or make a look as long as users stay."
    )


if __name__ == "__main__":
    PAGE.write_text("\n".join(page()) + "\n", encoding="utf-8")
