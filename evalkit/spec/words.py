"""What every file is written in: mappings without unknown keys, and numbers that say what they are."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

_PERCENT = re.compile(r"[-+−]?([0-9]+(\.[0-9]*)?|\.[0-9]+)\s?%")

T = TypeVar("T")


class Strict(BaseModel):
    """A mapping in which every key is known and no value is converted in silence.

    What checks it is built when something is first checked: no command reads every kind of file.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Open(Strict):
    """A mapping whose further keys are the options of the plug-in it names."""

    model_config = ConfigDict(extra="allow")


def shown(value: object) -> str:
    """Return a value as an error message prints it: short, text in quotes, JSON's own words."""
    if isinstance(value, tuple):
        value = list(value)
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def refused(expected: str, found: object, advice: str = "") -> PydanticCustomError:
    """Return the error of a value: what was expected of it, what was found, what to do."""
    return PydanticCustomError(
        "refused", "{text}", {"text": f"expected {expected}, found {shown(found)}{advice}"}
    )


def _given(value: object) -> object:
    if value is None:
        raise refused("a value", value, "; leave the key out")
    return value


Given: TypeAlias = Annotated[T | None, BeforeValidator(_given)]
"""A key that may be left out; a key with nothing behind it is a line somebody forgot to finish."""


# ---------------------------------------------------------------- numbers


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written: ``3%`` is 0.03 and remembers the sign."""

    value: float
    percent: bool = False

    @classmethod
    def read(cls, given: object) -> Quantity:
        """Return the quantity of a JSON number or a text such as ``3%``."""
        if isinstance(given, (int, float)) and not isinstance(given, bool) and math.isfinite(given):
            return cls(float(given))
        if isinstance(given, str) and _PERCENT.fullmatch(given.strip()):
            number = given.strip().rstrip("%").strip().replace("−", "-")
            return cls(float(f"{number}e-2"), percent=True)  # 99.9% is 0.999 to the last bit
        raise refused("a number or a percentage such as 3%", given)


NUMBER_SCHEMA = {
    "type": ["number", "string"],
    "pattern": rf"^{_PERCENT.pattern}$",
    "description": "a number, or 3%",
}
Number: TypeAlias = Annotated[
    Quantity, PlainValidator(Quantity.read), WithJsonSchema(NUMBER_SCHEMA)
]


def _share(given: Quantity) -> Quantity:
    if 0 <= given.value < 1:
        return given
    percent = not given.percent and 1 <= given.value < 100
    raise PydanticCustomError(
        "refused", "{text}",
        {"text": f"expected a share from 0 to below 1, found {given.value:g}"
         + (f"; did you mean {given.value:g}%?" if percent else "")},
    )  # fmt: skip


Share: TypeAlias = Annotated[Number, AfterValidator(_share)]


def _part(given: Quantity) -> Quantity:
    if 0 < given.value <= 1:
        return given
    percent = not given.percent and 1 < given.value <= 100
    raise PydanticCustomError(
        "refused", "{text}",
        {"text": f"expected a share above 0 and up to 1, found {given.value:g}"
         + (f"; did you mean {given.value:g}%?" if percent else "")},
    )  # fmt: skip


Part: TypeAlias = Annotated[Number, AfterValidator(_part)]


def _ascending(given: tuple[float, float]) -> tuple[float, float]:
    low, high = given
    if low < high:
        return given
    raise refused("[low, high]", [low, high])


def _as_pair(given: object) -> object:
    # Behind a function pydantic no longer knows that the list came from JSON, which has no tuples.
    return tuple(given) if isinstance(given, list) else given


Range: TypeAlias = Annotated[
    tuple[float, float], BeforeValidator(_as_pair), AfterValidator(_ascending)
]
