"""A sample and its line of JSON: one form for recordings, runs and logs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from evalkit.core.model import (
    ABSENT,
    Absent,
    Arm,
    Case,
    CaseInput,
    ErrorKind,
    Json,
    Message,
    Sample,
    SampleError,
)
from evalkit.core.quick import maker

LARGEST = 1e20
"""No clock, bill or count of tokens shows more."""


class RecordError(ValueError):
    """A value is no record; the message says what was expected and what was found."""


def sample_of(data: Json, arm: Arm) -> Sample:
    """Return the sample a record holds.

    ``id`` is required, and something observed: an output, an error, or a measurement. Fields that
    nobody knows are kept under ``extra``.

    Raises:
        RecordError: a field is missing or of the wrong shape.
    """
    if not isinstance(data, dict):
        raise RecordError(f"expected an object with id and output, found {_shown(data)}")
    found: dict[str, Any] = {}
    extra: dict[str, Json] = {}
    for key, value in data.items():
        field = _FIELDS.get(key)
        if field is not None:
            if value is not None:
                name, read = field
                found[name] = read(key, value)
        elif key not in _IGNORED:
            extra[key] = value
    if "case_id" not in found:
        raise RecordError("expected id, found none")
    _settle_outcome(found)
    if _OBSERVED.isdisjoint(found):
        raise RecordError("expected output or error, found neither")
    return maker(Sample)(arm=arm, extra=extra, **found)


def record_of(sample: Sample) -> dict[str, Json]:
    """Return the JSON object of a sample, without the fields nobody filled."""
    record: dict[str, Json] = {
        "arm": sample.arm.value,
        "id": sample.case_id,
        "sample": sample.index,
    }
    if sample.error is not None:
        record["error"] = {"kind": sample.error.kind.value, "message": sample.error.message}
    for name in _PLAIN_FIELDS:
        value = getattr(sample, name)
        if value is not None:
            record[name] = value
    if sample.metadata:
        record["metadata"] = dict(sample.metadata)
    return {**record, **sample.extra}


def asked_record(asked: CaseInput) -> Json:
    """Return what a case asks: a text, the turns of a conversation, or the variables of a prompt."""
    match asked:
        case str():
            return asked
        case tuple():
            return turn_records(asked)
    return dict(asked)


def turn_records(turns: Iterable[Message]) -> list[Json]:
    """Return turns as golden sets and most formats write them."""
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def case_record(case: Case) -> dict[str, Json]:
    """Return the JSON object of a case, as a golden set writes it."""
    record: dict[str, Json] = {"id": case.id, "input": asked_record(case.input)}
    if not isinstance(case.reference, Absent):
        record["reference"] = case.reference
    if case.tags:
        record["tags"] = list(case.tags)
    if case.cluster is not None:
        record["cluster"] = case.cluster
    if case.metadata:
        record["metadata"] = dict(case.metadata)
    return record


def case_of(data: Json) -> Case:
    """Return the case of a record that ``case_record`` made.

    Raises:
        RecordError: it is none.
    """
    if not isinstance(data, dict):
        raise RecordError(f"expected a case with id and input, found {_shown(data)}")
    tags, cluster, metadata = data.get("tags", []), data.get("cluster"), data.get("metadata", {})
    if not (isinstance(tags, list) and isinstance(metadata, dict)):
        raise RecordError("expected tags to be a list and metadata to be an object")
    return Case(
        id=_id("id", data.get("id")),
        input=asked_of(data.get("input")),
        reference=data.get("reference", ABSENT),
        tags=tuple(map(str, tags)),
        cluster=None if cluster is None else str(cluster),
        metadata=metadata,
    )


def asked_of(value: Json) -> CaseInput:
    """Return what was asked, as a record writes it.

    Raises:
        RecordError: it is neither text, nor messages, nor variables.
    """
    match value:
        case str() | dict():
            return value
        case [*turns] if turns:
            return tuple(_turn(turn) for turn in turns)
    raise RecordError(f"expected input to be text, messages or variables, found {_shown(value)}")


def _turn(value: Json) -> Message:
    match value:
        case {"role": str(role), "content": str(content)}:
            return Message(role, content)
    raise RecordError(f"expected a message of role and content, found {_shown(value)}")


# ---------------------------------------------------------------- fields


def _text(key: str, value: Json) -> str:
    if isinstance(value, str):
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    hint = f'; write "{value}"' if number else ""
    raise RecordError(f"expected {key} to be text, found {_shown(value)}{hint}")


def _id(key: str, value: Json) -> str:
    if value == "":
        raise RecordError("expected id to be text, found an empty one")
    return _text(key, value)


def _number(key: str, value: Json) -> float:
    if type(value) is float and 0 <= value <= LARGEST:
        return value  # nearly always
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RecordError(f"expected {key} to be a number, found {_shown(value)}")
    if not 0 <= value <= LARGEST:
        end = "at least 0" if value <= LARGEST else f"at most {LARGEST:g}"
        raise RecordError(f"expected {key} to be {end}, found {_shown(value)}")
    return float(value)


def _count(key: str, value: Json) -> int:
    if type(value) is int and 0 <= value <= LARGEST:
        return value  # nearly always
    number = _number(key, value)
    if number != int(number):
        raise RecordError(f"expected {key} to be a whole number, found {_shown(value)}")
    return value if isinstance(value, int) else int(number)


def _mapping(key: str, value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise RecordError(f"expected {key} to be an object, found {_shown(value)}")
    return value


def _refusal(key: str, value: Json) -> str | None:
    """Read a provider's refusal: its text, or a bare flag."""
    if isinstance(value, bool):
        return "" if value else None
    return _text(key, value)


def _error(key: str, value: Json) -> SampleError | _Behaviour | None:
    match value:
        case False | "":
            return None
        case str(text):
            return _classified("", text)
        case {"kind": str(kind), **rest} if kind in set(ErrorKind):
            return SampleError(ErrorKind(kind), str(rest.get("message") or ""))
        case dict():
            text = str(value.get("message") or value.get("code") or value)
            named = " ".join(str(value.get(name, "")) for name in ("code", "type", "kind"))
            return _classified(named, text)
    raise RecordError(f"expected {key} to be text or an object, found {_shown(value)}")


class _Field(NamedTuple):
    """The field of a sample that a key of a record fills, and how its value is read."""

    name: str
    read: Callable[[str, Json], object]


_READERS: Mapping[str, Callable[[str, Json], object]] = {
    "id": _id,
    "sample": _count,
    "output": _text,
    "error": _error,
    "refusal": _refusal,
    **dict.fromkeys(
        (
            "model", "model_requested", "finish_reason", "request_id", "fingerprint",
            "format_version", "model_deprecated_at", "created",
        ),
        _text,
    ),
    **dict.fromkeys(("latency_ms", "ttft_ms", "cost_usd"), _number),
    **dict.fromkeys(("input_tokens", "output_tokens", "reasoning_tokens", "attempts"), _count),
    "metadata": _mapping,
}  # fmt: skip
_NAMES = {"id": "case_id", "sample": "index"}
_FIELDS = {key: _Field(_NAMES.get(key, key), read) for key, read in _READERS.items()}
_IGNORED = {"arm"}
RECORD_KEYS = tuple(_FIELDS)
"""What a record may hold beside fields that nobody knows."""

NUMBER_KEYS = frozenset(key for key, read in _READERS.items() if read in {_number, _count})
"""Those that are numbers."""
_PLAIN_FIELDS = tuple(
    name for name in _READERS if name not in {"id", "sample", "error", "metadata"}
)
_OBSERVED = frozenset(
    {"output", "error", "refusal", "latency_ms", "ttft_ms", "output_tokens", "cost_usd"}
)


# ---------------------------------------------------------------- outcomes


class _Behaviour(NamedTuple):
    """An error by name that is an answer by nature: the endpoint behaved, it did not fail."""

    finish_reason: str


def _code(digits: str) -> str:
    return rf"(?<![0-9])(?:{digits})(?![0-9])"  # not the 500 in "after 1500 ms"


_BEHAVIOUR: Mapping[str, re.Pattern[str]] = {
    "content_filter": re.compile(
        r"content[ _-]?(filter|policy|management)|responsible_?ai|safety|prohibited[ _]content"
        r"|(prompt|response|output|answer|content) (was |has been )?blocked|block_?reason"
    ),
    "context_overflow": re.compile(r"context[ _]length|context[ _]window|maximum context"),
}
_KINDS: Mapping[ErrorKind, re.Pattern[str]] = {
    ErrorKind.QUOTA: re.compile("quota|insufficient_funds|billing"),
    ErrorKind.RATE_LIMITED: re.compile(
        rf"{_code('429')}|rate[ _-]?limit|too many requests|throttl"
    ),
    ErrorKind.TIMEOUT: re.compile(r"time-?out|timed out|deadline"),
    ErrorKind.DENIED: re.compile(
        rf"{_code('40[13]')}|unauthorized|forbidden|invalid[ _]api[ _]key"
    ),
    ErrorKind.CONNECTION: re.compile(r"connection|reset by peer|network|\bdns\b|\bssl\b"),
    ErrorKind.SERVER: re.compile(rf"{_code('50[0234]|529')}|overloaded|internal[ _]server"),
    ErrorKind.MALFORMED: re.compile("malformed|invalid json response|decode"),
}


def error_kind(text: str) -> ErrorKind:
    """Return the kind of an infrastructure error from what a provider wrote about it.

    >>> error_kind("429 Too Many Requests").value
    'rate_limited'
    """
    lowered = text.lower()
    for kind, signs in _KINDS.items():
        if signs.search(lowered):
            return kind
    return ErrorKind.OTHER


def _classified(named: str, text: str) -> SampleError | _Behaviour:
    """Return what an error is by its code, and else by its text.

    A text may speak of safety or of a context window and be about a timeout: it tells of behaviour
    only where nothing in it tells of a failure.
    """
    kind = error_kind(f"{named} {text}")
    behaviour = _behaviour(named) or (_behaviour(text) if kind is ErrorKind.OTHER else None)
    return behaviour or SampleError(kind, text)


def _behaviour(text: str) -> _Behaviour | None:
    lowered = text.lower()
    for finish_reason, signs in _BEHAVIOUR.items():
        if signs.search(lowered):
            return _Behaviour(finish_reason)
    return None


def _settle_outcome(found: dict[str, Any]) -> None:
    """Turn an error that is behaviour into an answer, and drop an error that is none."""
    error = found.pop("error", None)
    if found.get("refusal", "") is None:
        del found["refusal"]
    if error is None and found.get("finish_reason") == "error":
        error = SampleError(ErrorKind.OTHER, "finish_reason: error")
    if isinstance(error, SampleError):
        found["error"] = error
        return
    if error is not None:
        found.setdefault("finish_reason", error.finish_reason)
    if error is not None or "refusal" in found or found.get("finish_reason") in _BEHAVIOUR:
        found.setdefault("output", "")


def _shown(value: object) -> str:
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
