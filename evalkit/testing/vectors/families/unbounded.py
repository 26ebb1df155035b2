"""Means without a declared range, and ratios of them: engine T."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from evalkit.stats.arrays import FloatArray
from evalkit.stats.evidence import cluster_sums
from evalkit.stats.ratio import fieller_limit
from evalkit.stats.skew_t import Spread
from evalkit.testing.vectors.data import floats
from evalkit.testing.vectors.methods import Outputs, method


@method
def t_interval(*, x: Sequence[float], confidence_one_sided: float) -> Outputs:
    return _t(_spread(floats(x)), confidence_one_sided)


@method
def hall_skew_t(*, x: Sequence[float], confidence_one_sided: float) -> Outputs:
    spread = _spread(floats(x))
    alpha = 1 - confidence_one_sided
    return {
        **_facts(spread),
        "lower": spread.hall_lower(alpha),
        "upper": spread.hall_upper(alpha),
    }


@method
def skew_guarded_t(*, x: Sequence[float], confidence_one_sided: float) -> Outputs:
    return _guarded(_spread(floats(x)), confidence_one_sided)


@method
def skew_guarded_t_clustered(
    *, y: Sequence[float], cluster: Sequence[int | str], confidence_one_sided: float
) -> Outputs:
    return _guarded(Spread.of(*_clusters(y, cluster)), confidence_one_sided)


@method
def cluster_robust_mean_cr2(
    *, y: Sequence[float], cluster: Sequence[int | str], confidence_one_sided: float
) -> Outputs:
    sums, sizes = _clusters(y, cluster)
    found = _t(Spread.of(sums, sizes), confidence_one_sided)
    return {**found, "se_cr1": _cr1_error(sums, sizes)}


@method
def ratio_of_means_fieller_t(
    *, base: Sequence[float], cand: Sequence[float], confidence_one_sided: float
) -> Outputs:
    return _fieller(base, cand, confidence_one_sided, Spread.t_lower, Spread.t_upper)


@method
def ratio_of_means_fieller_hall(
    *, base: Sequence[float], cand: Sequence[float], confidence_one_sided: float
) -> Outputs:
    return _fieller(base, cand, confidence_one_sided, Spread.hall_lower, Spread.hall_upper)


def _spread(values: FloatArray) -> Spread:
    return Spread.of(values, np.ones_like(values))


def _clusters(y: Sequence[float], cluster: Sequence[int | str]) -> tuple[FloatArray, FloatArray]:
    _, codes = np.unique(np.array(cluster), return_inverse=True)
    return cluster_sums(floats(y), codes.astype(np.int64))


def _facts(spread: Spread) -> dict[str, float]:
    return {
        "estimate": spread.mean,
        "se": spread.error,
        "df": spread.freedom,
        "skewness": spread.skew,
    }


def _t(spread: Spread, confidence: float) -> Outputs:
    alpha = 1 - confidence
    return {**_facts(spread), "lower": spread.t_lower(alpha), "upper": spread.t_upper(alpha)}


def _guarded(spread: Spread, confidence: float) -> Outputs:
    alpha = 1 - confidence
    return {**_facts(spread), "lower": spread.lower(alpha), "upper": spread.upper(alpha)}


def _cr1_error(sums: FloatArray, sizes: FloatArray) -> float:
    """Return the simpler cluster-robust error that others use; only for comparison."""
    n, clusters = float(sizes.sum()), sums.size
    residuals = sums - sizes * (float(sums.sum()) / n)
    return math.sqrt(clusters / (clusters - 1) * float((residuals**2).sum())) / n


def _fieller(
    base: Sequence[float], cand: Sequence[float], confidence: float,
    lower: Callable[[Spread, float], float], upper: Callable[[Spread, float], float],
) -> Outputs:  # fmt: skip
    baseline, candidate = floats(base), floats(cand)
    ratio, alpha = float(candidate.mean() / baseline.mean()), 1 - confidence

    def spread(factor: float) -> Spread:
        return _spread(candidate - factor * baseline)

    return {
        "estimate": ratio,
        "lower": fieller_limit(lambda r: lower(spread(r), alpha), ratio, upward=False),
        "upper": fieller_limit(lambda r: upper(spread(r), alpha), ratio, upward=True),
    }
