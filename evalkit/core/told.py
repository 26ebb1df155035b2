"""What an endpoint tells beside its answers: which snapshot gave them, in which format, until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from evalkit.core.model import Json

_IN_METADATA = {
    "model_snapshot": "model",
    "format_version": "format_version",
    "model_deprecated_at": "model_deprecated_at",
}


def told_by_headers(headers: Mapping[str, str]) -> dict[str, Json]:
    """Return what headers, their names in lower case, say of the model, its format and its end.

    The keys are fields of a record; what is not said is left out.

    >>> told_by_headers({"model-snapshot": "m-1", "sunset": "Thu, 14 Jan 2027 00:00:00 GMT"})
    {'model': 'm-1', 'model_deprecated_at': '2027-01-14T00:00:00+00:00'}
    """
    told: dict[str, Json] = {
        "model": headers.get("model-snapshot"),
        "format_version": headers.get("format-version"),
        "request_id": headers.get("x-request-id") or headers.get("request-id"),
        "model_deprecated_at": headers.get("model-deprecated-at")
        or _moment(headers.get("deprecation", ""))
        or _moment(headers.get("sunset", "")),
    }
    return {name: value for name, value in told.items() if value}


def told_by_metadata(metadata: Json) -> dict[str, Json]:
    """Return what the ``metadata`` of a record or a body says of the same, as fields of a record.

    >>> told_by_metadata({"model_snapshot": "m-1", "format_version": 2, "app": "kiosk"})
    {'model': 'm-1'}
    """
    if not isinstance(metadata, dict):
        return {}
    found = ((field, metadata.get(name)) for name, field in _IN_METADATA.items())
    return {field: value for field, value in found if isinstance(value, str) and value}


def _moment(text: str) -> str | None:
    """Return the moment in a header, or ``None`` for a bare flag and what else is no moment.

    >>> _moment("@1767225600"), _moment("Fri, 01 Jan 2027 00:00:00 GMT"), _moment("true")
    ('2026-01-01T00:00:00+00:00', '2027-01-01T00:00:00+00:00', None)
    """
    try:
        if text.startswith("@"):
            return datetime.fromtimestamp(int(text[1:]), UTC).isoformat()
        return parsedate_to_datetime(text).astimezone(UTC).isoformat()
    except (IndexError, OSError, OverflowError, TypeError, ValueError):
        return None
