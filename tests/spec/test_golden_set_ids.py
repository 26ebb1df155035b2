"""An id stands once: wherever it comes up again, its first place is named."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.core.digest import digest
from evalkit.core.errors import Place
from evalkit.spec import golden_set
from evalkit.spec.golden_set import GoldenSetReader, Row
from evalkit.spec.grammar import GoldenSource


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lines(*cases: dict[str, Any] | str) -> str:
    """Return cases as JSONL; a case that is only a word is its id."""
    found = [{"id": each, "input": "?"} if isinstance(each, str) else each for each in cases]
    return "".join(json.dumps(each) + "\n" for each in found)


def read(*paths: str) -> tuple[list[str], list[str]]:
    """Return the ids and the problems of some files."""
    reader = GoldenSetReader([GoldenSource(path=path) for path in paths])
    ids = [case.id for case, _ in reader.cases()]
    return ids, [str(problem) for problem in reader.problems]


def test_ids_that_differ_are_all_kept() -> None:
    Path("a.jsonl").write_text(lines(*(f"c{number}" for number in range(500))))
    ids, problems = read("a.jsonl")
    assert len(set(ids)) == 500
    assert problems == []


def test_an_id_of_two_files_is_named_with_its_first_place() -> None:
    Path("a.jsonl").write_text(lines("a", "b"))
    Path("b.jsonl").write_text(lines("c", "b", "d", "a", "c"))
    ids, problems = read("a.jsonl", "b.jsonl")
    assert ids == ["a", "b", "c", "d"]
    assert problems == [
        "b.jsonl:2: id 'b' stands twice; first at a.jsonl:2",
        "b.jsonl:4: id 'a' stands twice; first at a.jsonl:1",
        "b.jsonl:5: id 'c' stands twice; first at b.jsonl:1",
    ]


def test_an_id_that_stands_three_times_is_named_twice_with_the_same_place() -> None:
    Path("a.jsonl").write_text(lines("a", "a", "b", "a"))
    assert read("a.jsonl")[1] == [
        "a.jsonl:2: id 'a' stands twice; first at a.jsonl:1",
        "a.jsonl:4: id 'a' stands twice; first at a.jsonl:1",
    ]


def test_a_file_that_is_named_twice_holds_every_id_twice() -> None:
    Path("a.jsonl").write_text(lines("a", "b"))
    ids, problems = read("a.jsonl", "a.jsonl")
    assert ids == ["a", "b"]
    assert problems == [
        "a.jsonl:1: id 'a' stands twice; first at a.jsonl:1",
        "a.jsonl:2: id 'b' stands twice; first at a.jsonl:2",
    ]


@pytest.mark.parametrize("name", ["b.json", "b.csv", "b.jsonl.gz"])
def test_an_id_is_found_again_in_a_file_of_another_format(name: str) -> None:
    Path("a.jsonl").write_text(lines("x", "a"))
    text = {
        "b.json": '[{"id": "y", "input": "?"},\n{"id": "a", "input": "?"}]',
        "b.csv": "id,input\ny,?\na,?\n",
        "b.jsonl.gz": lines("y", "a"),
    }[name]
    content = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    Path(name).write_bytes(content)
    ids, (problem,) = read("a.jsonl", name)
    assert ids == ["x", "a", "y"]
    assert problem.startswith(f"{name}:")
    assert problem.endswith(": id 'a' stands twice; first at a.jsonl:2")


def test_what_is_wrong_before_is_told_once_although_it_is_read_again() -> None:
    Path("a.jsonl").write_text(lines("a", {"id": "b"}, "a"))
    assert read("a.jsonl")[1] == [
        "a.jsonl:2: expected input: text, a list of messages or variables, found nothing",
        "a.jsonl:3: id 'a' stands twice; first at a.jsonl:1",
    ]


def test_an_id_of_a_case_that_is_wrong_does_not_count() -> None:
    Path("a.jsonl").write_text(lines({"id": "a", "inptu": "?"}, "a", "a"))
    ids, problems = read("a.jsonl")
    assert ids == ["a"]
    assert problems[-1] == "a.jsonl:3: id 'a' stands twice; first at a.jsonl:2"


def test_standard_input_cannot_be_read_again_and_names_the_first_place_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("a.jsonl").write_text(lines("d", "b"))
    stdin = SimpleNamespace(buffer=io.BytesIO(lines("a", "b", "c", "a").encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    ids, problems = read("-", "a.jsonl")
    assert ids == ["a", "b", "c", "d"]
    assert problems == [
        "<stdin>:4: id 'a' stands twice; first at <stdin>:1",
        "a.jsonl:2: id 'b' stands twice; first at <stdin>:2",
    ]


# ---------------------------------------------------------------- derived ids


def test_a_case_without_an_id_that_comes_again_is_another_draw_of_it() -> None:
    Path("a.jsonl").write_text(lines({"input": "q"}, {"input": "q"}, {"input": "q"}))
    base = digest("q")[:12]
    assert read("a.jsonl") == ([base, f"{base}-2", f"{base}-3"], [])


def test_an_id_that_a_case_without_one_already_has_stands_twice() -> None:
    base = digest("q")[:12]
    Path("a.jsonl").write_text(lines({"input": "q"}, {"input": "q"}))
    Path("b.jsonl").write_text(lines(f"{base}-2", "z", "z"))
    ids, problems = read("a.jsonl", "b.jsonl")
    assert ids == [base, f"{base}-2", "z"]
    assert problems == [
        f"b.jsonl:1: id '{base}-2' stands twice; first at a.jsonl:2",
        "b.jsonl:3: id 'z' stands twice; first at b.jsonl:2",
    ]


class Colliding(str):
    """An id whose hash is that of every other."""

    __slots__ = ()

    def __hash__(self) -> int:
        return 7


def test_ids_of_one_hash_are_not_one_id(monkeypatch: pytest.MonkeyPatch) -> None:
    def row(name: str, line: int) -> object:
        return Row({"id": Colliding(name), "input": "?"}, Place("a.jsonl", line))

    rows = [row("a", 1), row("b", 2), row("c", 3), row("b", 4)]
    monkeypatch.setattr(golden_set, "_rows_of", lambda *_: iter(rows))
    assert read("a.jsonl") == (
        ["a", "b", "c"],
        ["a.jsonl:4: id 'b' stands twice; first at a.jsonl:2"],
    )
