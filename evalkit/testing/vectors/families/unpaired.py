"""Two independent samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalkit.stats.unpaired import RateDifference, mean_difference
from evalkit.testing.comparison.permutation import p_two_sided
from evalkit.testing.vectors.data import floats
from evalkit.testing.vectors.methods import Outputs, method


@method
def miettinen_nurminen_rd(
    *, x1: int, n1: int, x2: int, n2: int, confidence_one_sided: float
) -> Outputs:
    found, alpha = RateDifference(x1, n1, x2, n2), 1 - confidence_one_sided
    return {"estimate": found.value, "lower": found.lower(alpha), "upper": found.upper(alpha)}


@method
def welch_t_diff(
    *, x: Sequence[float], y: Sequence[float], confidence_one_sided: float,
    cluster_x: Sequence[int] | None = None, cluster_y: Sequence[int] | None = None,
) -> Outputs:  # fmt: skip
    users = (
        (np.array(cluster_x, np.int64), np.array(cluster_y, np.int64))
        if cluster_x is not None and cluster_y is not None
        else None
    )
    found = mean_difference(floats(x), floats(y), users=users)
    alpha = 1 - confidence_one_sided
    return {
        "estimate": found.mean,
        "se": found.error,
        "df": found.freedom,
        "lower": found.lower(alpha),
        "upper": found.upper(alpha),
    }


@method
def permutation_exact_mean_diff(*, x: Sequence[float], y: Sequence[float]) -> Outputs:
    return {"p_two_sided": p_two_sided(floats(x), floats(y))}
