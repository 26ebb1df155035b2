"""That nothing was run, and which pass is relied on, in the words of every output."""

from __future__ import annotations

# Written here, never parsed.
from xml.etree import ElementTree as ET

from evalkit.core.digest import plain
from evalkit.core.run import ReliedOn
from evalkit.core.verdict import ExitCode, Outcome
from evalkit.files.json_text import document_text
from evalkit.report.text.markdown import code, marker, prose
from evalkit.report.text.safe import one_line

SCHEMA = "evalkit.unchanged/1"


def unchanged_json(found: ReliedOn) -> str:
    """Return the JSON document: a verdict that is another run's, and says so first."""
    return document_text(
        {
            "schema": SCHEMA,
            "ran": False,
            "sentence": found.sentence,
            "envelope": found.envelope,
            "verdict": Outcome.PASS.value,
            "exit_code": int(ExitCode.PASS),
            "relies_on": {
                "run": found.run,
                "created": found.created,
                "candidate": found.candidate,
                "ledger": found.ledger,
                "folder": found.folder,
            },
            "digests": plain(found.digests),
        }
    )


def unchanged_markdown(found: ReliedOn) -> str:
    """Return the same as the summary of a job."""
    digests = f"digest {code(found.digests.envelope)} · golden set {code(found.digests.golden_set)}"
    return "\n".join(
        [
            marker(found.envelope),
            f"### ✅ UNCHANGED: {prose(found.sentence)}",
            f"It relies on {code(found.run)} of {code(found.created)}, as {code(found.ledger)} has it.",
            "",
            f"<sub>envelope {code(found.path)} · {digests}</sub>",
            "",
        ]
    )


def unchanged_junit(found: ReliedOn) -> str:
    """Return the same as JUnit XML: one case, which was skipped."""
    counts = {"tests": "1", "failures": "0", "errors": "0"}
    root = ET.Element("testsuites", {"name": "evalkit", **counts})
    name = one_line(found.envelope)
    suite = ET.SubElement(root, "testsuite", {"name": name, **counts, "skipped": "1"})
    case = ET.SubElement(suite, "testcase", {"classname": f"evalkit.{name}", "name": "unchanged"})
    told = one_line(found.sentence, most=1000)
    ET.SubElement(case, "skipped", {"type": "unchanged", "message": told}).text = told
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def unchanged_outputs(found: ReliedOn) -> dict[str, str]:
    """Return what later steps of a job can read."""
    return {
        "verdict": Outcome.PASS.value,
        "exit_code": str(int(ExitCode.PASS)),
        "sentence": one_line(found.sentence),
        "relies_on": one_line(found.run),
    }
