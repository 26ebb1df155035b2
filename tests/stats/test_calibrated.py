"""Labels of a random part of the samples correct what a detector says of all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import UNIT_INTERVAL, Limit, LimitKind, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.stats import binomial
from evalkit.stats.agreement import kappa
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.calibrated import Uncalibrated, calibrated_engine
from evalkit.stats.engines.calibrated import LEAST_P, CalibratedMean
from evalkit.stats.engines.protocol import Engine, Mean
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.judge_bias import Stratum, corrected_mean, corrected_rate
from evalkit.stats.labels import Labels
from evalkit.stats.stratified import Items, stratified

N = 300
ALPHAS = (0.2, 0.05, 1e-4)
NAMES = ("called 0", "called 1")
ABSOLUTE, DELTA, RATIO, _ = LimitKind


def observed(values: FloatArray, draws: int = 1, present: BoolArray | None = None) -> Observed:
    there = np.ones(values.size, np.bool_) if present is None else present
    return Observed(np.arange(values.size) // draws, np.where(there, values, 0.0), there)


def verdicts(seed: int, rate: float = 0.3, n: int = N) -> FloatArray:
    return (np.random.default_rng(seed).random(n) < rate).astype(np.float64)


def said(values: FloatArray, seed: int, *, agree: float = 0.9) -> FloatArray:
    """Return what people say of all samples, who mostly agree."""
    turned = np.random.default_rng(seed).random(values.size) > agree
    return np.where(turned, 1 - values, values)


def some(values: FloatArray, human: FloatArray, each: int = 40) -> Labels:
    """Return labels of the first samples of either verdict; samples are in random order."""
    known = np.zeros(values.size, np.bool_)
    for verdict in (0.0, 1.0):
        known[np.flatnonzero(values == verdict)[:each]] = True
    return Labels(values.astype(np.int64), np.where(known, human, np.nan), NAMES)


def engine(
    arms: dict[Arm, tuple[FloatArray, Labels]],
    kind: LimitKind = ABSOLUTE,
    *,
    clusters: IntArray | None = None,
    draws: dict[Arm, int] | None = None,
    support: Support = UNIT_INTERVAL,
) -> Engine:
    by = draws or {}
    seen = {arm: observed(values, by.get(arm, 1)) for arm, (values, _) in arms.items()}
    cases = int(seen[Arm.CANDIDATE].case[-1]) + 1
    labels = {arm: found for arm, (_, found) in arms.items()}
    evidence = Evidence(cases, seen, clusters)
    found = calibrated_engine(evidence, kind, Arm.CANDIDATE, support, labels)
    assert not isinstance(found, (Uncalibrated, Unmeasured)), found
    return found


def both(seed: int, each: int = 40) -> dict[Arm, tuple[FloatArray, Labels]]:
    """Return two arms that are alike in most cases, labelled on their own."""
    candidate, found = verdicts(seed), {}
    baseline = np.where(np.random.default_rng(seed + 1).random(N) < 0.9, candidate, 1 - candidate)
    for arm, values in ((Arm.BASELINE, baseline), (Arm.CANDIDATE, candidate)):
        found[arm] = values, some(values, said(values, seed + len(arm)), each)
    return found


def in_pairs(seed: int, each: int = 25) -> dict[Arm, tuple[FloatArray, Labels]]:
    """Return two arms of which pairs are labelled, as many of each kind."""
    arms = both(seed)
    baseline, candidate = (arms[arm][0] for arm in (Arm.BASELINE, Arm.CANDIDATE))
    kind = (2 * candidate + baseline).astype(np.int64)
    known = np.zeros(N, np.bool_)
    for code in np.unique(kind):
        known[np.flatnonzero(kind == code)[:each]] = True
    names = tuple("abcd")
    return {
        arm: (values, Labels(kind, np.where(known, said(values, 7), np.nan), names))
        for arm, (values, _) in arms.items()
    }


MADE: dict[str, Callable[[int], Engine]] = {
    "rate": lambda seed: engine({Arm.CANDIDATE: (v := verdicts(seed), some(v, said(v, seed)))}),
    "delta": lambda seed: engine(both(seed), DELTA),
    "pairs": lambda seed: engine(in_pairs(seed), DELTA),
    "ratio": lambda seed: engine(both(seed), RATIO),
    "ratio of pairs": lambda seed: engine(in_pairs(seed), RATIO),
}


# ---------------------------------------------------------------- one arm


def test_a_rate_is_that_of_the_strata_with_limits_no_nearer_than_they_give() -> None:
    values = verdicts(1)
    labels = some(values, said(values, 2))
    found = engine({Arm.CANDIDATE: (values, labels)})
    strata = []
    for verdict in (1.0, 0.0):
        rows = values == verdict
        known = rows & labels.known
        positive = int(labels.human[known].sum())
        strata.append(Stratum(int(rows.sum()), int(known.sum()), positive))
    for alpha in ALPHAS:
        expected = corrected_rate(strata[0], strata[1], alpha)
        assert found.value == pytest.approx(expected.estimate)
        assert expected.lower - 0.02 < found.lower(alpha) <= expected.lower + 0.005
        assert expected.upper - 0.005 <= found.upper(alpha) < expected.upper + 0.02
    assert found.method == "post-stratified, CP–MOVER"
    assert found.approximate
    assert not found.constant


def test_a_detector_that_says_one_thing_leaves_the_limits_of_its_labels() -> None:
    values = np.ones(N)
    human = np.where(np.arange(N) < 31, 1.0, 0.0)
    labels = Labels(np.ones(N, np.int64), np.where(np.arange(N) < 40, human, np.nan), NAMES)
    found = engine({Arm.CANDIDATE: (values, labels)})
    assert found.value == pytest.approx(31 / 40)
    assert found.lower(0.05) == pytest.approx(binomial.lower_limit(31, 40, 0.05), abs=0.02)
    assert found.lower(0.05) <= binomial.lower_limit(31, 40, 0.05)


def test_scores_are_corrected_as_by_prediction() -> None:
    rng = np.random.default_rng(3)
    human = rng.beta(3, 1.5, N)
    values = (human * 0.8 + 0.2 + rng.normal(0, 0.05, N)).clip(0, 1)
    known = np.arange(N) < 80
    labels = Labels(np.zeros(N, np.int64), np.where(known, human, np.nan), ("scored",))
    found = engine({Arm.CANDIDATE: (values, labels)})
    assert found.method == "PPI, Gaffke–MOVER"
    assert found.value == pytest.approx(values.mean() + (human - values)[known].mean())
    other = corrected_mean(values[~known], (human - values)[known], UNIT_INTERVAL, 0.05)
    assert found.lower(0.05) == pytest.approx(other.lower, abs=0.03)
    assert found.lower(0.05) < human.mean() < found.upper(0.05)


def test_where_everything_is_labelled_only_the_labels_count() -> None:
    values = verdicts(4)
    human = said(values, 5)
    labels = Labels(values.astype(np.int64), human, NAMES)
    found = engine({Arm.CANDIDATE: (values, labels)})
    assert found.method == "labels of people, Clopper–Pearson"
    assert found.lower(0.05) == binomial.lower_limit(float(human.sum()), N, 0.05)
    assert not found.approximate
    arms = dict.fromkeys(Arm, (values, labels))
    assert engine(arms, DELTA).method == "labels of people, Gaffke on paired differences"
    assert engine(arms, RATIO).method.endswith("(Fieller)")
    assert engine(arms, RATIO).value == 1.0


def test_missing_samples_are_at_their_worst() -> None:
    values = verdicts(6)
    labels = some(values, said(values, 7))
    whole = engine({Arm.CANDIDATE: (values, labels)})
    present = np.arange(N) < N - 9
    seen = Evidence(N, {Arm.CANDIDATE: observed(values, 1, present)})
    gone = replace(labels, stratum=np.where(present, labels.stratum, -1))
    found = calibrated_engine(seen, ABSOLUTE, Arm.CANDIDATE, UNIT_INTERVAL, {Arm.CANDIDATE: gone})
    assert isinstance(found, CalibratedMean)
    assert found.lower(0.05) < whole.lower(0.05) - 0.005
    assert found.upper(0.05) > whole.upper(0.05) + 0.005


def test_several_draws_of_a_case_are_no_further_cases() -> None:
    values = np.repeat(verdicts(8, n=100), 5)
    human = np.repeat(said(values[::5], 9), 5)
    once = engine({Arm.CANDIDATE: (values[::5], some(values[::5], human[::5]))})
    often = engine({Arm.CANDIDATE: (values, some(values, human, 200))}, draws={Arm.CANDIDATE: 5})
    assert often.upper(0.05) - often.lower(0.05) > 0.9 * (once.upper(0.05) - once.lower(0.05))


def test_a_labelled_group_is_one_unit() -> None:
    values = np.repeat(verdicts(10, n=60), 5)
    human = said(values, 11)
    groups = np.repeat(np.arange(60), 5)
    alone = engine({Arm.CANDIDATE: (values, some(values, human))})
    found = engine({Arm.CANDIDATE: (values, some(values, human))}, clusters=groups)
    assert found.method.endswith("over clusters")
    assert found.upper(0.05) - found.lower(0.05) > alone.upper(0.05) - alone.lower(0.05)


# ---------------------------------------------------------------- two arms


def test_pairs_are_taken_where_enough_of_them_are_labelled() -> None:
    paired, alone = engine(in_pairs(12), DELTA), engine(both(12), DELTA)
    assert paired.method.endswith("on pairs")
    assert not alone.method.endswith("on pairs")
    found = in_pairs(12)
    kinds = found[Arm.CANDIDATE][1].stratum
    changed = found[Arm.CANDIDATE][1].human - found[Arm.BASELINE][1].human
    expected = sum(
        np.mean(kinds == kind) * np.nanmean(changed[kinds == kind]) for kind in np.unique(kinds)
    )
    assert paired.value == pytest.approx(expected)


def test_cases_with_several_draws_join_the_limits_of_both_arms() -> None:
    arms = both(13)
    values = np.repeat(arms[Arm.BASELINE][0], 2)
    arms[Arm.BASELINE] = values, some(values, said(values, 14))
    found = engine(arms, DELTA, draws={Arm.BASELINE: 2})
    assert not found.method.endswith("on pairs")
    assert found.lower(0.05) < found.value < found.upper(0.05)


def test_a_pair_that_lacks_an_answer_is_at_its_worst() -> None:
    arms = in_pairs(15)
    whole = engine(arms, DELTA)
    present = np.arange(N) < N - 6
    seen = {
        arm: observed(values, 1, present if arm is Arm.CANDIDATE else None)
        for arm, (values, _) in arms.items()
    }
    labels = {arm: found for arm, (_, found) in arms.items()}
    found = calibrated_engine(Evidence(N, seen), DELTA, Arm.CANDIDATE, UNIT_INTERVAL, labels)
    assert isinstance(found, CalibratedMean)
    assert found.method.endswith("on pairs")
    assert found.upper(0.05) > whole.upper(0.05)


def test_a_ratio_is_where_the_difference_may_be_nothing() -> None:
    for made in (both, in_pairs):
        found = engine(made(16), RATIO)
        lower, upper = found.lower(0.05), found.upper(0.05)
        assert lower < found.value < upper
        assert found.method.endswith("(Fieller)")
        if made is both:
            assert found.p_above(lower) == pytest.approx(0.05, rel=1e-3)
            assert found.p_below(upper) == pytest.approx(0.05, rel=1e-3)


def test_a_ratio_to_nothing_is_not_measured() -> None:
    nothing = np.zeros(N)
    labels = Labels(np.zeros(N, np.int64), np.where(np.arange(N) < 50, 0.0, np.nan), NAMES)
    evidence = Evidence(N, {arm: observed(nothing) for arm in Arm})
    found = calibrated_engine(
        evidence, RATIO, Arm.CANDIDATE, UNIT_INTERVAL, dict.fromkeys(Arm, labels)
    )
    assert isinstance(found, Unmeasured)
    assert found.reason is Reason.NO_BASELINE


# ---------------------------------------------------------------- every engine


@pytest.mark.parametrize("name", ["rate", "delta", "pairs"])
def test_limits_widen_with_confidence_and_p_values_invert_them(name: str) -> None:
    found = MADE[name](0)
    lower, upper = ([limit(alpha) for alpha in ALPHAS] for limit in (found.lower, found.upper))
    assert lower == sorted(lower, reverse=True)
    assert upper == sorted(upper)
    assert lower[0] <= found.value <= upper[0]
    for alpha, low, high in zip(ALPHAS, lower, upper, strict=True):
        if low > 0:
            assert found.p_above(low) == pytest.approx(alpha, rel=1e-2)
        assert found.p_below(high) == pytest.approx(alpha, rel=1e-2)
    assert found.p_above(found.value + 0.1) == 1.0
    assert found.p_below(found.value - 0.1) == 1.0


@pytest.mark.parametrize("name", ["rate", "delta", "pairs"])
def test_more_of_the_same_labels_and_samples_narrows(name: str) -> None:
    found = MADE[name](0)
    assert isinstance(found, CalibratedMean)
    mean: Mean = found
    more, calmer = mean.grown(4.0), mean.narrowed(0.5)
    assert more.value == pytest.approx(found.value)
    assert more.error == pytest.approx(found.error / 2, rel=0.01)
    assert calmer.error == pytest.approx(found.error / 2, rel=0.01)
    assert more.upper(0.05) < found.upper(0.05)
    assert calmer.upper(0.05) < found.upper(0.05)


@pytest.mark.parametrize("name", MADE)
def test_much_more_data_settle_what_is_kept(name: str) -> None:
    found = MADE[name](1)
    for limit in (
        Limit(ABSOLUTE, min=found.value - 0.2, max=found.value + 0.2),
        Limit(ABSOLUTE, max=found.value + 0.2),
        Limit(ABSOLUTE, min=found.value - 0.2),
    ):
        assert found.would_settle(limit, 0.05, 100.0, found.value)
    tight = Limit(ABSOLUTE, max=found.value + 1e-6)
    assert not found.would_settle(tight, 0.05, 1.0, found.value)


def test_the_order_of_samples_does_not_matter() -> None:
    values = verdicts(17)
    labels = some(values, said(values, 18))
    order = np.random.default_rng(19).permutation(N)
    found = engine({Arm.CANDIDATE: (values, labels)})
    other = Labels(labels.stratum[order], labels.human[order], NAMES)
    turned = engine({Arm.CANDIDATE: (values[order], other)})
    assert turned.lower(0.05) == pytest.approx(found.lower(0.05), abs=1e-12)


def test_nothing_is_rarer_than_what_limits_can_tell() -> None:
    found = MADE["rate"](2)
    assert found.p_below(0.999) == LEAST_P


# ---------------------------------------------------------------- too few labels


def reason(values: FloatArray, labels: Labels, kind: LimitKind = ABSOLUTE) -> str:
    evidence = Evidence(values.size, {arm: observed(values) for arm in Arm})
    given = {Arm.CANDIDATE: labels}
    found = calibrated_engine(evidence, kind, Arm.CANDIDATE, UNIT_INTERVAL, given)
    assert isinstance(found, Uncalibrated)
    return found.reason


def test_a_stratum_with_few_labels_says_how_many_more_it_needs() -> None:
    values = verdicts(20)
    few = some(values, said(values, 21), each=12)
    assert reason(values, few) == (
        "needs 16 more labels of candidate answers (8 called 0, 8 called 1)"
    )
    human = few.human.copy()
    human[np.flatnonzero(values == 0)[:20]] = 0.0
    lacking = Labels(few.stratum, human, NAMES)
    assert reason(values, lacking) == "needs 8 more labels of candidate answers called 1"


def test_a_small_stratum_needs_no_more_labels_than_it_has_samples() -> None:
    values = np.zeros(N)
    values[:3] = 1.0
    engine({Arm.CANDIDATE: (values, some(values, values))})
    human = some(values, values).human
    human[0] = np.nan
    lacking = Labels(values.astype(np.int64), human, NAMES)
    assert reason(values, lacking) == "needs 1 more label of candidate answers called 1"


def test_answers_that_nothing_was_drawn_from_are_a_stratum_of_their_own() -> None:
    values = verdicts(22)
    labels = some(values, said(values, 23))
    stratum = labels.stratum.copy()
    human = labels.human.copy()
    stratum[-5:], human[-5:] = -1, np.nan
    found = reason(values, Labels(stratum, human, NAMES))
    assert (
        found == "needs 5 more labels of candidate answers that the calibration was not drawn from"
    )


def test_an_arm_without_labels_is_named() -> None:
    values = verdicts(24)
    labels = some(values, said(values, 25))
    assert reason(values, labels, DELTA) == "has no label of the baseline's answers"


def test_rows_can_be_chosen() -> None:
    values = verdicts(26)
    labels = some(values, said(values, 27))
    rows = np.arange(N) % 3 == 0
    half = labels.only(rows)
    assert half.known.tolist() == labels.known[rows].tolist()


# ---------------------------------------------------------------- parts


def test_a_score_is_predicted_by_its_own_value_where_there_is_no_label() -> None:
    human = np.array([0.4, 0.8, np.nan, np.nan])
    value = np.array([0.3, 0.7, 0.2, 0.8])
    rows = np.zeros(4, np.int64)
    items = Items(np.arange(4), rows, value, human, np.ones(4), UNIT_INTERVAL)
    found = stratified(items, cases=4)
    assert found.predicted.mean() == pytest.approx(value.mean() + 0.1)
    assert not found.constant
    whole = replace(items, human=np.array([0.4, 0.8, 0.1, 0.9]))
    assert stratified(whole, cases=4).predicted.mean() == pytest.approx(0.55)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[20, 5], [10, 15]], 0.4),
        ([[45, 15], [25, 15]], 0.1304347826),  # two tables with the same agreement
        ([[25, 35], [5, 35]], 0.2592592593),
        ([[10, 0], [0, 10]], 1.0),
        ([[10, 0], [0, 0]], None),
        ([[0, 0], [0, 0]], None),
    ],
)
def test_kappa_is_that_of_published_tables(
    table: list[list[float]], expected: float | None
) -> None:
    found = kappa(table)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert math.isclose(found, expected, rel_tol=1e-9)
