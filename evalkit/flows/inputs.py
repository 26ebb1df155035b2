"""What a gate starts from: the cases that are asked and the recordings that answer them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from evalkit.core.digest import SetDigest
from evalkit.core.envelope import Envelope
from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.ports import Recording, Surroundings
from evalkit.core.records import case_record
from evalkit.core.registry import PROVIDERS
from evalkit.core.run import Manifest
from evalkit.flows.earlier import Earlier
from evalkit.spec.coverage import Coverage
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.stages.collect import collect
from evalkit.stages.store import RunFolder


def asked_cases(
    loaded: LoadedEnvelope, problems: list[Problem], *, limit: int | None = None
) -> Iterator[Case]:
    """Yield the cases that are asked; all of them are checked, whatever the limit.

    What is wrong with them, or missing for the envelope, is added to ``problems``.
    """
    reader = GoldenSetReader(loaded.golden_set, problems)
    coverage = Coverage(loaded)
    for case, place in reader.cases():
        coverage.see(case, place)
        if limit is None or coverage.count <= limit:
            yield case
    coverage.finish()
    problems.extend(coverage.problems)


def sound_cases(loaded: LoadedEnvelope) -> dict[str, Case]:
    """Return all cases of an envelope, by id.

    Raises:
        SpecError: with everything that is wrong with them.
    """
    problems: list[Problem] = []
    cases = {case.id: case for case in asked_cases(loaded, problems)}
    if problems:
        raise SpecError(problems)
    return cases


def uncovered(loaded: LoadedEnvelope, cases: Iterable[Case], source: str) -> list[Problem]:
    """Return what cases that are known already lack for an envelope."""
    coverage = Coverage(loaded)
    for case in cases:
        coverage.see(case, Place(source))
    coverage.finish()
    return coverage.problems


def recordings(envelope: Envelope) -> dict[Arm, Recording]:
    """Return the opened recordings of an envelope's snapshots; a live arm has none."""
    found = {}
    for arm, snapshot in envelope.snapshots.items():
        plugin = PROVIDERS.get(snapshot.provider)
        if plugin.recorded:
            opened = plugin.open(arm, snapshot, Surroundings())
            assert isinstance(opened, Recording)
            found[arm] = opened
    return found


def recorded_samples(
    loaded: LoadedEnvelope, cases: Collection[str], problems: list[Problem], *, strict: bool
) -> Iterator[Sample]:
    """Yield the samples of all recorded arms; in the end raise what is wrong with any file."""
    try:
        yield from collect(recordings(loaded.envelope), cases, strict=strict)
    except SpecError as error:
        problems.extend(error.problems)
    if problems:
        raise SpecError(problems)


# ---------------------------------------------------------------- the cases of a run


def kept_cases(
    run: RunFolder,
    loaded: LoadedEnvelope,
    problems: list[Problem],
    *,
    limit: int | None,
    earlier: Earlier | None,
) -> Iterator[Case]:
    """Yield the cases that are asked, and keep them in the run folder.

    Raises:
        SpecError: after the last case, if there was none.
    """
    asked, count = asked_cases(loaded, problems, limit=limit), 0
    for case in run.keep_cases(asked if earlier is None else earlier.first(asked)):
        count += 1
        yield case
    if not count:
        raise SpecError(problems)


def cases_of_run(run: RunFolder) -> dict[str, Case]:
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


def earlier_run(before: RunFolder, loaded: LoadedEnvelope) -> Earlier:
    """Return a run that is gone on with.

    Raises:
        SpecError: its cases are not those that it was made with.
        UsageError: it cannot be gone on with under this envelope.
    """
    cases = cases_of_run(before)
    judged = asked_whole(before, loaded.envelope, cases, before.manifest())
    return Earlier.of(before, loaded, cases, judged)


def asked_whole(
    run: RunFolder, envelope: Envelope, cases: dict[str, Case], manifest: Manifest
) -> dict[str, Case]:
    """Return the cases that a run has asked each arm as often as it should.

    That is all of them, unless it ended early: the cases were in an order that chance chose
    beforehand, so that what was asked by then is a random part of them.
    """
    if not manifest.partial:
        return cases
    counts: Counter[tuple[Arm, str]] = Counter()
    for sample in run.samples(cases):
        counts[sample.arm, sample.case_id] += 1
    return {
        case_id: case
        for case_id, case in cases.items()
        if all(counts[arm, case_id] >= envelope.repeats for arm in envelope.live)
    }
