"""The words of the ``prometheus`` key; ``spec.prometheus`` gives them their meaning."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from evalkit.spec.durations import Duration
from evalkit.spec.words import Strict


def _as_queries(given: object) -> object:
    return {"found": given} if isinstance(given, str) else given


class TriggerQueriesFile(Strict):
    """The queries of one trigger: events among chances, or what a mean is made of."""

    found: str | None = None
    chances: str | None = None
    count: str | None = None
    total: str | None = None
    squares: str | None = None


class ArmNamesFile(Strict):
    """How the arms are called elsewhere."""

    baseline: str = Field(min_length=1)
    candidate: str = Field(min_length=1)


class PrometheusFile(Strict):
    """Where Prometheus is, and what it is asked for every look."""

    url: str
    requests: str = Field(min_length=1)
    queries: dict[str, Annotated[TriggerQueriesFile, BeforeValidator(_as_queries)]] = Field(
        default={}
    )
    arms: ArmNamesFile | None = None
    newest: str | None = None
    token: str | None = None
    settles: Duration | None = None
    timeout: Duration | None = None
