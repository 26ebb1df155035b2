"""Errors say where, and end the process with the code that is documented."""

from __future__ import annotations

import pickle

import pytest

from evalkit.core.errors import (
    SHOWN_PROBLEMS,
    EvalkitError,
    MeasurementError,
    PatternError,
    Place,
    PluginError,
    Problem,
    ProviderError,
    RunInterruptedError,
    SnapshotError,
    SpecError,
    UsageError,
    UserError,
    suggestion,
)
from evalkit.core.verdict import ExitCode


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EvalkitError, ExitCode.BUG),
        (UserError, ExitCode.USAGE),
        (UsageError, ExitCode.USAGE),
        (SpecError, ExitCode.USAGE),
        (SnapshotError, ExitCode.USAGE),
        (PatternError, ExitCode.USAGE),
        (RunInterruptedError, ExitCode.INTERRUPTED),
        (MeasurementError, ExitCode.UNMEASURED),
        (ProviderError, ExitCode.UNMEASURED),
        (PluginError, ExitCode.UNMEASURED),
    ],
)
def test_every_error_has_the_exit_code_of_its_branch(
    error: type[EvalkitError], code: ExitCode
) -> None:
    assert error.exit_code == code
    assert issubclass(error, EvalkitError)


def test_exit_codes_are_the_ones_that_are_documented() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "PASS": 0, "FAIL": 1, "USAGE": 2, "INCONCLUSIVE": 3, "UNMEASURED": 4, "BUG": 70,
        "INTERRUPTED": 130,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("a.yaml"), "a.yaml"),
        (Place("a.yaml", 3), "a.yaml:3"),
        (Place("a.yaml", 3, 7), "a.yaml:3:7"),
    ],
)
def test_a_place_names_what_is_known_of_it(place: Place, text: str) -> None:
    assert str(place) == text


def test_a_problem_says_where_twice_and_then_what() -> None:
    place = Place("a.yaml", 3, 7)
    assert str(Problem(place, "expected a number", "bounds[0].max")) == (
        "a.yaml:3:7: bounds[0].max: expected a number"
    )
    assert str(Problem(place, "expected a number")) == "a.yaml:3:7: expected a number"


def test_problems_are_told_once_and_in_the_order_of_the_file() -> None:
    late, early = Problem(Place("a", 10), "late"), Problem(Place("a", 9), "early")
    other = Problem(Place("B", 1), "other file")
    assert str(SpecError([late, early, late, other])) == "B:1: other file\na:9: early\na:10: late"


def test_one_problem_too_many_is_counted_instead_of_listed() -> None:
    problems = [Problem(Place("a", line), "wrong") for line in range(1, SHOWN_PROBLEMS + 1)]
    assert "more" not in str(SpecError(problems))
    problems += [Problem(Place("a", line), "wrong") for line in range(1000, 3000)]
    lines = str(SpecError(problems)).splitlines()
    assert len(lines) == SHOWN_PROBLEMS + 1
    assert lines[0] == "a:1: wrong"
    assert lines[-1] == "and 2,000 more problems of the same files"
    assert len(SpecError(problems).problems) == SHOWN_PROBLEMS + 2000


def test_a_single_problem_is_an_error_of_one_line() -> None:
    error = SpecError.single(Place("a", 1), "wrong", where="name")
    assert str(error) == "a:1: name: wrong"
    assert error.problems == (Problem(Place("a", 1), "wrong", "name"),)


def test_what_an_endpoint_does_not_know_is_named_by_its_key_in_the_envelope() -> None:
    error = SnapshotError("candidate.params.top_k", "unknown parameter; remove it")
    assert str(error) == "candidate.params.top_k: unknown parameter; remove it"
    assert (error.key, error.message) == ("candidate.params.top_k", "unknown parameter; remove it")


def test_a_slow_pattern_of_a_run_says_where_the_answers_are_and_passes_through_a_pipe() -> None:
    error = PatternError("found: pattern 'a' takes more than 5 s").kept_in("reports/x")
    assert str(error) == (
        "found: pattern 'a' takes more than 5 s. The answers are kept: put the pattern right, and "
        "evalkit judge reports/x --envelope ENVELOPE judges them without asking anybody again"
    )
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - written a moment ago
    assert (type(again), str(again)) == (PatternError, str(error))


def test_an_interruption_is_no_fault_of_a_file_and_no_failed_measurement() -> None:
    assert not issubclass(RunInterruptedError, (UserError, MeasurementError))


def test_a_suggestion_is_made_only_for_a_word_that_is_close() -> None:
    assert suggestion("lenght", ["length", "latency_ms"]) == "; did you mean 'length'?"
    assert suggestion("banana", ["length", "latency_ms"]) == ""
    assert suggestion("x", []) == ""
