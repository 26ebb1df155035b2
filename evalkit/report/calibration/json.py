"""What a calibration shows becomes a JSON document for scripts."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.core.digest import plain
from evalkit.core.labelling import CalibrationReport
from evalkit.core.rounding import six_digits
from evalkit.files.json_text import document_text


def calibration_text(report: CalibrationReport, written: Mapping[str, str]) -> str:
    """Return the document of a report, with what lies where."""
    found = plain(six_digits(report))
    assert isinstance(found, dict)
    return document_text({"schema": "evalkit.calibrate/1", **found, "files": dict(written)})
