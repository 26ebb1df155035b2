"""What a process that watches a canary knows at one moment; whoever is asked answers from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.canary import Action, CanaryPlan, Decision, State


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far decisions were announced.

    ``announced`` is the number of the newest one that was taken, ``waiting`` counts those that were
    not, and ``trouble`` is why not.
    """

    announced: int
    waiting: int = 0
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Watching:
    """A watcher after one of its ticks.

    ``at`` is when that was, in seconds since 1970; ``every`` is how many seconds lie between two.
    ``notes`` are what somebody should look after.
    """

    plan: CanaryPlan
    state: State
    decision: Decision
    at: float
    ticks: int
    every: float
    delivery: Delivery | None = None
    notes: tuple[str, ...] = ()


class Gate(StrEnum):
    """Whether one stage of a rollout is behind us."""

    PROMOTE = "promote"
    HOLD = "hold"
    ROLLBACK = "rollback"


def gate_of(state: State, stage: int, *, run: str | None = None) -> Gate:
    """Return whether a stage may be left, and in which direction.

    A stage that was passed stays passed, and a run that was rolled back is so in every stage. What
    is asked about another run is not known, and what is not known holds.

    Args:
        state: of the canary.
        stage: counted from 0.
        run: the run that is meant, where somebody says.
    """
    if run is not None and run != state.run:
        return Gate.HOLD
    decision = state.decision
    if decision is not None and decision.final and decision.run == state.run:
        return Gate.ROLLBACK if decision.action is Action.ROLLBACK else Gate.PROMOTE
    return Gate.PROMOTE if stage < state.stage else Gate.HOLD
