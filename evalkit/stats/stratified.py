"""Values of which a random part is labelled become predictions for all, and parts of their error.

What people would say is predicted by the detector's value and the mean error that labels show in the
same stratum. Where the values of a stratum are all equal, as a detector's yes is, that is the mean of
the labels. Where they are not, the labelled samples tell the rest of their own value as well:
``y = human − λ·(value − c)`` with λ the share of samples without a label and c the mean of their values
leaves nothing that both parts of the error have in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.core.envelope import Support
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.engines.calibrated import Part, Strata
from evalkit.stats.gaffke import Units
from evalkit.stats.tally import Tally


@dataclass(frozen=True, slots=True)
class Items:
    """Samples, or pairs of them, a row each.

    ``unit`` is the independent unit that a row belongs to, ``human`` what people say (not a number
    where nobody was asked), ``share`` for how much of a case it counts, ``support`` what people can say.
    """

    unit: IntArray
    stratum: IntArray
    value: FloatArray
    human: FloatArray
    share: FloatArray
    support: Support

    @property
    def known(self) -> BoolArray:
        """Which rows have a label."""
        found: BoolArray = ~np.isnan(self.human)
        return found

    def only(self, rows: BoolArray) -> Items:
        """Return some rows."""
        return Items(
            self.unit[rows], self.stratum[rows], self.value[rows], self.human[rows],
            self.share[rows], self.support,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stratified:
    """What is predicted of each row, and how well the strata are known.

    ``constant`` says that no stratum holds different values.
    """

    predicted: FloatArray
    strata: Strata
    constant: bool


def stratified(items: Items, *, cases: int) -> Stratified:
    """Return what the labels make of all rows; every stratum has a label.

    >>> rows = np.zeros(4, np.int64)
    >>> some = np.array([1.0, 0.0, np.nan, np.nan])
    >>> items = Items(np.arange(4), rows, np.ones(4), some, np.ones(4), Support(0, 1))
    >>> stratified(items, cases=4).predicted.tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    predicted = np.zeros(items.value.size)
    parts, constant = [], True
    for stratum in np.unique(items.stratum):
        rows = items.stratum == stratum
        found = _Stratum(items.only(rows))
        predicted[rows] = found.predicted
        parts.append(found.part(cases))
        constant &= found.constant
    return Stratified(predicted, Strata(tuple(parts), _apart(items)), constant)


def _apart(items: Items) -> bool:
    """Return whether no unit has labels in several strata."""
    known = items.only(items.known)
    both = np.unique(np.stack([known.unit, known.stratum]), axis=1)
    return bool(np.unique(known.unit).size == both.shape[1])


@dataclass(frozen=True, slots=True)
class _Stratum:
    items: Items

    @property
    def constant(self) -> bool:
        """Whether all values are equal."""
        return bool(self.items.value.min() == self.items.value.max())

    @property
    def open(self) -> float:
        """The share of the rows without a label; 0 where values tell nothing beside the labels."""
        items = self.items
        if self.constant:
            return 0.0
        return float(items.share[~items.known].sum() / items.share.sum())

    @property
    def middle(self) -> float:
        """The mean value of the rows without a label; 0 where they count for nothing."""
        rest = self.items.only(~self.items.known)
        return float(np.average(rest.value, weights=rest.share)) if self.open else 0.0

    @property
    def predicted(self) -> FloatArray:
        """What people would say of each row."""
        units, items = self._units(), self.items
        off = np.where(items.known | (not self.open), 0.0, items.value - self.middle)
        return units.mean + off

    def part(self, cases: int) -> Part:
        """Return the part of the error that the labels of the stratum make."""
        items = self.items
        return Part(float(items.share.sum()) / cases, self._units(), self._support())

    def _support(self) -> Support:
        items, share = self.items, self.open
        least, most = (float(x) - self.middle for x in (items.value.min(), items.value.max()))
        return Support(items.support.lower - share * most, items.support.upper - share * least)

    def _units(self) -> Units:
        known = self.items.only(self.items.known)
        told = known.human - self.open * (known.value - self.middle) if self.open else known.human
        size = known.share / known.share.max()
        order, unit = np.unique(known.unit, return_inverse=True)
        if order.size == unit.size and (size == 1).all():
            return Tally.of(told, self._support()).units
        sums: FloatArray = np.bincount(unit, size * told).astype(np.float64)
        sizes: FloatArray = np.bincount(unit, size).astype(np.float64)
        return Units(sums, sizes, np.ones(order.size))
