"""A baseline is called stale when it has moved further than a limit allows, and not before."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.core.envelope import UNIT_INTERVAL, Limit, LimitKind, Support
from evalkit.stats.arrays import FloatArray
from evalkit.stats.baseline_drift import moved_after, room_of

DELTA = LimitKind.DELTA
THREE = Limit(DELTA, -0.03, 0.03)


def has_moved(differences: FloatArray, support: Support, limit: Limit) -> bool:
    return moved_after(differences, support, limit) is not None


def moved(rose: int, fell: int, of: int = 400) -> FloatArray:
    """Return differences of which some are +1 and some −1, well mixed."""
    found = np.zeros(of)
    found[:rose], found[rose : rose + fell] = 1.0, -1.0
    return np.random.default_rng(1).permutation(found)


@pytest.mark.parametrize(
    ("limit", "rooms"),
    [
        (THREE, (0.03, 0.03)),
        (Limit(DELTA, -0.02, 0.05), (0.02, 0.05)),
        (Limit(DELTA, max=0.05), (0.05, 0.05)),
        (Limit(DELTA, min=0.01), (0.01, 0.01)),
    ],
)
def test_the_side_that_feels_it_says_how_far_a_baseline_may_move(
    limit: Limit, rooms: tuple[float, float]
) -> None:
    assert room_of(limit) == rooms


@pytest.mark.parametrize(("rose", "fell", "stale"), [(80, 0, True), (0, 80, True), (40, 40, False)])
def test_twenty_points_either_way_are_seen_and_noise_is_not(
    rose: int, fell: int, *, stale: bool
) -> None:
    assert has_moved(moved(rose, fell), UNIT_INTERVAL, THREE) is stale


def test_a_wide_side_bears_what_a_narrow_one_does_not() -> None:
    limit = Limit(DELTA, -0.02, 0.5)
    assert has_moved(moved(80, 0), UNIT_INTERVAL, limit)
    assert not has_moved(moved(0, 80), UNIT_INTERVAL, limit)


def test_once_seen_it_stays_seen_whatever_comes() -> None:
    seen = moved(80, 0)
    after = moved_after(seen, UNIT_INTERVAL, THREE)
    assert after is not None
    assert moved_after(seen[:after], UNIT_INTERVAL, THREE) == after
    assert moved_after(seen[: after - 1], UNIT_INTERVAL, THREE) is None
    assert has_moved(np.concatenate([seen, np.zeros(2000)]), UNIT_INTERVAL, THREE)
    assert not has_moved(seen[:30], UNIT_INTERVAL, THREE)


def test_a_scale_changes_nothing() -> None:
    wide = Support(-10.0, 40.0)
    for rose in (20, 80):
        found = has_moved(50 * moved(rose, 0), wide, Limit(DELTA, -1.5, 1.5))
        assert found is has_moved(moved(rose, 0), UNIT_INTERVAL, THREE)


def test_what_is_not_there_has_not_moved() -> None:
    assert not has_moved(np.zeros(0), UNIT_INTERVAL, THREE)


def test_a_limit_as_wide_as_the_range_bears_everything() -> None:
    assert not has_moved(np.ones(300), UNIT_INTERVAL, Limit(DELTA, -1.0, 1.0))


def test_a_value_beyond_its_range_counts_as_its_end() -> None:
    assert has_moved(np.full(300, 7.0), UNIT_INTERVAL, THREE)
