"""The text of a JSON Schema becomes one that is sound, and whose references all lead somewhere in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from evalkit.core.model import Json
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
        """Return what holds values to the schema; it never fetches anything."""
        from referencing.jsonschema import EMPTY_REGISTRY

        # Without a registry of its own, the library fetches references from the network.
        return _quick(self.dialect)(self.schema, registry=EMPTY_REGISTRY)


@cache
def sound_schema(text: str) -> SoundSchema:
    """Return the schema a text holds.

    Raises:
        ValueError: the text is not JSON, or not a JSON Schema, or a reference leads out of it.
    """
    parsed = parse_json(text)
    if not isinstance(parsed, dict):
        raise ValueError(f"expected an object, found {text[:40]!r}")  # noqa: TRY004 - as what is no schema
    return sound(parsed)


def sound(schema: dict[str, Json]) -> SoundSchema:
    """Return a schema after a look at every word and every reference of it.

    Raises:
        ValueError: it is no JSON Schema, or a reference leads out of it.
    """
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for
    from referencing import Resource
    from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY

    dialect = validator_for(schema, default=Draft202012Validator)
    named = dialect.META_SCHEMA.get("$id", dialect.META_SCHEMA.get("id"))
    if str(schema.get("$schema", named)).rstrip("#") != str(named).rstrip("#"):
        raise ValueError(f"$schema names {schema['$schema']!r}, which is not known here")
    try:
        dialect.check_schema(schema)
    except SchemaError as error:
        raise ValueError(line_of(error.absolute_path, error.message)) from None
    whole = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = EMPTY_REGISTRY.resolver_with_root(whole)
    _resolve_all(whole, resolver)
    return SoundSchema(schema, dialect, resolver)


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


@cache
def _quick(dialect: Any) -> Any:
    """Return a dialect in which ``uniqueItems`` takes a time that grows with the items, not their pairs."""
    from jsonschema import ValidationError
    from jsonschema.validators import extend

    def unique(
        validator: Any, wanted: Json, instance: Any, schema: Any
    ) -> Iterator[ValidationError]:
        del schema
        listed = wanted and validator.is_type(instance, "array")
        if listed and len(set(map(_hashable, instance))) < len(instance):
            yield ValidationError(f"{instance!r} has non-unique elements")

    return extend(dialect, {"uniqueItems": unique})  # type: ignore[no-untyped-call]


def _hashable(value: Json) -> object:
    """Return what is equal for values that are one value of JSON: 1 and 1.0, not 1 and true.

    >>> _hashable([1, {"a": 2.0}]) == _hashable([1.0, {"a": 2}]), _hashable(1) == _hashable(True)
    (True, False)
    """
    match value:
        case bool():
            return ("bool", value)
        case list():
            return tuple(map(_hashable, value))
        case dict():
            return frozenset((key, _hashable(item)) for key, item in value.items())
    return value


def _resolve_all(part: Resource[Any], resolver: Resolver[Any]) -> None:
    """Follow every reference of a schema, so that none is found broken while answers are scored."""
    from referencing.exceptions import Unresolvable

    reference = part.contents.get("$ref") if isinstance(part.contents, dict) else None
    if isinstance(reference, str):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            raise ValueError(
                f"$ref {reference!r} leads nowhere inside the schema; nothing is fetched: "
                "copy what it names into $defs"
            ) from None
    for inner in part.subresources():
        _resolve_all(inner, resolver.in_subresource(inner))
