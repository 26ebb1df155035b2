"""A line of the contract becomes a bound, or the sentence that says why it cannot be one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from evalkit.core.envelope import (
    EVERYTHING,
    NON_NEGATIVE,
    UNIT_INTERVAL,
    USUAL_STATISTIC,
    Bound,
    Kind,
    Limit,
    LimitKind,
    Method,
    Metric,
    Scope,
    Slice,
    Statistic,
    Support,
)
from evalkit.core.model import Arm, Snapshot
from evalkit.core.ports import Value
from evalkit.spec.document import Trail
from evalkit.spec.grammar import BoundFile, EnvelopeFile, ShiftFile, SidesFile, SliceFile
from evalkit.spec.metrics import Metrics
from evalkit.spec.problems import Problems
from evalkit.spec.snapshots import is_live
from evalkit.spec.words import Quantity

RANGE_WORTH_TAKING = 4
"""A range this many times the limit costs more cases than it saves: engine T then stays."""


class WrittenBound(NamedTuple):
    """A bound, where it is written, and whether somebody gave it its name."""

    bound: Bound
    trail: Trail
    named: bool


@dataclass(frozen=True, slots=True)
class BoundReader:
    """Turns the bounds of one envelope file into bounds."""

    file: EnvelopeFile
    metrics: Metrics
    snapshots: Mapping[Arm, Snapshot]
    problems: Problems
    at: Trail = ("bounds",)

    def bounds(self) -> Iterator[WrittenBound]:
        """Yield each bound with the place it is written at; ``each`` makes one bound a tag."""
        for index, line in enumerate(self.file.bounds):
            trail: Trail = (*self.at, index)
            if line.on is not None and line.each is not None:
                self.problems.add(trail, "give on or each, not both")
                continue
            if line.each is not None and len(set(line.each)) < len(line.each):
                self.problems.add((*trail, "each"), "a tag stands twice")
                continue
            slices = [Slice(any_of=(tag,)) for tag in line.each] if line.each else [_slice(line.on)]
            for part in slices:
                before = len(self.problems.found)
                bound = self._bound(line, part, trail)
                if bound is not None:
                    yield WrittenBound(bound, trail, named=line.name is not None)
                if len(self.problems.found) > before:
                    break  # what is wrong with one tag's bound is wrong with the next one's too

    def _bound(self, line: BoundFile, part: Slice, trail: Trail) -> Bound | None:
        metric = self.metrics.named(line.metric, (*trail, "metric"))
        if metric is None:
            return None
        before = len(self.problems.found)
        statistic = self._statistic(line, metric, trail)
        limit = self._limit(line, metric, trail)
        metric = self._ranged(line, metric, limit, trail)
        if limit is not None and len(self.problems.found) == before:
            self._refuse_empty(limit, metric, trail)
            self._refuse_uncorrected(limit, statistic, metric, trail)
            self._refuse_unlike_times(line, limit, metric, trail)
        if limit is None or len(self.problems.found) > before:
            return None
        defaults = self.file
        found = Bound(
            name=_name(line, statistic, part, metric.kind),
            metric=metric,
            statistic=statistic,
            limit=limit,
            slice=part,
            require=line.require or defaults.require,
            severity=line.severity or defaults.severity,
            confidence=line.confidence or defaults.confidence,
            scope=line.scope or defaults.scope,
            recorded_time=line.recorded_time is not None,
        )
        return replace(found, method=self._method(line, found, trail))

    # ------------------------------------------------------------ method

    def _method(self, line: BoundFile, bound: Bound, trail: Trail) -> Method:
        """Return how the limits are computed: as the bound says, or by betting to stop early."""
        stops = self.file.early_stop == "betting"
        if line.method is None:
            bet = stops and self._not_bet_on(bound) is None
            return Method.BETTING if bet else Method.USUAL
        method = Method(line.method)
        refusals: dict[Method, Callable[[Bound], str | None]] = {
            Method.BETTING: self._not_bet_on,
            Method.EXACT: partial(_not_exact, repeats=self.file.repeats),
            Method.MOVER: _not_mover,
        }
        why = refusals[method](bound)
        if why is not None:
            self.problems.add((*trail, "method"), f"{method} {why}")
        return method

    def _not_bet_on(self, bound: Bound) -> str | None:
        if self.metrics.plugins[bound.metric.instrument].across is not None:
            return "needs values that stay as they are, and the answers to later cases change these"
        return cannot_be_bet_on(bound)

    # ------------------------------------------------------------ statistic

    def _statistic(self, line: BoundFile, metric: Metric, trail: Trail) -> Statistic:
        found = USUAL_STATISTIC[metric.kind]
        if line.statistic is not None:
            found = Statistic.parse(line.statistic)
        if found.name == "rate" and metric.kind is not Kind.RATE:
            self.problems.add(
                (*trail, "statistic"),
                f"{metric.name} is no rate; expected mean or a quantile",
            )
        if found.quantile is not None and metric.kind is Kind.RATE:
            self.problems.add(
                (*trail, "statistic"),
                f"{metric.name} is 0 or 1 a sample, its quantiles say nothing",
            )
        return found

    # ------------------------------------------------------------ limit

    def _limit(self, line: BoundFile, metric: Metric, trail: Trail) -> Limit | None:
        written = [
            name
            for name, given in (
                ("min/max", line.min or line.max), ("delta", line.delta),
                ("ratio", line.ratio), ("shift", line.shift),
            )
            if given is not None
        ]  # fmt: skip
        if len(written) != 1:
            found = " and ".join(written) or "none"
            self.problems.add(
                trail, f"expected one of min/max, delta, ratio or shift, found {found}"
            )
            return None
        if line.shift is not None:
            return self._shift(line, line.shift, metric, (*trail, "shift"))
        if metric.kind is Kind.CATEGORY:
            self.problems.add(trail, f"{metric.name} is a category; only shift can bound it")
            return None
        kind, sides = _sides(line)
        if kind is not LimitKind.ABSOLUTE:
            self._refuse_unlike_arms(kind, metric, (*trail, kind.value))
        return self._limit_of(kind, sides, metric, trail)

    def _shift(
        self, line: BoundFile, given: ShiftFile, metric: Metric, trail: Trail
    ) -> Limit | None:
        """Return how far the two distributions may lie apart; categories differ in their shares."""
        category = metric.kind is Kind.CATEGORY
        distance = given.distance or ("tv" if category else "ks")
        before = len(self.problems.found)
        if category and distance != "tv":
            self.problems.add(
                (*trail, "distance"), f"{metric.name} is a category; its distance is tv"
            )
        if not category and distance == "tv":
            self.problems.add(
                (*trail, "distance"), f"{metric.name} is a number; its distance is ks or w1"
            )
        if line.statistic is not None:
            self.problems.add(
                (*trail[:-1], "statistic"), "a shift is about all values; leave statistic out"
            )
        if line.scope is Scope.GOLDEN_SET:
            self.problems.add(
                (*trail[:-1], "scope"), "a shift is about the traffic; leave scope out"
            )
        self._refuse_unlike_arms(LimitKind.SHIFT, metric, trail)
        most = given.max.value
        if not 0 < most < (math.inf if distance == "w1" else 1):
            room = "above 0" if distance == "w1" else "between 0 and 1"
            self.problems.add((*trail, "max"), f"expected a distance {room}, found {most:g}")
        if len(self.problems.found) > before:
            return None
        return Limit(LimitKind.SHIFT, max=most, distance=distance)

    def _refuse_unlike_arms(self, kind: LimitKind, metric: Metric, trail: Trail) -> None:
        """Note a comparison that lacks a baseline, or reads the two arms in two ways."""
        if self.file.baseline is None:
            self.problems.add(trail, f"{kind} compares with a baseline; add baseline:")
            return
        remote = self.metrics.plugins[metric.instrument].remote
        if remote is not None and remote.compares:
            self.problems.add(
                trail,
                f"{metric.name} compares the two arms itself, so that only the candidate has it; write "
                "min: or max: in place of this, where 0.5 says that neither is better",
            )
            return
        for name in self.metrics.plugins[metric.instrument].from_snapshot.values():
            given = [arm for arm, found in self.snapshots.items() if getattr(found, name)]
            if len(given) == 1:
                self.problems.add(
                    trail,
                    f"{metric.name} is read with {name}, which only the {given[0]} has; "
                    "give both arms theirs, or neither",
                )

    def _refuse_unlike_times(
        self, line: BoundFile, limit: Limit, metric: Metric, trail: Trail
    ) -> None:
        """Note a time of today that is compared with a recorded one: of another day and network."""
        live = [arm for arm, snapshot in self.snapshots.items() if is_live(snapshot)]
        unlike = limit.compares and metric.kind is Kind.TIME and len(live) == 1
        if unlike and line.recorded_time is None:
            self.problems.add(
                trail,
                f"the {live[0]} is asked live and the other arm is recorded: their times are of "
                "different days; write max: instead, ask both live, or say recorded_time: comparable",
            )
        elif line.recorded_time is not None and not unlike:
            self.problems.add(
                (*trail, "recorded_time"),
                "is for a time that compares a live with a recorded arm; leave it out",
            )

    def _limit_of(
        self, kind: LimitKind, sides: SidesFile, metric: Metric, trail: Trail
    ) -> Limit | None:
        if _is_margin(kind, sides):
            high = self._number(kind, sides.max, metric, (*trail, kind.value))
            return None if high is None else Limit(kind, 0.0 - high, high)
        inside: Trail = trail if kind is LimitKind.ABSOLUTE else (*trail, kind.value)
        low = self._number(kind, sides.min, metric, (*inside, "min"))
        high = self._number(kind, sides.max, metric, (*inside, "max"))
        if low is None and high is None:
            self.problems.add((*trail, kind.value), "expected min, max or both, found neither")
            return None
        if low is not None and high is not None and low > high:
            self.problems.add(trail, f"min {low:g} lies above max {high:g}: nothing is acceptable")
            return None
        return Limit(kind, low, high)

    def _number(
        self, kind: LimitKind, given: Quantity | None, metric: Metric, trail: Trail
    ) -> float | None:
        if given is None:
            return None
        value = given.value
        bounded = metric.kind in {Kind.RATE, Kind.SCORE}
        if kind is LimitKind.RATIO:
            if value < 0:
                self.problems.add(trail, f"a ratio is at least 0, found {value:g}")
        elif given.percent and not bounded:
            self.problems.add(trail, _percent_of_amount(kind, metric, value))
        elif bounded and not given.percent and abs(value) > metric.support.upper:
            self.problems.add(trail, _out_of_support(kind, metric, value))
        return value

    # ------------------------------------------------------------ range

    def _ranged(self, line: BoundFile, metric: Metric, limit: Limit | None, trail: Trail) -> Metric:
        """Return the metric with the range this bound may rely on."""
        if line.range is not None:
            found = self.metrics.ranged(metric, Support(*line.range), (*trail, "range"))
            return metric if found is None else found
        cap = self._cap(self.metrics.value(metric))
        if cap is None or metric.range_declared or limit is None or limit.kind is LimitKind.RATIO:
            return metric
        if limit.max is None or cap > RANGE_WORTH_TAKING * limit.max:
            return metric
        return replace(metric, support=Support(0.0, cap), range_declared=True)

    def _cap(self, value: Value) -> float | None:
        """Return the sampling parameter that caps a value, where both arms were given one."""
        caps = [snapshot.params.get(value.limited_by or "") for snapshot in self.snapshots.values()]
        numbers = [
            float(cap)
            for cap in caps
            if isinstance(cap, (int, float)) and not isinstance(cap, bool) and cap > 0
        ]
        return max(numbers) if numbers and len(numbers) == len(caps) else None

    def _refuse_uncorrected(
        self, limit: Limit, statistic: Statistic, metric: Metric, trail: Trail
    ) -> None:
        """Note a bound that labels of people cannot correct."""
        if metric.calibration is None:
            return
        if limit.kind is LimitKind.SHIFT:
            self.problems.add(
                (*trail, "shift"),
                f"the calibration of {metric.name} corrects its mean, not a distance; bound a delta",
            )
        elif statistic.quantile is not None:
            self.problems.add(
                (*trail, "statistic"),
                f"the calibration of {metric.name} corrects its mean, not a quantile",
            )

    def _refuse_empty(self, limit: Limit, metric: Metric, trail: Trail) -> None:
        """Note a limit that every value keeps, or none: neither can be a contract."""
        if limit.kind is LimitKind.SHIFT:
            return
        support = metric.support
        possible = {
            LimitKind.DELTA: support.minus(support), LimitKind.RATIO: NON_NEGATIVE,
        }.get(limit.kind, support)  # fmt: skip
        low = -math.inf if limit.min is None else limit.min
        high = math.inf if limit.max is None else limit.max
        if low <= possible.lower and high >= possible.upper:
            self.problems.add(trail, f"every {metric.name} keeps this limit, so it says nothing")
        elif low > possible.upper or high < possible.lower:
            self.problems.add(trail, f"no {metric.name} can keep this limit")


# ---------------------------------------------------------------- parts


def cannot_be_bet_on(bound: Bound) -> str | None:
    """Return why a bound cannot be judged by engine S; nothing where it can."""
    if bound.metric.calibration is not None:
        return "is not for a metric that is calibrated"
    if bound.limit.kind is LimitKind.SHIFT:
        return "is for means, rates and quantiles of one arm, not for a shift"
    if bound.limit.kind is LimitKind.RATIO:
        return "is not for ratios; bound a delta instead"
    if bound.scope is Scope.GOLDEN_SET:
        return "is about the traffic behind the cases; leave scope: golden-set out"
    if bound.statistic.quantile is not None:
        return None if not bound.limit.compares else "is not for quantiles that are compared"
    bounded = bound.metric.support.bounded
    return None if bounded else "needs the ends of the values: write range: [low, high]"


def _not_exact(bound: Bound, *, repeats: int | str) -> str | None:
    if bound.metric.calibration is not None:
        return "is not for a metric that is calibrated"
    if bound.limit.kind is not LimitKind.DELTA or bound.metric.kind is not Kind.RATE:
        return "is the test of a delta of a rate"
    if repeats != 1:
        return "takes one draw a case; leave repeats out"
    if bound.scope is Scope.GOLDEN_SET:
        return "is about the traffic behind the cases; leave scope: golden-set out"
    return None


def _not_mover(bound: Bound) -> str | None:
    compared = bound.limit.kind in {LimitKind.DELTA, LimitKind.RATIO}
    if compared and bound.statistic.quantile is not None:
        return None
    return "is for a quantile that is compared with the baseline's"


def _slice(file: SliceFile | None) -> Slice:
    if file is None:
        return EVERYTHING
    where = tuple(
        (key, tuple(values) if isinstance(values, list) else (values,))
        for key, values in sorted(file.where.items())
    )
    return Slice(tuple(file.any), tuple(file.all), where)


def _sides(line: BoundFile) -> tuple[LimitKind, SidesFile]:
    if line.delta is not None:
        return LimitKind.DELTA, line.delta
    if line.ratio is not None:
        return LimitKind.RATIO, line.ratio
    return LimitKind.ABSOLUTE, SidesFile.model_construct(min=line.min, max=line.max)


def _is_margin(kind: LimitKind, sides: SidesFile) -> bool:
    """Return whether a delta was written as one number: ``3%`` is ``{min: -3%, max: 3%}``."""
    low, high = sides.min, sides.max
    return (
        kind is LimitKind.DELTA
        and low is not None
        and high is not None
        and (low.percent, -low.value) == (high.percent, high.value)
    )


def _name(line: BoundFile, statistic: Statistic, part: Slice, kind: Kind) -> str:
    """Return the name a bound was given, or METRIC[.STATISTIC][@SLICE]; ``each`` needs the slice."""
    usual = USUAL_STATISTIC[kind] == statistic or line.shift is not None
    at = f"@{part.name}" if part.name else ""
    if line.name is not None:
        return line.name + (at if line.each else "")
    return line.metric + ("" if usual else f".{statistic.name}") + at


def _out_of_support(kind: LimitKind, metric: Metric, value: float) -> str:
    support = metric.support
    text = f"{metric.name} lies between {support.lower:g} and {support.upper:g}, found {value:g}"
    percent = (
        support == UNIT_INTERVAL
        and abs(value) <= 100
        and (value > 0 or kind is not LimitKind.ABSOLUTE)
    )
    return f"{text}; did you mean {value:g}%?" if percent else text


def _percent_of_amount(kind: LimitKind, metric: Metric, value: float) -> str:
    text = f"{metric.name} is not a share, so {value:.0%} of what?"
    if kind is LimitKind.DELTA:
        margin = abs(value)
        return f"{text} Write ratio: {{min: {1 - margin:g}, max: {1 + margin:g}}}"
    return f"{text} Write the number"
