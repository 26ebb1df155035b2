"""Does the answer name the format version that the response schema declares?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from evalkit.core.contract import Version
from evalkit.core.text import json_part
from evalkit.features.format_version import FIELD, declared_version, named_version, same_version
from evalkit.features.schema import sound_schema
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """The contract that declares the version.

    Attributes:
        schema: the text of a JSON Schema that declares a format version. In an envelope it is the
            candidate's `response_schema`, to which both arms are held.
        fenced: read the JSON inside a ```` ```json ```` block too; switch it off where the caller
            parses the whole answer.
    """

    schema: str | None
    fenced: bool = True

    def __post_init__(self) -> None:
        """Refuse a schema that declares no version: no answer could be right.

        Raises:
            ValueError: the text is no JSON Schema, or one without a version.
        """
        if self.schema is not None:
            _declared(self.schema)


_SCHEMA = '{"properties": {"format_version": {"const": 2}, "title": {"type": "string"}}}'
_ABOUT_ITSELF = '{"x-format-version": "2.1", "type": "object"}'


@scorer(
    "format_version",
    values=[Value("declared", Kind.RATE, labels=("declared version", "another version"))],
    options=Options,
    from_candidate={"schema": "response_schema"},
    examples=[
        Example('{"format_version": 2, "title": "Tea"}', (1.0,), options={"schema": _SCHEMA}),
        Example('{"format_version": "2"}', (1.0,), options={"schema": _SCHEMA}),
        Example('{"format_version": 1}', (0.0,), options={"schema": _SCHEMA}),
        Example('{"title": "Tea"}', (0.0,), options={"schema": _SCHEMA}, note="it has to say it"),
        Example("I am sorry.", (0.0,), options={"schema": _SCHEMA}, note="no JSON"),
        Example(
            '{"title": "Tea"}',
            (1.0,),
            options={"schema": _SCHEMA},
            sample={"format_version": "2"},
            note="recorded beside the answer",
        ),
        Example(
            '{"format_version": 2}',
            (0.0,),
            options={"schema": _SCHEMA},
            sample={"format_version": "1"},
            note="it names two",
        ),
        Example('```json\n{"format_version": 2}\n```', (1.0,), options={"schema": _SCHEMA}),
        Example(
            '```json\n{"format_version": 2}\n```',
            (0.0,),
            options={"schema": _SCHEMA, "fenced": False},
        ),
        Example('{"format_version": "2.1"}', (1.0,), options={"schema": _ABOUT_ITSELF}),
        Example("{}", ("no format_version",), options={"schema": _ABOUT_ITSELF}),
        Example("{}", ("no response_schema",), options={"schema": None}),
    ],
)
def format_version(_case: Case, sample: Sample, options: Options) -> Score | Unscored:
    """Compares the version that an answer names with the declared one: 1 = the same, 0 = another.

    An answer names its version in its field `format_version`, or it is recorded beside the answer;
    where both are there, both count. The schema declares it by the `const` or `enum` of its property
    `format_version`, and an answer that names none is then 0 as well; or about itself, by the key
    `x-format-version` or `version` or a part such as `v2` of `$id`, and an answer that names none is
    then not scored.
    """
    assert sample.output is not None
    if options.schema is None:
        return Unscored("no response_schema")
    declared = _declared(options.schema)
    named = [text for text in (_in_answer(sample.output, options), sample.format_version) if text]
    if not named and not declared.in_answer:
        return Unscored("no format_version")
    wrong = [text for text in named if not any(same_version(text, v) for v in declared.values)]
    if wrong:
        return Score((0.0,), detail=f"names {wrong[0][:40]!r}, declared is {declared.text!r}")
    return Score((float(bool(named)),), detail="" if named else f"no {FIELD}")


def _in_answer(output: str, options: Options) -> str | None:
    try:
        return named_version(parse_json(json_part(output) if options.fenced else output))
    except JsonTextError:
        return None


@cache
def _declared(schema: str) -> Version:
    """Return the version that the text of a schema declares.

    Raises:
        ValueError: there is none.
    """
    try:
        found = declared_version(sound_schema(schema))
    except ValueError as error:
        raise ValueError(f"schema: expected a JSON Schema: {error}") from None
    if found is None:
        raise ValueError(
            "schema: expected a response schema that declares a format version "
            f"(properties.{FIELD}.const, x-format-version, version, or v2 in $id), found none"
        )
    return found
