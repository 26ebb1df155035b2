"""No secret comes back: what an endpoint repeats is blotted out before anybody reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from evalkit.core.model import Json, Sample
from evalkit.core.secrets import Secrets
from evalkit.wire.exchange import HttpResponse

_FIELDS = tuple(
    field.name for field in fields(Sample) if field.name not in {"case_id", "arm", "index"}
)


def redacted_response(response: HttpResponse, secrets: Secrets) -> HttpResponse:
    """Return a response in which no secret stands as it was sent."""
    body = secrets.redacted_bytes(response.body)
    values = "\n".join(response.headers.values())
    if body is response.body and secrets.redacted(values) is values:
        return response
    headers = {name: secrets.redacted(value) for name, value in response.headers.items()}
    return replace(response, headers=headers, body=body)


def redacted_sample(sample: Sample, secrets: Secrets) -> Sample:
    r"""Return a sample in which no secret stands that JSON had written otherwise (``\/``)."""
    values = [(name, getattr(sample, name)) for name in _FIELDS]
    texts = "\n".join([value for _, value in values if isinstance(value, str)])
    if not sample.extra and not sample.metadata and secrets.redacted(texts) is texts:
        return sample
    changed: dict[str, Any] = {
        name: _clean(dict(value) if isinstance(value, Mapping) else value, secrets)
        for name, value in values
        if isinstance(value, (str, Mapping))
    }
    return replace(sample, **changed)


def _clean(value: Json, secrets: Secrets) -> Json:
    if isinstance(value, str):
        return secrets.redacted(value)
    if isinstance(value, list):
        return [_clean(item, secrets) for item in value]
    if isinstance(value, dict):
        return {secrets.redacted(key): _clean(item, secrets) for key, item in value.items()}
    return value
