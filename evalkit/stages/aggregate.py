"""Scores become evidence: columns of numbers in case order, cut to the slice of each bound."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from evalkit.core.digest import bet_rank
from evalkit.core.envelope import Bound, Envelope, Kind, LimitKind, Method, Metric, Slice, Statistic
from evalkit.core.model import Arm, Case, ErrorKind, Sample, ScoredSample, ScoreValue, Unscored
from evalkit.core.ports import ScorerPlugin
from evalkit.core.verdict import ArmSummary, SnapshotSummary
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.evidence import Evidence, Exhibit, Observed, exceeds
from evalkit.stats.repeats import noisy_cases

Key: TypeAlias = tuple[str, str]
"""An instrument and the name of one of its values."""

Codes: TypeAlias = dict[Key, dict[str, int]]
"""A number for each category that was seen, by column."""

CATEGORY = "a category in place of a number"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

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

    def gaps(self, key: Key, chosen: BoolArray, *, finite: bool, category: bool) -> dict[str, int]:
        """Return why samples of chosen cases have no value, the commonest reason first.

        An infinite value is a reason as well where only ``finite`` ones count, and a category where
        it is a number that is asked for.
        """
        column, rows = self.columns[key], chosen[self.case]
        counts = np.bincount(column.why[rows], minlength=len(column.reasons))
        found = {
            reason: int(count)
            for reason, count in zip(column.reasons, counts, strict=True)
            if reason and not (category and reason == CATEGORY)
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
    order: IntArray | None = None
    looks: IntArray | None = None

    def key(self, metric: Metric, *, compares: bool = True) -> Key:
        """Return the column a metric is read from: its own, or the one that arms can be read with.

        Where arms are compared it is one for both, else the one of the candidate.
        """
        own = (metric.instrument, metric.value)
        arms = self.arms if compares else (Arm.CANDIDATE,)
        lacking = any(own in self.fallbacks[arm] for arm in arms)
        return (metric.instrument, metric.fallback or "") if lacking else own

    def exhibit_for(self, bound: Bound) -> Exhibit:
        """Return what a bound is judged by."""
        limit = bound.limit
        return self.exhibit(
            bound.metric,
            bound.slice,
            bound.statistic,
            compares=limit.compares,
            shift=limit.kind is LimitKind.SHIFT,
        )

    def exhibit(
        self,
        metric: Metric,
        part: Slice,
        statistic: Statistic,
        *,
        compares: bool = True,
        shift: bool = False,
    ) -> Exhibit:
        """Return what a statistic of a metric on a slice is judged by.

        Args:
            metric: what is measured.
            part: on which cases.
            statistic: what is taken of the values.
            compares: whether both arms must be read in one way.
            shift: whether all values are asked for, categories among them, in place of a statistic.
        """
        chosen = self._members(part)
        key = self.key(metric, compares=compares)
        # A quantile can bear an infinite value (a timeout); a mean cannot, and misses it.
        finite = statistic.quantile is None and not shift
        category = shift and metric.kind is Kind.CATEGORY
        observed = {arm: table.observed(key) for arm, table in self.arms.items()}
        if finite:
            observed = {arm: found.finite() for arm, found in observed.items()}
        if metric.kind is Kind.CATEGORY and not shift:
            observed = {arm: found.nothing() for arm, found in observed.items()}
        return Exhibit(
            case_ids=[case.id for case, inside in zip(self.cases, chosen, strict=True) if inside],
            evidence=self._evidence(observed, chosen),
            gaps={
                arm: table.gaps(key, chosen, finite=finite, category=category)
                for arm, table in self.arms.items()
            },
            unit=self.units[key],
            guessed=key != (metric.instrument, metric.value),
        )

    def _evidence(self, observed: Mapping[Arm, Observed], chosen: BoolArray) -> Evidence:
        clusters = self._clusters(chosen)
        whole = Evidence(len(self.cases), observed, clusters, order=self.order, looks=self.looks)
        return whole.among(chosen)

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
    *,
    looks: Sequence[int] = (),
) -> Table:
    """Return the table of all scores.

    Of the candidate the first ``repeats`` samples a case count, and ``noisy_repeats`` where the
    baseline's own draws disagree; of the baseline all that exist: more draws of it make every
    difference sharper. None of these numbers can depend on the candidate.

    Args:
        scored: the samples with their scores.
        cases: those that were asked, in the order they were.
        envelope: what is acceptable.
        scorers: the plug-ins by instrument.
        looks: how many of the cases each earlier run had asked when this one went on.
    """
    ordered = [cases[case_id] for case_id in sorted(cases)]
    builders = _filled(scored, ordered, envelope, scorers)
    metrics = [*(bound.metric for bound in envelope.bounds), *envelope.metrics]
    own = {(metric.instrument, metric.value) for metric in metrics if metric.fallback}
    share = envelope.max_missing
    lacking = {
        arm: frozenset(key for key in own if builder.lacks(key, share))
        for arm, builder in builders.items()
    }
    look = _look_of_each(cases, looks)
    bets = any(bound.method is Method.BETTING for bound in envelope.bounds)
    return Table(
        cases=tuple(ordered),
        arms={arm: builder.table() for arm, builder in builders.items()},
        units={key: _unit(key, scorers) for key in _keys(envelope)},
        fallbacks=lacking,
        clustered=any(case.cluster is not None for case in ordered),
        order=_betting_order(envelope, ordered, look) if bets else None,
        looks=look if bets and looks else None,
    )


def _filled(
    scored: Iterable[ScoredSample],
    cases: Sequence[Case],
    envelope: Envelope,
    scorers: Mapping[str, ScorerPlugin],
) -> dict[Arm, _ArmBuilder]:
    """Return the rows of both arms, with a gap for every sample that should be there and is not."""
    place = {case.id: index for index, case in enumerate(cases)}
    keys = _keys(envelope)
    codes: Codes = {key: {} for key in keys}
    wanted = dict.fromkeys({Arm.CANDIDATE, *envelope.live}, envelope.repeats)
    builders = {
        arm: _ArmBuilder(len(cases), keys, scorers, codes, wanted.get(arm))
        for arm in envelope.snapshots
    }
    further = []
    for item in scored:
        sample = item.sample
        if sample.arm is Arm.CANDIDATE and envelope.repeats <= sample.index < envelope.most_repeats:
            further.append(item)  # whether it counts is known once all of the baseline is
        else:
            builders[sample.arm].add(item, place[sample.case_id])
    baseline = builders.get(Arm.BASELINE) if envelope.noisy_repeats is not None else None
    draws = wanted_draws(envelope, cases, baseline.table() if baseline else None)
    for item in further:
        where = place[item.sample.case_id]
        builders[Arm.CANDIDATE].add(item, where, wanted=int(draws[where]))
    once = np.ones(len(cases), np.int64)
    for arm, builder in builders.items():
        builder.fill_gaps(draws if arm is Arm.CANDIDATE or arm in envelope.live else once)
    return builders


def _betting_order(envelope: Envelope, cases: Sequence[Case], look: IntArray) -> IntArray:
    """Return the places of the cases in an order that nobody chose, look after look.

    It is that of hashes: the same for every bound, however many cases join later, and fixed before
    the first answer is seen.
    """
    hashes = [bet_rank(envelope.name, case.id) for case in cases]
    places = sorted(range(len(hashes)), key=lambda place: (look[place], hashes[place]))
    return np.array(places, np.int64)


def _look_of_each(cases: Mapping[str, Case], looks: Sequence[int]) -> IntArray:
    """Return in which look, from 0, each case was asked first: in the order of their ids."""
    asked = np.searchsorted(np.asarray(looks, np.int64), np.arange(len(cases)), side="right")
    by_id = dict(zip(cases, asked.tolist(), strict=True))
    return np.array([by_id[case_id] for case_id in sorted(cases)], np.int64)


def wanted_draws(envelope: Envelope, cases: Sequence[Case], baseline: ArmTable | None) -> IntArray:
    """Return how many draws of the candidate each case asks for."""
    wanted = np.full(len(cases), envelope.repeats, np.int64)
    if envelope.noisy_repeats is None or baseline is None:
        return wanted
    for bound in envelope.bounds:
        if bound.limit.kind is not LimitKind.DELTA or bound.statistic.quantile is not None:
            continue
        observed = baseline.observed((bound.metric.instrument, bound.metric.value)).finite()
        members = [bound.slice.holds(case.tags, case.metadata) for case in cases]
        noisy = noisy_cases(observed, len(cases), bound.metric.support) & np.array(members)
        wanted[noisy] = max(envelope.noisy_repeats, envelope.repeats)
    return wanted


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
    codes: Codes
    repeats: int | None
    case: array[int] = field(default_factory=lambda: array("q"))
    index: array[int] = field(default_factory=lambda: array("q"))
    errors: Counter[str] = field(default_factory=Counter)
    served: set[str] = field(default_factory=set)
    attempts: int | None = None
    costs: array[float] = field(default_factory=lambda: array("d"))
    unused: int = 0
    recorded: str | None = None
    columns: dict[Key, _ColumnBuilder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for instrument, value in self.keys:
            declared = self.scorers[instrument].values
            position = [each.name for each in declared].index(value)
            category = declared[position].kind is Kind.CATEGORY
            codes = self.codes[instrument, value] if category else None
            self.columns[instrument, value] = _ColumnBuilder(position, codes)

    def add(self, scored: ScoredSample, place: int, *, wanted: int | None = None) -> None:
        sample = scored.sample
        most = self.repeats if wanted is None else wanted
        if most is not None and sample.index >= most:
            self.unused += 1
            return
        self._note(sample)
        self._row(place, sample.index)
        scores, answered = scored.scores, sample.error is None
        for (instrument, _), column in self.columns.items():
            score = scores.get(instrument)
            column.add(score.values[column.position] if score else None, answered=answered)

    def fill_gaps(self, wanted: IntArray) -> None:
        """Add an error for every sample that should be there and is not.

        Nobody who adds up scores later can overlook a case that was never answered.
        """
        counts = np.bincount(np.frombuffer(self.case, dtype=np.int64), minlength=self.cases)
        absent = np.maximum(wanted - counts, 0)
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
                recorded=self.recorded,
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
        if day := _DAY.match(sample.created or ""):
            self.recorded = min(self.recorded or day.group(), day.group())


@dataclass(slots=True)
class _ColumnBuilder:
    """One value of an instrument, sample after sample; ``position`` is its place in a score.

    A category is stored as its number in ``codes``, the same for both arms; where there are none
    it is no value.
    """

    position: int
    codes: dict[str, int] | None
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
        if isinstance(value, str) and self.codes is not None:
            number, present = float(self.codes.setdefault(value, len(self.codes))), True
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
    return CATEGORY if isinstance(value, str) else ""
