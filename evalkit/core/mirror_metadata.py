"""What a caller is told beside an answer: which snapshot gave it, in which format, and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from enum import StrEnum

from evalkit.core.mirror import HeaderList
from evalkit.core.model import Arm

SNAPSHOT = "model-snapshot"
FORMAT = "format-version"
DEPRECATED = "model-deprecated-at"
ENDS = (DEPRECATED, "deprecation", "sunset")
"""The headers that say until when: whoever says one of them is not contradicted by another."""

LONGEST_VALUE = 300

_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """What is known of one arm's snapshot; what is ``None`` is not told.

    Times are aware. ``deprecated_at`` is when its use is no longer advised, ``retires_at`` when it
    no longer answers.
    """

    snapshot: str | None = None
    format_version: str | None = None
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None

    @property
    def ends(self) -> datetime | None:
        """The time that ``Model-Deprecated-At`` tells: the deprecation, else the retirement."""
        return self.deprecated_at or self.retires_at

    def headers(self) -> HeaderList:
        """Return the headers that tell all of it.

        >>> SnapshotFacts("m-1", retires_at=instant("2027-01-14")).headers()[2]
        ('sunset', 'Thu, 14 Jan 2027 00:00:00 GMT')
        """
        deprecated, retires = self.deprecated_at, self.retires_at
        told = (
            (SNAPSHOT, self.snapshot),
            (FORMAT, self.format_version),
            (DEPRECATED, self.ends and moment_text(self.ends)),
            ("deprecation", deprecated and f"@{int(deprecated.timestamp())}"),
            ("sunset", retires and format_datetime(retires.astimezone(UTC), usegmt=True)),
        )
        return tuple((name, value) for name, value in told if value)

    def fields(self) -> dict[str, str]:
        """Return the fields of a JSON body that tell it."""
        told = {
            "model_snapshot": self.snapshot,
            "format_version": self.format_version,
            "model_deprecated_at": self.ends and moment_text(self.ends),
        }
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class MetadataPlan:
    """What is told of each arm, and the key of a JSON body under which it is told too, if any."""

    arms: Mapping[Arm, SnapshotFacts] = field(default_factory=dict)
    in_body: str | None = None


class InBody(StrEnum):
    """What became of the fields in a body."""

    ADDED = "added"
    UNTOUCHED = "untouched"


def moment_text(moment: datetime) -> str:
    """Return a moment as RFC 3339 writes it, in UTC and whole seconds.

    >>> moment_text(datetime(2027, 1, 14, tzinfo=UTC))
    '2027-01-14T00:00:00Z'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def instant(text: str) -> datetime:
    """Return the moment of a text: that of RFC 3339, or the beginning in UTC of a day.

    Raises:
        ValueError: it is neither, or has no offset from UTC.

    >>> instant("2027-01-14").isoformat(), instant("2027-01-14T01:00:00+01:00").isoformat()
    ('2027-01-14T00:00:00+00:00', '2027-01-14T00:00:00+00:00')
    """
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("expected an offset from UTC, such as Z")
    try:
        return found.astimezone(UTC)
    except OverflowError:  # the first or the last day that there is
        raise ValueError("expected a year from 1 to 9999 in UTC") from None


def header_value_fault(text: str) -> str:
    r"""Return what keeps a text from being the value of a header; nothing where it can be one.

    >>> header_value_fault("gpt-4o-2024-08-06"), header_value_fault("a\r\nb: c")
    ('', 'expected printable ASCII without a space at either end')
    """
    if len(text) > LONGEST_VALUE:
        return f"expected at most {LONGEST_VALUE} characters, found {len(text)}"
    fits = _VALUE.fullmatch(text)
    return "" if fits else "expected printable ASCII without a space at either end"
