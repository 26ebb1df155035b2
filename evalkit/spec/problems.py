"""Validation errors become problems in our words, with the place of each."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from evalkit.core.errors import Problem, suggestion
from evalkit.core.model import Json
from evalkit.spec.document import Document, Trail
from evalkit.spec.words import shown

M = TypeVar("M", bound=BaseModel)

_EXPECTED: Mapping[str, str] = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "too_short": "at least {min_length} entry",
    "too_long": "at most {max_length} entries",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "letters, digits, - and _ (and . inside file names)",
}


class Fault(NamedTuple):
    """Where the grammar refused something, and whether it was only a key that nobody knows."""

    trail: Trail
    unknown_key: bool


class Problems:
    """A list that problems of one document are added to while reading goes on.

    Nothing is noted about the parts of the document that are ``muted``.
    """

    def __init__(self, document: Document, *, muted: Collection[Trail] = ()) -> None:
        self.document = document
        self.found: list[Problem] = []
        self.faults: list[Fault] = []
        self._muted = {*muted}

    @property
    def muted(self) -> frozenset[Trail]:
        """The parts of the document about which nothing is noted."""
        return frozenset(self._muted)

    def mute(self, trail: Trail) -> None:
        """Note nothing about a part from now on: what is wrong with it was said."""
        self._muted.add(trail)

    def add(self, trail: Trail, message: str, *, at_key: bool = False) -> None:
        """Note a problem with the value (or the key) at this trail."""
        if any(trail[: len(part)] == part for part in self._muted):
            return
        document = self.document
        place = document.key_place(trail) if at_key else document.place(trail)
        self.found.append(Problem(place, message, where(trail)))

    def checked(self, model: type[M], data: Json, trail: Trail = ()) -> M | None:
        """Return the data in the model's form, or ``None`` after noting what is wrong with it."""
        try:
            # Through JSON text, because strict rules there still read a list as a tuple and a
            # word as an enum, and nothing else is converted.
            return model.model_validate_json(json.dumps(data))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._add_detail(model, detail, trail)
            return None

    def _add_detail(self, model: type[BaseModel], detail: Any, trail: Trail) -> None:
        path = tuple(part for part in detail["loc"] if not str(part).endswith("[key]"))
        inside = (*trail, *path)
        self.faults.append(Fault(inside, detail["type"] == "extra_forbidden"))
        match detail["type"]:
            case "extra_forbidden":
                known = known_keys(model, path[:-1])
                self.add(inside, unknown_key(str(path[-1]), known), at_key=True)
            case "missing":
                self.add(inside, "required, and not there")
            case kind if kind in _EXPECTED:
                self.add(inside, _expectation(_EXPECTED[kind], detail, inside))
            case _:
                self.add(inside, detail["msg"].removeprefix("Value error, "))


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Return the sentence about a key nobody knows."""
    if not known:
        return f"unknown key {key!r}; there is none to give here"
    return f"unknown key {key!r}{suggestion(key, known)} (known: {', '.join(known)})"


def where(trail: Trail) -> str:
    """Return a trail in words.

    >>> where(("bounds", 2, "max"))
    'bounds[2].max'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in trail)
    return text.removeprefix(".")


def known_keys(model: type[BaseModel], path: Trail) -> tuple[str, ...]:
    """Return the keys a mapping inside a model may have."""
    for part in path:
        if isinstance(part, str) and part in (fields := _written_fields(model)):
            found = next(_models_in(fields[part].annotation), None)
            if found is None:
                return ()
            model = found
    return tuple(_written_fields(model))


def _written_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the names that they have in a file."""
    return {found.alias or name: found for name, found in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _expectation(template: str, detail: Any, trail: Trail) -> str:
    context = detail.get("ctx", {})
    found = detail["input"]
    found_text = "an empty file" if found is None and not trail else shown(found)
    text = f"expected {template.format_map(context)}, found {found_text}"
    if detail["type"] in {"literal_error", "enum"} and isinstance(found, str):
        known = context["expected"].replace(" or ", ",").split(",")
        words = [word.strip("' ") for word in known]
        text += "; leave the quotes out" if found in words else suggestion(found, words)
    if detail["type"] == "bool_type" and str(found).lower() in {"yes", "no", "on", "off"}:
        text += " (a word in YAML 1.2)"
    return text
