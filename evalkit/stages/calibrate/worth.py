"""Labelled answers become what they show: how both agree, how far a scorer is off, and what is corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from evalkit.core.envelope import Kind, LimitKind, Support
from evalkit.core.labelling import (
    CalibrationReport,
    Labelling,
    ReadAnswer,
    ReadSnapshot,
    SnapshotReport,
    StratumReport,
)
from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, Unmeasured
from evalkit.core.wording import count_text
from evalkit.stats.agreement import kappa
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.calibrated import Uncalibrated, calibrated_engine
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.estimates import estimate_of
from evalkit.stats.evidence import Evidence, Observed, case_means
from evalkit.stats.judge_bias import FEWEST_LABELS
from evalkit.stats.labels import Labels

ALPHA = 0.05
BOTH = {arm.value for arm in Arm}


def worth(
    labelling: Labelling, clusters: Mapping[str, str | None], *, skipped: int = 0
) -> CalibrationReport:
    """Return what the labels show.

    Args:
        labelling: the answers with their labels.
        clusters: the group that a case belongs to, where it belongs to one.
        skipped: how many answers somebody would not label.
    """
    sides = {each.name: _Side.of(each, labelling, clusters) for each in labelling.snapshots}
    change, lacking, measured = None, None, None
    if sides.keys() == BOTH:
        baseline, candidate = sides[Arm.BASELINE.value], sides[Arm.CANDIDATE.value]
        measured, change, lacking = _change(baseline, candidate, clusters)
    return CalibrationReport(
        scorer=labelling.scorer,
        value=labelling.value,
        kind=labelling.kind,
        snapshots=tuple(
            _snapshot(each, sides[each.name], labelling) for each in labelling.snapshots
        ),
        measured_change=measured,
        change=change,
        change_lacking=lacking,
        skipped=skipped,
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """The answers of one snapshot as arrays, in the order of their cases."""

    cases: tuple[str, ...]
    observed: Observed
    labels: Labels
    clusters: IntArray | None
    support: Support

    @classmethod
    def of(
        cls, snapshot: ReadSnapshot, labelling: Labelling, clusters: Mapping[str, str | None]
    ) -> _Side:
        """Return the arrays of a snapshot."""
        reads = sorted(snapshot.answers, key=lambda read: (read.case_id, read.index))
        cases = sorted({read.case_id for read in reads})
        place = {case: number for number, case in enumerate(cases)}
        human = [np.nan if read.human is None else read.human for read in reads]
        return cls(
            tuple(cases),
            Observed(
                np.array([place[read.case_id] for read in reads], np.int64),
                np.array([read.value for read in reads], np.float64),
                np.ones(len(reads), np.bool_),
            ),
            Labels(
                np.array([read.stratum for read in reads], np.int64),
                np.array(human, np.float64),
                labelling.strata,
            ),
            _codes(cases, clusters),
            labelling.support,
        )

    def evidence(self) -> Evidence:
        """Return the answers as those of one arm."""
        return Evidence(len(self.cases), {Arm.CANDIDATE: self.observed}, self.clusters)

    def estimate(self) -> Estimate | Uncalibrated:
        """Return what people would find."""
        return self._estimate(self.observed.values, self.labels.human, self.support)

    def bias(self) -> Estimate | Uncalibrated:
        """Return by how much the scorer measures more than people would find."""
        off = self.observed.values - self.labels.human
        return self._estimate(np.zeros(off.size), off, self.support.minus(self.support))

    def _estimate(
        self, values: FloatArray, human: FloatArray, support: Support
    ) -> Estimate | Uncalibrated:
        observed = Observed(self.observed.case, values, self.observed.present)
        labels = {Arm.CANDIDATE: replace(self.labels, human=human)}
        evidence = replace(self.evidence(), arms={Arm.CANDIDATE: observed})
        return _estimated(evidence, LimitKind.ABSOLUTE, support, labels)

    def within(self, stratum: int) -> Estimate | None:
        """Return what people say in one stratum, where they were asked."""
        rows = (self.labels.stratum == stratum) & self.labels.known
        if not rows.any():
            return None
        kept, case = np.unique(self.observed.case[rows], return_inverse=True)
        seen = Observed(
            case.astype(np.int64), self.labels.human[rows], np.ones(case.size, np.bool_)
        )
        clusters = None if self.clusters is None else self.clusters[kept]
        evidence = Evidence(kept.size, {Arm.CANDIDATE: seen}, clusters)
        means = case_means(evidence, Arm.CANDIDATE, (self.support.lower, self.support.upper))
        engine = BoundedMean.of(means, clusters, self.support, method="Gaffke")
        return estimate_of(engine, evidence, [Arm.CANDIDATE], ALPHA)

    def measured(self) -> float:
        """Return the mean of the scorer, every case counting the same."""
        sums = np.bincount(self.observed.case, self.observed.values)
        return float((sums / np.bincount(self.observed.case)).mean())


def _codes(cases: Sequence[str], clusters: Mapping[str, str | None]) -> IntArray | None:
    """Return a code for the group of each case; nothing where all of them stand alone."""
    names = [(clusters.get(case) is None, clusters.get(case) or case) for case in cases]
    places = {name: code for code, name in enumerate(dict.fromkeys(names))}
    return None if len(places) == len(cases) else np.array([places[name] for name in names])


def _estimated(
    evidence: Evidence, kind: LimitKind, support: Support, labels: Mapping[Arm, Labels]
) -> Estimate | Uncalibrated:
    engine = calibrated_engine(evidence, kind, Arm.CANDIDATE, support, labels)
    if isinstance(engine, Uncalibrated):
        return engine
    assert not isinstance(engine, Unmeasured), "only ratios may be unmeasured"
    return estimate_of(engine, evidence, list(labels), ALPHA)


def _change(
    baseline: _Side, candidate: _Side, clusters: Mapping[str, str | None]
) -> tuple[float | None, Estimate | None, str | None]:
    """Return candidate − baseline as measured and as people would find it, or which labels lack."""
    cases = sorted(set(baseline.cases) & set(candidate.cases))
    if not cases:
        return None, None, "needs cases that both arms have answered"
    place = {case: number for number, case in enumerate(cases)}
    arms, labels, means = {}, {}, []
    for arm, side in ((Arm.BASELINE, baseline), (Arm.CANDIDATE, candidate)):
        kept = np.array([case in place for case in side.cases])
        rows = kept[side.observed.case]
        moved = np.array([place.get(case, -1) for case in side.cases])[side.observed.case[rows]]
        arms[arm] = Observed(moved, side.observed.values[rows], side.observed.present[rows])
        labels[arm] = side.labels.only(rows)
        means.append(np.bincount(moved, arms[arm].values) / np.bincount(moved))
    evidence = Evidence(len(cases), arms, _codes(cases, clusters))
    found = _estimated(evidence, LimitKind.DELTA, candidate.support, labels)
    measured = float((means[1] - means[0]).mean())
    if isinstance(found, Uncalibrated):
        return measured, None, found.reason
    return measured, found, None


# ---------------------------------------------------------------- one snapshot


def _snapshot(snapshot: ReadSnapshot, side: _Side, labelling: Labelling) -> SnapshotReport:
    corrected, bias = side.estimate(), side.bias()
    strata = _strata(side, labelling)
    known = [read for read in snapshot.answers if read.labels]
    weights = _weights(snapshot)
    rate = labelling.kind is Kind.RATE
    return SnapshotReport(
        name=snapshot.name,
        requested=snapshot.requested,
        judged=len(snapshot.answers),
        labelled=len(known),
        measured=side.measured(),
        corrected=corrected if isinstance(corrected, Estimate) else None,
        bias=bias if isinstance(bias, Estimate) else None,
        lacking=_lacking(strata) if isinstance(corrected, Uncalibrated) else None,
        strata=strata,
        confusion=_confusion(known) if rate else None,
        kappa=_kappa(known, weights) if rate else None,
        raters=_between_raters(known, weights) if rate else None,
    )


def _lacking(strata: Sequence[StratumReport]) -> str:
    """Return which labels are too few: the sentence that the snapshot begins."""
    short = [(min(FEWEST_LABELS, each.judged) - each.labelled, each.name) for each in strata]
    parts = ", ".join(f"{more} {name}" for more, name in short if more > 0)
    return f"needs {count_text(sum(more for more, _ in short if more > 0), 'more label')}: {parts}"


def _strata(side: _Side, labelling: Labelling) -> tuple[StratumReport, ...]:
    found = []
    for code, name in enumerate(labelling.strata):
        rows = side.labels.stratum == code
        if rows.any():
            labelled = int((rows & side.labels.known).sum())
            found.append(StratumReport(name, int(rows.sum()), labelled, side.within(code)))
    return tuple(found)


def _weights(snapshot: ReadSnapshot) -> dict[int, float]:
    """Return for how many answers a label of each stratum stands."""
    sizes = Counter(read.stratum for read in snapshot.answers)
    labelled = Counter(read.stratum for read in snapshot.answers if read.labels)
    return {code: sizes[code] / count for code, count in labelled.items()}


def _said(value: float) -> int | None:
    """Return what people say, where they do not stand half and half."""
    return None if value == 0.5 else int(value > 0.5)


def _confusion(known: Sequence[ReadAnswer]) -> tuple[tuple[int, int], tuple[int, int]]:
    counts = Counter((_said(read.value), _said(read.human or 0.0)) for read in known)
    return (counts[0, 0], counts[0, 1]), (counts[1, 0], counts[1, 1])


def _kappa(known: Sequence[ReadAnswer], weights: Mapping[int, float]) -> float | None:
    pairs = [(_said(read.value), _said(read.human or 0.0), weights[read.stratum]) for read in known]
    return kappa(_table(pairs))


def _between_raters(known: Sequence[ReadAnswer], weights: Mapping[int, float]) -> float | None:
    """Return how far the two raters agree who share most answers; nothing where none do."""
    shared = Counter(pair for read in known for pair in combinations(sorted(read.labels), 2))
    if not shared:
        return None
    (one, other), _ = min(shared.items(), key=lambda item: (-item[1], item[0]))
    both = [read for read in known if {one, other} <= read.labels.keys()]
    pairs = [(_said(r.labels[one]), _said(r.labels[other]), weights[r.stratum]) for r in both]
    return kappa(_table(pairs))


def _table(pairs: Sequence[tuple[int | None, int | None, float]]) -> list[list[float]]:
    table = [[0.0, 0.0], [0.0, 0.0]]
    for one, other, weight in pairs:
        if one is not None and other is not None:
            table[one][other] += weight
    return table
