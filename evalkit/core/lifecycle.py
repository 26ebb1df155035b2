"""How long a model stays what its name says: pinned or not, and until when it is served."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from evalkit.core.model import Arm

STALE_DAYS = 120
"""After so many days vendors have announced dates that a shipped table does not know."""


class Pin(StrEnum):
    """What the name of a model promises about what answers under it.

    ``unversioned``: the vendor has no name that says more; only the model that answered tells.
    """

    PINNED = "pinned"
    FLOATING = "floating"
    UNVERSIONED = "unversioned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a vendor says about one of its models, on the day it was asked.

    ``status`` is the vendor's own word; a past ``retires_at`` of a model that is not retired by
    that word is overdue, not over.
    """

    vendor: str
    id: str
    status: str | None
    retires_at: date | None
    deprecated_at: date | None
    source: str
    checked_at: date


@dataclass(frozen=True, slots=True)
class Classified:
    """What is known about a name: its pin and why, and when the model behind it retires.

    ``retires_at`` is ``None`` where no date is known; ``source`` is the page that announces dates,
    or the address that was ``asked``, and ``checked_at`` the day it was read.
    """

    pin: Pin
    why: str
    retires_at: date | None = None
    source: str | None = None
    checked_at: date | None = None
    status: str | None = None
    deprecated_at: date | None = None
    asked: bool = False

    def told(self, lifecycle: Lifecycle) -> Classified:
        """Return the same name with what its vendor says of it now, which outdates any table."""
        return replace(
            self,
            retires_at=lifecycle.retires_at,
            source=lifecycle.source,
            checked_at=lifecycle.checked_at,
            status=lifecycle.status,
            deprecated_at=lifecycle.deprecated_at,
            asked=True,
        )


def days_left(retires_at: date | None, today: date) -> int | None:
    """Return the days until a model retires, negative once it has; ``None`` where nobody says.

    >>> days_left(date(2027, 1, 14), date(2026, 11, 26)), days_left(None, date(2026, 11, 26))
    (49, None)
    """
    return None if retires_at is None else (retires_at - today).days


UNREADABLE = "unreadable"
"""What stands for a text that is not what it should be: it may be anything, and is not repeated."""
_FORMAT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:/_-]{0,39}")
_SECONDS = re.compile("@?([0-9]{9,10})")


def day_told(text: str) -> str:
    """Return the day of UTC that an endpoint names in whatever form, ISO 8601.

    >>> day_told("2027-01-14"), day_told("2027-01-14T23:30:00-05:00"), day_told("@1767225600")
    ('2027-01-14', '2027-01-15', '2026-01-01')
    >>> day_told("Fri, 01 Jan 2027 00:00:00 GMT"), day_told("soon")
    ('2027-01-01', 'unreadable')
    """
    seconds = _SECONDS.fullmatch(text)
    try:
        if seconds:
            found = datetime.fromtimestamp(int(seconds[1]), UTC)
        elif "," in text:
            found = parsedate_to_datetime(text)
        else:
            found = datetime.fromisoformat(text)
        found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return found.astimezone(UTC).date().isoformat()
    except (IndexError, OSError, OverflowError, TypeError, ValueError):
        return UNREADABLE


def format_told(text: str) -> str:
    """Return a format version that a response names, where it can be one.

    >>> format_told("2.1"), format_told("Of course! Here is")
    ('2.1', 'unreadable')
    """
    return text if _FORMAT.fullmatch(text) else UNREADABLE


# ---------------------------------------------------------------- what is in use


@dataclass(frozen=True, slots=True)
class SnapshotInUse:
    """One arm of an envelope: what it asks for, and what is known about that.

    ``classified`` is ``None`` for an arm that is played back: nobody is asked. ``served`` names the
    models that answered in ``run``, ``None`` where there is no run of this snapshot. A ``sentinel`` is
    who watches a recorded baseline; what it was answered stands in no verdict. ``formats`` and
    ``deprecated`` are what the responses of that run said, as in a verdict. Whom a metric asks about
    the answers belongs to no arm but to the ``metric``.
    """

    arm: Arm | None
    provider: str
    requested: str | None
    expected: str | None
    classified: Classified | None
    run: str | None = None
    served: tuple[str, ...] | None = None
    sentinel: bool = False
    metric: str = ""
    formats: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a reader calls it."""
        return "sentinel" if self.sentinel else self.metric or str(self.arm)

    @property
    def strangers(self) -> tuple[str, ...]:
        """The models that answered and are not the one that the snapshot holds to."""
        held = self.expected
        if held is None and self.classified is not None and self.classified.pin is Pin.PINNED:
            held = self.requested
        if held is None:
            return ()
        plain = held.removeprefix("models/")  # one vendor takes names with it and answers without
        return tuple(name for name in self.served or () if name not in {held, plain})

    def days_left(self, today: date) -> int | None:
        """Return the days until its model retires, or is deprecated by its endpoint's own word.

        ``None`` where nobody says, or nobody is asked.
        """
        if self.classified is None:
            return None
        ends = [day for day in (self.classified.retires_at, self.deprecated_at) if day is not None]
        return days_left(min(ends, default=None), today)

    @property
    def deprecated_at(self) -> date | None:
        """The first day from which on its endpoint calls it deprecated; ``None`` where it does not say."""
        days = [date.fromisoformat(day) for day in self.deprecated if day != UNREADABLE]
        return min(days, default=None)


@dataclass(frozen=True, slots=True)
class EnvelopeInUse:
    """The snapshots of one envelope file."""

    path: str
    name: str
    snapshots: tuple[SnapshotInUse, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every snapshot in use, as it is known on a day.

    ``table_of`` is the day the shipped table was made. ``unread`` says which runs could not be
    read, ``unanswered`` which vendors were asked and did not say; each is a sentence.
    """

    today: date
    warn_days: int
    table_of: date
    envelopes: tuple[EnvelopeInUse, ...]
    unread: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()

    @property
    def snapshots(self) -> tuple[SnapshotInUse, ...]:
        """The snapshots of all envelopes."""
        return tuple(snapshot for envelope in self.envelopes for snapshot in envelope.snapshots)

    @property
    def table_age(self) -> int:
        """The days since the shipped table was made."""
        return (self.today - self.table_of).days

    def retires_soon(self, snapshot: SnapshotInUse) -> bool:
        """Return whether its model retires within the days that are warned of, or has retired."""
        left = snapshot.days_left(self.today)
        return left is not None and left <= self.warn_days
