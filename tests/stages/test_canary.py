"""Looks become decisions: what promotes, what rolls back, and everything that holds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evalkit.core.canary import (
    Action,
    ArmLook,
    CanaryPlan,
    Counted,
    Decision,
    Evidence,
    Look,
    Observed,
    Reason,
    ReasonCode,
    Spread,
    Stage,
    State,
    Sums,
    Trigger,
    TriggerKind,
    Unread,
    Values,
)
from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Metric
from evalkit.core.model import Arm
from evalkit.stages.canary import absorbed, advanced, begun, standings
from evalkit.stages.canary.remember import journal_record, state_record
from evalkit.stages.canary.rounds import whole_of
from evalkit.stats.spread import cells_of

LOOK = 600.0
RATE = Metric("errors", "errors", "error", Kind.RATE, UNIT_INTERVAL)
SCORE = Metric("toxicity", "toxicity", "toxicity", Kind.SCORE, UNIT_INTERVAL)
COST = Metric("cost", "cost", "usd", Kind.AMOUNT, NON_NEGATIVE)
ERRORS = Trigger(
    "errors", "errors", RATE, TriggerKind.EVENTS, 0.01, said="errors: × 1.2", tolerated=1.2
)


def plan_of(*triggers: Trigger, shares: Sequence[float] = (0.05, 0.2), **rest: Any) -> CanaryPlan:
    """Return a plan whose stages last from 2 to 20 looks."""
    stages = tuple(Stage(share, 2 * LOOK, 20 * LOOK) for share in shares)
    return CanaryPlan(
        "shop", stages, triggers or (ERRORS,), look=LOOK, stale_after=1800, digest="d", **rest
    )


def look(
    number: int, baseline: Observed | None, candidate: Observed | None, *, name: str = "errors",
    requests: tuple[int, int] = (19_000, 1000), future: int = 0,
) -> Look:  # fmt: skip
    """Return a look at one trigger; nothing stands for an arm that is not there."""
    arms = {
        arm: ArmLook(count, {name: seen})
        for arm, count, seen in zip(Arm, requests, (baseline, candidate), strict=True)
        if seen is not None
    }
    return Look(number * LOOK, (number + 1) * LOOK, arms, future)


def looks(
    numbers: range,
    rates: tuple[float, float] = (0.01, 0.01),
    share: float = 0.05,
    total: int = 40_000,
) -> list[Look]:
    """Return looks in which so many of the requests of each arm had an error."""
    own = round(share * total)
    others = total - own
    return [
        look(
            number,
            Counted(rates[0] * others, others),
            Counted(rates[1] * own, own),
            requests=(others, own),
        )
        for number in numbers
    ]


def decision_of(plan: CanaryPlan, found: Sequence[Look], now: float | None = None) -> Decision:
    """Return what is decided right after some looks."""
    state = advanced(plan, begun(plan, "r1"), found, found[-1].end if now is None else now)
    assert state.decision is not None
    return state.decision


def evidence_of(state: State) -> Evidence:
    """Return what the trigger named errors has seen of the stage."""
    return whole_of(state.rounds, "errors")


def codes(decision: Decision | None) -> set[ReasonCode]:
    """Return the codes of a decision's reasons."""
    assert decision is not None
    return {reason.code for reason in decision.reasons}


# ---------------------------------------------------------------- promote


def test_a_harmless_candidate_is_promoted_once_enough_was_seen() -> None:
    plan = plan_of()
    early = decision_of(plan, looks(range(1)))
    assert early.action is Action.HOLD
    assert codes(early) == {ReasonCode.MIN_DURATION, ReasonCode.TOO_FEW}
    late = decision_of(plan, looks(range(6)))
    assert (late.action, late.share, late.stage, late.final) == (Action.PROMOTE, 0.2, 0, False)
    assert codes(late) == {ReasonCode.CLEAR}
    assert (late.looks, late.requests) == (6, (6 * 38_000, 6 * 2000))


def test_the_next_stage_begins_with_fresh_evidence() -> None:
    plan = plan_of()
    state = advanced(plan, begun(plan, "r1"), looks(range(6)), 6 * LOOK)
    assert (state.stage, state.rounds, state.looks, state.requests) == (1, (), 0, (0, 0))
    assert (state.since, state.covered, state.watermark) == (None, 0.0, 6 * LOOK)
    assert standings(plan, state)[0].rates == (None, None)


def test_the_last_stage_promotes_to_all_of_the_traffic_and_that_is_final() -> None:
    plan = plan_of(shares=[0.05])
    state = advanced(plan, begun(plan, "r1"), looks(range(6)), 6 * LOOK)
    assert state.decision is not None
    assert (state.decision.share, state.decision.final) == (1.0, True)
    assert advanced(plan, state, looks(range(6, 9), (0.01, 0.5)), 9 * LOOK) == state


# ---------------------------------------------------------------- roll back


def test_an_alarm_rolls_back_at_the_look_it_comes_with_and_for_good() -> None:
    plan = plan_of()
    found = looks(range(2)) + looks(range(2, 9), (0.01, 0.03))
    state = advanced(plan, begun(plan, "r1"), found, 9 * LOOK)
    assert state.decision is not None
    assert (state.decision.action, state.decision.share, state.decision.final) == (
        Action.ROLLBACK,
        0.0,
        True,
    )
    assert [reason.trigger for reason in state.decision.reasons] == ["errors"]
    assert state.decision.look is not None
    assert state.decision.look < 9 * LOOK
    assert advanced(plan, state, looks(range(9, 30)), 30 * LOOK) == state


def test_a_regression_that_begins_in_a_later_stage_is_found_there() -> None:
    plan = plan_of()
    state = advanced(plan, begun(plan, "r1"), looks(range(6)), 6 * LOOK)
    state = advanced(plan, state, looks(range(6, 12), (0.01, 0.02), share=0.2), 12 * LOOK)
    assert state.decision is not None
    assert (state.decision.action, state.decision.stage) == (Action.ROLLBACK, 1)


def test_a_stale_or_shifted_look_still_rolls_back() -> None:
    found = looks(range(3), (0.01, 0.05), share=0.3)
    assert decision_of(plan_of(), found, now=100 * LOOK).action is Action.ROLLBACK


# ---------------------------------------------------------------- hold

GOOD = looks(range(6))
HOLDS: Mapping[str, tuple[list[Look], float, ReasonCode]] = {
    "no look": ([], 0.0, ReasonCode.NO_DATA),
    "an empty look": ([*GOOD, Look(6 * LOOK, 7 * LOOK)], 7 * LOOK, ReasonCode.NO_DATA),
    "a gap": ([*GOOD, *looks(range(8, 9))], 9 * LOOK, ReasonCode.NO_DATA),
    "old data": (GOOD, 6 * LOOK + 1801, ReasonCode.STALE),
    "no candidate": (
        [*GOOD, look(6, Counted(190, 19_000), None)], 7 * LOOK, ReasonCode.MISSING_ARM,
    ),
    "no baseline": ([*GOOD, look(6, None, Counted(9, 1000))], 7 * LOOK, ReasonCode.MISSING_ARM),
    "requests of tomorrow": (
        [*GOOD, look(6, Counted(190, 19_000), Counted(10, 1000), future=2)], 7 * LOOK,
        ReasonCode.CLOCK_SKEW,
    ),
    "a look of tomorrow": (GOOD, 5.5 * LOOK, ReasonCode.CLOCK_SKEW),
    "a look seen twice": ([*GOOD, GOOD[-1]], 6 * LOOK, ReasonCode.CLOCK_SKEW),
    "another stage's share": ([*GOOD, *looks(range(6, 7), share=0.01)], 7 * LOOK, ReasonCode.SHARE_OFF),
    "far too much": ([*GOOD, *looks(range(6, 7), share=0.15)], 7 * LOOK, ReasonCode.SHARE_OFF),
    "not a number": (
        [*GOOD, look(6, Unread("NaN"), Counted(10, 1000))], 7 * LOOK, ReasonCode.UNREAD,
    ),
    "nothing read of it": (
        [*GOOD, look(6, Counted(1, 2), Counted(10, 1000), name="other")], 7 * LOOK, ReasonCode.UNREAD,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLDS)
def test_whatever_is_wrong_with_the_data_holds_and_is_named(name: str) -> None:
    found, now, code = HOLDS[name]
    plan = plan_of()
    decision = advanced(plan, begun(plan, "r1"), found, now).decision
    assert decision is not None
    assert decision.action is Action.HOLD
    assert code in codes(decision)
    assert decision.share == 0.05


def test_without_what_was_wrong_the_same_looks_promote() -> None:
    assert decision_of(plan_of(), looks(range(7))).action is Action.PROMOTE


def test_a_share_that_is_a_fifth_off_is_no_reason_to_hold() -> None:
    for share in (0.04, 0.06):
        assert decision_of(plan_of(), looks(range(8), share=share)).action is Action.PROMOTE


def test_few_requests_may_miss_their_share_by_chance() -> None:
    few = look(0, Counted(0, 38), Counted(0, 6), requests=(38, 6))
    assert ReasonCode.SHARE_OFF not in codes(decision_of(plan_of(), [few]))


def test_time_under_another_share_does_not_count_for_a_stage() -> None:
    wrong = looks(range(5), share=0.3)
    decision = decision_of(plan_of(), wrong + looks(range(5, 6)))
    assert ReasonCode.MIN_DURATION in codes(decision)
    assert decision.covered == LOOK


def test_a_stage_that_has_lasted_too_long_is_somebodys_to_decide() -> None:
    decision = decision_of(plan_of(), looks(range(21), total=2000))
    assert decision.action is Action.HOLD
    assert codes(decision) == {ReasonCode.MAX_DURATION, ReasonCode.TOO_FEW}


def test_a_clock_that_goes_back_holds() -> None:
    plan = plan_of()
    state = advanced(plan, begun(plan, "r1"), looks(range(1)), LOOK)
    after = advanced(plan, state, (), LOOK / 2)
    assert codes(after.decision) == {ReasonCode.CLOCK_SKEW}


# ---------------------------------------------------------------- nothing new


def test_a_tick_without_a_look_changes_nothing_until_the_data_is_old_and_then_once() -> None:
    plan = plan_of()
    state = advanced(plan, begun(plan, "r1"), looks(range(1)), LOOK)
    assert advanced(plan, state, (), LOOK + 60) == state
    old = advanced(plan, state, (), LOOK + 2000)
    assert codes(old.decision) == {ReasonCode.STALE}
    assert old.number == state.number + 1
    assert advanced(plan, old, (), LOOK + 3000) == old


def test_after_a_promotion_a_tick_says_that_the_new_stage_has_no_data_yet() -> None:
    plan = plan_of()
    state = advanced(plan, begun(plan, "r1"), looks(range(6)), 6 * LOOK)
    after = advanced(plan, state, (), 6 * LOOK + 1)
    assert after.decision is not None
    assert (after.decision.stage, codes(after.decision)) == (1, {ReasonCode.NO_DATA})
    assert after.decision.share == 0.2


def test_what_was_wrong_before_a_look_could_be_read_holds() -> None:
    plan = plan_of()
    trouble = [Reason(ReasonCode.UNREAD, "the monitoring does not answer")]
    first = advanced(plan, begun(plan, "r1"), (), 0.0, troubles=trouble)
    assert codes(first.decision) == {ReasonCode.NO_DATA, ReasonCode.UNREAD}
    assert advanced(plan, first, (), 1.0, troubles=trouble) == first


def test_a_look_that_was_seen_changes_nothing() -> None:
    plan = plan_of()
    state, _ = absorbed(plan, begun(plan, "r1"), GOOD[0])
    again, reasons = absorbed(plan, state, GOOD[0])
    assert again == state
    assert [reason.code for reason in reasons] == [ReasonCode.CLOCK_SKEW]


# ---------------------------------------------------------------- kinds of evidence

RNG = np.random.default_rng(4)
BELOW = replace(ERRORS, absence=True, tolerated=1.0, limit=0.02)
LATENCY = replace(ERRORS, kind=TriggerKind.BEYOND, tolerated=1.0, limit=0.05, threshold=4000.0)
REFUSAL = replace(ERRORS, kind=TriggerKind.SCORE, tolerated=0.03)
LESS = replace(REFUSAL, sign=-1)
RATIO = replace(REFUSAL, metric=SCORE, tolerated=0.0, factor=3.0, detect=4.5)
FLOOR = replace(REFUSAL, metric=SCORE, tolerated=0.0, sign=-1, limit=0.8)
CEILING = replace(FLOOR, sign=1, limit=0.3)
COSTS = replace(ERRORS, metric=COST, kind=TriggerKind.MEAN, tolerated=0.0, factor=1.1)
AT_MOST = replace(COSTS, factor=1.0, limit=2.0)
AT_LEAST = replace(AT_MOST, sign=-1)
DELTA = replace(COSTS, factor=1.0, tolerated=0.5)
SAME = replace(COSTS, factor=1.0)


def values(mean: float, count: int) -> Values:
    """Return values between 0 and 1 around a mean."""
    return Values(tuple(np.clip(RNG.normal(mean, 0.1, count), 0, 1).tolist()))


def sums(mean: float, count: int) -> Sums:
    """Return the sums of amounts around a mean."""
    found = RNG.gamma(4, mean / 4, count)
    return Sums(count, float(found.sum()), float((found**2).sum()))


WORSE: Mapping[str, tuple[Trigger, Observed, Observed]] = {
    "events beyond a limit": (BELOW, Counted(100, 10_000), Counted(40, 500)),
    "latency": (LATENCY, Counted(400, 10_000), Counted(60, 500)),
    "a delta of counts": (REFUSAL, Counted(300, 10_000), Counted(60, 500)),
    "a delta of values": (REFUSAL, Values((0.0, 0.0, 0.1) * 900), Values((0.0, 0.4, 0.5) * 60)),
    "fewer than before": (LESS, Counted(3000, 10_000), Counted(60, 500)),
    "a ratio of scores": (RATIO, values(0.1, 1000), values(0.6, 200)),
    "a score below its floor": (FLOOR, values(0.9, 1000), values(0.6, 200)),
    "a score above its ceiling": (CEILING, values(0.2, 1000), values(0.6, 200)),
    "a ratio of means": (COSTS, sums(1.0, 4000), sums(1.6, 400)),
    "a mean beyond its limit": (AT_MOST, sums(1.0, 4000), sums(3.0, 400)),
    "a mean below its limit": (AT_LEAST, sums(3.0, 4000), sums(1.0, 400)),
    "a delta of means": (DELTA, sums(1.0, 4000), sums(2.5, 400)),
}


@pytest.mark.parametrize("name", WORSE)
def test_each_kind_of_evidence_alarms_where_the_candidate_is_worse(name: str) -> None:
    trigger, baseline, candidate = WORSE[name]
    plan = plan_of(trigger)
    assert decision_of(plan, [look(0, baseline, candidate)]).action is Action.ROLLBACK


@pytest.mark.parametrize("name", WORSE)
def test_no_kind_of_evidence_alarms_where_both_arms_are_as_bad(name: str) -> None:
    """The limit may be broken: a rollback would help nobody."""
    trigger, _, bad = WORSE[name]
    state = advanced(plan_of(trigger), begun(plan_of(trigger), "r1"), [look(0, bad, bad)], LOOK)
    [standing] = standings(plan_of(trigger), state)
    assert not standing.alarmed
    assert standing.seen > 0


@pytest.mark.parametrize("name", WORSE)
def test_each_kind_says_how_much_is_needed(name: str) -> None:
    trigger, good, _ = WORSE[name]
    plan = plan_of(trigger)
    state, _ = absorbed(plan, begun(plan, "r1"), look(0, good, good))
    [standing] = standings(plan, state)
    assert standing.needed is not None
    assert 10 <= standing.needed < 10**6


def test_a_limit_that_is_kept_is_no_alarm_though_the_baseline_is_better() -> None:
    found = look(0, Counted(10, 10_000), Counted(9, 500))  # ten times the baseline, below 2 %
    state = advanced(plan_of(BELOW), begun(plan_of(BELOW), "r1"), [found], LOOK)
    assert not standings(plan_of(BELOW), state)[0].alarmed


def test_a_delta_of_nothing_is_held_against_multiples_of_what_is_usual() -> None:
    for trigger, seen in (
        (SAME, sums(1.0, 4000)),
        (replace(REFUSAL, tolerated=0.0), values(0.2, 900)),
    ):
        plan = plan_of(trigger)
        state, _ = absorbed(plan, begun(plan, "r1"), look(0, seen, seen))
        assert standings(plan, state)[0].needed is not None


def test_what_could_never_be_found_out_is_never_enough() -> None:
    lower = replace(
        COSTS, sign=-1, factor=0.4
    )  # half as much is tolerated, and nobody asks for less
    plan = plan_of(lower)
    state, _ = absorbed(plan, begun(plan, "r1"), look(0, sums(1.0, 400), sums(1.0, 400)))
    assert standings(plan, state)[0].needed is None
    decision = advanced(plan, state, [look(1, sums(1.0, 400), sums(1.0, 400))], 2 * LOOK).decision
    assert decision is not None
    assert "an unknown number" in " ".join(reason.text for reason in decision.reasons)
    hidden = replace(RATIO, detect=2.0)  # less than is tolerated
    state, _ = absorbed(
        plan_of(hidden), begun(plan_of(hidden), "r1"), look(0, values(0.1, 900), values(0.1, 90))
    )
    assert standings(plan_of(hidden), state)[0].needed is None
    alike = look(0, Sums(200, 200.0, 200.0), Sums(200, 200.0, 200.0))
    state, _ = absorbed(plan_of(AT_MOST), begun(plan_of(AT_MOST), "r1"), alike)
    assert standings(plan_of(AT_MOST), state)[0].needed is None


UNREADABLE: Mapping[str, tuple[Trigger, Observed]] = {
    "not a number": (REFUSAL, Values((math.nan, 0.5))),
    "beyond the ends": (REFUSAL, Values((0.5, 1.5))),
    "below the ends": (REFUSAL, Values((0.5, -0.5))),
    "without an end": (COSTS, Sums(3, math.inf, math.inf)),
    "more than all": (ERRORS, Counted(5, 4)),
    "of another kind": (ERRORS, Values((1.0,))),
    "of yet another": (COSTS, Counted(1, 2)),
    "cells without a threshold": (ERRORS, Spread({1: 2.0})),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_no_evidence(name: str) -> None:
    trigger, seen = UNREADABLE[name]
    plan = plan_of(trigger)
    state, reasons = absorbed(plan, begun(plan, "r1"), look(0, seen, seen))
    assert [reason.code for reason in reasons] == [ReasonCode.UNREAD]
    assert reasons[0].text.startswith("errors could not be read of the baseline: ")
    assert evidence_of(state) == Evidence()


NOTHING: Mapping[str, tuple[Trigger, Observed]] = {
    "no value": (REFUSAL, Values(())),
    "no chance": (ERRORS, Counted(0, 0)),
    "no amount": (COSTS, Sums(0, 0.0, 0.0)),
    "no cell": (replace(LATENCY, threshold=None), Spread({})),
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_look_without_a_request_of_its_kind_is_no_evidence_and_no_trouble(name: str) -> None:
    trigger, seen = NOTHING[name]
    plan = plan_of(trigger)
    state = replace(begun(plan, "r1"), thresholds={"errors": 4000.0})
    state, reasons = absorbed(plan, state, look(0, seen, seen))
    assert reasons == ()
    assert standings(plan, state)[0].seen == 0
    held = advanced(plan, state, [look(1, seen, seen)], 2 * LOOK).decision
    assert held is not None
    assert (held.action, codes(held)) == (Action.HOLD, {ReasonCode.TOO_FEW})


def test_events_of_which_only_the_number_is_known_are_dealt_out_the_same_way_each_time() -> None:
    seen = look(0, Counted(300, 10_000), Counted(20.5, 500))
    first, _ = absorbed(plan_of(REFUSAL), begun(plan_of(REFUSAL), "r1"), seen)
    again, _ = absorbed(plan_of(REFUSAL), begun(plan_of(REFUSAL), "r1"), seen)
    assert first == again
    assert evidence_of(first).found == (300.0, 20.5)


# ---------------------------------------------------------------- thresholds

FROZEN = replace(LATENCY, threshold=None, quantile=0.95, stretch=1.2, shift=0.0)


def spread(scale: float, count: int = 4000) -> Spread:
    """Return a spread of latencies."""
    return Spread(cells_of((scale * RNG.lognormal(7, 0.4, count)).tolist()))


def test_a_threshold_is_frozen_from_a_day_of_the_baseline_and_stays() -> None:
    plan = plan_of(FROZEN, freeze=4 * LOOK)
    alone = [look(number, spread(1.0), None, requests=(4000, 0)) for number in range(3)]
    state = advanced(plan, begun(plan, "r1"), alone, 3 * LOOK)
    assert state.thresholds == {}
    assert ReasonCode.BASELINE_TOO_SHORT in codes(state.decision)
    both = look(3, spread(1.0), spread(1.0, 210), requests=(4000, 210))
    state = advanced(plan, state, [both], 4 * LOOK)
    assert (state.spreads, evidence_of(state)) == ({}, Evidence())
    [threshold] = state.thresholds.values()
    assert threshold == pytest.approx(1.2 * math.exp(7 + 1.645 * 0.4), rel=0.05)
    later = [
        look(number, spread(1.0), spread(1.0, 210), requests=(4000, 210)) for number in range(4, 9)
    ]
    state = advanced(plan, state, later, 9 * LOOK)
    assert state.thresholds == {"errors": threshold}
    assert standings(plan, state)[0].threshold == threshold
    assert not standings(plan, state)[0].alarmed
    slow = [
        look(number, spread(1.0), spread(2.0, 210), requests=(4000, 210)) for number in range(9, 12)
    ]
    rolled = advanced(plan, state, slow, 12 * LOOK).decision
    assert rolled is not None
    assert rolled.action is Action.ROLLBACK


def test_a_day_with_too_few_values_freezes_nothing() -> None:
    plan = plan_of(FROZEN, freeze=LOOK)
    state = advanced(plan, begun(plan, "r1"), [look(0, spread(1.0, 60), None)], LOOK)
    assert (state.thresholds, state.spread_for) == ({}, LOOK)
    unread = advanced(plan, state, [look(1, Unread("no latency"), None)], 2 * LOOK)
    assert unread.spread_for == LOOK


# ---------------------------------------------------------------- remembered


def test_a_record_tells_others_the_share_and_the_decision() -> None:
    plan = plan_of()
    fresh = state_record(plan, begun(plan, "r1"))
    assert (fresh["share"], fresh["decision"], fresh["final"], fresh["at"]) == (
        0.05,
        None,
        False,
        None,
    )
    state = advanced(plan, begun(plan, "r1"), looks(range(6)), 6 * LOOK)
    record = state_record(plan, state)
    assert (record["share"], record["decision"], record["stage"]) == (0.2, "promote", 2)
    assert record["at"] == "1970-01-01T01:00:00Z"
    assert json.loads(json.dumps(record)) == record


def test_a_line_of_the_journal_names_its_moments() -> None:
    plan = plan_of()
    first = advanced(plan, begun(plan, "r1"), (), 60.0)
    assert first.decision is not None
    line = journal_record(first.decision)
    assert (line["number"], line["stage"], line["look"]) == (1, 1, None)
    later = advanced(plan, first, looks(range(1)), LOOK).decision
    assert later is not None
    assert journal_record(later)["look"] == "1970-01-01T00:10:00Z"


def test_looks_in_two_calls_are_the_looks_in_one() -> None:
    plan = plan_of(ERRORS)
    whole = advanced(plan, begun(plan, "r1"), looks(range(2), (0.01, 0.011)), 2 * LOOK)
    state = begun(plan, "r1")
    for part in looks(range(2), (0.01, 0.011)):
        state = advanced(plan, state, [part], part.end)

    def without_number(state: State) -> State:
        return replace(state, number=0, decision=None)

    assert without_number(state) == without_number(whole)
