"""Users who stay in their arm: each counts once, and what goes wrong later is seen all the same."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zlib import compress

import numpy as np
import pytest

from evalkit.core.canary import (
    NOBODY,
    Action,
    ArmLook,
    CanaryPlan,
    Look,
    Observed,
    Stage,
    State,
    Trigger,
    TriggerKind,
    Unread,
    UserCells,
    UserValues,
)
from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Metric
from evalkit.core.model import Arm
from evalkit.stages.canary import absorbed, advanced, begun, standings
from evalkit.stages.canary.remember import state_record
from evalkit.stages.canary.rounds import log_share, strongest, whole_of
from evalkit.stages.canary.users import (
    CODES,
    MOST,
    Known,
    codes_of,
    nobody_yet,
    packed,
    thinned_to,
    unpacked,
)

LOOK = 600.0
RATE = Metric("errors", "errors", "error", Kind.RATE, UNIT_INTERVAL)
ERRORS = Trigger("errors", "errors", RATE, TriggerKind.EVENTS, 0.05, said="errors: × 1")
REFUSAL = replace(ERRORS, kind=TriggerKind.SCORE, tolerated=0.0)
LATENCY = replace(ERRORS, kind=TriggerKind.BEYOND, limit=0.05, quantile=0.95)
COST = replace(
    ERRORS, kind=TriggerKind.MEAN, metric=Metric("cost", "cost", "usd", Kind.AMOUNT, NON_NEGATIVE)
)
Showing = Mapping[int, float | tuple[int, ...]]
"""What each user showed: a value, or the cells of several."""


def plan_of(*triggers: Trigger, share: float = 0.5, **rest: Any) -> CanaryPlan:
    """Return a plan of one stage, whose rounds begin every two looks."""
    stage = Stage(share, 2 * LOOK, 1000 * LOOK)
    return CanaryPlan("shop", (stage,), triggers or (ERRORS,), look=LOOK, digest="d", **rest)


def observed(showing: Showing) -> Observed:
    """Return what some users showed."""
    users = tuple(showing)
    cells = [item for item in showing.values() if isinstance(item, tuple)]
    if cells:
        return UserCells(tuple(cells), users)
    return UserValues(tuple(float(str(item)) for item in showing.values()), users)


def look(number: int, baseline: Showing | None, candidate: Showing | None) -> Look:
    """Return a look at what users showed; nothing stands for an arm that is not there."""
    arms = {
        arm: ArmLook(
            max(len(showing), 1),
            {"errors": observed(showing)},
            tuple(user for user in showing if user != NOBODY),
        )
        for arm, showing in zip(Arm, (baseline, candidate), strict=True)
        if showing is not None
    }
    return Look(number * LOOK, (number + 1) * LOOK, arms)


def people(first: int, count: int, value: float = 0.0) -> dict[int, float]:
    """Return that so many users, numbered from the first, showed the same."""
    return dict.fromkeys(range(first, first + count), value)


def state_after(plan: CanaryPlan, looks: Sequence[Look]) -> State:
    """Return what is remembered after some looks."""
    state = begun(plan, "r1")
    for item in looks:
        state, _ = absorbed(plan, state, item)
    return state


def chances(state: State) -> tuple[int, int]:
    """Return how many chances counted in the stage, baseline first."""
    return whole_of(state.rounds, "errors").chances


BOTH = [look(0, people(0, 30), people(100, 20)), look(1, people(0, 40), people(100, 25))]


# ---------------------------------------------------------------- once


@pytest.mark.parametrize("trigger", [REFUSAL, COST], ids=["values", "amounts"])
def test_a_user_counts_once_in_a_stage(trigger: Trigger) -> None:
    assert chances(state_after(plan_of(trigger), BOTH)) == (40, 25)


def test_a_user_counts_once_where_a_threshold_is_frozen() -> None:
    looks = [
        look(0, dict.fromkeys(range(9), (1,)), {90: (1,)}),
        look(1, dict.fromkeys(range(12), (1,)), {90: (9, 1), 91: (9, 1)}),
    ]
    plan = plan_of(LATENCY)
    state = replace(begun(plan, "r1"), thresholds={"errors": 1.05})
    for item in looks:
        state, _ = absorbed(plan, state, item)
    found = whole_of(state.rounds, "errors")
    assert (found.chances, found.found) == ((12, 2), (0.0, 0.5))


def test_whoever_nobody_names_counts_each_time() -> None:
    anonymous = look(0, {NOBODY: 0.0}, {NOBODY: 1.0})
    state = state_after(plan_of(), [anonymous, replace(anonymous, start=LOOK, end=2 * LOOK)])
    assert chances(state) == (2, 2)
    assert state.users == ""


def test_who_came_while_one_arm_was_missing_counts_no_more() -> None:
    """All of them are of the arm that was there, whatever they are like."""
    looks = [
        look(0, {1: 0.0}, {2: 0.0}),
        look(1, {3: 0.0}, None),
        look(2, {3: 0.0, 4: 0.0}, {5: 1.0}),
    ]
    assert chances(state_after(plan_of(REFUSAL), looks)) == (2, 2)


def test_before_both_arms_were_there_nobody_is_remembered() -> None:
    state = state_after(plan_of(REFUSAL), [look(0, {1: 0.0}, None), look(1, {1: 0.0}, {2: 0.0})])
    assert chances(state) == (1, 1)


# ---------------------------------------------------------------- the first event


def test_the_first_event_of_somebody_who_came_before_counts_and_a_second_does_not() -> None:
    plan = plan_of()
    fail = {100: 1.0, 101: 1.0}
    looks = [
        look(0, people(0, 30), people(100, 20)),
        look(1, people(0, 30), people(100, 20) | fail),
        look(2, people(0, 30), people(100, 20) | fail),
    ]
    states = [state_after(plan, looks[:count]) for count in (1, 2, 3)]
    found = [whole_of(state.rounds, "errors") for state in states]
    assert [item.found for item in found] == [(0.0, 0.0), (0.0, 2.0), (0.0, 2.0)]
    assert [item.chances for item in found] == [(30, 20), (60, 40), (90, 58)]
    assert found[1].log_e > found[0].log_e
    assert found[2].log_e == found[1].log_e


def test_an_event_is_held_against_those_who_came_first_in_the_same_look() -> None:
    plan = plan_of(share=0.2)
    even = [look(0, people(0, 4), people(100, 4)), look(1, people(200, 92), people(300, 8))]
    first = state_after(plan, [*even, look(2, {0: 0.0}, {100: 1.0})])
    later = state_after(plan, [*even, look(2, {0: 0.0}, {300: 1.0})])
    # One of 8 users of whom 4 are the candidate's, or one of 100 of whom 8 are.
    assert whole_of(first.rounds, "errors").log_e < whole_of(later.rounds, "errors").log_e


def test_where_an_arm_has_nobody_left_an_event_says_nothing() -> None:
    first = look(0, people(0, 5), {100: 1.0})
    later = look(0, people(0, 5), people(100, 5)), look(1, {6: 0.0}, {100: 0.0})
    for before, quiet, loud in (
        ([first], look(1, {0: 0.0}, {101: 0.0}), look(1, {0: 1.0}, {101: 0.0})),
        (later, look(2, {6: 0.0}, {100: 0.0}), look(2, {6: 1.0}, {100: 0.0})),
    ):
        found = [
            whole_of(state_after(plan_of(), [*before, last]).rounds, "errors")
            for last in (quiet, loud)
        ]
        assert found[0].versus == found[1].versus
        assert found[0].found != found[1].found


def test_two_users_who_share_a_code_are_one_event() -> None:
    looks = [look(0, {1: 0.0}, {2: 0.0}), look(1, {2: 1.0, 3: 0.0}, {2: 1.0})]
    assert whole_of(state_after(plan_of(), looks).rounds, "errors").found == (0.0, 1.0)


def test_of_a_limit_those_who_come_first_tell_alone() -> None:
    limited = replace(ERRORS, limit=0.02)
    looks = [look(0, people(0, 30), people(100, 20)), look(1, people(0, 30), people(100, 20, 1.0))]
    assert whole_of(state_after(plan_of(limited), looks).rounds, "errors").found == (0.0, 0.0)


def test_what_cannot_be_read_of_a_look_is_no_first_event() -> None:
    broken = look(1, people(0, 30), people(100, 20, 1.0))
    arms = {
        **broken.arms,
        Arm.BASELINE: replace(broken.arms[Arm.BASELINE], observed={"errors": Unread("NaN")}),
    }
    plan = plan_of()
    state = state_after(plan, [BOTH[0]])
    after, reasons = absorbed(plan, state, replace(broken, arms=arms))
    assert [reason.trigger for reason in reasons] == ["errors"]
    assert whole_of(after.rounds, "errors") == whole_of(state.rounds, "errors")


def test_users_who_always_fail_are_dealt_out_once() -> None:
    """Where nobody is named the same looks are an alarm."""
    plan = plan_of(share=0.1)
    baseline = people(0, 900) | people(0, 9, 1.0)
    candidate = people(1000, 100) | people(1000, 4, 1.0)
    looks = [look(number, baseline, candidate) for number in range(30)]

    def unnamed(item: Look) -> Look:
        arms = {}
        for arm, found in item.arms.items():
            seen = found.observed["errors"]
            assert isinstance(seen, UserValues)
            nobody = replace(seen, users=(NOBODY,) * len(seen.users))
            arms[arm] = replace(found, observed={"errors": nobody}, users=())
        return replace(item, arms=arms)

    [known] = standings(plan, state_after(plan, looks))
    [anew] = standings(plan, state_after(plan, [unnamed(item) for item in looks]))
    assert not known.alarmed
    assert anew.alarmed


# ---------------------------------------------------------------- rounds


def test_what_goes_wrong_later_among_users_who_all_came_is_found() -> None:
    plan = plan_of(REFUSAL)
    good = [look(number, people(0, 300), people(1000, 300)) for number in range(5)]
    bad = [look(number, people(0, 300), people(1000, 300, 1.0)) for number in range(5, 8)]
    state = advanced(plan, begun(plan, "r1"), [*good, *bad], 8 * LOOK)
    assert state.decision is not None
    assert state.decision.action is Action.ROLLBACK
    assert state.decision.look == 7 * LOOK
    [standing] = state.decision.standings
    assert standing.rates == (0.0, 1.0)
    assert standing.seen == 300


def test_old_rounds_are_few() -> None:
    plan = plan_of()
    looks = [look(number, {2 * number: 0.0}, {2 * number + 1: 0.0}) for number in range(64)]
    state = state_after(plan, looks)
    assert [item.number for item in state.rounds] == [0, 16, 24, 28, 30, 31]
    assert [item.since for item in state.rounds] == [0, 32, 48, 56, 60, 62]
    assert sum(np.exp(log_share(number, 0)) for number in range(-1, 1000)) < 1


def test_a_trigger_whose_threshold_is_frozen_later_begins_with_a_round_of_its_own() -> None:
    other = replace(ERRORS, name="other", limit=None)
    plan = plan_of(LATENCY, other)
    cells: Showing = dict.fromkeys(range(9), (1,))
    first = look(0, cells, {90: (1,)})
    state = state_after(plan, [first])
    assert [(item.number, [*item.evidence]) for item in state.rounds] == [(0, ["other"])]
    state = replace(state, thresholds={"errors": 1.05})
    state, _ = absorbed(plan, state, look(1, cells, {90: (1,)}))
    assert [(item.number, item.whole) for item in state.rounds] == [(0, True), (1, True)]
    assert chances(state) == (9, 1)
    _, found = strongest(state.rounds, "errors")
    assert found.chances == (9, 1)
    state, _ = absorbed(plan, state, look(2, cells, {90: (1,)}))
    assert len(state.rounds) == 2


def test_no_round_begins_where_no_trigger_is_ready() -> None:
    plan = plan_of(LATENCY)
    state = state_after(plan, [look(0, {1: (1,)}, {2: (1,)})])
    assert (state.rounds, state.users) == ((), "")
    assert state.spreads == {"errors": {1: 1.0}}


def test_what_was_seen_before_the_share_was_right_has_little_of_the_level_and_ends_with_it() -> (
    None
):
    plan = plan_of(share=0.5)
    early = [look(number, people(0, 2000), people(5000, 20)) for number in range(2)]
    state = state_after(plan, early)
    assert [item.number for item in state.rounds] == [-1]
    assert chances(state) == (2000, 20)
    frozen, _ = absorbed(
        plan_of(ERRORS, replace(LATENCY, name="late")), replace(state, thresholds={"late": 1.0}),
        look(2, people(0, 2000), people(5000, 20)),
    )  # fmt: skip
    assert [[*item.evidence] for item in frozen.rounds] == [["errors", "late"]]
    state, _ = absorbed(plan, state, look(2, people(0, 2000), people(5000, 2000)))
    assert [item.number for item in state.rounds] == [0]
    assert chances(state) == (2000, 2000)
    bad = [look(0, people(0, 2000), people(5000, 20, 1.0))]
    assert standings(plan, state_after(plan, bad))[0].alarmed


def test_evidence_that_was_enough_stays_when_its_round_is_gone() -> None:
    plan = plan_of(REFUSAL)
    bad = [look(0, people(0, 90), people(1000, 90, 1.0))]
    good = [look(number, people(0, 90), people(1000, 90)) for number in range(1, 9)]
    [standing] = standings(plan, state_after(plan, [*bad, *good]))
    assert standing.alarmed
    assert standing.highest >= standing.alarm_at


# ---------------------------------------------------------------- memory


def known(count: int, *, step: int = 7) -> Known:
    """Return so many users."""
    codes = np.arange(count) * step
    return nobody_yet().joined(codes, look=3, number=1, bits=codes % 4)


def test_users_are_read_as_they_were_written() -> None:
    before = known(1000)
    after = unpacked(packed(before))
    assert all(
        np.array_equal(getattr(before, name), getattr(after, name))
        for name in ("codes", "first", "last", "bits")
    )
    assert len(packed(before)) < 5 * 1000


def rows(*parts: bytes) -> str:
    """Return a text such as a state has, with these bytes in it."""
    return b64encode(compress(b"".join(parts))).decode()


@pytest.mark.parametrize(
    "text",
    ["no base64!", "AAAA", rows(), rows(b"\0" * 15), rows(b"\0" * 4, b"\xff" * 4, b"\0" * 6)],
)
def test_a_text_that_holds_no_users_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpacked(text)


def test_no_text_becomes_more_users_than_are_ever_remembered() -> None:
    with pytest.raises(ValueError, match="whole rows"):
        unpacked(rows(b"\0" * (14 * MOST + 14)))


def test_where_there_are_too_many_users_half_of_them_is_watched() -> None:
    many = known(100, step=CODES // 100)
    found, thinned = thinned_to(many, 0, most=30)
    assert (found.codes.size, thinned) == (26, 2)
    assert np.array_equal(found.codes, many.codes[:26])
    assert thinned_to(found, thinned, most=30)[1] == 2


def test_users_who_are_not_watched_do_not_count() -> None:
    plan = plan_of(REFUSAL)
    state = replace(state_after(plan, BOTH[:1]), thinned=1)
    more = {CODES // 2 + 1: 0.0, 7000: 0.0}
    state, _ = absorbed(plan, state, look(1, more, {7001: 0.0}))
    assert chances(state) == (31, 21)
    assert 7000 in unpacked(state.users).codes
    assert CODES // 2 + 1 not in unpacked(state.users).codes


def test_a_new_stage_knows_nobody() -> None:
    plan = plan_of(share=0.5)
    plan = replace(plan, stages=(plan.stages[0], Stage(0.6, LOOK, 1000 * LOOK)), negligible=0.5)
    looks = [look(number, people(0, 9000), people(10_000, 9000)) for number in range(3)]
    state = advanced(plan, begun(plan, "r1"), looks, 3 * LOOK)
    assert (state.stage, state.users, state.rounds, state.highest) == (1, "", (), {})


def test_the_record_holds_users_as_a_text() -> None:
    plan = plan_of()
    state = state_after(plan, BOTH)
    record = json.loads(json.dumps(state_record(plan, state)))
    assert record["memory"]["users"] == state.users
    assert unpacked(state.users).codes.tolist() == codes_of([*range(40), *range(100, 125)]).tolist()
