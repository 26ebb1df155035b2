"""Limits and p-values become a claim about a bound."""

from __future__ import annotations

import math

from evalkit.core.envelope import Limit

EQUAL_WITHIN = 1e-9
"""A limit this near to a bound, relative to its size, counts as on it: bounds are closed."""

ZERO_WITHIN = 1e-15
"""A bound of 0 has no size; this much of a limit is rounding."""


def proves_inside(lower: float, upper: float, limit: Limit) -> bool:
    """Return whether one-sided limits prove that the value lies in the acceptable region.

    >>> from evalkit.core.envelope import LimitKind
    >>> proves_inside(0.8499999, 0.93, Limit(LimitKind.ABSOLUTE, min=0.85))
    False
    """
    above = limit.min is None or lower >= limit.min or _equal(lower, limit.min)
    below = limit.max is None or upper <= limit.max or _equal(upper, limit.max)
    return above and below


def proves_outside(lower: float, upper: float, limit: Limit) -> bool:
    """Return whether one-sided limits prove, on their own, that the value lies outside."""
    under = limit.min is not None and upper < limit.min and not _equal(upper, limit.min)
    over = limit.max is not None and lower > limit.max and not _equal(lower, limit.max)
    return under or over


def p_outside(
    p_under: float | None, p_over: float | None, *, interval_width: float, band_width: float
) -> float:
    """Return the p-value of "outside" from those of "under the minimum" and "over the maximum".

    A side without a bound is ``None``. An interval wider than the band could lie outside on
    either side by chance, so that two looks are paid for.
    """
    sides = [p for p in (p_under, p_over) if p is not None]
    if len(sides) < 2 or interval_width <= band_width:
        return min(sides)
    return min(1.0, 2 * min(sides))


def _equal(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=EQUAL_WITHIN, abs_tol=ZERO_WITHIN)
