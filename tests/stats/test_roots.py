"""Where a function changes sign is found to the last bits, or said not to be there."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from evalkit.stats.roots import root


@given(place=st.floats(-20, 20), power=st.sampled_from([1, 3, 9]), scale=st.floats(1e-6, 1e6))
@settings(derandomize=True, deadline=None)
def test_the_root_of_a_power_is_found(place: float, power: int, scale: float) -> None:
    found = root(lambda x: scale * (x - place) ** power, -30.0, 31.0)
    assert found == pytest.approx(place, abs=3e-12)


@pytest.mark.parametrize(
    ("function", "low", "high"),
    [
        (lambda x: math.cos(x) - x, 0.0, 2.0),
        (lambda x: math.exp(-x) - 1e-9, 0.0, 700.0),
        (lambda x: math.atan(1e6 * (x - 0.3)), 0.0, 1.0),
        (lambda x: x**3 - 2 * x - 5, 2.0, 3.0),
        (lambda x: math.log(x) + 30, 1e-300, 1.0),
        (lambda x: 1 - x, -1e5, 1e5),
    ],
)
def test_roots_agree_with_scipy(
    function: Callable[[float], float], low: float, high: float
) -> None:
    expected = float(brentq(function, low, high, xtol=1e-15, rtol=1e-14))
    assert root(function, low, high) == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_a_root_at_an_end_is_that_end() -> None:
    assert root(lambda x: x, 0.0, 5.0) == 0
    assert root(lambda x: x - 5, 0.0, 5.0) == 5


def test_a_root_that_is_met_on_the_way_ends_the_search() -> None:
    calls = []

    def function(x: float) -> float:
        calls.append(x)
        return x - 0.5

    assert root(function, 0.0, 1.0) == 0.5
    assert len(calls) == 3


def test_the_ends_may_be_infinitely_far_off() -> None:
    def function(x: float) -> float:
        return math.inf if x < 0.1 else -math.inf if x > 0.9 else 0.4 - x

    assert root(function, 0.0, 1.0) == pytest.approx(0.4, abs=1e-12)


def test_a_jump_over_0_is_found_as_well() -> None:
    assert root(lambda x: 1.0 if x > math.pi else -1.0, 0.0, 10.0) == pytest.approx(math.pi)


def test_without_a_change_of_sign_there_is_no_root() -> None:
    with pytest.raises(ValueError, match=r"no sign change between 0\.0 \(1\.0\) and 2\.0 \(5\.0\)"):
        root(lambda x: x * x + 1, 0.0, 2.0)
    with pytest.raises(ValueError, match="no sign change"):
        root(lambda x: -x * x - 1, 0.0, 2.0)


def test_a_search_that_does_not_end_gives_the_best_it_has() -> None:
    # Halving 1e300 two hundred times leaves 1e240: the crossing is in what is left.
    found = root(lambda x: 1.0 if x > 1 else -1.0, 0.0, 1e300)
    assert 0 <= found < 1e241
