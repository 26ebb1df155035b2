"""How many observations Wald's sequential probability ratio test takes on average.

Assumes: independent trials with one probability of success; the overshoot is left out.
Reference: Wald (1945), "Sequential tests of statistical hypotheses", Annals of Mathematical
Statistics 16.
"""

from __future__ import annotations

import math


def mean_sample_numbers(
    null: float, alternative: float, *, alpha: float, beta: float
) -> tuple[float, float]:
    """Return the mean number of trials if ``null`` is the rate, and if ``alternative`` is.

    Raises:
        ValueError: rates that are equal or not inside 0 to 1, or levels that sum to 1 or more.

    >>> at_null, at_alternative = mean_sample_numbers(0.99, 0.998, alpha=0.05, beta=0.1)
    >>> round(at_null, 6), round(at_alternative, 6)
    (245.394873, 493.668677)
    """
    if not (0 < null < 1 and 0 < alternative < 1 and null != alternative):
        raise ValueError(f"expected two rates between 0 and 1, found {null} and {alternative}")
    if not (alpha > 0 and beta > 0 and alpha + beta < 1):
        raise ValueError(f"expected levels above 0 that sum to less than 1, found {alpha}, {beta}")
    success = math.log(alternative / null)
    failure = math.log((1 - alternative) / (1 - null))
    accept, reject = math.log(beta / (1 - alpha)), math.log((1 - beta) / alpha)

    def mean(rate: float, rejecting: float) -> float:
        return (rejecting * reject + (1 - rejecting) * accept) / (
            rate * success + (1 - rate) * failure
        )

    return mean(null, alpha), mean(alternative, 1 - beta)
