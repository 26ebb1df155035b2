"""The engine fits the number, its estimate says what it stands on, or there is a reason for none."""

from __future__ import annotations

import pytest

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, Reason, Unmeasured
from evalkit.stats.estimates import engine_of, estimate_of
from evalkit.stats.evidence import Evidence
from tests.stats.arms import ANY, Cases, engine, evidence

ABSOLUTE, DELTA, RATIO, _ = LimitKind
BASELINE, CANDIDATE = Arm.BASELINE, Arm.CANDIDATE
MEAN = Statistic("mean")


def reason(
    found: Evidence,
    kind: LimitKind = ABSOLUTE,
    *,
    support: Support = UNIT_INTERVAL,
    statistic: str = "mean",
    arm: Arm = CANDIDATE,
) -> Unmeasured:
    """Return why there is no engine."""
    chosen = engine_of(found, kind, arm, Statistic.parse(statistic), support)
    assert isinstance(chosen, Unmeasured)
    return chosen


def estimate(
    found: Evidence, kind: LimitKind = ABSOLUTE, *, support: Support = UNIT_INTERVAL
) -> Estimate:
    """Return the estimate of the candidate, or of it against the baseline."""
    arms = [CANDIDATE] if kind is ABSOLUTE else [BASELINE, CANDIDATE]
    return estimate_of(engine(found, kind, support=support), found, arms, 0.1)


# ---------------------------------------------------------------- estimates


def test_an_estimate_says_what_it_stands_on() -> None:
    arms = evidence([1.0, [0.5, None], None], [[1.0, 0.0], 1.0, 1.0])
    found = estimate(arms)
    assert (found.n, found.samples, found.clusters, found.missing) == (3, 4, 3, 2)
    assert found.confidence == pytest.approx(0.9)
    assert found.value == 0.75
    assert (found.lower, found.upper) == (
        engine(arms).lower(0.1), engine(arms).upper(0.1),
    )  # fmt: skip
    assert (found.method, found.approximate) == ("Gaffke", False)


def test_an_estimate_of_both_arms_counts_the_samples_of_both() -> None:
    found = estimate(evidence([1.0, 0.0, None], [[1.0, 0.0], 1.0, None]), DELTA)
    assert (found.n, found.samples, found.missing) == (3, 7, 2)
    assert found.value == pytest.approx(-0.25)


def test_an_estimate_counts_cases_and_the_units_behind_them() -> None:
    clustered = estimate(evidence([1.0, 0.0, 1.0, 1.0], clusters=[1, 1, 2, 2]))
    assert (clustered.n, clustered.clusters) == (4, 2)
    draws = estimate(evidence([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]).by_draw([CANDIDATE]))
    assert (draws.n, draws.clusters, draws.samples) == (2, 6, 6)


def test_a_number_of_the_baseline_alone_is_read_off_the_baseline() -> None:
    arms = evidence([1.0] * 4, [0.0, 0.0, 1.0, 0.0])
    assert engine(arms, arm=BASELINE).value == 0.25
    assert engine(arms, arm=BASELINE, statistic="p50").value == 0


def test_a_rate_is_the_mean_of_zeros_and_ones() -> None:
    arms = evidence([1.0, 0.0, 1.0])
    assert engine(arms, statistic="rate").value == engine(arms).value


def test_the_range_of_a_difference_spans_the_range_both_ways() -> None:
    found = engine(evidence([3.0], [3.0]), DELTA, support=Support(1.0, 5.0))
    # One difference of 0 in [−4, 4]: what it hides is 0.95 of each side.
    assert (found.lower(0.05), found.upper(0.05)) == pytest.approx((-3.8, 3.8))


def test_without_a_range_a_missing_sample_may_be_what_either_arm_was_seen_to_be() -> None:
    seen = [1.0 + n / 60 for n in range(59)]
    arms = evidence([*seen, None], [9.0, *[2.0] * 59])
    found = engine(arms, support=ANY)
    assert found.upper(0.05) == engine(evidence([*seen, 9.0]), support=ANY).upper(0.05)
    assert found.lower(0.05) == engine(evidence([*seen, 1.0]), support=ANY).lower(0.05)
    above_0 = engine(arms, support=NON_NEGATIVE)
    assert above_0.lower(0.05) == engine(evidence([*seen, 0.0]), support=ANY).lower(0.05)


# ---------------------------------------------------------------- no estimate


@pytest.mark.parametrize("kind", [ABSOLUTE, DELTA, RATIO])
@pytest.mark.parametrize("statistic", ["mean", "p95"])
@pytest.mark.parametrize("support", [UNIT_INTERVAL, NON_NEGATIVE, ANY])
@pytest.mark.parametrize("cases", [[], [None, [None, None]]])
def test_without_a_value_there_is_no_estimate(
    kind: LimitKind, statistic: str, support: Support, cases: Cases
) -> None:
    found = reason(evidence(cases, cases), kind, support=support, statistic=statistic)
    assert found.reason is Reason.NO_VALUES
    arm = "candidate" if kind is ABSOLUTE else "baseline"
    assert found.detail == f"0 of {3 if len(cases) else 0} {arm} samples have a value"


def test_a_candidate_without_values_is_told_apart_from_its_baseline() -> None:
    found = reason(evidence([None, None], [1.0, 0.0]), DELTA)
    assert found == Unmeasured(Reason.NO_VALUES, "0 of 2 candidate samples have a value")


@pytest.mark.parametrize("kind", [DELTA, RATIO])
def test_arms_that_share_no_case_are_not_compared(kind: LimitKind) -> None:
    found = reason(evidence([1.0, None], [None, 1.0]), kind)
    assert found == Unmeasured(Reason.NO_VALUES, "no case has a value in both arms")


def test_values_outside_the_declared_range_are_named() -> None:
    found = reason(evidence([0.5, 1.5, -0.25, 2.0]))
    assert found.reason is Reason.OUT_OF_RANGE
    assert found.detail == (
        "3 candidate values, 1.5 among them, lie outside the declared range [0, 1]"
    )
    below = reason(evidence([1.0, -3.0]), support=NON_NEGATIVE)
    assert below.detail == (
        "1 candidate values, -3 among them, lie outside the declared range [0, inf]"
    )
    baseline = reason(evidence([1.0, 0.0], [1.0, 7.0]), DELTA)
    assert baseline.detail.startswith("1 baseline values, 7 among them")


def test_a_missing_value_lies_in_every_range() -> None:
    assert engine(evidence([7.0, None, 8.0]), support=Support(5.0, 9.0)).value == 7.5


@pytest.mark.parametrize("kind", [ABSOLUTE, DELTA, RATIO])
def test_one_case_without_a_range_has_no_spread(kind: LimitKind) -> None:
    for what, arms in {
        "one case": evidence([2.0], [1.0]),
        "one group of cases": evidence([2.0, 3.0], [1.0, 1.0], clusters=[4, 4]),
    }.items():
        found = reason(arms, kind, support=NON_NEGATIVE)
        assert found.reason is Reason.TOO_FEW
        assert found.detail == f"{what} has no spread, and no range is declared"


def test_draws_of_one_given_case_have_a_spread() -> None:
    arms = evidence([[2.0, 3.0, 4.0]], [[1.0, 1.0, 1.0]]).by_draw([BASELINE, CANDIDATE])
    for kind, value in ((ABSOLUTE, 3.0), (DELTA, 2.0), (RATIO, 3.0)):
        found = engine(arms, kind, support=NON_NEGATIVE)
        assert found.value == value
        assert found.lower(0.05) < value < found.upper(0.05)


def test_a_ratio_to_nothing_is_none() -> None:
    found = reason(evidence([1.0, 2.0], [0.0, 0.0]), RATIO, support=ANY)
    assert found == Unmeasured(
        Reason.NO_BASELINE, "the baseline's mean is 0; bound a delta instead"
    )


@pytest.mark.parametrize(
    ("candidate", "baseline"), [([1.0, 2.0], [-1.0, 9.0]), ([-1.0, 9.0], [1.0, 2.0])]
)
def test_values_on_both_sides_of_0_have_no_ratio(
    candidate: list[float], baseline: list[float]
) -> None:
    found = reason(evidence(candidate, baseline), RATIO, support=ANY)
    assert found == Unmeasured(
        Reason.NO_BASELINE, "values below 0 have no ratio; bound a delta instead"
    )


@pytest.mark.parametrize("kind", [DELTA, RATIO])
def test_a_quantile_is_compared_with_the_baseline_s_by_resampling(kind: LimitKind) -> None:
    seen = evidence([float(x) for x in range(1, 41)], [float(x) for x in range(2, 42)])
    found = engine(seen, kind, statistic="p50", support=NON_NEGATIVE)
    assert found.method == "paired bootstrap of p50"
    assert found.lower(0.05) <= found.value <= found.upper(0.05)
