"""What is asked and what is answered: cases, snapshots, samples, scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A parsed JSON value: finite numbers, no lone surrogates."""


class Absent(Enum):
    """The one value that says "nothing was given", where ``None`` is a value of its own."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class Arm(StrEnum):
    """The two sides of a gate."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"


# ---------------------------------------------------------------- golden set


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


CaseInput: TypeAlias = "str | tuple[Message, ...] | Mapping[str, Json]"
"""What the model is asked: a user message, a conversation, or variables of a prompt template."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question of the golden set, with what a scorer needs to judge an answer.

    ``cluster`` names what several cases share (a document, a conversation); cases without one
    stand alone.
    """

    id: str
    input: CaseInput
    reference: Json | Literal[Absent.ABSENT] = ABSENT
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)


# ---------------------------------------------------------------- snapshot


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """The system prompt as sent, and the version its author gave it."""

    text: str
    version: int | str | None = None


PER_MILLION = 1e-6


@dataclass(frozen=True, slots=True)
class Prices:
    """Money per million tokens, in US dollars."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that decides how an endpoint behaves, as the envelope states it.

    ``options`` is the provider's own frozen dataclass; ``response_schema`` is the text of a JSON
    Schema, its fields in the order they were written, which is the order an endpoint fills them in; ``params`` are sampling parameters, sent only because the user gave them;
    ``concurrency`` is how many requests run at a time, ``timeout`` the seconds an attempt may take.
    """

    provider: str
    options: object
    model: str | None = None
    system_prompt: SystemPrompt | None = None
    prompt: str | None = None
    template: Literal["format", "jinja", "none"] = "format"
    params: Mapping[str, Json] = field(default_factory=dict)
    response_schema: str | None = None
    prices: Prices | None = None
    expected_model: str | None = None
    concurrency: int = 16
    timeout: float = 60.0


# ---------------------------------------------------------------- sample


class ErrorKind(StrEnum):
    """Why a sample is missing. Behaviour (refusals, bad JSON, truncation) is never in this list."""

    NO_RECORD = "no_record"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    SERVER = "server"
    MALFORMED = "malformed"
    DENIED = "denied"
    QUOTA = "quota"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SampleError:
    """An infrastructure failure in place of an answer; ``message`` is the raw text."""

    kind: ErrorKind
    message: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One observed response, or the error that stands in its place.

    ``None`` means the source did not say; it is never read as 0 or as empty. Times are
    milliseconds, money is US dollars. ``refusal`` is the provider's own refusal signal: its text,
    or "" for a bare flag.
    """

    case_id: str
    arm: Arm
    index: int = 0
    output: str | None = None
    error: SampleError | None = None
    model: str | None = None
    model_requested: str | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    attempts: int | None = None
    request_id: str | None = None
    fingerprint: str | None = None
    format_version: str | None = None
    model_deprecated_at: str | None = None
    created: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    extra: Mapping[str, Json] = field(default_factory=dict)


def billed(sample: Sample, prices: Prices | None) -> float | None:
    """Return what an answer costs in US dollars: by the prices, and without them as recorded.

    Nothing is returned where the answer does not say what it takes to know.

    >>> billed(Sample("a", Arm.CANDIDATE, input_tokens=900, output_tokens=100), Prices(1.0, 10.0))
    0.0019
    """
    if prices is None:
        return sample.cost_usd
    if sample.input_tokens is None or sample.output_tokens is None:
        return None
    tokens = sample.input_tokens * prices.input + sample.output_tokens * prices.output
    return tokens * PER_MILLION


# ---------------------------------------------------------------- score


@dataclass(frozen=True, slots=True)
class Unscored:
    """A scorer could not read this value off this sample, for the reason given.

    The reason is a short phrase that completes "N samples have …", such as ``no latency_ms``.
    """

    reason: str


ScoreValue: TypeAlias = "float | str | Unscored"
"""A number, a category, or the reason why there is neither."""


FAILURE = "a failure of "
"""How the reason begins why a sample has no value whose scorer raised an error."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one scorer says about one sample.

    ``values`` stand in the order the scorer declares them. ``probability`` is the detector's own
    probability of the first value being 1; ``detail`` is a sentence for a reviewer. ``mistakes``
    holds for each value how probable it is that people would say otherwise, as measured on labelled
    answers; ``None`` where nobody measured it, nothing at all where that is so of every value.
    ``beside`` is the answer that this one was compared with, where it was.
    """

    values: tuple[ScoreValue, ...]
    probability: float | None = None
    detail: str = ""
    mistakes: tuple[float | None, ...] = ()
    beside: Sample | None = None


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """A sample and what each instrument that it matters to says about it, by instrument."""

    sample: Sample
    scores: Mapping[str, Score]
