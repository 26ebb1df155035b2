"""Limits become claims: inside, outside, or neither, with a p-value for the second."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import Limit, LimitKind
from evalkit.stats.decision import p_outside, proves_inside, proves_outside

FLOOR = Limit(LimitKind.ABSOLUTE, min=0.85)
CEILING = Limit(LimitKind.ABSOLUTE, max=0.85)
BAND = Limit(LimitKind.DELTA, min=-0.03, max=0.03)
SIDES = st.one_of(st.none(), st.floats(-1, 1))
SHARES = st.floats(0, 1)


def claims(lower: float, upper: float, limit: Limit) -> tuple[bool, bool]:
    """Return whether an interval proves "inside", and whether it proves "outside"."""
    return proves_inside(lower, upper, limit), proves_outside(lower, upper, limit)


@pytest.mark.parametrize(
    ("lower", "upper", "limit", "inside", "outside"),
    [
        (0.86, 0.93, FLOOR, True, False),
        (0.80, 0.93, FLOOR, False, False),
        (0.70, 0.80, FLOOR, False, True),
        (0.70, 0.80, CEILING, True, False),
        (0.80, 0.93, CEILING, False, False),
        (0.86, 0.93, CEILING, False, True),
        (-0.02, 0.02, BAND, True, False),
        (-0.04, 0.02, BAND, False, False),
        (-0.02, 0.04, BAND, False, False),
        (-0.04, 0.04, BAND, False, False),
        (-0.08, -0.04, BAND, False, True),
        (0.04, 0.08, BAND, False, True),
    ],
)
def test_an_interval_proves_a_bound_kept_or_broken_or_neither(
    lower: float, upper: float, limit: Limit, *, inside: bool, outside: bool
) -> None:
    assert claims(lower, upper, limit) == (inside, outside)


def test_a_limit_on_the_bound_is_inside() -> None:
    assert claims(0.85, 0.9, FLOOR) == (True, False)
    assert claims(0.8, 0.85, CEILING) == (True, False)
    assert claims(0.8, 0.85, FLOOR) == (False, False)
    assert claims(0.85, 0.9, CEILING) == (False, False)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_limit_that_rounding_moved_off_the_bound_is_still_on_it(scale: float) -> None:
    floor = Limit(LimitKind.ABSOLUTE, min=0.85 * scale)
    just, more = 0.85 * scale * (1 - 1e-10), 0.85 * scale * (1 - 1e-8)
    assert claims(just, scale, floor) == (True, False)
    assert claims(more, scale, floor) == (False, False)
    assert claims(0, just, floor) == (False, False)
    assert claims(0, more, floor) == (False, True)


def test_a_bound_of_0_has_no_size_but_rounding() -> None:
    gain = Limit(LimitKind.DELTA, min=0.0)
    assert claims(-1e-16, 0.1, gain) == (True, False)
    assert claims(-1e-12, 0.1, gain) == (False, False)
    assert claims(-0.1, -1e-16, gain) == (False, False)
    assert claims(-0.1, -1e-12, gain) == (False, True)


def test_no_limit_proves_nothing_on_its_side() -> None:
    assert claims(0.8, math.inf, CEILING) == (False, False)
    assert claims(0.9, math.inf, CEILING) == (False, True)
    assert claims(0.9, math.inf, FLOOR) == (True, False)
    assert claims(-math.inf, math.inf, BAND) == (False, False)


def test_what_is_no_number_proves_nothing() -> None:
    assert claims(math.nan, math.nan, BAND) == (False, False)


@given(ends=st.tuples(SHARES, SHARES), sides=st.tuples(SIDES, SIDES))
@settings(derandomize=True, deadline=None)
def test_nothing_is_proven_both_inside_and_outside(
    ends: tuple[float, float], sides: tuple[float | None, float | None]
) -> None:
    low, high = sides
    if low is not None and high is not None:
        low, high = sorted((low, high))
    limit = Limit(LimitKind.ABSOLUTE, min=low, max=high)
    assert claims(min(ends), max(ends), limit) != (True, True)


# ---------------------------------------------------------------- p-values


def test_one_side_has_its_own_p_value() -> None:
    assert p_outside(0.3, None, interval_width=9, band_width=0) == 0.3
    assert p_outside(None, 0.04, interval_width=9, band_width=0) == 0.04


def test_a_band_has_the_smaller_p_value_of_its_sides() -> None:
    assert p_outside(0.3, 0.02, interval_width=0.05, band_width=0.06) == 0.02
    assert p_outside(0.02, 0.3, interval_width=0.06, band_width=0.06) == 0.02


def test_an_interval_wider_than_the_band_pays_for_two_looks() -> None:
    assert p_outside(0.3, 0.02, interval_width=0.07, band_width=0.06) == 0.04
    assert p_outside(0.6, 0.7, interval_width=0.07, band_width=0.06) == 1
