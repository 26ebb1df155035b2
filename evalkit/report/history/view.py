"""A history becomes what its reports show: words for every run, and places on one axis a bound.

The axis of a bound is the one of its newest run in the envelope plot, so that the limits of today
stand where a reader knows them; older limits lie where they lie on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.comparison import Aspect, Change, Era, Lineage, Point, Redefined, Step
from evalkit.core.corridor import Corridor, corridor
from evalkit.core.model import Arm
from evalkit.core.phrases import allowed, judged_text, title
from evalkit.core.verdict import BoundResult, Estimate, Result
from evalkit.core.wording import count_text, interval_text
from evalkit.report.view import VERDICT_WORDS, unmeasured_text


@dataclass(frozen=True, slots=True)
class RunText:
    """One run in words. ``changed`` is what changed since the run before, as short as it goes."""

    number: int
    day: str
    created: str
    word: str
    tone: Result
    candidate: str
    notes: str
    changed: tuple[str, ...]
    details: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Span:
    """An estimate and its interval on an axis; what lies beyond an end is outside 0 to 1."""

    lower: float
    value: float
    upper: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bound lies in one run on its axis, 0 at one end and 1 at the other.

    What is acceptable is a ``region``, cut to the axis, with its ``limits`` and the natural ``ends``
    of the metric. Without a ``span`` there was no value. ``smoke`` marks a run on a part of the
    cases or the bounds, ``redefined`` what of the bound changed since the run before that had it.
    """

    number: int
    result: Result
    region: tuple[float, float]
    limits: tuple[float, ...]
    ends: tuple[float, ...]
    span: Span | None
    text: str
    interval: str
    redefined: tuple[str, ...]
    smoke: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """A bound over a stretch of runs: ``ended`` says why the axis does not go on."""

    name: str
    title: str
    allowed: str
    scale: Corridor
    newest: BoundResult
    places: tuple[Place, ...]
    ended: str


@dataclass(frozen=True, slots=True)
class LineageView:
    """The runs of one envelope as a report shows them."""

    envelope: str
    sentence: str
    runs: tuple[RunText, ...]
    strips: tuple[Strip, ...]
    earlier: int


DIGESTS = {Aspect.GOLDEN_SET, Aspect.ENVELOPE, Aspect.PROMPT, Aspect.SCHEMA}
"""What differs by digest only: which ones they were stands in the JSON."""

TONES = {
    "PASS": Result.HOLDS,
    "FAIL": Result.BROKEN,
    "CANNOT TELL": Result.UNDECIDED,
    "COULD NOT MEASURE": Result.UNMEASURED,
}


def lineage_view(lineage: Lineage) -> LineageView:
    """Return the runs of one envelope as a report shows them."""
    runs = tuple(_run(step) for step in lineage.steps)
    smoke = {step.number for step in lineage.steps if step.run.verdict.facts.smoke}
    later: set[str] = set()
    strips = []
    for era in reversed(lineage.eras):
        strips.append(_strip(era, smoke, is_newest=era.name not in later))
        later.add(era.name)
    return LineageView(
        envelope=lineage.envelope,
        sentence=_sentence(runs, lineage.earlier),
        runs=runs,
        strips=tuple(reversed(strips)),
        earlier=lineage.earlier,
    )


def _sentence(runs: Sequence[RunText], earlier: int) -> str:
    first, newest = runs[0], runs[-1]
    when = first.day if first.day == newest.day else f"{first.day} to {newest.day}"
    hidden = f", after {count_text(earlier, 'earlier run')}" if earlier else ""
    return f"{count_text(len(runs), 'run')}, {when}{hidden}; the newest: {newest.word}."


# ---------------------------------------------------------------- runs


def _run(step: Step) -> RunText:
    verdict, manifest = step.run.verdict, step.run.manifest
    candidate = verdict.facts.snapshots.get(Arm.CANDIDATE)
    served = ", ".join(candidate.served) if candidate else ""
    notes = [f"smoke run ({manifest.smoke})" if manifest.smoke else "smoke run"]
    notes = notes if verdict.facts.smoke else []
    notes += ["on a part of its cases"] if manifest.partial else []
    return RunText(
        number=step.number,
        day=manifest.created[:10],
        created=manifest.created[:16].replace("T", " "),
        word=VERDICT_WORDS[verdict.outcome],
        tone=TONES[VERDICT_WORDS[verdict.outcome]],
        candidate=(candidate.requested if candidate else None) or served or "no model by name",
        notes=" · ".join(notes),
        changed=tuple(dict.fromkeys(change.about for change in step.changes)),
        details=tuple(map(_detail, step.changes)),
        path=step.run.path,
    )


def _detail(change: Change) -> str:
    if change.aspect in DIGESTS:
        return change.about
    return f"{change.about} {change.before or 'none'} → {change.after or 'none'}"


# ---------------------------------------------------------------- bounds


def _strip(era: Era, smoke: set[int], *, is_newest: bool) -> Strip:
    newest = era.newest
    scale = corridor(newest)
    return Strip(
        name=era.name,
        title=title(newest),
        allowed=allowed(newest),
        scale=scale,
        newest=newest,
        places=tuple(_place(point, scale, smoke=point.number in smoke) for point in era.points),
        ended=""
        if is_newest
        else f"until run {era.points[-1].number}: then the bound meant another number",
    )


def _place(point: Point, scale: Corridor, *, smoke: bool) -> Place:
    bound, own = point.bound, corridor(point.bound)
    low = own.min if own.min is not None else own.start
    high = own.max if own.max is not None else own.end
    judged = bound.judged
    measured = judged if isinstance(judged, Estimate) else None
    return Place(
        number=point.number,
        result=bound.result,
        region=(
            0.0 if low is None else _inside(scale.place(low)),
            1.0 if high is None else _inside(scale.place(high)),
        ),
        limits=_on_axis(scale, own.min, own.max),
        ends=_on_axis(scale, own.start, own.end),
        span=Span(*map(scale.place, (measured.lower, measured.value, measured.upper)))
        if measured
        else None,
        text=judged_text(bound),
        interval=interval_text(bound, measured) if measured else unmeasured_text(judged),
        redefined=tuple(_redefined(point)),
        smoke=smoke,
    )


def _on_axis(scale: Corridor, *ends: float | None) -> tuple[float, ...]:
    places = (scale.place(end) for end in ends if end is not None)
    return tuple(place for place in places if 0 <= place <= 1)


def _inside(place: float) -> float:
    return max(0.0, min(1.0, place))


def _redefined(point: Point) -> Iterator[str]:
    for what in point.redefined:
        if what is Redefined.LIMIT:
            yield f"limit: {allowed(point.bound)}"
        else:
            yield str(what)


def tallies(lineages: Sequence[LineageView]) -> Mapping[Result, tuple[str, int]]:
    """Return how often each verdict was given, the worst first."""
    order = {tone: word for word, tone in TONES.items()}
    worst = [Result.BROKEN, Result.UNMEASURED, Result.UNDECIDED, Result.HOLDS]
    counts = {tone: sum(run.tone is tone for one in lineages for run in one.runs) for tone in worst}
    return {tone: (order[tone], count) for tone, count in counts.items() if count}
