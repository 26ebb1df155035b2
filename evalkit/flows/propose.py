"""A baseline recording + its golden set → the bounds that this set can prove."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from evalkit.core.envelope import Bound, Envelope, LimitKind
from evalkit.core.errors import Place, SpecError, UsageError
from evalkit.core.model import Arm, Case, Json, Sample, Snapshot
from evalkit.core.ports import Recording, Surroundings
from evalkit.core.proposal import Proposal, ProposedBound
from evalkit.core.records import RecordError, case_of
from evalkit.core.registry import PROVIDERS, SCORERS
from evalkit.core.verdict import (
    BoundResult,
    Estimate,
    Facts,
    Reason,
    Result,
    Unmeasured,
    Verdict,
)
from evalkit.core.wording import count_text
from evalkit.flows.inputs import recordings, uncovered
from evalkit.flows.provenance import digests_of
from evalkit.spec.document import Document
from evalkit.spec.envelope import LoadedEnvelope, envelope_of
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.spec.grammar import GoldenSource
from evalkit.stages.aggregate import Table, aggregate, snapshot_summaries
from evalkit.stages.collect import collect
from evalkit.stages.judge import judge
from evalkit.stages.plan.bounds import satisfies
from evalkit.stages.plan.chosen import Setting, Unknown, outlook
from evalkit.stages.plan.outlook import Outlook, SimulatedOutlook
from evalkit.stages.propose import (
    ACCURACY,
    Draft,
    beyond_doubt,
    chosen,
    discordance,
    drafts,
    limit_of,
    reach_by_interval,
    reach_of,
    readings,
    wish,
    written_limit,
)
from evalkit.stages.score import score
from evalkit.stages.store import RunFolder

AIM = 0.9
"""The chance that an unchanged candidate should have to keep all blocking bounds together."""

REPEATS = 3
MOST_MISSING = 0.02
_Idea: TypeAlias = tuple[Draft, Bound, BoundResult]
"""A draft, the bound with its open limit, and what the recording says of it against itself."""

WIDER = (1.0, 1.15, 1.35, 1.7, 2.2)
"""How much further a limit is moved out where the first proposal does not keep its chance."""


def propose(
    outputs: Path, golden_set: Path | None, folder: Path, *, name: str, own_golden: str
) -> Proposal:
    """Return the envelope that a baseline recording suggests.

    Args:
        outputs: what the baseline answered: recorded outputs, or the folder of a run.
        golden_set: what it was asked; without one the run or the ``input`` of each record says so.
        folder: where the envelope will lie: its paths are relative to that.
        name: what it will be called.
        own_golden: how the golden set will be called that is read off the recording.

    Raises:
        SpecError: a file is wrong.
        UsageError: the recording does not say what was asked, or has no answer to many cases.
    """
    seen = _Seen.of(outputs, golden_set)
    metrics = readings(list(seen.cases.values()), SCORERS.names())
    files = _Files(name, own_golden if golden_set is None else _beside(golden_set, folder),
                   _beside(outputs, folder), folder, seen)  # fmt: skip
    open_drafts = list(drafts(list(metrics), timed=seen.timed, priced=seen.priced))
    trial = _Trial.of(files, metrics, open_drafts)
    kept, reasons, left_out = _read_best(metrics, trial)
    ideas = [
        idea
        for idea in zip(open_drafts, trial.loaded.envelope.bounds, trial.results, strict=True)
        if idea[0].metric in kept or idea[0].metric not in metrics
    ]
    found, lacking = _proven(ideas, trial)
    if not found:
        raise UsageError(
            f"{outputs}: no bound worth a line can be proven on {count_text(len(seen.cases), 'case')}; "
            "20 cases are the least to start with, a few hundred are better"
        )
    return Proposal(
        name=name,
        golden_set=files.golden_set,
        recording=files.recording,
        cases=len(seen.cases),
        draws=seen.draws,
        repeats=seen.repeats,
        metrics={key: value for key, value in metrics.items() if key in kept},
        chosen=reasons,
        bounds=tuple(found),
        left_out=(*left_out, *lacking),
        tags=Counter(tag for case in seen.cases.values() for tag in case.tags),
        joint=math.prod(bound.passes for bound in found if bound.result.blocks),
        derived=tuple(seen.cases.values()) if golden_set is None else (),
        arm=seen.arm,
    )


def _proven(ideas: Sequence[_Idea], trial: _Trial) -> tuple[list[ProposedBound], list[str]]:
    """Return the first draft of each group that can be proven, and what none of a group proves."""
    groups = list(dict.fromkeys(draft.group for draft, _, _ in ideas))
    aim = AIM ** (1 / max(1, len(groups)))
    found: list[ProposedBound] = []
    lacking: list[str] = []
    for group in groups:
        same = [idea for idea in ideas if idea[0].group == group]
        bound = next(filter(None, (trial.proposed(*idea, aim=aim) for idea in same)), None)
        first = same[0][0].statistic
        if bound is None:
            lacking.append(_why_none(*same[0], trial))
            continue
        found.append(bound)
        if first not in {None, bound.result.statistic}:
            cases = len(trial.files.seen.cases)
            lacking.append(_stood_in(same[0][0], bound.result.statistic, cases))
    return found, lacking


# ---------------------------------------------------------------- what was recorded


@dataclass(frozen=True, slots=True)
class _Seen:
    """The cases, and what the recording says of all of them."""

    cases: dict[str, Case]
    draws: int
    timed: bool
    priced: bool
    arm: Arm | None

    @property
    def repeats(self) -> int:
        return REPEATS if self.draws >= REPEATS else 1

    @classmethod
    def of(cls, outputs: Path, golden_set: Path | None) -> _Seen:
        arm = _arm_of_run(outputs)
        if golden_set is None and arm is not None:
            cases = RunFolder.open(outputs).cases()
        else:
            cases = {} if golden_set is None else _cases(golden_set)
        counts: Counter[str] = Counter()
        answered = timed = priced = 0
        for sample, place in _recording(outputs, arm).samples():
            if golden_set is None and arm is None and sample.case_id not in cases:
                cases[sample.case_id] = _asked(sample, place)
            counts[sample.case_id] += 1
            if sample.error is None:
                answered += 1
                timed += sample.latency_ms is not None
                priced += sample.cost_usd is not None
        missing = [case_id for case_id in cases if not counts[case_id]]
        if not cases or len(missing) > MOST_MISSING * len(cases):
            raise UsageError(
                f"{outputs} answers {len(cases) - len(missing):,} of "
                f"{count_text(len(cases), 'case')}; more than 2 % missing is no baseline: record the "
                "others, or name the cases that were asked with --golden"
            )
        draws = min(counts[case_id] for case_id in cases if counts[case_id])
        return cls(
            cases,
            draws,
            bool(answered) and timed == answered,
            bool(answered) and priced == answered,
            arm,
        )


def _cases(golden_set: Path) -> dict[str, Case]:
    reader = GoldenSetReader([GoldenSource(path=str(golden_set))])
    cases = {case.id: case for case, _ in reader.cases()}
    if reader.problems:
        raise SpecError(reader.problems)
    return cases


def _arm_of_run(outputs: Path) -> Arm | None:
    """Return which arm of a run is its baseline, or nothing for a file of recorded outputs."""
    if not outputs.is_dir():
        return None
    arms = RunFolder.open(outputs).manifest().digests.prompts
    return Arm.BASELINE if Arm.BASELINE in arms else Arm.CANDIDATE


def _recording(outputs: Path, arm: Arm | None) -> Recording:
    replay = PROVIDERS.get("replay")
    snapshot = Snapshot("replay", replay.options(path=outputs, arm=arm))
    opened = replay.open(Arm.BASELINE, snapshot, Surroundings())
    assert isinstance(opened, Recording)
    return opened


def _asked(sample: Sample, place: Place) -> Case:
    """Return the case that a record says it answers."""
    keys = ("input", "reference", "tags", "cluster")
    record: dict[str, Json] = {key: sample.extra[key] for key in keys if key in sample.extra}
    if "input" not in record:
        raise UsageError(
            f"{place}: the record holds an answer and no input, what was asked; name the golden set "
            "with --golden FILE, or record input (and reference, tags) beside each output"
        )
    try:
        return case_of({"id": sample.case_id, **record})
    except RecordError as error:
        raise SpecError.single(place, str(error)) from None


# ---------------------------------------------------------------- the recording against itself


@dataclass(frozen=True, slots=True)
class _Files:
    """What the envelope will be called and name."""

    name: str
    golden_set: str
    recording: str
    folder: Path
    seen: _Seen

    def envelope(
        self, metrics: Mapping[str, Mapping[str, Json]], bounds: Sequence[Mapping[str, Json]]
    ) -> LoadedEnvelope:
        """Return an envelope with these bounds."""
        recorded: dict[str, Json] = {"provider": "replay", "path": self.recording}
        if self.seen.arm is not None:
            recorded["arm"] = self.seen.arm.value
        data: dict[str, Json] = {
            "version": 1,
            "name": self.name,
            "golden_set": self.golden_set,
            "baseline": recorded,
            "candidate": recorded,
            "repeats": self.seen.repeats,
            "metrics": {key: dict(value) for key, value in metrics.items()},
            "bounds": [dict(bound) for bound in bounds],
        }
        path = self.folder / "envelope.yaml"
        return envelope_of(Document(str(path), data), path)


@dataclass(frozen=True, slots=True)
class _Trial:
    """The recording scored once, and judged against itself."""

    files: _Files
    loaded: LoadedEnvelope
    table: Table
    results: Sequence[BoundResult]
    metrics: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, files: _Files, metrics: Mapping[str, Mapping[str, Json]], ideas: Sequence[Draft]
    ) -> _Trial:
        """Return the trial of all drafts under limits that nothing could prove."""
        written = [
            {**idea.written(idea.open_limit()), "name": f"{n}"} for n, idea in enumerate(ideas)
        ]
        loaded, cases = files.envelope(metrics, written), files.seen.cases
        problems = uncovered(loaded, cases.values(), files.golden_set)
        if problems:
            raise SpecError(problems)
        samples = collect(recordings(loaded.envelope), cases.keys())
        scored = score(samples, cases, loaded.envelope, loaded.plugins)
        table = aggregate(scored, cases, loaded.envelope, loaded.plugins)
        judged = _judged(loaded, loaded.envelope, table)
        return cls(files, loaded, table, judged.bounds, metrics)

    def proposed(
        self, draft: Draft, bound: Bound, result: BoundResult, *, aim: float
    ) -> ProposedBound | None:
        """Return a draft with the limit that it can prove, or nothing."""
        exhibit = self.table.exhibit_for(bound)
        if (
            not isinstance(result.judged, Estimate)
            or result.judged.missing == result.judged.samples
        ):
            return None
        evidence = exhibit.evidence.only([Arm.BASELINE])
        assumed = self._assumed(bound, result)
        setting = Setting(
            {} if assumed is None else {bound.name: assumed},
            self.files.seen.draws, self.files.seen.repeats, None, 0, MOST_MISSING,
        )  # fmt: skip
        seen = outlook(bound, evidence, setting)
        n = evidence.cases if assumed is None else evidence.units
        if isinstance(seen, Unknown):
            return None
        if isinstance(seen, SimulatedOutlook) and not draft.compares:
            reach = reach_by_interval(
                result.judged, bound.alpha, aim
            )  # far quicker, and tried below
        else:
            reach = reach_of(bound, seen, evidence, n, aim)
        if reach is None:
            return None
        reach = beyond_doubt(reach, bound, evidence)
        for wider in WIDER:
            limit = limit_of(draft, bound, reach, result.judged.value, wider=wider)
            if limit is None:
                return None
            held = replace(bound, limit=limit)
            again = outlook(held, evidence, setting)
            assert not isinstance(again, Unknown)
            passes = self._chance(held, again, n)
            [told] = self._itself(held)
            if told.result is Result.HOLDS and passes >= aim - 0.02:
                written = draft.written(written_limit(limit, bound.metric.kind))
                wished = None if assumed is None else wish(held, assumed, AIM)
                return ProposedBound(written, told, passes, again.basis, assumed, wished)
        return None

    def _chance(self, bound: Bound, seen: Outlook, n: int) -> float:
        return satisfies(bound, seen.unchanged(n))

    def _itself(self, bound: Bound) -> Sequence[BoundResult]:
        """Return what the judge says of one bound when the recording is its own candidate."""
        return _judged(
            self.loaded, replace(self.loaded.envelope, bounds=(bound,)), self.table
        ).bounds

    def _assumed(self, bound: Bound, result: BoundResult) -> float | None:
        """Return on which share of cases draws are taken to differ, where nobody has seen it."""
        compares = bound.limit.kind is LimitKind.DELTA
        if not compares or self.files.seen.draws > 1 or not isinstance(result.baseline, Estimate):
            return None
        return discordance(result.baseline)


def _judged(loaded: LoadedEnvelope, envelope: Envelope, table: Table) -> Verdict:
    facts = Facts(
        digests=digests_of(loaded, ""),
        snapshots=snapshot_summaries(envelope, table),
        arms={arm: part.summary for arm, part in table.arms.items()},
    )
    return judge(envelope, [table.exhibit_for(bound) for bound in envelope.bounds], [], facts)


# ---------------------------------------------------------------- choices


def _read_best(
    metrics: Mapping[str, Mapping[str, Json]], trial: _Trial
) -> tuple[set[str], dict[str, str], list[str]]:
    """Return the metrics that read the references, why they were taken, and what is left out."""
    if not metrics:
        return set(), {}, [_no_reading(trial)]
    rates = {
        result.metric: result.judged.value
        for result in trial.results
        if result.metric in metrics
        and result.limit.kind is LimitKind.ABSOLUTE
        and isinstance(result.judged, Estimate)
    }
    if ACCURACY not in metrics:
        kept = {name for name, rate in rates.items() if rate >= 0.5}
        lost = [
            f"{name}: json_field finds it right in {rate:.1%} of the answers; is it called so there?"
            for name, rate in rates.items()
            if name not in kept
        ]
        return kept, {}, lost
    best = chosen(rates)
    told = ", ".join(f"{metrics[name]['scorer']} {rate:.1%}" for name, rate in rates.items())
    if best is None:
        return (
            set(),
            {},
            [f"accuracy: no built-in scorer finds the references in the answers ({told})"],
        )
    return {best}, {best: f"of the answers it finds right: {told}"}, []


def _no_reading(trial: _Trial) -> str:
    lacking = sum(
        not isinstance(case.reference, str | int | float | list | dict)
        for case in trial.files.seen.cases.values()
    )
    if lacking:
        return f"accuracy: {count_text(lacking, 'case')} without a reference"
    return "accuracy: the references are of several forms; say under metrics how to read them"


def _stood_in(draft: Draft, other: str, cases: int) -> str:
    return (
        f"{draft.metric}, {draft.statistic}: {count_text(cases, 'case')} prove nothing narrow enough; "
        f"{other} stands in"
    )


def _why_none(draft: Draft, bound: Bound, result: BoundResult, trial: _Trial) -> str:
    cases = trial.table.exhibit_for(bound).evidence.units
    what = f"{draft.metric}, against the baseline" if draft.compares else draft.metric
    valid = None if result.settle is None else result.settle.n_valid
    if result.reason is Reason.ZERO_VARIANCE:
        return f"{what}: all values are equal, which does not say how far an unseen one could lie"
    if isinstance(result.judged, Unmeasured):
        return f"{what}: {result.judged.detail}"
    if result.reason is Reason.TOO_FEW and valid is not None:
        return f"{what}: {count_text(cases, 'independent case')}; {valid:,} are the least"
    return (
        f"{what}: {count_text(cases, 'independent case')} prove nothing narrow enough to be worth a "
        "bound"
    )


def _beside(path: Path, folder: Path) -> str:
    """Return a path as an envelope in a folder names it."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
