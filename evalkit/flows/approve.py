"""A run that somebody looked at → an approval in the lock, or a waiver beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from evalkit.core.digest import SetDigest
from evalkit.core.errors import UsageError
from evalkit.core.lock import Approved, LockEntry
from evalkit.core.model import Arm
from evalkit.core.records import case_record
from evalkit.core.verdict import Outcome, Verdict
from evalkit.core.waiver import MOST_DAYS, MOST_LETTERS, Waiver
from evalkit.core.wording import count_text
from evalkit.files.text import whole_text
from evalkit.flows.gate import judge_run
from evalkit.flows.inputs import sound_cases
from evalkit.flows.locked import WAIVERS, Locked, homes, locked, locked_snapshot, written_beside
from evalkit.flows.waiving import answers_digest, subject_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.lock import WaiverFile, read_waivers, write_waivers
from evalkit.stages.store import VERDICT, RunFolder
from evalkit.stages.waive import open_bounds


@dataclass(frozen=True, slots=True)
class Looked:
    """A run, its verdict, and the envelope as it is today, with the run's candidate in it."""

    run: RunFolder
    verdict: Verdict
    envelope: LoadedEnvelope


def looked_at(run: RunFolder, own: LoadedEnvelope, today: LoadedEnvelope) -> Looked:
    """Return a run that can be approved or waived: whole, its own, and of the envelope as it is.

    The run is judged again: its verdict must be what its samples come to.

    Args:
        run: its folder.
        own: the envelope in it.
        today: the envelope it was made with as it is now, with the candidate of the run.

    Raises:
        UsageError: it is none.
    """
    manifest = run.manifest()
    if manifest.smoke:
        raise UsageError(
            f"{run.path} is a smoke run ({manifest.smoke}): it says nothing about the rest; gate the "
            "whole envelope"
        )
    run.verdict()  # whoever was never judged is told so
    before = whole_text(run.path / VERDICT)
    verdict = judge_run(run, own)
    if whole_text(run.path / VERDICT) != before:
        raise UsageError(
            f"{run.path}/{VERDICT} was not what its samples come to on this installation: judged again, "
            f"it is {verdict.outcome.value}. Look at it, and type the same again"
        )
    if today.digest != manifest.digests.envelope:
        keys = ", ".join(_keys_that_differ(own, today)) or "files that it names"
        raise UsageError(
            f"{run.path} was judged under another envelope than {today.path} is now ({keys}); gate again"
        )
    content = SetDigest()
    for case in sound_cases(today).values():
        content.add(case_record(case))
    if content.hex() != manifest.digests.golden_set:
        raise UsageError(
            f"{run.path} was asked other cases than {today.path} names now; gate again"
        )
    return Looked(run, verdict, today)


def approve(looked: Looked, *, by: str, at: str) -> tuple[Locked, LockEntry]:
    """Write a candidate that passed into the lock; return it with the entry there was before.

    Raises:
        UsageError: it did not pass.
    """
    outcome = looked.verdict.outcome
    if outcome is not Outcome.PASS:
        broken = " --broken" if outcome is Outcome.FAIL else ""
        raise UsageError(
            f"{looked.run.path} is no pass but {outcome.value}: {looked.verdict.sentence} To let it through "
            f"for a time, and say why: --because TEXT --until DATE{broken}"
        )
    lock, manifest = locked(looked.envelope), looked.run.manifest()
    served = looked.verdict.facts.snapshots[Arm.CANDIDATE].served
    here = written_beside(looked.envelope.path, str(lock.path))
    before = lock.entry or LockEntry(here)
    approved = Approved(
        at=at,
        by=by,
        run=manifest.run,
        envelope=manifest.digests.envelope,
        golden_set=manifest.digests.golden_set,
        answers=answers_digest(looked.run.samples(looked.run.cases())),
        snapshot=locked_snapshot(looked.envelope, Arm.CANDIDATE, tuple(sorted(served))),
    )
    lock.write(replace(before, envelope=here, approved=approved))
    return lock, before


def waive(
    looked: Looked, *, by: str, because: str, until: str, today: date, broken: bool, replaces: bool
) -> tuple[WaiverFile, Waiver]:
    """Write a waiver for a run that did not pass; return it with the file it stands in now.

    Raises:
        UsageError: the run passed, a bound is broken and nobody said so, the day or the reason is none,
            or somebody has waived it already.
    """
    verdict, manifest = looked.verdict, looked.run.manifest()
    if verdict.outcome is Outcome.PASS:
        raise UsageError(
            f"{looked.run.path} is a pass: there is nothing to waive; leave --because out to approve it"
        )
    if verdict.outcome is Outcome.FAIL and not broken:
        raise UsageError(
            f"{looked.run.path} is a fail: {verdict.sentence} Whoever lets that through has to say so: "
            "--broken"
        )
    waiver = Waiver(
        envelope=looked.envelope.envelope.name,
        subject=subject_of(looked.run, looked.envelope),
        verdict=verdict.outcome.value,
        bounds=open_bounds(verdict),
        by=sound_line(by, "--by"),
        because=sound_line(because, "--because"),
        given=today.isoformat(),
        until=_last_day(until, today),
        run=manifest.run,
    )
    files = [read_waivers(folder / WAIVERS) for folder in homes(looked.envelope.path)]
    file = next((found for found in files if found.waivers), files[0])
    same = [
        old
        for old in file.waivers
        if (old.envelope, old.subject) == (waiver.envelope, waiver.subject)
    ]
    current = [old for old in same if date.fromisoformat(old.until) >= today]
    if current and not replaces:
        old = current[0]
        raise UsageError(
            f"{file.path} lets this through already, by {old.by}, until {old.until}, because {old.because}; "
            "--replace puts the new one in its place"
        )
    kept = [old for old in file.waivers if old not in same]
    write_waivers(file.path, [*kept, waiver])
    return read_waivers(file.path), waiver


def sound_line(text: str, option: str) -> str:
    """Return what an option says, in one line.

    Raises:
        UsageError: it is empty, too long, or holds what cannot be printed.
    """
    found = " ".join(text.split())
    if not found or not found.isprintable() or len(found) > MOST_LETTERS:
        raise UsageError(f"{option}: expected 1 to {MOST_LETTERS} characters that can be printed")
    return found


def _last_day(until: str, today: date) -> str:
    """Return the last day of a waiver.

    Raises:
        UsageError: it is none, has passed, or is too far away.
    """
    try:
        found = date.fromisoformat(until)
    except ValueError:
        raise UsageError(f"--until {until}: expected a day such as {today}") from None
    days = (found - today).days
    if not 0 < days <= MOST_DAYS:
        last = today + timedelta(days=MOST_DAYS)
        raise UsageError(
            f"--until {until}: expected a day after today, {today} in UTC, and at most "
            f"{count_text(MOST_DAYS, 'day')} away: until {last}. What has to last longer is a change of the "
            "envelope"
        )
    return found.isoformat()


def _keys_that_differ(one: LoadedEnvelope, other: LoadedEnvelope) -> Iterator[str]:
    assert isinstance(one.document, dict)
    assert isinstance(other.document, dict)
    for key in sorted(one.document.keys() | other.document.keys()):
        if key != "golden_set" and one.document.get(key) != other.document.get(key):
            yield key
