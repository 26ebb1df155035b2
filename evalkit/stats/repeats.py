"""How much of what differs between cases is the noise of single draws, which repeats would lessen.

Assumes: draws of one case are independent and alike; cases may differ in their means.
Reference: one-way analysis of variance with unequal numbers of draws (Searle, Casella & McCulloch
1992, "Variance Components", section 3.6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from evalkit.core.envelope import Support
from evalkit.core.model import Arm
from evalkit.stats.arrays import BoolArray
from evalkit.stats.evidence import ROUNDING, Evidence, Observed, case_means, paired

FEWEST_RECORDED = 3
"""In fewer draws of a case than this its noise cannot be seen."""

NOISY_SHARE = 0.1
"""Draws of one case that lie further apart than this share of the support are noise to reckon with."""


def reach_of_differences(*, baseline: int, candidate: int) -> float:
    """Return how far differences of means of draws reach, against those of single draws.

    It is the root of the ratio of their variances where arms differ by the noise of draws alone.

    Args:
        baseline: how many draws of a case are averaged.
        candidate: the same, of a case whose draws disagree.

    >>> round(reach_of_differences(baseline=5, candidate=3), 3)
    0.516
    """
    return math.sqrt((1 / baseline + 1 / candidate) / 2)


@dataclass(frozen=True, slots=True)
class Components:
    """Mean squares between and within cases, and the number of draws a typical case has."""

    mean_square_between: float
    mean_square_within: float
    draws: float

    @classmethod
    def of(cls, observed: Observed, cases: int) -> Self | None:
        """Return the components of one arm; nothing where no case has two draws, or one case all.

        >>> values = np.array([1.0, 3.0, 2.0, 4.0])
        >>> twice = Observed(np.array([0, 0, 1, 1]), values, np.ones(4, dtype=np.bool_))
        >>> Components.of(twice, 2)
        Components(mean_square_between=1.0, mean_square_within=2.0, draws=2.0)
        """
        seen = observed.without_gaps()
        draws = np.bincount(seen.case, minlength=cases).astype(np.float64)
        draws = draws[draws > 0]
        total, groups = float(draws.sum()), draws.size
        if groups < 2 or total <= groups:
            return None
        _, group = np.unique(seen.case, return_inverse=True)
        means = np.bincount(group, seen.values) / draws
        within = float(((seen.values - means[group]) ** 2).sum())
        between = float(draws @ (means - float(seen.values.mean())) ** 2)
        typical = (total - float(draws @ draws) / total) / (groups - 1)
        return cls(between / (groups - 1), within / (total - groups), typical)

    @property
    def within(self) -> float:
        """The variance of a single draw around the mean of its case."""
        return self.mean_square_within

    @property
    def between(self) -> float:
        """The variance of the means that cases would have after many draws; never negative."""
        return max(0.0, (self.mean_square_between - self.mean_square_within) / self.draws)

    @property
    def correlation(self) -> float:
        """How alike two draws of one case are: the intraclass correlation."""
        total = self.between + self.within
        return self.between / total if total else 0.0


def narrowing(evidence: Evidence, times: int) -> float | None:
    """Return by which factor paired differences would scatter less after so many times the draws.

    It is the candidate that is drawn more often. Its noise is taken from the baseline where it has
    one draw a case. Nothing is returned where no arm was drawn twice, or nothing scatters.
    """
    found = [Components.of(evidence.arms[arm], evidence.cases) for arm in reversed(Arm)]
    noise = next((components.within for components in found if components is not None), None)
    nowhere = (0.0, 0.0)
    change = paired(
        case_means(evidence, Arm.CANDIDATE, nowhere), case_means(evidence, Arm.BASELINE, nowhere)
    )
    differences = change.seen[change.known]
    spread = float(differences.var(ddof=1)) if differences.size > 1 else 0.0
    if noise is None or not spread:
        return None
    draws = evidence.arms[Arm.CANDIDATE].samples / evidence.cases
    saved = noise / draws * (1 - 1 / times)
    return math.sqrt(max(0.0, 1 - saved / spread))


def noisy_cases(observed: Observed, cases: int, support: Support) -> BoolArray:
    """Return which cases are worth more than one draw, by how their recorded draws differ.

    A rate is noisy where some draws succeeded and some did not, a score where its draws lie apart
    by more than a tenth of the support. Cases with fewer than three recorded draws are not, and
    nothing is a large part of a support without an end.

    >>> draws = Observed(np.repeat([0, 1], 3), np.array([0.0, 1, 1, 1, 1, 1]), np.ones(6, np.bool_))
    >>> noisy_cases(draws, 2, Support(0, 1))
    array([ True, False])
    """
    if not support.bounded:
        return np.zeros(cases, np.bool_)
    seen = observed.without_gaps()
    least, greatest = np.full(cases, math.inf), np.full(cases, -math.inf)
    np.minimum.at(least, seen.case, seen.values)
    np.maximum.at(greatest, seen.case, seen.values)
    recorded = np.bincount(seen.case, minlength=cases) >= FEWEST_RECORDED
    far = greatest - least > NOISY_SHARE * support.width * (1 + ROUNDING)
    noisy: BoolArray = recorded & far
    return noisy
