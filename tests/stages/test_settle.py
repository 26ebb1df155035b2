"""What would settle an undecided bound does settle it: more cases, more draws, another limit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest

from evalkit.core.envelope import Bound, Kind, Limit, LimitKind, Metric, Scope, Support
from evalkit.core.verdict import Estimate, Reason, Result, Settle
from evalkit.stages.judge.drafts import Measured, draft
from evalkit.stages.judge.settle import MOST_DRAWS
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.least import NEVER
from evalkit.stats.repeats import narrowing
from evalkit.stats.requirements import least_cases, least_of, nearest_limit
from evalkit.stats.standing import standing
from tests.stages.trials import (
    ABSOLUTE,
    ACCURACY,
    DELTA,
    LATENCY,
    RATIO,
    TOKENS,
    TONE,
    at_least,
    at_most,
    bound,
    exhibit,
    facts,
    moved,
    result_of,
    rights,
    verdict_on,
    way_out,
    within,
)
from tests.stats.arms import Cases, evidence


def copies(seen: Evidence, times: int) -> Evidence:
    """Return so many times the cases of evidence: more data of exactly the same shape."""
    arms = {
        arm: Observed(
            np.concatenate([found.case + copy * seen.cases for copy in range(times)]),
            np.tile(found.values, times),
            np.tile(found.present, times),
        )
        for arm, found in seen.arms.items()
    }
    codes = seen.clusters
    if codes is not None:
        step = int(codes.max()) + 1
        codes = np.concatenate([codes + copy * step for copy in range(times)])
    return Evidence(seen.cases * times, arms, codes)


def amounts(count: int, *, seed: int, around: float = 100.0) -> list[float]:
    random = Random(seed)
    return [random.lognormvariate(math.log(around), 0.5) for _ in range(count)]


def beside(values: Sequence[float], *, seed: int, factor: float = 1.0) -> list[float]:
    random = Random(seed)
    return [value * factor * random.uniform(0.7, 1.3) for value in values]


def groups(count: int, size: int) -> list[int]:
    return [place // size for place in range(count)]


def undecided_trials() -> list[tuple[Bound, Evidence]]:
    """Return undecided bounds of every kind whose evidence suffices for a claim of some kind."""
    lengths = amounts(90, seed=1)
    gained, kept = moved(4, 7, 89)
    warm = [0.5 + value / 1000 for value in lengths]
    return [
        (bound(at_least(0.85)), evidence(rights(90, 10))),
        (bound(at_most(0.15)), evidence(rights(10, 90))),
        (bound(Limit(ABSOLUTE, 0.85, 0.97)), evidence(rights(90, 10))),
        (bound(at_least(0.95)), evidence(rights(40))),
        (bound(at_least(0.95)), evidence(rights(49, 1))),
        (bound(at_least(0.85)), evidence(rights(178, 18, 4))),
        (bound(at_least(0.85)), evidence(rights(91, 9), clusters=groups(100, 4))),
        (bound(within(0.06)), evidence(gained, kept)),
        (bound(Limit(DELTA, min=-0.05)), evidence(gained, kept)),
        (bound(Limit(RATIO, min=0.93)), evidence(gained, kept)),
        (bound(at_least(0.59), TONE), evidence(warm)),
        (bound(at_most(115), TOKENS), evidence(lengths)),
        (bound(Limit(DELTA, max=5), TOKENS), evidence(beside(lengths, seed=2), lengths)),
        (bound(Limit(RATIO, 0.97, 1.06), TOKENS), evidence(beside(lengths, seed=2), lengths)),
        (bound(at_most(260), LATENCY), evidence(lengths)),
        (bound(at_least(30), LATENCY, statistic="p5"), evidence(lengths)),
        (
            bound(at_most(115), replace(TOKENS, support=Support(0, 400), range_declared=True)),
            evidence(lengths),
        ),
    ]


TRIALS = undecided_trials()
NAMES = [f"{item.limit.kind}-{item.metric.name}-{n}" for n, (item, _) in enumerate(TRIALS)]
every_trial = pytest.mark.parametrize("place", range(len(TRIALS)), ids=NAMES)


@cache
def settled(place: int) -> Settle:
    return way_out(*TRIALS[place])


# ---------------------------------------------------------------- the ways out are ways out


@every_trial
def test_a_margin_is_proven_by_the_same_evidence(place: int) -> None:
    (item, seen), margin = TRIALS[place], settled(place).margin
    assert margin is not None
    assert margin.kind is item.limit.kind
    found = result_of(replace(item, limit=margin), seen)
    assert found.result is Result.HOLDS, found.detail


@every_trial
def test_a_margin_is_no_wider_than_it_must_be(place: int) -> None:
    (item, seen), margin = TRIALS[place], settled(place).margin
    assert margin is not None
    low, high = margin.min, margin.max
    if low is not None and low != item.limit.min:
        low += step(item, low)
    if high is not None and high != item.limit.max:
        high -= step(item, high)
    tighter = Limit(margin.kind, low, high)
    assert tighter != margin
    assert result_of(replace(item, limit=tighter), seen).result is not Result.HOLDS


def step(item: Bound, side: float) -> float:
    """Return one unit of the last digit that a margin is written with."""
    if item.limit.kind is RATIO:
        return 0.011
    if item.metric.kind in {Kind.RATE, Kind.SCORE}:
        return 0.0011
    return 1.1 * 10.0 ** (math.floor(math.log10(abs(side))) - 2)


@every_trial
def test_so_many_more_cases_of_the_same_shape_decide_the_bound(place: int) -> None:
    (item, seen), more = TRIALS[place], settled(place).n
    assert more is not None
    assert more > 0
    times = math.ceil((seen.cases + more) / seen.cases)
    found = result_of(item, copies(seen, times))
    assert found.result in {Result.HOLDS, Result.BROKEN}, found.detail


@every_trial
def test_not_many_more_cases_are_asked_for_than_it_takes(place: int) -> None:
    (item, seen), more = TRIALS[place], settled(place).n
    assert more is not None
    judged = draft(item, exhibit(seen), max_missing=0.02).judged
    assert isinstance(judged, Measured)
    units, least = (
        judged.estimate.clusters,
        least_of(item, cases=judged.estimate.n, units=judged.estimate.clusters),
    )
    asked = units + more * units / judged.estimate.n

    def would_do(share: float) -> bool:
        factor = share * asked / units
        return judged.engine.would_settle(item.limit, item.alpha, factor, judged.estimate.value)

    assert would_do(1.0)
    assert not would_do(0.93) or asked - least < 1


def test_so_many_more_cases_decide_the_bound_8_times_in_10() -> None:
    random = Random(6)
    item = bound(at_least(0.85))
    more = way_out(item, evidence(rights(90, 10))).n
    assert more is not None
    # A verdict on every run would say each time what would settle it; it holds where a standing does.
    decided = sum(
        standing(item, evidence([float(random.random() < 0.9) for _ in range(100 + more)])).inside
        for _ in range(200)
    )
    assert 0.7 <= decided / 200 <= 0.9


def test_cases_that_would_do_if_nothing_changed_do_then() -> None:
    candidate, baseline = moved(4, 10, 86)
    found = way_out(bound(within(0.06)), evidence(candidate, baseline))
    assert found.n_unchanged is not None
    count = 100 + found.n_unchanged
    side = round(0.07 * count)
    same = moved(side, side, count - 2 * side)
    assert result_of(bound(within(0.06)), evidence(*same)).result is Result.HOLDS


def test_a_ratio_that_did_not_change_is_one() -> None:
    lengths = amounts(60, seed=3)
    longer = beside(lengths, seed=4, factor=1.03)
    item = bound(Limit(RATIO, 0.96, 1.04), TOKENS)
    found = way_out(item, evidence(longer, lengths))
    assert found.n is None, "at 1.04 it is at its margin"
    assert found.n_unchanged is not None
    assert found.n_unchanged > 60
    as_before = [value * sum(lengths) / sum(longer) for value in longer]
    times = math.ceil((60 + found.n_unchanged) / 60)
    assert result_of(item, copies(evidence(as_before, lengths), times)).result is Result.HOLDS


def test_nobody_is_sent_for_cases_on_a_hope_that_those_at_hand_have_disappointed() -> None:
    found = way_out(bound(within(0.06)), evidence(*moved(0, 12, 188)))
    assert found.n_unchanged is None, "that nothing changed lies outside the interval"
    assert found.margin is not None


def test_a_limit_on_one_arm_knows_no_unchanged() -> None:
    assert way_out(bound(at_least(0.85)), evidence(rights(90, 10))).n_unchanged is None


def test_more_cases_are_never_fewer_than_any_data_need() -> None:
    for count in (3, 10, 40, 58):
        found = way_out(bound(at_least(0.95)), evidence(rights(count)))
        assert found.n_least == 59
        assert found.n is not None
        assert count + found.n >= 59


def test_a_bound_at_its_margin_is_not_sent_for_cases() -> None:
    found = result_of(bound(at_least(0.9)), evidence(rights(900, 100)))
    assert found.reason is Reason.AT_MARGIN
    assert found.settle is not None
    assert (found.settle.n, found.settle.repeats, found.settle.cost_usd) == (None, None, None)
    assert found.settle.margin is not None


def test_clusters_are_asked_for_in_cases() -> None:
    seen = evidence(rights(45), clusters=groups(45, 5))
    found = way_out(bound(at_least(0.5)), seen)
    assert found.n_least == 10
    assert found.n is not None
    assert found.n % 5 == 0
    assert (
        result_of(bound(at_least(0.5)), evidence(rights(50), clusters=groups(50, 5))).settle is None
    )


def test_a_correction_for_many_bounds_costs_cases() -> None:
    close = evidence(rights(83, 17))
    few, many = (
        verdict_on([(bound(at_least(0.9), name=f"b{n}"), close) for n in range(count)]).bounds[0]
        for count in (3, 30)
    )
    assert few.reason is many.reason is Reason.MULTIPLICITY
    assert few.settle is not None
    assert many.settle is not None
    assert few.settle.n is not None
    assert many.settle.n is not None
    assert few.settle.n < many.settle.n
    times = math.ceil((100 + many.settle.n) / 100)
    more = [(bound(at_least(0.9), name=f"b{n}"), copies(close, times)) for n in range(30)]
    assert {each.result for each in verdict_on(more).bounds} == {Result.BROKEN}


def test_what_missing_samples_alone_keep_open_has_ways_out_too() -> None:
    found = result_of(bound(at_least(0.85)), evidence(rights(178, 18, 4)))
    assert found.reason is Reason.MISSING
    assert found.settle is not None
    assert found.settle.margin == at_least(0.846)


# ---------------------------------------------------------------- draws


def noisy(cases: int, draws: int, *, seed: int, scatter: float = 20.0) -> Evidence:
    """Return amounts whose cases hardly differ but whose draws do; the baseline drawn often."""
    random = Random(seed)
    means = [random.uniform(95, 105) for _ in range(cases)]

    def drawn(count: int) -> Cases:
        return [[random.gauss(mean, scatter) for _ in range(count)] for mean in means]

    return evidence(drawn(draws), drawn(12))


NOISY = bound(within(3), TOKENS)


def test_so_many_draws_of_each_case_decide_a_delta() -> None:
    repeats = way_out(NOISY, noisy(80, 2, seed=22)).repeats
    assert repeats is not None
    assert 2 < repeats <= 2 * MOST_DRAWS
    assert repeats % 2 == 0, "whole times the draws there are"
    before, after = (
        [result_of(NOISY, noisy(80, draws, seed=seed)).result for seed in range(40)].count(
            Result.HOLDS
        )
        for draws in (2, repeats)
    )
    assert before < 20
    assert after >= 28


@pytest.mark.parametrize(("seed", "repeats"), [(83, 4), (57, 18), (42, 20)])
def test_no_more_draws_are_asked_for_than_it_takes(seed: int, repeats: int) -> None:
    seen = noisy(80, 2, seed=seed)
    assert way_out(NOISY, seen).repeats == repeats
    judged = draft(NOISY, exhibit(seen), max_missing=0).judged
    assert isinstance(judged, Measured)
    engine, value = judged.engine, judged.estimate.value
    assert isinstance(engine, UnboundedMean)
    for times in range(2, repeats // 2 + 1):
        factor = narrowing(seen, times)
        assert factor is not None
        would_do = engine.narrowed(factor).would_settle(NOISY.limit, NOISY.alpha, 1.0, value)
        assert would_do == (2 * times == repeats)


def test_draws_are_not_asked_for_where_nobody_knows_their_noise() -> None:
    lengths = amounts(80, seed=5)
    seen = evidence(beside(lengths, seed=6), lengths)
    found = way_out(bound(within(2), TOKENS), seen)
    assert found.repeats is None


def test_draws_are_not_asked_for_where_ten_times_as_many_would_not_do() -> None:
    random = Random(9)
    baseline = [[100.0, 100.5]] * 60
    candidate = [[value, value + 0.5] for value in (random.gauss(100, 30) for _ in range(60))]
    assert way_out(bound(within(3), TOKENS), evidence(candidate, baseline)).repeats is None


def test_draws_of_one_arm_do_not_settle_a_limit_on_it() -> None:
    draws = [[1.0, float(place % 5 > 0)] for place in range(100)]
    assert way_out(bound(at_least(0.88)), evidence(draws)).repeats is None


def test_draws_do_not_stand_in_for_cases_that_no_data_can_do_without() -> None:
    draws = [[1.0, 1.0] if place else [1.0, 0.0] for place in range(30)]
    found = result_of(bound(within(0.05)), evidence(draws, draws))
    assert found.reason is Reason.IMPOSSIBLE
    assert found.settle is not None
    assert found.settle.repeats is None


def test_bounded_values_are_narrowed_by_draws_too() -> None:
    random = Random(2)

    def seen(draws: int) -> Evidence:
        return evidence(
            [[float(random.random() < 0.5) for _ in range(draws)] for _ in range(150)],
            [[float(random.random() < 0.5) for _ in range(20)] for _ in range(150)],
        )

    item = bound(within(0.07))
    found = next(
        result.settle.repeats
        for result in (result_of(item, seen(2)) for _ in range(20))
        if result.settle is not None and result.settle.repeats is not None
    )
    results = [result_of(item, seen(found)).result for _ in range(10)]
    assert results.count(Result.HOLDS) >= 7


def test_on_given_cases_draws_are_the_way_out() -> None:
    draws = [[1.0, 1.0] if place % 5 else [1.0, 0.0] for place in range(60)]
    item = bound(at_least(0.85), scope=Scope.GOLDEN_SET)
    found = result_of(item, evidence(draws))
    assert found.result is Result.UNDECIDED
    assert found.settle is not None
    assert (found.settle.n, found.settle.n_unchanged) == (None, None)
    repeats = found.settle.repeats
    assert repeats is not None
    assert 2 < repeats <= 2 * MOST_DRAWS
    more = evidence([case * math.ceil(repeats / 2) for case in draws])
    assert result_of(item, more).result is Result.HOLDS


def test_on_given_cases_too_many_draws_are_not_asked_for() -> None:
    draws = [[1.0, 1.0] if place % 5 else [1.0, 0.0] for place in range(60)]
    found = result_of(bound(at_least(0.898), scope=Scope.GOLDEN_SET), evidence(draws))
    assert found.reason is Reason.AT_MARGIN
    assert found.settle is not None
    assert found.settle.repeats is None


def test_on_given_cases_with_one_draw_each_more_draws_are_asked_for() -> None:
    for floor, clusters in ((0.85, None), (0.75, groups(100, 5))):
        item = bound(at_least(floor), scope=Scope.GOLDEN_SET)
        found = way_out(item, evidence(rights(90, 10), clusters=clusters))
        assert found.n is None
        assert found.repeats is not None
        assert found.repeats >= 2


# ---------------------------------------------------------------- no way out


def test_another_limit_is_no_way_out_of_too_few_cases_or_of_equal_ones() -> None:
    few, equal = [50.0 + place for place in range(30)], [50.0] * 80
    for values, reason in ((few, Reason.TOO_FEW), (equal, Reason.ZERO_VARIANCE)):
        found = result_of(bound(at_most(100), TOKENS), evidence(values))
        assert found.reason is reason
        assert found.settle is not None
        assert found.settle.margin is None


def test_more_equal_values_are_no_way_out_either() -> None:
    for count in (30, 80):
        found = way_out(bound(at_most(100), TOKENS), evidence([50.0] * count))
        assert (found.n, found.repeats) == (None, None)


def test_a_method_is_valid_from_fewer_groups_than_a_proof_takes() -> None:
    found = result_of(bound(within(0.05)), evidence(*moved(1, 1, 68), clusters=groups(70, 10)))
    assert found.reason is Reason.TOO_FEW
    assert found.settle is not None
    assert (found.settle.n_valid, found.settle.n_least) == (10, 59)
    assert "valid from 10 independent groups on; there are 7" in found.detail


def test_a_ratio_that_every_candidate_keeps_is_no_way_out() -> None:
    seen = evidence(rights(1, 99), rights(6, 94))
    assert way_out(bound(Limit(RATIO, min=0.5)), seen).margin is None


# ---------------------------------------------------------------- money


def test_more_cases_cost_what_those_at_hand_did() -> None:
    seen = evidence(rights(90, 10))
    (priced,) = verdict_on([(bound(at_least(0.85)), seen)], found=facts(seen, cost_usd=2.5)).bounds
    assert priced.settle is not None
    assert priced.settle.n is not None
    assert priced.settle.cost_usd == pytest.approx(priced.settle.n * 0.025)
    assert way_out(bound(at_least(0.85)), seen).cost_usd is None


def test_where_cases_do_not_help_nothing_is_priced() -> None:
    seen = evidence(rights(900, 100))
    (found,) = verdict_on([(bound(at_least(0.9)), seen)], found=facts(seen, cost_usd=2.5)).bounds
    assert found.settle is not None
    assert found.settle.cost_usd is None


# ---------------------------------------------------------------- what no data can do without


BEST: list[tuple[Bound, float, float]] = [
    (bound(at_least(0.5)), 1.0, 1.0),
    (bound(at_least(0.9)), 1.0, 1.0),
    (bound(at_least(0.99)), 1.0, 1.0),
    (bound(at_most(0.05)), 0.0, 0.0),
    (bound(at_most(0.05), confidence=0.99), 0.0, 0.0),
    (bound(within(0.05)), 1.0, 1.0),
    (bound(within(0.2), TONE), 0.4, 0.4),
    (bound(Limit(DELTA, min=-0.1)), 1.0, 0.0),
    (bound(Limit(DELTA, max=0.1)), 0.0, 1.0),
    (bound(at_least(0.8), TONE), 1.0, 1.0),
    (bound(at_most(1000), LATENCY), 10.0, 10.0),
    (bound(at_most(1000), LATENCY, statistic="p99"), 10.0, 10.0),
    (bound(at_least(5), LATENCY, statistic="p5"), 10.0, 10.0),
    (bound(Limit(ABSOLUTE, 5, 1000), LATENCY, statistic="p10"), 10.0, 10.0),
]


@pytest.mark.parametrize(("item", "candidate", "baseline"), BEST)
def test_the_best_data_of_so_many_cases_prove_a_bound_and_one_case_less_never_do(
    item: Bound, candidate: float, baseline: float
) -> None:
    least = least_cases(item)

    def best(count: int) -> Evidence:
        return evidence([candidate] * count, [baseline] * count)

    assert result_of(item, best(least)).result is Result.HOLDS
    if least > 1:
        short = result_of(item, best(least - 1))
        assert (short.result, short.reason) == (Result.UNDECIDED, Reason.IMPOSSIBLE)
        assert short.settle is not None
        assert short.settle.n_least == least
        assert short.settle.n is not None
        assert short.settle.n >= 1


@pytest.mark.parametrize(
    ("item", "least"),
    [
        (bound(at_most(1), LATENCY), 59),
        (bound(at_least(1), LATENCY), 1),
        (bound(at_most(1), LATENCY, statistic="p50"), 5),
        (bound(Limit(ABSOLUTE, 1, 2), LATENCY), 59),
        (bound(Limit(ABSOLUTE, 1, 2), LATENCY, statistic="p5"), 59),
        (bound(at_most(9), TOKENS), 50),
        (bound(Limit(RATIO, max=1.1), TOKENS), 50),
        (bound(Limit(RATIO, max=1.1)), 1),
        (bound(within(0.02)), 149),
        (bound(within(0.0)), NEVER),
    ],
)
def test_the_fewest_cases_follow_from_the_limit_and_the_support(item: Bound, least: int) -> None:
    assert least_cases(item) == least


def test_clusters_need_ten_of_them_whatever_the_limit() -> None:
    alone = Estimate(1.0, 0.9, 1.0, 0.95, 40, 40, 40, 0, "method")
    together = replace(alone, clusters=8)
    assert least_of(bound(Limit(RATIO, max=1.1)), cases=alone.n, units=alone.clusters) == 1
    assert least_of(bound(at_least(0.5)), cases=alone.n, units=alone.clusters) == 5
    assert least_of(bound(at_least(0.5)), cases=together.n, units=together.clusters) == 10
    assert least_of(bound(at_least(0.95)), cases=together.n, units=together.clusters) == 59


# ---------------------------------------------------------------- the nearest limit


def nearest(
    limit: Limit, lower: float, upper: float, metric: Metric = ACCURACY, **changes: str
) -> Limit | None:
    found = Estimate((lower + upper) / 2, lower, upper, 0.95, 100, 100, 100, 0, "method")
    return nearest_limit(bound(limit, metric, **changes), found.lower, found.upper)


@pytest.mark.parametrize(
    ("limit", "lower", "upper", "metric", "found"),
    [
        (at_least(0.8), 0.7789, 0.9, ACCURACY, at_least(0.778)),
        (at_least(0.8), 0.778, 0.9, ACCURACY, at_least(0.778)),
        (at_most(0.2), 0.1, 0.2211, ACCURACY, at_most(0.222)),
        (within(0.03), -0.0404, 0.0312, ACCURACY, within(0.041)),
        (within(0.03), -0.0312, 0.0404, ACCURACY, within(0.041)),
        (Limit(DELTA, -0.03, 0.05), -0.04, 0.02, ACCURACY, Limit(DELTA, -0.04, 0.05)),
        (Limit(DELTA, max=5), -3, 12.34, TOKENS, Limit(DELTA, max=12.4)),
        (at_most(100), 90, 12345.6, TOKENS, at_most(12400)),
        (at_most(0.001), 0.0005, 0.0012341, TOKENS, at_most(0.00124)),
        (Limit(ABSOLUTE, 80, 100), 79.96, 101.1, TOKENS, Limit(ABSOLUTE, 79.9, 102)),
        (Limit(RATIO, max=1.1), 1.0, 1.1051, TOKENS, Limit(RATIO, max=1.11)),
        (Limit(RATIO, max=1.1), 1.08, 1.1051, TOKENS, Limit(RATIO, max=1.106)),
        (Limit(RATIO, 0.9, 1.1), 0.8951, 1.0, TOKENS, Limit(RATIO, 0.89, 1.1)),
        (Limit(DELTA, min=-5), -7.77, 9, TOKENS, Limit(DELTA, min=-7.77)),
        (Limit(DELTA, min=5), 0.0, 9, TOKENS, Limit(DELTA, min=0.0)),
    ],
)
def test_the_nearest_limit_is_rounded_outward(
    limit: Limit, lower: float, upper: float, metric: Metric, found: Limit
) -> None:
    assert nearest(limit, lower, upper, metric) == found


@pytest.mark.parametrize(
    ("limit", "lower", "upper", "metric"),
    [
        (at_least(0.5), 0.0, 0.9, ACCURACY),
        (at_most(0.5), 0.1, 0.9999, ACCURACY),
        (Limit(ABSOLUTE, 0.4, 0.6), 0.0, 1.0, ACCURACY),
        (within(0.5), -1.0, 0.2, ACCURACY),
        (at_most(100), 90, math.inf, LATENCY),
        (at_least(100), -math.inf, 200, LATENCY),
        (at_least(100), 0.0, 200, LATENCY),
        (Limit(RATIO, max=1.1), 0.9, math.inf, TOKENS),
    ],
)
def test_a_limit_that_says_nothing_is_no_way_out(
    limit: Limit, lower: float, upper: float, metric: Metric
) -> None:
    assert nearest(limit, lower, upper, metric) is None


def test_the_nearest_limit_never_lies_inside_the_written_one() -> None:
    random = Random(7)
    for _ in range(300):
        kind: LimitKind = random.choice([ABSOLUTE, DELTA, RATIO])
        low, high = sorted(random.uniform(0.1, 0.9) for _ in range(2))
        lower, upper = sorted(random.uniform(0.01, 0.99) for _ in range(2))
        written = Limit(kind, low, high)
        found = nearest(written, lower, upper)
        assert found is not None
        assert found.min is not None
        assert found.max is not None
        assert found.min <= min(low, lower) + 1e-9
        assert found.max >= max(high, upper) - 1e-9
        assert min(low, lower) - found.min <= 0.011
        assert found.max - max(high, upper) <= 0.011
