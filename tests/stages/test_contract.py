"""A schema change is told as its readers meet it, and nothing that breaks them is overlooked."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import pytest

from evalkit.core.contract import ContractDiff, Effect, Standing
from evalkit.core.errors import UsageError
from evalkit.features.schema import sound
from evalkit.stages.contract import contract_diff
from evalkit.stages.contract.nodes import MOST_FORMS, Place, matches
from evalkit.stages.contract.overlaps import may_overlap

BREAKING, ADDITIVE = Effect.BREAKING, Effect.ADDITIVE
COSMETIC, UNCLEAR = Effect.COSMETIC, Effect.UNCLEAR
TEXT, NULL = {"type": "string"}, {"type": "null"}
WHOLE, NUMBER = {"type": "integer"}, {"type": "number"}


def diff(old: Any, new: Any) -> ContractDiff:
    return contract_diff(sound(old), sound(new))


def told(old: Any, new: Any) -> list[tuple[str, str, str]]:
    return [(change.effect.value, change.path, change.keyword) for change in diff(old, new).changes]


def an_object(properties: Any, *required: str, **words: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*required], **words}


CLOSED = {"additionalProperties": False}
BY_KIND = {
    "oneOf": [
        an_object({"kind": {"const": "a"}, "x": TEXT}, "kind"),
        an_object({"kind": {"const": "b"}, "y": TEXT}, "kind"),
    ]
}


@pytest.mark.parametrize(
    ("old", "new", "forwards", "backwards"),
    [
        # what may stand there
        ({"type": "string"}, {"type": ["string", "null"]}, [(BREAKING, "$", "type")], [(ADDITIVE, "$", "type")]),
        ({"type": "integer"}, {"type": "number"}, [(BREAKING, "$", "type")], [(ADDITIVE, "$", "type")]),
        ({"type": "integer"}, {"type": "string"}, [(BREAKING, "$", "type")], [(BREAKING, "$", "type")]),
        ({"type": ["string", "null"]}, {"anyOf": [TEXT, NULL]}, [], []),
        ({"type": ["string", "null"]}, {"oneOf": [NULL, TEXT]}, [], []),
        ({}, {"type": "number"}, [(ADDITIVE, "$", "type")], [(BREAKING, "$", "type")]),
        ({"type": "boolean"}, {"enum": [True, False]}, [], []),
        ({"type": "null"}, {"const": None}, [], []),
        # listed values
        ({"enum": ["a", "b"]}, {"enum": ["a", "b", "c"]}, [(BREAKING, "$", "enum")], [(ADDITIVE, "$", "enum")]),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}, [(COSMETIC, "$", "enum")], [(COSMETIC, "$", "enum")]),
        ({"enum": ["a", "b"]}, {"const": "a"}, [(ADDITIVE, "$", "const")], [(BREAKING, "$", "enum")]),
        ({"enum": ["a", "b"]}, TEXT, [(BREAKING, "$", "enum")], [(ADDITIVE, "$", "enum")]),
        ({"enum": [1]}, {"enum": [1.0]}, [], []),
        ({"enum": [0.5, 1]}, {"enum": [0.5, 1, 2.5]}, [(BREAKING, "$", "enum")], [(ADDITIVE, "$", "enum")]),
        ({"enum": [[1], {"a": 1}]}, {"enum": [{"a": 1}, [1]]}, [], []),
        (
            {"type": "string", "maxLength": 3}, {"enum": ["ab", "abcd"]},
            [(BREAKING, "$", "enum")], [(BREAKING, "$", "enum")],
        ),
        # fields
        (
            an_object({"a": TEXT}, "a"), an_object({"a": TEXT}),
            [(BREAKING, "a", "required")], [(ADDITIVE, "a", "required")],
        ),
        (
            an_object({"a": TEXT}, "a"), an_object({}),
            [(BREAKING, "a", "properties")], [(ADDITIVE, "a", "properties")],
        ),
        (
            an_object({"a": TEXT}), an_object({}),
            [(BREAKING, "a", "properties")], [(ADDITIVE, "a", "properties")],
        ),
        (
            an_object({"a": TEXT}, "a"), an_object({}, "a"),
            [(BREAKING, "a", "properties")], [(ADDITIVE, "a", "type")],
        ),
        (
            an_object({"a": TEXT}, **CLOSED), an_object({}, **CLOSED),
            [(ADDITIVE, "a", "properties")], [(BREAKING, "a", "properties")],
        ),
        (
            an_object({}, **CLOSED), an_object({}),
            [(BREAKING, "$", "additionalProperties")], [(ADDITIVE, "$", "additionalProperties")],
        ),
        (an_object({"a": False}, **CLOSED), an_object({}, **CLOSED), [], []),
        (
            an_object({}, additionalProperties=TEXT), an_object({}, additionalProperties={"type": "integer"}),
            [(BREAKING, '["*"]', "type")], [(BREAKING, '["*"]', "type")],
        ),
        (
            an_object({}, additionalProperties=TEXT), an_object({"a": NULL}, additionalProperties=TEXT),
            [(BREAKING, "a", "type")], [(BREAKING, "a", "type")],
        ),
        (an_object({}, "a"), an_object({}), [(BREAKING, "a", "required")], [(ADDITIVE, "a", "required")]),
        (
            an_object({"a": TEXT, "b": TEXT}), an_object({"b": TEXT, "a": TEXT}),
            [(COSMETIC, "$", "properties")], [(COSMETIC, "$", "properties")],
        ),
        (
            an_object({}, patternProperties={"^x": TEXT}), an_object({}, patternProperties={"^x": NULL}),
            [(BREAKING, '["/^x/"]', "type")], [(BREAKING, '["/^x/"]', "type")],
        ),
        (
            an_object({}, patternProperties={"^x": TEXT}), an_object({}),
            [(UNCLEAR, "$", "patternProperties")], [(UNCLEAR, "$", "patternProperties")],
        ),
        (
            an_object({"xa": {}}, patternProperties={"^x": TEXT}), an_object({}, patternProperties={"^x": TEXT}),
            [], [],
        ),
        (
            an_object({}, minProperties=2), an_object({}, minProperties=1),
            [(BREAKING, "$", "minProperties")], [(ADDITIVE, "$", "minProperties")],
        ),
        # lists
        (
            {"type": "array", "items": TEXT}, {"type": "array", "items": {"type": ["string", "null"]}},
            [(BREAKING, "$[]", "type")], [(ADDITIVE, "$[]", "type")],
        ),
        (
            {"type": "array", "maxItems": 3}, {"type": "array", "maxItems": 4},
            [(BREAKING, "$", "maxItems")], [(ADDITIVE, "$", "maxItems")],
        ),
        (
            {"type": "array", "uniqueItems": True}, {"type": "array"},
            [(BREAKING, "$", "uniqueItems")], [(ADDITIVE, "$", "uniqueItems")],
        ),
        (
            {"type": "array", "prefixItems": [TEXT, TEXT], "items": False},
            {"type": "array", "prefixItems": [TEXT], "items": False},
            [(ADDITIVE, "$", "maxItems"), (ADDITIVE, "$", "prefixItems")],
            [(BREAKING, "$", "maxItems"), (BREAKING, "$", "prefixItems")],
        ),
        (
            {"type": "array", "prefixItems": [TEXT], "items": False}, {"type": "array", "prefixItems": [TEXT]},
            [(BREAKING, "$", "items"), (BREAKING, "$", "maxItems")],
            [(ADDITIVE, "$", "items"), (ADDITIVE, "$", "maxItems")],
        ),
        # texts and numbers
        (
            {"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 10},
            [(BREAKING, "$", "maxLength")], [(ADDITIVE, "$", "maxLength")],
        ),
        (
            {"type": "string", "pattern": "a"}, TEXT,
            [(BREAKING, "$", "pattern")], [(ADDITIVE, "$", "pattern")],
        ),
        (
            {"type": "string", "pattern": "a"}, {"type": "string", "pattern": "b"},
            [(UNCLEAR, "$", "pattern")], [(UNCLEAR, "$", "pattern")],
        ),
        (
            {"type": "string", "format": "date"}, TEXT,
            [(BREAKING, "$", "format")], [(ADDITIVE, "$", "format")],
        ),
        (
            {"type": "integer", "minimum": 0}, {"type": "integer", "minimum": -1},
            [(BREAKING, "$", "minimum")], [(ADDITIVE, "$", "minimum")],
        ),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}, [], []),
        ({"type": "integer", "maximum": 4.5}, {"type": "integer", "exclusiveMaximum": 5}, [], []),
        (
            {"type": "integer", "exclusiveMaximum": 5}, {"type": "integer", "maximum": 5},
            [(BREAKING, "$", "maximum")], [(ADDITIVE, "$", "maximum")],
        ),
        (
            {"type": "number", "exclusiveMaximum": 5}, {"type": "number", "maximum": 5},
            [(BREAKING, "$", "exclusiveMaximum")], [(ADDITIVE, "$", "exclusiveMaximum")],
        ),
        (
            {"type": "number", "multipleOf": 0.1}, {"type": "number", "multipleOf": 0.05},
            [(BREAKING, "$", "multipleOf")], [(ADDITIVE, "$", "multipleOf")],
        ),
        ({"type": "number", "multipleOf": 2}, {"type": "number", "multipleOf": 2.0}, [], []),
        # references and forms
        (
            {"$ref": "#/$defs/t", "$defs": {"t": TEXT}}, {"$ref": "#/$defs/u", "$defs": {"u": TEXT}},
            [], [],
        ),
        (
            {"allOf": [TEXT, {"maxLength": 5}]}, {"type": "string", "maxLength": 6},
            [(BREAKING, "$", "maxLength")], [(ADDITIVE, "$", "maxLength")],
        ),
        ({"allOf": [TEXT, False]}, {"not": {}, "type": "string"}, [(BREAKING, "$", "type")], [(ADDITIVE, "$", "type")]),
        (BY_KIND, {"oneOf": [*reversed(BY_KIND["oneOf"])]}, [], []),
        (
            BY_KIND, {"oneOf": [*BY_KIND["oneOf"], an_object({"kind": {"const": "c"}}, "kind")]},
            [(BREAKING, "$", "anyOf")], [(ADDITIVE, "$", "anyOf")],
        ),
        (
            {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "maxLength": 2}]},
            {"type": "string", "format": "date"},
            [(ADDITIVE, "$", "anyOf")], [(BREAKING, "$", "format"), (ADDITIVE, "$", "maxLength")],
        ),
        ({"anyOf": [True, TEXT]}, {}, [], []),
        (
            an_object({}, patternProperties={"^x": False}), an_object({}, patternProperties={"^x": NULL}),
            [(BREAKING, '["/^x/"]', "type")], [(ADDITIVE, '["/^x/"]', "type")],
        ),
        (
            {"$ref": "#/$defs/t", "type": "null", "$defs": {"t": True}}, NULL,
            [], [],
        ),
        (
            {"anyOf": [an_object({"k": {"const": 1}}, "k", title="One"), an_object({"k": {"const": 2}}, "k")]},
            an_object({"k": {"const": 2}}, "k"),
            [(ADDITIVE, "$", "anyOf")], [(BREAKING, "$", "anyOf")],
        ),
        (
            {"allOf": [{"$ref": "#/$defs/t"}], "anyOf": [{"$ref": "#/$defs/t"}, NULL], "$defs": {"t": TEXT}},
            TEXT, [], [],
        ),
        (
            an_object({"a": TEXT}, "a", anyOf=[{"required": ["a"]}, {"properties": {"a": False}}]),
            an_object({"a": TEXT}, anyOf=[{"required": ["a"]}, {"properties": {"a": False}}]),
            [(BREAKING, "a", "properties")], [(ADDITIVE, "$", "anyOf")],
        ),
        # of a oneOf that is not the same any more, what fits two forms may come where it did not
        ({"oneOf": [WHOLE, NUMBER]}, {"oneOf": [NUMBER, WHOLE]}, [], []),
        ({"oneOf": [WHOLE, NUMBER]}, {"anyOf": [NUMBER, WHOLE]}, [(UNCLEAR, "$", "oneOf")], []),
        ({"oneOf": [WHOLE, NUMBER]}, NUMBER, [(UNCLEAR, "$", "oneOf")], []),
        (
            {"oneOf": [NUMBER, {**WHOLE, "minimum": 0}]}, {"oneOf": [NUMBER, {**WHOLE, "minimum": 9}]},
            [(UNCLEAR, "$", "oneOf"), (ADDITIVE, "$", "minimum")],
            [(UNCLEAR, "$", "oneOf"), (ADDITIVE, "$", "minimum")],
        ),
        ({"oneOf": [TEXT, {"const": "a"}]}, TEXT, [(UNCLEAR, "$", "oneOf")], [(ADDITIVE, "$", "const")]),
        (
            {"oneOf": [{"enum": ["a", "b"]}, {"const": "c"}]}, {"enum": ["a", "b"]},
            [(ADDITIVE, "$", "anyOf")], [(BREAKING, "$", "const"), (ADDITIVE, "$", "const")],
        ),
        (
            {"oneOf": [an_object({"a": TEXT}, "a"), an_object({"b": TEXT}, "b")]},
            an_object({"a": TEXT}, "a"),
            [(UNCLEAR, "$", "oneOf"), (ADDITIVE, "$", "anyOf")],
            [(BREAKING, "a", "properties"), (ADDITIVE, "b", "properties")],
        ),
        (
            {"oneOf": [
                an_object({"a": TEXT}, "a", additionalProperties=False),
                an_object({"b": TEXT}, "b", additionalProperties=False),
            ]},
            an_object({"a": TEXT}, "a", additionalProperties=False),
            [(ADDITIVE, "$", "anyOf")], [(BREAKING, "a", "properties"), (BREAKING, "b", "properties")],
        ),
        (
            {"oneOf": [an_object({"a": TEXT}, "a"), an_object({"a": NUMBER}, "a")]},
            an_object({"a": TEXT}, "a"),
            [(ADDITIVE, "$", "anyOf")], [(BREAKING, "a", "type")],
        ),
        (
            {"anyOf": [an_object({"a": TEXT}, "a"), an_object({"a": TEXT, "b": TEXT}, "a", "b")]},
            an_object({"a": {"type": ["string", "null"]}}, "a"),
            [(BREAKING, "a", "type")], [(ADDITIVE, "a", "type"), (ADDITIVE, "b", "properties")],
        ),
        # remarks, and what nobody compares
        ({"title": "a"}, {"title": "b"}, [(COSMETIC, "$", "title")], [(COSMETIC, "$", "title")]),
        ({"x-hint": 1}, {"x-hint": 2}, [(UNCLEAR, "$", "x-hint")], [(UNCLEAR, "$", "x-hint")]),
        ({"x-hint": 1, "type": "null"}, {"x-hint": 1, "type": "null", "$comment": "a"}, [(COSMETIC, "$", "$comment")], [(COSMETIC, "$", "$comment")]),
        (
            {"type": "string", "not": {"$ref": "#/$defs/n"}, "$defs": {"n": {"const": "a"}}},
            {"type": "string", "not": {"$ref": "#/$defs/n"}, "$defs": {"n": {"const": "b"}}},
            [(UNCLEAR, "$", "not")], [(UNCLEAR, "$", "not")],
        ),
        ({"type": "string", "enum": ["a"], "x-y": 1}, {"type": "string", "enum": ["a"]}, [(UNCLEAR, "$", "x-y")], [(UNCLEAR, "$", "x-y")]),
    ],
)  # fmt: skip
def test_a_change_is_classified_both_ways(
    old: Any, new: Any, forwards: list[Any], backwards: list[Any]
) -> None:
    assert told(old, new) == forwards
    assert told(new, old) == backwards
    assert told(old, deepcopy(old)) == []


def test_older_dialects_are_read_by_their_own_rules() -> None:
    head = {"$schema": "http://json-schema.org/draft-07/schema#"}
    pair = {**head, "type": "array", "items": [TEXT, TEXT], "additionalItems": False}
    assert told(pair, {**pair, "items": [TEXT, NULL]}) == [("breaking", "$[1]", "type")]
    beside = {
        "properties": {"a": {"$ref": "#/definitions/t", "maxLength": 3}},
        "definitions": {"t": TEXT},
    }
    plain = {"properties": {"a": {"$ref": "#/definitions/t"}}, "definitions": {"t": TEXT}}
    assert told({**head, **beside}, {**head, **plain}) == []
    assert told(beside, plain) == [("breaking", "a", "maxLength")]
    fourth = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "minimum": 1}
    assert told({**fourth, "exclusiveMinimum": True}, fourth) == [
        ("breaking", "$", "exclusiveMinimum")
    ]


def test_a_circle_of_references_ends_and_its_changes_are_counted_once() -> None:
    tree = an_object(
        {"root": {"$ref": "#/$defs/t"}, "spare": {"$ref": "#/$defs/t"}},
        **{"$defs": {"t": an_object({"kids": {"type": "array", "items": {"$ref": "#/$defs/t"}}, "v": TEXT}, "v")}},
    )  # fmt: skip
    other = deepcopy(tree)
    other["$defs"]["t"]["required"] = []
    (change,) = diff(tree, other).changes
    assert (change.path, change.places) == ("root.v", 2)


def test_a_change_inside_a_circle_is_found_wherever_it_is_entered() -> None:
    def schema(leaf: Any) -> Any:
        return {
            "$ref": "#/$defs/a",
            "$defs": {
                "a": an_object({"b": {"$ref": "#/$defs/b"}}),
                "b": an_object({"a": {"$ref": "#/$defs/a"}, "c": {"$ref": "#/$defs/c"}}),
                "c": an_object({"b": {"$ref": "#/$defs/b"}, "leaf": leaf}),
            },
        }

    assert told(schema(TEXT), schema(NULL)) == [("breaking", "b.c.leaf", "type")]


def test_definitions_that_are_met_ever_so_often_are_compared_once() -> None:
    def schema(last: Any) -> Any:
        links = {
            f"d{n}": an_object(
                {"l": {"$ref": f"#/$defs/d{n + 1}"}, "r": {"$ref": f"#/$defs/d{n + 1}"}}
            )
            for n in range(40)
        }
        return {"$ref": "#/$defs/d0", "$defs": {**links, "d40": last}}

    (change,) = diff(schema(TEXT), schema(NULL)).changes
    assert change.places == 2**40


def test_what_is_too_large_or_too_deep_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = {f"d{n}": {"items": {"$ref": f"#/$defs/d{n + 1}"}} for n in range(400)}
    schema = {"$ref": "#/$defs/d0", "$defs": {**deep, "d400": TEXT}}
    with pytest.raises(UsageError, match="nested too deeply"):
        diff(schema, deepcopy(schema))
    monkeypatch.setattr("evalkit.stages.contract.comparing.MOST_PAIRS", 3)
    with pytest.raises(UsageError, match="too large"):
        diff(an_object({"a": TEXT, "b": NULL, "c": {}}), an_object({"a": NULL, "b": {}, "c": TEXT}))


def test_more_forms_than_can_be_told_apart_are_not_understood() -> None:
    many = {"anyOf": [an_object({"k": {"const": n}}, "k") for n in range(MOST_FORMS + 1)]}
    assert told(many, deepcopy(many)) == []
    assert told(many, {"anyOf": many["anyOf"][1:]})[0][0] == "not understood"
    inner = {"anyOf": [many, TEXT]}
    assert told(inner, {"anyOf": [many, NULL]}) == [("not understood", "$", "anyOf")]


def test_forms_that_are_too_many_to_be_told_apart_may_overlap_with_any_other() -> None:
    many = Place.of([({"anyOf": [{"maxLength": n} for n in range(MOST_FORMS + 1)]}, None)])
    null = Place.of([({"type": "null"}, None)])
    assert may_overlap("string", [many, null], lone_references=False)
    assert not may_overlap("string", [many], lone_references=False)


def test_the_format_version_is_no_change_of_its_own() -> None:
    def schema(version: Any, **words: Any) -> Any:
        return an_object({"format_version": {"const": version}, "a": {**TEXT, **words}}, "a")

    found = diff(schema("1"), schema("2", maxLength=3))
    assert [change.path for change in found.changes] == ["a"]
    assert (found.incremented, found.standing) == (True, Standing.KEPT)
    found = diff(schema("1", maxLength=3), schema("1"))
    assert (found.incremented, found.standing) == (False, Standing.BROKEN)
    assert told({"x-format-version": 1}, {"x-format-version": 2}) == []
    assert diff({"x-hint": 1}, {"x-hint": 2}).standing is Standing.UNCLEAR
    assert diff({"title": "a"}, {"title": "b"}).standing is Standing.KEPT


def test_many_values_are_counted_and_long_words_are_cut() -> None:
    (change,) = diff({"enum": ["a"]}, {"enum": ["a", *(f"v{n:03d}" for n in range(90))]}).changes
    assert '"v004" and 85 more' in change.why
    assert change.after is not None
    assert len(change.after) == 160


def test_a_pattern_that_nobody_can_read_matches_nothing() -> None:
    assert not matches("(", "(")
    assert matches("^x", "xa")


KEYWORDS: list[dict[str, Any]] = [
    {"type": "string"}, {"type": ["integer", "null"]}, {"type": "number"}, {"enum": ["a", 1, None]},
    {"maximum": 3}, {"exclusiveMinimum": 0}, {"maxLength": 1}, {"minLength": 1}, {"const": "a"},
    {"type": "boolean"}, {"multipleOf": 2}, {"pattern": "a"}, {"minItems": 1}, {"maxItems": 1},
    {"uniqueItems": True}, {"maxProperties": 1},
]  # fmt: skip
VALUES: list[Any] = [
    None, True, 0, 1, 1.0, 2, 2.5, 4, "", "a", "b", "ab", [], [1], ["a"], ["a", "a"], [1, None], {},
    {"a": 1}, {"a": "a"}, {"a": None, "b": "b"}, {"b": 2}, {"a": {"a": 1}}, {"a": [1]}, {"c": True},
]  # fmt: skip


def drawn(chance: random.Random, depth: int = 3) -> Any:
    """Return a schema that chance made."""
    if depth == 0 or chance.random() < 0.1:
        return (
            chance.choice([True, False, {}]) if chance.random() < 0.2 else chance.choice(KEYWORDS)
        )
    words: dict[str, Any] = {}
    for _ in range(chance.randint(0, 2)):
        words |= chance.choice(KEYWORDS)
    names = chance.sample(["a", "b"], chance.randint(0, 2))
    if chance.random() < 0.5:
        words["properties"] = {name: drawn(chance, depth - 1) for name in names}
        words["required"] = chance.sample(["a", "b"], chance.randint(0, 1))
    for word in ("additionalProperties", "items"):
        if chance.random() < 0.25:
            words[word] = drawn(chance, depth - 1)
    for word in ("anyOf", "allOf", "oneOf"):
        if chance.random() < 0.25:
            words[word] = [drawn(chance, depth - 1) for _ in range(chance.randint(1, 2))]
    return words


def varied(chance: random.Random, schema: Any) -> Any:
    """Return a schema with one of its words changed."""
    if not isinstance(schema, dict) or not schema or chance.random() < 0.3:
        return drawn(chance, 1)
    found = deepcopy(schema)
    word = chance.choice([*found])
    if isinstance(found[word], dict) and word != "const":
        if word == "properties" and found[word]:
            name = chance.choice([*found[word]])
            found[word][name] = varied(chance, found[word][name])
        elif word != "properties":
            found[word] = varied(chance, found[word])
    elif word in {"anyOf", "allOf", "oneOf"}:
        found[word][0] = varied(chance, found[word][0])
    else:
        del found[word]
    return found


def test_whatever_is_said_not_to_break_lets_nothing_new_come() -> None:
    chance = random.Random(6)
    quiet = loud = 0
    for _ in range(200):
        old = drawn(chance)
        new = varied(chance, old)
        if not (isinstance(old, dict) and isinstance(new, dict)):
            continue
        before, after = sound(old), sound(new)
        effects = {change.effect for change in contract_diff(before, after).changes}
        if effects & {BREAKING, UNCLEAR}:
            loud += 1
            continue
        quiet += 1
        was, now = before.validator(), after.validator()
        for value in VALUES:
            assert was.is_valid(value) or not now.is_valid(value), (old, new, value)
    assert min(quiet, loud) > 30


def test_names_made_for_a_pattern_are_matched_to_their_end_or_told() -> None:
    def named(pattern: str, name: str) -> Any:
        return {"type": "object", "properties": {name: TEXT}, "patternProperties": {pattern: TEXT}}

    hostile = "a" * 60 + "!"
    assert told(named("^(a+)+$", hostile), named("^(a+)+$", hostile)) == []
    slow = named("^(a|aa)+$", hostile)
    with pytest.raises(UsageError, match="takes too long to search the names and values"):
        diff(slow, {"type": "object"})
