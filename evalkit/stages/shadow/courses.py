"""Tallies by hour become courses: windows, whether the arms drift apart, and the worst hour.

Assumes: hours are independent of each other; users who come back in both halves of the time make the
trend's interval a little too narrow, so it is called approximate. Where hours are looked through for
the worst, each is given 0.05 / (2 · hours) a side, so that all of their limits hold together.
Reference: the difference of two estimates by their own limits, Zou & Donner (2008), "Construction of
confidence intervals about effect measures", Statistics in Medicine 27.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

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


def course(logs: Logs, measure: Measure, statistic: Statistic, figure: Figure) -> Course:
    """Return a figure by hour and by day, with what is said of all of it."""
    hours = [int(hour) for hour in logs.tally.hours]
    days = sorted({hour - hour % DAY for hour in hours})
    windows = tuple(_window(logs, measure, statistic, (hour, hour + 1)) for hour in hours)
    return Course(
        figure=figure,
        hours=windows,
        days=tuple(_window(logs, measure, statistic, (day, day + DAY)) for day in days),
        trend=_trend(logs, measure, statistic, hours),
        worst=_worst(logs, measure, statistic, windows),
    )


def _window(logs: Logs, measure: Measure, statistic: Statistic, span: tuple[int, int]) -> Window:
    part = logs.within(*span)
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


def _trend(
    logs: Logs, measure: Measure, statistic: Statistic, hours: Sequence[int]
) -> Trend | None:
    """Return by how much the difference of the arms moved; nothing where it cannot be told."""
    if len(hours) < LEAST_HOURS:
        return None
    split = _half(logs, hours)
    parts = [logs.within(*span) for span in ((hours[0], split), (split, hours[-1] + 1))]
    # Half the level a side: a change in either direction would be told.
    first, second = (_effect(part, measure, statistic, 1 - (1 - CONFIDENCE) / 2) for part in parts)
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


def _half(logs: Logs, hours: Sequence[int]) -> int:
    """Return the hour at which half of the requests have come; each half has at least one hour."""
    rows = [logs.tally.within(hour, hour + 1).rows() for hour in hours]
    whole, seen = sum(rows), 0
    for place, count in enumerate(rows[:-1]):
        seen += count
        if 2 * seen >= whole:
            return hours[place + 1]
    return hours[-1]


def _worst(
    logs: Logs, measure: Measure, statistic: Statistic, windows: Sequence[Window]
) -> Extreme | None:
    """Return the hour that differs most from all hours, by what is certain of it."""
    whole = _effect(replace(logs, groups=None), measure, statistic, CONFIDENCE)
    exact = measure.rate or statistic.quantile is not None
    least = LEAST_REQUESTS if exact else LEAST_OF_MEANS
    large = [window for window in windows if min(window.requests.values()) >= least]
    if isinstance(whole, Unmeasured) or len(large) < 2:
        return None
    confidence = 1 - (1 - CONFIDENCE) / (2 * len(large))
    found = list(_at_once(logs, measure, statistic, large, confidence))
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
    logs: Logs,
    measure: Measure,
    statistic: Statistic,
    windows: Sequence[Window],
    confidence: float,
) -> Iterator[tuple[Window, Estimate]]:
    for window in windows:
        part = logs.within(window.start, window.start + window.hours)
        effect = _effect(part, measure, statistic, confidence)
        if isinstance(effect, Estimate):
            yield window, effect


def _distance(effect: Estimate, usual: float) -> tuple[float, float]:
    """Return how far from usual an hour certainly is, and how far it was seen to be."""
    certain = max(effect.lower - usual, usual - effect.upper, 0.0)
    return certain, abs(effect.value - usual)
