"""What each user showed becomes what a look showed: of all of them, or of those who count."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from evalkit.core.canary import (
    CanaryPlan,
    Counted,
    Look,
    Observed,
    Round,
    Spread,
    Sums,
    Trigger,
    TriggerKind,
    UserCells,
    UserValues,
    Values,
)
from evalkit.core.model import Arm
from evalkit.stages.canary.users import Known
from evalkit.stats.arrays import IntArray


def by_round(
    plan: CanaryPlan, look: Look, rounds: Sequence[Round], known: Known, thinned: int
) -> list[Look]:
    """Return what a look showed as a whole, and then what of it counts in each round.

    Where a user is named, it counts in those rounds that began after the user came last; all else
    counts in each.
    """
    last = {
        (arm, name): known.came_last(np.array(seen.users), thinned)
        for arm, found in look.arms.items()
        for name, seen in found.observed.items()
        if isinstance(seen, UserValues | UserCells)
    }
    whole = _look(plan, look, {}, 0)
    if not last:
        return [whole] * (1 + len(rounds))
    return [whole, *(_look(plan, look, last, item.number) for item in rounds)]


def summed(
    trigger: Trigger, seen: Observed, chosen: Sequence[int] | IntArray | None = None
) -> Observed:
    """Return what all users showed, or those at some places, in the form the trigger's evidence takes."""
    match seen:
        case UserCells():
            cells = seen.cells if chosen is None else [seen.cells[place] for place in chosen]
            return _spread(cells)
        case UserValues():
            values = seen.values if chosen is None else [seen.values[place] for place in chosen]
            return _of_kind(trigger.kind, values)
    return seen


# ---------------------------------------------------------------- parts


def _look(
    plan: CanaryPlan, look: Look, last: Mapping[tuple[Arm, str], IntArray], number: int
) -> Look:
    """Return a look at those who came last in a round before that of a number."""
    arms = {}
    for arm, found in look.arms.items():
        observed = dict(found.observed)
        for trigger in plan.triggers:
            if (seen := observed.get(trigger.name)) is None:
                continue
            came = last.get((arm, trigger.name))
            chosen = None if came is None else np.flatnonzero(came < number)
            observed[trigger.name] = summed(trigger, seen, chosen)
        arms[arm] = replace(found, observed=observed)
    return replace(look, arms=arms)


def _of_kind(kind: TriggerKind, values: Sequence[float]) -> Observed:
    match kind:
        case TriggerKind.SCORE:
            return Values(tuple(values))
        case TriggerKind.MEAN:
            return Sums(len(values), _sum(values), math.fsum(value * value for value in values))
    return Counted(min(_sum(values), float(len(values))), len(values))


def _spread(users: Sequence[Sequence[int]]) -> Spread:
    """Return how many values fell in which cell; those of one user come to one."""
    cells: Counter[int] = Counter()
    parts: dict[int, float] = {}
    for own in users:
        if len(own) == 1:
            cells[own[0]] += 1
            continue
        for cell in own:
            parts[cell] = parts.get(cell, 0.0) + 1 / len(own)
    return Spread({cell: cells[cell] + parts.get(cell, 0.0) for cell in sorted({*cells, *parts})})


def _sum(values: Sequence[float]) -> float:
    """Return a sum; where a value has no end, neither has the sum."""
    return math.inf if math.inf in values else math.fsum(values)
