"""What differs between the answers of pairs is shown to, corrected for all that was compared."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats.giveaways import mean_sign, median_of, shown_to_differ

NONE: list[int] = []


def two_sided(more: int, less: int) -> float:
    """Return the p-value of McNemar's exact test, from the definition."""
    n = more + less
    tail = sum(math.comb(n, k) for k in range(min(more, less) + 1)) / 2**n
    return float(min(1.0, 2 * tail))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=30))
def test_p_values_are_mcnemars_times_what_could_have_been_shown(
    counts: list[tuple[int, int]],
) -> None:
    more, less = np.array(counts).T
    found = shown_to_differ(more, less, 0.05)
    least = {
        n for n in range(1, 61)
        if 2.0 ** (1 - n) * sum(a + b >= n for a, b in counts) <= 0.05
    }  # fmt: skip
    compared = sum(a + b >= min(least) for a, b in counts)
    expected = {
        place: p
        for place, pair in enumerate(counts)
        if sum(pair) >= min(least) and (p := compared * two_sided(*pair)) <= 0.05
    }
    assert dict(zip(found.things.tolist(), found.p.tolist(), strict=True)) == pytest.approx(
        expected
    )
    assert found.compared == compared


@pytest.mark.parametrize("signs", [NONE, [0, 0, 0], [1, 2, 5]])
def test_what_is_too_rare_to_be_shown_is_not_compared(signs: list[int]) -> None:
    found = shown_to_differ(np.array(signs, int), np.zeros(len(signs), int), 0.05)
    assert (found.compared, found.things.size, found.p.size) == (0, 0, 0)


def test_a_mean_sign_lies_between_limits_that_are_exact_for_rates() -> None:
    signs = np.array([1] * 9 + [0] * 11)
    found = mean_sign(signs, np.arange(20), 0.025)
    assert found.value == pytest.approx(0.45)
    assert 0.1 < found.lower < 0.2
    assert 0.6 < found.upper < 0.75
    mirrored = mean_sign(-signs, np.arange(20), 0.025)
    assert (mirrored.lower, mirrored.upper) == pytest.approx((-found.upper, -found.lower))


def test_pairs_of_a_cluster_count_once() -> None:
    signs = np.array([1, 1, 1, 1, -1, -1, -1, -1] * 5)
    alone = mean_sign(signs, np.arange(40), 0.05)
    together = mean_sign(signs, np.repeat(np.arange(10), 4), 0.05)
    assert alone.value == together.value == 0
    assert together.upper > 1.5 * alone.upper


def test_limits_of_a_median_are_the_order_statistics_of_a_fair_coin() -> None:
    found = median_of(np.arange(1.0, 21.0), 0.025)
    assert found is not None
    # P(at most 5 of 20) = 0.0207, P(at most 6) = 0.0577.
    assert (found.value, found.lower, found.upper) == (10.5, 6.0, 15.0)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_few_values_leave_a_median_without_limits(size: int) -> None:
    assert median_of(np.arange(float(size)), 0.025) is None
