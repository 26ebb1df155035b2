"""Scores become evidence: columns of numbers in case order, cut to the slice of each bound."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import Envelope, Metric, Slice, Statistic
from evalkit.core.model import Arm, Case, ErrorKind, Sample, ScoredSample, ScoreValue, Unscored
from evalkit.core.ports import ScorerPlugin
from evalkit.core.verdict import ArmSummary, SnapshotSummary
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.evidence import Evidence, Exhibit, Observed, exceeds

Key: TypeAlias = tuple[str, str]
"""An instrument and the name of one of its values."""

INFINITE = "no finite value"
MANY_REASONS = 100
"""A scorer that fails in more ways than this is summed up instead of quoted."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value of one instrument in one arm, a row a sample.

    ``why`` holds for each row the index in ``reasons`` of why there is no value; 0 says nothing.
    """

    values: FloatArray
    present: BoolArray
    why: IntArray
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArmTable:
    """The samples of one arm in case order; ``case`` is the index of each row's case."""

    case: IntArray
    columns: Mapping[Key, Column]
    summary: ArmSummary
    served: tuple[str, ...]

    def observed(self, key: Key) -> Observed:
        """Return one column as evidence."""
        column = self.columns[key]
        return Observed(self.case, column.values, column.present)

    def gaps(self, key: Key, chosen: BoolArray, finite: bool) -> dict[str, int]:  # noqa: FBT001
        """Return why samples of chosen cases have no value, the commonest reason first.

        An infinite value is a reason as well where only ``finite`` ones count.
        """
        column, rows = self.columns[key], chosen[self.case]
        counts = np.bincount(column.why[rows], minlength=len(column.reasons))
        found = {
            reason: int(count)
            for reason, count in zip(column.reasons, counts, strict=True)
            if reason
        }
        found[INFINITE] = int(np.count_nonzero(np.isinf(column.values[rows]))) if finite else 0
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return {reason: count for reason, count in ordered if count}


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that was scored. Cases are sorted by id, so that no file's order shows."""

    cases: tuple[Case, ...]
    arms: Mapping[Arm, ArmTable]
    units: Mapping[Key, str]
    fallbacks: Mapping[Arm, frozenset[Key]]
    clustered: bool

    def key(self, metric: Metric, *, compares: bool = True) -> Key:
        """Return the column a metric is read from: its own, or the one that arms can be read with.

        Where arms are compared it is one for both, else the one of the candidate.
        """
        own = (metric.instrument, metric.value)
        arms = self.arms if compares else (Arm.CANDIDATE,)
        lacking = any(own in self.fallbacks[arm] for arm in arms)
        return (metric.instrument, metric.fallback or "") if lacking else own

    def exhibit(
        self, metric: Metric, part: Slice, statistic: Statistic, *, compares: bool = True
    ) -> Exhibit:
        """Return what a statistic of a metric on a slice is judged by."""
        chosen = self._members(part)
        key = self.key(metric, compares=compares)
        # A quantile can bear an infinite value (a timeout); a mean cannot, and misses it.
        finite = statistic.quantile is None
        observed = {arm: table.observed(key) for arm, table in self.arms.items()}
        if finite:
            observed = {arm: found.finite() for arm, found in observed.items()}
        return Exhibit(
            case_ids=[case.id for case, inside in zip(self.cases, chosen, strict=True) if inside],
            evidence=Evidence(len(self.cases), observed, self._clusters(chosen)).among(chosen),
            gaps={arm: table.gaps(key, chosen, finite) for arm, table in self.arms.items()},
            unit=self.units[key],
            guessed=key != (metric.instrument, metric.value),
        )

    def _members(self, part: Slice) -> BoolArray:
        if part.where:
            flags = [part.holds(case.tags, case.metadata) for case in self.cases]
        else:
            kinds = {tags: part.holds(tags, {}) for tags in {case.tags for case in self.cases}}
            flags = [kinds[case.tags] for case in self.cases]
        return np.array(flags, dtype=np.bool_)

    def _clusters(self, chosen: BoolArray) -> IntArray | None:
        """Return a code a case, equal for cases that share a cluster; nothing if no two do."""
        if not self.clustered:
            return None
        codes: dict[tuple[bool, str], int] = {}
        found = np.zeros(len(self.cases), np.int64)
        for place in np.flatnonzero(chosen):
            case = self.cases[place]
            # A case without a cluster stands alone, whatever other clusters are called.
            name = (case.cluster is None, case.cluster or case.id)
            found[place] = codes.setdefault(name, len(codes))
        return found if len(codes) < np.count_nonzero(chosen) else None


def aggregate(
    scored: Iterable[ScoredSample],
    cases: Mapping[str, Case],
    envelope: Envelope,
    scorers: Mapping[str, ScorerPlugin],
) -> Table:
    """Return the table of all scores.

    Of the candidate the first ``repeats`` samples a case count, of the baseline all that exist:
    more draws of the baseline make every difference sharper and cannot depend on the candidate.
    """
    ordered = sorted(cases)
    place = {case_id: index for index, case_id in enumerate(ordered)}
    keys = _keys(envelope)
    wanted = {Arm.CANDIDATE: envelope.repeats}
    builders = {
        arm: _ArmBuilder(len(ordered), keys, scorers, wanted.get(arm)) for arm in envelope.snapshots
    }
    for item in scored:
        builders[item.sample.arm].add(item, place[item.sample.case_id])
    for builder in builders.values():
        builder.fill_gaps()
    metrics = [*(bound.metric for bound in envelope.bounds), *envelope.metrics]
    own = {(metric.instrument, metric.value) for metric in metrics if metric.fallback}
    share = envelope.max_missing
    lacking = {
        arm: frozenset(key for key in own if builder.lacks(key, share))
        for arm, builder in builders.items()
    }
    return Table(
        cases=tuple(cases[case_id] for case_id in ordered),
        arms={arm: builder.table() for arm, builder in builders.items()},
        units={key: _unit(key, scorers) for key in keys},
        fallbacks=lacking,
        clustered=any(case.cluster is not None for case in cases.values()),
    )


def snapshot_summaries(envelope: Envelope, table: Table) -> dict[Arm, SnapshotSummary]:
    """Return which model each arm asked for, and which ones said they answered."""
    return {
        arm: SnapshotSummary(snapshot.model, table.arms[arm].served)
        for arm, snapshot in envelope.snapshots.items()
    }


def _keys(envelope: Envelope) -> tuple[Key, ...]:
    metrics = [*(bound.metric for bound in envelope.bounds), *envelope.metrics]
    own = [(metric.instrument, metric.value) for metric in metrics]
    other = [(metric.instrument, metric.fallback) for metric in metrics if metric.fallback]
    return tuple(dict.fromkeys([*own, *other]))


def _unit(key: Key, scorers: Mapping[str, ScorerPlugin]) -> str:
    instrument, name = key
    return next(value.unit for value in scorers[instrument].values if value.name == name)


@dataclass(slots=True)
class _ArmBuilder:
    """Rows in the order they come; the table puts them in the order of the cases."""

    cases: int
    keys: Sequence[Key]
    scorers: Mapping[str, ScorerPlugin]
    repeats: int | None
    case: array[int] = field(default_factory=lambda: array("q"))
    index: array[int] = field(default_factory=lambda: array("q"))
    errors: Counter[str] = field(default_factory=Counter)
    served: set[str] = field(default_factory=set)
    attempts: int | None = None
    costs: array[float] = field(default_factory=lambda: array("d"))
    unused: int = 0
    columns: dict[Key, _ColumnBuilder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for instrument, value in self.keys:
            names = [declared.name for declared in self.scorers[instrument].values]
            self.columns[instrument, value] = _ColumnBuilder(names.index(value))

    def add(self, scored: ScoredSample, place: int) -> None:
        sample = scored.sample
        if self.repeats is not None and sample.index >= self.repeats:
            self.unused += 1
            return
        self._note(sample)
        self._row(place, sample.index)
        scores, answered = scored.scores, sample.error is None
        for (instrument, _), column in self.columns.items():
            score = scores.get(instrument)
            column.add(score.values[column.position] if score else None, answered=answered)

    def fill_gaps(self) -> None:
        """Add an error for every sample that should be there and is not.

        Nobody who adds up scores later can overlook a case that was never answered.
        """
        counts = np.bincount(np.frombuffer(self.case, dtype=np.int64), minlength=self.cases)
        absent = np.maximum((self.repeats or 1) - counts, 0)
        for place in np.flatnonzero(absent):
            for _ in range(int(absent[place])):
                self.errors[ErrorKind.NO_RECORD.value] += 1
                self._row(int(place), -1)
                for column in self.columns.values():
                    column.add(Unscored("no record"), answered=False)

    def lacks(self, key: Key, share: float) -> bool:
        """Return whether more answered samples than this share have no value in this column."""
        column = self.columns[key]
        return exceeds(column.lacking, share, of=column.read)

    def table(self) -> ArmTable:
        case = np.frombuffer(self.case, dtype=np.int64)
        order = np.lexsort((np.frombuffer(self.index, dtype=np.int64), case))
        return ArmTable(
            case=case[order],
            columns={key: column.column(order) for key, column in self.columns.items()},
            summary=ArmSummary(
                cases=self.cases,
                samples=int(case.size),
                missing=self.errors.total(),
                errors=dict(sorted(self.errors.items())),
                attempts=self.attempts,
                unused=self.unused,
                cost_usd=self._cost(),
            ),
            served=tuple(sorted(self.served)),
        )

    def _cost(self) -> float | None:
        """Return what all samples cost; nothing where one that was answered does not say."""
        answered = len(self.case) - self.errors.total()
        # Summed exactly, so that the order in which samples came does not show.
        return math.fsum(self.costs) if 0 < answered <= len(self.costs) else None

    def _row(self, place: int, index: int) -> None:
        self.case.append(place)
        self.index.append(index)

    def _note(self, sample: Sample) -> None:
        if sample.error is not None:
            self.errors[sample.error.kind.value] += 1
        if sample.model is not None:
            self.served.add(sample.model)
        if sample.attempts is not None:
            self.attempts = (self.attempts or 0) + sample.attempts
        if sample.cost_usd is not None:
            self.costs.append(sample.cost_usd)


@dataclass(slots=True)
class _ColumnBuilder:
    """One value of an instrument, sample after sample; ``position`` is its place in a score."""

    position: int
    values: array[float] = field(default_factory=lambda: array("d"))
    present: bytearray = field(default_factory=bytearray)
    why: array[int] = field(default_factory=lambda: array("B"))
    reasons: dict[str, int] = field(default_factory=lambda: {"": 0})
    read: int = 0
    lacking: int = 0

    def add(self, value: ScoreValue | None, *, answered: bool) -> None:
        """Take the value of one sample; ``None`` where no bound needs it."""
        number, reason = (value, "") if isinstance(value, float) else (0.0, _why_none(value))
        present = isinstance(value, float)
        self.values.append(number)
        self.present.append(present)
        self.why.append(self._code(reason) if reason else 0)
        if answered and value is not None:
            self.read += 1
            self.lacking += not present

    def column(self, order: IntArray) -> Column:
        return Column(
            values=np.frombuffer(self.values, dtype=np.float64)[order],
            present=np.frombuffer(self.present, dtype=np.bool_)[order],
            why=np.frombuffer(self.why, dtype=np.uint8)[order].astype(np.int64),
            reasons=tuple(self.reasons),
        )

    def _code(self, reason: str) -> int:
        if reason not in self.reasons and len(self.reasons) >= MANY_REASONS:
            reason = "another reason"
        return self.reasons.setdefault(reason, len(self.reasons))


def _why_none(value: ScoreValue | None) -> str:
    """Return why a value is no number; nothing where nobody asked for one."""
    if isinstance(value, Unscored):
        return value.reason
    return "" if value is None else "a category in place of a number"
