"""A verdict is settled once nothing that comes could change it, and never before."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from evalkit.core.envelope import Bound, Limit, Method, Require, Severity
from evalkit.core.verdict import Outcome, Result
from evalkit.stages.settled import is_bet_on, is_settled
from evalkit.stats.evidence import Evidence
from tests.stages.trials import (
    LATENCY,
    RATIO,
    TOKENS,
    at_least,
    at_most,
    bound,
    moved,
    rights,
    verdict_on,
    within,
)
from tests.stats.arms import evidence

FLOOR = at_least(0.8)
GOOD, BAD, OPEN = rights(390, 10), rights(200, 200), rights(330, 70)
LOOSE = Require.NOT_DISPROVEN
WARN = Severity.WARN


def settled(*pairs: tuple[Bound, Evidence]) -> bool:
    return is_settled([item for item, _ in pairs], [seen for _, seen in pairs])


def floor(name: str = "floor", **changes: Any) -> Bound:
    return bound(FLOOR, name=name, **changes)


# ---------------------------------------------------------------- a fixed number of cases


def test_what_is_proven_whatever_comes_is_settled() -> None:
    assert settled((floor(), evidence(rights(390, 10))))
    assert settled((floor(), evidence(rights(350, 10, missing=10))))


def test_what_may_still_come_out_otherwise_is_not() -> None:
    assert not settled((floor(), evidence(rights(190, 10, missing=200))))
    assert not settled((floor(), evidence(OPEN)))


def test_what_is_broken_whatever_comes_is_settled() -> None:
    assert settled((floor(), evidence(rights(100, 250, missing=50))))
    assert not settled((floor(), evidence(rights(10, 40, missing=350))))


def test_no_answer_that_comes_takes_a_settled_verdict_back() -> None:
    count = 0
    for missing, share in product([0, 20, 60, 150, 250], [0.3, 0.75, 0.85, 1.0]):
        there = 400 - missing
        right = round(share * there)
        seen = rights(right, there - right)
        if not settled((floor(), evidence([*seen, *rights(0, 0, missing)]))):
            continue
        count += 1
        outcomes = {
            verdict_on([(floor(), evidence([*seen, *rights(more, missing - more)]))]).outcome
            for more in (0, missing // 2, missing)
        }
        assert outcomes in ({Outcome.PASS}, {Outcome.FAIL})
    assert 5 <= count < 20


def test_what_is_broken_only_as_long_as_another_is_may_come_out_otherwise() -> None:
    # Alone 305 of 400 break the floor; corrected for two bounds they do not.
    narrow = (floor(), evidence(rights(305, 95)))
    assert settled(narrow)
    loud = [1000.0 + place for place in range(400)]
    endless = (bound(at_most(10), TOKENS, name="tokens"), evidence(loud))
    unknown = (floor("unknown"), evidence(rights(0, 0, 400)))
    quiet = (bound(at_most(10), TOKENS, name="tokens"), evidence([1.0, 2.0] * 200))
    certain = (floor("bad"), evidence(BAD))
    assert verdict_on([narrow, quiet]).outcome is Outcome.INCONCLUSIVE
    assert verdict_on([narrow, certain]).bounds[0].result is Result.BROKEN
    assert not settled(narrow, endless)
    assert not settled(narrow, unknown)
    assert settled(narrow, certain)


def test_one_broken_bound_settles_it_whatever_the_others_are() -> None:
    assert settled((floor(), evidence(BAD)), (floor("open"), evidence(OPEN)))
    assert not settled((floor(), evidence(GOOD)), (floor("open"), evidence(OPEN)))


def test_a_bound_that_only_warns_settles_nothing_and_holds_nothing_up() -> None:
    assert settled((floor(), evidence(GOOD)), (floor("w", severity=WARN), evidence(OPEN)))
    assert not settled((floor("w", severity=WARN), evidence(BAD)), (floor(), evidence(OPEN)))
    assert not settled((floor(severity=WARN), evidence(GOOD)))


def test_what_need_not_be_proven_is_open_until_the_last_case() -> None:
    assert not settled((floor(require=LOOSE), evidence(GOOD)))
    assert settled((floor(require=LOOSE), evidence(BAD)))


@pytest.mark.parametrize(
    "item",
    [
        bound(at_most(10), TOKENS),
        bound(Limit(RATIO, max=1.5), TOKENS),
        bound(within(50), LATENCY),
    ],
)
def test_a_value_that_nobody_has_seen_may_be_any_where_it_has_no_end(item: Bound) -> None:
    broken = evidence([1000.0 + place for place in range(400)], [1.0] * 400)
    assert not settled((item, broken))
    assert not settled((item, evidence([1.0 + place / 900 for place in range(400)], [1.0] * 400)))


def test_a_quantile_counts_cases_and_so_knows_how_bad_the_rest_can_be() -> None:
    slow = [float(place) for place in range(100, 500)]
    assert settled((bound(at_most(50), LATENCY), evidence(slow)))
    assert settled((bound(at_most(5000), LATENCY), evidence(slow)))
    assert not settled((bound(at_most(479), LATENCY), evidence(slow)))


def test_a_difference_of_rates_is_settled_from_both_sides() -> None:
    same, gone = moved(3, 3, 394), moved(0, 200, 200)
    assert settled((bound(within(0.1)), evidence(*same)))
    assert settled((bound(within(0.1)), evidence(*gone)))


# ---------------------------------------------------------------- bets


def ordered(found: Evidence) -> Evidence:
    return replace(found, order=np.random.default_rng(3).permutation(found.cases))


def bet(name: str = "floor", **changes: Any) -> Bound:
    return floor(name, method=Method.BETTING, **changes)


def test_bounds_are_bet_on_where_all_that_block_are() -> None:
    assert is_bet_on([bet(), bet("other")])
    assert is_bet_on([bet(), floor("w", severity=WARN)])
    assert not is_bet_on([bet(), floor("other")])


def test_bets_that_are_won_are_settled_although_more_cases_would_follow() -> None:
    won = ordered(evidence(GOOD))
    assert settled((bet(), won))
    assert settled((bet(), won), (bet("other"), won))
    assert not settled((bet(), won), (bet("other"), ordered(evidence(OPEN))))
    assert settled((bet(), ordered(evidence(BAD))))


def test_a_bet_that_need_not_be_proven_is_as_it_stands() -> None:
    assert settled((bet(require=LOOSE), ordered(evidence(OPEN))))


def test_a_bet_among_bounds_of_a_fixed_number_waits_for_all_of_them() -> None:
    won = ordered(evidence(GOOD))
    assert settled((bet(), won), (floor("fixed"), evidence(GOOD)))
    assert not settled((bet(), won), (floor("fixed"), evidence(OPEN)))
