"""The noise of single draws is told apart from what differs between cases."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Support
from evalkit.stats.repeats import Components, narrowing, noisy_cases
from tests.stats.arms import evidence, observed

GROUPS = st.lists(
    st.lists(st.integers(0, 50).map(float), min_size=1, max_size=5), min_size=2, max_size=8
)


def components(cases: Sequence[Sequence[float | None]]) -> Components:
    """Return the components of cases that have some."""
    found = Components.of(observed(cases), len(cases))
    assert found is not None
    return found


# ---------------------------------------------------------------- analysis of variance


@given(cases=GROUPS)
@settings(derandomize=True, deadline=None)
def test_mean_squares_are_those_of_an_analysis_of_variance(cases: list[list[float]]) -> None:
    found = Components.of(observed(cases), len(cases))
    total = sum(len(case) for case in cases)
    if total == len(cases):
        assert found is None
        return
    assert found is not None
    whole = sum(map(sum, cases)) / total
    means = [sum(case) / len(case) for case in cases]
    between = sum(len(c) * (m - whole) ** 2 for c, m in zip(cases, means, strict=True))
    within = sum((x - m) ** 2 for c, m in zip(cases, means, strict=True) for x in c)
    assert found.mean_square_between == pytest.approx(between / (len(cases) - 1), abs=1e-9)
    assert found.mean_square_within == pytest.approx(within / (total - len(cases)), abs=1e-9)
    if found.mean_square_within > 1e-9:
        f = found.mean_square_between / found.mean_square_within
        assert f == pytest.approx(float(f_oneway(*cases).statistic), rel=1e-9, abs=1e-9)


def test_components_of_equal_draws_are_those_of_r() -> None:
    # The mean squares of aov in R.
    cases = [
        [1.0, 1, 1, 0, 1], [0.0, 0, 1, 0, 0], [1.0, 1, 1, 1, 1],
        [0.0, 0, 0, 0, 0], [1.0, 0, 1, 1, 0], [1.0, 1, 1, 1, 0],
    ]  # fmt: skip
    found = components(cases)
    assert found.mean_square_between == pytest.approx(0.753333333333335)
    assert found.within == found.mean_square_within == pytest.approx(0.15)
    assert found.between == pytest.approx(0.120666666666667)
    assert found.correlation == pytest.approx(0.445812807881774)
    assert found.draws == 5


def test_unequal_draws_have_a_typical_number_between_their_own() -> None:
    # (N − Σk²/N) / (groups − 1) with k = 2, 1, 3: (6 − 14/6) / 2.
    found = components([[1.0, 3.0], [7.0], [4.0, 5.0, 9.0]])
    assert found.draws == pytest.approx(11 / 6)
    assert found.within == pytest.approx((2 + 14) / 3)


def test_components_are_found_again_in_data_that_have_them() -> None:
    rng = np.random.default_rng(1)
    draws = rng.integers(1, 5, 20_000)
    cases = [list(rng.normal(rng.normal(10, 2), 3, k)) for k in draws]
    found = components(cases)
    assert found.between == pytest.approx(4, rel=0.05)
    assert found.within == pytest.approx(9, rel=0.02)
    assert found.correlation == pytest.approx(4 / 13, abs=0.01)


def test_cases_that_do_not_differ_have_no_negative_variance() -> None:
    found = components([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert (found.between, found.correlation) == (0, 0)
    assert found.within == 0.5


def test_draws_that_do_not_differ_leave_everything_to_the_cases() -> None:
    found = components([[1.0, 1.0], [3.0, 3.0]])
    assert (found.within, found.between, found.correlation) == (0, 2, 1)
    nothing = components([[2.0, 2.0], [2.0, 2.0]])
    assert (nothing.within, nothing.between, nothing.correlation) == (0, 0, 0)


@pytest.mark.parametrize(
    "cases", [[], [[1.0, 2.0]], [[1.0], [2.0]], [[1.0, None], [2.0]], [[None], [None]],
              [[1.0, 2.0], [None, None]]],
)  # fmt: skip
def test_without_two_draws_of_a_case_and_two_cases_there_are_no_components(
    cases: list[list[float | None]],
) -> None:
    assert Components.of(observed(cases), len(cases)) is None


def test_missing_draws_are_not_draws() -> None:
    assert components([[1.0, None, 3.0], [None], [2.0, 4.0]]) == components(
        [[1.0, 3.0], [2.0, 4.0]]
    )


# ---------------------------------------------------------------- what more draws would save


def test_differences_narrow_by_the_noise_that_more_draws_would_save() -> None:
    candidate = [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]
    baseline = [[0.0], [1.0], [1.0], [1.0]]
    noise = components(candidate).within
    spread = float(np.var([0.5, 0.0, -1.0, -0.5], ddof=1))
    expected = math.sqrt(1 - noise / 2 * (1 - 1 / 3) / spread)
    assert narrowing(evidence(candidate, baseline), 3) == pytest.approx(expected)


def test_narrowing_foretells_the_scatter_of_a_run_with_more_draws() -> None:
    rng = np.random.default_rng(2)
    n = 10_000
    truth, change = rng.normal(0, 1, n), rng.normal(0, 0.3, n)
    baseline = (truth + rng.normal(0, 0.7, n)).tolist()

    def candidate(draws: int) -> list[list[float]]:
        found = (truth + change)[:, None] + rng.normal(0, 0.8, (n, draws))
        return [list(row) for row in found]

    def scatter(cases: list[list[float]]) -> float:
        return float(np.std(np.mean(cases, axis=1) - baseline))

    now, later = candidate(2), candidate(8)
    factor = narrowing(evidence(now, baseline), 4)
    assert factor == pytest.approx(scatter(later) / scatter(now), rel=0.02)


def test_the_noise_is_the_baselines_where_the_candidate_has_one_draw_a_case() -> None:
    baseline = [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]
    candidate = [1.0, 0.0, 1.0, 1.0]
    noise = components(baseline).within
    spread = float(np.var([0.5, -1.0, 1.0, 0.5], ddof=1))
    expected = math.sqrt(1 - noise * (1 - 1 / 2) / spread)
    assert narrowing(evidence(candidate, baseline), 2) == pytest.approx(expected)


def test_the_noise_is_the_candidates_own_where_it_was_drawn_twice() -> None:
    candidate = [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]
    quiet, loud = [[0.5, 0.5], [1.0, 1.0]] * 2, [[0.0, 1.0], [0.5, 1.5]] * 2
    # Both baselines have the same means, so the differences are the same.
    found = narrowing(evidence(candidate, quiet), 2)
    assert found is not None
    assert found < 1
    assert narrowing(evidence(candidate, loud), 2) == found


def test_more_draws_never_save_more_than_there_is() -> None:
    rng = np.random.default_rng(3)
    draws = rng.normal(0, 1, (30, 2))
    # The baseline repeats the candidate's own mean: almost nothing of the noise is in the change.
    baseline = (draws.mean(axis=1) + rng.normal(0, 0.01, 30)).tolist()
    assert narrowing(evidence(draws.tolist(), baseline), 5) == 0


def test_more_draws_save_nothing_where_draws_do_not_differ() -> None:
    candidate = [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]
    assert narrowing(evidence(candidate, [1.0, 1.0, 0.0]), 4) == 1


def test_nothing_is_foretold_without_draws_or_without_scatter() -> None:
    assert narrowing(evidence([1.0, 0.0, 1.0], [1.0, 1.0, 0.0]), 2) is None
    assert narrowing(evidence([[1.0, 0.0], [1.0, 0.0]], [0.5, 0.5]), 2) is None
    assert narrowing(evidence([[1.0, 0.0]], [0.5]), 2) is None
    assert narrowing(evidence([[1.0, 0.0], [None, None]], [0.5, 0.0]), 2) is None


def test_a_case_that_one_arm_has_nothing_of_is_left_out() -> None:
    candidate: list[list[float | None]] = [
        [0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [None, None],
    ]  # fmt: skip
    baseline = [0.0, 1.0, 1.0, 1.0, 0.0]
    found = narrowing(evidence(candidate, baseline), 3)
    assert found == pytest.approx(narrowing(evidence(candidate[:4], baseline[:4]), 3))


# ---------------------------------------------------------------- which cases are noisy


def noisy(cases: Sequence[Sequence[float | None]], support: Support = UNIT_INTERVAL) -> list[bool]:
    """Return which cases are noisy."""
    found: list[bool] = noisy_cases(observed(cases), len(cases), support).tolist()
    return found


def test_a_rate_is_noisy_where_some_recorded_draws_succeeded_and_some_did_not() -> None:
    cases = [[float(i < x) for i in range(5)] for x in range(6)]
    assert noisy(cases) == [False, True, True, True, True, False]


def test_a_score_is_noisy_where_its_draws_differ_by_more_than_a_tenth_of_the_support() -> None:
    cases = [[0.5, 0.6, 0.55], [0.7, 0.8, 0.75], [0.5, 0.61, 0.5], [0.2, 0.2, 0.2]]
    # 0.8 − 0.7 is more than 0.1 in float64, and is not more than a tenth.
    assert noisy(cases) == [False, False, True, False]
    wide = [[10 * x - 3 for x in case] for case in cases]
    assert noisy(wide, Support(-3.0, 7.0)) == [False, False, True, False]


def test_too_few_recorded_draws_show_no_noise_and_missing_ones_are_none() -> None:
    few: list[list[float | None]] = [[0.0, 1.0], [0.0, 1.0, None], [], [None, None, None]]
    assert noisy([*few, [0.0, None, 1.0, 1.0]]) == [False, False, False, False, True]
    assert noisy([]) == []


def test_nothing_is_a_large_part_of_a_support_without_an_end() -> None:
    assert noisy([[0.0, 1e9, math.inf], [math.inf] * 3], NON_NEGATIVE) == [False, False]


def test_the_order_of_draws_does_not_matter_for_noise() -> None:
    rng = np.random.default_rng(4)
    values = rng.choice([0.3, 0.35, 0.5], (40, 4))
    turned = np.array([rng.permutation(case) for case in values])
    found = noisy(values.tolist())
    assert found == noisy(turned.tolist())
    assert 0 < sum(found) < 40
