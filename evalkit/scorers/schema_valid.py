"""Does the answer satisfy the response schema?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from evalkit.core.text import json_part
from evalkit.features.bounded_schema import TooMuchWorkError, Work, first_fault
from evalkit.features.schema import line_of, sound_schema
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer


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
            _validator(self.schema)


_SCHEMA = (
    '{"type": "object", "required": ["title"], "additionalProperties": false,'
    ' "properties": {"title": {"type": "string"}, "stars": {"type": "integer", "maximum": 5}}}'
)


@scorer(
    "schema_valid",
    version=2,
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
    twice, NaN, an infinite number. `format` is a remark in a schema and is not checked. A `pattern`
    is read as the scorer `regex` reads one, and ends the run in the same way where it takes too long.
    The detail of a score says where the answer breaks first. An answer for which a schema refers to
    itself without an end, which it must be made for, has no score.
    """
    assert sample.output is not None
    if options.schema is None:
        return Unscored("no response_schema")
    try:
        value = parse_json(json_part(sample.output) if options.fenced else sample.output)
    except JsonTextError as fault_of_text:
        return Score((0.0,), detail=f"no JSON: {fault_of_text}")
    try:
        error = first_fault(_validator(options.schema), value, Work())
    except TooMuchWorkError:
        return Unscored("an answer that takes too long to check")
    fault = line_of(error.absolute_path, error.message) if error else ""
    return Score((float(not fault),), detail=fault)


@cache
def _validator(schema: str) -> Any:
    """Return what holds values to the schema that a text holds.

    Raises:
        ValueError: the text is not JSON, or not a JSON Schema.
    """
    try:
        return sound_schema(schema).validator()
    except ValueError as error:
        raise ValueError(f"schema: expected a JSON Schema: {error}") from None
