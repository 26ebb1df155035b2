"""Both arms side by side: shifts of whole distributions, and quantiles beside each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalkit.core.envelope import NON_NEGATIVE, Limit, LimitKind, Method, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.stats.asked import Asked
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.quantile_change import QuantileChange, QuantileMover
from evalkit.stats.engines.shift import DistributionShift
from evalkit.stats.estimates import engine_of
from evalkit.stats.evidence import Evidence
from tests.stats.arms import Cases, evidence

RATIO, SHIFT = LimitKind.RATIO, LimitKind.SHIFT
RANGE = Support(0.0, 100.0)


def values(seed: int, n: int = 240, factor: float = 1.0) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(value) for value in factor * rng.gamma(4, 2, n)]


def shift(
    seen: Evidence, distance: str = "ks", *, support: Support = NON_NEGATIVE, alpha: float = 0.05
) -> Engine | Unmeasured:
    limit = Limit(SHIFT, max=0.2, distance=distance)  # type: ignore[arg-type]
    return engine_of(
        seen, SHIFT, Arm.CANDIDATE, Statistic("mean"), support, asked=Asked(limit, alpha)
    )


def change(
    candidate: Cases, baseline: Cases, *, method: Method = Method.USUAL,
    clusters: list[int] | None = None,
) -> Engine | Unmeasured:  # fmt: skip
    seen = evidence(candidate, baseline, clusters=clusters)
    asked = Asked(Limit(RATIO, max=1.2), 0.05, method)
    return engine_of(seen, RATIO, Arm.CANDIDATE, Statistic.parse("p50"), NON_NEGATIVE, asked=asked)


def test_a_distance_is_that_of_the_bound() -> None:
    seen = evidence(values(1), values(2))
    for distance, name in (("ks", "KS"), ("w1", "W1"), ("tv", "total variation")):
        found = shift(seen, distance)
        assert isinstance(found, DistributionShift)
        assert name in found.method
        assert found.lower(0.05) <= found.value <= found.upper(0.05)


def test_nothing_asked_is_the_greatest_difference_of_shares() -> None:
    seen = evidence(values(1), values(2))
    found = engine_of(seen, SHIFT, Arm.CANDIDATE, Statistic("mean"), NON_NEGATIVE)
    assert isinstance(found, DistributionShift)
    assert "KS" in found.method


def test_a_timeout_has_a_place_in_an_order_and_none_on_an_axis() -> None:
    seen = evidence([math.inf, *values(1)[1:]], values(2))
    assert isinstance(shift(seen), DistributionShift)
    found = shift(seen, "w1")
    assert isinstance(found, Unmeasured)
    assert found.reason is Reason.OUT_OF_RANGE


@pytest.mark.parametrize("distance", ["ks", "w1", "tv"])
@pytest.mark.parametrize("support", [NON_NEGATIVE, RANGE])
def test_missing_samples_widen_a_shift_as_far_as_they_could_lie(
    distance: str, support: Support
) -> None:
    whole = [round(value) for value in values(1)]
    gone = [None, None, *whole[2:]]
    baseline = [round(value) for value in values(2)]
    full, less = (
        shift(evidence(arm, baseline), distance, support=support) for arm in (whole, gone)
    )
    assert isinstance(full, DistributionShift)
    assert isinstance(less, DistributionShift)
    assert full.missing == 0 < less.missing
    assert less.upper(0.05) > full.upper(0.05)


def test_a_missing_draw_moves_a_shift_by_its_share_of_its_case() -> None:
    candidate = [None, [1.0, None], *[[1.0] * 4] * 8]
    found = shift(evidence(candidate, [1.0] * 10), "tv")
    assert isinstance(found, DistributionShift)
    assert found.missing == pytest.approx((1 + 1 / 2) / 10)


def test_a_higher_confidence_draws_as_many_replicates_as_it_takes() -> None:
    found = shift(evidence(values(1, 60), values(2, 60)), alpha=0.001)
    assert isinstance(found, DistributionShift)
    assert found.upper(0.001) < 1


def test_a_quantile_beside_the_baseline_s() -> None:
    found = change(values(1, factor=1.1), values(1))
    assert isinstance(found, QuantileChange)
    assert found.value == pytest.approx(1.1)


def test_clusters_are_drawn_whole() -> None:
    rng = np.random.default_rng(3)
    user = np.repeat(rng.gamma(4, 2, 40), 6)
    candidate, baseline = (list(user * rng.gamma(20, 1 / 20, 240)) for _ in range(2))
    alone = change(candidate, baseline)
    together = change(candidate, baseline, clusters=[case // 6 for case in range(240)])
    assert isinstance(alone, QuantileChange)
    assert isinstance(together, QuantileChange)
    assert alone.value == together.value
    assert alone.upper(0.05) != together.upper(0.05)


def test_missing_samples_are_at_their_worst_for_either_limit() -> None:
    whole, gone = values(1), [*[None] * 20, *values(1)[20:]]
    full, less = change(whole, values(2)), change(gone, values(2))
    assert isinstance(full, QuantileChange)
    assert isinstance(less, QuantileChange)
    assert less.lower(0.05) < full.lower(0.05)
    assert less.upper(0.05) > full.upper(0.05)


def test_a_ratio_of_nothing_says_so() -> None:
    found = change([0.0, *values(1)[1:]], values(2))
    assert isinstance(found, Unmeasured)
    assert found.reason is Reason.NO_BASELINE


@pytest.mark.parametrize("method", [Method.USUAL, Method.MOVER])
def test_quantiles_that_are_timeouts_in_both_arms_are_not_compared(method: Method) -> None:
    hangs = [*[math.inf] * 130, *values(1, 110)]
    found = change(hangs, hangs, method=method)
    assert isinstance(found, Unmeasured)
    assert found.reason is Reason.OUT_OF_RANGE
    assert "p50 of both arms is a timeout" in found.detail
    assert isinstance(change(hangs, values(2), method=method), QuantileChange | QuantileMover)


def test_mover_takes_one_draw_of_cases_that_stand_alone() -> None:
    assert isinstance(change(values(1), values(2), method=Method.MOVER), QuantileMover)
    twice = [[value, value] for value in values(2)]
    assert isinstance(change(values(1), twice, method=Method.MOVER), QuantileChange)
    groups = [case // 2 for case in range(240)]
    found = change(values(1), values(2), method=Method.MOVER, clusters=groups)
    assert isinstance(found, QuantileChange)
