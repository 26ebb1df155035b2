"""Does the answer satisfy the response schema?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TypeAlias

from evalkit.core.model import Json
from evalkit.core.text import json_part
from evalkit.features.schema import SoundSchema, line_of, sound, sound_schema
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer

_Fault: TypeAlias = "Callable[[Json], str]"
"""Says in one line where a value breaks a schema first; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Options:
    """The contract, and what may stand around the JSON.

    Attributes:
        schema: the text of a JSON Schema. In an envelope it is the candidate's
            `response_schema`, to which both arms are held; without one nothing can be scored.
        fenced: accept JSON in a ```` ```json ```` block, as callers do that cut it out.
    """

    schema: str | None
    fenced: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no JSON Schema, so that no answer is held to nothing.

        Raises:
            ValueError: the text is not JSON, or not a JSON Schema.
        """
        if self.schema is not None:
            _fault_finder(self.schema)


_SCHEMA = (
    '{"type": "object", "required": ["title"], "additionalProperties": false,'
    ' "properties": {"title": {"type": "string"}, "stars": {"type": "integer", "maximum": 5}}}'
)


@scorer(
    "schema_valid",
    values=[Value("valid", Kind.RATE, labels=("valid", "invalid"))],
    options=Options,
    from_candidate={"schema": "response_schema"},
    examples=[
        Example('{"title": "Tea", "stars": 5}', (1.0,), options={"schema": _SCHEMA}),
        Example('{"stars": 5}', (0.0,), options={"schema": _SCHEMA}, note="title is required"),
        Example('{"title": "Tea", "stars": 6}', (0.0,), options={"schema": _SCHEMA}),
        Example('Here it is: {"title": "Tea"}', (0.0,), options={"schema": _SCHEMA}),
        Example('```json\n{"title": "Tea"}\n```', (0.0,), options={"schema": _SCHEMA}),
        Example(
            '```json\n{"title": "Tea"}\n```', (1.0,), options={"schema": _SCHEMA, "fenced": True}
        ),
        Example('{"title": "Tea", "title": "Tee"}', (0.0,), options={"schema": _SCHEMA}),
        Example("NaN", (0.0,), options={"schema": "{}"}, note="no JSON, whatever the schema"),
        Example("{}", ("no response_schema",), options={"schema": None}),
        Example('{"title": "Te', (0.0,), options={"schema": _SCHEMA}, note="cut off"),
    ],
)
def schema_valid(_case: Case, sample: Sample, options: Options) -> Score | Unscored:
    """Checks the whole answer against a JSON Schema: 1 = valid, 0 = a caller would break.

    Not valid is also what is no JSON in the strict sense: text around it, a key that stands
    twice, NaN, an infinite number. `format` is a remark in a schema and is not checked. The
    detail of a score says where the answer breaks first.
    """
    assert sample.output is not None
    if options.schema is None:
        return Unscored("no response_schema")
    try:
        value = parse_json(json_part(sample.output) if options.fenced else sample.output)
    except JsonTextError as error:
        return Score((0.0,), detail=f"no JSON: {error}")
    fault = _fault_finder(options.schema)(value)
    return Score((float(not fault),), detail=fault)


@cache
def _fault_finder(schema: str) -> _Fault:
    """Return the check for the text of a schema.

    Raises:
        ValueError: the text is not JSON, or not a JSON Schema.
    """
    try:
        found = sound_schema(schema)
    except ValueError as error:
        raise ValueError(f"schema: expected a JSON Schema: {error}") from None
    if find_spec("jsonschema_rs"):
        return _fast_fault_finder(found.schema)
    return _fault_of(found)


def _slow_fault_finder(schema: dict[str, Json]) -> _Fault:
    return _fault_of(sound(schema))


def _fault_of(schema: SoundSchema) -> _Fault:
    validator = schema.validator()

    def fault(value: Json) -> str:
        try:
            error = next(validator.iter_errors(value), None)
        except RecursionError:
            return "nested too deeply"
        return line_of(error.absolute_path, error.message) if error else ""

    return fault


def _fast_fault_finder(schema: dict[str, Json]) -> _Fault:
    validator = import_module("jsonschema_rs").validator_for(
        schema, validate_formats=False, offline=True
    )

    def fault(value: Json) -> str:
        try:
            error = next(iter(validator.iter_errors(value)), None)
        except ValueError:  # its limit on depth
            return "nested too deeply"
        return line_of(error.instance_path, error.message) if error else ""

    return fault
