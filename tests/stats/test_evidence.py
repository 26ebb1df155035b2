"""Samples become one number a case, or one a draw, and nothing is lost on the way unseen."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import t as student

from evalkit.core.envelope import NON_NEGATIVE, LimitKind
from evalkit.core.model import Arm
from evalkit.stats.evidence import (
    Evidence,
    Exhibit,
    Observed,
    case_means,
    cluster_sums,
    exceeds,
    no_nearer_than_seen,
    paired,
    unit_codes,
)
from tests.stats.arms import engine, evidence, observed
from tests.stats.questions import limits

BASELINE, CANDIDATE = Arm.BASELINE, Arm.CANDIDATE
BOTH = [BASELINE, CANDIDATE]
DELTA, RATIO = LimitKind.DELTA, LimitKind.RATIO
UNIT = (0.0, 1.0)


def lists(found: Observed) -> tuple[list[int], list[float], list[bool]]:
    """Return the three arrays of an arm as lists."""
    return found.case.tolist(), found.values.tolist(), found.present.tolist()


def draws(found: Evidence, arm: Arm) -> list[list[float | None]]:
    """Return the samples of an arm as they are written by hand: a list for each case."""
    arms = found.arms[arm]
    cases: list[list[float | None]] = [[] for _ in range(found.cases)]
    for case, value, present in zip(*lists(arms), strict=True):
        cases[case].append(value if present else None)
    return cases


# ---------------------------------------------------------------- one arm


def test_samples_are_counted_with_and_without_a_value() -> None:
    found = observed([1.0, [0.5, None], None])
    assert (found.samples, found.missing) == (4, 2)
    assert (observed([]).samples, observed([]).missing) == (0, 0)


def test_another_number_is_read_off_what_is_there_only() -> None:
    found = observed([2.0, None, math.inf]).mapped(lambda values: values + 1)
    assert lists(found) == ([0, 1, 2], [3, 0, math.inf], [True, False, True])


def test_without_gaps_only_samples_with_a_value_are_left() -> None:
    found = observed([2.0, [None, 3.0], None]).without_gaps()
    assert lists(found) == ([0, 1], [2, 3], [True, True])


def test_an_infinite_value_is_missing_where_only_finite_ones_count() -> None:
    found = observed([math.inf, 1.0, None, -math.inf]).finite()
    assert lists(found) == ([0, 1, 2, 3], [0, 1, 0, 0], [False, True, False, False])


@pytest.mark.parametrize(
    ("cases", "number"),
    [
        ([[1.0, 0.0], [None, 1.0]], 2),
        ([[1.0, 0.0], [1.0]], 0),
        ([[1.0], []], 0),
        ([], 0),
        ([1.0, 0.0, None], 1),
    ],
)
def test_draws_are_counted_where_all_cases_have_as_many(
    cases: list[list[float | None]], number: int
) -> None:
    assert observed(cases).draws(len(cases)) == number


def test_the_draws_of_a_case_are_split_evenly_and_the_rest_is_left_out() -> None:
    found = observed([[1.0, 2.0, 3.0, 4.0, 5.0], [6.0, None, 8.0, 9.0, 10.0]]).split(2, 2)
    assert lists(found) == (
        [0, 0, 1, 1, 2, 2, 3, 3],
        [1, 2, 3, 4, 6, 0, 8, 9],
        [True, True, True, True, True, False, True, True],
    )


def test_a_share_is_not_exceeded_by_what_float64_makes_of_its_product() -> None:
    assert 0.29 * 100 < 29
    assert not exceeds(29, 0.29, of=100)
    assert exceeds(30, 0.29, of=100)
    assert not exceeds(0, 0.0, of=100)
    assert exceeds(1, 0.0, of=100)
    assert not exceeds(100, 1.0, of=100)


# ---------------------------------------------------------------- both arms


def test_units_are_cases_or_the_clusters_they_lie_in() -> None:
    assert evidence([1.0, 0.0, 1.0]).units == 3
    assert evidence([1.0, 0.0, 1.0], clusters=[5, 5, 9]).units == 2
    assert evidence([]).units == 0


def test_a_slice_keeps_the_samples_of_its_cases_and_numbers_them_anew() -> None:
    found = evidence([1.0, [0.0, None], 0.5], [[0.1, 0.2], 0.3, None], clusters=[4, 7, 4])
    part = found.among(np.array([False, True, True]))
    assert part.cases == 2
    assert draws(part, CANDIDATE) == [[0.0, None], [0.5]]
    assert draws(part, BASELINE) == [[0.3], [None]]
    assert part.clusters is not None
    assert part.clusters.tolist() == [7, 4]


def test_a_slice_of_everything_is_what_it_is_cut_from() -> None:
    found = evidence([1.0, 0.0])
    assert found.among(np.array([True, True])) is found
    nothing = found.among(np.array([False, False]))
    assert (nothing.cases, nothing.arms[CANDIDATE].samples) == (0, 0)


def test_one_arm_alone_is_asked_about_the_same_cases() -> None:
    found = evidence([1.0, None, 0.5], [None, 0.3, 0.4], clusters=[1, 1, 2])
    alone = found.only([CANDIDATE])
    assert set(alone.arms) == {CANDIDATE}
    assert (alone.cases, alone.units, alone.draws) == (3, 2, 1)
    assert draws(alone.without_gaps(), CANDIDATE) == [[1.0], [0.5]]


def test_without_gaps_a_case_is_left_out_that_an_arm_has_nothing_of() -> None:
    found = evidence([1.0, [0.0, None], None, 0.5], [0.2, [0.3, 0.4], 0.5, None]).without_gaps()
    assert found.cases == 2
    assert draws(found, CANDIDATE) == [[1.0], [0.0]]
    assert draws(found, BASELINE) == [[0.2], [0.3, 0.4]]


# ---------------------------------------------------------------- one number a case


def test_a_case_is_the_mean_of_its_samples() -> None:
    found = case_means(evidence([1.0, [0.0, 1.0], [0.2, 0.4, 0.6]]), CANDIDATE, UNIT)
    assert found.seen.tolist() == pytest.approx([1, 0.5, 0.4])
    assert found.low.tolist() == pytest.approx([1, 0.5, 0.4])
    assert found.high is found.low
    assert found.known.tolist() == [True, True, True]
    assert found.size == 1


def test_a_missing_sample_of_the_candidate_is_put_at_both_ends() -> None:
    found = case_means(evidence([1.0, [0.5, None], None]), CANDIDATE, (-2.0, 4.0))
    assert found.low.tolist() == [1, -0.75, -2]
    assert found.high.tolist() == [1, 2.25, 4]
    assert found.seen.tolist() == [1, 0.5, 0]
    assert found.known.tolist() == [True, True, False]
    assert found.size == 4


def test_a_missing_sample_of_the_baseline_is_left_out_while_there_is_another() -> None:
    arms = evidence([1.0] * 3, [1.0, [0.5, None], None])
    found = case_means(arms, BASELINE, (-2.0, 4.0))
    assert found.low.tolist() == [1, 0.5, -2]
    assert found.high.tolist() == [1, 0.5, 4]
    assert found.known.tolist() == [True, True, False]


def test_differences_are_at_their_worst_in_both_arms_at_once() -> None:
    arms = evidence([0.5, None, 0.5, None, [0.5, None]], [0.5, 0.5, None, None, 0.25])
    found = paired(case_means(arms, CANDIDATE, UNIT), case_means(arms, BASELINE, UNIT))
    assert found.low.tolist() == [0, -0.5, -0.5, -1, 0]
    assert found.high.tolist() == [0, 0.5, 0.5, 1, 0.5]
    assert found.seen[found.known].tolist() == [0, 0.25]
    assert found.known.tolist() == [True, False, False, False, True]
    assert found.size == 2


def test_a_difference_that_was_not_seen_is_no_nearer_than_the_worst_that_was() -> None:
    # Without a range, the ends are those of what was seen, here 1 and 9.
    arms = evidence([9.0, 1.0, 9.0, None], [1.0, 9.0, None, 9.0])
    ends = (1.0, 9.0)
    change = paired(case_means(arms, CANDIDATE, ends), case_means(arms, BASELINE, ends))
    assert change.low.tolist() == [8, -8, 0, -8]
    found = no_nearer_than_seen(change)
    assert found.low.tolist() == [8, -8, -8, -8]
    assert found.high.tolist() == [8, -8, 8, 8]


def test_differences_of_which_none_was_seen_are_at_the_worst_of_their_arms() -> None:
    arms = evidence([1.0, None], [None, 0.25])
    found = paired(case_means(arms, CANDIDATE, UNIT), case_means(arms, BASELINE, UNIT))
    assert found.low.tolist() == [0, -0.25]
    assert found.high.tolist() == [1, 0.75]
    assert not found.known.any()
    assert no_nearer_than_seen(found) is found


def test_differences_of_complete_arms_are_one_array() -> None:
    arms = evidence([1.0, 0.5], [0.25, 0.5])
    found = paired(case_means(arms, CANDIDATE, UNIT), case_means(arms, BASELINE, UNIT), 2.0)
    assert no_nearer_than_seen(found) is found
    assert found.high is found.low
    assert found.low.tolist() == found.seen.tolist() == [0.5, -0.5]
    assert found.size == 1 + 2 * 0.5


def test_a_case_that_was_never_asked_may_be_anything() -> None:
    asked = Observed(np.array([0]), np.array([1.0]), np.array([True]))
    found = case_means(Evidence(2, {CANDIDATE: asked}), CANDIDATE, UNIT)
    assert (found.low.tolist(), found.high.tolist()) == ([1, 0], [1, 1])
    assert found.known.tolist() == [True, False]


def test_no_cases_have_no_means_and_no_size() -> None:
    found = case_means(evidence([]), CANDIDATE, UNIT)
    assert (found.low.size, found.size) == (0, 0)


def test_units_are_numbered_by_their_codes_whether_these_are_in_order_or_not() -> None:
    rng = np.random.default_rng(3)
    for codes in (rng.integers(-9, 9, 60), np.sort(rng.integers(-9, 9, 60)), np.zeros(0, np.int64)):
        expected = np.unique(codes, return_inverse=True)[1]
        assert unit_codes(codes).tolist() == expected.tolist()


def test_clusters_add_the_means_of_their_cases_and_count_them() -> None:
    values = np.array([1.0, 0.5, 0.25, 0.0])
    sums, sizes = cluster_sums(values, np.array([7, 2, 7, 7]))
    assert sums.tolist() == [0.5, 1.25]
    assert sizes.tolist() == [1, 3]
    sums, sizes = cluster_sums(values, None)
    assert sums.tolist() == values.tolist()
    assert sizes.tolist() == [1, 1, 1, 1]


# ---------------------------------------------------------------- scope: golden-set


@given(
    cases=st.integers(1, 30), number=st.integers(2, 6), chance=st.floats(0, 1),
    seed=st.integers(0, 10**6),
)  # fmt: skip
@settings(derandomize=True, deadline=None, max_examples=60)
def test_draws_of_given_cases_are_pooled_and_judged_by_clopper_and_pearson(
    cases: int, number: int, chance: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.random((cases, number)) < chance).astype(np.float64)
    found = engine(evidence(values.tolist()).by_draw([CANDIDATE]))
    x, n = int(values.sum()), values.size
    interval = binomtest(x, n).proportion_ci(0.9, method="exact")
    assert limits(found) == pytest.approx((float(interval.low), float(interval.high)), abs=1e-12)
    assert found.value == pytest.approx(x / n)
    less = binomtest(x, n, 0.4, alternative="less").pvalue
    assert found.p_below(0.4) == pytest.approx(float(less), rel=1e-9)


def test_draws_of_given_cases_say_more_than_their_means_where_cases_differ() -> None:
    cases = [[1.0] * 5] * 30 + [[0.0] * 5] * 10
    population = limits(engine(evidence(cases)))
    given_cases = limits(engine(evidence(cases).by_draw([CANDIDATE])))
    assert population[0] < given_cases[0] < 0.75 < given_cases[1] < population[1]


def test_draws_of_the_baseline_are_spread_over_those_of_the_candidate() -> None:
    found = evidence(
        [[1.0, 0.0], [0.0, 1.0]],
        [[0.1, 0.2, 0.3, 0.4, 0.9], [0.5, 0.6, 0.7, 0.8, 0.9]],
    ).by_draw(BOTH)
    assert (found.cases, found.draws, found.clusters) == (4, 2, None)
    assert draws(found, CANDIDATE) == [[1.0], [0.0], [0.0], [1.0]]
    # The fifth draw has no place: four are spread over two units.
    assert draws(found, BASELINE) == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8]]


def test_no_draw_of_the_candidate_is_left_out_where_the_baseline_has_fewer() -> None:
    found = evidence([[1.0, 0.0, 0.5, 0.2]] * 2, [[0.1, 0.2, 0.3]] * 2).by_draw(BOTH)
    assert found.draws == 2
    assert draws(found, CANDIDATE) == [[1.0, 0.0], [0.5, 0.2]] * 2
    assert draws(found, BASELINE) == [[0.1], [0.2]] * 2


@pytest.mark.parametrize(
    ("candidate", "baseline"),
    [
        ([[1.0, 0.0], [1.0]], [[1.0, 0.0], [1.0, 0.0]]),
        ([[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0]]),
        ([[1.0, 0.0, 1.0]] * 2, [[1.0, 0.0]] * 2),
        ([[1.0]] * 2, [[1.0, 0.0]] * 2),
        ([[1.0, 0.0]] * 2, [[1.0]] * 2),
        ([], []),
    ],
)
def test_unequal_or_single_draws_leave_the_evidence_about_the_traffic(
    candidate: list[list[float]], baseline: list[list[float]]
) -> None:
    found = evidence(candidate, baseline)
    assert found.by_draw(BOTH) is found


def test_one_arm_is_split_by_its_own_draws() -> None:
    found = evidence([[1.0, 0.0], [0.0, 1.0]], [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    assert found.by_draw([BASELINE]).draws == 3
    assert found.by_draw([CANDIDATE]).draws == 2
    assert set(found.by_draw([BASELINE]).arms) == {BASELINE}


def test_clusters_do_not_matter_to_given_cases() -> None:
    cases = [[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
    apart, together = (evidence(cases, clusters=codes) for codes in (None, [1, 1, 2]))
    assert together.by_draw([CANDIDATE]).clusters is None
    assert limits(engine(together.by_draw([CANDIDATE]))) == limits(
        engine(apart.by_draw([CANDIDATE]))
    )


def test_a_missing_draw_of_a_given_case_is_one_missing_unit() -> None:
    found = engine(evidence([[1.0, None], [1.0, 0.0]] * 10).by_draw([CANDIDATE]))
    interval = binomtest(20, 40).proportion_ci(0.9, method="exact")
    assert found.lower(0.05) == pytest.approx(float(interval.low))
    assert found.upper(0.05) == pytest.approx(
        float(binomtest(30, 40).proportion_ci(0.9, method="exact").high)
    )
    assert found.value == pytest.approx(2 / 3)


@pytest.mark.parametrize("kind", [LimitKind.ABSOLUTE, DELTA])
def test_unbounded_means_of_given_cases_use_the_scatter_inside_a_case_only(
    kind: LimitKind,
) -> None:
    rng = np.random.default_rng(3)
    n, k = 25, 3
    candidate = rng.gamma(3, 100, (n, 1)) + rng.normal(50, 5, (n, k))
    baseline = rng.gamma(3, 100, (n, 1)) + rng.normal(50, 5, (n, k))
    values = candidate if kind is LimitKind.ABSOLUTE else candidate - baseline
    v = values.var(axis=1, ddof=1) / k
    error = math.sqrt(float(v.sum()) / n**2)
    freedom = float(v.sum() ** 2 / (v**2 / (k - 1)).sum())
    half = float(student.ppf(0.95, freedom)) * error
    support = NON_NEGATIVE
    found = engine(
        evidence(candidate.tolist(), baseline.tolist()).by_draw(BOTH), kind, support=support
    )
    middle = float(values.mean())
    assert (found.value, *limits(found)) == pytest.approx((middle, middle - half, middle + half))
    population = engine(evidence(candidate.tolist(), baseline.tolist()), kind, support=support)
    assert population.upper(0.05) - middle > 5 * half


def test_a_ratio_over_given_cases_uses_the_scatter_inside_a_case_only() -> None:
    rng = np.random.default_rng(4)
    sizes = rng.gamma(3, 100, (60, 1))
    baseline = sizes * rng.gamma(200, 1 / 200, (60, 2))
    candidate = 1.2 * rng.gamma(3, 100, (60, 1)) * rng.gamma(200, 1 / 200, (60, 2))
    arms = evidence(candidate.tolist(), baseline.tolist())
    wide = engine(arms, RATIO, support=NON_NEGATIVE)
    narrow = engine(arms.by_draw(BOTH), RATIO, support=NON_NEGATIVE)
    assert narrow.value == pytest.approx(wide.value)
    assert (narrow.upper(0.05) - narrow.value) < 0.2 * (wide.upper(0.05) - wide.value)


def test_an_exhibit_of_one_arm_holds_no_other() -> None:
    shown = Exhibit(["a"], evidence([1.0], [0.0]), {})
    assert set(shown.only([Arm.BASELINE]).evidence.arms) == {Arm.BASELINE}
