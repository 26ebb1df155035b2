"""Members come into the text of an object, and nothing else of it changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.model import Json
from evalkit.files.json_edit import with_members, with_values
from evalkit.files.json_text import parse_json

NEW: dict[str, Json] = {"model_snapshot": "m-1", "format_version": "2"}


def edited(text: str, members: dict[str, Json] = NEW) -> str | None:
    return with_members(text, parse_json(text), "metadata", members)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", '{"metadata":{"a":1}}'),
        (' { "b" : 1.50 } ', ' {"metadata":{"a":1}, "b" : 1.50 } '),
        ('{"metadata": { }}', '{"metadata": {"a":1 }}'),
        ('{"x": [{"metadata": 1}], "metadata" :\n{"b":2}}', '{"x": [{"metadata": 1}], "metadata" :\n{"a":1,"b":2}}'),
        ('{"metadata": null, "b": 1}', '{"metadata": {"a":1}, "b": 1}'),
        ('{"metadata": {"a": 7}}', '{"metadata": {"a": 7}}'),
        ('{"\\u006detadata": {}}', '{"\\u006detadata": {"a":1}}'),
        ('{"metadata": "text"}', None),
        ('{"metadata": [1]}', None),
        ("[{}]", None),
        ('"metadata"', None),
    ],
)  # fmt: skip
def test_members_stand_in_front_where_there_is_a_place(text: str, expected: str | None) -> None:
    assert edited(text, {"a": 1}) == expected


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["metadata", "a", 'b"{', "model_snapshot"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(indent=st.sampled_from([None, 1]), value=VALUES, ascii_only=st.booleans())
def test_the_value_is_the_old_one_with_its_new_members(
    value: Json, indent: int | None, *, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = edited(text)
    there = value.get("metadata", {}) if isinstance(value, dict) else ""
    if not isinstance(there, dict) and (there is not None or not isinstance(value, dict)):
        assert found is None
        return
    assert found is not None
    assert isinstance(value, dict)
    assert json.loads(found) == {**value, "metadata": {**NEW, **(there or {})}}
    if there is not None:
        assert len(found) >= len(text)
        rest = iter(found)
        assert all(letter in rest for letter in text), (
            "every character is still there, in its order"
        )


# ---------------------------------------------------------------- values


VALUES = st.recursive(
    st.none() | st.integers(-9, 9) | st.sampled_from([1.5, "é", '"', "{}", True]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "ü"]), VALUES, max_size=5)


@given(OBJECTS, OBJECTS, st.sets(st.sampled_from(["a", "b", "ü"])), st.sampled_from([None, 2]))
def test_values_take_the_place_of_others_and_the_rest_stays(
    there: dict[str, Any], members: dict[str, Any], without: set[str], indent: int | None
) -> None:
    text = json.dumps(there, indent=indent, ensure_ascii=False)
    found = with_values(text, members, without)
    kept = {key: value for key, value in there.items() if key not in without}
    assert json.loads(found) == {**kept, **members}
    assert with_values(text, {}) == text


def test_no_byte_changes_but_those_of_the_member() -> None:
    text = ' { "a" : 1.0 ,\n "b":[ 1e3 ]\t, "c" : "\\u00e9" } '
    assert with_values(text, {"b": 2}) == ' { "a" : 1.0 ,\n "b":2\t, "c" : "\\u00e9" } '
    assert with_values(text, {}, ["a"]) == ' {\n "b":[ 1e3 ]\t, "c" : "\\u00e9" } '
    assert with_values(text, {}, ["c"]) == ' { "a" : 1.0 ,\n "b":[ 1e3 ]\t } '
