"""What a schema says about one place of an answer: all that holds there, and the forms it may take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, TypeAlias

from evalkit.core.digest import canonical_json
from evalkit.core.model import Json
from evalkit.features import searching
from evalkit.files.json_text import type_of

MOST_FORMS = 64
"""So many forms of one value are told apart."""

TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
"""``number`` is here one that is not whole: every other number is an ``integer``."""

Part: TypeAlias = "tuple[dict[str, Json], Any]"
"""An object of a schema, and what follows its references."""


@dataclass(frozen=True)
class Place:
    """All that a schema says about one place of an answer: each of its parts holds.

    ``never`` says that nothing may stand there.
    """

    parts: tuple[Part, ...]
    never: bool = False

    @property
    def key(self) -> tuple[int, ...]:
        """What this place is known by; the objects of a schema live as long as it does."""
        return tuple(id(part) for part, _ in self.parts)

    @property
    def anything(self) -> bool:
        """Whether everything may stand there."""
        return not self.never and not any(part for part, _ in self.parts)

    @classmethod
    def of(cls, found: Iterable[tuple[Json, Any]]) -> Place:
        """Return the place where all of some schemas hold."""
        parts: list[Part] = []
        never = False
        for given in found:
            schema, resolver = _led_to(*given)
            never = never or schema is False
            if isinstance(schema, dict) and not any(schema is known for known, _ in parts):
                parts.append((schema, resolver))
        return cls(tuple(parts), never)


@dataclass(frozen=True)
class Form:
    """One form a value may take: parts that all hold, without a choice left in them."""

    parts: tuple[Part, ...]

    def given(self, word: str) -> list[Json]:
        """Return what the parts say by a keyword."""
        return [part[word] for part, _ in self.parts if word in part]

    def numbers(self, word: str) -> list[float]:
        """Return the numbers among them."""
        return [
            number
            for number in self.given(word)
            if isinstance(number, (int, float)) and not isinstance(number, bool)
        ]

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that a value may have."""
        found = set(TYPES)
        for given in self.given("type"):
            names = given if isinstance(given, list) else [given]
            found &= {str(name) for name in names} | ({"integer"} if "number" in names else set())
        values = self.values
        if any(self.named(name).never for name in self.required):
            found -= {"object"}  # it would have to hold what may not be there
        return frozenset(found if values is None else found & {type_of(v) for v in values.values()})

    @cached_property
    def values(self) -> Mapping[str, Json] | None:
        """The only values there are, by their canonical JSON; nothing where they are not listed."""
        found: dict[str, Json] | None = None
        lists = [*self.given("enum"), *([value] for value in self.given("const"))]
        for listed in lists:
            assert isinstance(listed, list)
            named = {canonical_json(_whole(value)): value for value in listed}
            found = named if found is None else {k: v for k, v in found.items() if k in named}
        return found

    def values_of(self, kind: str) -> Mapping[str, Json] | None:
        """Return the only values of a type; nothing where all of it may come."""
        if self.values is None or kind == "null":
            return None
        found = {text: value for text, value in self.values.items() if type_of(value) == kind}
        return None if kind == "boolean" and len(found) == 2 else found

    # ------------------------------------------------------------ objects

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The properties that are described, in the order they are."""
        return tuple(
            dict.fromkeys(name for given in self.given("properties") for name in _keys(given))
        )

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The properties that are always there."""
        listed = [given for given in self.given("required") if isinstance(given, list)]
        return tuple(dict.fromkeys(str(name) for given in listed for name in given))

    def named(self, name: str) -> Place:
        """Return what holds for a property, whether it is described or not."""
        return Place.of(
            (schema, resolver) for part, resolver in self.parts for schema in _governing(part, name)
        )

    @property
    def others(self) -> Place:
        """What holds for properties that nobody describes."""
        return Place.of(
            (part.get("additionalProperties", True), resolver) for part, resolver in self.parts
        )

    @property
    def patterns(self) -> Mapping[str, Place]:
        """What holds for properties whose names match a pattern."""
        found: dict[str, list[tuple[Json, Any]]] = {}
        for part, resolver in self.parts:
            given = part.get("patternProperties")
            for pattern, schema in (given if isinstance(given, dict) else {}).items():
                found.setdefault(pattern, []).append((schema, resolver))
        return {pattern: Place.of(schemas) for pattern, schemas in found.items()}

    # ------------------------------------------------------------ lists

    @property
    def firsts(self) -> int:
        """How many of the first items are described one by one."""
        return max((len(_first_items(part)) for part, _ in self.parts), default=0)

    @property
    def most_items(self) -> float:
        """How many items there can be, where those that are not described are forbidden."""
        return self.firsts if self.item(self.firsts).never else math.inf

    def item(self, index: int) -> Place:
        """Return what holds for an item of a list."""
        return Place.of((_item(part, index), resolver) for part, resolver in self.parts)


def forms(place: Place, *, lone_references: bool) -> list[Form] | None:
    """Return the forms a value may take; nothing where they are too many to be told apart.

    ``oneOf`` is read as ``anyOf``. With ``lone_references`` what stands beside a ``$ref`` is nothing.
    """
    if place.never:
        return []
    found = _forms(place.parts, frozenset(), lone_references=lone_references)
    return None if found is None else [Form(parts) for parts in found]


def _forms(
    parts: Sequence[Part], outer: frozenset[int], *, lone_references: bool
) -> list[tuple[Part, ...]] | None:
    all_of, choices = _Spread(lone_references).of(parts)
    if all_of is None:
        return []
    outer |= {id(part) for part, _ in all_of}
    found: list[tuple[Part, ...]] = [tuple(all_of)]
    for choice in choices:
        branches: list[tuple[Part, ...]] = []
        for schema, resolver in choice:
            if schema is True or id(schema) in outer:  # what holds already is no further condition
                branches.append(())
            elif isinstance(schema, dict):
                inner = _forms([(schema, resolver)], outer, lone_references=lone_references)
                if inner is None:
                    return None
                branches.extend(inner)
        if len(found) * len(branches) > MOST_FORMS:
            return None
        found = [Place.of((*one, *other)).parts for one, other in product(found, branches)]
    return found


class _Spread:
    """Follows references and ``allOf`` until only what is said on the spot is left, and choices."""

    def __init__(self, lone_references: bool) -> None:  # noqa: FBT001 - named where it comes from
        self._lone = lone_references
        self._seen: set[int] = set()
        self._parts: list[Part] = []
        self._choices: list[list[tuple[Json, Any]]] = []
        self._never = False

    def of(
        self, parts: Iterable[tuple[Json, Any]]
    ) -> tuple[list[Part] | None, list[list[tuple[Json, Any]]]]:
        """Return the parts that all hold, or nothing where they never do, and the choices left."""
        for schema, resolver in parts:
            self._add(schema, resolver)
        return (None if self._never else self._parts), self._choices

    def _add(self, schema: Json, resolver: Any) -> None:
        if not isinstance(schema, dict):
            self._never = self._never or schema is False
            return
        if id(schema) in self._seen:
            return
        self._seen.add(id(schema))
        reference = schema.get("$ref")
        if isinstance(reference, str):
            resolved = resolver.lookup(reference)
            self._add(resolved.contents, resolved.resolver)
            if self._lone:
                return
        self._parts.append((schema, resolver))
        for inner in _listed(schema, "allOf"):
            self._add(inner, resolver)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                self._choices.append([(inner, resolver) for inner in _listed(schema, word)])


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern stands in a text; one that nobody here can read does not.

    Raises:
        SlowPatternError: finding out takes too long.
    """
    try:
        found = searching.pattern(pattern)
    except ValueError:
        return False
    return found.search(text)


# ---------------------------------------------------------------- parts


def _led_to(schema: Json, resolver: Any) -> tuple[Json, Any]:
    """Return where a schema leads that is a reference and nothing else."""
    seen: set[int] = set()
    while isinstance(schema, dict) and schema.keys() == {"$ref"} and id(schema) not in seen:
        seen.add(id(schema))
        resolved = resolver.lookup(str(schema["$ref"]))
        schema, resolver = resolved.contents, resolved.resolver
    return schema, resolver


def _listed(schema: Mapping[str, Json], word: str) -> list[Json]:
    found = schema.get(word)
    return found if isinstance(found, list) else []


def _keys(given: Json) -> Iterator[str]:
    yield from given if isinstance(given, dict) else ()


def _governing(part: Mapping[str, Json], name: str) -> list[Json]:
    described, patterns = part.get("properties"), part.get("patternProperties")
    found = [described[name]] if isinstance(described, dict) and name in described else []
    if isinstance(patterns, dict):
        found += [schema for pattern, schema in patterns.items() if matches(pattern, name)]
    return found or [part.get("additionalProperties", True)]


def _first_items(part: Mapping[str, Json]) -> list[Json]:
    # Before 2020-12 a list of schemas stood in items itself.
    return _listed(part, "prefixItems") or _listed(part, "items")


def _item(part: Mapping[str, Json], index: int) -> Json:
    first = _first_items(part)
    if index < len(first):
        return first[index]
    rest = part.get("items", True)
    return part.get("additionalItems", True) if isinstance(rest, list) else rest


def _whole(value: Json) -> Json:
    """Return a value in which 1.0 is 1, as it is for a schema."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
