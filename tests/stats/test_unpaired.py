"""Two samples that nothing pairs: score limits of rates, Welch's t of means, users in clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.skew_t import Spread
from evalkit.stats.unpaired import RateDifference, mean_difference

ALPHAS = (0.001, 0.01, 0.05, 0.1, 0.4)


@st.composite
def differences(draw: st.DrawFn) -> RateDifference:
    """Return counts of two samples, none of them empty."""
    n, m = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    return RateDifference(draw(st.integers(0, n)), n, draw(st.integers(0, m)), m)


# ---------------------------------------------------------------- rates


@pytest.mark.parametrize(
    ("counts", "lower", "upper"),
    [
        # ratesci in R, scoreci(skew = FALSE, bcf = TRUE, level = .90).
        ((56, 70, 48, 80), 0.077019942273182, 0.316667210536251),
        ((10, 10, 0, 20), 0.781320925871114, 1.0),
        ((0, 1000, 0, 50000), -5.4109394114e-05, 0.00269829600802),
    ],
)
def test_limits_of_a_difference_of_rates_are_those_of_r(
    counts: tuple[int, int, int, int], lower: float, upper: float
) -> None:
    found = RateDifference(*counts)
    assert found.lower(0.05) == pytest.approx(lower, abs=1e-8)
    assert found.upper(0.05) == pytest.approx(upper, abs=1e-8)


@given(found=differences(), alpha=st.sampled_from(ALPHAS))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_limits_hold_the_difference_of_the_observed_rates(
    found: RateDifference, alpha: float
) -> None:
    lower, upper = found.lower(alpha), found.upper(alpha)
    assert -1 <= lower <= found.value <= upper <= 1
    assert lower < upper


@given(found=differences())
@settings(derandomize=True, deadline=None, max_examples=30)
def test_more_confidence_never_narrows_the_limits_of_rates(found: RateDifference) -> None:
    lower = [found.lower(alpha) for alpha in ALPHAS]
    upper = [found.upper(alpha) for alpha in ALPHAS]
    assert lower == sorted(lower)
    assert upper == sorted(upper, reverse=True)


@given(found=differences(), alpha=st.sampled_from(ALPHAS))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_p_values_of_rates_are_alpha_at_the_limits(found: RateDifference, alpha: float) -> None:
    lower, upper = found.lower(alpha), found.upper(alpha)
    if found.value > -1:
        assert found.p_above(lower) == pytest.approx(alpha, rel=1e-6)
    if found.value < 1:
        assert found.p_below(upper) == pytest.approx(alpha, rel=1e-6)


@given(found=differences())
@settings(derandomize=True, deadline=None, max_examples=30)
def test_exchanged_samples_have_mirrored_limits(found: RateDifference) -> None:
    other = RateDifference(found.other_successes, found.other_trials, found.successes, found.trials)
    failures = RateDifference(
        found.trials - found.successes, found.trials,
        found.other_trials - found.other_successes, found.other_trials,
    )  # fmt: skip
    assert other.upper(0.05) == -found.lower(0.05)
    assert other.p_below(0.1) == found.p_above(-0.1)
    assert failures.upper(0.05) == pytest.approx(-found.lower(0.05), abs=1e-9)


def score_of_the_cubic(x: int, n: int, y: int, m: int, difference: float) -> float:
    """Return the score by the closed form of Miettinen and Nurminen, for inner rates."""
    theta = m / n
    a, b = 1 + theta, -(1 + theta + x / n + theta * y / m + difference * (theta + 2))
    p, q = x / n, y / m
    c = difference**2 + difference * (2 * p + theta + 1) + p + theta * q
    d = -p * difference * (1 + difference)
    v = b**3 / (3 * a) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = math.copysign(math.sqrt(b**2 / (3 * a) ** 2 - c / (3 * a)), v)
    w = (math.pi + math.acos(max(-1.0, min(1.0, v / u**3)))) / 3
    rate = 2 * u * math.cos(w) - b / (3 * a)
    other = rate - difference
    variance = (rate * (1 - rate) / n + other * (1 - other) / m) * (n + m) / (n + m - 1)
    return (p - q - difference) / math.sqrt(variance)


@pytest.mark.parametrize("difference", [-0.6, -0.2, 0.05, 0.3])
@pytest.mark.parametrize("counts", [(30, 70, 48, 80), (3, 9, 5, 40), (299, 300, 120, 150)])
def test_the_p_value_is_that_of_the_closed_form(
    counts: tuple[int, int, int, int], difference: float
) -> None:
    expected = float(scipy_stats.norm.sf(score_of_the_cubic(*counts, difference)))
    assert RateDifference(*counts).p_above(difference) == pytest.approx(expected, rel=1e-6)


def test_nothing_observed_leaves_everything_possible() -> None:
    for found in (RateDifference(0, 0, 3, 5), RateDifference(2, 5, 0, 0)):
        assert (found.lower(0.05), found.value, found.upper(0.05)) == (-1, 0, 1)
        assert found.p_above(0.0) == found.p_below(0.0) == 1


def test_claims_beyond_the_support_are_certain_or_impossible() -> None:
    found = RateDifference(10, 10, 0, 10)
    assert (found.p_above(-1.5), found.p_below(1.5)) == (0, 0)
    assert (found.p_above(1.0), found.p_below(-1.0)) == (1, 1)
    # A difference of −1 was seen not to hold.
    assert found.p_above(-1.0) == 0
    assert RateDifference(0, 10, 10, 10).p_above(-1.0) == 0.5


def test_one_trial_each_says_little() -> None:
    found = RateDifference(1, 1, 0, 1)
    assert found.lower(0.05) < -0.4
    assert found.upper(0.05) == 1
    equal = RateDifference(1, 1, 1, 1)
    assert equal.lower(0.05) == -equal.upper(0.05)
    assert equal.upper(0.05) > 0.8


@pytest.mark.parametrize("counts", [(6, 5, 0, 5), (0, 5, 6, 5), (-1, 5, 0, 5), (0, 5, 0, -1)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="successes"):
        RateDifference(*counts)


def test_a_score_interval_misses_about_as_often_as_it_says() -> None:
    # All outcomes of 40 and 60 trials, weighed by their probabilities: no simulation.
    n, m = 40, 60
    for rate, other in ((0.5, 0.5), (0.9, 0.8), (0.95, 0.95), (0.1, 0.3)):
        truth = rate - other
        missed = sum(
            float(scipy_stats.binom.pmf(x, n, rate) * scipy_stats.binom.pmf(y, m, other))
            for x in range(n + 1)
            for y in range(m + 1)
            if scipy_stats.binom.pmf(x, n, rate) * scipy_stats.binom.pmf(y, m, other) > 1e-7
            and RateDifference(x, n, y, m).p_above(truth) <= 0.05
        )
        assert 0.03 < missed < 0.065


# ---------------------------------------------------------------- means


SAMPLES = st.lists(st.floats(-100, 100), min_size=2, max_size=20).map(np.array)


@given(first=SAMPLES, second=SAMPLES)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_difference_of_means_is_that_of_welch(first: FloatArray, second: FloatArray) -> None:
    found = mean_difference(first, second)
    if min(np.ptp(first), np.ptp(second)) < 1e-3:
        return
    expected = scipy_stats.ttest_ind(first, second, equal_var=False, alternative="greater")
    assert found.freedom == pytest.approx(float(expected.df), rel=1e-6)
    assert found.p_above(0.0) == pytest.approx(float(expected.pvalue), rel=1e-6, abs=1e-12)
    limits = expected.confidence_interval(0.95)
    assert found.lower(0.05) == pytest.approx(float(limits.low), rel=1e-6, abs=1e-6)
    assert found.lower(0.05) <= found.mean <= found.upper(0.05)


def test_a_difference_of_means_in_any_order_of_cases_is_the_same() -> None:
    rng = np.random.default_rng(7)
    first, second = rng.lognormal(size=40), rng.lognormal(0.5, size=25)
    found = mean_difference(first, second)
    turned = mean_difference(rng.permutation(first), rng.permutation(second))
    assert turned.mean == pytest.approx(found.mean)
    assert (turned.error, turned.freedom) == pytest.approx((found.error, found.freedom))
    swapped = mean_difference(second, first)
    assert swapped.upper(0.05) == pytest.approx(-found.lower(0.05))
    assert swapped.p_below(0.1) == pytest.approx(found.p_above(-0.1))


def test_equal_values_have_no_error_and_prove_only_what_they_are() -> None:
    found = mean_difference(np.full(4, 2.5), np.full(3, 2.0))
    assert (found.mean, found.error) == (0.5, 0)
    assert (found.lower(0.05), found.upper(0.05)) == (0.5, 0.5)
    assert (found.p_above(0.4), found.p_above(0.6)) == (0, 1)


@pytest.mark.parametrize("sizes", [(0, 5), (1, 5), (5, 1)])
def test_one_case_in_a_sample_shows_no_spread(sizes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="two units"):
        mean_difference(*(np.arange(float(n)) for n in sizes))


# ---------------------------------------------------------------- users


def users_of(sizes: list[int], first: int = 0) -> IntArray:
    """Return the codes of users with so many cases each."""
    return np.repeat(np.arange(first, first + len(sizes)), sizes)


def test_users_of_one_sample_each_are_clusters_as_engine_t_takes_them() -> None:
    rng = np.random.default_rng(8)
    codes = users_of([3, 1, 4, 2, 5]), users_of([2, 2, 6, 1], first=100)
    values = [rng.normal(0, 1, c.size) + rng.normal(0, 1, 200)[c] for c in codes]
    found = mean_difference(values[0], values[1], users=codes)
    parts = []
    for value, code in zip(values, codes, strict=True):
        user = code - code.min()
        sums, sizes = np.bincount(user, value), np.bincount(user)
        parts.append(Spread.of(sums.astype(np.float64), sizes.astype(np.float64)))
    variances = [part.error**2 for part in parts]
    freedom = sum(variances) ** 2 / sum(
        v**2 / part.freedom for v, part in zip(variances, parts, strict=True)
    )
    assert found.error == pytest.approx(math.sqrt(sum(variances)))
    assert found.freedom == pytest.approx(freedom)
    assert found.units == 9
    # A user a case is Welch's own.
    alone = mean_difference(values[0], values[1], users=(np.arange(15), np.arange(100, 111)))
    assert alone == mean_difference(values[0], values[1])


def test_users_with_a_case_in_either_sample_are_pairs() -> None:
    rng = np.random.default_rng(9)
    common = rng.normal(0, 5, 30)
    first, second = common + rng.normal(0, 1, 30), common + rng.normal(0.3, 1, 30)
    codes = np.arange(30)
    found = mean_difference(first, second, users=(codes, codes))
    paired = scipy_stats.ttest_rel(first, second)
    assert found.error == pytest.approx(abs(found.mean / float(paired.statistic)))
    assert found.freedom == pytest.approx(29)
    assert found.p_below(0.0) == pytest.approx(
        float(scipy_stats.ttest_rel(first, second, alternative="less").pvalue)
    )


def test_the_same_users_with_the_same_values_leave_no_error() -> None:
    values, codes = np.array([1.0, 2.0, 5.0, 7.0]), np.array([3, 3, 8, 9])
    found = mean_difference(values, values, users=(codes, codes))
    assert found.mean == 0
    assert found.error == pytest.approx(0, abs=1e-7)


def test_limits_over_users_miss_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(10)
    runs, missed, naive = 1500, 0, 0
    for _ in range(runs):
        effects = rng.normal(0, 1, 60)
        codes = rng.integers(0, 40, 120), rng.integers(20, 60, 120)
        values = [effects[code] + rng.normal(0, 1, code.size) for code in codes]
        missed += mean_difference(values[0], values[1], users=codes).p_above(0.0) <= 0.05
        naive += mean_difference(values[0], values[1]).p_above(0.0) <= 0.05
    assert missed / runs < 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    # Cases of one user are alike: taken for independent ones they miss too often.
    assert naive / runs > 0.08
