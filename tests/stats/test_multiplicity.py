"""Corrected p-values are those of their definitions, whatever the order of bounds."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from evalkit.stats.multiplicity import benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=7)


def closed_test(p_values: list[float]) -> list[float]:
    """Return what Holm's correction shortens: the worst Bonferroni test of any set around each."""
    places = range(len(p_values))
    sets = [found for size in places for found in combinations(places, size + 1)]
    tests = {found: min(1.0, len(found) * min(p_values[i] for i in found)) for found in sets}
    return [max(p for found, p in tests.items() if i in found) for i in places]


@given(p_values=P_VALUES)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_holm_is_the_closed_bonferroni_test(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(closed_test(p_values), rel=1e-12)


@given(p_values=P_VALUES)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_benjamini_and_hochberg_agree_with_scipy(p_values: list[float]) -> None:
    expected = false_discovery_control(p_values, method="bh").tolist()
    assert benjamini_hochberg(p_values) == pytest.approx(expected, rel=1e-12)


@given(p_values=P_VALUES, seed=st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_every_bound_keeps_its_p_value_in_another_order(
    p_values: list[float], seed: Random
) -> None:
    order = seed.sample(range(len(p_values)), len(p_values))
    for correct in (holm, benjamini_hochberg):
        found = correct(p_values)
        assert correct([p_values[i] for i in order]) == [found[i] for i in order]


@given(p_values=P_VALUES)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_correction_never_makes_a_claim_easier(p_values: list[float]) -> None:
    for raw, shared, one in zip(
        p_values, benjamini_hochberg(p_values), holm(p_values), strict=True
    ):
        assert raw - 1e-15 <= shared <= one + 1e-15
        assert one <= 1


def test_one_bound_is_not_corrected_and_no_bound_needs_nothing() -> None:
    assert (holm([0.04]), benjamini_hochberg([0.04])) == ([0.04], [0.04])
    assert (holm([]), benjamini_hochberg([])) == ([], [])


def test_equal_p_values_stay_equal() -> None:
    assert holm([0.02, 0.02, 0.02]) == pytest.approx([0.06] * 3)
    assert benjamini_hochberg([0.02, 0.02, 0.02]) == pytest.approx([0.02] * 3)
