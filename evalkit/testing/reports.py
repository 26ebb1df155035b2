"""Conformance of report formats: each check returns a sentence about the fault, or nothing."""

from __future__ import annotations

import re

from evalkit.report.format import Material, ReportFormat

_ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]"
)


def steady_fault(made: ReportFormat, material: Material) -> str | None:
    """Return whether a format says other things the second time, or ``None``."""
    first, second = made(material), made(material)
    return None if first == second else f"{made.name} does not give the same text twice"


def acting_fault(made: ReportFormat, material: Material) -> str | None:
    """Return what in the text of a format is no text, or turns or hides what follows."""
    found = _ACTS.search(made(material))
    return found and f"{made.name} holds U+{ord(found.group()):04X} as it is"


def silence_fault(made: ReportFormat, material: Material) -> str | None:
    """Return which bound a format does not name: by its name, or by its metric and slice."""
    text = made(material)
    for row in material.view.rows:
        bound = row.bound
        if bound.name not in text and not (bound.metric in text and bound.on in text):
            return f"{made.name} does not name the bound {bound.name}"
    return None
