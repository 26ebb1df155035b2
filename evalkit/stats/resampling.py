"""Units are drawn with replacement here, the same ones on every machine.

Assumes: units are independent and alike.
Reference: Efron & Tibshirani (1993), "An Introduction to the Bootstrap"; indexes by multiplication
and shift of 32 random bits, Lemire (2019), "Fast random integer generation in an interval". What
numpy derives from its generators changes with its version; the raw words of PCG64 do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from evalkit.stats.arrays import FloatArray

CHUNK_ELEMENTS = 125_000
"""So many draws at a time stay in the processor's cache; how many they are changes no draw."""

HIGH_BITS = np.uint64(32)
HIGHEST_BIT = np.uint64(63)
BEYOND = 20


def unit_counts(units: int, replicates: int, seed: int) -> Iterator[FloatArray]:
    """Yield how often each unit was drawn, a row a replicate, some rows at a time.

    A unit is chosen with a chance that differs from 1 in so many by less than 2⁻³². Units are told
    apart by their place: in another order they get other draws.

    Args:
        units: how many there are, and are drawn each time.
        replicates: how many rows come in all.
        seed: of the draws.
    """
    for words in _words(units, replicates, seed):
        place = (((words >> HIGH_BITS) * np.uint64(units)) >> HIGH_BITS).astype(np.int64)
        place += np.arange(0, place.size, units)[:, None]
        counts = np.bincount(place.ravel(), minlength=place.size)
        yield counts.reshape(place.shape).astype(np.float64)


def swaps(units: int, replicates: int, seed: int) -> Iterator[FloatArray]:
    """Yield 1 or −1 for each unit, as likely as not, a row a replicate, some rows at a time.

    Args:
        units: how many there are.
        replicates: how many rows come in all.
        seed: of the draws.
    """
    for words in _words(units, replicates, seed):
        yield 1.0 - 2.0 * (words >> HIGHEST_BIT).astype(np.float64)


def rank_above(replicates: int, alpha: float) -> int:
    """Return the rank, from 1, of the replicate that is an upper limit at level 1 − alpha.

    It agrees with the p-value ``(1 + replicates beyond) / (1 + replicates)``. A rank above all of
    them says that they are too few for a limit.

    >>> rank_above(999, 0.05), rank_above(10, 0.05)
    (950, 11)
    """
    return math.ceil((1 - alpha) * (replicates + 1) - 1e-9)


def enough_replicates(usual: int, most: int, alpha: float) -> int:
    """Return how many replicates leave some twenty beyond a limit at level 1 − alpha.

    >>> enough_replicates(2000, 40_000, 0.05), enough_replicates(2000, 40_000, 0.001)
    (2000, 20000)
    """
    return min(max(usual, math.ceil(BEYOND / alpha - 1e-9)), most)


def p_value(beyond: int, replicates: int) -> float:
    """Return the p-value of a claim that so many replicates speak against.

    >>> p_value(0, 999)
    0.001
    """
    return (1 + beyond) / (1 + replicates)


def _words(units: int, replicates: int, seed: int) -> Iterator[NDArray[np.uint64]]:
    """Yield a random word for each unit, a row a replicate."""
    if units < 1:
        raise ValueError(f"expected a unit to draw from, found {units}")
    bits = np.random.PCG64(seed)
    rows = max(1, CHUNK_ELEMENTS // units)
    for done in range(0, replicates, rows):
        now = min(rows, replicates - done)
        yield np.asarray(bits.random_raw(now * units), np.uint64).reshape(now, units)
