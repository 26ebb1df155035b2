"""Evidence and labels become an engine for what people would find, or the labels that it still needs.

A stratum is a set of samples of which the labelled ones are a random part. Each has to have
``FEWEST_LABELS`` of them, or be labelled whole: limits of a stratum without labels are not to be
trusted. Where every sample has a label the detector is not needed, and the labels are judged as any
other value. A difference is taken pair by pair where each case has one sample in both arms and enough
pairs are labelled; otherwise the limits of both arms are joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.core.envelope import LimitKind, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.core.wording import count_text
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.calibrated import CalibratedMean, Strata
from evalkit.stats.engines.calibrated_ratio import CalibratedRatio
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.ratio import MeanRatio
from evalkit.stats.evidence import CaseMeans, Evidence, Observed, case_means, paired
from evalkit.stats.judge_bias import FEWEST_LABELS
from evalkit.stats.labels import Labels
from evalkit.stats.stratified import Items, stratified

OF_PEOPLE = "labels of people"
RATE, SCORE = "post-stratified, CP–MOVER", "PPI, Gaffke–MOVER"


@dataclass(frozen=True, slots=True)
class Uncalibrated:
    """Why labels say nothing about a number: the sentence that "the calibration" begins."""

    reason: str


def calibrated_engine(
    evidence: Evidence,
    kind: LimitKind,
    arm: Arm,
    support: Support,
    labels: Mapping[Arm, Labels],
) -> Engine | Uncalibrated | Unmeasured:
    """Return the engine for the mean that people would find, or why there is none.

    Args:
        evidence: what the detector says of the samples on the slice of a bound; there is an engine
            for it without labels.
        kind: what the number is: a mean of one arm, a difference or a ratio of means.
        arm: whose mean, where it is that of one arm.
        support: the values a sample can have; finite.
        labels: what people say, row by row as the evidence has them.
    """
    found = _ground(evidence, kind, arm, labels)
    if isinstance(found, Uncalibrated):
        return found
    sides, pairs = found
    whole = all(side.whole for side in sides)
    if kind is LimitKind.RATIO:
        return _ratio(evidence, sides, support, pairs)
    if whole:
        return _of_people(evidence, sides, support, 1.0)
    if pairs is not None:
        return _of_pairs(evidence, pairs, support, 1.0)
    return _of_arms(evidence, sides, support, 1.0)


def why_uncalibrated(
    evidence: Evidence, kind: LimitKind, arm: Arm, labels: Mapping[Arm, Labels]
) -> str | None:
    """Return why there is no such engine; nothing where there is. Labels are counted, no more."""
    found = _ground(evidence, kind, arm, labels)
    return found.reason if isinstance(found, Uncalibrated) else None


def _ground(
    evidence: Evidence, kind: LimitKind, arm: Arm, labels: Mapping[Arm, Labels]
) -> tuple[Sequence[_Side], _Pairs | None] | Uncalibrated:
    """Return the arms that a number is about, and their pairs where it is taken pair by pair."""
    arms = [arm] if kind is LimitKind.ABSOLUTE else [Arm.CANDIDATE, Arm.BASELINE]
    if lacking := [each for each in arms if each not in labels]:
        return Uncalibrated(f"has no label of the {lacking[0]}'s answers")
    sides = [_Side.of(evidence, each, labels[each]) for each in arms]
    whole = all(side.whole for side in sides)
    needed = [] if whole else [text for side in sides for text in _needed(side)]
    pairs = None if kind is LimitKind.ABSOLUTE or whole else _pairs(evidence, *sides)
    if needed and pairs is None:
        return Uncalibrated(f"needs {' and '.join(needed)}")
    return sides, pairs


def _needed(side: _Side) -> Iterator[str]:
    """Yield how many labels the strata of an arm lack, where some have too few."""
    lacking = []
    for stratum in np.unique(side.labels.stratum[side.present]):
        rows = side.present & (side.labels.stratum == stratum)
        size, found = int(rows.sum()), int((rows & side.labels.known).sum())
        if (more := min(FEWEST_LABELS, size) - found) > 0:
            lacking.append((more, side.labels.name(int(stratum))))
    if lacking:
        more, name = sum(more for more, _ in lacking), lacking[0][1]
        parts = ", ".join(f"{more} {name}" for more, name in lacking)
        which = name if len(lacking) == 1 else f"({parts})"
        yield f"{count_text(more, 'more label')} of {side.arm} answers {which}"


# ---------------------------------------------------------------- one arm


@dataclass(frozen=True, slots=True)
class _Side:
    """One arm: its samples, their labels, and for how much of a case each sample counts."""

    arm: Arm
    observed: Observed
    labels: Labels
    share: FloatArray

    @classmethod
    def of(cls, evidence: Evidence, arm: Arm, labels: Labels) -> _Side:
        """Return the side of an arm; samples count as ``case_means`` has them."""
        observed = evidence.arms[arm]
        rows = observed.present if arm is Arm.BASELINE else np.ones(observed.samples, np.bool_)
        counts = np.bincount(observed.case[rows], minlength=evidence.cases)
        return cls(arm, observed, labels, 1 / np.maximum(counts, 1)[observed.case])

    @property
    def present(self) -> BoolArray:
        """Which samples have a value."""
        return self.observed.present

    @property
    def whole(self) -> bool:
        """Whether every sample that has a value has a label."""
        return bool(self.labels.known[self.present].all())

    @property
    def single(self) -> bool:
        """Whether no case has several samples."""
        return self.observed.case.size == np.unique(self.observed.case).size

    def items(self, evidence: Evidence, support: Support) -> Items:
        """Return the samples that have a value, as the strata take them."""
        rows, case = self.present, self.observed.case[self.present]
        return Items(
            unit=case if evidence.clusters is None else evidence.clusters[case],
            stratum=self.labels.stratum[rows],
            value=self.observed.values[rows],
            human=self.labels.human[rows],
            share=self.share[rows],
            support=support,
        )

    def with_values(self, values: FloatArray) -> Observed:
        """Return the samples with other values where they have one."""
        found = np.zeros(self.observed.samples)
        found[self.present] = values
        return Observed(self.observed.case, found, self.present)

    def means(self, evidence: Evidence, values: FloatArray, support: Support) -> CaseMeans:
        """Return the case means of other values, with what is missing at the ends of the support."""
        seen = replace(evidence, arms={self.arm: self.with_values(values)})
        return case_means(seen, self.arm, (support.lower, support.upper))


def _compared(means: Sequence[CaseMeans], factor: float) -> CaseMeans:
    return means[0] if len(means) == 1 else paired(means[0], means[1], factor)


def _reach(sides: int, support: Support, factor: float) -> Support:
    return support if sides == 1 else support.minus(support, factor=factor)


def _of_people(
    evidence: Evidence, sides: Sequence[_Side], support: Support, factor: float
) -> BoundedMean:
    """Return engine G on the labels alone."""
    means = [side.means(evidence, side.labels.human[side.present], support) for side in sides]
    of = " on paired differences" if len(sides) > 1 else ""
    reach = _reach(len(sides), support, factor)
    found = BoundedMean.of(_compared(means, factor), evidence.clusters, reach, method=f"Gaffke{of}")
    return replace(found, method=f"{OF_PEOPLE}, {found.method}")


def _of_arms(
    evidence: Evidence, sides: Sequence[_Side], support: Support, factor: float
) -> CalibratedMean:
    """Return the mean of one arm, or the difference of two whose limits are joined."""
    found = [stratified(side.items(evidence, support), cases=evidence.cases) for side in sides]
    means = [
        side.means(evidence, each.predicted, support)
        for side, each in zip(sides, found, strict=True)
    ]
    strata = [found[0].strata, *(each.strata.mirrored(factor) for each in found[1:])]
    constant = all(each.constant for each in found)
    apart = evidence.clusters is None and all(side.single for side in sides)
    return _joined(
        evidence,
        _compared(means, factor),
        strata,
        _reach(len(sides), support, factor),
        apart=apart,
        method=RATE if constant else SCORE,
    )


def _joined(
    evidence: Evidence,
    means: CaseMeans,
    strata: Sequence[Strata],
    reach: Support,
    *,
    apart: bool,
    method: str,
) -> CalibratedMean:
    ends = np.concatenate([means.low, means.high, [reach.lower, reach.upper]])
    wide = Support(float(ends.min()), float(ends.max()))
    over = "" if evidence.clusters is None else " over clusters"
    return CalibratedMean(
        predicted=BoundedMean.of(means, evidence.clusters, wide, method="Gaffke"),
        strata=tuple(strata),
        support=reach,
        apart=apart,
        method=f"{method}{over}",
    )


# ---------------------------------------------------------------- pairs


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The cases that have a value in both arms: where each stands, and what is known of it."""

    case: IntArray
    stratum: IntArray
    values: tuple[FloatArray, FloatArray]
    human: tuple[FloatArray, FloatArray]

    def items(self, evidence: Evidence, support: Support, factor: float) -> Items:
        """Return ``candidate − factor·baseline`` a pair."""
        value = self.values[0] - factor * self.values[1]
        human = self.human[0] - factor * self.human[1]
        return self._items(evidence, value, human, _reach(2, support, factor))

    def side(self, evidence: Evidence, row: int, support: Support) -> Items:
        """Return one arm of the pairs, of which those count as labelled that are in both."""
        human = np.where(np.isnan(self.human[0] + self.human[1]), np.nan, self.human[row])
        return self._items(evidence, self.values[row], human, support)

    def _items(
        self, evidence: Evidence, value: FloatArray, human: FloatArray, support: Support
    ) -> Items:
        return Items(
            unit=self.case if evidence.clusters is None else evidence.clusters[self.case],
            stratum=self.stratum,
            value=value,
            human=human,
            share=np.ones(self.case.size),
            support=support,
        )


def _pairs(evidence: Evidence, candidate: _Side, baseline: _Side) -> _Pairs | None:
    """Return the pairs, where every stratum of them has enough that are labelled.

    Whether they are enough depends on how many there are, never on what a label says.
    """
    if not (candidate.single and baseline.single):
        return None
    place = np.full((2, evidence.cases), -1)
    for row, side in enumerate((candidate, baseline)):
        place[row, side.observed.case[side.present]] = np.flatnonzero(side.present)
    case = np.flatnonzero((place >= 0).all(axis=0))
    rows = place[0, case], place[1, case]
    apart = baseline.labels.stratum[rows[1]] + 1
    both = candidate.labels.stratum[rows[0]] * (int(apart.max(initial=0)) + 1) + apart
    _, stratum, sizes = np.unique(both, return_inverse=True, return_counts=True)
    human = candidate.labels.human[rows[0]], baseline.labels.human[rows[1]]
    known = ~np.isnan(human[0] + human[1])
    labelled = np.bincount(stratum[known], minlength=sizes.size)
    if (labelled < np.minimum(sizes, FEWEST_LABELS)).any():
        return None
    values = candidate.observed.values[rows[0]], baseline.observed.values[rows[1]]
    return _Pairs(case, stratum, values, human)


def _of_pairs(evidence: Evidence, pairs: _Pairs, support: Support, factor: float) -> CalibratedMean:
    """Return the difference that people would find, taken pair by pair."""
    items = pairs.items(evidence, support, factor)
    found = stratified(items, cases=evidence.cases)
    known = np.zeros(evidence.cases, np.bool_)
    known[pairs.case] = True
    seen = np.zeros(evidence.cases)
    seen[pairs.case] = found.predicted
    reach = items.support
    low, high = (np.where(known, seen, end) for end in (reach.lower, reach.upper))
    means = CaseMeans(low, low if known.all() else high, seen, known, 0.0)
    name = f"{RATE if found.constant else SCORE} on pairs"
    return _joined(
        evidence, means, [found.strata], reach, apart=evidence.clusters is None, method=name
    )


# ---------------------------------------------------------------- ratios


def _ratio(
    evidence: Evidence, sides: Sequence[_Side], support: Support, pairs: _Pairs | None
) -> Engine | Unmeasured:
    """Return the ratio of both means, by the differences that may be 0."""
    if all(side.whole for side in sides):
        above, below = (_of_people(evidence, [side], support, 1.0).value for side in sides)
    elif pairs is None:
        above, below = (_of_arms(evidence, [side], support, 1.0).value for side in sides)
    else:
        both = (
            stratified(pairs.side(evidence, row, support), cases=evidence.cases) for row in (0, 1)
        )
        above, below = (float(each.predicted.mean()) for each in both)
    if below <= 0:
        return Unmeasured(Reason.NO_BASELINE, "the baseline's mean is 0; bound a delta instead")
    if all(side.whole for side in sides):
        return MeanRatio(above / below, below, lambda r: _of_people(evidence, sides, support, r))
    if pairs is None:
        return CalibratedRatio(
            above / below, below, lambda r: _of_arms(evidence, sides, support, r)
        )
    return CalibratedRatio(above / below, below, lambda r: _of_pairs(evidence, pairs, support, r))
