"""Several p-values of one run, corrected for being several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for the chance of any false one among them (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    steps = np.maximum.accumulate(np.asarray(p_values, float)[order] * factors)
    return _in_place(np.minimum(steps, 1.0), order)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for the share of false ones; for reading, never for gating.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p_values, kind="stable")[::-1]
    m = len(order)
    factors = m / np.arange(m, 0, -1)
    steps = np.minimum.accumulate(np.asarray(p_values, float)[order] * factors)
    return _in_place(np.minimum(steps, 1.0), order)


def _in_place(sorted_values: np.ndarray, order: np.ndarray) -> list[float]:
    found = np.empty_like(sorted_values)
    found[order] = sorted_values
    return [float(value) for value in found]
