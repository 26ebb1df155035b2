"""YAML is read by the rules of 1.2; what two readers could read differently is an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.errors import Place, SpecError
from evalkit.core.model import Json
from evalkit.spec.document import Document, parse_yaml, read_document


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_yaml(text, "f")
    return str(caught.value).splitlines()


# ---------------------------------------------------------------- plain values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"), ("NO", "NO"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("tRue", "tRue"),
        ("null", None), ("~", None), ("", None), ("Null", None), ("none", "none"),
        ("1", 1), ("-1", -1), ("+1", 1), ("0", 0), ("1e-3", 0.001), ("1E5", 1e5), (".5", 0.5),
        ("5.", 5.0), ("-1.5e+3", -1500.0), ("0.0", 0.0), ("01.5", 1.5), ("1e", "1e"), (".", "."),
        ("-", "-"), ("0x1F", "0x1F"), ("0o17", "0o17"), ("1_000", "1_000"), ("12:30:45", "12:30:45"),
        ("2024-05-13", "2024-05-13"), ("2024-05-13T10:00:00Z", "2024-05-13T10:00:00Z"),
        ("3%", "3%"), ("3 %", "3 %"), ("1.2.3", "1.2.3"), ("٣", "٣"), ("１", "１"), ("=", "="),
        ("'012'", "012"), ('"no"', "no"), ("'~'", "~"), ("!!str 3", "3"), ("! 3", "3"),
        ('"\\u0007\\x00"', "\x07\x00"), ("|\n  a\n  b\n", "a\nb\n"), (">-\n  a\n  b\n", "a b"),
        ("[1, [], {}]", [1, [], {}]), ("{a: {b: no}}", {"a": {"b": "no"}}),
    ],
)  # fmt: skip
def test_a_value_is_what_yaml_1_2_says(text: str, value: Json) -> None:
    if text != "-":  # a lone dash is an empty list entry
        found = parse_yaml(f"key: {text}", "f").data
        assert found == {"key": value}
        assert isinstance(found, dict)
        assert type(found["key"]) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: 1\nno: 2\n1: 3\nnull: 4\n~: 5\n1.0: 6\n2024-01-01: 7",
         {"on": 1, "no": 2, "1": 3, "null": 4, "~": 5, "1.0": 6, "2024-01-01": 7}),
        ("'': 1", {"": 1}),
        ("? a\n: b", {"a": "b"}),
        ("!!str a: 1", {"a": 1}),
        ("'<<': {a: 1}", {"<<": {"a": 1}}),
    ],
)  # fmt: skip
def test_keys_are_words_whatever_they_look_like(text: str, value: Json) -> None:
    assert parse_yaml(text, "f").data == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("a: &x 3\nb: [*x, *x]", {"a": 3, "b": [3, 3]}),
        ("a: &x {b: 1}\nc: {d: *x}", {"a": {"b": 1}, "c": {"d": {"b": 1}}}),
        ("&x a: 1\nb: *x", {"a": 1, "b": "a"}),
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x", {"a": 1, "b": 1, "c": 2, "d": 2}),
    ],
)
def test_an_alias_is_the_value_it_names(text: str, value: Json) -> None:
    assert parse_yaml(text, "f").data == value


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "---\n...\n", "\n\n"])
def test_an_empty_document_is_null_at_its_first_line(text: str) -> None:
    found = parse_yaml(text, "f")
    assert found.data is None
    assert found.place(("a",)).line >= 1


def test_marks_and_line_ends_of_other_systems_make_no_difference() -> None:
    plain = parse_yaml("a: 1\nb:\n  - x\n  - y: 2\n", "f")
    other = parse_yaml("\ufeffa: 1\r\nb:\r\n  - x\r\n  - y: 2\r\n", "f")
    assert other == plain


@pytest.mark.parametrize("text", ["%YAML 1.2\n---\na: no\n", "%YAML 1.1\n---\na: no\n"])
def test_a_version_directive_changes_nothing(text: str) -> None:
    assert parse_yaml(text, "f").data == {"a": "no"}


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 012", "f:1:4: 012 has a leading zero; write 12 or '012'"),
        ("a: -012", "f:1:4: -012 has a leading zero; write -12 or '-012'"),
        ("a: +007", "f:1:4: +007 has a leading zero; write 7 or '+007'"),
        ("a: 00", "f:1:4: 00 has a leading zero; write 0 or '00'"),
        ("a: 0100", "f:1:4: 0100 has a leading zero; write 100 or '0100'"),
        ("a: .nan", "f:1:4: .nan is not a finite number; leave the key out for no limit"),
        ("a: -.INF", "f:1:4: -.INF is not a finite number; leave the key out for no limit"),
        ("a: 1e400", "f:1:4: a number larger than any float"),
        ("a: [1, -1e400]", "f:1:8: a number larger than any float"),
        ("a: " + "9" * 400, "f:1:4: a number larger than any float"),
        ("a: !foo 1", "f:1:4: tag !foo is not read; write the plain value"),
        ("a: !foo [1]", "f:1:4: tag !foo is not read; write the plain value"),
        ("a: !!int 3", "f:1:4: tag tag:yaml.org,2002:int is not read; write the plain value"),
        ("!foo a: 1", "f:1:1: tag !foo is not read; write the plain value"),
        (
            "a: !!python/object/apply:os.system [ls]",
            "f:1:4: tag tag:yaml.org,2002:python/object/apply:os.system is not read; "
            "write the plain value",
        ),
        ("b: {<<: 3}", "f:1:5: merge keys are not read; write the keys out"),
        ("a: *x", "f:1:4: alias *x names no complete value before it"),
        ("a: &x [*x]", "f:1:8: alias *x names no complete value before it"),
        ("{&x a: 1, *x : 2}", "f:1:11: alias *x as a key; write the key out"),
        ("a: 1\na: 2", "f:2:1: key 'a' stands twice; it stands in line 1 already"),
        ("a: 1\nb: 2\n'a': 3", "f:3:1: key 'a' stands twice; it stands in line 1 already"),
        ("a: {x: 1}\na: {x: 2}", "f:2:1: key 'a' stands twice; it stands in line 1 already"),
        ("- {b: 1, b: 1}", "f:1:10: key 'b' stands twice; it stands in line 1 already"),
        ("a: 1\n---\na: 2", "f:2:1: a second document; expected one document a file"),
        (
            "prompt: {{ question }}",
            "f:1:10: a key must be one word, found a list or a mapping; put {{ or [ in quotes",
        ),
        (
            "? [a]\n: 1",
            "f:1:3: a key must be one word, found a list or a mapping; put {{ or [ in quotes",
        ),
        ("a:\n\tb: 1", "f:2:1: not YAML: '\\t' cannot start a value; indent with blanks"),
        ("a: %x", "f:1:4: not YAML: '%' cannot start a value; put the value in quotes"),
        ("é: @x", "f:1:4: not YAML: '@' cannot start a value; put the value in quotes"),
        ("a: 1\nb: `x`", "f:2:4: not YAML: '`' cannot start a value; put the value in quotes"),
        (
            "a: [1\nb: 2",
            "f:2:2: not YAML: did not find expected ',' or ']', while parsing a flow sequence",
        ),
        ("a: b: c", "f:1:5: not YAML: mapping values are not allowed in this context"),
        (
            "a: 'x",
            "f:1:6: not YAML: found unexpected end of stream, while scanning a quoted scalar",
        ),
        (
            'a: "\\ud800"',
            "f:1:7: not YAML: found invalid Unicode character escape code, while parsing a quoted "
            "scalar",
        ),
    ],
)
def test_what_could_be_read_in_two_ways_is_an_error_with_its_place(
    text: str, expected: str
) -> None:
    assert problems(text) == [expected]


@pytest.mark.parametrize(
    ("character", "code"),
    [
        ("\x00", "0000"), ("\x07", "0007"), ("\x1b", "001B"), ("\x7f", "007F"), ("\x80", "0080"),
        ("\x85", "0085"), ("\u2028", "2028"), ("\u2029", "2029"), ("\ufeff", "FEFF"),
        ("\ufffe", "FFFE"), ("\ud800", "D800"), ("\x0b", "000B"), ("\x0c", "000C"),
    ],
)  # fmt: skip
def test_a_character_that_is_none_is_named_with_line_and_column(character: str, code: str) -> None:
    assert problems(f"a: 1\nb: é{character}c: 2\n") == [
        f"f:2:5: not YAML: character U+{code}; remove it, "
        f'or write "\\u{code.lower()}" in double quotes'
    ]


def test_every_problem_of_a_file_is_told_at_once() -> None:
    text = "a: 012\nb: .inf\nb: !x 1\nc: *none\nd: {<<: 1, e: 1e999}\n---\n? [x]\n: 2\n"
    assert [line.split(":")[1] for line in problems(text)] == [
        "1", "2", "3", "3", "4", "5", "5", "6", "7",
    ]  # fmt: skip


def test_problems_before_a_syntax_error_are_told_with_it() -> None:
    assert problems("a: 012\nb: [1\nc: 3") == [
        "f:1:4: 012 has a leading zero; write 12 or '012'",
        "f:3:2: not YAML: did not find expected ',' or ']', while parsing a flow sequence",
    ]


def test_a_complex_key_does_not_confuse_what_follows_it() -> None:
    text = "? {a: 1, a: 2}\n: {b: 1, b: 2}\nc: 1\nc: 2\n? ? [x]\n  : y\n: z\n"
    assert [line.split(": ")[0] for line in problems(text)] == [
        "f:1:3", "f:1:10", "f:2:10", "f:4:1", "f:5:3",
    ]  # fmt: skip


# ---------------------------------------------------------------- hostile texts


def nested(levels: int, padding: int) -> str:
    """Return lists nested inside lists by aliases, each 90 deep."""
    lines = ["# " + "x" * padding]
    for level in range(levels):
        inner = f"*a{level - 1}" if level else "1"
        lines.append(f"a{level}: &a{level} {'[' * 90}{inner}{']' * 90}")
    return "\n".join(lines)


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000, "nest"),
        ("{a: " * 200_000, "f:1:401: values nested deeper than 100"),
        ("- " * 200_000, "f:1:201: values nested deeper than 100"),
        (
            "\n".join(" " * i + "a:" for i in range(2_000)),
            "f:101:101: values nested deeper than 100",
        ),
        (nested(30, 1_000_000), "f:3:99: values nested deeper than 100"),
        (BOMB, "aliases expand to more values than the file has room for"),
        ("{" * 200_000, ""),
        ("? " * 200_000, "a key must be one word"),
        ("a: " * 100_000, "not YAML: mapping values are not allowed"),
        ("&a " * 100_000, "not YAML: "),
        ("*a " * 100_000, "not YAML: "),
        ("!" * 100_000, "is not read"),
        ("[" + "," * 100_000, "not YAML: "),
        ('"' + "a" * 1_000_000, "not YAML: found unexpected end of stream"),
        ("x" * 1_000_000 + ": 1", "not YAML: mapping values are not allowed"),
        ("a: [" + "'" * 99_999 + "]", "not YAML: "),
    ],
    ids=lambda value: value if len(value) < 60 else f"{value[:12]}…",
)
def test_a_hostile_text_is_an_error_and_no_endless_one(text: str, message: str) -> None:
    found = problems(text)
    assert len(found) <= 51
    assert any(message in line for line in found)


@pytest.mark.parametrize("depth", [1, 50, 99])
def test_a_reasonable_depth_is_read(depth: int) -> None:
    assert parse_yaml("[" * depth + "1" + "]" * depth, "f").data is not None
    assert parse_yaml("{a: " * depth + "1" + "}" * depth, "f").data is not None


def test_a_large_honest_file_is_read() -> None:
    text = "".join(f"- {{id: c{i}, input: question, tags: [a, b]}}\n" for i in range(3_000))
    found = parse_yaml(text, "f")
    assert isinstance(found.data, list)
    assert len(found.data) == 3_000


def test_without_the_fast_parser_the_slow_one_reads_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "a: &x [1, no]\nb: *x\nc: {d: 1e-3}\n"
    fast = parse_yaml(text, "f")
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert parse_yaml(text, "f") == fast
    assert problems("a: %x") == [
        "f:1:4: not YAML: '%' cannot start a value; put the value in quotes"
    ]
    assert problems("[" * 1_000) == ["f:1:101: values nested deeper than 100"]


def test_a_parser_that_names_no_place_is_still_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> Any:
        raise yaml.YAMLError("no idea where")

    monkeypatch.setattr("yaml.parse", parse)
    assert problems("a: 1") == ["f: not YAML: no idea where"]


YAML_TEXT = st.text(alphabet="ab01.:-[]{},&*!|>'\"%@`#?~<= \n\té\u2028\x07", max_size=30)


@given(YAML_TEXT)
@settings(derandomize=True, deadline=None, max_examples=1500)
def test_any_text_is_a_document_or_problems_with_places(text: str) -> None:
    try:
        found = parse_yaml(text, "f")
    except SpecError as error:
        assert error.problems
        assert all(problem.place.file == "f" for problem in error.problems)
        return
    json.dumps(found.data, allow_nan=False)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON)
@settings(derandomize=True, deadline=None)
def test_what_another_writer_dumps_is_read_back(value: Json) -> None:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=False, width=10**6)
    assert parse_yaml(text, "f").data == value


# ---------------------------------------------------------------- places


def test_values_and_keys_know_where_they_stand() -> None:
    found = parse_yaml("bounds:\n  - {metric: é, max: 3}\n  - metric: b\n", "f")
    assert found.place(("bounds", 0, "max")) == Place("f", 2, 22)
    assert found.key_place(("bounds", 0, "max")) == Place("f", 2, 17)
    assert found.key_place(("bounds", 1, "metric")) == Place("f", 3, 5)
    assert found.place(("bounds", 1)) == Place("f", 3, 5)


def test_what_is_not_there_is_placed_at_what_should_hold_it() -> None:
    found = parse_yaml("a:\n  b: 1\n", "f")
    assert found.place(("a", "c", 3, "d")) == Place("f", 2, 3)
    assert found.key_place(("a", "c")) == Place("f", 2, 3)
    assert found.place(("x",)) == Place("f", 1, 1)
    assert Document("g", None).place(("x",)) == Place("g")


def test_what_came_from_elsewhere_is_placed_there() -> None:
    other = parse_yaml("\nprovider: x\nmodel: y\n", "other.yaml")
    own = parse_yaml("candidate: {provider: replay}\nseed: 1\n", "f")
    merged = Document(
        own.file, own.data, own.places, own.keys,
        {("candidate",): other, ("seed",): Document("--seed", 3)},
    )  # fmt: skip
    assert merged.place(("candidate", "model")) == Place("other.yaml", 3, 8)
    assert merged.key_place(("candidate", "model")) == Place("other.yaml", 3, 1)
    assert merged.key_place(("candidate", "none")) == Place("other.yaml", 2, 1)
    assert merged.place(("seed",)) == Place("--seed")
    assert merged.place(("name",)) == Place("f", 1, 1)


# ---------------------------------------------------------------- files


def test_a_json_document_knows_its_places_too(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_text('{\n  "a": [1,\n 2],\n\t"b": "\\u00e9"}')
    found = read_document(path)
    assert found.data == {"a": [1, 2], "b": "é"}
    assert found.place(("a", 1)) == Place(str(path), 3, 2)


def test_json_that_yaml_cannot_read_is_read_without_places(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_text('{"a": "\\ud83d\\ude00"}')
    found = read_document(path)
    assert found.data == {"a": "😀"}
    assert found.place(("a",)) == Place(str(path))


def test_a_json_list_is_read_without_places(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_text("[1, 2]")
    assert read_document(path) == Document(str(path), [1, 2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', "e.json:1:1: key 'a' stands twice in one object"),
        ('{"a": NaN}', "e.json:1:1: NaN is not JSON"),
        ("{a: 1}", "e.json:1:2: not JSON: expecting property name"),
    ],
)
def test_a_json_file_is_held_to_json(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "e.json"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        read_document(path)
    assert message in str(caught.value)


def test_a_file_that_is_not_json_by_name_is_yaml(tmp_path: Path) -> None:
    path = tmp_path / "e.txt"
    path.write_text("a: no\n")
    assert read_document(path).data == {"a": "no"}
    with pytest.raises(SpecError, match="no such file"):
        read_document(tmp_path / "none.yaml")
