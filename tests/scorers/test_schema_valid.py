"""A schema is held to offline, and the first fault is one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.core.model import Score, Unscored

Ask = Callable[..., Score]

ORDER = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id", "items"],
    "properties": {
        "id": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"},
        "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        "mail": {"type": "string", "format": "email"},
        "parent": {"$ref": "#"},
    },
    "unevaluatedProperties": False,
    "$defs": {
        "item": {
            "type": "object",
            "required": ["sku"],
            "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
            "additionalProperties": False,
        }
    },
}
GOOD: dict[str, Any] = {"id": "AB-1", "items": [{"sku": "x", "count": 2}]}
DOCUMENTS = [
    (GOOD, True),
    ({**GOOD, "mail": "no address"}, True),
    ({**GOOD, "parent": GOOD}, True),
    ({**GOOD, "items": [{"sku": "x", "count": 2.0}]}, True),
    ({**GOOD, "id": "ab-1"}, False),
    ({**GOOD, "items": []}, False),
    ({**GOOD, "items": [{"sku": "x", "count": 0}]}, False),
    ({**GOOD, "items": [{"sku": 1}]}, False),
    ({**GOOD, "more": 1}, False),
    ({**GOOD, "parent": {"id": "AB-1"}}, False),
    ({"id": "AB-1"}, False),
    ([], False),
    (None, False),
]


@pytest.mark.parametrize(("document", "valid"), DOCUMENTS)
def test_a_document_satisfies_the_schema_or_not(
    score: Ask, document: object, *, valid: bool
) -> None:
    found = score("schema_valid", json.dumps(document), schema=json.dumps(ORDER))
    assert found.values == (float(valid),)
    assert bool(found.detail) is not valid
    assert "\n" not in found.detail


def test_the_first_fault_names_its_place(score: Ask) -> None:
    document = {**GOOD, "items": [{"sku": "x"}, {"sku": 7}]}
    found = score("schema_valid", json.dumps(document), schema=json.dumps(ORDER))
    assert found.detail.startswith("$.items[1].sku: 7 is not of type")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ('{"id": NaN}', "no JSON: NaN is not JSON"),
        ('{"id": "a", "id": "b"}', "no JSON: key 'id' stands twice"),
        ('{"id": 1e999}', "no JSON: 1e999 is larger"),
        ('{"id": "AB-1"} Hope that helps!', "no JSON: something follows"),
        ("", "no JSON: not JSON"),
        ("[" * 100_000, "no JSON: brackets are nested too deeply"),
    ],
)
def test_what_a_strict_reader_refuses_is_not_valid(score: Ask, output: str, reason: str) -> None:
    found = score("schema_valid", output, schema="{}")
    assert found.values == (0.0,)
    assert found.detail.startswith(reason)


def test_an_older_dialect_is_held_to_its_own_rules(score: Ask) -> None:
    schema = json.dumps(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "definitions": {"pair": {"items": [{"type": "integer"}, {"type": "string"}]}},
            "$ref": "#/definitions/pair",
        }
    )
    assert score("schema_valid", '[1, "a"]', schema=schema).values == (1.0,)
    assert score("schema_valid", '["a", 1]', schema=schema).values == (0.0,)


@pytest.mark.parametrize(
    ("depth", "value", "detail"),
    [
        (100, 1.0, ""),
        (102, 0.0, "no JSON: brackets are nested too deeply, over 100 levels"),
        (10_000, 0.0, "no JSON: brackets are nested too deeply"),
    ],
)
def test_a_deep_answer_to_a_recursive_schema_is_told_as_what_it_is(
    score: Ask, depth: int, value: float, detail: str
) -> None:
    found = score("schema_valid", "[" * depth + "]" * depth, schema='{"items": {"$ref": "#"}}')
    assert (found.values, found.detail) == ((value,), detail)


def test_an_answer_made_for_a_pattern_is_scored(score: Ask) -> None:
    schema = '{"type": "string", "pattern": "^(a+)+$"}'
    assert score("schema_valid", json.dumps("a" * 50), schema=schema).values == (1.0,)
    assert score("schema_valid", json.dumps("a" * 50 + "!"), schema=schema).values == (0.0,)


def test_what_takes_too_long_to_check_has_no_score(score: Ask) -> None:
    schema = json.dumps({
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#"}}],
        "unevaluatedItems": False,
    })  # fmt: skip
    found = score("schema_valid", "[" * 60 + "]" * 60, schema=schema)
    assert found.values == (Unscored("an answer that takes too long to check"),)
