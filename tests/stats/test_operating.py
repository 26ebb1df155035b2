"""What becomes of a bound at a true value: as simulated, monotone, and rarely wrong at the limit."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from evalkit.core.envelope import (
    NON_NEGATIVE,
    UNIT_INTERVAL,
    Bound,
    Kind,
    Limit,
    LimitKind,
    Method,
    Metric,
    Statistic,
    Support,
)
from evalkit.core.verdict import Unmeasured
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import Engine, Reach
from evalkit.stats.estimates import judged_engine
from evalkit.stats.evidence import Evidence
from evalkit.stats.operating import (
    Interpolated,
    Operating,
    RateOperating,
    caught,
    curve,
    fixed,
    span,
)
from evalkit.stats.standing import standing
from tests.stats.arms import evidence

DELTA, RATIO, ABSOLUTE = LimitKind.DELTA, LimitKind.RATIO, LimitKind.ABSOLUTE


def bound(
    limit: Limit,
    *,
    kind: Kind = Kind.RATE,
    support: Support = UNIT_INTERVAL,
    statistic: str = "mean",
) -> Bound:
    metric = Metric("metric", "scorer", "value", kind, support)
    return Bound("bound", metric, Statistic.parse(statistic), limit)


def engine_for(asked: Bound, seen: Evidence) -> Engine:
    found = judged_engine(asked, seen)
    assert not isinstance(found, Unmeasured)
    return found


def rate(right: int, wrong: int) -> Evidence:
    return evidence([1.0] * right + [0.0] * wrong)


def pairs(gained: int, lost: int, same: int) -> Evidence:
    candidate = [1.0] * gained + [0.0] * lost + [1.0] * same
    return evidence(candidate, [0.0] * gained + [1.0] * lost + [1.0] * same)


FLOOR = bound(Limit(ABSOLUTE, min=0.85))
BAND = bound(Limit(ABSOLUTE, min=0.4, max=0.6))
NEAR = bound(Limit(DELTA, -0.05, 0.05))
SCORES = bound(Limit(DELTA, min=-0.05), kind=Kind.SCORE)
COST = bound(Limit(RATIO, max=1.1), kind=Kind.AMOUNT, support=NON_NEGATIVE)
TIME = bound(Limit(ABSOLUTE, max=3.0), kind=Kind.TIME, support=NON_NEGATIVE, statistic="p90")
COUNT = bound(Limit(ABSOLUTE, max=3.0), kind=Kind.AMOUNT, support=NON_NEGATIVE)

RNG = np.random.default_rng(6)
AMOUNTS = [float(value) for value in RNG.gamma(6, 0.4, 150)]
CASES = {
    "a floor": (FLOOR, rate(180, 20)),
    "a band": (BAND, rate(100, 100)),
    "a delta of rates": (NEAR, pairs(6, 5, 289)),
    "a delta of rates of one mind": (NEAR, pairs(0, 0, 200)),
    "a delta of scores": (
        SCORES,
        evidence([float(x) for x in RNG.beta(4, 2, 90)], [float(x) for x in RNG.beta(4, 2, 90)]),
    ),
    "scores that are all equal": (bound(Limit(ABSOLUTE, min=0.5), kind=Kind.SCORE), rate(80, 0)),
    "a ratio": (COST, evidence(AMOUNTS, AMOUNTS[::-1])),
    "a quantile": (TIME, evidence(AMOUNTS)),
    "an amount": (COUNT, evidence(AMOUNTS)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_curve_rises_and_falls_once_and_is_rarely_wrong_at_a_limit(name: str) -> None:
    asked, seen = CASES[name]
    found = Operating.of(asked, engine_for(asked, seen))
    assert found is not None
    points = curve(asked, found.at, found.scatter)
    assert len(points) == 25
    proven = [point.holds for point in points]
    most = int(np.argmax(proven))
    assert all(a <= b + 1e-9 for a, b in pairwise(proven[: most + 1]))
    assert all(a >= b - 1e-9 for a, b in pairwise(proven[most:]))
    for side in (asked.limit.min, asked.limit.max):
        if side is not None:
            proven_at, broken_at = found.at(side)
            assert proven_at <= asked.alpha + 0.02
            assert broken_at <= asked.alpha + 0.02
    assert all(0 <= point.holds <= 1 and 0 <= point.broken <= 1 for point in points)


@pytest.mark.parametrize("name", ["a floor", "a delta of rates", "an amount", "a quantile"])
def test_a_value_that_is_caught_is_broken_8_times_in_10(name: str) -> None:
    asked, seen = CASES[name]
    found = Operating.of(asked, engine_for(asked, seen))
    assert found is not None
    up = asked.limit.max is not None
    value = caught(asked, found.at, found.scatter, up=up)
    assert value is not None
    assert found.at(value)[1] == pytest.approx(0.8, abs=1e-6)
    rng = np.random.default_rng(9)
    runs = 400
    hits = 0
    for _ in range(runs):
        if name == "a floor":
            fresh = evidence((rng.random(200) < value).astype(float))
        elif name == "a delta of rates":
            stays = (11 / 300 - 0.0) / 2
            moved = rng.random(300)
            after = np.where(moved < stays + value, 1.0, np.where(moved > 1 - stays, -1.0, 0.0))
            fresh = evidence((after > 0).astype(float), (after < 0).astype(float))
        else:
            scale = value / (
                np.quantile(AMOUNTS, 0.9) if name == "a quantile" else np.mean(AMOUNTS)
            )
            chosen = rng.choice(AMOUNTS, 150)
            shift = 0.0 if name == "a quantile" else value - float(np.mean(AMOUNTS))
            fresh = evidence(chosen * scale if name == "a quantile" else chosen + shift)
        hits += standing(asked, fresh).broken(asked.alpha)
    assert hits / runs == pytest.approx(0.8, abs=0.09)


def test_a_rate_scatters_as_its_true_value_makes_it() -> None:
    asked, seen = CASES["a floor"]
    found = Operating.of(asked, engine_for(asked, seen))
    assert isinstance(found, RateOperating)
    wide, narrow = found.reach_at(0.5), found.reach_at(0.98)
    assert wide.error == pytest.approx(math.sqrt(0.25 / 200), rel=1e-9)
    assert narrow.error == pytest.approx(math.sqrt(0.98 * 0.02 / 200), rel=1e-9)
    near = Interpolated.of(found)
    for truth in (0.82, 0.86, 0.91):
        assert near.at(truth) == pytest.approx(found.at(truth), abs=0.03)


def test_a_quantile_scatters_as_many_times_as_far_as_it_is_large() -> None:
    asked, seen = CASES["a quantile"]
    found = Operating.of(asked, engine_for(asked, seen))
    assert isinstance(found, Operating)
    start = Operating(asked, Reach(1.0, 2.0, 0.5), 2.0)
    twice = start.at(4.0)
    assert twice == Reach(2.0, 4.0, 1.0).chances(asked.limit, 4.0)
    change = replace(start, bound=replace(asked, limit=Limit(DELTA, max=3.0)))
    assert change.at(4.0) == Reach(1.0, 2.0, 0.5).chances(asked.limit, 4.0)
    nothing = replace(start, value=0.0)
    assert nothing.at(4.0) == change.at(4.0)


def test_limits_that_are_not_finite_have_no_chances() -> None:
    few = evidence([1.0, 2.0, 3.0])
    assert Operating.of(TIME, engine_for(TIME, few)) is None
    late = evidence([math.inf] * 40 + [1.0] * 60)
    assert Operating.of(TIME, engine_for(TIME, late)) is None


def test_nothing_that_scatters_has_no_curve_and_catches_nothing() -> None:
    assert curve(FLOOR, _never, 0.0) == ()
    assert caught(FLOOR, _never, 0.0, up=False) is None
    assert caught(FLOOR, _never, 0.1, up=True) is None  # no limit there
    assert caught(FLOOR, _never, 0.1, up=False) is None  # not even at the end of the support
    assert caught(COUNT, _never, 0.1, up=True) is None  # nor after many steps
    everything = bound(Limit(ABSOLUTE, min=-9.0))
    assert curve(everything, _never, 0.001) == ()


def test_what_is_broken_beside_the_limit_is_caught_there() -> None:
    assert caught(FLOOR, lambda _: (0.0, 1.0), 0.1, up=False) == 0.85
    leaps = caught(FLOOR, lambda truth: (0.0, float(truth < 0.8)), 0.1, up=False)
    assert leaps == pytest.approx(0.8, abs=1e-6)


def test_what_moves_lies_within_what_can_be() -> None:
    assert span(FLOOR, 0.1) == pytest.approx((0.35, 1.0))
    assert span(NEAR, 0.01) == pytest.approx((-0.1, 0.1))
    assert span(COUNT, 2.0)[0] == 0.0


def test_alternatives_are_planned_as_engine_g() -> None:
    for method in (Method.BETTING, Method.EXACT):
        engine = engine_for(replace(NEAR, method=method), pairs(4, 4, 92))
        assert isinstance(fixed(engine), BoundedMean)
        assert not isinstance(engine, BoundedMean)
        found = Operating.of(NEAR, engine)
        usual = Operating.of(NEAR, engine_for(NEAR, pairs(4, 4, 92)))
        assert found is not None
        assert usual is not None
        assert found.at(0.08) == pytest.approx(usual.at(0.08))
    plain = engine_for(COUNT, evidence(AMOUNTS))
    assert fixed(plain) is plain


def test_data_that_do_not_scatter_prove_or_break_for_certain() -> None:
    still = Reach(0.1, 0.1, 0.0)
    limit = Limit(ABSOLUTE, 0.0, 1.0)
    assert still.chances(limit, 0.5) == (1.0, 0.0)
    assert still.chances(limit, 0.95) == (0.0, 0.0)
    assert still.chances(limit, 2.0) == (0.0, 1.0)


def _never(truth: float) -> tuple[float, float]:
    del truth
    return 0.0, 0.0
