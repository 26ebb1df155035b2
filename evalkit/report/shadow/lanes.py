"""A course becomes a figure: both arms by hour, one point an hour, the candidate with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evalkit.core.envelope import Limit, LimitKind
from evalkit.core.model import Arm
from evalkit.core.shadow import Course, Figure, Window
from evalkit.core.verdict import Estimate, Unmeasured
from evalkit.core.wording import SPACE, side_text
from evalkit.report.cases.pairs import anchor
from evalkit.report.figures.histogram import round_values
from evalkit.report.figures.plot import percent
from evalkit.report.shadow.words import (
    change_text,
    day_text,
    figure_title,
    short_hour,
    trend_text,
    window_text,
    worst_text,
)

WIDE, HIGH = 1000, 100
"""The grid that lines are drawn on; the page stretches it to the width there is."""
HEIGHT = 120
MOST_HOURS = 24 * 14
"""Longer courses are drawn by day."""
MOST_TICKS = 8
DAY = 24


@dataclass(frozen=True, slots=True)
class Tick:
    """A number beside an axis."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class LaneLine:
    """One arm: a path through its values, and a band of their intervals."""

    arm: Arm
    line: str
    band: str


@dataclass(frozen=True, slots=True)
class Row:
    """One day in the table of a figure."""

    day: str
    requests: str
    levels: str
    change: str


@dataclass(frozen=True, slots=True)
class CourseFigure:
    """A figure over time, ready to be drawn; ``marked`` is the worst hour, where it is told."""

    id: str
    title: str
    said: tuple[str, ...]
    description: str
    lanes: tuple[LaneLine, ...]
    nights: tuple[str, ...]
    marked: str
    limits: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]


def course_figure(course: Course, place: int) -> CourseFigure:
    """Return how a course is drawn and what is said of it."""
    windows = course.hours if len(course.hours) <= MOST_HOURS else course.days
    title = figure_title(course.figure)
    worst, trend = worst_text(course), trend_text(course)
    said = [f"Worst hour: {worst}." if worst else "", f"{_sentence(trend)}." if trend else ""]
    scale = _Scale.of(windows)
    told = course.worst is not None and course.worst.told
    return CourseFigure(
        id=anchor("course", str(place)),
        title=title,
        said=tuple(filter(None, said)),
        description=_description(course, windows),
        lanes=tuple(_lanes(windows, scale)),
        nights=tuple(f"{scale.x(day):.1f}" for day in scale.days),
        marked=f"{scale.x(course.worst.window.start + 0.5):.1f}" if told and course.worst else "",
        limits=tuple(_limits(course.figure, scale)),
        ticks=tuple(_ticks(scale)),
        rows=tuple(_row(course.figure, window) for window in course.days),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _description(course: Course, windows: Sequence[Window]) -> str:
    if not windows:
        return "No request has a time."
    first, last = windows[0], windows[-1]
    return (
        f"{len(windows):,} points from {short_hour(first.start)} "
        f"({window_text(course.figure, first)}) to {short_hour(last.start)} "
        f"({window_text(course.figure, last)})."
    )


# ---------------------------------------------------------------- scale


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where hours and values lie: time from left to right, the largest value on top."""

    start: int
    end: int
    low: float
    high: float

    @classmethod
    def of(cls, windows: Sequence[Window]) -> _Scale:
        """Return the scale that holds all values, and intervals up to twice as far."""
        if not windows:
            return cls(0, 1, 0.0, 1.0)
        values = [
            found.value
            for window in windows
            for found in (window.baseline, window.candidate)
            if isinstance(found, Estimate)
        ]
        low, high = min(values, default=0.0), max(values, default=1.0)
        room = (high - low) / 5 or abs(high) / 5 or 0.5
        start, end = windows[0].start, windows[-1].start + windows[-1].hours
        return cls(start, end, low - room if low < 0 else max(0.0, low - room), high + room)

    @property
    def days(self) -> list[int]:
        """The hours at which days begin."""
        first = self.start + -self.start % DAY
        return list(range(first, self.end, DAY))

    def x(self, hour: float) -> float:
        """Return where an hour lies, in units."""
        return WIDE * (hour - self.start) / (self.end - self.start)

    def y(self, value: float) -> float:
        """Return where a value lies, in units; what is beyond an end lies on it."""
        share = (value - self.low) / (self.high - self.low)
        return HIGH * (1 - min(1.0, max(0.0, share if math.isfinite(share) else share > 0)))


# ---------------------------------------------------------------- lines


def _lanes(windows: Sequence[Window], scale: _Scale) -> Iterator[LaneLine]:
    of: dict[Arm, Callable[[Window], Estimate | Unmeasured]] = {
        Arm.BASELINE: lambda window: window.baseline,
        Arm.CANDIDATE: lambda window: window.candidate,
    }
    for arm, read in of.items():
        runs = _runs(windows, read)
        line = "".join(_path(run, scale) for run in runs)
        band = "".join(_band(run, scale) for run in runs) if arm is Arm.CANDIDATE else ""
        yield LaneLine(arm, line, band)


def _runs(
    windows: Sequence[Window], read: Callable[[Window], Estimate | Unmeasured]
) -> list[list[tuple[float, Estimate]]]:
    """Return the values in stretches without a gap."""
    runs: list[list[tuple[float, Estimate]]] = [[]]
    before = None
    for window in windows:
        found = read(window)
        if not isinstance(found, Estimate) or (before is not None and window.start != before):
            runs.append([])
        if isinstance(found, Estimate):
            runs[-1].append((window.start + window.hours / 2, found))
        before = window.start + window.hours
    return [run for run in runs if run]


def _path(run: Sequence[tuple[float, Estimate]], scale: _Scale) -> str:
    points = [f"{scale.x(at):.1f} {scale.y(found.value):.1f}" for at, found in run]
    # A point alone is a line of no length, whose round ends are seen.
    return f"M{'L'.join(points)}" if len(points) > 1 else f"M{points[0]}h.1"


def _band(run: Sequence[tuple[float, Estimate]], scale: _Scale) -> str:
    above = [f"{scale.x(at):.1f} {scale.y(found.upper):.1f}" for at, found in run]
    below = [f"{scale.x(at):.1f} {scale.y(found.lower):.1f}" for at, found in reversed(run)]
    return f"M{'L'.join([*above, *below])}Z" if len(run) > 1 else ""


def _limits(figure: Figure, scale: _Scale) -> Iterator[Tick]:
    for value in round_values(scale.low, scale.high, logarithmic=False)[::2]:
        limit = Limit(LimitKind.ABSOLUTE, max=value)
        text = side_text(value, limit, figure.kind, figure.unit)
        shown = text if figure.unit == "ms" else text.removesuffix(f"{SPACE}{figure.unit}")
        yield Tick(str(round(HEIGHT * scale.y(value) / HIGH) + 4), shown)


def _ticks(scale: _Scale) -> Iterator[Tick]:
    days = scale.days or [scale.start]
    step = -(-len(days) // MOST_TICKS)
    for day in days[::step]:
        yield Tick(percent(min(scale.x(day) / WIDE + 0.02, 1.0)), day_text(day))


def _row(figure: Figure, window: Window) -> Row:
    effect = window.effect
    return Row(
        day=day_text(window.start),
        requests=" + ".join(f"{count:,}" for count in window.requests.values()),
        levels=window_text(figure, window),
        change=change_text(figure, effect) if isinstance(effect, Estimate) else "–",
    )
