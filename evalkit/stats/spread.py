"""How values are spread, by cells of one per cent: quantiles of a day of traffic in a few hundred numbers.

Assumes: nothing; a quantile is rounded up, by at most one per cent. Counts of parts add up.
Reference: logarithmic cells as in Masson, Rim & Lee (2019), "DDSketch", VLDB 12.

These are not the bins of ``evalkit.stats.log_bins``, whose limits go by rank and need whole counts: where a
user is counted once, each of his values is a part of one. A canary remembers these cells from look to look.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate

WIDTH = math.log(1.01)
LOWEST = -10_000
"""The cell of 0 and what is below it."""
HIGHEST = 100_000
"""The cell of what has no end, such as the latency of an answer that never came."""


def cells_of(values: Iterable[float]) -> dict[int, float]:
    """Return how many values fell in which cell.

    >>> cells_of([100.0, 100.2, 0.0])
    {-10000: 1.0, 462: 1.0, 463: 1.0}
    """
    found = Counter(map(cell_of, values))
    return {cell: float(count) for cell, count in sorted(found.items())}


def together(one: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    """Return the cells of the values of both.

    >>> together({1: 2.0}, {0: 1.0, 1: 1.0})
    {0: 1.0, 1: 3.0}
    """
    return {cell: one.get(cell, 0.0) + other.get(cell, 0.0) for cell in sorted({*one, *other})}


def quantile_of(cells: Mapping[int, float], q: float) -> float:
    """Return the upper edge of the cell in which a quantile lies; at least a share q is not above it.

    Raises:
        ValueError: there is no value.

    >>> round(quantile_of(cells_of([100.0] * 95 + [900.0] * 5), 0.95), 1)
    100.2
    """
    count = sum(cells.values())
    if not count:
        raise ValueError("expected values to take a quantile of, found none")
    needed = q * count * (1 - 1e-12)
    below = accumulate(cells[cell] for cell in sorted(cells))
    cell = next(cell for cell, seen in zip(sorted(cells), below, strict=True) if seen >= needed)
    if cell == LOWEST:
        return 0.0
    return math.inf if cell == HIGHEST else math.exp((cell + 1) * WIDTH)


def beyond(cells: Mapping[int, float], threshold: float) -> float:
    """Return how many values lie in cells that begin at a threshold or above it.

    >>> beyond(cells_of([100.0, 150.0, math.inf]), quantile_of(cells_of([100.0]), 0.5))
    2.0
    """
    first = HIGHEST if threshold == math.inf else LOWEST + 1
    if 0 < threshold < math.inf:
        first = math.ceil(math.log(threshold) / WIDTH - 1e-6)
    return sum(count for cell, count in cells.items() if cell >= first)


def cell_of(value: float) -> int:
    """Return the cell of a value."""
    if value <= 0:
        return LOWEST
    if value == math.inf:
        return HIGHEST
    return max(math.floor(math.log(value) / WIDTH), LOWEST + 1)
