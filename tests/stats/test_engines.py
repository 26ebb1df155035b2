"""What every engine owes a reader, whatever number it is about."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from evalkit.core.envelope import NON_NEGATIVE, Limit, LimitKind, Support
from evalkit.stats.decision import p_outside, proves_outside
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.quantile import rank_limits
from evalkit.stats.skew_t import Spread
from tests.stats.arms import ANY, engine, evidence
from tests.stats.questions import (
    ALL,
    BOUNDED,
    CONTINUOUS,
    MEANS,
    QUANTILES,
    UNBOUNDED,
    Question,
    limits,
    once,
    with_first,
)

LEVELS = (0.001, 0.01, 0.05, 0.2, 0.4)
DELTA, RATIO = LimitKind.DELTA, LimitKind.RATIO


def asked(sort: str, seed: int = 0) -> Question:
    """Return a question of a sort; the seed gives other data."""
    return ALL[sort](np.random.default_rng([seed, *sort.encode()]))


def all_of(found: Engine) -> tuple[float, float, float]:
    """Return the value and both limits."""
    return found.value, *limits(found)


def close(found: tuple[float, float], expected: tuple[float, float], within: float) -> bool:
    """Return whether two intervals agree, an infinite limit being equal to itself."""
    return all(
        a == b or abs(a - b) <= within * (1 + abs(b)) for a, b in zip(found, expected, strict=True)
    )


# ---------------------------------------------------------------- an interval


@pytest.mark.parametrize("sort", ALL)
@pytest.mark.parametrize("seed", range(2))
def test_the_estimate_lies_inside_an_interval_that_widens_with_confidence(
    sort: str, seed: int
) -> None:
    found = asked(sort, seed).engine
    lowers = [found.lower(alpha) for alpha in LEVELS]
    uppers = [found.upper(alpha) for alpha in LEVELS]
    chain = [*lowers, found.value, *reversed(uppers)]
    assert all(a <= b + 1e-12 for a, b in pairwise(chain))
    assert lowers[0] < lowers[-1] or sort in QUANTILES
    assert uppers[0] > uppers[-1]


@pytest.mark.parametrize("sort", CONTINUOUS)
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.4])
def test_the_p_value_at_a_limit_is_alpha(sort: str, alpha: float) -> None:
    found = asked(sort).engine
    lower, upper = limits(found, alpha)
    assert found.p_above(lower) == pytest.approx(alpha, rel=1e-6)
    assert found.p_below(upper) == pytest.approx(alpha, rel=1e-6)


@pytest.mark.parametrize("sort", QUANTILES)
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_a_quantile_is_claimed_beyond_a_limit_and_not_at_it(sort: str, alpha: float) -> None:
    found = asked(sort).engine
    lower, upper = limits(found, alpha)
    assert found.p_above(math.nextafter(lower, -math.inf)) <= alpha < found.p_above(lower)
    assert found.p_below(math.nextafter(upper, math.inf)) <= alpha < found.p_below(upper)


@pytest.mark.parametrize("sort", ALL)
def test_a_claim_is_the_easier_the_further_its_bound(sort: str) -> None:
    found = asked(sort).engine
    lower, upper = limits(found, 0.001)
    bounds = np.linspace(lower, min(upper, 100.0), 9)
    assert all(a >= b - 1e-12 for a, b in pairwise(found.p_below(bound) for bound in bounds))
    assert all(a <= b + 1e-12 for a, b in pairwise(found.p_above(bound) for bound in bounds))


@pytest.mark.parametrize("sort", ALL)
def test_what_an_interval_proves_outside_has_a_small_p_value(sort: str) -> None:
    found = asked(sort).engine
    lower, upper = limits(found)
    width = upper - lower
    judged = []
    for start in np.linspace(lower - 2.2 * width, upper + 1.2 * width, 13):
        band = Limit(LimitKind.ABSOLUTE, min=float(start), max=float(start + 1.01 * width))
        assert band.min is not None
        assert band.max is not None
        p = p_outside(
            found.p_below(band.min),
            found.p_above(band.max),
            interval_width=width,
            band_width=band.max - band.min,
        )
        judged.append(proves_outside(lower, upper, band))
        assert judged[-1] is (p <= 0.05)
    assert {True, False} == set(judged)


# ---------------------------------------------------------------- what must not matter


@pytest.mark.parametrize("sort", ALL)
def test_the_order_of_cases_does_not_matter(sort: str) -> None:
    question = asked(sort)
    order = np.random.default_rng(8).permutation(len(question.candidate)).tolist()
    found, again = question.engine, question.in_order(order).engine
    assert again.value == pytest.approx(found.value, rel=1e-13)
    assert close(limits(again), limits(found), 1e-10)
    if sort in BOUNDED and question.clusters is None:
        assert all_of(again) == all_of(found)


@pytest.mark.parametrize("sort", ALL)
def test_another_unit_of_measurement_changes_no_conclusion(sort: str) -> None:
    question = asked(sort)
    unit = 1 if question.kind is RATIO else 1000 / 7
    found, scaled = question.engine, question.times(1000 / 7).engine
    expected = (unit * found.lower(0.05), unit * found.upper(0.05))
    assert close(limits(scaled), expected, 1e-9)
    assert scaled.value == pytest.approx(unit * found.value, rel=1e-12)
    assert scaled.method == found.method
    for bound in np.linspace(found.lower(0.01), found.upper(0.1), 4):
        # A step to either side: order statistics jump at values that rounding has moved.
        for beside in (bound - 1e-6, bound + 1e-6):
            assert scaled.p_below(unit * beside) == pytest.approx(found.p_below(beside), rel=1e-6)
            assert scaled.p_above(unit * beside) == pytest.approx(found.p_above(beside), rel=1e-6)


@pytest.mark.parametrize("sort", ALL)
def test_clusters_of_one_case_are_no_clusters(sort: str) -> None:
    question = replace(asked(sort), clusters=None)
    alone = replace(question, clusters=list(range(len(question.candidate))))
    assert alone.engine.value == question.engine.value
    assert close(limits(alone.engine), limits(question.engine), 1e-10)


@pytest.mark.parametrize("sort", [sort for sort in MEANS if sort.startswith("a delta")])
def test_relabelling_the_arms_mirrors_a_delta(sort: str) -> None:
    question = asked(sort)
    assert question.baseline is not None
    swapped = replace(question, candidate=question.baseline, baseline=question.candidate).engine
    found = question.engine
    assert swapped.value == pytest.approx(-found.value, abs=1e-14)
    assert limits(swapped) == pytest.approx((-found.upper(0.05), -found.lower(0.05)), abs=1e-11)
    assert swapped.p_above(0.02) == pytest.approx(found.p_below(-0.02), rel=1e-9)


@pytest.mark.parametrize("sort", ["a ratio of amounts", "a ratio over clusters"])
def test_relabelling_the_arms_inverts_a_ratio(sort: str) -> None:
    question = asked(sort)
    assert question.baseline is not None
    swapped = replace(question, candidate=question.baseline, baseline=question.candidate).engine
    found = question.engine
    assert swapped.value == pytest.approx(1 / found.value, rel=1e-12)
    assert limits(swapped) == pytest.approx(
        (1 / found.upper(0.05), 1 / found.lower(0.05)), rel=1e-9
    )


@pytest.mark.parametrize("sort", ["a rate", "a score with many zeros", "an amount", "a p95"])
def test_the_same_draw_over_again_is_no_news(sort: str) -> None:
    question = asked(sort)
    again = replace(question, candidate=[[*draws, *draws] for draws in question.candidate])
    assert close(limits(again.engine), limits(question.engine), 1e-10)


def test_repeats_count_by_their_mean_whatever_their_number() -> None:
    candidate = [[1.0, 0.0, 0.0, 1.0], [1.0], [0.0, 1.0, 1.0], [0.0]] * 10
    means = once(np.array([0.5, 1.0, 2 / 3, 0.0] * 10))
    assert all_of(Question(candidate).engine) == all_of(Question(means).engine)


# ---------------------------------------------------------------- missing samples


ONE_ARM = [sort for sort in ALL if not sort.startswith(("a delta", "a ratio"))]


@pytest.mark.parametrize("sort", ONE_ARM)
def test_missing_samples_of_an_arm_are_put_at_their_worst_for_either_limit(sort: str) -> None:
    question, gone = asked(sort), [1, 30, 31]
    low, high = worst(question, gone)
    found = question.with_first(gone, None).engine
    lowest, highest = (question.with_first(gone, value).engine for value in (low, high))
    assert found.lower(0.05) == pytest.approx(lowest.lower(0.05), rel=1e-9, abs=1e-12)
    assert found.upper(0.05) == pytest.approx(highest.upper(0.05), rel=1e-9, abs=1e-12)
    assert found.p_above(found.value) == pytest.approx(lowest.p_above(found.value), rel=1e-9)
    assert found.p_below(found.value) == pytest.approx(highest.p_below(found.value), rel=1e-9)


@pytest.mark.parametrize("sort", [sort for sort in ALL if sort not in ONE_ARM])
def test_missing_samples_of_a_candidate_help_it_no_more_than_their_worst_would(sort: str) -> None:
    question, gone = asked(sort), [1, 30, 31]
    low, high = worst(question, gone)
    found = question.with_first(gone, None).engine
    lowest, highest = (question.with_first(gone, value).engine for value in (low, high))
    assert found.lower(0.05) <= lowest.lower(0.05) + 1e-9
    assert found.upper(0.05) >= highest.upper(0.05) - 1e-9
    assert found.p_above(found.value) >= lowest.p_above(found.value) * (1 - 1e-9)
    assert found.p_below(found.value) >= highest.p_below(found.value) * (1 - 1e-9)


def worst(question: Question, gone: list[int]) -> tuple[float, float]:
    """Return the least and the greatest that missing samples may be."""
    if question.statistic != "mean":
        return 0.0, math.inf
    if question.support.bounded:
        return question.support.lower, question.support.upper
    seen = question.with_first(gone, None).seen()
    return question.support.lower if question.support == NON_NEGATIVE else min(seen), max(seen)


@pytest.mark.parametrize("sort", [*BOUNDED, *QUANTILES])
@pytest.mark.parametrize("seed", range(2))
def test_a_missing_sample_widens_the_interval_and_never_narrows_it(sort: str, seed: int) -> None:
    question = asked(sort, seed)
    lower, upper = limits(question.engine)
    widened = False
    for place in range(0, len(question.candidate), 40):
        less = limits(question.with_first([place], None).engine)
        assert less[0] <= lower + 1e-12
        assert less[1] >= upper - 1e-12
        widened = widened or less[0] < lower or less[1] > upper
    assert widened


@pytest.mark.parametrize("sort", ["a delta of rates", "a delta over clusters", "a ratio of rates"])
def test_a_case_without_a_baseline_helps_no_more_than_its_worst_would(sort: str) -> None:
    question, gone = asked(sort), [2, 40]
    assert question.baseline is not None
    without, lowest, highest = (
        replace(question, baseline=with_first(question.baseline, gone, value)).engine
        for value in (None, 0.0, 1.0)
    )
    assert without.lower(0.05) <= highest.lower(0.05) + 1e-9
    assert without.upper(0.05) >= lowest.upper(0.05) - 1e-9


def test_a_missing_rate_is_put_no_further_than_the_arm_that_answered_allows() -> None:
    # The baseline says 0 in the twenty cases that the candidate lacks: it lost none of them.
    baseline = [0.0] * 999 + [1.0]
    found = engine(evidence([None] * 20 + [0.0] * 980, baseline), LimitKind.DELTA)
    complete = engine(evidence([0.0] * 1000, baseline), LimitKind.DELTA)
    assert found.lower(0.05) == pytest.approx(complete.lower(0.05))


def test_a_baseline_draw_that_is_missing_leaves_the_mean_of_the_others() -> None:
    candidate = once(np.array([1.0, 0.0, 1.0, 1.0] * 5))
    some: list[list[float | None]] = [[1.0, None, 0.0], [None, 0.0], [1.0, None], [1.0]]
    rest = [[1.0, 0.0], [0.0], [1.0], [1.0]]
    found = Question(candidate, some * 5, kind=DELTA).engine
    assert all_of(found) == all_of(Question(candidate, rest * 5, kind=DELTA).engine)


# ---------------------------------------------------------------- very few data


def test_one_case_says_little_in_a_range_and_nothing_without() -> None:
    assert limits(engine(evidence([1.0]))) == pytest.approx((0.05, 1))
    assert limits(engine(evidence([1.0], [1.0]), DELTA)) == pytest.approx((-0.95, 0.95))
    assert limits(engine(evidence([7.0]), statistic="p50", support=NON_NEGATIVE)) == (0, math.inf)
    assert limits(engine(evidence([7.0]), statistic="p50", support=ANY)) == (-math.inf, math.inf)


def test_a_spread_needs_two_units() -> None:
    found = engine(evidence([1.0, 2.0], clusters=[0, 1]), support=NON_NEGATIVE)
    assert limits(found) == limits(engine(evidence([1.0, 2.0]), support=NON_NEGATIVE))
    with pytest.raises(ValueError, match="a spread needs two units, found 1"):
        Spread.of(np.array([3.0]), np.array([2.0]))


@pytest.mark.parametrize("n", [1, 3, 59])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_equal_values_in_a_range_leave_what_a_few_others_could_hide(n: int, value: float) -> None:
    hidden: float = 0.05 ** (1 / n)
    found = engine(evidence([value] * n))
    assert limits(found) == pytest.approx((value * hidden, 1 - (1 - value) * hidden))
    assert not found.constant
    delta = engine(evidence([value] * n, [value] * n), DELTA)
    assert limits(delta) == pytest.approx((hidden - 1, 1 - hidden))


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 12345.678])
def test_equal_values_without_a_range_are_said_to_be_constant(value: float) -> None:
    found = engine(evidence([value] * 70), support=NON_NEGATIVE)
    assert found.constant
    assert limits(found) == pytest.approx((value, value), rel=1e-12)
    delta = engine(evidence([value + 1] * 70, [value] * 70), DELTA, support=NON_NEGATIVE)
    assert delta.constant
    assert delta.value == pytest.approx(1)


@pytest.mark.parametrize("sort", [*UNBOUNDED, "a ratio of amounts"])
def test_values_that_differ_are_not_constant(sort: str) -> None:
    assert not asked(sort).engine.constant
    assert not asked(sort).times(1e-6).engine.constant


def test_equal_candidates_with_a_missing_sample_are_constant_only_if_it_is_put_among_them() -> None:
    cases: list[float | None] = [0.4] * 60 + [None]
    assert engine(evidence(cases), support=ANY).constant
    found = engine(evidence(cases), support=NON_NEGATIVE)
    assert not found.constant
    assert found.lower(0.05) < 0.4 - 0.4 / 61
    assert found.upper(0.05) == pytest.approx(0.4)


def test_equal_differences_with_a_missing_baseline_are_constant_on_one_side_only() -> None:
    baseline: list[float | None] = [5.0] * 60 + [None]
    found = engine(evidence([5.0] * 61, baseline), DELTA, support=NON_NEGATIVE)
    # At its worst the missing value is the greatest seen, which is equal to all, or 0.
    assert found.lower(0.05) == 0
    assert found.upper(0.05) > 5 / 61
    assert not found.constant


def test_equal_latencies_have_no_quantile_but_that_one() -> None:
    found = engine(evidence([3.0] * 100), statistic="p95", support=NON_NEGATIVE)
    assert all_of(found) == (3, 3, 3)
    assert (found.p_below(3.0), found.p_above(3.0)) == (1, 1)
    assert found.p_below(3.1) == pytest.approx(0.95**100)
    assert found.p_above(2.9) == pytest.approx(0.05**100)


# ---------------------------------------------------------------- quantiles


@pytest.mark.parametrize("n", [2, 10, 58, 59, 200])
@pytest.mark.parametrize("statistic", ["p5", "p50", "p95"])
def test_limits_of_a_quantile_are_order_statistics(n: int, statistic: str) -> None:
    values = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    found = engine(evidence(values), statistic=statistic, support=NON_NEGATIVE)
    low, high = rank_limits(n, float(statistic[1:]) / 100, 0.05)
    assert limits(found) == (float(low), float(high) if high <= n else math.inf)


def test_a_timeout_is_an_infinite_latency_and_no_gap() -> None:
    values = [1.0, 2.0, 3.0] * 40
    some = engine(evidence([*values, math.inf]), statistic="p95", support=NON_NEGATIVE)
    many = engine(evidence([*values, *[math.inf] * 10]), statistic="p95", support=NON_NEGATIVE)
    assert all_of(some) == (3, 3, 3)
    assert all_of(many) == (math.inf, 3, math.inf)


@pytest.mark.parametrize("n", [30, 100, 101, 400])
@pytest.mark.parametrize("statistic", ["p1", "p25", "p50", "p90", "p99"])
def test_the_sample_quantile_lies_inside_its_limits_at_any_usual_confidence(
    n: int, statistic: str
) -> None:
    values = np.random.default_rng(n).lognormal(size=n)
    found = engine(evidence(values), statistic=statistic, support=NON_NEGATIVE)
    for alpha in (0.001, 0.05, 0.2):
        assert found.lower(alpha) <= found.value <= found.upper(alpha)


def test_a_quantile_of_unequal_repeats_lies_inside_its_limits() -> None:
    # Sixty fast cases were drawn once and forty slow ones three times: the median case is fast.
    found = engine(evidence([[5.0] * 3] * 40 + [1.0] * 60), statistic="p50", support=NON_NEGATIVE)
    lower, upper = limits(found)
    assert lower <= found.value <= upper


@pytest.mark.parametrize(("n", "statistic"), [(5, "p99"), (50, "p99.9")])
def test_a_far_quantile_of_few_values_lies_inside_its_limits(n: int, statistic: str) -> None:
    found = engine(evidence(np.arange(1.0, n + 1)), statistic=statistic, support=NON_NEGATIVE)
    assert found.lower(0.05) <= found.value <= found.upper(0.05) == math.inf


# ---------------------------------------------------------------- clusters, and what is written


def test_limits_over_clusters_are_those_of_as_many_units() -> None:
    rng = np.random.default_rng(2)
    means = rng.uniform(0, 1, 15)
    found = engine(evidence(np.repeat(means, 4), clusters=np.repeat(range(15), 4).tolist()))
    assert limits(found) == pytest.approx(limits(engine(evidence(means))), abs=1e-11)
    assert found.method == "Gaffke over clusters"


def test_large_clusters_that_fail_alone_make_the_limits_approximate() -> None:
    large = [code for code in range(3) for _ in range(20)]
    clusters = large + list(range(3, 63))
    different = engine(evidence([0.0] * 60 + [1.0] * 60, clusters=clusters))
    alike = engine(evidence([0.0, 1.0] * 60, clusters=clusters))
    assert different.approximate
    assert not alike.approximate


@pytest.mark.parametrize(("kind", "statistic"), [(RATIO, "mean"), (LimitKind.ABSOLUTE, "p50")])
def test_large_clusters_that_fail_alone_mark_a_ratio_and_a_quantile_as_well(
    kind: LimitKind, statistic: str
) -> None:
    clusters = [code for code in range(3) for _ in range(20)] + list(range(3, 63))
    arms = evidence([0.0] * 60 + [1.0] * 60, [1.0] * 120, clusters=clusters)
    assert engine(arms).approximate
    assert engine(arms, kind, statistic=statistic).approximate


def test_clusters_of_which_nothing_was_seen_widen_the_limits_and_do_not_weigh_in() -> None:
    clusters = [code // 2 for code in range(40)]
    seen: list[float | None] = [1.0] * 40
    found = engine(evidence([*seen, *[None] * 12], clusters=[*clusters, *range(20, 32)]))
    assert found.value == 1
    # Taken for zeros, they would pull the mean of clusters away from that of cases.
    assert not found.approximate
    assert found.lower(0.05) < engine(evidence(seen, clusters=clusters)).lower(0.05) - 0.1


@pytest.mark.parametrize(
    ("sort", "method", "approximate"),
    [
        ("a rate", "Clopper–Pearson", False),
        ("a rate by draw", "Clopper–Pearson over draws", False),
        ("a score with many zeros", "Gaffke", False),
        ("a score over clusters", "Gaffke over clusters", False),
        ("a delta of rates", "Gaffke on paired differences", False),
        ("a delta by draw", "Gaffke on paired differences over draws", False),
        ("an amount", "skew-guarded t", True),
        ("an amount by draw", "t over draws", True),
        ("a ratio of amounts", "skew-guarded t (Fieller)", True),
        ("a ratio in a range", "Gaffke (Fieller)", False),
        ("a p95", "order statistics", False),
    ],
)
def test_a_reviewer_reads_what_the_limits_stand_on(
    sort: str, method: str, *, approximate: bool
) -> None:
    found = asked(sort).engine
    assert (found.method, found.approximate) == (method, approximate)


@pytest.mark.parametrize("sort", MEANS)
def test_the_standard_error_is_that_of_the_unit_means(sort: str) -> None:
    question = replace(asked(sort), clusters=None, by_draw=False)
    found = question.engine
    assert isinstance(found, (BoundedMean, UnboundedMean))
    one, other = (
        np.array([np.mean([v for v in draws if v is not None]) for draws in cases])
        for cases in (question.candidate, question.baseline or question.candidate)
    )
    values = one if question.kind is LimitKind.ABSOLUTE else one - other
    freedom = 0 if question.support.bounded else 1
    assert found.error == pytest.approx(values.std(ddof=freedom) / math.sqrt(values.size))


def test_a_ratio_divides_the_means_of_the_cases_that_both_arms_have() -> None:
    question = Question(
        [[2.0], [4.0], [None], [9.0]], [[1.0], [2.0], [5.0], [None]], kind=RATIO,
        support=Support(0.0, 10.0),
    )  # fmt: skip
    assert question.engine.value == 2


def test_a_ratio_of_a_candidate_that_has_nothing_is_0() -> None:
    found = Question(once(np.zeros(60)), once(np.arange(60) / 59), kind=RATIO)
    assert (found.engine.value, found.engine.lower(0.05)) == (0, 0)
    assert 0 < found.engine.upper(0.05) < 0.2


def test_a_ratio_over_a_baseline_that_may_be_nothing_has_no_upper_limit() -> None:
    baseline = once(np.array([0.0] * 59 + [1.0]))
    found = Question(once(np.ones(60)), baseline, kind=RATIO, support=NON_NEGATIVE).engine
    assert found.upper(0.05) == math.inf
    assert 0 < found.lower(0.05) < 60


def test_a_mean_of_repeats_that_rounding_puts_beyond_the_range_stands_at_its_end() -> None:
    draws = [0.1, 0.1, 0.1]
    assert sum(draws) / 3 > 0.1
    top = Question([draws] * 20, support=Support(0.0, 0.1)).engine
    assert top.upper(0.05) == 0.1
    assert top.lower(0.05) == pytest.approx(0.1 * 0.05 ** (1 / 20))
    mixed = Question([draws, [0.0]] * 10, support=Support(0.0, 0.1)).engine
    rate = Question([[1.0], [0.0]] * 10).engine
    assert limits(mixed) == pytest.approx((0.1 * rate.lower(0.05), 0.1 * rate.upper(0.05)))


def test_limits_are_called_clopper_and_pearsons_only_where_both_are() -> None:
    found = engine(evidence([0.0] * 10 + [1.0] * 10 + [[0.0, None]]))
    assert found.method == "Gaffke"
