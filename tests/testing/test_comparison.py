"""Methods of others are what their authors say, so that a comparison with them is fair."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import optimize as scipy_optimize
from scipy import stats as scipy_stats

from evalkit.stats.arrays import FloatArray
from evalkit.testing.comparison.energy import energy_distance
from evalkit.testing.comparison.group_sequential import (
    nominal_levels,
    obrien_fleming_spending,
    power_spending,
    upper_bounds,
)
from evalkit.testing.comparison.permutation import p_two_sided
from evalkit.testing.comparison.ppi import normal_corrected_mean
from evalkit.testing.comparison.rogan_gladen import true_rate
from evalkit.testing.comparison.sprt import mean_sample_numbers
from evalkit.testing.comparison.tango import PairedCounts, noninferiority_power

NOTHING = np.zeros(0)


# ---------------------------------------------------------------- energy distance


@pytest.mark.parametrize("sizes", [(1, 1), (7, 4), (30, 25)])
def test_the_energy_distance_is_a_sum_over_pairs(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(sizes)
    x, y = (rng.normal(size=n).round(1) for n in sizes)

    def mean(a: FloatArray, b: FloatArray) -> float:
        return float(np.abs(a[:, None] - b).mean())

    assert energy_distance(x, y) == pytest.approx(2 * mean(x, y) - mean(x, x) - mean(y, y))
    assert energy_distance(y, x) == pytest.approx(energy_distance(x, y))
    assert energy_distance(x, x) == 0


# ---------------------------------------------------------------- permutations


@pytest.mark.parametrize("sizes", [(1, 1), (1, 6), (4, 5), (6, 3)])
def test_the_permutation_test_goes_through_every_split(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(sizes)
    # Ties, of values and of differences, count as reached.
    x, y = rng.integers(0, 6, sizes[0]) / 10, rng.integers(2, 8, sizes[1]) / 10
    pooled = np.concatenate([x, y])
    gap = abs(x.mean() - y.mean()) - 1e-12
    reached = [
        abs(pooled[list(chosen)].mean() - np.delete(pooled, chosen).mean()) >= gap
        for chosen in combinations(range(pooled.size), x.size)
    ]
    assert p_two_sided(x, y) == pytest.approx(np.mean(reached))
    assert p_two_sided(y, x) == p_two_sided(x, y)


def test_equal_values_leave_a_permutation_nothing_to_find() -> None:
    assert p_two_sided(np.full(4, 0.1), np.full(5, 0.1)) == 1


def test_too_many_splits_are_refused() -> None:
    with pytest.raises(ValueError, match="splits"):
        p_two_sided(np.arange(30.0), np.arange(30.0))


# ---------------------------------------------------------------- judges


def test_normal_limits_of_a_corrected_mean_are_those_of_ppi() -> None:
    rng = np.random.default_rng(3)
    judged, errors = rng.random(200), rng.normal(0.02, 0.1, 50)
    found = normal_corrected_mean(judged, errors, 0.05)
    error = math.sqrt(np.var(judged) / 200 + np.var(errors) / 50)
    assert found.estimate == pytest.approx(judged.mean() + errors.mean())
    assert found.upper == pytest.approx(found.estimate + 1.6448536269514722 * error)
    assert found.lower == pytest.approx(2 * found.estimate - found.upper)


def test_the_rate_behind_a_judge_is_what_it_would_find() -> None:
    for truth in (0.0, 0.2, 1.0):
        found = 0.9 * truth + (1 - 0.85) * (1 - truth)
        assert true_rate(found, sensitivity=0.9, specificity=0.85) == pytest.approx(truth)
    # Fewer than a judge's false alarms alone would be: the two do not fit, and it shows.
    assert true_rate(0.05, sensitivity=0.9, specificity=0.85) < 0


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.2, 0.9, 0.9), (0.5, 0.9, -0.1)])
def test_a_judge_without_worth_has_no_rate_behind_it(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        true_rate(*shares)


@pytest.mark.parametrize("empty", [(NOTHING, np.ones(2)), (np.ones(2), NOTHING)])
def test_samples_of_nothing_are_refused(empty: tuple[FloatArray, FloatArray]) -> None:
    for function in (energy_distance, p_two_sided):
        with pytest.raises(ValueError, match="two samples"):
            function(*empty)
    with pytest.raises(ValueError, match="labels"):
        normal_corrected_mean(*empty, 0.05)


# ---------------------------------------------------------------- sequential tests


def test_wald_numbers_are_near_those_of_a_simulated_test() -> None:
    # Rates near each other, so that little is overshot.
    null, alternative, alpha, beta = 0.5, 0.55, 0.05, 0.1
    expected = mean_sample_numbers(null, alternative, alpha=alpha, beta=beta)
    low, high = math.log(beta / (1 - alpha)), math.log((1 - beta) / alpha)
    steps = math.log((1 - alternative) / (1 - null)), math.log(alternative / null)
    rng = np.random.default_rng(4)
    for rate, wanted in zip((null, alternative), expected, strict=True):
        walks = np.cumsum(np.where(rng.random((2000, 4000)) < rate, steps[1], steps[0]), axis=1)
        ended = ((walks <= low) | (walks >= high)).argmax(axis=1) + 1
        assert ended.mean() == pytest.approx(wanted, rel=0.06)


@pytest.mark.parametrize(
    ("rates", "alpha", "beta"),
    [
        ((0.5, 0.5), 0.05, 0.1),
        ((0.0, 0.5), 0.05, 0.1),
        ((0.4, 0.5), 0.5, 0.5),
        ((0.4, 0.5), 0, 0.1),
    ],
)
def test_wald_numbers_need_two_rates_and_two_levels(
    rates: tuple[float, float], alpha: float, beta: float
) -> None:
    with pytest.raises(ValueError, match="expected"):
        mean_sample_numbers(*rates, alpha=alpha, beta=beta)


def test_bounds_of_published_designs_are_found_again() -> None:
    # Lan and DeMets 1983, table 1, and ldbounds in R.
    found = upper_bounds([0.2, 0.4, 0.6, 0.8, 1.0], obrien_fleming_spending(0.025))
    assert found == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=6e-4)
    ten = nominal_levels(upper_bounds([k / 10 for k in range(1, 11)], power_spending(0.05, 2)))
    assert ten == pytest.approx(
        [0.00050, 0.00164, 0.00325, 0.00542, 0.00817, 0.01157, 0.01564, 0.02043, 0.02598, 0.03233],
        abs=1e-5,
    )


def test_the_grid_of_the_published_program_is_ours() -> None:
    # ldbounds in R, whose search stops within 1e-7 of a probability.
    found = upper_bounds([0.2, 0.45, 0.7, 1.0], power_spending(0.05, 2))
    expected = [2.87816173909548, 2.3714321683995, 2.06343198553778, 1.7538410597713]
    assert found == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize("shares", [(0.5, 1.0), (0.2, 0.9), (0.05, 0.06)])
def test_a_finer_grid_nears_the_bivariate_normal(shares: tuple[float, float]) -> None:
    spending = power_spending(0.05, 1.5)
    first, second = upper_bounds(shares, spending, step=0.01)
    correlation = math.sqrt(shares[0] / shares[1])
    both = scipy_stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    stopped = 1 - float(both.cdf([first, second]))
    assert scipy_stats.norm.sf(first) == pytest.approx(spending(shares[0]), rel=1e-10)
    assert stopped == pytest.approx(spending(shares[1]), rel=2e-4)


def test_a_single_look_is_no_group_sequential_test() -> None:
    assert upper_bounds([1.0], power_spending(0.05, 3)) == pytest.approx([1.6448536269514722])


@pytest.mark.parametrize("shares", [[], [0.5, 0.5], [0.0, 1.0], [0.6, 0.5]])
def test_information_has_to_rise(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="information shares that rise"):
        upper_bounds(shares, power_spending(0.05, 2))


def test_a_level_that_is_spent_is_refused() -> None:
    with pytest.raises(ValueError, match=r"spending that grows, found 0\.0 for look 2"):
        upper_bounds([1.0, 1.2], power_spending(0.05, 2))


# ---------------------------------------------------------------- Tango's score


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # contingencytables in R, alpha = 0.10.
        ((0, 1, 44), (-0.0956624266714035, 0.0365169490582867)),
        ((1, 7, 21), (-0.481622491636696, -0.0746307591879841)),
        ((6, 16, 161), (-0.113126053053576, -0.0150583459063252)),
        ((10, 3, 500), (0.00239058652570229, 0.0278964649752446)),
    ],
)
def test_tango_limits_are_those_of_r(
    counts: tuple[int, int, int], expected: tuple[float, float]
) -> None:
    found = PairedCounts(*counts)
    assert (found.lower(0.05), found.upper(0.05)) == pytest.approx(expected, abs=2e-5)
    mirrored = PairedCounts(counts[1], counts[0], counts[2])
    assert mirrored.upper(0.05) == -found.lower(0.05)


@pytest.mark.parametrize("difference", [-0.5, -0.03, 0.0, 0.2, 0.6])
@pytest.mark.parametrize("counts", [(3, 9, 40), (0, 4, 30), (5, 0, 30), (10, 3, 500)])
def test_the_score_takes_the_likeliest_rates_with_that_difference(
    counts: tuple[int, int, int], difference: float
) -> None:
    first, second, n = counts

    def surprise(loss: float) -> float:
        chances = (loss + difference, loss, 1 - difference - 2 * loss)
        return -sum(
            count * math.log(max(chance, 1e-300))
            for count, chance in zip((first, second, n - first - second), chances, strict=True)
            if count
        )

    low, high = max(0.0, -difference), (1 - difference) / 2
    loss = float(
        scipy_optimize.minimize_scalar(
            surprise, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
        ).x
    )
    error = math.sqrt(n * (2 * loss + difference - difference**2))
    expected = (first - second - n * difference) / error
    assert PairedCounts(*counts).score(difference) == pytest.approx(expected, rel=2e-4, abs=2e-4)


def test_pairs_that_never_differ_or_always_do_have_limits() -> None:
    same = PairedCounts(0, 0, 20)
    assert same.value == same.score(0.0) == 0
    assert same.lower(0.05) == -same.upper(0.05)
    assert 0 < same.upper(0.05) < 0.2
    won = PairedCounts(5, 0, 5)
    assert (won.value, won.upper(0.05)) == (1, 1)
    assert 0 < won.lower(0.05) < 1


@pytest.mark.parametrize("counts", [(0, 0, 0), (-1, 0, 5), (0, -1, 5), (3, 3, 5)])
def test_impossible_pairs_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="pair"):
        PairedCounts(*counts)


@pytest.mark.parametrize("difference", [0.0, -0.05, 0.1])
def test_the_power_of_tango_is_a_sum_over_all_outcomes(difference: float) -> None:
    n, margin, discordance = 25, 0.15, 0.1
    chances = [(discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance]
    law = scipy_stats.multinomial(n, chances)
    expected = sum(
        float(law.pmf([gains, losses, n - gains - losses]))
        for gains in range(n + 1)
        for losses in range(n + 1 - gains)
        if PairedCounts(gains, losses, n).score(-margin) >= 1.6448536269514722
    )
    found = noninferiority_power(
        n, margin, discordance=discordance, difference=difference, alpha=0.05
    )
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_difference_needs_pairs_that_differ() -> None:
    with pytest.raises(ValueError, match="within"):
        noninferiority_power(20, 0.1, discordance=0.02, difference=0.05, alpha=0.05)
