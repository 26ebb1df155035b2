"""Fieller's limits are the roots of his quadratic, and open where the baseline may be 0."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from evalkit.core.envelope import NON_NEGATIVE, LimitKind
from evalkit.stats.arrays import FloatArray
from evalkit.stats.engines.ratio import MeanRatio
from evalkit.stats.ratio import fieller_limit
from evalkit.stats.skew_t import Spread
from tests.stats.arms import engine, evidence
from tests.stats.questions import limits


def quadratic(candidate: FloatArray, baseline: FloatArray, alpha: float) -> tuple[float, float]:
    """Return both ratios ρ with (c̄ − ρ·b̄)² = t²·Var(c̄ − ρ·b̄)."""
    n = candidate.size
    cut = float(student.ppf(1 - alpha, n - 1)) ** 2
    (cc, cb), (_, bb) = np.cov(candidate, baseline) / n
    c, b = candidate.mean(), baseline.mean()
    low, high = sorted(
        np.roots([b * b - cut * bb, -2 * (b * c - cut * cb), c * c - cut * cc]).real.tolist()
    )
    return low, high


def found_limits(candidate: FloatArray, baseline: FloatArray, alpha: float) -> tuple[float, float]:
    """Return the limits by t alone."""
    ratio = float(candidate.mean() / baseline.mean())

    def spread(factor: float) -> Spread:
        return Spread.of(candidate - factor * baseline, np.ones(candidate.size))

    return (
        fieller_limit(lambda r: spread(r).t_lower(alpha), ratio, upward=False),
        fieller_limit(lambda r: spread(r).t_upper(alpha), ratio, upward=True),
    )


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(5, 60),
    ratio=st.floats(0.01, 100),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_limits_of_a_ratio_are_the_roots_of_a_quadratic(
    seed: int, n: int, ratio: float, alpha: float
) -> None:
    rng = np.random.default_rng(seed)
    baseline = rng.gamma(20, 5, n)
    candidate = ratio * baseline * rng.gamma(20, 1 / 20, n)
    assert found_limits(candidate, baseline, alpha) == pytest.approx(
        quadratic(candidate, baseline, alpha), rel=1e-9, abs=1e-12
    )


def test_a_gap_that_never_closes_has_no_limit() -> None:
    assert fieller_limit(lambda _: 1.0, 2.0, upward=True) == math.inf
    assert fieller_limit(lambda _: -1.0, 2.0, upward=False) == 0
    assert fieller_limit(lambda _: -1.0, 0.0, upward=False) == 0


@pytest.mark.parametrize("limit", [0.3, 1.99, 2.0, 2.01, 57.0, 1e5])
def test_a_limit_is_found_however_far_it_lies(limit: float) -> None:
    if limit >= 2:
        found = fieller_limit(lambda ratio: limit - ratio, 2.0, upward=True)
    else:
        found = fieller_limit(lambda ratio: limit - ratio, 2.0, upward=False)
    assert found == pytest.approx(limit, rel=1e-12)


@pytest.mark.parametrize("estimate", [0.0, 1e-5, 1.0, 1e4])
def test_a_limit_is_found_whatever_the_size_of_the_ratio(estimate: float) -> None:
    above, below = 1.5 * estimate + 1e-3, 0.5 * estimate
    upper = fieller_limit(lambda ratio: above - ratio, estimate, upward=True)
    lower = fieller_limit(lambda ratio: below - ratio, estimate, upward=False)
    assert upper == pytest.approx(above, rel=1e-9)
    assert lower == pytest.approx(below, rel=1e-9)


def test_the_shown_ratios_are_those_whose_difference_may_be_0() -> None:
    rng = np.random.default_rng(1)
    baseline = rng.gamma(4, 25, 80)
    found = engine(
        evidence(baseline * rng.gamma(9, 1 / 9, 80), baseline),
        LimitKind.RATIO,
        support=NON_NEGATIVE,
    )
    assert isinstance(found, MeanRatio)
    lower, upper = limits(found)
    for ratio, held in ((lower - 1e-6, False), (lower + 1e-6, True), (upper + 1e-6, False)):
        difference = found.difference(ratio)
        assert (difference.lower(0.05) <= 0 <= difference.upper(0.05)) is held


def test_arms_that_are_equal_have_the_ratio_1_exactly() -> None:
    values = np.random.default_rng(2).gamma(4, 25, 80)
    found = engine(evidence(values, values), LimitKind.RATIO, support=NON_NEGATIVE)
    assert (found.value, *limits(found)) == (1, 1, 1)
    assert found.constant


def test_equal_rates_are_no_proof_that_the_ratio_is_1() -> None:
    rate = [1.0] * 60 + [0.0] * 20
    found = engine(evidence(rate, rate), LimitKind.RATIO)
    assert found.value == 1
    assert not found.constant
    assert found.lower(0.05) < 0.97
    assert found.upper(0.05) > 1.03


def test_one_case_in_a_range_has_a_ratio_as_it_has_a_delta() -> None:
    found = engine(evidence([1.0], [1.0]), LimitKind.RATIO)
    assert found.lower(0.05) < 1 < found.upper(0.05)


def test_a_ratio_with_missing_samples_has_limits_around_it() -> None:
    # 2 % of the candidate are missing, all of them cases that the baseline has.
    candidate = [1.0] * 60 + [0.0] * 920 + [None] * 20
    baseline = [1.0] * 3 + [0.0] * 977 + [1.0] * 20
    found = engine(evidence(candidate, baseline), LimitKind.RATIO)
    assert found.value == 20
    assert found.lower(0.05) <= 20 <= found.upper(0.05)


@pytest.mark.parametrize(("before", "after"), [(3.0, 3.6), (0.4, 0.6), (0.15, 0.1)])
def test_the_same_tokens_at_another_price_have_a_ratio_without_doubt(
    before: float, after: float
) -> None:
    tokens = range(200, 260)
    found = engine(
        evidence([t * after for t in tokens], [t * before for t in tokens]),
        LimitKind.RATIO,
        support=NON_NEGATIVE,
    )
    assert found.constant
    assert limits(found) == pytest.approx((after / before, after / before))
