"""Bounds with evidence for them, of every sort that an envelope knows, from a seeded generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from evalkit.core.envelope import (
    NON_NEGATIVE,
    UNIT_INTERVAL,
    Bound,
    Kind,
    Limit,
    LimitKind,
    Method,
    Metric,
    Require,
    Scope,
    Severity,
    Statistic,
)
from evalkit.core.verdict import Unmeasured
from evalkit.stats.estimates import judged_engine
from evalkit.stats.evidence import Evidence, Observed
from tests.stats.arms import evidence
from tests.stats.questions import (
    ALL,
    DELTA,
    RATIO,
    Question,
    Rng,
    amounts,
    flipped,
    groups,
    near,
    once,
    rates,
    repeated,
    scores,
)

SHIFT = LimitKind.SHIFT
N = 90


@dataclass(frozen=True, slots=True)
class Body:
    """One bound and what it is judged by."""

    bound: Bound
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Sort:
    """How a sort of bounds asks: on what, by which method, about which cases."""

    question: Callable[[Rng], Question]
    method: Method = Method.USUAL
    scope: Scope = Scope.POPULATION
    distance: str | None = None


def _few(cases: int) -> Callable[[Rng], Question]:
    return lambda rng: Question(amounts(rng, cases), support=NON_NEGATIVE)


def _few_groups(rng: Rng) -> Question:
    return Question(rates(rng, 40, 0.8), clusters=[place % 8 for place in range(40)])


def _changed(quantile: str, kind: LimitKind, cases: int) -> Callable[[Rng], Question]:
    def question(rng: Rng) -> Question:
        before = amounts(rng, cases)
        after = near(rng, before, 1.1)
        return Question(after, before, kind=kind, statistic=quantile, support=NON_NEGATIVE)

    return question


def _shifted(cases: int) -> Callable[[Rng], Question]:
    def question(rng: Rng) -> Question:
        before = scores(rng, cases)
        return Question(scores(rng, cases), before, kind=SHIFT)

    return question


def _rare_ratio(rng: Rng) -> Question:
    """Return a ratio of rates, the lower of which may be 0 for all that is known."""
    before = rates(rng, N, 0.03)
    return Question(flipped(rng, before, 0.05), [[1.0], *before[1:]], kind=RATIO)


def _still(rng: Rng) -> Question:
    value = float(rng.integers(1, 5))
    return Question([[value]] * N, support=NON_NEGATIVE)


def _drifting(rng: Rng) -> Question:
    """Return a rate that is low at first and high in the end: a bet that is won stays won."""
    early, late = rates(rng, N, 0.3), rates(rng, N, 0.99)
    return Question([*early, *late])


def _in_draws(rng: Rng) -> Question:
    return Question(repeated(rng, 30, [3]))


def _delta_in_draws(rng: Rng) -> Question:
    before = repeated(rng, 45, [4])
    after = [draws[:2] for draws in flipped(rng, before, 0.1)]
    return Question(after, before, kind=DELTA)


def _pairs_in_groups(rng: Rng) -> Question:
    before = rates(rng, N, 0.6)
    return Question(flipped(rng, before, 0.3), before, groups(rng, N), DELTA)


def _timeouts(rng: Rng) -> Question:
    values = rng.gamma(3, 1, N)
    values[rng.random(N) < 0.03] = np.inf
    return Question(once(values), statistic="p90", support=NON_NEGATIVE)


SORTS: dict[str, Sort] = {
    **{name: Sort(question) for name, question in ALL.items()},
    "a mean of too few": Sort(_few(30)),
    "a rate over too few groups": Sort(_few_groups),
    "a number that never changes": Sort(_still),
    "a ratio to what may be nothing": Sort(_rare_ratio),
    "a p90 with timeouts": Sort(_timeouts),
    "a delta of pairs in groups": Sort(_pairs_in_groups),
    "a rate that is bet on": Sort(ALL["a rate"], Method.BETTING),
    "a rate that drifts and is bet on": Sort(_drifting, Method.BETTING),
    "a score that is bet on": Sort(ALL["a score over clusters"], Method.BETTING),
    "a delta that is bet on": Sort(ALL["a delta of rates"], Method.BETTING),
    "a p95 that is bet on": Sort(ALL["a p95"], Method.BETTING),
    "a delta that is tested exactly": Sort(ALL["a delta of rates"], Method.EXACT),
    "a rate of these cases": Sort(_in_draws, scope=Scope.GOLDEN_SET),
    "a delta of these cases": Sort(_delta_in_draws, scope=Scope.GOLDEN_SET),
    "an amount of these cases": Sort(ALL["an amount of repeats"], scope=Scope.GOLDEN_SET),
    "a p50 of these cases": Sort(ALL["a p50 of repeats"], scope=Scope.GOLDEN_SET),
    "a p50 beside another": Sort(_changed("p50", DELTA, 60)),
    "a p50 over another": Sort(_changed("p50", RATIO, 60)),
    "a p90 over another": Sort(_changed("p90", RATIO, 60)),
    "a p4 over another": Sort(_changed("p4", RATIO, 130)),
    "a p50 beside another, by MOVER": Sort(_changed("p50", DELTA, 60), Method.MOVER),
    "a shift": Sort(_shifted(210), distance="ks"),
    "a shift of W1": Sort(_shifted(210), distance="w1"),
    "a shift of all that differs": Sort(_shifted(210), distance="tv"),
    "a shift on too few": Sort(_shifted(60), distance="ks"),
}


def body(name: str, rng: Rng, *, missing: float = 0.0, number: int = 0) -> Body:
    """Return a bound of a sort, laid somewhere near what its evidence shows.

    Args:
        name: of the sort.
        rng: where the evidence and the bound are drawn from.
        missing: which share of the samples has no value.
        number: what the bound is told apart by.
    """
    sort = SORTS[name]
    asked = sort.question(rng)
    found = evidence(asked.candidate, asked.baseline, clusters=asked.clusters)
    if asked.by_draw:
        sort = replace(sort, scope=Scope.GOLDEN_SET)
    if missing:
        found = replace(
            found, arms={arm: _thinned(rng, seen, missing) for arm, seen in found.arms.items()}
        )
    if sort.method is Method.BETTING:
        found = replace(found, order=rng.permutation(found.cases))
    if name == "a rate that drifts and is bet on":
        found = replace(found, order=None)
    return Body(_bound(asked, sort, found, rng, number), found)


def _thinned(rng: Rng, seen: Observed, missing: float) -> Observed:
    present = seen.present & (rng.random(seen.samples) >= missing)
    return Observed(seen.case, np.where(present, seen.values, 0.0), present)


def _bound(asked: Question, sort: Sort, found: Evidence, rng: Rng, number: int) -> Bound:
    rate = asked.support == UNIT_INTERVAL and np.isin(asked.seen(), (0.0, 1.0)).all()
    kind = Kind.RATE if rate else Kind.SCORE if asked.support == UNIT_INTERVAL else Kind.AMOUNT
    start = Bound(
        name=f"bound {number}",
        metric=Metric("metric", "scorer", "value", kind, asked.support),
        statistic=Statistic.parse(asked.statistic),
        limit=Limit(asked.kind, max=0.5, distance=sort.distance),  # type: ignore[arg-type]
        require=list(Require)[int(rng.random() < 0.3)],
        severity=list(Severity)[int(rng.random() < 0.2)],
        confidence=0.95 if rng.random() < 0.8 else 0.9,
        scope=sort.scope,
        method=sort.method,
    )
    return replace(start, limit=_limit(start, found, rng))


def _limit(bound: Bound, found: Evidence, rng: Rng) -> Limit:
    """Return a limit near an end of the interval, or far from it, on one side or on both."""
    scope = bound.scope is Scope.GOLDEN_SET
    seen = found.by_draw(list(found.arms)) if scope else found
    engine = judged_engine(bound, seen)
    if isinstance(engine, Unmeasured):
        return bound.limit
    middle = engine.value
    below, above = middle - engine.lower(0.05), engine.upper(0.05) - middle
    reach = float(np.clip(max(below, above), 1e-3, 1e3)) if np.isfinite(below + above) else 1.0

    def place() -> float:
        return float(middle + reach * rng.uniform(0.6, 2.4) * rng.choice([-1, 1]))

    kind, one, other = bound.limit.kind, place(), place()
    sides = {"min": (one, None), "max": (None, one), "band": (min(one, other), max(one, other))}
    forms = ["max"] if kind is SHIFT else ["min", "max", "band"]
    low, high = sides[str(rng.choice(forms))]
    if kind is not DELTA:
        low, high = (None if side is None else max(side, 0.0) for side in (low, high))
    if kind is SHIFT and high is not None and bound.limit.distance != "w1":
        high = min(high, 0.99)
    return Limit(kind, low, high, bound.limit.distance)
