"""Where planning says that a bound stands is where the judge puts it, on the same evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import Method, Require, Severity
from evalkit.core.model import Arm
from evalkit.core.verdict import BoundResult, Reason, Result
from evalkit.stats.evidence import Observed
from evalkit.stats.standing import Standing, alarms, satisfied, standing
from tests.stages.bodies import SORTS, Body, body
from tests.stages.trials import verdict_on
from tests.stats.arms import evidence

MOST_MISSING = 0.03

FRAGILE = ("a p50 beside another", "a rate that drifts and is bet on")
"""Sorts on which the judge stumbles over its own words: they have a test each, at the end."""

JUDGED = sorted(set(SORTS) - set(FRAGILE))
QUICK = [name for name in JUDGED if "p95 that" not in name and "exactly" not in name]
ANY_ARM = dict.fromkeys(Arm, MOST_MISSING)


def stood(found: Standing, *, broken: bool) -> Result:
    """Return the result that a standing and its alarm amount to."""
    if found.p_broken is None:
        return Result.UNMEASURED
    if broken:
        return Result.BROKEN
    return Result.HOLDS if found.inside else Result.UNDECIDED


def kept(result: BoundResult) -> bool:
    """Return whether a gate would be satisfied with a bound."""
    loose = result.require is Require.NOT_DISPROVEN and result.result is Result.UNDECIDED
    return result.result is Result.HOLDS or loose


def compared(bodies: list[Body]) -> list[BoundResult]:
    """Check every bound of one run against its standing, and return what the judge says."""
    bounds = [each.bound for each in bodies]
    trials = [(each.bound, each.evidence) for each in bodies]
    judged = list(verdict_on(trials, max_missing=MOST_MISSING).bounds)
    found = [standing(each.bound, each.evidence, max_missing=ANY_ARM) for each in bodies]
    loud = alarms(bounds, found)
    assert [stood(each, broken=alarm) for each, alarm in zip(found, loud, strict=True)] == [
        each.result for each in judged
    ], bounds
    says = zip(bounds, found, loud, strict=True)
    assert [satisfied(bound, each, broken=alarm) for bound, each, alarm in says] == [
        kept(each) for each in judged
    ]
    return judged


@pytest.mark.parametrize("name", JUDGED)
def test_a_standing_is_the_verdict_for_every_sort_of_bound(name: str) -> None:
    seed = [ord(letter) for letter in name]
    for number in range(3):
        rng = np.random.default_rng([*seed, number])
        compared([body(name, rng, missing=0.02 * (number == 2))])


def test_standings_of_several_bounds_are_corrected_as_the_judge_corrects_them() -> None:
    seen: set[Result | Reason | None] = set()
    for number in range(40):
        rng = np.random.default_rng([7, number])
        names = rng.choice(QUICK, size=int(rng.integers(2, 5)))
        missing = float(rng.choice([0, 0, 0.02, 0.06]))
        bodies = [
            body(str(name), rng, missing=missing, number=place) for place, name in enumerate(names)
        ]
        for result in compared(bodies):
            seen |= {result.result, result.reason}
    # Nothing is proven by cases that never come: all results do, and most of the reasons.
    assert set(Result) <= seen
    assert {Reason.MULTIPLICITY, Reason.TOO_FEW, Reason.TOO_NOISY, Reason.MISSING} <= seen


def test_a_bound_on_too_few_units_counts_among_the_others_but_is_not_shown_broken() -> None:
    rng = np.random.default_rng(5)
    few = body("a mean of too few", rng)
    limit = replace(few.bound.limit, min=None, max=0.01)
    few = Body(replace(few.bound, limit=limit, severity=Severity.BLOCK), few.evidence)
    alone = standing(few.bound, few.evidence)
    assert alone.p_broken is not None
    assert alone.p_broken < 1e-6
    assert not alone.decidable
    assert not alone.broken(0.05)
    other = body("a rate", rng, number=1)
    (first, second) = compared([few, replace(other, bound=replace(other.bound, name="other"))])
    assert first.reason is Reason.TOO_FEW
    assert second.result is not Result.UNMEASURED


def test_more_missing_samples_than_the_envelope_allows_are_no_standing() -> None:
    rng = np.random.default_rng(3)
    thin = body("a delta of rates", rng, missing=0.2)
    assert standing(thin.bound, thin.evidence, max_missing=ANY_ARM).p_broken is None
    assert standing(thin.bound, thin.evidence).p_broken is not None
    only_baseline = {Arm.BASELINE: 1.0, Arm.CANDIDATE: MOST_MISSING}
    whole = thin.evidence.arms[Arm.BASELINE]
    full = replace(thin.evidence, arms={Arm.BASELINE: whole, Arm.CANDIDATE: _whole(whole.samples)})
    assert standing(thin.bound, full, max_missing=only_baseline).p_broken is not None


def test_no_case_at_all_is_no_standing() -> None:
    found = body("a rate", np.random.default_rng(1))
    assert standing(found.bound, evidence([])).p_broken is None


def test_a_bet_that_was_won_stays_won_wherever_the_value_goes() -> None:
    early, late = [0.0] * 40, [1.0] * 140
    start = body("a rate that is bet on", np.random.default_rng(1)).bound
    limit = replace(start.limit, min=0.7, max=None)
    bound = replace(start, limit=limit, confidence=0.95)
    found = standing(bound, evidence([*early, *late]))
    assert found.value > 0.7
    assert found.broken(bound.alpha)
    usual = standing(replace(bound, method=Method.USUAL), evidence([*early, *late]))
    assert not usual.broken(bound.alpha)
    assert usual.inside


@pytest.mark.parametrize("name", FRAGILE)
def test_a_standing_is_the_verdict_on_bets_and_compared_quantiles_too(name: str) -> None:
    for number in range(8):
        compared([body(name, np.random.default_rng([1, number]))])


def _whole(samples: int) -> Observed:
    return evidence([1.0] * samples).arms[Arm.CANDIDATE]
