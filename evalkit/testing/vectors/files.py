"""A file of vectors becomes vectors, or says everything that is wrong with it."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from evalkit.core.errors import Place, Problem, SpecError
from evalkit.files.text import file_name, whole_text

WORDS: Mapping[str, float | None] = {
    "Inf": math.inf, "-Inf": -math.inf, "inf": math.inf, "-inf": -math.inf,
    "Infinity": math.inf, "-Infinity": -math.inf, "NA": None, "NaN": None,
}  # fmt: skip
"""What programs write for numbers that JSON has no word for."""

KINDS = ("absolute", "relative")


@dataclass(frozen=True, slots=True)
class Vector:
    """One reference value with where it comes from."""

    id: str
    method: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float
    relative: bool
    source: str


def read_vectors(path: Path) -> list[Vector]:
    """Return the vectors of a file.

    Raises:
        SpecError: the file cannot be read, is not JSON, or is not a list of vectors; it names every
            place where something else was expected.
    """
    name = file_name(path)
    items = _json(whole_text(path), name)
    if not isinstance(items, list) or not items:
        raise SpecError.single(Place(name), f"expected a list of vectors, found {_shown(items)}")
    faults = [
        Problem(Place(name), fault, where=where)
        for place, item in enumerate(items)
        for where, fault in _faults(f"[{place}]", item)
    ] or list(_doubles(items, name))
    if faults:
        raise SpecError(faults)
    return [_vector(item) for item in items]


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except JSONDecodeError as cause:
        place = Place(name, cause.lineno, cause.colno)
        raise SpecError.single(place, f"not JSON: {cause.msg}") from None
    except RecursionError:
        raise SpecError.single(Place(name), "expected vectors, found endless brackets") from None
    except ValueError as cause:  # a whole number of thousands of digits
        raise SpecError.single(Place(name), f"not JSON: {cause}") from None


def _faults(where: str, item: Any) -> Iterator[tuple[str, str]]:
    """Yield each place where a vector is not one, and what is wrong there."""
    if not isinstance(item, dict):
        yield where, f"expected an object, found {_shown(item)}"
        return
    for key in ("id", "method", "source"):
        if not (isinstance(item.get(key), str) and item[key]):
            yield f"{where}.{key}", f"expected some text, found {_shown(item.get(key))}"
    for key in ("inputs", "expected"):
        if not isinstance(item.get(key), dict):
            yield f"{where}.{key}", f"expected an object, found {_shown(item.get(key))}"
    if isinstance(item.get("expected"), dict) and not item["expected"].keys() - {"note"}:
        yield f"{where}.expected", "expected at least one value, found none"
    tolerance: Any = item.get("tolerance")
    if not (_is_number(tolerance) and 0 <= tolerance < math.inf):
        yield f"{where}.tolerance", f"expected a number from 0 on, found {_shown(tolerance)}"
    kind = item.get("tolerance_kind", "absolute")
    if kind not in KINDS:
        yield f"{where}.tolerance_kind", f"expected {' or '.join(KINDS)}, found {_shown(kind)}"


def _doubles(items: list[Any], name: str) -> Iterator[Problem]:
    for key, count in Counter(item["id"] for item in items).items():
        if count > 1:
            yield Problem(Place(name), f"expected ids that differ, found {key!r} {count} times")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _vector(item: Mapping[str, Any]) -> Vector:
    return Vector(
        id=item["id"],
        method=item["method"],
        inputs=_with_numbers({k: v for k, v in item["inputs"].items() if k != "note"}),
        expected=_with_numbers({k: v for k, v in item["expected"].items() if k != "note"}),
        tolerance=float(item["tolerance"]),
        relative=item.get("tolerance_kind") == "relative",
        source=item["source"],
    )


def _with_numbers(value: Any) -> Any:
    """Return the same with numbers in place of the words for them; what is no number is nothing."""
    match value:
        case dict():
            return {key: _with_numbers(part) for key, part in value.items()}
        case list():
            return [_with_numbers(part) for part in value]
        case str():
            return WORDS.get(value, value)
        case float() if math.isnan(value):
            return None
    return value


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return "an object"
        case list():
            return "a list" if value else "an empty list"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
