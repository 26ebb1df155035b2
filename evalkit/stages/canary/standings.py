"""Where each trigger stands: its evidence, and how much traffic would have told a bad candidate."""

from __future__ import annotations

import math

from evalkit.core.canary import CanaryPlan, Evidence, Standing, State, Trigger, TriggerKind
from evalkit.stages.canary.gather import difference_support, signed
from evalkit.stages.canary.rounds import level_of, strongest, whole_of
from evalkit.stats.enough import (
    FOUR_OF_FIVE,
    NINE_OF_TEN,
    enough_events,
    enough_of_mean,
    enough_of_share,
    enough_values,
    variance_of,
)


def standings(plan: CanaryPlan, state: State) -> tuple[Standing, ...]:
    """Return where the triggers of the current stage stand, in the order of the plan."""
    return tuple(_standing(plan, state, trigger) for trigger in plan.triggers)


def _standing(plan: CanaryPlan, state: State, trigger: Trigger) -> Standing:
    evidence = whole_of(state.rounds, trigger.name)
    log_e, leading = strongest(state.rounds, trigger.name)
    highest, alarm_at = state.highest.get(trigger.name, 0.0), math.log(1 / trigger.alpha)
    shown = leading if highest >= alarm_at else evidence
    return Standing(
        trigger.name,
        log_e=log_e,
        highest=highest,
        alarm_at=alarm_at,
        seen=evidence.chances[1],
        needed=_needed(plan, trigger, evidence) if all(evidence.chances) else None,
        rates=(_rate(shown, 0), _rate(shown, 1)),
        threshold=state.thresholds.get(trigger.name, trigger.threshold),
    )


def _rate(evidence: Evidence, arm: int) -> float | None:
    return evidence.found[arm] / evidence.chances[arm] if evidence.chances[arm] else None


def _needed(plan: CanaryPlan, trigger: Trigger, evidence: Evidence) -> int | None:
    """Return how many chances of the candidate would have shown that it is ``detect`` times worse."""
    if trigger.kind is TriggerKind.SCORE:
        return _of_values(trigger, evidence)
    if trigger.kind is TriggerKind.MEAN:
        return _of_mean(trigger, evidence)
    return _of_events(plan, trigger, evidence)


def _of_events(plan: CanaryPlan, trigger: Trigger, evidence: Evidence) -> int | None:
    traffic = evidence.chances[1] / sum(evidence.chances)
    rate = max(evidence.found[0] / evidence.chances[0], plan.negligible)
    if trigger.limit is None:
        return enough_events(
            rate, traffic, level_of(trigger), tolerated=trigger.tolerated, ratio=trigger.detect
        )
    worse = min(trigger.detect * trigger.limit, (1 + trigger.limit) / 2)
    rate = min(rate, trigger.limit)
    found = enough_events(
        rate, traffic, level_of(trigger),
        tolerated=trigger.tolerated, ratio=worse / rate, power=NINE_OF_TEN,
    )  # fmt: skip
    return _both(found, enough_of_share(trigger.limit, worse, level_of(trigger)))


def _of_values(trigger: Trigger, evidence: Evidence) -> int | None:
    excess, alone = _excess(trigger, evidence)
    own, other = _variances(evidence)
    chances = evidence.chances
    pairs = min(chances)
    variance = own * pairs / chances[1] + trigger.factor**2 * other * pairs / chances[0]
    found = enough_values(
        excess, variance, level_of(trigger), mean=trigger.tolerated,
        support=difference_support(trigger), power=_power(trigger),
    )  # fmt: skip
    if found is not None:
        found = math.ceil(found * chances[1] / pairs)  # pairs become values of the candidate
    if trigger.limit is None:
        return found
    single = enough_values(
        alone, own, level_of(trigger), mean=trigger.sign * trigger.limit,
        support=signed(trigger.metric.support, trigger.sign), power=NINE_OF_TEN,
    )  # fmt: skip
    return _both(found, single)


def _of_mean(trigger: Trigger, evidence: Evidence) -> int | None:
    excess, alone = _excess(trigger, evidence)
    own, other = _variances(evidence)
    share = evidence.chances[1] / evidence.chances[0]
    variance = own + trigger.factor**2 * other * share
    found = enough_of_mean(excess, variance, level_of(trigger), power=_power(trigger))
    if trigger.limit is None:
        return found
    return _both(found, enough_of_mean(alone, own, level_of(trigger), power=NINE_OF_TEN))


def _power(trigger: Trigger) -> float:
    """Return how often each of the things would be shown that a trigger needs for an alarm."""
    return FOUR_OF_FIVE if trigger.limit is None else NINE_OF_TEN


def _variances(evidence: Evidence) -> tuple[float, float]:
    """Return the variance of a value of the candidate, and of one of the baseline."""
    baseline, candidate = (
        variance_of(evidence.found[arm], evidence.squares[arm], evidence.chances[arm])
        for arm in (0, 1)
    )
    return candidate, baseline


def _excess(trigger: Trigger, evidence: Evidence) -> tuple[float, float]:
    """Return by how much a candidate that is ``detect`` times worse passes what is tolerated.

    First against the baseline, then against a limit of its own; the second is 0 where there is none.
    """
    usual = evidence.found[0] / evidence.chances[0]
    if trigger.limit is not None:
        alone = _beyond_limit(trigger, trigger.limit)
        return max(trigger.sign * (trigger.limit - usual) + alone, alone), alone
    if trigger.factor != 1:
        worse = trigger.detect if trigger.sign > 0 else 1 / trigger.detect
        return trigger.sign * (worse - trigger.factor) * usual, 0.0
    if trigger.tolerated > 0:
        return (trigger.detect - 1) * trigger.tolerated, 0.0
    return (trigger.detect - 1) * abs(usual), 0.0


def _beyond_limit(trigger: Trigger, limit: float) -> float:
    """Return how far beyond its limit a mean lies that is ``detect`` times worse."""
    support = trigger.metric.support
    if trigger.sign > 0:
        return min((trigger.detect - 1) * abs(limit), (support.upper - limit) / 2)
    room = support.upper - limit if support.bounded else limit * (1 - 1 / trigger.detect)
    return min((trigger.detect - 1) * room, (limit - support.lower) / 2)


def _both(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)
