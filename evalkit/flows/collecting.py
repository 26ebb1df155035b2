"""Cases + snapshots → samples in a run folder: recorded arms are copied, live ones are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from evalkit.core.asking import Ending, Progress
from evalkit.core.digest import SetDigest
from evalkit.core.errors import (
    Problem,
    RunInterruptedError,
    SnapshotError,
    SpecError,
    UserError,
)
from evalkit.core.model import Arm, Sample
from evalkit.core.ports import Memory
from evalkit.core.records import case_record, record_of
from evalkit.core.registry import PROVIDERS
from evalkit.core.run import Origin
from evalkit.flows.asked import Answered, Asked, Ids
from evalkit.flows.comparable import Comparable
from evalkit.flows.consulting import consult, prepare
from evalkit.flows.inputs import cases_of_run, earlier_run, kept_cases, recorded_samples
from evalkit.flows.provenance import manifest_of
from evalkit.flows.sizes import Sizes
from evalkit.flows.terms import Terms, live_arm
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.ask import Budget, ask
from evalkit.stages.cache import AnswerCache, Forgetful
from evalkit.stages.consult.kept import mend_judgements
from evalkit.stages.store import RunFolder


def collect_run(
    loaded: LoadedEnvelope,
    folder: Path,
    origin: Origin,
    terms: Terms,
    *,
    limit: int | None = None,
    before: RunFolder | None = None,
) -> RunFolder:
    """Return a new run folder with the samples of every arm in it, not judged yet.

    Args:
        loaded: the envelope.
        folder: where the run is kept; removed again if a file turns out to be wrong.
        origin: what the manifest says about the circumstances.
        terms: what may be spent, and where answers are kept.
        limit: ask only so many cases.
        before: an earlier run to go on with, whose bets stand as they do.

    Raises:
        SpecError: with the problems of every file, before anything is asked.
        SnapshotError: an endpoint does not know what its snapshot asks for.
        RunInterruptedError: somebody ended it; what was answered is kept.
    """
    earlier = None if before is None else earlier_run(before, loaded)
    run = RunFolder.create(folder)
    try:
        problems: list[Problem] = []
        run.write_envelope(loaded.document)
        content, ids, sizes = SetDigest(), Ids.of(loaded.envelope), Sizes(loaded.envelope)
        comparable = Comparable.of(loaded, problems, against_lock=terms.against_lock)
        for case in kept_cases(run, loaded, problems, limit=limit, earlier=earlier):
            content.add(case_record(case))
            ids.add(case.id)
            sizes.see(case)
            comparable.see(case)
        comparable.finish()
        if not (problems or limit or terms.anyway):
            sizes.refuse_the_impossible()
        smoke = "" if limit is None else f"--limit {limit}"
        manifest = manifest_of(loaded, origin, content.hex(), smoke=smoke)
        manifest = replace(manifest, asked=() if earlier is None else earlier.asked)
        run.write_manifest(comparable.noted(manifest))
        strict = limit is None and not problems
        samples = recorded_samples(loaded, ids.known, problems, strict=strict)
        if before is not None:
            run.take_judgements(before)
        _collect(run, loaded, terms, samples if earlier is None else earlier.samples(samples))
    except UserError:
        run.discard()
        raise
    return run


def go_on(run: RunFolder, loaded: LoadedEnvelope, terms: Terms) -> None:
    """Ask what a run that was broken off has not been answered yet.

    Raises:
        SpecError: its files were changed by hand.
        RunInterruptedError: somebody ended it again.
    """
    cases, there = cases_of_run(run), Answered()
    run.mend(cases, there.note)
    run.mend_fresh(cases, there.note_fresh)
    mend_judgements(run.judgements_path)
    recorded = recorded_samples(loaded, cases, [], strict=not run.manifest().smoke)
    _collect(run, loaded, terms, recorded, there)


def _collect(
    run: RunFolder,
    loaded: LoadedEnvelope,
    terms: Terms,
    recorded: Iterable[Sample],
    there: Answered | None = None,
) -> None:
    """Copy what is recorded, ask the rest, and note in the manifest how it ended."""
    there = there or Answered()
    fresh = (sample for sample in recorded if not there.holds(sample))
    for sample in run.keep_samples(fresh):
        there.measure(sample)
        if sample.arm in loaded.envelope.live:
            there.note(sample)  # of an earlier run that is gone on with
    prepare(run, loaded, terms)
    budget = Budget(terms.limits)
    try:
        ending, kept = _ask_live(run, loaded, terms, there, budget)
    except SnapshotError as error:
        key = _written_at(error.key, loaded)
        place = loaded.source.place(tuple(key.split(".")))
        raise SpecError.single(place, error.message, where=key) from error
    manifest = run.manifest()
    run.write_manifest(
        replace(
            manifest,
            spent=ending.spent, settled=ending.settled, stopped=ending.stopped, kept=kept,
        )
    )  # fmt: skip
    interrupted = ending.interrupted
    if loaded.envelope.consulted and not (interrupted or ending.stopped):
        unasked, interrupted = consult(run, loaded, terms, budget)
        run.write_manifest(replace(run.manifest(), unasked=unasked))
    if interrupted:
        raise RunInterruptedError(
            f"interrupted; every answer is kept in {run.path}. Go on with: {terms.go_on(run.path)}"
        )


def _ask_live(
    run: RunFolder, loaded: LoadedEnvelope, terms: Terms, there: Answered, budget: Budget
) -> tuple[Ending, Mapping[Arm, int]]:
    """Ask the live arms every case of a run; return how it ended and what was known before."""
    envelope = loaded.envelope
    if not envelope.asked:
        return Ending(), {}
    surroundings = replace(
        terms.surroundings, another=budget.another, seed=envelope.seed, shared={}
    )
    draws, manifest = _draws(run, loaded), run.manifest()
    judged = max(manifest.asked, default=0)
    last: dict[Arm, int] = {}

    def watch(progress: Progress) -> None:
        last.update({arm: part.kept for arm, part in progress.arms.items()})
        terms.watch(progress)

    with (
        AnswerCache(terms.cache) as cache,
        run.case_lines() as cases,
        run.sample_log() as log,
        run.sentinel_log() if envelope.sentinel else nullcontext(log) as fresh,
    ):
        asked = Asked(cases, draws, there, envelope, judged=judged, run=manifest.run)
        arms = {}
        for arm in asked.arms:
            snapshot = envelope.asked[arm]
            opened = PROVIDERS.get(snapshot.provider).open(arm, snapshot, surroundings)
            # What a sentinel was answered before tells nothing of today.
            memory: Memory = Forgetful()
            if arm in envelope.live:
                since = terms.since.get(arm, 0.0)
                memory = cache.of(snapshot.provider, snapshot.model, since=since)
            live = live_arm(snapshot, opened, memory, total=asked.total(arm))
            arms[arm] = replace(live, needed=arm in envelope.live)
            answers = there.mean_output_tokens
            terms.announce(arm, asked.forecast(arm, snapshot, answers))

        def enough() -> bool:
            log.flush()
            return settled is not None and settled(run)

        def keep(sample: Sample) -> None:
            (log if sample.arm in envelope.live else fresh).append(record_of(sample))

        # What is asked about the samples is asked when all of them are there.
        settled = None if envelope.consulted else terms.settled
        in_rounds = settled and envelope.live
        rounds = asked.rounds() if in_rounds else [asked.requests(0, len(cases))]
        ending = ask(rounds, arms, budget=budget, watch=watch, enough=enough, keep=keep)
    return ending, {arm: count for arm, count in last.items() if count}


def _written_at(key: str, loaded: LoadedEnvelope) -> str:
    """Return where in the envelope that stands which an endpoint does not know."""
    arm, _, rest = key.partition(".")
    watched = loaded.envelope.sentinel is not None and arm == Arm.BASELINE
    return f"{arm}.sentinel.{rest}" if watched else key


def _draws(run: RunFolder, loaded: LoadedEnvelope) -> Callable[[int], int]:
    """Return how many samples the case of a number gets."""
    envelope = loaded.envelope
    if envelope.noisy_repeats is None:
        return lambda _: envelope.repeats
    from evalkit.flows.noisy import draws_by_number  # computes, and so takes a while to load

    return draws_by_number(run, loaded)
