"""Two arms become what a reviewer reads: cases that moved, and both distributions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from evalkit.core.envelope import Bound, Kind, Metric
from evalkit.core.model import Arm
from evalkit.core.rounding import six_digits
from evalkit.core.verdict import Flip, Histogram
from evalkit.stats.arrays import FloatArray
from evalkit.stats.evidence import Exhibit, case_means, paired
from evalkit.stats.quantile import sample_quantile

FAR_MOVES = 20
"""Of a number that is not a rate, so many of the cases that moved farthest are named."""

BINS = 44
MONEY = "usd"


def flips(bound: Bound, exhibit: Exhibit) -> Iterator[Flip]:
    """Yield the cases whose answer changed side, the largest effect first.

    A rate flips where the case means of the arms differ by half or more. Of scores and amounts
    the cases that moved farthest are yielded; times and money say nothing about an answer's text.
    """
    evidence = exhibit.evidence
    reads_text = bound.metric.kind in {Kind.RATE, Kind.SCORE, Kind.AMOUNT} and exhibit.unit != MONEY
    if Arm.BASELINE not in evidence.arms or not reads_text:
        return
    nowhere = (0.0, 0.0)
    change = paired(
        case_means(evidence, Arm.CANDIDATE, nowhere), case_means(evidence, Arm.BASELINE, nowhere)
    )
    effect = np.where(change.known, change.seen, 0.0)
    order = np.argsort(-np.abs(effect), kind="stable")
    if bound.metric.kind is Kind.RATE:
        order = order[np.abs(effect[order]) >= 0.5]
    else:
        order = order[effect[order] != 0][:FAR_MOVES]
    for place in order:
        moved = float(effect[place])
        yield Flip(exhibit.case_ids[place], bound.name, _kind(bound.metric, moved), moved)


def histogram(metric: Metric, exhibit: Exhibit) -> Histogram | None:
    """Return both arms' values of an amount or a time on shared bins, or nothing without values."""
    if metric.kind not in {Kind.AMOUNT, Kind.TIME}:
        return None
    values = {
        arm: np.sort(observed.finite().values[observed.finite().present])
        for arm, observed in exhibit.evidence.arms.items()
    }
    everything = np.concatenate(list(values.values()))
    if not everything.size:
        return None
    positive = everything[everything > 0]
    edges = _edges(positive) if positive.size else np.linspace(0, 1, BINS + 1)
    return Histogram(
        metric=metric.name,
        unit=exhibit.unit,
        logarithmic=bool(positive.size),
        edges=tuple(edges.tolist()),
        counts={arm: _counts(found[found > 0], edges) for arm, found in values.items()},
        zeros={arm: int(np.count_nonzero(found <= 0)) for arm, found in values.items()},
        marks={arm: _marks(found) for arm, found in values.items() if found.size},
    )


def _kind(metric: Metric, effect: float) -> str:
    if metric.labels is None:
        return f"{metric.name} {'higher' if effect > 0 else 'lower'}"
    yes, no = metric.labels
    return f"{no} → {yes}" if effect > 0 else f"{yes} → {no}"


def _edges(values: FloatArray) -> FloatArray:
    """Return the edges of bins for positive values, as wide as each other on a logarithmic axis."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low * 0.9, high * 1.1
    edges = np.exp(np.linspace(math.log(low), math.log(high), BINS + 1))
    # Rounded before counting, so that another processor's last bits move no value to another bin.
    return np.array(six_digits(tuple(edges.tolist())))


def _counts(values: FloatArray, edges: FloatArray) -> tuple[int, ...]:
    # The outermost values may lie beyond the outermost edges by a rounding.
    inside = np.clip(values, edges[0], edges[-1])
    return tuple(int(count) for count in np.histogram(inside, edges)[0])


def _marks(values: FloatArray) -> Mapping[str, float]:
    return {
        "p50": sample_quantile(values, 0.5),
        "p95": sample_quantile(values, 0.95),
        "max": float(values[-1]),
    }
