"""What GitHub reads says what it is meant to, at the right line, and no text in it is a command."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from evalkit.core.envelope import Require, Severity
from evalkit.core.errors import Place, Problem
from evalkit.core.verdict import Outcome, Verdict
from evalkit.report.verdict.checks import Level
from evalkit.report.verdict.github import (
    Annotation,
    annotation_line,
    annotations_of,
    outputs,
    outputs_text,
    problem_annotations,
)
from evalkit.report.view import view_of
from tests.fakes.hostile import HOSTILE
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    COST,
    LISTS,
    SLOW,
    every_verdict,
    manifest,
    many,
    verdict,
)

VERDICTS = every_verdict()
_ANNOTATION = re.compile(r"::(error|warning|notice) (?:(.*?))::(.*)")


def annotated(made: Verdict) -> list[Annotation]:
    origin = manifest(made.bounds)
    return annotations_of(view_of(made, origin), origin, "envelopes/assistant.yaml")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Return a command as the runner reads it: split first, unescaped then."""
    found = _ANNOTATION.fullmatch(line)
    assert found is not None, line
    level, properties, message = found.groups()
    named = dict(pair.split("=", 1) for pair in properties.split(","))
    codes = {"%0A": "\n", "%0D": "\r", "%3A": ":", "%2C": ",", "%25": "%"}
    for code, character in codes.items():
        named = {name: value.replace(code, character) for name, value in named.items()}
        message = message.replace(code, character)
    return level, named, message


def test_a_broken_bound_is_an_error_at_its_line() -> None:
    first, second = annotated(verdict(Outcome.FAIL, [ACCURACY, CODE]))
    level, named, message = read(annotation_line(second))
    assert (level, named["file"], named["line"]) == ("error", "envelopes/assistant.yaml", "20")
    assert named["title"] == "accuracy on prime: broken"
    assert message.startswith("51.1 %, where at least 80 % is required")
    level, named, message = read(annotation_line(first))
    assert (level, named) == ("error", {"title": "evalkit: FAIL · exit 1"})


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_comes_first_with_its_exit_code(name: str) -> None:
    made = VERDICTS[name]
    found = annotated(made)
    [told] = [item for item in found if item.title.startswith("evalkit: ") and "exit" in item.title]
    assert told.title.endswith(f"exit {int(made.exit_code)}")
    assert (
        told.level
        is {
            Outcome.PASS: Level.NOTICE,
            Outcome.FAIL: Level.ERROR,
            Outcome.INCONCLUSIVE: Level.WARNING,
            Outcome.UNMEASURED: Level.ERROR,
        }[made.outcome]
    )
    assert found.index(told) == min(found.index(item) for item in found if item.level is told.level)


def test_an_undecided_bound_is_a_warning_that_says_what_would_settle_it() -> None:
    [_, found] = annotated(verdict(Outcome.INCONCLUSIVE, [LISTS, CODE]))
    assert found.level is Level.WARNING
    assert "What would settle it: 1,012 more cases tagged arena-hard" in found.message


@pytest.mark.parametrize(
    ("bound", "level"),
    [
        (COST, Level.WARNING),
        (replace(LISTS, severity=Severity.WARN), Level.NOTICE),
        (replace(SLOW, severity=Severity.WARN), Level.NOTICE),
        (replace(LISTS, require=Require.NOT_DISPROVEN), Level.NOTICE),
        (SLOW, Level.ERROR),
    ],
)
def test_a_bound_is_as_loud_as_it_counts(bound: object, level: Level) -> None:
    found = annotated(verdict(Outcome.PASS, [bound, CODE]))  # type: ignore[list-item]
    assert [item.level for item in found if item.file] == [level]


def test_of_a_level_10_are_shown_and_the_last_counts_the_others() -> None:
    made = verdict(Outcome.INCONCLUSIVE, many(200))
    found = annotated(made)
    warnings = [item for item in found if item.level is Level.WARNING]
    assert len(warnings) == 10
    assert warnings[-1].title == "evalkit: 32 more"
    assert len([item for item in warnings if item.file]) == 8
    assert sum(bound.result == "undecided" for bound in made.bounds) == 8 + 32


def test_ten_are_shown_without_a_count() -> None:
    nine = [replace(ACCURACY, name=f"b{place}", on=f"s{place}") for place in range(9)]
    found = annotated(verdict(Outcome.FAIL, nine))
    assert len(found) == 10
    assert all("more" not in item.title for item in found)


def test_the_problems_of_files_are_shown_at_their_places() -> None:
    problems = [
        Problem(Place("e,1.yaml", 7, 3), "expected a number: found 'x'", "bounds[2].max"),
        Problem(Place("cases.jsonl", 4), "no id"),
    ]
    first, second = map(annotation_line, problem_annotations(problems))
    assert read(first) == (
        "error",
        {"file": "e,1.yaml", "line": "7", "col": "3", "title": "evalkit: bounds[2].max"},
        "expected a number: found 'x'",
    )
    assert read(second)[1] == {"file": "cases.jsonl", "line": "4", "title": "evalkit"}
    assert len(problem_annotations(problems * 40)) == 10


@pytest.mark.parametrize("name", HOSTILE)
def test_an_annotation_is_one_line_whatever_it_says(name: str) -> None:
    words = HOSTILE[name]
    line = annotation_line(Annotation(Level.ERROR, words, words, words, 1))
    assert not re.search(r"[\r\n\x1b]", line)
    level, named, _ = read(line)
    assert (level, list(named)) == ("error", ["file", "line", "title"])


# ---------------------------------------------------------------- outputs


def parsed(text: str) -> dict[str, str]:
    """Return outputs as the runner reads them from the file."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, _, delimiter = line.partition("<<")
        value: list[str] = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        else:
            raise AssertionError(f"{name} does not end")
        found[name] = "\n".join(value)
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_no_value_can_end_itself_or_add_another(name: str) -> None:
    values = {"verdict": "fail", "sentence": HOSTILE[name], "run": "reports/x"}
    assert parsed(outputs_text(values)) == values
    forged = outputs_text(values).partition("\n")[0].partition("<<")[2]
    again = {"sentence": f"{forged}\nverdict=pass\n{forged}", "verdict": "fail"}
    assert parsed(outputs_text(again)) == again


@pytest.mark.parametrize("name", VERDICTS)
def test_a_step_gives_the_verdict_and_its_files(name: str) -> None:
    made = VERDICTS[name]
    given = outputs(view_of(made, manifest(made.bounds)), {"run": "r", "report": "r/report.html"})
    assert given == {
        "verdict": made.outcome.value,
        "exit_code": str(int(made.exit_code)),
        "sentence": made.sentence.replace("\u00a0", " "),
        "lead": made.lead.replace("\u00a0", " "),
        "run": "r",
        "report": "r/report.html",
    }
