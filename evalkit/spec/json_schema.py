"""The grammar of an envelope file as a JSON Schema, for editors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evalkit.core.model import Json
from evalkit.core.ports import ScorerPlugin
from evalkit.core.registry import PROVIDERS, SCORERS
from evalkit.spec.consulted import BY
from evalkit.spec.grammar import ConsultedFile, EnvelopeFile
from evalkit.spec.options import options_model
from evalkit.spec.words import NUMBER_SCHEMA

_TEXT: Json = {"type": "string"}
_WORDS: Json = {"type": "array", "items": {"type": "string"}}
_FILE: Json = {
    "type": "object",
    "properties": {"file": {"type": "string"}},
    "required": ["file"],
    "additionalProperties": False,
}
"""An option of text may stand in a file."""
_SHORT_FORMS: Mapping[tuple[str, str], list[Any]] = {
    ("EnvelopeFile", "golden_set"): [
        _TEXT,
        {"$ref": "#/definitions/GoldenSource"},
        {
            "type": "array", "minItems": 1,
            "items": {"anyOf": [_TEXT, {"$ref": "#/definitions/GoldenSource"}]},
        },
    ],
    ("SnapshotFile", "system_prompt"): [_TEXT, {"$ref": "#/definitions/SystemPromptFile"}],
    ("SentinelFile", "system_prompt"): [_TEXT, {"$ref": "#/definitions/SystemPromptFile"}],
    ("BoundFile", "on"): [_TEXT, _WORDS, {"$ref": "#/definitions/SliceFile"}],
    ("EnvelopeFile", "drift"): [
        {"type": "string", "enum": ["on", "off"]}, {"$ref": "#/definitions/DriftFile"},
    ],
    ("CanaryFile", "stages"): [
        {
            "type": "array", "minItems": 1,
            "items": {"anyOf": [NUMBER_SCHEMA, {"$ref": "#/definitions/StageFile"}]},
        },
    ],
    ("EnvelopeFile", "canary"): [
        {"$ref": "#/definitions/CanaryFile"},
        {"type": "array", "minItems": 1, "items": NUMBER_SCHEMA},
    ],
    ("BoundFile", "delta"): [NUMBER_SCHEMA, {"$ref": "#/definitions/SidesFile"}],
}  # fmt: skip
"""What the grammar accepts beside the long form, and a schema generator cannot see."""


def envelope_schema() -> dict[str, Json]:
    """Return the JSON Schema of envelope files, in the words that drafts 7 and 2020-12 share."""
    schema = _without_null(EnvelopeFile.model_json_schema(ref_template="#/definitions/{model}"))
    definitions = schema.pop("$defs")
    root = {key: schema.pop(key) for key in ("properties", "required", "type")}
    root["properties"]["metrics"]["additionalProperties"] = False
    root["properties"]["max_missing"]["default"] = 0.02
    definitions["EnvelopeFile"] = {**root, "additionalProperties": False}
    for (name, key), forms in _SHORT_FORMS.items():
        definitions[name]["properties"][key] = {"anyOf": forms}
    _add_options(definitions)
    found = _portable(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "evalkit envelope",
            "description": "What is asked, who answers, and what is acceptable.",
            **definitions.pop("EnvelopeFile"),
            "definitions": definitions,
        }
    )
    assert isinstance(found, dict)
    return found


def _add_options(definitions: dict[str, Any]) -> None:
    """Write the options of every built-in plug-in into the grammar of what names it."""
    asked = _without_null(ConsultedFile.model_json_schema(ref_template="#/definitions/{model}"))
    asked.pop("$defs")  # prices, which stand here already
    asked.pop("required")  # some scorers know whom they ask
    definitions["ConsultedFile"] = asked
    snapshots = [definitions[name] for name in ("SnapshotFile", "SentinelFile", "ConsultedFile")]
    rules = []
    for name, provider in PROVIDERS.built_in().items():
        options = _options_schema(provider.options, frozenset(), definitions)
        for snapshot in snapshots:
            snapshot["properties"] |= options["properties"]
        named = {"properties": {"provider": {"const": name}}}
        rules.append({"if": named, "then": {"required": options.get("required", [])}})
    for snapshot in snapshots:
        snapshot |= {"additionalProperties": False, "allOf": rules}
    metric = definitions["MetricFile"]
    scorers = SCORERS.built_in()
    of_stranger = {
        **metric["properties"],
        "scorer": {"type": "string", "not": {"enum": [*scorers]}},
    }
    forms = [{**metric, "properties": of_stranger, "additionalProperties": True}]
    forms += [_scorer_form(scorer, metric, definitions) for scorer in scorers.values()]
    definitions["MetricFile"] = {"anyOf": forms}


def _scorer_form(
    scorer: ScorerPlugin, metric: dict[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    hidden = frozenset({*scorer.from_snapshot, *scorer.from_candidate})
    options = _options_schema(scorer.options, hidden, definitions)
    required = [*options.get("required", [])]
    if scorer.remote is not None:
        for name, option in options["properties"].items():
            kinds = [option, *option.get("anyOf", ())]
            if option.get("default") is None and "string" in [kind.get("type") for kind in kinds]:
                options["properties"][name] = {"anyOf": [_TEXT, _FILE]}
        by: dict[str, Any] = {"$ref": "#/definitions/ConsultedFile"}
        if not scorer.remote.by:
            required.append(BY)
            by = {"allOf": [by, {"required": ["provider"]}]}
        options["properties"][BY] = by
    return {
        "type": "object",
        "title": scorer.name,
        "description": scorer.doc.strip().split("\n\n")[0],
        "properties": {
            **metric["properties"],
            **options["properties"],
            "scorer": {"const": scorer.name},
        },
        "required": ["scorer", *required],
        "additionalProperties": False,
    }


def _options_schema(
    options: type, hidden: frozenset[str], definitions: dict[str, Any]
) -> dict[str, Any]:
    schema = options_model(options, hidden).model_json_schema(ref_template="#/definitions/{model}")
    definitions |= schema.pop("$defs", {})
    schema.setdefault("properties", {})
    return schema


def _without_null(schema: Any) -> Any:
    """Return the schema of a grammar in which a key is left out or has a value."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    found = {key: _without_null(item) for key, item in schema.items()}
    if found.get("default", ...) is None:
        del found["default"]
    if len(found.get("anyOf", ())) == 1:
        found |= found.pop("anyOf")[0]
    return found


def _portable(schema: Json) -> Json:
    """Return a schema without the words that drafts 7 and 2020-12 read differently."""
    if isinstance(schema, list):
        return [_portable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _portable(item) for key, item in schema.items()}
    if isinstance(parts := found.pop("prefixItems", None), list):
        found["items"] = parts[0] if all(part == parts[0] for part in parts) else {}
    return found


def schema_text() -> str:
    """Return the schema as ``evalkit schema`` prints it."""
    return json.dumps(envelope_schema(), indent=2, ensure_ascii=False) + "\n"
