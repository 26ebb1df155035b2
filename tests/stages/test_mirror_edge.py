"""Live answers are held to the response schema, in bounded time, and none of their text is told."""

from __future__ import annotations

import json

import pytest

from evalkit.core.mirror import Head
from evalkit.core.mirror_edge import Checked, Finding, OnViolation, SchemaPlan
from evalkit.stages.mirror.edge import LONGEST, LONGEST_PLACE, MOST_VALUES, Edge

SCHEMA = json.dumps({
    "type": "object",
    "required": ["items"],
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "extra": {"type": "object", "additionalProperties": {"type": "integer"}},
        "kinds": {"type": "array", "uniqueItems": True},
        "inner": {"$ref": "#"},
    },
    "$defs": {"item": {"type": "object", "properties": {"price": {"type": "number"}}}},
})  # fmt: skip
EDGE = Edge.of(SchemaPlan(SCHEMA, OnViolation.REJECT))


@pytest.mark.parametrize(
    ("text", "checked", "place", "rule"),
    [
        ('{"items": [{"price": 2}]}', Checked.VALID, "", ""),
        ("{}", Checked.VIOLATED, "$", "required"),
        ('{"items": [{}, {"price": "free"}]}', Checked.VIOLATED, "$.items[1].price", "type"),
        ('{"items": [], "extra": {"a secret": "b"}}', Checked.VIOLATED, "$.extra.*", "type"),
        ('{"items": [], "kinds": [1, 1.0]}', Checked.VIOLATED, "$.kinds", "uniqueItems"),
        ('{"items": [], "kinds": [1, true]}', Checked.VALID, "", ""),
        ("Of course! {}", Checked.NOT_JSON, "", ""),
        ('{"items": [], "items": []}', Checked.NOT_JSON, "", ""),
        ("", Checked.NOT_JSON, "", ""),
        (None, Checked.SKIPPED, "", ""),
    ],
)
def test_an_answer_is_found_to_be(
    text: str | None, checked: Checked, place: str, rule: str
) -> None:
    assert EDGE.checked(text) == Finding(checked, place, rule)


@pytest.mark.parametrize(
    "text",
    [
        '{"items": "' + "x" * LONGEST + '"}',
        "[" * (MOST_VALUES + 1),
        json.dumps({"items": [1] * (MOST_VALUES + 1)}),
    ],
    ids=["long", "deep", "many"],
)
def test_what_is_too_long_is_not_looked_into(text: str) -> None:
    assert EDGE.checked(text) == Finding(Checked.TOO_LONG)


def test_what_is_nested_too_deeply_is_no_json_that_anybody_reads() -> None:
    deep = '{"inner":' * 2_000 + "{}" + "}" * 2_000
    assert EDGE.checked(deep) == Finding(Checked.NOT_JSON)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#"}}],
             "unevaluatedItems": False},
            "[" * 60 + "]" * 60,
        ),
        ({"pattern": r"^(a|aa)+$"}, json.dumps("a" * 60 + "!")),
        ({"pattern": r"\s+$"}, json.dumps(" " * 1_000_000 + "!")),
    ],
    ids=["references", "doubling", "long"],
)  # fmt: skip
def test_what_would_keep_the_loop_busy_is_not_looked_into(
    schema: dict[str, object], text: str
) -> None:
    edge = Edge.of(SchemaPlan(json.dumps(schema)))
    assert edge.checked(text) == Finding(Checked.TOO_LONG)


def test_an_answer_made_for_a_pattern_is_checked() -> None:
    edge = Edge.of(SchemaPlan('{"pattern": "^(a+)+$"}'))
    assert edge.checked(json.dumps("a" * 50 + "!")) == Finding(Checked.VIOLATED, "$", "pattern")
    assert edge.checked(json.dumps("a" * 50)) == Finding(Checked.VALID)


def test_a_place_is_no_longer_than_a_line() -> None:
    deep = '{"inner":' * 90 + '{"items": 1}' + "}" * 90
    edge = Edge.of(SchemaPlan(SCHEMA.replace('"required": ["items"], ', "")))
    assert len(edge.checked(deep).place) == LONGEST_PLACE


def test_only_what_may_be_rejected_is_waited_for() -> None:
    assert EDGE.holds(Head(200, (("content-type", "text/event-stream"),)))
    assert not EDGE.holds(Head(500, ()))
    for policy in (OnViolation.COUNT, OnViolation.LOG):
        assert not Edge.of(SchemaPlan(SCHEMA, policy)).holds(Head(200, ()))


@pytest.mark.parametrize("text", [None, "{", '{"type": "nothing"}', '{"$ref": "#"}'])
def test_what_is_no_schema_is_refused(text: str | None) -> None:
    with pytest.raises(ValueError):
        Edge.of(SchemaPlan(text))
