"""A stream that somebody else was answered with says the same as the answer in one piece."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.core.model import Arm, Case, ErrorKind, Message, Sample
from evalkit.core.ports import Overheard, Overhears, Request
from evalkit.core.registry import PROVIDERS

REQUEST = Request(Arm.BASELINE, Case("r1", ""), 0)
EVENTS = {"content-type": "text/event-stream; charset=utf-8"}
PLAIN = {"content-type": "application/json"}


def overhears(name: str) -> Overhears:
    found = PROVIDERS.get(name).overhears
    assert found is not None
    return found


def read(name: str, body: object, *, status: int = 200, asked: Any = None) -> Sample:
    return overhears(name).read(REQUEST, Overheard(asked, status, PLAIN, json.dumps(body).encode()))


def streamed(name: str, events: list[Any], *, named: bool = False, end: str = "") -> Sample:
    lines = [
        (f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n"
        for event in events
    ]
    body = ("".join(lines) + end).encode()
    return overhears(name).read(REQUEST, Overheard(None, 200, EVENTS, body))


# ---------------------------------------------------------------- OpenAI, chat completions

CHAT: dict[str, Any] = {
    "id": "chatcmpl-B9", "object": "chat.completion", "created": 1741569952, "model": "gpt-4.1-2025-04-14",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello! How can I help?", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0},
    },
    "service_tier": "default", "system_fingerprint": "fp_44709d6fcb",
}  # fmt: skip


def chunk(**choice: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-B9", "object": "chat.completion.chunk", "created": 1741569952,
        "model": "gpt-4.1-2025-04-14", "service_tier": "default", "system_fingerprint": "fp_44709d6fcb",
        "choices": [{"index": 0, "logprobs": None, "finish_reason": None, **choice}] if choice else [],
        "usage": None,
    }  # fmt: skip


def test_chat_completions() -> None:
    events = [
        {"id": "", "model": "", "choices": [], "prompt_filter_results": []},
        chunk(delta={"role": "assistant", "content": "", "refusal": None}),
        *(chunk(delta={"content": text}) for text in ("Hello! ", "How can", " I help?")),
        {
            **chunk(delta={"content": "another draw"}),
            "choices": [{"index": 1, "delta": {"content": "x"}}],
        },
        chunk(delta={}, finish_reason="stop"),
        {**chunk(), "usage": CHAT["usage"]},
    ]
    found = streamed("openai", events, end="data: [DONE]\n\n")
    assert found == read("openai", CHAT)
    assert (found.output, found.output_tokens) == ("Hello! How can I help?", 10)


def test_a_refusal_and_calls_of_tools_are_joined() -> None:
    refused = [chunk(delta={"refusal": text}) for text in ("I ", "won't.")]
    message = {"role": "assistant", "content": None, "refusal": "I won't."}
    whole = {
        **CHAT,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": None,
    }
    assert streamed("openai", [*refused, chunk(delta={}, finish_reason="stop")]) == read(
        "openai", whole
    )
    calls = [
        chunk(
            delta={
                "tool_calls": [{"index": n, "id": "c", "function": {"name": "f", "arguments": ""}}]
            }
        )
        for n in (0, 1, 1)
    ]
    found = streamed("openai", calls)
    assert (found.output, found.extra["tool_calls"]) == ("", 2)


def test_content_in_parts_is_joined() -> None:
    thinking = [{"type": "thinking", "thinking": "hm"}]
    events = [chunk(delta={"content": thinking}), chunk(delta={"content": [{"type": "text", "text": "So "}]}), chunk(delta={"content": "be it"})]  # fmt: skip
    assert streamed("openai", events).output == "So be it"


# ---------------------------------------------------------------- OpenAI, responses

RESPONSE: dict[str, Any] = {
    "id": "resp_67c", "object": "response", "status": "completed", "error": None, "model": "gpt-4o-2024-08-06",
    "output": [
        {"type": "message", "id": "msg", "status": "completed", "role": "assistant",
         "content": [{"type": "output_text", "text": "Hi there!", "annotations": []}]},
    ],
    "usage": {"input_tokens": 37, "output_tokens": 11, "output_tokens_details": {"reasoning_tokens": 0}},
}  # fmt: skip


def test_responses() -> None:
    begun = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
    events = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"type": "response.output_text.delta", "delta": " there!"},
        {"type": "response.completed", "response": RESPONSE},
    ]
    assert streamed("openai-responses", events, named=True) == read("openai-responses", RESPONSE)
    failed = streamed(
        "openai-responses", [events[0], {"type": "error", "code": "server_error", "message": "oh"}]
    )
    assert failed.error is not None
    assert failed.error.kind is ErrorKind.SERVER
    cut = streamed("openai-responses", events[:2])
    assert cut.error is not None


# ---------------------------------------------------------------- Anthropic

MESSAGE: dict[str, Any] = {
    "id": "msg_1nZ", "type": "message", "role": "assistant", "model": "claude-opus-5-1",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "x"},
        {"type": "text", "text": "Hello!"},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
        {"type": "text", "text": " Bye."},
    ],
    "stop_reason": "end_turn", "stop_sequence": None,
    "usage": {"input_tokens": 25, "cache_read_input_tokens": 5, "output_tokens": 15},
}  # fmt: skip


def test_messages() -> None:
    begun = {**MESSAGE, "content": [], "stop_reason": None, "usage": {"input_tokens": 25, "cache_read_input_tokens": 5, "output_tokens": 1}}  # fmt: skip
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo!"}},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "input": {}}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_delta", "index": 3, "delta": {"type": "text_delta", "text": " Bye."}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 15}},
        {"type": "message_stop"},
    ]  # fmt: skip
    found = streamed("anthropic", events, named=True)
    assert found == read("anthropic", MESSAGE)
    assert (found.output, found.input_tokens, found.output_tokens) == ("Hello! Bye.", 30, 15)
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    failed = streamed("anthropic", [*events[:6], error], named=True)
    assert failed.error is not None
    assert failed.error.message == "Overloaded"
    assert streamed("anthropic", [{"type": "ping"}]).error is not None


# ---------------------------------------------------------------- Gemini

GENERATED: dict[str, Any] = {
    "candidates": [
        {
            "content": {"parts": [{"text": "hm", "thought": True}, {"text": "AI learns "}, {"text": "from data."}], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 12, "thoughtsTokenCount": 3},
    "modelVersion": "gemini-3-pro-002", "responseId": "abc",
}  # fmt: skip


def test_generate_content_as_events_and_as_a_list_that_grows() -> None:
    shared = {"modelVersion": "gemini-3-pro-002", "responseId": "abc"}
    [one, two, three] = GENERATED["candidates"][0]["content"]["parts"]
    events = [
        {"candidates": [{"content": {"parts": [one, two], "role": "model"}, "index": 0}], "usageMetadata": {"promptTokenCount": 8}, **shared},
        {"candidates": [{"content": {"parts": [three], "role": "model"}, "finishReason": "STOP", "index": 0}],
         "usageMetadata": GENERATED["usageMetadata"], **shared},
    ]  # fmt: skip
    whole = read("gemini", GENERATED)
    assert whole.output == "AI learns from data."
    assert streamed("gemini", events) == whole
    assert read("gemini", events) == whole
    failed = streamed(
        "gemini",
        [events[0], {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}],
    )
    assert failed.error is not None
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "g"}
    assert streamed("gemini", [blocked]) == read("gemini", blocked)


# ---------------------------------------------------------------- all of them

STREAMING = ["openai", "openai-responses", "anthropic", "gemini"]


@pytest.mark.parametrize("name", STREAMING)
def test_what_the_caller_does_wrong_ends_no_run_and_is_an_error(name: str) -> None:
    for status in (400, 404, 405, 422, 429, 500):
        said = {
            "error": {
                "message": "The model `m` does not exist",
                "code": "model_not_found",
                "param": "model",
            }
        }
        found = read(name, said, status=status)
        assert found.error is not None, status
    blocked = {"error": {"message": "blocked by our content filter", "code": "content_filter"}}
    assert read(name, blocked, status=400).refusal is not None


@pytest.mark.parametrize("name", STREAMING)
def test_garbage_is_a_malformed_answer(name: str) -> None:
    for body in (
        b"",
        b"[]",
        b"[null]",
        b"<html>",
        b"data: {\n\n",
        b": nothing\n\n",
        b"data: [DONE]\n\n",
    ):
        for headers in (EVENTS, PLAIN):
            found = overhears(name).read(REQUEST, Overheard(None, 200, headers, body))
            assert found.error is not None
            assert found.error.kind is ErrorKind.MALFORMED


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/chat/completions", "openai"),
        ("/openai/deployments/x/chat/completions", "openai"),
        ("/v1/responses", "openai-responses"),
        ("/v1/messages", "anthropic"),
        ("/v1beta/models/gemini-3:generateContent", "gemini"),
        ("/v1beta/models/gemini-3:streamGenerateContent", "gemini"),
        ("/v1/embeddings", None),
        ("/v1/threads/t/messages", None),
    ],
)
def test_a_path_is_of_one_format_at_most(path: str, name: str | None) -> None:
    plugins = [plugin for plugin in PROVIDERS.built_in().values() if plugin.overhears is not None]
    knowing = [
        plugin.name for plugin in plugins if plugin.overhears and plugin.overhears.knows(path)
    ]
    assert knowing == ([] if name is None else [name])
    assert {plugin.name for plugin in plugins} == set(STREAMING)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("openai", {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Who?"}, {"type": "image_url", "image_url": {"url": "data:"}}]}]}),
        ("openai-responses", {"instructions": "Be brief.", "input": [{"role": "user", "content": [{"type": "input_text", "text": "Who?"}, {"type": "image_url"}]}]}),
        ("anthropic", {"system": [{"type": "text", "text": "Be brief."}], "messages": [{"role": "user", "content": ["Who?", {"type": "image_url"}]}]}),
        ("gemini", {"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": [{"role": "user", "parts": [{"text": "Who?"}, {"image_url": {}}]}]}),
    ],
)  # fmt: skip
def test_what_was_asked_is_told_in_turns_and_what_is_no_text_by_its_kind(
    name: str, body: Any
) -> None:
    assert overhears(name).asked(body) == (
        Message("system", "Be brief."),
        Message("user", "Who?[image_url]"),
    )
    assert overhears(name).asked(None) == ()
    assert overhears(name).asked({"input": 1, "messages": "x", "contents": {}, "system": ""}) == ()


def test_a_response_is_asked_for_in_one_text_too_and_with_the_results_of_tools() -> None:
    asked = overhears("openai-responses").asked
    assert asked({"input": "Who?"}) == (Message("user", "Who?"),)
    turns = asked({"input": [{"type": "function_call_output", "output": "{}"}]})
    assert turns == (Message("user", "[function_call_output]"),)
    assert overhears("gemini").asked({"contents": [{"parts": ["x", {}]}]}) == (
        Message("user", "[part][part]"),
    )
