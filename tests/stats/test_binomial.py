"""Limits of a rate are those of Clopper and Pearson, and its p-values the exact ones."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from evalkit.stats.binomial import lower_limit, p_above, p_below, upper_limit

COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
ALPHAS = st.floats(0.001, 0.4)


@given(counts=COUNTS, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_limits_are_those_of_clopper_and_pearson(counts: tuple[int, int], alpha: float) -> None:
    reference = binomtest(*counts).proportion_ci(1 - 2 * alpha, method="exact")
    assert lower_limit(*counts, alpha) == pytest.approx(float(reference.low), rel=1e-9)
    assert upper_limit(*counts, alpha) == pytest.approx(float(reference.high), rel=1e-9)


@given(counts=COUNTS, bound=st.floats(0.01, 0.99))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_p_values_are_those_of_the_exact_test(counts: tuple[int, int], bound: float) -> None:
    less = binomtest(*counts, bound, alternative="less").pvalue
    greater = binomtest(*counts, bound, alternative="greater").pvalue
    assert p_below(*counts, bound) == pytest.approx(float(less), rel=1e-9, abs=1e-300)
    assert p_above(*counts, bound) == pytest.approx(float(greater), rel=1e-9, abs=1e-300)


@given(counts=COUNTS, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_failures_have_the_mirrored_limits_of_successes(
    counts: tuple[int, int], alpha: float
) -> None:
    x, n = counts
    assert lower_limit(x, n, alpha) == pytest.approx(1 - upper_limit(n - x, n, alpha), abs=1e-14)


@given(counts=COUNTS, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_the_p_value_at_a_limit_is_alpha(counts: tuple[int, int], alpha: float) -> None:
    x, n = counts
    if x < n:
        assert p_below(x, n, upper_limit(x, n, alpha)) == pytest.approx(alpha, rel=1e-9)
    if x > 0:
        assert p_above(x, n, lower_limit(x, n, alpha)) == pytest.approx(alpha, rel=1e-9)


@given(counts=COUNTS, alpha=ALPHAS, beta=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_the_interval_holds_the_rate_and_widens_with_confidence(
    counts: tuple[int, int], alpha: float, beta: float
) -> None:
    sure, unsure = sorted((alpha, beta))
    x, n = counts
    limits = [
        lower_limit(x, n, sure), lower_limit(x, n, unsure), x / n,
        upper_limit(x, n, unsure), upper_limit(x, n, sure),
    ]  # fmt: skip
    assert all(a <= b + 1e-14 for a, b in pairwise(limits))


def test_no_trials_leave_everything_open() -> None:
    assert (lower_limit(0, 0, 0.05), upper_limit(0, 0, 0.05)) == (0, 1)
    assert (p_below(0, 0, 0.3), p_above(0, 0, 0.3)) == (1, 1)


def test_successes_alone_follow_the_rule_of_three() -> None:
    assert lower_limit(1, 1, 0.05) == pytest.approx(0.05)
    assert lower_limit(300, 300, 0.05) == pytest.approx(0.05 ** (1 / 300))
    assert upper_limit(300, 300, 0.05) == 1


def test_at_the_ends_nothing_is_claimed_that_could_not_be_false() -> None:
    assert p_below(5, 5, 1.0) == 1
    assert p_above(0, 5, 0.0) == 1
    assert p_below(4, 5, 1.0) == 0
    assert p_above(1, 5, 0.0) == 0
    assert p_below(4, 5, 0.0) == 1
    assert p_above(1, 5, 1.0) == 1


def test_no_rate_lies_beyond_the_ends() -> None:
    assert p_below(5, 5, 1.1) == 0
    assert p_above(0, 5, -0.1) == 0
    assert p_below(0, 5, -0.1) == 1
    assert p_above(5, 5, 1.1) == 1


def test_counts_in_the_thousands_of_millions_are_no_matter() -> None:
    x, n = 999_999_990, 1_000_000_000
    # Ten failures: the limits of a Poisson mean, 16.962 and 5.4254, over the trials.
    assert (1 - lower_limit(x, n, 0.05)) * n == pytest.approx(16.962219, rel=1e-6)
    assert (1 - upper_limit(x, n, 0.05)) * n == pytest.approx(5.4254056, rel=1e-6)
