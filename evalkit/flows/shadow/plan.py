"""What a shadow counts of production logs, and what it cannot: told once, before any log is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from evalkit.core.envelope import UNIT_INTERVAL, Envelope, Kind, LimitKind, Metric, Slice
from evalkit.core.errors import Problem
from evalkit.core.model import Arm, ErrorKind
from evalkit.core.ports import ScorerPlugin
from evalkit.core.traffic import Logged
from evalkit.spec.traffic import NO_MAP, FieldMap
from evalkit.stages.shadow.block import Measure
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.logs import Logs

if TYPE_CHECKING:  # workers that read no texts have no use for what reads envelopes
    from evalkit.spec.envelope import LoadedEnvelope

FALSE, MISSED = "!false", "!missed"
"""Behind the name of a rate: how probable it is that its 1, or its 0, is a mistake."""
FAILED_BY = "!error "
"""Before the name of an error: a rate that is 1 where a request failed by it."""


class Beside(Protocol):
    """Something else that is counted of every row of a part; parts are added in their order."""

    def see(self, logged: Logged, arm: Arm, scores: Mapping[str, float]) -> None:
        """Take a row in; what is not known of it is not a number."""
        ...

    def __add__(self, other: Any) -> Self:
        """Return what was counted in both."""
        ...


@dataclass(frozen=True, slots=True)
class Measurable:
    """Which metrics of an envelope can be read off logs, and why the others cannot.

    ``fallbacks`` names, by the name of a metric, the measure that both arms are read with where one
    of them lacks it; ``as_logged`` the metrics whose values somebody else measured and logged.
    """

    measures: tuple[Measure, ...]
    unmeasurable: Mapping[str, str]
    fallbacks: Mapping[str, str]
    as_logged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ShadowPlan:
    """Everything a worker must know to count a part of the logs; it can be sent anywhere.

    ``document`` is the text of the envelope with every file it names inside. ``arms`` says whose
    answers a label in the log marks. ``since`` and ``until`` are seconds since 1970, UTC. ``slices``
    are counted apart, beside the whole. ``paired`` joins the arms by the id of the request, ``users``
    adds up by who asked, both in so many ``buckets``: as many as the logs ask for where none are given.
    A ``lean`` one keeps nothing of a row but its id, to see whether any request was logged again.
    """

    document: str
    path: str
    code_root: str | None
    measures: tuple[Measure, ...]
    arms: Mapping[str, Arm]
    reader: str
    mapped: FieldMap = NO_MAP
    skip_malformed: int = 0
    slices: tuple[Slice, ...] = ()
    since: float | None = None
    until: float | None = None
    paired: bool = True
    users: bool = True
    lean: bool = False
    buckets: int = 0
    columns: Columns | None = None
    beside: Callable[[], Beside] | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of the records of a part: counted, or left out for a reason that is told.

    ``strangers`` counts records by a label that is no arm's; ``outside`` those before or after the
    time that was asked for, ``undated`` those whose time nobody knows while it was asked for.
    """

    records: int = 0
    malformed: int = 0
    problems: tuple[Problem, ...] = ()
    strangers: Mapping[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    outside: int = 0
    undated: int = 0


@dataclass(frozen=True, slots=True)
class Tallied:
    """What was counted of all parts: the whole, each slice, and what was left out."""

    logs: Logs
    by_slice: Mapping[Slice, Logs]
    seen: Seen
    beside: Beside | None


def on_slice(place: int) -> str:
    """Return the name of the column that says whether a row is on a slice of the plan."""
    return f"on slice {place}"


# ---------------------------------------------------------------- measurable


def measurable(loaded: LoadedEnvelope) -> Measurable:
    """Return what of an envelope can be read off logs."""
    envelope = loaded.envelope
    measures: dict[str, Measure] = {}
    reasons: dict[str, str] = {}
    fallbacks: dict[str, str] = {}
    for metric in metrics_of(envelope):
        plugin = loaded.plugins[metric.instrument]
        reason = _lack(metric, plugin)
        if reason:
            reasons[metric.name] = reason
            continue
        own = measure_of(envelope, metric)
        for measure in _measures(own, metric, plugin):
            measures.setdefault(measure.name, measure)
        if metric.fallback is not None:
            name = f"{metric.instrument}.{metric.fallback}"
            fallbacks[metric.name] = name
            other = Measure(name, metric.kind, metric.support, own.quantiles, own.ratios)
            measures.setdefault(name, other)
    return Measurable(tuple(measures.values()), reasons, fallbacks)


def failures() -> tuple[Measure, ...]:
    """Return the measures that tell how many requests failed, by each kind of error."""
    return tuple(Measure(f"{FAILED_BY}{kind}", Kind.RATE, ratios=False) for kind in ErrorKind)


def metrics_of(envelope: Envelope) -> Iterable[Metric]:
    """Return every metric once, by its name: those of bounds first, in the order they are written."""
    found = {bound.metric.name: bound.metric for bound in envelope.bounds}
    return (found | {metric.name: metric for metric in envelope.metrics}).values()


def _lack(metric: Metric, plugin: ScorerPlugin) -> str:
    """Return why a metric cannot be read off logs; nothing where it can."""
    if plugin.remote is not None:
        return "it asks somebody about every answer; judge a golden set with it"
    if plugin.across is not None:
        return "it looks at the answers of all cases side by side; judge a golden set with it"
    if plugin.needs_reference:
        return "it needs a reference, which traffic has not; judge a golden set with it"
    if metric.kind is Kind.CATEGORY:
        return "a category has no mean"
    return ""


def measure_of(envelope: Envelope, metric: Metric) -> Measure:
    """Return how the values of a metric are counted."""
    quantiles = metric.kind is Kind.TIME or _takes_quantiles(envelope, metric)
    ratios = any(
        bound.metric.name == metric.name and bound.limit.kind is LimitKind.RATIO
        for bound in envelope.bounds
    )
    return Measure(metric.name, metric.kind, metric.support, quantiles, ratios)


def _measures(own: Measure, metric: Metric, plugin: ScorerPlugin) -> Iterator[Measure]:
    yield own
    doubted = any(row.value == metric.value for row in plugin.accuracy())
    if metric.kind is Kind.RATE and doubted:
        for ending in (FALSE, MISSED):
            yield Measure(metric.name + ending, Kind.SCORE, UNIT_INTERVAL, ratios=False)


def _takes_quantiles(envelope: Envelope, metric: Metric) -> bool:
    return any(
        bound.metric.name == metric.name and bound.statistic.quantile is not None
        for bound in envelope.bounds
    )
