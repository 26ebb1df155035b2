"""Spans of OpenTelemetry that follow its conventions for generative AI, the old and the new ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.files.conversations import (
    answered,
    asked,
    content_text,
    message_text,
    turned,
    unpacked,
)
from evalkit.files.spans import Span, spans_in
from evalkit.readers import Json, LogExample, LogRecord, reader

CALLS = ("chat", "text_completion", "generate_content", "completion")
"""The operations that ask a model for an answer; agents, tools and embeddings are others."""

DETAILS = "gen_ai.client.inference.operation.details"
TURN_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


def _recognises(data: Json) -> bool:
    return any(name.startswith("gen_ai.") for span in spans_in(data) for name in span.attributes)


_ATTRIBUTES: dict[str, Json] = {
    "gen_ai.operation.name": {"stringValue": "chat"},
    "gen_ai.provider.name": {"stringValue": "acme"},
    "gen_ai.request.model": {"stringValue": "acme-1"},
    "gen_ai.response.model": {"stringValue": "acme-1-2026-06"},
    "gen_ai.response.finish_reasons": {"arrayValue": {"values": [{"stringValue": "stop"}]}},
    "gen_ai.usage.input_tokens": {"intValue": "52"},
    "gen_ai.usage.output_tokens": {"intValue": "7"},
    "gen_ai.conversation.id": {"stringValue": "conv-5"},
    "gen_ai.input.messages": {
        "stringValue": '[{"role":"user","parts":[{"type":"text","content":"Where is my order?"}]}]'
    },
    "gen_ai.output.messages": {
        "stringValue": '[{"role":"assistant","parts":[{"type":"text","content":"On its way."}],'
        '"finish_reason":"stop"}]'
    },
}
_SPAN: dict[str, Json] = {
    "traceId": "5b8efff798038103d269b633813fc60c",
    "spanId": "eee19b7ec3c1b174",
    "name": "chat acme-1",
    "startTimeUnixNano": "1790856000000000000",
    "endTimeUnixNano": "1790856000812000000",
    "attributes": [{"key": key, "value": value} for key, value in _ATTRIBUTES.items()],
}
_TOLD: dict[str, Json] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]',
    "http.response.header.model-snapshot": ["acme-1-2026-06"],
    "http.response.header.format-version": ["2.1"],
    "http.response.header.sunset": ["Thu, 14 Jan 2027 00:00:00 GMT"],
}
_EXPORT: Json = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [_SPAN]}]}]}
_OLD_SPAN: Json = {
    "name": "openai.chat",
    "context": {"trace_id": "0xa1", "span_id": "0xb2"},
    "start_time": "2026-10-01T12:00:00.000000Z",
    "end_time": "2026-10-01T12:00:01.500000Z",
    "status": {"status_code": "ERROR", "description": "Request timed out."},
    "attributes": {
        "gen_ai.system": "OpenAI",
        "gen_ai.request.model": "acme-1",
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "Hi",
        "gen_ai.usage.prompt_tokens": 3,
    },
}


@reader(
    "otel",
    recognises=_recognises,
    examples=[
        LogExample(
            _EXPORT,
            [
                {
                    "id": "eee19b7ec3c1b174",
                    "user": "conv-5",
                    "when": 1790856000.0,
                    "input": "Where is my order?",
                    "output": "On its way.",
                    "latency_ms": 812.0,
                    "input_tokens": 52,
                    "output_tokens": 7,
                    "model": "acme-1-2026-06",
                    "model_requested": "acme-1",
                    "finish_reason": "stop",
                }
            ],
            note="OTLP as JSON, what a collector's file exporter writes",
        ),
        LogExample(
            _OLD_SPAN,
            [
                {
                    "id": "0xb2",
                    "input": "Hi",
                    "error": {"kind": "timeout", "message": "Request timed out."},
                    "latency_ms": 1500.0,
                    "input_tokens": 3,
                }
            ],
            note="an SDK's JSON with attributes of before 2025; the call failed",
        ),
        LogExample(
            {"context": {"span_id": "0xb3"}, "attributes": _TOLD},
            [
                {
                    "id": "0xb3",
                    "output": "Hi",
                    "model": "acme-1-2026-06",
                    "format_version": "2.1",
                    "model_deprecated_at": "2027-01-14T00:00:00+00:00",
                }
            ],
            note="what the headers of the answer say",
        ),
    ],
)
def otel(data: Json) -> Iterator[LogRecord]:
    """Read spans of OpenTelemetry that call a model, and the events that hold what was said.

    OTLP as JSON is read, a document or an export a line, and the JSON of SDKs. A request is a span
    whose ``gen_ai.operation.name`` is one that asks a model (chat, text_completion,
    generate_content), or, in older ones, that names a model at all; or the event
    ``gen_ai.client.inference.operation.details``, which has no latency. Other spans are no requests.
    ``evalkit.arm`` names the arm, on the span or its resource; anything else is mapped, such as
    ``--map arm='resource."service.version"'``. Where headers of the answer were captured
    (``http.response.header.model-snapshot`` and its like), they tell what the span does not.
    """
    for span in spans_in(data):
        if _calls_a_model(span):
            yield LogRecord(_fields(span), span.source)


def _calls_a_model(span: Span) -> bool:
    if span.name == DETAILS:
        return True
    if span.end is None and span.start is not None and not span.attributes.get("gen_ai.system"):
        return False  # another event
    operation = span.first("gen_ai.operation.name", "llm.request.type")
    if isinstance(operation, str):
        return operation in CALLS
    return any(
        name in span.attributes for name in ("gen_ai.request.model", "gen_ai.response.model")
    )


def _fields(span: Span) -> dict[str, Json]:
    told = span.told
    return {
        "id": span.id or span.first("gen_ai.response.id"),
        "arm": span.first("evalkit.arm") or span.resource.get("evalkit.arm"),
        "user": span.first("user.id", "enduser.id", "gen_ai.conversation.id", "session.id"),
        "created": span.begun,
        "input": _input(span),
        **_outcome(span),
        "model": span.first("gen_ai.response.model") or told.get("model"),
        "model_requested": span.first("gen_ai.request.model"),
        "request_id": span.first("gen_ai.response.id") or told.get("request_id"),
        "format_version": told.get("format_version"),
        "model_deprecated_at": told.get("model_deprecated_at"),
        "latency_ms": span.lasted,
        "ttft_ms": _milliseconds(span.first("gen_ai.response.time_to_first_chunk")),
        "input_tokens": span.first("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        "output_tokens": span.first("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        "reasoning_tokens": span.first(
            "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"
        ),
        "fingerprint": span.first(
            "openai.response.system_fingerprint", "gen_ai.openai.response.system_fingerprint"
        ),
        "metadata": _metadata(span),
    }


def _milliseconds(seconds: Json) -> Json:
    known = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    return seconds * 1e3 if known else seconds  # type: ignore[operator]


def _metadata(span: Span) -> dict[str, Json]:
    found: dict[str, Json] = {
        "trace_id": span.trace,
        "operation": span.first("gen_ai.operation.name"),
        "provider": span.first("gen_ai.provider.name", "gen_ai.system"),
        "service": span.resource.get("service.name"),
        "service_version": span.resource.get("service.version"),
        "environment": span.resource.get("deployment.environment.name")
        or span.resource.get("deployment.environment"),
        "cached_input_tokens": span.first("gen_ai.usage.cache_read.input_tokens"),
    }
    return {name: value for name, value in found.items() if value is not None}


# ---------------------------------------------------------------- what was said


def _input(span: Span) -> Json:
    told = span.first("gen_ai.input.messages", "gen_ai.prompt")
    turns = _indexed(span.attributes, "gen_ai.prompt.")
    system = content_text(unpacked(span.first("gen_ai.system_instructions")))
    if told is not None:
        found = asked(told)
    elif turns:
        found = turned(turns)
    else:
        found = turned(
            [
                (TURN_EVENTS[name], _event_text(body))
                for name, body in span.events
                if name in TURN_EVENTS
            ]
        )
        for name, body in span.events:
            if found is None and name in {"gen_ai.content.prompt", DETAILS}:
                found = asked(_first(body, "gen_ai.input.messages", "gen_ai.prompt"))
    if not system or found is None:
        return found
    rest = [{"role": "user", "content": found}] if isinstance(found, str) else found
    first: list[Json] = [{"role": "system", "content": system}]
    return [*first, *rest] if isinstance(rest, list) else found


def _outcome(span: Span) -> dict[str, Json]:
    """Return what came of a call: an answer, a failure, or what is left of one."""
    reasons = unpacked(span.first("gen_ai.response.finish_reasons"))
    output, reason = _output(span)
    if reason is None:
        reason = reasons[0] if isinstance(reasons, list) and reasons else reasons
    kind = span.first("error.type")
    found: dict[str, Json] = {"output": output, "finish_reason": reason}
    if span.failed or kind is not None:
        raised = next((body for name, body in span.events if name == "exception"), {})
        message = span.message or raised.get("exception.message") or kind or "the span failed"
        found["error"] = {"code": kind or raised.get("exception.type") or "", "message": message}
    return found


def _output(span: Span) -> tuple[str | None, Json]:
    """Return the first answer of a span, and why it ended."""
    told = unpacked(span.first("gen_ai.output.messages", "gen_ai.completion"))
    for name, body in span.events:
        if told is None and name == "gen_ai.choice":
            return _event_text(body), _first(body, "finish_reason")
        if told is None and name in {"gen_ai.content.completion", DETAILS}:
            told = unpacked(_first(body, "gen_ai.output.messages", "gen_ai.completion"))
    if isinstance(told, list) and told:
        choice = told[0]
        reason = choice.get("finish_reason") if isinstance(choice, dict) else None
        return message_text(choice), reason
    if told is not None:
        return answered(told), None
    turns = _indexed(span.attributes, "gen_ai.completion.")
    reason = span.attributes.get("gen_ai.completion.0.finish_reason")
    return (turns[0][1], reason) if turns else (None, reason)


def _event_text(body: Mapping[str, Json]) -> str:
    message = unpacked(body.get("message"))
    return message_text(message if message is not None else dict(body))


def _first(body: Mapping[str, Json], *names: str) -> Json:
    return next((body[name] for name in names if body.get(name) is not None), None)


MANY_TURNS = 10_000


def _indexed(attributes: Mapping[str, Json], prefix: str) -> list[tuple[str, str]]:
    """Return turns whose attributes are numbered: ``PREFIX0.role``, then ``PREFIX0.content``."""
    turns = []
    for number in range(MANY_TURNS):
        role = attributes.get(f"{prefix}{number}.role")
        content = attributes.get(f"{prefix}{number}.content")
        if role is None and content is None:
            break
        turns.append((str(role or "assistant"), content_text(unpacked(content))))
    return turns
