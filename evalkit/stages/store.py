"""A run is a folder of plain files: written here, read here, by nobody else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from evalkit.core.digest import plain
from evalkit.core.errors import Place, SpecError, UsageError
from evalkit.core.model import Arm, Case, ErrorKind, Json, Sample, ScoredSample
from evalkit.core.records import RecordError, case_record, record_of, sample_of
from evalkit.core.run import Manifest
from evalkit.core.verdict import Verdict
from evalkit.files.json_text import (
    JsonTextError,
    document_text,
    json_document,
    parse_json,
    written_id,
)
from evalkit.files.text import numbered_lines, whole_text
from evalkit.files.writing import LineLog, cut_to_whole_lines, replacing, write_whole
from evalkit.spec.case_lines import CaseLines
from evalkit.spec.document import Document
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.spec.grammar import GoldenSource
from evalkit.spec.results import manifest_of, outline_of, verdict_of

MANIFEST = "manifest.json"
ENVELOPE = "envelope.json"
CASES = "cases.jsonl"
SAMPLES = "samples.jsonl"
SENTINEL = "sentinel.jsonl"
DRIFT = "baseline_drift.jsonl"
JUDGEMENTS = "judgements.jsonl"
SCORES = "scores.jsonl"
VERDICT = "verdict.json"
FILES = (MANIFEST, ENVELOPE, CASES, SAMPLES, SENTINEL, DRIFT, JUDGEMENTS, SCORES, VERDICT)
"""What a run is made of; everything else in its folder is a report."""


class RunFolder:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Make the folder of a new run; an earlier run is never written over.

        Raises:
            UsageError: the folder exists and is not empty, or cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{path}: cannot be made: {error.strerror}") from error
        if any(path.iterdir()):
            raise UsageError(f"{path} is not empty; name another folder with -o")
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Return the folder of an earlier run.

        Raises:
            UsageError: it holds no run.
        """
        if not (path / MANIFEST).is_file():
            raise UsageError(f"{path}: expected the folder of a run, found no {MANIFEST} in it")
        return cls(path)

    def branch(self, path: Path) -> RunFolder:
        """Make the folder of another judgement of the same cases and samples.

        Raises:
            UsageError: this run has lost them, or the other folder is in use.
        """
        kept = [self.path / name for name in (CASES, SAMPLES)]
        for source in kept:
            if not source.is_file():
                raise UsageError(f"{source}: no such file; the run is not whole")
        other = RunFolder.create(path)
        beside = (SENTINEL, DRIFT, JUDGEMENTS)
        kept += [source for name in beside if (source := self.path / name).is_file()]
        for source in kept:
            shutil.copyfile(source, other.path / source.name)
        return other

    def discard(self) -> None:
        """Remove a run that came to nothing; a link to a folder stays a link to an empty one."""
        with suppress(OSError):  # what led here is what the user must know
            (self.path / MANIFEST).unlink(missing_ok=True)  # first: without it nothing is a run
            for path in self.path.iterdir():
                path.unlink()
            if not self.path.is_symlink():
                self.path.rmdir()

    # ------------------------------------------------------------ inputs

    def write_envelope(self, document: Json) -> None:
        """Keep the envelope, with everything it names inside and the run's cases as its set."""
        assert isinstance(document, dict)
        own = {**document, "golden_set": CASES}
        write_whole(self.path / ENVELOPE, document_text(own))

    @property
    def envelope_path(self) -> Path:
        """Where the envelope of the run lies."""
        return self.path / ENVELOPE

    def answered(self) -> dict[Arm, Document]:
        """Return the snapshots that answered, as the envelope of the run has them.

        Raises:
            SpecError: the file was changed by hand and is no envelope any more.
        """
        file = str(self.envelope_path)
        own = json_document(whole_text(self.envelope_path), file)
        if not isinstance(own, dict):
            raise SpecError.single(Place(file), "expected the envelope of the run")
        return {arm: Document(file, own[arm.value]) for arm in Arm if arm.value in own}

    @property
    def cases_path(self) -> Path:
        """Where the cases of the run lie."""
        return self.path / CASES

    def keep_cases(self, cases: Iterable[Case]) -> Iterator[Case]:
        """Write cases as they pass by."""
        with LineLog(self.cases_path) as log:
            for case in cases:
                log.append(case_record(case))
                yield case

    def cases(self, only: Collection[str] | None = None) -> dict[str, Case]:
        """Return the cases of the run by id, or only some of them.

        Raises:
            SpecError: the file was changed by hand and is no golden set any more.
        """
        reader = GoldenSetReader([GoldenSource(path=str(self.cases_path))], only=only)
        found = {case.id: case for case, _ in reader.cases()}
        if reader.problems:
            raise SpecError(reader.problems)
        return found

    def keep_samples(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Write samples as they pass by."""
        with LineLog(self.path / SAMPLES) as log:
            for sample in samples:
                log.append(record_of(sample))
                yield sample

    @property
    def has_samples(self) -> bool:
        """Whether any sample was collected yet."""
        return (self.path / SAMPLES).is_file()

    def sample_log(self) -> LineLog:
        """Return the log that samples are written to as they come; it goes on behind what is there."""
        return LineLog(self.path / SAMPLES)

    def sentinel_log(self) -> LineLog:
        """Return the log of what the sentinel of a recorded baseline is answered."""
        return LineLog(self.path / SENTINEL)

    @property
    def drift_path(self) -> Path:
        """Where that stands which sentinels of earlier runs saw."""
        return self.path / DRIFT

    @property
    def judgements_path(self) -> Path:
        """Where that stands which remote scorers were answered about the samples."""
        return self.path / JUDGEMENTS

    def take_judgements(self, before: RunFolder) -> None:
        """Take over what was answered about the samples of an earlier run."""
        if before.judgements_path.is_file():
            shutil.copyfile(before.judgements_path, self.judgements_path)

    def judgement_log(self) -> LineLog:
        """Return the log that judgements are written to as they come."""
        return LineLog(self.judgements_path)

    def case_lines(self) -> CaseLines:
        """Return the cases of the run, to be read one at a time."""
        return CaseLines(self.cases_path)

    def case_count(self) -> int:
        """Return how many cases the run has, asked or not."""
        with self.cases_path.open("rb") as stream:
            return sum(1 for _ in stream)

    def mend(self, known: Collection[str], answered: Callable[[Sample], None]) -> None:
        """Prepare a run that was broken off to be gone on with.

        A line that was cut is dropped, and so is every failure: those requests are made again. A
        timeout stays, for it says how long an answer takes.

        Args:
            known: the cases of the run.
            answered: told every sample that stays.
        """
        _mend(self.path / SAMPLES, known, answered)

    def mend_fresh(self, known: Collection[str], answered: Callable[[Sample], None]) -> None:
        """Prepare what a sentinel was answered likewise."""
        _mend(self.path / SENTINEL, known, answered)

    def samples(
        self, known: Collection[str], only: Collection[str] | None = None
    ) -> Iterator[Sample]:
        """Yield the samples of the run, or those of some cases, in the order they came.

        Args:
            known: the cases of the run.
            only: the cases whose samples are wanted; all of them where it is not given.

        Raises:
            SpecError: the file was changed by hand and is no recording of the cases any more.
        """
        yield from _samples(self.path / SAMPLES, known, only)

    def fresh_samples(self, known: Collection[str]) -> Iterator[Sample]:
        """Yield what the sentinel of a recorded baseline was answered; nothing where nobody asked it.

        Raises:
            SpecError: the file was changed by hand.
        """
        if (self.path / SENTINEL).is_file():
            yield from _samples(self.path / SENTINEL, known)

    def first_samples(self, only: Collection[str]) -> dict[str, dict[Arm, Sample]]:
        """Return the first sample of each arm of some cases, by case."""
        found: dict[str, dict[Arm, Sample]] = {}
        for sample in self.samples(only, only):
            arms = found.setdefault(sample.case_id, {})
            first = arms.get(sample.arm)
            if first is None or sample.index < first.index:
                arms[sample.arm] = sample
        return found

    # ------------------------------------------------------------ results

    def keep_scores(
        self, scored: Iterable[ScoredSample], record: Callable[[ScoredSample], Json]
    ) -> Iterator[ScoredSample]:
        """Write scores as they pass by; after the last they replace those of an earlier judgement."""
        with replacing(self.path / SCORES) as beside, LineLog(beside) as log:
            for item in scored:
                log.append(record(item))
                yield item

    def score_lines(self) -> Iterator[dict[str, Json]]:
        """Yield the lines of the scores; nothing where the run was never judged.

        Raises:
            SpecError: the file was changed by hand.
        """
        path = self.path / SCORES
        for line in numbered_lines(path) if path.is_file() else ():
            try:
                found = parse_json(line.text)
            except JsonTextError as error:
                raise SpecError.single(Place(str(path), line.number), str(error)) from None
            if not isinstance(found, dict):
                raise SpecError.single(Place(str(path), line.number), "expected scores")
            yield found

    def write_manifest(self, manifest: Manifest) -> None:
        """Write where the verdict came from."""
        write_whole(self.path / MANIFEST, document_text(plain(manifest)))

    def manifest(self) -> Manifest:
        """Return where the verdict came from."""
        return manifest_of(whole_text(self.path / MANIFEST), str(self.path / MANIFEST))

    def write_verdict(self, verdict: Verdict) -> str:
        """Write the verdict and return its text."""
        text = verdict_text(verdict)
        write_whole(self.path / VERDICT, text)
        return text

    def verdict(self) -> Verdict:
        """Return the verdict of the run.

        Raises:
            UsageError: the run was never judged.
        """
        path = self._judged()
        return verdict_of(json_document(whole_text(path), str(path)), str(path))

    def outline(self) -> Verdict:
        """Return the verdict of the run without its flips and distributions, several times as fast.

        Raises:
            UsageError: the run was never judged.
        """
        path = self._judged()
        return outline_of(whole_text(path), str(path))

    def _judged(self) -> Path:
        path = self.path / VERDICT
        if not path.is_file():
            raise UsageError(f"{self.path} was never judged; run: evalkit judge {self.path}")
        return path

    def write_text(self, name: str, text: str) -> Path:
        """Write a report and return where it lies."""
        write_whole(self.path / name, text)
        return self.path / name


def _mend(path: Path, known: Collection[str], answered: Callable[[Sample], None]) -> None:
    if not path.is_file():
        return
    cut_to_whole_lines(path)
    with replacing(path) as beside, LineLog(beside) as log:
        for sample in _samples(path, known):
            if sample.error is None or sample.error.kind is ErrorKind.TIMEOUT:
                log.append(record_of(sample))
                answered(sample)


def _samples(
    path: Path, known: Collection[str], only: Collection[str] | None = None
) -> Iterator[Sample]:
    """Yield the samples of a file that evalkit wrote."""
    seen: set[tuple[Arm, str, int]] = set()
    for line in numbered_lines(path):
        if only is not None and written_id(line.text) not in only:
            continue
        try:
            sample = _sample(parse_json(line.text), known)
        except (JsonTextError, RecordError) as error:
            raise SpecError.single(Place(str(path), line.number), str(error)) from None
        key = (sample.arm, sample.case_id, sample.index)
        if key in seen:
            message = f"sample {key[2]} of case {key[1]!r} stands twice"
            raise SpecError.single(Place(str(path), line.number), message)
        seen.add(key)
        yield sample


def _sample(data: Json, known: Collection[str]) -> Sample:
    arm = data.get("arm") if isinstance(data, dict) else None
    if arm not in tuple(Arm):
        raise RecordError(f"expected arm to be baseline or candidate, found {arm!r}")
    sample = sample_of(data, Arm(str(arm)))
    if sample.case_id not in known:
        raise RecordError(f"case {sample.case_id!r} is not among the cases of the run")
    return sample


def verdict_text(verdict: Verdict) -> str:
    """Return ``verdict.json``: documented in docs/verdict.md, the same bytes for the same run."""
    return document_text({"schema": "evalkit.verdict/1", **_verdict_record(verdict)})


def _verdict_record(verdict: Verdict) -> dict[str, Json]:
    record = plain(verdict)
    assert isinstance(record, dict)
    facts = record.pop("facts")
    assert isinstance(facts, dict)
    first = {"waiver": facts.pop("waiver")}  # whoever reads on must know it
    named = {"envelope": record.pop("envelope"), "verdict": record.pop("outcome")}
    return {**first, **named, **record, **facts}
