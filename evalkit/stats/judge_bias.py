"""A judge's verdicts are corrected by the human labels that a random part of them has.

Assumes: the labelled samples are drawn at random from those of the same run and the same arm; a
judge is biased otherwise on another model. Each piece has limits that stay right on small samples;
joining them is approximate.
Reference: stratified by the judge's verdict as in double sampling (Tenenbein 1970, "A double
sampling scheme for estimating from binomial data with misclassifications", JASA 65); scores as in
Angelopoulos et al. (2023), "Prediction-powered inference", Science 382. Limits are joined by MOVER
(Zou & Donner 2008, "Construction of confidence limits about effect measures", Statistics in
Medicine 27).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from evalkit.core.envelope import Support
from evalkit.stats import binomial, gaffke
from evalkit.stats.arrays import FloatArray
from evalkit.stats.tally import Tally

FEWEST_LABELS = 20
"""Labels that either stratum of verdicts should have: limits are not to be trusted with none.

A stratum without a label may hold any rate, and joining its limits as if they were random gives
away a part of that: if the rate there is 0 or 1, a limit misses the truth nearly half the time.
"""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A corrected mean and its limits, each one-sided at level 1 − alpha."""

    estimate: float
    lower: float
    upper: float

    def within(self, support: Support) -> Corrected:
        """Return the same with what lies outside a support moved to its ends."""
        return Corrected(
            *(min(max(x, support.lower), support.upper)
              for x in (self.estimate, self.lower, self.upper))
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stratum:
    """The samples that a judge gave one verdict, and what humans say of some of them.

    Raises:
        ValueError: more labels than samples, more positive ones than labels, or a negative number.
    """

    judged: int
    labelled: int
    positive: int

    def __post_init__(self) -> None:
        if not 0 <= self.positive <= self.labelled <= self.judged:
            raise ValueError(f"expected 0 ≤ positive ≤ labelled ≤ judged, found {self}")

    def rate(self, alpha: float) -> Corrected:
        """Return the share of positives that humans would find in the whole stratum.

        Without a label it may be anything, and is taken to be one half.
        """
        if not self.labelled:
            return Corrected(0.5, 0.0, 1.0)
        return Corrected(
            self.positive / self.labelled,
            binomial.lower_limit(self.positive, self.labelled, alpha),
            binomial.upper_limit(self.positive, self.labelled, alpha),
        )


def corrected_rate(accepted: Stratum, rejected: Stratum, alpha: float) -> Corrected:
    """Return the rate that humans would find, from a judge that says yes or no.

    Args:
        accepted: the samples the judge calls positive.
        rejected: those it does not.
        alpha: the level of each limit, below a half.

    Raises:
        ValueError: nothing was judged.

    >>> corrected_rate(Stratum(990, 95, 95), Stratum(10, 5, 0), 0.05).estimate
    0.99
    """
    n = accepted.judged + rejected.judged
    if not n:
        raise ValueError("expected samples with a judge's verdict, found none")
    share = accepted.judged / n
    yes, no = accepted.rate(alpha), rejected.rate(alpha)
    estimate = share * yes.estimate + (1 - share) * no.estimate
    # How many the judge accepts is random as well, by chance alone.
    z = NormalDist().inv_cdf(1 - alpha)
    mixing = z**2 * share * (1 - share) * (yes.estimate - no.estimate) ** 2 / n
    below = (share * (yes.estimate - yes.lower)) ** 2 + (
        (1 - share) * (no.estimate - no.lower)
    ) ** 2
    above = (share * (yes.upper - yes.estimate)) ** 2 + (
        (1 - share) * (no.upper - no.estimate)
    ) ** 2
    found = Corrected(
        estimate, estimate - math.sqrt(below + mixing), estimate + math.sqrt(above + mixing)
    )
    return found.within(Support(0.0, 1.0))


def corrected_mean(
    judged: FloatArray, rectifiers: FloatArray, support: Support, alpha: float
) -> Corrected:
    """Return the mean score that humans would give, from the judge's scores and its errors.

    The result is not moved into the support: a judge that is corrected upwards near the upper end
    may be corrected beyond it. Without any label the error may be anything the support allows.

    Args:
        judged: the judge's scores of samples without a label.
        rectifiers: for every sample with a label, the human score minus that of the judge.
        support: the values a score can take; finite.
        alpha: the level of each limit.

    Raises:
        ValueError: a score or an error that the support does not allow.

    >>> import numpy as np
    >>> judged, errors = np.repeat([0.0, 1.0], [70, 930]), np.repeat([0.0, 1.0], [97, 3])
    >>> round(corrected_mean(judged, errors, Support(0, 1), 0.05).lower, 6)
    0.918195
    """
    mean = _mean(judged, support, alpha)
    error = _mean(rectifiers, support.minus(support), alpha)
    estimate = mean.estimate + error.estimate
    return Corrected(
        estimate,
        estimate - math.hypot(mean.estimate - mean.lower, error.estimate - error.lower),
        estimate + math.hypot(mean.upper - mean.estimate, error.upper - error.estimate),
    )


def _mean(values: FloatArray, support: Support, alpha: float) -> Corrected:
    if not values.size:
        return Corrected((support.lower + support.upper) / 2, support.lower, support.upper)
    if not (support.bounded and support.lower <= values.min() and values.max() <= support.upper):
        raise ValueError(
            f"expected values from {support.lower} to {support.upper}, "
            f"found {values.min()} to {values.max()}"
        )
    units = Tally.of(values, support).units
    return Corrected(
        units.mean,
        gaffke.lower_limit(units, support, alpha),
        gaffke.upper_limit(units, support, alpha),
    )
