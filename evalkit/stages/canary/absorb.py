"""A look is taken in once: evidence grows, thresholds are frozen, and what was wrong is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evalkit.core.canary import (
    CanaryPlan,
    Look,
    Reason,
    ReasonCode,
    Spread,
    State,
    Trigger,
)
from evalkit.core.canary_wording import moment_text, share_text
from evalkit.core.model import Arm
from evalkit.stages.canary.rounds import counted
from evalkit.stages.canary.shown import summed
from evalkit.stats.spread import quantile_of, together

ODDS_OFF = 2.0
"""A realised share whose odds differ from those of the stage by more than this is another stage's."""
NOISE = 4.0
"""Standard deviations by which few requests may miss their share."""
BEYOND_QUANTILE = 5
"""A quantile is known where so many values lie beyond it."""


def absorbed(plan: CanaryPlan, state: State, look: Look) -> tuple[State, tuple[Reason, ...]]:
    """Return the state after a look, and why it is no reason to go on.

    A look that begins before the end of the last one was seen already, at least in part: it
    changes nothing.
    """
    if state.watermark is not None and look.start < state.watermark:
        text = (
            f"the look of {moment_text(look.start)} begins before {moment_text(state.watermark)}, "
            "up to where everything was seen; it was not counted again"
        )
        return state, (Reason(ReasonCode.CLOCK_SKEW, text),)
    reasons = list(_of_time(state, look))
    state = replace(state, watermark=look.end, looks=state.looks + 1)
    reasons += _of_arms(look)
    state = _spread(plan, state, look)
    both = len(look.arms) == len(Arm)
    off = share_off(plan, state, look) if both else []
    settled = state.since is not None or not off
    state, unread = counted(plan, state, look, settled=settled)
    reasons += [*unread, *off]
    if both:
        asked = [look.arms[arm].requests for arm in Arm]
        state = replace(
            state, requests=(state.requests[0] + asked[0], state.requests[1] + asked[1])
        )
    if both and not off:
        since = look.start if state.since is None else state.since
        state = replace(state, since=since, covered=state.covered + look.end - look.start)
    return _frozen(plan, state), tuple(reasons)


def realised(look: Look) -> float | None:
    """Return the share of the requests of a look that the candidate got; nothing where none came."""
    requests = [look.arms[arm].requests if arm in look.arms else 0 for arm in Arm]
    return requests[1] / sum(requests) if sum(requests) else None


def share_off(plan: CanaryPlan, state: State, look: Look) -> list[Reason]:
    """Return whether the candidate got another share of a look than its stage asks for."""
    share, found = plan.stages[state.stage].share, realised(look)
    assert found is not None
    count = sum(arm.requests for arm in look.arms.values())
    noise = NOISE * (share * (1 - share) / count) ** 0.5
    low = share / (share + (1 - share) * ODDS_OFF) - noise
    high = share * ODDS_OFF / (share * ODDS_OFF + 1 - share) + noise
    if low <= found <= high:
        return []
    text = f"the candidate got {share_text(found)} of the requests, not {share_text(share)}"
    return [Reason(ReasonCode.SHARE_OFF, text)]


# ---------------------------------------------------------------- parts


def _of_time(state: State, look: Look) -> Iterator[Reason]:
    if state.watermark is not None and look.start > state.watermark:
        text = f"nothing is known of {moment_text(state.watermark)} to {moment_text(look.start)}"
        yield Reason(ReasonCode.NO_DATA, text)
    if look.future:
        yield Reason(
            ReasonCode.CLOCK_SKEW,
            f"{look.future:,} requests are of a time that is still to come; they are not counted",
        )


def _of_arms(look: Look) -> Iterator[Reason]:
    if not look.arms:
        yield Reason(ReasonCode.NO_DATA, f"no request from {moment_text(look.start)} on")
    elif len(look.arms) < len(Arm):
        [there] = look.arms
        [missing] = set(Arm) - {there}
        yield Reason(ReasonCode.MISSING_ARM, f"no request of the {missing}, only of the {there}")


# ---------------------------------------------------------------- thresholds


def _waiting(plan: CanaryPlan, state: State) -> Iterator[Trigger]:
    """Yield the triggers whose threshold is still to be read off the baseline."""
    for trigger in plan.triggers:
        if trigger.frozen_first and trigger.name not in state.thresholds:
            yield trigger


def _spread(plan: CanaryPlan, state: State, look: Look) -> State:
    if Arm.BASELINE not in look.arms:
        return state
    spreads = dict(state.spreads)
    for trigger in _waiting(plan, state):
        seen = look.arms[Arm.BASELINE].observed.get(trigger.name)
        found = None if seen is None else summed(trigger, seen)
        if isinstance(found, Spread):
            spreads[trigger.name] = together(spreads.get(trigger.name, {}), found.cells)
    if spreads == state.spreads:
        return state
    return replace(state, spreads=spreads, spread_for=state.spread_for + look.end - look.start)


def _frozen(plan: CanaryPlan, state: State) -> State:
    """Return the state with a threshold wherever the baseline was watched for long enough."""
    if state.spread_for < plan.freeze:
        return state
    thresholds, spreads = dict(state.thresholds), dict(state.spreads)
    for trigger in _waiting(plan, state):
        cells = spreads.get(trigger.name, {})
        assert trigger.quantile is not None
        if sum(cells.values()) * (1 - trigger.quantile) < BEYOND_QUANTILE:
            continue
        thresholds[trigger.name] = (
            trigger.stretch * quantile_of(cells, trigger.quantile) + trigger.shift
        )
        del spreads[trigger.name]
    return replace(state, thresholds=thresholds, spreads=spreads)
