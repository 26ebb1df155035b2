"""Asks an endpoint that speaks OpenAI's responses.

The system prompt is sent as ``instructions``, a ``response_schema`` under ``text.format``. The
messages of a case keep their roles. OpenAI stores what is asked here unless ``params`` say
``store: false``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from evalkit.core.model import Arm, Json, Message, Sample, Snapshot
from evalkit.core.ports import Lack, ProviderPlugin, Request, always
from evalkit.core.records import turn_records
from evalkit.core.secrets import Secrets
from evalkit.files.json_text import parse_json
from evalkit.wire.endpoint import (
    Endpoint,
    endpoint_lacks,
    reserved_lacks,
    schema_lacks,
)
from evalkit.wire.events import last_event
from evalkit.wire.exchange import HttpRequest, HttpResponse
from evalkit.wire.failures import Failure
from evalkit.wire.http_provider import opening
from evalkit.wire.json_values import count_at, items_at, joined_texts, known, text_at, value_at
from evalkit.wire.objections import (
    CONTENT_FILTER,
    OF_THE_CASE,
    Sent,
    answered,
    nothing_found,
    told_inside,
    usual_objection,
    usual_outcome,
)
from evalkit.wire.openai_server import HOME, openai_endpoint, openai_lifecycle
from evalkit.wire.overheard import NOWHERE, nobodys, overhearing, turn

PATH = "/responses"
RESERVED = {
    "input": "the golden set and the prompt say what is asked",
    "instructions": "write system_prompt: instead",
    "background": "an answer is waited for; leave it out",
}


@dataclass(frozen=True, slots=True)
class OpenAIResponsesOptions:
    """Where responses are asked for, and with which key.

    Attributes:
        base_url: the address up to and without ``/responses``, such as
            ``https://NAME.openai.azure.com/openai/v1`` for Azure.
        api_key: ``${env:NAME}`` with the variable that holds the key. Left out, ``OPENAI_API_KEY``
            is sent to OpenAI's own address, and no key to any other.
        headers: headers to send beside these; a value may hold ``${env:NAME}``.
    """

    base_url: str = HOME
    api_key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Responses:
    """The wire format: ``fixed`` is what stands in every body of this snapshot."""

    endpoint: Endpoint
    fixed: Mapping[str, Json]
    sent: Sent

    @classmethod
    def of(cls, arm: Arm, snapshot: Snapshot, secrets: Secrets) -> Responses:
        """Return the format of one snapshot.

        Raises:
            MissingSecretError: a variable that it names is not set.
        """
        options = cast("OpenAIResponsesOptions", snapshot.options)
        return cls(
            openai_endpoint(PATH, options, secrets, owner=arm.value),
            _fixed(snapshot),
            Sent.of(
                snapshot,
                path=PATH,
                own={
                    "model": "model",
                    "input": OF_THE_CASE,
                    "instructions": "system_prompt",
                    "text": "response_schema",
                    "text.format": "response_schema",
                },
            ),
        )

    def request(self, request: Request) -> HttpRequest:
        """Return the HTTP request, without the headers that hold a secret."""
        return self.endpoint.post({**self.fixed, "input": turn_records(request.messages)})

    def secret_headers(self) -> dict[str, str]:
        """Return the headers that hold a secret, filled in."""
        return dict(self.endpoint.secret)

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return what a response says; see ``wire.http_provider.WireFormat``."""
        if response.status // 100 != 2:
            return usual_outcome(request, response, self.sent)
        body = _body(response)
        if value_at(body, "error") is not None or text_at(body, "type") == "error":
            return told_inside(usual_objection(body), request, response)
        status = text_at(body, "status")
        cut = text_at(body, "incomplete_details", "reason")
        if not items_at(body, "output") and cut is None:
            return nothing_found(response, "output")
        if status in {"cancelled", "failed", "in_progress", "queued"}:
            return nothing_found(response, "an answer that has ended")
        output, refusal = _said(items_at(body, "output"))
        if refusal is None and cut == CONTENT_FILTER and not output:
            refusal = ""
        return answered(
            request,
            output=output,
            refusal=refusal,
            finish_reason=cut or status,
            model=text_at(body, "model"),
            request_id=text_at(body, "id"),
            input_tokens=count_at(body, "usage", "input_tokens"),
            output_tokens=count_at(body, "usage", "output_tokens"),
            reasoning_tokens=count_at(body, "usage", "output_tokens_details", "reasoning_tokens"),
            extra=_extra(body),
        )


def _body(response: HttpResponse) -> Json:
    """Return the response itself; a server that streams unasked says it whole in its last event."""
    if not response.is_stream:
        return response.json()
    return _whole([last_event(response)])


def _whole(events: Sequence[Json]) -> Json:
    """Return the response of a stream: its last event tells all of it."""
    whole = value_at(events[-1], "response")
    return events[-1] if whole is None else whole


def _fixed(snapshot: Snapshot) -> dict[str, Json]:
    fixed: dict[str, Json] = {**snapshot.params, "model": snapshot.model}
    if snapshot.system_prompt is not None:
        fixed["instructions"] = snapshot.system_prompt.text
    if snapshot.response_schema is not None:
        schema = parse_json(snapshot.response_schema)
        named: dict[str, Json] = {"name": "answer", "strict": True, "schema": schema}
        text = fixed.get("text")
        fixed["text"] = {
            **(text if isinstance(text, dict) else {}),
            "format": {"type": "json_schema", **named},
        }
    return fixed


def _said(items: list[Json]) -> tuple[str, str | None]:
    """Return the texts of the messages, and those of the refusals, ``None`` where there is none."""
    parts = [
        part
        for item in items
        if value_at(item, "type") == "message"
        for part in items_at(item, "content")
    ]
    refusals = [
        text_at(part, "refusal") or "" for part in parts if value_at(part, "type") == "refusal"
    ]
    return joined_texts(parts, "output_text"), "".join(refusals) if refusals else None


def _extra(body: Json) -> dict[str, Json]:
    details = value_at(body, "usage", "input_tokens_details")
    moderation = value_at(body, "moderation")
    calls = [item for item in items_at(body, "output") if value_at(item, "type") == "function_call"]
    return known(
        cached_input_tokens=count_at(details, "cached_tokens"),
        cache_write_input_tokens=count_at(details, "cache_write_tokens"),
        service_tier=text_at(body, "service_tier"),
        moderation=moderation if isinstance(moderation, dict) else None,
        tool_calls=len(calls) or None,
    )


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    options = cast("OpenAIResponsesOptions", snapshot.options)
    yield from endpoint_lacks(snapshot, base_url=options.base_url, path=PATH)
    yield from reserved_lacks(snapshot, RESERVED)
    yield from schema_lacks(snapshot, ("text", "format"))


# ---------------------------------------------------------------- what others ask and are answered


def _asked(body: Json) -> Iterator[Message]:
    instructions = text_at(body, "instructions")
    if instructions is not None:
        yield Message("system", instructions)
    asked = value_at(body, "input")
    if isinstance(asked, str):
        yield Message("user", asked)
    for item in items_at(body, "input"):
        kind = text_at(item, "type") or "message"
        content = value_at(item, "content") if kind == "message" else f"[{kind[:40]}]"
        yield turn(text_at(item, "role"), content, kinds=("input_text", "output_text", "text"))


_NOBODYS = Responses(NOWHERE, {}, nobodys("openai-responses"))

openai_responses = ProviderPlugin(
    "openai-responses",
    OpenAIResponsesOptions,
    opening(Responses.of),
    doc=__doc__,
    lacks=_lacks,
    structured=always,
    vendor="openai",
    lifecycle=openai_lifecycle,
    overhears=overhearing(PATH, read=_NOBODYS.read, asked=_asked, whole=_whole),
)
