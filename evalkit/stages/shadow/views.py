"""What was counted of one arm and one measure, and the engine of a number that it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from evalkit.core.envelope import UNIT_INTERVAL
from evalkit.core.model import Arm
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.stages.shadow.block import ARMS, Measure
from evalkit.stages.shadow.cells import Cells
from evalkit.stages.shadow.grouping import USERS
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.tally import POWERS, ROWS
from evalkit.stats.arrays import IntArray
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.counted import HistogramQuantile
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.ratio import MeanRatio
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.gaffke import Units
from evalkit.stats.log_bins import Histogram
from evalkit.stats.moments import Group, Moments
from evalkit.stats.skew_t import Spread

POWER_NAMES = ("d", "dd", "ddd")
OVER_USERS = " over users"


@dataclass(frozen=True, slots=True)
class View:
    """The cells of one arm and one measure."""

    logs: Logs
    measure: Measure
    arm: Arm
    places: IntArray

    @classmethod
    def of(cls, logs: Logs, measure: Measure, arm: Arm) -> View:
        """Return the view of an arm."""
        codes = logs.tally.cells.codes
        return cls(logs, measure, arm, np.flatnonzero((codes & 1) == ARMS.index(arm)))

    @property
    def cells(self) -> Cells:
        """The cells of both arms."""
        return self.logs.tally.cells

    def count(self, ending: str) -> int:
        """Return a count of the measure in this arm."""
        row = self.cells.counts.get(f"{self.measure.name} {ending}")
        return 0 if row is None else int(row[self.places].sum())

    @property
    def rows(self) -> int:
        """How many rows the arm has."""
        row = self.cells.counts.get(ROWS)
        return 0 if row is None else int(row[self.places].sum())

    @property
    def known(self) -> int:
        """How many of them have a value, an infinite one included."""
        return self.count("known")

    @property
    def yes(self) -> int:
        """How many say yes, of a rate."""
        return self.count("yes")

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value."""
        name = self.measure.name
        least, most = self.cells.least[name][self.places], self.cells.most[name][self.places]
        return float(least.min()), float(most.max())

    @property
    def groups(self) -> list[Group]:
        """Users by how many rows of this arm they have; none where users are not known."""
        groups = self.logs.groups
        cells = None if groups is None else groups.arms.get(self.measure.name)
        if cells is None:
            return []
        places = np.flatnonzero((cells.codes & 1) == ARMS.index(self.arm))
        return [
            Group(
                int(cells.codes[place]) >> 1,
                int(cells.counts[USERS][place]),
                {
                    name: cells.sums[f"^{power}"].fraction(place)
                    for name, power in zip(POWER_NAMES, POWERS, strict=True)
                },
            )
            for place in places.tolist()
        ]

    @property
    def users(self) -> int:
        """How many users the values are of; 0 where they are not known."""
        groups = self.logs.groups
        cells = None if groups is None else groups.arms.get(self.measure.name)
        if cells is None or not cells.codes.size:
            return 0
        return int(cells.counts[USERS][(cells.codes & 1) == ARMS.index(self.arm)].sum())

    def fault(self) -> Unmeasured | None:
        """Return why there is no number; nothing where there is one."""
        outside = self.count("outside")
        if outside:
            support = self.measure.support
            ends = "0 or 1" if self.measure.rate else f"[{support.lower:g}, {support.upper:g}]"
            return Unmeasured(
                Reason.OUT_OF_RANGE,
                f"{outside:,} {self.arm} values of {self.measure.name} lie outside {ends}",
            )
        if not self.known:
            return Unmeasured(
                Reason.NO_VALUES, f"0 of {self.rows:,} {self.arm} rows have a {self.measure.name}"
            )
        return None


def rate_of(view: View) -> Engine:
    """Return the engine of a rate."""
    yes, known, users = view.yes, view.known, view.users
    value = yes / known
    if not users:
        units = units_of({0.0: known - yes, 1.0: yes})
        return BoundedMean(value, units, units, UNIT_INTERVAL, "Clopper–Pearson")
    if users > 1:
        found = Moments.of(view.groups).spread()
        if found.error:
            return engine_t(found, f"skew-guarded t{OVER_USERS}")
    # Where no user differs from another each is one unit: spread says nothing, their number does.
    units = units_of({value: users})
    return BoundedMean(value, units, units, UNIT_INTERVAL, f"Gaffke{OVER_USERS}")


def units_of(found: Mapping[float, int]) -> Units:
    """Return units of size 1 from how often each value occurs."""
    values = [value for value, count in found.items() if count]
    there = np.array(values)
    return Units(
        there, np.ones(there.size), np.array([found[value] for value in values], np.float64)
    )


def mean_of(view: View) -> Engine | Unmeasured:
    """Return the engine of a mean, or why there is none."""
    spread = spread_of_mean(view)
    if isinstance(spread, Unmeasured):
        return spread
    return engine_t(spread, f"skew-guarded t{OVER_USERS if view.users else ''}")


def spread_of_mean(view: View) -> Spread | Unmeasured:
    """Return the spread of a mean, or why there is none."""
    known = view.known - view.count("infinite")
    if known < 2 or view.users == 1:
        return Unmeasured(
            Reason.NO_VALUES,
            f"{known:,} {view.arm} values of {view.measure.name}: a mean needs two independent ones",
        )
    groups = view.groups
    if not groups:
        name = view.measure.name
        keys = zip(POWER_NAMES, POWERS, strict=True)
        sums = {
            key: view.cells.sums[f"{name}^{power}"].at(view.places).everything()
            for key, power in keys
        }
        groups = [Group(1, known, sums)]
    spread = Moments.of(groups).spread()
    low, high = view.ends
    if low == high:
        return Spread(low, 0.0, spread.freedom, 0.0, spread.units)
    return spread


def engine_t(spread: Spread, method: str) -> UnboundedMean:
    """Return engine T on a spread."""
    return UnboundedMean(spread.mean, spread, spread, method, rounding=0.0)


def quantile_of(view: View, quantile: float) -> HistogramQuantile | Unmeasured:
    """Return the engine of a percentile, or why there is none."""
    if not view.measure.quantiles:
        return Unmeasured(Reason.NO_VALUES, f"no percentiles of {view.measure.name} were counted")
    histogram = _histogram(view)
    return HistogramQuantile(histogram, quantile, approximate=view.users > 0)


def _histogram(view: View) -> Histogram:
    codes = view.cells.codes[view.places]
    return view.cells.bins[view.measure.name].histogram(codes, *view.ends)


def spread_of_rate(view: View) -> Spread | Unmeasured:
    """Return the spread of a rate, or why there is none."""
    if view.users >= 2:
        return Moments.of(view.groups).spread()
    yes = Fraction(view.yes)
    if view.known < 2:
        return Unmeasured(
            Reason.NO_VALUES,
            f"{view.known:,} {view.arm} values of {view.measure.name}: two are needed",
        )
    return Moments.of([Group(1, view.known, dict.fromkeys(POWER_NAMES, yes))]).spread()


def ratio_of(
    b: float, c: float, difference: Callable[[float], UnboundedMean]
) -> Engine | Unmeasured:
    """Return the engine of a ratio of means, or why there is none."""
    if c < 0 or b < 0:
        return Unmeasured(Reason.NO_BASELINE, "means below 0 have no ratio; bound a delta instead")
    if not b:
        return Unmeasured(Reason.NO_BASELINE, "the baseline's mean is 0; bound a delta instead")
    return MeanRatio(c / b, b, difference)
