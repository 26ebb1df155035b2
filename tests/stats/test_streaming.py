"""E-processes and the running boundary: reference values, identities, and Ville's inequality."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate as scipy_integrate
from scipy import special as scipy_special
from scipy import stats as scipy_stats

from evalkit.stats.arrays import FloatArray
from evalkit.stats.streaming import (
    Events,
    Prior,
    log_e_above,
    log_e_below,
    log_e_different,
    log_e_planned,
    log_e_ratio_above,
    running_boundary,
    share_of_events,
)

RATES = st.floats(0.001, 0.999)
PRIORS = st.builds(Prior, st.floats(0.2, 30), st.floats(0.2, 30))


@st.composite
def counts(draw: st.DrawFn) -> Events:
    """Return events among up to 300 chances."""
    n = draw(st.integers(0, 300))
    return Events(draw(st.integers(0, n)), n)


# ---------------------------------------------------------------- reference values


def test_log_e_values_are_those_of_r() -> None:
    assert log_e_planned(Events(330, 400), 0.85, 0.8) == pytest.approx(0.131619872201174)
    assert log_e_different(Events(9, 20), 0.05) == pytest.approx(12.4498131277274)
    found = log_e_different(Events(3, 100), 0.05, Prior(1, 19))
    assert found == pytest.approx(-0.366727418832439)
    assert log_e_above(Events(9, 20), 0.05) == pytest.approx(12.5011064014446)


@pytest.mark.parametrize(
    ("variance", "alpha", "tuned_for", "one_sided", "expected"),
    [
        # confseq in R.
        (100, 0.05, 100, False, 30.3520899037625),
        (1000, 0.05, 500, True, 88.3040245487905),
        (1000, 0.05, 500, False, 96.8124101633885),
        (50, 0.01, 200, False, 26.6756512276332),
    ],
)
def test_a_running_boundary_is_that_of_confseq(
    variance: float, alpha: float, tuned_for: float, one_sided: object, expected: float
) -> None:
    found = running_boundary(variance, alpha, tuned_for=tuned_for, one_sided=bool(one_sided))
    assert found == pytest.approx(expected, rel=1e-11)


# ---------------------------------------------------------------- identities


@given(events=counts(), rate=RATES, prior=PRIORS)
@settings(derandomize=True, deadline=None, max_examples=100)
def test_betting_on_a_mixture_is_the_ratio_of_marginal_likelihoods(
    events: Events, rate: float, prior: Prior
) -> None:
    expected = (
        float(scipy_special.betaln(prior.a + events.found, prior.b + events.others))
        - float(scipy_special.betaln(prior.a, prior.b))
        - events.found * math.log(rate)
        - events.others * math.log1p(-rate)
    )
    assert log_e_different(events, rate, prior) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("events", [Events(0, 0), Events(0, 12), Events(4, 30), Events(9, 9)])
@pytest.mark.parametrize("prior", [Prior(), Prior(2, 5)])
def test_betting_above_a_rate_is_the_mean_of_the_bets_on_every_rate_above(
    events: Events, rate: float, prior: Prior
) -> None:
    def bet(planned: float) -> float:
        density = float(scipy_stats.beta.pdf(planned, prior.a, prior.b))
        return math.exp(log_e_planned(events, rate, planned)) * density

    total, _ = scipy_integrate.quad(bet, rate, 1, epsabs=0, epsrel=1e-10)
    whole = float(scipy_stats.beta.sf(rate, prior.a, prior.b))
    expected = math.log(total / whole)
    assert log_e_above(events, rate, prior) == pytest.approx(expected, abs=1e-8)


@given(events=counts(), rate=RATES, prior=PRIORS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_below_is_above_of_what_does_not_happen(events: Events, rate: float, prior: Prior) -> None:
    other = log_e_above(Events(events.others, events.chances), 1 - rate, Prior(prior.b, prior.a))
    assert log_e_below(events, rate, prior) == other


def test_evidence_keeps_its_digits_where_the_tail_is_nothing_in_float64() -> None:
    # No event at all, against a rate of a half or less: the bet above it is lost, finitely.
    found = log_e_above(Events(0, 100_000), 0.5)
    # SF of Beta(1, n + 1) at ½ is 2^−(n+1); of the uniform prior it is ½.
    expected = -math.log(100_001) - math.log(2) * 100_001 + math.log(2) + math.log(2) * 100_000
    assert found == pytest.approx(expected, rel=1e-9)
    assert log_e_below(Events(0, 100_000), 0.5) == pytest.approx(
        math.log(2) * 100_001 - math.log(100_001), rel=1e-12
    )


def test_nothing_seen_is_no_evidence() -> None:
    nothing = Events(0, 0)
    assert log_e_planned(nothing, 0.1, 0.2) == 0
    assert log_e_different(nothing, 0.1) == pytest.approx(0, abs=1e-15)
    assert log_e_above(nothing, 0.1) == pytest.approx(0, abs=1e-15)
    assert log_e_ratio_above(np.zeros((0, 3)), 1.0, np.array([2.0])) == 0


def test_a_plan_that_excludes_what_happened_has_lost() -> None:
    assert log_e_planned(Events(3, 4), 0.5, 1.0) == -math.inf
    assert log_e_planned(Events(1, 4), 0.5, 0.0) == -math.inf
    assert log_e_planned(Events(4, 4), 0.5, 1.0) == pytest.approx(4 * math.log(2))
    assert log_e_planned(Events(0, 4), 0.5, 0.0) == pytest.approx(4 * math.log(2))


@given(chances=st.integers(1, 300), rate=RATES, prior=PRIORS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_more_events_are_more_evidence_for_a_rate_above(
    chances: int, rate: float, prior: Prior
) -> None:
    found = [log_e_above(Events(x, chances), rate, prior) for x in range(chances + 1)]
    assert all(b > a - 1e-9 for a, b in pairwise(found))


# ---------------------------------------------------------------- a canary beside its baseline


def test_looks_of_one_share_bet_as_their_sum() -> None:
    looks = np.array([[3.0, 40.0, 0.05], [5.0, 38.0, 0.05], [0.0, 0.0, 0.05]])
    null, planned = share_of_events(0.05, 1.5), share_of_events(0.05, 4.0)
    expected = log_e_planned(Events(8, 78), null, planned)
    assert log_e_ratio_above(looks, 1.5, np.array([4.0])) == pytest.approx(expected)


def test_a_mixture_of_ratios_is_the_mean_of_its_bets() -> None:
    looks = np.array([[9.0, 20.0, 0.05], [4.0, 9.0, 0.06], [2.0, 30.0, 0.25]])
    ratios = np.array([1.5, 2.0, 4.0, 8.0])
    alone = [log_e_ratio_above(looks, 1.0, np.array([ratio])) for ratio in ratios]
    expected = math.log(float(np.mean(np.exp(alone))))
    assert log_e_ratio_above(looks, 1.0, ratios) == pytest.approx(expected)
    assert log_e_ratio_above(looks[::-1], 1.0, ratios) == pytest.approx(expected)


def test_a_look_with_all_traffic_or_none_says_nothing() -> None:
    looks = np.array([[7.0, 7.0, 1.0], [0.0, 9.0, 0.0]])
    assert log_e_ratio_above(looks, 1.0, np.array([2.0, 1e300])) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("looks", "tolerated", "ratios"),
    [
        ([[1.0, 2.0, 0.1]], 1.0, []),
        ([[1.0, 2.0, 0.1]], 1.0, [1.0, 2.0]),
        ([[1.0, 2.0, 0.1]], 0.0, [2.0]),
        ([[3.0, 2.0, 0.1]], 1.0, [2.0]),
        ([[-1.0, 2.0, 0.1]], 1.0, [2.0]),
        ([[1.0, 2.0, 1.1]], 1.0, [2.0]),
        ([[1.0, 2.0, -0.1]], 1.0, [2.0]),
    ],
)
def test_impossible_looks_and_ratios_are_refused(
    looks: list[list[float]], tolerated: float, ratios: list[float]
) -> None:
    with pytest.raises(ValueError, match="expected"):
        log_e_ratio_above(np.array(looks), tolerated, np.array(ratios))


@pytest.mark.parametrize(("traffic", "ratio"), [(0.0, 1.0), (1.0, 1.0), (0.5, 0.0), (-1.0, 2.0)])
def test_a_share_of_events_needs_traffic_in_both_arms(traffic: float, ratio: float) -> None:
    with pytest.raises(ValueError, match="traffic"):
        share_of_events(traffic, ratio)


@pytest.mark.parametrize("counted", [(3, 2), (-1, 2), (0, -1)])
def test_impossible_counts_are_refused(counted: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="events"):
        Events(*counted)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_rate_that_leaves_nothing_to_bet_on_is_refused(rate: float) -> None:
    for function in (log_e_above, log_e_below, log_e_different):
        with pytest.raises(ValueError, match="rate"):
            function(Events(1, 2), rate)
    with pytest.raises(ValueError, match="rate"):
        log_e_planned(Events(1, 2), rate, 0.5)


def test_impossible_plans_and_priors_are_refused() -> None:
    with pytest.raises(ValueError, match="planned"):
        log_e_planned(Events(1, 2), 0.5, 1.2)
    with pytest.raises(ValueError, match="beta"):
        Prior(0.0, 1.0)


# ---------------------------------------------------------------- Ville's inequality


def chance_to_reach(goal: FloatArray, rate: float) -> float:
    """Return the exact chance that after some n trials the events reach ``goal[n]``."""
    alive = np.ones(1)
    reached = 0.0
    for least in goal[1:].tolist():
        alive = np.append(alive * (1 - rate), 0.0) + np.append(0.0, alive * rate)
        stopped = np.arange(alive.size) >= least
        reached += float(alive[stopped].sum())
        alive[stopped] = 0.0
    return reached


@pytest.mark.parametrize("tolerated", [0.02, 0.1, 0.5])
def test_no_rate_up_to_the_tolerated_one_alarms_more_often_than_alpha(tolerated: float) -> None:
    alpha, longest = 0.05, 600
    goal = np.full(longest + 1, np.inf)
    for n in range(1, longest + 1):
        x = int(goal[n - 1]) if goal[n - 1] < np.inf else 0
        while x <= n and log_e_above(Events(x, n), tolerated) < -math.log(alpha):
            x += 1
        goal[n] = x if x <= n else np.inf
    chances = [chance_to_reach(goal, share * tolerated) for share in (0.5, 0.9, 1.0)]
    assert chances == sorted(chances)
    assert 0.005 < chances[-1] <= alpha
    # And a rate three times as high hardly ever stays unnoticed.
    assert chance_to_reach(goal, min(3 * tolerated, 0.9)) > 0.8


def test_a_canary_that_is_no_worse_alarms_no_more_often_than_alpha_however_shares_vary() -> None:
    rng = np.random.default_rng(11)
    ratios, runs, alarms = np.array([1.5, 2.0, 3.0, 5.0]), 400, 0
    for _ in range(runs):
        traffic = rng.uniform(0.02, 0.3, 60)
        both = rng.poisson(8, 60)
        found = rng.binomial(both, traffic)
        looks = np.column_stack([found, both, traffic])
        alarms += any(
            log_e_ratio_above(looks[:n], 1.0, ratios) >= math.log(20) for n in range(1, 61)
        )
    assert alarms / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("one_sided", [False, True])
def test_a_sum_of_normal_numbers_seldom_crosses_its_boundary(one_sided: object) -> None:
    rng = np.random.default_rng(12)
    times = np.arange(1, 801)
    bounds = [
        running_boundary(float(t), 0.05, tuned_for=200, one_sided=bool(one_sided)) for t in times
    ]
    sums = np.cumsum(rng.normal(size=(1500, times.size)), axis=1)
    crossed = (sums if one_sided else np.abs(sums)) >= np.array(bounds)
    share = float(crossed.any(axis=1).mean())
    assert 0.015 < share < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1500)


def test_a_boundary_grows_with_time_and_with_confidence() -> None:
    for one_sided in (False, True):
        found = [
            running_boundary(v, 0.05, tuned_for=100, one_sided=one_sided)
            for v in (0, 1, 100, 1e4, 1e8)
        ]
        assert found == sorted(found)
        by_level = [
            running_boundary(100, alpha, tuned_for=100, one_sided=one_sided)
            for alpha in (0.4, 0.1, 0.05, 1e-3, 1e-12)
        ]
        assert by_level == sorted(by_level)
    one, two = (running_boundary(100, 0.05, tuned_for=100, one_sided=x) for x in (True, False))
    assert one < two


def test_a_boundary_is_lowest_near_what_it_is_tuned_for() -> None:
    def radius(tuned_for: float) -> float:
        return running_boundary(500, 0.05, tuned_for=tuned_for)

    assert radius(500) < min(radius(50), radius(5000))


@pytest.mark.parametrize(
    ("variance", "alpha", "tuned_for", "one_sided"),
    [(1, 0.0, 1, False), (1, 1.0, 1, False), (1, 0.5, 1, True), (-1, 0.1, 1, False),
     (1, 0.1, 0, False)],
)  # fmt: skip
def test_a_boundary_without_a_level_or_a_time_is_refused(
    variance: float, alpha: float, tuned_for: float, one_sided: object
) -> None:
    with pytest.raises(ValueError, match="expected a level"):
        running_boundary(variance, alpha, tuned_for=tuned_for, one_sided=bool(one_sided))
