"""What leaves the house has six significant digits, and the same type as before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import Kind, Limit, LimitKind
from evalkit.core.rounding import six_digits


@dataclass(frozen=True, slots=True)
class Pair:
    """A frozen value with another one inside."""

    limit: Limit
    counts: tuple[int, ...]
    kind: Kind
    name: str
    on: bool


def test_numbers_are_rounded_wherever_they_stand() -> None:
    pair = Pair(
        Limit(LimitKind.DELTA, -1 / 3, None), (12345678, 2), Kind.RATE, "1.23456789", on=True
    )
    assert six_digits(pair) == Pair(
        Limit(LimitKind.DELTA, -0.333333, None), (12345678, 2), Kind.RATE, "1.23456789", on=True
    )
    assert six_digits({"a": 2 / 3, "b": (1 / 3, None)}) == {"a": 0.666667, "b": (0.333333, None)}
    assert six_digits(MappingProxyType({"a": 1 / 7})) == {"a": 0.142857}
    assert six_digits(Kind) is Kind
    assert six_digits(Pair) is Pair


def test_infinities_stay_and_zero_loses_its_sign() -> None:
    assert six_digits((math.inf, -math.inf)) == (math.inf, -math.inf)
    assert math.copysign(1, six_digits(-0.0)) == 1
    assert math.isnan(six_digits(math.nan))


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(derandomize=True, deadline=None)
def test_rounding_twice_is_rounding_once_and_moves_little(value: float) -> None:
    once = six_digits(value)
    assert six_digits(once) == once
    assert math.isclose(once, value, rel_tol=5.1e-6, abs_tol=1e-300)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
@settings(derandomize=True, deadline=None)
def test_rounding_keeps_the_order_of_numbers(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert six_digits(low) <= six_digits(high)
