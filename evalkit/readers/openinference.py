"""Spans that follow OpenInference, as Phoenix and its instrumentations write them."""

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

KIND = "openinference.span.kind"
MODEL_CALL = "LLM"


def _recognises(data: Json) -> bool:
    return any(KIND in span.attributes for span in spans_in(data))


@reader(
    "openinference",
    recognises=_recognises,
    examples=[
        LogExample(
            {
                "name": "ChatCompletion",
                "context": {"trace_id": "0x1", "span_id": "0x2"},
                "start_time": "2026-10-01T12:00:00Z",
                "end_time": "2026-10-01T12:00:02Z",
                "status": {"status_code": "OK"},
                "attributes": {
                    "openinference.span.kind": "LLM",
                    "llm.model_name": "acme-1-2026-06",
                    "llm.input_messages.0.message.role": "system",
                    "llm.input_messages.0.message.content": "Be brief.",
                    "llm.input_messages.1.message.role": "user",
                    "llm.input_messages.1.message.content": "Where is my order?",
                    "llm.output_messages.0.message.role": "assistant",
                    "llm.output_messages.0.message.content": "On its way.",
                    "llm.token_count.prompt": 52,
                    "llm.token_count.completion": 7,
                    "llm.prompt_template.version": "v3",
                    "session.id": "s9",
                },
            },
            [
                {
                    "id": "0x2",
                    "user": "s9",
                    "output": "On its way.",
                    "latency_ms": 2000.0,
                    "input": [
                        {"role": "system", "content": "Be brief."},
                        {"role": "user", "content": "Where is my order?"},
                    ],
                    "input_tokens": 52,
                    "output_tokens": 7,
                    "model": "acme-1-2026-06",
                }
            ],
        ),
        LogExample(
            {
                "context.span_id": "a",
                "span_kind": "LLM",
                "status_code": "ERROR",
                "status_message": "429 rate limit",
                "attributes.input.value": "Hi",
            },
            [
                {
                    "id": "a",
                    "input": "Hi",
                    "error": {"kind": "rate_limited", "message": "429 rate limit"},
                }
            ],
            note="a row of the table of spans that Phoenix exports",
        ),
        LogExample({"context.span_id": "b", "span_kind": "TOOL"}, [], note="no call of a model"),
    ],
)
def openinference(data: Json) -> Iterator[LogRecord]:
    """Read spans of the kind LLM: from OTLP as JSON, an SDK's JSON, or Phoenix's table of spans.

    Messages are read from numbered attributes or lists, else ``input.value`` and ``output.value``.
    Spans of other kinds (chains, tools, retrievers) are no requests.
    """
    for span in spans_in(data):
        if str(span.attributes.get(KIND)).upper() == MODEL_CALL:
            yield LogRecord(_fields(span), span.source)


def _fields(span: Span) -> dict[str, Json]:
    turns = _messages(span, "llm.input_messages")
    replies = _messages(span, "llm.output_messages")
    fields: dict[str, Json] = {
        "id": span.id,
        "arm": span.first("evalkit.arm") or span.resource.get("evalkit.arm"),
        "user": span.first("user.id", "session.id"),
        "created": span.begun,
        "input": turned(turns) if turns else asked(span.first("input.value")),
        "output": replies[0][1] if replies else answered(span.first("output.value")),
        "finish_reason": span.first("llm.finish_reason"),
        "model": span.first("llm.response.model_name", "llm.model_name"),
        "model_requested": span.first("llm.request.model_name"),
        "latency_ms": span.lasted,
        "input_tokens": span.first("llm.token_count.prompt"),
        "output_tokens": span.first("llm.token_count.completion"),
        "reasoning_tokens": span.first("llm.token_count.completion_details.reasoning"),
        "cost_usd": span.first("llm.cost.total"),
        "metadata": _metadata(span),
    }
    tags = unpacked(span.first("tag.tags"))
    if isinstance(tags, list):
        fields["tags"] = tags
    if span.failed:
        raised = next((body for name, body in span.events if name == "exception"), {})
        message = span.message or raised.get("exception.message") or "the span failed"
        fields["error"] = {"code": raised.get("exception.type") or "", "message": message}
    return fields


def _metadata(span: Span) -> dict[str, Json]:
    own = unpacked(span.first("metadata"))
    found: dict[str, Json] = {
        **(own if isinstance(own, dict) else {}),
        "trace_id": span.trace,
        "provider": span.first("llm.provider"),
        "prompt_version": span.first("llm.prompt_template.version"),
        "cached_input_tokens": span.first("llm.token_count.prompt_details.cache_read"),
    }
    return {name: value for name, value in found.items() if value is not None}


# ---------------------------------------------------------------- messages

MANY_MESSAGES = 10_000


def _messages(span: Span, prefix: str) -> list[tuple[str, str]]:
    """Return the messages below a prefix: a list of them, or numbered attributes."""
    listed = unpacked(span.attributes.get(prefix))
    if isinstance(listed, list):
        return [_message(item) for item in listed if isinstance(item, dict)]
    found = []
    for number in range(MANY_MESSAGES):
        start = f"{prefix}.{number}.message."
        role = span.attributes.get(f"{start}role")
        content = span.attributes.get(f"{start}content")
        parts = _numbered_parts(span.attributes, start) if content is None else []
        calls = _numbered_calls(span.attributes, start)
        if role is None and content is None and not parts and not calls:
            break
        said = {"content": content if content is not None else parts or None, "tool_calls": calls}
        found.append((str(role or "assistant"), message_text(said)))
    return found


def _message(item: Mapping[str, Json]) -> tuple[str, str]:
    """Return a message of a list, whose keys may be ``message.role`` or nested."""
    inner = item.get("message")
    own = inner if isinstance(inner, dict) else item
    role = own.get("role", own.get("message.role"))
    content = own.get("content", own.get("message.content"))
    calls = own.get("tool_calls", own.get("message.tool_calls"))
    return str(role or "assistant"), message_text({"content": content, "tool_calls": calls})


def _numbered_parts(attributes: Mapping[str, Json], start: str) -> list[Json]:
    found: list[Json] = []
    for number in range(MANY_MESSAGES):
        part = f"{start}contents.{number}.message_content."
        kind = attributes.get(f"{part}type")
        text = attributes.get(f"{part}text")
        if kind is None and text is None:
            break
        found.append({"type": kind, "text": content_text(text)} if text else {"type": kind})
    return found


def _numbered_calls(attributes: Mapping[str, Json], start: str) -> list[Json]:
    found: list[Json] = []
    for number in range(MANY_MESSAGES):
        call = f"{start}tool_calls.{number}.tool_call.function."
        name = attributes.get(f"{call}name")
        if name is None:
            break
        found.append({"name": name, "arguments": attributes.get(f"{call}arguments")})
    return found
