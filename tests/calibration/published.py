"""What rules do under known truth, on one set of grids: ``python -m tests.calibration.published``.

It writes docs/calibration.md. Rates with one draw a case are summed exactly; everything else is
simulated, seeded, through the engines that judge.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Limit, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.asked import Asked
from evalkit.stats.betting import bet_above_many, plan_for_floor
from evalkit.stats.estimates import engine_of
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.planning import cases_for_floor, critical_successes, floor_power
from evalkit.testing.comparison.group_sequential import (
    nominal_levels,
    power_spending,
    upper_bounds,
)
from evalkit.testing.comparison.sprt import mean_sample_numbers
from tests.calibration.rules import (
    ALPHA,
    PAIR_RULES,
    RATE_RULES,
    pair_chance,
    rate_chance,
)

ANY = Support(-math.inf, math.inf)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"
SEED, RUNS = 3, 2000
SIZES = (20, 50, 100, 200, 500, 1000)
RATES = (0.5, 0.8, 0.9, 0.95, 0.99)
DISCORDANCES = (0.05, 0.10, 0.30)
MARGIN = 0.05
ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind

Rng: TypeAlias = np.random.Generator
World: TypeAlias = Callable[[Rng, int], Evidence]


# ---------------------------------------------------------------- exact


def rate_tables() -> Iterator[str]:
    """Yield how often a rate on its floor passes, exactly, and how often one 5 points above does."""
    for name, rule in RATE_RULES.items():
        yield f"\n**{name}**: passes where the truth is the floor (at most 5 % is promised)\n"
        yield _head("floor")
        for floor in RATES:
            chances = [rate_chance(rule, n, floor, floor) for n in SIZES]
            yield _line(f"{floor:g}", chances)
    yield "\nPasses where the truth is half way between the floor and 1:\n"
    yield _head("rule, floor .9")
    for name, rule in RATE_RULES.items():
        yield _line(name, [rate_chance(rule, n, 0.9, 0.95) for n in SIZES])


def pair_tables() -> Iterator[str]:
    """Yield the same for a paired difference that must not be below −5 points."""
    for name, rule in PAIR_RULES.items():
        yield f"\n**{name}**: passes where the truth is −5 points, the margin\n"
        yield _head("discordance")
        for discordance in DISCORDANCES:
            chances = [pair_chance(rule, n, MARGIN, discordance, -MARGIN) for n in SIZES]
            yield _line(f"{discordance:g}", chances)
    yield "\nPasses where nothing changed, discordance .05:\n"
    yield _head("rule")
    for name, rule in PAIR_RULES.items():
        yield _line(name, [pair_chance(rule, n, MARGIN, 0.05, 0.0) for n in SIZES])


def worst_cells() -> Iterator[str]:
    """Yield the worst wrong pass of every exact rule from 20 cases on."""
    yield "| rule | rates, worst | paired differences, worst |\n|---|---|---|"
    rates = {
        name: max(rate_chance(rule, n, floor, floor) for n in SIZES for floor in RATES)
        for name, rule in RATE_RULES.items()
    }
    pairs = {
        name: max(pair_chance(rule, n, MARGIN, q, -MARGIN) for n in SIZES for q in DISCORDANCES)
        for name, rule in PAIR_RULES.items()
    }
    same = {"evalkit (exact)": "evalkit (engine G)", "CLT interval": "paired CLT"}
    for name, worst in rates.items():
        beside = pairs.get(same.get(name, name))
        yield f"| {name} | {_percent(worst)} | {'' if beside is None else _percent(beside)} |"
    for name in ("Tango score (approximate)", "superiority test"):
        yield f"| {name} | | {_percent(pairs[name])} |"


def blocked() -> str:
    """Return how often six bounds block a harmless candidate by point comparison."""
    bounds = [(0.85, 0.90), (0.95, 0.98), (0.97, 0.99), (0.90, 0.94), (0.95, 0.98), (0.98, 0.995)]
    rule = RATE_RULES["point comparison"]
    found = [
        1 - math.prod(rate_chance(rule, n, floor, truth) for floor, truth in bounds)
        for n in (40, 80, 150)
    ]
    return ", ".join(
        f"{_percent(share)} at {n} cases" for share, n in zip(found, (40, 80, 150), strict=True)
    )


# ---------------------------------------------------------------- simulated


@dataclass(frozen=True, slots=True)
class Grid:
    """A kind of bound on a world whose truth is the limit."""

    name: str
    world: World
    truth: float
    kind: LimitKind = ABSOLUTE
    support: Support = UNIT_INTERVAL
    statistic: str = "mean"
    upper: bool = False
    sizes: tuple[int, ...] = SIZES
    runs: int = RUNS


def _case(values: FloatArray, draws: int = 1) -> Observed:
    rows = values.reshape(-1, draws)
    n = rows.shape[0]
    return Observed(np.repeat(np.arange(n), draws), rows.ravel(), np.ones(rows.size, np.bool_))


def _alone(values: FloatArray, draws: int = 1, clusters: IntArray | None = None) -> Evidence:
    found = _case(values, draws)
    return Evidence(int(found.case[-1]) + 1, {Arm.CANDIDATE: found}, clusters)


def _both(candidate: FloatArray, baseline: FloatArray) -> Evidence:
    arms = {Arm.CANDIDATE: _case(candidate), Arm.BASELINE: _case(baseline)}
    return Evidence(candidate.size, arms)


def zero_heavy(rng: Rng, n: int) -> Evidence:
    """Return scores of which 80 % are 0, with mean .1."""
    return _alone(np.where(rng.random(n) < 0.8, 0.0, rng.beta(2, 2, n)))


def repeats(rng: Rng, n: int) -> Evidence:
    """Return three draws a case of a rate of .9, two of which agree as often as ICC .5 makes them."""
    chance = rng.beta(0.9, 0.1, n)
    return _alone((rng.random((n, 3)) < chance[:, None]).astype(float).ravel(), 3)


def clusters(rng: Rng, n: int) -> Evidence:
    """Return groups of five cases of a rate of .9, ICC .3."""
    groups = max(n // 5, 1)
    chance = np.repeat(rng.beta(0.9 * 7 / 3, 0.1 * 7 / 3, groups), 5)
    codes = np.repeat(np.arange(groups), 5)
    return _alone((rng.random(chance.size) < chance).astype(float), clusters=codes)


def skewed(rng: Rng, n: int) -> Evidence:
    """Return lognormal amounts, sigma 1."""
    return _alone(rng.lognormal(0, 1, n))


def gamma(rng: Rng, n: int) -> Evidence:
    """Return moderately skewed amounts."""
    return _alone(rng.gamma(4, 1, n))


def runaways(share: float, rng: Rng, n: int) -> Evidence:
    """Return amounts around 1, of which a share is 100 times as large."""
    rare = rng.random(n) < share
    return _alone(np.where(rare, 100.0, rng.normal(1, 0.3, n)))


def waits(rng: Rng, n: int) -> Evidence:
    """Return lognormal times."""
    return _alone(rng.lognormal(0, 0.5, n))


def paired_waits(rng: Rng, n: int) -> Evidence:
    """Return lognormal times of both arms on the same cases, alike in distribution."""
    case = rng.normal(0, 0.4, n)
    return _both(np.exp(case + rng.normal(0, 0.3, n)), np.exp(case + rng.normal(0, 0.3, n)))


def paired_amounts(rng: Rng, n: int) -> Evidence:
    """Return gamma amounts of both arms on the same cases, with the same mean."""
    case = rng.gamma(4, 1, n)
    return _both(case * rng.gamma(8, 1 / 8, n), case * rng.gamma(8, 1 / 8, n))


def shifted(rng: Rng, n: int) -> Evidence:
    """Return normal values whose distributions lie .1 apart by KS."""
    case = rng.normal(0, 0.8, n)
    return _both(case + rng.normal(0.2513, 0.6, n), case + rng.normal(0, 0.6, n))


GRIDS = (
    Grid("engine G: score, 80 % zeros, floor", zero_heavy, 0.1),
    Grid("engine G: score, 80 % zeros, ceiling", zero_heavy, 0.1, upper=True),
    Grid("engine G: rate, 3 draws a case, ICC .5", repeats, 0.9),
    Grid("engine G: rate, groups of 5, ICC .3", clusters, 0.9, sizes=(50, 100, 200, 500, 1000)),
    Grid("quantile p50 at most X", waits, 1.0, support=NON_NEGATIVE, statistic="p50", upper=True),
    Grid(
        "quantile p95 at most X", waits, math.exp(0.5 * 1.6448536269514722),
        support=NON_NEGATIVE, statistic="p95", upper=True,
    ),
    Grid(
        "engine T (approximate): gamma, ceiling", gamma, 4.0, support=NON_NEGATIVE, upper=True,
        sizes=(50, 100, 200, 500, 1000),
    ),
    Grid(
        "engine T (approximate): lognormal, ceiling", skewed, math.exp(0.5), support=NON_NEGATIVE,
        upper=True, sizes=(50, 100, 200, 500, 1000),
    ),
    Grid(
        "engine T (approximate): 1 % runaways, ceiling", partial(runaways, 0.01), 0.99 + 1.0,
        support=ANY, upper=True, sizes=(50, 100, 200, 500, 1000),
    ),
    Grid(
        "engine T (approximate): 2 % runaways, ceiling", partial(runaways, 0.02), 0.98 + 2.0,
        support=ANY, upper=True, sizes=(50, 100, 200, 500, 1000),
    ),
    Grid(
        "ratio of means (approximate): gamma, at most", paired_amounts, 1.0, RATIO, NON_NEGATIVE,
        upper=True, sizes=(50, 100, 200, 500),
    ),
    Grid(
        "ratio of p95 (approximate), at most", paired_waits, 1.0, RATIO, NON_NEGATIVE, "p95",
        upper=True, sizes=(100, 200, 500), runs=400,
    ),
    Grid(
        "KS shift (approximate), at most .1", shifted, 0.1, SHIFT, ANY,
        upper=True, sizes=(200, 500, 1000), runs=400,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Errors:
    """How often the claim "inside" and the claim "outside" are made where the truth is the limit."""

    inside: float
    outside: float


def errors(grid: Grid, n: int, *, runs: int) -> Errors:
    """Return the error rates of one cell, by p-values of the engine that judges."""
    rng = np.random.default_rng([SEED, n])
    asked_limit = Limit(grid.kind, max=grid.truth, distance="ks" if grid.kind is SHIFT else None)
    above = below = 0
    for run in range(runs):
        engine = engine_of(
            grid.world(rng, n), grid.kind, Arm.CANDIDATE, Statistic.parse(grid.statistic),
            grid.support, asked=Asked(asked_limit, ALPHA, seed=run),
        )  # fmt: skip
        assert not isinstance(engine, Unmeasured), engine
        above += engine.p_above(grid.truth) <= ALPHA
        below += engine.p_below(grid.truth) <= ALPHA
    inside, outside = (below, above) if grid.upper else (above, below)
    return Errors(inside / runs, outside / runs)


def simulated_lines(grid: Grid) -> list[str]:
    """Return the two rows of one kind of bound."""
    found = {n: errors(grid, n, runs=grid.runs) for n in grid.sizes}
    cells = [
        [getattr(found[n], name) if n in found else None for n in SIZES]
        for name in ("inside", "outside")
    ]
    return [
        _line(f"{grid.name}: wrong pass", cells[0]),
        _line(f"{grid.name}: wrong fail", cells[1]),
    ]


# ---------------------------------------------------------------- stopping early


def early_lines() -> Iterator[str]:
    """Yield the cost of stopping early for three floors, beside Wald's bound."""
    yield (
        "| floor, truth | rule | passes if good | if on the floor "
        "| mean cases, of the fixed number: good | on the floor | as far below |"
    )
    yield "|---|---|---|---|---|---|---|"
    for floor, truth in ((0.85, 0.90), (0.90, 0.95), (0.85, 0.88)):
        found = cases_for_floor(floor, truth, ALPHA, 0.9)
        assert found is not None
        n = found.first
        good, on, bad = (_early(floor, t, n) for t in (truth, floor, 2 * floor - truth))
        at_null, at_good = mean_sample_numbers(floor, truth, alpha=ALPHA, beta=0.1)
        design = f"{floor:g}, {truth:g} (n = {n:,})"
        for name, (passes, share) in good.items():
            wrong, (_, low) = on[name], bad[name]
            yield (
                f"| {design} | {name} | {_percent(passes)} | {_percent(wrong[0])} "
                f"| {share:.2f} | {wrong[1]:.2f} | {low:.2f} |"
            )
        bound = f"{at_good / n:.2f} | {at_null / n:.2f} |"
        yield f"| {design} | Wald's bound for any test | 90.0\u00a0% | 5.0\u00a0% | {bound} |"


def _early(floor: float, truth: float, n: int) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng([SEED, n])
    most = math.ceil(1.15 * n)
    values = (rng.random((RUNS, most)) < truth).astype(float)
    needed = critical_successes(n, floor, ALPHA)
    sums = values[:, :n].cumsum(axis=1)
    passes = floor_power(n, floor, truth, ALPHA)
    failures = np.arange(1, n + 1) - sums
    # Whatever comes, enough are right, or too many are wrong.
    ended = (sums >= needed) | (failures > n - needed)
    curtailed = ended.argmax(axis=1) + 1
    bets = bet_above_many(values, floor, ALPHA, plan_for_floor(floor), horizon=most)
    won = bets.stopped_at > 0
    stopped = np.where(won, bets.stopped_at, most)
    looks = [round(n * look / 10) for look in range(1, 11)]
    levels = nominal_levels(upper_bounds([k / 10 for k in range(1, 11)], power_spending(ALPHA, 2)))
    least = [
        critical_successes(size, floor, level) for size, level in zip(looks, levels, strict=True)
    ]
    reached = np.stack(
        [sums[:, size - 1] >= fewest for size, fewest in zip(looks, least, strict=True)]
    )
    grouped = np.where(reached.any(axis=0), np.array(looks)[reached.argmax(axis=0)], n)
    return {
        "fixed number": (passes, 1.0),
        "curtailed": (passes, float(curtailed.mean()) / n),
        "group sequential, 10 looks": (
            float(reached.any(axis=0).mean()), float(grouped.mean()) / n,
        ),
        "evalkit, betting, at most 1.15 times": (float(won.mean()), float(stopped.mean()) / n),
    }  # fmt: skip


# ---------------------------------------------------------------- the page


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\u00a0%"


def _head(first: str) -> str:
    sizes = " | ".join(f"n = {n:,}" for n in SIZES)
    return f"| {first} | {sizes} |\n|---|{'---|' * len(SIZES)}"


def _line(first: str, cells: Sequence[float | None]) -> str:
    return f"| {first} | {' | '.join('' if cell is None else _percent(cell) for cell in cells)} |"


TEXT = """# How often each rule is wrong

A rule passes wrongly where the truth is exactly on the limit: there a promise of 5 % is tightest, and
beyond it everything passes less. All numbers here come from `python -m tests.calibration.published`,
seed {seed}: rates and paired rates with one draw a case are exact sums over all outcomes; the others
are {runs} simulated gates a cell through the engines that judge (400 where resampling is inside), with
a standard error of 0.5 points at 5 % (1.1 with 400). Rules of others are written anew by what they do.

{worst}

Six bounds of an envelope that a harmless candidate keeps by 2 to 5 points: point comparison blocks it
{blocked}.

## A rate has to be at least a floor

{rates}

## A paired difference has to be at least −5 points

A "superiority test" passes only what is shown to be better, and "not significant = pass" whatever is
not shown to be worse: neither has a margin.

{pairs}

## Everything else, where the truth is the limit

"Wrong pass" has to stay at 5 % within its Monte-Carlo error for engine G and absolute quantiles. Rows
marked approximate are what they really do; every output says `approximate` beside a pass that rests on
one. Runaways: so many cases at 100 times the median. No method without a declared range is right there;
`range: [low, high]` on the bound is the cure.

{simulated}

Quantiles of ties and steps, missing samples and several bounds at once are held by
`tests/calibration/test_error_rates.py`; bets and the exact paired test by `test_alternatives.py`; shifts
and compared quantiles by `test_resampled.py`.

## The cost of stopping early

A bet saves cases on a candidate that keeps its bounds. On the floor it plays to the end, which is
further away; nothing here gives up on a bad candidate before that.

{early}
"""


def main() -> None:
    """Compute every table and write the page."""
    with ProcessPoolExecutor(2) as pool:
        rows = [line for lines in pool.map(simulated_lines, GRIDS) for line in lines]
    PAGE.write_text(
        TEXT.format(
            seed=SEED,
            runs=f"{RUNS:,}",
            worst="\n".join(worst_cells()),
            blocked=blocked(),
            rates="\n".join(rate_tables()),
            pairs="\n".join(pair_tables()),
            simulated="\n".join([_head("bound"), *rows]),
            early="\n".join(early_lines()),
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
