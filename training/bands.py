"""How often people contradict a detector, by how sure it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evalkit.features.published import Band

EDGES = (
    -8.0,
    -6.0,
    -5.0,
    -4.0,
    -3.0,
    -2.0,
    -1.5,
    -1.0,
    -0.5,
    0.0,
    0.5,
    1.0,
    1.5,
    2.0,
    3.0,
    4.0,
    6.0,
)
"""Where bands of log-odds above the threshold begin; below the first lies one more."""

PRIOR = 0.5
"""Mistakes that are added to every band, among twice as many answers: none is known to be sure."""


def bands(margins: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[Band, ...]:
    """Return the bands; the further from the threshold, the less probable is a mistake.

    The rates of neighbouring bands are pooled until they fall with the distance (isotonic
    regression), on either side of the threshold by itself.
    """
    of = np.searchsorted(EDGES, margins, side="right")
    contrary = (margins >= 0) != (labels == 1)
    count = [int((of == band).sum()) for band in range(len(EDGES) + 1)]
    wrong = [int((contrary & (of == band)).sum()) for band in range(len(EDGES) + 1)]
    zero = EDGES.index(0.0) + 1
    below = _rising(count[:zero], wrong[:zero])
    above = _rising(count[zero:][::-1], wrong[zero:][::-1])[::-1]
    starts = [None, *EDGES]
    return tuple(
        Band(start, labelled, contrary, float(f"{mistake:.3g}"))
        for start, labelled, contrary, mistake in zip(
            starts, count, wrong, [*below, *above], strict=True
        )
    )


def _rising(counts: Sequence[int], wrongs: Sequence[int]) -> list[float]:
    """Return rates that rise from the first to the last, each that of a pool of neighbours."""
    pools: list[tuple[float, float, int]] = []
    for count, wrong in zip(counts, wrongs, strict=True):
        pool = (float(wrong), float(count), 1)
        while pools and (pool[1] == 0 or _rate(pools[-1]) >= _rate(pool)):
            before = pools.pop()
            pool = (before[0] + pool[0], before[1] + pool[1], before[2] + pool[2])
        pools.append(pool)
    return [_rate(pool) for pool in pools for _ in range(pool[2])]


def _rate(pool: tuple[float, float, int]) -> float:
    return (pool[0] + PRIOR) / (pool[1] + 2 * PRIOR)
