"""The pytest plug-in, in a pytest of its own: bounds are items, a gate runs once, nothing is loaded early."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import World, answers, case, evalkit, outside_ci, world

ACCURACY: dict[str, Any] = {"metric": "accuracy", "min": 0.85}

OTHERS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio")
"""Plug-ins that have nothing to do here: the second takes longer to load than a gate takes."""


def made(folder: Path, *bounds: dict[str, Any], right: int = 98, **keys: Any) -> World:
    """Write an envelope of 100 cases, of which the candidate gets so many right."""
    return world(
        folder,
        bounds or (ACCURACY,),
        cases=[case(n) for n in range(100)],
        candidate=answers(right, 100 - right),
        **keys,
    )


def pytest_in(folder: Path, *arguments: str, code: int) -> str:
    """Run pytest in a folder and return what it printed."""
    (folder / "pytest.ini").touch()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OTHERS, "-rA", *arguments],
        cwd=folder, env=outside_ci(), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def runs(folder: Path) -> list[Path]:
    return list((folder / "reports").glob("envelope-pytest-*"))


def test_each_bound_is_an_item_and_what_is_broken_fails_with_the_reason(tmp_path: Path) -> None:
    made(tmp_path, ACCURACY, {"metric": "error_rate", "max": 0.05}, right=50)
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=1)
    assert "PASSED envelope.yaml::error_rate" in out
    assert "FAILED envelope.yaml::accuracy" in out
    assert "\n50.0\u00a0%, where at least 85\u00a0% is required" in out
    assert "Traceback" not in out
    [run] = runs(tmp_path)
    assert f"Report  {run / 'report.html'}" in out


def test_an_undecided_bound_fails_and_says_what_would_settle_it(tmp_path: Path) -> None:
    made(tmp_path, right=90)
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=1)
    assert "cannot tell: 90.0" in out
    assert "settled by" in out


@pytest.mark.parametrize(
    ("way", "code", "told"),
    [("xfail", 0, "XFAIL envelope.yaml::accuracy"), ("skip", 0, "SKIPPED [1]"),
     ("warn", 0, "EvalkitWarning: accuracy: cannot tell"), ("fail", 1, "FAILED")],
)  # fmt: skip
def test_an_undecided_bound_is_what_the_option_says(
    tmp_path: Path, way: str, code: int, told: str
) -> None:
    made(tmp_path, right=90)
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", f"--evalkit-undecided={way}", code=code)
    assert told in out


def test_an_undecided_bound_is_what_the_ini_file_says(tmp_path: Path) -> None:
    made(tmp_path, right=90)
    (tmp_path / "pytest.ini").write_text("[pytest]\nevalkit_undecided = xfail\n")
    assert "XFAIL" in pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=0)


def test_an_envelope_that_lets_undecided_through_warns(tmp_path: Path) -> None:
    made(tmp_path, right=90, inconclusive="warn")
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=0)
    assert "EvalkitWarning: accuracy: cannot tell" in out


def test_a_run_on_a_part_is_never_a_pass(tmp_path: Path) -> None:
    made(tmp_path)
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", "--evalkit-args=--limit 90", code=1)
    assert "cannot tell: a run on a part is never a pass" in out


def test_a_broken_bound_that_only_warns_is_a_warning(tmp_path: Path) -> None:
    made(tmp_path, {**ACCURACY, "severity": "warn"}, right=50)
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=0)
    assert "EvalkitWarning: accuracy: 50.0" in out


def test_what_is_waived_warns_by_name_and_fails_nothing(tmp_path: Path) -> None:
    unmeasured = {"metric": "latency_ms", "max": 1000}
    place = made(tmp_path, ACCURACY, unmeasured, {"metric": "error_rate", "max": 0.05}, right=50)
    assert place.gate("-o", "run").code == 1
    until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    done = evalkit(
        "approve", "run", "--because", "so", "--until", until, "--broken", "--by", "Ada",
        folder=tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=0)
    assert f"EvalkitWarning: accuracy: waived by Ada, until {until}, because so" in out
    assert "EvalkitWarning: latency_ms: waived by Ada" in out
    assert "EvalkitWarning: error_rate" not in out


def test_a_bound_that_was_not_measured_is_an_error(tmp_path: Path) -> None:
    made(tmp_path, {"metric": "latency_ms", "max": 1000})
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=1)
    assert "ERROR envelope.yaml::latency_ms" in out
    assert "no latency_ms" in out


def test_a_recording_that_is_wrong_is_an_error_that_names_it(tmp_path: Path) -> None:
    made(tmp_path).write("candidate.jsonl", [{"id": "stranger", "output": "yes"}])
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=1)
    assert "ERROR envelope.yaml::accuracy" in out
    assert "candidate.jsonl: no record answers a case of the golden set" in out


def test_an_envelope_that_is_wrong_cannot_be_collected(tmp_path: Path) -> None:
    made(tmp_path, {"metric": "acuracy", "min": 0.85})
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=2)
    assert "did you mean 'accuracy'?" in out


def test_an_envelope_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    pytest_in(tmp_path, "--evalkit", "envelope.yaml", code=4)


def test_collecting_asks_nobody(tmp_path: Path) -> None:
    made(tmp_path)
    out = pytest_in(tmp_path, "--evalkit", "envelope.yaml", "--collect-only", "-q", code=0)
    assert "envelope.yaml::accuracy" in out
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("distribution", ["load", "loadgroup"])
def test_workers_share_one_gate(tmp_path: Path, distribution: str) -> None:
    bounds = [{"metric": "accuracy", "min": 0.5 + n / 50, "name": f"b{n}"} for n in range(8)]
    made(tmp_path, *bounds)
    out = pytest_in(
        tmp_path, "--evalkit", "envelope.yaml", "-n", "2", "--dist", distribution, code=0
    )
    assert "8 passed" in out
    assert len(runs(tmp_path)) == 1


def test_the_fixture_gates_with_options_and_the_same_gate_runs_once(tmp_path: Path) -> None:
    folder = made(tmp_path, right=98)
    folder.write("worse.jsonl", answers(50, 50))
    (tmp_path / "test_desk.py").write_text(
        """
def test_candidate(evalkit_gate):
    found = evalkit_gate("envelope.yaml")
    assert found.passed, found.sentence
    assert found.bounds["accuracy"]["result"] == "holds"
    assert evalkit_gate("envelope.yaml").folder == found.folder

def test_worse(evalkit_gate):
    found = evalkit_gate("envelope.yaml", "--candidate", "worse.jsonl")
    assert (found.passed, found.outcome, found.code) == (False, "fail", 1)

def test_wrong(evalkit_gate):
    found = evalkit_gate("missing.yaml")
    assert found.outcome == "error"
    assert "missing.yaml" in found.sentence
"""
    )
    assert "3 passed" in pytest_in(tmp_path, "test_desk.py", code=0)
    assert len(runs(tmp_path)) == 2


def test_nothing_of_evalkit_but_the_plug_in_is_loaded_before_it_is_asked_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_loaded.py").write_text(
        """
import sys

def test_loaded(pytestconfig):
    assert pytestconfig.pluginmanager.hasplugin("evalkit")
    loaded = {name for name in sys.modules if name.partition(".")[0] == "evalkit"}
    assert loaded == {"evalkit", "evalkit.pytest_plugin"}
    assert not {"numpy", "yaml", "pydantic", "typer", "rich", "httpx"} & set(sys.modules)
"""
    )
    assert "1 passed" in pytest_in(tmp_path, "-p", "no:anyio", "-p", "no:hypothesispytest", code=0)


def test_the_plug_in_imports_only_pytest_and_the_standard_library() -> None:
    probe = (
        "import sys, pytest\nbefore = set(sys.modules)\nimport evalkit.pytest_plugin\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"evalkit", *sys.stdlib_module_names}
