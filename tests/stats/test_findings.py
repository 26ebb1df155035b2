"""What the statistics owe and do not do yet: each test here fails, and says what would be right.

A test that begins to pass fails this file (xfail is strict): then it moves to the file of its module.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalkit.core.envelope import NON_NEGATIVE, LimitKind
from evalkit.stats.skew_t import Spread
from tests.stats.arms import ANY, engine, evidence
from tests.stats.questions import limits

RATIO = LimitKind.RATIO


@pytest.mark.xfail(
    strict=True,
    raises=ValueError,
    reason="ratio.fieller_limit takes it for granted that the gap changes sign at the estimate; "
    "of a constant ratio only rounding is left there, and the gate ends in exit 70",
)
@pytest.mark.parametrize(("before", "after"), [(3.0, 3.6), (0.4, 0.6), (0.15, 0.1)])
def test_the_same_tokens_at_another_price_have_a_ratio_without_doubt(
    before: float, after: float
) -> None:
    tokens = range(200, 260)
    found = engine(
        evidence([t * after for t in tokens], [t * before for t in tokens]),
        RATIO,
        support=NON_NEGATIVE,
    )
    assert found.constant
    assert limits(found) == pytest.approx((after / before, after / before))


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="ratio.fieller_limit stops at 0 on its way down, above a ratio that is negative",
)
def test_a_negative_ratio_has_a_lower_limit_below_it() -> None:
    found = engine(evidence([-1.0, -2.0, -3.0], [1.0, 2.0, 2.0]), RATIO, support=ANY)
    assert found.lower(0.05) <= found.value


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="skew_t.Spread._uncubed takes 1 from a cube root next to 1: of a skew that is only "
    "rounding (1e-15 to 1e-12) it makes a limit up to two thirds wider",
)
def test_values_without_skew_have_students_limits_whatever_rounding_makes_of_them() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        half = rng.normal(size=25) * 0.01
        found = Spread.of(np.concatenate([1 + half, 1 - half]), np.ones(50))
        assert abs(found.skew) < 1e-12
        assert found.upper(0.05) == pytest.approx(found.t_upper(0.05), rel=1e-9)
        assert found.p_below(found.upper(0.05)) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="engines.ShareQuantile.value weighs draws, its limits weigh cases",
)
def test_a_quantile_of_unequal_repeats_lies_inside_its_limits() -> None:
    # Sixty fast cases were drawn once and forty slow ones three times: the median case is fast.
    found = engine(evidence([[5.0] * 3] * 40 + [1.0] * 60), statistic="p50", support=NON_NEGATIVE)
    lower, upper = limits(found)
    assert lower <= found.value <= upper


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="engines.ShareQuantile.value interpolates below the greatest value, "
    "where the lower limit is that value",
)
@pytest.mark.parametrize(("n", "statistic"), [(5, "p99"), (50, "p99.9")])
def test_a_far_quantile_of_few_values_lies_inside_its_limits(n: int, statistic: str) -> None:
    found = engine(evidence(np.arange(1.0, n + 1)), statistic=statistic, support=NON_NEGATIVE)
    assert found.lower(0.05) <= found.value <= found.upper(0.05) == math.inf


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="estimates._ratio refuses one case, and says that no range is declared where one is",
)
def test_one_case_in_a_range_has_a_ratio_as_it_has_a_delta() -> None:
    found = engine(evidence([1.0], [1.0]), RATIO)
    assert found.lower(0.05) < 1 < found.upper(0.05)


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="MeanRatio and ShareQuantile drop the mark that their engine over clusters has",
)
@pytest.mark.parametrize(("kind", "statistic"), [(RATIO, "mean"), (LimitKind.ABSOLUTE, "p50")])
def test_large_clusters_that_fail_alone_mark_a_ratio_and_a_quantile_as_well(
    kind: LimitKind, statistic: str
) -> None:
    clusters = [code for code in range(3) for _ in range(20)] + list(range(3, 63))
    arms = evidence([0.0] * 60 + [1.0] * 60, [1.0] * 120, clusters=clusters)
    assert engine(arms).approximate
    assert engine(arms, kind, statistic=statistic).approximate


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="BoundedMean.of reads the name off the lower limit's values alone",
)
def test_limits_are_called_clopper_and_pearsons_only_where_both_are() -> None:
    found = engine(evidence([0.0] * 10 + [1.0] * 10 + [[0.0, None]]))
    assert found.method == "Gaffke"


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="evidence.paired puts an unseen difference at the worst seen even where the range and "
    "the arm that answered rule that out: 0.5 points become 3",
)
def test_a_missing_rate_is_put_no_further_than_the_arm_that_answered_allows() -> None:
    # The baseline says 0 in the twenty cases that the candidate lacks: it lost none of them.
    baseline = [0.0] * 999 + [1.0]
    found = engine(evidence([None] * 20 + [0.0] * 980, baseline), LimitKind.DELTA)
    complete = engine(evidence([0.0] * 1000, baseline), LimitKind.DELTA)
    assert found.lower(0.05) == pytest.approx(complete.lower(0.05))
