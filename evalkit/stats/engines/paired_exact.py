"""The exact paired test behind an estimate: the mean of differences that are −1, 0 or 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from evalkit.core.envelope import Limit, Support
from evalkit.stats import paired_exact
from evalkit.stats.arrays import FloatArray
from evalkit.stats.engines.betting import room_between
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.evidence import CaseMeans, observed_mean
from evalkit.stats.paired_exact import Outcome

MOST_PAIRS = 500
"""With more pairs engine G needs hardly any more of them, and less time."""

DIFFERENCE = Support(-1.0, 1.0)


@dataclass(frozen=True)
class ExactPaired:
    """The exact paired test: the mean of differences between two yes-or-no answers a case.

    ``low`` and ``high`` have missing samples at their worst for either limit; ``bounds`` are those
    that limits agree with p-values about; ``fixed`` is engine G on the same data.
    """

    value: float
    low: Outcome
    high: Outcome
    bounds: tuple[float, ...]
    fixed: BoundedMean
    method: str = "exact paired test"
    approximate: bool = False
    constant: bool = False

    @classmethod
    def of(cls, means: CaseMeans, *, bounds: Sequence[float]) -> ExactPaired:
        """Return the test on the difference of each case.

        Args:
            means: a difference a case, at its worst for either limit.
            bounds: what is asked about: the ends of the limit.

        Raises:
            ValueError: a difference is not −1, 0 or 1, or there are more than 500.
        """
        if means.low.size > MOST_PAIRS:
            raise ValueError(f"at most {MOST_PAIRS} pairs are tested exactly, not {means.low.size}")
        low = _outcome(means.low)
        high = low if means.high is means.low else _outcome(means.high)
        fixed = BoundedMean.of(means, None, DIFFERENCE, method="Gaffke")
        return cls(observed_mean(means), low, high, tuple(sorted(set(bounds))), fixed)

    def lower(self, alpha: float) -> float:
        """Return the lower limit, with missing samples at their worst for it."""
        return _lower(self.low, self.bounds, alpha, self.value)

    def upper(self, alpha: float) -> float:
        """Return the upper limit, with missing samples at their worst for it."""
        mirrored = tuple(-bound for bound in reversed(self.bounds))
        return -_lower(self.high.mirrored, mirrored, alpha, -self.value)

    def p_below(self, bound: float) -> float:
        """Return the p-value of "below", and below every higher bound that was asked about."""
        asked = {each for each in self.bounds if each > bound} | {bound}
        return max(paired_exact.p_below(self.high, each) for each in asked)

    def p_above(self, bound: float) -> float:
        """Return the p-value of "above", and above every lower bound that was asked about."""
        asked = {each for each in self.bounds if each < bound} | {bound}
        return max(paired_exact.p_above(self.low, each) for each in asked)

    def would_settle(self, limit: Limit, alpha: float, factor: float, truth: float) -> bool:
        """Return whether ``factor`` times as much data would decide a bound, by engine G.

        It needs a few cases more, and takes over where they become too many for an exact test.
        """
        return self.fixed.would_settle(limit, alpha, factor, truth)


def _outcome(differences: FloatArray) -> Outcome:
    if not np.isin(differences, (-1.0, 0.0, 1.0)).all():
        raise ValueError("differences of an exact paired test have to be −1, 0 or 1")
    lost, gained = np.count_nonzero(differences < 0), np.count_nonzero(differences > 0)
    return Outcome(int(lost), int(gained), differences.size)


def _lower(outcome: Outcome, bounds: tuple[float, ...], alpha: float, value: float) -> float:
    p_value = partial(paired_exact.p_above, outcome)
    low, high = room_between(bounds, lambda bound: p_value(bound) <= alpha, size=1.0)
    within = max(low, -1.0), max(min(high, 1.0), -1.0)
    found = paired_exact.lower_limit(outcome, alpha, within=within)
    return max(low, min(found, value))
