"""Each number that a shadow follows, by hour and by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.core.envelope import USUAL_STATISTIC, Kind, Metric, Statistic
from evalkit.core.shadow import Course, Figure, Join
from evalkit.core.spreading import Executor
from evalkit.core.verdict import Estimate
from evalkit.flows.shadow.judging import matched
from evalkit.flows.shadow.plan import Measurable, Tallied, metrics_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.shadow.block import Measure
from evalkit.stages.shadow.claims import compared
from evalkit.stages.shadow.courses import Timed, course
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.spread import InProcess

MOST_COURSES = 16
FEW_WINDOWS = 300
"""So many hours of figures are followed here before another process has begun."""

MEDIAN = Statistic("p50", 0.5)


@dataclass(frozen=True, slots=True)
class _Followed:
    """A figure to be followed, and what was counted of its measure."""

    figure: Figure
    statistic: Statistic
    measure: Measure
    logs: Logs

    def __str__(self) -> str:
        return f"the hours of {self.figure.metric}"


def courses_of(
    loaded: LoadedEnvelope, of: Measurable, tallied: Tallied, join: Join, executor: Executor
) -> Iterator[Course]:
    """Yield each number that is followed, by hour and by day; those that nobody knows are left out."""
    figures = list(_followed(loaded, of, tallied, join))
    few = len(figures) * tallied.logs.tally.hours.size <= FEW_WINDOWS
    here = InProcess() if few or executor.apart else executor
    # Percentiles take longest: whoever begins with one last would be waited for.
    order = sorted(range(len(figures)), key=lambda place: figures[place].statistic.quantile is None)
    found_of = dict(zip(order, here.results(_course, [figures[at] for at in order]), strict=True))
    for found in (found_of[place] for place in range(len(figures))):
        if any(isinstance(window.candidate, Estimate) for window in found.days):
            yield found


def _course(of: _Followed) -> Course:
    """Follow a figure; runs in a worker."""
    return course(Timed.of(of.logs), of.measure, of.statistic, of.figure)


def _followed(
    loaded: LoadedEnvelope, of: Measurable, tallied: Tallied, join: Join
) -> Iterator[_Followed]:
    logs = compared(tallied.logs, matched(tallied.logs, join))
    measures = {measure.name: measure for measure in of.measures}
    for metric, statistic in list(_figures(loaded, of))[:MOST_COURSES]:
        plugin = loaded.plugins[metric.instrument]
        unit = next(item.unit for item in plugin.values if item.name == metric.value)
        figure = Figure(metric.name, metric.kind, statistic.name, unit, metric.labels)
        measure = measures[metric.name]
        yield _Followed(figure, statistic, measure, logs.of_measure(measure.name))


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
