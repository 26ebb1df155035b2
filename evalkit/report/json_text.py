"""A plan and a noise floor become JSON documents, the same bytes for the same input."""

from __future__ import annotations

import json
import math

from evalkit.core.digest import plain
from evalkit.core.model import Json
from evalkit.core.noise import NoiseFloor
from evalkit.core.plan import Plan


def plan_text(plan: Plan) -> str:
    """Return the document of a plan; what is unbounded is ``null``."""
    return _document("evalkit.plan/1", plain(plan))


def noise_text(floor: NoiseFloor) -> str:
    """Return the document of a noise floor; what is unbounded is ``null``."""
    return _document("evalkit.noise/1", plain(floor))


def _document(schema: str, record: Json) -> str:
    assert isinstance(record, dict)
    found = _finite({"schema": schema, **record})
    return json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _finite(value: Json) -> Json:
    """Return JSON without infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return value
