"""Ranks that hold a quantile are exact, and the sample quantile is the usual one."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from evalkit.stats.quantile import rank_limits, sample_quantile

SIZES = st.integers(1, 400)
QUANTILES = st.floats(0.01, 0.999)
ALPHAS = st.floats(0.001, 0.4)


@given(n=SIZES, quantile=QUANTILES, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_ranks_cover_the_quantile_and_the_next_ones_would_not(
    n: int, quantile: float, alpha: float
) -> None:
    low, high = rank_limits(n, quantile, alpha)

    def covered_from(rank: int) -> float:
        """Return P(the value of this rank ≤ the quantile) = P(at least so many are below)."""
        return float(binom.sf(rank - 1, n, quantile))

    def covered_to(rank: int) -> float:
        return float(binom.cdf(rank - 1, n, quantile))

    assert 0 <= low <= high <= n + 1
    assert covered_from(low) >= 1 - alpha - 1e-12
    assert covered_from(low + 1) < 1 - alpha + 1e-12
    assert covered_to(high) >= 1 - alpha - 1e-12
    assert high == 1 or covered_to(high - 1) < 1 - alpha + 1e-12


@given(n=SIZES, quantile=QUANTILES, alpha=ALPHAS)
@settings(derandomize=True, deadline=None, max_examples=100)
def test_ranks_of_a_quantile_mirror_those_of_its_complement(
    n: int, quantile: float, alpha: float
) -> None:
    low, high = rank_limits(n, quantile, alpha)
    mirrored = rank_limits(n, 1 - quantile, alpha)
    # Rounding of 1 − q decides only where a probability is alpha to the last digits.
    assert mirrored == (n + 1 - high, n + 1 - low)


@given(n=SIZES, quantile=QUANTILES)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_ranks_move_outward_with_confidence(n: int, quantile: float) -> None:
    found = [rank_limits(n, quantile, alpha) for alpha in (0.3, 0.1, 0.05, 0.001)]
    assert all(a[0] >= b[0] and a[1] <= b[1] for a, b in pairwise(found))


def test_fewer_values_than_wilks_asked_for_have_no_upper_limit() -> None:
    assert rank_limits(58, 0.95, 0.05) == (52, 59)
    assert rank_limits(59, 0.95, 0.05) == (53, 59)
    assert rank_limits(59, 0.05, 0.05) == (1, 7)
    assert rank_limits(58, 0.05, 0.05) == (0, 7)


def test_no_values_have_no_limits() -> None:
    assert rank_limits(0, 0.5, 0.05) == (0, 1)


# ---------------------------------------------------------------- the sample quantile


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    quantile=st.one_of(QUANTILES, st.sampled_from([0.25, 0.5, 0.75])),
)
@settings(derandomize=True, deadline=None)
def test_the_sample_quantile_is_that_of_numpy(values: list[float], quantile: float) -> None:
    found = sample_quantile(np.sort(np.array(values)), quantile)
    assert found == pytest.approx(float(np.quantile(values, quantile)), rel=1e-9, abs=1e-9)


def test_infinite_values_are_values() -> None:
    values = np.array([1.0, 2.0, math.inf, math.inf])
    assert sample_quantile(values, 1 / 3) == 2
    assert sample_quantile(values, 0.5) == math.inf
    assert sample_quantile(values, 0.99) == math.inf
    assert sample_quantile(np.array([-math.inf, -math.inf, 0.0]), 0.25) == -math.inf


def test_one_value_is_every_quantile() -> None:
    assert [sample_quantile(np.array([7.0]), q) for q in (0.01, 0.5, 0.999)] == [7, 7, 7]
