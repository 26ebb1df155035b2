"""Questions to Prometheus over HTTP: one number at a moment, or one at each of many moments.

What comes back is taken at its word only where it is one finite number for the moment asked; what
is anything else becomes a sentence that says so.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TypeAlias
from urllib.parse import urlencode

from evalkit.core.canary_wording import moment_text
from evalkit.core.errors import ProviderError
from evalkit.core.model import Json
from evalkit.core.secrets import Secrets
from evalkit.wire.clock import SYSTEM_CLOCK, Clock
from evalkit.wire.exchange import HttpRequest, HttpResponse, Transport, WireError
from evalkit.wire.transports import open_transport

ATTEMPTS = 3
WAIT = 0.5
"""Seconds before the second attempt, and twice as many before the third."""
AT_ONCE = 4
"""So many questions are open at a time: whoever watches must not be what breaks the monitoring."""
CLOCKS_APART = 30.0
"""Seconds by which the clocks of both sides may differ; more, and a look is not the one meant."""
_AGAIN = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class NoNumber:
    """Why there is no number; ``absent`` says that asking again about the moment changes nothing."""

    why: str
    absent: bool = False


Answer: TypeAlias = float | NoNumber


@dataclass(frozen=True, slots=True)
class Query:
    """A question in PromQL, asked of one moment or of several at the same distance."""

    text: str
    moments: tuple[float, ...]


class UnansweredError(ProviderError):
    """Prometheus did not answer at all, or refused everybody."""


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """Where Prometheus is, with how long an answer may take and what is shown to be let in."""

    url: str
    timeout: float
    environment: Mapping[str, str] = field(repr=False)
    token: str | None = None
    clock: Clock = SYSTEM_CLOCK

    def answers(self, queries: Sequence[Query]) -> list[dict[float, Answer]]:
        """Return, for each query, the answer at each of its moments.

        Raises:
            UnansweredError: there was no answer to any of them, with what was said in its place.
            MissingSecretError: the variable that holds the token is not set.
        """
        return asyncio.run(self._asked(queries))

    async def _asked(self, queries: Sequence[Query]) -> list[dict[float, Answer]]:
        secrets = Secrets(self.environment)
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        if self.token is not None:
            headers["authorization"] = f"Bearer {secrets.filled(self.token)}"
        gate = asyncio.Semaphore(AT_ONCE)
        transport = open_transport(self.environment)

        async def asked(query: Query) -> dict[float, Answer] | NoNumber:
            async with gate:
                return await self._answer(transport, headers, query)

        try:
            found = await asyncio.gather(*map(asked, queries))
        finally:
            await transport.close()
        failed = [item for item in found if isinstance(item, NoNumber)]
        if failed and len(failed) == len(found):
            raise UnansweredError(secrets.redacted(f"{self.url}: {failed[0].why}"))
        return [
            dict.fromkeys(query.moments, NoNumber(secrets.redacted(item.why)))
            if isinstance(item, NoNumber)
            else item
            for query, item in zip(queries, found, strict=True)
        ]

    async def _answer(
        self, transport: Transport, headers: Mapping[str, str], query: Query
    ) -> dict[float, Answer] | NoNumber:
        """Return the numbers of a query, or why nothing that can be read came back."""
        request = HttpRequest("POST", *_address(self.url, query, headers))
        why = NoNumber("")
        for attempt in range(ATTEMPTS):
            if attempt:
                await self.clock.sleep(WAIT * 2 ** (attempt - 1))
            try:
                response = await transport.send(request, timeout=self.timeout)
                apart = _clocks_apart(response, self.clock.wall())
                if apart is not None:
                    return apart
                if response.status == 200:
                    return numbers(response.json(), query.moments)
            except WireError as error:
                why = NoNumber(f"no answer ({error})")
                continue
            why = NoNumber(_refusal(response))
            if response.status not in _AGAIN:
                break
        return why


def _address(
    url: str, query: Query, headers: Mapping[str, str]
) -> tuple[str, Mapping[str, str], bytes]:
    """Return the rest of a request: sent as a form, so that a long query is no long address."""
    first, last = query.moments[0], query.moments[-1]
    if len(query.moments) == 1:
        path, asked = "query", {"query": query.text, "time": f"{first:.3f}"}
    else:
        step = query.moments[1] - first
        path = "query_range"
        asked = {
            "query": query.text, "start": f"{first:.3f}", "end": f"{last:.3f}", "step": f"{step:.3f}",
        }  # fmt: skip
    return f"{url.rstrip('/')}/api/v1/{path}", headers, urlencode(asked).encode()


# ---------------------------------------------------------------- answers


def numbers(body: Json, moments: Sequence[float]) -> dict[float, Answer]:
    """Return the number at each moment that a body of Prometheus' API holds.

    Raises:
        WireError: it is no such body.
    """
    if not isinstance(body, dict) or body.get("status") != "success":
        return dict.fromkeys(moments, NoNumber(f"an answer that is no success: {str(body)[:80]}"))
    warnings = body.get("warnings")
    if warnings:
        said = warnings[0] if isinstance(warnings, list) else warnings
        return dict.fromkeys(
            moments, NoNumber(f"Prometheus warns of its own answer: {str(said)[:200]}")
        )
    data = body.get("data")
    found = _series(data) if isinstance(data, dict) else NoNumber("no data in the answer")
    if isinstance(found, NoNumber):
        return dict.fromkeys(moments, found)
    return {moment: _number(found, moment) for moment in moments}


NO_SERIES = (
    "no series matches the query; where that means 0, end the query with “or vector(0)”"
)  # fmt: skip


def _series(data: Mapping[str, Json]) -> list[tuple[float, str]] | NoNumber:
    """Return the one series of an answer as moments and texts, or why there is none."""
    kind, result = data.get("resultType"), data.get("result")
    if kind == "scalar":
        return _points([result])
    if kind not in {"vector", "matrix"} or not isinstance(result, list):
        return NoNumber(f"expected numbers, found {str(kind)[:40]}")
    if not result:
        return NoNumber(NO_SERIES, absent=True)
    if len(result) > 1:
        return NoNumber(f"{len(result):,} series match the query; put sum(…) around it")
    return _points_of(result[0], "value" if kind == "vector" else "values")


def _points_of(series: Json, key: str) -> list[tuple[float, str]] | NoNumber:
    if not isinstance(series, dict) or key not in series:
        return NoNumber(
            "no value in the series; a native histogram needs histogram_count(…) around it"
        )
    return _points([series[key]] if key == "value" else series[key])


def _points(points: Json) -> list[tuple[float, str]] | NoNumber:
    found = []
    for point in points if isinstance(points, list) else [None]:
        match point:
            case [int() | float() as moment, str() as text]:
                found.append((float(moment), text))
            case _:
                return NoNumber(f"expected a moment and a number, found {str(point)[:60]}")
    return found


def _number(points: Sequence[tuple[float, str]], moment: float) -> Answer:
    """Return the number of a moment; one of another moment is not it."""
    at = [text for when, text in points if abs(when - moment) < 1.0]
    if not at:
        others = ", ".join(moment_text(when) for when, _ in points[:2]) or "none"
        why = f"no value at {moment_text(moment)}; there are values of {others}"
        return NoNumber(why, absent=True)
    try:
        value = float(at[0])
    except ValueError:
        return NoNumber(f"expected a number, found {at[0][:40]!r}")
    if not math.isfinite(value):
        return NoNumber(f"the value is {at[0][:10]}, and no number", absent=True)
    return value


# ---------------------------------------------------------------- refusals


def _refusal(response: HttpResponse) -> str:
    """Return what a refusal says, in the words of Prometheus where they are its own."""
    try:
        body = response.json()
    except WireError:
        body = None
    if isinstance(body, dict) and isinstance(body.get("error"), str):
        kind = body.get("errorType")
        return f"HTTP {response.status}, {str(kind)[:40]}: {str(body['error'])[:300]}"
    return f"HTTP {response.status}: {response.text[:200]}"


def _clocks_apart(response: HttpResponse, now: float) -> NoNumber | None:
    """Return that the clocks differ, where they do: a look would not be the one that is meant."""
    told = response.headers.get("date")
    if told is None:
        return None
    try:
        there = parsedate_to_datetime(told).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if abs(there - now) <= CLOCKS_APART:
        return None
    return NoNumber(
        f"its clock says {moment_text(there)} where ours says {moment_text(now)}; set them right"
    )
