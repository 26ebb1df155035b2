"""A rate that an imperfect judge found becomes the rate there is, by what is known of the judge.

Assumes: the judge errs here as often as where it was calibrated.
Reference: Rogan & Gladen (1978), "Estimating prevalence from the results of a screening test",
American Journal of Epidemiology 107.
"""

from __future__ import annotations


def true_rate(found: float, sensitivity: float, specificity: float) -> float:
    """Return the rate behind a rate that was found; outside 0 to 1 where the two do not fit.

    Raises:
        ValueError: a share outside 0 to 1, or a judge that is no better than a coin.

    >>> round(true_rate(120 / 400, sensitivity=0.9, specificity=0.95), 9)
    0.294117647
    """
    if not all(0 <= share <= 1 for share in (found, sensitivity, specificity)):
        raise ValueError(
            f"expected shares from 0 to 1, found {found}, {sensitivity} and {specificity}"
        )
    if sensitivity + specificity <= 1:
        raise ValueError(
            f"expected sensitivity + specificity above 1, found {sensitivity} + {specificity}"
        )
    return (found + specificity - 1) / (sensitivity + specificity - 1)
