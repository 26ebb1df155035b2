"""JUnit XML is read by those who read it: junitparser, Jenkins' schema, and GitLab's rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite
from xmlschema import XMLSchema

from evalkit.core.envelope import Require, Severity
from evalkit.core.verdict import ExitCode, Outcome, Verdict
from evalkit.report.format import Material
from evalkit.report.formats.junit import junit
from evalkit.report.view import view_of
from tests.fakes.hostile import HOSTILE
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    LISTS,
    SLOW,
    every_verdict,
    facts,
    manifest,
    many,
    verdict,
)

SCHEMA = XMLSchema(Path(__file__).parent / "schemas" / "junit.xsd")
VERDICTS = every_verdict()
KINDS = {Failure: "failure", Error: "error", Skipped: "skipped"}


def written(made: Verdict) -> str:
    origin = manifest(made.bounds)
    return junit(Material(view_of(made, origin), origin))


def parsed(made: Verdict) -> ET.Element:
    return ET.fromstring(written(made))  # noqa: S314 - it is what evalkit wrote


def suite_of(made: Verdict) -> TestSuite:
    """Return the one suite of a verdict, as junitparser reads it."""
    [suite] = list(JUnitXml.fromstring(written(made).encode()))
    assert isinstance(suite, TestSuite)
    return suite


def kinds(made: Verdict) -> dict[str, str]:
    """Return how each case came out."""
    return {
        str(case.name): KINDS[type(case.result[0])] if case.result else "passed"
        for case in suite_of(made)
    }


@pytest.mark.parametrize("name", VERDICTS)
def test_every_verdict_is_valid_by_the_schema_and_counted_right(name: str) -> None:
    SCHEMA.validate(written(VERDICTS[name]))
    suite = suite_of(VERDICTS[name])
    found = list(kinds(VERDICTS[name]).values())
    counted = (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert counted == (len(found), *(found.count(k) for k in ("failure", "error", "skipped")))


def test_the_schema_refuses_what_jenkins_refuses() -> None:
    assert not SCHEMA.is_valid('<testsuites><testsuite name="x"/></testsuites>')
    text = written(VERDICTS["one bound"])
    assert not SCHEMA.is_valid(text.replace("<testcase ", '<testcase file="x" '))


def test_a_bound_is_a_case_and_broken_unmeasured_and_undecided_are_three_things() -> None:
    made = verdict(Outcome.FAIL, [ACCURACY, SLOW, LISTS, CODE])
    assert kinds(made) == {
        "accuracy": "failure", "latency_ms": "error", "style.lists": "skipped",
        "style.code": "passed",
    }  # fmt: skip


@pytest.mark.parametrize("bound", [ACCURACY, SLOW, LISTS])
def test_a_bound_that_only_warns_fails_no_job(bound: object) -> None:
    warns = replace(bound, severity=Severity.WARN)  # type: ignore[type-var]
    made = verdict(Outcome.PASS, [warns, CODE])  # type: ignore[list-item]
    assert set(kinds(made).values()) == {"skipped", "passed"}
    [case] = [case for case in suite_of(made) if case.result]
    assert "warns only" in case.result[0].type


def test_what_is_told_is_the_text_of_the_element_which_is_all_that_gitlab_reads() -> None:
    root = parsed(verdict(Outcome.INCONCLUSIVE, [LISTS]))
    text = root.findtext(".//skipped") or ""
    assert "style.lists on arena-hard: undecided" in text
    assert "1,012 more cases tagged arena-hard" in text
    assert "Written in envelopes/assistant.yaml, line 20" in text


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (VERDICTS["smoke run"], "skipped"),
        (verdict(Outcome.UNMEASURED, [CODE]), "error"),
        (verdict(Outcome.UNMEASURED, []), "error"),
        (verdict(Outcome.PASS, []), "passed"),
        (verdict(Outcome.INCONCLUSIVE, [replace(LISTS, require=Require.NOT_DISPROVEN)]), "skipped"),
    ],
    ids=["a smoke run", "a stopped arm", "no bound", "nothing at all", "all only not disproven"],
)
def test_no_verdict_that_is_not_a_pass_looks_like_one(made: Verdict, kind: str) -> None:
    found = kinds(made)
    assert found.pop("verdict of assistant") == kind
    assert set(found.values()) <= {"passed", "skipped"}


def test_a_bound_that_tells_the_verdict_needs_no_second_case() -> None:
    for name in ("fail", "pass", "cannot tell", "let through", "could not measure"):
        assert len(kinds(VERDICTS[name])) == len(VERDICTS[name].bounds), name


def test_200_bounds_are_200_cases() -> None:
    made = verdict(Outcome.INCONCLUSIVE, many(200))
    assert len(kinds(made)) == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_is_text(name: str) -> None:
    words = HOSTILE[name]
    bound = replace(ACCURACY, name=words, metric=words, on=words, detail=words)
    made = verdict(
        Outcome.FAIL, [bound], replace(facts(), notes=(words,)), sentence=words, envelope=words,
        exit_code=ExitCode.FAIL,
    )  # fmt: skip
    SCHEMA.validate(written(made))
    [case] = list(suite_of(made))
    assert isinstance(case.result[0], Failure)
    assert {element.tag for element in parsed(made).iter()} == {
        "testsuites", "testsuite", "properties", "property", "testcase", "failure",
    }  # fmt: skip
