"""How long a model stays what its name says: pinned or not, and until when it is served."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
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


# ---------------------------------------------------------------- what is in use


@dataclass(frozen=True, slots=True)
class SnapshotInUse:
    """One arm of an envelope: what it asks for, and what is known about that.

    ``classified`` is ``None`` for an arm that is played back: nobody is asked. ``served`` names the
    models that answered in ``run``, ``None`` where there is no run of this snapshot. A ``sentinel`` is
    who watches a recorded baseline; what it was answered stands in no verdict. Whom a metric asks about
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
        """Return the days until its model retires; ``None`` where nobody says."""
        return None if self.classified is None else days_left(self.classified.retires_at, today)


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
