"""A history becomes a JSON document for scripts, the same bytes for the same runs."""

from __future__ import annotations

from evalkit.core.comparison import Era, History, Lineage, Point, Step
from evalkit.core.digest import plain
from evalkit.core.model import Json
from evalkit.files.json_text import document_text
from evalkit.report.diff.json import bound_record, run_record


def history_text(history: History) -> str:
    """Return the document of a history."""
    return document_text(
        {
            "schema": "evalkit.history/1",
            "folder": history.folder,
            "envelopes": [_lineage(lineage) for lineage in history.lineages],
            "unread": list(history.unread),
        }
    )


def _lineage(lineage: Lineage) -> Json:
    return {
        "envelope": lineage.envelope,
        "earlier": lineage.earlier,
        "runs": [_step(step) for step in lineage.steps],
        "bounds": [_era(era) for era in lineage.eras],
    }


def _step(step: Step) -> Json:
    changes = [plain(change) for change in step.changes]
    return {"number": step.number, **run_record(step.run), "changes": changes}


def _era(era: Era) -> Json:
    return {"name": era.name, "runs": [_point(point) for point in era.points]}


def _point(point: Point) -> Json:
    return {
        "number": point.number,
        **bound_record(point.bound),
        "redefined": [str(what) for what in point.redefined],
    }
