"""No answer keeps a schema busy for ever, however it is nested, and a schema that never ends is refused."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from evalkit.core.model import Json
from evalkit.features.bounded_schema import TooMuchWorkError, Work, first_fault
from evalkit.features.schema import line_of, sound
from evalkit.features.searching import SlowPatternError

TREE: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#"}},
    },
    "additionalProperties": False,
}
LONG_WAY: dict[str, Any] = {
    "$ref": "#/$defs/0",
    "$defs": {
        **{str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}]} for n in range(12)},
        "12": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/0"}}]},
    },
}


def fault(schema: dict[str, Any], value: Json, work: Work | None = None) -> str:
    found = first_fault(sound(schema).validator(), value, work or Work())
    return line_of(found.absolute_path, found.message) if found else ""


def tree(levels: int, leaf: Any) -> Any:
    for _ in range(levels):
        leaf = {"name": "n", "children": [leaf]}
    return leaf


def nested(levels: int, leaf: Any) -> Any:
    for _ in range(levels):
        leaf = [leaf]
    return leaf


def test_a_tree_of_the_deepest_answers_is_held_to_its_schema() -> None:
    assert fault(TREE, tree(49, {"name": "leaf"})) == ""
    assert fault(TREE, tree(49, {"name": 7})).endswith(".name: 7 is not of type 'string'")


def test_a_long_way_at_every_level_is_gone_and_changes_nothing_for_others() -> None:
    before = sys.getrecursionlimit(), threading.stack_size()
    assert fault(LONG_WAY, nested(99, "leaf")) == ""
    assert fault(LONG_WAY, nested(99, 7)) != ""
    assert (sys.getrecursionlimit(), threading.stack_size()) == before


def test_what_goes_wrong_on_the_long_way_is_raised_where_it_was_asked_for() -> None:
    with pytest.raises(TooMuchWorkError):
        fault(LONG_WAY, nested(99, "leaf"), Work(references=500))


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"type": "string"}, {"items": {"$ref": "#"}, "minItems": 1, "maxItems": 0},
                   {"items": {"$ref": "#"}, "type": "array"}]},
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#"}}],
         "unevaluatedItems": False},
    ],
    ids=["two branches", "unevaluated"],
)  # fmt: skip
def test_a_time_that_doubles_with_each_level_is_given_up(schema: dict[str, Any]) -> None:
    assert fault(schema, nested(3, "leaf")) == fault(schema, nested(2, "leaf"))
    with pytest.raises(TooMuchWorkError):
        fault(schema, nested(60, "leaf"))


HOSTILE = "a" * 40 + "!"


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"pattern": "^(a+)+$"}, HOSTILE, f"$: '{HOSTILE}' does not match '^(a+)+$'"),
        ({"pattern": "^(a+)+$"}, "a" * 40, ""),
        ({"pattern": "^(a+)+$"}, 7, ""),
        ({"patternProperties": {"^(a+)+$": False}}, {HOSTILE: 1}, ""),
        ({"patternProperties": {"^a": {"type": "null"}}}, {"aa": 1}, "$.aa: 1 is not of type 'null'"),
        ({"patternProperties": {"^x": {"type": "string"}}}, [], ""),
        ({"propertyNames": {"pattern": "^(a+)+$"}}, {HOSTILE: 1},
         f"$: '{HOSTILE}' does not match '^(a+)+$'"),
        ({"patternProperties": {"^x": {}}, "additionalProperties": False}, {"y": 1},
         "$: 'y' does not match any of the regexes: '^x'"),
        ({"patternProperties": {"^x": {}}, "unevaluatedProperties": False}, {"xa": 1}, ""),
        ({"patternProperties": {"^x": {}}, "unevaluatedProperties": False}, [], ""),
        ({"patternProperties": {r"^\p{L}+$": {}}, "unevaluatedProperties": False}, {"ß": 1}, ""),
    ],
)  # fmt: skip
def test_patterns_are_searched_for_in_texts_and_keys(
    schema: dict[str, Any], value: Json, expected: str
) -> None:
    assert fault(schema, value) == expected


ENDLESS, LONG = "^(a|aa)+$", "a" * 60 + "!"
SHORT = Work(seconds=0.05)


@pytest.mark.parametrize(
    ("schema", "value", "place"),
    [
        ({"pattern": ENDLESS}, LONG, "$.pattern"),
        ({"properties": {"a": {"items": {"pattern": ENDLESS}}}}, {"a": [LONG]},
         "$.properties.a.items.pattern"),
        ({"allOf": [{"patternProperties": {ENDLESS: {}}}]}, {LONG: 1}, "$.allOf[0].patternProperties"),
        ({"additionalProperties": False, "patternProperties": {ENDLESS: {}}}, {LONG: 1},
         "$.patternProperties"),
        ({"unevaluatedProperties": False, "patternProperties": {ENDLESS: {}}}, {LONG: 1},
         "$.patternProperties"),
    ],
)  # fmt: skip
def test_a_pattern_that_takes_too_long_is_named_with_its_place(
    schema: dict[str, Any], value: Json, place: str
) -> None:
    with pytest.raises(SlowPatternError) as raised:
        fault(schema, value, SHORT)
    assert str(raised.value) == f"schema: {place} '{ENDLESS}' takes more than 0.05 s"


def test_all_patterns_of_an_answer_have_one_time_together() -> None:
    schema = {"items": {"pattern": r"^(\w+\s?)+$"}}
    with pytest.raises(SlowPatternError, match=r"takes more than 0.05 s"):
        fault(schema, ["hello world " * 300 + "a"] * 20_000, SHORT)


# ---------------------------------------------------------------- the words that are ours

KEYS = st.sampled_from(["a", "b", "ab", "c"])
VALUES = st.dictionaries(KEYS, st.sampled_from([1, "x", None]), max_size=4)
SCHEMAS = st.recursive(
    st.sampled_from([True, False, {"type": "integer"}, {"type": "string"}, {"required": ["a"]}]),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(KEYS, inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["a", "^b", "c$"]), inner, max_size=2),
            "additionalProperties": inner,
            "unevaluatedProperties": inner,
            "dependentSchemas": st.dictionaries(KEYS, inner, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "if": inner, "then": inner, "else": inner,
            "$ref": st.just("#/$defs/a"), "$dynamicRef": st.just("#/$defs/b"),
        },
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=800)
@given(SCHEMAS, VALUES)
def test_what_a_schema_rules_out_is_what_the_library_rules_out(schema: Any, value: Json) -> None:
    whole = {
        "$defs": {"a": {"properties": {"a": {}}}, "b": {"patternProperties": {"b": {}}}},
        "allOf": [schema],
        "unevaluatedProperties": False,
    }
    assert (fault(whole, value) == "") is Draft202012Validator(whole).is_valid(value)


@pytest.mark.parametrize("value", [{"c": 1}, {"c": 1, "b": "x"}, {"a": "x", "b": 1}, {}])
@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {}}, "additionalProperties": False},
        {"patternProperties": {"^a": {}, "x$": {}}, "additionalProperties": False},
        {"additionalProperties": {"type": "integer"}},
        {"properties": {"a": {}}, "unevaluatedProperties": False},
        {"properties": {"a": {}}, "unevaluatedProperties": {"type": "string"}},
        {"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": True,
         "patternProperties": {"a": {}}, "unevaluatedProperties": False},
        {"$schema": "http://json-schema.org/draft-07/schema#",
         "patternProperties": {"a": {}}, "additionalProperties": False},
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_as_the_library_tells_it(
    schema: dict[str, Any], value: dict[str, Json]
) -> None:
    theirs = [error.message for error in validator_for(schema)(schema).iter_errors(value)]
    assert [error.message for error in sound(schema).validator().iter_errors(value)] == theirs


def test_a_reference_to_the_whole_speaks_of_the_same_keys_in_the_dialect_that_has_it() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "properties": {"a": {"$ref": "#/$defs/closed"}, "b": {}},
        "$defs": {"closed": {"properties": {"c": {"$recursiveRef": "#"}}, "unevaluatedProperties": False}},
    }  # fmt: skip
    assert fault(schema, {"a": {"c": {"a": {}}}}) == ""
    assert fault(schema, {"a": {"c": {"a": {"b": 1}}}}).startswith("$.a.c.a: Unevaluated")


@pytest.mark.parametrize("text", ["(", "[z-a]"])
def test_a_pattern_that_does_not_compile_is_no_schema(text: str) -> None:
    schemas: list[dict[str, Any]] = [{"pattern": text}, {"patternProperties": {text: {}}}]
    for schema in schemas:
        with pytest.raises(ValueError, match="is not a 'regex'"):
            sound(schema)


CIRCLES: list[dict[str, Any]] = [
    {"$ref": "#"},
    {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    {"anyOf": [{"type": "string"}, {"$ref": "#"}]},
    {"properties": {"a": {"$ref": "#/$defs/a/allOf/0"}}, "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}},
    {"properties": {"a": {"not": {"$ref": "#/properties/a"}}}},
    {"if": {"type": "string"}, "else": {"$ref": "#"}},
    {"dependentSchemas": {"a": {"$ref": "#"}}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": {"$ref": "#"}, "b": ["a"]}},
    {"$schema": "http://json-schema.org/draft-04/schema#", "$ref": "#"},
    {"$dynamicAnchor": "node", "allOf": [{"$dynamicRef": "#node"}]},
    {"$schema": "https://json-schema.org/draft/2019-09/schema", "oneOf": [{"$recursiveRef": "#"}]},
]  # fmt: skip


@pytest.mark.parametrize("schema", CIRCLES)
def test_references_that_go_round_in_a_circle_are_no_schema(schema: dict[str, Any]) -> None:
    with pytest.raises(
        ValueError, match=r"^\$ref '#.*' leads round in a circle.*inside properties"
    ):
        sound(schema)


@pytest.mark.parametrize(
    "schema",
    [
        TREE,
        LONG_WAY,
        {"$defs": {"a": {"type": "string"}}, "allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]},
        {"anyOf": [{"type": "null"}, {"properties": {"next": {"$ref": "#"}}}]},
        {"$dynamicAnchor": "node", "properties": {"next": {"$dynamicRef": "#node"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}},
         "allOf": [{"$ref": "#/definitions/a", "allOf": [{"$ref": "#"}]}]},
    ],
)  # fmt: skip
def test_references_that_lead_deeper_or_are_never_followed_are_sound(
    schema: dict[str, Any],
) -> None:
    assert sound(schema).schema == schema
