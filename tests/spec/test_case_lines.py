"""The cases of a run are read one at a time, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.core.errors import SpecError
from evalkit.core.model import Case, Message
from evalkit.core.records import case_record
from evalkit.files.json_text import json_line
from evalkit.spec.case_lines import CaseLines

CASES = [
    Case("one", "Größe?", reference=None, tags=("a", "b"), cluster="doc", metadata={"k": [1]}),
    Case("zwei ü", (Message("system", "s"), Message("user", "u"))),
    Case('with "quotes"', {"x": 1.5, "id": "other"}, reference={"a": 1}),
]


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_every_case_is_read_as_it_was_in_any_order(tmp_path: Path) -> None:
    path = write(tmp_path / "cases.jsonl", *(json_line(case_record(case)) for case in CASES))
    with CaseLines(path) as lines:
        assert len(lines) == 3
        assert [lines[number] for number in (2, 0, 1, 2)] == [CASES[n] for n in (2, 0, 1, 2)]
        assert list(lines.ids()) == [case.id for case in CASES]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[]\n", "expected a case with id and input"),
        ('{"input":"x"}\n', "expected id to be text"),
        ('{"id":"a"}\n', "expected input to be text, messages or variables"),
        ('{"id":"a","input":[]}\n', "expected input to be text, messages or variables"),
        ('{"id":"a","input":["x"]}\n', "expected a message of role and content"),
        ('{"id":"a","input":"x","tags":"t"}\n', "expected tags to be a list"),
        ('{"id":"a","input":"x","metadata":[]}\n', "metadata to be an object"),
        ("{\n", "not JSON|Expecting|expected"),
    ],
)
def test_a_line_that_was_changed_by_hand_is_named(tmp_path: Path, line: str, expected: str) -> None:
    path = write(tmp_path / "cases.jsonl", json_line(case_record(CASES[0])), line)
    with CaseLines(path) as lines, pytest.raises(SpecError, match=f"cases.jsonl:2: .*({expected})"):
        lines[1]


def test_a_byte_that_was_changed_by_hand_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_bytes(json_line(case_record(CASES[0])).encode() + b'{"id":"a\xff","input":"x"}\n')
    with CaseLines(path) as lines:
        assert lines[0] == CASES[0]
        with pytest.raises(SpecError, match=r"cases\.jsonl:2: .*0xff"):
            lines[1]
