"""The exact permutation test of a difference of means.

Assumes: under the null hypothesis every way to split the values into the two samples is as likely.
Reference: Pitman (1937), "Significance tests which may be applied to samples from any population",
JRSS Supplement 4; two-sided as in Hothorn et al. (2008), "Implementing a class of permutation
tests: the coin package", Journal of Statistical Software 28.
"""

from __future__ import annotations

import math

import numpy as np

from evalkit.stats.arrays import FloatArray

MOST_ARRANGEMENTS = 20_000_000
ROUNDING = 1e-10


def p_two_sided(first: FloatArray, second: FloatArray) -> float:
    """Return the share of all splits whose means lie at least as far apart as the given ones.

    Raises:
        ValueError: a sample is empty, or there are too many splits to go through them all.

    >>> p_two_sided(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    0.3333333333333333
    """
    chosen, n = min(first.size, second.size), first.size + second.size
    if not chosen:
        raise ValueError(f"expected two samples, found {first.size} and {second.size} values")
    if math.comb(n, chosen) > MOST_ARRANGEMENTS:
        raise ValueError(f"expected at most {MOST_ARRANGEMENTS:,} splits, found more")
    # One sum says all: that of the smaller sample, measured from where it is on average.
    pooled = np.concatenate([first, second])
    pooled -= pooled.mean()
    sums = _subset_sums(pooled, chosen)
    smaller = pooled[: first.size] if first.size == chosen else pooled[first.size :]
    least = abs(float(smaller.sum())) - ROUNDING * float(np.abs(pooled).sum())
    return float(np.mean(np.abs(sums) >= least))


def _subset_sums(values: FloatArray, chosen: int) -> FloatArray:
    """Return the sums of all subsets of a size."""
    by_size = [np.zeros(1)] + [np.zeros(0)] * chosen
    for place, value in enumerate(values.tolist()):
        left = values.size - place - 1
        for size in range(min(chosen, place + 1), 0, -1):
            by_size[size] = np.concatenate([by_size[size], by_size[size - 1] + value])
        # Subsets that can no longer grow to the size are not carried on.
        by_size = [x if size + left >= chosen else np.zeros(0) for size, x in enumerate(by_size)]
    return by_size[chosen]
