"""Asks any HTTP endpoint: the request is filled in from a template, the answer picked by JMESPath.

``url`` and ``body`` may name ``{{ prompt }}`` (the last message of the user), ``{{ input }}``,
``{{ input.NAME }}``, ``{{ messages }}``, ``{{ system }}``, ``{{ model }}``, ``{{ params }}``,
``{{ params.NAME }}``, ``{{ metadata.NAME }}``, ``{{ schema }}`` (the response schema) and
``{{ index }}`` (the number of the draw, from 0). A text of the body that is nothing but a variable
becomes its value, a list or an object too; inside a longer text, and in the url, it becomes text.
``{{ messages }}`` opens with the system prompt unless ``{{ system }}`` has a place of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from evalkit.core.digest import canonical_json
from evalkit.core.errors import SnapshotError
from evalkit.core.model import Arm, ErrorKind, Json, Sample, Snapshot
from evalkit.core.ports import Costs, Lack, Provider, ProviderPlugin, Request, Surroundings
from evalkit.core.records import RecordError, sample_of
from evalkit.core.secrets import NAMED, Secrets
from evalkit.core.told import told_by_headers
from evalkit.providers.http.answer import WHOLE_BODY, Reader, response_lacks
from evalkit.providers.http.template import VARIABLE, CaseFault, Template
from evalkit.wire.endpoint import filled_value, header_fault
from evalkit.wire.exchange import HttpRequest, HttpResponse, WireError
from evalkit.wire.http_provider import Failure, failure_of, http_provider


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How an endpoint of one's own is asked, and where its answer stands.

    Attributes:
        url: the address; variables in its path and query are percent-encoded.
        response: `text` where the whole body is the answer; otherwise JMESPath expressions:
            `text` (required), `refusal`, `model`, `finish_reason`, `format_version`,
            `model_deprecated_at`, `input_tokens`, `output_tokens`, `reasoning_tokens`,
            `request_id`, `fingerprint`, `cost_usd`. Where the body says nothing, the headers
            Model-Snapshot, Format-Version, Model-Deprecated-At, Deprecation, Sunset and
            X-Request-Id are read.
        method: POST, PUT, PATCH, or GET, which has no body.
        headers: headers to send; a value may hold `${env:NAME}`, and a key must.
        body: what is sent as JSON, variables filled in.
        refusal_status: statuses by which the endpoint declines: answers, not failures.
    """

    url: str
    response: str | Mapping[str, str]
    method: Literal["POST", "PUT", "PATCH", "GET"] = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    refusal_status: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpFormat:
    """The wire format of one snapshot; ``reader`` is nothing where the whole body is the answer."""

    options: HttpOptions
    template: Template
    reader: Reader | None
    plain: Mapping[str, str]
    secret: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, arm: Arm, snapshot: Snapshot, secrets: Secrets) -> HttpFormat:
        """Return the format of one snapshot.

        Raises:
            MissingSecretError: a variable that its headers name is not set, or fits in no header.
        """
        options = cast("HttpOptions", snapshot.options)
        plain = {"accept": "*/*" if options.response == WHOLE_BODY else "application/json"}
        if options.body is not None:
            plain["content-type"] = "application/json"
        secret = {}
        for name, value in options.headers.items():
            if NAMED.search(value):
                plain.pop(name.lower(), None)
                secret[name.lower()] = filled_value(value, secrets, f"{arm.value}.headers.{name}")
            else:
                plain[name.lower()] = value
        return cls(
            options,
            Template.of(snapshot, options.url, options.body),
            None if isinstance(options.response, str) else Reader.of(options.response),
            plain,
            secret,
        )

    def request(self, request: Request) -> HttpRequest:
        """Return the HTTP request, without the headers that hold a secret.

        Raises:
            SnapshotError: the case lacks what the template names.
        """
        place = "url"
        try:
            url = self.template.url_of(request)
            place = "body"
            body = self.template.body_of(request)
        except CaseFault as fault:
            key = f"{request.arm.value}.{place}"
            raise SnapshotError(key, f"case {request.case.id!r} {fault}") from None
        content = b""
        if self.options.body is not None:
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            content = text.encode()
        return HttpRequest(self.options.method, url, self.plain, content)

    def secret_headers(self) -> dict[str, str]:
        """Return the headers that hold a secret, filled in."""
        return dict(self.secret)

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return what a response says; see ``wire.http_provider.WireFormat``."""
        if response.status in self.options.refusal_status:
            picked = {"output": "", "refusal": response.text, **self._beside_a_refusal(response)}
        elif response.status // 100 != 2:
            return failure_of(response)
        elif self.reader is None:
            picked = {"output": response.text}
        else:
            body = response.json()
            try:
                picked = self.reader.found(body)
            except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
                return _malformed(f"response: {error}", response)
        return self._sample(picked, request, response)

    # ------------------------------------------------------------ parts

    def _sample(
        self, picked: Mapping[str, Json], request: Request, response: HttpResponse
    ) -> Sample | Failure:
        record: dict[str, Json] = {
            "id": request.case.id,
            "sample": request.index,
            "model_requested": self.template.snapshot.model,
            **told_by_headers(response.headers),
            **picked,
        }
        found, fault = None, ""
        try:
            found = sample_of(record, request.arm)
        except RecordError as error:
            fault = f"response: {error}"
        if (
            self.reader is not None
            and (found is None or found.output is None)
            and not (record.keys() & {"output", "refusal"})
        ):
            fault = self.reader.nothing(response.json())
        if found is None or fault:
            return _malformed(fault, response)
        if found.error is not None:
            return Failure(found.error.kind, found.error.message, again=False)
        return found

    def _beside_a_refusal(self, response: HttpResponse) -> dict[str, Json]:
        """Return what the body of a refusal says, whatever kind of body it is."""
        if self.reader is None:
            return {}
        try:
            return self.reader.found(response.json())
        except (ArithmeticError, RecursionError, TypeError, ValueError, WireError):
            return {}


_SHOWN = 300


def _malformed(message: str, response: HttpResponse) -> Failure:
    shown = f"{message[: 2 * _SHOWN]}: {response.text[:_SHOWN]}"
    return Failure(ErrorKind.MALFORMED, shown, again=False)


# ---------------------------------------------------------------- what is wrong with a snapshot


_ADDRESS = re.compile(r"https?://[^\s/?#@{}\\]+(?:[/?][!-\"$-~]*)?")


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    options = cast("HttpOptions", snapshot.options)
    if not _is_address(options.url):
        # What was found is not shown: it may hold a password.
        yield Lack(
            "url",
            "expected an address such as https://host/path?q={{ prompt }}, in ASCII, its host "
            "written out, without @ and #; a password goes into headers, as ${env:NAME}",
        )
    if options.method == "GET" and options.body is not None:
        yield Lack("body", "a GET has none; leave it out, or leave method out")
    yield from _header_lacks(options.headers)
    yield from Template.of(snapshot, options.url, options.body).lacks()
    yield from response_lacks(options.response)
    for status in options.refusal_status:
        if not 400 <= status <= 599:
            yield Lack("refusal_status", f"expected statuses from 400 to 599, found {status}")


def _is_address(url: str) -> bool:
    # A variable becomes one letter, and so nothing where the host is: that must be written out.
    host = url.split("://", 1)[-1].replace("?", "/").split("/", 1)[0]
    if "{{" in host or not _ADDRESS.fullmatch(VARIABLE.sub("x", url)):
        return False
    try:
        port = urlsplit(f"//{host}").port
    except ValueError:
        return False
    return port is None or port > 0


def _header_lacks(headers: Mapping[str, str]) -> Iterator[Lack]:
    seen: set[str] = set()
    for name, value in headers.items():
        message = header_fault(name, value)
        if not message and "{{" in value:
            message = "headers are the same for every case; put the variable into url or body"
        if name.lower() in seen:
            message = "stands twice, in other letters; leave one out"
        if message:
            yield Lack(f"headers.{name}", message)
        seen.add(name.lower())


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """A provider over HTTP, of which it also matters where in a body its answers are."""

    over_http: Provider
    reading: str

    def identity(self, request: Request) -> str:
        """Return the request and how its answer is read; the number of the draw is no part."""
        return f"{self.over_http.identity(replace(request, index=0))}\n{self.reading}"

    async def answer(self, request: Request) -> Sample:
        """Return the sample of this request; see ``core.ports.Provider``."""
        return await self.over_http.answer(request)

    async def close(self) -> None:
        """Let go of every connection."""
        await self.over_http.close()


def _open(arm: Arm, snapshot: Snapshot, surroundings: Surroundings) -> Provider:
    secrets = Secrets(surroundings.environment)
    wire_format = HttpFormat.of(arm, snapshot, secrets)
    options = wire_format.options
    reading = canonical_json([options.response, options.refusal_status])
    return _Endpoint(http_provider(wire_format, snapshot, surroundings, secrets), reading)


def _told(snapshot: Snapshot) -> bool:
    """Return whether the template has a place for the response schema."""
    options = cast("HttpOptions", snapshot.options)
    return "schema" in Template.of(snapshot, options.url, options.body).names


def _costs(snapshot: Snapshot) -> Costs:
    """Return what its expressions pick of what an answer costs."""
    response = cast("HttpOptions", snapshot.options).response
    picked = set() if isinstance(response, str) else set(response)
    if "cost_usd" in picked:
        return Costs.TOLD
    return Costs.TOKENS if {"input_tokens", "output_tokens"} <= picked else Costs.UNKNOWN


http = ProviderPlugin(
    "http",
    HttpOptions,
    _open,
    doc=__doc__,
    lacks=_lacks,
    reads_input=True,
    structured=_told,
    costs=_costs,
)
