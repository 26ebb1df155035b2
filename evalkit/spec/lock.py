"""``evalkit.lock`` and ``evalkit.waivers.yaml``: what people approved, read strictly and written in one form.

Both are reviewed like code, and edited by hand like code: whatever is not exactly what evalkit writes is
an error with its place, never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from evalkit.core.digest import plain
from evalkit.core.errors import SpecError
from evalkit.core.lock import (
    Approved,
    Frozen,
    LockedSnapshot,
    LockedText,
    LockEntry,
    MayChange,
    MustMatch,
    Outputs,
)
from evalkit.core.waiver import MOST_DAYS, MOST_LETTERS, Subject, Waiver
from evalkit.files.writing import write_whole
from evalkit.spec.document import Document, read_document
from evalkit.spec.problems import Problems
from evalkit.spec.words import Strict, refused
from evalkit.spec.yaml_text import yaml_text

LOCK_HEAD = """\
# What was approved, as evalkit baseline freeze and evalkit approve wrote it; evalkit gate holds runs
# against it. must_match: a run that differs is not comparable, and refused. may_change: recorded outputs
# are scored anew at every gate, so that bounds, labels and scorers may change; it is told where they did.
"""
WAIVERS_HEAD = """\
# Verdicts that were no pass and are let through for a time, as evalkit approve --because wrote it. Each
# is found by the digests of its subject and covers these bounds, nothing else. Whoever reviews this file
# lets them through; a line that is taken out takes the waiver back.
"""


# ---------------------------------------------------------------- words


def _day(given: str) -> str:
    try:
        found = date.fromisoformat(given)
    except ValueError:
        raise refused("a day such as 2026-12-24", given) from None
    if found.isoformat() != given:
        raise refused("a day such as 2026-12-24", given)
    return given


def _moment(given: str) -> str:
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise refused("a moment such as 2026-11-26T15:00:00+00:00", given) from None
    if found.utcoffset() != timedelta():
        raise refused("a moment of UTC such as 2026-11-26T15:00:00+00:00", given)
    return given


def _line(given: str) -> str:
    if not given.strip() or not given.isprintable() or len(given) > MOST_LETTERS:
        raise refused(f"one line of at most {MOST_LETTERS} printable characters", given)
    return given


def _version(given: object) -> object:
    if given is None or (isinstance(given, (int, str)) and not isinstance(given, bool)):
        return given
    raise refused("text or a whole number", given)


def _sha256(given: str) -> str:
    if not _SHA256.fullmatch(given):
        raise refused("a sha256 of 64 hexadecimal digits", given)
    return given


_SHA256 = re.compile("[0-9a-f]{64}")
Sha256: TypeAlias = Annotated[str, AfterValidator(_sha256)]
Day: TypeAlias = Annotated[str, AfterValidator(_day)]
Moment: TypeAlias = Annotated[str, AfterValidator(_moment)]
Line: TypeAlias = Annotated[str, AfterValidator(_line)]
Count: TypeAlias = Annotated[int, Field(ge=0)]


class _Text(Strict):
    sha256: Sha256
    text: str
    version: Annotated[int | str | None, BeforeValidator(_version)] = None


class _Snapshot(Strict):
    provider: str
    model: str | None = None
    served: list[str] = Field(default_factory=list)
    system_prompt: _Text | None = None
    prompt: _Text | None = None
    template: str | None = None
    params: dict[str, Any] | None = None
    response_schema: Sha256 | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class _Outputs(Strict):
    path: str
    sha256: Sha256
    cases: Count
    draws: Count
    samples: Count
    missing: Count


class _MustMatch(Strict):
    outputs: _Outputs
    inputs: Sha256
    snapshot: _Snapshot


class _MayChange(Strict):
    envelope: Sha256
    golden_set: Sha256
    scorers: dict[str, str]
    calibrations: dict[str, str] = Field(default_factory=dict)


class _Frozen(Strict):
    at: Moment
    by: Line
    evalkit: str
    must_match: _MustMatch
    may_change: _MayChange


class _Approved(Strict):
    at: Moment
    by: Line
    run: Line
    envelope: Sha256
    golden_set: Sha256
    answers: Sha256
    snapshot: _Snapshot


class _Entry(Strict):
    envelope: str
    baseline: _Frozen | None = None
    approved: _Approved | None = None


class _LockFile(Strict):
    version: Literal[1]
    envelopes: dict[str, _Entry]


class _Subject(Strict):
    envelope: Sha256
    golden_set: Sha256
    candidate: Sha256


class _Waiver(Strict):
    envelope: str
    subject: _Subject
    verdict: Literal["inconclusive", "unmeasured", "fail"]
    bounds: dict[str, Literal["undecided", "unmeasured", "broken"]]
    by: Line
    because: Line
    given: Day
    until: Day
    run: Line


class _WaiverFile(Strict):
    version: Literal[1]
    waivers: list[_Waiver]


# ---------------------------------------------------------------- files


@dataclass(frozen=True, slots=True)
class LockFile:
    """A lock: what is locked of each envelope, by its name, and where that stands."""

    path: Path
    entries: Mapping[str, LockEntry]
    document: Document


@dataclass(frozen=True, slots=True)
class WaiverFile:
    """The waivers of one file."""

    path: Path
    waivers: tuple[Waiver, ...]
    document: Document


def read_lock(path: Path) -> LockFile:
    """Return what a lock holds; nothing where there is no such file.

    Raises:
        SpecError: with every problem of the file.
    """
    if not _is_there(path):
        return LockFile(path, {}, Document(str(path), None))
    problems = Problems(read_document(path))
    found = problems.checked(_LockFile, problems.document.data)
    if found is None:
        raise SpecError(problems.found)
    entries = {name: _entry(entry) for name, entry in found.envelopes.items()}
    for name, entry in entries.items():
        for trail, text in _texts(entry):
            if sha256(text.text.encode()).hexdigest() != text.sha256:
                problems.add(
                    ("envelopes", name, *trail, "sha256"),
                    "is not the digest of the text: one of both was edited; take the file from before, or "
                    "freeze again",
                )
    if problems.found:
        raise SpecError(problems.found)
    return LockFile(path, entries, problems.document)


def lock_text(entries: Mapping[str, LockEntry]) -> str:
    """Return the text of a lock, the same bytes for the same entries."""
    told = {name: _told(plain(entries[name])) for name in sorted(entries)}
    return LOCK_HEAD + yaml_text({"version": 1, "envelopes": told})


def write_lock(path: Path, entries: Mapping[str, LockEntry]) -> None:
    """Write a lock; behind a link it is the file that is replaced."""
    write_whole(path.resolve(), lock_text(entries))


def read_waivers(path: Path) -> WaiverFile:
    """Return the waivers of a file; none where there is no such file.

    Raises:
        SpecError: with every problem of the file, a waiver for longer than may be among them.
    """
    if not _is_there(path):
        return WaiverFile(path, (), Document(str(path), None))
    problems = Problems(read_document(path))
    found = problems.checked(_WaiverFile, problems.document.data)
    if found is None:
        raise SpecError(problems.found)
    for place, waiver in enumerate(found.waivers):
        days = (date.fromisoformat(waiver.until) - date.fromisoformat(waiver.given)).days
        if not 0 < days <= MOST_DAYS:
            problems.add(
                ("waivers", place, "until"),
                f"expected a day at most {MOST_DAYS} days after {waiver.given}, on which it was given, "
                f"found {waiver.until}; waive a run anew, or change the envelope",
            )
    if problems.found:
        raise SpecError(problems.found)
    return WaiverFile(path, tuple(map(_waiver, found.waivers)), problems.document)


def write_waivers(path: Path, waivers: Sequence[Waiver]) -> None:
    """Write a file of waivers; behind a link it is the file that is replaced."""
    told = [_told(plain(waiver)) for waiver in waivers]
    write_whole(path.resolve(), WAIVERS_HEAD + yaml_text({"version": 1, "waivers": [*told]}))


def _entry(found: _Entry) -> LockEntry:
    frozen, approved = found.baseline, found.approved
    return LockEntry(
        envelope=found.envelope,
        baseline=None if frozen is None else Frozen(
            at=frozen.at, by=frozen.by, evalkit=frozen.evalkit,
            must_match=MustMatch(
                outputs=Outputs(**frozen.must_match.outputs.model_dump()),
                inputs=frozen.must_match.inputs,
                snapshot=_snapshot(frozen.must_match.snapshot),
            ),
            may_change=MayChange(**frozen.may_change.model_dump()),
        ),
        approved=None if approved is None else Approved(
            **{**approved.model_dump(), "snapshot": _snapshot(approved.snapshot)}
        ),
    )  # fmt: skip


def _snapshot(found: _Snapshot) -> LockedSnapshot:
    texts = {
        name: text and LockedText(**text.model_dump())
        for name, text in {"system_prompt": found.system_prompt, "prompt": found.prompt}.items()
    }
    return LockedSnapshot(**{**found.model_dump(), "served": tuple(found.served), **texts})


def _waiver(found: _Waiver) -> Waiver:
    return Waiver(**{**found.model_dump(), "subject": Subject(**found.subject.model_dump())})


def _is_there(path: Path) -> bool:
    """Return whether there is such a file; a link that leads nowhere is a file that is lost."""
    return path.exists() or path.is_symlink()


def _texts(entry: LockEntry) -> list[tuple[tuple[str, ...], LockedText]]:
    found: list[tuple[tuple[str, ...], LockedSnapshot]] = []
    if entry.baseline is not None:
        found.append((("baseline", "must_match", "snapshot"), entry.baseline.must_match.snapshot))
    if entry.approved is not None:
        found.append((("approved", "snapshot"), entry.approved.snapshot))
    return [
        ((*trail, key), text)
        for trail, snapshot in found
        for key, text in {
            "system_prompt": snapshot.system_prompt, "prompt": snapshot.prompt,
        }.items()
        if text is not None
    ]  # fmt: skip


def _told(value: Any) -> Any:
    """Return a value without what nobody knows; that there are no parameters is known."""
    if isinstance(value, dict):
        return {
            key: item if key == "params" else _told(item)
            for key, item in value.items()
            if item is not None and (item not in ([], {}) or key in {"bounds", "params", "scorers"})
        }
    return [_told(item) for item in value] if isinstance(value, list) else value
