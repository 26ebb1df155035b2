"""Every other kind of bound on worlds whose truth is the limit, through the engines that judge."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from evalkit.core.envelope import NON_NEGATIVE, Limit, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats.asked import Asked
from evalkit.stats.estimates import engine_of
from tests.calibration.layout import ALPHA, RUNS, SEED, SIZES, both, head, percent, spread
from tests.calibration.worlds import (
    ANY,
    World,
    amounts,
    gamma,
    paired_amounts,
    paired_waits,
    shifted,
    skewed,
    waits,
)

ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind
FEWER = 400
"""Runs of a cell that resamples in each of them."""

FROM_50 = SIZES[1:]
RARE = (0.0, 0.01, 0.02)
"""Shares of cases that run away."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A kind of bound on a world whose truth is the limit, with a wider one that is kept.

    All are ceilings. ``rare`` is the share of cases that run away, where that was varied.
    """

    name: str
    world: World
    truth: float
    kept: float
    kind: LimitKind = ABSOLUTE
    support: Support = NON_NEGATIVE
    statistic: str = "mean"
    sizes: tuple[int, ...] = SIZES
    runs: int = RUNS
    rare: float | None = None


def _grids() -> Iterator[Grid]:
    """Yield the grids, those that cost most first: whoever computes them ends together."""
    for rare in RARE:
        apart = (1 - rare) * 0.1
        yield Grid(
            "KS shift (approximate)", partial(shifted, rare), apart, 0.2, SHIFT, ANY,
            sizes=(200, 500) if rare else (200, 500, 1000), runs=FEWER, rare=rare,
        )  # fmt: skip
    for rare in RARE:
        yield Grid(
            "ratio of p95 (approximate)", partial(paired_waits, rare), 1.0, 1.2, RATIO,
            statistic="p95", sizes=(100, 200, 500), runs=FEWER, rare=rare,
        )  # fmt: skip
    p95 = math.exp(0.5 * 1.6448536269514722)
    yield Grid("quantile p50 at most X", waits, 1.0, 1.1, statistic="p50")
    yield Grid("quantile p95 at most X", waits, p95, 1.2 * p95, statistic="p95")
    yield Grid("mean (engine T, approximate): gamma", gamma, 4.0, 4.4, sizes=FROM_50)
    mean = math.exp(0.5)
    yield Grid("mean (engine T, approximate): lognormal", skewed, mean, 1.2 * mean, sizes=FROM_50)
    for rare in RARE:
        mean = 1 - rare + 100 * rare
        yield Grid(
            "mean (engine T, approximate): amounts around 1", partial(amounts, rare), mean, 1.2 * mean,
            support=ANY, sizes=FROM_50, rare=rare,
        )  # fmt: skip
    for rare in RARE:
        yield Grid(
            "delta of means (engine T, approximate)", partial(paired_amounts, rare), 0.0, 0.4,
            DELTA, sizes=FROM_50, rare=rare,
        )  # fmt: skip
        yield Grid(
            "ratio of means (engine T, approximate)", partial(paired_amounts, rare), 1.0, 1.1,
            RATIO, sizes=FROM_50, rare=rare,
        )  # fmt: skip


GRIDS = tuple(_grids())


@dataclass(frozen=True, slots=True)
class Errors:
    """How often a bound passes and is called broken on its limit, and passes where it is kept."""

    wrong_pass: float
    wrong_fail: float
    kept: float


def errors(grid: Grid, n: int, *, runs: int) -> Errors:
    """Return the error rates of one cell, by p-values of the engine that judges."""
    rng = np.random.default_rng([SEED, n])
    asked_limit = Limit(grid.kind, max=grid.truth, distance="ks" if grid.kind is SHIFT else None)
    below = above = kept = 0
    for run in range(runs):
        engine = engine_of(
            grid.world(rng, n), grid.kind, Arm.CANDIDATE, Statistic.parse(grid.statistic),
            grid.support, asked=Asked(asked_limit, ALPHA, seed=run),
        )  # fmt: skip
        assert not isinstance(engine, Unmeasured), engine
        below += engine.p_below(grid.truth) <= ALPHA
        above += engine.p_above(grid.truth) <= ALPHA
        kept += engine.p_below(grid.kept) <= ALPHA
    return Errors(below / runs, above / runs, kept / runs)


Found = Mapping[tuple[Grid, int], Errors]
"""What the engines do, by grid and number of cases."""


def rows(found: Found) -> Iterator[str]:
    """Yield the table: a row a grid, exact ones first."""
    yield head("at most, truth is the limit", "runaways")
    for grid in sorted(GRIDS, key=_place):
        cells = {n: found[grid, n] for n in grid.sizes}
        shown = {n: both(cell.wrong_pass, cell.wrong_fail) for n, cell in cells.items()}
        yield spread(_names(grid), shown)


def power_rows(found: Found) -> Iterator[str]:
    """Yield how often bounds pass that are kept."""
    yield head("limit is wider", "runaways")
    for grid in sorted(GRIDS, key=_place):
        name, rare = _names(grid)
        by = f"{grid.kept - grid.truth:.2g}"
        shown = {n: percent(found[grid, n].kept) for n in grid.sizes}
        yield spread([f"{name}, by {by}", rare], shown)


def _names(grid: Grid) -> list[str]:
    return [grid.name, "" if grid.rare is None else f"{100 * grid.rare:g}\u00a0%"]


def _place(grid: Grid) -> tuple[bool, str, float]:
    return "approximate" in grid.name, grid.name, grid.rare or 0.0
