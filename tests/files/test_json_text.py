"""JSON is read strictly: what another reader could read otherwise is an error with its place."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.errors import SpecError
from evalkit.core.model import Json
from evalkit.files.json_text import (
    MAX_DEPTH,
    JsonTextError,
    document_text,
    json_document,
    json_elements,
    json_line,
    parse_json,
    written_id,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=15,
)


# ---------------------------------------------------------------- values


@given(JSON, st.booleans(), st.sampled_from([None, 1]))
@settings(derandomize=True, deadline=None)
def test_every_json_text_is_read_as_python_reads_it(
    value: Json,
    ascii_only: object,
    indent: int | None,
) -> None:
    text = json.dumps(value, ensure_ascii=bool(ascii_only), indent=indent)
    assert parse_json(f" \r\n\t{text}\n") == value
    assert json_document(text, "x.json") == value


@given(JSON)
@settings(derandomize=True, deadline=None)
def test_a_line_is_one_line_and_reads_the_same_again(value: Json) -> None:
    line = json_line(value)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert parse_json(line) == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_line_holds_no_number_that_is_none(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_line({"x": value})


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("", "not JSON: expecting value", 0),
        ("   ", "not JSON: expecting value", 3),
        ("nul", "not JSON: expecting value", 0),
        ("'a'", "not JSON: expecting value", 0),
        ('{"a": 1', "not JSON: expecting ',' delimiter", 7),
        ('{"a" 1}', "not JSON: expecting ':' delimiter", 5),
        ('{"a": 01}', "not JSON:", 7),
        ('{"a": "x\ny"}', "not JSON: invalid control character", 8),
        ('"\\x41"', "not JSON: invalid \\escape", 1),
        ("{} {}", "something follows the end of the JSON value", 3),
        ("1 // comment", "something follows the end of the JSON value", 2),
        ('{"a": NaN}', "NaN is not JSON; leave the field out where a value is unknown", 0),
        ("[Infinity]", "Infinity is not JSON", 0),
        ("-Infinity", "-Infinity is not JSON", 0),
        ("1e400", "1e400 is larger than any float; expected a finite number", 0),
        ("[-1e400]", "-1e400 is larger than any float", 0),
        ("9" * 301, "a number of 301 digits; expected a finite number", 0),
        ('{"a": 1, "b": 2, "a": 3}', "key 'a' stands twice in one object", 0),
        ('[{"x": {"é": 1, "é": 1}}]', "key 'é' stands twice in one object", 0),
    ],
)
def test_what_is_not_strict_json_is_an_error_with_its_offset(
    text: str, message: str, offset: int
) -> None:
    with pytest.raises(JsonTextError) as caught:
        parse_json(text)
    assert str(caught.value).startswith(message)
    assert caught.value.offset == offset


def test_a_comma_before_the_end_of_an_array_is_an_error() -> None:
    with pytest.raises(JsonTextError, match="not JSON:") as caught:
        parse_json("[1, 2,]")
    assert caught.value.offset in {5, 6}  # Python 3.13 points at the comma, 3.12 behind it


def test_a_whole_number_keeps_its_digits_up_to_a_length_that_no_float_exceeds() -> None:
    number = int("9" * 299)
    assert parse_json(str(number)) == number
    assert math.isfinite(float(int("9" * 300)))
    assert parse_json("-" + "9" * 299) == -number


def test_the_same_key_in_two_objects_is_no_duplicate() -> None:
    assert parse_json('[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud800"', "\ufffd"),
        (r'"a\udfffb"', "a\ufffdb"),
        (r'"\ud83d\ude00"', "😀"),
        (r'{"k\ud800": ["\ud800", 1, null]}', {"k\ufffd": ["\ufffd", 1, None]}),
        (r'"\ufeff\ud800"', "\ufeff\ufffd"),
    ],
)
def test_half_a_surrogate_pair_becomes_the_replacement_character(text: str, value: Json) -> None:
    assert parse_json(text) == value
    assert json_document(text, "x") == value


# ---------------------------------------------------------------- hostile texts


@pytest.mark.parametrize("inner", ["", "1", '"\\u0041"', '{"a": 1}'])
@pytest.mark.parametrize("depth", [1, 50, MAX_DEPTH - 1])
def test_a_reasonable_depth_is_read(depth: int, inner: str) -> None:
    assert parse_json("[" * depth + inner + "]" * depth) is not None


@pytest.mark.parametrize("depth", [MAX_DEPTH + 2, 300, 600, 990, 5_000, 200_000])
@pytest.mark.parametrize(
    ("opening", "inner", "closing"),
    [("[", "1", "]"), ("[", '"\\u0041"', "]"), ('{"a":', "1", "}"), ("[", "", ""), ("[", "", "]")],
)
def test_brackets_nested_too_deeply_are_an_error_and_no_crash(
    depth: int, opening: str, inner: str, closing: str
) -> None:
    with pytest.raises(JsonTextError, match=r"brackets are nested too deeply|not JSON"):
        parse_json(opening * depth + inner + closing * depth)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    text = "[" + ",".join(["[{}]"] * 5_000) + "]"
    assert parse_json(text) == [[{}]] * 5_000


@pytest.mark.parametrize(
    "text",
    [
        "{" + ",".join(f'"k{i}":1' for i in range(60_000)) + ',"k59999":2}',
        " " * 2_000_000 + "1",
        '"' + "\\u0041" * 200_000 + '"',
        "9" * 1_000_000,
        "1" + "0" * 100_000 + ".5",
        "[" * 1_000_000,
        '{"a":' * 200_000,
    ],
    ids=["late duplicate", "blanks", "escapes", "digits", "long float", "brackets", "braces"],
)
def test_a_hostile_text_is_a_value_or_an_error(text: str) -> None:
    try:
        parse_json(text)
    except JsonTextError as error:
        assert len(str(error)) < 200_000


@given(st.text(alphabet='{}[]":,0123456789eE+-.\\utrfalsn \n', max_size=40))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_any_text_is_a_value_or_a_json_text_error(text: str) -> None:
    try:
        value = parse_json(text)
    except JsonTextError:
        return
    assert value == json.loads(text)


# ---------------------------------------------------------------- documents and their places


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{\n  "a": tru\n}', "x.json:2:8: not JSON: expecting value"),
        ("{}\n\nx", "x.json:3:1: something follows the end of the JSON value"),
        ('{"é": "日本",, }', "x.json:1:12: not JSON: "),
        ("", "x.json:1:1: not JSON: expecting value"),
    ],
)
def test_a_document_names_line_and_column_of_its_fault(text: str, place: str) -> None:
    with pytest.raises(SpecError) as caught:
        json_document(text, "x.json")
    assert str(caught.value).startswith(place)


def test_elements_of_an_array_know_where_they_start() -> None:
    text = '\n[ {"a": 1},\n\n  2 , "x"\n ]  \n'
    assert list(json_elements(text, "x.json")) == [({"a": 1}, 2, 3), (2, 4, 3), ("x", 4, 7)]


@pytest.mark.parametrize("text", ["[]", " [ ] \n", "[\n]"])
def test_an_empty_array_has_no_elements(text: str) -> None:
    assert list(json_elements(text, "x.json")) == []


def test_elements_lose_half_surrogate_pairs_too() -> None:
    assert [found.value for found in json_elements(r'["\ud800", "x"]', "x")] == ["\ufffd", "x"]


@pytest.mark.parametrize(
    ("text", "before", "message"),
    [
        ("", 0, "x.json:1:1: expected a JSON array"),
        ("{}", 0, "x.json:1:1: expected a JSON array"),
        ("\n x", 0, "x.json:2:2: expected a JSON array"),
        ("[1,\n2", 2, "x.json:2:2: expected a comma or the array's end"),
        ("[1 2]", 1, "x.json:1:4: expected a comma or the array's end"),
        ("[1,\n]", 1, "x.json:2:1: not JSON: expecting value"),
        ('[1,\n {"a": }]', 1, "x.json:2:8: not JSON: expecting value"),
        ('[1,\n {"a": 1, "a": 2}]', 1, "x.json:2:2: key 'a' stands twice in one object"),
        ("[1,\n  NaN]", 1, "x.json:2:3: NaN is not JSON"),
        ("[1] [2]", 1, "x.json:1:5: something follows the end of the array"),
        ("[1]\nnull", 1, "x.json:2:1: something follows the end of the array"),
        ("[]]", 0, "x.json:1:3: something follows the end of the array"),
        ("[" * 200_000, 0, "x.json:1:2: brackets are nested too deeply"),
    ],
)
def test_a_broken_array_yields_what_stands_before_the_fault_and_then_its_place(
    text: str, before: int, message: str
) -> None:
    elements = json_elements(text, "x.json")
    for _ in range(before):
        next(elements)
    with pytest.raises(SpecError) as caught:
        next(elements)
    assert str(caught.value).startswith(message)


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 0, 2]))
@settings(derandomize=True, deadline=None)
def test_every_array_is_read_element_by_element(values: list[Json], indent: int | None) -> None:
    text = json.dumps(values, indent=indent)
    found = list(json_elements(text, "x"))
    assert [element.value for element in found] == values
    lines = text.split("\n")
    for element in found:
        rest = lines[element.line - 1][element.column - 1 :]
        assert rest[0] not in " ,]" or element.value == []


def test_a_document_is_for_people_and_what_is_unbounded_is_null_in_it() -> None:
    value: Json = {"é": [1.5, math.inf, {"low": -math.inf}], "b": None, "n": 3}
    text = document_text(value)
    assert text.endswith("}\n")
    assert "é" in text
    assert json.loads(text) == {"é": [1.5, None, {"low": None}], "b": None, "n": 3}
    assert list(json.loads(text)) == ["é", "b", "n"]


@given(st.text(min_size=1, max_size=10), st.text(max_size=10))
@settings(derandomize=True, deadline=None)
def test_an_id_is_read_off_a_line_as_a_parser_would_read_it(name: str, text: str) -> None:
    line = json_line({"arm": "candidate", "id": name, "output": f'"id":"{text}"'})
    assert written_id(line) == json.loads(line)["id"]


def test_a_line_without_an_id_names_none() -> None:
    assert written_id(json_line({"output": '"id":"a"'})) is None
    assert written_id("") is None
