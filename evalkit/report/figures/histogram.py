"""A histogram becomes a figure: two lanes on one shared axis, the baseline above."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from evalkit.core.envelope import Kind, Limit, LimitKind
from evalkit.core.model import Arm
from evalkit.core.verdict import Histogram
from evalkit.core.wording import SPACE, count_text, side_text, value_text
from evalkit.report.figures.plot import Align, percent

WIDE, HIGH = 1000, 100
"""The grid that outlines are drawn on; the page stretches it to the width there is."""

MOST_TICKS, NEAREST_TICKS = 6, 0.1
ZERO_SHARE = 0.09
"""How much of the width the bin of zeros takes, where a logarithmic axis has one."""

TICKED = ("p50", "p95")
TIME_UNIT = "ms"

Place: TypeAlias = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Tick:
    """A number on the axis; the outermost ones are aligned so that they do not stick out."""

    x: str
    align: Align
    text: str


@dataclass(frozen=True, slots=True)
class HistogramLane:
    """One arm: its outline, where p50 and p95 lie, the numbers in words, and all that for the ear."""

    arm: Arm
    outline: str
    ticks: tuple[str, ...]
    marks: str
    description: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A distribution in both arms, ready to be drawn."""

    metric: str
    caption: str
    lanes: tuple[HistogramLane, ...]
    ticks: tuple[Tick, ...]


def figure_of(histogram: Histogram) -> Figure:
    """Return how a histogram is drawn and what is said of it."""
    place = _axis(histogram)
    lanes = tuple(_lane(histogram, arm, place) for arm in histogram.counts)
    return Figure(
        metric=histogram.metric,
        caption=_caption(histogram),
        lanes=lanes,
        ticks=tuple(_ticks(histogram, place)),
    )


def _caption(histogram: Histogram) -> str:
    sizes = {
        arm: sum(counts) + histogram.zeros.get(arm, 0) for arm, counts in histogram.counts.items()
    }
    each = set(sizes.values())
    if len(each) == 1:
        counted = f"{count_text(each.pop(), 'sample')} an arm"
    else:
        counted = " and ".join(
            f"{count_text(size, f'{arm} sample')}" for arm, size in sizes.items()
        )
    unit = "US dollars" if histogram.unit == "usd" else histogram.unit
    scale = "log scale" if histogram.logarithmic else ""
    return ", ".join(part for part in (unit, scale, counted) if part)


# ---------------------------------------------------------------- axis


def _has_zeros(histogram: Histogram) -> bool:
    return histogram.logarithmic and any(histogram.zeros.values())


def _axis(histogram: Histogram) -> Place:
    """Return where a value lies, 0 at the left edge and 1 at the right one."""
    warp: Place = math.log if histogram.logarithmic else float
    start = ZERO_SHARE if _has_zeros(histogram) else 0.0
    low, high = warp(histogram.edges[0]), warp(histogram.edges[-1])
    width = high - low or 1.0

    def place(value: float) -> float:
        if histogram.logarithmic and value <= 0:
            return start / 2
        return start + (1 - start) * min(1.0, max(0.0, (warp(value) - low) / width))

    return place


def _ticks(histogram: Histogram, place: Place) -> Iterator[Tick]:
    """Yield numbers on the axis, none so close to the one before that they would touch."""
    low, high = histogram.edges[0], histogram.edges[-1]
    last = -1.0
    if _has_zeros(histogram):
        last = ZERO_SHARE / 2
        yield Tick(percent(last), "middle", "0")
    for value in round_values(low, high, logarithmic=histogram.logarithmic):
        x = place(value)
        if x - last >= NEAREST_TICKS:
            yield Tick(percent(x), _alignment(x), _tick_text(value, histogram.unit))
            last = x


def _alignment(x: float) -> Align:
    if x < 0.04:
        return "start"
    return "end" if x > 0.96 else "middle"


def round_values(low: float, high: float, *, logarithmic: bool) -> list[float]:
    """Return a few round numbers in a range, spread as its axis is.

    >>> round_values(7, 1600, logarithmic=True)
    [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]
    >>> round_values(0, 23, logarithmic=False)
    [0.0, 5.0, 10.0, 15.0, 20.0]
    """
    if high - low <= 1e-6 * abs(high):
        return [low]
    if logarithmic and high >= 8 * low:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in ((1, 2, 5), (1, 5), (1,)):
            found = [step * 10.0**decade for decade in decades for step in steps]
            found = [value for value in found if low <= value <= high]
            if len(found) <= MOST_TICKS + 1:
                return found
        return found[:: math.ceil(len(found) / MOST_TICKS)]
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    # A division that is off by its last bit must not lose a number at an end.
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{index * step:.10g}") for index in range(first, last + 1)]


# ---------------------------------------------------------------- lanes


def _lane(histogram: Histogram, arm: Arm, place: Place) -> HistogramLane:
    marks, kind = histogram.marks.get(arm, {}), _kind(histogram.unit)
    bars = [
        (place(low), place(high), count)
        for low, high, count in zip(
            histogram.edges, histogram.edges[1:], histogram.counts[arm], strict=False
        )
    ]
    if _has_zeros(histogram):
        bars.insert(0, (0.0, 0.8 * ZERO_SHARE, histogram.zeros.get(arm, 0)))
    words = " · ".join(
        f"{name} {_bare(value_text(value, kind, histogram.unit), histogram.unit)}"
        for name, value in marks.items()
    )
    size = count_text(sum(histogram.counts[arm]) + histogram.zeros.get(arm, 0), "sample")
    return HistogramLane(
        arm=arm,
        outline=_outline(bars),
        ticks=tuple(percent(place(marks[name])) for name in TICKED if name in marks),
        marks=words,
        description=f"{size}, {words}" if words else size,
    )


def _outline(bars: Sequence[tuple[float, float, int]]) -> str:
    """Return the path around bars, to the lane's own height; what is not 0 is never invisible."""
    most = max((count for _, _, count in bars), default=0) or 1
    path = [f"M0 {HIGH}"]
    at = 0
    for left, right, count in bars:
        start, end = round(WIDE * left), round(WIDE * right)
        if start > at:
            path.append(f"V{HIGH}H{start}")
        path.append(f"V{HIGH - max(round(HIGH * count / most), 2 if count else 0)}H{end}")
        at = end
    return "".join([*path, f"V{HIGH}H{WIDE}"])


def _kind(unit: str) -> Kind:
    return Kind.TIME if unit == TIME_UNIT else Kind.AMOUNT


def _tick_text(value: float, unit: str) -> str:
    return _bare(side_text(value, Limit(LimitKind.ABSOLUTE, max=value), _kind(unit), unit), unit)


def _bare(text: str, unit: str) -> str:
    """Return a value without the unit that the caption names; times keep theirs, ms or s."""
    return text if unit == TIME_UNIT else text.removesuffix(f"{SPACE}{unit}")
