"""The outlook of one bound becomes what a plan says about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from evalkit.core.envelope import Bound, Limit, LimitKind, Require
from evalkit.core.plan import Basis, BoundPlan
from evalkit.core.verdict import Estimate, Unmeasured
from evalkit.stages.plan.bets import BetOutlook
from evalkit.stages.plan.chosen import Unknown
from evalkit.stages.plan.outlook import Outlook
from evalkit.stats.doubt import Doubt
from evalkit.stats.least import narrowest_room
from evalkit.stats.operating import Pair, caught, curve
from evalkit.stats.requirements import least_of, nearest_limit, possible


@dataclass(frozen=True, slots=True)
class Size:
    """How many cases stand on a slice, and in how many independent units."""

    cases: int
    units: int


def bound_plan(
    bound: Bound,
    seen: Outlook | Unknown,
    size: Size,
    *,
    unit: str,
    baseline: Estimate | Unmeasured | None,
    aim: float,
    doubt: Doubt | None = None,
) -> BoundPlan:
    """Return what may be expected of a bound.

    Args:
        bound: what is asked.
        seen: its chances, or why there are none.
        size: how many cases are asked.
        unit: what its numbers are printed with.
        baseline: what the baseline shows.
        aim: the chance that an unchanged candidate should have.
        doubt: how far the mistakes of a detector may move what it measures; ``seen`` reckons with them.
    """
    start = BoundPlan(
        name=bound.name,
        metric=bound.metric.name,
        kind=bound.metric.kind,
        statistic=bound.statistic.name,
        on=bound.slice.name,
        limit=bound.limit,
        unit=unit,
        labels=bound.metric.labels,
        require=bound.require,
        severity=bound.severity,
        n=size.cases,
        clusters=size.units,
        least=least_of(bound, cases=size.cases, units=size.units),
        basis=Basis.UNKNOWN,
        detail="",
        baseline=baseline,
        margin=_least_margin(bound, size) if _margins_make_sense(bound) else None,
    )
    if isinstance(seen, Unknown):
        return replace(start, detail=seen.why)
    if not size.cases:
        return replace(start, detail="no case of the golden set stands on the slice")
    return _with_chances(start, bound, seen, aim, doubt or NO_DOUBT)


def satisfies(bound: Bound, chances: Pair) -> float:
    """Return the chance that a bound is what its envelope requires it to be."""
    proven, broken = chances
    return proven if bound.require is Require.PROVEN else 1 - broken


def _with_chances(
    start: BoundPlan, bound: Bound, seen: Outlook, aim: float, doubt: Doubt
) -> BoundPlan:
    n = max(start.n, 1)
    now = seen.unchanged(n)
    passes = satisfies(bound, now)
    proven = bound.require is Require.PROVEN
    short = proven and passes < aim
    margin = start.margin
    if short and not start.impossible:
        reach = seen.margins(n, aim)
        margin = None
        if reach is not None:
            margin = nearest_limit(bound, reach[0] - doubt.down, reach[1] + doubt.up)
    at, scatter = _seen_with(doubt, bound, partial(seen.at, n=n)), seen.scatter(n)
    return replace(
        start,
        basis=seen.basis,
        truth=None if math.isnan(seen.truth) else seen.truth,
        passes=passes,
        alarm=now[1],
        needs=seen.cases(aim, n) if proven else None,
        margin=margin if short else None,
        repeats=seen.repeats(n, aim) if short and not start.impossible else None,
        catches=(
            caught(bound, at, scatter, up=False),
            caught(bound, at, scatter, up=True),
        ),
        curve=curve(bound, at, scatter),
        stops_after=seen.stops_after(n) if isinstance(seen, BetOutlook) else None,
    )


NO_DOUBT = Doubt(0.0, 0.0)


def _seen_with(doubt: Doubt, bound: Bound, at: Callable[[float], Pair]) -> Callable[[float], Pair]:
    """Return the chances at a true value, where what is shown broken must be so beyond doubt.

    ``at`` reckons with the limit that must be kept with the detector at its worst. That which must be
    broken with it at its worst lies further out by all of the doubt.
    """
    further, ends = doubt.down + doubt.up, possible(bound)
    low, high = bound.limit.min, bound.limit.max
    middle = (low if high is None else high if low is None else (low + high) / 2) or 0.0

    def found(truth: float) -> Pair:
        above = low is None or (high is not None and truth > middle)
        nearer = truth - further if above else truth + further
        if low is not None and high is not None:
            nearer = max(nearer, middle) if above else min(nearer, middle)
        return at(truth)[0], at(min(max(nearer, ends.lower), ends.upper))[1]

    return found if further else at


# ---------------------------------------------------------------- margins


def _margins_make_sense(bound: Bound) -> bool:
    return bound.limit.kind in {LimitKind.ABSOLUTE, LimitKind.DELTA} and (
        bound.statistic.quantile is None and possible(bound).bounded
    )


def _least_margin(bound: Bound, size: Size) -> Limit | None:
    """Return the nearest limit that any data on so many units could prove."""
    ends, room = possible(bound), narrowest_room(size.units, bound.alpha)
    width = room * ends.width
    if bound.limit.kind is LimitKind.DELTA:
        return nearest_limit(bound, -width / 2, width / 2)
    return nearest_limit(bound, ends.upper - width, ends.lower + width)
