"""Every file an envelope names is read and checked; nothing is run, nothing is asked.

What was approved is held against it as a gate would: what a gate refuses is a problem, what it would only
tell, or pass over, is a remark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evalkit.core.digest import SetDigest
from evalkit.core.envelope import Envelope
from evalkit.core.errors import Problem, SpecError
from evalkit.core.model import Arm, Sample
from evalkit.core.ports import Surroundings
from evalkit.core.records import case_record
from evalkit.core.registry import PROVIDERS
from evalkit.core.secrets import MissingSecretError
from evalkit.flows.comparable import Comparable
from evalkit.flows.freeze import unapproved
from evalkit.flows.inputs import asked_cases, recordings
from evalkit.flows.locked import LOCK, WAIVERS
from evalkit.flows.mirror.loading import loaded_mirror, unset
from evalkit.flows.waiving import Waivers, answers_digest, dated_remarks, subject_with
from evalkit.spec.document import read_document
from evalkit.spec.envelope import LoadedEnvelope, load_envelope
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.spec.grammar import GoldenSource
from evalkit.spec.lock import read_lock, read_waivers
from evalkit.stages.collect import collect

DOCUMENTS = {".yaml", ".yml", ".json"}
"""Files that may hold an envelope (a mapping) or a golden set (a list)."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a sound file holds.

    ``locked`` counts the envelopes of a lock, ``waivers`` those of a file of them. ``unchecked`` names
    scorers in files, which are never run here; ``unset`` says which secrets of live arms are not in the
    environment; ``remarks`` is what a gate would tell of the lock and of waivers, or pass over; ``mirror``
    is the mode of one.
    """

    path: str
    cases: int = 0
    bounds: int = 0
    samples: int = 0
    locked: int = 0
    waivers: int = 0
    unchecked: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    remarks: tuple[Problem, ...] = ()
    mirror: str | None = None


def validate(path: Path, environment: Mapping[str, str], *, today: date) -> Checked:
    """Check an envelope with everything it names and what was approved of it, or another file on its own.

    The file of a mirror, a golden set, a lock and a file of waivers are such others, the last two known by
    their names.

    Args:
        path: the file.
        environment: where the secrets of live arms are looked for.
        today: the day of UTC, on which a waiver may have expired.

    Raises:
        SpecError: with every problem of every file.
    """
    if path.name == LOCK:
        return _lock(path)
    if path.name == WAIVERS:
        return _waivers(path, today)
    data = read_document(path).data if path.suffix in DOCUMENTS else None
    if isinstance(data, dict):
        return (
            _mirror(path, environment) if "listen" in data else _envelope(path, environment, today)
        )
    reader = GoldenSetReader([GoldenSource(path=str(path))])
    cases = sum(1 for _ in reader.cases())
    if reader.problems:
        raise SpecError(reader.problems)
    return Checked(str(path), cases)


def _mirror(path: Path, environment: Mapping[str, str]) -> Checked:
    plan = loaded_mirror(path)
    return Checked(str(path), mirror=plan.mode.value, unset=tuple(unset(plan, environment)))


def _lock(path: Path) -> Checked:
    _refuse_absent(path)
    return Checked(str(path), locked=len(read_lock(path).entries))


def _waivers(path: Path, today: date) -> Checked:
    _refuse_absent(path)
    file = read_waivers(path)
    return Checked(str(path), waivers=len(file.waivers), remarks=tuple(dated_remarks(file, today)))


def _refuse_absent(path: Path) -> None:
    """Refuse a file that somebody named and that is not there; beside an envelope it may be left out."""
    if not path.exists():
        read_document(path)


def _envelope(path: Path, environment: Mapping[str, str], today: date) -> Checked:
    loaded = load_envelope(path)
    problems: list[Problem] = []
    comparable, waivers = _comparable(loaded, problems), _waivers_of(loaded, problems)
    waived = any(waivers.listed())
    asked, content, answers = set[str](), SetDigest(), _Answers()
    for case in asked_cases(loaded, problems):
        asked.add(case.id)
        comparable.see(case)
        if waived or comparable.locked is not None:
            content.add(case_record(case))
    comparable.finish()
    try:
        found = collect(recordings(loaded.envelope), asked, strict=not problems)
        answers.read(found, digested=waived)
    except SpecError as error:
        problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    remarks = list(_of_lock(loaded, comparable, content.hex()))
    if waived:
        subject = subject_with(loaded, loaded.digest, content.hex(), answers.digest)
        remarks.extend(waivers.remarks(subject, today))
    return Checked(
        str(path), len(asked), len(loaded.envelope.bounds), answers.count,
        unchecked=loaded.unchecked,
        unset=tuple(_unset(loaded.envelope, Surroundings(environment))),
        remarks=tuple(remarks),
    )  # fmt: skip


# ---------------------------------------------------------------- what was approved


@dataclass(slots=True)
class _Answers:
    """How many samples were recorded, and the digest of the candidate's where somebody needs it."""

    count: int = 0
    digest: str = ""

    def read(self, samples: Iterable[Sample], *, digested: bool) -> None:
        """Read all samples once."""
        if digested:
            self.digest = answers_digest(self._counted(samples))
        else:
            for _ in self._counted(samples):
                pass

    def _counted(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        for sample in samples:
            self.count += 1
            yield sample


def _comparable(loaded: LoadedEnvelope, problems: list[Problem]) -> Comparable:
    """Return what looks at the cases; a lock that is none is told with everything else."""
    try:
        return Comparable.of(loaded, problems)
    except SpecError as error:
        problems.extend(error.problems)
        return Comparable.of(loaded, problems, against_lock=False)


def _waivers_of(loaded: LoadedEnvelope, problems: list[Problem]) -> Waivers:
    try:
        return Waivers.of(loaded)
    except SpecError as error:
        problems.extend(error.problems)
        return Waivers(loaded, ())


def _of_lock(loaded: LoadedEnvelope, comparable: Comparable, golden_set: str) -> Iterator[Problem]:
    """Yield what changed since something was locked and keeps no gate from running."""
    lock = comparable.locked
    if lock is None or lock.entry is None:
        return
    place = lock.file.document.key_place(("envelopes", lock.name))
    said = [*comparable.remarks, *comparable.outlived(golden_set)]
    approved = lock.entry.approved
    if approved is not None and (why := unapproved(loaded, approved, lock.path)):
        said.append(f"evalkit baseline freeze --candidate would refuse: {why}")
    for text in said:
        yield Problem(place, text, f"envelopes.{lock.name}")


def _unset(envelope: Envelope, surroundings: Surroundings) -> Iterator[str]:
    """Yield what live arms miss in the environment; nobody is asked, and no code is run."""
    for arm, snapshot in sorted(envelope.asked.items()):
        plugin = PROVIDERS.get(snapshot.provider)
        if not plugin.runs_code:
            try:
                plugin.open(arm, snapshot, surroundings)
            except MissingSecretError as error:
                name = arm.value if arm in envelope.live else "sentinel"
                yield f"{name}: {error}"
    for name, by in envelope.consulted.items():
        plugin = PROVIDERS.get(by.provider)
        if not plugin.runs_code:
            try:
                plugin.open(Arm.CANDIDATE, by, surroundings)
            except MissingSecretError as error:
                yield f"{name}: {str(error).removeprefix(f'{Arm.CANDIDATE}.')}"
