"""Traffic before the user's endpoint: what came in, who answers it, what is copied and what was heard.

Everything here is what the server in ``wire`` and the rooms above it say to each other. Names of
headers are in lower case, in the order in which they came, and one may stand several times; their
values are decoded as Latin-1, so that no byte is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from evalkit.core.model import Arm, Json

HeaderList: TypeAlias = tuple[tuple[str, str], ...]


# ---------------------------------------------------------------- what is configured


@dataclass(frozen=True, slots=True)
class Upstream:
    """One arm's endpoint: the only address its requests ever go to.

    ``url`` is an origin with the path that requests' own paths are put behind. ``headers`` take the
    place of the caller's; ``keeps`` names the credentials of the caller that this arm may see, of
    which the live arm sees all. ``body`` holds the fields that are put into a JSON body, such as
    ``model``; ``path`` what stands in the caller's path and is written otherwise in this arm's. ``timeout`` is the seconds until the head of an answer, and between two pieces of it.
    """

    arm: Arm
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    keeps: frozenset[str] = frozenset()
    body: Mapping[str, Json] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 600.0


class Mode(StrEnum):
    """What the candidate gets: copies that nobody is answered from, or a share of the callers."""

    SHADOW = "shadow"
    CANARY = "canary"


class KeyKind(StrEnum):
    """Where the key of a user stands in a request."""

    HEADER = "header"
    JSON = "json"
    IP = "ip"


@dataclass(frozen=True, slots=True)
class UserKey:
    """What tells users apart: a header, a field of the JSON body (dots between keys), or the address."""

    kind: KeyKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class CopyLimits:
    """How much the copies may take: what is beyond it is dropped, and counted.

    ``waiting`` copies wait at most, of ``waiting_bytes`` in all, ``at_once`` are under way, and each
    has ``timeout`` seconds from first to last byte.
    """

    waiting: int = 1_000
    waiting_bytes: int = 64 * 2**20
    at_once: int = 64
    timeout: float = 120.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a caller may send, in bytes, and how many are served at a time."""

    body: int = 16 * 2**20
    headers: int = 32 * 2**10
    at_once: int = 1_000
    heard: int = 4 * 2**20
    """So much of an answer is kept to be logged; the caller gets all of it."""


# ---------------------------------------------------------------- what comes and goes


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request of a caller, whole.

    ``id`` names it in every log; ``target`` is its path and query as they came; ``client`` the
    address that it came from, ``when`` the seconds since 1970.
    """

    id: str
    method: str
    target: str
    headers: HeaderList
    body: bytes
    client: str
    when: float


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request to an arm, as it is sent: hop-by-hop headers and foreign credentials are gone."""

    arm: Arm
    method: str
    url: str
    headers: HeaderList
    body: bytes
    timeout: float


@dataclass(frozen=True, slots=True)
class Routed:
    """Who answers a request, and what is copied to whom, if anything.

    ``user`` is the hashed key of whoever asked, ``None`` where there is none; ``logged`` whether
    what is answered is of interest, body and all; ``sampled`` whether it is in the sample that is written
    down. ``unsplit`` says that callers are split and this one
    could not be dealt to an arm: the live arm answers, and what it answers counts for neither.
    ``uncopied`` says why there is no copy, where there should be one.
    """

    incoming: Incoming
    answers: Outgoing
    copy: Outgoing | None = None
    user: str | None = None
    logged: bool = True
    sampled: bool = True
    unsplit: bool = False
    uncopied: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer."""

    status: int
    headers: HeaderList


class Trouble(StrEnum):
    """Why an answer was not heard to its end."""

    CONNECTION = "connection"
    TIMEOUT = "timeout"
    CALLER_LEFT = "caller_left"
    TOO_LONG = "too_long"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one arm answered.

    ``head`` is ``None`` where no answer came; ``body`` is as it came (compressed, where it was), and
    ``cut`` says that more came than is kept. Times are milliseconds from the sending of the request.
    """

    head: Head | None
    body: bytes
    latency_ms: float
    first_byte_ms: float | None = None
    cut: bool = False
    trouble: Trouble | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a caller is told by the mirror itself: an answer that no upstream gave."""

    status: int
    code: str
    message: str


class Traffic(Protocol):
    """What the server asks of the rooms above it; each call is quick, pure or queued, and never waits."""

    def routed(self, incoming: Incoming) -> Routed | Refused:
        """Return where a request goes."""
        ...

    def held(self, routed: Routed, head: Head) -> bool:
        """Return whether an answer has to be whole before the caller may see any of it."""
        ...

    def headed(self, routed: Routed, head: Head) -> Head:
        """Return the head that the caller sees: the upstream's, with what is known of the snapshot."""
        ...

    def finished(self, routed: Routed, head: Head, body: bytes) -> tuple[Head, bytes] | Refused:
        """Return what the caller sees of an answer that was held until it was whole."""
        ...

    def outgrown(self, routed: Routed, head: Head) -> Refused | None:
        """Return why an answer that was held and became too long is kept back; ``None`` lets it pass."""
        ...

    def noted(self, routed: Routed, arm: Arm, heard: Heard) -> None:
        """Take down what an arm answered, or that it did not; called once for each arm that was asked."""
        ...


# ---------------------------------------------------------------- what is counted

LATENCY_BOUNDS_MS = (
    1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0,
    1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0, 60_000.0, 120_000.0,
)  # fmt: skip
"""The upper ends of the buckets that latencies are counted in; one bucket more holds what is above."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """How long whole answers took: a count for each bucket, and their sum in milliseconds."""

    counts: tuple[int, ...]
    total_ms: float


@dataclass(frozen=True, slots=True)
class CopiesCounted:
    """What became of the copies; ``offered`` is the sum of all other counts, at any moment.

    ``answered`` were heard to their end, ``failed`` were not, ``dropped`` were never sent.
    """

    offered: int = 0
    answered: int = 0
    dropped: int = 0
    failed: Mapping[Trouble, int] = field(default_factory=dict)
    waiting: int = 0
    under_way: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What a mirror has done since it began, as it was at one moment.

    ``answered`` counts what callers got, by arm and by the class of the status (``2xx``), ``troubled``
    those of the requests that were not heard to their end; ``refused`` what the mirror said itself, by
    its code. ``latencies`` are those of whole answers, copies among them, by arm.
    """

    answered: Mapping[tuple[Arm, str], int]
    troubled: Mapping[tuple[Arm, Trouble], int]
    refused: Mapping[str, int]
    copies: CopiesCounted
    latencies: Mapping[Arm, Latencies]
    bytes_in: int
    bytes_out: int
    active: int
    connections: int
    draining: bool
