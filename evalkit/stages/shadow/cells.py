"""A table of counts and exact sums by cell, which adds to the same bits in any order.

A cell is an hour of one arm, or a size of a user's group: whatever one number can name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from evalkit.stats import exact_sums
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.exact_sums import Sums
from evalkit.stats.log_bins import Bins


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Counts, sums, extremes and histograms of each cell, by name.

    ``codes`` rise; every array has an element a cell. ``least`` and ``most`` are infinite where a
    cell has no value.
    """

    codes: IntArray
    counts: Mapping[str, IntArray] = field(default_factory=dict)
    sums: Mapping[str, Sums] = field(default_factory=dict)
    least: Mapping[str, FloatArray] = field(default_factory=dict)
    most: Mapping[str, FloatArray] = field(default_factory=dict)
    bins: Mapping[str, Bins] = field(default_factory=dict)

    def __add__(self, other: Cells) -> Cells:
        """Return what both have counted."""
        return total([self, other])

    def negative(self) -> Cells:
        """Return counts and sums that take these off again; extremes cannot be, and are left out."""
        return Cells(
            self.codes,
            {name: -row for name, row in self.counts.items()},
            {name: sums.negative() for name, sums in self.sums.items()},
            bins={name: bins.negative() for name, bins in self.bins.items()},
        )

    def only(self, kept: BoolArray) -> Cells:
        """Return some of the cells."""
        if kept.all():
            return self
        places = np.flatnonzero(kept)
        codes = self.codes[places]
        return Cells(
            codes,
            {name: row[places] for name, row in self.counts.items()},
            {name: sums.at(places) for name, sums in self.sums.items()},
            {name: row[places] for name, row in self.least.items()},
            {name: row[places] for name, row in self.most.items()},
            {name: bins.at(codes) for name, bins in self.bins.items()},
        )

    def of(self, name: str, *, beside: str) -> Cells:
        """Return what is kept under a name, or one that goes on behind it, and one more count."""
        begins = (f"{name} ", f"{name}^")
        return Cells(
            self.codes,
            {
                key: row
                for key, row in self.counts.items()
                if key == beside or key.startswith(begins)
            },
            {key: sums for key, sums in self.sums.items() if key.startswith(begins)},
            {key: row for key, row in self.least.items() if key == name},
            {key: row for key, row in self.most.items() if key == name},
            {key: bins for key, bins in self.bins.items() if key == name},
        )

    def count(self, name: str) -> int:
        """Return a count over all cells."""
        return int(self.counts[name].sum()) if name in self.counts else 0

    def digest(self) -> str:
        """Return a hash of every bit, the same wherever the same rows were counted."""
        found = hashlib.sha256(self.codes.astype("<i8").tobytes())
        integers: list[tuple[str, IntArray]] = list(self.counts.items())
        for name, held in self.sums.items():
            sums = held.least()
            integers += [(f"{name}@{sums.low}", sums.limbs)]
        for name, bins in self.bins.items():
            integers += [(f"{name} keys", bins.keys), (f"{name} counts", bins.counts)]
        for name, row in sorted(integers, key=lambda item: item[0]):
            found.update(f"\0{name}\0".encode() + row.astype("<i8").tobytes())
        for ends in (self.least, self.most):
            for name in sorted(ends):
                found.update(f"\0{name}\0".encode() + ends[name].astype("<f8").tobytes())
        return found.hexdigest()


NOTHING = Cells(np.empty(0, np.int64))


def total(several: Iterable[Cells]) -> Cells:
    """Return what all have counted, the same bits whatever their order."""
    tables = [table for table in several if table.codes.size]
    if len(tables) <= 1:
        return tables[0] if tables else NOTHING
    codes = np.unique(np.concatenate([table.codes for table in tables]))
    places = [np.searchsorted(codes, table.codes) for table in tables]
    size = codes.size
    counts: dict[str, IntArray] = {}
    parts: dict[str, list[Sums]] = {}
    least: dict[str, FloatArray] = {}
    most: dict[str, FloatArray] = {}
    for table, place in zip(tables, places, strict=True):
        for name, row in table.counts.items():
            counts.setdefault(name, np.zeros(size, np.int64))[place] += row
        for name, sums in table.sums.items():
            parts.setdefault(name, []).append(sums.placed(place, size))
        for name, low in table.least.items():
            held = least.setdefault(name, np.full(size, np.inf))
            held[place] = np.minimum(held[place], low)
        for name, high in table.most.items():
            held = most.setdefault(name, np.full(size, -np.inf))
            held[place] = np.maximum(held[place], high)
    sums_of = {name: exact_sums.total(found) for name, found in parts.items()}
    names = {name for table in tables for name in table.bins}
    bins = {
        name: Bins.total(table.bins[name] for table in tables if name in table.bins)
        for name in names
    }
    return Cells(codes, counts, sums_of, least, most, bins)
