"""What one look showed of one trigger is added to its evidence."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from evalkit.core.canary import (
    Counted,
    Evidence,
    Look,
    Observed,
    Spread,
    Sums,
    Trigger,
    TriggerKind,
    Unread,
    Values,
)
from evalkit.core.envelope import Support
from evalkit.core.model import Arm
from evalkit.stats.arrays import FloatArray
from evalkit.stats.side_by_side import (
    LargeSample,
    Moments,
    after_events,
    after_values,
    differences,
    log_e_of,
)
from evalkit.stats.spread import beyond
from evalkit.stats.streaming import Events, log_e_above

ROUNDING = 1e-9


def gathered(
    trigger: Trigger, before: Evidence, look: Look, threshold: float | None, *, seed: int
) -> Evidence:
    """Return the evidence after a look that both arms are in, and of which nothing is ``unread``.

    Args:
        trigger: what is watched.
        before: its evidence before the look.
        look: what both arms showed.
        threshold: beyond which values count, where the trigger froze it.
        seed: of the order in which events are dealt out where only their number is known.
    """
    pair = _pair(trigger, look, threshold)
    assert not isinstance(pair, Unread)
    if not all(map(_size, pair)):
        return before  # nothing of its kind came in this look, which is no fault of anybody
    baseline, candidate = pair
    match baseline, candidate:
        case Counted(), Counted() if trigger.kind is not TriggerKind.SCORE:
            return _of_events(trigger, before, baseline, candidate)
        case Sums(), Sums():
            return _of_sums(trigger, before, baseline, candidate)
    dealt = [_values(trigger, found, look, seed) for found in pair]
    return _of_values(trigger, before, *dealt)


def unread(trigger: Trigger, look: Look, threshold: float | None) -> Unread | None:
    """Return why a look says nothing about a trigger; nothing where it does."""
    found = _pair(trigger, look, threshold)
    return found if isinstance(found, Unread) else None


def _pair(
    trigger: Trigger, look: Look, threshold: float | None
) -> list[Counted | Values | Sums] | Unread:
    """Return what the baseline and the candidate showed, or why there is nothing to be read."""
    pair = []
    for arm in (Arm.BASELINE, Arm.CANDIDATE):
        seen = look.arms[arm].observed.get(trigger.name, Unread("nothing was read"))
        found = _sound(trigger, seen, threshold)
        if isinstance(found, Unread):
            return Unread(f"the {arm}: {found.why}")
        pair.append(found)
    return pair


def _sound(
    trigger: Trigger, found: Observed, threshold: float | None
) -> Counted | Values | Sums | Unread:
    """Return what an arm showed in a form the trigger's evidence takes, or why there is none."""
    match found:
        case Spread() if trigger.kind is TriggerKind.BEYOND and threshold is not None:
            chances = round(sum(found.cells.values()))
            return _whole(Counted(min(beyond(found.cells, threshold), chances), chances))
        case Counted() if trigger.kind is not TriggerKind.MEAN:
            return _whole(found)
        case Sums() if trigger.kind is TriggerKind.MEAN:
            return _finite(found)
        case Values() if trigger.kind is TriggerKind.SCORE:
            return _within(found, trigger.metric.support)
    if isinstance(found, Unread):
        return found
    return Unread(f"{type(found).__name__.lower()}, which say nothing about {trigger.kind}")


def _size(found: Counted | Values | Sums) -> int:
    """Return how many values there were."""
    match found:
        case Counted():
            return found.chances
        case Values():
            return len(found.values)
    return found.count


def _whole(found: Counted) -> Counted | Unread:
    if not 0 <= found.found <= found.chances:
        return Unread(f"{found.found:g} events among {found.chances:,} chances")
    return found


def _finite(found: Sums) -> Sums | Unread:
    if not (math.isfinite(found.total) and math.isfinite(found.squares)):
        return Unread("a value without an end")
    return found


def _within(found: Values, support: Support) -> Values | Unread:
    if not all(map(math.isfinite, found.values)):
        return Unread("a value that is no number")
    lowest = min(found.values, default=support.lower)
    highest = max(found.values, default=support.lower)
    if lowest < support.lower - ROUNDING or highest > support.upper + ROUNDING:
        return Unread(f"a value outside {support.lower:g} to {support.upper:g}")
    return found


# ---------------------------------------------------------------- one kind of evidence each


def _of_events(
    trigger: Trigger, before: Evidence, baseline: Counted, candidate: Counted
) -> Evidence:
    after = _counted(before, (baseline.found, candidate.found), baseline, candidate)
    versus = after_events(
        before.versus,
        Events(candidate.found, candidate.chances),
        Events(baseline.found, baseline.chances),
        trigger.tolerated,
    )
    log_e = log_e_of(versus)
    if trigger.limit is not None:
        alone = Events(after.found[1], after.chances[1])
        log_e = min(log_e, log_e_above(alone, trigger.limit))
    return _risen(replace(after, versus=versus), log_e)


def with_first_events(
    trigger: Trigger,
    before: Evidence,
    strata: Iterable[tuple[Events, Events]],
    seen: tuple[Counted, Counted],
) -> Evidence:
    """Return the evidence after events of users who came before and had none.

    Args:
        trigger: one that compares events.
        before: its evidence, which holds those who came first in this look.
        strata: by the look in which users first came, their events and how many of them had none
            before, of the candidate and of the baseline. Whoever is dealt the event is as likely to be
            the candidate's as its part of those says, whatever else is known.
        seen: what came of these users in this look, baseline first.
    """
    versus = before.versus
    for candidate, baseline in strata:
        versus = after_events(versus, candidate, baseline, trigger.tolerated)
    after = _counted(before, (seen[0].found, seen[1].found), *seen)
    return _risen(replace(after, versus=versus), log_e_of(versus))


def _of_values(
    trigger: Trigger, before: Evidence, baseline: FloatArray, candidate: FloatArray
) -> Evidence:
    after = replace(
        before,
        found=_plus(before.found, float(baseline.sum()), float(candidate.sum())),
        squares=_plus(before.squares, _squared(baseline), _squared(candidate)),
        chances=_more(before.chances, baseline.size, candidate.size),
    )
    pairs = trigger.sign * differences(candidate, baseline, trigger.factor)
    versus = after_values(before.versus, pairs, trigger.tolerated, difference_support(trigger))
    log_e, alone = log_e_of(versus), before.alone
    if trigger.limit is not None:
        own = signed(trigger.metric.support, trigger.sign)
        alone = after_values(alone, trigger.sign * candidate, trigger.sign * trigger.limit, own)
        log_e = min(log_e, log_e_of(alone))
    return _risen(replace(after, versus=versus, alone=alone), log_e)


def _of_sums(trigger: Trigger, before: Evidence, baseline: Sums, candidate: Sums) -> Evidence:
    after = replace(
        before,
        found=_plus(before.found, baseline.total, candidate.total),
        squares=_plus(before.squares, baseline.squares, candidate.squares),
        chances=_more(before.chances, baseline.count, candidate.count),
    )
    own = Moments(candidate.count, candidate.total, candidate.squares)
    versus = LargeSample(*before.versus).after(
        own,
        Moments(baseline.count, baseline.total, baseline.squares),
        sign=trigger.sign,
        factor=trigger.factor,
        tolerated=trigger.tolerated,
    )
    log_e, alone = versus.log_e(trigger.alpha, trigger.factor), before.alone
    if trigger.limit is not None:
        against = LargeSample(*alone).alone(own, sign=trigger.sign, limit=trigger.limit)
        log_e, alone = min(log_e, against.log_e(trigger.alpha, 1.0)), against.numbers
    return _risen(replace(after, versus=versus.numbers, alone=alone), log_e)


# ---------------------------------------------------------------- parts


def signed(support: Support, sign: int) -> Support:
    """Return where values lie that are taken as they are, or negated."""
    return support if sign > 0 else Support(0.0 - support.upper, 0.0 - support.lower)


def difference_support(trigger: Trigger) -> Support:
    """Return where what a trigger compares lies: ``sign · (candidate − factor · baseline)``."""
    own = trigger.metric.support
    return signed(own.minus(own, factor=trigger.factor), trigger.sign)


def _values(trigger: Trigger, found: Counted | Values | Sums, look: Look, seed: int) -> FloatArray:
    """Return the values of an arm; of events of which only the number is known, in a random order.

    Any order that does not depend on what they are is as good as the one they came in.
    """
    if isinstance(found, Values):
        return np.array(found.values)
    assert isinstance(found, Counted)
    dealt: FloatArray = np.clip(found.found - np.arange(found.chances), 0.0, 1.0)
    key = zlib.crc32(trigger.name.encode()), found.chances
    np.random.default_rng((seed, int(look.start), *key)).shuffle(dealt)
    return dealt


def _counted(
    before: Evidence, found: tuple[float, float], baseline: Counted, candidate: Counted
) -> Evidence:
    return replace(
        before,
        found=_plus(before.found, *found),
        squares=_plus(before.squares, *found),
        chances=_more(before.chances, baseline.chances, candidate.chances),
    )


def _risen(after: Evidence, log_e: float) -> Evidence:
    return replace(after, log_e=log_e, highest=max(after.highest, log_e))


def _squared(values: FloatArray) -> float:
    return float((values * values).sum())


def _plus(before: tuple[float, float], baseline: float, candidate: float) -> tuple[float, float]:
    return before[0] + baseline, before[1] + candidate


def _more(before: tuple[int, int], baseline: int, candidate: int) -> tuple[int, int]:
    return before[0] + baseline, before[1] + candidate
