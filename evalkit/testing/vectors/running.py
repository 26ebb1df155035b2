"""Vectors are run: what a method finds is compared with what others expect."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evalkit.testing.vectors import families
from evalkit.testing.vectors.files import Vector
from evalkit.testing.vectors.methods import METHODS

for _module in pkgutil.iter_modules(families.__path__):
    importlib.import_module(f"{families.__name__}.{_module.name}")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An expected value that we do not reproduce."""

    id: str
    name: str
    found: str
    expected: str
    source: str

    def __str__(self) -> str:
        return f"{self.id}: {self.name} is {self.found}, expected {self.expected} ({self.source})"


def mismatches(vector: Vector) -> Iterator[Mismatch]:
    """Yield each expected value of a vector that we do not reproduce.

    A method that nobody implements, or that fails, is one mismatch that says so.
    """
    try:
        found = METHODS[vector.method](**vector.inputs)
    except Exception as cause:  # noqa: BLE001 - whatever befalls one method, the others are run
        text = _failure(vector, cause)
        yield Mismatch(vector.id, vector.method, text, _text(vector.expected), vector.source)
        return
    for name, wanted in vector.expected.items():
        if name not in found:
            yield Mismatch(vector.id, name, "not computed", _text(wanted), vector.source)
        elif not agrees(value := _plain(found[name]), wanted, vector):
            yield Mismatch(vector.id, name, _text(value), _text(wanted), vector.source)


def agrees(found: Any, wanted: Any, vector: Vector) -> bool:
    """Return whether a value is the expected one, within the tolerance of its vector.

    ``null`` stands for a number that does not exist, be it infinite; a list of one value for the
    value.
    """
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(
            agrees(a, b, vector) for a, b in zip(found, wanted, strict=True)
        )
    if isinstance(wanted, dict) and isinstance(found, Mapping):
        return all(key in found and agrees(found[key], b, vector) for key, b in wanted.items())
    if isinstance(wanted, list) or isinstance(found, list):
        one = wanted if isinstance(wanted, list) else found
        return len(one) == 1 and agrees(*(_only(found), _only(wanted)), vector)
    if isinstance(wanted, (str, bool)) or isinstance(found, (str, bool)):
        return type(found) is type(wanted) and bool(found == wanted)
    if wanted is None or found is None:
        return all(x is None or math.isinf(x) for x in (wanted, found))
    return _near(found, wanted, vector)


def _near(found: Any, wanted: Any, vector: Vector) -> bool:
    if isinstance(wanted, Mapping) or isinstance(found, Mapping):
        return False
    if math.isinf(found) or math.isinf(wanted):
        return bool(found == wanted)
    scale = abs(wanted) if vector.relative else 1.0
    return bool(abs(found - wanted) <= vector.tolerance * scale)


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """Return a value in the types of JSON, whatever numpy made of it."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return value


def _text(value: Any) -> str:
    return str(value).replace("\n", " ")


def _failure(vector: Vector, cause: Exception) -> str:
    if vector.method not in METHODS:
        return "not implemented"
    return _text(f"a failure ({type(cause).__name__}: {cause})")
