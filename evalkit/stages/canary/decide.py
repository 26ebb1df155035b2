"""Promote, hold or roll back: what the evidence and the data allow. No clock is asked here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from evalkit.core.canary import (
    Action,
    CanaryPlan,
    Decision,
    Look,
    Reason,
    ReasonCode,
    Standing,
    State,
)
from evalkit.core.canary_wording import moment_text, span_text
from evalkit.core.wording import count_text
from evalkit.stages.canary.absorb import absorbed, realised
from evalkit.stages.canary.standings import standings

NOTHING_YET = "no look has ended in this stage yet"


def begun(plan: CanaryPlan, run: str, *, number: int = 0, watermark: float | None = None) -> State:
    """Return the state of a canary before its first look.

    Args:
        plan: what is watched.
        run: the name of the run; a rollout that was rolled back stays so within it.
        number: that of the last decision in the same file, of an earlier run.
        watermark: up to where that one had seen everything.
    """
    return State(run, plan.digest, number=number, watermark=watermark)


def advanced(
    plan: CanaryPlan,
    state: State,
    looks: Iterable[Look],
    now: float,
    *,
    troubles: Iterable[Reason] = (),
) -> State:
    """Return the state after further looks, with the decision that follows from them.

    An alarm rolls back at the look it comes with, however many follow. A promotion is decided at
    the newest look only, and only where its data is fresh. A final decision stays.

    Args:
        plan: stages and triggers.
        state: what is remembered.
        looks: what came since, in order.
        now: the time at which is decided.
        troubles: what was wrong before any look could be read.
    """
    if state.decision is not None and state.decision.final:
        return state
    newest: Look | None = None
    skewed, troubles = list(troubles), ()
    for look in looks:
        if look.end > now:
            text = (
                f"a look ends at {moment_text(look.end)}, which is still to come; it is not counted"
            )
            skewed.append(Reason(ReasonCode.CLOCK_SKEW, text))
            break
        before = state.looks
        state, troubles = absorbed(plan, state, look)
        newest = look
        skewed += [reason for reason in troubles if reason.code is ReasonCode.CLOCK_SKEW]
        if state.looks == before:
            continue
        alarms = _alarms(plan, standings(plan, state))
        if alarms:
            return _ended(plan, state, Action.ROLLBACK, alarms, now=now, newest=newest)
    holds = list(dict.fromkeys([*skewed, *troubles, *_of_now(plan, state, now)]))
    if newest is None:
        return _unseen(plan, state, holds, now)
    holds += [*_of_baseline(plan, state), *_of_length(plan, state)]
    if holds:
        return _held(plan, state, holds, now, newest)
    return _ended(plan, state, Action.PROMOTE, [_clear(plan, state)], now=now, newest=newest)


# ---------------------------------------------------------------- reasons


def _alarms(plan: CanaryPlan, found: Sequence[Standing]) -> list[Reason]:
    said = {trigger.name: trigger for trigger in plan.triggers}
    return [
        Reason(
            ReasonCode.ALARM,
            f"disproved by the traffic: {said[standing.trigger].said}",
            standing.trigger,
        )
        for standing in found
        if standing.alarmed
    ]


def _clear(plan: CanaryPlan, state: State) -> Reason:
    looks = count_text(state.looks, "look")
    triggers = count_text(len(plan.triggers), "trigger")
    text = (
        f"no alarm of {triggers} in {looks}, and each has seen enough to have found a bad candidate"
    )
    return Reason(ReasonCode.CLEAR, text)


def _of_now(plan: CanaryPlan, state: State, now: float) -> Iterator[Reason]:
    """Yield what the time says about the newest data."""
    if state.watermark is None:
        return
    if now < state.watermark:
        text = f"it is {moment_text(now)}, and {moment_text(state.watermark)} was seen already"
        yield Reason(ReasonCode.CLOCK_SKEW, text)
    age = now - state.watermark
    if age > plan.stale_after:
        text = (
            f"the newest data ended {span_text(age)} ago; {span_text(plan.stale_after)} is allowed"
        )
        yield Reason(ReasonCode.STALE, text)


def _of_baseline(plan: CanaryPlan, state: State) -> Iterator[Reason]:
    for trigger in plan.triggers:
        if trigger.frozen_first and trigger.name not in state.thresholds:
            text = (
                f"{trigger.name} is compared with {span_text(plan.freeze)} of the baseline, of which "
                f"{span_text(state.spread_for)} were seen"
            )
            yield Reason(ReasonCode.BASELINE_TOO_SHORT, text, trigger.name)


def _of_length(plan: CanaryPlan, state: State) -> Iterator[Reason]:
    stage = plan.stages[state.stage]
    if state.covered < stage.min_duration:
        text = (
            f"{span_text(state.covered)} of at least {span_text(stage.min_duration)} in this stage"
        )
        yield Reason(ReasonCode.MIN_DURATION, text)
    for standing in standings(plan, state):
        if standing.needed is None or standing.seen < standing.needed:
            wanted = "an unknown number" if standing.needed is None else f"{standing.needed:,}"
            text = (
                f"{standing.trigger} has seen {standing.seen:,} of {wanted} at which a bad candidate "
                "would have been found"
            )
            yield Reason(ReasonCode.TOO_FEW, text, standing.trigger)
    assert state.watermark is not None
    if state.since is not None and state.watermark - state.since >= stage.max_duration:
        text = (
            f"the stage has lasted {span_text(stage.max_duration)}, the longest it may: somebody has to "
            "decide"
        )
        yield Reason(ReasonCode.MAX_DURATION, text)


# ---------------------------------------------------------------- decisions


def _ended(
    plan: CanaryPlan, state: State, action: Action, reasons: Sequence[Reason],
    *, now: float, newest: Look | None,
) -> State:  # fmt: skip
    """Return the state behind the end of a stage: at the next one, or behind the last decision."""
    last = state.stage + 1 == len(plan.stages)
    share = 0.0
    if action is Action.PROMOTE:
        share = 1.0 if last else plan.stages[state.stage + 1].share
    final = last or action is Action.ROLLBACK
    decision = _decision(
        plan, state, action, reasons, now=now, newest=newest, share=share, final=final
    )
    after = replace(state, decision=decision, number=decision.number)
    if final:
        return after
    return replace(
        after, stage=state.stage + 1, since=None, covered=0.0, looks=0, requests=(0, 0),
        rounds=(), users="", thinned=0, highest={},
    )  # fmt: skip


def _held(
    plan: CanaryPlan, state: State, reasons: Sequence[Reason], now: float, newest: Look | None
) -> State:
    """Return the state with a decision to hold."""
    share = plan.stages[state.stage].share
    decision = _decision(
        plan, state, Action.HOLD, reasons, now=now, newest=newest, share=share, final=False
    )
    return replace(state, decision=decision, number=decision.number)


def _unseen(plan: CanaryPlan, state: State, reasons: Sequence[Reason], now: float) -> State:
    """Return the state where no look has ended: the last decision holds unless there is news."""
    old = state.decision
    if old is None or old.stage != state.stage:
        nothing = Reason(ReasonCode.NO_DATA, NOTHING_YET)
        return _held(plan, state, [nothing, *reasons], now, None)
    if not reasons or _codes(reasons) <= _codes(old.reasons):
        return state
    return _held(plan, state, reasons, now, None)


def _codes(reasons: Iterable[Reason]) -> set[ReasonCode]:
    return {reason.code for reason in reasons}


def _decision(
    plan: CanaryPlan, state: State, action: Action, reasons: Sequence[Reason],
    *, now: float, newest: Look | None, share: float, final: bool,
) -> Decision:  # fmt: skip
    return Decision(
        number=state.number + 1,
        run=state.run,
        stage=state.stage,
        share=share,
        action=action,
        reasons=tuple(reasons),
        at=now,
        look=state.watermark,
        realised=None if newest is None else realised(newest),
        standings=standings(plan, state),
        looks=state.looks,
        requests=state.requests,
        covered=state.covered,
        final=final,
    )
