"""What is resampled keeps its promise about as well as it says: these methods are approximate.

Each world has a known truth. A limit is wrong where it leaves the truth outside, and a wrong claim
at a bound on the truth is the same event: false "holds" on one side, false "broken" on the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from evalkit.core.model import Arm
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.engines.quantile_change import QuantileChange
from evalkit.stats.quantile_change import mover_limits, resampled_quantiles
from evalkit.stats.resampling import rank_above
from evalkit.stats.shift import Distance, Distributions, Values

Rng: TypeAlias = np.random.Generator
Arms: TypeAlias = dict[Arm, Values]

ALPHA = 0.05
RUNS = 200
SPECIFIED = 0.055
"""Wrong claims about a ratio of quantiles that its specification measured at the most."""

SLOWER = 1.1
"""The candidate's times are so many times as long as the baseline's."""

REPLICATES = 300
"""Fewer than a gate draws: what that adds to a limit is small beside what the data do."""


def allowed(rate: float, runs: int = RUNS) -> float:
    """Return a rate and three standard errors of it over so many runs."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / runs)


def pair(baseline: FloatArray, candidate: FloatArray, unit: IntArray | None = None) -> Arms:
    """Return two arms with one value a case."""
    unit = np.arange(baseline.size) if unit is None else unit
    ones = np.ones(baseline.size)
    return {
        Arm.BASELINE: Values(baseline, unit, ones),
        Arm.CANDIDATE: Values(candidate, unit, ones),
    }


def normals(rng: Rng, n: int, correlation: float) -> tuple[FloatArray, FloatArray]:
    """Return standard normal numbers, correlated within a case."""
    shared = rng.normal(size=n)
    own, common = math.sqrt(1 - correlation), math.sqrt(correlation)
    return common * shared + own * rng.normal(size=n), common * shared + own * rng.normal(size=n)


# ---------------------------------------------------------------- shift


def ball_misses(
    world: Callable[[Rng], Arms],
    kind: Distance,
    truth: float,
    runs: int = RUNS,
    part: float = 1.0,
) -> tuple[float, float]:
    """Return how often the truth lies above (a part of) the ball around the distance, and below."""
    rng, above, below = np.random.default_rng(11), 0, 0
    for run in range(runs):
        arms = world(rng)
        found = Distributions.of(arms, int(arms[Arm.BASELINE].unit.max()) + 1)
        radii = found.radii(kind, REPLICATES, seed=run)
        value, radius = found.distance(kind), part * radii[rank_above(REPLICATES, ALPHA) - 1]
        above += bool(truth > value + radius + 1e-9)
        below += bool(truth < value - radius - 1e-9)
    return above / runs, below / runs


def moved(n: int, move: float, correlation: float) -> Callable[[Rng], Arms]:
    """Return a world in which the candidate's values are as far up."""

    def world(rng: Rng) -> Arms:
        baseline, candidate = normals(rng, n, correlation)
        return pair(baseline, candidate + move)

    return world


def categories(n: int, extra: float) -> Callable[[Rng], Arms]:
    """Return a world in which so many of the commonest of five categories become the rarest."""

    def world(rng: Rng) -> Arms:
        code = rng.choice(5, size=n, p=[0.5, 0.2, 0.15, 0.1, 0.05]).astype(np.float64)
        again = np.where(rng.random(n) < 0.8, code, rng.choice(5, n, p=[0.5, 0.2, 0.15, 0.1, 0.05]))
        turned = (again == 0) & (rng.random(n) < extra / 0.5)
        return pair(code, np.where(turned, 4.0, again))

    return world


def shift_of(move: float) -> float:
    """Return the KS distance of two normal distributions so far apart."""
    return math.erf(move / 2 / math.sqrt(2))


@pytest.mark.parametrize(("move", "correlation"), [(0.0, 0.5), (0.1, 0.9), (0.3, 0.0), (0.3, 0.5)])
def test_the_ball_of_ks_holds_the_truth_from_300_cases_on(move: float, correlation: float) -> None:
    above, below = ball_misses(moved(300, move, correlation), "ks", shift_of(move))
    assert above <= allowed(ALPHA)
    assert below <= allowed(ALPHA)


@pytest.mark.parametrize("move", [0.2, 0.5])
def test_the_ball_of_w1_holds_the_truth(move: float) -> None:
    above, below = ball_misses(moved(300, move, 0.5), "w1", move)
    assert above <= allowed(ALPHA)
    assert below <= allowed(ALPHA)


def test_the_ball_holds_the_truth_of_arms_nearly_the_same_from_ten_differences_on() -> None:
    """Below that it does not: with 4 of 200 expected to differ it misses 1 time in 8."""

    def world(rng: Rng) -> Arms:
        baseline = rng.normal(size=200)
        return pair(baseline, np.where(rng.random(200) < 0.05, 9.0, baseline))

    above, below = ball_misses(world, "ks", 0.05)
    assert above <= allowed(SPECIFIED)
    assert below <= allowed(ALPHA)


def test_a_ball_half_as_wide_is_found_out() -> None:
    """A control."""
    assert min(ball_misses(moved(300, 0.5, 0.5), "w1", 0.5, part=0.5)) > 2 * ALPHA
    assert ball_misses(moved(300, 0.0, 0.5), "ks", 0.0, part=0.5)[1] > 2 * ALPHA


@pytest.mark.parametrize("extra", [0.05, 0.1])
def test_the_ball_of_total_variation_holds_the_truth(extra: float) -> None:
    above, below = ball_misses(categories(300, extra), "tv", extra)
    assert above <= allowed(ALPHA)
    assert below <= allowed(ALPHA)


def test_the_ball_of_ks_holds_the_truth_of_users_with_many_requests() -> None:
    """A user's requests are alike: 250 users with 1 to 5 of them."""

    def world(rng: Rng) -> Arms:
        unit = np.repeat(np.arange(250), rng.integers(1, 6, 250))
        baseline, candidate = normals(rng, unit.size, 0.3)
        user = rng.normal(size=250)[unit]
        return pair((baseline + user) / math.sqrt(2), (candidate + user) / math.sqrt(2) + 0.3, unit)

    above, below = ball_misses(world, "ks", shift_of(0.3))
    assert above <= allowed(ALPHA)
    assert below <= allowed(ALPHA)


# ---------------------------------------------------------------- quantiles


def change_misses(
    world: Callable[[Rng], Arms], quantile: float, runs: int = RUNS, truth: float = SLOWER
) -> tuple[float, float]:
    """Return how often the limits of a resampled ratio lie below the truth, and above it."""
    rng, under, over = np.random.default_rng(12), 0, 0
    for run in range(runs):
        arms = world(rng)
        units = int(arms[Arm.BASELINE].unit.max()) + 1
        order = (arms[Arm.CANDIDATE], arms[Arm.BASELINE])
        drawn = resampled_quantiles(order, quantile, units, REPLICATES, seed=run)
        seen = [float(np.quantile(arm.values, quantile)) for arm in order]
        changes = np.sort(np.log(drawn[0]) - np.log(drawn[1]))
        change = math.log(seen[0] / seen[1])
        found = QuantileChange(change, changes, changes, ratio=True, method="")
        under += found.upper(ALPHA) < truth
        over += found.lower(ALPHA) > truth
    return under / runs, over / runs


def mover_misses(
    world: Callable[[Rng], Arms], quantile: float, runs: int = RUNS, truth: float = SLOWER
) -> tuple[float, float]:
    """Return how often the exact limits of a ratio lie below the truth, and above it."""
    rng, under, over = np.random.default_rng(13), 0, 0
    for _ in range(runs):
        arms = world(rng)
        baseline, candidate = (np.log(arms[arm].values) for arm in (Arm.BASELINE, Arm.CANDIDATE))
        _, lower, upper = mover_limits(baseline, candidate, quantile, ALPHA)
        under += upper < math.log(truth)
        over += lower > math.log(truth)
    return under / runs, over / runs


def times(n: int, *, correlation: float = 0.5, sigma: float = 0.6) -> Callable[[Rng], Arms]:
    """Return a world of lognormal times, so many times as long in the candidate."""

    def world(rng: Rng) -> Arms:
        baseline, candidate = normals(rng, n, correlation)
        return pair(np.exp(sigma * baseline), SLOWER * np.exp(sigma * candidate))

    return world


def times_of_users(users: int, *, largest: int = 9, alike: float = 0.5) -> Callable[[Rng], Arms]:
    """Return a world in which the times of a user, in both arms, have so much in common."""

    def world(rng: Rng) -> Arms:
        unit = np.repeat(np.arange(users), rng.integers(1, largest + 1, users))
        user, (baseline, candidate) = rng.normal(size=users)[unit], normals(rng, unit.size, 0.3)
        common, own = math.sqrt(alike), math.sqrt(1 - alike)
        return pair(
            np.exp(0.6 * (common * user + own * baseline)),
            SLOWER * np.exp(0.6 * (common * user + own * candidate)),
            unit,
        )

    return world


@pytest.mark.parametrize(
    ("n", "correlation", "quantile"),
    [
        (100, 0.0, 0.95),
        (100, 0.5, 0.95),
        (100, 0.9, 0.95),
        (200, 0.0, 0.95),
        (200, 0.5, 0.95),
        (500, 0.5, 0.95),
        (100, 0.5, 0.5),
        (500, 0.5, 0.99),
    ],
)
def test_a_ratio_of_quantiles_on_its_margin_is_claimed_as_rarely_as_specified(
    n: int, correlation: float, quantile: float
) -> None:
    under, over = change_misses(times(n, correlation=correlation), quantile)
    assert under <= allowed(SPECIFIED)
    assert over <= allowed(SPECIFIED)


@pytest.mark.parametrize(("users", "alike"), [(100, 0.5), (100, 0.9), (200, 0.5)])
def test_a_ratio_of_quantiles_of_users_is_claimed_as_rarely(users: int, alike: float) -> None:
    under, over = change_misses(times_of_users(users, alike=alike), 0.95)
    assert under <= allowed(SPECIFIED)
    assert over <= allowed(SPECIFIED)


def test_users_taken_for_independent_requests_are_found_out() -> None:
    """A control: the times of a user have much in common, in each arm on their own."""
    unit = np.repeat(np.arange(60), 15)

    def world(rng: Rng) -> Arms:
        users, own = normals(rng, 60, 0.0), normals(rng, unit.size, 0.0)
        baseline, candidate = (
            np.exp(0.8 * user[unit] + 0.4 * each) for user, each in zip(users, own, strict=True)
        )
        return pair(baseline, SLOWER * candidate, unit)

    def taken_alone(rng: Rng) -> Arms:
        return {arm: replace(found, unit=np.arange(unit.size)) for arm, found in world(rng).items()}

    assert min(change_misses(taken_alone, 0.5)) > 2 * ALPHA
    assert max(change_misses(world, 0.5)) <= allowed(SPECIFIED)


@pytest.mark.parametrize(("n", "correlation"), [(100, 0.0), (200, 0.5)])
def test_mover_is_wrong_no_more_often_than_alpha(n: int, correlation: float) -> None:
    under, over = mover_misses(times(n, correlation=correlation), 0.95)
    assert under <= allowed(ALPHA)
    assert over <= allowed(ALPHA)
