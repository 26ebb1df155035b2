"""Distances between distributions are those of others, and their ball holds what it should."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.core.envelope import Limit, LimitKind
from evalkit.core.model import Arm
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.engines.shift import DistributionShift
from evalkit.stats.shift import Distance, Distributions, Values, jensen_shannon

KINDS: tuple[Distance, ...] = ("ks", "w1", "tv")
ALPHAS = (0.001, 0.01, 0.05, 0.1, 0.4)
quick = settings(derandomize=True, deadline=None, max_examples=60)


def both(
    baseline: list[float] | FloatArray,
    candidate: list[float] | FloatArray,
    units: IntArray | None = None,
) -> Distributions:
    """Return two arms in which each unit, or each place, has one value of the same weight."""
    arms = {}
    for arm, values in ((Arm.BASELINE, baseline), (Arm.CANDIDATE, candidate)):
        found = np.asarray(values, np.float64)
        unit = np.arange(found.size) if units is None else units
        arms[arm] = Values(found, unit, np.ones(found.size))
    count = max(int(values.unit.max(initial=-1)) for values in arms.values()) + 1
    return Distributions.of(arms, count)


def correlated(n: int, seed: int, move: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """Return normal values of two arms, alike within a case."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n)
    return shared + 0.5 * rng.normal(size=n), shared + 0.5 * rng.normal(size=n) + move


@st.composite
def arms(draw: st.DrawFn) -> dict[Arm, Values]:
    """Return values of either arm, some equal, on at most six units, of unequal weight."""
    found = {}
    for arm in (Arm.BASELINE, Arm.CANDIDATE):
        size = draw(st.integers(1, 12))
        values = draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size))
        unit = draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
        weights = draw(st.lists(st.sampled_from([1.0, 0.5, 1 / 3]), min_size=size, max_size=size))
        found[arm] = Values(np.array(values, np.float64), np.array(unit), np.array(weights))
    return found


def drawn_as(given_arms: dict[Arm, Values], counts: list[int]) -> dict[Arm, Values]:
    """Return the arms with each unit as often as it was drawn, written out."""
    repeated = {}
    for arm, values in given_arms.items():
        times = np.array(counts)[values.unit]
        repeated[arm] = Values(
            np.repeat(values.values, times),
            np.repeat(values.unit, times),
            np.repeat(values.weights, times),
        )
    return repeated


def shares(given_arms: dict[Arm, Values], at: FloatArray) -> FloatArray:
    """Return by which share of the weight up to each point the candidate is ahead."""
    ahead = []
    for arm in (Arm.CANDIDATE, Arm.BASELINE):
        values = given_arms[arm]
        up_to = values.values[None, :] <= at[:, None]
        ahead.append((up_to * values.weights).sum(axis=1) / values.weights.sum())
    return np.asarray(ahead[0] - ahead[1])


# ---------------------------------------------------------------- distances


@pytest.mark.parametrize(
    ("baseline", "candidate", "ks", "w1"),
    [
        # ks.test in R; the integral of |F − G|.
        ([1, 2, 3, 4, 5], [2, 3, 4, 5, 9], 0.2, 1.6),
        ([1, 2, 3, 4, 5, 6], [2, 2, 4, 4, 6, 9], 1 / 6, 1.0),
    ],
)
def test_distances_are_those_of_r(
    baseline: list[float], candidate: list[float], ks: float, w1: float
) -> None:
    found = both(baseline, candidate)
    assert found.distance("ks") == pytest.approx(ks, abs=1e-12)
    assert found.distance("w1") * np.std(baseline, ddof=1) == pytest.approx(w1, abs=1e-12)


def test_total_variation_and_jensen_shannon_are_those_of_r() -> None:
    codes = np.arange(3.0)
    counted = {
        Arm.BASELINE: Values(codes, np.zeros(3, np.int64), np.array([900.0, 80, 20])),
        Arm.CANDIDATE: Values(codes, np.zeros(3, np.int64), np.array([85.0, 10, 5])),
    }
    assert Distributions.of(counted, 1).distance("tv") == pytest.approx(0.05, abs=1e-12)
    found = jensen_shannon(np.array([0.9, 0.08, 0.02]), np.array([0.85, 0.1, 0.05]))
    assert found == pytest.approx(0.0781617110119601, abs=1e-12)


@given(found=arms())
@quick
def test_distances_are_those_of_scipy(found: dict[Arm, Values]) -> None:
    baseline, candidate = found[Arm.BASELINE], found[Arm.CANDIDATE]
    w1 = scipy_stats.wasserstein_distance(
        baseline.values, candidate.values, baseline.weights, candidate.weights
    )
    distances = Distributions.of(found, 6)
    assert distances.distance("w1") * distances.scale == pytest.approx(w1, abs=1e-12)
    every = np.unique(np.concatenate([baseline.values, candidate.values]))
    ahead = shares(found, every)
    assert distances.distance("ks") == pytest.approx(np.abs(ahead).max(), abs=1e-12)
    each = np.diff(ahead, prepend=0.0)
    assert distances.distance("tv") == pytest.approx(np.abs(each).sum() / 2, abs=1e-12)


def test_ks_of_many_values_is_that_of_scipy() -> None:
    baseline, candidate = correlated(500, seed=1, move=0.2)
    expected = scipy_stats.ks_2samp(baseline, candidate).statistic
    assert both(baseline, candidate).distance("ks") == pytest.approx(expected, abs=1e-12)


@given(found=arms())
@quick
def test_distances_are_symmetric_and_within_their_range(found: dict[Arm, Values]) -> None:
    exchanged = {Arm.BASELINE: found[Arm.CANDIDATE], Arm.CANDIDATE: found[Arm.BASELINE]}
    here, there = Distributions.of(found, 6), Distributions.of(exchanged, 6)
    for kind in ("ks", "tv"):
        assert 0 <= here.distance(kind) <= 1 + 1e-12
        assert here.distance(kind) == pytest.approx(there.distance(kind), abs=1e-12)
    w1 = here.distance("w1") * here.scale
    assert w1 == pytest.approx(there.distance("w1") * there.scale, abs=1e-12)
    # KS is TV with half-lines only.
    assert here.distance("ks") <= here.distance("tv") + 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_arms_alike_have_no_distance(kind: Distance) -> None:
    assert both([3.0, 1.0, 2.0], [1.0, 2.0, 3.0]).distance(kind) == pytest.approx(0, abs=1e-12)
    assert both([7.0], [7.0]).distance(kind) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_cases_changes_no_distance(kind: Distance) -> None:
    baseline, candidate = correlated(80, seed=2)
    order = np.random.default_rng(0).permutation(80)
    shuffled = both(baseline[order], candidate[order])
    assert shuffled.distance(kind) == pytest.approx(
        both(baseline, candidate).distance(kind), abs=1e-12
    )


def test_a_case_counts_as_one_however_often_it_was_drawn() -> None:
    once = both([1.0, 2.0, 5.0], [2.0, 2.0, 4.0])
    often = {
        Arm.BASELINE: Values(
            np.array([1.0, 2, 2, 2, 5, 5]), np.array([0, 1, 1, 1, 2, 2]),
            np.array([1, 1 / 3, 1 / 3, 1 / 3, 0.5, 0.5]),
        ),
        Arm.CANDIDATE: Values(np.array([2.0, 2, 4]), np.arange(3), np.ones(3)),
    }  # fmt: skip
    for kind in ("ks", "tv"):
        assert Distributions.of(often, 3).distance(kind) == pytest.approx(once.distance(kind))


def test_w1_is_in_standard_deviations_of_the_baseline_and_in_values_where_it_has_none() -> None:
    baseline, candidate = correlated(60, seed=3, move=0.4)
    here, wide = both(baseline, candidate), both(10 * baseline, 10 * candidate)
    assert wide.distance("w1") == pytest.approx(here.distance("w1"), rel=1e-12)
    assert both([2.0, 2.0], [2.0, 5.0]).distance("w1") == 1.5


def test_timeouts_count_in_ks_and_tv_and_are_no_number_in_w1() -> None:
    found = both([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, math.inf, math.inf])
    assert found.distance("ks") == 0.5
    assert found.distance("tv") == 0.5
    with pytest.raises(ValueError, match="infinite"):
        found.distance("w1")


@given(
    first=st.lists(st.floats(0, 1), min_size=4, max_size=4),
    second=st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
@quick
def test_jensen_shannon_is_that_of_scipy(first: list[float], second: list[float]) -> None:
    p, q = np.array(first) + 1e-3, np.array(second)
    q[0] += 1e-3
    p, q = p / p.sum(), q / q.sum()
    # scipy divides by logarithms of shares as small as float64 has.
    with np.errstate(all="ignore"):
        expected = scipy_stats.entropy(p, (p + q) / 2, 2) + scipy_stats.entropy(q, (p + q) / 2, 2)
    assert jensen_shannon(p, q) == pytest.approx(math.sqrt(max(expected / 2, 0)), abs=1e-7)
    assert jensen_shannon(p, p) == pytest.approx(0, abs=1e-7)


def test_what_is_no_distribution_is_refused() -> None:
    one, at = np.ones(1), np.zeros(1, np.int64)
    none = Values(np.zeros(0), np.zeros(0, np.int64), np.zeros(0))
    with pytest.raises(ValueError, match="both arms need a value"):
        Distributions.of({Arm.BASELINE: Values(one, at, one), Arm.CANDIDATE: none}, 1)
    with pytest.raises(ValueError, match="a unit and a weight"):
        Values(one, at, np.ones(2))
    with pytest.raises(ValueError, match="not a number"):
        Values(np.array([math.nan]), at, one)
    with pytest.raises(ValueError, match="a weight"):
        Values(one, at, -one)


# ---------------------------------------------------------------- what is drawn


@pytest.mark.parametrize(
    ("baseline", "candidate", "radii"),
    [
        # Written out in R from the definition, for the draw 2, 0, 1, 1, 0, 2.
        ([1, 2, 3, 4, 5, 6], [2, 2, 4, 4, 6, 9], {"ks": 1 / 6, "w1": 5 / 6}),
        ([0, 0, 1, 2, 1, 0], [0, 1, 1, 2, 2, 2], {"tv": 0.0}),
    ],
)
def test_the_radius_of_one_draw_is_that_of_r(
    baseline: list[float], candidate: list[float], radii: dict[Distance, float]
) -> None:
    found = both(baseline, candidate)
    drawn = np.array([[2.0, 0, 1, 1, 0, 2]])
    for kind, expected in radii.items():
        size = found.scale if kind == "w1" else 1.0
        assert found.radii_of(kind, drawn)[0] * size == pytest.approx(expected, abs=1e-12)


@given(found=arms(), counts=st.lists(st.integers(0, 3), min_size=6, max_size=6))
@quick
def test_the_radius_of_a_draw_is_the_distance_of_what_was_drawn_written_out(
    found: dict[Arm, Values], counts: list[int]
) -> None:
    repeated = drawn_as(found, counts)
    if not all(values.values.size for values in repeated.values()):
        return
    every = np.unique(np.concatenate([values.values for values in found.values()]))
    moved = shares(repeated, every) - shares(found, every)
    distances, drawn = Distributions.of(found, 6), np.array([counts], np.float64)
    assert distances.radii_of("ks", drawn)[0] == pytest.approx(np.abs(moved).max(), abs=1e-12)
    area = float(np.abs(moved[:-1]) @ np.diff(every)) / distances.scale
    assert distances.radii_of("w1", drawn)[0] == pytest.approx(area, abs=1e-12)
    each = np.abs(np.diff(moved, prepend=0.0)).sum() / 2
    assert distances.radii_of("tv", drawn)[0] == pytest.approx(each, abs=1e-12)


def test_a_draw_without_a_value_in_one_arm_has_a_radius_all_the_same() -> None:
    found = Distributions.of(
        {
            Arm.BASELINE: Values(np.array([1.0]), np.array([0]), np.ones(1)),
            Arm.CANDIDATE: Values(np.array([1.0]), np.array([1]), np.ones(1)),
        },
        2,
    )
    assert found.radii_of("ks", np.array([[2.0, 0.0], [0.0, 2.0]])).tolist() == [1.0, 1.0]


def test_values_of_one_cluster_are_drawn_together() -> None:
    """Ten copies of each case say no more than one."""
    baseline, candidate = correlated(50, seed=4)
    copies = both(np.tile(baseline, 10), np.tile(candidate, 10), np.tile(np.arange(50), 10))
    once = both(baseline, candidate)
    for kind in KINDS:
        # The deviation of ten times as many values is divided by n − 1 of them.
        size = copies.scale / once.scale if kind == "w1" else 1.0
        found, expected = (each.radii(kind, 300, seed=1) for each in (copies, once))
        assert found * size == pytest.approx(expected, abs=1e-9)


def test_the_same_seed_gives_the_same_bits_and_another_order_other_draws() -> None:
    baseline, candidate = correlated(100, seed=5)
    found = both(baseline, candidate).radii("ks", 200, seed=9)
    assert np.array_equal(found, both(baseline, candidate).radii("ks", 200, seed=9))
    assert not np.array_equal(found, both(baseline, candidate).radii("ks", 200, seed=8))
    turned = both(baseline[::-1], candidate[::-1]).radii("ks", 200, seed=9)
    assert not np.array_equal(found, turned)
    assert np.quantile(turned, 0.9) == pytest.approx(np.quantile(found, 0.9), abs=0.02)


# ---------------------------------------------------------------- any difference at all


@given(found=arms())
@settings(derandomize=True, deadline=None, max_examples=15)
def test_the_p_value_of_equality_counts_the_ways_to_swap_the_arms_of_units(
    found: dict[Arm, Values],
) -> None:
    seen = Distributions.of(found, 6).distance("ks")
    ways = []
    for swapped in itertools.product([False, True], repeat=6):
        turned = np.array(swapped)
        arms_now = {}
        for arm, other in itertools.permutations((Arm.BASELINE, Arm.CANDIDATE)):
            stay, come = ~turned[found[arm].unit], turned[found[other].unit]
            parts = [
                np.concatenate([getattr(found[arm], name)[stay], getattr(found[other], name)[come]])
                for name in ("values", "unit", "weights")
            ]
            arms_now[arm] = Values(*parts)
        if not all(values.values.size for values in arms_now.values()):
            return
        ways.append(Distributions.of(arms_now, 6).distance("ks") >= seen - 1e-9)
    expected = float(np.mean(ways))
    given_p = Distributions.of(found, 6).p_of_equality("ks", 4_000, seed=1)
    assert given_p == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 4_000))


def test_an_immaterial_difference_is_flagged_when_there_is_much_data() -> None:
    baseline, candidate = correlated(4_000, seed=6, move=0.08)
    found = both(baseline, candidate)
    assert found.distance("ks") < 0.05
    assert found.p_of_equality("ks", 500, seed=1) < 0.01
    alike = both(*correlated(4_000, seed=7))
    assert alike.p_of_equality("ks", 500, seed=1) > 0.05


# ---------------------------------------------------------------- the engine


def engine(
    kind: Distance = "ks", n: int = 300, *, move: float = 0.3, missing: float = 0.0
) -> DistributionShift:
    """Return an engine on two arms that lie so far apart."""
    return DistributionShift.of(both(*correlated(n, 8, move)), kind, missing=missing, seed=3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_ball_holds_its_distance_and_grows_with_confidence(kind: Distance) -> None:
    found = engine(kind)
    lower = [found.lower(alpha) for alpha in ALPHAS]
    upper = [found.upper(alpha) for alpha in ALPHAS]
    assert lower == sorted(lower)
    assert upper == sorted(upper, reverse=True)
    assert all(0 <= low <= found.value for low in lower)
    assert all(high >= found.value - 1e-12 for high in upper)
    assert found.approximate
    assert not found.constant


@pytest.mark.parametrize("kind", KINDS)
def test_p_values_and_limits_agree(kind: Distance) -> None:
    found = engine(kind, missing=0.01)
    bounds = np.linspace(0.5 * found.value, 2 * found.value, 41)
    for alpha, bound in itertools.product(ALPHAS, (*bounds, found.upper(0.05), found.lower(0.05))):
        assert (found.p_above(bound) <= alpha) == (found.lower(alpha) > bound + 1e-9)
        if bound < found.greatest:
            assert (found.p_below(bound) <= alpha) == (found.upper(alpha) < bound - 1e-9)


def test_missing_samples_widen_the_ball_by_the_shares_they_could_move() -> None:
    whole, holed = engine(), engine(missing=0.03)
    assert holed.value == whole.value
    assert holed.upper(0.05) == pytest.approx(whole.upper(0.05) + 0.03)
    assert holed.lower(0.05) == pytest.approx(whole.lower(0.05) - 0.03)


@given(found=arms(), lost=st.lists(st.booleans(), min_size=24, max_size=24))
@quick
def test_no_missing_value_moves_ks_or_tv_by_more_than_its_share(
    found: dict[Arm, Values], lost: list[bool]
) -> None:
    seen, share = {}, 0.0
    for place, (arm, values) in enumerate(found.items()):
        kept = ~np.array(lost[12 * place :][: values.values.size])
        if not kept.any():
            return
        share += float(values.weights[~kept].sum() / values.weights.sum())
        seen[arm] = Values(values.values[kept], values.unit[kept], values.weights[kept])
    here, whole = Distributions.of(seen, 6), Distributions.of(found, 6)
    for kind in ("ks", "tv"):
        assert abs(here.distance(kind) - whole.distance(kind)) <= share + 1e-9
    moved = abs(here.distance("w1") * here.scale - whole.distance("w1") * whole.scale)
    assert moved <= share * 8 + 1e-9  # the declared range here is −4 to 4


def test_the_upper_limit_of_ks_and_tv_is_at_most_1() -> None:
    apart = DistributionShift.of(both([1.0, 2], [3.0, 4]), "ks", missing=0.5, seed=1)
    assert apart.upper(0.05) == 1
    assert engine("tv").upper(0.05) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_arms_that_never_differed_are_called_constant(kind: Distance) -> None:
    values = correlated(250, seed=9)[0]
    alike = DistributionShift.of(both(values, values), kind, missing=0.0, seed=1)
    assert alike.constant
    assert (alike.lower(0.05), alike.value, alike.upper(0.05)) == (0, 0, 0)


def test_one_case_gives_a_number_that_no_draw_moves() -> None:
    """How many cases a shift needs is asked before; one alone is always drawn."""
    one = DistributionShift.of(both([1.0], [2.0]), "ks", missing=0.0, seed=1)
    assert (one.lower(0.05), one.value, one.upper(0.05)) == (1, 1, 1)


def test_a_small_alpha_gets_more_replicates_and_no_limit_where_they_are_too_few() -> None:
    pair = both(*correlated(40, 10, 0.5))
    assert DistributionShift.of(pair, "ks", missing=0, seed=1, alpha=0.002).radii.size == 10_000
    found = DistributionShift.of(pair, "ks", missing=0, seed=1)
    assert found.radii.size == 2_000
    assert found.lower(1e-5) == 0
    assert found.upper(1e-5) == 1
    assert found.p_below(1.5) == pytest.approx(1 / 2_001)
    assert not found.would_settle(Limit(LimitKind.SHIFT, max=0.9), 1e-5, 100, 0.1)


def test_more_data_settle_a_bound_that_the_truth_is_away_from() -> None:
    found, limit = engine(), Limit(LimitKind.SHIFT, max=0.2)
    assert not found.would_settle(limit, 0.05, 1, 0.15)
    assert found.would_settle(limit, 0.05, 20, 0.15)
    assert found.would_settle(limit, 0.05, 20, 0.25)
    assert not found.would_settle(limit, 0.05, 1e6, 0.2)


def test_no_amount_of_data_helps_against_what_is_missing() -> None:
    limit = Limit(LimitKind.SHIFT, max=0.2)
    assert engine().would_settle(limit, 0.05, 1e4, 0.15)
    assert not engine(missing=0.1).would_settle(limit, 0.05, 1e4, 0.15)
