"""What is drawn with replacement is the same everywhere, and every unit is as likely as another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats.arrays import FloatArray
from evalkit.stats.resampling import (
    CHUNK_ELEMENTS,
    enough_replicates,
    p_value,
    rank_above,
    swaps,
    unit_counts,
)


def counts(units: int, replicates: int, seed: int) -> FloatArray:
    """Return all rows of counts at once."""
    return np.concatenate(list(unit_counts(units, replicates, seed)))


def counted_by_hand(units: int, replicates: int, seed: int) -> list[list[float]]:
    """Return the same by the rule in whole numbers: a word's high half, times units, shifted."""
    words = iter(np.random.PCG64(seed).random_raw(units * replicates).tolist())
    rows = [[0.0] * units for _ in range(replicates)]
    for row in rows:
        for _ in range(units):
            row[((next(words) >> 32) * units) >> 32] += 1
    return rows


@pytest.mark.parametrize("units", [1, 2, 7, 300])
def test_the_units_drawn_follow_the_rule(units: int) -> None:
    assert counts(units, 20, seed=5).tolist() == counted_by_hand(units, 20, seed=5)


def test_the_first_draws_of_a_seed_are_these_for_ever() -> None:
    assert counts(6, 4, seed=2024).tolist() == [
        [1.0, 2.0, 0.0, 0.0, 2.0, 1.0],
        [1.0, 2.0, 1.0, 2.0, 0.0, 0.0],
        [2.0, 0.0, 1.0, 1.0, 1.0, 1.0],
        [0.0, 3.0, 1.0, 1.0, 0.0, 1.0],
    ]


def test_how_many_rows_come_at_a_time_changes_no_draw() -> None:
    units = CHUNK_ELEMENTS // 100
    parts = list(unit_counts(units, 250, seed=1))
    assert [part.shape for part in parts] == [(100, units), (100, units), (50, units)]
    assert np.array_equal(np.concatenate(parts)[:120], counts(units, 120, seed=1))


def test_a_single_row_may_exceed_what_comes_at_a_time() -> None:
    parts = list(unit_counts(CHUNK_ELEMENTS + 1, 2, seed=1))
    assert [part.shape[0] for part in parts] == [1, 1]
    assert all(part.sum() == CHUNK_ELEMENTS + 1 for part in parts)


def test_another_seed_draws_others() -> None:
    assert not np.array_equal(counts(50, 10, seed=1), counts(50, 10, seed=2))


def test_every_unit_is_drawn_as_often_as_another() -> None:
    """Counts of a multinomial: mean 1, variance 1 − 1/n, and covariance −1/n."""
    units, rows = 11, 20_000
    found = counts(units, rows, seed=3)
    assert (found.sum(axis=1) == units).all()
    assert np.abs(found.mean(axis=0) - 1).max() < 4 / math.sqrt(rows)
    covariance = np.cov(found, rowvar=False)
    expected = np.eye(units) - 1 / units
    assert np.abs(covariance - expected).max() < 5 * math.sqrt(2 / rows)


def test_arms_change_places_in_half_of_all_units() -> None:
    found = np.concatenate(list(swaps(10, 20_000, seed=4)))
    assert set(np.unique(found)) == {-1.0, 1.0}
    assert np.abs(found.mean(axis=0)).max() < 4 / math.sqrt(20_000)
    assert np.array_equal(found, np.concatenate(list(swaps(10, 20_000, seed=4))))


def test_nothing_can_be_drawn_from_no_units() -> None:
    with pytest.raises(ValueError, match="a unit to draw from"):
        counts(0, 5, seed=1)


@given(
    drawn=st.lists(st.integers(0, 30), min_size=1, max_size=200),
    alpha=st.floats(0.001, 0.5),
    bound=st.integers(-1, 31),
)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_a_limit_and_a_p_value_never_disagree(drawn: list[int], alpha: float, bound: int) -> None:
    rank, size = rank_above(len(drawn), alpha), len(drawn)
    below = rank <= size and sorted(drawn)[rank - 1] < bound
    assert below == (p_value(sum(each >= bound for each in drawn), size) <= alpha)


def test_twenty_replicates_lie_beyond_a_limit_as_far_as_that_can_be() -> None:
    assert enough_replicates(4_000, 40_000, 0.05) == 4_000
    assert enough_replicates(4_000, 40_000, 0.002) == 10_000
    assert enough_replicates(4_000, 40_000, 1e-6) == 40_000
