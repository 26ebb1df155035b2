"""Can the two answers of a case be told apart, and how well?

A ridge regression on the differences of paired answers learns which direction leads from the
baseline to the candidate, and judges pairs that it has not seen: all pairs of a unit are held out
together, as often as there are folds. The regression is linear in the labels, so that all of it
can be done again for every permutation of them at the price of one product of matrices.

Assumes: units (cases, or clusters of cases) are independent; where nothing changed, both answers
of a unit can be exchanged. The p-value is exact then. The interval is approximate: that of
independent pairs (engine G), widened by how much more the share varies over the permutations than
that of independent pairs would, because pairs teach each other. Where the arms differ the widening
is too much rather than too little.
Reference: Lopez-Paz & Oquab (2017), "Revisiting classifier two-sample tests"; Phipson & Smyth
(2010), "Permutation p-values should never be zero".
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from evalkit.core.drift import Separation
from evalkit.core.envelope import UNIT_INTERVAL
from evalkit.core.verdict import Estimate
from evalkit.stats import gaffke
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.resampling import p_value, swaps

FOLDS = 5
RIDGE = 1.0
"""Of what is added to a diagonal that is 1."""
REPLICATES = 999
METHOD = "told apart by a cross-validated detector"
NO_SCORE = 1e-6
"""A score of this size is a tie: it is what rounding leaves of 0."""


def gram(rows: FloatArray) -> FloatArray:
    """Return the products of rows that were brought to length 1; rows of zeros stay so.

    >>> (gram(np.array([[3.0, 4.0], [0.0, 0.0], [4.0, -3.0]])).round(9) + 0.0).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    size = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    unit = rows / np.where(size > 0, size, 1.0)[:, None]
    return np.asarray(unit @ unit.T)


def separation(
    products: FloatArray,
    units: IntArray,
    *,
    seed: int,
    confidence: float = 0.95,
    replicates: int = REPLICATES,
) -> Separation:
    """Return how well the answers of pairs can be told apart.

    Args:
        products: of the differences, candidate − baseline, of each pair with each: shape (n, n).
        units: the unit of each pair, numbered from 0.
        seed: of the folds and of the permutations.
        confidence: of each limit.
        replicates: how many permutations are drawn.
    """
    pairs, count = len(products), int(units.max()) + 1
    smoother = _smoother(products, _folds(count, seed)[units])
    named, mistaken = map(int, _told(smoother @ np.ones(pairs)))
    beyond, squares, independent = 0, 0.0, 0.0
    for signs in swaps(count, replicates, seed):
        labels = signs[:, units].T
        right, wrong = _told(labels * (smoother @ labels))
        sums = (right - wrong) / 2
        beyond += int(np.count_nonzero(sums >= (named - mistaken) / 2))
        squares += float(sums @ sums)
        independent += float((right + wrong).sum()) / 4
    found = Separation(
        value=(named + (pairs - named - mistaken) / 2) / pairs,
        lower=0.0,
        upper=1.0,
        confidence=confidence,
        pairs=pairs,
        units=count,
        named=named,
        mistaken=mistaken,
        tied=pairs - named - mistaken,
        widening=max(1.0, math.sqrt(squares / independent)) if independent else 1.0,
        p=p_value(beyond, replicates),
        permutations=replicates,
    )
    return with_limits(found, confidence)


def with_limits(found: Separation, confidence: float) -> Separation:
    """Return the same with its limits at another confidence."""
    alpha = round(1 - confidence, 12)
    values = _units(found)
    low = gaffke.lower_limit(values, UNIT_INTERVAL, alpha)
    high = gaffke.upper_limit(values, UNIT_INTERVAL, alpha)
    return replace(
        found,
        lower=max(0.0, found.value - found.widening * (found.value - low)),
        upper=min(1.0, found.value + found.widening * (high - found.value)),
        confidence=confidence,
    )


def estimate(found: Separation, *, confidence: float, missing: int) -> Estimate:
    """Return the share as what a bound is laid on.

    Args:
        found: how well the answers can be told apart.
        confidence: of each limit.
        missing: cases without an answer in an arm.
    """
    at = with_limits(found, confidence)
    return Estimate(
        value=at.value,
        lower=at.lower,
        upper=at.upper,
        confidence=confidence,
        n=at.pairs,
        samples=2 * at.pairs,
        clusters=at.units,
        missing=missing,
        method=METHOD,
        approximate=True,
    )


def p_above(found: Separation, bound: float) -> float:
    """Return the p-value of the claim "the share is above ``bound``".

    It is below α exactly where the lower limit at level 1 − α is above the bound.
    """
    return gaffke.p_above(_units(found), UNIT_INTERVAL, _nearer(found, bound))


def p_below(found: Separation, bound: float) -> float:
    """Return the p-value of the claim "the share is below ``bound``"."""
    return gaffke.p_below(_units(found), UNIT_INTERVAL, _nearer(found, bound))


def _nearer(found: Separation, bound: float) -> float:
    """Return the bound that an interval of independent pairs reaches when the wide one reaches it."""
    return found.value + (bound - found.value) / found.widening


def _units(found: Separation) -> gaffke.Units:
    counts = np.array([found.mistaken, found.tied, found.named], float)
    there = counts > 0
    return gaffke.Units(np.array([0.0, 0.5, 1.0])[there], np.ones(int(there.sum())), counts[there])


def _folds(units: int, seed: int) -> IntArray:
    """Return the fold of each unit; folds differ in size by one at most."""
    words = np.asarray(np.random.PCG64(seed).random_raw(units), np.uint64)
    rank = np.empty(units, np.int64)
    rank[np.argsort(words, kind="stable")] = np.arange(units)
    return rank % FOLDS


def _smoother(products: FloatArray, fold: IntArray) -> FloatArray:
    """Return the matrix that makes of labels the score of each pair, learned from other folds.

    With A the inverse of the ridged products, what pairs T are told by the others R is
    −(A_TT)⁻¹·A_TR: one large inverse in place of one a fold.
    """
    inverse = np.linalg.inv(products + RIDGE * np.eye(len(products)))
    found = np.zeros_like(products)
    for held_out in range(FOLDS):
        tested, taught = np.flatnonzero(fold == held_out), np.flatnonzero(fold != held_out)
        own = np.linalg.inv(inverse[np.ix_(tested, tested)])
        found[np.ix_(tested, taught)] = -own @ inverse[np.ix_(tested, taught)]
    return found


def _told(scores: FloatArray) -> tuple[IntArray, IntArray]:
    """Return how many pairs of each column are told apart rightly, and how many wrongly."""
    right = np.count_nonzero(scores > NO_SCORE, axis=0)
    return np.asarray(right), np.asarray(np.count_nonzero(scores < -NO_SCORE, axis=0))
