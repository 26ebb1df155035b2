"""A reviewer sees the cases that moved, and both distributions on one axis."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import Kind, Metric
from evalkit.core.verdict import Flip, Histogram
from evalkit.stages.compare import BINS, FAR_MOVES, flips, histogram
from tests.stages.trials import (
    ACCURACY,
    BASELINE,
    CANDIDATE,
    LATENCY,
    TOKENS,
    TONE,
    at_least,
    bound,
    exhibit,
)
from tests.stats.arms import Cases, evidence


def flipped(candidate: Cases, baseline: Cases, metric: Metric = ACCURACY) -> list[Flip]:
    return list(flips(bound(at_least(0), metric), exhibit(evidence(candidate, baseline))))


def drawn(
    candidate: Cases, baseline: Cases | None = None, metric: Metric = TOKENS
) -> Histogram | None:
    return histogram(metric, exhibit(evidence(candidate, baseline), unit=metric.unit))


def shown(candidate: Cases, baseline: Cases | None = None, metric: Metric = TOKENS) -> Histogram:
    found = drawn(candidate, baseline, metric)
    assert found is not None
    return found


# ---------------------------------------------------------------- flips


def test_an_answer_that_changed_side_is_named_with_the_sides() -> None:
    assert flipped([1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]) == [
        Flip("c0000", "accuracy", "wrong → right", 1.0),
        Flip("c0001", "accuracy", "right → wrong", -1.0),
    ]


def test_sides_without_words_are_higher_and_lower() -> None:
    plain = replace(ACCURACY, labels=None)
    assert [each.kind for each in flipped([1.0, 0.0], [0.0, 1.0], plain)] == [
        "accuracy higher",
        "accuracy lower",
    ]


def test_a_case_of_several_draws_flips_at_half_and_the_largest_effect_comes_first() -> None:
    found = flipped(
        [[1.0, 1.0], [1.0, 0.0], [1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.0, 0.0, 0.0], [0.0], [0.0, 1.0], [0.0, 0.0, 0.0]],
    )
    assert [(each.case, each.effect) for each in found] == [("c0000", 1.0), ("c0001", 0.5)]


def test_equal_effects_stay_in_the_order_of_the_cases() -> None:
    found = flipped([1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0])
    assert [each.case for each in found] == ["c0000", "c0001", "c0002", "c0003"]


@pytest.mark.parametrize("metric", [ACCURACY, TONE, TOKENS])
def test_a_case_that_one_arm_lacks_moved_nowhere(metric: Metric) -> None:
    assert flipped([1.0, None, [None, None]], [None, 1.0, 1.0], metric) == []


def test_of_amounts_those_that_moved_farthest_are_named() -> None:
    moves = [0.0, 3.0, -40.0, 5.0, 0.0]
    found = flipped([100 + move for move in moves], [100.0] * 5, TOKENS)
    assert found == [
        Flip("c0002", "tokens", "tokens lower", -40.0),
        Flip("c0003", "tokens", "tokens higher", 5.0),
        Flip("c0001", "tokens", "tokens higher", 3.0),
    ]


def test_of_scores_so_many_as_a_reviewer_reads_are_named() -> None:
    count = FAR_MOVES + 15
    found = flipped([place / count for place in range(count)], [0.0] * count, TONE)
    assert len(found) == FAR_MOVES
    assert found[0].effect == max(each.effect for each in found)
    assert min(each.effect for each in found) == pytest.approx(15 / count)


def test_every_flip_of_a_rate_is_named_however_many() -> None:
    assert len(flipped([1.0] * 90, [0.0] * 90)) == 90


@pytest.mark.parametrize(
    ("metric", "unit"), [(LATENCY, "ms"), (TOKENS, "usd"), (replace(TONE, kind=Kind.CATEGORY), "")]
)
def test_times_and_money_say_nothing_about_a_text(metric: Metric, unit: str) -> None:
    seen = exhibit(evidence([9.0, 8.0], [1.0, 2.0]), unit=unit)
    assert list(flips(bound(at_least(0), metric, statistic="mean"), seen)) == []


def test_nothing_flips_without_a_baseline() -> None:
    assert list(flips(bound(at_least(0)), exhibit(evidence([1.0, 0.0])))) == []


def test_cases_bear_their_own_ids() -> None:
    named = exhibit(evidence([1.0, 1.0], [1.0, 0.0]), case_ids=["first", "second"])
    assert [each.case for each in flips(bound(at_least(0)), named)] == ["second"]


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), max_size=30))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_arms_that_change_places_flip_the_other_way(pairs: list[tuple[float, float]]) -> None:
    one, other = [first for first, _ in pairs], [second for _, second in pairs]
    there = {each.case: each.effect for each in flipped(one, other)}
    back = {each.case: -each.effect for each in flipped(other, one)}
    assert there == back
    assert len(there) == sum(first != second for first, second in pairs)


# ---------------------------------------------------------------- histograms


@pytest.mark.parametrize("metric", [ACCURACY, TONE])
def test_rates_and_scores_have_no_histogram(metric: Metric) -> None:
    assert drawn([0.0, 1.0], [1.0, 1.0], metric) is None


def test_nothing_is_drawn_where_there_is_no_value() -> None:
    assert drawn([None, None], [math.inf, None]) is None


VALUES = st.lists(
    st.one_of(
        st.none(),
        st.just(math.inf),
        st.just(0.0),
        st.floats(1e-6, 1e9),
        st.integers(1, 5).map(float),
    ),
    min_size=1,
    max_size=40,
)


@given(VALUES, VALUES)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_every_finite_value_stands_in_one_bin_or_among_the_zeros(
    candidate: list[float | None], baseline: list[float | None]
) -> None:
    size = max(len(candidate), len(baseline))
    arms = {
        CANDIDATE: candidate + [None] * (size - len(candidate)),
        BASELINE: baseline + [None] * (size - len(baseline)),
    }
    found = drawn(arms[CANDIDATE], arms[BASELINE])
    finite = {
        arm: [value for value in values if value is not None and math.isfinite(value)]
        for arm, values in arms.items()
    }
    if found is None:
        assert not any(finite.values())
        return
    assert len(found.edges) == BINS + 1
    assert list(found.edges) == sorted(found.edges)
    for arm, values in finite.items():
        assert len(found.counts[arm]) == BINS
        assert found.zeros[arm] == sum(value <= 0 for value in values)
        assert sum(found.counts[arm]) + found.zeros[arm] == len(values)
        assert (arm in found.marks) == bool(values)


def test_the_order_of_the_samples_does_not_show() -> None:
    random = Random(5)
    values = [random.lognormvariate(5, 1) for _ in range(200)]
    first = shown(values, values[::-1])
    random.shuffle(values)
    again = shown(values, sorted(values))
    assert again == first


def test_both_arms_stand_on_the_same_bins() -> None:
    found = shown([10.0, 100.0], [1.0, 1000.0])
    assert found.logarithmic
    assert (found.edges[0], found.edges[-1]) == (1.0, 1000.0)
    middle = found.edges[BINS // 2]
    assert middle == pytest.approx(math.sqrt(1000), rel=1e-5)
    assert found.counts[BASELINE][0] == found.counts[BASELINE][-1] == 1
    assert found.counts[CANDIDATE][0] == found.counts[CANDIDATE][-1] == 0


def test_a_single_value_stands_in_the_middle_of_its_axis() -> None:
    found = shown([50.0, 50.0, 50.0])
    assert found.edges[0] == pytest.approx(45)
    assert found.edges[-1] == pytest.approx(55)
    assert sum(found.counts[CANDIDATE]) == 3
    assert max(found.counts[CANDIDATE]) == 3


def test_what_a_logarithmic_axis_cannot_show_is_counted_beside_it() -> None:
    found = shown([0.0, 5.0, 9.0], [0.0, 0.0, 7.0])
    assert found.zeros == {CANDIDATE: 1, BASELINE: 2}
    assert found.edges[0] == 5.0


def test_nothing_but_zeros_has_a_linear_axis() -> None:
    found = shown([0.0, 0.0], [0.0, 0.0])
    assert not found.logarithmic
    assert (found.edges[0], found.edges[-1]) == (0.0, 1.0)
    assert found.zeros == {CANDIDATE: 2, BASELINE: 2}
    assert set(found.counts[CANDIDATE]) == {0}


def test_marks_are_the_quantiles_of_each_arm() -> None:
    found = shown([float(value) for value in range(1, 102)], [7.0] * 101)
    assert found.marks[CANDIDATE] == {"p50": 51.0, "p95": 96.0, "max": 101.0}
    assert found.marks[BASELINE] == {"p50": 7.0, "p95": 7.0, "max": 7.0}


def test_a_timeout_is_no_place_on_an_axis() -> None:
    found = shown([100.0, 200.0, math.inf], [100.0, 150.0, 120.0], LATENCY)
    assert found.edges[-1] == 200.0
    assert sum(found.counts[CANDIDATE]) == 2
    assert found.marks[CANDIDATE]["max"] == 200.0


def test_an_arm_without_values_has_no_marks() -> None:
    found = shown([3.0, 4.0], [None, None])
    assert set(found.marks) == {CANDIDATE}
    assert sum(found.counts[BASELINE]) == 0


def test_a_histogram_bears_the_unit_it_was_measured_in() -> None:
    estimated = exhibit(evidence([3.0, 4.0]), unit="~tokens")
    found = histogram(TOKENS, estimated)
    assert found is not None
    assert (found.metric, found.unit) == ("tokens", "~tokens")
    assert set(found.counts) == {CANDIDATE}


def test_the_bound_names_its_flips() -> None:
    named = bound(at_least(0), name="accuracy@prime")
    found = flips(named, exhibit(evidence([1.0], [0.0])))
    assert [each.bound for each in found] == ["accuracy@prime"]
