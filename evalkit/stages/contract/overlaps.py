"""Whether a value may fit two forms of a ``oneOf``, which then rules it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from evalkit.core.model import Json
from evalkit.stages.contract.nodes import Form, Place, forms

ONE_OF = "oneOf"


def one_of(part: Mapping[str, Json], resolver: Any) -> list[Place]:
    """Return the forms of which a value may fit one alone; none where the part says nothing of it."""
    given = part.get(ONE_OF)
    return [Place.of([(each, resolver)]) for each in (given if isinstance(given, list) else ())]


def may_overlap(kind: str, places: Sequence[Place], *, lone_references: bool) -> bool:
    """Return whether a value of a type may fit two of some places: unless it surely cannot, it may."""
    found: list[list[Form]] = []
    for place in places:
        known = forms(place, lone_references=lone_references)
        if known is None:
            return len(places) > 1
        found.append([form for form in known if kind in form.types])
    return any(
        not _apart(kind, one, other)
        for some, others in combinations(found, 2)
        for one in some
        for other in others
    )


def _apart(kind: str, one: Form, other: Form) -> bool:
    """Return whether no value of a type fits both forms."""
    if _share_no_value(one, other):
        return True
    if kind != "object":
        return False
    for name in {*one.required, *other.required}:
        places = one.named(name), other.named(name)
        first, second = (Form(place.parts) for place in places)
        if any(place.never for place in places) or _share_no_value(first, second):
            return True
        if first.types.isdisjoint(second.types):
            return True
    return False


def _share_no_value(one: Form, other: Form) -> bool:
    """Return whether both list their values, and none is in both."""
    if one.values is None or other.values is None:
        return False
    return one.values.keys().isdisjoint(other.values)
