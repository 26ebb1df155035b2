"""The format version that a schema declares, and that an answer names, is read here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from evalkit.core.contract import Version
from evalkit.core.model import Json
from evalkit.features.schema import SoundSchema

FIELD = "format_version"
KEYS = ("x-format-version", "version")
"""Where a schema may say its version about itself, in this order."""

LONGEST = 4
"""No version has more numbers."""

_IN_ID = re.compile(r"[/._-]v(\d+(?:\.\d+){0,2})(?=[/._-]|$)")
_NUMBERS = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,3})")


def declared_version(schema: SoundSchema) -> Version | None:
    """Return the version that a schema declares; nothing where it declares none.

    The first that is there of: the ``const`` or ``enum`` of the property ``format_version``, the
    keys ``x-format-version`` and ``version``, a part such as ``v2`` of ``$id``.
    """
    for part in _ways(schema):
        values = _allowed(_inside(part, "properties", FIELD))
        if values:
            return Version(_highest(values), values, f"properties.{FIELD}", in_answer=True)
    root = schema.schema
    for key in KEYS:
        text = version_text(root.get(key))
        if text:
            return Version(text, (text,), key)
    found = _IN_ID.findall(str(root.get("$id", "")))
    return Version(found[-1], (found[-1],), "$id") if found else None


def named_version(answer: Json) -> str | None:
    """Return the version that an answer names itself by; nothing where it names none."""
    return version_text(answer.get(FIELD)) if isinstance(answer, dict) else None


def version_text(value: Json) -> str | None:
    """Return a version as text, a whole number as the text of it; nothing where it is none.

    >>> version_text(2), version_text(2.0), version_text("v2"), version_text(True)
    ('2', '2', 'v2', None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def same_version(one: str, other: str) -> bool:
    """Return whether two texts name one version; a ``v`` before a number says nothing.

    >>> same_version("v2", "2"), same_version("2", "2.0")
    (True, False)
    """
    return _bare(one) == _bare(other)


def is_number(text: str) -> bool:
    """Return whether a version is a number, several of them, or a day.

    >>> is_number("v2.1"), is_number("2026-03-01"), is_number("final")
    (True, True, False)
    """
    return _order(text) is not None


def increment(old: Version | None, new: Version | None) -> tuple[bool, str]:
    """Return whether a version allows changes that break, and why or why not.

    Of ``2`` it takes 3; of ``2.4.1`` it takes 3.0.0, and of ``0.4.1`` it takes 0.5.0; of a day a
    later one.
    """
    if new is None:
        lost = f"the new schema no longer declares the version {old.text}" if old else ""
        return False, lost or "neither schema declares a format version"
    if old is None:
        return True, f"the format version {new.text} is declared for the first time"
    if same_version(old.text, new.text):
        return False, f"the format version is {new.text} in both"
    doubt = _why_no_increment(_order(old.text), _order(new.text))
    said = f"the format version went from {old.text} to {new.text}"
    return not doubt, f"{said}{doubt}"


def _why_no_increment(
    before: tuple[int, ...] | date | None, after: tuple[int, ...] | date | None
) -> str:
    """Return why one version allows no change that breaks after another; nothing where it does."""
    match before, after:
        case date(), date():
            return "" if after > before else ", which is not later"
        case tuple(), tuple():
            # While the first number is 0 nothing is promised, and the second one counts.
            long = max(len(before), len(after)) > 1
            depth = 2 if long and before[0] == after[0] == 0 else 1
            if _padded(after, depth) > _padded(before, depth):
                return ""
            later = _padded(after, LONGEST) > _padded(before, LONGEST)
            return ", which allows no change that breaks" if later else ", which is not later"
    return ": which of them is later cannot be told"


# ---------------------------------------------------------------- parts


def _ways(schema: SoundSchema) -> list[Mapping[str, Json]]:
    """Return the root of a schema, and what it refers to at once."""
    found: list[Mapping[str, Json]] = []
    waiting: list[tuple[Json, object]] = [(schema.schema, schema.resolver)]
    while waiting:
        part, resolver = waiting.pop(0)
        if not isinstance(part, dict) or any(part is one for one in found):
            continue
        found.append(part)
        if isinstance(reference := part.get("$ref"), str):
            resolved = resolver.lookup(reference)  # type: ignore[attr-defined]
            waiting.append((resolved.contents, resolved.resolver))
        if isinstance(every := part.get("allOf"), list):
            waiting.extend((one, resolver) for one in every)
    return found


def _inside(value: Json | Mapping[str, Json], *keys: str) -> Json:
    found: object = value
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found  # type: ignore[return-value]


def _allowed(field: Json) -> tuple[str, ...]:
    if not isinstance(field, dict):
        return ()
    given = [field["const"]] if "const" in field else field.get("enum")
    texts = [version_text(value) for value in given] if isinstance(given, list) else []
    return tuple(dict.fromkeys(text for text in texts if text))


def _highest(values: tuple[str, ...]) -> str:
    def rank(text: str) -> tuple[bool, str, tuple[int, ...]]:
        order = _order(text)
        if isinstance(order, date):
            return True, str(order), ()
        return order is not None, "", _padded(order or (), LONGEST)

    return max(values, key=rank)


def _bare(text: str) -> str:
    found = _NUMBERS.fullmatch(text)
    return found[1] if found else text


def _order(text: str) -> tuple[int, ...] | date | None:
    try:
        return date.fromisoformat(text) if "-" in text else _numbers(text)
    except ValueError:
        return None


def _numbers(text: str) -> tuple[int, ...] | None:
    found = _NUMBERS.fullmatch(text)
    return tuple(int(number) for number in found[1].split(".")) if found else None


def _padded(numbers: tuple[int, ...], depth: int) -> tuple[int, ...]:
    return (*numbers, *(0,) * depth)[:depth]
