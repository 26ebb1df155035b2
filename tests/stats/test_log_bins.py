"""Histograms of bins of a fixed relative width: edges, quantiles, limits, sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats.log_bins import Bins, Histogram, bins_of, edges, keys_of
from evalkit.stats.quantile import rank_limits, sample_quantile

numbers = st.floats(allow_nan=False) | st.floats(-1e4, 1e4) | st.integers(-5, 5).map(float)
samples = st.lists(numbers, min_size=1, max_size=60).map(np.array)


@given(value=numbers)
@settings(derandomize=True, deadline=None, max_examples=100)
def test_a_value_lies_between_the_edges_of_its_bin(value: float) -> None:
    low, high = edges(int(bins_of(np.array([value]))[0]))
    assert low <= value <= high
    if 1e-300 < abs(value) < 1e300:
        assert high - low <= 2**-8 * abs(value)


@given(one=numbers, other=numbers)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_bins_rise_with_values(one: float, other: float) -> None:
    first, second = bins_of(np.array([one, other])).tolist()
    assert (first <= second) if one <= other else (first >= second)


@given(values=samples, share=st.sampled_from([0.01, 0.5, 0.95, 0.99]))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_limits_are_never_narrower_than_those_of_ranks(values: np.ndarray, share: float) -> None:
    found, ordered = Histogram.of(values), np.sort(values)
    assert found.n == values.size
    for alpha in (0.05, 0.4):
        lower, upper = rank_limits(values.size, share, alpha)
        low, high = found.lower(share, alpha), found.upper(share, alpha)
        assert low <= (ordered[lower - 1] if lower else -math.inf)
        assert high >= (ordered[upper - 1] if upper <= values.size else math.inf)
        assert found.lower(share, alpha / 2) <= low
        assert found.upper(share, alpha / 2) >= high


@given(values=samples, share=st.sampled_from([0.01, 0.5, 0.95]), bound=numbers)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_counts_up_to_a_bound_hold_the_true_count(
    values: np.ndarray, share: float, bound: float
) -> None:
    found = Histogram.of(values)
    least, most = found.counts_up_to(bound)
    assert least <= int((values <= bound).sum()) <= most
    assert found.least <= found.quantile(share) <= found.most


def test_a_quantile_is_near_that_of_the_values_themselves() -> None:
    values = np.random.default_rng(3).lognormal(6, 0.7, 20_000)
    found = Histogram.of(values)
    for share in (0.5, 0.95, 0.99):
        assert found.quantile(share) == pytest.approx(
            sample_quantile(np.sort(values), share), rel=2**-8
        )


def test_equal_values_have_no_width_and_one_value_has_one_place() -> None:
    found = Histogram.of(np.full(100, 7.3))
    assert (found.lower(0.5, 0.05), found.quantile(0.5), found.upper(0.5, 0.05)) == (7.3,) * 3
    one = Histogram.of(np.array([-2.5]))
    assert one.quantile(0.95) == -2.5
    assert one.upper(0.5, 0.05) == math.inf
    assert one.lower(0.5, 0.05) == -math.inf


def test_nothing_was_counted_of_no_values() -> None:
    found = Histogram.of(np.empty(0))
    assert (found.n, found.lower(0.5, 0.05), found.upper(0.5, 0.05)) == (0, -math.inf, math.inf)
    assert Bins.total([]).keys.size == 0


def test_timeouts_have_a_bin_of_their_own() -> None:
    found = Histogram.of(np.array([1.0, 2.0, math.inf, math.inf]))
    assert found.quantile(0.99) == math.inf
    assert edges(int(bins_of(np.array([math.inf]))[0])) == (math.inf, math.inf)
    assert edges(int(bins_of(np.array([-math.inf]))[0])) == (-math.inf, -math.inf)


def test_bins_of_cells_add_and_can_be_picked() -> None:
    values = np.array([1.0, -1.0, 1.0, 50.0])
    codes = np.array([-2, 4, 4, 7])
    keys = keys_of(codes, bins_of(values))
    one, other = Bins.of(keys[:2], np.ones(2, np.int64)), Bins.of(keys[2:], np.ones(2, np.int64))
    whole = Bins.total([one, other])
    found = whole.histogram(np.array([-2, 4]), -1.0, 1.0)
    assert found.n == 3
    assert found.quantile(1.0) == 1.0
    assert whole.at(np.array([7])).counts.tolist() == [1]
    assert whole.histogram(np.array([5]), 0.0, 0.0).n == 0


def test_counts_that_are_taken_off_again_leave_those_that_were_there_before() -> None:
    keys = keys_of(np.array([1, 1, 2]), bins_of(np.array([1.0, 5.0, 5.0])))
    before = Bins.of(keys[:1], np.array([3]))
    more = Bins.of(keys, np.array([1, 1, 2]))
    left = Bins.total([before, more, more.negative()]).there()
    assert (left.keys.tolist(), left.counts.tolist()) == (before.keys.tolist(), [3])
