"""What an earlier run wrote becomes its manifest and its verdict again."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from evalkit.core.errors import Place, SpecError
from evalkit.core.model import Json
from evalkit.core.run import Manifest
from evalkit.core.verdict import Facts, Verdict
from evalkit.files.json_text import json_document

T = TypeVar("T")

_FACTS = set(Facts.__dataclass_fields__)


def manifest_of(text: str, file: str) -> Manifest:
    """Return the manifest a file holds.

    Raises:
        SpecError: the file is no manifest of this version.
    """
    return _read(Manifest, json_document(text, file), file)


def verdict_of(data: Json, file: str) -> Verdict:
    """Return the verdict a file holds.

    Raises:
        SpecError: the file is no verdict of this version.
    """
    if not isinstance(data, dict):
        raise SpecError.single(Place(file), "expected a verdict: a JSON object")
    facts = {key: value for key, value in data.items() if key in _FACTS}
    rest = {key: value for key, value in data.items() if key not in _FACTS}
    record = {**rest, "outcome": data.get("verdict"), "facts": facts}
    return _read(Verdict, _with_infinities(record), file)


def _read(kind: type[T], data: Any, file: str) -> T:
    try:
        # JSON mode reads words as enums and lists as tuples; infinities travel as numbers here.
        return TypeAdapter(kind).validate_json(json.dumps(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SpecError.single(
            Place(file),
            f"not written by this version of evalkit: {first['msg'].lower()}",
            where=where,
        ) from None


def _with_infinities(value: Any) -> Any:
    """Return data in which an estimate's missing limit is an infinite one again."""
    if isinstance(value, list):
        return [_with_infinities(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _with_infinities(item) for key, item in value.items()}
    if {"lower", "upper", "method"} <= found.keys():
        found["lower"] = -math.inf if found["lower"] is None else found["lower"]
        found["upper"] = math.inf if found["upper"] is None else found["upper"]
        # A quantile that more samples timed out than is one of them.
        found["value"] = math.inf if found["value"] is None else found["value"]
    return found
