"""What production logs of both arms say beside the verdict: traffic, hours, slices, a sample to label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.envelope import Kind
from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, Unmeasured, Verdict


class Joined(StrEnum):
    """Whether both arms saw the same requests."""

    PAIRED = "paired"
    UNPAIRED = "unpaired"
    ONE_ARM = "one_arm"


class Join(StrEnum):
    """How the arms are to be compared: as pairs where that is what they are, or never."""

    AUTO = "auto"
    PART = "part"  # the candidate saw only a part of the traffic, so the rest lacks no answer
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ArmTraffic:
    """What is logged of one arm.

    ``label`` is what the logs call it. Of its ``requests`` so many are ``unmatched``: no request of
    that id is in the other arm, ``clockless`` no time. ``duplicates`` repeated a request and are not
    among them; where copies of a request are not the same, they are ``differing``. ``shared`` bear an
    id that requests of other users bear as well, and are in no pair. ``errors`` are requests that were not answered; ``None`` where the logs do not say.
    """

    label: str
    requests: int
    unmatched: int
    duplicates: int
    differing: int
    shared: int
    clockless: int
    errors: int | None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traffic:
    """Where the numbers come from.

    ``joined`` says how the arms were compared, over so many ``pairs``; ``clustered`` that requests
    of one user, or conversation, are taken together, and ``users`` how many there are. ``first`` and
    ``last`` are hours since 1970, the last one included; nothing where no request has a time.
    ``other_arms`` counts requests of labels that are neither arm; ``malformed`` records that are none.
    """

    files: tuple[str, ...]
    arms: Mapping[Arm, ArmTraffic]
    joined: Joined
    pairs: int
    clustered: bool
    users: int
    first: int | None
    last: int | None
    other_arms: Mapping[str, int]
    malformed: int
    digest: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that is followed: a statistic of a metric. It has the fields words are made from."""

    metric: str
    kind: Kind
    statistic: str
    unit: str
    labels: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """One figure in some hours; ``effect`` is candidate − baseline, which is told of days.

    ``start`` counts hours since 1970 in UTC. Each limit is right 95 times in 100 on its own.
    """

    start: int
    hours: int
    requests: Mapping[Arm, int]
    baseline: Estimate | Unmeasured
    candidate: Estimate | Unmeasured
    effect: Estimate | Unmeasured | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """Whether the difference of the arms moved between the first and the second half of the time.

    ``change`` is that of the second half minus that of the first, ``told`` where its limits leave
    out 0. The halves meet at the hour ``split``.
    """

    split: int
    first: float
    second: float
    change: Estimate
    told: bool


@dataclass(frozen=True, slots=True)
class Extreme:
    """The hour in which the arms differ most from how they differ in all.

    Its limits hold for all ``windows`` at once, so that the worst of many says no more than it is
    worth; ``told`` where they leave out ``usual``, the difference in all.
    """

    window: Window
    effect: Estimate
    windows: int
    usual: float
    told: bool


@dataclass(frozen=True, slots=True)
class Course:
    """One figure over time, with what is said of it as a whole."""

    figure: Figure
    hours: tuple[Window, ...]
    days: tuple[Window, ...]
    trend: Trend | None
    worst: Extreme | None


@dataclass(frozen=True, slots=True)
class Finding:
    """The rate of a metric on one slice of the traffic.

    ``effect`` is candidate − baseline with limits that hold for everything that was compared at
    once; ``elsewhere`` the difference on all other requests, ``least`` what is certain of the
    difference, 0 where its limits do not leave out 0; ``p`` is corrected likewise. ``users`` counts
    them, or is an estimate of their number where they are too many to be kept, 0 where none is known.
    """

    metric: str
    labels: tuple[str, str] | None
    field: str
    value: str
    requests: Mapping[Arm, int]
    users: int
    baseline: float
    candidate: float
    effect: Estimate
    elsewhere: float | None
    least: float
    p: float
    users_estimated: bool = False

    @property
    def told(self) -> bool:
        """Whether the arms are shown to differ here."""
        return self.least != 0.0


@dataclass(frozen=True, slots=True)
class SliceSearch:
    """What was looked for among slices, and what was found, the largest certain difference first.

    Of ``looked_at`` slices and metrics so many were ``compared``; ``too_small`` ones had fewer than
    ``least_requests`` requests or ``least_users`` users in an arm. ``left_out`` findings are counted only.
    """

    fields: tuple[str, ...]
    looked_at: int
    compared: int
    too_small: int
    least_requests: int
    least_users: int
    confidence: float
    findings: tuple[Finding, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Stratum:
    """Requests that are alike in how the arms differ: ``taken`` of ``size`` were sampled."""

    name: str
    size: int
    taken: int


@dataclass(frozen=True, slots=True)
class CaseSample:
    """Requests that were written into a new golden set, for people to label."""

    path: str
    cases: int
    alike: int
    without_input: int
    strata: tuple[Stratum, ...]


@dataclass(frozen=True, slots=True)
class Shadow:
    """Everything that production logs of both arms say, as reports show it."""

    verdict: Verdict
    traffic: Traffic
    courses: tuple[Course, ...]
    slices: SliceSearch
    sampled: CaseSample | None = None
