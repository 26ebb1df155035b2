"""The draws of one snapshot are dealt out to two arms, so that it meets itself.

Assumes: the draws of a case are exchangeable, whichever recording they come from.
Reference: random assignment as in a permutation test (Fisher 1935, "The Design of Experiments").
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evalkit.core.model import Arm
from evalkit.stats.arrays import BoolArray, FloatArray
from evalkit.stats.evidence import Evidence, Observed


def pooled(evidence: Evidence) -> Observed:
    """Return the samples of all arms as those of one, in case order."""
    arms = list(evidence.arms.values())
    case = np.concatenate([arm.case for arm in arms])
    order = np.argsort(case, kind="stable")
    values = np.concatenate([arm.values for arm in arms])
    present = np.concatenate([arm.present for arm in arms])
    return Observed(case[order], values[order], present[order])


def comparable(draws: Observed, cases: int) -> BoolArray:
    """Return which cases have the two draws that it takes to meet oneself."""
    return np.bincount(draws.case, minlength=cases) >= 2


def dealt(draws: Observed, evidence: Evidence, keys: FloatArray, *, candidate: int) -> Evidence:
    """Return the evidence of one comparison, in which every sample is in one of both arms.

    Args:
        draws: the samples of all arms together, of cases that have at least two.
        evidence: whose cases and clusters they are.
        keys: a row a case, a number a draw: those with the smallest go to the candidate.
        candidate: how many draws a case the candidate gets, at most; one is left to the baseline.
    """
    counts = np.bincount(draws.case, minlength=evidence.cases)
    place = np.arange(draws.samples) - (np.cumsum(counts) - counts)[draws.case]
    order = np.lexsort((keys[draws.case, place], draws.case))
    rank = np.empty(draws.samples, np.int64)
    rank[order] = place
    to_candidate = rank < np.minimum(candidate, counts - 1)[draws.case]
    arms = {
        arm: Observed(draws.case[chosen], draws.values[chosen], draws.present[chosen])
        for arm, chosen in ((Arm.BASELINE, ~to_candidate), (Arm.CANDIDATE, to_candidate))
    }
    return replace(evidence, arms=arms, looks=None, reach=1.0, labels={})
