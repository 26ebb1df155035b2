"""A plan says what a golden set can show, promises nothing on nothing, and never breaks down."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import (
    Bound,
    Envelope,
    Kind,
    Limit,
    LimitKind,
    Method,
    Metric,
    Require,
    Scope,
    Severity,
)
from evalkit.core.model import Arm, ErrorKind, Prices, Sample, SampleError
from evalkit.core.plan import Basis, BoundPlan, Cases, Plan, Price
from evalkit.core.verdict import Estimate, Unmeasured
from evalkit.stages.plan import Ground, plan
from evalkit.stages.plan.bounds import Size
from evalkit.stages.plan.chosen import Setting, Unknown, outlook
from evalkit.stages.plan.outlook import ChangeOutlook, RateOutlook, SimulatedOutlook
from evalkit.stages.plan.price import Meter
from evalkit.stats.evidence import Evidence
from tests.stages.bodies import body
from tests.stages.trials import (
    LATENCY,
    SNAPSHOT,
    TOKENS,
    TONE,
    at_least,
    at_most,
    bound,
    exhibit,
    within,
)
from tests.stats.arms import ANY, evidence

FREE = Price({Arm.CANDIDATE: 100.0}, None, None, 16)
DELTA, RATIO, SHIFT, ABSOLUTE = (
    LimitKind.DELTA, LimitKind.RATIO, LimitKind.SHIFT, LimitKind.ABSOLUTE,
)  # fmt: skip
FLOAT = Metric("any", "any", "any", Kind.AMOUNT, ANY)
USUAL = Setting({}, 5, 1, None, 0, 0.02)


def planned(
    bounds: Sequence[tuple[Bound, Evidence | None]],
    *,
    sizes: Sequence[tuple[int, int]] | None = None,
    assumed: Mapping[str, float] | None = None,
    baseline_draws: int = 5,
    aim: float = 0.9,
    **keys: object,
) -> Plan:
    """Return the plan for bounds, each with what is known about it."""
    found = [
        (len(seen.arms), seen.cases, seen.units) if seen is not None else (0, 100, 100)
        for _, seen in bounds
    ]
    given = sizes or [(cases, units) for _, cases, units in found]
    ground = [
        Ground(None if seen is None else exhibit(seen), Size(*size), each.metric.unit)
        for (each, seen), size in zip(bounds, given, strict=True)
    ]
    envelope = Envelope("trial", SNAPSHOT, tuple(each for each, _ in bounds), **keys)  # type: ignore[arg-type]
    return plan(
        envelope,
        ground,
        cases=max(size[0] for size in given),
        price=FREE,
        assumed=assumed or {},
        baseline_draws=baseline_draws,
        aim=aim,
    )


def one(asked: Bound, seen: Evidence | None, **keys: object) -> BoundPlan:
    (found,) = planned([(asked, seen)], **keys).bounds  # type: ignore[arg-type]
    return found


def rates(rng: np.random.Generator, n: int, draws: int, rate: float = 0.9) -> Evidence:
    values = (rng.random((n, draws + 1)) < rate).astype(float)
    return evidence([[row[0]] for row in values.tolist()], [row[1:] for row in values.tolist()])


def baseline_of(seen: Evidence) -> Evidence:
    return replace(seen, arms={Arm.BASELINE: seen.arms[Arm.BASELINE]})


# ---------------------------------------------------------------- where chances come from


def test_without_data_a_plan_rests_on_assumptions_and_says_so() -> None:
    floor = one(bound(at_least(0.85)), None)
    assert floor.basis is Basis.ASSUMED
    assert floor.truth == pytest.approx(0.925)
    assert floor.needs is not None
    ceiling = one(bound(at_most(0.1)), None)
    assert ceiling.truth == pytest.approx(0.05)
    change = one(bound(within(0.05)), None)
    assert change.basis is Basis.ASSUMED
    assert change.needs == Cases(278, 278)
    late = one(bound(at_most(900), LATENCY), None)
    assert late.basis is Basis.ASSUMED
    assert late.truth is None
    early = one(bound(at_least(9), LATENCY, statistic="p10"), None)
    assert early.passes is not None
    for asked in (
        bound(within(0.05), TONE),
        bound(at_least(0.5), TONE),
        bound(Limit(SHIFT, max=0.1, distance="ks"), TONE),
        bound(Limit(ABSOLUTE, 1.0, 9.0), LATENCY),
    ):
        found = one(asked, None)
        assert found.basis is Basis.UNKNOWN
        assert found.passes is None
        assert "never seen" in found.detail
    assert "twice a case" in one(bound(within(0.05), TONE), None).detail


def test_what_is_assumed_by_name_goes_before_what_is_usual_and_what_was_seen() -> None:
    rng = np.random.default_rng(1)
    floor = bound(at_least(0.85))
    stated = one(floor, rates(rng, 100, 5), assumed={"accuracy": 0.99})
    assert stated.basis is Basis.ASSUMED
    assert stated.truth == 0.99
    change = one(bound(Limit(DELTA, min=-0.05)), None, assumed={"accuracy": 0.02})
    assert change.needs == Cases(124, 138)
    late = one(bound(at_most(900), LATENCY), None, assumed={"latency_ms": 0.99})
    assert late.passes is not None


def test_what_was_seen_decides_how_chances_are_found() -> None:
    rng = np.random.default_rng(2)
    seen = rates(rng, 200, 5)
    single = rates(rng, 200, 1)
    floor, change = bound(at_least(0.8)), bound(within(0.1))
    assert isinstance(outlook(floor, seen, USUAL), RateOutlook)
    assert isinstance(outlook(change, seen, USUAL), SimulatedOutlook)
    assert isinstance(outlook(change, single, replace(USUAL, baseline=1)), ChangeOutlook)
    assert isinstance(outlook(floor, seen, replace(USUAL, candidate=3)), SimulatedOutlook)
    assert isinstance(outlook(floor, seen, replace(USUAL, noisy=3)), SimulatedOutlook)
    clusters = Evidence(200, seen.arms, np.arange(200) // 4)
    assert isinstance(outlook(floor, clusters, USUAL), SimulatedOutlook)
    here = replace(floor, scope=Scope.GOLDEN_SET)
    assert isinstance(outlook(here, seen, USUAL), SimulatedOutlook)
    exact = replace(change, method=Method.EXACT)
    assert isinstance(outlook(exact, single, USUAL), SimulatedOutlook)
    score = bound(at_least(0.5), TONE)
    assert isinstance(outlook(score, seen, USUAL), SimulatedOutlook)
    late = bound(at_most(900), LATENCY)
    times = evidence([[1.0]] * 60, [[float(x)] for x in rng.gamma(3, 100, 60)])
    assert isinstance(outlook(late, times, USUAL), RateOutlook)
    band = bound(Limit(ABSOLUTE, 1.0, 900.0), LATENCY)
    assert isinstance(outlook(band, times, USUAL), SimulatedOutlook)


def test_the_candidate_stands_in_for_a_baseline_that_is_not_there() -> None:
    rng = np.random.default_rng(3)
    seen = evidence((rng.random(150) < 0.9).astype(float))
    floor = one(bound(at_least(0.8)), seen)
    assert floor.basis is Basis.BASELINE
    assert isinstance(floor.baseline, Estimate)
    unanswered = evidence([1.0] * 30, [None] * 30)
    assert one(bound(at_least(0.8)), unanswered).basis is Basis.BASELINE
    change = one(bound(within(0.1)), unanswered)
    assert change.basis is Basis.ASSUMED
    lonely = baseline_of(rates(rng, 50, 1))
    assert one(bound(within(0.1), TONE), lonely).basis is Basis.UNKNOWN


def test_a_quantile_is_as_safe_as_the_share_of_values_that_keep_it() -> None:
    rng = np.random.default_rng(4)
    times = evidence([[1.0]] * 400, [[float(x)] for x in rng.gamma(3, 100, 400)])
    high = outlook(bound(at_most(800), LATENCY), times, USUAL)
    low = outlook(bound(at_least(50), LATENCY, statistic="p10"), times, USUAL)
    assert not isinstance(high, Unknown)
    assert not isinstance(low, Unknown)
    values = times.arms[Arm.BASELINE].values
    assert high.truth == pytest.approx(np.quantile(values, 0.95))
    assert high.unchanged(200)[0] > 0.5
    # Twice as slow is seldom proven fast.
    assert high.at(2 * high.truth, 200)[0] < 0.05
    assert low.at(low.truth / 4, 200)[0] < 0.05
    assert high.margins(200, 0.9) is None
    assert high.repeats(200, 0.9) is None
    assert high.scatter(200) == pytest.approx(80)
    still = evidence([[1.0]] * 40, [[0.0]] * 40)
    zero = outlook(bound(at_most(0.0), LATENCY), still, USUAL)
    assert not isinstance(zero, Unknown)
    assert 0 <= zero.unchanged(100)[0] <= 1


# ---------------------------------------------------------------- what a plan says


def test_a_bound_that_no_data_could_prove_is_impossible_and_names_the_nearest() -> None:
    found = one(bound(within(0.01)), None, sizes=[(100, 100)])
    assert found.impossible
    assert found.least == 299
    assert found.margin == Limit(DELTA, -0.03, 0.03)
    floor = one(bound(at_least(0.99)), None, sizes=[(50, 50)])
    assert floor.impossible
    assert floor.margin is not None
    assert floor.repeats is None
    assert not planned([(bound(within(0.01)), None)]).sound
    loose = replace(bound(within(0.01)), require=Require.NOT_DISPROVEN)
    assert planned([(loose, None)]).sound


def test_a_bound_below_the_aim_names_ways_to_reach_it() -> None:
    rng = np.random.default_rng(5)
    noisy = rates(rng, 110, 2, rate=0.9)
    found = one(bound(within(0.08)), noisy, baseline_draws=2)
    assert found.basis is Basis.DRAWS
    assert found.passes is not None
    assert found.passes < 0.9
    assert found.needs is not None
    assert found.needs.safe > 110
    assert found.margin is not None
    assert found.margin.max is not None
    assert found.margin.max > 0.08
    assert found.margin.min == -found.margin.max
    likely = one(bound(within(0.5)), noisy, baseline_draws=2)
    assert likely.margin is None
    assert likely.repeats is None


def test_more_draws_help_where_all_that_differs_is_noise() -> None:
    rng = np.random.default_rng(6)
    chance = np.where(rng.random(120) < 0.3, 0.5, 1.0)
    values = (rng.random((120, 6)) < chance[:, None]).astype(float).tolist()
    seen = evidence([[row[0]] for row in values], [row[1:] for row in values])
    found = one(bound(Limit(DELTA, min=-0.08)), seen)
    assert found.passes is not None
    assert found.passes < 0.9
    assert found.repeats in {2, 3, 5}
    floor = one(bound(at_least(0.84)), seen, repeats=2)
    assert floor.repeats is None
    hopeless = one(bound(Limit(DELTA, min=-0.05)), seen)
    assert hopeless.repeats is None
    more = one(bound(Limit(DELTA, min=-0.03)), seen, repeats=5)
    assert more.repeats is None


def test_amounts_are_given_the_limits_that_their_runs_keep() -> None:
    rng = np.random.default_rng(7)
    amounts = rng.gamma(3, 30, (120, 3)).tolist()
    seen = evidence([row[:1] for row in amounts], [row[1:] for row in amounts])
    close = float(np.mean(seen.arms[Arm.BASELINE].values)) + 2
    mean = one(bound(at_most(close), TOKENS), seen)
    assert mean.margin is not None
    assert mean.margin.max is not None
    assert mean.margin.max > close
    ratio = one(bound(Limit(RATIO, max=1.05), TOKENS), seen)
    assert ratio.truth == 1.0
    assert ratio.margin is not None
    shift = outlook(bound(Limit(SHIFT, max=0.02, distance="ks"), TOKENS), seen, USUAL)
    assert not isinstance(shift, Unknown)
    assert shift.truth == 0.0
    assert shift.margins(220, 0.9) is None
    infinite = evidence([[1.0]] * 60, [[math.inf] if k < 9 else [1.0] for k in range(60)])
    late = one(bound(Limit(ABSOLUTE, 0.5, 900.0), LATENCY), infinite)
    assert late.margin is None


def test_a_bound_that_need_not_be_proven_is_held_by_the_lack_of_alarms() -> None:
    rng = np.random.default_rng(8)
    seen = rates(rng, 200, 5)
    loose = replace(bound(within(0.02)), require=Require.NOT_DISPROVEN)
    found = one(loose, seen)
    assert found.needs is None
    assert found.margin is None
    assert found.passes is not None
    assert found.alarm is not None
    assert found.passes == pytest.approx(1 - found.alarm, abs=1e-5)
    assert found.catches[1] is not None
    assert found.catches[1] > 0.02
    together = planned([(loose, seen)])
    assert together.joint.cases is not None


def test_samples_that_a_gate_would_miss_are_no_promise() -> None:
    rng = np.random.default_rng(9)
    draws = [[1.0 if x > 0.1 else None for x in rng.random(3)] for _ in range(200)]
    seen = evidence([[1.0]] * 200, draws)
    for asked in (bound(at_least(0.5)), bound(within(0.3))):
        proven = one(asked, seen)
        assert proven.passes is not None
        assert proven.passes < 0.01
        loose = one(replace(asked, require=Require.NOT_DISPROVEN), seen)
        assert loose.passes is not None
        assert loose.passes < 0.01
        assert one(asked, seen, max_missing=0.3).passes > 0.9  # type: ignore[operator]


# ---------------------------------------------------------------- together


def test_all_bounds_together_need_more_than_any_of_them() -> None:
    rng = np.random.default_rng(10)
    seen = rates(rng, 120, 2)
    floor, change = bound(at_least(0.8), name="floor"), bound(within(0.12), name="change")
    found = planned([(floor, seen), (change, seen)])
    alone = [each.passes for each in found.bounds]
    assert found.joint.passes == pytest.approx(math.prod(alone), rel=1e-4)  # type: ignore[arg-type]
    assert found.joint.cases is not None
    assert all(each.needs is not None for each in found.bounds)
    needs = [each.needs.safe for each in found.bounds if each.needs is not None]
    assert found.joint.cases >= max(needs) - 3
    assert found.joint.dominated_by == ("floor", "change")[int(np.argmax(needs))]


def test_bounds_that_only_warn_are_not_held_together() -> None:
    rng = np.random.default_rng(11)
    seen = rates(rng, 100, 1)
    warns = replace(bound(at_least(0.99)), severity=Severity.WARN)
    found = planned([(warns, seen)])
    assert found.joint == type(found.joint)(None, None, None)
    assert found.sound
    unknown = planned([(bound(within(0.05), TONE), None)])
    assert unknown.joint.passes is None


def test_what_never_reaches_the_aim_needs_no_number_of_cases() -> None:
    rng = np.random.default_rng(12)
    low = rates(rng, 60, 1, rate=0.5)
    found = planned([(bound(at_least(0.8)), low)])
    assert found.bounds[0].needs is None
    assert found.joint.cases is None
    assert not found.sound
    far = planned([(bound(within(0.003)), None)], sizes=[(60, 60)])
    assert far.joint.cases is None
    assert far.bounds[0].needs is not None
    assert far.bounds[0].needs.safe == pytest.approx(61_000, rel=0.05)
    assert one(bound(within(0.0001)), None).needs is None
    assert one(bound(within(0.0)), None).needs is None


def test_a_few_cases_are_nothing_to_rest_a_chance_on() -> None:
    few = evidence([[1.0]] * 9, [[1.0, 1.0]] * 9)
    assert one(bound(at_least(0.5)), few).basis is Basis.ASSUMED
    assert one(bound(within(0.5), TONE), few).basis is Basis.UNKNOWN
    tied = Evidence(90, evidence([[1.0]] * 90, [[1.0, 1.0]] * 90).arms, np.arange(90) // 10)
    assert one(bound(at_least(0.5)), tied).basis is Basis.ASSUMED


# ---------------------------------------------------------------- hostile ends


def nasty() -> dict[str, Evidence]:
    """Return evidence that nobody would wish for."""
    rng = np.random.default_rng(13)
    pairs = rng.random((40, 3))
    two = [[float(x) for x in row] for row in pairs]
    alone = evidence([[1.0]] * 40, two)
    return {
        "one case": evidence([1.0], [[1.0, 0.0]]),
        "one case, once": evidence([1.0], [1.0]),
        "two cases": evidence([1.0, 0.0], [[1.0, 1.0], [0.0, 0.0]]),
        "all equal": evidence([[1.0]] * 40, [[1.0, 1.0]] * 40),
        "all nothing": evidence([[0.0]] * 40, [[0.0, 0.0]] * 40),
        "no candidate": evidence([[None]] * 40, two),
        "no baseline": evidence([[1.0]] * 40, [[None, None]] * 40),
        "no answer": evidence([[None]] * 40, [[None]] * 40),
        "no case": evidence([], []),
        "one cluster": Evidence(40, alone.arms, np.zeros(40, np.int64)),
        "two clusters": Evidence(40, alone.arms, np.arange(40) % 2),
        "half missing": evidence(
            [[1.0]] * 40, [[x, None] if x < 0.5 else [None, x] for x, _, _ in two]
        ),
        "timeouts": evidence([[1.0]] * 40, [[math.inf, 1.0]] * 20 + [[math.inf] * 2] * 20),
        "only one arm": evidence([[1.0, 0.0]] * 40),
        "only a baseline": baseline_of(alone),
        "ends": evidence([[0.0], [1.0]] * 20, [[1.0, 0.0], [0.0, 1.0]] * 20),
    }  # fmt: skip


ASKED = {
    "floor": bound(at_least(0.5)),
    "floor at an end": bound(at_least(1.0)),
    "ceiling at an end": bound(at_most(0.0)),
    "band of no width": bound(Limit(ABSOLUTE, 0.5, 0.5)),
    "no change at all": bound(within(0.0)),
    "a wide delta": bound(within(0.9)),
    "one side of a delta": bound(Limit(DELTA, min=-0.2)),
    "a delta of scores": bound(within(0.2), TONE),
    "a mean": bound(at_most(3.0), TOKENS),
    "a mean of anything": bound(Limit(ABSOLUTE, -1.0, 3.0), FLOAT),
    "a ratio": bound(Limit(RATIO, max=1.2), TOKENS),
    "a ratio of quantiles": bound(Limit(RATIO, max=1.5), LATENCY, statistic="p50"),
    "a quantile": bound(at_most(3.0), LATENCY),
    "a low quantile": bound(at_least(0.1), LATENCY, statistic="p10"),
    "a shift": bound(Limit(SHIFT, max=0.5, distance="ks"), TONE),
}
LOOSE = [Require.PROVEN, Require.NOT_DISPROVEN]


@pytest.mark.parametrize("name", nasty())
def test_a_plan_on_nasty_evidence_neither_breaks_down_nor_promises_on_nothing(name: str) -> None:
    whole = nasty()[name]
    some = list(ASKED.values())[list(nasty()).index(name) % 8 :: 8]
    for asked, require in itertools.product(some, LOOSE):
        if asked.limit.compares and name == "only one arm":
            continue  # an envelope without a baseline compares nothing
        wanted = replace(asked, require=require)
        takes_all = asked.statistic.quantile is not None or asked.limit.kind is SHIFT
        finite = {arm: answers.finite() for arm, answers in whole.arms.items()}
        seen = whole if takes_all else replace(whole, arms=finite)
        found = planned([(wanted, seen if seen.cases else None)], sizes=[(40, 40)])
        (each,) = found.bounds
        if each.passes is not None:
            assert 0 <= each.passes <= 1
            assert each.basis is not Basis.UNKNOWN
        if each.impossible:
            assert each.passes is None or each.passes <= wanted.alpha + 0.01
        assert all(0 <= point.holds <= 1 and 0 <= point.broken <= 1 for point in each.curve)
        assert not math.isnan(each.truth or 0.0)


@pytest.mark.parametrize("require", LOOSE)
def test_a_slice_without_a_case_is_no_promise(require: Require) -> None:
    asked = replace(bound(at_least(0.5)), require=require)
    found = planned(
        [(asked, None), (bound(at_least(0.5), name="all"), None)], sizes=[(0, 0), (50, 50)]
    )
    assert found.bounds[0].passes is None
    assert found.joint.passes is None


QUICK = ("a rate", "a rate over clusters", "an amount", "a ratio over clusters", "a p95")


@pytest.mark.parametrize("name", QUICK)
def test_sorts_of_bounds_have_plans(name: str) -> None:
    found = body(name, np.random.default_rng(15))
    made = planned([(found.bound, found.evidence)], baseline_draws=1)
    assert made.sentence
    assert made.bounds[0].n == found.evidence.cases


def test_the_same_plan_is_made_twice() -> None:
    seen = rates(np.random.default_rng(16), 60, 2)
    first, second = (planned([(bound(within(0.3)), seen)], seed=4) for _ in range(2))
    assert first == second


def test_an_estimate_of_the_baseline_stands_beside_each_bound() -> None:
    rng = np.random.default_rng(17)
    found = one(bound(within(0.2)), rates(rng, 60, 2))
    assert isinstance(found.baseline, Estimate)
    assert isinstance(one(bound(within(0.2)), evidence([None], [None])).baseline, Unmeasured)
    only = evidence([[None]] * 5)
    assert one(bound(at_least(0.2)), only).baseline is None


# ---------------------------------------------------------------- price


def sample(index: int, *, cost: float | None, ms: float | None, error: bool = False) -> Sample:
    fault = SampleError(ErrorKind.TIMEOUT, "late") if error else None
    return Sample("c", Arm.BASELINE, index, "yes", cost_usd=cost, latency_ms=ms, error=fault)


def test_a_price_is_that_of_the_samples_that_passed() -> None:
    meter = Meter()
    passing = [
        sample(0, cost=0.1, ms=100),
        sample(1, cost=0.3, ms=300),
        sample(2, cost=None, ms=None, error=True),
    ]
    assert list(meter.passing(passing)) == passing
    price = meter.price({Arm.CANDIDATE: 50}, parallel=10)
    assert price.cost_usd == pytest.approx(10.0)
    assert price.seconds == pytest.approx(1.0)
    assert meter.draws == {Arm.BASELINE: 3}


def test_a_price_that_some_answers_do_not_tell_is_not_known() -> None:
    meter = Meter()
    list(meter.passing([sample(0, cost=0.1, ms=None), sample(1, cost=None, ms=None)]))
    price = meter.price({Arm.CANDIDATE: 50}, parallel=10)
    assert price.cost_usd is None
    assert price.seconds is None
    assert Meter().price({Arm.CANDIDATE: 1}, parallel=1).cost_usd is None


def test_prices_come_before_what_was_recorded_and_only_for_their_arm() -> None:
    meter = Meter({Arm.BASELINE: Prices(input=10.0, output=100.0)})
    tokens = {"input_tokens": 1000, "output_tokens": 100, "cost_usd": 7.0}
    samples = [Sample("c", arm, output="yes", **tokens) for arm in Arm]  # type: ignore[arg-type]
    list(meter.passing(samples))
    assert meter.costs == pytest.approx([0.02, 7.0])


def test_a_price_by_tokens_that_an_answer_does_not_tell_is_not_known() -> None:
    meter = Meter({Arm.BASELINE: Prices(input=10.0, output=100.0)})
    list(meter.passing([sample(0, cost=0.1, ms=None)]))
    assert meter.price({Arm.CANDIDATE: 50}, parallel=10).cost_usd is None
