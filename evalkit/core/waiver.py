"""What somebody answers for: a verdict that is no pass and is let through all the same, for a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.core.digest import digest

MOST_DAYS = 90
"""A waiver is for a while: what has to last longer is a change of the envelope."""

MOST_LETTERS = 500
"""How long a reason, or a name, may be."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a waiver is about, by content: sha256 each.

    ``envelope`` and ``golden_set`` are those of the verdict, ``candidate`` is the snapshot, and its
    answers where they were recorded. Answers of a live candidate come anew each time, so they are no part.
    """

    envelope: str
    golden_set: str
    candidate: str

    @property
    def key(self) -> str:
        """The digest of all three, by which a gate finds the waiver."""
        return digest(self)


@dataclass(frozen=True, slots=True)
class Waiver:
    """Who lets which verdict through, until when, and why.

    ``verdict`` is the worst that is let through, ``bounds`` names the blocking bounds that do not hold,
    and how. ``given`` and ``until`` are days of UTC, ISO 8601, the last one included. ``run`` is the run
    that was looked at.
    """

    envelope: str
    subject: Subject
    verdict: str
    bounds: Mapping[str, str]
    by: str
    because: str
    given: str
    until: str
    run: str

    @property
    def sentence(self) -> str:
        """What every output says first.

        >>> subject = Subject("a", "b", "c")
        >>> Waiver("x", subject, "inconclusive", {}, "Ada", "it is small", "2026-11-26", "2026-12-24", "x-1").sentence
        'Waived by Ada, until 2026-12-24, because it is small'
        """
        return f"Waived by {self.by}, until {self.until}, because {self.because}"
