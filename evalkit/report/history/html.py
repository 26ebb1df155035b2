"""Past runs as one self-contained page: a figure a bound, and what changed between the runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from evalkit.core.comparison import History
from evalkit.core.verdict import Result
from evalkit.core.wording import count_text
from evalkit.report.cases.pairs import anchor
from evalkit.report.figures.plot import percent, side_label
from evalkit.report.history.view import (
    LineageView,
    Place,
    RunText,
    Strip,
    lineage_view,
    tallies,
)
from evalkit.report.template import filled
from evalkit.report.verdict.card import Note, Tally, VerdictCard
from evalkit.report.verdict.page import Section

HEIGHT = 150
"""Of a figure in pixels; its shapes are drawn in 1000 × 100 units that stretch to it."""

WIDE_FROM = 60
"""Figures of more runs are as wide as the page."""

MOST_TICKS = 8
MOST_ROWS = 50
MOST_UNREAD = 20

RULES = """
.strips.wide { grid-template-columns: minmax(0, 1fr); }
.lineage { margin: 28px 0 10px; }
.strip { margin: 0; padding: 14px 18px 12px; }
.strip figcaption .chip { margin-right: 6px; }
.over { display: grid; grid-template-columns: 62px minmax(0, 1fr); column-gap: 8px; }
.over svg { display: block; width: 100%; overflow: visible; }
.over .marks { height: 150px; }
.over text { font-size: 11px; fill: var(--ink-3); text-anchor: end; }
.over .at text { text-anchor: middle; }
.over .at { grid-column: 2; height: 18px; }
.back { fill: var(--sunk); }
.since { stroke: var(--ink-3); stroke-dasharray: 2 3; vector-effect: non-scaling-stroke; }
.edge-of { stroke: var(--corridor-edge); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.whisker { fill: none; stroke: var(--tone); stroke-width: 2; vector-effect: non-scaling-stroke; }
.marks use { fill: var(--tone); stroke: var(--paper); stroke-width: 1; }
.marks use.smoke { fill: var(--paper); stroke: var(--tone); stroke-width: 1.5; }
.wide .since { opacity: .3; }
[id^="t-many-"] { transform: scale(.65); }
.legend use { fill: var(--ink); }
.legend use.smoke { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; }
.strip details { margin-top: 8px; font-size: 13px; }
.runs td small { display: block; }
@media screen and (min-width: 761px) {
.runs td:nth-child(2) { white-space: nowrap; }
.runs td:nth-child(4), .runs .path { min-width: 13em; }
}
@media screen and (max-width: 760px) {
.strips { grid-template-columns: minmax(0, 1fr); }
[id^="t-many-"] { transform: scale(.35); }
.wide .whisker { stroke-width: 1; }
}
"""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Everything on the page, in order."""

    card: VerdictCard
    envelope: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """The estimate of one run: a shape at a place, and what it says when pointed at."""

    shape: str
    x: str
    y: str
    smoke: bool
    says: str


@dataclass(frozen=True, slots=True)
class Series:
    """The estimates of one result: the path of their intervals, and their marks."""

    result: Result
    whiskers: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of runs with the same acceptable region, in units; ``lines`` are its limits."""

    x: str
    width: str
    y: str
    height: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """A line before a run, where something changed."""

    x: str
    says: str


@dataclass(frozen=True, slots=True)
class Label:
    """A number beside an axis."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A run in the table of a bound."""

    number: int
    day: str
    result: Result
    value: str
    interval: str
    changed: str


@dataclass(frozen=True, slots=True)
class StripFigure:
    """A bound over time."""

    id: str
    title: str
    name: str
    allowed: str
    result: Result
    newest: str
    ended: str
    description: str
    blocks: tuple[Block, ...]
    since: tuple[Since, ...]
    series: tuple[Series, ...]
    limits: tuple[Label, ...]
    ticks: tuple[Label, ...]
    rows: tuple[Row, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class LineageFigures:
    """The bounds of one envelope, and its runs."""

    name: str
    sentence: str
    wide: bool
    strips: tuple[StripFigure, ...]
    runs: tuple[RunText, ...]


def render_history_html(history: History) -> str:
    """Return the page of a history, the same bytes for the same runs."""
    views = [lineage_view(lineage) for lineage in history.lineages]
    figures = tuple(_lineage(view, place) for place, view in enumerate(views))
    page = HistoryPage(
        card=_card(history, views), envelope=history.folder, sections=_sections(figures)
    )
    return filled("history.html", page, rules=RULES)


def _sections(figures: tuple[LineageFigures, ...]) -> tuple[Section, ...]:
    lead = (
        "One figure a bound: oldest run at the left, each estimate with its interval, on the axis of "
        "the newest run. Runs stand side by side, whatever time lay between them. A dashed line is "
        "where something changed. No trend is tested."
    )
    return (
        Section("timelines", "Bounds", "Bounds over time", lead, figures),
        Section("runs", "Runs", "Runs, and what changed between them", "", figures),
    )


def _card(history: History, views: Sequence[LineageView]) -> VerdictCard:
    runs = sum(len(view.runs) for view in views)
    sentence = f"{count_text(runs, 'run')} of {count_text(len(views), 'envelope')}"
    found = tallies(views)
    newest = {view.runs[-1].tone for view in views}
    notes = [Note(view.envelope, view.sentence) for view in views]
    if history.unread:
        named = " · ".join(history.unread[:MOST_UNREAD])
        more = len(history.unread) - MOST_UNREAD
        named += f" · and {more:,} more" if more > 0 else ""
        counted = count_text(len(history.unread), "folder")
        notes.append(Note("Left out", f"{counted}, for they hold no run that was judged: {named}"))
    return VerdictCard(
        tone=next(tone for tone in found if tone in newest),
        word="HISTORY",
        advice="nothing was judged anew",
        sentence=sentence,
        lead=("The colour is that of the newest runs. ", "", ""),
        tallies=tuple(Tally(tone, f"{count:,} {word}") for tone, (word, count) in found.items()),
        notes=tuple(notes),
        next="",
        facts=f"from {history.folder}",
    )


# ---------------------------------------------------------------- figures


def _lineage(view: LineageView, place: int) -> LineageFigures:
    order = {run.number: at for at, run in enumerate(view.runs)}
    return LineageFigures(
        name=view.envelope,
        sentence=view.sentence,
        wide=len(view.runs) > WIDE_FROM,
        strips=tuple(
            _figure(strip, view, order, f"{place}-{at}") for at, strip in enumerate(view.strips)
        ),
        runs=view.runs[::-1],
    )


def _figure(strip: Strip, view: LineageView, order: dict[int, int], name: str) -> StripFigure:
    places, runs = strip.places, {run.number: run for run in view.runs}
    newest = places[-1]
    shown = places[-MOST_ROWS:]
    rows = tuple(_row(place, runs[place.number]) for place in reversed(shown))
    hidden = len(places) - len(rows)
    older = f", {hidden:,} older in --json" if hidden else ""
    return StripFigure(
        id=anchor("strip", name),
        title=strip.title,
        name="" if strip.name == strip.title else strip.name,
        allowed=strip.allowed,
        result=newest.result,
        newest=_said(newest),
        ended=strip.ended,
        description=_description(strip),
        blocks=tuple(_blocks(places, order)),
        since=tuple(_since(strip, view, order)),
        series=tuple(_series(places, runs, order)),
        limits=tuple(_limits(strip)),
        ticks=tuple(_ticks(view.runs, order)),
        rows=rows,
        summary=f"{count_text(len(rows), 'run')} in numbers{older}",
    )


def _said(place: Place) -> str:
    return f"{place.text}, {place.interval}" if place.span else place.interval


def _description(strip: Strip) -> str:
    counts = Counter(place.result for place in strip.places)
    told = ", ".join(f"{counts[result]} {result}" for result in Result if counts[result])
    newest = strip.places[-1]
    return (
        f"{count_text(len(strip.places), 'run')}: {told}. The newest, run {newest.number}: "
        f"{_said(newest)}. Allowed: {strip.allowed}."
    )


def _x(at: float, order: dict[int, int]) -> float:
    return at / len(order)


def _units(share: float, whole: int) -> str:
    return f"{round(share * whole, 1):g}"


def _blocks(places: Sequence[Place], order: dict[int, int]) -> Iterator[Block]:
    """Yield the acceptable regions: neighbours that have the same one are drawn as one."""
    numbered = enumerate(places)
    # The place among the runs less the place in the strip is the same as long as no run is missing.
    keyed = groupby(numbered, lambda item: (order[item[1].number] - item[0], item[1].region))
    for _, group in keyed:
        found = [place for _, place in group]
        start = order[found[0].number]
        low, high = found[0].region
        yield Block(
            x=_units(_x(start, order), 1000),
            width=_units(_x(len(found), order), 1000),
            y=_units(1 - high, 100),
            height=_units(high - low, 100),
            lines=tuple(_units(1 - limit, 100) for limit in found[0].limits),
        )


def _since(strip: Strip, view: LineageView, order: dict[int, int]) -> Iterator[Since]:
    redefined = {place.number: place.redefined for place in strip.places}
    for run in view.runs:
        changed = [*run.changed, *redefined.get(run.number, ())]
        if changed and order[run.number]:
            says = f"since run {run.number}: {', '.join(changed)}"
            yield Since(_units(_x(order[run.number], order), 1000), says)


def _series(
    places: Sequence[Place], runs: dict[int, RunText], order: dict[int, int]
) -> Iterator[Series]:
    for result in Result:
        found = [place for place in places if place.result is result]
        if found:
            yield Series(
                result=result,
                whiskers="".join(_whisker(place, order) for place in found),
                marks=tuple(_mark(place, runs[place.number], order) for place in found),
            )


def _whisker(place: Place, order: dict[int, int]) -> str:
    span = place.span
    if span is None or span.lower > 1 or span.upper < 0:
        return ""
    x = _units(_x(order[place.number] + 0.5, order), 1000)
    top, bottom = 1 - min(1.0, span.upper), 1 - max(0.0, span.lower)
    return f"M{x} {_units(top, 100)}V{_units(bottom, 100)}"


def _mark(place: Place, run: RunText, order: dict[int, int]) -> Mark:
    span, shape, at = place.span, str(place.result), 0.0
    if span is not None:
        at = max(0.0, min(1.0, span.value))
        shape = "above" if span.value > 1 else "below" if span.value < 0 else shape
    if len(order) > WIDE_FROM:
        shape = f"many-{shape}"
    smoke = ", smoke run" if place.smoke else ""
    return Mark(
        shape=shape,
        x=percent(_x(order[place.number] + 0.5, order)),
        y=percent(1 - at),
        smoke=place.smoke,
        says=f"run {place.number}, {run.day}: {place.result}, {_said(place)}{smoke}",
    )


def _limits(strip: Strip) -> Iterator[Label]:
    scale = strip.scale
    ends = (scale.min, scale.max, scale.start, scale.end, scale.reference)
    seen: list[float] = []
    for end in ends:
        if end is None:
            continue
        place = scale.place(end)
        if 0 <= place <= 1 and all(abs(place - other) > 0.09 for other in seen):
            seen.append(place)
            y = round(HEIGHT * (1 - place)) + 4
            yield Label(str(y), side_label(strip.newest, end))


def _ticks(runs: Sequence[RunText], order: dict[int, int]) -> Iterator[Label]:
    step = max(1, -(-len(runs) // MOST_TICKS))
    for run in runs[::-step][::-1]:  # the newest, whose axis it is, has its number
        yield Label(percent(_x(order[run.number] + 0.5, order)), str(run.number))


def _row(place: Place, run: RunText) -> Row:
    notes = [*run.changed, *place.redefined, *(["smoke run"] if place.smoke else [])]
    return Row(
        number=place.number,
        day=run.day,
        result=place.result,
        value=place.text,
        interval=place.interval,
        changed=", ".join(notes),
    )
