"""Each number that a shadow follows, by hour and by day."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.core.envelope import USUAL_STATISTIC, Kind, Metric, Statistic
from evalkit.core.shadow import Course, Figure, Join
from evalkit.core.verdict import Estimate
from evalkit.flows.shadow.judging import matched
from evalkit.flows.shadow.plan import Measurable, Tallied, metrics_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.shadow.claims import compared
from evalkit.stages.shadow.courses import Timed, course

MOST_COURSES = 16
MEDIAN = Statistic("p50", 0.5)


def courses_of(
    loaded: LoadedEnvelope, of: Measurable, tallied: Tallied, join: Join
) -> Iterator[Course]:
    """Yield each number that is followed, by hour and by day; those that nobody knows are left out."""
    timed = Timed.of(compared(tallied.logs, matched(tallied.logs, join)))
    measures = {measure.name: measure for measure in of.measures}
    for metric, statistic in list(_figures(loaded, of))[:MOST_COURSES]:
        plugin = loaded.plugins[metric.instrument]
        unit = next(item.unit for item in plugin.values if item.name == metric.value)
        figure = Figure(metric.name, metric.kind, statistic.name, unit, metric.labels)
        found = course(timed, measures[metric.name], statistic, figure)
        if any(isinstance(window.candidate, Estimate) for window in found.days):
            yield found


def _figures(loaded: LoadedEnvelope, of: Measurable) -> Iterator[tuple[Metric, Statistic]]:
    """Yield what is followed, each once: what bounds name, then the rest; of times two percentiles."""
    seen: set[tuple[str, str]] = set()
    bounded = [(bound.metric, bound.statistic) for bound in loaded.envelope.bounds]
    others = [(metric, USUAL_STATISTIC[metric.kind]) for metric in loaded.envelope.metrics]
    medians = [
        (metric, MEDIAN) for metric in metrics_of(loaded.envelope) if metric.kind is Kind.TIME
    ]
    for metric, statistic in (*bounded, *others, *medians):
        key = metric.name, statistic.name
        if key not in seen and metric.name not in of.unmeasurable:
            seen.add(key)
            yield metric, statistic
