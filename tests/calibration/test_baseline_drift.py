"""A baseline that stayed is hardly ever called stale, and one that moved is found in good time."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest

from evalkit.core.digest import chance_of
from evalkit.core.envelope import UNIT_INTERVAL, Limit, LimitKind
from evalkit.stats.arrays import FloatArray
from evalkit.stats.baseline_drift import ALPHA, moved_after

RUNS = 300
DRAWS = 5
LIMIT = Limit(LimitKind.DELTA, -0.03, 0.03)
NEVER = 1_000_000


def chances_of_right(rng: np.random.Generator, cases: int) -> FloatArray:
    """Return how likely each case is answered rightly: most of them always or never, some by luck."""
    found = (rng.random(cases) < 0.9).astype(np.float64)
    noisy = rng.random(cases) < 0.15
    found[noisy] = rng.uniform(0.2, 0.8, np.count_nonzero(noisy))
    return found


def fallen(chances: FloatArray, drift: float) -> FloatArray:
    """Return the chances after the mean has fallen by so much."""
    left: FloatArray = chances * (1 - drift / chances.mean())
    return left


def alarm(rng: np.random.Generator, *, cases: int, drift: float) -> int:
    """Return after how many cases a baseline is called stale; cases are asked once each."""
    chances = chances_of_right(rng, cases)
    recorded = rng.binomial(DRAWS, chances) / DRAWS
    fresh = rng.random(cases) < fallen(chances, drift)
    return moved_after(fresh - recorded, UNIT_INTERVAL, LIMIT) or NEVER


def test_a_baseline_that_stayed_is_called_stale_in_at_most_one_of_a_hundred_histories() -> None:
    rng = np.random.default_rng(20260726)
    false = sum(alarm(rng, cases=500, drift=0.0) < NEVER for _ in range(RUNS))
    assert false <= ALPHA * RUNS


def test_so_it_is_where_one_golden_set_is_asked_again_and_again() -> None:
    rng, false = np.random.default_rng(20260727), 0
    for history in range(60):
        chances = chances_of_right(rng, 400)
        recorded = rng.binomial(DRAWS, chances) / DRAWS
        asked = [
            case
            for run in range(12)
            for case in range(400)
            if chance_of(f"{history}-{run}", str(case)) < 0.1
        ]
        fresh = rng.random(len(asked)) < chances[asked]
        false += moved_after(fresh - recorded[asked], UNIT_INTERVAL, LIMIT) is not None
    assert false == 0


def test_a_drift_that_a_bound_just_bears_is_not_called_one() -> None:
    rng = np.random.default_rng(20260728)
    false = sum(alarm(rng, cases=500, drift=0.03) < NEVER for _ in range(RUNS))
    assert false <= ALPHA * RUNS


@pytest.mark.parametrize(("drift", "cases"), [(0.2, 250), (0.1, 470)])
def test_a_drift_is_found_after_a_median_of_so_many_cases(drift: float, cases: int) -> None:
    rng = np.random.default_rng(20260729)
    found = [alarm(rng, cases=900, drift=drift) for _ in range(100)]
    assert median(found) <= cases
    assert sum(after < NEVER for after in found) >= 95
