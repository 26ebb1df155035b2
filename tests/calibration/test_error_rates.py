"""Wrong claims are as rare as a bound promises, even where the truth sits exactly on it.

Each test draws many runs of a gate from a world whose truth is known, lays a bound on that truth,
and counts how often the bound is claimed to be kept by more, or broken: both claims are wrong in at
most alpha of all runs, apart from three standard errors of the simulation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import TypeAlias

import numpy as np
import pytest
from scipy.stats import binom

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Limit, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats import binomial
from evalkit.stats.arrays import BoolArray, FloatArray
from evalkit.stats.decision import p_outside, proves_inside, proves_outside
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.estimates import engine_of
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.multiplicity import holm

Rng: TypeAlias = np.random.Generator
World: TypeAlias = Callable[[Rng], Evidence]

ALPHA = 0.05
MODERATE = 0.07
"""What an approximate engine is allowed on moderately skewed data."""

ABSOLUTE, DELTA, RATIO, _ = LimitKind


@dataclass(frozen=True, slots=True)
class Rates:
    """How often runs claimed that a number is above its true value, and below it."""

    above: float
    below: float


def allowed(runs: int, alpha: float = ALPHA) -> float:
    """Return alpha and three standard errors of a rate over so many runs."""
    return alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)


def arm(values: FloatArray, present: BoolArray | None = None) -> Observed:
    """Return the samples of an arm: one row of draws a case, or one draw a case."""
    rows = values.reshape(len(values), -1)
    there = np.ones(rows.size, np.bool_) if present is None else present.ravel()
    cases = np.repeat(np.arange(len(rows)), rows.shape[1])
    return Observed(cases, np.where(there, rows.ravel(), 0.0), there)


def alone(candidate: Observed, cases: int) -> Evidence:
    """Return the evidence of one arm."""
    return Evidence(cases, {Arm.CANDIDATE: candidate})


def engine(
    evidence: Evidence,
    kind: LimitKind = ABSOLUTE,
    support: Support = UNIT_INTERVAL,
    statistic: str = "mean",
) -> Engine:
    """Return the engine that a bound on the candidate is judged by."""
    found = engine_of(evidence, kind, Arm.CANDIDATE, Statistic.parse(statistic), support)
    assert not isinstance(found, Unmeasured), found
    return found


def wrong_claims(
    world: World,
    truth: float,
    runs: int,
    *,
    kind: LimitKind = ABSOLUTE,
    support: Support = UNIT_INTERVAL,
    statistic: str = "mean",
) -> Rates:
    """Return how often either claim was made about a bound on the truth.

    P-values decide, because they are quicker than limits; in the first runs limits must agree.
    """
    rng = np.random.default_rng(20)
    above = below = 0
    for run in range(runs):
        found = engine(world(rng), kind, support, statistic)
        claims = found.p_above(truth) <= ALPHA, found.p_below(truth) <= ALPHA
        if run < 10:
            lower, upper = found.lower(ALPHA), found.upper(ALPHA)
            floor, ceiling = Limit(kind, min=truth), Limit(kind, max=truth)
            kept = proves_inside(lower, upper, floor), proves_inside(lower, upper, ceiling)
            broken = proves_outside(lower, upper, ceiling), proves_outside(lower, upper, floor)
            assert claims == broken
            assert claims == kept or truth in {lower, upper}
        above += claims[0]
        below += claims[1]
    return Rates(above / runs, below / runs)


def held(found: Rates, most: float) -> bool:
    """Return whether neither claim was made too often."""
    return found.above <= most and found.below <= most


# ---------------------------------------------------------------- rates, exactly


@cache
def limits_of_rate(successes: int, n: int) -> tuple[float, float]:
    """Return the limits of a rate by the engine that judges it."""
    values = np.append(np.ones(successes), np.zeros(n - successes))
    found = engine(alone(arm(values), n))
    return found.lower(ALPHA), found.upper(ALPHA)


def chance_of(claim: Callable[[float, float], bool], n: int, rate: float) -> float:
    """Return how likely a claim is, summed over every number of successes."""
    return math.fsum(
        float(binom.pmf(x, n, rate)) for x in range(n + 1) if claim(*limits_of_rate(x, n))
    )


@pytest.mark.parametrize("n", [20, 50, 100])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 0.85, 0.9, 0.98])
def test_a_rate_on_its_bound_is_claimed_inside_or_outside_in_at_most_alpha_of_runs(
    n: int, rate: float
) -> None:
    floor, ceiling = Limit(ABSOLUTE, min=rate), Limit(ABSOLUTE, max=rate)
    for claim, limit in product((proves_inside, proves_outside), (floor, ceiling)):
        wrong = chance_of(lambda low, high: claim(low, high, limit), n, rate)  # noqa: B023
        assert wrong <= ALPHA + 1e-12


@pytest.mark.parametrize("n", [20, 50, 100, 400])
def test_comparing_the_estimate_with_the_bound_passes_half_of_what_sits_on_it(n: int) -> None:
    runs, rate = 4000, 0.85
    seen = np.random.default_rng(1).binomial(n, rate, runs) / n
    passed = float(np.mean(seen >= rate))
    assert 0.45 < passed < 0.75
    assert passed > allowed(runs)


def test_an_interval_that_is_wrong_on_small_samples_is_found_out_by_these_simulations() -> None:
    runs, n, rate = 4000, 50, 0.95
    seen = np.random.default_rng(2).binomial(n, rate, runs) / n
    lower = seen - 1.645 * np.sqrt(seen * (1 - seen) / n)
    assert np.mean(lower >= rate) > allowed(runs)


def test_a_good_candidate_passes_as_often_as_it_was_planned_to() -> None:
    # The least n whose exact test has power 0.90 for 0.85 against 0.90.
    floor = Limit(ABSOLUTE, min=0.85)
    power = [
        math.fsum(
            float(binom.pmf(x, n, 0.9))
            for x in range(round(0.86 * n), n + 1)
            if binomial.lower_limit(x, n, ALPHA) >= 0.85
        )
        for n in (378, 379)
    ]
    assert power[0] < 0.9 <= power[1]
    assert chance_of(lambda low, high: proves_inside(low, high, floor), 100, 0.95) > 0.8
    assert chance_of(lambda low, high: proves_outside(low, high, floor), 100, 0.7) > 0.95


@pytest.mark.parametrize("n", [50, 100])
def test_failures_that_go_missing_do_not_help_to_pass(n: int) -> None:
    rate, runs = 0.85, 1000

    def world(rng: Rng) -> Evidence:
        right = rng.random(n) < rate
        lost = ~right & (rng.random(n) < 0.3)
        return alone(arm(right.astype(np.float64), ~lost), n)

    assert held(wrong_claims(world, rate, runs), allowed(runs))

    def point(rng: Rng) -> float:
        return engine(world(rng)).value

    # What is left alone looks better than it is.
    rng = np.random.default_rng(3)
    assert np.mean([point(rng) for _ in range(300)]) > rate + 0.03


# ---------------------------------------------------------------- scores, deltas, repeats


def zeros_and_more(rng: Rng, shape: tuple[int, ...]) -> FloatArray:
    """Return scores of mean 0.2: seven of ten are 0."""
    return np.where(rng.random(shape) < 0.7, 0.0, rng.beta(2, 1, shape))


def mostly_perfect(rng: Rng, shape: tuple[int, ...]) -> FloatArray:
    """Return scores of mean 0.97: one of twenty-five is anything below a half."""
    return np.where(rng.random(shape) < 0.96, 1.0, rng.uniform(0, 0.5, shape))


@pytest.mark.parametrize("n", [20, 50, 100])
@pytest.mark.parametrize(("shape", "truth"), [(zeros_and_more, 0.2), (mostly_perfect, 0.97)])
def test_the_mean_of_skewed_scores_on_its_bound(
    shape: Callable[[Rng, tuple[int, ...]], FloatArray], truth: float, n: int
) -> None:
    runs = 500
    found = wrong_claims(lambda rng: alone(arm(shape(rng, (n,))), n), truth, runs)
    assert held(found, allowed(runs))


@pytest.mark.parametrize("n", [50, 100])
@pytest.mark.parametrize(("discordance", "delta"), [(0.06, -0.05), (0.2, 0.05)])
def test_a_paired_delta_of_rates_on_its_bound(n: int, discordance: float, delta: float) -> None:
    runs = 1500
    rng, known = np.random.default_rng(4), {}
    wrong = np.zeros(2)
    for _ in range(runs):
        gains, losses, _same = rng.multinomial(
            n, [(discordance + delta) / 2, (discordance - delta) / 2, 1 - discordance]
        ).tolist()
        if (gains, losses) not in known:
            candidate, baseline = np.zeros(n), np.zeros(n)
            candidate[:gains] = 1
            baseline[n - losses :] = 1
            both = {Arm.CANDIDATE: arm(candidate), Arm.BASELINE: arm(baseline)}
            found = engine(Evidence(n, both), DELTA)
            lower, upper = found.lower(ALPHA), found.upper(ALPHA)
            known[gains, losses] = [
                proves_inside(lower, upper, Limit(DELTA, min=delta)),
                proves_inside(lower, upper, Limit(DELTA, max=delta)),
            ]
        wrong += known[gains, losses]
    assert (wrong / runs <= allowed(runs)).all()


def test_a_band_is_claimed_kept_in_at_most_alpha_of_runs_at_either_edge() -> None:
    n, runs = 120, 600
    for delta in (-0.06, 0.06):
        rng = np.random.default_rng(5)
        kept = 0
        for _ in range(runs):
            change = rng.choice([-1.0, 0.0, 1.0], n, p=[0.04 - delta / 2, 0.92, 0.04 + delta / 2])
            after, before = (change > 0).astype(np.float64), (change < 0).astype(np.float64)
            both = {Arm.CANDIDATE: arm(after), Arm.BASELINE: arm(before)}
            found = engine(Evidence(n, both), DELTA)
            kept += found.p_above(-0.06) <= ALPHA and found.p_below(0.06) <= ALPHA
            assert kept / runs <= allowed(runs)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("n", [30, 80])
def test_rates_of_repeats_on_their_bound(n: int, draws: int) -> None:
    runs = 600
    numbers = 1 + np.arange(n) % draws

    def world(rng: Rng) -> Evidence:
        chance = np.repeat(rng.beta(1.7, 0.3, n), numbers)
        values = (rng.random(chance.size) < chance).astype(np.float64)
        there = np.ones(values.size, np.bool_)
        return alone(Observed(np.repeat(np.arange(n), numbers), values, there), n)

    assert held(wrong_claims(world, 0.85, runs), allowed(runs))


def test_a_delta_against_a_recorded_baseline_of_five_draws_on_its_bound() -> None:
    n, runs = 60, 600

    def world(rng: Rng) -> Evidence:
        before = rng.beta(0.4, 0.4, n)
        after = 0.9 * before + 0.05
        candidate = (rng.random((n, 1)) < after[:, None]).astype(np.float64)
        baseline = (rng.random((n, 5)) < before[:, None]).astype(np.float64)
        return Evidence(n, {Arm.CANDIDATE: arm(candidate), Arm.BASELINE: arm(baseline)})

    # 0.9·0.5 + 0.05 is 0.5 again: cases change, and their mean does not.
    assert held(wrong_claims(world, 0.0, runs, kind=DELTA), allowed(runs))


def clustered(rng: Rng, clusters: int) -> Evidence:
    """Return rates of mean 0.8 that are alike within clusters of one to many cases."""
    codes = np.repeat(np.arange(clusters), rng.geometric(0.25, clusters))
    chance = rng.beta(2.4, 0.6, clusters)[codes]
    values = (rng.random(codes.size) < chance).astype(np.float64)
    return Evidence(codes.size, {Arm.CANDIDATE: arm(values)}, codes)


@pytest.mark.parametrize("clusters", [12, 40])
def test_rates_over_clusters_of_unequal_size_on_their_bound(clusters: int) -> None:
    runs = 300
    assert held(wrong_claims(lambda rng: clustered(rng, clusters), 0.8, runs), allowed(runs))


def test_cases_of_one_cluster_that_are_taken_for_independent_are_found_out() -> None:
    runs = 300
    found = wrong_claims(lambda rng: replace(clustered(rng, 40), clusters=None), 0.8, runs)
    assert not held(found, allowed(runs))


# ---------------------------------------------------------------- quantiles


@pytest.mark.parametrize("n", [60, 200])
def test_the_p95_of_latencies_on_its_bound(n: int) -> None:
    runs, truth = 1000, math.exp(1.6448536269514722)
    found = wrong_claims(
        lambda rng: alone(arm(rng.lognormal(0, 1, n)), n),
        truth,
        runs,
        support=NON_NEGATIVE,
        statistic="p95",
    )
    assert held(found, allowed(runs))
    assert found.above > 0.005


def test_the_p95_of_latencies_that_are_alike_within_a_case_on_its_bound() -> None:
    n, runs, truth = 80, 500, math.exp(1.6448536269514722)

    def world(rng: Rng) -> Evidence:
        shared, own = rng.normal(size=(n, 1)), rng.normal(size=(n, 3))
        return alone(arm(np.exp(math.sqrt(0.8) * shared + math.sqrt(0.2) * own)), n)

    found = wrong_claims(world, truth, runs, support=NON_NEGATIVE, statistic="p95")
    assert held(found, allowed(runs))


# ---------------------------------------------------------------- means without a range


SKEWED: dict[str, tuple[Callable[[Rng, int], FloatArray], float]] = {
    "gamma": (lambda rng, n: rng.gamma(2, 50, n), 100.0),
    "lognormal": (lambda rng, n: rng.lognormal(0, 0.5, n), math.exp(0.125)),
    "heavy tails on both sides": (lambda rng, n: 100 + rng.standard_t(5, n), 100.0),
}


@pytest.mark.parametrize("shape", SKEWED)
def test_the_mean_of_amounts_on_its_bound_is_claimed_in_little_more_than_alpha_of_runs(
    shape: str,
) -> None:
    n, (draw, truth) = 200, SKEWED[shape]
    found = wrong_claims(lambda rng: alone(arm(draw(rng, n)), n), truth, 2000, support=NON_NEGATIVE)
    assert held(found, MODERATE)
    assert min(found.above, found.below) > 0.01


def test_a_paired_delta_of_amounts_on_its_bound() -> None:
    n = 200

    def world(rng: Rng) -> Evidence:
        before = rng.gamma(2, 50, n)
        after = before * rng.gamma(4, 1 / 4, n) + 5
        return Evidence(n, {Arm.CANDIDATE: arm(after), Arm.BASELINE: arm(before)})

    found = wrong_claims(world, 5.0, 2000, kind=DELTA, support=NON_NEGATIVE)
    assert held(found, MODERATE)


def test_a_ratio_of_amounts_on_its_bound() -> None:
    n = 200

    def world(rng: Rng) -> Evidence:
        before = rng.gamma(2, 50, n)
        after = before * rng.gamma(4, 1.1 / 4, n)
        return Evidence(n, {Arm.CANDIDATE: arm(after), Arm.BASELINE: arm(before)})

    found = wrong_claims(world, 1.1, 2000, kind=RATIO, support=NON_NEGATIVE)
    assert held(found, MODERATE)


def test_amounts_over_clusters_of_unequal_size_on_their_bound() -> None:
    clusters = 200

    def world(rng: Rng) -> Evidence:
        codes = np.repeat(np.arange(clusters), rng.geometric(0.4, clusters))
        values = rng.gamma(4, 25, clusters)[codes] * rng.gamma(8, 1 / 8, codes.size)
        return Evidence(codes.size, {Arm.CANDIDATE: arm(values)}, codes)

    assert held(wrong_claims(world, 100.0, 2000, support=NON_NEGATIVE), MODERATE)


# ---------------------------------------------------------------- scope: golden-set


def test_the_rate_of_given_cases_on_its_bound_whatever_their_difficulty() -> None:
    n, draws, runs = 30, 3, 1000
    chances = np.linspace(0.55, 0.99, n)

    def world(rng: Rng) -> Evidence:
        values = (rng.random((n, draws)) < chances[:, None]).astype(np.float64)
        return alone(arm(values), n).by_draw([Arm.CANDIDATE])

    assert held(wrong_claims(world, float(chances.mean()), runs), allowed(runs))


def test_the_delta_of_given_cases_on_its_bound() -> None:
    n, runs = 25, 500
    before, after = np.linspace(0.1, 0.9, n), np.linspace(0.9, 0.3, n)

    def world(rng: Rng) -> Evidence:
        candidate = (rng.random((n, 2)) < after[:, None]).astype(np.float64)
        baseline = (rng.random((n, 4)) < before[:, None]).astype(np.float64)
        both = {Arm.CANDIDATE: arm(candidate), Arm.BASELINE: arm(baseline)}
        return Evidence(n, both).by_draw([Arm.BASELINE, Arm.CANDIDATE])

    truth = float((after - before).mean())
    assert held(wrong_claims(world, truth, runs, kind=DELTA), allowed(runs))


@pytest.mark.parametrize("draws", [2, 4])
def test_the_mean_amount_of_given_cases_on_its_bound(draws: int) -> None:
    n = 60
    sizes = np.linspace(20, 400, n)

    def world(rng: Rng) -> Evidence:
        values = sizes[:, None] * rng.gamma(6, 1 / 6, (n, draws))
        return alone(arm(values), n).by_draw([Arm.CANDIDATE])

    found = wrong_claims(world, float(sizes.mean()), 2000, support=NON_NEGATIVE)
    assert held(found, MODERATE)
    assert min(found.above, found.below) > 0.01


# ---------------------------------------------------------------- several bounds


def test_of_several_bounds_that_hold_any_is_called_broken_in_at_most_alpha_of_runs() -> None:
    bounds, n, rate, runs = 6, 100, 0.9, 4000
    p_values = [binomial.p_below(x, n, rate) for x in range(n + 1)]
    seen = np.random.default_rng(6).binomial(n, rate, (runs, bounds)).tolist()
    corrected = [min(holm([p_values[x] for x in run])) for run in seen]
    plain = [min(p_values[x] for x in run) for run in seen]
    assert np.mean(np.array(corrected) <= ALPHA) <= allowed(runs)
    assert np.mean(np.array(plain) <= ALPHA) > 0.1


def test_a_band_narrower_than_the_interval_is_called_broken_in_at_most_alpha_of_runs() -> None:
    n, rate, runs = 60, 0.5, 4000
    seen = np.random.default_rng(7).binomial(n, rate, runs).tolist()
    both, either = [], []
    for x in seen:
        sides = binomial.p_below(x, n, rate), binomial.p_above(x, n, rate)
        both.append(p_outside(*sides, interval_width=0.2, band_width=0.0) <= ALPHA)
        either.append(min(sides) <= ALPHA)
    assert np.mean(both) <= allowed(runs)
    assert np.mean(either) > allowed(runs)
