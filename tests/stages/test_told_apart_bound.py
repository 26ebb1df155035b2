"""A bound on how well the arms may be told apart is judged beside all others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.core.drift import Drift, Separation, Told
from evalkit.core.envelope import UNIT_INTERVAL, Bound, Kind, Metric, Severity, Statistic
from evalkit.core.verdict import (
    BoundResult,
    Estimate,
    Outcome,
    Reason,
    Result,
    Unmeasured,
    Verdict,
)
from tests.stages.trials import SNAPSHOT, at_least, at_most, bound, exhibit, facts, verdict_on
from tests.stats.arms import evidence

DRIFT = Bound(
    "drift", Metric("drift", "", "", Kind.RATE, UNIT_INTERVAL), Statistic("rate"), at_most(0.6)
)
PLAIN = bound(at_least(0.1)), evidence([1.0] * 100, [1.0] * 100)


def separation(named: int, mistaken: int) -> Separation:
    pairs = named + mistaken
    return Separation(
        value=named / pairs, lower=0.0, upper=1.0, confidence=0.95, pairs=pairs, units=pairs,
        named=named, mistaken=mistaken, tied=0, widening=1.2, p=0.01, permutations=200,
    )  # fmt: skip


def looked(named: int, mistaken: int, *, floor: Separation | None = None) -> Drift:
    return Drift(
        Told.APART, "…", cases=300, chosen=300, missing=3,
        separation=separation(named, mistaken), floor=floor,
    )  # fmt: skip


def verdict(found: Drift | None, **changes: Any) -> Verdict:
    """Return the verdict on one plain bound and one on drift."""
    shown = exhibit(PLAIN[1])
    said = replace(facts(PLAIN[1]), drift=found)
    return verdict_on(
        [(PLAIN[0], shown)], found=said, baseline=SNAPSHOT,
        drift_bound=replace(DRIFT, **changes),
    )  # fmt: skip


def row(found: Drift | None, **changes: Any) -> BoundResult:
    return verdict(found, **changes).bounds[-1]


def test_arms_that_cannot_be_told_apart_keep_the_bound() -> None:
    found = verdict(looked(150, 150))
    assert found.outcome is Outcome.PASS
    assert found.bounds[-1].result is Result.HOLDS
    assert isinstance(found.bounds[-1].judged, Estimate)
    assert found.bounds[-1].judged.missing == 3
    assert found.bounds[-1].judged.approximate


def test_arms_that_can_be_told_apart_break_it() -> None:
    found = verdict(looked(260, 40))
    assert found.outcome is Outcome.FAIL
    assert found.bounds[-1].p_holm is not None
    assert "above" in found.bounds[-1].detail


def test_a_bound_that_only_warns_turns_nothing() -> None:
    found = verdict(looked(260, 40), severity=Severity.WARN)
    assert found.bounds[-1].result is Result.BROKEN
    assert found.outcome is Outcome.PASS


def test_between_both_it_is_undecided_and_says_which_limit_holds() -> None:
    found = row(looked(170, 130))
    assert (found.result, found.reason) == (Result.UNDECIDED, Reason.TOO_NOISY)
    assert found.settle is not None
    assert found.settle.margin is not None
    assert row(looked(170, 130), limit=found.settle.margin).result is Result.HOLDS


def test_what_lies_outside_on_its_own_is_corrected_for_the_others() -> None:
    named = next(n for n in range(180, 240) if row(looked(n, 300 - n)).p_broken < 0.05)  # type: ignore[operator]
    found = row(looked(named, 300 - named))
    assert found.p_broken is not None
    assert found.p_broken > 0.025
    assert (found.result, found.reason) == (Result.UNDECIDED, Reason.MULTIPLICITY)
    assert row(looked(named, 300 - named), severity=Severity.WARN).result is Result.BROKEN


def test_two_draws_of_one_arm_stand_beside_it_as_the_floor() -> None:
    found = row(looked(150, 150, floor=separation(51, 49)))
    assert isinstance(found.baseline, Estimate)
    assert found.baseline.value == pytest.approx(0.51)
    assert row(looked(150, 150)).baseline is None


@pytest.mark.parametrize(
    "found", [None, Drift(Told.OFF, "drift was not looked at."), Drift(Told.UNMEASURED, "8 pairs.")]
)
def test_what_was_not_looked_at_is_never_a_pass(found: Drift | None) -> None:
    judged = verdict(found)
    assert judged.outcome is Outcome.UNMEASURED
    assert judged.bounds[-1].reason is Reason.NO_VALUES
    assert judged.bounds[-1].detail.endswith(".")
    assert not judged.bounds[-1].detail.endswith("..")


def test_without_a_baseline_there_is_nothing_to_tell_apart() -> None:
    alone = evidence([1.0] * 100)
    said = replace(facts(alone), drift=Drift(Told.UNMEASURED, "there is no baseline."))
    found = verdict_on([(PLAIN[0], alone)], found=said, drift_bound=DRIFT).bounds[-1]
    assert found.reason is Reason.NO_BASELINE
    assert isinstance(found.judged, Unmeasured)
