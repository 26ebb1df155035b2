"""A standing is what limits and p-values of the engine say, for every sort of bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import Limit, LimitKind, Method, Require, Scope, Severity, Statistic
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.estimates import judged_engine
from evalkit.stats.multiplicity import holm
from evalkit.stats.standing import UNMEASURED, Standing, alarms, satisfied, standing
from tests.stages.bodies import SORTS, body
from tests.stats.arms import evidence

QUICK = sorted(name for name in SORTS if "p95 that" not in name and "exactly" not in name)


@pytest.mark.parametrize("name", QUICK)
def test_a_standing_agrees_with_the_limits(name: str) -> None:
    for number in range(4):
        found = body(name, np.random.default_rng([number, len(name)]))
        bound, seen = found.bound, found.evidence
        if bound.scope is Scope.GOLDEN_SET:
            seen = seen.by_draw(list(Arm) if bound.limit.compares else [Arm.CANDIDATE])
        engine = judged_engine(bound, seen)
        assert not isinstance(engine, Unmeasured)
        stands = standing(bound, found.evidence)
        lower, upper = engine.lower(bound.alpha), engine.upper(bound.alpha)
        inside = proves_inside(lower, upper, bound.limit) and not engine.constant
        assert stands.inside is (inside and stands.decidable)
        if stands.broken(bound.alpha):
            assert proves_outside(lower, upper, bound.limit)


def test_a_band_that_is_narrower_than_the_interval_is_broken_at_twice_the_p_value() -> None:
    start = body("a rate", np.random.default_rng(2)).bound
    seen = evidence([1.0] * 80 + [0.0] * 20)
    for side in np.linspace(0.81, 0.9, 30):
        limit = Limit(LimitKind.ABSOLUTE, float(side), float(side) + 0.01)
        bound = replace(start, limit=limit, confidence=0.95)
        engine = judged_engine(bound, seen)
        p = standing(bound, seen).p_broken
        assert p is not None
        assert not isinstance(engine, Unmeasured)
        twice = min(1.0, 2 * engine.p_below(float(side)))
        assert (p <= bound.alpha) is (twice <= bound.alpha)


def test_a_ratio_to_what_may_be_nothing_is_not_decidable() -> None:
    bound = body("a ratio of amounts", np.random.default_rng(2)).bound
    bound = replace(bound, limit=Limit(LimitKind.RATIO, max=9.0))
    rare = [1000.0, *[0.0] * 99]
    assert not standing(bound, evidence(rare, rare)).decidable
    often = [1.0, 2.0] * 50
    assert standing(bound, evidence(often[::-1], often)).inside
    assert standing(bound, evidence(often, [0.0] * 100)).p_broken is None
    tail = body("a p4 over another", np.random.default_rng(2))
    fewer = replace(tail.bound, statistic=Statistic.parse("p5"), confidence=0.999)
    assert not standing(fewer, tail.evidence).decidable


def test_alarms_are_those_of_the_blocking_bounds_together() -> None:
    bound = body("a rate", np.random.default_rng(2)).bound
    blocks = replace(bound, severity=Severity.BLOCK, confidence=0.95)
    warns = replace(blocks, severity=Severity.WARN)
    p_values = [0.02, 0.02, 0.03, 0.9]
    found = [Standing(inside=False, p_broken=p, value=0.0) for p in p_values]
    corrected = [p <= 0.05 for p in holm(p_values)]
    assert alarms([blocks] * 4, found) == corrected
    assert alarms([warns] * 4, found) == [True, True, True, False]
    assert alarms([blocks, warns, warns, blocks], [*found[:3], UNMEASURED]) == [
        True, True, True, False,
    ]  # fmt: skip
    # What is not decidable takes its place among the others and is never an alarm.
    few = Standing(inside=False, p_broken=1e-9, value=0.0, decidable=False)
    assert alarms([blocks] * 2, [few, Standing(inside=False, p_broken=0.04, value=0.0)]) == [
        False, True,
    ]  # fmt: skip


def test_what_satisfies_a_bound_is_a_proof_or_the_lack_of_a_disproof() -> None:
    bound = body("a rate", np.random.default_rng(2)).bound
    proven = replace(bound, require=Require.PROVEN)
    loose = replace(bound, require=Require.NOT_DISPROVEN)
    inside = Standing(inside=True, p_broken=1.0, value=0.0)
    unknown = Standing(inside=False, p_broken=0.3, value=0.0)
    assert satisfied(proven, inside, broken=False)
    assert not satisfied(proven, unknown, broken=False)
    assert satisfied(loose, unknown, broken=False)
    assert not satisfied(loose, unknown, broken=True)
    assert not satisfied(loose, UNMEASURED, broken=False)


def test_too_many_missing_samples_in_either_arm_are_no_standing() -> None:
    bound = body("a delta of rates", np.random.default_rng(2)).bound
    gaps: list[float | None] = [1.0] * 95 + [None] * 5
    whole = [1.0] * 100
    most = dict.fromkeys(Arm, 0.04)
    for seen in (evidence(gaps, whole), evidence(whole, gaps)):
        assert standing(bound, seen, max_missing=most).p_broken is None
        assert standing(bound, seen, max_missing=dict.fromkeys(Arm, 0.05)).p_broken is not None
        assert standing(bound, seen).p_broken is not None


def test_nothing_at_all_is_no_standing() -> None:
    bound = body("a delta of rates", np.random.default_rng(2)).bound
    for seen in (evidence([], []), evidence([None], [1.0]), evidence([1.0], [None])):
        assert standing(bound, seen).p_broken is None


def test_a_bet_that_was_won_stays_won() -> None:
    start = body("a rate that is bet on", np.random.default_rng(1)).bound
    bound = replace(start, limit=Limit(LimitKind.ABSOLUTE, min=0.7), confidence=0.95)
    seen = evidence([0.0] * 40 + [1.0] * 140)
    found = standing(bound, seen)
    assert found.value > 0.7
    assert found.broken(bound.alpha)
    assert standing(replace(bound, method=Method.USUAL), seen).inside
