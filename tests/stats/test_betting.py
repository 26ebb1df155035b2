"""Engine S: reference values, what a bet may depend on, and limits that agree with the claims."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import UNIT_INTERVAL, Limit, LimitKind, Support
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.betting import (
    Bet,
    Plan,
    Units,
    Wealth,
    bet_above,
    bet_above_many,
    bet_on,
    lower_limit,
    plan_for_ceiling,
    plan_for_difference,
    plan_for_floor,
)
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.engines.betting import BettingMean, room_between, usual_plan
from evalkit.stats.evidence import CaseMeans

FILE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "statistics.json"
VECTORS = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else []
STAR = [vector for vector in VECTORS if vector["method"] == "star_psi"]

ALPHA = 0.05
DIFFERENCE = Support(-1.0, 1.0)
FLOOR = plan_for_floor(0.85)
DELTA = plan_for_difference()
VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), max_size=60).map(np.array)
MEANS = st.floats(0.02, 0.98)


def rates(n: int, rate: float, seed: int = 1) -> FloatArray:
    found: FloatArray = (np.random.default_rng(seed).random(n) < rate).astype(np.float64)
    return found


def case_means(low: FloatArray, high: FloatArray | None = None) -> CaseMeans:
    """Return case means of which those that are not the same twice are missing."""
    top = low if high is None else high
    return CaseMeans(low, top, low, low == top, 1.0)


def engine(
    low: FloatArray, *bounds: float, high: FloatArray | None = None, plan: Plan = FLOOR,
    support: Support = UNIT_INTERVAL, clusters: IntArray | None = None, alpha: float = ALPHA,
    **options: Any,
) -> BettingMean:  # fmt: skip
    """Return the engine that was asked about bounds."""
    return BettingMean.of(
        case_means(low, high), clusters, support, bounds=bounds, alpha=alpha, plan=plan, **options
    )


# ---------------------------------------------------------------- the bet


def test_a_bet_on_forty_ones_against_a_floor_is_the_one_reckoned_by_hand() -> None:
    """One step in plain arithmetic, with two stakes to choose from."""
    plan = replace(plan_for_floor(0.8), stakes=2, weight=1.0)
    stakes = [0.99 / 0.8 * math.exp(-4), 0.99 / 0.8]
    shares = {0.0: 1 / 6, 1.0: 5 / 6}

    def regret(stake: float) -> float:
        return sum(
            share * (stake * (value - 0.8) - math.log1p(stake * (value - 0.8)))
            for value, share in shares.items()
        )

    costs = [(math.log(20) + 3 * regret(stake)) / stake for stake in stakes]
    stake = stakes[costs.index(min(costs))]
    found = bet_above(np.array([1.0]), 0.8, 0.05, plan, horizon=3)
    assert found.log_wealth == pytest.approx(math.log1p(stake * 0.2), abs=1e-15)


@pytest.mark.skipif(not STAR, reason=f"independent vectors are not at {FILE}")
@pytest.mark.parametrize("vector", STAR, ids=lambda vector: vector["id"])
def test_a_reference_bet_is_reproduced(vector: dict[str, Any]) -> None:
    given_, wanted = vector["inputs"], vector["expected"]
    plan = Plan(
        np.array(given_["plan_values"], float), np.array(given_["plan_probs"], float),
        given_["plan_weight"], given_["grid"], given_["cap"],
    )  # fmt: skip
    found = bet_above(np.array(given_["x"], float), given_["m"], given_["alpha"], plan)
    assert found.log_wealth == pytest.approx(wanted["log_wealth"], abs=vector["tolerance"])
    assert found.p_value == pytest.approx(wanted["p_value"], abs=vector["tolerance"])
    assert found.stopped_at == wanted["stopped_at"]
    assert (found.stopped_at is not None) == wanted["claim_mean_above_m"]


def test_many_data_sets_are_bet_on_as_each_alone() -> None:
    rows = np.stack([rates(200, rate, seed) for seed, rate in enumerate((0.7, 0.85, 0.9, 0.99))])
    many = bet_above_many(rows, 0.85, ALPHA, FLOOR, horizon=250)
    for place, row in enumerate(rows):
        assert many.bet(place) == bet_above(row, 0.85, ALPHA, FLOOR, horizon=250)


def test_one_data_set_is_bet_on_against_many_means_as_against_each() -> None:
    values, means = rates(150, 0.9), np.array([0.1, 0.5, 0.85, 0.95, 1.0])
    many = bet_above_many(values, means, ALPHA, FLOOR)
    for place, mean in enumerate(means.tolist()):
        assert many.bet(place) == bet_above(values, mean, ALPHA, FLOOR)


@given(VALUES, MEANS, st.integers(0, 60), st.sampled_from([ALPHA, 0.01]))
@settings(deadline=None, max_examples=40)
def test_a_bet_that_was_interrupted_goes_on_as_if_it_had_not_been(
    values: FloatArray, mean: float, cut: int, least: float
) -> None:
    start = Wealth.before(np.array([mean]), ALPHA, DELTA, least=least)
    whole = bet_on(start, values, horizon=50)
    first = bet_on(start, values[:cut], horizon=50)
    assert bet_on(first, values[cut:], horizon=50).bet() == whole.bet()
    assert start.log_wealth.tolist() == [0.0]


def test_an_undecided_bet_goes_on_under_a_new_horizon_from_the_wealth_it_had() -> None:
    values = rates(300, 0.9, seed=1)
    first = bet_on(Wealth.before(np.array([0.85]), ALPHA, FLOOR), values[:80])
    assert first.bet().stopped_at is None
    second = bet_on(first, values[80:], horizon=400)
    assert second.bet().stopped_at == 262
    assert second.seen == 300
    one_at_a_time = first
    for value in values[80:]:
        one_at_a_time = bet_on(one_at_a_time, np.array([value]), horizon=400)
    assert one_at_a_time.bet() == second.bet()


@given(VALUES, MEANS, st.integers(0, 59))
@settings(deadline=None, max_examples=40)
def test_a_stake_does_not_know_the_value_it_is_laid_on(
    values: FloatArray, mean: float, place: int
) -> None:
    """Whatever comes, the wealth changes by the factor of one stake, fixed beforehand."""
    start = Wealth.before(np.array([mean]), ALPHA, DELTA)
    before = bet_on(start, values[:place], horizon=70)
    if before.bet().stopped_at is not None:
        return
    factors = [
        math.exp(bet_on(before, np.array([value]), horizon=70).log_wealth[0] - before.log_wealth[0])
        for value in (0.0, mean, 1.0)
    ]
    stake = factors[2] - factors[0]
    assert 0 < stake <= 0.99 / mean + 1e-9
    assert factors[1] == pytest.approx(1.0)
    assert factors[0] == pytest.approx(1 - stake * mean)


@given(VALUES, MEANS)
@settings(deadline=None, max_examples=40)
def test_a_p_value_is_at_most_alpha_exactly_where_the_claim_was_made_and_only_falls(
    values: FloatArray, mean: float
) -> None:
    bets = [bet_above(values[:n], mean, ALPHA, DELTA, horizon=60) for n in range(values.size + 1)]
    for bet in bets:
        assert (bet.least_p_value <= ALPHA * (1 + 1e-11)) == (bet.stopped_at is not None)
        assert 0 <= bet.least_p_value <= bet.p_value <= 1
    least = [bet.least_p_value for bet in bets]
    assert least == sorted(least, reverse=True)


def test_a_bet_that_goes_on_to_a_higher_goal_makes_the_same_claim_and_a_smaller_p_value() -> None:
    values = rates(400, 0.95)
    one = bet_above(values, 0.85, ALPHA, FLOOR)
    further = bet_above(values, 0.85, ALPHA, FLOOR, least=ALPHA / 20)
    assert one.stopped_at == further.stopped_at
    assert ALPHA / 20 < one.least_p_value <= ALPHA
    assert further.least_p_value <= ALPHA / 20


def test_what_was_claimed_stays_claimed_when_the_values_turn() -> None:
    values = np.append(np.ones(60), np.zeros(60))
    found = bet_above(values, 0.85, ALPHA, FLOOR, least=1e-9)
    assert found.stopped_at == bet_above(np.ones(60), 0.85, ALPHA, FLOOR, horizon=120).stopped_at
    assert found.p_value == 1
    assert found.least_p_value <= ALPHA


def test_a_bet_goes_on_beyond_its_horizon() -> None:
    values = rates(1000, 0.95, seed=4)
    found = bet_above(values, 0.85, ALPHA, FLOOR, horizon=20)
    assert found.stopped_at is not None
    assert found.stopped_at > 20
    # The plan lasts as long again each time: 20, 40, 80 units and so on.
    wealth = bet_on(Wealth.before(np.array([0.85]), ALPHA, FLOOR), values[:20], horizon=20)
    wealth = bet_on(wealth, values[20:40], horizon=40)
    assert bet_on(wealth, values[40:60], horizon=80).bet() == bet_above(
        values[:60], 0.85, ALPHA, FLOOR, horizon=20
    )
    assert bet_above(values, 0.85, ALPHA, FLOOR, horizon=0).stopped_at is not None


@pytest.mark.parametrize("mean", [0.3, 1.0])
def test_without_values_nothing_is_won(mean: float) -> None:
    assert bet_above(np.array([]), mean, ALPHA, FLOOR) == Bet(0.0, 0.0, None)
    assert bet_above(np.array([]), mean, ALPHA, FLOOR).p_value == 1


def test_values_that_all_equal_the_mean_win_and_lose_nothing() -> None:
    assert bet_above(np.full(200, 0.5), 0.5, ALPHA, DELTA) == Bet(0.0, 0.0, None)


def test_a_mean_of_1_is_never_exceeded_and_a_mean_of_0_by_any_value_above_it() -> None:
    assert bet_above(np.ones(500), 1.0, ALPHA, FLOOR).stopped_at is None
    assert bet_above(np.zeros(500), 0.0, ALPHA, FLOOR) == Bet(0.0, 0.0, None)
    found = bet_above(np.array([0.0, 0.0, 1e-6, 0.0]), 0.0, ALPHA, FLOOR)
    assert (found.stopped_at, found.p_value, found.least_p_value) == (3, 0, 0)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_values_at_the_ends_leave_finite_wealth(end: float) -> None:
    found = bet_above(np.full(2000, end), 0.5, ALPHA, DELTA, least=1e-300)
    assert math.isfinite(found.log_wealth)
    assert found.p_value == (1 if end == 0 else found.least_p_value)
    assert (found.stopped_at is not None) == (end == 1.0)


def test_what_is_no_bet_is_refused() -> None:
    for values in (np.array([1.2]), np.array([-0.1])):
        with pytest.raises(ValueError, match="between 0 and 1"):
            bet_above(values, 0.5, ALPHA, FLOOR)
    with pytest.raises(ValueError, match="a mean of values"):
        bet_above(np.ones(3), 1.5, ALPHA, FLOOR)
    with pytest.raises(ValueError, match="no bet is needed"):
        bet_above_many(np.ones(3), 0.0, ALPHA, FLOOR)
    with pytest.raises(ValueError, match="is broken by"):
        bet_above(np.ones(3), 0.5, ALPHA, FLOOR, least=0.1)


# ---------------------------------------------------------------- plans, clusters


@pytest.mark.parametrize(
    ("plan", "mean"),
    [(plan_for_floor(0.85), 0.875), (plan_for_ceiling(), 0.02), (plan_for_difference(0.1), 0.5)],
)
def test_a_plan_is_a_distribution_and_its_mirror_that_of_what_is_left(
    plan: Plan, mean: float
) -> None:
    assert plan.shares.sum() == pytest.approx(1)
    assert plan.values @ plan.shares == pytest.approx(mean)
    assert plan.mirrored.values @ plan.shares == pytest.approx(1 - mean)


def test_the_usual_plan_goes_by_what_is_bounded() -> None:
    floor = Limit(LimitKind.ABSOLUTE, min=5.0)
    ceiling = Limit(LimitKind.ABSOLUTE, max=1.0)
    ten = Support(0.0, 10.0)
    assert usual_plan(floor, ten, rate=False).shares[0] == pytest.approx(0.5 * 5 / 6)
    assert usual_plan(ceiling, ten, rate=False).values.tolist() == [0, 0.1, 1]
    of_rate = usual_plan(ceiling, ten, rate=True)
    assert of_rate.values @ of_rate.shares == pytest.approx(0.1 * 5 / 6)
    within = Limit(LimitKind.DELTA, min=-0.03)
    delta = usual_plan(within, DIFFERENCE, rate=True)
    assert (delta.values.tolist(), delta.shares.tolist()) == ([0, 0.5, 1], [0.025, 0.95, 0.025])
    assert usual_plan(within, DIFFERENCE, rate=True, reach=0.5).values.tolist() == [0.25, 0.5, 0.75]


def test_clusters_of_one_size_are_bet_on_as_their_means() -> None:
    sums = np.random.default_rng(1).binomial(4, 0.95, 120).astype(np.float64)
    clusters = Units.of_clusters(sums, np.full(120, 4.0), largest=4)
    assert bet_above(clusters, 0.85, ALPHA, FLOOR) == bet_above(sums / 4, 0.85, ALPHA, FLOOR)


def test_a_cluster_half_as_large_as_the_largest_stakes_half() -> None:
    start = Wealth.before(np.array([0.5]), ALPHA, DELTA)
    clusters = Units.of_clusters(np.array([2.0]), np.array([2.0]), largest=4)
    one, half = bet_on(start, np.ones(1), horizon=9), bet_on(start, clusters, horizon=9)
    assert math.expm1(half.log_wealth[0]) == pytest.approx(math.expm1(one.log_wealth[0]) / 2)


def test_a_cluster_larger_than_was_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="sizes"):
        Units.of_clusters(np.array([1.0]), np.array([5.0]), largest=4)


# ---------------------------------------------------------------- limits


def test_a_limit_is_the_last_mean_that_is_rejected_before_the_first_that_is_not() -> None:
    values = rates(300, 0.9)
    found = lower_limit(values, ALPHA, FLOOR)
    means = np.arange(1, 2000) / 2000
    rejected = bet_above_many(values, means, ALPHA, FLOOR).stopped_at > 0
    first_kept = float(means[~rejected][0])
    assert first_kept - 1 / 2000 <= found < first_kept
    assert bet_above(values, found, ALPHA, FLOOR).stopped_at is not None


def test_no_values_or_only_zeros_leave_the_whole_range() -> None:
    for values in (np.array([]), np.zeros(50)):
        assert lower_limit(values, ALPHA, FLOOR) == 0


def test_a_limit_keeps_within_what_is_known_of_it() -> None:
    assert lower_limit(np.ones(400), ALPHA, FLOOR, within=(0.3, 0.5)) == pytest.approx(
        0.5, abs=0.01
    )
    assert 0.9 < lower_limit(np.ones(400), ALPHA, FLOOR) < 1


def test_one_value_proves_next_to_nothing() -> None:
    assert 0 < lower_limit(np.ones(1), ALPHA, FLOOR) < 0.06


# ---------------------------------------------------------------- the engine


def agrees(found: BettingMean, bound: float, kind: LimitKind = LimitKind.ABSOLUTE) -> bool:
    """Return whether limits, p-values and stops say the same about a bound."""
    floor, ceiling = Limit(kind, min=bound), Limit(kind, max=bound)
    lower, upper = found.lower(ALPHA), found.upper(ALPHA)
    above, below = found.p_above(bound) <= ALPHA, found.p_below(bound) <= ALPHA
    return (
        above == (lower > bound) == proves_inside(lower, upper, floor)
        and above == proves_outside(lower, upper, ceiling)
        and above == (found.above_after(bound) is not None)
        and below == (upper < bound) == proves_inside(lower, upper, ceiling)
        and below == proves_outside(lower, upper, floor)
        and below == (found.below_after(bound) is not None)
    )


@pytest.mark.parametrize("support", [UNIT_INTERVAL, DIFFERENCE, Support(1000.0, 1001.0)])
def test_limits_never_disagree_with_the_claim_about_a_bound(support: Support) -> None:
    rng = np.random.default_rng(5)
    claims = set()
    for _ in range(12):
        rate = float(rng.uniform(0.2, 0.8))
        values = support.lower + support.width * (rng.random(60) < rate).astype(np.float64)
        asked = support.lower + support.width * 0.5
        found = engine(values, asked, support=support, plan=DELTA)
        assert agrees(found, asked)
        claims |= {(found.above_after(asked) is None, found.below_after(asked) is None)}
    assert claims == {(True, True), (True, False), (False, True)}


def test_limits_keep_to_the_side_of_a_bound_that_lies_where_they_would_be() -> None:
    """The bet at a bound and those around it may differ there: the bet at the bound counts."""
    values = rates(150, 0.9)
    free = engine(values).lower(ALPHA)
    for shift in (-1e-3, -1e-4, -1e-6, 0.0, 1e-10, 1e-6, 1e-4, 1e-3):
        assert agrees(engine(values, free + shift), free + shift)


def test_a_claim_about_a_band_is_made_in_order() -> None:
    values = rates(300, 0.97)
    found = engine(values, 0.5, 0.9)
    first, second = found.above_after(0.5), found.above_after(0.9)
    assert first is not None
    assert second is not None
    assert first < second
    assert found.p_above(0.9) >= found.p_above(0.5)
    assert agrees(found, 0.5)
    assert agrees(found, 0.9)
    assert found.above_after(0.99) is None


def test_a_claim_waits_for_those_below_it() -> None:
    asked = []

    def claimed(bound: float) -> bool:
        asked.append(bound)
        return bound != 0.5

    low, high = room_between((0.2, 0.5, 0.8), claimed, size=1.0)
    assert 0.2 < low < 0.2 + 1e-8
    assert 0.5 - 1e-8 < high < 0.5
    assert asked == [0.2, 0.5]
    assert room_between((), claimed, size=1.0) == (-math.inf, math.inf)


def test_bounds_at_and_beyond_the_ends_need_no_bet() -> None:
    found = engine(np.array([0.0, 1.0, 1.0] * 20), -0.5, 0.0, 1.0, 1.5)
    assert [found.p_above(bound) for bound in (-0.5, 0.0, 1.0, 1.5)] == [0, 0, 1, 1]
    assert [found.p_below(bound) for bound in (-0.5, 0.0, 1.0, 1.5)] == [1, 1, 0, 0]
    assert (found.above_after(-0.5), found.above_after(0.0), found.above_after(1.0)) == (0, 2, None)
    assert 0 < found.lower(ALPHA) < found.value < found.upper(ALPHA) < 1


def test_only_zeros_against_a_ceiling_of_0_prove_nothing_above_it() -> None:
    found = engine(np.zeros(60), 0.0)
    assert found.lower(ALPHA) == 0
    assert found.p_above(0.0) == 1
    assert found.p_below(0.0) == 1
    assert 0 < found.upper(ALPHA) < 0.2


def test_missing_samples_are_at_their_worst_for_either_claim() -> None:
    low = np.append(np.ones(80), np.zeros(20))[np.random.default_rng(1).permutation(100)]
    high = np.ones(100)
    found, complete = engine(low, 0.8, high=high), engine(high, 0.8)
    assert found.value == 1
    assert found.lower(ALPHA) < 0.8 < complete.lower(ALPHA)
    assert complete.p_above(0.8) <= ALPHA < found.p_above(0.8)
    assert found.upper(ALPHA) == 1
    mirrored = engine(1 - high, 0.2, high=1 - low, plan=FLOOR.mirrored)
    assert mirrored.p_below(0.2) == pytest.approx(found.p_above(0.8))


def test_the_order_of_betting_is_the_one_that_is_given() -> None:
    values = rates(200, 0.9)
    order = np.random.default_rng(2).permutation(200)
    assert engine(values, 0.85, order=order).above.units.sums.tolist() == [values[order].tolist()]
    clusters = np.repeat(np.arange(50), 4)
    shuffled = np.argsort(order[clusters], kind="stable")
    found = engine(values, 0.85, clusters=clusters, order=shuffled)
    means = values.reshape(50, 4).mean(axis=1)[np.argsort(order[:50], kind="stable")]
    assert found.above.units.sums.tolist() == [means.tolist()]
    assert found.method == "betting over clusters"


def test_a_cluster_counts_for_its_share_of_the_largest_that_was_declared() -> None:
    clusters = np.array([3, 3, 1, 3, 1, 2])
    found = engine(np.ones(6), 0.5, clusters=clusters, largest=6)
    assert found.above.units.sums.tolist() == [[0.5, 2 / 6, 1 / 6]]
    with pytest.raises(ValueError, match="sizes"):
        engine(np.ones(6), 0.5, clusters=clusters, largest=2)


def test_one_case_leaves_nearly_the_whole_support() -> None:
    found = engine(np.array([0.5]), 0.9)
    assert 0 <= found.lower(ALPHA) < 0.05
    assert 0.95 < found.upper(ALPHA) <= 1


def test_a_p_value_can_fall_far_enough_for_the_correction_for_twenty_bounds() -> None:
    values = rates(400, 0.97)
    assert engine(values, 0.85).p_above(0.85) <= ALPHA / 20
    assert ALPHA / 2 < engine(values, 0.85, least=ALPHA).p_above(0.85) <= ALPHA


def test_limits_widen_with_confidence_and_hold_the_estimate() -> None:
    for seed in range(3):
        found = engine(rates(120, 0.7, seed), plan=DELTA)
        lower = [found.lower(alpha) for alpha in (0.01, 0.05, 0.2)]
        upper = [found.upper(alpha) for alpha in (0.01, 0.05, 0.2)]
        assert lower == sorted(lower)
        assert upper == sorted(upper, reverse=True)
        assert lower[-1] <= found.value <= upper[-1]
        assert lower[0] < found.value < upper[0]


def test_an_estimate_that_left_a_claim_does_not_take_it_back() -> None:
    found = engine(np.append(np.ones(60), np.zeros(60)), 0.85)
    assert found.value == 0.5
    assert found.lower(ALPHA) == pytest.approx(0.85, abs=1e-7)
    # Nobody asked here: the interval holds the estimate.
    assert engine(np.append(np.ones(60), np.zeros(60))).lower(ALPHA) == 0.5


def test_limits_are_about_as_narrow_as_those_of_engine_g() -> None:
    found = engine(rates(400, 0.9), 0.85)
    fixed = found.fixed
    width = found.upper(ALPHA) - found.lower(ALPHA)
    assert width < 1.3 * (fixed.upper(ALPHA) - fixed.lower(ALPHA))


def test_more_cases_would_settle_what_these_do_not() -> None:
    floor = Limit(LimitKind.ABSOLUTE, min=0.85)
    found = engine(rates(150, 0.9), 0.85)
    settled = [found.would_settle(floor, ALPHA, factor, 0.9) for factor in (1.0, 2.0, 3.0, 6.0)]
    assert settled == sorted(settled)
    assert settled[0] is False
    assert settled[-1] is True
    assert not found.would_settle(floor, ALPHA, 6.0, 0.85)
    assert found.would_settle(floor, ALPHA, 2.3, 0.9) == found.fixed.would_settle(
        floor, ALPHA, 2.3 / 1.15, 0.9
    )


def test_a_reviewer_reads_that_it_was_a_bet() -> None:
    found = engine(rates(20, 0.5), 0.5, method="betting on paired differences")
    assert found.method == "betting on paired differences"
    assert (found.approximate, found.constant) == (False, False)


# ---------------------------------------------------------------- look after look


def test_horizons_that_follow_each_other_are_bets_that_were_gone_on_with() -> None:
    values = np.random.default_rng(8).choice([0.0, 1.0], 200, p=[0.12, 0.88])
    plan = plan_for_floor(0.85)
    first = bet_above_many(values[None, :80], 0.85, ALPHA, plan, horizon=80)
    gone_on = bet_on(first, values[None, 80:], horizon=200).bet()
    assert bet_above(values, 0.85, ALPHA, plan, horizon=[80, 200]) == gone_on
    assert bet_above(values, 0.85, ALPHA, plan, horizon=[200]) == bet_above(
        values, 0.85, ALPHA, plan
    )
    assert gone_on.log_wealth != bet_above(values, 0.85, ALPHA, plan).log_wealth
