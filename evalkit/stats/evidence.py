"""What a bound is judged by: the samples of both arms on the cases of one slice, as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from evalkit.core.envelope import Metric, Statistic
from evalkit.core.model import Arm
from evalkit.core.verdict import Detector
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.doubt import Mistakes
from evalkit.stats.labels import Labels

ROUNDING = 1e-9
"""29 of 100 are not more than 0.29 of them, whatever float64 makes of the product."""


def exceeds(count: int, share: float, *, of: int) -> bool:
    """Return whether so many are more than a share of all.

    >>> exceeds(29, 0.29, of=100), exceeds(30, 0.29, of=100)
    (False, True)
    """
    return count > share * of * (1 + ROUNDING)


@dataclass(frozen=True, slots=True)
class Observed:
    """The samples of one arm, in case order.

    Three arrays of one length: the index of each sample's case, its value, and whether there is
    one (a value that is not there is stored as 0).
    """

    case: IntArray
    values: FloatArray
    present: BoolArray

    @property
    def samples(self) -> int:
        """How many samples there should be."""
        return self.case.size

    @property
    def missing(self) -> int:
        """How many of them have no value."""
        return int(self.samples - np.count_nonzero(self.present))

    def mapped(self, function: Callable[[FloatArray], FloatArray]) -> Observed:
        """Return the same samples with another number read off each value."""
        values = np.where(self.present, function(self.values), 0.0)
        return Observed(self.case, values, self.present)

    def without_gaps(self) -> Observed:
        """Return only the samples that have a value."""
        return Observed(
            self.case[self.present], self.values[self.present], self.present[self.present]
        )

    def draws(self, cases: int) -> int:
        """Return how many samples each of so many cases has; 0 where cases differ."""
        counts = np.bincount(self.case, minlength=cases)
        return int(counts[0]) if counts.size and (counts == counts[0]).all() else 0

    def split(self, cases: int, parts: int) -> Observed:
        """Return the samples of equally many cases as those of ``parts`` units a case.

        A unit holds as many samples as every unit can have; what is left over is left out.
        """
        draws = self.draws(cases)
        each = draws // parts
        place = np.arange(self.samples) % draws
        kept = place < each * parts
        unit = self.case * parts + place // each
        return Observed(unit[kept], self.values[kept], self.present[kept])

    def first(self, wanted: IntArray) -> Observed:
        """Return the first samples of each case, as many as are wanted of it."""
        counts = np.bincount(self.case, minlength=wanted.size)
        if (counts <= wanted).all():
            return self
        place = np.arange(self.samples) - (np.cumsum(counts) - counts)[self.case]
        kept = place < wanted[self.case]
        return Observed(self.case[kept], self.values[kept], self.present[kept])

    def nothing(self) -> Observed:
        """Return the same samples, none of which has a value."""
        return Observed(self.case, np.zeros(self.samples), np.zeros(self.samples, np.bool_))

    def finite(self) -> Observed:
        """Return the same samples with infinite values (timeouts) as missing."""
        present = self.present & np.isfinite(self.values)
        return Observed(self.case, np.where(present, self.values, 0.0), present)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Both arms on one slice. ``clusters`` holds one code a case, or nothing where all differ.

    ``draws`` says into how many units a case was split, each of them then "a case" here. ``order``
    holds the places of the cases in the order they are bet on; without it they are as they stand.
    ``looks`` says in which look each case was asked, where the bets of an earlier one go on.
    ``reach`` is how large differences are by the numbers of draws that were planned
    (``repeats.reach_of_differences``). ``mistakes`` says, of a rate that a detector reads, how much of
    it may be mistakes; ``labels`` holds what people say of its samples, row by row, where their labels
    correct it.
    """

    cases: int
    arms: Mapping[Arm, Observed]
    clusters: IntArray | None = None
    draws: int = 1
    order: IntArray | None = None
    looks: IntArray | None = None
    reach: float = 1.0
    mistakes: Mistakes = field(default_factory=dict)
    labels: Mapping[Arm, Labels] = field(default_factory=dict)

    @property
    def horizons(self) -> list[int] | None:
        """How many units had been planned by each look; nothing where there was but one."""
        if self.looks is None:
            return None
        unit = np.arange(self.cases) if self.clusters is None else self.clusters
        _, first = np.unique(unit, return_index=True)
        return [int(count) for count in np.cumsum(np.bincount(self.looks[first])) if count]

    @property
    def units(self) -> int:
        """The number of independent units: clusters, or cases."""
        return (
            self.cases
            if self.clusters is None
            else int(unit_codes(self.clusters).max(initial=-1)) + 1
        )

    def only(self, arms: Sequence[Arm]) -> Evidence:
        """Return what some arms say."""
        labels = {arm: found for arm, found in self.labels.items() if arm in arms}
        return replace(self, arms={arm: self.arms[arm] for arm in arms}, labels=labels)

    def by_draw(self, arms: Sequence[Arm]) -> Evidence:
        """Return what some arms say about the cases as they are given: a draw is a unit.

        Draws of one case are independent of each other and of other cases, whatever the cases
        have in common. No draw of the candidate is left out; the baseline's are spread evenly over
        the units, and what is left over is. Where cases have different numbers of draws, the
        evidence stays about the traffic behind them, which is the wider claim; and so it does where
        labels correct it, which speak of samples and not of units.
        """
        found = {arm: self.arms[arm] for arm in arms}
        draws = {arm: observed.draws(self.cases) for arm, observed in found.items()}
        own = draws.get(Arm.CANDIDATE, draws[arms[0]])
        parts = max(
            (n for n in range(1, own + 1) if own % n == 0 and n <= min(draws.values())), default=1
        )
        if parts == 1 or self.labels:
            return self
        split = {arm: observed.split(self.cases, parts) for arm, observed in found.items()}
        return Evidence(self.cases * parts, split, draws=parts, mistakes=self.mistakes)

    def among(self, kept: BoolArray) -> Evidence:
        """Return what the samples say about the cases that are kept."""
        if kept.all():
            return self
        place = np.cumsum(kept) - 1
        arms, labels = {}, dict(self.labels)
        for arm, observed in self.arms.items():
            rows = kept[observed.case]
            if arm in labels:
                labels[arm] = labels[arm].only(rows)
            arms[arm] = Observed(
                place[observed.case[rows]], observed.values[rows], observed.present[rows]
            )
        clusters = None if self.clusters is None else self.clusters[kept]
        order = None if self.order is None else place[self.order[kept[self.order]]]
        looks = None if self.looks is None else self.looks[kept]
        return replace(
            self, cases=int(kept.sum()), arms=arms, clusters=clusters, order=order, looks=looks,
            labels=labels,
        )  # fmt: skip

    def without_gaps(self) -> Evidence:
        """Return the observed samples, on the cases that every arm has one of."""
        arms = {arm: observed.without_gaps() for arm, observed in self.arms.items()}
        kept = np.ones(self.cases, dtype=np.bool_)
        for observed in arms.values():
            kept &= np.bincount(observed.case, minlength=self.cases) > 0
        labels = {arm: found.only(self.arms[arm].present) for arm, found in self.labels.items()}
        return replace(self, arms=arms, labels=labels).among(kept)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """Evidence with what a reviewer asks about it.

    ``gaps`` counts why samples have no value, the commonest reason first; ``unit`` is that of the
    ruler both arms were read with, ``guessed`` whether that ruler only stands in for another one,
    ``dependent`` whether the value of a case depends on the answers of others;
    ``case_ids`` names the cases of the evidence in its order; ``detector`` is who read the values,
    where that takes judgement.
    """

    case_ids: Sequence[str]
    evidence: Evidence
    gaps: Mapping[Arm, Mapping[str, int]]
    unit: str = ""
    guessed: bool = False
    dependent: bool = False
    detector: Detector | None = None

    def only(self, arms: Sequence[Arm]) -> Exhibit:
        """Return what some arms say."""
        return replace(self, evidence=self.evidence.only(arms))


@dataclass(frozen=True, slots=True)
class Sliced:
    """Evidence about a metric on the cases of one tag, which nobody set a bound for."""

    metric: Metric
    statistic: Statistic
    tag: str
    exhibit: Exhibit


@dataclass(frozen=True, slots=True)
class CaseMeans:
    """One number a case, twice: with every missing sample at its worst for either limit.

    ``seen`` is the mean of what was observed, ``known`` whether anything was. Where nothing is
    missing, ``low`` and ``high`` are one array. ``size`` is that of the largest number they were
    computed from: it says how much of them may be rounding.
    """

    low: FloatArray
    high: FloatArray
    seen: FloatArray
    known: BoolArray
    size: float


def case_means(evidence: Evidence, arm: Arm, fill: tuple[float, float]) -> CaseMeans:
    """Return the mean of each case's samples in one arm.

    A missing sample of the candidate is put at either end of ``fill``: a candidate must not gain
    by failing. The baseline's mean is that of the draws there are, as long as there is one.
    """
    observed = evidence.arms[arm]
    n = evidence.cases
    sums = np.bincount(observed.case, observed.values, minlength=n)
    asked = np.bincount(observed.case, minlength=n)
    found = (
        asked
        if observed.present.all()
        else np.bincount(observed.case[observed.present], minlength=n)
    )
    known = found > 0
    if found is asked and known.all():  # nothing is missing
        seen = sums / found
        return CaseMeans(seen, seen, seen, known, float(np.abs(seen).max(initial=0.0)))
    seen = np.divide(sums, found, out=np.zeros(n), where=known)
    expected = np.where(known, found, 1) if arm is Arm.BASELINE else np.maximum(asked, 1)
    absent = expected - found
    low = (sums + absent * fill[0]) / expected
    high = (sums + absent * fill[1]) / expected if absent.any() else low
    size = float(np.maximum(np.abs(low), np.abs(high)).max(initial=0.0))
    return CaseMeans(low, high, seen, known, size)


def observed_mean(means: CaseMeans) -> float:
    """Return the mean of the cases that were observed, rounded once."""
    seen = means.seen[means.known]
    return math.fsum(seen) / seen.size if seen.size else math.nan


def paired(candidate: CaseMeans, baseline: CaseMeans, factor: float = 1.0) -> CaseMeans:
    """Return ``candidate − factor·baseline`` a case, one that was not seen at its worst."""
    low = candidate.low - factor * baseline.high
    complete = candidate.low is candidate.high and baseline.low is baseline.high
    high = low if complete else candidate.high - factor * baseline.low
    seen = candidate.seen - factor * baseline.seen
    size = candidate.size + factor * baseline.size
    return CaseMeans(low, high, seen, candidate.known & baseline.known, size)


def no_nearer_than_seen(means: CaseMeans) -> CaseMeans:
    """Return the means with what was not seen no nearer than the worst that was.

    Where no range says what a difference can be, the worst of either arm does not either: what
    fails in one arm need not be like what both arms answered.
    """
    seen = means.seen[means.known]
    if means.low is means.high or not seen.size:
        return means
    low = np.where(means.known, means.low, np.minimum(means.low, seen.min()))
    high = np.where(means.known, means.high, np.maximum(means.high, seen.max()))
    return replace(means, low=low, high=high)


def unit_codes(clusters: IntArray) -> IntArray:
    """Return the place of each case's cluster among the sorted codes that there are, from 0.

    >>> unit_codes(np.array([7, 2, 7])), unit_codes(np.array([2, 2, 7]))
    (array([1, 0, 1]), array([0, 0, 1]))
    """
    code: IntArray
    before, after = clusters[:-1], clusters[1:]
    if (before <= after).all():  # as all runs are that planning draws
        code = np.zeros(clusters.size, np.int64)
        np.cumsum(before < after, out=code[1:])
        return code
    code = np.unique(clusters, return_inverse=True)[1]
    return code


def cluster_sums(values: FloatArray, clusters: IntArray | None) -> tuple[FloatArray, FloatArray]:
    """Return the sum of case values and the number of cases of each independent unit."""
    if clusters is None:
        return values, np.ones(values.size)
    code = unit_codes(clusters)
    sums: FloatArray = np.bincount(code, values).astype(np.float64)
    return sums, np.bincount(code).astype(np.float64)
