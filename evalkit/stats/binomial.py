"""Exact limits and p-values for successes among independent trials.

Assumes: independent trials with one probability of success.
Reference: Clopper & Pearson (1934), "The use of confidence or fiducial limits illustrated in the
case of the binomial", Biometrika 26.
"""

from __future__ import annotations

from evalkit.stats.special import beta_cdf, beta_quantile


def upper_limit(successes: float, trials: float, alpha: float) -> float:
    """Return the one-sided upper limit of the probability at level 1 − alpha.

    >>> round(upper_limit(0, 20, 0.05), 9)
    0.139108341
    """
    if successes >= trials:
        return 1.0
    return beta_quantile(1 - alpha, successes + 1, trials - successes)


def lower_limit(successes: float, trials: float, alpha: float) -> float:
    """Return the one-sided lower limit of the probability at level 1 − alpha."""
    if successes <= 0:
        return 0.0
    return beta_quantile(alpha, successes, trials - successes + 1)


def p_below(successes: float, trials: float, bound: float) -> float:
    """Return the p-value of the claim "the probability is below ``bound``"."""
    if bound > 1:
        return 0.0
    if successes >= trials or bound <= 0:
        return 1.0
    return beta_cdf(1 - bound, trials - successes, successes + 1, complement=bound)


def p_above(successes: float, trials: float, bound: float) -> float:
    """Return the p-value of the claim "the probability is above ``bound``"."""
    if bound < 0:
        return 0.0
    if successes <= 0 or bound >= 1:
        return 1.0
    return beta_cdf(bound, successes, trials - successes + 1)
