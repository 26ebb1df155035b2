"""Functions that answer vectors are registered here, by the names of their methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Outputs: TypeAlias = Mapping[str, Any]
Method: TypeAlias = Callable[..., Outputs]

METHODS: dict[str, Method] = {}


def method(function: Method) -> Method:
    """Register a function as the implementation of the method of its name."""
    METHODS[function.__name__] = function
    return function
