"""A plan and a noise floor become JSON documents, the same bytes for the same input."""

from __future__ import annotations

from evalkit.core.digest import plain
from evalkit.core.model import Json
from evalkit.core.noise import NoiseFloor
from evalkit.core.plan import Plan
from evalkit.files.json_text import document_text


def plan_text(plan: Plan) -> str:
    """Return the document of a plan; what is unbounded is ``null``."""
    return _document("evalkit.plan/1", plain(plan))


def noise_text(floor: NoiseFloor) -> str:
    """Return the document of a noise floor; what is unbounded is ``null``."""
    return _document("evalkit.noise/1", plain(floor))


def _document(schema: str, record: Json) -> str:
    assert isinstance(record, dict)
    return document_text({"schema": schema, **record})
