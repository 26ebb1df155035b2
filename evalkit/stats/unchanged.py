"""An unchanged candidate is drawn here, out of what the baseline did.

Assumes: cases (or clusters) are a sample of those to come; draws of one case are exchangeable.
Reference: the bootstrap of whole units (Efron & Tibshirani 1993, "An Introduction to the
Bootstrap", chapter 8). Draws of a case scatter around their own mean less than around the truth,
by (k − 1)/k in variance. Where arms are compared that noise is all there is, and what is hidden is
brought back: draws are spread, and where they are 0 or 1, or lie at an end of their support, the
cases whose draws differ stand in for others now and then. One arm on its own needs none of it: the means of its
cases scatter too far by as much as their draws do not far enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import Support
from evalkit.core.model import Arm
from evalkit.core.plan import Basis
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.repeats import noisy_cases, reach_of_differences

Rng: TypeAlias = np.random.Generator

MOST_STEPS = 20
NEAR_ENOUGH = 1e-3
ROUNDING = 1e-9
"""A share this small of a variance is not lost but rounded."""


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each case is drawn in either arm.

    ``noisy`` is how often the candidate is, where the baseline's draws disagree, and ``support``
    holds the values that say how far they do.
    """

    baseline: int
    candidate: int
    noisy: int | None
    support: Support

    @property
    def reach(self) -> float:
        """How large differences of their means are; see ``reach_of_differences``."""
        most = max(self.noisy or 0, self.candidate)
        return reach_of_differences(baseline=self.baseline, candidate=most)

    def wanted(self, baseline: Observed, cases: int) -> IntArray:
        """Return how many draws of the candidate each case asks for."""
        wanted = np.full(cases, self.candidate, np.int64)
        if self.noisy is not None:
            wanted[noisy_cases(baseline, cases, self.support)] = max(self.noisy, self.candidate)
        return wanted


@dataclass(frozen=True, slots=True)
class Groups:
    """Cases in the order of their clusters: where each cluster starts, and how many it has."""

    order: IntArray
    start: IntArray
    size: IntArray

    @classmethod
    def of(cls, clusters: IntArray) -> Groups:
        """Return the groups of cluster codes, one code a case."""
        _, code = np.unique(clusters, return_inverse=True)
        size = np.bincount(code)
        return cls(np.argsort(code, kind="stable"), np.cumsum(size) - size, size)

    def drawn(self, rng: Rng, cases: int) -> tuple[IntArray, IntArray]:
        """Return about so many cases in whole clusters drawn with replacement, and their codes."""
        groups = self.size.size
        chosen = rng.integers(groups, size=max(1, round(cases * groups / self.order.size)))
        size = self.size[chosen]
        codes = np.repeat(np.arange(chosen.size), size)
        first = np.cumsum(size) - size
        place = np.arange(codes.size) - first[codes] + self.start[chosen][codes]
        return self.order[place], codes


@dataclass(frozen=True, slots=True)
class StandIns:
    """Noisy cases that stand in for a share of all others; ``until`` sums up how likely each is."""

    share: float
    until: FloatArray

    @classmethod
    def of(cls, noise: FloatArray, lost: FloatArray) -> StandIns | None:
        """Return the stand-ins that bring back so much noise, as far as they can.

        Args:
            noise: the variance of the draws that can be made of each case.
            lost: how much of it is lost for each case; those that lost most stand in most.
        """
        owed, gain = float(lost.sum()), 0.0
        if owed > 0:
            gain = float(lost @ noise) / owed - float(noise.mean())
        if gain <= 0:
            return None
        return cls(min(owed / noise.size / gain, 1.0), np.cumsum(lost) / owed)

    def among(self, rng: Rng, chosen: IntArray) -> IntArray:
        """Return chosen cases with stand-ins among them."""
        replaced = rng.random(chosen.size) < self.share
        place = np.searchsorted(self.until, rng.random(chosen.size), side="right")
        return np.where(replaced, np.minimum(place, self.until.size - 1), chosen)

    def brought(self, noise: FloatArray) -> float:
        """Return the mean of the noise with the stand-ins among all cases."""
        of_noisy = float(np.diff(self.until, prepend=0.0) @ noise)
        return (1 - self.share) * float(noise.mean()) + self.share * of_noisy


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Where an unchanged candidate's answers come from.

    ``start`` and ``count`` say where the draws of each case lie in ``values``; ``chance`` is the
    probability of a 1 for each case where all values are 0 or 1 and the noise was seen; ``other``
    holds the values of the arm that noise is taken from where the baseline was drawn once, and
    ``stand_ins`` the cases that make up for noise that few draws hide.
    """

    basis: Basis
    groups: Groups | None
    start: IntArray
    count: IntArray
    values: FloatArray
    chance: FloatArray | None
    other: FloatArray | None
    stand_ins: StandIns | None
    missing: float

    @classmethod
    def of(cls, evidence: Evidence, support: Support, *, compares: bool) -> Unchanged | None:
        """Return the source for one bound; nothing where the noise it asks for was never seen.

        Args:
            evidence: the samples of the baseline, and of the candidate where there is one.
            support: the values a sample can have.
            compares: whether the bound lays both arms side by side.
        """
        baseline = evidence.arms[Arm.BASELINE]
        seen = baseline.without_gaps()
        count = np.bincount(seen.case, minlength=evidence.cases)
        known = count > 0
        if not known.any():
            return None
        start = np.cumsum(count) - count
        missing = baseline.missing / baseline.samples
        values, chance, other, basis = seen.values, None, None, Basis.BASELINE
        stand_ins = None
        if 2 * np.count_nonzero(count >= 2) > np.count_nonzero(known):
            basis = Basis.DRAWS
            # A few cases that lost all draws but one tell nothing about noise.
            known = count >= 2 if compares else known
            if np.isin(values, (0.0, 1.0)).all():
                chance, stand_ins = _chances(seen, count, known, compares=compares)
            elif compares and np.isfinite(values).all():
                values, stand_ins = _spread(seen, count, known, support)
        elif compares:
            if Arm.CANDIDATE not in evidence.arms:
                return None
            other, known = _first_of_candidate(evidence, known)
            basis = Basis.LAST_RUN
            if not known.any():
                return None
        clusters = evidence.among(known).clusters
        return cls(
            basis, None if clusters is None else Groups.of(clusters), start[known], count[known], values,
            chance, None if other is None else other[known], stand_ins, missing,
        )  # fmt: skip

    @property
    def cases(self) -> int:
        """How many cases the source holds."""
        return self.start.size

    @property
    def units(self) -> int:
        """How many independent units these cases form."""
        return self.cases if self.groups is None else self.groups.size.size

    def draw(self, rng: Rng, cases: int, draws: Draws) -> Evidence:
        """Return the evidence of a run on about so many fresh cases.

        Args:
            rng: where the cases and draws are taken from.
            cases: how many; whole clusters, where cases belong to some.
            draws: how many of each case.
        """
        chosen, clusters = self._chosen(rng, cases)
        if self.stand_ins is not None:
            chosen = self.stand_ins.among(rng, chosen)
        swapped = rng.random(chosen.size) < 0.5
        baseline = self._observed(rng, chosen, draws.baseline, swapped)
        wanted = draws.wanted(baseline, chosen.size)
        candidate = self._observed(rng, chosen, int(wanted.max(initial=1)), ~swapped)
        arms = {Arm.BASELINE: baseline, Arm.CANDIDATE: candidate.first(wanted)}
        order = np.arange(chosen.size)  # whoever bets takes them as they were drawn
        return Evidence(chosen.size, arms, clusters, order=order, reach=draws.reach)

    def _chosen(self, rng: Rng, cases: int) -> tuple[IntArray, IntArray | None]:
        if self.groups is None:
            return rng.integers(self.cases, size=cases), None
        return self.groups.drawn(rng, cases)

    def _observed(self, rng: Rng, chosen: IntArray, draws: int, swapped: np.ndarray) -> Observed:
        size = (chosen.size, draws)
        if self.chance is not None:
            values = (rng.random(size) < self.chance[chosen][:, None]).astype(np.float64)
        else:
            offset = (rng.random(size) * self.count[chosen][:, None]).astype(np.int64)
            values = self.values[self.start[chosen][:, None] + offset]
            if self.other is not None:
                values = np.where(swapped[:, None], self.other[chosen][:, None], values)
        flat, case = values.ravel(), np.repeat(np.arange(chosen.size), draws)
        if not self.missing:
            return Observed(case, flat, np.ones(flat.size, np.bool_))
        there = rng.random(flat.size) >= self.missing
        return Observed(case, np.where(there, flat, 0.0), there)


def _first_of_candidate(evidence: Evidence, known: np.ndarray) -> tuple[FloatArray, np.ndarray]:
    """Return the candidate's first value of each case, and the cases that both arms answered."""
    seen = evidence.arms[Arm.CANDIDATE].without_gaps()
    found = np.zeros(evidence.cases)
    there = np.zeros(evidence.cases, np.bool_)
    found[seen.case[::-1]] = seen.values[::-1]
    there[seen.case] = True
    return found, known & there


def _chances(
    seen: Observed, count: IntArray, known: BoolArray, *, compares: bool
) -> tuple[FloatArray, StandIns | None]:
    """Return a probability of 1 for each case, and what brings back the noise its draws hide."""
    shares = (_sums(seen, seen.values, count) / np.maximum(count, 1))[known]
    noise = shares * (1 - shares)
    if not compares:
        return shares, None
    whole = noise * _hidden(count[known])
    found = StandIns.of(noise, whole - noise)
    for _ in range(MOST_STEPS):
        brought = float(noise.mean()) if found is None else found.brought(noise)
        if brought >= float(whole.mean()) * (1 - NEAR_ENOUGH):
            break
        # Even that is too little where most draws differ in most cases.
        noise = np.minimum(noise * float(whole.mean()) / brought, 0.25)
    away = np.sqrt(0.25 - noise)
    return np.where(shares > 0.5, 0.5 + away, 0.5 - away), found


def _spread(
    seen: Observed, count: IntArray, known: BoolArray, support: Support
) -> tuple[FloatArray, StandIns | None]:
    """Return the draws of each case, as far from their mean as their number hides.

    What the ends of the support leave no room for is brought back by stand-ins.
    """
    number = np.maximum(count, 1)
    hidden = _hidden(number)
    means = _sums(seen, seen.values, count) / number
    apart = seen.values - means[seen.case]
    moved = means[seen.case] + np.sqrt(hidden)[seen.case] * apart
    values = np.clip(moved, support.lower, support.upper)
    whole = hidden * _sums(seen, apart**2, count) / number
    middle = _sums(seen, values, count) / number
    noise = _sums(seen, (values - middle[seen.case]) ** 2, count) / number
    lost = np.where(noise < whole * (1 - ROUNDING), whole - noise, 0.0)
    return values, StandIns.of(noise[known], lost[known])


def _sums(seen: Observed, values: FloatArray, count: IntArray) -> FloatArray:
    found: FloatArray = np.bincount(seen.case, values, minlength=count.size).astype(np.float64)
    return found


def _hidden(count: IntArray) -> FloatArray:
    """Return how many times the variance of so many draws that of their source is."""
    return np.asarray(count / np.maximum(count - 1, 1), np.float64)
