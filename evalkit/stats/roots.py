"""A monotone function crosses zero somewhere: find where, to the last bits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

X_TOLERANCE = 1e-13
MAX_STEPS = 200


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a continuous function changes sign between ``low`` and ``high``.

    Chandrupatla's method (Advances in Engineering Software 28, 1997): inverse quadratic
    interpolation where it is safe, bisection where it is not. Infinite values are allowed at the
    ends. Deterministic; stops when the bracket is shorter than 1e-13 of its position.

    Raises:
        ValueError: the function has the same sign at both ends.

    >>> round(root(lambda x: x**3 - 2, 0.0, 2.0), 12)
    1.259921049895
    """
    a, b = high, low
    fa, fb = function(a), function(b)
    if fa == 0 or fb == 0:
        return a if fa == 0 else b
    if (fa > 0) == (fb > 0):
        raise ValueError(f"no sign change between {low} ({fb}) and {high} ({fa})")
    c, fc = b, fb
    share = 0.5
    for _ in range(MAX_STEPS):
        x = a + share * (b - a)
        fx = function(x)
        if (fx > 0) == (fa > 0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        best, f_best = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        limit = 0.5 * X_TOLERANCE * max(1.0, abs(best)) / abs(b - a)
        if limit > 0.5 or f_best == 0:
            break
        share = min(1 - limit, max(limit, _share((a, fa), (b, fb), (c, fc))))
    return best


def first_integer(last: int, holds: Callable[[int], bool]) -> int:
    """Return the smallest integer from 0 that satisfies a monotone condition, at most ``last``.

    >>> first_integer(100, lambda n: n * n >= 50)
    8
    """
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def first_integer_near(guess: int, last: int, holds: Callable[[int], bool]) -> int:
    """Return what ``first_integer`` returns, in fewer steps where a guess is near it.

    >>> first_integer_near(9, 100, lambda n: n * n >= 50)
    8
    """
    place = min(max(guess, 0), last)
    step = 1
    if place == last or holds(place):
        low, high = 0, place
        while low < high and holds(max(high - step, low)):
            high, step = max(high - step, low), 2 * step
        low = max(high - step + 1, low)
        return low + first_integer(high - low, lambda n: holds(low + n))
    while place + step < last and not holds(place + step):
        place, step = place + step, 2 * step
    low, high = place + 1, min(place + step, last)
    return low + first_integer(high - low, lambda n: holds(low + n))


Point: TypeAlias = tuple[float, float]


def _share(a: Point, b: Point, c: Point) -> float:
    """Return how far from a to b to step: by inverse quadratic interpolation if it is safe."""
    (xa, fa), (xb, fb), (xc, fc) = a, b, c
    if not (math.isfinite(fa) and math.isfinite(fb) and math.isfinite(fc)):
        return 0.5
    xi, phi = (xa - xb) / (xc - xb), (fa - fb) / (fc - fb)
    if not (phi**2 < xi and (1 - phi) ** 2 < 1 - xi):
        return 0.5
    quadratic = fa / (fb - fa) * fc / (fb - fc)
    return quadratic + (xc - xa) / (xb - xa) * fa / (fc - fa) * fb / (fc - fb)
