"""Asks Amazon Bedrock's Converse.

``params`` are sent in ``inferenceConfig``; the other fields of a request, such as
``guardrailConfig``, ``outputConfig`` or ``additionalModelRequestFields``, beside it. There is no one
way to send a ``response_schema`` to every model, so none is sent; where the model takes one, write
``outputConfig`` as it wants it. System messages inside a case are sent behind the system prompt.

Without a bearer key requests are signed with AWS credentials, for which
``pip install evalkit-gate[bedrock]`` brings what is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import quote

from evalkit.core.model import Arm, Json, Sample, Snapshot
from evalkit.core.ports import Lack, Provider, ProviderPlugin, Request, Surroundings
from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.wire.aws_signature import SigningTransport, aws_signer
from evalkit.wire.endpoint import (
    Endpoint,
    VendorKey,
    endpoint_lacks,
    host_of,
    reserved_lacks,
    spelling,
    without_slash,
)
from evalkit.wire.exchange import HttpRequest, HttpResponse
from evalkit.wire.failures import Failure
from evalkit.wire.http_provider import http_provider
from evalkit.wire.json_values import count_at, items_at, known, text_at, total, value_at
from evalkit.wire.objections import (
    OF_THE_CASE,
    Objection,
    Sent,
    answered,
    error_body,
    nothing_found,
    outcome,
    usual_objection,
)
from evalkit.wire.transports import open_transport
from evalkit.wire.turns import turns_of

BEARER = "AWS_BEARER_TOKEN_BEDROCK"
BESIDE = frozenset(
    [
        *("additionalmodelrequestfields", "additionalmodelresponsefieldpaths", "guardrailconfig"),
        *("outputconfig", "performanceconfig", "promptvariables", "requestmetadata"),
        *("servicetier", "toolconfig", "projectidentifier"),
    ]
)
"""The params that stand beside ``inferenceConfig``, as ``spelling`` writes them."""

RESERVED = {
    "system": "write system_prompt: instead",
    "inference_config": "write what is in it as params",
}
WITHHELD = frozenset(["content_filtered", "guardrail_intervened", "refusal"])
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class BedrockOptions:
    """Where Converse is asked, and with which key.

    Attributes:
        region: the AWS region, such as ``us-east-1``.
        base_url: another address than the region's own, up to and without ``/model``.
        api_key: ``${env:NAME}`` with the variable that holds a bearer key. Left out,
            ``AWS_BEARER_TOKEN_BEDROCK`` is sent to AWS; where that is not set, requests to AWS are
            signed with your AWS credentials. Another address gets neither.
        headers: headers to send beside these; a value may hold ``${env:NAME}``.
    """

    region: str = ""
    base_url: str | None = None
    api_key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The base address: the one that is given, or the region's own."""
        china = ".cn" if self.region.startswith("cn-") else ""
        return self.base_url or f"https://bedrock-runtime.{self.region}.amazonaws.com{china}"

    @property
    def at_home(self) -> bool:
        """Whether the address is one of AWS in this region: public, FIPS, or of a private network."""
        host = re.compile(
            rf"(?:vpce-[a-z0-9-]+\.)?bedrock-runtime(?:-fips)?\.{re.escape(self.region)}"
            r"\.(?:(?:vpce\.)?amazonaws\.com(?:\.cn)?|api\.aws)"
        )
        if not _REGION.fullmatch(self.region):
            return False
        own = self.address.lower().startswith("https://")
        return own and host.fullmatch(host_of(self.address)) is not None


@dataclass(frozen=True, slots=True)
class Converse:
    """The wire format: ``fixed`` is what stands in every body of this snapshot."""

    endpoint: Endpoint
    fixed: Mapping[str, Json]
    sent: Sent

    @classmethod
    def of(cls, arm: Arm, snapshot: Snapshot, secrets: Secrets, *, signed: bool) -> Converse:
        """Return the format of one snapshot; where requests are signed no key is needed.

        Raises:
            MissingSecretError: a variable that it names is not set.
        """
        options = cast("BedrockOptions", snapshot.options)
        # Colons stay as they are: a transport may write %3A as one, and a signature would break.
        path = f"/model/{quote(snapshot.model or '', safe=':')}/converse"
        url = without_slash(options.address) + path
        key = VendorKey("authorization", (BEARER,), at_home=options.at_home, prefix="Bearer ")
        return cls(
            Endpoint.of(
                url, options, key=None if signed else key, owner=arm.value, secrets=secrets
            ),
            _fixed(snapshot),
            Sent.of(
                snapshot,
                path=path,
                own={"model_id": "model", "messages": OF_THE_CASE, "system": "system_prompt"},
            ),
        )

    def request(self, request: Request) -> HttpRequest:
        """Return the HTTP request, without the headers that hold a secret.

        Raises:
            SnapshotError: a message has a role that there is no place for.
        """
        system, said = turns_of(request, self.sent.snapshot, model_role="assistant")
        body: dict[str, Json] = {
            "messages": [{"role": turn.role, "content": [{"text": turn.content}]} for turn in said]
        }
        if system:
            body["system"] = [{"text": text} for text in system]
        return self.endpoint.post({**body, **self.fixed})

    def secret_headers(self) -> dict[str, str]:
        """Return the headers that hold a secret, filled in."""
        return dict(self.endpoint.secret)

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return what a response says; see ``wire.http_provider.WireFormat``."""
        if response.status // 100 != 2:
            return outcome(_objection(response), request, response, self.sent)
        body = response.json()
        finish = text_at(body, "stopReason")
        parts = items_at(body, "output", "message", "content")
        if not parts and finish is None:
            return nothing_found(response, "output with a message")
        usage = value_at(body, "usage")
        asked = count_at(usage, "inputTokens")
        cached = count_at(usage, "cacheReadInputTokens")
        written = count_at(usage, "cacheWriteInputTokens")
        return answered(
            request,
            output="".join(text_at(part, "text") or "" for part in parts),
            refusal="" if finish in WITHHELD else None,
            finish_reason=finish,
            model=text_at(body, "trace", "promptRouter", "invokedModelId"),
            # What is written to a cache or read from it is not in their count, and is asked too.
            input_tokens=None if asked is None else total(asked, written, cached),
            output_tokens=count_at(usage, "outputTokens"),
            extra=known(
                cached_input_tokens=cached,
                cache_write_input_tokens=written,
                service_tier=text_at(body, "serviceTier", "type"),
            ),
        )


def _signs(options: BedrockOptions, environment: Mapping[str, str]) -> bool:
    """Return whether requests are signed: to AWS itself, where no bearer key is there."""
    names = {name.lower() for name in options.headers}
    if not options.at_home or options.api_key is not None or "authorization" in names:
        return False
    try:
        Secrets(environment).value(BEARER)
    except MissingSecretError:
        return True
    return False


def _objection(response: HttpResponse) -> Objection | None:
    found = usual_objection(error_body(response))
    kind = response.headers.get("x-amzn-errortype", "").partition(":")[0]
    if found is None:
        return None
    return Objection(found.text, (*found.codes, kind), found.names)


def _fixed(snapshot: Snapshot) -> dict[str, Json]:
    beside = {name: value for name, value in snapshot.params.items() if spelling(name) in BESIDE}
    config = {name: value for name, value in snapshot.params.items() if name not in beside}
    return {**beside, "inferenceConfig": config} if config else beside


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    options = cast("BedrockOptions", snapshot.options)
    if not _REGION.fullmatch(options.region):
        found = f"found {options.region!r}" if options.region else "found none"
        yield Lack("region", f"expected an AWS region, {found}; write region: us-east-1, or yours")
        base_url = options.base_url or "https://bedrock-runtime.amazonaws.com"
    else:
        base_url = options.address
    yield from endpoint_lacks(snapshot, base_url=base_url, path="/model")
    yield from reserved_lacks(snapshot, RESERVED)
    if snapshot.expected_model is not None:
        yield Lack("expected_model", "Bedrock does not say which model answered; leave it out")


def _open(arm: Arm, snapshot: Snapshot, surroundings: Surroundings) -> Provider:
    options = cast("BedrockOptions", snapshot.options)
    environment = surroundings.environment
    secrets = Secrets(environment)
    signed = _signs(options, environment)
    wire_format = Converse.of(arm, snapshot, secrets, signed=signed)
    transport = None
    if signed:
        signer = aws_signer(
            environment, secrets, region=options.region, place=f"{arm.value}.api_key"
        )
        transport = SigningTransport(signer, open_transport(environment))
    return http_provider(wire_format, snapshot, surroundings, secrets, transport=transport)


bedrock = ProviderPlugin(
    "bedrock", BedrockOptions, _open, doc=__doc__, lacks=_lacks, vendor="bedrock"
)
