"""The verdict as JUnit XML: a suite is an envelope, a case is a bound.

A bound that is broken is a failure, one without a measurement an error, one that is undecided or
only warns is skipped: three answers that are not the same. Held to the schema that Jenkins checks,
which knows fewer attributes than most writers; GitLab reads an element's text, not its message.
Nobody timed a bound, so no case has a time.
"""

from __future__ import annotations

# Written here, never parsed.
from xml.etree import ElementTree as ET

from evalkit.report.format import Material, report_format
from evalkit.report.text.safe import one_line
from evalkit.report.verdict.checks import Check, Status, checks

TAGS = {Status.FAILED: "failure", Status.ERROR: "error", Status.SKIPPED: "skipped"}


@report_format("junit", file="junit.xml")
def junit(material: Material) -> str:
    """JUnit XML, as Jenkins, GitLab and most other CI systems read it."""
    view, manifest = material.view, material.manifest
    found = checks(view, manifest)
    envelope = one_line(view.verdict.envelope)
    counts = {
        "tests": str(len(found)),
        "failures": _count(found, Status.FAILED),
        "errors": _count(found, Status.ERROR),
    }
    root = ET.Element("testsuites", {"name": "evalkit", **counts})
    suite = ET.SubElement(
        root, "testsuite",
        {
            "name": envelope, **counts, "skipped": _count(found, Status.SKIPPED),
            "timestamp": one_line(manifest.created), "file": one_line(manifest.envelope),
        },
    )  # fmt: skip
    properties = ET.SubElement(suite, "properties")
    for name, value in _facts(material).items():
        ET.SubElement(properties, "property", {"name": name, "value": one_line(value, most=1000)})
    for check in found:
        case = ET.SubElement(
            suite, "testcase", {"classname": f"evalkit.{envelope}", "name": check.name}
        )
        if check.status is not Status.PASSED:
            told = {"type": check.state, "message": check.summary}
            ET.SubElement(case, TAGS[check.status], told).text = check.text
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _count(found: tuple[Check, ...], status: Status) -> str:
    return str(sum(check.status is status for check in found))


def _facts(material: Material) -> dict[str, str]:
    verdict, manifest = material.view.verdict, material.manifest
    waived = {"waiver": material.view.waived} if material.view.waived else {}
    return {
        **waived,
        "verdict": verdict.outcome.value,
        "exit_code": str(int(verdict.exit_code)),
        "sentence": verdict.sentence,
        "lead": verdict.lead,
        "run": manifest.run,
        "evalkit": manifest.evalkit,
    }
