"""Values become canonical JSON, and canonical JSON becomes a digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from pathlib import PurePath

from evalkit.core.model import ABSENT, Json


def canonical_json(value: object) -> str:
    """Return the one JSON text of a plain value: sorted keys, no spaces, no NaN.

    >>> canonical_json({"b": 1, "a": [0.5, "é"]})
    '{"a":[0.5,"é"],"b":1}'
    """
    return _ENCODER.encode(plain(value))


_ENCODER = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,  # what comes here was text before, or is frozen
)


def digest(value: object) -> str:
    """Return the sha256 of the canonical JSON of a value, in hexadecimal."""
    return sha256(canonical_json(value).encode()).hexdigest()


def plain(value: object) -> Json:
    """Return frozen values as JSON values: dataclasses become objects, absent fields are left out.

    Raises:
        TypeError: the value holds something JSON has no word for.
    """
    match value:
        case None | bool() | str() | int() | float() if not isinstance(value, Enum):
            return value
        case Enum():
            return plain(value.value)
        case PurePath():
            return value.as_posix()
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            named = ((field.name, getattr(value, field.name)) for field in fields(value))
            return {name: plain(item) for name, item in named if item is not ABSENT}
    raise TypeError(f"{type(value).__name__} has no canonical JSON")


def bet_rank(envelope: str, case_id: str) -> bytes:
    """Return what cases are sorted by where they are bet on one after the other.

    It is an order that nobody chose: the same for every bound, however many cases join later, and
    fixed before the first answer is seen.
    """
    return _lot(envelope, case_id)


def chance_of(run: str, case_id: str) -> float:
    """Return a number from 0 to below 1 that chance gave a case in a run: the same whoever asks again."""
    return int.from_bytes(_lot(run, case_id)[:7]) / (1 << 56)


def _lot(of: str, case_id: str) -> bytes:
    """Return what falls to a case by nobody's choice."""
    return sha256(f"{of}\0{case_id}".encode()).digest()


class SetDigest:
    """The digest of values whose order does not matter: the sum of their digests."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, value: Json) -> None:
        """Take one value into the set."""
        self._sum += int.from_bytes(sha256(_ENCODER.encode(value).encode()).digest())

    def hex(self) -> str:
        """Return the digest of all values so far, in hexadecimal."""
        return f"{self._sum % (1 << 256):064x}"
