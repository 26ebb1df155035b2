"""How often a canary is wrong, and how soon it is right: ``python -m tests.calibration.canary``.

It writes docs/canary-calibration.md. Everything is simulated, seeded, through the functions that decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
    Trigger,
    TriggerKind,
    UserValues,
)
from evalkit.core.model import Arm
from evalkit.stages.canary import absorbed, advanced, begun, standings
from evalkit.stages.canary.gather import gathered
from tests.calibration.canary_traffic import (
    BATCH,
    BUDGET,
    EACH,
    LOOK,
    LOOKS,
    SEED,
    Draw,
    Rng,
    Watched,
    alarm_of,
    amounts,
    drawn,
    events,
    family,
    first_alarm,
    look_of,
    trigger,
    watching,
    zeros_and_ones,
)
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "canary-calibration.md"


# ---------------------------------------------------------------- false rollbacks
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
            look = look_of(number, "x", others, found, (1, 1))
            evidence = gathered(watched, evidence, look, None, seed=0)
            if evidence.highest >= math.log(1 / BUDGET):
                alarms += 1
                break
    return alarms / runs


# ---------------------------------------------------------------- users


@dataclass(frozen=True, slots=True)
class People:
    """Users who stay in their arm, of whom some always fail and the others do in one look of a hundred.

    ``here`` is the chance to come in a look, ``strangers`` how many come besides, once, and fail as
    often as ``lost`` says. From look ``since`` on the candidate has ``ratio`` times the errors.
    """

    count: int = 2000
    troubled: float = 0.0
    errors: float = 0.01
    here: float = 1.0
    strangers: int = 0
    lost: float = 0.05
    ratio: float = 1.0
    since: int = 0

    def looks(self, rng: Rng, shares: Iterable[float], *, named: bool = True) -> Iterator[Look]:
        """Yield looks, in each of which the candidate has so much of the traffic."""
        split, codes = rng.random(self.count), rng.choice(1 << 31, self.count, replace=False)
        troubled = rng.random(self.count) < self.troubled
        for number, share in enumerate(shares):
            here = rng.random(self.count) < self.here
            new = rng.integers(1 << 31, 1 << 32, self.strangers)
            own = np.r_[split[here] < share, rng.random(self.strangers) < share]
            risk = np.r_[np.where(troubled[here], 1.0, self.errors), np.full(new.size, self.lost)]
            risk = np.where(own & (number >= self.since), np.minimum(self.ratio * risk, 1.0), risk)
            failed = (rng.random(own.size) < risk).astype(float)
            yield _named_look(number, own, np.r_[codes[here], new], failed, named=named)


def _named_look(
    number: int, own: np.ndarray, codes: np.ndarray, failed: np.ndarray, *, named: bool
) -> Look:
    arms = {}
    for arm, chosen in ((Arm.BASELINE, ~own), (Arm.CANDIDATE, own)):
        values, users = tuple(failed[chosen].tolist()), tuple(codes[chosen].tolist())
        seen: Observed = Counted(sum(values), len(values))
        if named:
            seen = UserValues(values, users)
        arms[arm] = ArmLook(len(values), {"errors": seen}, users if named else ())
    return Look(number * LOOK, (number + 1) * LOOK, arms)


HARMLESS: Mapping[str, People] = {
    "one in 1,000 always fails": People(troubled=0.001),
    "one in 100 always fails": People(troubled=0.01),
    "one in 20 always fails, users come in every fifth look": People(troubled=0.05, here=0.2),
    "those who come back never fail, strangers do": People(500, errors=0.0, strangers=500),
}
"""Users of a candidate who meet what they would have met without it."""


def people_alarms(
    people: People, runs: int, *, named: bool, share: float = 0.1, looks: int = 60
) -> list[int]:
    """Return at which look each run alarmed; one more than there were where none did."""
    plan = watching(trigger("errors", TriggerKind.EVENTS, BUDGET), share)
    found = (
        alarm_of(
            plan, people.looks(np.random.default_rng((SEED, run)), [share] * looks, named=named)
        )
        for run in range(runs)
    )
    return [looks + 1 if number is None else number for number in found]


def nested_alarms(runs: int, *, named: bool, people: People, each: int = 12) -> float:
    """Return how often a harmless candidate is rolled back in three stages, each within the next."""
    shares = (0.05, 0.1, 0.3)
    plans = [
        watching(trigger("errors", TriggerKind.EVENTS, BUDGET / len(shares)), share)
        for share in shares
    ]
    alarms = 0
    for run in range(runs):
        every = [share for share in shares for _ in range(each)]
        looks = list(people.looks(np.random.default_rng((SEED, run)), every, named=named))
        alarms += any(
            alarm_of(plan, looks[place * each : (place + 1) * each]) is not None
            for place, plan in enumerate(plans)
        )
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
        look = look_of(number, "errors", baseline, candidate, (batch - own, own))
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
    share = 0.05
    plan, caught, needs = watching(watched, share), 0, []
    for run in range(runs):
        state = begun(plan, "x")
        rng = np.random.default_rng((SEED, run))
        for look in drawn(Watched(watched, bad), rng, batch, share, 2000):
            state, _ = absorbed(plan, state, look)
            [standing] = standings(plan, state)
            if standing.alarmed:
                caught += 1
                break
            if standing.needed is not None and standing.seen >= standing.needed:
                break
        needs.append(standing.needed or 0)
    return caught / runs, int(median(needs))


# ---------------------------------------------------------------- page


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


def people_table(runs: int) -> Iterator[str]:
    """Yield how often harmless candidates are rolled back where users stay, and how soon bad ones."""
    yield (
        f"2,000 users (500, and 500 strangers, in the last row), a tenth of them the candidate's, 60 looks, {runs} "
        'runs, one trigger on errors at R0 = 1, α = 0.05. "Named": the log says who asks. Else each look '
        "counts everybody anew, and what chance dealt out once looks like evidence 60 times.\n"
    )
    yield "| harmless candidate | rolled back, users named | not named |"
    yield "|---|---|---|"
    for name, people in HARMLESS.items():
        cells = [
            _percent(sum(look <= 60 for look in people_alarms(people, runs, named=named)) / runs)
            for named in (True, False)
        ]
        yield f"| {name} | {' | '.join(cells)} |"
    stuck = People(troubled=0.01)
    cells = [_percent(nested_alarms(runs, named=named, people=stuck)) for named in (True, False)]
    yield f"| one in 100 always fails; stages of 5, 10 and 30 %, each within the next | {' | '.join(cells)} |"
    yield (
        "\nThe price: a user who had an error in this stage is no further evidence, and one who did not only "
        "until the first. The same 4,000 users in every look, a tenth of them the candidate's; 50 runs.\n"
    )
    yield "| candidate | median look of the alarm, users named | not named |"
    yield "|---|---|---|"
    worse = {
        "errors 1 % → 2 %, each look anew": People(4000, ratio=2.0),
        "… from the 21st look on": People(4000, ratio=2.0, since=20),
        "one in 100 always fails; twice as many errors": People(4000, troubled=0.01, ratio=2.0),
    }
    for name, people in worse.items():
        found = [median(people_alarms(people, 50, named=named)) for named in (True, False)]
        yield f"| {name} | {' | '.join(f'{look:g}' if look <= 60 else 'none in 60' for look in found)} |"


def page(runs: int = 1000, few: int = 150) -> Iterator[str]:
    """Yield the lines of the page."""
    yield "# How often a canary is wrong"
    yield ""
    yield (
        "Written by `make calibration` (`tests/calibration/canary.py`), seeded. [canary.md](canary.md) says "
        "what is computed and how."
    )
    yield "\n## Candidates that are as tolerated, looked at 100 times\n"
    yield f"Batches of 2,000 requests, {few} runs. Each row is a candidate exactly at its limit: the worst case.\n"
    yield from false_table(few, 2000)
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
    yield "\n## Users who stay in their arm\n"
    yield from people_table(few)


if __name__ == "__main__":
    PAGE.write_text("\n".join(page()) + "\n", encoding="utf-8")
