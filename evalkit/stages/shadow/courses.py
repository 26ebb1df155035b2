"""Tallies by hour become courses: windows, whether the arms drift apart, and the worst hour.

Assumes: hours are independent of each other; users who come back in both halves of the time make the
trend's interval a little too narrow, so it is called approximate. Where hours are looked through for
the worst, each is given 0.05 / (2 · hours) a side, so that all of their limits hold together.
Reference: the difference of two estimates by their own limits, Zou & Donner (2008), "Construction of
confidence intervals about effect measures", Statistics in Medicine 27.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from evalkit.core.envelope import LimitKind, Statistic
from evalkit.core.model import Arm
from evalkit.core.shadow import Course, Extreme, Figure, Trend, Window
from evalkit.core.verdict import Estimate, Reason, Unmeasured
from evalkit.stages.shadow.block import ARMS, Measure
from evalkit.stages.shadow.estimates import Counted, counts, delta, estimate, reach, single
from evalkit.stages.shadow.logs import Logs
from evalkit.stats.binomial import lower_limit, upper_limit
from evalkit.stats.engines.protocol import Engine

DAY = 24
CONFIDENCE = 0.95
LEAST_REQUESTS = 30
LEAST_OF_MEANS = 100
"""An hour of fewer in an arm is shown, but not looked at for the worst; a mean needs more for its t."""
LEAST_HOURS = 4
"""Of fewer hours no trend is told."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Logs by hour, by day and in two halves, cut once for all figures.

    Each part stands under the hour that it begins with. ``halves`` have about as many requests each;
    of few hours there are none.
    """

    whole: Logs
    hours: Mapping[int, Logs]
    days: Mapping[int, Logs]
    halves: Mapping[int, Logs]

    @classmethod
    def of(cls, logs: Logs) -> Timed:
        """Return logs with their parts."""
        starts = [int(hour) for hour in logs.tally.hours]
        hours = {hour: logs.within(hour, hour + 1) for hour in starts}
        days = sorted({hour - hour % DAY for hour in starts})
        halves = {}
        if len(hours) >= LEAST_HOURS:
            first, split, end = starts[0], _half(hours), starts[-1] + 1
            halves = {first: logs.within(first, split), split: logs.within(split, end)}
        return cls(logs, hours, {day: logs.within(day, day + DAY) for day in days}, halves)


def course(timed: Timed, measure: Measure, statistic: Statistic, figure: Figure) -> Course:
    """Return a figure by hour and by day, with what is said of all of it."""
    windows = tuple(
        _window(part, measure, statistic, (hour, hour + 1)) for hour, part in timed.hours.items()
    )
    days = tuple(
        _window(part, measure, statistic, (day, day + DAY)) for day, part in timed.days.items()
    )
    return Course(
        figure=figure,
        hours=windows,
        days=days,
        trend=_trend(timed.halves, measure, statistic),
        worst=_worst(timed, measure, statistic, windows),
    )


def _window(part: Logs, measure: Measure, statistic: Statistic, span: tuple[int, int]) -> Window:
    return Window(
        start=span[0],
        hours=span[1] - span[0],
        requests={arm: part.tally.rows(ARMS.index(arm)) for arm in ARMS},
        baseline=_arm(part, measure, Arm.BASELINE, statistic),
        candidate=_arm(part, measure, Arm.CANDIDATE, statistic),
        effect=_effect(part, measure, statistic, CONFIDENCE) if span[1] - span[0] > 1 else None,
    )


def _arm(logs: Logs, measure: Measure, arm: Arm, statistic: Statistic) -> Estimate | Unmeasured:
    engine = single(logs, measure, arm, statistic)
    if measure.rate and not isinstance(engine, Unmeasured):
        return _rate(engine.value, counts(logs, measure, arm))
    return _finite(engine, counts(logs, measure, arm), measure, LimitKind.ABSOLUTE, CONFIDENCE)


def _rate(rate: float, found: Counted) -> Estimate:
    """Return the estimate of a rate of independent requests: many windows are wanted at once."""
    ones, alpha = round(rate * found.n), 1 - CONFIDENCE
    return Estimate(
        value=rate,
        lower=lower_limit(ones, found.n, alpha),
        upper=upper_limit(ones, found.n, alpha),
        confidence=CONFIDENCE,
        n=found.n,
        samples=found.n + found.missing,
        clusters=found.n,
        missing=found.missing,
        method="Clopper–Pearson",
    )


def _effect(
    logs: Logs, measure: Measure, statistic: Statistic, confidence: float
) -> Estimate | Unmeasured:
    found = counts(logs, measure, None, statistic=statistic)
    return _finite(delta(logs, measure, statistic), found, measure, LimitKind.DELTA, confidence)


def _finite(
    engine: Engine | Unmeasured,
    made_of: Counted,
    measure: Measure,
    kind: LimitKind,
    confidence: float,
) -> Estimate | Unmeasured:
    if isinstance(engine, Unmeasured):
        return engine
    found = estimate(engine, made_of, confidence, within=reach(measure, kind))
    if math.isfinite(found.value):
        return found
    return Unmeasured(Reason.NO_VALUES, "its value is infinite")


# ---------------------------------------------------------------- all hours together


def _trend(halves: Mapping[int, Logs], measure: Measure, statistic: Statistic) -> Trend | None:
    """Return by how much the difference of the arms moved; nothing where it cannot be told."""
    if not halves:
        return None
    _, split = halves
    # Half the level a side: a change in either direction would be told.
    level = 1 - (1 - CONFIDENCE) / 2
    first, second = (_effect(part, measure, statistic, level) for part in halves.values())
    if isinstance(first, Unmeasured) or isinstance(second, Unmeasured):
        return None
    change = second.value - first.value
    lower = change - math.hypot(second.value - second.lower, first.upper - first.value)
    upper = change + math.hypot(second.upper - second.value, first.value - first.lower)
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return None
    found = replace(
        second,
        value=change,
        lower=lower,
        upper=upper,
        confidence=CONFIDENCE,
        n=first.n + second.n,
        samples=first.samples + second.samples,
        clusters=first.clusters + second.clusters,
        missing=first.missing + second.missing,
        method=f"two halves, {second.method}",
        approximate=True,
    )
    return Trend(split, first.value, second.value, found, told=lower > 0 or upper < 0)


def _half(hours: Mapping[int, Logs]) -> int:
    """Return the hour at which half of the requests have come; each half has at least one hour."""
    starts, rows = list(hours), [part.tally.rows() for part in hours.values()]
    whole, seen = sum(rows), 0
    for place, count in enumerate(rows[:-1]):
        seen += count
        if 2 * seen >= whole:
            return starts[place + 1]
    return starts[-1]


def _worst(
    timed: Timed, measure: Measure, statistic: Statistic, windows: Sequence[Window]
) -> Extreme | None:
    """Return the hour that differs most from all hours, by what is certain of it."""
    whole = _effect(replace(timed.whole, groups=None), measure, statistic, CONFIDENCE)
    exact = measure.rate or statistic.quantile is not None
    least = LEAST_REQUESTS if exact else LEAST_OF_MEANS
    large = [window for window in windows if min(window.requests.values()) >= least]
    if isinstance(whole, Unmeasured) or len(large) < 2:
        return None
    confidence = 1 - (1 - CONFIDENCE) / (2 * len(large))
    found = list(_at_once(timed, measure, statistic, large, confidence))
    if not found:
        return None
    usual = whole.value
    window, effect = max(found, key=lambda item: (*_distance(item[1], usual), -item[0].start))
    return Extreme(
        window=window,
        effect=replace(effect, confidence=CONFIDENCE),
        windows=len(large),
        usual=usual,
        told=effect.lower > usual or effect.upper < usual,
    )


def _at_once(
    timed: Timed,
    measure: Measure,
    statistic: Statistic,
    windows: Sequence[Window],
    confidence: float,
) -> Iterator[tuple[Window, Estimate]]:
    for window in windows:
        effect = _effect(timed.hours[window.start], measure, statistic, confidence)
        if isinstance(effect, Estimate):
            yield window, effect


def _distance(effect: Estimate, usual: float) -> tuple[float, float]:
    """Return how far from usual an hour certainly is, and how far it was seen to be."""
    certain = max(effect.lower - usual, usual - effect.upper, 0.0)
    return certain, abs(effect.value - usual)
