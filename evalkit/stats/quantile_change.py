"""A quantile of the candidate beside the same of the baseline: their ratio, or their difference.

Assumes: independent units (cases or clusters), each answered in both arms; some values expected
    beyond the quantile (``fewest_units``).
Reference: the paired bootstrap, percentile limits (Efron & Tibshirani 1993, chapter 13), on the
    logarithm of a ratio; and MOVER, which joins the exact limits of each quantile (Zou & Donner
    2008, "Construction of confidence limits about effect measures"). Quantiles are type 7 of
    Hyndman & Fan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.quantile import rank_limits, sample_quantile
from evalkit.stats.resampling import unit_counts
from evalkit.stats.shift import Values

ROUNDING = 1e-9
"""The last bits of a sum must not move a quantile from one value to the next."""

WINDOW_ERRORS = 8
"""Draws outside so many standard errors of a quantile's rank are counted in full; there are few."""


def resampled_quantiles(
    arms: Sequence[Values], quantile: float, units: int, replicates: int, seed: int
) -> list[FloatArray]:
    """Return the quantile of each arm, a number a replicate; all arms get the same units.

    Args:
        arms: the values of each.
        quantile: which one.
        units: how many units there are.
        replicates: how often they are drawn.
        seed: of the draws.
    """
    if all(arm.values.min() == arm.values.max() for arm in arms):
        return [np.full(replicates, arm.values[0]) for arm in arms]
    ordered = [arm.in_order() for arm in arms]
    found: list[list[FloatArray]] = [[] for _ in arms]
    for counts in unit_counts(units, replicates, seed):
        for place, arm in enumerate(ordered):
            found[place].append(weighted_quantiles(arm, quantile, counts))
    return [np.concatenate(parts) for parts in found]


def weighted_quantiles(arm: Values, quantile: float, counts: FloatArray) -> FloatArray:
    """Return the quantile of sorted values for each row of counts, one count a unit.

    It is ``sample_quantile`` of each value as often as its unit was drawn: type 7 where all weigh
    the same. A row that drew none of the values has the quantile of all.
    """
    held = np.bincount(arm.unit, minlength=counts.shape[1]).astype(np.float64)
    size = np.einsum("ij,j->i", counts, held)
    if not size.all():
        counts = np.where(size[:, None] > 0, counts, 1.0)
        size = np.where(size > 0, size, held.sum())
    if arm.weights.min() < arm.weights.max():
        return _between_centres(arm, quantile, counts)
    found, inside = _in_window(arm, quantile, counts, size)
    if not inside.all():
        found[~inside] = _between_centres(arm, quantile, counts[~inside])
    return found


def _in_window(
    arm: Values, quantile: float, counts: FloatArray, size: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Return the quantile of values of equal weight, and in which rows it was found.

    A quantile of resampled values is near that of all: only those around it are counted one by
    one, and those below it together.
    """
    total, units = arm.values.size, counts.shape[1]
    middle = quantile * (total - 1)
    # Values of one unit are drawn together: their ranks scatter as if there were fewer.
    scatter = math.sqrt(quantile * (1 - quantile) * total * max(1.0, total / units))
    reach = math.ceil(WINDOW_ERRORS * scatter) + 2
    start, stop = max(0, math.floor(middle) - reach), min(total, math.ceil(middle) + reach)
    below = np.bincount(arm.unit[:start], minlength=units).astype(np.float64)
    before = np.einsum("ij,j->i", counts, below)
    until = np.cumsum(np.take(counts, arm.unit[start:stop], axis=1), axis=1) + before[:, None]
    place = quantile * (size - 1)
    rank = np.floor(place + ROUNDING)
    following = np.minimum(rank + 1, size - 1)
    inside = (before <= rank) & (until[:, -1] > following)
    values = arm.values[start:stop]
    low, high = (
        values[np.minimum((until <= each[:, None]).sum(axis=1), values.size - 1)]
        for each in (rank, following)
    )
    return _mixed(low, high, place - rank), inside


def _between_centres(arm: Values, quantile: float, counts: FloatArray) -> FloatArray:
    """Return the quantile of values of any weight: each copy stands in the middle of its weight."""
    mass = np.take(counts, arm.unit, axis=1) * arm.weights
    until, rows = np.cumsum(mass, axis=1), np.arange(counts.shape[0])
    half, last = arm.weights / 2, arm.values.size - 1
    ends = (mass > 0).argmax(axis=1), last - (mass[:, ::-1] > 0).argmax(axis=1)
    margins = half[ends[0]], half[ends[1]]
    place = margins[0] + quantile * (until[:, -1] - margins[0] - margins[1])
    slack = ROUNDING * float(arm.weights.min())

    def reaching(mass_below: FloatArray) -> IntArray:
        """Return where in each row the first value stands that goes beyond so much weight."""
        found = (until <= mass_below[:, None] + slack).sum(axis=1)
        return np.asarray(np.minimum(found, ends[1]))

    hit = reaching(place - slack)
    first, final = until[rows, hit] - mass[rows, hit] + half[hit], until[rows, hit] - half[hit]
    # The copy before the first of these, or the one after the last.
    earlier = np.maximum(reaching(first - half[hit] - 3 * slack), ends[0])
    later = reaching(until[rows, hit])
    ahead, behind = place > final, place < first
    low = np.where(behind, earlier, hit)
    high = np.where(ahead, later, hit)
    low_at = np.where(behind, first - half[hit] - half[low], np.where(ahead, final, first))
    width = half[low] + half[high]
    return _mixed(arm.values[low], arm.values[high], (place - low_at) / width)


def _mixed(low: FloatArray, high: FloatArray, share: FloatArray) -> FloatArray:
    """Return numbers so far on the way from one to another; the other may be infinite."""
    at_low = (share <= ROUNDING) | (low == high)
    with np.errstate(invalid="ignore"):
        between = low + np.clip(share, 0.0, 1.0) * (high - low)
    return np.asarray(np.where(at_low, low, between))


def mover_limits(
    baseline: FloatArray, candidate: FloatArray, quantile: float, alpha: float
) -> tuple[float, float, float]:
    """Return the difference of two quantiles and both its limits, by MOVER of the exact ones.

    For a ratio the arguments are logarithms. A limit is infinite where there are too few values.
    Where a quantile is itself infinite the limits are the least and the greatest difference of
    the exact ones, which is wider; of two infinite quantiles nothing is known, and 0 returned.
    """
    low_b, at_b, high_b = _exact(baseline, quantile, alpha)
    low_c, at_c, high_c = _exact(candidate, quantile, alpha)
    change = _difference(at_c, at_b, unknown=0.0)
    if not (math.isfinite(at_b) and math.isfinite(at_c)):
        least = _difference(low_c, high_b, unknown=-math.inf)
        return change, least, _difference(high_c, low_b, unknown=math.inf)
    below = math.hypot(at_c - low_c, high_b - at_b)
    above = math.hypot(high_c - at_c, at_b - low_b)
    return change, change - below, change + above


def _difference(first: float, second: float, *, unknown: float) -> float:
    return unknown if math.isinf(first) and first == second else first - second


def _exact(values: FloatArray, quantile: float, alpha: float) -> tuple[float, float, float]:
    """Return the lower limit, the estimate and the upper limit of a quantile."""
    ordered = np.sort(values)
    lower, upper = rank_limits(ordered.size, quantile, alpha)
    low = float(ordered[lower - 1]) if lower >= 1 else -math.inf
    high = float(ordered[upper - 1]) if upper <= ordered.size else math.inf
    return low, sample_quantile(ordered, quantile), high
