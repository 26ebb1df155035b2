"""One bound becomes a row of the envelope plot: where everything on it lies, and what is printed.

All places are percentages of the width, so that one drawing fits a phone and a wide screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from evalkit.core.corridor import LEFT, RIGHT, Corridor
from evalkit.core.envelope import Kind, Limit, LimitKind
from evalkit.core.verdict import Estimate
from evalkit.core.wording import SPACE, Line, side_text
from evalkit.report.view import Row

UPPER, LOWER, MIDDLE = 15, 32, 16
"""How many pixels below the top of a row the lanes lie; a row of one line has one in its middle."""

NEAREST_LABELS = 0.12
LEADER = 0.17
"""How much of the width the value beside an arrowhead may take before the dotted line starts."""

EDGES = {"left": "0%", "right": "100%"}

Align: TypeAlias = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit of the acceptable region, or the natural ``end`` of a metric."""

    kind: Literal["limit", "end"]
    x: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A ``bar`` over an interval, or the dotted ``leader`` to an estimate off the chart."""

    kind: Literal["bar", "leader"]
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """The mark of an estimate by the name of its kind, or an arrowhead at an edge."""

    name: str
    x: str


@dataclass(frozen=True, slots=True)
class Label:
    """A printed number; ``start`` and ``end`` stand beside their place, ``middle`` below it."""

    x: str
    align: Align
    text: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One arm: strokes, symbols, and the value of an estimate off the chart."""

    kind: str
    y: int
    strokes: tuple[Stroke, ...]
    symbols: tuple[Symbol, ...]
    value: Label | None = None
    value_y: int = 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """One row of the plot. A bound that was not ``measured`` has no lanes."""

    region: tuple[str, str]
    lines: tuple[Rule, ...]
    labels: tuple[Label, ...]
    lanes: tuple[Lane, ...]
    measured: bool


def drawing(row: Row, *, low: bool) -> Drawing:
    """Return how a row is drawn, as ``low`` as one line of text or with a lane for each arm."""
    scale = row.scale
    left = LEFT if _starts(scale) else 0.0
    right = RIGHT if _ends(scale) else 1.0
    return Drawing(
        region=(percent(left), percent(right - left)),
        lines=tuple(_lines(scale)),
        labels=() if low else tuple(_labels(row)),
        lanes=tuple(_lanes(row, low=low)),
        measured=row.judged is not None,
    )


def percent(share: float) -> str:
    """Return a share of the width as SVG writes it.

    >>> percent(0.28), percent(0.123456)
    ('28%', '12.35%')
    """
    return f"{round(100 * share, 2):g}%"


# ---------------------------------------------------------------- region


def _starts(scale: Corridor) -> bool:
    return scale.min is not None or scale.start is not None


def _ends(scale: Corridor) -> bool:
    return scale.max is not None or scale.end is not None


def _lines(scale: Corridor) -> Iterator[Rule]:
    if _starts(scale):
        yield Rule("end" if scale.min is None else "limit", percent(LEFT))
    if _ends(scale):
        yield Rule("end" if scale.max is None else "limit", percent(RIGHT))


def _labels(row: Row) -> list[Label]:
    """Return the numbers at limits, at natural ends, and at what the baseline is held to be."""
    scale, bound = row.scale, row.bound
    low = scale.start if scale.min is None else scale.min
    high = scale.end if scale.max is None else scale.max
    labels = []
    if low is not None:
        labels.append(Label(percent(LEFT), "start", side_label(bound, low)))
    if high is not None:
        labels.append(Label(percent(RIGHT), "end", side_label(bound, high)))
    if scale.reference is not None:
        place = scale.place(scale.reference)
        taken = [x for x, value in ((LEFT, low), (RIGHT, high)) if value is not None]
        if all(abs(place - x) > NEAREST_LABELS for x in taken) and 0 <= place <= 1:
            labels.append(Label(percent(place), "middle", side_label(bound, scale.reference)))
    return labels


def side_label(bound: Line, value: float) -> str:
    """Return a limit without the words beside it, and without a unit that the row names anyway."""
    if value == 0 and bound.kind is not Kind.RATE:
        return "0"
    if bound.limit.kind is LimitKind.SHIFT:
        return f"{value:g}"
    text = side_text(value, Limit(bound.limit.kind, max=value), bound.kind, bound.unit)
    rates = bound.limit.kind is LimitKind.DELTA and bound.kind is Kind.RATE
    unit = "points" if rates else bound.unit
    return text if bound.kind is Kind.TIME else text.removesuffix(f"{SPACE}{unit}")


# ---------------------------------------------------------------- lanes


def _lanes(row: Row, *, low: bool) -> Iterator[Lane]:
    """Yield the baseline and the candidate. A distance has no baseline on its scale."""
    if row.judged is None:
        return
    upper, lower = (MIDDLE, MIDDLE) if low else (UPPER, LOWER)
    if isinstance(row.reference, Estimate) and row.bound.limit.kind is not LimitKind.SHIFT:
        yield _lane(row.scale, row.reference, "baseline", upper)
    elif isinstance(row.reference, float):
        place = percent(row.scale.place(row.reference))
        yield Lane("baseline", upper, (), (Symbol("baseline", place),))
    lane = _lane(row.scale, row.judged, row.bound.result, lower)
    if lane.symbols[0].name in EDGES:
        lane = _with_value(lane, row.value, low=low)
    yield lane


def _lane(scale: Corridor, estimate: Estimate, kind: str, y: int) -> Lane:
    place, lower, upper = map(scale.place, (estimate.value, estimate.lower, estimate.upper))
    start, end = max(0.0, lower), min(1.0, upper)
    strokes = [Stroke("bar", percent(start), percent(end))] if start < end else []
    if not 0 <= place <= 1:
        edge = "left" if place < 0 else "right"
        if not strokes:
            strokes = _leader(scale, edge)
        return Lane(kind, y, tuple(strokes), (Symbol(edge, EDGES[edge]),))
    symbols = [Symbol(kind, percent(place))]
    symbols += [Symbol("left", EDGES["left"])] if lower < 0 else []
    symbols += [Symbol("right", EDGES["right"])] if upper > 1 else []
    return Lane(kind, y, tuple(strokes), tuple(symbols))


def _leader(scale: Corridor, edge: str) -> list[Stroke]:
    """Return the dotted line from the limit to an estimate off the chart, if it lies outside."""
    if edge == "left" and _starts(scale):
        return [Stroke("leader", percent(LEADER), percent(LEFT))]
    if edge == "right" and _ends(scale):
        return [Stroke("leader", percent(RIGHT), percent(1 - LEADER))]
    return []


def _with_value(lane: Lane, value: str, *, low: bool) -> Lane:
    """Return the lane of an estimate off the chart with its value, above a bar that is seen."""
    edge = lane.symbols[0]
    crowded = lane.strokes and lane.strokes[0].kind == "bar" and not low
    text, _, unit = value.rpartition(SPACE)
    return replace(
        lane,
        # A word for the unit stands at the end of the row; here it would cover the plot.
        value=Label(
            edge.x,
            "start" if edge.name == "left" else "end",
            text if unit.isalpha() and len(unit) > 2 else value,
        ),
        value_y=lane.y - 10 if crowded else lane.y + 4,
    )
