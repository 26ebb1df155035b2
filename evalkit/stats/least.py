"""The fewest units that could prove anything: closed forms, which need no array and load at once."""

from __future__ import annotations

import math

from evalkit.core.envelope import Support

ROUNDING = 1e-9

NEVER = 10**12
"""So many units, where no number of them could prove anything."""

FEWEST_BEYOND = 5
"""So many values have to be expected beyond a quantile for resampling to say anything about it."""


def least_units(support: Support, lower: float, upper: float, alpha: float) -> int:
    """Return the fewest units with which any data at all could prove ``lower ≤ mean ≤ upper``.

    With all values at x the limits of engine G are ``lo + (x − lo)·g`` and ``hi − (hi − x)·g``
    with ``g = α^(1/n)``; some x fits both bounds iff ``g ≥ 1 − (upper − lower)/(hi − lo)``. Nothing
    proves that a mean is one certain number, such as an end of its support.

    >>> [least_units(Support(-1, 1), -d, d, 0.05) for d in (0.01, 0.02, 0.03, 0.05)]
    [299, 149, 99, 59]
    >>> least_units(Support(0, 1), 0.95, 1.0, 0.05)
    59
    """
    room = (min(upper, support.upper) - max(lower, support.lower)) / support.width
    if room >= 1:
        return 1
    if room <= 0:
        return NEVER
    units = math.log(alpha) / math.log1p(-room)
    return min(max(1, math.ceil(units - ROUNDING)), NEVER)


def narrowest_room(units: int, alpha: float) -> float:
    """Return the least share of its support that so many units could prove a mean to lie in.

    >>> round(2 * narrowest_room(60, 0.05) / 2, 4)
    0.0487
    """
    return -math.expm1(math.log(alpha) / units) if units else 1.0


def fewest_units(quantile: float) -> int:
    """Return from how many units on a quantile can be compared.

    >>> fewest_units(0.95), fewest_units(0.5)
    (100, 10)
    """
    return math.ceil(FEWEST_BEYOND / min(quantile, 1 - quantile) - 1e-9)
