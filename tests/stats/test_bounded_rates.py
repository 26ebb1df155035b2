"""Engine G on as much data of another rate, and evidence cut to what a gate would have."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalkit.core.envelope import LimitKind
from evalkit.core.model import Arm
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.evidence import Evidence
from tests.stats.arms import engine, evidence, observed


def rate(values: list[float], clusters: list[int] | None = None) -> BoundedMean:
    found = engine(evidence(values, clusters=clusters))
    assert isinstance(found, BoundedMean)
    return found


def change(gained: int, lost: int, same: int) -> BoundedMean:
    after = [1.0] * gained + [0.0] * lost + [1.0] * same
    before = [0.0] * gained + [1.0] * lost + [1.0] * same
    found = engine(evidence(after, before), LimitKind.DELTA)
    assert isinstance(found, BoundedMean)
    return found


@pytest.mark.parametrize("value", [0.0, 0.03, 0.5, 0.97, 1.0])
def test_a_rate_of_another_value_is_that_many_of_as_many_cases(value: float) -> None:
    moved = rate([1.0] * 90 + [0.0] * 10).with_rate(value, differs=False)
    there = rate([1.0] * round(100 * value) + [0.0] * round(100 - 100 * value))
    assert moved.value == value
    assert moved.lower(0.05) == pytest.approx(there.lower(0.05), abs=1e-9)
    assert moved.upper(0.05) == pytest.approx(there.upper(0.05), abs=1e-9)


def test_clusters_make_fewer_units_of_the_cases() -> None:
    alone = rate([1.0, 0.0] * 60)
    tied = rate([1.0, 1.0, 0.0, 0.0] * 30, [place // 2 for place in range(120)])
    moved, moved_tied = (each.with_rate(0.8, differs=False) for each in (alone, tied))
    assert moved_tied.error == pytest.approx(moved.error * math.sqrt(2), rel=1e-6)


def test_a_rate_that_never_varied_keeps_its_number_of_units() -> None:
    for values in ([1.0] * 50, [0.0] * 50):
        moved = rate(values).with_rate(0.9, differs=False)
        assert moved.error == pytest.approx(math.sqrt(0.09 / 50))


@pytest.mark.parametrize("value", [-1.0, -0.2, 0.0, 0.05, 0.6, 1.0])
def test_a_difference_of_another_size_keeps_the_changes_that_cancel_out(value: float) -> None:
    found = change(6, 6, 188)
    moved = found.with_rate(value, differs=True)
    assert moved.value == value
    assert moved.low.mean == pytest.approx(value, abs=1e-12)
    assert moved.low.count == pytest.approx(200)
    cancelled = min(0.06, 1 - abs(value))
    spread = cancelled + abs(value) - value**2
    assert moved.error == pytest.approx(math.sqrt(max(spread, 0.0) / 200), abs=1e-9)
    assert moved.lower(0.05) <= value <= moved.upper(0.05)


def test_the_data_at_hand_moved_to_their_own_value_are_the_data_at_hand() -> None:
    found = change(9, 4, 187)
    same = found.with_rate(found.value, differs=True)
    assert same.error == pytest.approx(found.error, rel=1e-9)
    assert same.lower(0.05) == pytest.approx(found.lower(0.05), abs=1e-9)
    assert same.upper(0.05) == pytest.approx(found.upper(0.05), abs=1e-9)


def test_engine_g_is_its_own_stand_in() -> None:
    found = change(1, 1, 8)
    assert found.fixed is found


def test_only_clusters_whose_size_says_something_make_an_interval_approximate() -> None:
    assert not rate([1.0, 0.0] * 30).approximate
    even = rate([1.0, 0.0] * 60, [place // 2 for place in range(120)])
    assert not even.approximate
    large = [0.0] * 60 + [1.0] * 40
    codes = [place // 20 for place in range(60)] + list(range(10, 50))
    assert rate(large, codes).approximate


# ---------------------------------------------------------------- evidence


def test_the_first_samples_of_each_case_are_as_many_as_are_wanted() -> None:
    found = observed([[1.0, 2.0, 3.0], [4.0], [5.0, None], []])
    first = found.first(np.array([2, 3, 1, 1]))
    assert list(first.case) == [0, 0, 1, 2]
    assert list(first.values) == [1.0, 2.0, 4.0, 5.0]
    assert found.first(np.zeros(4, np.int64)).samples == 0


def test_samples_that_have_no_value_stay_samples() -> None:
    found = observed([[1.0, 2.0], [3.0]]).nothing()
    assert found.samples == found.missing == 3
    assert not found.values.any()
    assert list(found.case) == [0, 0, 1]


def test_the_order_of_betting_keeps_to_the_cases_that_are_kept() -> None:
    found = evidence([1.0, 0.0, 1.0, 0.0, 1.0])
    found = Evidence(5, found.arms, order=np.array([4, 1, 0, 3, 2]))
    part = found.among(np.array([True, False, True, True, True]))
    assert part.order is not None
    # Cases 0, 2, 3, 4 are now 0, 1, 2, 3.
    assert list(part.order) == [3, 0, 2, 1]
    assert found.among(np.ones(5, np.bool_)) is found
    unordered = evidence([1.0, 0.0]).among(np.array([True, False]))
    assert unordered.order is None
    assert unordered.arms[Arm.CANDIDATE].samples == 1
