"""Estimates from tallies are those the engines give of the values themselves."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import Kind, LimitKind, Statistic
from evalkit.core.model import Arm
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.stages.shadow.block import Block, Measure
from evalkit.stages.shadow.estimates import (
    counts,
    delta,
    estimate,
    limits,
    ratio,
    reach,
    single,
)
from evalkit.stages.shadow.grouping import grouped
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.pairing import paired
from evalkit.stages.shadow.tally import tally_of
from evalkit.stats import binomial
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.ratio import MeanRatio
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.evidence import cluster_sums
from evalkit.stats.quantile import rank_limits
from evalkit.stats.skew_t import Spread
from evalkit.stats.unpaired import RateDifference, mean_difference
from tests.stages.shadow.logged import LATENCY, MEASURES, REFUSAL, SCORE, START, logs_of, mirrored

MEAN, RATE, P95 = Statistic("mean"), Statistic("rate"), Statistic.parse("p95")
BASELINE, CANDIDATE = Arm.BASELINE, Arm.CANDIDATE


def engine(found: Engine | Unmeasured) -> Engine:
    """Return an engine that has to be there."""
    assert not isinstance(found, Unmeasured), found
    return found


def reason(found: Engine | Unmeasured) -> Reason:
    """Return why there is no engine."""
    assert isinstance(found, Unmeasured)
    return found.reason


def close(found: Engine, spread: Spread, rel: float = 1e-8) -> None:
    """Hold an engine of a mean equal to the spread of the values themselves."""
    assert isinstance(found, UnboundedMean)
    for name in ("mean", "error", "freedom", "skew"):
        expected = getattr(spread, name)
        assert getattr(found.low, name) == pytest.approx(expected, rel=rel, abs=1e-7), name


def users_of(block: Block) -> IntArray:
    """Return a number of each row's user."""
    assert block.user is not None
    return np.unique(block.user, return_inverse=True)[1]


def of_arm(block: Block, code: int, name: str = "latency") -> FloatArray:
    """Return the values of an arm."""
    found: FloatArray = block.metrics[name][block.arm == code]
    return found


def rows_of(before: list[float], after: list[float], name: str = "latency") -> Block:
    """Return pairs with these values."""
    block = mirrored(len(before))
    block.metrics[name][:] = np.array([before, after]).T.ravel()
    return block


# ---------------------------------------------------------------- one arm


@pytest.mark.parametrize("users", [False, True])
def test_a_mean_has_the_limits_of_engine_t_on_the_values(*, users: bool) -> None:
    block = mirrored(500)
    logs = logs_of(block, users=users)
    for code, arm in ((0, BASELINE), (1, CANDIDATE)):
        codes = users_of(block)[block.arm == code] if users else None
        expected = Spread.of(*cluster_sums(of_arm(block, code), codes))
        found = engine(single(logs, LATENCY, arm, MEAN))
        close(found, expected)
        shown = estimate(found, counts(logs, LATENCY, arm), 0.95)
        assert (shown.n, shown.missing, shown.clusters) == (500, 0, 20 if users else 500)
        assert shown.method == ("skew-guarded t over users" if users else "skew-guarded t")
        assert shown.lower == pytest.approx(expected.lower(0.05), rel=1e-8)


def test_missing_values_are_counted_and_not_taken_for_0() -> None:
    block = mirrored(300)
    known = ~np.isnan(of_arm(block, 0, "score"))
    logs = logs_of(block, users=False)
    found = engine(single(logs, SCORE, BASELINE, MEAN))
    assert found.value == pytest.approx(of_arm(block, 0, "score")[known].mean())
    counted = counts(logs, SCORE, BASELINE)
    assert (counted.n, counted.missing) == (known.sum(), 300 - known.sum())


def test_timeouts_are_in_percentiles_and_not_in_means() -> None:
    block = mirrored(100)
    block.metrics["latency"][:40:2] = math.inf
    logs = logs_of(block, users=False)
    finite = of_arm(block, 0)[20:]
    assert engine(single(logs, LATENCY, BASELINE, MEAN)).value == pytest.approx(finite.mean())
    assert engine(single(logs, LATENCY, BASELINE, P95)).value == math.inf
    assert reason(delta(logs, LATENCY, P95)) is Reason.OUT_OF_RANGE


def test_a_rate_is_that_of_clopper_and_pearson() -> None:
    block = mirrored(400)
    yes = int(of_arm(block, 1, "refusal").sum())
    found = engine(single(logs_of(block, users=False), REFUSAL, CANDIDATE, RATE))
    assert found.method == "Clopper–Pearson"
    assert found.upper(0.05) == pytest.approx(binomial.upper_limit(yes, 400, 0.05))
    assert found.lower(0.05) == pytest.approx(binomial.lower_limit(yes, 400, 0.05))


def test_a_rate_over_users_counts_users_where_none_of_them_differs() -> None:
    block = mirrored(400, users=30)
    logs = logs_of(block)
    codes = users_of(block)[block.arm == 1]
    spread = Spread.of(*cluster_sums(of_arm(block, 1, "refusal"), codes))
    close(engine(single(logs, REFUSAL, CANDIDATE, RATE)), spread)
    for value, lower, upper in (
        (0.0, 0.0, binomial.upper_limit(0, 30, 0.05)),
        (1.0, binomial.lower_limit(30, 30, 0.05), 1.0),
    ):
        block.metrics["refusal"][:] = value
        found = engine(single(logs_of(block), REFUSAL, CANDIDATE, RATE))
        assert found.value == value
        assert (found.lower(0.05), found.upper(0.05)) == pytest.approx((lower, upper))
        change = engine(delta(logs_of(block), REFUSAL, RATE))
        assert change.lower(0.05) < change.value < change.upper(0.05)
        assert change.method == "Gaffke on pairs over users"


def test_a_percentile_holds_the_limits_by_rank_within_a_bin() -> None:
    block = mirrored(2_000)
    ordered = np.sort(of_arm(block, 1))
    lower, upper = rank_limits(2_000, 0.95, 0.05)
    found = engine(single(logs_of(block, users=False), LATENCY, CANDIDATE, P95))
    assert found.lower(0.05) <= ordered[lower - 1] <= found.lower(0.05) * (1 + 2**-8)
    assert found.upper(0.05) * (1 - 2**-8) <= ordered[upper - 1] <= found.upper(0.05)
    assert not found.approximate
    assert engine(single(logs_of(block), LATENCY, CANDIDATE, P95)).approximate


def test_equal_values_have_no_spread_and_say_so() -> None:
    block = rows_of([0.1] * 50, [0.1] * 50)
    for logs in (logs_of(block, users=False), logs_of(block)):
        found = engine(single(logs, LATENCY, BASELINE, MEAN))
        assert (found.lower(0.05), found.value, found.upper(0.05)) == (0.1, 0.1, 0.1)
        assert found.constant
        assert engine(delta(logs, LATENCY, MEAN)).constant


# ---------------------------------------------------------------- separate requests


def test_separate_requests_are_compared_by_the_engines_of_two_samples() -> None:
    block = mirrored(400, users=25)
    before, after = of_arm(block, 0), of_arm(block, 1)
    logs = logs_of(block, pairs=False, users=False)
    close(engine(delta(logs, LATENCY, MEAN)), replace(mean_difference(after, before), skew=0.0))
    yes = [int(of_arm(block, code, "refusal").sum()) for code in (0, 1)]
    found = engine(delta(logs, REFUSAL, RATE))
    assert found.upper(0.05) == RateDifference(yes[1], 400, yes[0], 400).upper(0.05)
    counted = counts(logs, LATENCY, None)
    assert (counted.n, counted.clusters) == (800, 800)


def test_users_with_rows_in_both_arms_are_compared_with_themselves() -> None:
    block = mirrored(4_000, users=200)
    codes = users_of(block)
    expected = mean_difference(
        of_arm(block, 1), of_arm(block, 0), users=(codes[block.arm == 1], codes[block.arm == 0])
    )
    logs = logs_of(block, pairs=False)
    found = engine(delta(logs, LATENCY, MEAN))
    assert isinstance(found, UnboundedMean)
    # The covariance is taken without the leverage of each user: a little less is taken off.
    assert expected.error <= found.low.error <= 1.05 * expected.error
    assert counts(logs, LATENCY, None).clusters == 400
    assert engine(delta(logs, REFUSAL, RATE)).method == "Welch's t over users"


def test_users_of_one_arm_have_nothing_in_common_with_those_of_the_other() -> None:
    block = mirrored(300)
    assert block.user is not None
    block.user[block.arm == 1] += np.uint64(1)
    codes = users_of(block)
    expected = mean_difference(
        of_arm(block, 1), of_arm(block, 0), users=(codes[block.arm == 1], codes[block.arm == 0])
    )
    close(engine(delta(logs_of(block, pairs=False), LATENCY, MEAN)), replace(expected, skew=0.0))


def test_a_ratio_of_separate_means_is_fiellers() -> None:
    block = mirrored(400)
    before, after = of_arm(block, 0), of_arm(block, 1)
    logs = logs_of(block, pairs=False, users=False)
    found = engine(ratio(logs, LATENCY, MEAN))
    assert found.value == pytest.approx(after.mean() / before.mean())
    limit = found.upper(0.05)
    gap = mean_difference(after, limit * before)
    assert gap.t_upper(0.05) == pytest.approx(0.0, abs=1e-4 * before.mean())
    rates = engine(ratio(logs, REFUSAL, RATE))
    yes = [of_arm(block, code, "refusal").sum() for code in (0, 1)]
    assert rates.value == pytest.approx(yes[1] / yes[0])


def test_percentiles_are_compared_between_all_rows() -> None:
    logs = logs_of(mirrored(1_000), users=False)
    change, share = engine(delta(logs, LATENCY, P95)), engine(ratio(logs, LATENCY, P95))
    views = [engine(single(logs, LATENCY, arm, P95)).value for arm in (BASELINE, CANDIDATE)]
    assert change.value == views[1] - views[0]
    assert counts(logs, LATENCY, None, statistic=P95).n == 2_000
    assert counts(logs, LATENCY, None, statistic=MEAN).n == 1_000
    assert share.value == pytest.approx(views[1] / views[0])
    assert change.lower(0.05) < change.value < change.upper(0.05)


# ---------------------------------------------------------------- pairs


@pytest.mark.parametrize("users", [False, True])
def test_pairs_are_compared_by_their_differences(*, users: bool) -> None:
    block = mirrored(500)
    codes = users_of(block)[block.arm == 1] if users else None
    before, after = of_arm(block, 0), of_arm(block, 1)
    logs = logs_of(block, users=users)
    close(engine(delta(logs, LATENCY, MEAN)), Spread.of(*cluster_sums(after - before, codes)))
    found = engine(ratio(logs, LATENCY, MEAN))
    assert isinstance(found, MeanRatio)
    close(found.difference(1.1), Spread.of(*cluster_sums(after - 1.1 * before, codes)))
    counted = counts(logs, LATENCY, None)
    assert (counted.n, counted.missing, counted.clusters) == (500, 0, 20 if users else 500)
    moved = of_arm(block, 1, "refusal") - of_arm(block, 0, "refusal")
    change = engine(delta(logs, REFUSAL, RATE))
    assert change.value == pytest.approx(moved.mean())
    assert change.lower(0.05) < change.value < change.upper(0.05)
    if users:
        close(change, Spread.of(*cluster_sums(moved, codes)))
    share = engine(ratio(logs, REFUSAL, RATE))
    assert isinstance(share, MeanRatio)
    gap = of_arm(block, 1, "refusal") - 0.9 * of_arm(block, 0, "refusal")
    close(share.difference(0.9), Spread.of(*cluster_sums(gap, codes)))


def test_pairs_whose_rows_name_different_users_are_compared_by_requests() -> None:
    block = mirrored(300)
    assert block.user is not None
    block.user[1] += np.uint64(1)
    logs = logs_of(block)
    assert engine(delta(logs, LATENCY, MEAN)).method == "skew-guarded t on pairs"
    assert counts(logs, LATENCY, None).clusters == 300


def test_pairs_without_both_values_are_missing() -> None:
    block = mirrored(300)
    score = block.metrics["score"].reshape(-1, 2)
    both = int((~np.isnan(score).any(axis=1)).sum())
    logs = logs_of(block, users=False)
    counted = counts(logs, SCORE, None)
    assert (counted.n, counted.missing) == (both, 300 - both)


@pytest.mark.parametrize("users", [False, True])
def test_pairs_of_which_nobody_wants_a_ratio_keep_their_differences(*, users: bool) -> None:
    block = mirrored(200)
    plain = replace(LATENCY, ratios=False)
    some, whole = (
        Logs(
            tally_of([block], [measure]),
            paired([block], [measure]),
            grouped([block], [measure]) if users else None,
        )
        for measure in (plain, LATENCY)
    )
    one, other = (
        engine(delta(logs, measure, MEAN)) for logs, measure in ((some, plain), (whole, LATENCY))
    )
    assert (one.lower(0.05), one.upper(0.05)) == (other.lower(0.05), other.upper(0.05))
    found = ratio(some, plain, MEAN)
    assert isinstance(found, Unmeasured)
    assert found.detail == "no ratios of latency were counted"
    apart = replace(some, pairs=None)
    assert not isinstance(ratio(apart, plain, MEAN), Unmeasured), "separate means need none of it"


def test_a_window_is_compared_by_its_own_pairs() -> None:
    block = mirrored(600)
    inside = (block.hour >= START) & (block.hour < START + 12)
    found = logs_of(block).within(START, START + 12)
    assert found.groups is None
    alone = logs_of(block.only(inside), users=False)
    for compare in (delta, ratio):
        one, other = (engine(compare(logs, LATENCY, MEAN)) for logs in (found, alone))
        assert one.lower(0.05) == other.lower(0.05)
    assert Logs(found.tally).within(START, START + 1).pairs is None


# ---------------------------------------------------------------- nothing to be said


def test_what_cannot_be_estimated_says_why() -> None:
    nothing = Logs(tally_of([], MEASURES))
    for compare in (delta, ratio):
        assert reason(compare(nothing, LATENCY, MEAN)) is Reason.NO_VALUES
    assert counts(nothing, LATENCY, None).n == 0
    one_arm = logs_of(mirrored(20).only(np.arange(0, 40, 2)))
    assert not isinstance(single(one_arm, LATENCY, BASELINE, MEAN), Unmeasured)
    assert reason(single(one_arm, LATENCY, CANDIDATE, MEAN)) is Reason.NO_VALUES
    assert reason(delta(one_arm, LATENCY, MEAN)) is Reason.NO_VALUES


def test_one_request_has_a_rate_and_a_percentile_but_no_mean() -> None:
    logs = logs_of(mirrored(1), users=False)
    assert reason(single(logs, LATENCY, BASELINE, MEAN)) is Reason.NO_VALUES
    assert engine(single(logs, LATENCY, BASELINE, P95)).upper(0.05) == math.inf
    assert not isinstance(single(logs, REFUSAL, BASELINE, RATE), Unmeasured)
    assert reason(delta(logs, LATENCY, MEAN)) is Reason.NO_VALUES
    bare = replace(logs, pairs=None)
    assert reason(delta(bare, LATENCY, MEAN)) is Reason.NO_VALUES
    assert reason(ratio(bare, REFUSAL, RATE)) is Reason.NO_VALUES
    single_user = logs_of(mirrored(20, users=1))
    assert reason(single(single_user, LATENCY, BASELINE, MEAN)) is Reason.NO_VALUES
    assert engine(single(single_user, REFUSAL, BASELINE, RATE)).upper(0.05) > 0.9
    change = engine(delta(single_user, REFUSAL, RATE))
    assert change.upper(0.05) - change.lower(0.05) > 1.5


def test_values_outside_their_range_are_not_averaged() -> None:
    block = mirrored(20)
    block.metrics["score"][0] = 1.5
    block.metrics["refusal"][1] = 0.5
    logs = logs_of(block, users=False)
    found = single(logs, SCORE, BASELINE, MEAN)
    assert isinstance(found, Unmeasured)
    assert found.detail == "1 baseline values of score lie outside [0, 1]"
    refusal = single(logs, REFUSAL, CANDIDATE, RATE)
    assert isinstance(refusal, Unmeasured)
    assert refusal.detail == "1 candidate values of refusal lie outside 0 or 1"


def test_percentiles_are_there_only_where_they_were_counted() -> None:
    logs = logs_of(mirrored(30), users=False)
    assert reason(single(logs, SCORE, BASELINE, P95)) is Reason.NO_VALUES
    assert reason(delta(logs, SCORE, P95)) is Reason.NO_VALUES


def test_ratios_need_something_above_0_to_divide_by() -> None:
    negative = logs_of(rows_of([-1.0, -2.0, -3.0], [1.0, 2.0, 4.0]), users=False)
    for logs in (negative, replace(negative, pairs=None)):
        assert reason(ratio(logs, LATENCY, MEAN)) is Reason.NO_BASELINE
        assert reason(ratio(logs, LATENCY, P95)) is Reason.NO_BASELINE
    zero = logs_of(rows_of([0.0, 0.0, 0.0], [1.0, 2.0, 4.0]), users=False)
    assert reason(ratio(zero, LATENCY, MEAN)) is Reason.NO_BASELINE


def test_pairs_of_which_none_has_both_values_are_no_pairs() -> None:
    block = rows_of([1.0, math.nan, 2.0], [math.nan, 1.0, math.nan])
    assert reason(delta(logs_of(block, users=False), LATENCY, MEAN)) is Reason.NO_VALUES


def test_a_measure_that_no_user_has_a_value_of_has_no_users() -> None:
    block = mirrored(30)
    block.metrics["score"][:] = math.nan
    logs = logs_of(block)
    assert counts(logs, SCORE, BASELINE).clusters == 0
    assert reason(single(logs, SCORE, BASELINE, MEAN)) is Reason.NO_VALUES
    other = Measure("other", Kind.AMOUNT)
    assert reason(single(logs, other, BASELINE, MEAN)) is Reason.NO_VALUES


def test_intervals_over_users_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    runs, missed = 100, [0, 0]
    for _ in range(runs):
        users = rng.integers(0, 60, 240)
        own = rng.normal(0, 1, 60)[users]
        block = mirrored(240)
        block.metrics["latency"][0::2] = own + rng.normal(0, 1, 240)
        block.metrics["latency"][1::2] = 0.3 * own + rng.normal(0.5, 1, 240)
        block = replace(block, user=np.repeat(users.astype(np.uint64) + np.uint64(1), 2))
        logs = Logs(
            tally_of([block], (LATENCY,)), paired([block], (LATENCY,)), grouped([block], (LATENCY,))
        )
        found = engine(delta(logs, LATENCY, MEAN))
        missed[0] += found.lower(0.05) > 0.5
        missed[1] += found.upper(0.05) < 0.5
    assert max(missed) <= 0.05 * runs + 3 * math.sqrt(0.05 * 0.95 * runs)


def test_limits_stay_where_a_number_can_lie_and_around_the_estimate() -> None:
    block = mirrored(200)
    block.metrics["refusal"][:] = 1.0
    block.metrics["refusal"][1] = 0.0
    logs = logs_of(block)
    found = engine(single(logs, REFUSAL, CANDIDATE, RATE))
    assert found.upper(0.01) > 1.0, "the t over users knows of no end"
    rate = reach(REFUSAL, LimitKind.ABSOLUTE)
    assert limits(found, 0.01, rate)[1] == 1.0
    told = estimate(found, counts(logs, REFUSAL, CANDIDATE), 0.99, within=rate)
    assert told.lower <= told.value <= told.upper == 1.0
    narrow = replace(rate, upper=0.5)
    assert limits(found, 0.05, narrow)[1] == found.value, "the estimate is never left outside"


def test_differences_and_ratios_have_ends_where_their_values_have() -> None:
    assert reach(REFUSAL, LimitKind.DELTA) == SCORE.support.minus(SCORE.support)
    assert reach(REFUSAL, LimitKind.RATIO).lower == 0.0
    assert (
        reach(LATENCY, LimitKind.DELTA).lower == reach(LATENCY, LimitKind.RATIO).lower == -math.inf
    )
    assert reach(SCORE, LimitKind.ABSOLUTE) == SCORE.support
