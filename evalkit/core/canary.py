"""A canary's nouns: what is watched, what one look showed, what was decided and what is remembered.

Times are seconds since 1970 in UTC; whoever shows them writes them as dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

from evalkit.core.envelope import EVERYTHING, Instrument, Metric, Slice
from evalkit.core.model import Arm
from evalkit.core.prometheus import PrometheusQueries
from evalkit.core.verdict import ExitCode

# ---------------------------------------------------------------- what is watched


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a rollout: this share of the traffic goes to the candidate, for so many seconds."""

    share: float
    min_duration: float
    max_duration: float


class TriggerKind(StrEnum):
    """Which evidence a trigger gathers, and so what it needs of a look.

    EVENTS: how many of how many, in both arms (``Counted``); BEYOND: the same of values above a
    threshold; SCORE: values between two ends (``Values``, or ``Counted`` of a rate); MEAN: sums of
    values without an end (``Sums``).
    """

    EVENTS = "events"
    BEYOND = "beyond"
    SCORE = "score"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Trigger:
    """One way in which a candidate can be worse, with the evidence at which it is rolled back.

    Against the baseline of the same look: EVENTS and BEYOND alarm where the candidate's share of
    events is more than ``tolerated`` times the baseline's; SCORE and MEAN where
    ``sign · (candidate − factor · baseline)`` is more than ``tolerated``. Where a bound speaks of
    the candidate alone, it has to be above ``limit`` as well (``sign`` times both).

    ``absence`` says that an event is a sample without it (a bound ``min`` on a rate). ``threshold`` is the
    value beyond which BEYOND counts; where it is ``None``, it is frozen from the baseline:
    ``stretch`` times its quantile, plus ``shift``. ``detect`` is how many times worse than what is
    tolerated a candidate is that should not be promoted; ``said`` is what an alarm disproves; ``alpha`` is the trigger's share of false
    rollbacks in one stage.
    """

    name: str
    bound: str
    metric: Metric
    kind: TriggerKind
    alpha: float
    tolerated: float = 1.0
    sign: int = 1
    factor: float = 1.0
    limit: float | None = None
    absence: bool = False
    quantile: float | None = None
    threshold: float | None = None
    stretch: float = 1.0
    shift: float = 0.0
    detect: float = 2.0
    slice: Slice = EVERYTHING
    said: str = ""

    @property
    def approximate(self) -> bool:
        """Whether the level of its alarm is that of large samples, and not proved for all."""
        return self.kind is TriggerKind.MEAN

    @property
    def frozen_first(self) -> bool:
        """Whether the threshold has to be read off the baseline before anything is counted."""
        return self.kind is TriggerKind.BEYOND and self.threshold is None


@dataclass(frozen=True, slots=True)
class Unwatched:
    """A bound that no canary can watch, and why."""

    bound: str
    why: str


@dataclass(frozen=True, slots=True)
class CanaryPlan:
    """The canary of an envelope: stages, triggers, and how often one looks.

    ``look`` is the length of a look in seconds; looks begin at multiples of it. Data is stale where
    the newest look ended more than ``stale_after`` seconds ago. ``negligible`` is a rate of events so low that
    nobody minds its being doubled. ``sample`` is the share of requests that text scorers read.
    """

    name: str
    stages: tuple[Stage, ...]
    triggers: tuple[Trigger, ...]
    instruments: tuple[Instrument, ...] = ()
    unwatched: tuple[Unwatched, ...] = ()
    alpha: float = 0.05
    look: float = 600.0
    stale_after: float = 1800.0
    negligible: float = 0.001
    sample: float = 1.0
    freeze: float = 86_400.0
    seed: int = 0
    digest: str = ""
    run: str = ""
    prometheus: PrometheusQueries | None = None


# ---------------------------------------------------------------- what one look showed


@dataclass(frozen=True, slots=True)
class Counted:
    """So many events among so many chances for one: users where they are known, else requests.

    A user counts with the share of the own requests that had the event, so that what somebody
    tries again and again counts once.
    """

    found: float
    chances: int


@dataclass(frozen=True, slots=True)
class Values:
    """One value a user, the mean of theirs (where users are unknown a request), in the order they came."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sums:
    """How many values there were, one a user as above, their sum and the sum of their squares."""

    count: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How many values fell in which cell of a logarithmic scale (``stats.spread``)."""

    cells: Mapping[int, float]


NOBODY = -1
"""The code of a user whom the source does not name."""


@dataclass(frozen=True, slots=True)
class UserValues:
    """One value a user, the mean of theirs, in the order they came, and whose it is.

    ``users`` holds a code each, as in ``ArmLook``; ``NOBODY`` is a request that nobody is named for.
    """

    values: tuple[float, ...]
    users: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UserCells:
    """In which cells of a ``Spread`` the values of each user fell; ``users`` as above."""

    cells: tuple[tuple[int, ...], ...]
    users: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Nothing could be read for a trigger, for the reason given: NaN, no such metric, no value."""

    why: str


Observed: TypeAlias = Counted | Values | Sums | Spread | UserValues | UserCells | Unread


@dataclass(frozen=True, slots=True)
class ArmLook:
    """What one arm did in a look: its requests, and what each trigger saw of them, by its name.

    ``users`` are all who were named, as numbers below 2**32; somebody who met both arms is in the
    one that was met first.
    """

    requests: int
    observed: Mapping[str, Observed] = field(default_factory=dict)
    users: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What the traffic of one stretch of time showed; an arm that is not there had no request.

    ``start`` (from it on) and ``end`` (up to it, without it) name the look: no state takes in the
    same stretch twice. ``future`` counts requests from after now, which are in no look.
    """

    start: float
    end: float
    arms: Mapping[Arm, ArmLook] = field(default_factory=dict)
    future: int = 0


class LookSource(Protocol):
    """Where looks come from: logs, or a monitoring system."""

    def looks(self, plan: CanaryPlan, state: State, now: float) -> Iterator[Look]:
        """Yield the looks that ended by ``now`` and begin at or after ``state.watermark``.

        They come in order, whole looks only: ``start`` is a multiple of ``plan.look`` and ``end`` is
        ``start + plan.look``. A stretch without a request is a look without arms, or none.
        ``state.thresholds`` holds what BEYOND triggers count beyond, once it was frozen.
        """
        ...


@runtime_checkable
class Bookmarked(Protocol):
    """A source that reads on where it stopped, and keeps the place in the state."""

    def bookmark(self, watermark: float | None) -> Mapping[str, object]:
        """Return from where what follows the watermark has to be read."""
        ...


# ---------------------------------------------------------------- what was decided


class Action(StrEnum):
    """What to do with the traffic."""

    PROMOTE = "promote"
    HOLD = "hold"
    ROLLBACK = "rollback"


class ReasonCode(StrEnum):
    """Why: the first two end a stage, every other one holds."""

    ALARM = "alarm"
    CLEAR = "clear"
    NO_DATA = "no_data"
    STALE = "stale"
    MISSING_ARM = "missing_arm"
    UNREAD = "unread"
    CLOCK_SKEW = "clock_skew"
    SHARE_OFF = "share_off"
    BASELINE_TOO_SHORT = "baseline_too_short"
    MIN_DURATION = "min_duration"
    TOO_FEW = "too_few"
    MAX_DURATION = "max_duration"


NOT_MEASURED = frozenset(
    {ReasonCode.NO_DATA, ReasonCode.STALE, ReasonCode.MISSING_ARM, ReasonCode.UNREAD}
)
"""Reasons to hold because nothing, or nothing whole, was seen."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in a code for machines and a sentence for people."""

    code: ReasonCode
    text: str
    trigger: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a trigger stands: its evidence, the evidence that alarms, and what it has seen.

    All three are natural logarithms of e-values; ``highest`` is the highest there was. ``rates`` are baseline and candidate as estimated from
    this stage (rates, means, shares beyond the threshold); ``seen`` counts the candidate's chances,
    ``needed`` those at which a candidate ``detect`` times worse would have been found out in 4 of 5
    canaries; ``None`` is not known yet.
    """

    trigger: str
    log_e: float
    highest: float
    alarm_at: float
    seen: int
    needed: int | None
    rates: tuple[float | None, float | None]
    threshold: float | None = None

    @property
    def alarmed(self) -> bool:
        """Whether the evidence has ever been enough; evidence that was, stays."""
        return self.highest >= self.alarm_at


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided after a look, and why. ``number`` counts the decisions of a state file.

    ``share`` is the share of traffic that the candidate is to have from now on: 0 after a rollback,
    the next stage's after a promotion, 1 after the last. ``stage`` is the one decided about, from 0,
    and ``looks``, ``requests`` (baseline first) and ``covered`` seconds are those of it; ``look`` is the end of
    the newest look and ``realised`` the candidate's share of its requests.
    """

    number: int
    run: str
    stage: int
    share: float
    action: Action
    reasons: tuple[Reason, ...]
    at: float
    look: float | None
    realised: float | None
    standings: tuple[Standing, ...]
    looks: int = 0
    requests: tuple[int, int] = (0, 0)
    covered: float = 0.0
    final: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """What a process says that was asked to decide: 0 promote, 1 roll back, 3 hold, 4 no data."""
        match self.action:
            case Action.PROMOTE:
                return ExitCode.PASS
            case Action.ROLLBACK:
                return ExitCode.FAIL
        unmeasured = any(reason.code in NOT_MEASURED for reason in self.reasons)
        return ExitCode.UNMEASURED if unmeasured else ExitCode.INCONCLUSIVE


# ---------------------------------------------------------------- what is remembered


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a trigger has gathered in a round, in as many numbers after a year as after a look.

    ``versus`` and ``alone`` are the numbers of its process against the baseline and against the
    limit; ``found`` and ``chances`` are sums by arm, baseline first. ``highest`` is the highest
    evidence there was.
    """

    versus: tuple[float, ...] = ()
    alone: tuple[float, ...] = ()
    found: tuple[float, float] = (0.0, 0.0)
    squares: tuple[float, float] = (0.0, 0.0)
    chances: tuple[int, int] = (0, 0)
    log_e: float = 0.0
    highest: float = 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """A stretch of a stage, up to now, in which each user counts once.

    The round of number 0 is the stage as a whole, those that follow begin later in it; the one of
    number −1 is of the time before the stage's share was seen. ``since`` is the look it begins with.
    A ``whole`` round holds all that some trigger has seen of the stage.
    """

    number: int
    since: int
    whole: bool
    evidence: Mapping[str, Evidence] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """All that a canary remembers between two looks.

    ``stage`` counts from 0; ``since`` is when the stage's share was first seen in the traffic, and
    ``covered`` for how many seconds it was. ``looks`` and ``requests`` (baseline first) are those of
    the stage. ``watermark`` is the end of the last look. ``rounds`` hold the evidence of the stage,
    and ``users`` who came in it (``stages.canary.users``); of all there are, one in 2 to the power of ``thinned``
    is watched. ``highest`` is the highest evidence of each
    trigger in any of them. ``thresholds`` are frozen, ``spreads`` are what they
    will be frozen from, ``spread_for`` how many seconds of the baseline. ``decision`` is the newest one, and ``number`` its number; a
    ``final`` one is never followed by another in the same run. A ``bookmark`` is its source's own.
    """

    run: str
    digest: str
    stage: int = 0
    since: float | None = None
    watermark: float | None = None
    looks: int = 0
    covered: float = 0.0
    requests: tuple[int, int] = (0, 0)
    rounds: tuple[Round, ...] = ()
    users: str = ""
    thinned: int = 0
    highest: Mapping[str, float] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    spreads: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    spread_for: float = 0.0
    decision: Decision | None = None
    number: int = 0
    bookmark: Mapping[str, object] | None = None
