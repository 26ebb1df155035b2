"""The engines of single limits, beside one pass of numpy over the same values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from evalkit.core.envelope import UNIT_INTERVAL
from evalkit.stats import binomial, gaffke
from evalkit.stats.gaffke import Units
from evalkit.stats.tally import Tally

ALPHA = 0.05


def engine_lines(folder: Path) -> Iterator[str]:
    """Yield what one upper limit costs on several kinds of data."""
    del folder
    values = np.random.default_rng(1).beta(5, 2, 20_000)
    apart = Units(values, np.ones(values.size), np.ones(values.size))
    tallied = Tally.of(values, UNIT_INTERVAL).units
    sort = _seconds(lambda: np.sort(values))
    yield f"sorting 20,000 values with numpy              {1e3 * sort:8.3f} ms"
    for name, job in {
        "engine G, binary, 20,000 cases": lambda: binomial.upper_limit(18_000, 20_000, ALPHA),
        "engine G, 20,000 distinct values, each apart": lambda: gaffke.upper_limit(
            apart, UNIT_INTERVAL, ALPHA
        ),
        "engine G, 20,000 distinct values, tallied": lambda: gaffke.upper_limit(
            tallied, UNIT_INTERVAL, ALPHA
        ),
    }.items():
        found = _seconds(job)
        yield f"{name:<45} {1e3 * found:8.3f} ms, × {found / sort:.2f} of that"


def _seconds(job: Callable[[], object]) -> float:
    """Return the fastest of a few rounds, each long enough to be timed."""
    best = float("inf")
    for _ in range(5):
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < 0.1:
            job()
            count += 1
        best = min(best, spent / count)
    return best
