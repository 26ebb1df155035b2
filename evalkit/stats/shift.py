"""How far two distributions lie apart, and how far that number may be off.

Assumes: independent units (cases or clusters), each with values in both arms; some 200 of them,
    and a bound so far out that ten or more of them would differ if the truth were on it.
Reference: the distances are integral probability metrics (Sriperumbudur and others 2012, "On the
    empirical estimation of integral probability metrics"). The radius of the ball is the bootstrap
    of the distance between what was drawn and what it was drawn from; by the triangle inequality
    the true distance lies within it whatever that is, without a hypothesis of "no difference".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from evalkit.core.model import Arm
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.resampling import p_value, swaps, unit_counts

Distance: TypeAlias = Literal["ks", "w1", "tv"]
ROUNDING = 1e-9
"""Sums of shares that differ by less are the same sum in another order."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one arm: three arrays of one length.

    ``unit`` is the independent unit each belongs to, ``weights`` what it counts for: a case counts
    as one, however often it was drawn. A value may be infinite (a timeout).

    Raises:
        ValueError: the lengths differ, a value is not a number, or a weight is below 0.
    """

    values: FloatArray
    unit: IntArray
    weights: FloatArray

    def __post_init__(self) -> None:
        if not self.values.size == self.unit.size == self.weights.size:
            raise ValueError("each value needs a unit and a weight")
        if np.isnan(self.values).any():
            raise ValueError("a value is not a number")
        if not (np.isfinite(self.weights) & (self.weights >= 0)).all():
            raise ValueError("a weight is not a number from 0 on")

    def in_order(self) -> Values:
        """Return the values from the least to the greatest."""
        order = np.argsort(self.values, kind="stable")
        return Values(self.values[order], self.unit[order], self.weights[order])


@dataclass(frozen=True, slots=True)
class Distributions:
    """Both arms on one axis, from which every distance and every resampled one can be read.

    ``points`` are the distinct values; each value of either arm has a ``place`` among them, a
    ``unit``, and a ``weight``, negative in the baseline. ``totals`` are the weights of each unit
    in the candidate and in the baseline, ``scale`` the standard deviation of the baseline.
    """

    points: FloatArray
    place: IntArray
    unit: IntArray
    weight: FloatArray
    totals: tuple[FloatArray, FloatArray]
    scale: float

    @classmethod
    def of(cls, arms: Mapping[Arm, Values], units: int) -> Distributions:
        """Return the distributions of two arms over so many units.

        Raises:
            ValueError: an arm has no value that weighs anything.
        """
        both = arms[Arm.CANDIDATE], arms[Arm.BASELINE]
        if not all(arm.weights.sum() > 0 for arm in both):
            raise ValueError("both arms need a value")
        points, place = np.unique(np.concatenate([arm.values for arm in both]), return_inverse=True)
        unit = np.concatenate([arm.unit for arm in both])
        weight = np.concatenate([both[0].weights, -both[1].weights])
        order = np.argsort(place, kind="stable")
        return cls(
            points=points,
            place=place[order],
            unit=unit[order],
            weight=weight[order],
            totals=(_per_unit(both[0], units), _per_unit(both[1], units)),
            scale=_deviation(both[1]),
        )

    @property
    def units(self) -> int:
        """How many independent units there are."""
        return self.totals[0].size

    def distance(self, kind: Distance) -> float:
        """Return the distance between the arms.

        KS is the greatest difference of the shares up to a value, W1 the area between them in
        standard deviations of the baseline (in units of the value where that is 0), TV half the sum
        of the differences of the shares of each value.

        Raises:
            ValueError: W1 of infinite values.
        """
        return float(self._norms(kind, self._seen)[0])

    def radii(self, kind: Distance, replicates: int, seed: int) -> FloatArray:
        """Return resampled distances between what was drawn and what was seen, sorted."""
        rows = unit_counts(self.units, replicates, seed)
        return np.sort(np.concatenate([self.radii_of(kind, counts) for counts in rows]))

    def radii_of(self, kind: Distance, counts: FloatArray) -> FloatArray:
        """Return the radius of each row of counts, one count a unit."""
        return self._norms(kind, self._differences(counts) - self._seen)

    def p_of_equality(self, kind: Distance, replicates: int, seed: int) -> float:
        """Return the p-value of "any difference at all": the arms of whole units change places.

        It says nothing about how large a difference is, and is for reports, never for a gate.
        """
        seen = self.distance(kind) * (1 - ROUNDING)
        rows = swaps(self.units, replicates, seed)
        beyond = sum(int((self._norms(kind, self._differences(row)) >= seen).sum()) for row in rows)
        return p_value(beyond, replicates)

    @property
    def _seen(self) -> FloatArray:
        return self._differences(np.ones((1, self.units)))

    def _differences(self, factors: FloatArray) -> FloatArray:
        """Return the candidate's share of each distinct value less the baseline's, row by row.

        Args:
            factors: how often each unit counts, a row a draw; below 0 its arms change places.
        """
        candidate, baseline = self.totals
        as_is = np.maximum(factors, 0.0)
        above, below = _products(as_is, candidate), _products(as_is, baseline)
        if factors.min() < 0:
            above += _products(as_is - factors, baseline)
            below += _products(as_is - factors, candidate)
        above, below = (np.where(total > 0, total, 1.0)[:, None] for total in (above, below))
        rows: FloatArray = np.take(factors, self.unit, axis=1) * self.weight
        if not np.array_equal(above, below):
            rows *= np.where(rows > 0, 1.0, above / below)
        starts = np.flatnonzero(np.append(True, np.diff(self.place) != 0))
        if starts.size < rows.shape[1]:
            rows = np.add.reduceat(rows, starts, axis=1)
        rows /= above
        return rows

    def _norms(self, kind: Distance, differences: FloatArray) -> FloatArray:
        """Return the distance that each row of differences of shares stands for."""
        if kind == "tv":
            return np.asarray(np.abs(differences).sum(axis=1) / 2)
        ahead = np.cumsum(differences, axis=1)
        if kind == "ks":
            return np.asarray(np.maximum(ahead.max(axis=1), -ahead.min(axis=1)))
        if not np.isfinite(self.points[[0, -1]]).all():
            raise ValueError("W1 of infinite values is not a number")
        area = _products(np.abs(ahead[:, :-1]), np.diff(self.points))
        return np.asarray(area / self.scale)


def jensen_shannon(first: FloatArray, second: FloatArray) -> float:
    """Return the Jensen–Shannon distance of two lists of shares: the root, in base 2; 0 to 1.

    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    middle = (first + second) / 2
    parts = [
        float(each[each > 0] @ np.log2(each[each > 0] / middle[each > 0]))
        for each in (first, second)
    ]
    return math.sqrt(max(0.0, sum(parts) / 2))


def _per_unit(arm: Values, units: int) -> FloatArray:
    return np.bincount(arm.unit, arm.weights, units).astype(np.float64)


def _products(rows: FloatArray, column: FloatArray) -> FloatArray:
    """Return the product of each row with a column."""
    # Not "@": its last bits depend on how many threads there are, and here they only cost time.
    return np.asarray(np.einsum("ij,j->i", rows, column))


def _deviation(arm: Values) -> float:
    """Return the standard deviation of an arm, or 1 where all its values are equal or one has none.

    Infinite values have none.
    """
    if not np.isfinite(arm.values).all() or arm.values.min() == arm.values.max():
        return 1.0
    shares = arm.weights / arm.weights.sum()
    mean = float(shares @ arm.values)
    size = arm.values.size
    return math.sqrt(float(shares @ (arm.values - mean) ** 2) * size / (size - 1))
