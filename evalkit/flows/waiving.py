"""A run that is no pass + the waivers of its envelope → who lets it through, if anybody does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from evalkit.core.digest import SetDigest, digest
from evalkit.core.errors import Problem
from evalkit.core.model import Arm, Sample
from evalkit.core.records import record_of
from evalkit.core.verdict import ExitCode, Verdict
from evalkit.core.waiver import Subject, Waiver
from evalkit.flows.locked import WAIVERS, homes, stated_of
from evalkit.spec.envelope import LoadedEnvelope, who_answers
from evalkit.spec.lock import WaiverFile, read_waivers
from evalkit.stages.store import RunFolder
from evalkit.stages.waive import let_through, uncovered

TAKE_OUT = "take it out, or waive a run of today anew"
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

    def listed(self) -> Iterator[tuple[WaiverFile, int, Waiver]]:
        """Yield the waivers that name the envelope, each with its file and its number there."""
        for file in self.files:
            for number, waiver in enumerate(file.waivers):
                if waiver.envelope == self.loaded.envelope.name:
                    yield file, number, waiver

    def remarks(self, subject: Subject, today: date) -> Iterator[Problem]:
        """Yield the waivers that no gate of the envelope as it stands will count, whatever it measures.

        Args:
            subject: what a waiver of such a gate would be about.
            today: the day of UTC.
        """
        for file, number, waiver in self.listed():
            others = " and ".join(_others(waiver.subject, subject))
            if why := _why_not_today(waiver, today):
                yield _remark(file, number, f"{why}; {TAKE_OUT}")
            elif others:
                yield _remark(
                    file, number,
                    f"it is for {waiver.run}, and a gate of this file as it stands has another {others}; "
                    f"{TAKE_OUT}, unless gates are run with the options of that run",
                )  # fmt: skip

    def apply(self, run: RunFolder, verdict: Verdict, today: date) -> Verdict:
        """Return the verdict of a run as it is let through, or as it is; the run folder keeps either.

        Args:
            run: the run that was judged.
            verdict: what it came to.
            today: the day of UTC.
        """
        listed = [waiver for _, _, waiver in self.listed()]
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
    recorded = Arm.CANDIDATE not in loaded.envelope.live
    answers = answers_digest(run.samples(run.cases())) if recorded else ""
    return subject_with(loaded, digests.envelope, digests.golden_set, answers)


def subject_with(loaded: LoadedEnvelope, envelope: str, golden_set: str, answers: str) -> Subject:
    """Return what a waiver is about that was given for such digests; of a live arm no answers count."""
    candidate = [who_answers(stated_of(loaded, Arm.CANDIDATE))]
    own = "" if Arm.CANDIDATE in loaded.envelope.live else answers
    return Subject(envelope, golden_set, digest([candidate, own]))


def dated_remarks(file: WaiverFile, today: date) -> Iterator[Problem]:
    """Yield the waivers of a file that do not count on a day, whatever they are about."""
    for number, waiver in enumerate(file.waivers):
        if why := _why_not_today(waiver, today):
            yield _remark(file, number, f"{why}; {TAKE_OUT}")


def answers_digest(samples: Iterable[Sample]) -> str:
    """Return the digest of the answers of the candidate, in any order."""
    content = SetDigest()
    for sample in samples:
        if sample.arm is Arm.CANDIDATE:
            content.add(record_of(sample))
    return content.hex()


def _why_not(waiver: Waiver, subject: Subject, verdict: Verdict, today: date) -> str:
    """Return why a waiver does not count for a run; nothing where it does."""
    if why := _why_not_today(waiver, today):
        return why
    if waiver.subject != subject:
        others = ", ".join(_others(waiver.subject, subject))
        return f"it is for {waiver.run}, of which this run has another {others}"
    return uncovered(verdict, waiver)


def _why_not_today(waiver: Waiver, today: date) -> str:
    """Return why a waiver counts for nothing on a day; nothing where it may count."""
    if date.fromisoformat(waiver.until) < today:
        return "it has expired"
    # A clock that is a day ahead, or a zone to the east, is no fraud.
    if date.fromisoformat(waiver.given) > today + timedelta(days=1):
        return f"it was given on {waiver.given}, a day that has not come"
    return ""


def _remark(file: WaiverFile, number: int, why: str) -> Problem:
    waiver, trail = file.waivers[number], ("waivers", number)
    text = f"the waiver by {waiver.by}, until {waiver.until}, does not count: {why}"
    return Problem(file.document.place(trail), text, f"waivers[{number}]")


def _others(one: Subject, other: Subject) -> Iterator[str]:
    for name in ("envelope", "golden_set", "candidate"):
        if getattr(one, name) != getattr(other, name):
            yield name.replace("_", " ")


def _told(remarks: list[str]) -> Iterator[str]:
    yield from remarks[:MOST_TOLD]
    if len(remarks) > MOST_TOLD:
        yield f"Nor do {len(remarks) - MOST_TOLD:,} more waivers count."
