"""Proportions, means of bounded data and paired differences of them: engine G."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalkit.core.envelope import Support
from evalkit.stats import binomial, gaffke
from evalkit.stats.gaffke import Units
from evalkit.testing.vectors.data import DIFFERENCE, changes, floats, units
from evalkit.testing.vectors.methods import Outputs, method


@method
def clopper_pearson(*, x: int, n: int, confidence_one_sided: float) -> Outputs:
    alpha = 1 - confidence_one_sided
    return {
        "estimate": x / n if n else None,
        "lower": binomial.lower_limit(x, n, alpha),
        "upper": binomial.upper_limit(x, n, alpha),
    }


@method
def exact_binomial_pvalues(*, x: int, n: int, bound: float) -> Outputs:
    return {
        "p_claim_above": binomial.p_above(x, n, bound),
        "p_claim_below": binomial.p_below(x, n, bound),
    }


@method
def clopper_pearson_worst_case_missing(
    *, successes: int, n_observed: int, n_missing: int, confidence_one_sided: float
) -> Outputs:
    alpha, n = 1 - confidence_one_sided, n_observed + n_missing
    return {
        "lower": binomial.lower_limit(successes, n, alpha),
        "upper": binomial.upper_limit(successes + n_missing, n, alpha),
    }


@method
def gaffke_mean(
    *, x: Sequence[float], support: Sequence[float], confidence_one_sided: float
) -> Outputs:
    return _limits(units(x, Support(*support)), Support(*support), confidence_one_sided)


@method
def gaffke_pvalues(*, x: Sequence[float], support: Sequence[float], bound: float) -> Outputs:
    found = units(x, Support(*support))
    return {
        "p_claim_mean_below": gaffke.p_below(found, Support(*support), bound),
        "p_claim_mean_above": gaffke.p_above(found, Support(*support), bound),
    }


@method
def gaffke_paired_delta(*, losses: int, gains: int, n: int, confidence_one_sided: float) -> Outputs:
    return _limits(changes(losses, gains, n), DIFFERENCE, confidence_one_sided)


@method
def gaffke_paired_delta_pvalues(*, losses: int, gains: int, n: int, margin: float) -> Outputs:
    found = changes(losses, gains, n)
    return {
        "p_claim_delta_above_minus_margin": gaffke.p_above(found, DIFFERENCE, -margin),
        "p_claim_delta_below_plus_margin": gaffke.p_below(found, DIFFERENCE, margin),
    }


@method
def gaffke_clustered_mean(
    *, cluster_sums: Sequence[float], cluster_sizes: Sequence[float], support: Sequence[float],
    confidence_one_sided: float,
) -> Outputs:  # fmt: skip
    sums, sizes = floats(cluster_sums), floats(cluster_sizes)
    found = Units(sums, sizes, np.ones_like(sums))
    return _limits(found, Support(*support), confidence_one_sided)


def _limits(found: Units, support: Support, confidence: float) -> Outputs:
    alpha = 1 - confidence
    return {
        "estimate": found.mean if found.counts.size else None,
        "lower": gaffke.lower_limit(found, support, alpha),
        "upper": gaffke.upper_limit(found, support, alpha),
    }
