"""The words of an envelope file and the shapes they come in; meaning is given elsewhere.

Short forms become long ones here (``on: traffic`` is ``on: {any: [traffic]}``), so that whoever
reads a parsed file meets one form of each thing.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from evalkit.core.envelope import Require, Scope, Severity, Statistic
from evalkit.spec.durations import Duration
from evalkit.spec.prometheus_file import PrometheusFile
from evalkit.spec.words import Given, Number, Open, Part, Quantity, Range, Share, Strict, refused

WORD = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
FILE_WORD = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# ---------------------------------------------------------------- golden set


def _as_sources(given: object) -> object:
    items = given if isinstance(given, list) else [given]
    return [{"path": item} if isinstance(item, str) else item for item in items]


Tag: TypeAlias = Annotated[str, Field(min_length=1)]


class GoldenSource(Strict):
    """One file of cases; its tags are added to each of them."""

    path: str
    tags: list[Tag] = Field(default=[])


Sources: TypeAlias = Annotated[
    list[GoldenSource], BeforeValidator(_as_sources), Field(min_length=1)
]


class GoldenSet(Strict):
    """The files of a golden set on their own."""

    sources: Sources


# ---------------------------------------------------------------- snapshots


def _as_prompt(given: object) -> object:
    if isinstance(given, dict) and given.keys() <= {"version"}:
        raise refused("text or file", given)
    return {"text": given} if isinstance(given, str) else given


def _as_version(given: object) -> object:
    if isinstance(given, (int, str)) and not isinstance(given, bool):
        return given
    raise refused("text or a whole number", given)


class SystemPromptFile(Strict):
    """A system prompt and the version its author gave it; ``file`` is read into ``text``."""

    text: str = ""
    file: Given[str] = None
    version: Annotated[int | str | None, BeforeValidator(_as_version)] = None


class PricesFile(Strict):
    """US dollars per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


def _as_schema(given: object) -> object:
    if isinstance(given, (str, dict)):
        return given
    raise refused("a JSON Schema or the path of one", given)


def _as_seconds(given: object) -> object:
    return float(given) if type(given) is int else given


class AskedFile(Open):
    """Who answers: a provider with a model, a prompt and parameters."""

    provider: str
    model: Given[str] = None
    system_prompt: Annotated[Given[SystemPromptFile], BeforeValidator(_as_prompt)] = None
    prompt: Given[str] = None
    template: Literal["format", "jinja", "none"] = "format"
    params: dict[str, Any] = Field(default={})
    response_schema: Annotated[str | dict[str, Any] | None, BeforeValidator(_as_schema)] = None
    prices: Given[PricesFile] = None
    expected_model: Given[str] = None
    concurrency: int = Field(default=16, ge=1, le=4096)
    timeout: Annotated[float, BeforeValidator(_as_seconds), Field(gt=0, le=86_400)] = 60.0


class ConsultedFile(Open):
    """Whom a remote scorer asks: a provider with a model; what is asked is the scorer's to say."""

    provider: str
    model: Given[str] = None
    params: Given[dict[str, Any]] = None
    prices: Given[PricesFile] = None
    expected_model: Given[str] = None
    concurrency: int = Field(default=16, ge=1, le=4096)
    timeout: Annotated[float, BeforeValidator(_as_seconds), Field(gt=0, le=86_400)] = 60.0


class SentinelFile(AskedFile):
    """Who is asked a share of the cases anew, to see whether a recorded baseline still holds.

    What it leaves out is as the baseline states it.
    """

    share: Part


class SnapshotFile(AskedFile):
    """A snapshot of an envelope; a recorded baseline may have a sentinel."""

    sentinel: Given[SentinelFile] = None


# ---------------------------------------------------------------- metrics and bounds


def _as_calibration(given: object) -> object:
    if isinstance(given, (str, dict)):
        return given
    raise refused("the path of a file that evalkit calibrate wrote", given)


class MetricFile(Open):
    """A scorer under a name, with its options; ``calibration`` is read in where it is a path."""

    scorer: str
    range: Given[Range] = None
    calibration: Annotated[str | dict[str, Any] | None, BeforeValidator(_as_calibration)] = None


def _as_slice(given: object) -> object:
    # An empty slice must not become the whole golden set: somebody forgot a tag.
    if isinstance(given, dict) and any(given.values()):
        return given
    if isinstance(given, (str, list)) and given:
        return {"any": given if isinstance(given, list) else [given]}
    raise refused(
        "a tag, a list of tags, {all: [tags]} or {where: {key: value}}", given,
        "; leave the key out for all cases",
    )  # fmt: skip


def _as_values(given: object) -> object:
    values = given if isinstance(given, list) else [given]
    if values and not any(isinstance(value, (list, dict)) for value in values):
        return given
    raise refused("a value or a list of values", given)


class SliceFile(Strict):
    """The cases with any of some tags, with all of some tags, or with metadata values."""

    any: list[Tag] = Field(default=[])
    all: list[Tag] = Field(default=[])
    where: dict[str, Annotated[Any, BeforeValidator(_as_values)]] = Field(default={})


def _as_delta(given: object) -> object:
    if isinstance(given, dict):
        return given
    margin = Quantity.read(given)
    if margin.value < 0:
        raise refused("a margin of at least 0", given, "; write min: or max: under it for one side")
    return {"min": _negated(given), "max": given}


def _negated(given: object) -> object:
    return f"-{given.strip().lstrip('+')}" if isinstance(given, str) else -given  # type: ignore[operator]


def _as_sides(given: object) -> object:
    if isinstance(given, (int, float, str)) and not isinstance(given, bool):
        raise refused("{min, max}", given, f"; did you mean {{max: {given}}}?")
    return given


class SidesFile(Strict):
    """A limit on one side or on both."""

    min: Given[Number] = None
    max: Given[Number] = None


class ShiftFile(Strict):
    """How far two distributions may lie apart."""

    max: Number
    distance: Given[Literal["ks", "w1", "tv"]] = None


def _statistic(given: object) -> str:
    try:
        return Statistic.parse(str(given)).name
    except ValueError as error:
        raise PydanticCustomError("statistic", "{message}", {"message": str(error)}) from None


StatisticName: TypeAlias = Annotated[
    str,
    PlainValidator(_statistic),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(rate|mean|p[0-9]{1,2}(\.[0-9]{1,4})?)$",
            "description": "rate, mean, or p1 to p99.9",
        }
    ),
]
Confidence: TypeAlias = Annotated[float, Field(gt=0.5, lt=1)]


def _line(given: str) -> str:
    if given.strip() and not _CONTROL.search(given):
        return given
    raise refused("a name of one line", given)


class BoundFile(Strict):
    """One line of the contract."""

    metric: str
    min: Given[Number] = None
    max: Given[Number] = None
    delta: Annotated[Given[SidesFile], BeforeValidator(_as_delta)] = None
    ratio: Annotated[Given[SidesFile], BeforeValidator(_as_sides)] = None
    shift: Annotated[Given[ShiftFile], BeforeValidator(_as_sides)] = None
    statistic: Given[StatisticName] = None
    on: Annotated[Given[SliceFile], BeforeValidator(_as_slice)] = None
    each: Given[Annotated[list[Tag], Field(min_length=1)]] = None
    range: Given[Range] = None
    require: Given[Require] = None
    severity: Given[Severity] = None
    confidence: Given[Confidence] = None
    scope: Given[Scope] = None
    method: Given[Literal["betting", "exact", "mover"]] = None
    recorded_time: Given[Literal["comparable"]] = None
    name: Given[Annotated[str, AfterValidator(_line)]] = None


def _one(given: object) -> object:
    if isinstance(given, bool):  # true equals 1 for Python, not for a reader
        raise refused("1", given)
    return given


def _repeats(given: object) -> object:
    if given == NOISE_AWARE or (
        isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST_REPEATS
    ):
        return given
    raise refused(f"a number from 1 to {MOST_REPEATS}, or {NOISE_AWARE}", given)


def _as_drift(given: object) -> object:
    if isinstance(given, str):
        return {"look": given}
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        raise refused("on, off or {max}", given, f"; did you mean {{max: {given}}}?")
    return given


class DriftFile(Strict):
    """Whether the texts of both arms are compared, and how well they may be told apart."""

    look: Literal["on", "off"] = "on"
    max: Given[Number] = None
    require: Given[Require] = None
    severity: Given[Severity] = None
    confidence: Given[Confidence] = None


# ---------------------------------------------------------------- canary


def _as_stage(given: object) -> object:
    return given if isinstance(given, dict) else {"share": given}


class StageFile(Strict):
    """A step of a rollout: how much of the traffic the candidate gets, and for how long."""

    share: Part
    min_duration: Given[Duration] = None
    max_duration: Given[Duration] = None


def _as_canary(given: object) -> object:
    return {"stages": given} if isinstance(given, list) else given


class CanaryFile(Strict):
    """How a candidate is rolled out, and what rolls it back besides the bounds."""

    stages: list[Annotated[StageFile, BeforeValidator(_as_stage)]] = Field(min_length=1)
    triggers: list[BoundFile] = Field(default=[])
    without: list[str] = Field(default=[])
    min_duration: Given[Duration] = None
    max_duration: Given[Duration] = None
    look: Given[Duration] = None
    stale_after: Given[Duration] = None
    confidence: Given[Confidence] = None
    detect: Annotated[Given[float], BeforeValidator(_as_seconds), Field(gt=1, le=1000)] = None
    negligible: Given[Part] = None
    sample: Given[Part] = None
    prometheus: Given[PrometheusFile] = None


NOISE_AWARE = "noise-aware"
MOST_REPEATS = 1000
REPEATS_SCHEMA = {
    "anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_REPEATS}, {"const": NOISE_AWARE}],
    "description": "draws a case; noise-aware: more only where the baseline's draws disagree",
}
Repeats: TypeAlias = Annotated[int | str, PlainValidator(_repeats), WithJsonSchema(REPEATS_SCHEMA)]

# ---------------------------------------------------------------- the file


class EnvelopeFile(Strict):
    """An envelope: what is asked, who answers, and what is acceptable."""

    version: Annotated[Literal[1], BeforeValidator(_one)]
    name: str = Field(pattern=FILE_WORD)
    golden_set: Sources
    candidate: SnapshotFile
    baseline: Given[SnapshotFile] = None
    metrics: dict[Annotated[str, Field(pattern=WORD)], MetricFile] = Field(default={})
    bounds: list[BoundFile] = Field(min_length=1)
    repeats: Repeats = 1
    confidence: Confidence = 0.95
    scope: Scope = Scope.POPULATION
    require: Require = Require.PROVEN
    severity: Severity = Severity.BLOCK
    max_missing: Share = Quantity(0.02)
    inconclusive: Literal["block", "warn"] = "block"
    early_stop: Literal["none", "betting"] = "none"
    drift: Annotated[DriftFile, BeforeValidator(_as_drift)] = DriftFile()
    canary: Annotated[Given[CanaryFile], BeforeValidator(_as_canary)] = None
    seed: int = Field(default=0, ge=0)
