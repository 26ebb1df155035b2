"""Numbers are rounded to six significant digits when they leave the house."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, cast

T = TypeVar("T")


def six_digits(value: T) -> T:
    """Return a frozen value with every float in it rounded to six significant digits.

    >>> six_digits((0.123456789, 1234567.8, "x", -0.0))
    (0.123457, 1234570.0, 'x', 0.0)
    """
    return cast("T", _rounded(value))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}") + 0.0 if math.isfinite(value) else value
    if isinstance(value, Enum):
        return value
    if isinstance(value, tuple):
        return tuple(_rounded(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _rounded(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: _rounded(getattr(value, field.name)) for field in fields(value)}
        return type(value)(**named)
    return value
