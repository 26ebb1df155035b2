"""Arms that do not differ are told apart as rarely as the look at their texts says."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.calibration.drift import PAGE, WORLDS, false_reasons, seen, separations

RUNS = 120


def allowed(rate: float, runs: int = RUNS) -> float:
    """Return a rate and three standard errors of it over so many runs."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / runs)


@pytest.mark.parametrize("name", [name for name in WORLDS if "nothing" in name])
def test_nothing_is_told_apart_more_often_than_it_says(name: str) -> None:
    found = seen(WORLDS[name], 50, RUNS, seed=3, changed=False)
    assert found.told <= allowed(0.05)
    assert found.above <= allowed(0.05)
    assert found.below <= allowed(0.05)


def test_p_values_of_nothing_are_spread_evenly() -> None:
    p = [found.p for found in separations(WORLDS["nothing changed"], 40, RUNS, seed=5)]
    for share in (0.2, 0.5, 0.8):
        below = float(np.mean(np.array(p) <= share))
        assert below == pytest.approx(share, abs=3 * math.sqrt(share * (1 - share) / RUNS))


@pytest.mark.parametrize("name", ["a little changed", "much changed"])
def test_limits_hold_what_so_many_pairs_teach(name: str) -> None:
    found = seen(WORLDS[name], 60, RUNS, seed=4)
    assert found.above <= allowed(0.05)
    assert found.below <= allowed(0.05)
    assert found.told > 0.5


def test_nothing_is_said_to_differ_that_does_not() -> None:
    assert false_reasons(40, 25, seed=6) <= allowed(0.05, 25)


def test_the_page_shows_every_world() -> None:
    text = PAGE.read_text("utf-8")
    assert all(f"| {name} |" in text for name in WORLDS)
