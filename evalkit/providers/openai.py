"""Asks an endpoint that speaks OpenAI's chat completions.

These are OpenAI itself, Azure OpenAI (its v1 address), and by ``base_url`` vLLM, Ollama, llama.cpp,
LM Studio, a litellm proxy and many others. A ``response_schema`` is sent as ``response_format``. The
messages of a case keep their roles.
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
from evalkit.wire.overheard import (
    NOWHERE,
    error_in,
    first_known,
    last_known,
    nobodys,
    overhearing,
    turn,
)

PATH = "/chat/completions"
RESERVED = {
    "n": "one answer is read; write repeats: to ask more than once",
}


@dataclass(frozen=True, slots=True)
class OpenAIOptions:
    """Where chat completions are asked for, and with which key.

    Attributes:
        base_url: the address up to and without ``/chat/completions``, such as
            ``http://localhost:11434/v1`` for Ollama or
            ``https://NAME.openai.azure.com/openai/v1`` for Azure.
        api_key: ``${env:NAME}`` with the variable that holds the key. Left out, ``OPENAI_API_KEY``
            is sent to OpenAI's own address, and no key to any other.
        headers: headers to send beside these; a value may hold ``${env:NAME}``.
    """

    base_url: str = HOME
    api_key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatCompletions:
    """The wire format: ``fixed`` is what stands in every body of this snapshot."""

    endpoint: Endpoint
    fixed: Mapping[str, Json]
    opening: tuple[Json, ...]
    sent: Sent

    @classmethod
    def of(cls, arm: Arm, snapshot: Snapshot, secrets: Secrets) -> ChatCompletions:
        """Return the format of one snapshot.

        Raises:
            MissingSecretError: a variable that it names is not set.
        """
        options = cast("OpenAIOptions", snapshot.options)
        fixed: dict[str, Json] = {**snapshot.params, "model": snapshot.model}
        if snapshot.response_schema is not None:
            schema = parse_json(snapshot.response_schema)
            named: dict[str, Json] = {"name": "answer", "strict": True, "schema": schema}
            fixed["response_format"] = {"type": "json_schema", "json_schema": named}
        system = snapshot.system_prompt
        return cls(
            openai_endpoint(PATH, options, secrets, owner=arm.value),
            fixed,
            () if system is None else ({"role": "system", "content": system.text},),
            Sent.of(
                snapshot,
                path=PATH,
                own={
                    "model": "model",
                    "messages": OF_THE_CASE,
                    "messages.0.role": "system_prompt",
                    "response_format": "response_schema",
                },
            ),
        )

    def request(self, request: Request) -> HttpRequest:
        """Return the HTTP request, without the headers that hold a secret."""
        turns = turn_records(request.messages)
        return self.endpoint.post({**self.fixed, "messages": [*self.opening, *turns]})

    def secret_headers(self) -> dict[str, str]:
        """Return the headers that hold a secret, filled in."""
        return dict(self.endpoint.secret)

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return what a response says; see ``wire.http_provider.WireFormat``."""
        if response.status // 100 != 2:
            return usual_outcome(request, response, self.sent)
        body = response.json()
        if value_at(body, "choices", 0) is None and value_at(body, "error") is not None:
            return told_inside(usual_objection(body), request, response)
        output = _output(value_at(body, "choices", 0, "message"))
        if output is None:
            return nothing_found(response, "choices with a message")
        finish = text_at(body, "choices", 0, "finish_reason")
        refusal = text_at(body, "choices", 0, "message", "refusal")
        if refusal is None and finish == CONTENT_FILTER and not output:
            refusal = ""
        return answered(
            request,
            output=output,
            refusal=refusal,
            finish_reason=finish,
            model=text_at(body, "model"),
            fingerprint=text_at(body, "system_fingerprint"),
            request_id=text_at(body, "id"),
            input_tokens=count_at(body, "usage", "prompt_tokens"),
            output_tokens=count_at(body, "usage", "completion_tokens"),
            reasoning_tokens=count_at(
                body, "usage", "completion_tokens_details", "reasoning_tokens"
            ),
            extra=_extra(body),
        )


def _output(message: Json) -> str | None:
    """Return the text of a message, ``None`` where there is no message.

    A message that only calls tools, or only refuses, has no content: its text is empty.
    """
    if not isinstance(message, dict):
        return None
    match message.get("content"):
        case None:
            return ""
        case str(text):
            return text
        case list(parts):  # the servers that think in the open write parts
            return joined_texts(parts, "text")
    return None


def _extra(body: Json) -> dict[str, Json]:
    details = value_at(body, "usage", "prompt_tokens_details")
    moderation = value_at(body, "moderation")
    return known(
        cached_input_tokens=count_at(details, "cached_tokens"),
        cache_write_input_tokens=count_at(details, "cache_write_tokens"),
        service_tier=text_at(body, "service_tier"),
        moderation=moderation if isinstance(moderation, dict) else None,
        tool_calls=len(items_at(body, "choices", 0, "message", "tool_calls")) or None,
    )


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    options = cast("OpenAIOptions", snapshot.options)
    yield from endpoint_lacks(snapshot, base_url=options.base_url, path=PATH)
    yield from reserved_lacks(snapshot, RESERVED)
    yield from schema_lacks(snapshot, ("response_format",))


# ---------------------------------------------------------------- what others ask and are answered


def _asked(body: Json) -> Iterator[Message]:
    for message in items_at(body, "messages"):
        yield turn(text_at(message, "role"), value_at(message, "content"))


def _whole(events: Sequence[Json]) -> Json:
    """Return the body of an answer that was streamed in pieces."""
    failed = error_in(events)
    if failed is not None:
        return dict(failed)
    body = first_known(events, "id", "created", "model", "system_fingerprint", "service_tier")
    pieces = [
        choice
        for event in events
        for choice in items_at(event, "choices")
        if value_at(choice, "index") in {0, None}
    ]
    if pieces:
        deltas = [value_at(piece, "delta") for piece in pieces]
        message: dict[str, Json] = {"role": "assistant", "content": _content(deltas)}
        refusals = [text for delta in deltas if (text := text_at(delta, "refusal"))]
        if refusals:
            message["refusal"] = "".join(refusals)
        calls = {
            count_at(call, "index") or 0
            for delta in deltas
            for call in items_at(delta, "tool_calls")
        }
        if calls:
            message["tool_calls"] = [{"index": number} for number in sorted(calls)]
        finish = last_known(pieces, "finish_reason")
        body["choices"] = [{"index": 0, "message": message, **finish}]
    return {**body, **last_known(events, "usage", "moderation")}


def _content(deltas: Sequence[Json]) -> Json:
    """Return the content of a message; ``None`` where no piece of it came, as in a call of tools."""
    found = [value for delta in deltas if (value := value_at(delta, "content")) is not None]
    if not found:
        return None
    return "".join(_output({"content": value}) or "" for value in found)


_NOBODYS = ChatCompletions(NOWHERE, {}, (), nobodys("openai"))

openai = ProviderPlugin(
    "openai",
    OpenAIOptions,
    opening(ChatCompletions.of),
    doc=__doc__,
    lacks=_lacks,
    structured=always,
    vendor="openai",
    lifecycle=openai_lifecycle,
    overhears=overhearing(PATH, read=_NOBODYS.read, asked=_asked, whole=_whole),
)
