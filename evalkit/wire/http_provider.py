"""A wire format becomes a provider: attempts, limits and measuring are the same for all of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from evalkit.core.errors import ProviderError
from evalkit.core.model import Arm, ErrorKind, Sample, SampleError, Snapshot
from evalkit.core.ports import Provider, Request, Surroundings
from evalkit.core.secrets import Secrets
from evalkit.wire.clock import SYSTEM_CLOCK, Clock
from evalkit.wire.exchange import HttpRequest, HttpResponse, Transport, WireError
from evalkit.wire.failures import LONGEST_MESSAGE, OVERLOADED, Failure, failure_of
from evalkit.wire.headers import LONGEST_WAIT, allowances, retry_after
from evalkit.wire.limiter import Limiter, Told
from evalkit.wire.messages import TooLongError
from evalkit.wire.redaction import redacted_response, redacted_sample
from evalkit.wire.transports import open_transport

MOST_ATTEMPTS = 6
FIRST_BACKOFF = 0.5
"""Seconds; each further attempt may wait twice as long, and how long it does is drawn below that."""
LONGEST_BACKOFF = 30.0
TOTAL_TIMEOUTS = 10
"""A request is given up after so many times what one attempt may take, waiting included …"""
LEAST_TOTAL = 150.0
"""… but not before so many seconds: a minute's limit, met twice, must pass."""

_REQUEST_IDS = (
    "x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-ms-request-id",
    "x-goog-request-id", "cf-ray",
)  # fmt: skip
_BEHIND_AN_ALIAS = "x-litellm-model-name"
_LONGEST_ID = 200


class WireFormat(Protocol):
    """One vendor's way to be asked and to answer; pure, so that it can be tested without a net."""

    def request(self, request: Request) -> HttpRequest:
        """Return the HTTP request, without the headers that hold a secret."""
        ...

    def secret_headers(self) -> dict[str, str]:
        """Return the headers that hold a secret, filled in."""
        ...

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return what a response of any status says.

        The sample lacks what the caller measures: latency, attempts, creation. Refusals and content
        filters are samples, also where the status is 400.

        Raises:
            SnapshotError: the endpoint does not know a parameter, a model or an address that the
                snapshot names.
            WireError: the body cannot be read (``response.json()`` raises it).
        """
        ...


def http_provider(
    wire_format: WireFormat,
    snapshot: Snapshot,
    surroundings: Surroundings,
    secrets: Secrets,
    *,
    limiter: Limiter | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Provider:
    """Return a provider that asks over HTTP.

    Args:
        wire_format: how the endpoint is asked and how it answers.
        snapshot: whose model, timeout and concurrency hold.
        surroundings: the environment, the seed, and who allows further attempts.
        secrets: what must be found nowhere afterwards.
        limiter: what paces the requests; by default one for all that ask the same model of the same
            endpoint in these surroundings.
        transport: closed with the provider; opened with the first request if it is not given.
        clock: what is waited by and dated with.
    """
    limiter = limiter or _shared_limiter(wire_format, snapshot, surroundings, clock)
    return _HttpProvider(
        wire_format, snapshot, surroundings, secrets, limiter, transport=transport, clock=clock
    )


def opening(
    format_of: Callable[[Arm, Snapshot, Secrets], WireFormat],
) -> Callable[[Arm, Snapshot, Surroundings], Provider]:
    """Return how the provider of a wire format is opened for an arm; see ``ports.ProviderPlugin``.

    Args:
        format_of: makes the format of a snapshot; raises ``MissingSecretError`` where a variable
            that it names is not set.
    """

    def opened(arm: Arm, snapshot: Snapshot, surroundings: Surroundings) -> Provider:
        secrets = Secrets(surroundings.environment)
        return http_provider(format_of(arm, snapshot, secrets), snapshot, surroundings, secrets)

    return opened


def _shared_limiter(
    wire_format: WireFormat, snapshot: Snapshot, surroundings: Surroundings, clock: Clock
) -> Limiter:
    """Return the limiter of a model at an endpoint; both arms may ask the same one."""
    options = snapshot.options
    where = getattr(options, "base_url", None) or getattr(options, "url", None)
    key = (type(wire_format), where, snapshot.model)
    found = surroundings.shared.get(key)
    if not isinstance(found, Limiter):
        found = surroundings.shared[key] = Limiter(snapshot.concurrency, clock=clock)
    return found


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What became of one attempt; ``response`` is there if one came back, whatever it says."""

    outcome: Sample | Failure
    response: HttpResponse | None = None


class _HttpProvider:
    """Asks until there is an answer, or a failure that stands."""

    def __init__(
        self,
        wire_format: WireFormat,
        snapshot: Snapshot,
        surroundings: Surroundings,
        secrets: Secrets,
        limiter: Limiter,
        *,
        transport: Transport | None,
        clock: Clock,
    ) -> None:
        self._format = wire_format
        self._snapshot = snapshot
        self._surroundings = surroundings
        self._secrets = secrets
        self._limiter = limiter
        self._transport = transport
        self._clock = clock
        self._random = random.Random(surroundings.seed)  # noqa: S311 - jitter, no secret
        self._longest = max(TOTAL_TIMEOUTS * snapshot.timeout, LEAST_TOTAL)

    def identity(self, request: Request) -> str:
        """Return method, address, headers and body; see ``core.ports.Provider``."""
        asked = self._format.request(request)
        lines = [f"{asked.method} {asked.url}"]
        lines += [f"{name}: {asked.headers[name]}" for name in sorted(asked.headers)]
        body = asked.body.decode("utf-8", "backslashreplace")
        return self._secrets.redacted("\n".join([*lines, "", body]))

    async def answer(self, request: Request) -> Sample:
        """Return the sample of this request; see ``core.ports.Provider``.

        Raises:
            ProviderError: another model answered than the snapshot expects.
        """
        asked = self._format.request(request)
        sent = replace(asked, headers={**asked.headers, **self._format.secret_headers()})
        attempts, until, lost_ms = 0, math.inf, 0.0
        while True:
            ticket = await self._limiter.enter()
            attempts += 1
            if attempts == 1:
                until = self._clock.monotonic() + self._longest
            tried = await self._attempt(request, sent, ticket)
            if isinstance(tried.outcome, Sample):
                return self._measured(tried.outcome, tried.response, attempts, lost_ms)
            lost_ms += self._run_out(tried)
            wait = self._wait(tried.outcome, tried.response, attempts)
            standing = self._standing(tried.outcome, wait, attempts=attempts, until=until)
            if standing is not None:
                return self._failed(request, tried.response, standing, attempts=attempts)
            await self._clock.sleep(wait)

    async def close(self) -> None:
        """Let go of every connection."""
        if self._transport is not None:
            await self._transport.close()

    # ------------------------------------------------------------ one attempt

    async def _attempt(self, request: Request, sent: HttpRequest, ticket: int) -> _Attempt:
        """Send once; the ticket goes back with whatever the endpoint told, also on the way out."""
        told: Told | None = None
        try:
            response = await self._send(sent)
            told = self._told(response)
            tried = _Attempt(self._read(request, response), response)
            told = self._with_body(told, tried.outcome)
        except WireError as error:
            told = Told(lost=True) if error.kind is ErrorKind.CONNECTION else None
            tried = _Attempt(self._broken(error))
        finally:
            if told is None:
                self._limiter.give_back()
            else:
                self._limiter.leave(ticket, told)
        return tried

    async def _send(self, sent: HttpRequest) -> HttpResponse:
        if self._transport is None:
            self._transport = open_transport(self._surroundings.environment)
        response = await self._transport.send(sent, timeout=self._snapshot.timeout)
        return redacted_response(response, self._secrets)

    def _read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        try:
            outcome = self._format.read(request, response)
        except WireError as error:
            if not 200 <= response.status < 300:
                return failure_of(response)
            message = str(error)[:LONGEST_MESSAGE]
            return Failure(error.kind, message, again=error.kind is ErrorKind.MALFORMED)
        if isinstance(outcome, Sample):
            return redacted_sample(outcome, self._secrets)
        return outcome

    def _broken(self, error: WireError) -> Failure:
        """Return the failure of an attempt from which no response came back."""
        message = self._secrets.redacted(str(error))[:LONGEST_MESSAGE]
        hopeless = isinstance(error, TooLongError) or error.kind is ErrorKind.OTHER
        return Failure(error.kind, message, again=not hopeless)

    # ------------------------------------------------------------ how fast to go on

    def _told(self, response: HttpResponse) -> Told:
        now = self._clock.wall()
        overloaded = response.status in OVERLOADED
        asked = retry_after(response.headers, now) if overloaded else None
        return Told(
            succeeded=response.status < 500 and not overloaded,
            overloaded=overloaded,
            wait=None if asked is None else asked.seconds,
            allowances=allowances(response.headers, now),
        )

    def _with_body(self, told: Told, outcome: Sample | Failure) -> Told:
        """Add what the body tells: the tokens it took, or how long to wait."""
        if isinstance(outcome, Failure):
            # A spent quota is nothing that others who ask should slow down for.
            if outcome.kind is ErrorKind.QUOTA:
                return Told()
            return told if outcome.wait is None or told.wait else replace(told, wait=outcome.wait)
        tokens = (outcome.input_tokens or 0) + (outcome.output_tokens or 0)
        return replace(told, tokens=tokens) if tokens else told

    def _wait(self, failure: Failure, response: HttpResponse | None, attempts: int) -> float:
        """Return the seconds before the next attempt: what the endpoint asks, or a backoff."""
        asked = retry_after({} if response is None else response.headers, self._clock.wall())
        if asked is not None:
            return asked.seconds
        if failure.wait is not None:
            return min(failure.wait, LONGEST_WAIT)
        most = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** (attempts - 1))
        return self._random.uniform(0, most)

    def _standing(
        self, failure: Failure, wait: float, *, attempts: int, until: float
    ) -> Failure | None:
        """Return the failure that stands, or ``None`` where another attempt follows."""
        if not failure.again or attempts >= MOST_ATTEMPTS:
            return failure
        if self._clock.monotonic() + max(wait, self._limiter.hold) > until:
            why = f"given up: the next attempt would come after {self._longest:g} s in all"
            return replace(failure, message=f"{failure.message} ({why})")
        return None if self._surroundings.another() else failure

    # ------------------------------------------------------------ samples

    def _run_out(self, tried: _Attempt) -> float:
        """Return the milliseconds of an attempt that ran out of time, and 0 of any other.

        Whoever calls the endpoint waits them too, so that they belong to the latency of the answer
        that came after them: an endpoint that hangs would look well if only its quick answers counted.
        """
        if not (isinstance(tried.outcome, Failure) and tried.outcome.kind is ErrorKind.TIMEOUT):
            return 0.0
        response = tried.response
        return self._snapshot.timeout * 1000 if response is None else response.total_ms

    def _measured(
        self, sample: Sample, response: HttpResponse | None, attempts: int, lost_ms: float
    ) -> Sample:
        """Return a sample with what was seen from outside.

        Raises:
            ProviderError: another model answered than the snapshot expects.
        """
        assert response is not None
        model = self._served(sample, response)
        self._check_model(sample, model)
        return replace(
            sample,
            model=model,
            latency_ms=lost_ms + response.total_ms if sample.error is None else None,
            attempts=attempts,
            created=self._now(),
            model_requested=self._snapshot.model,
            request_id=sample.request_id or _request_id(response.headers),
        )

    def _served(self, sample: Sample, response: HttpResponse) -> str | None:
        """Return who answered: behind an alias that a litellm proxy repeats, whom it stands for.

        Where the proxy went to another model by itself, it says so in the body.
        """
        behind = response.headers.get(_BEHIND_AN_ALIAS, "")[:_LONGEST_ID]
        asked = self._snapshot.model
        if not behind or sample.model not in {None, asked}:
            return sample.model
        return asked if behind.partition("/")[2] == asked else behind

    def _check_model(self, sample: Sample, model: str | None) -> None:
        expected = self._snapshot.expected_model
        if expected is None or sample.error is not None or model == expected:
            return
        if model is not None:
            raise ProviderError(f"expected_model is {expected!r}, and {model!r} answered")
        if sample.output and sample.refusal is None:  # what was blocked often names no model
            raise ProviderError(
                f"expected_model is {expected!r}, and the endpoint does not say which model"
                " answered; leave expected_model out"
            )

    def _failed(
        self, request: Request, response: HttpResponse | None, failure: Failure, *, attempts: int
    ) -> Sample:
        return Sample(
            case_id=request.case.id,
            arm=request.arm,
            index=request.index,
            error=SampleError(failure.kind, self._secrets.redacted(failure.message)),
            model_requested=self._snapshot.model,
            attempts=attempts,
            request_id=None if response is None else _request_id(response.headers),
            created=self._now(),
        )

    def _now(self) -> str:
        moment = datetime.fromtimestamp(int(self._clock.wall()), UTC)
        return moment.isoformat().replace("+00:00", "Z")


def _request_id(headers: Mapping[str, str]) -> str | None:
    for name in _REQUEST_IDS:
        if value := headers.get(name):
            return value[:_LONGEST_ID]
    return None


__all__ = ["Failure", "WireFormat", "failure_of", "http_provider"]
