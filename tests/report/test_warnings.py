"""A warning that a verdict bears stands in every output, whatever else there is to tell."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from evalkit.core.verdict import Outcome, Verdict
from evalkit.core.wording import WARNING
from evalkit.report.format import Material
from evalkit.report.formats.ctrf import ctrf
from evalkit.report.formats.junit import junit
from evalkit.report.formats.metrics import metrics
from evalkit.report.formats.summary import summary
from evalkit.report.verdict.checks import Level
from evalkit.report.verdict.github import MOST_OF_A_LEVEL, annotation_line, annotations_of
from evalkit.report.verdict.html import render_html
from evalkit.report.verdict.terminal import print_verdict
from evalkit.report.view import View, view_of
from tests.report.verdicts import CODE, LISTS, facts, manifest, verdict

ONE, OTHER = (f"the judge of {name} was compared with nobody" for name in ("tone", "taste"))
NOTES = (*(f"remark {number}" for number in range(20)), WARNING + ONE, WARNING + OTHER)
PLAIN = verdict(Outcome.PASS, [CODE])
WARNED = verdict(Outcome.PASS, [CODE], replace(facts(), notes=NOTES))


def material(made: Verdict) -> Material:
    origin = manifest(made.bounds)
    return Material(view_of(made, origin), origin, {})


def terminal(found: Material) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=100, no_color=True)
    print_verdict(found.view, console, report="run/report.html", command="evalkit judge run")
    return stream.getvalue()


def annotated(found: Material) -> str:
    told = annotations_of(found.view, found.manifest, "envelope.yaml")
    return "\n".join(map(annotation_line, told))


OUTPUTS: dict[str, Callable[[Material], str]] = {
    "terminal": terminal,
    "html": lambda found: render_html(found.view, {}, found.manifest),
    "summary": summary,
    "junit": junit,
    "ctrf": ctrf,
    "annotations": annotated,
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_output_tells_every_warning(name: str) -> None:
    told = OUTPUTS[name](material(WARNED))
    assert ONE in told
    assert OTHER in told
    assert f"Note: {WARNING}" not in told
    assert f"To know: {WARNING}" not in told


def test_a_warning_is_a_case_that_was_skipped_and_fails_nothing() -> None:
    suite = ET.fromstring(junit(material(WARNED)))[0]  # noqa: S314 - it is what evalkit wrote
    assert (suite.get("skipped"), suite.get("failures"), suite.get("errors")) == ("2", "0", "0")
    names = [case.get("name", "") for case in suite.iter("testcase")]
    assert len(set(names)) == len(names) == 3
    assert names[0].startswith("warning of ")
    tests = json.loads(ctrf(material(WARNED)))["results"]["tests"]
    assert [test["rawStatus"] for test in tests] == ["warning", "warning", "holds"]


def test_no_number_of_undecided_bounds_pushes_a_warning_out_of_the_annotations() -> None:
    bounds = [replace(LISTS, name=f"lists {number}") for number in range(3 * MOST_OF_A_LEVEL)]
    made = verdict(Outcome.INCONCLUSIVE, bounds, replace(facts(), notes=NOTES))
    told = annotations_of(view_of(made, manifest(bounds)), manifest(bounds), "envelope.yaml")
    warnings = [each.message for each in told if each.level is Level.WARNING]
    assert len(warnings) == MOST_OF_A_LEVEL
    assert {ONE, OTHER} <= set(warnings)


def test_numbers_count_warnings_where_there_are_some() -> None:
    assert "evalkit_warnings{" in metrics(material(WARNED))
    assert "evalkit_warnings" not in metrics(material(PLAIN))


def test_a_warning_is_no_remark() -> None:
    view: View = material(WARNED).view
    assert view.warnings == (ONE, OTHER)
    assert len(view.remarks) == 20
    assert not material(PLAIN).view.warnings
