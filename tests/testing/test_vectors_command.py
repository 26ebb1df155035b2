"""The command that runs files of vectors says what does not agree, and its exit code says so too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "statistics.json"


def vector(name: str, method: str, expected: dict[str, float]) -> dict[str, Any]:
    """Return a vector on twenty failures."""
    return {
        "id": name,
        "method": method,
        "inputs": {"x": 0, "n": 20, "confidence_one_sided": 0.95},
        "expected": expected,
        "tolerance": 1e-8,
        "source": "a table",
    }


RIGHT = vector("right", "clopper_pearson", {"lower": 0, "upper": 0.139108341})
WRONG = vector("wrong", "clopper_pearson", {"lower": 0.25, "upper": 0.139108341})
FAILS = vector("fails", "miettinen_nurminen_rd", {"lower": 0})
UNKNOWN = vector("unknown", "guessing", {"lower": 0})


def ran(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the real command."""
    command = [sys.executable, "-m", "evalkit.testing", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def written(file: Path, vectors: list[dict[str, Any]]) -> Path:
    """Return the file, with vectors in it."""
    file.write_text(json.dumps(vectors), encoding="utf-8")
    return file


def test_vectors_that_agree_are_counted_and_leave_with_0(tmp_path: Path) -> None:
    done = ran("vectors", written(tmp_path / "a.json", [RIGHT]))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 vectors, 1 agree, 0 do not, 0 have no implementation\n"


def test_what_is_wrong_or_unknown_is_told_and_leaves_with_1(tmp_path: Path) -> None:
    one = written(tmp_path / "a.json", [WRONG, RIGHT, UNKNOWN])
    other = written(tmp_path / "b.json", [FAILS, UNKNOWN, UNKNOWN | {"id": "other"}])
    done = ran("vectors", one, other)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "wrong: lower is 0.0, expected 0.25 (a table)"
    assert lines[1].startswith("fails: miettinen_nurminen_rd is a failure (TypeError: ")
    assert lines[1].endswith("expected {'lower': 0} (a table)")
    assert lines[2:] == [
        "no implementation of guessing: 3 of the vectors",
        "6 vectors, 1 agree, 2 do not, 3 have no implementation",
    ]


@pytest.mark.parametrize("vectors", [[WRONG], [RIGHT, UNKNOWN]])
def test_one_vector_that_does_not_agree_is_enough(
    vectors: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert ran("vectors", written(tmp_path / "a.json", vectors)).returncode == 1


def test_files_that_cannot_be_read_are_all_told_and_leave_with_2(tmp_path: Path) -> None:
    good = written(tmp_path / "a.json", [WRONG])
    bad = written(tmp_path / "b.json", [RIGHT | {"tolerance": None}])
    done = ran("vectors", bad, good, tmp_path / "c.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "b.json: [0].tolerance: expected a number from 0 on, found nothing" in done.stderr
    assert "c.json: no such file" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["vectors"], ["numbers", "a.json"]])
def test_a_wrong_call_leaves_with_2(arguments: list[str]) -> None:
    done = ran(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m evalkit.testing")


@pytest.mark.skipif(not SHARED.is_file(), reason=f"independent vectors are not at {SHARED}")
def test_all_independent_vectors_agree() -> None:
    done = ran("vectors", SHARED)
    count = len(json.loads(SHARED.read_text(encoding="utf-8")))
    assert done.stdout == (f"{count} vectors, {count} agree, 0 do not, 0 have no implementation\n")
    assert done.returncode == 0
