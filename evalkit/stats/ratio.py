"""Limits for a ratio of means, by inverting those of ``candidate − ρ·baseline`` (Fieller 1954)."""

from __future__ import annotations

import math
from collections.abc import Callable

from evalkit.stats.roots import root

WIDEST_FACTOR = 1e6


def fieller_limit(gap: Callable[[float], float], estimate: float, *, upward: bool) -> float:
    """Return the ratio at which ``gap`` changes sign, going up or down from the estimate.

    ``gap(ρ)`` falls in ρ; its sign says on which side of 0 a limit of ``candidate − ρ·baseline``
    lies. The limit is 0 or infinity where the sign never changes, and the estimate where the gap
    is 0 there but for rounding: the ratio of every case is the same.
    """
    if (gap(estimate) <= 0) is upward:
        return estimate
    step = max(abs(estimate), 1e-3) * 0.05
    near = estimate
    while step < WIDEST_FACTOR * max(1.0, abs(estimate)):
        far = near + step if upward else max(near - step, 0.0)
        if (gap(far) <= 0) is upward:
            return root(gap, min(near, far), max(near, far))
        if far == 0:
            return 0.0
        near, step = far, step * 2
    return math.inf
