"""Scores become evidence: columns of numbers in case order, cut to the slice of each bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from evalkit.core.calibration import Calibration
from evalkit.core.digest import bet_rank
from evalkit.core.envelope import Bound, Envelope, Kind, LimitKind, Method, Metric, Slice, Statistic
from evalkit.core.model import Arm, Case, ScoredSample
from evalkit.core.ports import ScorerPlugin
from evalkit.core.verdict import Detector, SnapshotSummary
from evalkit.stages.aggregate.columns import ArmBuilder, ArmTable, Codes, Key
from evalkit.stats.arrays import BoolArray, IntArray
from evalkit.stats.evidence import Evidence, Exhibit, Observed
from evalkit.stats.repeats import noisy_cases, reach_of_differences


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that was scored. Cases are sorted by id, so that no file's order shows.

    ``dependent`` are the instruments that read a case beside the others. Which cases bear the tags of a slice is found once, however many metrics are asked for on it.
    """

    cases: tuple[Case, ...]
    arms: Mapping[Arm, ArmTable]
    units: Mapping[Key, str]
    fallbacks: Mapping[Arm, frozenset[Key]]
    clustered: bool
    order: IntArray | None = None
    looks: IntArray | None = None
    reach: float = 1.0
    detectors: Mapping[Key, Detector] = field(default_factory=dict)
    dependent: frozenset[str] = frozenset()
    _tagged: dict[Slice, BoolArray] = field(default_factory=dict, repr=False, compare=False)

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
            evidence=self._evidence(observed, chosen, key),
            gaps={
                arm: table.gaps(key, chosen, finite=finite, category=category)
                for arm, table in self.arms.items()
            },
            unit=self.units[key],
            guessed=key != (metric.instrument, metric.value),
            dependent=metric.instrument in self.dependent,
            detector=self.detectors.get(key),
        )

    def _evidence(self, observed: Mapping[Arm, Observed], chosen: BoolArray, key: Key) -> Evidence:
        clusters = self._clusters(chosen)
        found = {arm: table.mistakes(key, chosen) for arm, table in self.arms.items()}
        labels = {arm: table.columns[key].labels for arm, table in self.arms.items()}
        whole = Evidence(
            len(self.cases), observed, clusters,
            order=self.order, looks=self.looks, reach=self.reach,
            mistakes={arm: each for arm, each in found.items() if each is not None},
            labels={arm: each for arm, each in labels.items() if each is not None},
        )  # fmt: skip
        return whole.among(chosen)

    def _members(self, part: Slice) -> BoolArray:
        if part.where:
            flags = [part.holds(case.tags, case.metadata) for case in self.cases]
            return np.array(flags, dtype=np.bool_)
        if part not in self._tagged:
            kinds = {tags: part.holds(tags, {}) for tags in {case.tags for case in self.cases}}
            flags = [kinds[case.tags] for case in self.cases]
            self._tagged[part] = np.array(flags, dtype=np.bool_)
        return self._tagged[part]

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
    tables = {arm: builder.table() for arm, builder in builders.items()}
    return Table(
        cases=tuple(ordered),
        arms=tables,
        units={key: _unit(key, scorers) for key in _keys(envelope)},
        fallbacks=lacking,
        clustered=any(case.cluster is not None for case in ordered),
        order=_betting_order(envelope, ordered, look) if bets else None,
        looks=look if bets and looks else None,
        reach=_reach(envelope, tables, look) if bets else 1.0,
        detectors=_detectors(_keys(envelope), scorers),
        dependent=frozenset(name for name, plugin in scorers.items() if plugin.across is not None),
    )


def _filled(
    scored: Iterable[ScoredSample],
    cases: Sequence[Case],
    envelope: Envelope,
    scorers: Mapping[str, ScorerPlugin],
) -> dict[Arm, ArmBuilder]:
    """Return the rows of both arms, with a gap for every sample that should be there and is not."""
    place = {case.id: index for index, case in enumerate(cases)}
    keys = _keys(envelope)
    codes: Codes = {key: {} for key in keys}
    calibrations = _calibrations(envelope)
    wanted = dict.fromkeys({Arm.CANDIDATE, *envelope.live}, envelope.repeats)
    builders = {
        arm: ArmBuilder(cases, keys, scorers, codes, wanted.get(arm), calibrations)
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


def _reach(envelope: Envelope, arms: Mapping[Arm, ArmTable], look: IntArray) -> float:
    """Return how large differences are by the draws that were planned before the first look.

    Where the cases of that look do not have equally many draws of the baseline, none are reckoned with.
    """
    if Arm.BASELINE not in arms:
        return 1.0
    draws = np.unique(np.bincount(arms[Arm.BASELINE].case, minlength=look.size)[look == 0])
    if draws.size != 1:
        return 1.0
    return reach_of_differences(baseline=int(draws[0]), candidate=envelope.most_repeats)


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
    """Return which model each arm asked for, and what its responses said of who answered."""
    return {
        arm: SnapshotSummary(
            snapshot.model,
            table.arms[arm].served,
            table.arms[arm].formats,
            table.arms[arm].deprecated,
        )
        for arm, snapshot in envelope.snapshots.items()
    }


def _keys(envelope: Envelope) -> tuple[Key, ...]:
    metrics = [*(bound.metric for bound in envelope.bounds), *envelope.metrics]
    own = [(metric.instrument, metric.value) for metric in metrics]
    other = [(metric.instrument, metric.fallback) for metric in metrics if metric.fallback]
    return tuple(dict.fromkeys([*own, *other]))


def _calibrations(envelope: Envelope) -> dict[Key, Calibration]:
    """Return the labels that correct a value, where there are such."""
    metrics = [*(bound.metric for bound in envelope.bounds), *envelope.metrics]
    return {
        (metric.instrument, metric.value): metric.calibration
        for metric in metrics
        if metric.calibration is not None
    }


def _detectors(keys: Iterable[Key], scorers: Mapping[str, ScorerPlugin]) -> dict[Key, Detector]:
    """Return who reads the values that take judgement, with what is published about each."""
    found = {key: detector_of(scorers[key[0]], key[1]) for key in keys}
    return {key: detector for key, detector in found.items() if detector is not None}


def detector_of(plugin: ScorerPlugin, value: str) -> Detector | None:
    """Return who reads a value, where that takes judgement and something is published about it."""
    rows = [row for row in plugin.accuracy() if row.value == value]
    if not rows:
        return None
    biases = [abs(row.bias) for row in rows]
    labelled = sum(row.labelled for row in rows)
    return Detector(plugin.id, labelled, len(rows), median(biases), max(biases))


def _unit(key: Key, scorers: Mapping[str, ScorerPlugin]) -> str:
    instrument, name = key
    return next(value.unit for value in scorers[instrument].values if value.name == name)
