"""A run that is no pass + the waivers of its envelope → who lets it through, if anybody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from evalkit.core.digest import SetDigest, digest
from evalkit.core.model import Arm, Sample
from evalkit.core.records import record_of
from evalkit.core.verdict import ExitCode, Verdict
from evalkit.core.waiver import Subject, Waiver
from evalkit.flows.locked import WAIVERS, homes, stated_of
from evalkit.spec.envelope import LoadedEnvelope, who_answers
from evalkit.spec.lock import WaiverFile, read_waivers
from evalkit.stages.store import RunFolder
from evalkit.stages.waive import let_through, uncovered

MOST_TOLD = 3
"""So many waivers that do not count are told; whoever wants to know of all has the file."""


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers of one envelope, read before anything is asked."""

    loaded: LoadedEnvelope
    files: tuple[WaiverFile, ...]

    @classmethod
    def of(cls, loaded: LoadedEnvelope) -> Waivers:
        """Return the waivers that lie beside an envelope and at the top of its repository.

        Raises:
            SpecError: a file of waivers is none, or lets something through for longer than may be.
        """
        return cls(loaded, tuple(read_waivers(folder / WAIVERS) for folder in homes(loaded.path)))

    def apply(self, run: RunFolder, verdict: Verdict, today: date) -> Verdict:
        """Return the verdict of a run as it is let through, or as it is; the run folder keeps either.

        Args:
            run: the run that was judged.
            verdict: what it came to.
            today: the day of UTC.
        """
        listed = [
            waiver
            for file in self.files
            for waiver in file.waivers
            if waiver.envelope == self.loaded.envelope.name
        ]
        if verdict.exit_code is ExitCode.PASS or verdict.facts.smoke or not listed:
            return verdict
        subject = subject_of(run, self.loaded)
        found, remarks = None, list[str]()
        for waiver in listed:
            why = _why_not(waiver, subject, verdict, today)
            if not why:
                found = waiver
                break
            remarks.append(f"A waiver by {waiver.by}, until {waiver.until}, does not count: {why}.")
        # A waiver that counts has no need of others; without one, every other is told.
        kept = () if found is not None else tuple(_told(remarks))
        manifest = run.manifest()
        manifest = replace(manifest, waiver=found, remarks=(*manifest.remarks, *kept))
        run.write_manifest(manifest)
        facts = replace(verdict.facts, notes=(*verdict.facts.notes, *kept))
        let = let_through(replace(verdict, facts=facts), found)
        run.write_verdict(let)
        return let


def subject_of(run: RunFolder, loaded: LoadedEnvelope) -> Subject:
    """Return what a waiver of a run is about."""
    digests = run.manifest().digests
    candidate = [who_answers(stated_of(loaded, Arm.CANDIDATE))]
    answers = ""
    if Arm.CANDIDATE not in loaded.envelope.live:
        answers = answers_digest(run.samples(run.cases()))
    return Subject(
        envelope=digests.envelope,
        golden_set=digests.golden_set,
        candidate=digest([candidate, answers]),
    )


def answers_digest(samples: Iterable[Sample]) -> str:
    """Return the digest of the answers of the candidate, in any order."""
    content = SetDigest()
    for sample in samples:
        if sample.arm is Arm.CANDIDATE:
            content.add(record_of(sample))
    return content.hex()


def _why_not(waiver: Waiver, subject: Subject, verdict: Verdict, today: date) -> str:
    """Return why a waiver does not count for a run; nothing where it does."""
    if date.fromisoformat(waiver.until) < today:
        return "it has expired"
    # A clock that is a day ahead, or a zone to the east, is no fraud.
    if date.fromisoformat(waiver.given) > today + timedelta(days=1):
        return f"it was given on {waiver.given}, a day that has not come"
    if waiver.subject != subject:
        others = ", ".join(_others(waiver.subject, subject))
        return f"it is for {waiver.run}, of which this run has another {others}"
    return uncovered(verdict, waiver)


def _others(one: Subject, other: Subject) -> Iterator[str]:
    for name in ("envelope", "golden_set", "candidate"):
        if getattr(one, name) != getattr(other, name):
            yield name.replace("_", " ")


def _told(remarks: list[str]) -> Iterator[str]:
    yield from remarks[:MOST_TOLD]
    if len(remarks) > MOST_TOLD:
        yield f"Nor do {len(remarks) - MOST_TOLD:,} more waivers count."
