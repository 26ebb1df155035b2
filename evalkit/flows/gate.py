"""Golden set + envelope + two snapshots → samples → scores → evidence → verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.core.digest import SetDigest, digest
from evalkit.core.envelope import EVERYTHING, USUAL_STATISTIC, Envelope, Statistic
from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.records import case_record
from evalkit.core.run import Manifest
from evalkit.core.verdict import Digests, Facts, Flip, Histogram, Verdict
from evalkit.files.text import name_beside
from evalkit.flows.earlier import Earlier
from evalkit.flows.inputs import asked_cases, recordings, uncovered
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.aggregate import Table, aggregate, snapshot_summaries
from evalkit.stages.collect import collect
from evalkit.stages.compare import flips, histogram
from evalkit.stages.judge import judge
from evalkit.stages.ledger import Answers, Ledger, Look, paid, question
from evalkit.stages.score import ScoreRecorder, score
from evalkit.stages.store import RunFolder
from evalkit.stats.evidence import Exhibit


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run notes about the world it was made in: time, place and versions are arguments."""

    run: str
    created: str
    evalkit: str
    versions: Mapping[str, str]
    commit: str | None = None


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
    earlier = None if before is None else Earlier.of(before, loaded, _sound_cases(before))
    run = RunFolder.create(folder)
    try:
        problems: list[Problem] = []
        run.write_envelope(loaded.document)
        cases, content = _kept_cases(run, loaded, problems, limit, earlier)
        smoke = "" if limit is None else f"--limit {limit}"
        manifest = _manifest(loaded, origin, content, smoke=smoke)
        manifest = replace(manifest, asked=() if earlier is None else earlier.asked)
        run.write_manifest(manifest)
        strict = limit is None and not problems
        answers = Answers()
        samples = _collected(loaded, cases, problems, strict=strict)
        samples = samples if earlier is None else earlier.samples(samples)
        kept = run.keep_samples(answers.passing(samples))
        table = _table(run, loaded, cases, kept, manifest)
        if not manifest.smoke:
            key = question(loaded.document, content)
            manifest = replace(manifest, look=ledger.number(key, answers.digest))
            run.write_manifest(manifest)
        verdict = _judged(run, loaded, table, manifest)
    except BaseException:
        # Whatever ended it, a part of a run is no run: nobody should judge or replay it.
        run.discard()
        raise
    if not manifest.smoke:
        ledger.add(_look(key, answers.digest, loaded, manifest, verdict))
    return verdict


def judge_run(run: RunFolder, loaded: LoadedEnvelope) -> Verdict:
    """Judge the samples of a run folder again, and write scores and verdict into it.

    Raises:
        SpecError: the cases are not those that the run was made with.
    """
    cases, manifest = _sound_cases(run), run.manifest()
    table = _table(run, loaded, cases, run.samples(cases), manifest)
    return _judged(run, loaded, table, manifest)


def judge_otherwise(
    run: RunFolder, loaded: LoadedEnvelope, folder: Path, origin: Origin
) -> Verdict:
    """Judge the samples of a run under another envelope, in a run folder of its own.

    Raises:
        SpecError: the cases of the run lack what the envelope asks for.
        UsageError: the folder is in use.
    """
    cases, before = _sound_cases(run), run.manifest()
    problems = uncovered(loaded, cases.values(), str(run.path))
    if problems:
        raise SpecError(problems)
    other = run.branch(folder)
    try:
        other.write_envelope(loaded.document)
        manifest = _manifest(loaded, origin, before.digests.golden_set, smoke=before.smoke)
        manifest = replace(manifest, look=before.look, asked=before.asked)
        other.write_manifest(manifest)
        table = _table(other, loaded, cases, run.samples(cases), manifest)
        return _judged(other, loaded, table, manifest)
    except BaseException:
        other.discard()
        raise


def _sound_cases(run: RunFolder) -> dict[str, Case]:
    """Return the cases of a run, of which none was lost or changed since it was made."""
    cases, content = run.cases(), SetDigest()
    for case in cases.values():
        content.add(case_record(case))
    if content.hex() != run.manifest().digests.golden_set:
        raise SpecError.single(
            Place(str(run.cases_path)),
            "holds other cases than the run was made with; gate again, the verdict would not be its own",
        )
    return cases


# ---------------------------------------------------------------- collect


def _kept_cases(
    run: RunFolder,
    loaded: LoadedEnvelope,
    problems: list[Problem],
    limit: int | None,
    earlier: Earlier | None,
) -> tuple[dict[str, Case], str]:
    """Return the cases by id and the digest of them all, and keep them in the run folder."""
    content = SetDigest()
    cases = {}
    asked = asked_cases(loaded, problems, limit=limit)
    for case in run.keep_cases(asked if earlier is None else earlier.first(asked)):
        cases[case.id] = case
        content.add(case_record(case))
    if not cases:
        raise SpecError(problems)
    return cases, content.hex()


def _collected(
    loaded: LoadedEnvelope, cases: Mapping[str, Case], problems: list[Problem], *, strict: bool
) -> Iterator[Sample]:
    """Yield the samples of all arms; in the end raise what is wrong with any file."""
    try:
        yield from collect(recordings(loaded.envelope), cases.keys(), strict=strict)
    except SpecError as error:
        problems.extend(error.problems)
    if problems:
        raise SpecError(problems)


def _manifest(
    loaded: LoadedEnvelope, origin: Origin, golden_set_digest: str, *, smoke: str
) -> Manifest:
    return Manifest(
        run=origin.run,
        created=origin.created,
        evalkit=origin.evalkit,
        envelope=loaded.path,
        golden_set=tuple(name_beside(source.path, loaded.path) for source in loaded.golden_set),
        seed=loaded.envelope.seed,
        lines={name: place.line for name, place in loaded.places.items()},
        digests=_digests(loaded, golden_set_digest),
        smoke=" ".join([smoke, *(f"--only {name}" for name in loaded.narrowed_to)]).strip(),
        only=loaded.narrowed_to,
        commit=origin.commit,
        versions=origin.versions,
    )


def _digests(loaded: LoadedEnvelope, golden_set_digest: str) -> Digests:
    snapshots = loaded.envelope.snapshots
    return Digests(
        golden_set=golden_set_digest,
        envelope=loaded.digest,
        prompts={
            arm: digest([snapshot.system_prompt, snapshot.prompt, snapshot.template])
            for arm, snapshot in snapshots.items()
        },
        schemas={
            arm: digest(snapshot.response_schema)
            for arm, snapshot in snapshots.items()
            if snapshot.response_schema is not None
        },
        scorers=loaded.scorers,
    )


# ---------------------------------------------------------------- judge


def _table(
    run: RunFolder,
    loaded: LoadedEnvelope,
    cases: Mapping[str, Case],
    samples: Iterable[Sample],
    manifest: Manifest,
) -> Table:
    """Score and add up; scores are written into the run folder."""
    envelope, scorers = loaded.envelope, loaded.plugins
    scored = run.keep_scores(score(samples, cases, envelope, scorers), ScoreRecorder(scorers))
    return aggregate(scored, cases, envelope, scorers, looks=manifest.asked)


def _judged(run: RunFolder, loaded: LoadedEnvelope, table: Table, manifest: Manifest) -> Verdict:
    """Judge what was added up; the verdict is written into the run folder."""
    envelope = paid(loaded.envelope, manifest.look)
    exhibits = [table.exhibit_for(bound) for bound in envelope.bounds]
    unbound = [
        table.exhibit(metric, EVERYTHING, USUAL_STATISTIC[metric.kind])
        for metric in envelope.metrics
    ]
    facts = Facts(
        digests=_digests(loaded, manifest.digests.golden_set),
        snapshots=snapshot_summaries(envelope, table),
        arms={arm: part.summary for arm, part in table.arms.items()},
        flips=_flips(envelope, exhibits),
        distributions=_distributions(envelope, table),
        smoke=bool(manifest.smoke),
        look=manifest.look,
    )
    verdict = judge(envelope, exhibits, unbound, facts)
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
