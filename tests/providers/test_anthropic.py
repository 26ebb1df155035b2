"""Messages are asked for as Anthropic wants it; refusals, thoughts and caches are told apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.errors import SnapshotError
from evalkit.core.model import Arm, ErrorKind, Json
from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.providers.anthropic import Messages
from tests.providers import vendors
from tests.providers.vendors import SCHEMA, SECRET, asked, body_of, failure, read, refused

KEYS = {"ANTHROPIC_API_KEY": SECRET, "MY_KEY": "another-secret-42"}


def opened(**given: Any) -> Messages:
    given.setdefault("params", {"max_tokens": 100})
    return Messages.of(Arm.CANDIDATE, vendors.snapshot("anthropic", **given), Secrets(KEYS))


def message(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-1",
        "content": list(parts),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 5,
            "cache_read_input_tokens": 100,
            "output_tokens": 60,
            "output_tokens_details": {"thinking_tokens": 40},
            "service_tier": "standard",
        },
        **fields,
    }


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words, "citations": None}


def complaint(words: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}


# ---------------------------------------------------------------- what is sent


def test_nothing_is_sent_that_the_snapshot_does_not_hold() -> None:
    request = opened().request(asked())
    assert (request.method, request.url) == ("POST", "https://api.anthropic.com/v1/messages")
    assert request.headers == {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
    }
    assert body_of(request) == {
        "model": "a-model",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Where is the Louvre?"}],
    }


def test_prompt_params_and_schema_stand_where_the_vendor_takes_them() -> None:
    wire_format = opened(
        system_prompt="Be brief.",
        params={"max_tokens": 9, "output_config": {"effort": "low"}},
        response_schema=SCHEMA,
        version="2026-01-01",
        headers={"Anthropic-Beta": "a-beta"},
    )
    request = wire_format.request(
        asked(("system", "Speak French."), ("user", "x"), ("assistant", "y"), ("user", "z"))
    )
    body = body_of(request)
    assert body["system"] == "Be brief.\n\nSpeak French."
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["output_config"]["effort"] == "low"
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert body["output_config"]["format"]["schema"]["required"] == ["city"]
    assert request.headers["anthropic-version"] == "2026-01-01"
    assert request.headers["anthropic-beta"] == "a-beta"


def test_a_role_without_a_place_is_an_error_that_names_the_case() -> None:
    with pytest.raises(SnapshotError, match=r"candidate\.provider: case 'c1' .*role 'tool'"):
        opened().request(asked(("tool", "x")))


def test_the_key_goes_to_the_vendor_and_where_it_is_configured_for() -> None:
    assert opened().secret_headers() == {"x-api-key": SECRET}
    assert opened(base_url="https://proxy.example").secret_headers() == {}
    configured = opened(base_url="https://proxy.example", api_key="${env:MY_KEY}")
    assert configured.secret_headers() == {"x-api-key": "another-secret-42"}
    assert SECRET not in f"{opened().request(asked())} {opened()!r}"
    with pytest.raises(MissingSecretError, match=r"candidate\.api_key: .*ANTHROPIC_API_KEY"):
        Messages.of(Arm.CANDIDATE, vendors.snapshot("anthropic"), Secrets({}))


@pytest.mark.parametrize(
    ("given_snapshot", "key", "words"),
    [
        ({"params": {}}, "params.max_tokens", "write params: {max_tokens: 1024}"),
        ({"params": {"max_tokens": 9, "system": "x"}}, "params.system", "system_prompt"),
        ({"base_url": "https://api.anthropic.com/v1"}, "base_url", "without /v1"),
        ({"base_url": "https://api.anthropic.com/v1/messages"}, "base_url", "adds /v1/messages"),
        ({"version": "2023\nx: y"}, "version", "2023-06-01"),
        (
            {
                "params": {"max_tokens": 9, "output_config": {"format": {}}},
                "response_schema": SCHEMA,
            },
            "params.output_config.format",
            "leave one out",
        ),
    ],
)
def test_what_is_missing_is_said_with_its_key(
    given_snapshot: dict[str, Any], key: str, words: str
) -> None:
    given_snapshot.setdefault("params", {"max_tokens": 9})
    found = vendors.lacks(vendors.snapshot("anthropic", **given_snapshot))
    assert list(found) == [key]
    assert words in found[key]


# ---------------------------------------------------------------- answers


def test_an_answer_is_read_with_all_that_it_tells() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "text": "no", "signature": "x"}
    sample = read(opened(), message(thought, text("In "), text("Paris.")))
    assert (sample.output, sample.refusal) == ("In Paris.", None)
    assert (sample.finish_reason, sample.model) == ("end_turn", "claude-opus-5-1")
    assert sample.request_id == "msg_01"
    assert (sample.input_tokens, sample.output_tokens, sample.reasoning_tokens) == (115, 60, 40)
    assert sample.extra == {
        "cached_input_tokens": 100,
        "cache_write_input_tokens": 5,
        "service_tier": "standard",
    }


def test_usage_that_is_not_told_is_unknown() -> None:
    sample = read(opened(), {"content": [text("Hi")], "usage": {"cache_read_input_tokens": 3}})
    assert (sample.output, sample.finish_reason) == ("Hi", None)
    assert (sample.input_tokens, sample.output_tokens) == (None, None)


@pytest.mark.parametrize(
    ("details", "refusal"),
    [
        ({"type": "refusal", "category": "cyber", "explanation": "Not this."}, "Not this."),
        ({"type": "refusal", "category": "bio", "explanation": None}, "bio"),
        (None, ""),
    ],
)
def test_a_refusal_is_a_sample_with_what_is_said_of_it(
    details: dict[str, Any] | None, refusal: str
) -> None:
    sample = read(opened(), message(stop_reason="refusal", stop_details=details))
    assert (sample.output, sample.refusal, sample.finish_reason) == ("", refusal, "refusal")


@pytest.mark.parametrize(
    "reason", ["max_tokens", "tool_use", "model_context_window_exceeded", "a_new_one"]
)
def test_other_ends_are_samples_with_the_vendors_word(reason: str) -> None:
    sample = read(opened(), message(stop_reason=reason))
    assert (sample.output, sample.refusal, sample.finish_reason) == ("", None, reason)


@pytest.mark.parametrize("body", [{}, 1, [], {"content": 3}, message(stop_reason=None)])
def test_a_success_without_an_answer_is_malformed_and_tried_again(body: Json) -> None:
    found = failure(opened(), body)
    assert (found.kind, found.again) == (ErrorKind.MALFORMED, True)


def test_an_error_inside_a_success_is_what_it_says() -> None:
    found = failure(opened(), complaint("Overloaded", "overloaded_error"))
    assert (found.kind, found.again) == (ErrorKind.SERVER, True)


# ---------------------------------------------------------------- refusals with an error status


@pytest.mark.parametrize(
    ("words", "status", "key", "advice"),
    [
        ("`temperature` is deprecated for this model.", 400, "params.temperature", "leave it out"),
        ("top_k: Extra inputs are not permitted", 400, "params.top_k", "leave it out"),
        (
            "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens",
            400,
            "params.max_tokens",
            "; write a value that it takes",
        ),
        (
            "thinking.enabled.budget_tokens: Input should be greater than 1023",
            400,
            "params.thinking",
            "",
        ),
        ("model: a-model", 404, "model", "the name of a model"),
        ("output_config.format.schema: For 'object' type, set it", 400, "response_schema", ""),
        ("output_config.effort: Input should be 'low'", 400, "params.output_config", ""),
        ("system: text content blocks must be non-empty", 400, "system_prompt", ""),
        ("Not Found", 404, "base_url", "without /v1/messages"),
    ],
)
def test_what_the_endpoint_refuses_of_a_snapshot_is_named_by_its_key(
    words: str, status: int, key: str, advice: str
) -> None:
    params = {
        "max_tokens": 100000,
        "temperature": 0,
        "top_k": 3,
        "thinking": {"type": "enabled"},
        "output_config": {"effort": "x"},
    }
    wire_format = opened(params=params, system_prompt="x", response_schema=SCHEMA)
    found, message_of_it = refused(wire_format, complaint(words), status)
    assert found == f"candidate.{key}"
    assert advice in message_of_it


def test_a_param_that_cannot_be_left_out_is_not_said_to_be_left_out() -> None:
    _, words = refused(opened(), complaint("max_tokens: 100000 > 64000, not supported"))
    assert words.endswith("; write a value that it takes")


@pytest.mark.parametrize(
    ("words", "finish"),
    [
        ("prompt is too long: 210000 tokens > 200000 maximum", "context_overflow"),
        (
            "input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000",
            "context_overflow",
        ),
        ("Output blocked by content filtering policy", "content_filter"),
    ],
)
def test_what_one_case_brings_about_is_a_sample(words: str, finish: str) -> None:
    sample = read(opened(), complaint(words), 400)
    assert (sample.output, sample.finish_reason) == ("", finish)


@pytest.mark.parametrize(
    "words",
    [
        "messages.0.content: text content blocks must be non-empty",
        'messages: roles must alternate between "user" and "assistant"',
        "This model does not support assistant message prefill.",
    ],
)
def test_what_is_wrong_with_one_case_does_not_stop_the_run(words: str) -> None:
    assert not failure(opened(system_prompt="x"), complaint(words), 400).again


def test_other_errors_are_failures_of_their_kind() -> None:
    overloaded = failure(opened(), complaint("Overloaded", "overloaded_error"), 529)
    assert (overloaded.kind, overloaded.again) == (ErrorKind.SERVER, True)
    denied = failure(opened(), complaint("invalid x-api-key", "authentication_error"), 401)
    assert (denied.kind, denied.again) == (ErrorKind.DENIED, False)
    money = failure(opened(), complaint("Your credit balance is too low"), 400)
    assert (money.kind, money.again) == (ErrorKind.QUOTA, False)


NAMES = [
    *("content", "type", "text", "stop_reason", "stop_details", "category", "explanation"),
    *("usage", "input_tokens", "cache_read_input_tokens", "error", "message", "model", "id"),
]
WORDS = ["text", "thinking", "refusal", "end_turn", "error", "`temperature`", "messages: no"]


@settings(max_examples=150, deadline=None)
@given(body=vendors.bodies(NAMES, WORDS), status=st.sampled_from([200, 400, 404, 422]))
def test_any_body_is_read_without_an_error_of_ours(body: Json, status: int) -> None:
    wire_format = opened(params={"temperature": 0}, system_prompt="x", response_schema=SCHEMA)
    vendors.assert_reads_anything(wire_format, body, status)


def test_a_provider_asks_a_server_and_reads_its_answer() -> None:
    with vendors.serving(message(text("In Paris."))) as server:
        given_snapshot = vendors.snapshot(
            "anthropic",
            base_url=server.url,
            api_key="${env:ANTHROPIC_API_KEY}",
            params={"max_tokens": 50},
        )
        sample = vendors.answer_of(given_snapshot, KEYS)
    [(method, path, headers, body)] = server.seen
    assert (method, path) == ("POST", "/v1/messages")
    assert (headers["x-api-key"], headers["anthropic-version"]) == (SECRET, "2023-06-01")
    assert body["max_tokens"] == 50
    assert (sample.output, sample.error) == ("In Paris.", None)


def test_the_vendor_is_asked_until_when_it_serves_the_model() -> None:
    body = {"id": "a-model", "lifecycle": "deprecated", "retires_at": "2027-02-01T00:00:00Z"}
    with vendors.serving(body) as server:
        given_snapshot = vendors.snapshot(
            "anthropic", base_url=server.url, api_key="${env:ANTHROPIC_API_KEY}"
        )
        found = vendors.lifecycle_of(given_snapshot, KEYS)
    [(method, path, headers, _)] = server.seen
    assert (method, path) == ("GET", "/v1/models/a-model")
    assert (headers["x-api-key"], headers["anthropic-version"]) == (SECRET, "2023-06-01")
    assert found is not None
    assert str(found.retires_at) == "2027-02-01"
