"""The verdict as a Common Test Report (CTRF): a test is a bound.

Only what is shown broken has failed. CTRF has no word for "could not be told": such a bound is
``other``, and its ``rawStatus`` is the result. The format asks for times that nobody took: the run
starts and stops when it was created, and a bound takes 0 ms.
"""

from __future__ import annotations

from datetime import datetime

from evalkit.core.model import Json
from evalkit.files.json_text import document_text
from evalkit.report.format import Material, report_format
from evalkit.report.text.safe import one_line
from evalkit.report.verdict.checks import Check, Status, checks

SPECIFICATION = "1.0.0"
STATUSES = {Status.PASSED: "passed", Status.FAILED: "failed"}


@report_format("ctrf", file="ctrf.json")
def ctrf(material: Material) -> str:
    """CTRF JSON, which one reporter for many CI systems reads."""
    view, manifest = material.view, material.manifest
    verdict = view.verdict
    tests = [_test(check, material) for check in checks(view, manifest)]
    statuses = [test["status"] for test in tests]
    created = _milliseconds(manifest.created)
    environment: dict[str, Json] = {"appName": one_line(verdict.envelope)}
    if manifest.commit:
        environment["commit"] = one_line(manifest.commit)
    document: dict[str, Json] = {
        "reportFormat": "CTRF",
        "specVersion": SPECIFICATION,
        "generatedBy": f"evalkit {one_line(manifest.evalkit)}",
        "results": {
            "tool": {"name": "evalkit", "version": one_line(manifest.evalkit)},
            "summary": {
                "tests": len(tests),
                **{
                    status: statuses.count(status)
                    for status in ("passed", "failed", "skipped", "pending", "other")
                },
                "start": created or 0,
                "stop": created or 0,
            },
            "tests": list(tests),
            "environment": environment,
            "extra": {
                "evalkit": {
                    **({"waiver": view.waived} if view.waived else {}),
                    "verdict": verdict.outcome.value,
                    "exit_code": int(verdict.exit_code),
                    "sentence": one_line(verdict.sentence),
                    "lead": one_line(verdict.lead, most=1000),
                    "run": one_line(manifest.run),
                }
            },
        },
    }
    if created is not None:
        document["timestamp"] = manifest.created
    return document_text(document)


def _test(check: Check, material: Material) -> dict[str, Json]:
    test: dict[str, Json] = {
        "name": check.name or check.title,
        "status": STATUSES.get(check.status, "other"),
        "rawStatus": check.state,
        "duration": 0,
        "suite": [one_line(material.view.verdict.envelope)],
        "type": "bound",
        "message": check.summary,
        "trace": check.text,
    }
    if check.line is not None:
        test |= {"filePath": one_line(material.manifest.envelope), "line": check.line}
    return test


def _milliseconds(created: str) -> int | None:
    """Return an instant since 1970; a manifest that was written by hand may not hold one."""
    try:
        instant = datetime.fromisoformat(created)
    except ValueError:
        return None
    return None if instant.tzinfo is None else round(1000 * instant.timestamp())
