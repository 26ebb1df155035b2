"""Bad input ends in a clear error with file and line, exit 2, and nothing lost."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worlds import World, answers, case, world

FLOOR = {"metric": "accuracy", "min": 0.85}
GOOD = "".join(json.dumps(case(n)) + "\n" for n in range(3))


def cut_gzip(path: Path) -> None:
    whole = gzip.compress("".join(json.dumps(case(n)) + "\n" for n in range(5000)).encode())
    path.write_bytes(whole[: len(whole) // 2])


def text(content: str) -> Callable[[Path], None]:
    return binary(content.encode())


def binary(content: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


LINE = '{{"id": "c9", "input": "?", "reference": {}}}\n'

CASES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a truncated gzip": ("golden.jsonl.gz", cut_gzip, "the gzip file is cut in the middle"),
    "a file that is no gzip": ("golden.jsonl.gz", text(GOOD), "not a sound gzip file"),
    "bytes that are not UTF-8": (
        "golden.jsonl",
        binary(GOOD.encode() + b'{"id": "c3", "input": "caf\xe9"}\n'),
        "golden.jsonl:4:27: byte 0xe9 is not UTF-8",
    ),
    "a 50 MB line": (
        "golden.jsonl",
        binary(GOOD.encode() + b"x" * 50_000_000),
        "golden.jsonl:4: a line longer than 16 MB",
    ),
    "NaN": ("golden.jsonl", text(GOOD + LINE.format("NaN")), "golden.jsonl:4"),
    "1e400": ("golden.jsonl", text(GOOD + LINE.format("1e400")), "larger than any float"),
    "an id that is a number": (
        "golden.jsonl",
        text(GOOD + '{"id": 12, "input": "?"}\n'),
        'golden.jsonl:4: expected id to be text, found 12; write "12"',
    ),
    "an empty file": ("golden.jsonl", text(""), "no cases"),
    "a directory": (
        "golden.jsonl",
        lambda path: path.mkdir(),
        "expected a file, found a directory",
    ),
    "a duplicate id": (
        "golden.jsonl",
        text(GOOD + json.dumps(case(1)) + "\n"),
        "golden.jsonl:4: id 'c0001' stands twice; first",
    ),
    "a YAML bomb": (
        "golden.yaml",
        text(
            "- &a0 [x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
        ),
        "aliases expand to more values than the file has room for",
    ),
    "brackets without end": ("golden.jsonl", text("[" * 200_000), "golden.jsonl:1"),
    "a JSON document that is cut": (
        "golden.json",
        text('[{"id": "c1", "input": "?"}, {"id'),
        "golden.json:1",
    ),
    "a file that is not there": ("golden.jsonl", lambda _: None, "golden.jsonl: no such file"),
}


def broken_world(folder: Path, name: str, write: Callable[[Path], None]) -> World:
    place = world(folder, [FLOOR], cases=[], candidate=answers(3), golden_set=name)
    (folder / "golden.jsonl").unlink()
    write(folder / name)
    return place


@pytest.mark.parametrize("what", CASES)
def test_a_bad_golden_set_is_refused(tmp_path: Path, what: str) -> None:
    name, write, words = CASES[what]
    done = broken_world(tmp_path, name, write).gate()
    assert done.code == 2, done.err[-2000:]
    assert words in done.err
    assert done.out == ""
    assert not any((tmp_path / "reports").iterdir())


def test_an_envelope_s_problems_come_with_line_and_column(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=[case(0)], candidate=answers(1))
    place.envelope.write_text(
        "version: 1\n"
        "name: world\n"
        "golden_set: golden.jsonl\n"
        "candidate: {provider: replya, path: candidate.jsonl}\n"
        "bounds:\n"
        "  - {metric: error_rate, max: no}\n"
        "  - {metrik: error_rate, max: 1e-3}\n"
        "  - {metric: error_rate, max: 012}\n"
    )
    done = place.gate()
    assert done.code == 2
    assert "envelope.yaml:8:31: 012 has a leading zero; write 12 or '012'" in done.err
    place.envelope.write_text(place.envelope.read_text().replace("012", "0.5"))
    done = place.gate()
    assert done.code == 2
    assert "envelope.yaml:6:31: bounds[0].max: expected a number or a percentage" in done.err
    assert (
        "envelope.yaml:7:6: bounds[1].metrik: unknown key 'metrik'; did you mean 'metric'?"
        in done.err
    )


def test_a_bug_is_not_mistaken_for_a_verdict(tmp_path: Path) -> None:
    place = world(tmp_path, [FLOOR], cases=[case(0)], candidate=answers(1))
    # A module that breaks numpy stands in for a bug of ours: something nobody foresaw.
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "numpy.py").write_text("raise SystemError('unforeseen')\n")
    done = place.gate(PYTHONPATH=str(tmp_path / "broken"))
    assert done.code == 70
    assert "this is a bug of evalkit" in done.err
