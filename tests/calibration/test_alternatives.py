"""The two alternatives to engine G keep their promise: wrong claims are rare, right ones are not.

Each world puts the truth on the bound, where a wrong claim is likeliest, and counts claims. Bets are
also looked at after every value, continued after their horizon, and made on data whose failures go
missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
import pytest
from scipy.stats import binom, multinomial

from evalkit.core.envelope import UNIT_INTERVAL
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.betting import (
    Plan,
    Units,
    Wealth,
    bet_above_many,
    bet_on,
    plan_for_ceiling,
    plan_for_difference,
    plan_for_floor,
)
from evalkit.stats.engines.betting import BettingMean
from evalkit.stats.evidence import CaseMeans
from evalkit.stats.paired_exact import Outcome, p_above

Rng: TypeAlias = np.random.Generator

ALPHA = 0.05
RUNS = 2000


def allowed(runs: int, alpha: float = ALPHA) -> float:
    """Return alpha and three standard errors of a rate over so many runs."""
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def claims(stopped_at: IntArray) -> float:
    """Return in how many of all runs the claim was made."""
    return float(np.mean(stopped_at > 0))


def rates(rng: Rng, shape: tuple[int, int], rate: float) -> FloatArray:
    """Return values that are 0 or 1."""
    return (rng.random(shape) < rate).astype(np.float64)


def differences(rng: Rng, shape: tuple[int, int], discordance: float, mean: float) -> FloatArray:
    """Return differences of −1, 0 and 1 as values of 0, a half and 1."""
    drawn = rng.random(shape)
    lost, differ = (discordance - mean) / 2, discordance
    return np.where(drawn < lost, 0.0, np.where(drawn < differ, 1.0, 0.5))


def zeros_and_more(rng: Rng, shape: tuple[int, int]) -> FloatArray:
    """Return scores of mean 0.2: seven of ten are 0."""
    return np.where(rng.random(shape) < 0.7, 0.0, rng.beta(2, 1, shape))


# ---------------------------------------------------------------- bets on the bound itself


@pytest.mark.parametrize(("rate", "n"), [(0.5, 200), (0.85, 300), (0.95, 300)])
def test_a_rate_on_its_floor_is_claimed_above_and_below_it_in_at_most_alpha_of_runs(
    rate: float, n: int
) -> None:
    values = rates(np.random.default_rng(1), (RUNS, n), rate)
    plan = plan_for_floor(rate)
    above = bet_above_many(values, rate, ALPHA, plan)
    below = bet_above_many(1 - values, 1 - rate, ALPHA, plan.mirrored)
    assert claims(above.stopped_at) <= allowed(RUNS)
    assert claims(below.stopped_at) <= allowed(RUNS)


@pytest.mark.parametrize("discordance", [0.02, 0.05, 0.1, 0.3])
def test_a_difference_on_its_margin(discordance: float) -> None:
    margin = min(0.03, discordance)
    values = differences(np.random.default_rng(2), (RUNS, 300), discordance, -margin)
    found = bet_above_many(values, (1 - margin) / 2, ALPHA, plan_for_difference())
    assert claims(found.stopped_at) <= allowed(RUNS)


@pytest.mark.parametrize("plan", [plan_for_ceiling(), plan_for_ceiling().mirrored])
def test_a_skewed_score_on_its_bound_whatever_the_plan(plan: Plan) -> None:
    values = zeros_and_more(np.random.default_rng(3), (RUNS, 200))
    above = bet_above_many(values, 0.2, ALPHA, plan)
    below = bet_above_many(1 - values, 0.8, ALPHA, plan.mirrored)
    assert claims(above.stopped_at) <= allowed(RUNS)
    assert claims(below.stopped_at) <= allowed(RUNS)


@pytest.mark.parametrize("size_tells", [False, True])
def test_clusters_whose_size_tells_what_they_hold_do_not_mislead(*, size_tells: bool) -> None:
    """A tenth of the clusters are large; they fail alone, or no more often than others."""
    rng = np.random.default_rng(4)
    sizes = np.where(rng.random((RUNS, 150)) < 0.1, 20.0, 1.0)
    large, small = (0.5, 0.97) if size_tells else (0.85, 0.85)
    spread = rng.beta(4, 1, sizes.shape) / 0.8
    chance = np.clip(np.where(sizes > 1, large, small) * spread, 0, 1)
    sums = rng.binomial(sizes.astype(np.int64), chance).astype(np.float64)
    # The truth from far more clusters than any run has.
    draws = np.clip(np.array([[large], [small]]) * rng.beta(4, 1, 1_000_000) / 0.8, 0, 1).mean(
        axis=1
    )
    truth = float((2.0 * draws[0] + 0.9 * draws[1]) / 2.9)
    units = Units(sums / 20, sizes / 20)
    above = bet_above_many(units, truth, ALPHA, plan_for_floor(0.85))
    below = bet_above_many(units.mirrored, 1 - truth, ALPHA, plan_for_floor(0.85).mirrored)
    assert claims(above.stopped_at) <= allowed(RUNS)
    assert claims(below.stopped_at) <= allowed(RUNS)


def test_failures_that_go_missing_do_not_help_to_claim() -> None:
    rng = np.random.default_rng(5)
    values = rates(rng, (RUNS, 300), 0.85)
    lost = (values == 0) & (rng.random(values.shape) < 0.3)
    worst = bet_above_many(np.where(lost, 0.0, values), 0.85, ALPHA, plan_for_floor(0.85))
    best = bet_above_many(
        1 - np.where(lost, 1.0, values), 0.15, ALPHA, plan_for_floor(0.85).mirrored
    )
    assert claims(worst.stopped_at) <= allowed(RUNS)
    assert claims(best.stopped_at) <= allowed(RUNS)
    # Left out, they would: what is seen has a rate of 0.89.
    seen = rates(rng, (RUNS, 300), 0.85 / (0.85 + 0.15 * 0.7))
    assert claims(bet_above_many(seen, 0.85, ALPHA, plan_for_floor(0.85)).stopped_at) > 0.5


def test_looking_after_every_value_and_going_on_after_the_horizon_costs_nothing() -> None:
    """A bet that is undecided at 100 is continued to 200, then to 500 without a plan."""
    values = differences(np.random.default_rng(6), (RUNS, 500), 0.1, -0.03)
    start = Wealth.before(np.full(RUNS, 0.485), ALPHA, plan_for_difference(0.1))
    found = bet_on(start, values[:, :100], horizon=100)
    found = bet_on(found, values[:, 100:200], horizon=200)
    found = bet_on(found, values[:, 200:], horizon=200)
    assert claims(found.stopped_at) <= allowed(RUNS)
    # Each look on its own would not be wrong more often; a test repeated at each would.
    means = np.cumsum(values, axis=1) / np.arange(1, 501)
    errors = np.maximum(np.sqrt(0.1 / np.arange(1, 501)) / 2, 1e-9)
    repeated = ((means - 0.485) / errors > 1.645)[:, 50:].any(axis=1)
    assert np.mean(repeated) > 2 * ALPHA


@pytest.mark.parametrize("level", [0.05, 0.025, 0.01, 0.0025])
def test_the_p_value_of_a_bet_that_goes_on_is_as_rare_as_it_says(level: float) -> None:
    values = rates(np.random.default_rng(7), (RUNS, 250), 0.85)
    found = bet_above_many(values, 0.85, ALPHA, plan_for_floor(0.85), least=ALPHA / 20)
    assert np.mean(np.exp(-found.highest) <= level) <= allowed(RUNS, level)


def test_an_interval_that_keeps_to_its_side_of_a_bound_is_still_right_often_enough() -> None:
    """Limits are read off bets at many means, then moved to the side of the bound next to them."""
    rng, runs, truth = np.random.default_rng(8), 150, 0.85
    above = below = 0
    for run in range(runs):
        values = (rng.random(60) < truth).astype(np.float64)
        means = CaseMeans(values, values, values, values >= 0, 1.0)
        # The bound lies a little above the truth, a little below, or on it.
        bound = truth + (0.0, 0.002, -0.002, 0.01)[run % 4]
        found = BettingMean.of(
            means, None, UNIT_INTERVAL, bounds=[bound], alpha=ALPHA, plan=plan_for_floor(truth)
        )
        above += found.lower(ALPHA) > truth
        below += found.upper(ALPHA) < truth
    assert above / runs <= allowed(runs)
    assert below / runs <= allowed(runs)


# ---------------------------------------------------------------- how often right claims are made


@pytest.mark.parametrize(("floor", "rate", "fixed"), [(0.85, 0.90, 379), (0.90, 0.95, 239)])
def test_a_bet_on_a_floor_passes_about_as_often_as_the_fixed_test_with_fewer_cases(
    floor: float, rate: float, fixed: int
) -> None:
    """At 1.15 times the cases with which an exact test passes 90 % of the time."""
    n = math.ceil(1.15 * fixed)
    values = rates(np.random.default_rng(9), (RUNS, n), rate)
    found = bet_above_many(values, floor, ALPHA, plan_for_floor(floor)).stopped_at
    used = np.where(found > 0, found, n).mean() / fixed
    assert claims(found) > 0.88
    assert 0.70 < used < 0.85


def test_a_bet_on_an_unchanged_candidate_passes_a_band_with_fewer_cases() -> None:
    fixed = 355
    n = math.ceil(1.15 * fixed)
    values = differences(np.random.default_rng(10), (RUNS, n), 0.02, 0.0)
    sides = [
        bet_above_many(side, 0.485, ALPHA, plan_for_difference()).stopped_at
        for side in (values, 1 - values)
    ]
    both = np.minimum(*sides) > 0
    used = np.where(both, np.maximum(*sides), n).mean() / fixed
    assert np.mean(both) > 0.90
    assert 0.80 < used < 0.92


# ---------------------------------------------------------------- the exact paired test


def chance_of_claims(
    made: Callable[[Outcome], bool], pairs: int, discordance: float, mean: float
) -> float:
    """Return how likely a claim is, summed over all outcomes that are not out of the question."""
    most = int(binom.isf(1e-9, pairs, discordance))
    outcomes = [
        Outcome(lost, gained, pairs)
        for lost in range(most + 1)
        for gained in range(most + 1 - lost)
    ]
    found = [each for each in outcomes if made(each)]
    counts = [(each.losses, each.gains, pairs - each.losses - each.gains) for each in found]
    shares = [(discordance - mean) / 2, (discordance + mean) / 2, 1 - discordance]
    return float(multinomial.pmf(counts, pairs, shares).sum())


@cache
def p_of(outcome: Outcome, bound: float) -> float:
    """Return a p-value that several worlds ask for."""
    return p_above(outcome, bound)


def within_three_points(outcome: Outcome) -> bool:
    """Return whether an unchanged candidate is proven to be within ±0.03."""
    return all(p_of(each, -0.03) <= ALPHA for each in (outcome, outcome.mirrored))


@pytest.mark.parametrize(
    ("pairs", "discordance", "passed"), [(326, 0.02, 0.904), (356, 0.02, 0.932), (250, 0.01, 0.891)]
)
def test_the_exact_paired_test_passes_an_unchanged_candidate_as_often_as_was_reckoned(
    pairs: int, discordance: float, passed: float
) -> None:
    found = chance_of_claims(within_three_points, pairs, discordance, 0.0)
    assert found == pytest.approx(passed, abs=0.002)


@pytest.mark.parametrize("discordance", [0.04, 0.06, 0.1])
def test_the_exact_paired_test_is_wrong_in_at_most_alpha_of_runs_on_its_margin(
    discordance: float,
) -> None:
    found = chance_of_claims(lambda each: p_of(each, -0.04) <= ALPHA, 120, discordance, -0.04)
    assert found <= ALPHA + 1e-9
    assert discordance < 0.05 or found > 0.02
