"""A JSON Schema is held against a stranger's value in a time that is bounded, whatever the value."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from functools import cache
from time import process_time
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from evalkit.core.model import Json
from evalkit.features.searching import SECONDS, SlowPatternError, pattern

if TYPE_CHECKING:
    from jsonschema import ValidationError

T = TypeVar("T")
_Word: TypeAlias = "Callable[[Any, Any, Any, Any], Iterable[Any] | None]"
"""What a word of a schema does: it takes a validator, what is wanted, a value and the schema, and gives faults."""
DEEPEST = 100_000
"""Calls inside each other, where a schema refers to something at each of the levels of an answer."""
ROOM = 256 * 2**20
"""Bytes for them."""
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
"""Words that refer to a schema."""
REFERENCES_EACH = 4
"""References that each value of an answer may take, one with another."""


class TooMuchWorkError(Exception):
    """A schema refers to others more often than anybody is ready to wait for."""


@dataclass(slots=True)
class Work:
    """What is left to be spent on one answer.

    Attributes:
        seconds: of searching for patterns.
        references: how often a schema refers to another or to itself, beside some times for each
            value.
    """

    seconds: float = SECONDS
    references: int = 5_000

    def refer(self) -> None:
        """Follow a reference.

        Raises:
            TooMuchWorkError: it is one too many.
        """
        self.references -= 1
        if self.references < 0:
            raise TooMuchWorkError

    def searched(self, wanted: str, text: str) -> bool:
        """Return whether a pattern stands in a text.

        Raises:
            SlowPatternError: there are no seconds left.
        """
        found, begun = pattern(wanted), process_time()
        try:
            return found.search(text, max(self.seconds, 0.0))
        finally:
            self.seconds -= process_time() - begun


_WORK: ContextVar[Work] = ContextVar("work")


def first_fault(validator: Any, value: Json, work: Work) -> ValidationError | None:
    """Return where a value breaks a schema first; ``validator`` is that of a sound schema.

    Raises:
        SlowPatternError: a pattern is searched for longer than is left.
        TooMuchWorkError: the schema refers more often than is left.
    """

    def fault() -> ValidationError | None:
        left = replace(work, references=work.references + REFERENCES_EACH * _values(value))
        with _spending(left):
            found: ValidationError | None = next(validator.iter_errors(value), None)
        return found

    try:
        try:
            return fault()
        except RecursionError:  # some 100 levels of an answer, and several references at each
            return _with_room(fault)
    except SlowPatternError as error:
        where = f"schema: {_place(validator.schema, error.pattern)}"
        raise SlowPatternError(error.pattern, work.seconds, where) from None


def _place(schema: Json, wanted: str) -> str:
    """Return where in a schema a pattern stands first."""
    waiting: list[tuple[str, Json]] = [("$", schema)]
    for place, part in waiting:  # grows while it is gone through
        if isinstance(part, list):
            waiting.extend((f"{place}[{n}]", inner) for n, inner in enumerate(part))
        elif isinstance(part, dict):
            keys = part.get("patternProperties")
            if part.get("pattern") == wanted:
                return f"{place}.pattern"
            if isinstance(keys, dict) and wanted in keys:
                return f"{place}.patternProperties"
            waiting.extend((f"{place}.{key}", inner) for key, inner in part.items())
    return "$"


@contextmanager
def _spending(work: Work) -> Iterator[None]:
    """Let what is checked inside spend of some work."""
    before = _WORK.set(work)
    try:
        yield
    finally:
        _WORK.reset(before)


def _with_room(call: Callable[[], T]) -> T:
    """Return what a call returns that goes deeper than others may.

    Raises:
        TooMuchWorkError: it goes deeper than this, too.
    """
    found: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(call())
        except RecursionError:
            raised.append(TooMuchWorkError())
        except BaseException as error:  # noqa: BLE001 - it is raised where it was called
            raised.append(error)

    thread = threading.Thread(target=copy_context().run, args=(run,))
    room, deepest = threading.stack_size(ROOM), sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(DEEPEST)
        thread.start()
    finally:
        threading.stack_size(room)
    thread.join()
    sys.setrecursionlimit(deepest)
    for error in raised:
        raise error
    return found[0]


@cache
def bounded(dialect: Any) -> Any:
    """Return a dialect whose words spend of the work that is left.

    Patterns are searched for by ``searching``, references are counted (a schema that refers to itself
    twice takes a time that doubles with each level of a value), and ``uniqueItems`` takes a time that
    grows with the items, not their pairs. The rest is the library's.
    """
    from jsonschema.validators import extend

    known = dialect.VALIDATORS
    words: dict[str, _Word] = {
        "uniqueItems": _unique,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional,
        "unevaluatedProperties": _unevaluated,
        **{name: _counted(known[name]) for name in REFERENCES if name in known},
    }
    ours = {name: word for name, word in words.items() if name in known}
    return extend(dialect, ours)  # type: ignore[no-untyped-call]


# ---------------------------------------------------------------- words


def _unique(validator: Any, wanted: Json, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    del schema
    listed = wanted and validator.is_type(instance, "array")
    if listed and len(set(map(_hashable, instance))) < len(instance):
        yield ValidationError(f"{instance!r} has non-unique elements")


def _pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    del schema
    if validator.is_type(instance, "string") and not _left().searched(wanted, instance):
        yield ValidationError(f"{instance!r} does not match {wanted!r}")


def _pattern_properties(
    validator: Any, wanted: dict[str, Json], instance: Any, schema: Any
) -> Iterator[Any]:
    del schema
    if validator.is_type(instance, "object"):
        for text, inner in wanted.items():
            for key, value in instance.items():
                if _left().searched(text, key):
                    yield from validator.descend(value, inner, path=key, schema_path=text)


def _additional(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not validator.is_type(instance, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = [key for key in instance if key not in named and not _any_in(patterns, key)]
    if isinstance(wanted, dict):
        for key in others:
            yield from validator.descend(instance[key], wanted, path=key)
    elif not wanted and others and patterns:
        verb, regexes = "does" if len(others) == 1 else "do", ", ".join(map(repr, sorted(patterns)))
        yield ValidationError(f"{_listed(others)} {verb} not match any of the regexes: {regexes}")
    elif not wanted and others:
        yield ValidationError(f"Additional properties are not allowed ({_unexpected(others)})")


def _unevaluated(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """The library's own word searches keys with ``re``, wherever the schemas beside it have patterns."""
    from jsonschema import ValidationError

    if not validator.is_type(instance, "object"):
        return
    seen = {*_evaluated(validator, instance, schema)}
    others = [
        key
        for key, value in instance.items()
        if key not in seen and not _fits(validator, value, wanted)
    ]
    if others and wanted is False:
        yield ValidationError(f"Unevaluated properties are not allowed ({_unexpected(others)})")
    elif others:
        verb = "was" if len(others) == 1 else "were"
        yield ValidationError(
            "Unevaluated properties are not valid under the given schema "
            f"({_listed(others)} {verb} unevaluated and invalid)"
        )


def _evaluated(validator: Any, instance: dict[str, Any], schema: Any) -> Iterator[str]:
    """Yield the keys of an object that a schema says something about (JSON Schema 2020-12, 11.3)."""
    if not isinstance(schema, dict):
        return
    for target in _referred(validator, schema):
        inner = validator.evolve(schema=target.contents, _resolver=target.resolver)
        yield from _evaluated(inner, instance, target.contents)
    yield from schema.get("properties", ())
    for word in ("additionalProperties", "unevaluatedProperties"):
        if word in schema:
            yield from (key for key in instance if _fits(validator, instance[key], schema[word]))
    patterns = schema.get("patternProperties", {})
    yield from (key for key in instance if _any_in(patterns, key))
    beside = [part for key, part in schema.get("dependentSchemas", {}).items() if key in instance]
    for word in ("allOf", "anyOf", "oneOf"):
        beside += [part for part in schema.get(word, ()) if _fits(validator, instance, part)]
    if "if" in schema:
        holds = _fits(validator, instance, schema["if"])
        beside += [schema["if"], schema.get("then")] if holds else [schema.get("else")]
    for part in beside:
        yield from _evaluated(validator, instance, part)


def _referred(validator: Any, schema: dict[str, Any]) -> Iterator[Any]:
    """Yield what a schema refers to."""
    from referencing.jsonschema import lookup_recursive_ref

    resolver = validator._resolver  # noqa: SLF001 - as the library's own words look references up
    for word in REFERENCES:
        if word in schema:
            _left().refer()
            recursive = word == "$recursiveRef"
            yield lookup_recursive_ref(resolver) if recursive else resolver.lookup(schema[word])


def _fits(validator: Any, value: Any, schema: Any) -> bool:
    return next(validator.descend(value, schema), None) is None


def _any_in(patterns: Iterable[str], key: str) -> bool:
    return any(_left().searched(text, key) for text in patterns)


def _unexpected(keys: list[str]) -> str:
    return f"{_listed(keys)} {'was' if len(keys) == 1 else 'were'} unexpected"


def _listed(keys: list[str]) -> str:
    return ", ".join(map(repr, sorted(keys)))


def _counted(word: _Word) -> _Word:
    def counted(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
        _left().refer()
        yield from word(validator, wanted, instance, schema) or ()

    return counted


def _left() -> Work:
    """Return the work that is left; where nobody counts, it is that of one word."""
    return _WORK.get(None) or Work()


def _values(value: Json) -> int:
    """Return how many values there are in one, itself included."""
    waiting = [value]
    for part in waiting:  # grows while it is gone through
        if isinstance(part, (list, dict)):
            waiting.extend(part.values() if isinstance(part, dict) else part)
    return len(waiting)


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
