"""Cases + snapshots → samples in a run folder: recorded arms are copied, live ones are asked."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalkit.core.asking import Ending, Limits, Progress
from evalkit.core.digest import SetDigest
from evalkit.core.envelope import Envelope
from evalkit.core.errors import (
    Problem,
    RunInterruptedError,
    SnapshotError,
    SpecError,
    UserError,
)
from evalkit.core.model import Arm, Sample, Snapshot, billed
from evalkit.core.ports import Memory, Provider, Request, Surroundings
from evalkit.core.records import case_record, record_of
from evalkit.core.registry import PROVIDERS
from evalkit.core.run import Origin
from evalkit.flows.earlier import Earlier
from evalkit.flows.inputs import cases_of_run, kept_cases, recorded_samples
from evalkit.flows.provenance import manifest_of
from evalkit.flows.sizes import Sizes
from evalkit.spec.case_lines import CaseLines
from evalkit.spec.coverage import prompts
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.ask import Budget, LiveArm, ask
from evalkit.stages.cache import AnswerCache
from evalkit.stages.store import RunFolder

SPENT = "spent: "
"""What stands in a manifest before the limit that ended the asking."""


def _unwatched(progress: Progress) -> None:
    del progress


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms live arms are asked.

    ``cache`` is where answers that were paid for are kept; ``since`` says per arm how old one may
    be, in seconds of the epoch; ``anyway`` asks even where no answers could prove a bound;
    ``go_on`` returns what has to be typed to go on with a run; ``watch`` is told how far it is.
    """

    cache: Path
    limits: Limits = field(default_factory=Limits)
    surroundings: Surroundings = field(default_factory=Surroundings)
    since: Mapping[Arm, float] = field(default_factory=dict)
    anyway: bool = False
    go_on: Callable[[Path], str] = str
    watch: Callable[[Progress], None] = _unwatched


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
    earlier = None if before is None else Earlier.of(before, loaded, cases_of_run(before))
    run = RunFolder.create(folder)
    try:
        problems: list[Problem] = []
        run.write_envelope(loaded.document)
        content, ids, sizes = SetDigest(), _Ids.of(loaded.envelope), Sizes(loaded.envelope)
        for case in kept_cases(run, loaded, problems, limit=limit, earlier=earlier):
            content.add(case_record(case))
            ids.add(case.id)
            sizes.see(case)
        if not (problems or limit or terms.anyway):
            sizes.refuse_the_impossible()
        smoke = "" if limit is None else f"--limit {limit}"
        manifest = manifest_of(loaded, origin, content.hex(), smoke=smoke)
        manifest = replace(manifest, asked=() if earlier is None else earlier.asked)
        run.write_manifest(manifest)
        strict = limit is None and not problems
        samples = recorded_samples(loaded, ids.known, problems, strict=strict)
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
        if sample.arm in loaded.envelope.live:
            there.note(sample)  # of an earlier run that is gone on with
    try:
        ending, kept = _ask_live(run, loaded, terms, there)
    except SnapshotError as error:
        place = loaded.source.place(tuple(error.key.split(".")))
        raise SpecError.single(place, error.message, where=error.key) from error
    manifest = run.manifest()
    smoke = manifest.smoke.split(SPENT)[0].rstrip()
    smoke = f"{smoke} {SPENT}{ending.spent}".strip() if ending.spent else smoke
    run.write_manifest(
        replace(manifest, smoke=smoke, spent=ending.spent, stopped=ending.stopped, kept=kept)
    )
    if ending.interrupted:
        raise RunInterruptedError(
            f"interrupted; every answer is kept in {run.path}. Go on with: {terms.go_on(run.path)}"
        )


def _ask_live(
    run: RunFolder, loaded: LoadedEnvelope, terms: Terms, there: Answered
) -> tuple[Ending, Mapping[Arm, int]]:
    """Ask the live arms every case of a run; return how it ended and what was known before."""
    envelope = loaded.envelope
    if not envelope.live:
        return Ending(), {}
    budget = Budget(terms.limits)
    surroundings = replace(terms.surroundings, another=budget.another, seed=envelope.seed, shared={})
    draws = _draws(run, loaded)
    last: dict[Arm, int] = {}

    def watch(progress: Progress) -> None:
        last.update({arm: part.kept for arm, part in progress.arms.items()})
        terms.watch(progress)

    with AnswerCache(terms.cache) as cache, run.case_lines() as cases, run.sample_log() as log:
        asked = _Asked(cases, draws, there, envelope)
        arms = {}
        for arm in asked.arms:
            snapshot = envelope.snapshots[arm]
            opened = PROVIDERS.get(snapshot.provider).open(arm, snapshot, surroundings)
            since = terms.since.get(arm, 0.0)
            memory = cache.of(snapshot.provider, snapshot.model, since=since)
            arms[arm] = _live_arm(snapshot, opened, memory, total=asked.total(arm))
        ending = ask(
            asked, arms, budget=budget, watch=watch,
            keep=lambda sample: log.append(record_of(sample)),
        )  # fmt: skip
    return ending, {arm: count for arm, count in last.items() if count}


def _draws(run: RunFolder, loaded: LoadedEnvelope) -> Callable[[int], int]:
    """Return how many samples the case of a number gets."""
    envelope = loaded.envelope
    if envelope.noisy_repeats is None:
        return lambda _: envelope.repeats
    from evalkit.flows.noisy import draws_by_number  # computes, and so takes a while to load

    return draws_by_number(run, loaded)


# ---------------------------------------------------------------- what is asked


@dataclass(slots=True)
class Answered:
    """Which samples are there already, by arm, case and index."""

    _keys: set[tuple[Arm, str, int]] = field(default_factory=set)

    def note(self, sample: Sample) -> None:
        """Take note of a sample."""
        self._keys.add((sample.arm, sample.case_id, sample.index))

    def __contains__(self, request: Request) -> bool:
        return (request.arm, request.case.id, request.index) in self._keys

    def holds(self, sample: Sample) -> bool:
        """Return whether this sample is there."""
        return (sample.arm, sample.case_id, sample.index) in self._keys

    def count(self, arm: Arm) -> int:
        """Return how many samples of an arm are there."""
        return sum(key[0] is arm for key in self._keys)

    def __bool__(self) -> bool:
        return bool(self._keys)


@dataclass(slots=True)
class _Ids:
    """The ids of the cases, where some recording will be held against them."""

    needed: bool
    known: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, envelope: Envelope) -> _Ids:
        """Return none yet; a million ids that nobody asks for would only take memory."""
        return cls(needed=len(envelope.live) < len(envelope.snapshots))

    def add(self, case_id: str) -> None:
        """Take note of a case."""
        if self.needed:
            self.known.add(case_id)


class _Asked:
    """Every request in the order of the run: cases shuffled by its seed, arms one after the other.

    What a day does to an endpoint, an outage or a quiet hour, then happens to both arms and to all
    kinds of cases alike; and the part that a spent budget leaves is a random one.
    """

    def __init__(
        self,
        cases: CaseLines,
        draws: Callable[[int], int],
        answered: Answered,
        envelope: Envelope,
    ) -> None:
        self.arms = sorted(envelope.live)
        self._cases = cases
        self._draws = draws
        self._answered = answered
        self._prompts = prompts(envelope)
        self._chance = random.Random(envelope.seed)  # noqa: S311 - an order, not a secret
        self._order = array("q", range(len(cases)))
        self._chance.shuffle(self._order)

    def total(self, arm: Arm) -> int:
        """Return how many samples of an arm are still to come."""
        wanted = sum(map(self._draws, range(len(self._cases))))
        return wanted - (self._answered.count(arm) if self._answered else 0)

    def __iter__(self) -> Iterator[Request]:
        for number in self._order:
            case = self._cases[number]
            for index in range(self._draws(number)):
                arms = self.arms if self._chance.random() < 0.5 else self.arms[::-1]
                for arm in arms:
                    request = Request(arm, case, index, self._prompts[arm].messages(case))
                    if not self._answered or request not in self._answered:
                        yield request


def _live_arm(snapshot: Snapshot, provider: object, memory: Memory, *, total: int) -> LiveArm:
    assert isinstance(provider, Provider)
    return LiveArm(
        provider=provider,
        memory=memory,
        concurrency=snapshot.concurrency,
        total=total,
        cost=lambda sample: billed(sample, snapshot.prices),
    )
