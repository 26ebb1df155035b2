"""A quantile beside that of the baseline: what is resampled, what is exact, and what both claim."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import Limit, LimitKind
from evalkit.core.model import Arm
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.engines.quantile_change import (
    MORE_REPLICATES,
    REPLICATES,
    BothWays,
    QuantileChange,
    QuantileMover,
)
from evalkit.stats.least import fewest_units
from evalkit.stats.quantile import rank_limits, sample_quantile
from evalkit.stats.quantile_change import (
    mover_limits,
    resampled_quantiles,
    weighted_quantiles,
)
from evalkit.stats.resampling import unit_counts
from evalkit.stats.shift import Values

ALPHAS = (0.001, 0.01, 0.05, 0.1, 0.4)
quick = settings(derandomize=True, deadline=None, max_examples=100)
Engine: TypeAlias = QuantileChange | QuantileMover


def values(found: FloatArray | list[float], unit: IntArray | None = None) -> Values:
    """Return values of the same weight, each of its own unit unless units are given."""
    array = np.asarray(found, np.float64)
    return Values(array, np.arange(array.size) if unit is None else unit, np.ones(array.size))


def both(
    baseline: FloatArray | list[float],
    candidate: FloatArray | list[float],
    unit: IntArray | None = None,
) -> BothWays:
    """Return two arms that miss nothing."""
    seen = {Arm.BASELINE: values(baseline, unit), Arm.CANDIDATE: values(candidate, unit)}
    units = len(candidate) if unit is None else int(unit.max()) + 1
    return BothWays(seen, seen, seen, units)


def latencies(n: int, seed: int, slower: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Return lognormal times of two arms, alike within a case."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n)
    baseline, candidate = (
        np.exp(6 + 0.5 * (0.6 * shared + 0.8 * rng.normal(size=n))) for _ in range(2)
    )
    return baseline, candidate * slower


def resampled(
    arms: BothWays,
    quantile: float = 0.9,
    *,
    ratio: bool = True,
    asked: tuple[float, ...] = (),
    alpha: float = 0.05,
    seed: int = 5,
) -> QuantileChange:
    """Return the bootstrap of an arm beside another."""
    return QuantileChange.of(arms, quantile, ratio=ratio, asked=asked, alpha=alpha, seed=seed)


def exact(arms: BothWays, quantile: float = 0.9, *, ratio: bool = True) -> QuantileMover:
    """Return MOVER's limits of an arm beside another."""
    return QuantileMover.of(arms, quantile, ratio=ratio)


def by_both_methods(arms: BothWays, *, ratio: bool = True) -> list[Engine]:
    """Return both engines on the same arms."""
    return [resampled(arms, ratio=ratio), exact(arms, ratio=ratio)]


# ---------------------------------------------------------------- quantiles of what was drawn


@st.composite
def drawn_values(draw: st.DrawFn, weights: list[float]) -> tuple[Values, FloatArray]:
    """Return sorted values, some equal and some infinite, with a row of counts of their units."""
    size = draw(st.integers(1, 12))
    numbers = st.one_of(st.integers(-3, 6).map(float), st.just(math.inf))
    found = sorted(draw(st.lists(numbers, min_size=size, max_size=size)))
    unit = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size))
    weight = draw(st.lists(st.sampled_from(weights), min_size=size, max_size=size))
    counts = draw(st.lists(st.integers(0, 4), min_size=5, max_size=5))
    arm = Values(np.array(found), np.array(unit), np.array(weight))
    return arm, np.array([counts], np.float64)


def written_out(arm: Values, quantile: float, counts: FloatArray) -> float:
    """Return the quantile of each value as often as its unit was drawn."""
    times = counts[arm.unit].astype(np.int64)
    if not times.sum():
        times = np.ones_like(times)
    return sample_quantile(np.repeat(arm.values, times), quantile, np.repeat(arm.weights, times))


@pytest.mark.parametrize("weights", [[1.0], [0.5], [1.0, 0.5, 1 / 3]])
def test_a_quantile_of_a_draw_is_that_of_the_draw_written_out(weights: list[float]) -> None:
    @given(
        found=drawn_values(weights), quantile=st.sampled_from([0.05, 0.25, 0.5, 0.9, 0.95, 0.99])
    )
    @quick
    def check(found: tuple[Values, FloatArray], quantile: float) -> None:
        arm, counts = found
        expected = written_out(arm, quantile, counts[0])
        assert weighted_quantiles(arm, quantile, counts)[0] == pytest.approx(expected, abs=1e-7)

    check()


@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.5, 0.95, 0.99])
def test_a_quantile_of_a_draw_is_type_7(quantile: float) -> None:
    found = np.sort(np.random.default_rng(1).normal(size=700))
    counts = np.concatenate(list(unit_counts(700, 50, seed=2)))
    expected = [np.quantile(np.repeat(found, row.astype(int)), quantile) for row in counts]
    assert weighted_quantiles(values(found), quantile, counts) == pytest.approx(expected, abs=1e-9)


def test_the_rarest_draws_are_counted_in_full() -> None:
    """A draw of the highest values alone has its quantile far from that of all."""
    found, n = np.arange(5_000.0), 5_000
    counts = np.ones((4, n))
    counts[1], counts[2] = np.where(found < 100, 50.0, 0.0), np.where(found >= 4_900, 50.0, 0.0)
    expected = [written_out(values(found), 0.5, row) for row in counts]
    assert expected[1] < 100
    assert expected[2] >= 4_900
    assert weighted_quantiles(values(found), 0.5, counts) == pytest.approx(expected, abs=1e-9)


def test_a_case_drawn_several_times_counts_as_one() -> None:
    """Equal values of one case weigh as much as its one value would."""
    arm = Values(
        np.array([1.0, 2, 2, 3, 4]), np.array([0, 1, 1, 2, 3]), np.array([1, 0.5, 0.5, 1, 1])
    )
    counts = np.array([[1.0, 0, 2, 1], [1, 0, 1, 0]])
    once = weighted_quantiles(values([1.0, 2, 3, 4]), 0.75, counts)
    assert weighted_quantiles(arm, 0.75, counts) == pytest.approx(once)


def test_both_arms_are_resampled_with_the_same_units() -> None:
    baseline = latencies(200, seed=1)[0]
    order = np.random.default_rng(0).permutation(200)
    shuffled = Values(2 * baseline[order], order, np.ones(200))
    first, second = resampled_quantiles([values(baseline), shuffled], 0.9, 200, 500, seed=3)
    assert first.size == 500
    assert np.unique(first).size > 10
    assert np.array_equal(2 * first, second)


def test_five_values_have_to_lie_beyond_a_quantile() -> None:
    found = [fewest_units(quantile) for quantile in (0.5, 0.9, 0.95, 0.99, 0.05)]
    assert found == [10, 50, 100, 500, 100]


# ---------------------------------------------------------------- MOVER


def test_mover_joins_the_exact_limits_of_both_quantiles() -> None:
    baseline, candidate = (np.log(each) for each in latencies(80, seed=2))
    change, lower, upper = mover_limits(baseline, candidate, 0.95, 0.05)
    low, high = rank_limits(80, 0.95, 0.05)
    b, c = np.sort(baseline), np.sort(candidate)
    at_b, at_c = np.quantile(b, 0.95), np.quantile(c, 0.95)
    assert change == pytest.approx(at_c - at_b)
    assert lower == pytest.approx(change - math.hypot(at_c - c[low - 1], b[high - 1] - at_b))
    assert upper == pytest.approx(change + math.hypot(c[high - 1] - at_c, at_b - b[low - 1]))


def test_mover_of_logarithms_is_that_of_r() -> None:
    """Ranks by pbinom, type 7 of the logarithms, the limits back as ratios."""
    baseline = [
        249, 349, 459, 227, 445, 410, 421, 705, 219, 760, 278, 229, 282, 458, 435, 346, 251, 292,
        744, 446, 302, 252, 364, 175, 317, 279, 721, 669, 389, 229, 633, 618, 580, 583, 338, 574,
        773, 411, 247, 600, 598, 345, 943, 271, 480, 130, 372, 710, 321, 257, 580, 269, 461, 169,
        199, 322, 240, 797, 638, 272, 537, 638, 459, 481, 726, 317, 327, 650, 212, 443, 397, 510,
        673, 461, 453, 586, 741, 489, 246, 373,
    ]  # fmt: skip
    candidate = [
        1010, 356, 598, 782, 631, 423, 473, 272, 528, 272, 277, 259, 306, 718, 349, 409, 337, 556,
        676, 382, 577, 346, 718, 573, 705, 575, 470, 164, 301, 540, 336, 369, 345, 953, 296, 338,
        427, 472, 466, 414, 201, 510, 549, 333, 594, 290, 514, 304, 179, 756, 600, 456, 895, 188,
        452, 128, 873, 273, 221, 274, 237, 157, 259, 393, 669, 520, 228, 308, 1113, 521, 222, 1584,
        541, 650, 731, 475, 439, 259, 220, 1454,
    ]  # fmt: skip
    logs = np.log(baseline), np.log(candidate)
    ratios = [math.exp(each) for each in mover_limits(*logs, 0.95, 0.05)]
    assert ratios == pytest.approx([1.28327388374984, 0.941450130067558, 2.12898596204694])


def test_mover_has_no_limit_where_a_quantile_has_none() -> None:
    baseline, candidate = latencies(50, seed=3)
    _, lower, upper = mover_limits(baseline, candidate, 0.95, 0.05)
    assert (lower, upper) == (-math.inf, math.inf)
    found = exact(both(baseline, candidate), 0.95)
    assert (found.lower(0.05), found.upper(0.05)) == (0, math.inf)


def test_infinite_quantiles_have_the_widest_limits_of_mover() -> None:
    finite = np.arange(1.0, 201.0)
    mostly, some = finite.copy(), finite.copy()
    mostly[100:], some[185:] = math.inf, math.inf
    rank = rank_limits(200, 0.9, 0.05)[1]
    found = mover_limits(finite, mostly, 0.9, 0.05)
    assert found == (math.inf, math.inf, math.inf)
    assert mover_limits(mostly, finite, 0.9, 0.05) == (-math.inf, -math.inf, -math.inf)
    assert mover_limits(mostly, mostly, 0.9, 0.05) == (0, -math.inf, math.inf)
    # The quantile itself is finite here, and its upper limit is not.
    assert rank > 185
    change, lower, upper = mover_limits(finite, some, 0.9, 0.05)
    assert change == 0
    assert -math.inf < lower < 0
    assert upper == math.inf
    assert mover_limits(some, finite, 0.9, 0.05)[1] == -math.inf


# ---------------------------------------------------------------- both engines


@pytest.mark.parametrize("ratio", [True, False])
def test_limits_hold_the_change_and_widen_with_confidence(*, ratio: bool) -> None:
    baseline, candidate = latencies(300, seed=4, slower=1.1)
    for found in by_both_methods(both(baseline, candidate), ratio=ratio):
        lower = [found.lower(alpha) for alpha in ALPHAS]
        upper = [found.upper(alpha) for alpha in ALPHAS]
        assert lower == sorted(lower)
        assert upper == sorted(upper, reverse=True)
        assert lower[-1] <= found.value <= upper[-1]
        assert found.approximate
        assert not found.constant
        at_c, at_b = (np.quantile(each, 0.9) for each in (candidate, baseline))
        assert found.value == pytest.approx(at_c / at_b if ratio else at_c - at_b)


@pytest.mark.parametrize("ratio", [True, False])
def test_p_values_and_limits_agree(*, ratio: bool) -> None:
    for found in by_both_methods(both(*latencies(150, seed=5, slower=1.1)), ratio=ratio):
        low, high = found.lower(0.01), found.upper(0.01)
        bounds = [*np.linspace(low - 0.1, high + 0.1, 9), found.lower(0.05), found.upper(0.05)]
        for alpha, bound in itertools.product((0.01, 0.05, 0.1, 0.4), bounds):
            above, below = found.p_above(bound), found.p_below(bound)
            slack = 1e-7 * abs(bound)
            # A p-value on an alpha has the last bits of either decide.
            if not math.isclose(above, alpha, rel_tol=1e-6):
                assert (above <= alpha) == (found.lower(alpha) > bound + slack)
            if not math.isclose(below, alpha, rel_tol=1e-6):
                assert (below <= alpha) == (found.upper(alpha) < bound - slack)


@pytest.mark.parametrize("ratio", [True, False])
def test_exchanged_arms_have_mirrored_limits(*, ratio: bool) -> None:
    baseline, candidate = latencies(120, seed=6, slower=1.2)
    here = by_both_methods(both(baseline, candidate), ratio=ratio)
    there = by_both_methods(both(candidate, baseline), ratio=ratio)

    def mirrored(number: float) -> float:
        return 1 / number if ratio else -number

    for one, other in zip(here, there, strict=True):
        assert one.value == pytest.approx(mirrored(other.value), rel=1e-14)
        for alpha in (0.01, 0.05, 0.4):
            assert one.lower(alpha) == pytest.approx(mirrored(other.upper(alpha)), rel=1e-14)
            assert one.upper(alpha) == pytest.approx(mirrored(other.lower(alpha)), rel=1e-14)
        bound = one.lower(0.02)
        assert one.p_above(bound) == pytest.approx(other.p_below(mirrored(bound)), abs=3e-4)


@pytest.mark.parametrize("factor", [1e-6, 0.5, 3.0, 1e9])
def test_another_unit_of_time_changes_no_ratio_and_scales_a_difference(factor: float) -> None:
    baseline, candidate = latencies(120, seed=7)
    arms, scaled = both(baseline, candidate), both(factor * baseline, factor * candidate)
    for ratio in (True, False):
        engines = by_both_methods(arms, ratio=ratio), by_both_methods(scaled, ratio=ratio)
        for one, other in zip(*engines, strict=True):
            size = 1.0 if ratio else factor
            for number in (lambda found: found.value, lower_limit, upper_limit):
                assert number(other) == pytest.approx(size * number(one), rel=1e-9)


def lower_limit(found: Engine) -> float:
    return found.lower(0.05)


def upper_limit(found: Engine) -> float:
    return found.upper(0.05)


def test_a_slower_candidate_moves_its_ratio_and_both_limits_by_as_much() -> None:
    baseline, candidate = latencies(120, seed=8)
    here = by_both_methods(both(baseline, candidate))
    there = by_both_methods(both(baseline, 1.5 * candidate))
    for one, other in zip(here, there, strict=True):
        for number in (lambda found: found.value, lower_limit, upper_limit):
            assert number(other) == pytest.approx(1.5 * number(one), rel=1e-9)


def test_the_order_of_cases_changes_which_are_drawn_and_little_else() -> None:
    baseline, candidate = latencies(150, seed=9)
    order = np.random.default_rng(1).permutation(150)
    here, there = both(baseline, candidate), both(baseline[order], candidate[order])
    assert exact(here).upper(0.05) == exact(there).upper(0.05)
    assert resampled(here).value == resampled(there).value
    assert resampled(here).upper(0.05) == pytest.approx(resampled(there).upper(0.05), rel=0.03)
    assert resampled(here).upper(0.05) == resampled(here).upper(0.05)


@pytest.mark.parametrize("ratio", [True, False])
def test_equal_values_have_no_spread(*, ratio: bool) -> None:
    for found in by_both_methods(both([4.0] * 100, [6.0] * 100), ratio=ratio):
        expected = 1.5 if ratio else 2.0
        limits = found.lower(0.05), found.value, found.upper(0.05)
        assert limits == pytest.approx((expected,) * 3)
        # On the bound itself nothing is claimed.
        assert found.p_above(expected) == 1
        assert found.p_below(expected) == 1
    assert resampled(both([4.0] * 100, [6.0] * 100)).constant


def test_one_case_has_one_change_however_it_is_drawn() -> None:
    """How many units a quantile needs is asked before."""
    found = resampled(both([2.0], [3.0]))
    assert (found.lower(0.05), found.value, found.upper(0.05)) == pytest.approx((1.5,) * 3)
    assert found.constant
    alone = exact(both([2.0], [3.0]))
    assert (alone.lower(0.05), alone.upper(0.05)) == (0, math.inf)


def test_two_timeouts_say_nothing() -> None:
    timeouts = both([math.inf] * 100, [math.inf] * 100)
    for found in by_both_methods(timeouts):
        assert (found.lower(0.05), found.value, found.upper(0.05)) == (0, 1, math.inf)
        assert found.p_above(0.5) == found.p_below(2.0) == 1
        assert not found.constant
        assert not found.would_settle(Limit(LimitKind.RATIO, max=2), 0.05, 100, 1.0)
    for found in by_both_methods(timeouts, ratio=False):
        assert (found.lower(0.05), found.value, found.upper(0.05)) == (-math.inf, 0, math.inf)
        assert found.p_above(0.0) == found.p_below(0.0) == 1


def test_timeouts_of_the_candidate_alone_are_a_change_without_end() -> None:
    baseline = latencies(200, seed=10)[0]
    for found in by_both_methods(both(baseline, [math.inf] * 200)):
        assert (found.lower(0.05), found.value) == (math.inf, math.inf)
        assert found.p_above(2.0) < 0.001
        assert found.p_below(2.0) == 1
    for found in by_both_methods(both([math.inf] * 200, baseline)):
        assert (found.value, found.upper(0.05)) == (0, 0)
        assert found.p_below(0.5) < 0.001


def test_timeouts_about_as_many_as_a_quantile_lets_through_leave_the_upper_limit_open() -> None:
    baseline, candidate = latencies(200, seed=11)
    candidate[:16] = math.inf
    for found in by_both_methods(both(baseline, candidate)):
        assert math.isfinite(found.value)
        assert found.upper(0.05) == math.inf
        assert 0.5 < found.lower(0.05) < found.value


def test_a_replicate_with_two_timeouts_counts_against_either_claim() -> None:
    baseline, candidate = latencies(200, seed=12)
    slow = np.arange(200) >= 183
    baseline[slow] = candidate[slow] = math.inf
    found = resampled(both(baseline, candidate))
    unknown = int(np.isinf(found.high).sum())
    assert 0 < unknown < 0.5 * found.high.size
    assert int(np.isinf(found.low).sum()) == unknown
    assert found.p_below(1e6) >= unknown / found.high.size
    assert found.p_above(1e-6) >= unknown / found.low.size


# ---------------------------------------------------------------- missing samples


def missing_some(n: int, lost: int) -> BothWays:
    """Return arms in which the candidate misses its first values."""
    baseline, candidate = latencies(n, seed=13)
    low, high = candidate.copy(), candidate.copy()
    low[:lost], high[:lost] = 1.0, math.inf
    base = values(baseline)
    seen = Values(candidate[lost:], np.arange(lost, n), np.ones(n - lost))
    return BothWays(
        {Arm.BASELINE: base, Arm.CANDIDATE: values(low)},
        {Arm.BASELINE: base, Arm.CANDIDATE: values(high)},
        {Arm.BASELINE: base, Arm.CANDIDATE: seen},
        n,
    )


@pytest.mark.parametrize("method", [resampled, exact])
def test_a_claim_survives_whatever_the_missing_samples_were(
    method: Callable[[BothWays], Engine],
) -> None:
    holed = missing_some(300, 4)
    found = method(holed)
    assert found.lower(0.05) < found.value < found.upper(0.05)
    for side in (holed.low, holed.high):
        whole = method(BothWays(side, side, side, 300))
        assert found.lower(0.05) <= whole.lower(0.05)
        assert found.upper(0.05) >= whole.upper(0.05)
    only_seen = (
        method(BothWays(holed.seen, holed.seen, holed.seen, 300))
        if (method is resampled)
        else method(both(holed.seen[Arm.BASELINE].values[4:], holed.seen[Arm.CANDIDATE].values))
    )
    assert found.upper(0.05) > only_seen.upper(0.05)


def test_samples_missing_beyond_the_quantile_leave_nothing_to_claim() -> None:
    for found in (resampled(missing_some(300, 40)), exact(missing_some(300, 40))):
        assert found.upper(0.05) == math.inf
        assert found.p_below(100.0) > 0.5


# ---------------------------------------------------------------- clusters


def test_cases_of_one_cluster_are_drawn_together() -> None:
    baseline, candidate = latencies(60, seed=14, slower=1.2)
    unit = np.repeat(np.arange(60), 5)
    copies = resampled(both(np.repeat(baseline, 5), np.repeat(candidate, 5), unit))
    alone = resampled(both(np.repeat(baseline, 5), np.repeat(candidate, 5)))
    once = resampled(both(baseline, candidate))
    width = math.log(copies.upper(0.05) / copies.lower(0.05))
    assert width > 1.5 * math.log(alone.upper(0.05) / alone.lower(0.05))
    assert width == pytest.approx(math.log(once.upper(0.05) / once.lower(0.05)), rel=0.2)


# ---------------------------------------------------------------- replicates


def test_a_limit_near_a_bound_is_drawn_ten_times_as_often() -> None:
    arms = both(*latencies(100, seed=15))
    first = resampled(arms)
    assert first.low.size == REPLICATES
    for near in (first.upper(0.05), first.lower(0.05)):
        again = resampled(arms, asked=(near,))
        assert again.low.size == MORE_REPLICATES
        assert again.upper(0.05) == pytest.approx(first.upper(0.05), rel=0.05)
    assert resampled(arms, asked=(10.0, 0.1)).low.size == REPLICATES


def test_a_small_alpha_gets_more_replicates_and_no_limit_where_they_are_too_few() -> None:
    arms = both(*latencies(100, seed=16))
    assert resampled(arms, alpha=0.001).low.size == 20_000
    found = resampled(arms)
    assert (found.lower(1e-5), found.upper(1e-5)) == (0, math.inf)
    assert found.p_above(1e-9) == found.p_below(1e9) == pytest.approx(1 / (REPLICATES + 1))


# ---------------------------------------------------------------- what more data would do


def test_more_data_settle_a_bound_that_the_truth_is_away_from() -> None:
    limit = Limit(LimitKind.RATIO, max=1.3)
    for found in by_both_methods(both(*latencies(100, seed=17, slower=1.1))):
        assert not found.would_settle(limit, 0.05, 1, 1.1)
        assert found.would_settle(limit, 0.05, 100, 1.1)
        assert found.would_settle(limit, 0.05, 100, 1.6)
        assert not found.would_settle(limit, 0.05, 1e6, 1.3)


# ---------------------------------------------------------------- what cannot be compared


def test_what_has_no_ratio_is_refused() -> None:
    for bad in ([1.0, 0.0], [1.0, -2.0]):
        for method in (resampled, exact):
            with pytest.raises(ValueError, match="cannot be compared"):
                method(both([1.0, 2.0], bad))
        assert resampled(both([1.0, 2.0], bad), ratio=False).value < 0


def test_a_value_below_every_number_is_refused() -> None:
    with pytest.raises(ValueError, match="-inf cannot be compared"):
        resampled(both([1.0, 2.0], [1.0, -math.inf]), ratio=False)


def test_an_arm_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="both arms need a value"):
        resampled(both([1.0], []))


def test_a_value_that_counts_for_nothing_is_refused() -> None:
    nothing = Values(np.ones(2), np.arange(2), np.array([1.0, 0.0]))
    arms = {Arm.BASELINE: values([1.0, 2.0]), Arm.CANDIDATE: nothing}
    with pytest.raises(ValueError, match="the weight 0"):
        resampled(BothWays(arms, arms, arms, 2))


def test_exact_limits_are_refused_where_a_unit_has_several_values() -> None:
    with pytest.raises(ValueError, match="one value a unit"):
        exact(both([1.0, 2.0], [1.0, 2.0], np.zeros(2, np.int64)))


def test_a_ratio_beyond_what_a_float_holds_is_infinite() -> None:
    found = resampled(both([1e-200] * 20, [1e200] * 20))
    assert found.value == math.inf
    assert found.p_above(0.0) < 0.001
