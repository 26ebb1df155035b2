"""A table becomes evidence about the tags that no bound names: where to look, not what to gate by."""

from __future__ import annotations

from collections import Counter

from evalkit.core.envelope import Envelope, Kind, LimitKind, Metric, Slice, Statistic
from evalkit.stages.aggregate import Table
from evalkit.stats.evidence import Sliced

MOST_TAGS, MOST_ROWS = 40, 240
"""So many of the largest tags, and so many rows, are read by somebody and take no time."""


def slices(envelope: Envelope, table: Table) -> tuple[tuple[Sliced, ...], int]:
    """Return the evidence on each tag, the largest first, and how many tags are left out.

    It is that of every rate and mean that a bound lays on the whole golden set, on the tags
    that no bound names for it and that not every case has.
    """
    sizes = Counter(tag for case in table.cases for tag in set(case.tags))
    tags = [tag for tag, count in sizes.most_common() if count < len(table.cases)]
    asked = _asked(envelope)
    kept = tags[: min(MOST_TAGS, MOST_ROWS // len(asked))] if asked else []
    named = {(bound.metric.name, bound.statistic, bound.slice.name) for bound in envelope.bounds}
    found = [
        Sliced(metric, statistic, tag, table.exhibit(metric, Slice(any_of=(tag,)), statistic))
        for metric, statistic in asked
        for tag in kept
        if (metric.name, statistic, tag) not in named
    ]
    return tuple(found), len(tags) - len(kept) if asked else 0


def _asked(envelope: Envelope) -> list[tuple[Metric, Statistic]]:
    """Return the means that bounds lay on the whole golden set, each once.

    A shift has no estimate of an arm, and a quantile of few cases has hardly an interval.
    """
    found = {
        (bound.metric.name, bound.statistic): (bound.metric, bound.statistic)
        for bound in envelope.bounds
        if bound.slice.everything
        and bound.limit.kind is not LimitKind.SHIFT
        and bound.metric.kind is not Kind.CATEGORY
        and bound.statistic.quantile is None
    }
    return list(found.values())
