"""A detector is wrong about some answers: how far that may move a number, and what still stands then.

Assumes: for each answer it is known how probable it is that people would say otherwise. What they
would say may lie as far below what was measured as all answers that count 1 may be wrong, and as far
above it as all that count 0 may be: nothing says that mistakes of one kind make up for the other, and
how far they do differs between models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from evalkit.core.envelope import Bound, Limit, LimitKind
from evalkit.core.model import Arm


@dataclass(frozen=True, slots=True)
class Mistaken:
    """How much of the rate of one arm may be mistakes of its detector, as shares of its answers.

    ``rate`` is what was measured; ``false`` the share of answers that should not count as 1, and
    ``missed`` the share that should.
    """

    rate: float
    false: float
    missed: float


Mistakes: TypeAlias = Mapping[Arm, Mistaken]


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far the truth may lie below and above a number that was measured; neither is negative."""

    down: float
    up: float

    def tightened(self, limit: Limit) -> Limit:
        """Return the limit that what was measured must keep, so that the truth keeps the given one.

        Where none is left between its ends, they meet in the middle.
        """
        low = None if limit.min is None else limit.min + self.down
        high = None if limit.max is None else limit.max - self.up
        if low is not None and high is not None and low > high:
            low = high = (low + high) / 2
        return replace(limit, min=low, max=high)

    def loosened(self, limit: Limit) -> Limit:
        """Return the limit that what was measured must break, so that the truth breaks the given one."""
        low = None if limit.min is None else limit.min - self.up
        high = None if limit.max is None else limit.max + self.down
        return replace(limit, min=low, max=high)


def doubt_about(bound: Bound, mistakes: Mistakes) -> Doubt | None:
    """Return how far the truth may lie from what a bound is laid on; nothing where nobody knows.

    Where nothing is known of the candidate yet, the baseline stands in for it.
    """
    baseline = mistakes.get(Arm.BASELINE)
    candidate = mistakes.get(Arm.CANDIDATE, baseline)
    if candidate is None or bound.statistic.quantile is not None:
        return None
    if bound.limit.kind is LimitKind.ABSOLUTE:
        return Doubt(candidate.false, candidate.missed)
    baseline = baseline or candidate
    match bound.limit.kind:
        case LimitKind.DELTA:
            return Doubt(candidate.false + baseline.missed, candidate.missed + baseline.false)
        case LimitKind.RATIO:
            return _of_ratio(candidate, baseline)
    # Any distance between two rates moves at most as far as both of them do.
    most = candidate.false + candidate.missed + baseline.false + baseline.missed
    return Doubt(most, most)


def _of_ratio(candidate: Mistaken, baseline: Mistaken) -> Doubt | None:
    """Return the doubt about a ratio; nothing where there is no ratio."""
    if not baseline.rate:
        return None
    ratio = candidate.rate / baseline.rate
    least = (candidate.rate - candidate.false) / (baseline.rate + baseline.missed)
    fewest = baseline.rate - baseline.false
    most = (candidate.rate + candidate.missed) / fewest if fewest > 0 else float("inf")
    return Doubt(ratio - least, most - ratio)


def to_hold(bound: Bound, mistakes: Mistakes) -> Bound:
    """Return the bound that what was measured must keep, with the detector at its worst."""
    doubt = doubt_about(bound, mistakes)
    return bound if doubt is None else replace(bound, limit=doubt.tightened(bound.limit))


def to_break(bound: Bound, mistakes: Mistakes) -> Bound:
    """Return the bound that what was measured must break, with the detector at its worst."""
    doubt = doubt_about(bound, mistakes)
    return bound if doubt is None else replace(bound, limit=doubt.loosened(bound.limit))
