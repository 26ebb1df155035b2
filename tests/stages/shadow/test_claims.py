"""Bounds get their numbers from tallies: what is missing is put at its worst, and never overlooked."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from evalkit.core.envelope import (
    NON_NEGATIVE,
    UNIT_INTERVAL,
    Bound,
    Kind,
    Limit,
    LimitKind,
    Metric,
    Statistic,
    Support,
)
from evalkit.core.model import Arm
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.stages.shadow.block import Measure
from evalkit.stages.shadow.claims import (
    Claim,
    claims,
    compared,
    matching,
    mistakes,
    read_with,
)
from evalkit.stages.shadow.gaps import WithGaps
from evalkit.stages.shadow.logs import Logs
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.gaffke import Units
from tests.stages.shadow.requests import HOUR, REFUSAL, logs_of

NAN = math.nan
RATE = Measure("refusal", Kind.RATE, UNIT_INTERVAL)
TIME = Metric("latency_ms", "latency_ms", "latency_ms", Kind.TIME, NON_NEGATIVE)
TIMES = Measure("latency_ms", Kind.TIME, NON_NEGATIVE, quantiles=True)
BOTH = tuple(Arm)


def _bound(limit: Limit, metric: Metric = REFUSAL, statistic: str = "rate") -> Bound:
    return Bound("b", metric, Statistic.parse(statistic), limit)


AT_MOST = _bound(Limit(LimitKind.ABSOLUTE, max=0.2))
DELTA = _bound(Limit(LimitKind.DELTA, min=-0.1, max=0.1))


def _answers(count: int, ones: int) -> list[float]:
    return [1.0] * ones + [0.0] * (count - ones)


def _ids(count: int, start: int = 0) -> list[str | None]:
    return [f"r{start + place}" for place in range(count)]


def _detail(claim: Claim | None) -> str:
    assert isinstance(claim, Unmeasured)
    return claim.detail


def _limits(claim: Claim | None) -> tuple[float, float]:
    assert claim is not None
    assert not isinstance(claim, Unmeasured)
    return claim[1].lower, claim[1].upper


# ---------------------------------------------------------------- matching


def test_arms_that_saw_the_same_requests_are_paired_and_lone_requests_are_missing() -> None:
    logs = logs_of(RATE, _answers(100, 5), _answers(97, 5), ids=(_ids(100), _ids(97)))
    match = matching(logs, BOTH)
    assert match.paired
    assert match.unmatched == {Arm.BASELINE: 3, Arm.CANDIDATE: 0}
    assert compared(logs, match) is logs
    assert match.fault(0.03) is None
    fault = match.fault(0.02)
    assert fault is not None
    assert fault.reason is Reason.MISSING
    assert "3 of 100 requests of the baseline have no answer of the candidate" in fault.detail


def test_a_candidate_that_was_shown_a_part_lacks_nothing_where_that_is_said() -> None:
    logs = logs_of(RATE, _answers(100, 5), _answers(20, 1), ids=(_ids(100), _ids(20)))
    assert matching(logs, BOTH).fault(0.02) is not None
    assert matching(logs, (Arm.CANDIDATE,)).fault(0.02) is None
    assert matching(logs, (Arm.CANDIDATE,)).paired


def test_a_few_ids_in_both_arms_do_not_make_pairs_of_them() -> None:
    logs = logs_of(RATE, _answers(100, 5), _answers(100, 5), ids=(_ids(100), _ids(100, 60)))
    match = matching(logs, BOTH)
    assert not match.paired
    assert match.fault(0.0) is None
    assert compared(logs, match).pairs is None


def test_nobody_is_paired_who_does_not_want_to_be_or_has_no_ids() -> None:
    with_ids = logs_of(RATE, [0.0] * 9, [0.0] * 9, ids=(_ids(9), _ids(9)))
    assert not matching(with_ids, ()).paired
    without = logs_of(RATE, [0.0] * 9, [0.0] * 9)
    assert not matching(without, BOTH).paired
    assert matching(without, BOTH).unmatched == {Arm.BASELINE: 0, Arm.CANDIDATE: 0}


def test_arms_of_different_times_are_not_compared_unless_they_are_pairs() -> None:
    hours = [HOUR] * 30, [HOUR + 48] * 30
    apart = logs_of(RATE, [0.0] * 30, [0.0] * 30, hours=hours)
    match = matching(apart, BOTH)
    assert match.apart
    found = claims(DELTA, apart, RATE, match, max_missing=0.02)
    assert "no hour in common" in _detail(found.effect)
    assert not isinstance(found.candidate, Unmeasured)
    again = logs_of(RATE, [0.0] * 30, [0.0] * 30, hours=hours, ids=(_ids(30), _ids(30)))
    assert matching(again, BOTH).fault(0.02) is None


# ---------------------------------------------------------------- claims


def test_a_bound_on_the_candidate_alone_needs_no_baseline() -> None:
    logs = logs_of(RATE, [], _answers(400, 20))
    found = claims(AT_MOST, logs, RATE, matching(logs, BOTH), max_missing=0.02)
    low, high = _limits(found.candidate)
    assert 0.03 < low < 0.05 < high < 0.08
    assert found.effect is None
    assert found.complete is None
    assert isinstance(found.baseline, Unmeasured)


@pytest.mark.parametrize(("empty", "other"), [(0, 1), (1, 0)])
def test_logs_of_one_arm_measure_no_comparison(empty: int, other: int) -> None:
    del other
    values = [_answers(50, 2), _answers(50, 2)]
    values[empty] = []
    logs = logs_of(RATE, *values)
    found = claims(DELTA, logs, RATE, matching(logs, BOTH), max_missing=0.02)
    assert f"no request of the {BOTH[empty]}" in _detail(found.effect)


def test_what_is_missing_is_put_at_its_worst_and_the_others_are_told_alone() -> None:
    full = logs_of(RATE, _answers(200, 10), _answers(200, 10))
    gaps = logs_of(RATE, _answers(200, 10), [*_answers(200, 10), NAN, NAN])
    plain = claims(AT_MOST, full, RATE, matching(full, BOTH), max_missing=0.02)
    wide = claims(AT_MOST, gaps, RATE, matching(gaps, BOTH), max_missing=0.02)
    share = 2 / 202
    low, high = _limits(plain.candidate)
    assert _limits(wide.candidate) == pytest.approx(
        ((1 - share) * low, (1 - share) * high + share), abs=1e-9
    )
    assert _limits(wide.complete) == pytest.approx((low, high), abs=1e-9)
    both = claims(DELTA, gaps, RATE, matching(gaps, BOTH), max_missing=0.02)
    assert both.complete is not None
    assert _limits(both.effect)[0] < _limits(both.complete)[0]


def test_more_missing_than_is_allowed_is_no_measurement() -> None:
    logs = logs_of(RATE, _answers(100, 5), [*_answers(97, 5), NAN, NAN, NAN])
    found = claims(AT_MOST, logs, RATE, matching(logs, BOTH), max_missing=0.02)
    assert _detail(found.candidate).startswith("3 of 100 candidate requests have no refusal")
    nothing = logs_of(RATE, _answers(100, 5), [NAN] * 100)
    found = claims(DELTA, nothing, RATE, matching(nothing, BOTH), max_missing=0.02)
    assert isinstance(found.effect, Unmeasured)
    assert found.effect.reason is Reason.NO_VALUES


def test_values_that_are_none_of_the_metric_are_told_apart_from_missing_ones() -> None:
    strange = logs_of(RATE, _answers(100, 5), [0.5] * 100)
    found = claims(AT_MOST, strange, RATE, matching(strange, BOTH), max_missing=0.02)
    assert isinstance(found.candidate, Unmeasured)
    assert found.candidate.reason is Reason.OUT_OF_RANGE
    assert _detail(found.candidate) == "100 candidate values of refusal lie outside 0 or 1"


def test_a_percentile_of_which_something_is_missing_is_called_approximate() -> None:
    rng = random.Random(1)
    times = [rng.uniform(100, 900) for _ in range(300)]
    bound = _bound(Limit(LimitKind.ABSOLUTE, max=1000.0), TIME, "p95")
    for missing in (0, 2):
        logs = logs_of(TIMES, times, [*times, *[NAN] * missing])
        found = claims(bound, logs, TIMES, matching(logs, BOTH), max_missing=0.02).candidate
        assert not isinstance(found, Unmeasured)
        assert found[1].approximate is bool(missing)


def test_a_percentile_is_compared_between_all_rows_and_says_of_how_many() -> None:
    rng = random.Random(4)
    times = [rng.uniform(100, 900) for _ in range(300)]
    bound = _bound(Limit(LimitKind.DELTA, max=500.0), TIME, "p95")
    logs = logs_of(TIMES, times, times, ids=(_ids(300), _ids(300)))
    found = claims(bound, logs, TIMES, matching(logs, BOTH), max_missing=0.02).effect
    assert found is not None
    assert not isinstance(found, Unmeasured)
    assert found[1].n == 600


def test_a_ratio_of_means_is_taken_over_pairs() -> None:
    rng = random.Random(2)
    before = [rng.uniform(10, 90) for _ in range(120)]
    bound = _bound(Limit(LimitKind.RATIO, max=1.3), TIME, "mean")
    logs = logs_of(TIMES, before, [1.2 * x for x in before], ids=(_ids(120), _ids(120)))
    low, high = _limits(claims(bound, logs, TIMES, matching(logs, BOTH), max_missing=0.02).effect)
    assert low <= 1.2000001
    assert high >= 1.1999999


def test_a_measure_that_an_arm_lacks_is_read_by_the_other_ruler_in_both() -> None:
    tokens, words = Measure("tokens", Kind.AMOUNT), Measure("words", Kind.AMOUNT)
    for lacking, expected in ((NAN, words), (5.0, tokens)):
        logs = logs_of(
            tokens, [5.0] * 10, [lacking] * 10,
            beside={"words": ([4.0] * 10, [4.0] * 10)}, measures=[words],
        )  # fmt: skip
        assert read_with(logs, tokens, words, 0.02) is expected
    neither = logs_of(
        tokens, [5.0] * 10, [NAN] * 10,
        beside={"words": ([4.0] * 10, [NAN] * 10)}, measures=[words],
    )  # fmt: skip
    assert read_with(neither, tokens, words, 0.02) is tokens


def test_the_mistakes_of_a_detector_are_means_by_arm() -> None:
    false, missed = (
        Measure(f"refusal!{end}", Kind.SCORE, UNIT_INTERVAL) for end in ("false", "missed")
    )
    logs = logs_of(
        RATE, _answers(10, 2), _answers(10, 4),
        beside={
            "refusal!false": ([0.1] * 10, [0.2] * 10),
            "refusal!missed": ([0.0] * 10, [0.05] * 10),
        },
        measures=[false, missed],
    )  # fmt: skip
    names = {each.name: each for each in (RATE, false, missed)}
    found = mistakes(logs, RATE, names)
    candidate = found[Arm.CANDIDATE]
    assert (candidate.rate, candidate.false, candidate.missed) == pytest.approx((0.4, 0.2, 0.05))
    assert mistakes(logs, RATE, {"refusal": RATE}) == {}
    lonely = Logs(logs.tally.of_arm(1), None, None)
    assert set(mistakes(lonely, RATE, names)) == {Arm.CANDIDATE}


# ---------------------------------------------------------------- gaps


def _engine(ones: int, of: int) -> BoundedMean:
    units = Units(np.array([0.0, 1.0]), np.ones(2), np.array([of - ones, ones], np.float64))
    return BoundedMean(ones / of, units, units, UNIT_INTERVAL, "exact")


def test_a_mean_with_gaps_claims_only_what_is_true_whatever_they_are() -> None:
    inner = _engine(20, 200)
    gaps = WithGaps(inner, 0.05, UNIT_INTERVAL)
    assert (gaps.value, gaps.method, gaps.approximate, gaps.constant) == (
        inner.value, inner.method, inner.approximate, inner.constant,
    )  # fmt: skip
    assert gaps.lower(0.05) == pytest.approx(0.95 * inner.lower(0.05))
    assert gaps.upper(0.05) == pytest.approx(0.95 * inner.upper(0.05) + 0.05)
    assert gaps.p_below(gaps.upper(0.05)) == pytest.approx(0.05, abs=1e-6)
    assert gaps.p_above(gaps.lower(0.05)) == pytest.approx(0.05, abs=1e-6)


def test_gaps_may_be_too_wide_for_any_amount_of_data() -> None:
    engine = _engine(100, 200)
    wide = WithGaps(engine, 0.2, Support(0.0, 1.0))
    narrow = Limit(LimitKind.ABSOLUTE, 0.45, 0.55)
    assert not wide.would_settle(narrow, 0.05, 1000.0, 0.5)
    slight = WithGaps(engine, 0.001, Support(0.0, 1.0))
    assert slight.would_settle(Limit(LimitKind.ABSOLUTE, max=0.9), 0.05, 10.0, 0.5)
    assert slight.would_settle(Limit(LimitKind.ABSOLUTE, min=0.1), 0.05, 10.0, 0.5)
