"""What becomes of every true value becomes a figure: three areas over one axis, and words for it.

Places are shares of the width, so that one drawing fits a phone, a wide screen and a terminal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from evalkit.core.envelope import Kind, LimitKind
from evalkit.core.phrases import allowed
from evalkit.core.verdict import Chance, Estimate, Result
from evalkit.core.wording import Line, point_text, span_text
from evalkit.report.figures.histogram import round_values
from evalkit.report.figures.plot import Align, Stroke, Symbol, percent, side_label

WIDE, HIGH = 1000, 100
"""The grid that areas are drawn on; the page stretches it to the room there is."""

OFTEN = 0.8
"""What a gate can see is what it says at least 8 times in 10."""

NEAREST_TICKS = 0.1
LEAST_LABELLED = 0.3
ROOM_FOR_WORDS = 0.16
AXES = {
    LimitKind.ABSOLUTE: "true value of the candidate",
    LimitKind.DELTA: "true difference to the baseline",
    LimitKind.RATIO: "true ratio to the baseline",
    LimitKind.SHIFT: "true distance to the baseline",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A text at a place, the outermost ones aligned so that they do not stick out."""

    share: float
    text: str
    height: float = 0.0

    @property
    def x(self) -> str:
        """The place across, as SVG writes it."""
        return percent(self.share)

    @property
    def y(self) -> str:
        """The place down."""
        return percent(self.height)

    @property
    def align(self) -> Align:
        """Where the text stands beside its place."""
        if self.share < 0.05:
            return "start"
        return "end" if self.share > 0.95 else "middle"


@dataclass(frozen=True, slots=True)
class Under:
    """What lies under the axis: the interval of this run, or where an unchanged candidate is."""

    kind: str
    strokes: tuple[Stroke, ...]
    symbols: tuple[Symbol, ...]
    label: Mark


@dataclass(frozen=True, slots=True)
class Curve:
    """The operating characteristic of one bound, ready to be drawn.

    ``holds`` and ``broken`` are the edges of two areas, below the one and above the other; what is
    left is undecided. ``chances`` has the same numbers for a terminal. ``caption`` says in words what can be seen, ``short`` in
    one line.
    """

    title: str
    allowed: str
    axis: str
    caption: str
    short: str
    holds: str
    broken: str
    words: tuple[Mark, ...]
    limits: tuple[Mark, ...]
    ticks: tuple[Mark, ...]
    under: Under | None
    chances: tuple[tuple[float, float, float], ...]


def drawable(points: Sequence[Chance]) -> bool:
    """Return whether there is anything to draw: more than one true value."""
    return len(points) > 1 and points[0].truth < points[-1].truth


def curve_of(
    line: Line,
    points: Sequence[Chance],
    title: str,
    *,
    catches: tuple[float | None, float | None] = (None, None),
    unchanged: float | None = None,
    run: tuple[Estimate, Result] | None = None,
) -> Curve:
    """Return how a curve is drawn and what is said of it.

    Args:
        line: the bound.
        points: what becomes of it, in the order of the true values; they must be ``drawable``.
        title: what the bound is called here.
        catches: the values that are shown broken 8 times in 10, where they are known exactly.
        unchanged: the true value of an unchanged candidate, to be marked under the axis.
        run: the interval of a run and its result, to be drawn under the axis.
    """
    low, high = points[0].truth, points[-1].truth

    def place(value: float) -> float:
        return min(1.0, max(0.0, (value - low) / (high - low)))

    seen = _seen(line, points, catches)
    sides = [side for side in (line.limit.min, line.limit.max) if side is not None]
    under = None if unchanged is None else _unchanged(unchanged, place, low, high)
    return Curve(
        title=title,
        allowed=allowed(line),
        axis=_axis_name(line),
        caption=" ".join([_proven(line, seen), _caught(line, seen)]),
        short=" · ".join(_short(line, seen)),
        holds=_edge((place(p.truth), 1 - p.holds) for p in points),
        broken=_edge((place(p.truth), p.broken) for p in points),
        words=tuple(_words(points, place)),
        limits=tuple(Mark(place(side), side_label(line, side)) for side in sides),
        ticks=tuple(_ticks(line, low, high, place)),
        under=under if run is None else _run(*run, place, low, high),
        chances=tuple((place(p.truth), p.holds, p.broken) for p in points),
    )


# ---------------------------------------------------------------- words


def _axis_name(line: Line) -> str:
    """Return what the axis shows, with the unit that its numbers leave out."""
    name = AXES[line.limit.kind]
    if line.limit.kind is LimitKind.DELTA and line.kind is Kind.RATE:
        return f"{name}, in points"
    bare = line.limit.kind in {LimitKind.ABSOLUTE, LimitKind.DELTA} and line.kind is Kind.AMOUNT
    return f"{name}, in {line.unit}" if bare and line.unit not in {"", "usd"} else name


@dataclass(frozen=True, slots=True)
class _Seen:
    """The values between which the bound is proven often, and those beyond which it is broken."""

    holds: tuple[float, float] | None
    under: float | None
    over: float | None


def _seen(
    line: Line, points: Sequence[Chance], catches: tuple[float | None, float | None]
) -> _Seen:
    """Return what is said often: at points of the curve, so that it is said at least as often."""
    low, high = line.limit.min, line.limit.max
    holding = [point.truth for point in points if point.holds >= OFTEN]
    broken = [point.truth for point in points if point.broken >= OFTEN]
    under = [] if low is None else [truth for truth in broken if truth < low]
    over = [] if high is None else [truth for truth in broken if truth > high]
    return _Seen(
        holds=(min(holding), max(holding)) if holding else None,
        under=max(under, default=None) if catches[0] is None else catches[0],
        over=min(over, default=None) if catches[1] is None else catches[1],
    )


def _proven(line: Line, seen: _Seen) -> str:
    if seen.holds is None:
        return "0 of the values drawn are proven 8 times in 10."
    low, high = seen.holds
    if line.limit.max is None:
        where = f"at {point_text(line, low)} or more"
    elif line.limit.min is None:
        where = f"at {point_text(line, high)} or less"
    else:
        where = _between(line, low, high)
    return f"A candidate {where} is proven at least 8 times in 10."


def _caught(line: Line, seen: _Seen) -> str:
    match seen.under, seen.over:
        case None, None:
            return "0 of the values drawn are shown broken 8 times in 10."
        case None, float(over):
            where = f"at {point_text(line, over)} or more"
        case float(under), None:
            where = f"at {point_text(line, under)} or less"
        case under, over:
            where = f"outside {span_text(line, under or 0.0, over or 0.0)}"
    return f"One {where} is shown broken at least 8 times in 10."


def _short(line: Line, seen: _Seen) -> Iterator[str]:
    if seen.holds is None:
        yield "holds 8 in 10 nowhere"
    elif line.limit.max is None:
        yield f"holds 8 in 10 from {point_text(line, seen.holds[0])}"
    elif line.limit.min is None:
        yield f"holds 8 in 10 up to {point_text(line, seen.holds[1])}"
    else:
        yield f"holds 8 in 10 {_between(line, *seen.holds)}"
    match seen.under, seen.over:
        case None, None:
            yield "broken 8 in 10 nowhere"
        case None, float(over):
            yield f"broken 8 in 10 above {point_text(line, over)}"
        case float(under), None:
            yield f"broken 8 in 10 below {point_text(line, under)}"
        case under, over:
            yield f"broken 8 in 10 outside {span_text(line, under or 0.0, over or 0.0)}"


def _between(line: Line, low: float, high: float) -> str:
    return f"at {point_text(line, low) if low == high else span_text(line, low, high)}"


# ---------------------------------------------------------------- drawing


def _edge(points: Iterable[tuple[float, float]]) -> str:
    """Return the line through points, from the left edge of the grid to its right one."""
    return f"M{'L'.join(f'{round(WIDE * x)} {round(HIGH * y, 1):g}' for x, y in points)}"


def _words(points: Sequence[Chance], place: Callable[[float], float]) -> Iterator[Mark]:
    """Yield the names of the areas, each in the middle of where it is tallest, if it has room."""
    areas = {
        Result.BROKEN: [(point.broken, point.broken / 2) for point in points],
        Result.UNDECIDED: [
            (1 - point.broken - point.holds, (1 + point.broken - point.holds) / 2)
            for point in points
        ],
        Result.HOLDS: [(point.holds, 1 - point.holds / 2) for point in points],
    }
    for name, heights in areas.items():
        first = max(range(len(points)), key=lambda i, h=heights: h[i][0])  # type: ignore[misc]
        last = first
        tall = max(LEAST_LABELLED, 0.7 * heights[first][0])
        while first > 0 and heights[first - 1][0] >= tall:
            first -= 1
        while last < len(points) - 1 and heights[last + 1][0] >= tall:
            last += 1
        left, right = place(points[first].truth), place(points[last].truth)
        if heights[first][0] >= LEAST_LABELLED and right - left >= ROOM_FOR_WORDS:
            middle = heights[(first + last) // 2][1]
            yield Mark((left + right) / 2, str(name), middle)


def _ticks(line: Line, low: float, high: float, place: Callable[[float], float]) -> Iterator[Mark]:
    last = -1.0
    for value in round_values(low, high, logarithmic=False):
        share = place(value)
        if share - last >= NEAREST_TICKS:
            yield Mark(share, side_label(line, value))
            last = share


def _unchanged(value: float, place: Callable[[float], float], low: float, high: float) -> Under:
    share = place(value)
    symbol = Symbol("baseline", percent(share)) if low <= value <= high else _arrow(value < low)
    return Under("baseline", (), (symbol,), _beside(share, share, "unchanged"))


def _run(
    judged: Estimate, result: Result, place: Callable[[float], float], low: float, high: float
) -> Under:
    start, end = (
        place(min(max(limit, low), high)) if math.isfinite(limit) else float(limit > 0)
        for limit in (judged.lower, judged.upper)
    )
    symbols = []
    if low <= judged.value <= high:
        symbols.append(Symbol(result, percent(place(judged.value))))
    symbols += [_arrow(True)] if judged.lower < low else []  # noqa: FBT003
    symbols += [_arrow(False)] if judged.upper > high else []  # noqa: FBT003
    strokes = (Stroke("bar", percent(start), percent(end)),) if start < end else ()
    return Under(result, strokes, tuple(symbols), _beside(start, end, "this run"))


def _arrow(to_left: bool) -> Symbol:  # noqa: FBT001
    return Symbol("left", "0%") if to_left else Symbol("right", "100%")


def _beside(start: float, end: float, text: str) -> Mark:
    """Return a text to the right of what it is about, or to the left where there is no room."""
    return Mark(end, text) if end <= 0.75 else Mark(start, text, 1.0)
