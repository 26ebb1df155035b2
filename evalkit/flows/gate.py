"""Golden set + envelope + two snapshots → samples → scores → evidence → verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.core.contract import ContractDiff
from evalkit.core.digest import SetDigest
from evalkit.core.envelope import EVERYTHING, USUAL_STATISTIC, Envelope, Statistic
from evalkit.core.errors import PatternError, Place, Problem, SpecError
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.records import case_record
from evalkit.core.run import Manifest, Origin
from evalkit.core.verdict import Facts, Flip, Histogram, Verdict
from evalkit.flows.comparable import Comparable
from evalkit.flows.contract import contract_notes, diff_of_arms
from evalkit.flows.inputs import (
    asked_whole,
    cases_of_run,
    earlier_run,
    kept_cases,
    recorded_samples,
    uncovered,
)
from evalkit.flows.judgements import answers_of, consulting_notes
from evalkit.flows.notes import notes
from evalkit.flows.provenance import digests_of, manifest_of
from evalkit.flows.reading import Read
from evalkit.flows.unchanged import inputs_of
from evalkit.flows.watching import BESIDE_LEDGER, Watched, watched
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.aggregate import Table, aggregate, snapshot_summaries
from evalkit.stages.aggregate.slices import slices
from evalkit.stages.baseline_drift import DriftLog
from evalkit.stages.compare import flips, histogram
from evalkit.stages.drift import drift, movements
from evalkit.stages.judge import judge
from evalkit.stages.ledger import Answers, Ledger, Look, paid, question
from evalkit.stages.score import ScoreRecorder, score
from evalkit.stages.store import RunFolder
from evalkit.stages.waive import let_through
from evalkit.stats.evidence import Exhibit


def gate(
    loaded: LoadedEnvelope,
    folder: Path,
    origin: Origin,
    *,
    limit: int | None,
    ledger: Ledger,
    before: RunFolder | None = None,
) -> Verdict:
    """Measure both snapshots, judge the candidate, and leave a run folder and a line in the ledger.

    Args:
        loaded: the envelope.
        folder: where the run is kept; removed again if a file turns out to be wrong.
        origin: what the manifest says about the circumstances.
        limit: ask only so many cases; such a run is never a pass, and no look.
        ledger: where the looks at this candidate are counted.
        before: an earlier run to go on with, whose bets stand as they do.

    Raises:
        SpecError: with the problems of every file.
        UsageError: the folder is in use, or the earlier run cannot be gone on with.
    """
    earlier = None if before is None else earlier_run(before, loaded)
    run = RunFolder.create(folder)
    try:
        problems: list[Problem] = []
        run.write_envelope(loaded.document)
        cases = {}
        content, comparable = SetDigest(), Comparable.of(loaded, problems)
        for case in kept_cases(run, loaded, problems, limit=limit, earlier=earlier):
            cases[case.id] = case
            content.add(case_record(case))
            comparable.see(case)
        comparable.finish()
        smoke = "" if limit is None else f"--limit {limit}"
        manifest = manifest_of(loaded, origin, content.hex(), smoke=smoke)
        manifest = replace(manifest, asked=() if earlier is None else earlier.asked)
        manifest = comparable.noted(manifest)
        run.write_manifest(manifest)
        strict = limit is None and not problems
        answers = Answers()
        samples = recorded_samples(loaded, cases, problems, strict=strict)
        samples = samples if earlier is None else earlier.samples(samples)
        kept = run.keep_samples(answers.passing(samples))
        table, read = _table(run, loaded, cases, kept, manifest)
        verdict = _looked_at(
            run, loaded, table, manifest, ledger=ledger, answers=answers, read=read
        )
    except BaseException:
        # Whatever ended it, a part of a run is no run: nobody should judge or replay it.
        run.discard()
        raise
    return verdict


def judge_collected(run: RunFolder, loaded: LoadedEnvelope, ledger: Ledger) -> Verdict:
    """Judge a run that was collected before, and leave a line in the ledger.

    A run that ended early is judged on the cases that were asked whole.

    Raises:
        SpecError: the cases are not those that the run was made with.
        PatternError: a pattern takes too long on an answer.
    """
    manifest, answers = run.manifest(), Answers()
    judged = _Material.of(run, loaded.envelope, manifest)
    passing = answers.passing(judged.samples())
    with _kept(run):
        table, read = _table(run, loaded, judged.cases, passing, manifest)
    return _looked_at(run, loaded, table, manifest, ledger=ledger, answers=answers, read=read)


def judge_run(run: RunFolder, loaded: LoadedEnvelope) -> Verdict:
    """Judge the samples of a run folder again, and write scores and verdict into it.

    Raises:
        SpecError: the cases, or the envelope, are not those that the run was made with.
    """
    manifest = run.manifest()
    if loaded.digest != manifest.digests.envelope:
        raise SpecError.single(
            Place(str(run.envelope_path)),
            "is another envelope than the run was made with; put it back, or judge the run by another one "
            "into a folder of its own: evalkit judge RUN --envelope ENVELOPE",
        )
    judged = _Material.of(run, loaded.envelope, manifest)
    with _kept(run):
        table, read = _table(run, loaded, judged.cases, judged.samples(), manifest)
    return _judged(run, loaded, table, manifest, watched(run, loaded, table, manifest), read=read)


def judge_otherwise(
    run: RunFolder, loaded: LoadedEnvelope, folder: Path, origin: Origin
) -> Verdict:
    """Judge the samples of a run under another envelope, in a run folder of its own.

    Raises:
        SpecError: the cases of the run lack what the envelope asks for.
        UsageError: the folder is in use.
    """
    before = run.manifest()
    judged = _Material.of(run, loaded.envelope, before)
    problems = uncovered(loaded, judged.cases.values(), str(run.path))
    if problems:
        raise SpecError(problems)
    other = run.branch(folder)
    try:
        other.write_envelope(loaded.document)
        manifest = manifest_of(loaded, origin, before.digests.golden_set, smoke=before.smoke)
        manifest = replace(
            manifest,
            look=before.look, asked=before.asked,
            spent=before.spent, settled=before.settled,
            stopped=before.stopped, kept=before.kept, unasked=before.unasked,
            redacted=before.redacted or origin.redacted, prompts=before.prompts,
        )  # fmt: skip
        other.write_manifest(manifest)
        with _kept(run):
            table, read = _table(other, loaded, judged.cases, judged.samples(), manifest)
        seen = watched(other, loaded, table, manifest)
        return _judged(other, loaded, table, manifest, seen, read=read)
    except BaseException:
        other.discard()
        raise


# ---------------------------------------------------------------- judge


@dataclass(frozen=True, slots=True)
class _Material:
    """What of a run is judged: the cases that were asked whole, and their samples."""

    run: RunFolder
    everything: Mapping[str, Case]
    cases: dict[str, Case]

    @classmethod
    def of(cls, run: RunFolder, envelope: Envelope, manifest: Manifest) -> _Material:
        """Return the material of a run.

        Raises:
            SpecError: the cases are not those that the run was made with.
        """
        everything = cases_of_run(run)
        return cls(run, everything, asked_whole(run, envelope, everything, manifest))

    def samples(self) -> Iterator[Sample]:
        """Yield the samples of the cases that are judged."""
        found = self.run.samples(self.everything)
        return (sample for sample in found if sample.case_id in self.cases)


@contextmanager
def _kept(run: RunFolder) -> Iterator[None]:
    """Say where the answers are, if they cannot be scored by this envelope."""
    try:
        yield
    except PatternError as error:
        raise error.kept_in(str(run.path)) from None


def _looked_at(
    run: RunFolder,
    loaded: LoadedEnvelope,
    table: Table,
    manifest: Manifest,
    *,
    ledger: Ledger,
    answers: Answers,
    read: Read,
) -> Verdict:
    """Judge what was added up, and write the look down; a part of a run is none."""
    log = DriftLog(ledger.path.with_name(BESIDE_LEDGER))
    seen = watched(run, loaded, table, manifest, log)
    if manifest.smoke or manifest.stopped:
        return _judged(run, loaded, table, manifest, seen, read=read)
    key = question(loaded.document, manifest.digests.golden_set)
    manifest = replace(manifest, look=ledger.number(key, answers.digest))
    run.write_manifest(manifest)
    verdict = _judged(run, loaded, table, manifest, seen, read=read)
    ledger.add(_look(key, answers.digest, loaded, manifest, verdict))
    if seen.seen:
        log.add(seen.seen)
    return verdict


def _table(
    run: RunFolder,
    loaded: LoadedEnvelope,
    cases: Mapping[str, Case],
    samples: Iterable[Sample],
    manifest: Manifest,
) -> tuple[Table, Read]:
    """Score and add up; scores are written into the run folder, and some of the answers are kept."""
    envelope, scorers = loaded.envelope, loaded.plugins
    read = Read.of(envelope, cases)
    with answers_of(run, loaded) as answers:
        scored = score(read.passing(samples), cases, envelope, scorers, answers)
        kept = run.keep_scores(scored, ScoreRecorder(scorers))
        return aggregate(kept, cases, envelope, scorers, looks=manifest.asked), read


def _judged(
    run: RunFolder,
    loaded: LoadedEnvelope,
    table: Table,
    manifest: Manifest,
    seen: Watched,
    *,
    read: Read,
) -> Verdict:
    """Judge what was added up; the verdict is written into the run folder."""
    envelope = paid(loaded.envelope, manifest.look)
    exhibits = [table.exhibit_for(bound) for bound in envelope.bounds]
    unbound = [
        table.exhibit(metric, EVERYTHING, USUAL_STATISTIC[metric.kind])
        for metric in envelope.metrics
    ]
    contract = diff_of_arms(envelope)
    facts = Facts(
        digests=digests_of(loaded, manifest.digests.golden_set),
        snapshots=snapshot_summaries(envelope, table),
        arms={arm: part.summary for arm, part in table.arms.items()},
        flips=_flips(envelope, exhibits),
        distributions=_distributions(envelope, table),
        smoke=bool(manifest.smoke),
        look=manifest.look,
        stopped=manifest.stopped,
        notes=(
            *contract_notes(contract),
            *notes(envelope, table, manifest, run.case_count),
            *consulting_notes(run, loaded, manifest),
            *seen.notes(),
            *read.notes(),
            *manifest.remarks,
        ),
        drift=drift(read.texts, seed=envelope.seed, moved=movements(envelope.bounds, exhibits)),
        contract=contract if isinstance(contract, ContractDiff) else None,
        fields=read.field_drift(),
    )
    sliced, left_out = slices(envelope, table)
    verdict = judge(
        envelope, exhibits, unbound, facts, seen.drifts, sliced=sliced, slices_left_out=left_out
    )
    verdict = let_through(verdict, manifest.waiver)
    run.write_verdict(verdict)
    return verdict


def _look(
    key: str, answers: str, loaded: LoadedEnvelope, manifest: Manifest, verdict: Verdict
) -> Look:
    summary = verdict.facts.snapshots[Arm.CANDIDATE]
    return Look(
        key=key,
        look=manifest.look,
        answers=answers,
        run=manifest.run,
        created=manifest.created,
        envelope=loaded.envelope.name,
        candidate=summary.requested or ", ".join(summary.served),
        verdict=verdict.outcome.value,
        inputs=inputs_of(loaded, manifest),
    )


def _flips(envelope: Envelope, exhibits: Sequence[Exhibit]) -> tuple[Flip, ...]:
    pairs = zip(envelope.bounds, exhibits, strict=True)
    return tuple(flip for bound, exhibit in pairs for flip in flips(bound, exhibit))


def _distributions(envelope: Envelope, table: Table) -> tuple[Histogram, ...]:
    metrics = [*(bound.metric for bound in envelope.bounds), *envelope.metrics]
    distinct = {metric.name: metric for metric in metrics}.values()
    found = [histogram(metric, table.exhibit(metric, EVERYTHING, MEDIAN)) for metric in distinct]
    return tuple(item for item in found if item is not None)


MEDIAN = Statistic("p50", 0.5)
"""Asked for where all values are wanted, infinite ones included."""
