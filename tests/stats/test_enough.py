"""How much traffic finds out a bad candidate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalkit.core.envelope import Support
from evalkit.stats.enough import (
    NINE_OF_TEN,
    Growth,
    enough,
    enough_events,
    enough_of_mean,
    enough_of_share,
    enough_values,
    variance_of,
)
from evalkit.stats.side_by_side import LEAST_MEANS, after_events, log_e_of
from evalkit.stats.streaming import Events


def test_what_grows_without_noise_takes_its_goal_over_its_growth() -> None:
    assert enough(Growth(0.01, 0.0), math.exp(-1)) == 100
    assert enough(Growth(0.01, 0.0), math.exp(-1), cost=1.0) == 200


def test_noise_and_a_higher_power_take_more() -> None:
    steady, noisy = enough(Growth(0.01, 0.001), 0.05), enough(Growth(0.01, 0.1), 0.05)
    surer = enough(Growth(0.01, 0.1), 0.05, power=NINE_OF_TEN)
    assert steady is not None
    assert noisy is not None
    assert surer is not None
    assert steady < noisy < surer


def test_what_does_not_grow_is_never_enough() -> None:
    assert enough(Growth(0.0, 1.0), 0.05) is None
    assert enough(Growth(-1.0, 1.0), 0.05) is None
    assert enough(Growth(1e-14, 1.0), 0.05) is None  # more requests than anybody has
    assert enough_events(0.01, 0.05, 0.05, tolerated=2.0, ratio=1.5) is None
    assert enough_of_share(0.05, 0.05, 0.05) is None
    assert enough_of_mean(0.0, 1.0, 0.05) is None
    assert enough_of_mean(1.0, 0.0, 0.05) is None


def test_events_in_four_of_five_canaries_alarm_by_then() -> None:
    rate, share, alpha = 0.02, 0.1, 0.01
    needed = enough_events(rate, share, alpha, tolerated=1.2, ratio=2.5)
    assert needed is not None
    rng, caught = np.random.default_rng(1), 0
    for _ in range(300):
        found = int(rng.binomial(needed, 2.5 * rate)), int(rng.binomial(9 * needed, rate))
        after = after_events((), Events(found[0], needed), Events(found[1], 9 * needed), 1.2)
        caught += log_e_of(after) >= math.log(1 / alpha)
    assert 0.75 <= caught / 300 <= 0.97


def test_fewer_events_more_tolerance_and_a_stricter_level_take_more_traffic() -> None:
    def needed(rate: float, alpha: float, tolerated: float) -> int:
        found = enough_events(rate, 0.05, alpha, tolerated=tolerated, ratio=2.0)
        assert found is not None
        return found

    usual = needed(0.01, 0.05, 1.0)
    assert usual < needed(0.001, 0.05, 1.0)
    assert usual < needed(0.01, 0.005, 1.0)
    assert usual < needed(0.01, 0.05, 1.5)


def test_a_share_that_would_be_more_than_all_is_all() -> None:
    assert enough_of_share(0.5, 2.0, 0.05) == enough_of_share(0.5, 1.0, 0.05)
    assert enough_events(0.6, 0.05, 0.05, tolerated=1.0, ratio=4.0) is not None


def test_smaller_effects_take_more_values() -> None:
    unit = Support(-1.0, 1.0)
    near = enough_values(0.02, 0.05, 0.01, mean=0.03, support=unit)
    far = enough_values(0.2, 0.05, 0.01, mean=0.03, support=unit)
    assert near is not None
    assert far is not None
    assert far < near
    assert enough_values(-0.1, 0.05, 0.01, mean=0.03, support=unit) is None


def test_a_mean_needs_at_least_what_makes_a_large_sample() -> None:
    assert enough_of_mean(100.0, 1.0, 0.05) == LEAST_MEANS
    small = enough_of_mean(0.05, 1.0, 0.05)
    assert small is not None
    assert small > 1000
    assert enough_of_mean(1e-9, 1.0, 0.05) is None


@pytest.mark.parametrize(("values", "expected"), [([0.0, 1.0, 1.0, 0.0], 0.25), ([3.0] * 5, 0.0)])
def test_a_variance_is_that_of_the_values(values: list[float], expected: float) -> None:
    found = variance_of(sum(values), sum(value * value for value in values), len(values))
    assert found == pytest.approx(expected)
