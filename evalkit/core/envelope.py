"""What is acceptable: metrics, slices, bounds and the envelope that holds them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypedDict

from evalkit.core.model import Arm, Json, Snapshot

if TYPE_CHECKING:
    from evalkit.core.calibration import Calibration


class Kind(StrEnum):
    """What sort of number a metric is; decides its default statistic and its support."""

    RATE = "rate"
    SCORE = "score"
    AMOUNT = "amount"
    TIME = "time"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Support:
    """The values a metric can take, ends included; ``upper`` may be infinite."""

    lower: float
    upper: float

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite, so that exact limits exist at any sample size."""
        return math.isfinite(self.lower) and math.isfinite(self.upper)

    @property
    def width(self) -> float:
        """The distance between the ends."""
        return self.upper - self.lower

    def minus(self, other: Support, *, factor: float = 1.0) -> Support:
        """Return the support of ``x − factor·y`` for x here and y in ``other`` (factor ≥ 0)."""
        return Support(self.lower - factor * other.upper, self.upper - factor * other.lower)


UNIT_INTERVAL = Support(0.0, 1.0)
NON_NEGATIVE = Support(0.0, math.inf)


@dataclass(frozen=True, slots=True)
class Statistic:
    """What is taken of a metric's values: a rate, a mean, or a quantile.

    >>> Statistic.parse("p99.9").quantile
    0.999
    """

    name: str
    quantile: float | None = None

    @classmethod
    def parse(cls, text: str) -> Statistic:
        """Return the statistic that ``rate``, ``mean`` or ``p1`` to ``p99.9`` names.

        Raises:
            ValueError: the text names none.
        """
        if text in {"rate", "mean"}:
            return cls(text)
        percent = float(text[1:]) if _QUANTILE.fullmatch(text) else math.nan
        if not 1 <= percent <= 99.9:
            raise ValueError(f"expected rate, mean or p1 to p99.9, found {text!r}")
        return cls(f"p{percent:g}", round(percent / 100, 9))


USUAL_STATISTIC: Mapping[Kind, Statistic] = {
    Kind.RATE: Statistic("rate"),
    Kind.SCORE: Statistic("mean"),
    Kind.AMOUNT: Statistic("mean"),
    Kind.TIME: Statistic("p95", 0.95),
    Kind.CATEGORY: Statistic("mean"),
}
"""What is taken of a metric where nobody says. Nothing is ever taken of a category."""

_QUANTILE = re.compile(r"p[0-9]{1,2}(\.[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class Slice:
    """The cases a bound speaks about: any of some tags, all of some tags, and metadata values."""

    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[Json, ...]], ...] = ()

    @property
    def everything(self) -> bool:
        """Whether the slice is the whole golden set."""
        return not (self.any_of or self.all_of or self.where)

    @property
    def name(self) -> str:
        """The slice in one word or two; empty for the whole golden set."""
        parts = ["|".join(self.any_of), "&".join(self.all_of)]
        parts += [f"{key}={'|'.join(map(_word, values))}" for key, values in self.where]
        return "&".join(part for part in parts if part)

    def holds(self, tags: tuple[str, ...], metadata: Mapping[str, Json]) -> bool:
        """Return whether a case with these tags and this metadata belongs to the slice."""
        return (
            (not self.any_of or not set(self.any_of).isdisjoint(tags))
            and set(self.all_of).issubset(tags)
            and all(
                key in metadata and any(same_value(metadata[key], value) for value in values)
                for key, values in self.where
            )
        )


def _word(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def same_value(one: Json, other: Json) -> bool:
    """Return whether two values of a file are equal; true and 1 are not, as they are in Python."""
    return one == other and isinstance(one, bool) is isinstance(other, bool)


EVERYTHING = Slice()


class LimitKind(StrEnum):
    """What a limit is laid on."""

    ABSOLUTE = "absolute"
    DELTA = "delta"
    RATIO = "ratio"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True)
class Limit:
    """The acceptable region, ends included: ``None`` is unbounded on that side.

    ABSOLUTE limits the candidate alone; DELTA candidate − baseline; RATIO candidate ÷ baseline;
    SHIFT the distance between the two distributions.
    """

    kind: LimitKind
    min: float | None = None
    max: float | None = None
    distance: Literal["ks", "w1", "tv"] | None = None

    @property
    def compares(self) -> bool:
        """Whether a baseline is needed."""
        return self.kind is not LimitKind.ABSOLUTE


class Require(StrEnum):
    """What a bound needs to be satisfied: a proof, or the lack of a disproof."""

    PROVEN = "proven"
    NOT_DISPROVEN = "not-disproven"


class Severity(StrEnum):
    """Whether a bound can turn the gate, or only speaks."""

    BLOCK = "block"
    WARN = "warn"


class Scope(StrEnum):
    """What the interval is about: the traffic behind the cases, or just these cases."""

    POPULATION = "population"
    GOLDEN_SET = "golden-set"


class Method(StrEnum):
    """How the limits of a bound are computed, where somebody asks for another way than the usual."""

    USUAL = "usual"
    BETTING = "betting"  # engine S: proved, and valid however often it is looked at
    EXACT = "exact"  # the unconditional exact test of a paired difference of rates
    MOVER = "mover"  # of quantiles that are compared: from the exact limits of each


@dataclass(frozen=True, slots=True)
class Instrument:
    """A scorer with its options, one set an arm: what reads numbers off samples.

    ``scorer`` is a registered name or the path of a file with one scorer in it; ``options`` are
    instances of the frozen dataclass the scorer declares. ``by`` is whom a remote scorer asks.
    """

    name: str
    scorer: str
    options: Mapping[Arm, object]
    by: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One value of an instrument, and how to read it.

    ``unit`` is what reports print behind a number; ``labels`` are the words for 1 and 0 of a
    rate. ``fallback`` names the value that both arms are read with where one of them lacks this
    one. ``range_declared`` is true where somebody named the ends of the support, which are
    otherwise those of the kind. ``calibration`` holds what people say of some answers, which corrects it;
    ``of_asking`` says that it is about whoever was asked, so that people have no say; it follows
    from the instrument, and stays out of what a running canary knows its metrics by.
    """

    name: str
    instrument: str
    value: str
    kind: Kind
    support: Support
    unit: str = ""
    labels: tuple[str, str] | None = None
    fallback: str | None = None
    range_declared: bool = False
    calibration: Calibration | None = None
    of_asking: bool = field(default=False, repr=False)


class Heading(TypedDict):
    """Which bound something is about, and what it demands: what is found of a bound begins with it."""

    name: str
    metric: str
    kind: Kind
    statistic: str
    on: str
    limit: Limit
    require: Require
    severity: Severity


@dataclass(frozen=True, slots=True)
class Bound:
    """One line of the contract: this statistic of this metric on this slice stays inside this.

    ``recorded_time`` says that its author takes recorded times as comparable with those of today.
    """

    name: str
    metric: Metric
    statistic: Statistic
    limit: Limit
    slice: Slice = EVERYTHING
    require: Require = Require.PROVEN
    severity: Severity = Severity.BLOCK
    confidence: float = 0.95
    scope: Scope = Scope.POPULATION
    method: Method = Method.USUAL
    recorded_time: bool = False

    @property
    def heading(self) -> Heading:
        """Which bound this is, as whatever is found of it says first."""
        return Heading(
            name=self.name,
            metric=self.metric.name,
            kind=self.metric.kind,
            statistic=self.statistic.name,
            on=self.slice.name,
            limit=self.limit,
            require=self.require,
            severity=self.severity,
        )

    @property
    def alpha(self) -> float:
        """How often a claim about this bound may be wrong."""
        return round(1.0 - self.confidence, 12)

    @property
    def blocks(self) -> bool:
        """Whether this bound can turn the gate."""
        return self.severity is Severity.BLOCK


@dataclass(frozen=True, slots=True)
class Sentinel:
    """Who is asked whether a recorded baseline still is what its snapshot answers, and how often.

    ``share`` is the part of the cases that ``snapshot`` is asked anew, another one in every run.
    """

    share: float
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Envelope:
    """The acceptable behaviour of one endpoint, ready to be measured.

    ``metrics`` holds those no bound uses: they are scored and shown. ``repeats`` is how many draws
    a case the candidate gets, and ``noisy_repeats`` how many where the draws of the recorded
    baseline disagree. ``max_missing`` is a share of samples, per arm and slice. ``stops_early``
    says that a case is judged as it comes, which only bounds that are bet on allow. ``live`` are the
    arms that are asked; the others were recorded. A ``sentinel`` watches a recorded baseline.
    ``reads_texts`` says that the texts of both arms are compared, beside every bound, and
    ``drift_bound`` how well they may be told apart.
    """

    name: str
    candidate: Snapshot
    bounds: tuple[Bound, ...]
    baseline: Snapshot | None = None
    instruments: tuple[Instrument, ...] = ()
    metrics: tuple[Metric, ...] = ()
    repeats: int = 1
    noisy_repeats: int | None = None
    max_missing: float = 0.02
    inconclusive_blocks: bool = True
    live: frozenset[Arm] = frozenset()
    seed: int = 0
    stops_early: bool = False
    sentinel: Sentinel | None = None
    reads_texts: bool = True
    drift_bound: Bound | None = None

    @property
    def most_repeats(self) -> int:
        """How many draws any case of the candidate may get."""
        return max(self.repeats, self.noisy_repeats or 0)

    @property
    def snapshots(self) -> dict[Arm, Snapshot]:
        """The snapshots that are asked, baseline first."""
        arms = {Arm.BASELINE: self.baseline, Arm.CANDIDATE: self.candidate}
        return {arm: snapshot for arm, snapshot in arms.items() if snapshot is not None}

    @property
    def asked(self) -> dict[Arm, Snapshot]:
        """Whom a run asks, by arm: what is live, and for a recorded baseline its sentinel."""
        found = {arm: part for arm, part in self.snapshots.items() if arm in self.live}
        return found if self.sentinel is None else {Arm.BASELINE: self.sentinel.snapshot, **found}

    @property
    def consulted(self) -> dict[str, Snapshot]:
        """Whom instruments ask about the samples, by the instrument's name."""
        return {item.name: item.by for item in self.instruments if item.by is not None}

    @property
    def asks(self) -> bool:
        """Whether anybody is asked at all: by an arm, or about its samples."""
        return bool(self.asked or self.consulted)

    @property
    def watched(self) -> tuple[Bound, ...]:
        """The bounds that a sentinel can speak about; none where there is no sentinel."""
        return () if self.sentinel is None else tuple(filter(is_watched, self.bounds))


def is_watched(bound: Bound) -> bool:
    """Return whether a sentinel can tell that the baseline of a bound has moved.

    That is so of differences of means of what an answer says; never of times and of money.
    """
    return (
        bound.limit.kind is LimitKind.DELTA
        and bound.metric.kind in {Kind.RATE, Kind.SCORE}
        and bound.statistic.quantile is None
        and bound.metric.support.bounded
    )
