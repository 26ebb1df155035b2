"""Tallies add to the same bits in any order, and a grid moves limits outward by almost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import permutations
from operator import add
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import UNIT_INTERVAL, Support
from evalkit.stats.arrays import FloatArray
from evalkit.stats.gaffke import lower_limit, upper_limit
from evalkit.stats.tally import UNITS_PER_COUNT, Tally
from tests.stats.arms import DIFFERENCE, units

PARTS = st.lists(
    st.lists(st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 1.0]), max_size=6), min_size=1, max_size=5
)


def tally(values: Sequence[float] | FloatArray, support: Support = UNIT_INTERVAL) -> Tally:
    """Return the tally of some values."""
    return Tally.of(np.asarray(values, dtype=np.float64), support)


def bits(found: Tally) -> tuple[bytes, bytes, bool]:
    """Return everything that a tally holds, bit for bit."""
    return found.values.tobytes(), found.parts.tobytes(), found.gridded


# ---------------------------------------------------------------- adding


@given(parts=PARTS, seed=st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None)
def test_tallies_add_to_the_tally_of_everything(parts: list[list[float]], seed: Random) -> None:
    whole = tally([value for part in parts for value in part])
    shuffled = seed.sample(parts, len(parts))
    assert bits(reduce(add, map(tally, parts))) == bits(whole)
    assert bits(reduce(add, map(tally, shuffled))) == bits(whole)
    assert whole.n == sum(len(part) for part in parts)


def test_many_values_add_to_the_same_bits_wherever_the_grid_begins() -> None:
    rng = np.random.default_rng(1)
    # Two thousand distinct values each: any two tallies are exact, three are gridded.
    parts = [tally(rng.random(2000)), tally(rng.random(2000)), tally(rng.random(2000))]
    parts.append(tally(rng.random(5000)))
    assert [part.gridded for part in parts] == [False, False, False, True]
    sums = [reduce(add, order) for order in permutations(parts)]
    sums.append((parts[0] + parts[1]) + (parts[2] + parts[3]))
    assert len({bits(found) for found in sums}) == 1
    assert sums[0].gridded
    assert sums[0].n == 11_000


def test_adding_exact_tallies_equals_one_tally_on_the_grid() -> None:
    values = np.random.default_rng(2).random(9000)
    apart = tally(values[:3000]) + tally(values[3000:6000]) + tally(values[6000:])
    assert bits(apart) == bits(tally(values))


def test_tallies_of_other_supports_do_not_add() -> None:
    with pytest.raises(ValueError, match="cannot add a tally on"):
        tally([0.5]) + tally([0.5], DIFFERENCE)


def test_no_values_make_an_empty_tally_that_adds_nothing() -> None:
    nothing = tally([])
    assert nothing.n == 0
    assert nothing.units.count == 0
    assert bits(nothing + tally([0.5])) == bits(tally([0.5]))


# ---------------------------------------------------------------- as units


def test_equal_values_are_counted_once() -> None:
    found = tally([0.5, 0.0, 0.5, 1.0, 0.5]).units
    assert found.sums.tolist() == [0, 0.5, 1]
    assert found.sizes.tolist() == [1, 1, 1]
    assert found.counts.tolist() == [1, 3, 1]


def test_a_tally_is_exact_up_to_4096_values() -> None:
    values = np.linspace(0, 1, 4096)
    assert not tally(values).gridded
    assert tally(values).units.sums.tolist() == values.tolist()
    assert tally(np.linspace(0, 1, 4097)).gridded


# ---------------------------------------------------------------- the grid


SHAPES: dict[str, tuple[FloatArray, Support]] = {
    "uniform": (np.random.default_rng(3).random(4_600), UNIT_INTERVAL),
    "mostly 0": (
        np.maximum(np.random.default_rng(4).normal(-0.1, 0.3, 12_500), 0).clip(max=1),
        UNIT_INTERVAL,
    ),
    "near the top": (np.random.default_rng(5).beta(40, 0.5, 4_600), UNIT_INTERVAL),
    "differences": (np.random.default_rng(6).normal(0, 0.05, 4_600), DIFFERENCE),
    "amounts": (np.random.default_rng(7).gamma(2, 120, 4_600).clip(max=4000), Support(0, 4096)),
    "elsewhere": (np.random.default_rng(8).uniform(-7, 12, 4200), Support(-10, 17)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_grid_moves_limits_outward_by_less_than_a_ten_thousandth_of_their_width(
    shape: str,
) -> None:
    values, support = SHAPES[shape]
    gridded = tally(values, support)
    assert gridded.gridded
    exact = units(np.sort(values))
    lower, upper = lower_limit(exact, support, 0.05), upper_limit(exact, support, 0.05)
    half = (upper - lower) / 2
    rounding = 1e-12 * support.width
    found = lower_limit(gridded.units, support, 0.05), upper_limit(gridded.units, support, 0.05)
    assert -rounding <= lower - found[0] < 1e-4 * half
    assert -rounding <= found[1] - upper < 1e-4 * half


@pytest.mark.parametrize(("low", "width"), [(0.0, 1e-3), (0.5, 4e-5)])
def test_values_in_a_few_cells_of_the_grid_move_limits_outward_and_hardly_further(
    low: float, width: float
) -> None:
    values = np.random.default_rng(9).uniform(low, low + width, 4200)
    exact, gridded = units(np.sort(values)), tally(values).units
    lower, upper = (each(exact, UNIT_INTERVAL, 0.05) for each in (lower_limit, upper_limit))
    half = (upper - lower) / 2
    assert 0 <= lower - lower_limit(gridded, UNIT_INTERVAL, 0.05) < 2e-3 * half
    assert 0 <= upper_limit(gridded, UNIT_INTERVAL, 0.05) - upper < 2e-3 * half


@pytest.mark.parametrize("shape", SHAPES)
def test_a_grid_keeps_the_mean_the_number_and_the_support(shape: str) -> None:
    values, support = SHAPES[shape]
    found = tally(values, support)
    assert found.n == values.size
    assert int(found.parts.sum()) == values.size * UNITS_PER_COUNT
    assert (found.parts > 0).all()
    assert found.units.mean == pytest.approx(float(values.mean()), abs=1e-9 * support.width)
    assert found.values.min() >= support.lower
    assert found.values.max() <= support.upper
    assert float(found.units.counts @ found.values**2) >= float((values**2).sum())


def test_values_on_the_grid_stay_where_they_are() -> None:
    ends = np.concatenate([np.zeros(7), np.ones(9), np.linspace(0, 1, 4097)])
    found = tally(ends)
    assert found.gridded
    assert found.units.sums.tolist() == np.linspace(0, 1, 4097).tolist()
    assert found.units.counts.tolist() == [8, *[1] * 4095, 10]
