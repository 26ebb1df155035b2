"""Until when a vendor serves a model, as its interface says: one question, one dated answer.

Vendors that serve dates do so under the address of the model itself. A body without the fields of
dates is that of a server that only speaks the same format: it says nothing, and that is no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from evalkit.core.errors import ProviderError
from evalkit.core.lifecycle import Lifecycle
from evalkit.core.model import Json, Snapshot
from evalkit.core.ports import Surroundings
from evalkit.core.secrets import Secrets
from evalkit.wire.endpoint import Endpoint
from evalkit.wire.exchange import HttpRequest, HttpResponse, Transport, WireError
from evalkit.wire.transports import open_transport

PATIENCE = 20.0
"""Seconds for one question."""


async def lifecycle_at(
    models: Endpoint,
    vendor: str,
    snapshot: Snapshot,
    surroundings: Surroundings,
    *,
    secrets: Secrets,
    today: date,
) -> Lifecycle | None:
    """Return what a vendor says of a snapshot's model, asked over a transport of its own.

    Args:
        models: where models are looked up, with the headers that authorise.
        vendor: a key of ``READERS``.
        snapshot: whose model is meant.
        surroundings: their environment chooses the transport.
        secrets: what filled in the endpoint.
        today: the day the answer is dated with.

    Raises:
        ProviderError: as ``served_lifecycle``.
    """
    transport = open_transport(surroundings.environment)
    try:
        return await served_lifecycle(
            transport,
            models.url,
            vendor=vendor,
            model=snapshot.model or "",
            today=today,
            headers={**models.plain, **models.secret},
            secrets=secrets,
        )
    finally:
        await transport.close()


async def served_lifecycle(
    transport: Transport,
    address: str,
    *,
    vendor: str,
    model: str,
    today: date,
    headers: Mapping[str, str],
    secrets: Secrets,
) -> Lifecycle | None:
    """Return what a vendor says of a model; ``None`` where its interface says nothing.

    Args:
        transport: carries the question.
        address: where models are looked up, such as ``https://api.openai.com/v1/models``.
        vendor: whose form the answer has, a key of ``READERS``.
        model: the name.
        today: the day the answer is dated with.
        headers: those that authorise, filled in.
        secrets: what filled them in; an endpoint may repeat a key in its refusal.

    Raises:
        ProviderError: no answer, an error, or one that cannot be read.
    """
    url = f"{address.rstrip('/')}/{quote(model, safe='')}"
    request = HttpRequest("GET", url, {"accept": "application/json", **headers})
    asked = Asked(vendor, model, secrets.redacted(url), today)
    try:
        body = _body(await transport.send(request, timeout=PATIENCE))
        return READERS[vendor](body, asked)
    except (WireError, _ForeignError) as error:
        raise ProviderError(f"{asked.source}: {secrets.redacted(str(error))}") from error


# ---------------------------------------------------------------- readers


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is about: whose model, where it was asked for, on which day."""

    vendor: str
    model: str
    source: str
    today: date


def openai_lifecycle(body: Mapping[str, Json], asked: Asked) -> Lifecycle | None:
    """Return what ``GET /v1/models/{id}`` of OpenAI says: ``shutdown_date``, a day or null."""
    return _lifecycle(body, asked, retires="shutdown_date")


def anthropic_lifecycle(body: Mapping[str, Json], asked: Asked) -> Lifecycle | None:
    """Return what ``GET /v1/models/{id}`` of Anthropic says: its stage and two times."""
    return _lifecycle(
        body, asked, status="lifecycle", retires="retires_at", deprecated="deprecated_at"
    )


def gemini_lifecycle(body: Mapping[str, Json], asked: Asked) -> Lifecycle | None:
    """Return what an answer of Gemini says beside its text, in ``modelStatus``."""
    return _lifecycle(
        _inside(body, "modelStatus"), asked, status="modelStage", retires="retirementTime"
    )


def bedrock_lifecycle(body: Mapping[str, Json], asked: Asked) -> Lifecycle | None:
    """Return what ``GetFoundationModel`` of Bedrock says in ``modelDetails.modelLifecycle``."""
    stage = _inside(_inside(body, "modelDetails"), "modelLifecycle")
    return _lifecycle(
        stage, asked, status="status", retires="endOfLifeTime", deprecated="legacyTime"
    )


READERS: Mapping[str, Callable[[Mapping[str, Json], Asked], Lifecycle | None]] = {
    "openai": openai_lifecycle,
    "anthropic": anthropic_lifecycle,
    "google": gemini_lifecycle,
    "bedrock": bedrock_lifecycle,
}
"""By vendor, what reads its answers."""


def _lifecycle(
    body: Mapping[str, Json],
    asked: Asked,
    *,
    retires: str,
    status: str | None = None,
    deprecated: str | None = None,
) -> Lifecycle | None:
    if not {retires, status} & body.keys():
        return None
    return Lifecycle(
        vendor=asked.vendor,
        id=asked.model,
        status=_text(body, status) if status else None,
        retires_at=_day(body, retires),
        deprecated_at=_day(body, deprecated) if deprecated else None,
        source=asked.source,
        checked_at=asked.today,
    )


# ---------------------------------------------------------------- fields


class _ForeignError(ValueError):
    """An answer is not what the vendor documents."""


def _body(response: HttpResponse) -> Mapping[str, Json]:
    if response.status != 200:
        raise _ForeignError(f"HTTP {response.status}: {response.text[:200]}")
    body = response.json()
    if not isinstance(body, dict):
        raise _ForeignError(f"expected an object, found {str(body)[:60]!r}")
    return body


def _inside(body: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def _text(body: Mapping[str, Json], key: str) -> str | None:
    value = body.get(key)
    if value is None or isinstance(value, str):
        return value
    raise _ForeignError(f"expected {key} to be text, found {str(value)[:60]!r}")


def _day(body: Mapping[str, Json], key: str) -> date | None:
    """Return the day of a date or of a time; the day where its vendor is, as it is written."""
    text = _text(body, key)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise _ForeignError(f"expected {key} to be a date, found {text[:60]!r}") from None
