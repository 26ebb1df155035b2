"""Which of many things differ between the answers of pairs, and by how much: exact, and corrected.

A thing is compared by its sign in each unit: the candidate's answer has more of it, or less. Where
nothing changed each sign is as likely as the other, however often there is one, so that things with
too few signs to be shown to differ can be left aside without having looked which way they point;
only the others need to be corrected for.

Assumes: units are independent; where nothing changed, both answers of a unit can be exchanged.
Reference: McNemar (1947); Tarone (1990), "A modified Bonferroni method for discrete data".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.core.drift import Between
from evalkit.core.envelope import Support
from evalkit.stats import gaffke
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.special import binomial_cdf

PLUS_OR_MINUS = Support(-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Shown:
    """The things that are shown to differ, and among how many that was shown.

    ``things`` are in order of number, ``p`` are their p-values, corrected for all ``compared``.
    """

    things: IntArray
    p: FloatArray
    compared: int


def shown_to_differ(more: IntArray, less: IntArray, alpha: float) -> Shown:
    """Return the things whose signs differ in number, with no false one among them but at ``alpha``.

    >>> shown_to_differ(np.array([20, 3, 8]), np.array([1, 3, 0]), 0.05).things.tolist()
    [0, 2]

    Args:
        more: in how many units the candidate's answer has more of each thing.
        less: in how many it has less.
        alpha: the chance of any false one.
    """
    signs = more + less
    least = _fewest(signs, alpha)
    compared = int(np.count_nonzero(signs >= least))
    if not compared:
        return Shown(np.empty(0, np.int64), np.empty(0), 0)
    # An exact p-value is only needed where a generous bound on it does not settle the matter.
    gap = np.abs(more - less)
    hopeful = np.flatnonzero((gap**2 > signs) & (signs >= least))
    known: dict[tuple[int, int], float] = {}
    p = np.empty(hopeful.size)
    for place, thing in enumerate(hopeful.tolist()):
        key = int(min(more[thing], less[thing])), int(signs[thing])
        if key not in known:
            known[key] = min(1.0, 2 * binomial_cdf(*key, 0.5) * compared)
        p[place] = known[key]
    kept = p <= alpha
    return Shown(hopeful[kept], p[kept], compared)


def _fewest(signs: IntArray, alpha: float) -> int:
    """Return how many signs a thing needs to be shown to differ among all that have so many."""
    least = 1
    while 2.0 ** (1 - least) * np.count_nonzero(signs >= least) > alpha:
        least += 1
    return least


def mean_sign(signs: IntArray, units: IntArray, alpha: float) -> Between:
    """Return the mean of signs of pairs with both limits, each at level 1 − alpha.

    Args:
        signs: of each pair: 1, −1, or 0.
        units: the unit of each pair, numbered from 0.
        alpha: how often a limit may be wrong.
    """
    sums = np.bincount(units, signs).astype(float)
    sizes = np.bincount(units).astype(float)
    alike, counts = np.unique(np.stack([sums, sizes]), axis=1, return_counts=True)
    found = gaffke.Units(alike[0], alike[1], counts.astype(float))
    return Between(
        found.mean,
        gaffke.lower_limit(found, PLUS_OR_MINUS, alpha),
        gaffke.upper_limit(found, PLUS_OR_MINUS, alpha),
    )


def median_of(values: FloatArray, alpha: float) -> Between | None:
    """Return the median with both limits, each at level 1 − alpha, or nothing of too few values.

    The limits are values themselves, so many from either end as a fair coin rarely falls below.
    """
    ordered, n = np.sort(values), values.size
    low, high = -1, n // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if binomial_cdf(middle, n, 0.5) <= alpha else (low, middle)
    if low < 0:
        return None
    return Between(median(values), float(ordered[low]), float(ordered[n - 1 - low]))


def median(values: FloatArray) -> float:
    """Return the median of at least one value; that of numpy loads its masked arrays first.

    >>> median(np.array([4.0, 1.0, 2.0, 3.0]))
    2.5
    """
    ordered, half = np.sort(values), values.size // 2
    return float(ordered[half] if values.size % 2 else (ordered[half - 1] + ordered[half]) / 2)
