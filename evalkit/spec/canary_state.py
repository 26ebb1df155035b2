"""The file in which a canary remembers becomes its state again, to the last bit."""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter, ValidationError

from evalkit.core.canary import State
from evalkit.core.errors import Place, SpecError
from evalkit.files.json_text import json_document

WAY_OUT = "; move the file away to begin anew"


def state_of(text: str, file: str) -> State:
    """Return the state that a file holds.

    Raises:
        SpecError: it was not written by this version of evalkit.
    """
    data = json_document(text, file)
    if not isinstance(data, dict) or "memory" not in data:
        raise SpecError.single(Place(file), f"expected the state of a canary{WAY_OUT}")
    memory = data["memory"]
    if isinstance(memory, dict) and "evidence" in memory:
        text = f"written by an earlier version of evalkit, which counted users anew in each look{WAY_OUT}"
        raise SpecError.single(Place(file), text, where="memory.evidence")
    try:
        return _adapter().validate_python(memory)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in ("memory", *first["loc"]))
        message = f"not written by this version of evalkit: {first['msg'].lower()}{WAY_OUT}"
        raise SpecError.single(Place(file), message, where=where) from None


@cache
def _adapter() -> TypeAdapter[State]:
    return TypeAdapter(State)
