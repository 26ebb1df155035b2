"""What a judge finds is corrected by labels: limits hold, and say what is not known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import UNIT_INTERVAL, Support
from evalkit.stats import binomial, gaffke
from evalkit.stats.arrays import FloatArray
from evalkit.stats.judge_bias import (
    Corrected,
    Stratum,
    corrected_mean,
    corrected_rate,
)
from evalkit.stats.tally import Tally

ALPHAS = (0.001, 0.01, 0.05, 0.1, 0.4)


@st.composite
def strata(draw: st.DrawFn) -> Stratum:
    """Return a stratum, perhaps without labels or samples."""
    judged = draw(st.integers(0, 200))
    labelled = draw(st.integers(0, judged))
    return Stratum(judged, labelled, draw(st.integers(0, labelled)))


# ---------------------------------------------------------------- a judge that says yes or no


@pytest.mark.parametrize(
    ("accepted", "rejected", "expected"),
    [
        # binom.test in R, joined by hand.
        (
            Stratum(990, 95, 95), Stratum(10, 5, 0),
            (0.99, 0.958835667636869, 0.996862922668052),
        ),
        (
            Stratum(500, 100, 88), Stratum(500, 0, 0),
            (0.69, 0.437560914883612, 0.941405557698626),
        ),
    ],
)  # fmt: skip
def test_a_corrected_rate_is_that_of_r(
    accepted: Stratum, rejected: Stratum, expected: tuple[float, float, float]
) -> None:
    found = corrected_rate(accepted, rejected, 0.05)
    assert (found.estimate, found.lower, found.upper) == pytest.approx(expected, abs=1e-10)


@given(accepted=strata(), rejected=strata(), alpha=st.sampled_from(ALPHAS))
@settings(derandomize=True, deadline=None, max_examples=80)
def test_a_corrected_rate_lies_inside_its_limits_and_they_inside_the_support(
    accepted: Stratum, rejected: Stratum, alpha: float
) -> None:
    if not accepted.judged + rejected.judged:
        return
    found = corrected_rate(accepted, rejected, alpha)
    assert 0 <= found.lower <= found.estimate <= found.upper <= 1
    mirrored = corrected_rate(
        Stratum(rejected.judged, rejected.labelled, rejected.labelled - rejected.positive),
        Stratum(accepted.judged, accepted.labelled, accepted.labelled - accepted.positive),
        alpha,
    )
    assert mirrored.lower == pytest.approx(1 - found.upper, abs=1e-12)


@given(accepted=strata(), rejected=strata())
@settings(derandomize=True, deadline=None, max_examples=30)
def test_more_confidence_never_narrows_a_corrected_rate(
    accepted: Stratum, rejected: Stratum
) -> None:
    if not accepted.judged + rejected.judged:
        return
    found = [corrected_rate(accepted, rejected, alpha) for alpha in ALPHAS]
    assert [x.lower for x in found] == sorted(x.lower for x in found)
    assert [x.upper for x in found] == sorted((x.upper for x in found), reverse=True)


def test_a_judge_that_calls_everything_positive_leaves_the_limits_of_its_labels() -> None:
    found = corrected_rate(Stratum(300, 40, 31), Stratum(0, 0, 0), 0.05)
    assert found.estimate == 31 / 40
    assert found.lower == pytest.approx(binomial.lower_limit(31, 40, 0.05))
    assert found.upper == pytest.approx(binomial.upper_limit(31, 40, 0.05))


def test_strata_without_labels_are_joined_as_if_they_were_independent() -> None:
    found = corrected_rate(Stratum(300, 0, 0), Stratum(200, 0, 0), 0.05)
    assert found.estimate == 0.5
    # Not all of 0 to 1: what FEWEST_LABELS keeps callers from.
    assert found.lower == pytest.approx(0.5 - math.hypot(0.3, 0.2))
    alone = corrected_rate(Stratum(1, 0, 0), Stratum(0, 0, 0), 0.05)
    assert (alone.lower, alone.estimate, alone.upper) == (0, 0.5, 1)


def test_one_labelled_sample_says_what_one_trial_does() -> None:
    found = corrected_rate(Stratum(1, 1, 1), Stratum(0, 0, 0), 0.05)
    assert (found.lower, found.upper) == pytest.approx((0.05, 1))


@pytest.mark.parametrize("counts", [(5, 6, 0), (5, 3, 4), (5, 3, -1), (-1, -1, -1)])
def test_impossible_strata_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="labelled"):
        Stratum(*counts)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="found none"):
        corrected_rate(Stratum(0, 0, 0), Stratum(0, 0, 0), 0.05)


# ---------------------------------------------------------------- a judge that scores


def labelled(seed: int, n: int = 40) -> FloatArray:
    """Return the errors of a judge that is kind to bad answers."""
    rng = np.random.default_rng(seed)
    human = rng.beta(3, 1.5, n)
    return human - np.clip(human + 0.1 * (1 - human) + rng.normal(0, 0.05, n), 0, 1)


JUDGED = np.random.default_rng(1).beta(4, 1.5, 300)


def test_a_corrected_mean_joins_the_limits_of_engine_g() -> None:
    errors = labelled(2)
    found = corrected_mean(JUDGED, errors, UNIT_INTERVAL, 0.05)
    parts = (JUDGED, UNIT_INTERVAL), (errors, Support(-1.0, 1.0))
    units = [(Tally.of(values, support).units, support) for values, support in parts]
    down = [x.mean - gaffke.lower_limit(x, support, 0.05) for x, support in units]
    up = [gaffke.upper_limit(x, support, 0.05) - x.mean for x, support in units]
    assert found.estimate == pytest.approx(float(JUDGED.mean() + errors.mean()))
    assert found.lower == pytest.approx(found.estimate - math.hypot(*down))
    assert found.upper == pytest.approx(found.estimate + math.hypot(*up))


def test_a_corrected_mean_is_that_of_r() -> None:
    # CompQuadForm::davies and binom.test in R, joined by hand; the upper limit is beyond 1.
    judged, errors = np.repeat([0.0, 1.0], [70, 930]), np.repeat([0.0, 1.0], [97, 3])
    found = corrected_mean(judged, errors, UNIT_INTERVAL, 0.05)
    expected = (0.96, 0.918194609115626, 1.00747357333891)
    assert (found.estimate, found.lower, found.upper) == pytest.approx(expected, abs=1e-9)
    assert found.within(UNIT_INTERVAL) == Corrected(found.estimate, found.lower, 1.0)


def test_a_mean_of_yes_and_no_on_another_scale_is_the_same_mean() -> None:
    errors = labelled(3)
    found = corrected_mean(JUDGED, errors, UNIT_INTERVAL, 0.05)
    wide = corrected_mean(4 * JUDGED + 1, 4 * errors, Support(1.0, 5.0), 0.05)
    assert wide.estimate == pytest.approx(4 * found.estimate + 1)
    assert wide.lower == pytest.approx(4 * found.lower + 1)
    assert wide.upper == pytest.approx(4 * found.upper + 1)


def test_more_confidence_never_narrows_a_corrected_mean() -> None:
    found = [corrected_mean(JUDGED, labelled(4), UNIT_INTERVAL, alpha) for alpha in ALPHAS]
    assert all(x.lower <= x.estimate <= x.upper for x in found)
    assert [x.lower for x in found] == sorted(x.lower for x in found)
    assert [x.upper for x in found] == sorted((x.upper for x in found), reverse=True)


def test_the_order_of_samples_does_not_matter() -> None:
    rng, errors = np.random.default_rng(5), labelled(5)
    found = corrected_mean(JUDGED, errors, UNIT_INTERVAL, 0.05)
    turned = corrected_mean(rng.permutation(JUDGED), rng.permutation(errors), UNIT_INTERVAL, 0.05)
    assert turned == found


def test_without_labels_the_judge_may_be_wrong_by_anything() -> None:
    nothing = np.zeros(0)
    found = corrected_mean(JUDGED, nothing, UNIT_INTERVAL, 0.05).within(UNIT_INTERVAL)
    assert found.estimate == pytest.approx(float(JUDGED.mean()))
    assert (found.lower, found.upper) == (0, 1)
    empty = corrected_mean(nothing, nothing, UNIT_INTERVAL, 0.05)
    assert empty.estimate == 0.5
    assert empty.within(UNIT_INTERVAL) == Corrected(0.5, 0, 1)


def test_a_judge_that_always_agrees_still_has_an_error_nobody_saw() -> None:
    found = corrected_mean(np.full(50, 0.5), np.zeros(50), UNIT_INTERVAL, 0.05)
    assert found.estimate == 0.5
    assert found.lower < 0.45
    assert found.upper > 0.55


@pytest.mark.parametrize(
    ("judged", "errors", "support"),
    [
        ([0.5, 1.1], [0.0], UNIT_INTERVAL),
        ([-0.1], [0.0], UNIT_INTERVAL),
        ([0.5], [1.2], UNIT_INTERVAL),
        ([0.5], [0.0], Support(0.0, math.inf)),
    ],
)
def test_what_a_support_does_not_allow_is_refused(
    judged: list[float], errors: list[float], support: Support
) -> None:
    with pytest.raises(ValueError, match="expected values from"):
        corrected_mean(np.array(judged), np.array(errors), support, 0.05)


# ---------------------------------------------------------------- coverage under known truth


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.95, 0.8), (0.8, 0.6)])
def test_limits_of_a_corrected_rate_hold_the_truth_as_often_as_they_say(
    sensitivity: float, specificity: float
) -> None:
    rng = np.random.default_rng(6)
    truth, n, labels, runs = 0.85, 400, 60, 800
    missed = np.zeros(2)
    for _ in range(runs):
        human = rng.random(n) < truth
        judge = np.where(human, rng.random(n) < sensitivity, rng.random(n) > specificity)
        seen = np.arange(n) < labels  # the samples are in random order as they are
        accepted, rejected = (
            Stratum(
                int(verdict.sum()), int((verdict & seen).sum()), int((verdict & seen & human).sum())
            )
            for verdict in (judge, ~judge)
        )
        found = corrected_rate(accepted, rejected, 0.05)
        missed += found.lower > truth, found.upper < truth
    assert max(missed) / runs < 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_limits_of_a_corrected_mean_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    runs, missed = 150, np.zeros(2)
    for _ in range(runs):
        human = rng.beta(4, 1, 240).round(2)
        judge = (human + rng.normal(0.05, 0.1, 240)).clip(0, 1).round(2)
        errors: FloatArray = human[:40] - judge[:40]
        found = corrected_mean(judge[40:], errors, UNIT_INTERVAL, 0.05)
        missed += found.lower > 0.8, found.upper < 0.8
    assert max(missed) / runs < 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
