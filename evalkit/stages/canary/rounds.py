"""A stage is watched in rounds, in each of which a user counts once: an alarm of any is one.

Users who stay in their arm bring their trouble with them. Chance deals it out once, so that within a
round, whoever came before adds nothing: those who are new in a look are as alike in both arms as chance
makes them, whatever the past was. That alone would be blind to what goes wrong later among users who all came
before. So further rounds begin, each with fresh evidence of its own share of the level; as the same users are
in several rounds, their evidence is never added up, and the shares are.

Assumes: users are assigned at random, once or again; what they do before they are assigned is theirs.
Reference: a union bound over Ville (1939); decision 33.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from evalkit.core.canary import (
    CanaryPlan,
    Evidence,
    Look,
    Reason,
    ReasonCode,
    Round,
    State,
    Trigger,
    Unread,
)
from evalkit.core.model import Arm
from evalkit.stages.canary.first_events import first_events, known_after
from evalkit.stages.canary.gather import gathered, unread
from evalkit.stages.canary.shown import by_round
from evalkit.stages.canary.users import nobody_yet, packed, thinned_to, unpacked

EARLY, WHOLE, LATER = 0.01, 0.95, 0.04
"""How the level is split: before the stage's share was seen, from then on, and from later on."""
BEFORE = -1
"""The number of the round before the stage's share was seen."""


def level_of(trigger: Trigger) -> float:
    """Return the level at which the stage as a whole alarms."""
    return trigger.alpha * WHOLE


def log_share(number: int, first: int) -> float:
    """Return the logarithm of the share of the level that a round has.

    Args:
        number: of the round.
        first: of the first one that the trigger is in.

    >>> shares = [math.exp(log_share(number, 0)) for number in range(100)]
    >>> [round(share, 4) for share in shares[:4]], sum(shares) < WHOLE + LATER
    ([0.95, 0.02, 0.0067, 0.0033], True)
    """
    if number == BEFORE:
        return math.log(EARLY)
    later = number - first
    return math.log(LATER / (later * (later + 1)) if later else WHOLE)


def whole_of(rounds: Iterable[Round], trigger: str) -> Evidence:
    """Return all that a trigger has seen of a stage."""
    return next((item.evidence[trigger] for item in rounds if trigger in item.evidence), Evidence())


def strongest(rounds: Iterable[Round], trigger: str) -> tuple[float, Evidence]:
    """Return the highest evidence there is now, less what its round's share costs, and its round's."""
    known = [item for item in rounds if trigger in item.evidence]
    return max(
        (
            (item.evidence[trigger].log_e + log_share(item.number, known[0].number), item.evidence[trigger])
            for item in known
        ),
        key=lambda pair: pair[0],
        default=(0.0, Evidence()),
    )  # fmt: skip


def counted(
    plan: CanaryPlan, state: State, look: Look, *, settled: bool
) -> tuple[State, list[Reason]]:
    """Return the state with what a look showed in each round, and what could not be read of it.

    Args:
        plan: what is watched.
        state: which counts the look already.
        look: one that at least one arm is in.
        settled: whether the stage's share was seen in it, or before.
    """
    both = len(look.arms) == len(Arm)
    rounds = _begun(plan, state, settled=settled) if both else state.rounds
    known, thinned = nobody_yet(), 0
    if _goes_on(state, rounds):
        known, thinned = unpacked(state.users), state.thinned
    reasons: list[Reason] = []
    if both:
        whole, *parts = by_round(plan, look, rounds, known, thinned)
        reasons = list(_unread(plan, state, whole))
        lost = {reason.trigger for reason in reasons}
        rounds = tuple(
            _after(plan, state, item, part, lost) for item, part in zip(rounds, parts, strict=True)
        )
        if rounds and rounds[0].number == 0:
            rounds = (first_events(plan, look, rounds[0], known, lost), *rounds[1:])
    if rounds:
        # In a look of one arm too: who came only then would be of that arm for certain.
        known = known_after(
            plan, look, known, thinned, at=state.looks - 1, number=rounds[-1].number
        )
        known, thinned = thinned_to(known, thinned)
    state = replace(
        state, rounds=rounds, users=packed(known), thinned=thinned, highest=_highest(state, rounds)
    )
    return state, reasons


def _goes_on(state: State, rounds: Sequence[Round]) -> bool:
    """Return whether the rounds are those of the users that are known: of the same shares."""
    return bool(state.rounds) and state.rounds[0].number == rounds[0].number


# ---------------------------------------------------------------- rounds begin and end


def _begun(plan: CanaryPlan, state: State, *, settled: bool) -> tuple[Round, ...]:
    """Return the rounds that a look counts in, of which the last may begin with it."""
    ready = [
        trigger.name
        for trigger in plan.triggers
        if not trigger.frozen_first or trigger.name in state.thresholds
    ]
    rounds, since = state.rounds, state.looks - 1
    if settled and rounds and rounds[0].number == BEFORE:
        rounds = ()  # those users were in the arms of another share
    nothing = {name: Evidence() for name in ready}
    if not settled:
        [early] = rounds or [Round(BEFORE, since, whole=True)]
        return (replace(early, evidence=nothing | dict(early.evidence)),)
    known = {name for item in rounds for name in item.evidence}
    fresh = not known.issuperset(ready)
    period = max(1, round(plan.stages[state.stage].min_duration / plan.look))
    if not ready or (rounds and not fresh and since - rounds[-1].since < period):
        return rounds
    number = rounds[-1].number + 1 if rounds else 0
    return _kept([*rounds, Round(number, since, fresh, evidence=nothing)])


def _kept(rounds: Sequence[Round]) -> tuple[Round, ...]:
    """Return the rounds that are gone on with: the older they are, the fewer of them.

    Their number stays below twice the logarithm of how many began.
    """
    newest = rounds[-1].number
    return tuple(
        item
        for item in rounds
        if item.whole or newest - item.number < 2 * (item.number & -item.number)
    )


# ---------------------------------------------------------------- parts


def _after(plan: CanaryPlan, state: State, item: Round, part: Look, lost: set[str | None]) -> Round:
    evidence = dict(item.evidence)
    for trigger in plan.triggers:
        if trigger.name in evidence and trigger.name not in lost:
            threshold = state.thresholds.get(trigger.name, trigger.threshold)
            # A part of what can be read can be read.
            evidence[trigger.name] = gathered(
                trigger, evidence[trigger.name], part, threshold, seed=plan.seed
            )
    return replace(item, evidence=evidence)


def _unread(plan: CanaryPlan, state: State, look: Look) -> Iterable[Reason]:
    for trigger in plan.triggers:
        threshold = state.thresholds.get(trigger.name, trigger.threshold)
        if trigger.frozen_first and threshold is None:
            continue  # it has a reason of its own, which says for how long
        found = unread(trigger, look, threshold)
        if isinstance(found, Unread):
            text = f"{trigger.name} could not be read of {found.why}"
            yield Reason(ReasonCode.UNREAD, text, trigger.name)


def _highest(state: State, rounds: tuple[Round, ...]) -> Mapping[str, float]:
    names = {name: None for item in rounds for name in item.evidence}
    return dict(state.highest) | {
        name: max(state.highest.get(name, 0.0), strongest(rounds, name)[0]) for name in names
    }
