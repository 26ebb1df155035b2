"""What was approved: the baseline whose outputs are kept, and the candidate that is to follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.core.digest import digest
from evalkit.core.model import Json


@dataclass(frozen=True, slots=True)
class LockedText:
    """A prompt as it was sent, its digest, and the version its author gave it."""

    sha256: str
    text: str
    version: int | str | None = None


@dataclass(frozen=True, slots=True)
class LockedSnapshot:
    """What answered, and by which words and parameters it was asked.

    Of a recording only that is known which the envelope states: the rest is ``None``.
    ``response_schema`` is a digest.
    """

    provider: str
    model: str | None = None
    served: tuple[str, ...] = ()
    system_prompt: LockedText | None = None
    prompt: LockedText | None = None
    template: str | None = None
    params: Mapping[str, Json] | None = None
    response_schema: str | None = None
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outputs:
    """The file that holds what the baseline answered; ``missing`` counts draws that are not there."""

    path: str
    sha256: str
    cases: int
    draws: int
    samples: int
    missing: int


@dataclass(frozen=True, slots=True)
class MustMatch:
    """What a later gate must have in common with the recording, or nothing can be compared.

    ``inputs`` is the digest of what each case asks: references and tags are no part of it.
    """

    outputs: Outputs
    inputs: str
    snapshot: LockedSnapshot


@dataclass(frozen=True, slots=True)
class MayChange:
    """What recorded outputs outlive: they are scored anew at every gate, by whatever bounds."""

    envelope: str
    golden_set: str
    scorers: Mapping[str, str]
    calibrations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A baseline whose outputs were recorded: when and by whom, ISO 8601 in UTC."""

    at: str
    by: str
    evalkit: str
    must_match: MustMatch
    may_change: MayChange


@dataclass(frozen=True, slots=True)
class Approved:
    """A candidate that passed and is to be the baseline; ``answers`` is the digest of those that won."""

    at: str
    by: str
    run: str
    envelope: str
    golden_set: str
    answers: str
    snapshot: LockedSnapshot


@dataclass(frozen=True, slots=True)
class LockEntry:
    """What is locked of one envelope, whose file is named from where the lock lies."""

    envelope: str
    baseline: Frozen | None = None
    approved: Approved | None = None

    @property
    def digest(self) -> str:
        """The digest of everything that is locked."""
        return digest(self)

    @property
    def prompts(self) -> tuple[LockedText, ...]:
        """The system prompts that are known by their version, the newest first."""
        snapshots = [] if self.approved is None else [self.approved.snapshot]
        snapshots += [] if self.baseline is None else [self.baseline.must_match.snapshot]
        return tuple(found.system_prompt for found in snapshots if found.system_prompt is not None)
