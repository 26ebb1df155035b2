"""What came out: estimates, bound results, and the verdict that decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from evalkit.core.contract import ContractDiff
from evalkit.core.drift import Drift
from evalkit.core.envelope import Kind, Limit, Require, Scope, Severity
from evalkit.core.fields import FieldDrift
from evalkit.core.model import Arm
from evalkit.core.waiver import Waiver


class ExitCode(IntEnum):
    """What the process returns; printed by ``evalkit gate --help``.

    ``PASS`` is also that of a verdict which a waiver lets through: it stays what it is, and says so.
    """

    PASS = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    UNMEASURED = 4
    BUG = 70
    INTERRUPTED = 130


class Result(StrEnum):
    """What is known about one bound."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNDECIDED = "undecided"
    UNMEASURED = "unmeasured"


class Outcome(StrEnum):
    """What is known about the candidate; folded as fail > unmeasured > inconclusive > pass."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    UNMEASURED = "unmeasured"


class Reason(StrEnum):
    """Why a bound is undecided or unmeasured."""

    MULTIPLICITY = "multiplicity"  # outside on its own, not after correction for all bounds
    IMPOSSIBLE = "impossible"  # fewer cases than any data could prove it with
    TOO_FEW = "too_few"  # fewer units than the method is valid for
    TOO_NOISY = "too_noisy"  # more cases would decide it
    MISSING = "missing"  # decided, but for the missing samples
    AT_MARGIN = "at_margin"  # so close to the limit that more cases would not help soon
    ZERO_VARIANCE = "zero_variance"  # all equal, and no declared range says how rare a tail may be
    INSTRUMENT = "instrument"  # decided, but for the mistakes that its detector is known to make
    BASELINE_STALE = "baseline_stale"  # what was recorded is no longer what its snapshot answers

    NO_CASES = "no_cases"
    NO_VALUES = "no_values"
    NO_BASELINE = "no_baseline"
    OUT_OF_RANGE = "out_of_range"
    NOT_IN_LOGS = "not_in_logs"  # production logs do not hold what it takes: labels, a judge, tags


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """There is no estimate, and this is why."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with both one-sided limits, each at ``confidence``; an infinite limit is "no limit".

    ``n`` counts cases, ``samples`` the samples behind them, ``clusters`` the independent groups
    (equal to ``n`` where cases stand alone), ``missing`` the samples that are not there and were
    put at their worst. ``approximate`` marks an interval without an exact guarantee.
    """

    value: float
    lower: float
    upper: float
    confidence: float
    n: int
    samples: int
    clusters: int
    missing: int
    method: str
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Settle:
    """What would decide an undecided bound; ``None`` where that way is closed.

    ``n`` is how many more cases would, 8 times in 10, if the truth is what was observed;
    ``n_unchanged`` the same if the candidate does not differ from the baseline; ``repeats`` how
    many samples a case; ``margin`` the nearest limit that these cases do prove; ``n_least`` the
    fewest independent units that can prove the bound at all, ``n_valid`` those that its method is
    valid from; ``cost_usd`` what ``n`` more cases cost.
    """

    n: int | None = None
    n_unchanged: int | None = None
    repeats: int | None = None
    margin: Limit | None = None
    n_least: int | None = None
    n_valid: int | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """What becomes of a bound if the candidate truly has a value: probabilities."""

    truth: float
    holds: float
    broken: float


@dataclass(frozen=True, slots=True)
class BaselineDrift:
    """How far a recorded baseline is from what its snapshot answers, as a sentinel has seen it.

    ``value`` is the mean of fresh − recorded over ``cases`` answers of ``runs`` runs; ``stale`` says
    that it is shown to be further than the bound allows the candidate to be.
    """

    cases: int
    runs: int
    value: float
    stale: bool


@dataclass(frozen=True, slots=True)
class Detector:
    """The detector behind a bound, and what is known of its mistakes.

    On ``labelled`` answers in ``groups`` of one source and model each, its rate was as far as
    ``usually`` off that of people in the median of these groups, and ``at_worst`` in one of them. On the
    answers of this run the truth may lie ``down`` below and ``up`` above what was measured; ``None``
    where that is not known.
    """

    id: str
    labelled: int
    groups: int
    usually: float
    at_worst: float
    down: float | None = None
    up: float | None = None


@dataclass(frozen=True, slots=True)
class BoundResult:
    """What is known about one bound, and everything a reviewer needs beside it.

    ``effect`` is candidate against baseline and stands only where the limit compares them;
    ``judged`` is the estimate the limit was laid on. ``p_broken`` is the p-value of "outside",
    ``p_holm`` the same after correction for all blocking bounds. ``sees`` tells what becomes of the
    bound for other true values, on data as much as these. ``decided_after`` says after how many
    independent units a bet on the bound was won: those that came later were not needed.
    ``baseline_drift`` is what a sentinel has seen of the baseline; ``detector`` who read the answers,
    where that takes judgement. ``uncalibrated`` says why the labels of people that should correct it
    are not enough.
    """

    name: str
    metric: str
    kind: Kind
    statistic: str
    on: str
    limit: Limit
    unit: str
    labels: tuple[str, str] | None
    require: Require
    severity: Severity
    scope: Scope
    result: Result
    reason: Reason | None
    detail: str
    baseline: Estimate | Unmeasured | None
    candidate: Estimate | Unmeasured
    effect: Estimate | Unmeasured | None
    p_broken: float | None
    p_holm: float | None
    settle: Settle | None
    detects: float | None = None
    sees: tuple[Chance, ...] = ()
    decided_after: int | None = None
    baseline_drift: BaselineDrift | None = None
    detector: Detector | None = None
    uncalibrated: str | None = None

    @property
    def judged(self) -> Estimate | Unmeasured:
        """The estimate the limit was laid on."""
        return self.effect if self.effect is not None else self.candidate

    @property
    def blocks(self) -> bool:
        """Whether this bound can turn the gate."""
        return self.severity is Severity.BLOCK


@dataclass(frozen=True, slots=True)
class MetricResult:
    """A metric that no bound uses: scored and shown."""

    name: str
    kind: Kind
    statistic: str
    unit: str
    baseline: Estimate | Unmeasured | None
    candidate: Estimate | Unmeasured


@dataclass(frozen=True, slots=True)
class SliceResult:
    """A metric of a bound on a tag that no bound of it names: to read, never to gate.

    ``effect`` is candidate − baseline, where there are both.
    """

    metric: str
    kind: Kind
    statistic: str
    on: str
    unit: str
    baseline: Estimate | Unmeasured | None
    candidate: Estimate | Unmeasured
    effect: Estimate | Unmeasured | None


@dataclass(frozen=True, slots=True)
class SnapshotSummary:
    """The model that was asked for and the models that said they answered.

    ``formats`` are the format versions that responses named beside their answers, ``deprecated`` the days,
    ISO 8601, from which on their endpoint calls the model deprecated; what is none of either is
    ``unreadable``.
    """

    requested: str | None
    served: tuple[str, ...]
    formats: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """How complete one arm is.

    ``errors`` counts the missing samples by kind; ``unused`` counts further samples of a case
    that the envelope's ``repeats`` did not ask for; ``cost_usd`` is what they cost together, where
    all that were answered say so; ``recorded`` is the day of the first of them, where any says when.
    """

    cases: int
    samples: int
    missing: int
    errors: Mapping[str, int]
    attempts: int | None
    unused: int = 0
    cost_usd: float | None = None
    recorded: str | None = None


@dataclass(frozen=True, slots=True)
class Flip:
    """A case whose answer changed side, or moved far; ``effect`` is candidate − baseline."""

    case: str
    bound: str
    kind: str
    effect: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """One metric in both arms on shared bins.

    ``edges`` has one more entry than each list of counts; a logarithmic axis starts at the
    smallest positive value, and ``zeros`` counts what it cannot show. ``marks`` holds p50, p95
    and max of each arm.
    """

    metric: str
    unit: str
    logarithmic: bool
    edges: tuple[float, ...]
    counts: Mapping[Arm, tuple[int, ...]]
    zeros: Mapping[Arm, int]
    marks: Mapping[Arm, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Digests:
    """What was judged, by content: sha256 over canonical JSON, independent of line order."""

    golden_set: str
    envelope: str
    prompts: Mapping[Arm, str]
    schemas: Mapping[Arm, str]
    scorers: Mapping[str, str]
    calibrations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict reports beside its bounds, found by other stages.

    ``smoke`` marks a run on part of the golden set or of the bounds: it is never a pass. ``look``
    counts the gates on this candidate, each on fresh answers, that are known where it was judged.
    ``stopped`` says why an arm could not be asked to the end; ``notes`` are sentences that a reader
    of the verdict has to know, such as that another model answered than was asked for. ``drift`` is what
    the texts of the arms differ by, whatever bounds name; nothing where nobody could have looked.
    ``contract`` is what became of the response schema between the arms, where they are held to two;
    ``fields`` what the fields of JSON answers differ by. ``waiver`` is who lets a verdict through that is
    no pass.
    """

    digests: Digests
    snapshots: Mapping[Arm, SnapshotSummary]
    arms: Mapping[Arm, ArmSummary]
    flips: tuple[Flip, ...] = ()
    distributions: tuple[Histogram, ...] = ()
    smoke: bool = False
    look: int = 1
    stopped: Mapping[Arm, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    drift: Drift | None = None
    contract: ContractDiff | None = None
    fields: FieldDrift | None = None
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, and everything a report shows.

    ``sentence`` is the headline, ``lead`` the sentence under it. ``slices_left_out`` counts the tags
    that are too many to be estimated one by one.
    """

    envelope: str
    outcome: Outcome
    exit_code: ExitCode
    sentence: str
    lead: str
    bounds: tuple[BoundResult, ...]
    metrics: tuple[MetricResult, ...]
    facts: Facts
    slices: tuple[SliceResult, ...] = ()
    slices_left_out: int = 0
