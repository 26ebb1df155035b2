"""The words of a mirror's file and the shapes they come in; ``spec.mirror`` gives them their meaning."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from evalkit.core.mirror_edge import OnViolation
from evalkit.core.mirror_plan import FieldRule, PatternRule, Personal
from evalkit.core.secrets import REDACTED
from evalkit.spec.durations import Duration
from evalkit.spec.words import Given, Part, Strict, refused

_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s?(KB|MB|GB)")
_BYTES = {"KB": 2**10, "MB": 2**20, "GB": 2**30}


def _size(given: object) -> int:
    found = _SIZE.fullmatch(given.strip()) if isinstance(given, str) else None
    size = int(float(found[1]) * _BYTES[found[2]]) if found else 0
    if 1024 <= size <= 2**40:
        return size
    raise refused("a size from 1KB to 1024GB, such as 16MB", given)


Size: TypeAlias = Annotated[
    int,
    PlainValidator(_size),
    WithJsonSchema({"type": "string", "pattern": rf"^{_SIZE.pattern}$"}),
]
Count: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]


class FactsFile(Strict):
    """What callers are told of an arm's snapshot, where nobody else knows it."""

    snapshot: Given[Text] = None
    format_version: Given[Text] = None
    deprecated_at: Given[Text] = None
    retires_at: Given[Text] = None


class LiveFile(Strict):
    """The endpoint that callers are answered from."""

    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    timeout: Given[Duration] = None
    metadata: Given[FactsFile] = None


class CandidateFile(LiveFile):
    """The endpoint that is compared with it."""

    body: dict[str, Any] = Field(default_factory=dict)
    path: dict[Text, str] = Field(default_factory=dict)
    keeps: list[Text] = Field(default_factory=list)


class CanaryFile(Strict):
    """That callers are split, and the file that says how."""

    state: Text


class CopyFile(Strict):
    """How much is copied, and how much the copies may take."""

    share: Given[Part] = None
    waiting: Given[Count] = None
    at_once: Given[Count] = None
    timeout: Given[Duration] = None


class LogFile(Strict):
    """Where and how the traffic is written down."""

    path: Text
    sample: Given[Part] = None
    rotate: Given[Size] = None
    every: Given[Duration] = None
    keep: Given[Count] = None
    texts: bool = True
    salt: Given[Text] = None
    output: Given[Text] = None


class LimitsFile(Strict):
    """What a caller may send, and how many are served at a time."""

    body: Given[Size] = None
    headers: Given[Size] = None
    at_once: Given[Count] = None
    heard: Given[Size] = None


class MetadataFile(Strict):
    """The key of a JSON answer's body under which callers are told of its snapshot."""

    in_body: Given[Text] = None


class SchemaFile(Strict):
    """The schema that live answers are held to; the envelope's where no file is named."""

    file: Given[Text] = None
    on_violation: OnViolation = OnViolation.COUNT


def _as_rule(given: object) -> object:
    match given:
        case str() if given in set(Personal):
            return Personal(given)
        case {"pattern": str(pattern), **rest} if pattern and rest.keys() <= {"as"}:
            instead = rest.get("as", REDACTED)
            if isinstance(instead, str):
                return PatternRule(pattern, instead)
        case {"field": str(field), **rest} if field and not rest:
            return FieldRule(tuple(field.replace("[]", ".*").split(".")))
    known = ", ".join(Personal)
    raise refused(f"{known}, {{pattern: …, as: …}} or {{field: …}}", given)


RuleFile: TypeAlias = Annotated[
    Personal | PatternRule | FieldRule,
    PlainValidator(_as_rule),
]


def _as_list(given: object) -> object:
    return [given] if isinstance(given, (str, dict)) else given


class MirrorFile(Strict):
    """The whole file."""

    version: Literal[1]
    listen: Text
    admin: Given[Text] = None
    envelope: Given[Text] = None
    live: LiveFile
    candidate: CandidateFile
    user: Given[Text] = None
    paths: Annotated[list[Text], BeforeValidator(_as_list)] = Field(default_factory=list)
    canary: Given[CanaryFile] = None
    copies: Given[CopyFile] = Field(alias="copy", default=None)
    drain: Given[Duration] = None
    log: Given[LogFile] = None
    redact: Annotated[list[RuleFile], BeforeValidator(_as_list)] = Field(default_factory=list)
    limits: Given[LimitsFile] = None
    metadata: Given[MetadataFile] = None
    response_schema: Given[SchemaFile] = Field(alias="schema", default=None)
