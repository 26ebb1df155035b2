"""Values are picked out of JSON that a stranger wrote: what is not of the expected type is absent."""

from __future__ import annotations

from evalkit.core.model import Json
from evalkit.core.records import LARGEST


def value_at(data: Json, *path: str | int) -> Json:
    """Return what stands at a path of keys and indexes, or ``None``.

    >>> value_at({"choices": [{"index": 0}]}, "choices", 0, "index")
    0
    """
    for step in path:
        if isinstance(step, int):
            if not isinstance(data, list) or step >= len(data):
                return None
            data = data[step]
        elif isinstance(data, dict):
            data = data.get(step)
        else:
            return None
    return data


def text_at(data: Json, *path: str | int) -> str | None:
    """Return the text at a path; an empty one tells nothing and is absent too."""
    found = value_at(data, *path)
    return found if isinstance(found, str) and found else None


def count_at(data: Json, *path: str | int) -> int | None:
    """Return the count at a path: a whole number that a sample may hold.

    >>> count_at({"n": 3.0}, "n"), count_at({"n": -1}, "n"), count_at({"n": True}, "n")
    (3, None, None)
    """
    found = value_at(data, *path)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return None
    return int(found) if 0 <= found <= LARGEST and found == int(found) else None


def items_at(data: Json, *path: str | int) -> list[Json]:
    """Return the items of the list at a path, none where there is no list."""
    found = value_at(data, *path)
    return found if isinstance(found, list) else []


def joined_texts(items: list[Json], kind: str) -> str:
    """Return the texts of the parts of one type, one after the other.

    >>> joined_texts([{"type": "text", "text": "a"}, {"type": "thinking", "text": "b"}], "text")
    'a'
    """
    return "".join(text_at(item, "text") or "" for item in items if value_at(item, "type") == kind)


def total(*counts: int | None) -> int | None:
    """Return the sum of the counts that are known, or ``None`` where none is.

    >>> total(3, None), total(None, None)
    (3, None)
    """
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def known(**values: Json) -> dict[str, Json]:
    """Return the values that are there, by name."""
    return {name: value for name, value in values.items() if value is not None}
