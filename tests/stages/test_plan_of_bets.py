"""A bound that is bet on is planned as engine G on fewer cases, and the bet is won on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import Bound, Envelope, Limit, LimitKind, Method, Scope, Statistic
from evalkit.core.model import Arm
from evalkit.core.plan import Price
from evalkit.stages.plan import Ground, plan
from evalkit.stages.plan.bets import BetOutlook
from evalkit.stages.plan.bounds import Size
from evalkit.stages.plan.chosen import Setting, Unknown, outlook
from evalkit.stages.plan.outlook import Outlook
from evalkit.stats.evidence import Evidence, Observed
from tests.stages.trials import LATENCY, SNAPSHOT, TOKENS, at_least, at_most, bound, within

SETTING = Setting({}, 2, 1, None, 7)


def drawn(
    rate: float, n: int = 600, *, clusters: bool = False, arms: tuple[Arm, ...] = tuple(Arm)
) -> Evidence:
    """Return two draws a case of a rate in either arm."""
    rng = np.random.default_rng(5)
    chance = np.where(rng.random(n) < 0.1, 0.5, (rng.random(n) < rate).astype(float))

    def arm() -> Observed:
        values = (rng.random((n, 2)) < chance[:, None]).astype(float)
        return Observed(np.repeat(np.arange(n), 2), values.ravel(), np.ones(2 * n, dtype=np.bool_))

    codes = np.arange(n) // 3 if clusters else None
    return Evidence(n, {each: arm() for each in arms}, codes)


def bet(asked: Bound, evidence: Evidence | None, setting: Setting = SETTING) -> Outlook | Unknown:
    return outlook(replace(asked, method=Method.BETTING), evidence, setting)


def seen(found: Outlook | Unknown) -> BetOutlook:
    assert isinstance(found, BetOutlook)
    return found


def test_chances_are_those_of_engine_g_on_fewer_cases() -> None:
    asked, evidence = bound(at_least(0.8)), drawn(0.9)
    found = seen(bet(asked, evidence))
    usual = outlook(asked, evidence, SETTING)
    assert not isinstance(usual, Unknown)
    assert found.unchanged(460) == usual.unchanged(400) == found.about(460)
    assert found.at(0.75, 460) == usual.at(0.75, 400)
    assert (found.truth, found.basis) == (usual.truth, usual.basis)
    assert found.scatter(460) == usual.scatter(400)
    assert found.margins(460, 0.9) == usual.margins(400, 0.9)
    assert found.repeats(460, 0.9) == usual.repeats(400, 0.9)
    few, more = usual.cases(0.9, 400), found.cases(0.9, 460)
    assert few is not None
    assert more is not None
    assert more.safe == pytest.approx(1.15 * few.safe, abs=1)


def test_a_bet_that_will_not_be_won_has_no_number_of_cases() -> None:
    assert seen(bet(bound(at_least(0.999)), drawn(0.9))).cases(0.9, 400) is None


@pytest.mark.parametrize(
    "asked",
    [bound(at_least(0.75)), bound(within(0.1)), bound(at_most(0.97)), bound(within(1.0))],
)
def test_an_unchanged_candidate_wins_before_the_last_case(asked: Bound) -> None:
    stop = seen(bet(asked, drawn(0.9))).stops_after(600)
    assert stop is not None
    assert 0 <= stop < 600


def test_a_bet_that_cannot_be_won_takes_every_case() -> None:
    assert seen(bet(bound(at_least(1.0)), drawn(0.9))).stops_after(600) == 600


def test_no_stop_is_told_where_bets_are_not_simulated() -> None:
    asked = bound(at_least(0.75))
    assert seen(bet(asked, drawn(0.9, clusters=True))).stops_after(600) is None
    assert seen(bet(asked, None)).stops_after(600) is None
    slow = replace(bound(at_most(4000), LATENCY), statistic=Statistic.parse("p95"))
    assert seen(bet(slow, drawn(0.9))).stops_after(600) is None


def test_what_is_unknown_stays_unknown() -> None:
    assert isinstance(bet(bound(at_most(100), TOKENS), None), Unknown)


def test_bounds_that_keep_an_envelope_from_stopping_are_named() -> None:
    asked = (
        replace(bound(at_least(0.5)), method=Method.BETTING),
        bound(at_most(100), TOKENS, name="tokens"),
    )
    found = plan(
        Envelope("x", SNAPSHOT, asked, stops_early=True),
        [Ground(None, Size(60, 60), "")] * 2,
        cases=60,
        price=Price({}, None, None, 1),
        assumed={},
        baseline_draws=1,
        aim=0.9,
    )
    assert found.not_stoppable == ("tokens",)


def test_given_cases_are_planned_by_their_draws() -> None:
    asked = replace(bound(at_least(0.7)), scope=Scope.GOLDEN_SET)
    found = outlook(asked, drawn(0.9), replace(SETTING, candidate=2))
    assert not isinstance(found, Unknown)
    assert 0 <= found.at(0.9, 100)[0] <= 1


def test_a_compared_quantile_that_lies_outside_its_limit_needs_no_number_of_cases() -> None:
    rng = np.random.default_rng(6)
    rows = rng.lognormal(6, 0.4, (120, 2))
    both = Observed(np.repeat(np.arange(120), 2), rows.ravel(), np.ones(240, dtype=np.bool_))
    seen = Evidence(120, {Arm.BASELINE: both, Arm.CANDIDATE: both})
    asked = bound(Limit(LimitKind.RATIO, max=0.9), LATENCY, statistic="p50")
    found = outlook(asked, seen, SETTING)
    assert not isinstance(found, Unknown)
    assert found.cases(0.9, 120) is None
