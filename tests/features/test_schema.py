"""A schema tells equal items as JSON does, in a time that grows with them and not with their pairs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from evalkit.core.model import Json
from evalkit.features.schema import sound

UNIQUE = sound({"uniqueItems": True}).validator()
ITEMS = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 0.0, "1", "", "a"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.lists(ITEMS, max_size=4))
def test_items_are_unique_where_the_library_says_so(items: list[Json]) -> None:
    assert UNIQUE.is_valid(items) is Draft202012Validator({"uniqueItems": True}).is_valid(items)


@pytest.mark.parametrize("value", [3, "aa", {"a": 1}])
def test_what_is_no_list_has_no_items(value: Json) -> None:
    assert UNIQUE.is_valid(value)


def test_the_message_is_the_librarys() -> None:
    (ours,) = UNIQUE.iter_errors([1, 1])
    (theirs,) = Draft202012Validator({"uniqueItems": True}).iter_errors([1, 1])
    assert ours.message == theirs.message
    assert (ours.validator, ours.json_path) == (theirs.validator, theirs.json_path)


def test_many_items_are_no_more_trouble_than_few() -> None:
    many: list[Json] = [{"number": number} for number in range(30_000)]  # half a billion pairs
    assert UNIQUE.is_valid(many)
    assert not UNIQUE.is_valid([*many, json.loads('{"number": 7.0}')])
    assert sound({"uniqueItems": False}).validator().is_valid([1, 1])
