"""Where a value lies beside its limit: the scale of one bound, and the order of several.

Every bound has its own linear scale, placed so that all acceptable regions line up: the lower
limit at 28 % of the width, the upper one at 72 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.core.envelope import Kind, LimitKind
from evalkit.core.verdict import BoundResult, Estimate, Result

LEFT, RIGHT = 0.28, 0.72


@dataclass(frozen=True, slots=True)
class Corridor:
    """The scale of one bound.

    ``low`` and ``high`` are the values at 28 % and 72 %; ``min`` and ``max`` the limits among
    them, ``start`` and ``end`` the natural ends of the metric. A region without a limit or a
    natural end on one side runs to the edge of the plot.
    """

    low: float
    high: float
    min: float | None
    max: float | None
    start: float | None
    end: float | None
    reference: float | None

    @property
    def width(self) -> float:
        """The distance in values between 28 % and 72 %."""
        return self.high - self.low

    def place(self, value: float) -> float:
        """Return where a value lies, 0 at the left edge of the plot and 1 at its right one."""
        if math.isinf(value):
            return value
        return LEFT + (RIGHT - LEFT) * (value - self.low) / self.width

    def excess(self, value: float) -> float:
        """Return how far a value lies past its limit, in corridor widths; negative inside."""
        under = -math.inf if self.min is None else self.min - value
        over = -math.inf if self.max is None else value - self.max
        return max(under, over) / self.width


def corridor(bound: BoundResult) -> Corridor:
    """Return the scale of a bound."""
    low, high = bound.limit.min, bound.limit.max
    reference = {LimitKind.DELTA: 0.0, LimitKind.RATIO: 1.0}.get(bound.limit.kind)
    start = end = None
    if bound.limit.kind in {LimitKind.ABSOLUTE, LimitKind.SHIFT}:
        start = 0.0 if low is None else None
        bounded = bound.kind in {Kind.RATE, Kind.SCORE}
        end = 1.0 if high is None and bounded else None
    left = low if low is not None else start
    right = high if high is not None else end
    if left is None:
        assert right is not None
        left = right - 2 * _half_width(right, reference)
    if right is None:
        right = left + 2 * _half_width(left, reference)
    if right <= left:
        right = left + max(abs(left), 1.0) * 1e-3
    return Corridor(left, right, low, high, start, end, reference)


def _half_width(limit: float, reference: float | None) -> float:
    """Return half a corridor whose open side has no end: the reference is its middle."""
    if reference is None:
        return abs(limit) / 2 or 0.5
    return abs(limit - reference) or 0.05


def in_order(bounds: Sequence[BoundResult]) -> list[BoundResult]:
    """Return bounds as a reviewer should meet them.

    Broken first, then undecided, unmeasured and what holds; inside a group by the distance past
    the limit in corridor widths, largest first.
    """
    return sorted(bounds, key=lambda bound: (_group(bound), -_distance(bound)))


def _group(bound: BoundResult) -> int:
    order = [Result.BROKEN, Result.UNDECIDED, Result.UNMEASURED, Result.HOLDS]
    return 2 * order.index(bound.result) + (not bound.blocks)


def _distance(bound: BoundResult) -> float:
    judged = bound.judged
    if not isinstance(judged, Estimate):
        return 0.0
    scale = corridor(bound)
    if bound.result is Result.HOLDS:
        return max(scale.excess(judged.lower), scale.excess(judged.upper))
    return scale.excess(judged.value)
