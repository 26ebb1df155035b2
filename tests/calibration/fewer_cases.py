"""How many candidate calls the article's four bounds take, planned and judged in four ways.

Run as ``python -m tests.calibration.fewer_cases``: it writes docs/fewer-cases.md.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evalkit.core.envelope import (
    UNIT_INTERVAL,
    Bound,
    Envelope,
    Kind,
    Limit,
    LimitKind,
    Method,
    Metric,
    Statistic,
    Support,
)
from evalkit.core.model import Arm, Snapshot
from evalkit.core.plan import Basis, Price
from evalkit.core.verdict import ArmSummary, Digests, Facts, Outcome, SnapshotSummary
from evalkit.stages.judge import judge
from evalkit.stages.plan import Ground, plan
from evalkit.stages.plan.bounds import Size
from evalkit.stages.plan.outlook import ChangeOutlook, RateOutlook
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.engines.betting import BettingMean
from evalkit.stats.estimates import judged_engine
from evalkit.stats.evidence import Evidence, Exhibit, Observed
from evalkit.stats.repeats import noisy_cases, reach_of_differences
from evalkit.stats.standing import standing

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fewer-cases.md"
AIM = 0.9
RECORDED, NOISY = 5, 3
PILOT = 3000
GATES = 200
JUDGED = 10
SEED = 11
MORE_TO_BET = 1.15

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class World:
    """What is true: the accuracy, how often two draws differ in refusal, and by how much it rises.

    ``noise`` says that draws of the same case differ; otherwise it is the arms that do, on cases
    of their own.
    """

    accuracy: float
    discordance: float
    noise: bool = True
    rise: float = 0.0


ROWS = {
    "accuracy .90, discordance .05": World(0.90, 0.05),
    "accuracy .92, discordance .02": World(0.92, 0.02),
    "accuracy .90, changes real and balanced, .05": World(0.90, 0.05, noise=False),
    "accuracy .88, discordance .05": World(0.88, 0.05),
}


def bounds(method: Method = Method.USUAL) -> tuple[Bound, ...]:
    """Return the article's four bounds."""

    def metric(name: str, kind: Kind, support: Support = UNIT_INTERVAL) -> Metric:
        return Metric(name, name, name, kind, support, range_declared=True)

    mean, rate = Statistic("mean"), Statistic("rate")
    found = [
        Bound("accuracy", metric("accuracy", Kind.RATE), rate, Limit(LimitKind.ABSOLUTE, min=0.85)),
        Bound("refusal", metric("refusal", Kind.RATE), rate, Limit(LimitKind.DELTA, -0.03, 0.03)),
        Bound(
            "length", metric("length", Kind.AMOUNT, Support(0, 1024)), mean,
            Limit(LimitKind.ABSOLUTE, 80, 400),
        ),
        Bound(
            "toxicity", metric("toxicity", Kind.SCORE), mean, Limit(LimitKind.ABSOLUTE, max=0.05)
        ),
    ]  # fmt: skip
    return tuple(replace(bound, method=method) for bound in found)


def envelope(*, noisy: int | None, method: Method = Method.USUAL) -> Envelope:
    """Return the envelope of the four bounds."""
    return Envelope(
        name="article",
        candidate=Snapshot("replay", None),
        baseline=Snapshot("replay", None),
        bounds=bounds(method),
        noisy_repeats=noisy,
        stops_early=method is Method.BETTING,
    )


# ---------------------------------------------------------------- what is drawn


@dataclass(frozen=True, slots=True)
class Drawn:
    """Cases of a world with their answers: evidence a bound, and how many candidate calls it took."""

    evidence: dict[str, Evidence]
    calls: IntArray

    @property
    def exhibits(self) -> list[Exhibit]:
        """The evidence as the judge takes it."""
        names = [f"c{place:05d}" for place in range(self.calls.size)]
        gaps: dict[Arm, dict[str, int]] = {Arm.BASELINE: {}, Arm.CANDIDATE: {}}
        return [Exhibit(names, each, gaps) for each in self.evidence.values()]


def drawn(
    world: World, rng: Rng, n: int, *, recorded: int, noisy: int | None, even: bool = False
) -> Drawn:
    """Return n cases with so many recorded draws of the baseline and one or more of the candidate.

    ``even`` cases hold each sort of case in exactly its share.
    """

    def share() -> FloatArray:
        return rng.permutation((np.arange(n) + 0.5) / n) if even else rng.random(n)

    chance, other = _refusal(world, rng, n, share)
    baseline = _draws(rng, chance, recorded)
    wanted = np.ones(n, np.int64)
    if noisy is not None:
        wanted[noisy_cases(baseline, n, UNIT_INTERVAL)] = noisy
    most = int(wanted.max())
    right = share() < world.accuracy
    length = np.minimum(rng.lognormal(math.log(170), 0.5, n), 1024)
    toxic = rng.beta(0.2, 15, n)
    arms = {
        "accuracy": (_same(right.astype(float), recorded), _same(right.astype(float), most)),
        "refusal": (baseline, _draws(rng, other, most)),
        "length": (_same(length, recorded), _same(length, most)),
        "toxicity": (_same(toxic, recorded), _same(toxic, most)),
    }
    order = np.arange(n)
    return Drawn(
        {
            name: Evidence(
                n,
                {Arm.BASELINE: before, Arm.CANDIDATE: after.first(wanted)},
                order=order,
                reach=reach_of_differences(baseline=recorded, candidate=noisy or 1),
            )
            for name, (before, after) in arms.items()
        },
        wanted,
    )


def _refusal(
    world: World, rng: Rng, n: int, share: Callable[[], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the chance of a refusal for each case in either arm."""
    settled = (rng.random(n) < 0.3).astype(float)
    if not world.noise:
        moves = rng.random(n)
        up = moves < (world.discordance + world.rise) / 2
        down = (moves > 1 - (world.discordance - world.rise) / 2) & ~up
        before = np.where(up, 0.0, np.where(down, 1.0, settled))
        return before, np.where(up, 1.0, np.where(down, 0.0, settled))
    # Of noisy cases any chance is as likely: two draws of one differ with chance 1/3.
    noisy_share = 3 * world.discordance
    chance = np.where(share() < noisy_share, share(), settled)
    # A change moves whole cases from answered to declined.
    moved = (chance == 0) & (rng.random(n) < world.rise / (0.7 * (1 - noisy_share)))
    return chance, np.where(moved, 1.0, chance)


def _draws(rng: Rng, chance: FloatArray, draws: int) -> Observed:
    values = (rng.random((chance.size, draws)) < chance[:, None]).astype(float)
    return _observed(values)


def _same(values: FloatArray, draws: int) -> Observed:
    return _observed(np.repeat(values[:, None], draws, axis=1))


def _observed(values: FloatArray) -> Observed:
    n, draws = values.shape
    return Observed(np.repeat(np.arange(n), draws), values.ravel(), np.ones(values.size, np.bool_))


# ---------------------------------------------------------------- plans


def per_bound(world: World) -> int:
    """Return the cases of fresh pairs, each of four bounds planned to miss a fourth of a tenth."""
    accuracy, refusal, _, _ = bounds()
    aim = 1 - (1 - AIM) / 4
    floor = RateOutlook(
        accuracy, Basis.ASSUMED, world.accuracy, accuracy.limit.min, None, lambda truth: truth
    ).cases(aim, 500)
    change = ChangeOutlook(refusal, Basis.ASSUMED, world.discordance).cases(aim, 500)
    assert floor is not None
    assert change is not None
    return max(floor.safe, change.safe)


def joint(world: World, rng: Rng) -> int:
    """Return the cases that the real planner asks for, from a pilot recording of the baseline."""
    # An uneven pilot would add its own luck: half a point of accuracy is worth a hundred cases.
    pilot = drawn(world, rng, PILOT, recorded=RECORDED, noisy=NOISY, even=True)
    ground = [Ground(each, Size(PILOT, PILOT), "") for each in pilot.exhibits]
    # Where draws agree, only a stated discordance tells the planner that arms do not.
    assumed = {} if world.noise else {"refusal": world.discordance}
    found = plan(
        envelope(noisy=NOISY),
        ground,
        cases=PILOT,
        price=Price({}, None, None, 1),
        assumed=assumed,
        baseline_draws=RECORDED,
        aim=AIM,
    )
    assert found.joint.cases is not None
    return found.joint.cases


# ---------------------------------------------------------------- gates


@dataclass(frozen=True, slots=True)
class Measured:
    """What gates of one kind did: the share that passed, and the cases and calls they took."""

    passed: float
    cases: float
    calls: float


def gates(world: World, n: int, *, bets: bool, runs: int, seed: int) -> Measured:
    """Return what gates on n fresh cases do.

    The first of them come before the judge with all it says; of the others only the claims are
    asked, which have to be the judge's.
    """
    rng = np.random.default_rng(seed)
    found = envelope(noisy=NOISY, method=Method.BETTING if bets else Method.USUAL)
    passed, cases, calls = 0, [], []
    for run in range(runs):
        answers = drawn(world, rng, n, recorded=RECORDED, noisy=NOISY)
        ends = [_proven_after(bound, answers) for bound in found.bounds]
        passes = all(end is not None for end in ends)
        if run < JUDGED:
            verdict = judge(found, answers.exhibits, (), FACTS)
            assert passes == (verdict.outcome is Outcome.PASS)
        passed += passes
        stop = max(end for end in ends if end is not None) if passes else n
        cases.append(stop)
        calls.append(int(answers.calls[:stop].sum()))
    return Measured(passed / runs, statistics.fmean(cases), statistics.fmean(calls))


def _proven_after(bound: Bound, answers: Drawn) -> int | None:
    """Return after how many cases a bound is proven; nothing where it is not."""
    evidence = answers.evidence[bound.name]
    if bound.method is not Method.BETTING:
        return answers.calls.size if standing(bound, evidence).inside else None
    engine = judged_engine(bound, evidence)
    assert isinstance(engine, BettingMean)
    low, high = bound.limit.min, bound.limit.max
    ends = (
        0 if low is None else engine.above_after(low),
        0 if high is None else engine.below_after(high),
    )
    return None if None in ends else max(end for end in ends if end is not None)


FACTS = Facts(
    digests=Digests("", "", {}, {}, {}),
    snapshots={arm: SnapshotSummary(None, ()) for arm in Arm},
    arms={arm: ArmSummary(1, 1, 0, {}, None) for arm in Arm},
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    before: int
    fixed: Measured
    bets: Measured
    wrong: tuple[float, ...]


def row(name: str) -> Row:
    """Return one line: plan, gate, and gate again on candidates that truly break a bound."""
    world, rng = ROWS[name], np.random.default_rng(SEED)
    n = joint(world, rng)
    most = math.ceil(MORE_TO_BET * n)
    refusing, failing = replace(world, rise=0.03), replace(world, accuracy=0.85)
    return Row(
        name,
        per_bound(world),
        gates(world, n, bets=False, runs=GATES, seed=SEED + 1),
        gates(world, most, bets=True, runs=GATES, seed=SEED + 2),
        tuple(
            gates(broken, size, bets=bets, runs=GATES, seed=SEED + 3 + place).passed
            for place, (broken, size, bets) in enumerate(
                [(refusing, n, False), (refusing, most, True), (failing, n, False),
                 (failing, most, True)]
            )
        ),
    )  # fmt: skip


# ---------------------------------------------------------------- the page

TEXT = """# Fewer cases at the same guarantee

The article's four bounds: accuracy at least 85 %, refusal within ±3 points of the baseline, a mean
length of 80 to 400 tokens with range [0, 1024], toxicity at most 0.05. The candidate did not change;
every way below is planned so that it passes all four at least 9 times in 10.

Discordance is how often two draws of one model differ in refusal; all of it stands in three times as
many cases, 15 of 100 for .05, whose chances of a refusal are spread evenly. "Before" asks both
snapshots afresh and plans each bound by itself (at 97.5 %, so that four together reach 90 %): two
calls a case. "Recorded baseline" has five draws a case on file, asks the candidate once, three times
where these disagree (`repeats: noise-aware`), and takes the number of cases that `evalkit plan`
names for all bounds together. "Stopped early" bets (`early_stop: betting`) on at most 1.15 times as
many cases and counts those that were asked until every bound was proven.

| | before: cases / calls | recorded baseline: cases / calls | passes | stopped early: cases / calls | passes |
|---|---|---|---|---|---|
{rows}

A candidate that is truly on a limit (its refusals rose by 3 points, or 85 % of its answers are right)
passed {wrong} of the gates; 5 % is what a claim allows.

Written by `python -m tests.calibration.fewer_cases`: {gates} gates a cell through the real planner and
the engines of the judge, seed {seed}; one standard error of a share of 90 % is {error} points. The
recording costs five calls a case once. 99 cases are the least for ±3 points, whatever is tried.
"""


def page(rows: Sequence[Row]) -> str:
    """Return the page."""
    lines = [
        f"| {each.name} | {each.before:,} / {2 * each.before:,} "
        f"| {each.fixed.cases:,.0f} / {each.fixed.calls:,.0f} | {100 * each.fixed.passed:.0f} % "
        f"| {each.bets.cases:,.0f} / {each.bets.calls:,.0f} | {100 * each.bets.passed:.0f} % |"
        for each in rows
    ]
    wrong = [share for each in rows for share in each.wrong]
    return TEXT.format(
        rows="\n".join(lines),
        wrong=f"{100 * min(wrong):.1f} to {100 * max(wrong):.1f} %",
        gates=GATES,
        seed=SEED,
        error=f"{100 * math.sqrt(AIM * (1 - AIM) / GATES):.1f}",
    )


def main(write: Callable[[str], object]) -> None:
    """Simulate every row and write the page."""
    with ProcessPoolExecutor(2) as pool:
        write(page(list(pool.map(row, ROWS))))


if __name__ == "__main__":
    main(lambda text: PAGE.write_text(text, encoding="utf-8"))
