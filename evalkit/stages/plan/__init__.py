"""Before a single call it is told here what a golden set can show.

Pure: no clock, no file, no idea who asked; what is random is drawn from the envelope's seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.envelope import Bound, Envelope, LimitKind, Method, Require
from evalkit.core.model import Arm
from evalkit.core.plan import BoundPlan, Joint, Plan, Price
from evalkit.core.plan_phrases import plan_sentences
from evalkit.core.rounding import six_digits
from evalkit.core.verdict import Estimate, Unmeasured
from evalkit.stages.plan.bounds import Size, bound_plan, satisfies
from evalkit.stages.plan.chosen import Setting, Unknown, outlook
from evalkit.stages.plan.outlook import Outlook
from evalkit.stats.doubt import Doubt, doubt_about
from evalkit.stats.estimates import engine_of, estimate_of
from evalkit.stats.evidence import Exhibit

IN_A_ROW = 12
"""All bounds together reach the aim on so many numbers of cases in a row."""

MOST_GROWTH = 64.0
CLOSE = 1.01


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known about one bound: its samples, where there are any, and the size of its slice."""

    exhibit: Exhibit | None
    size: Size
    unit: str


def plan(
    envelope: Envelope,
    ground: Sequence[Ground],
    *,
    cases: int,
    price: Price,
    assumed: Mapping[str, float],
    baseline_draws: int,
    aim: float,
) -> Plan:
    """Return what the golden set can show about every bound, and about all of them together.

    Args:
        envelope: what is acceptable.
        ground: what is known about each bound, in the envelope's order.
        cases: how many cases are asked.
        price: what asking them costs.
        assumed: stated truths, and discordances of deltas, by the name of the bound.
        baseline_draws: how many draws a case the baseline has, or will have.
        aim: the chance that an unchanged candidate should have.
    """
    setting = Setting(
        assumed, baseline_draws, envelope.repeats, envelope.noisy_repeats, envelope.seed,
        envelope.max_missing,
    )  # fmt: skip
    views = [
        outlook(bound, None if each.exhibit is None else each.exhibit.evidence, setting)
        for bound, each in zip(envelope.bounds, ground, strict=True)
    ]
    bounds = [
        bound_plan(
            bound,
            seen,
            each.size,
            unit=each.unit,
            baseline=_baseline(bound, each),
            aim=aim,
            doubt=_doubt(bound, each),
        )
        for bound, seen, each in zip(envelope.bounds, views, ground, strict=True)
    ]
    joint = _joint(envelope.bounds, views, bounds, cases=cases, aim=aim)
    sentence, lead = plan_sentences(bounds, joint, aim)
    found = Plan(
        envelope=envelope.name,
        aim=aim,
        cases=cases,
        bounds=tuple(bounds),
        joint=joint,
        price=price,
        sentence=sentence,
        lead=lead,
        sound=_sound(bounds),
        not_stoppable=_not_stoppable(envelope),
    )
    return six_digits(found)


def _not_stoppable(envelope: Envelope) -> tuple[str, ...]:
    """Return the blocking bounds that keep an envelope from stopping early, where it wants to."""
    if not envelope.stops_early:
        return ()
    return tuple(
        bound.name
        for bound in envelope.bounds
        if bound.blocks and bound.method is not Method.BETTING
    )


def _doubt(bound: Bound, ground: Ground) -> Doubt | None:
    """Return how far mistakes of the detector behind a bound may move it, as the evidence shows."""
    mistakes = {} if ground.exhibit is None else ground.exhibit.evidence.mistakes
    return doubt_about(bound, mistakes)


def _baseline(bound: Bound, ground: Ground) -> Estimate | Unmeasured | None:
    """Return what the baseline shows, or the candidate where it stands in for one."""
    if ground.exhibit is None:
        return None
    evidence = ground.exhibit.evidence
    arms = [arm for arm, seen in evidence.arms.items() if seen.missing < seen.samples]
    arm = Arm.BASELINE if Arm.BASELINE in arms or not arms else arms[0]
    if arm not in evidence.arms:
        return None
    engine = engine_of(evidence, LimitKind.ABSOLUTE, arm, bound.statistic, bound.metric.support)
    if isinstance(engine, Unmeasured):
        return engine
    return estimate_of(engine, evidence, [arm], bound.alpha)


# ---------------------------------------------------------------- all bounds together


def _joint(
    bounds: Sequence[Bound],
    views: Sequence[Outlook | Unknown],
    plans: Sequence[BoundPlan],
    *,
    cases: int,
    aim: float,
) -> Joint:
    """Return the chances of all blocking bounds together, and the set that would bring the aim."""
    held = [
        (bound, seen, each)
        for bound, seen, each in zip(bounds, views, plans, strict=True)
        if bound.blocks
    ]
    if not held or any(each.passes is None for _, _, each in held):
        return Joint(None, None, None)
    passes = math.prod(each.passes or 0.0 for _, _, each in held)

    def chance(factor: float) -> float:
        return math.prod(
            satisfies(bound, seen.about(max(1, round(each.n * factor))))
            for bound, seen, each in held
            if not isinstance(seen, Unknown)
        )

    factor = _factor(chance, cases, aim, [each for _, _, each in held])
    dominating = max(held, key=lambda item: _asks_for(item[2]))[2].name
    total = None if factor is None else math.ceil(cases * factor)
    return Joint(passes, total, dominating)


def _asks_for(bound: BoundPlan) -> float:
    """Return how many times its cases a bound needs."""
    if bound.require is Require.NOT_DISPROVEN:
        return 0.0
    return bound.needs.safe / max(bound.n, 1) if bound.needs else math.inf


def _factor(
    chance: Callable[[float], float], cases: int, aim: float, bounds: Sequence[BoundPlan]
) -> float | None:
    """Return how many times the cases bring the aim, from that number on."""
    least = max(_asks_for(bound) for bound in bounds)
    if math.isinf(least) or least > MOST_GROWTH:
        return None
    low = high = max(least, 1 / cases)
    while not _stays(chance, high, cases, aim):
        low, high = high, high * 1.15
        if high > MOST_GROWTH:
            return None
    while high / low > CLOSE:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _stays(chance, middle, cases, aim) else (middle, high)
    return high


def _stays(chance: Callable[[float], float], factor: float, cases: int, aim: float) -> bool:
    return all(chance(factor + each / cases) >= aim for each in (0, IN_A_ROW // 2, IN_A_ROW - 1))


def _sound(bounds: Sequence[BoundPlan]) -> bool:
    """Return whether an unchanged candidate has at least even chances with every blocking bound."""
    return all(
        not bound.impossible and (bound.passes is None or bound.passes >= 0.5)
        for bound in bounds
        if bound.blocks
    )
