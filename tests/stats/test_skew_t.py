"""Engine T is Student's t and Hall's cubic, over units, and over draws of given cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from evalkit.stats.arrays import FloatArray
from evalkit.stats.skew_t import Spread

ALPHAS = (0.001, 0.05, 0.3)
SEEDS = st.integers(0, 10**6)


def skewed(seed: int, n: int = 60) -> FloatArray:
    """Return values with a tail to the right."""
    return np.random.default_rng(seed).lognormal(0, 0.8, n)


def spread(values: FloatArray) -> Spread:
    """Return the spread of cases that stand alone."""
    return Spread.of(values, np.ones(values.size))


def clustered(seed: int) -> tuple[FloatArray, FloatArray]:
    """Return sums and sizes of clusters that differ in both."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, int(rng.integers(2, 20))).astype(np.float64)
    return sizes * rng.normal(3, 1, sizes.size) + rng.normal(size=sizes.size), sizes


# ---------------------------------------------------------------- Student's t


@given(seed=SEEDS, n=st.integers(2, 80), alpha=st.sampled_from(ALPHAS))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_without_skew_limits_are_those_of_the_t_test(seed: int, n: int, alpha: float) -> None:
    values = np.random.default_rng(seed).normal(5, 2, n)
    found = spread(values)
    expected = ttest_1samp(values, 0).confidence_interval(1 - 2 * alpha)
    assert found.t_lower(alpha) == pytest.approx(float(expected.low), rel=1e-9, abs=1e-9)
    assert found.t_upper(alpha) == pytest.approx(float(expected.high), rel=1e-9, abs=1e-9)
    assert found.freedom == pytest.approx(n - 1)


@given(seed=SEEDS)
@settings(derandomize=True, deadline=None, max_examples=40)
def test_error_and_freedom_over_clusters_are_those_of_bell_and_mccaffrey(seed: int) -> None:
    sums, sizes = clustered(seed)
    found = Spread.of(sums, sizes)
    # The general formulas for a regression on a constant, with matrices written out: residuals
    # of a cluster are stretched by (I − H)^(−1/2), and the freedom is Satterthwaite's.
    n = int(sizes.sum())
    everyone = np.full((n, n), 1 / n)
    residual = np.repeat(sums / sizes - sums.sum() / n, sizes.astype(int))
    ends = np.cumsum(sizes).astype(int)
    variance, columns = 0.0, []
    for start, end in zip(ends - sizes.astype(int), ends, strict=True):
        own = slice(start, end)
        values, vectors = np.linalg.eigh(np.eye(end - start) - everyone[own, own])
        stretch = vectors @ np.diag(values**-0.5) @ vectors.T
        variance += float(np.ones(end - start) @ stretch @ residual[own] / n) ** 2
        columns.append((np.eye(n) - everyone)[:, own] @ stretch @ np.ones(end - start) / n)
    g = np.column_stack(columns)
    weights = np.linalg.eigvalsh(g.T @ g)
    assert found.error == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found.freedom == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-9)


def test_clusters_of_one_size_are_their_means() -> None:
    means = skewed(1, 30)
    found, expected = Spread.of(4 * means, np.full(30, 4.0)), spread(means)
    assert (found.mean, found.error, found.freedom, found.skew) == pytest.approx(
        (expected.mean, expected.error, expected.freedom, expected.skew)
    )


# ---------------------------------------------------------------- Hall's cubic


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("seed", range(5))
def test_halls_limits_are_where_his_cubic_reaches_the_quantile_of_t(
    seed: int, alpha: float
) -> None:
    values = skewed(seed)
    n, mean = values.size, values.mean()
    error = values.std(ddof=1) / math.sqrt(n)
    gamma = float(((values - mean) ** 3).mean() / values.std(ddof=1) ** 3)
    cut = float(student.ppf(1 - alpha, n - 1))

    def cubic(bound: float) -> float:
        t = (mean - bound) / error
        return float(
            t + gamma * t**2 / (3 * n**0.5) + gamma**2 * t**3 / (27 * n) + gamma / (6 * n**0.5)
        )

    found = spread(values)
    assert found.skew == pytest.approx(gamma)
    assert cubic(found.hall_lower(alpha)) == pytest.approx(cut, rel=1e-9)
    assert cubic(found.hall_upper(alpha)) == pytest.approx(-cut, rel=1e-9)


def test_each_limit_is_the_wider_of_the_two() -> None:
    found = spread(skewed(3))
    assert found.skew > 1
    # A tail to the right hides large values: the upper limit is Hall's, the lower Student's.
    assert found.upper(0.05) == found.hall_upper(0.05) > found.t_upper(0.05)
    assert found.lower(0.05) == found.t_lower(0.05) < found.hall_lower(0.05)


@given(seed=SEEDS, alpha=st.sampled_from(ALPHAS))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_the_p_value_at_a_limit_is_alpha(seed: int, alpha: float) -> None:
    found = spread(skewed(seed, 20))
    assert found.p_above(found.lower(alpha)) == pytest.approx(alpha, rel=1e-9)
    assert found.p_below(found.upper(alpha)) == pytest.approx(alpha, rel=1e-9)


@given(seed=SEEDS, alpha=st.sampled_from(ALPHAS))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_mirrored_values_have_mirrored_limits(seed: int, alpha: float) -> None:
    found, mirrored = spread(skewed(seed)), spread(-skewed(seed))
    assert mirrored.lower(alpha) == pytest.approx(-found.upper(alpha), rel=1e-9)
    assert mirrored.upper(alpha) == pytest.approx(-found.lower(alpha), rel=1e-9)
    assert mirrored.p_below(-1.2) == pytest.approx(found.p_above(1.2), rel=1e-9)


@given(seed=SEEDS, shift=st.floats(-50, 50), scale=st.floats(1e-3, 1e3))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_limits_move_and_stretch_with_the_values(seed: int, shift: float, scale: float) -> None:
    found, moved = spread(skewed(seed)), spread(shift + scale * skewed(seed))
    for one, other in (
        (found.lower(0.05), moved.lower(0.05)),
        (found.upper(0.05), moved.upper(0.05)),
    ):
        assert other == pytest.approx(shift + scale * one, rel=1e-8, abs=1e-9 * abs(shift))


def test_no_skew_leaves_students_limits() -> None:
    found = spread(np.array([-3.0, -1.0, 1.0, 3.0]))
    assert found.skew == 0
    assert found.hall_lower(0.05) == found.t_lower(0.05) == found.lower(0.05)
    assert found.hall_upper(0.05) == found.t_upper(0.05) == found.upper(0.05)


def test_values_without_skew_have_students_limits_whatever_rounding_makes_of_them() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        half = rng.normal(size=25) * 0.01
        found = Spread.of(np.concatenate([1 + half, 1 - half]), np.ones(50))
        assert abs(found.skew) < 1e-12
        assert found.upper(0.05) == pytest.approx(found.t_upper(0.05), rel=1e-9)
        assert found.p_below(found.upper(0.05)) == pytest.approx(0.05, rel=1e-6)


# ---------------------------------------------------------------- without scatter


def test_equal_values_leave_no_doubt() -> None:
    found = spread(np.full(20, 2.5))
    assert (found.error, found.skew) == (0, 0)
    assert (found.lower(0.05), found.upper(0.05)) == (2.5, 2.5)
    assert (found.p_above(2.4), found.p_above(2.6)) == (0, 1)
    assert (found.p_below(2.4), found.p_below(2.6)) == (1, 0)
    # On the value itself nothing speaks for either side.
    assert (found.p_above(2.5), found.p_below(2.5)) == (0.5, 0.5)


# ---------------------------------------------------------------- growth


def test_a_spread_grows_by_its_units() -> None:
    one, four = spread(skewed(4)), spread(skewed(4)).grown(4)
    assert (four.mean, four.skew) == (one.mean, one.skew)
    assert four.error == pytest.approx(one.error / 2)
    assert (four.freedom, four.units) == pytest.approx((4 * one.freedom, 4 * one.units))
    again = spread(np.tile(skewed(4), 4))
    assert four.upper(0.05) - four.mean == pytest.approx(again.upper(0.05) - again.mean, rel=0.02)


# ---------------------------------------------------------------- draws of given cases


def by_hand(cases: list[list[float]]) -> tuple[float, float, float]:
    """Return mean, error and freedom as the specification writes them, case by case."""
    n, v, square = len(cases), 0.0, 0.0
    for draws in cases:
        k = len(draws)
        middle = sum(draws) / k
        s2 = sum((draw - middle) ** 2 for draw in draws) / (k - 1)
        v += s2 / k
        square += (s2 / k) ** 2 / (k - 1)
    mean = sum(sum(draws) / len(draws) for draws in cases) / n
    return mean, math.sqrt(v / n**2), v**2 / square


@given(seed=SEEDS, cases=st.integers(1, 40), draws=st.integers(2, 6))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_over_draws_only_the_scatter_in_a_case_counts(seed: int, cases: int, draws: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(
        100 * rng.random((cases, 1)), rng.uniform(0.5, 2, (cases, 1)), (cases, draws)
    )
    found = Spread.of_draws(values.ravel(), draws)
    mean, error, freedom = by_hand(values.tolist())
    assert (found.mean, found.error, found.freedom) == pytest.approx((mean, error, freedom))
    assert found.lower(0.05) == pytest.approx(mean - error * float(student.ppf(0.95, freedom)))
    assert found.upper(0.05) == pytest.approx(mean + error * float(student.ppf(0.95, freedom)))
    moved = Spread.of_draws((values + 10 * np.arange(cases)[:, None]).ravel(), draws)
    assert moved.error == pytest.approx(error)


def test_draws_that_never_differ_leave_no_doubt_about_given_cases() -> None:
    found = Spread.of_draws(np.array([1.0, 1.0, 5.0, 5.0]), 2)
    assert (found.mean, found.error, found.freedom) == (3, 0, 1)
    assert (found.lower(0.05), found.upper(0.05)) == (3, 3)
