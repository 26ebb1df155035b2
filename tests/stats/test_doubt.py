"""How far mistakes of a detector may move a number, and which limits are left then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import Limit, LimitKind, Statistic
from evalkit.core.model import Arm
from evalkit.stats.doubt import Doubt, Mistaken, doubt_about, to_break, to_hold
from evalkit.stats.standing import standing
from tests.stages.trials import ACCURACY, at_least, at_most, bound, within
from tests.stats.arms import evidence

BASELINE = Mistaken(rate=0.2, false=0.02, missed=0.01)
CANDIDATE = Mistaken(rate=0.3, false=0.05, missed=0.03)
BOTH = {Arm.BASELINE: BASELINE, Arm.CANDIDATE: CANDIDATE}


def test_a_rate_may_be_as_much_too_high_as_its_ones_are_wrong() -> None:
    assert doubt_about(bound(at_least(0.5)), BOTH) == Doubt(down=0.05, up=0.03)


def test_mistakes_of_both_arms_add_up_in_a_difference() -> None:
    found = doubt_about(bound(within(0.03)), BOTH)
    assert found is not None
    assert (found.down, found.up) == pytest.approx((0.06, 0.05))


def test_a_shift_moves_at_most_as_far_as_all_mistakes_together() -> None:
    found = doubt_about(bound(Limit(LimitKind.SHIFT, max=0.1, distance="ks")), BOTH)
    assert found is not None
    assert (found.down, found.up) == pytest.approx((0.11, 0.11))


def test_a_ratio_lies_between_its_least_and_its_most() -> None:
    found = doubt_about(bound(Limit(LimitKind.RATIO, max=1.1)), BOTH)
    assert found is not None
    assert 1.5 - found.down == pytest.approx(0.25 / 0.21)
    assert 1.5 + found.up == pytest.approx(0.33 / 0.18)


def test_a_ratio_to_what_may_be_nothing_has_no_end() -> None:
    limit = bound(Limit(LimitKind.RATIO, max=1.1))
    whole = {**BOTH, Arm.BASELINE: Mistaken(rate=0.2, false=0.2, missed=0.0)}
    found = doubt_about(limit, whole)
    assert found is not None
    assert found.up == np.inf
    assert doubt_about(limit, {**BOTH, Arm.BASELINE: Mistaken(0.0, 0.0, 0.1)}) is None


def test_the_baseline_stands_in_for_a_candidate_that_nobody_asked_yet() -> None:
    only = {Arm.BASELINE: BASELINE}
    assert doubt_about(bound(at_least(0.5)), only) == Doubt(0.02, 0.01)
    assert doubt_about(bound(within(0.1)), only) == Doubt(0.03, 0.03)
    assert doubt_about(bound(within(0.1)), {Arm.CANDIDATE: CANDIDATE}) == Doubt(0.08, 0.08)


def test_nothing_is_known_of_what_no_detector_read_and_of_quantiles() -> None:
    asked = bound(at_least(0.5))
    assert doubt_about(asked, {}) is None
    assert to_hold(asked, {}) is asked
    assert to_break(asked, {}) is asked
    assert doubt_about(replace(asked, statistic=Statistic.parse("p50")), BOTH) is None


def test_limits_are_tightened_to_hold_and_loosened_to_break() -> None:
    doubt = Doubt(down=0.02, up=0.01)
    tight = doubt.tightened(within(0.05))
    assert (tight.min, tight.max) == pytest.approx((-0.03, 0.04))
    loose = doubt.loosened(within(0.05))
    assert (loose.min, loose.max) == pytest.approx((-0.06, 0.07))
    assert doubt.tightened(at_least(0.5)) == at_least(0.52)
    assert doubt.loosened(at_most(0.5)) == at_most(0.52)


def test_ends_that_would_cross_meet_in_the_middle() -> None:
    met = Doubt(down=0.06, up=0.04).tightened(within(0.03))
    assert met.min == met.max == pytest.approx(0.01)


def test_a_standing_is_that_of_the_worst_that_the_detector_may_have_done() -> None:
    seen = evidence([1.0] * 290 + [0.0] * 10)
    floor = bound(at_least(0.93))
    assert standing(floor, seen).inside
    doubtful = replace(seen, mistakes={Arm.CANDIDATE: Mistaken(0.967, 0.02, 0.0)})
    assert not standing(floor, doubtful).inside
    ceiling = bound(at_most(0.93))
    assert standing(ceiling, seen).broken(0.05)
    assert not standing(ceiling, doubtful).broken(0.05)
    assert standing(bound(at_most(0.90)), doubtful).broken(0.05)
    assert floor.metric == ACCURACY
