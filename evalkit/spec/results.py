"""What an earlier run wrote becomes its manifest and its verdict again."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

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


def outline_of(text: str, file: str) -> Verdict:
    """Return a verdict without its flips, its distributions, its drift and what its bounds could have seen.

    Those are most of the file, and whoever reads a thousand verdicts needs none of them.

    Raises:
        SpecError: the file is no verdict of this version.
    """
    try:
        data = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise SpecError.single(Place(file), f"not JSON: {error}") from None
    if isinstance(data, dict):
        data = {**data, "flips": [], "distributions": [], "drift": None}
        if isinstance(bounds := data.get("bounds"), list):
            data["bounds"] = [
                {**bound, "sees": []} if isinstance(bound, dict) else bound for bound in bounds
            ]
    return verdict_of(data, file)


def _read(kind: type[T], data: Any, file: str) -> T:
    try:
        found: T = _adapter(kind).validate_python(data)  # type: ignore[arg-type]  # a class has a hash
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SpecError.single(
            Place(file),
            f"not written by this version of evalkit: {first['msg'].lower()}",
            where=where,
        ) from None
    return found


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """Return what reads a kind of value; to make one takes longer than to use it."""
    return TypeAdapter(kind)


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
