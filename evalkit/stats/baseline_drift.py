"""Has a recorded baseline moved? Differences of fresh and recorded answers are bet on, run after run.

Assumes: cases drawn at random, another part of them in every run, fresh answers independent.
Reference: engine S (``stats.betting``), one bet a side at half of ``ALPHA``. It may be looked at after
every run, so that what one run is too small to see adds up.
"""

from __future__ import annotations

import numpy as np

from evalkit.core.envelope import Limit, Support
from evalkit.stats.arrays import FloatArray
from evalkit.stats.betting import bet_above, plan_for_difference

ALPHA = 0.01
"""How often a baseline that stayed where it was is called stale, in all runs together."""

HORIZON = 500
"""So many cases are planned, however many there will be: fixed before the first of them is seen."""


def room_of(limit: Limit) -> tuple[float, float]:
    """Return how far a baseline may move up, and down, before a limit on a difference feels it.

    A baseline that rises leaves the candidate that much lower: it is ``min`` that feels it, and
    ``max`` a baseline that falls. A limit with one side says of both how much matters.

    >>> from evalkit.core.envelope import LimitKind
    >>> room_of(Limit(LimitKind.DELTA, -0.02, 0.05)), room_of(Limit(LimitKind.DELTA, max=0.03))
    ((0.02, 0.05), (0.03, 0.03))
    """
    low = limit.max if limit.min is None else limit.min
    high = limit.min if limit.max is None else limit.max
    assert low is not None
    assert high is not None
    return abs(low), abs(high)


def moved_after(differences: FloatArray, support: Support, limit: Limit) -> int | None:
    """Return after how many cases a baseline is shown to have moved further than a limit allows.

    Nothing is returned where it is not shown.

    Args:
        differences: fresh − recorded a case, in the order in which they came.
        support: the values that fresh and recorded answers can have.
        limit: on the difference of candidate and baseline.
    """
    # What lies outside the range it was said to have counts as its end.
    rise = (np.clip(differences / support.width, -1.0, 1.0) + 1) / 2
    up, down = room_of(limit)
    shown = [_exceeds(rise, up / support.width), _exceeds(1 - rise, down / support.width)]
    return min((cases for cases in shown if cases is not None), default=None)


def _exceeds(values: FloatArray, room: float) -> int | None:
    mean = (1 + room) / 2
    if mean >= 1:
        return None  # nothing can move that far
    plan = plan_for_difference()
    return bet_above(values, mean, ALPHA / 2, plan, horizon=HORIZON).stopped_at
