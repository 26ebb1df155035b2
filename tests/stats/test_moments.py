"""Spreads from sums are those from the values, for rows and for users, of one arm and of two."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.evidence import cluster_sums
from evalkit.stats.moments import Group, Moments, welch
from evalkit.stats.skew_t import Spread
from evalkit.stats.unpaired import mean_difference

NAMES = ("b", "d", "bb", "bd", "dd", "bbb", "bbd", "bdd", "ddd")


def groups_of(before: FloatArray, moved: FloatArray, users: IntArray | None) -> list[Group]:
    """Return units by size, as a tally would hold them."""
    b, sizes = cluster_sums(before, users)
    d, _ = cluster_sums(moved, users)
    found = []
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size).tolist()
        sums = {
            name: sum(
                (
                    Fraction(float(b[row])) ** name.count("b")
                    * Fraction(float(d[row])) ** name.count("d")
                    for row in rows
                ),
                Fraction(0),
            )
            for name in NAMES
        }
        found.append(Group(int(size), len(rows), sums))
    return found


def close(one: Spread, other: Spread) -> None:
    """Hold two spreads equal but for rounding."""
    for name in ("mean", "error", "freedom", "skew", "units"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9, abs=1e-9), name


@given(seed=st.integers(0, 99), n=st.integers(2, 40), clustered=st.booleans())
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_spread_from_sums_is_that_of_the_values(seed: int, n: int, *, clustered: bool) -> None:
    rng = np.random.default_rng(seed)
    before, moved = rng.lognormal(1, 1, n), rng.normal(0, 2, n)
    users = np.append([0, 1], rng.integers(0, 6, n - 2)) if clustered else None
    moments = Moments.of(groups_of(before, moved, users))
    for factor in (0.0, -0.5, 1.25):
        close(moments.spread(factor), Spread.of(*cluster_sums(moved + factor * before, users)))


def test_a_single_arm_needs_only_its_own_powers() -> None:
    values = np.random.default_rng(2).lognormal(0, 1, 30)
    powers = {
        "d" * power: sum((Fraction(v) ** power for v in values.tolist()), Fraction(0))
        for power in (1, 2, 3)
    }
    close(Moments.of([Group(1, 30, powers)]).spread(), Spread.of(values, np.ones(30)))


def test_equal_values_have_neither_spread_nor_skew() -> None:
    found = Moments.of(groups_of(np.full(5, 0.1), np.full(5, 0.3), None)).spread(2.0)
    assert (found.error, found.skew) == (0.0, 0.0)


@pytest.mark.parametrize("units", [0, 1])
def test_fewer_than_two_units_have_no_spread(units: int) -> None:
    sums = dict.fromkeys(NAMES, Fraction(1))
    with pytest.raises(ValueError, match=f"needs two units, found {units}"):
        Moments.of([Group(3, units, sums)] if units else [])


def test_two_separate_samples_are_compared_as_welch_does() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.normal(1, 1, 20), rng.normal(0, 3, 33)
    spreads = [Spread.of(x, np.ones(x.size)) for x in (first, second)]
    close(welch(spreads[0], spreads[1]), mean_difference(first, second))


def test_users_in_both_samples_take_off_what_they_share() -> None:
    one, other = Spread(1.0, 0.5, 9.0, 0.0, 10), Spread(2.0, 0.5, 19.0, 0.0, 20)
    found = welch(one, other, factor=2.0, shared=0.1)
    assert found.error == pytest.approx((0.25 + 1.0 - 0.4) ** 0.5)
    assert (found.mean, found.freedom) == (-3.0, 9.0)
    assert welch(one, other, shared=9.0).error == 0.0
    assert welch(Spread(1.0, 0.0, 9.0, 0.0, 2), Spread(1.0, 0.0, 5.0, 0.0, 2)).freedom == 5.0
