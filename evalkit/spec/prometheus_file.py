"""The words of the ``prometheus`` key; ``spec.prometheus`` gives them their meaning."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from evalkit.spec.durations import Duration

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


def _as_queries(given: object) -> object:
    return {"found": given} if isinstance(given, str) else given


class TriggerQueriesFile(BaseModel):
    """The queries of one trigger: events among chances, or what a mean is made of."""

    model_config = STRICT

    found: str | None = None
    chances: str | None = None
    count: str | None = None
    total: str | None = None
    squares: str | None = None


class ArmNamesFile(BaseModel):
    """How the arms are called elsewhere."""

    model_config = STRICT

    baseline: str = Field(min_length=1)
    candidate: str = Field(min_length=1)


class PrometheusFile(BaseModel):
    """Where Prometheus is, and what it is asked for every look."""

    model_config = STRICT

    url: str
    requests: str = Field(min_length=1)
    queries: dict[str, Annotated[TriggerQueriesFile, BeforeValidator(_as_queries)]] = {}
    arms: ArmNamesFile | None = None
    newest: str | None = None
    token: str | None = None
    settles: Duration | None = None
    timeout: Duration | None = None
