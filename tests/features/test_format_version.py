"""Where a format version stands, and which one allows changes that break."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.core.contract import Version
from evalkit.features.format_version import declared_version, increment, named_version
from evalkit.features.schema import named_in, sound, sound_schema


@pytest.mark.parametrize(
    ("schema", "text", "where"),
    [
        ({"properties": {"format_version": {"const": 2}}}, "2", "properties.format_version"),
        ({"properties": {"format_version": {"enum": ["1.9", "1.10"]}}}, "1.10", "properties.format_version"),
        (
            {"properties": {"format_version": {"enum": ["2026-01-01", "2026-02-01"]}}},
            "2026-02-01", "properties.format_version",
        ),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"format_version": {"const": "v3"}}}}},
            "v3", "properties.format_version",
        ),
        (
            {"allOf": [{"$ref": "#/$defs/a"}, True, {"$ref": "#/$defs/a"},
                       {"properties": {"format_version": {"const": 4}}}], "$defs": {"a": {}}},
            "4", "properties.format_version",
        ),
        ({"x-format-version": "2.1", "version": 7}, "2.1", "x-format-version"),
        ({"version": 7.0, "$id": "https://a.example/v3/b"}, "7", "version"),
        ({"$id": "https://a.example/v3/ticket.v4.json"}, "4", "$id"),
        ({"version": 1.5}, "1.5", "version"),
    ],
)  # fmt: skip
def test_the_first_place_that_names_a_version_counts(schema: Any, text: str, where: str) -> None:
    found = declared_version(sound(schema))
    assert found is not None
    assert (found.text, found.where) == (text, where)
    assert found.in_answer is where.startswith("properties")


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {"format_version": {"type": "string"}}},
        {"properties": {"format_version": True}},
        {"properties": {"format_version": {"enum": [True, None, " "]}}},
        {"$id": "https://a.example/draft/2020-12/ticket"},
        {"version": True},
    ],
)
def test_a_schema_may_declare_none(schema: Any) -> None:
    assert declared_version(sound(schema)) is None


@pytest.mark.parametrize(
    ("old", "new", "allowed", "why"),
    [
        ("1", "2", True, "went from 1 to 2"),
        ("v1", "v2", True, "went from v1 to v2"),
        ("1.4.2", "2.0.0", True, "went from"),
        ("1.4", "1.5", False, "which allows no change that breaks"),
        ("0.4.1", "0.5.0", True, "went from"),
        ("0.4.1", "0.4.2", False, "which allows no change that breaks"),
        ("0", "1", True, "went from"),
        ("2", "1", False, "which is not later"),
        ("2", "v2", False, "is v2 in both"),
        ("2026-01-01", "2026-03-01", True, "went from"),
        ("2026-03-01", "2026-01-01", False, "which is not later"),
        ("2026-13-01", "2", False, "cannot be told"),
        ("alpha", "beta", False, "cannot be told"),
        ("1", "2026-01-01", False, "cannot be told"),
        (None, "1", True, "for the first time"),
        ("1", None, False, "no longer declares the version 1"),
        (None, None, False, "neither schema declares"),
    ],
)
def test_a_version_allows_changes_that_break_where_it_is_a_new_major_one(
    old: str | None, new: str | None, why: str, *, allowed: bool
) -> None:
    versions = [text and Version(text, (text,), "version") for text in (old, new)]
    found = increment(*(version or None for version in versions))
    assert found[0] is allowed
    assert why in found[1]


def test_an_answer_names_its_version_in_its_own_field() -> None:
    assert named_version({"format_version": 2}) == "2"
    assert named_version({"format_version": " 2.1 "}) == "2.1"
    assert named_version({"format_version": None}) is None
    assert named_version([{"format_version": 2}]) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[]", "expected an object"),
        ("{", "not JSON"),
        ('{"type": 3}', r"\$.type: 3 is not"),
        ('{"$schema": "https://a.example/own"}', "not known here"),
        ('{"$ref": "https://a.example/other.json"}', "nothing is fetched"),
        ('{"properties": {"a": {"$ref": "#/$defs/none"}}}', "leads nowhere"),
    ],
)
def test_what_is_no_sound_schema_says_why(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        sound_schema(text)


def test_every_name_of_a_schema_is_found_wherever_it_stands() -> None:
    text = '{"properties": {"a": {"enum": ["x", 1]}, "b": {"const": "y"}}, "anyOf": [{"required": ["c"]}]}'
    assert named_in(text) == {"a", "b", "x", "y", "c"}
    assert named_in("no JSON") == frozenset()
