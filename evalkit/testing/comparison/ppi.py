"""Prediction-powered inference of a mean, with limits of the normal distribution.

Assumes: labelled and unlabelled samples are drawn from one population; hundreds of labels, as the
limits are too narrow on few.
Reference: Angelopoulos et al. (2023), "Prediction-powered inference", Science 382, algorithm 1.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from evalkit.stats.arrays import FloatArray
from evalkit.stats.judge_bias import Corrected


def normal_corrected_mean(judged: FloatArray, rectifiers: FloatArray, alpha: float) -> Corrected:
    """Return the judge's mean plus its mean error, with one-sided limits at level 1 − alpha.

    Args:
        judged: the judge's scores of samples without a label.
        rectifiers: for every sample with a label, the human score minus that of the judge.
        alpha: the level of each limit.

    Raises:
        ValueError: there is no score, or no label.
    """
    if not (judged.size and rectifiers.size):
        raise ValueError(
            f"expected scores and labels, found {judged.size} and {rectifiers.size} of them"
        )
    estimate = float(judged.mean()) + float(rectifiers.mean())
    variance = float(judged.var()) / judged.size + float(rectifiers.var()) / rectifiers.size
    reach = NormalDist().inv_cdf(1 - alpha) * math.sqrt(variance)
    return Corrected(estimate, estimate - reach, estimate + reach)
