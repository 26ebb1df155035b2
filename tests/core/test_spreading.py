"""What is said about parts that are worked on elsewhere, and how it gets here."""

from __future__ import annotations

import os
import pickle

import pytest

from evalkit.core.errors import Place, Problem, SnapshotError, SpecError
from evalkit.core.spreading import TaskFailedError, WorkerLostError, cores


def test_the_processors_that_may_be_used_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores() == len(os.sched_getaffinity(0))
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


def test_errors_say_in_another_process_what_they_said_here() -> None:
    problems = [Problem(Place("a", 2), "no JSON"), Problem(Place("a", 1), "no id", "id")]
    for error in (SpecError(problems), SnapshotError("candidate.model", "unknown")):
        arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own words
        assert str(arrived) == str(error)
        assert vars(arrived) == vars(error)


def test_an_error_of_a_worker_names_the_part_and_the_failure() -> None:
    assert str(WorkerLostError.at("a.gz", "were ended by SIGKILL")).startswith("a.gz: 2 workers")
    assert "ValueError: of a line" in str(TaskFailedError.of(ValueError("of a line")))
