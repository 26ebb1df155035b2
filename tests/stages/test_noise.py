"""A snapshot laid beside itself: what it differs by is noise, and what is broken is a false alarm."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.core.envelope import Bound, Envelope, Require, Severity
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm
from evalkit.core.noise import NoiseFloor
from evalkit.stages.noise import noise_floor
from evalkit.stats.evidence import Evidence
from tests.stages.trials import SNAPSHOT, at_least, at_most, bound, exhibit, within
from tests.stats.arms import observed


def draws(rate: float, cases: int = 120, each: int = 4, *, noisy: float = 0.3) -> Evidence:
    """Return so many draws a case, of which some cases are of two minds."""
    rng = np.random.default_rng(3)
    chance = np.where(rng.random(cases) < noisy, 0.5, (rng.random(cases) < rate).astype(float))
    rows = (rng.random((cases, each)) < chance[:, None]).astype(float)
    return Evidence(cases, {Arm.BASELINE: observed([list(row) for row in rows])})


def floor(*bounds: Bound, seen: Evidence | None = None, comparisons: int = 60) -> NoiseFloor:
    shown = [exhibit(seen or draws(0.8)) for _ in bounds]
    return noise_floor(
        Envelope("x", SNAPSHOT, bounds), shown, how="draws", comparisons=comparisons, seed=5
    )


def test_the_noise_of_a_difference_lies_around_0_and_its_width_is_a_share_of_the_region() -> None:
    found = floor(bound(within(0.2)))
    [each] = found.bounds
    assert each.low is not None
    assert each.high is not None
    assert each.low < 0 < each.high
    assert each.width == pytest.approx((each.high - each.low) / 0.4, rel=1e-5)
    assert (found.cases, found.samples, found.comparisons) == (120, 480, 60)


def test_a_bound_on_one_side_has_no_width() -> None:
    assert floor(bound(at_least(0.5))).bounds[0].width is None
    assert floor(bound(at_most(0.0))).bounds[0].width is None


def test_a_snapshot_that_never_changes_has_no_noise_and_no_alarm() -> None:
    found = floor(bound(within(0.05)), seen=draws(0.8, noisy=0.0))
    [each] = found.bounds
    assert (each.low, each.high) == (0.0, 0.0)
    assert (found.alarm.count, found.blocked.count, found.noisiest) == (0, 0, None)
    assert found.alarm.upper == pytest.approx(1 - 0.05 ** (1 / 60), rel=1e-4)


def test_alarms_are_as_rare_as_promised_where_nothing_changed() -> None:
    found = floor(bound(within(0.04)), bound(at_least(0.6), name="floor"), comparisons=200)
    assert found.alarm.value <= 0.05
    assert found.blocked.count > 0
    assert found.noisiest == "accuracy"


def test_a_broken_baseline_is_an_alarm_every_time_and_the_noisiest_bound() -> None:
    found = floor(bound(at_least(0.99)), bound(within(0.5), name="delta"))
    assert found.alarm.count == 60
    assert found.blocked.count == 0
    assert found.noisiest == found.bounds[0].name
    assert found.bounds[0].broken is not None
    assert found.bounds[0].broken.count == 60


def test_a_bound_that_only_warns_raises_no_alarm() -> None:
    found = floor(bound(at_least(0.99), severity=Severity.WARN))
    assert (found.alarm.count, found.blocked.count) == (0, 0)
    assert not found.bounds[0].blocks


def test_a_bound_that_need_not_be_proven_is_never_undecided() -> None:
    found = floor(bound(within(0.01), require=Require.NOT_DISPROVEN))
    assert found.bounds[0].undecided is not None
    assert found.bounds[0].undecided.count == 0


def test_what_was_never_measured_says_so() -> None:
    rows = [[None, None]] * 20
    found = floor(bound(within(0.1)), seen=Evidence(20, {Arm.BASELINE: observed(rows)}))
    [each] = found.bounds
    assert (each.low, each.broken, each.undecided) == (None, None, None)
    assert "no value" in each.detail


def test_one_draw_a_case_tells_no_noise() -> None:
    with pytest.raises(UsageError, match="record a second draw"):
        floor(bound(within(0.1)), seen=draws(0.8, each=1))


def test_the_same_seed_gives_the_same_floor() -> None:
    assert floor(bound(within(0.1))) == floor(bound(within(0.1)))
