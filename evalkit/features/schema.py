"""The text of a JSON Schema becomes one that is sound, and whose references all lead somewhere in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from evalkit.core.model import Json
from evalkit.features.bounded_schema import REFERENCES, bounded
from evalkit.features.searching import pattern
from evalkit.files.json_text import JsonTextError, parse_json

if TYPE_CHECKING:
    from referencing import Resource
    from referencing._core import Resolver

OLD_DIALECTS = ("draft-03", "draft-04", "draft-06", "draft-07")
"""Here what stands beside a ``$ref`` says nothing."""


@dataclass(frozen=True, slots=True)
class SoundSchema:
    """A JSON Schema that its own dialect finds no fault with.

    ``dialect`` is the class of validators that reads it, ``resolver`` follows its references.
    """

    schema: dict[str, Json]
    dialect: Any
    resolver: Resolver[Any]

    @property
    def lone_references(self) -> bool:
        """Whether what stands beside a ``$ref`` says nothing in this dialect."""
        named = str(self.dialect.META_SCHEMA.get("$id", self.dialect.META_SCHEMA.get("id")))
        return any(old in named for old in OLD_DIALECTS)

    def validator(self) -> Any:
        """Return what holds values to the schema; it never fetches anything.

        Where values are a stranger's, ``first_fault`` asks it.
        """
        from referencing.jsonschema import EMPTY_REGISTRY

        # Without a registry of its own, the library fetches references from the network.
        return bounded(self.dialect)(self.schema, registry=EMPTY_REGISTRY)


@cache
def sound_schema(text: str) -> SoundSchema:
    """Return the schema a text holds.

    Raises:
        ValueError: the text is not JSON, or not a JSON Schema, or a reference leads out of it or
            round in a circle.
    """
    parsed = parse_json(text)
    if not isinstance(parsed, dict):
        raise ValueError(f"expected an object, found {text[:40]!r}")  # noqa: TRY004 - as what is no schema
    return sound(parsed)


def sound(schema: dict[str, Json]) -> SoundSchema:
    """Return a schema after a look at every word and every reference of it.

    Raises:
        ValueError: it is no JSON Schema, or a reference leads out of it or round in a circle.
    """
    from jsonschema import Draft202012Validator, FormatChecker, SchemaError
    from jsonschema.validators import validator_for
    from referencing import Resource
    from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY

    dialect: Any = validator_for(schema, default=Draft202012Validator)
    named = dialect.META_SCHEMA.get("$id", dialect.META_SCHEMA.get("id"))
    if str(schema.get("$schema", named)).rstrip("#") != str(named).rstrip("#"):
        raise ValueError(f"$schema names {schema['$schema']!r}, which is not known here")
    formats = FormatChecker()
    formats.checkers = {**dialect.FORMAT_CHECKER.checkers, "regex": (_compiles, ValueError)}
    try:
        dialect.check_schema(schema, format_checker=formats)
    except SchemaError as error:
        raise ValueError(line_of(error.absolute_path, error.message)) from None
    whole = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = EMPTY_REGISTRY.resolver_with_root(whole)
    found = SoundSchema(schema, dialect, resolver)
    _Following(lone=found.lone_references).all(whole, resolver)
    return found


def _compiles(text: object) -> bool:
    """Return whether what searches answers reads a pattern, which is not what the library asks.

    Raises:
        ValueError: it does not.
    """
    return not isinstance(text, str) or pattern(text) is not None


def named_in(text: str) -> frozenset[str]:
    """Return every property and every value that a schema names, wherever it does.

    What is no schema names nothing.
    """
    found: set[str] = set()
    try:
        waiting: list[Json] = [parse_json(text)]
    except JsonTextError:
        return frozenset()
    for part in waiting:  # grows while it is gone through
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            waiting.extend(part.values())
            for key, value in part.items():
                if isinstance(value, dict) and key == "properties":
                    found.update(value)
                elif isinstance(value, list) and key in {"enum", "required"}:
                    found.update(item for item in value if isinstance(item, str))
                elif isinstance(value, str) and key == "const":
                    found.add(value)
    return frozenset(found)


def line_of(path: Any, message: str) -> str:
    """Return a fault in one line: where it is, and what it is."""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"${where}: {' '.join(message.split())[:200]}"


class _Following:
    """Follows every reference of a schema, so that none is found broken, or endless, while answers are scored."""

    def __init__(self, *, lone: bool) -> None:
        self._lone = lone
        self._known: set[int] = set()
        self._open: set[int] = set()

    def all(self, part: Resource[Any], resolver: Resolver[Any]) -> None:
        """Follow the references of a part and of whatever lies inside.

        Raises:
            ValueError: one leads nowhere, or back to itself before it comes to a further part of an answer.
        """
        self._same_place(part.contents, resolver)
        for inner in part.subresources():
            self.all(inner, resolver.in_subresource(inner))

    def _same_place(self, schema: Any, resolver: Resolver[Any], reference: str = "#") -> None:
        """Go through all that a schema asks of one and the same place of an answer."""
        if not isinstance(schema, dict):
            return
        if id(schema) in self._open:
            raise ValueError(
                f"$ref {reference!r} leads round in a circle, so that no answer could be held to it: "
                "expected it to lead to what lies deeper in an answer, inside properties or items"
            )
        if id(schema) in self._known:
            return
        self._known.add(id(schema))
        self._open.add(id(schema))
        references = [schema[word] for word in REFERENCES if isinstance(schema.get(word), str)]
        for named in references:
            target = self._target(named, resolver)
            self._same_place(target.contents, target.resolver, named)
        if not (references and self._lone):
            for inner in _beside(schema):
                self._same_place(inner, resolver, reference)
        self._open.remove(id(schema))

    def _target(self, reference: str, resolver: Resolver[Any]) -> Any:
        from referencing.exceptions import Unresolvable

        try:
            return resolver.lookup(reference)
        except Unresolvable:
            raise ValueError(
                f"$ref {reference!r} leads nowhere inside the schema; nothing is fetched: "
                "copy what it names into $defs"
            ) from None


def _beside(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield the schemas inside one that are about the same place of an answer."""
    for word in ("allOf", "anyOf", "oneOf"):
        inner = schema.get(word)
        yield from inner if isinstance(inner, list) else ()
    for word in ("not", "if", "then", "else"):
        yield schema.get(word)
    for word in ("dependentSchemas", "dependencies"):
        inner = schema.get(word)
        yield from inner.values() if isinstance(inner, dict) else ()
