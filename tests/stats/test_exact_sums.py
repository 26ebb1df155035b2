"""Sums are exact of what is added, and have the same bits in whatever order that is."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats import exact_sums
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.exact_sums import Sums, of_levels, rounded, segment_sums, total

values = st.lists(
    st.floats(-1e90, 1e90, allow_nan=False) | st.floats(-1e3, 1e3) | st.integers(-9, 9).map(float),
    min_size=1,
    max_size=40,
)


def same(one: Sums, other: Sums) -> bool:
    """Return whether two tables have the same bits."""
    return one.low == other.low and np.array_equal(one.limbs, other.limbs)


def sums_of(numbers: FloatArray, cells: IntArray, size: int) -> Sums:
    """Return the sums of numbers by cell."""
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    return segment_sums(numbers[order], starts).placed(ordered[starts], size)


@given(numbers=values, seed=st.integers(0, 9))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_sum_is_exactly_that_of_the_rounded_values(numbers: list[float], seed: int) -> None:
    array = np.array(numbers)
    cells = np.random.default_rng(seed).integers(0, 3, array.size)
    found = sums_of(array, cells, 3)
    kept = np.where(np.abs(rounded(array)) < 2.0**-900, 0.0, rounded(array))
    for cell in range(3):
        expected = sum(map(Fraction, kept[cells == cell].tolist()), Fraction(0))
        assert abs(found.fraction(cell) - expected) <= array.size * Fraction(2) ** -900
    assert found.everything() == sum((found.fraction(cell) for cell in range(3)), Fraction(0))


@given(numbers=values, seed=st.integers(0, 9), parts=st.integers(1, 5))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_any_split_in_any_order_gives_the_same_bits(
    numbers: list[float], seed: int, parts: int
) -> None:
    rng = np.random.default_rng(seed)
    array = np.array(numbers)
    cells = rng.integers(0, 3, array.size)
    whole = sums_of(array, cells, 3)
    pieces = [part for part in np.array_split(rng.permutation(array.size), parts) if part.size]
    found = [sums_of(array[part], cells[part], 3) for part in pieces]
    assert same(total(found), whole)
    assert same(total(reversed(found)), whole)
    assert np.array_equal(whole.floats(), total(found).floats())


@given(numbers=values)
@settings(derandomize=True, deadline=None, max_examples=80)
def test_a_sum_in_float64_is_right_but_for_its_last_bits(numbers: list[float]) -> None:
    found = segment_sums(np.array(numbers), np.array([0]))
    exact = float(found.fraction(0))
    assert float(found.floats()[0]) == pytest.approx(exact, rel=1e-15, abs=1e-260)


def test_more_values_than_fit_at_once_are_added_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_sums, "_CARRY_AFTER", 2)
    rng = np.random.default_rng(1)
    array = rng.lognormal(3, 2, 300_000)
    starts = np.array([0, 5, 140_000])
    found = segment_sums(array, starts)
    for cell, part in enumerate(np.split(rounded(array), starts[1:])):
        whole = sum(int(value * 2.0**80) for value in part.tolist())
        assert found.fraction(cell) == Fraction(whole, 2**80)


def test_many_parts_are_carried_before_they_overflow() -> None:
    most = (1 << 52) - 1
    parts = [(level, np.array([most])) for _ in range(1100) for level in (0, 1)]
    found = of_levels(parts, 1)
    assert found.everything() == 1100 * most * (1 + (1 << 36))
    assert found.fraction(0) == found.everything()


def test_no_values_and_zeros_are_nothing() -> None:
    nothing = Sums.nothing(2)
    assert same(segment_sums(np.zeros(3), np.array([0, 2])), nothing)
    assert same(segment_sums(np.empty(0), np.empty(0, np.int64)), Sums.nothing(0))
    assert same(nothing + nothing, nothing)
    one = segment_sums(np.array([1.5, -1.5]), np.array([0, 1]))
    assert same(one + segment_sums(np.array([-1.5, 1.5]), np.array([0, 1])), nothing)
    assert nothing.floats().tolist() == [0.0, 0.0]


def test_values_too_small_to_matter_are_left_out() -> None:
    found = segment_sums(np.array([1e-300, 5e-324, 1.0]), np.array([0]))
    assert found.everything() == 1


def test_cells_can_be_picked_and_their_levels_kept_to_what_is_needed() -> None:
    found = segment_sums(np.array([1e80, 2.0, -3.0]), np.array([0, 1, 2]))
    few = found.at(np.array([1, 2]))
    assert len(few.limbs) > 1
    assert same(few.least(), segment_sums(np.array([2.0, -3.0]), np.array([0, 1])))


def test_rounding_keeps_36_bits() -> None:
    array = np.array([math.pi, -math.e, 0.0, 3.0])
    assert np.allclose(rounded(array), array, rtol=2**-36, atol=0)
    assert rounded(rounded(array)).tolist() == rounded(array).tolist()


def test_a_highest_level_that_only_carries_a_sign_is_taken_back_into_the_one_below() -> None:
    parts = [np.array(rows) for rows in ([[5], [0]], [[7], [5], [0]], [[7], [2**36 - 1], [-1]])]
    for limbs in parts:
        found = exact_sums.canonical(0, limbs.astype(np.int64))
        exact = sum(int(limb) << (36 * i) for i, limb in enumerate(limbs[:, 0]))
        assert found.fraction(0) == exact
    cents = np.random.default_rng(1).lognormal(-7, 0.5, 500)
    whole = segment_sums(cents.copy(), np.array([0]))
    signed = total([whole, segment_sums(-cents, np.array([0])), whole])
    assert same(signed, whole)


def test_sums_that_are_taken_off_again_leave_the_bits_that_were_there_before() -> None:
    rng = np.random.default_rng(8)
    values = np.where(rng.random(300) < 0.5, 1.0, -1.0) * np.exp(rng.uniform(-60, 60, 300))
    starts = np.arange(0, 300, 100)
    before, more = (segment_sums(part, starts) for part in (values, values[::-1].copy()))
    left = (before + more + more.negative()).least()
    assert (left.low, left.limbs.tolist()) == (before.least().low, before.least().limbs.tolist())
