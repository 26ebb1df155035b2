"""Distances between distributions, how they vary when cases are drawn again, and quantile ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evalkit.core.model import Arm
from evalkit.stats.arrays import FloatArray
from evalkit.stats.quantile_change import mover_limits
from evalkit.stats.shift import Distance, Distributions, Values, jensen_shannon
from evalkit.testing.comparison.energy import energy_distance
from evalkit.testing.vectors.data import floats
from evalkit.testing.vectors.methods import Outputs, method


@method
def two_sample_distances(*, x: Sequence[float], y: Sequence[float]) -> Outputs:
    found = _distributions(floats(x), floats(y))
    return {
        "ks": found.distance("ks"),
        "wasserstein1": found.distance("w1") * found.scale,
        "energy_E": energy_distance(floats(x), floats(y)),
    }


@method
def categorical_distances(*, counts_x: Sequence[float], counts_y: Sequence[float]) -> Outputs:
    x, y = floats(counts_x), floats(counts_y)
    codes = np.arange(float(x.size))
    return {
        "tv": _distributions(codes, codes, weights=(x, y)).distance("tv"),
        "js_distance_base2": jensen_shannon(x / x.sum(), y / y.sum()),
    }


@method
def ipm_bootstrap_single_draw(
    *, base: Sequence[float], cand: Sequence[float], weights: Sequence[float]
) -> Outputs:
    found = _distributions(floats(base), floats(cand))
    return {
        "ks_hat": found.distance("ks"),
        "w1_hat": found.distance("w1") * found.scale,
        "ks_star_radius": _radius(found, "ks", weights),
        "w1_star_radius": _radius(found, "w1", weights) * found.scale,
    }


@method
def ipm_bootstrap_single_draw_tv(
    *, base: Sequence[float | str], cand: Sequence[float | str], weights: Sequence[float]
) -> Outputs:
    # Categories may be words as well as numbers.
    _, places = np.unique(np.array([*base, *cand]), return_inverse=True)
    codes = places.astype(np.float64)
    found = _distributions(codes[: len(base)], codes[len(base) :])
    return {"tv_hat": found.distance("tv"), "tv_star_radius": _radius(found, "tv", weights)}


@method
def quantile_ratio_mover(
    *, base: Sequence[float], cand: Sequence[float], q: float, confidence_one_sided: float
) -> Outputs:
    logs = np.log(floats(base)), np.log(floats(cand))
    change, lower, upper = mover_limits(*logs, q, 1 - confidence_one_sided)
    return {"ratio": math.exp(change), "lower": _ratio(lower), "upper": _ratio(upper)}


def _distributions(
    baseline: FloatArray, candidate: FloatArray, weights: tuple[FloatArray, ...] | None = None
) -> Distributions:
    """Return two samples whose cases at one place are of one unit, as far as both go."""
    masses = weights or tuple(np.ones(sample.size) for sample in (baseline, candidate))
    samples = {Arm.BASELINE: baseline, Arm.CANDIDATE: candidate}
    arms = {
        arm: Values(sample, np.arange(sample.size), mass)
        for (arm, sample), mass in zip(samples.items(), masses, strict=True)
    }
    return Distributions.of(arms, max(baseline.size, candidate.size))


def _radius(found: Distributions, kind: Distance, weights: Sequence[float]) -> float:
    return float(found.radii_of(kind, floats(weights)[None, :])[0])


def _ratio(log: float) -> float | None:
    """Return a limit of a ratio; nothing where there is none."""
    return math.exp(log) if math.isfinite(log) else None
