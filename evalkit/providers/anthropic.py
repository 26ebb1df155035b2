"""Asks Anthropic's messages, or a proxy that speaks them.

``params`` must hold ``max_tokens``. A ``response_schema`` is sent under ``output_config.format``.
System messages inside a case are sent behind the system prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from evalkit.core.lifecycle import Lifecycle
from evalkit.core.model import Arm, Json, Message, Sample, Snapshot
from evalkit.core.ports import Lack, ProviderPlugin, Request, Surroundings, always
from evalkit.core.records import turn_records
from evalkit.core.secrets import Secrets
from evalkit.files.json_text import parse_json
from evalkit.wire.endpoint import (
    Endpoint,
    VendorKey,
    endpoint_lacks,
    reserved_lacks,
    same_origin,
    schema_lacks,
    without_slash,
)
from evalkit.wire.exchange import HttpRequest, HttpResponse
from evalkit.wire.failures import Failure
from evalkit.wire.http_provider import opening
from evalkit.wire.json_values import (
    count_at,
    items_at,
    joined_texts,
    known,
    text_at,
    total,
    value_at,
)
from evalkit.wire.lifecycle import lifecycle_at
from evalkit.wire.objections import (
    OF_THE_CASE,
    Sent,
    answered,
    nothing_found,
    told_inside,
    usual_objection,
    usual_outcome,
)
from evalkit.wire.overheard import NOWHERE, error_in, nobodys, overhearing, turn
from evalkit.wire.turns import turns_of

HOME = "https://api.anthropic.com"
PATH = "/v1/messages"
_VERSION = re.compile(r"[A-Za-z0-9.-]{1,40}")
RESERVED = {"system": "write system_prompt: instead"}


@dataclass(frozen=True, slots=True)
class AnthropicOptions:
    """Where messages are asked for, and with which key.

    Attributes:
        base_url: the address up to and without ``/v1/messages``.
        api_key: ``${env:NAME}`` with the variable that holds the key. Left out,
            ``ANTHROPIC_API_KEY`` is sent to Anthropic's own address, and no key to any other.
        headers: headers to send beside these, such as ``anthropic-beta``; a value may hold
            ``${env:NAME}``.
        version: the version of the API, sent as ``anthropic-version``.
    """

    base_url: str = HOME
    api_key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str = "2023-06-01"


@dataclass(frozen=True, slots=True)
class Messages:
    """The wire format: ``fixed`` is what stands in every body of this snapshot."""

    endpoint: Endpoint
    fixed: Mapping[str, Json]
    sent: Sent

    @classmethod
    def of(cls, arm: Arm, snapshot: Snapshot, secrets: Secrets) -> Messages:
        """Return the format of one snapshot.

        Raises:
            MissingSecretError: a variable that it names is not set.
        """
        options = cast("AnthropicOptions", snapshot.options)
        return cls(
            _endpoint(PATH, options, secrets, owner=arm.value),
            _fixed(snapshot),
            Sent.of(
                snapshot,
                path=PATH,
                own={
                    "model": "model",
                    "messages": OF_THE_CASE,
                    "system": "system_prompt",
                    "output_config": "response_schema",
                    "output_config.format": "response_schema",
                    "output_format": "response_schema",
                },
                required=frozenset(["max_tokens"]),
            ),
        )

    def request(self, request: Request) -> HttpRequest:
        """Return the HTTP request, without the headers that hold a secret.

        Raises:
            SnapshotError: a message has a role that there is no place for.
        """
        system, said = turns_of(request, self.sent.snapshot, model_role="assistant")
        body: dict[str, Json] = {**self.fixed}
        if system:
            body["system"] = "\n\n".join(system)
        body["messages"] = turn_records(said)
        return self.endpoint.post(body)

    def secret_headers(self) -> dict[str, str]:
        """Return the headers that hold a secret, filled in."""
        return dict(self.endpoint.secret)

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return what a response says; see ``wire.http_provider.WireFormat``."""
        if response.status // 100 != 2:
            return usual_outcome(request, response, self.sent)
        body = response.json()
        if value_at(body, "error") is not None:
            return told_inside(usual_objection(body), request, response)
        finish = text_at(body, "stop_reason")
        parts = items_at(body, "content")
        if not parts and finish is None:
            return nothing_found(response, "content")
        usage = value_at(body, "usage")
        asked = count_at(usage, "input_tokens")
        written = count_at(usage, "cache_creation_input_tokens")
        cached = count_at(usage, "cache_read_input_tokens")
        return answered(
            request,
            output=joined_texts(parts, "text"),
            refusal=_refusal(body) if finish == "refusal" else None,
            finish_reason=finish,
            model=text_at(body, "model"),
            request_id=text_at(body, "id"),
            # What is written to a cache or read from it is not in their count, and is asked too.
            input_tokens=None if asked is None else total(asked, written, cached),
            output_tokens=count_at(usage, "output_tokens"),
            reasoning_tokens=count_at(usage, "output_tokens_details", "thinking_tokens"),
            extra=known(
                cached_input_tokens=cached,
                cache_write_input_tokens=written,
                service_tier=text_at(usage, "service_tier"),
                refusal_category=text_at(body, "stop_details", "category"),
            ),
        )


def _endpoint(path: str, options: AnthropicOptions, secrets: Secrets, *, owner: str) -> Endpoint:
    return Endpoint.of(
        without_slash(options.base_url) + path,
        options,
        key=VendorKey(
            header="x-api-key",
            variables=("ANTHROPIC_API_KEY",),
            at_home=same_origin(options.base_url, HOME),
        ),
        owner=owner,
        secrets=secrets,
        headers={"anthropic-version": options.version},
    )


def _refusal(body: Json) -> str:
    details = value_at(body, "stop_details")
    return text_at(details, "explanation") or text_at(details, "category") or ""


def _fixed(snapshot: Snapshot) -> dict[str, Json]:
    fixed: dict[str, Json] = {**snapshot.params, "model": snapshot.model}
    if snapshot.response_schema is not None:
        config = fixed.get("output_config")
        schema = parse_json(snapshot.response_schema)
        fixed["output_config"] = {
            **(config if isinstance(config, dict) else {}),
            "format": {"type": "json_schema", "schema": schema},
        }
    return fixed


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    options = cast("AnthropicOptions", snapshot.options)
    yield from endpoint_lacks(snapshot, base_url=options.base_url, path=PATH)
    yield from reserved_lacks(snapshot, RESERVED)
    yield from schema_lacks(snapshot, ("output_config", "format"), ("output_format",))
    if not _VERSION.fullmatch(options.version):
        yield Lack("version", f"expected a date such as 2023-06-01, found {options.version!r}")
    if "max_tokens" not in snapshot.params:
        yield Lack(
            "params.max_tokens",
            "expected the most tokens an answer may have, which this API cannot do without, "
            "found none; write params: {max_tokens: 1024}, or as many as your answers need",
        )


async def _lifecycle(
    snapshot: Snapshot, surroundings: Surroundings, today: date
) -> Lifecycle | None:
    options = cast("AnthropicOptions", snapshot.options)
    secrets = Secrets(surroundings.environment)
    models = _endpoint("/v1/models", options, secrets, owner=snapshot.provider)
    return await lifecycle_at(
        models, "anthropic", snapshot, surroundings, secrets=secrets, today=today
    )


# ---------------------------------------------------------------- what others ask and are answered


def _asked(body: Json) -> Iterator[Message]:
    system = value_at(body, "system")
    if system:
        yield turn("system", system)
    for message in items_at(body, "messages"):
        yield turn(text_at(message, "role"), value_at(message, "content"))


def _whole(events: Sequence[Json]) -> Json:
    """Return the message that was streamed: how it began, the pieces of its blocks, how it ended."""
    failed = error_in(events)
    if failed is not None:
        return dict(failed)
    body: dict[str, Json] = {}
    usage: dict[str, Json] = {}
    blocks: dict[int, dict[str, Json]] = {}
    for event in events:
        kind, delta = text_at(event, "type"), value_at(event, "delta")
        told = value_at(event, "message", "usage") or value_at(event, "usage")
        usage |= told if isinstance(told, dict) else {}
        match kind:
            case "message_start":
                begun = value_at(event, "message")
                body |= begun if isinstance(begun, dict) else {}
            case "content_block_start":
                block = value_at(event, "content_block")
                number = count_at(event, "index") or 0
                blocks[number] = dict(block) if isinstance(block, dict) else {}
            case "content_block_delta" if text_at(delta, "type") == "text_delta":
                block = blocks.setdefault(count_at(event, "index") or 0, {"type": "text"})
                said = text_at(delta, "text") or ""
                block["text"] = f"{text_at(block, 'text') or ''}{said}"
            case "message_delta":
                body |= delta if isinstance(delta, dict) else {}
    if blocks:
        body["content"] = [block for _, block in sorted(blocks.items())]
    return {**body, "usage": usage} if body else {}


_NOBODYS = Messages(NOWHERE, {}, nobodys("anthropic"))

anthropic = ProviderPlugin(
    "anthropic",
    AnthropicOptions,
    opening(Messages.of),
    doc=__doc__,
    lacks=_lacks,
    structured=always,
    vendor="anthropic",
    lifecycle=_lifecycle,
    overhears=overhearing(PATH, read=_NOBODYS.read, asked=_asked, whole=_whole),
)
