"""The limits of engine G, and the tail probability they stand on, against independent figures."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal, localcontext
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special as scipy_special

from evalkit.core.envelope import UNIT_INTERVAL, Support
from evalkit.stats import binomial, gaffke
from evalkit.stats.arrays import FloatArray
from evalkit.stats.gaffke import (
    Units,
    log_tail,
    lower_limit,
    p_above,
    p_below,
    proves_above,
    proves_below,
    tail_is_at_most,
    upper_limit,
)
from evalkit.stats.tally import Tally
from tests.stats.arms import DIFFERENCE, units

ALPHAS = st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.4])
SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=12)
SUPPORTS = st.tuples(st.floats(-50, 50), st.floats(0.1, 100)).map(
    lambda ends: Support(ends[0], ends[0] + ends[1])
)
CLUSTERS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([1.0, 2.0, 5.0, 40.0])), min_size=1, max_size=8
)


def limits(found: Units, support: Support, alpha: float) -> tuple[float, float]:
    return lower_limit(found, support, alpha), upper_limit(found, support, alpha)


# ---------------------------------------------------------------- the tail of a weighted sum


def exact_log_tail(weights: FloatArray) -> float:
    """Return log P(Σ w·E > 0) for distinct weights: a hypoexponential law in closed form."""
    with localcontext() as context:
        context.prec = 400
        exact = [Decimal(float(weight)) for weight in weights]
        total = Decimal(0)
        for i, weight in enumerate(exact):
            if weight > 0:
                others = [other for j, other in enumerate(exact) if j != i]
                total += math.prod(
                    (weight / (weight - other) for other in others), start=Decimal(1)
                )
        return float(total.ln())


def weights_of(shape: str, rng: np.random.Generator) -> FloatArray:
    n = int(rng.integers(2, 25))
    sides = rng.choice([-1.0, 1.0], n)
    match shape:
        case "normal":
            return rng.normal(size=n)
        case "of all sizes":
            found: FloatArray = 10 ** rng.uniform(-8, 8, n) * sides
            return found
        case "one tiny gain":
            return np.append(rng.uniform(-1, 0, n), 10 ** rng.uniform(-12, 0))
        case "one tiny loss":
            return np.append(rng.uniform(0, 1, n), -(10 ** rng.uniform(-12, 0)))
        case "one huge gain":
            return np.append(-(10 ** rng.uniform(-16, 0, n)), 10 ** rng.uniform(-3, 3))
    return rng.normal(size=n) * 1e-3 + rng.normal() * 1e-2


@pytest.mark.parametrize(
    "shape",
    ["normal", "of all sizes", "one tiny gain", "one tiny loss", "one huge gain", "far from 0"],
)
def test_the_tail_has_its_closed_form_for_distinct_weights(shape: str) -> None:
    rng = np.random.default_rng(20)
    for _ in range(60):
        weights = weights_of(shape, rng)
        if not (np.any(weights > 0) and np.any(weights < 0)):
            continue
        expected = exact_log_tail(weights)
        scale = max(-expected, -math.expm1(expected), 1e-12)
        assert log_tail(weights, np.ones(weights.size)) == pytest.approx(
            expected, abs=2e-12 * scale
        )


@pytest.mark.parametrize("n", [2, 7, 20, 50])
@pytest.mark.parametrize("gain", [-0.3, 0.0, 0.2])
def test_the_tail_is_what_simulation_finds(n: int, gain: float) -> None:
    rng = np.random.default_rng([n, round(10 * gain) + 9])
    weights = rng.normal(gain, 1, n)
    counts = rng.integers(1, 4, n).astype(np.float64)
    draws = 100_000
    positive = rng.gamma(counts, size=(draws, n)) @ weights > 0
    error = math.sqrt(positive.mean() * (1 - positive.mean()) / draws)
    assert math.exp(log_tail(weights, counts)) == pytest.approx(positive.mean(), abs=4 * error)


@pytest.mark.parametrize("n", [1, 2, 7, 50, 1_000, 10_000, 1_000_000, 10_000_000_000])
@pytest.mark.parametrize("failures", [0, 1, 2, 5, 40, 0.1, 0.5])
def test_the_tail_on_binary_data_is_a_binomial_one_at_any_count(n: int, failures: float) -> None:
    x = math.ceil(failures * n) if 0 < failures < 1 else min(int(failures), n - 1)
    rate = (x + 1) / (n + 1)
    for distance in (-4, -1, 0, 1, 3, 8):
        mean = rate + distance * math.sqrt(rate * (1 - rate) / n)
        expected = float(scipy_special.betaincc(x + 1, n - x, mean)) if 0 < mean < 1 else 0.0
        if not 1e-280 < expected < 1 - 1e-12:
            continue
        found = math.exp(log_tail(np.array([1 - mean, -mean]), np.array([x + 1.0, n - x])))
        assert found == pytest.approx(expected, rel=1e-11 + 1e-19 * n * distance**2)


WRONG_WAY = np.array([0.661958563431991, -1.0353719759244995, 0.00010123275827496686])
"""One gain and many losses of its size, offset by a multitude of gains that are almost nothing."""


def test_a_path_that_would_lean_the_wrong_way_stays_straight() -> None:
    counts = np.array([1.0, 19.0, 82284.0])
    rng = np.random.default_rng(3)
    positive = rng.gamma(counts, size=(200_000, 3)) @ WRONG_WAY > 0
    found = log_tail(WRONG_WAY, counts)
    error = math.sqrt(positive.mean() * (1 - positive.mean()) / positive.size)
    assert math.exp(found) == pytest.approx(positive.mean(), abs=4 * error)
    assert found == pytest.approx(-6.06114095, abs=1e-8)


def test_equal_weights_may_be_counted_together() -> None:
    rng = np.random.default_rng(1)
    weights = rng.normal(size=6)
    counts = rng.integers(1, 5, 6)
    apart = log_tail(np.repeat(weights, counts), np.ones(counts.sum()))
    assert log_tail(weights, counts.astype(float)) == pytest.approx(apart, abs=1e-13)


def test_only_the_ratio_of_the_weights_matters() -> None:
    weights = np.array([0.7, -0.4, -0.1, 0.02])
    counts = np.array([1.0, 2.0, 7.0, 3.0])
    for scale in (1e-12, 3.0, 1e12):
        assert log_tail(scale * weights, counts) == pytest.approx(
            log_tail(weights, counts), abs=1e-13
        )


def test_a_tail_without_both_signs_is_certain() -> None:
    assert log_tail(np.array([0.0, 0.5]), np.ones(2)) == 0
    assert log_tail(np.array([0.0, 0.0]), np.ones(2)) == 0
    assert log_tail(np.array([0.0, -0.5]), np.ones(2)) == -math.inf


def test_what_is_no_number_stays_none_and_ends() -> None:
    assert math.isnan(log_tail(np.array([math.nan, -1.0, 0.5]), np.ones(3)))


def test_the_integral_is_the_same_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.random.default_rng(2).normal(-0.1, 1, 30)
    whole = log_tail(weights, np.ones(30))
    monkeypatch.setattr(gaffke, "CHUNK_ELEMENTS", 100)
    assert log_tail(weights, np.ones(30)) == pytest.approx(whole, abs=1e-14)


SHAPES = ("normal", "of all sizes", "one tiny gain", "one tiny loss", "one huge gain", "far from 0")


def test_a_tail_is_at_most_a_level_where_it_is_that_to_the_last_digit_or_clearly() -> None:
    rng = np.random.default_rng(21)
    for shape, heavy in itertools.product(SHAPES * 20, (1, 4, 10_000)):
        weights = weights_of(shape, rng)
        counts = rng.integers(1, heavy + 1, weights.size).astype(np.float64)
        found = log_tail(weights, counts)
        for apart in (-4.0, -0.3, -0.2, -1e-9, 1e-9, 0.2, 0.3, 4.0):
            level = math.exp(min(found, 0.0) + apart)
            if 0 < level < 1:
                assert tail_is_at_most(level, weights, counts) == (apart > 0), (shape, apart)


def test_a_tail_without_both_signs_is_at_most_any_level_or_none() -> None:
    assert not tail_is_at_most(0.99, np.array([0.0, 0.5]), np.ones(2))
    assert tail_is_at_most(1e-9, np.array([0.0, -0.5]), np.ones(2))


@given(values=SCORES, bound=st.floats(-0.2, 1.2), alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_claim_is_proven_where_its_p_value_is_at_most_alpha(
    values: list[float], bound: float, alpha: float
) -> None:
    for found in (units(values), units([0.0, 1.0, 1.0]), units([])):
        below, above = (p(found, UNIT_INTERVAL, bound) for p in (p_below, p_above))
        assert proves_below(found, UNIT_INTERVAL, bound, alpha) == (below <= alpha)
        assert proves_above(found, UNIT_INTERVAL, bound, alpha) == (above <= alpha)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 1.5])
def test_at_an_alpha_that_is_no_chance_a_claim_is_proven_by_its_p_value(alpha: float) -> None:
    found = units([0.2, 0.3, 0.4])
    assert proves_below(found, UNIT_INTERVAL, 0.9, alpha) == (alpha > 0)


# ---------------------------------------------------------------- limits of a mean


@given(values=SCORES, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=40)
def test_the_interval_holds_the_mean_and_stays_in_the_support(
    values: list[float], alpha: float
) -> None:
    lower, upper = limits(units(values), UNIT_INTERVAL, alpha)
    mean = math.fsum(values) / len(values)
    assert -1e-15 <= lower <= mean + 1e-12
    assert mean - 1e-12 <= upper <= 1


@given(values=SCORES, alpha=ALPHAS, beta=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_the_interval_widens_with_confidence(
    values: list[float], alpha: float, beta: float
) -> None:
    sure, unsure = sorted((alpha, beta))
    wide, narrow = (limits(units(values), UNIT_INTERVAL, level) for level in (sure, unsure))
    assert wide[0] <= narrow[0] + 1e-12
    assert wide[1] >= narrow[1] - 1e-12


@given(values=SCORES, alpha=ALPHAS, seed=st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None, max_examples=30)
def test_the_order_of_cases_does_not_matter(
    values: list[float], alpha: float, seed: Random
) -> None:
    shuffled = seed.sample(values, len(values))
    tallied = [Tally.of(np.array(found), UNIT_INTERVAL).units for found in (values, shuffled)]
    assert limits(tallied[0], UNIT_INTERVAL, alpha) == limits(tallied[1], UNIT_INTERVAL, alpha)
    assert limits(units(shuffled), UNIT_INTERVAL, alpha) == pytest.approx(
        limits(units(values), UNIT_INTERVAL, alpha), abs=1e-11
    )


@given(values=SCORES, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_the_lower_limit_mirrors_the_upper_one(values: list[float], alpha: float) -> None:
    lower, upper = limits(units(values), UNIT_INTERVAL, alpha)
    mirrored = limits(units([-value for value in values]), Support(-1, 0), alpha)
    assert mirrored == pytest.approx((-upper, -lower), abs=1e-12)


@given(values=SCORES, support=SUPPORTS, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_another_unit_of_measurement_changes_nothing(
    values: list[float], support: Support, alpha: float
) -> None:
    lower, upper = limits(units(values), UNIT_INTERVAL, alpha)
    scaled = support.lower + support.width * np.array(values)
    found = limits(units(scaled), support, alpha)
    expected = (support.lower + support.width * lower, support.lower + support.width * upper)
    assert found == pytest.approx(expected, abs=1e-11 * (abs(support.lower) + support.width))


@given(values=SCORES, alpha=st.sampled_from([0.01, 0.05, 0.4]))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_the_p_value_at_a_limit_is_alpha(values: list[float], alpha: float) -> None:
    lower, upper = limits(units(values), UNIT_INTERVAL, alpha)
    # A limit is known to 1e-13 of the support: no p-value at it is known better than its slope.
    if upper < 1 - 1e-6:
        found = p_below(units(values), UNIT_INTERVAL, upper)
        assert found == pytest.approx(alpha, rel=1e-6)
    if lower > 1e-6:
        assert p_above(units(values), UNIT_INTERVAL, lower) == pytest.approx(alpha, rel=1e-6)


@given(values=SCORES, bounds=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_a_claim_is_the_easier_the_further_its_bound(
    values: list[float], bounds: tuple[float, float]
) -> None:
    low, high = sorted(bounds)
    found = units(values)
    assert p_below(found, UNIT_INTERVAL, high) <= p_below(found, UNIT_INTERVAL, low) + 1e-12
    assert p_above(found, UNIT_INTERVAL, low) <= p_above(found, UNIT_INTERVAL, high) + 1e-12


@given(values=SCORES, better=SCORES, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_better_values_never_lower_a_limit(
    values: list[float], better: list[float], alpha: float
) -> None:
    n = min(len(values), len(better))
    raised = [max(pair) for pair in zip(values, better, strict=False)]
    before = limits(units(values[:n]), UNIT_INTERVAL, alpha)
    after = limits(units(raised[:n]), UNIT_INTERVAL, alpha)
    assert after[0] >= before[0] - 1e-12
    assert after[1] >= before[1] - 1e-12


def test_no_cases_leave_the_whole_support() -> None:
    nothing = units([])
    assert limits(nothing, DIFFERENCE, 0.05) == (-1, 1)
    assert p_below(nothing, DIFFERENCE, 0.5) == 1
    assert p_above(nothing, DIFFERENCE, 0.5) == 1


def test_one_case_says_little() -> None:
    assert limits(units([1.0]), UNIT_INTERVAL, 0.05) == pytest.approx((0.05, 1))
    assert limits(units([0.0]), UNIT_INTERVAL, 0.05) == pytest.approx((0, 0.95))
    # P((v − m)·E1 + (1 − m)·E0 > 0) = (1 − m)/(1 − v) for v < m.
    assert limits(units([0.5]), UNIT_INTERVAL, 0.05) == pytest.approx((0.025, 0.975))


@pytest.mark.parametrize("n", [1, 2, 50, 3000])
@pytest.mark.parametrize("value", [0.0, 0.25, 1.0])
def test_equal_values_leave_as_much_room_as_a_case_could_hide(n: int, value: float) -> None:
    shrunk: float = 0.05 ** (1 / n)
    expected = (value * shrunk, 1 - (1 - value) * shrunk)
    many = Units(np.array([value]), np.ones(1), np.array([float(n)]))
    assert limits(many, UNIT_INTERVAL, 0.05) == pytest.approx(expected, abs=1e-12)


def test_values_at_the_ends_alone_are_judged_as_a_rate() -> None:
    values = [-1.0] * 3 + [1.0] * 17
    expected = [
        2 * limit(17, 20, 0.05) - 1 for limit in (binomial.lower_limit, binomial.upper_limit)
    ]
    assert limits(units(values), DIFFERENCE, 0.05) == pytest.approx(expected, abs=1e-14)
    assert p_above(units(values), DIFFERENCE, 0.0) == pytest.approx(binomial.p_above(17, 20, 0.5))
    assert p_below(units(values), DIFFERENCE, 0.0) == pytest.approx(binomial.p_below(17, 20, 0.5))


@pytest.mark.parametrize("alpha", [0.01, 0.05])
def test_values_next_to_the_ends_are_judged_almost_as_a_rate(alpha: float) -> None:
    exact = limits(units([0.0] * 3 + [1.0] * 17), UNIT_INTERVAL, alpha)
    near = limits(units([1e-9] * 3 + [1 - 1e-9] * 17), UNIT_INTERVAL, alpha)
    assert near == pytest.approx(exact, abs=3e-9)


def test_no_mean_lies_beyond_the_ends_of_the_support() -> None:
    for values in ([1.0, 1.0], [0.0, 0.0], [0.3, 0.9]):
        assert p_below(units(values), UNIT_INTERVAL, 1.5) == 0
        assert p_above(units(values), UNIT_INTERVAL, -0.5) == 0
        assert p_below(units(values), UNIT_INTERVAL, -0.5) == 1
        assert p_above(units(values), UNIT_INTERVAL, 1.5) == 1


def test_a_million_cases_are_no_matter() -> None:
    counts = np.array([2e5, 3e5, 5e5])
    many = Units(np.array([0.0, 0.5, 1.0]), np.ones(3), counts)
    deviation = math.sqrt(float(counts @ (many.sums - 0.65) ** 2) / 1e6)
    half = 1.6448536 * deviation / 1000
    assert limits(many, UNIT_INTERVAL, 0.05) == pytest.approx((0.65 - half, 0.65 + half), abs=2e-6)


# ---------------------------------------------------------------- clusters


@given(values=SCORES, size=st.sampled_from([1.0, 3.0, 40.0]), alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_clusters_of_one_size_are_judged_by_their_means(
    values: list[float], size: float, alpha: float
) -> None:
    clustered = units([size * value for value in values], [size] * len(values))
    expected = limits(units(values), UNIT_INTERVAL, alpha)
    assert limits(clustered, UNIT_INTERVAL, alpha) == pytest.approx(expected, abs=1e-11)


@given(clusters=CLUSTERS, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=40)
def test_limits_over_clusters_hold_the_mean_of_their_cases(
    clusters: list[tuple[float, float]], alpha: float
) -> None:
    means, sizes = zip(*clusters, strict=True)
    found = units(np.array(means) * np.array(sizes), sizes)
    lower, upper = limits(found, UNIT_INTERVAL, alpha)
    assert -1e-12 <= lower <= found.mean + 1e-12
    assert found.mean - 1e-12 <= upper <= 1 + 1e-12
    mirrored = units((1 - np.array(means)) * np.array(sizes), sizes)
    assert limits(mirrored, UNIT_INTERVAL, alpha) == pytest.approx((1 - upper, 1 - lower), abs=1e-9)


@given(clusters=CLUSTERS)
@settings(derandomize=True, deadline=None, max_examples=30)
def test_the_p_value_at_a_limit_over_clusters_is_alpha(
    clusters: list[tuple[float, float]],
) -> None:
    means, sizes = zip(*clusters, strict=True)
    found = units(np.array(means) * np.array(sizes), sizes)
    lower, upper = limits(found, UNIT_INTERVAL, 0.05)
    if upper < 1 - 1e-6:
        assert p_below(found, UNIT_INTERVAL, upper) == pytest.approx(0.05, rel=1e-6)
    if lower > 1e-6:
        assert p_above(found, UNIT_INTERVAL, lower) == pytest.approx(0.05, rel=1e-6)


def test_one_huge_cluster_among_small_ones_widens_the_interval() -> None:
    rng = np.random.default_rng(4)
    values = rng.uniform(0.4, 0.6, 101)
    alone = limits(units(values), UNIT_INTERVAL, 0.05)
    sizes = np.append(np.ones(100), 1000.0)
    lower, upper = limits(units(values * sizes, sizes), UNIT_INTERVAL, 0.05)
    assert lower < alone[0]
    assert upper > alone[1]
    # Ten elevenths of the cases are one independent observation.
    assert upper - lower > 0.3


def test_clusters_that_are_all_at_an_end_leave_that_end_open() -> None:
    sizes = [1.0, 2.0, 7.0]
    assert upper_limit(units(sizes, sizes), UNIT_INTERVAL, 0.05) == 1
    assert lower_limit(units([0.0] * 3, sizes), UNIT_INTERVAL, 0.05) == 0
    lower = lower_limit(units(sizes, sizes), UNIT_INTERVAL, 0.05)
    assert 0 < lower < 0.05 ** (1 / 3)
