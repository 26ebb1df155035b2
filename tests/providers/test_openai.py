"""Chat completions are asked for as OpenAI and its many kin want it, and read whatever they write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.errors import SnapshotError
from evalkit.core.model import Arm, ErrorKind, Json, Snapshot
from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.providers.openai import ChatCompletions
from tests.providers import vendors
from tests.providers.vendors import SCHEMA, SECRET, asked, body_of, failure, read, refused

KEYS = {"OPENAI_API_KEY": SECRET, "MY_KEY": "another-secret-42", "TENANT": "tenant-of-mine"}
LOCAL = "http://127.0.0.1:8000/v1"


def snapshot(**given: Any) -> Snapshot:
    return vendors.snapshot("openai", **given)


def opened(**given: Any) -> ChatCompletions:
    return ChatCompletions.of(Arm.CANDIDATE, snapshot(**given), Secrets(KEYS))


def completion(**message: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-9",
        "object": "chat.completion",
        "created": 1795000000,
        "model": "gpt-5.5-2026-04-23",
        "system_fingerprint": "fp_44709d6fcb",
        "service_tier": "default",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {
                    "role": "assistant",
                    "content": "In Paris.",
                    "refusal": None,
                    **message,
                },
            }
        ],
        "usage": {
            "prompt_tokens": 20,
            "completion_tokens": 130,
            "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 16, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 120},
        },
    }


def complaint(message: str, **fields: Any) -> dict[str, Any]:
    error: dict[str, Any] = {
        "message": message,
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }
    return {"error": {**error, **fields}}


# ---------------------------------------------------------------- what is sent


def test_nothing_is_sent_that_the_snapshot_does_not_hold() -> None:
    request = opened(model="gpt-6-luna").request(asked())
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/chat/completions")
    assert request.headers == {"content-type": "application/json"}
    assert body_of(request) == {
        "model": "gpt-6-luna",
        "messages": [{"role": "user", "content": "Where is the Louvre?"}],
    }


def test_prompt_params_and_schema_stand_where_the_vendor_takes_them() -> None:
    wire_format = opened(
        system_prompt="Be brief.",
        params={"temperature": 0, "reasoning_effort": "low", "seed": 7},
        response_schema=SCHEMA,
    )
    body = body_of(wire_format.request(asked(("user", "Hé?"), ("assistant", "Yes?"))))
    assert body == {
        "model": "a-model",
        "temperature": 0,
        "reasoning_effort": "low",
        "seed": 7,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hé?"},
            {"role": "assistant", "content": "Yes?"},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": "answer",
                "strict": True,
                "schema": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                },
            },
        },
    }


@pytest.mark.parametrize("role", ["system", "developer", "tool"])
def test_messages_of_a_case_keep_their_roles(role: str) -> None:
    body = body_of(opened().request(asked((role, "x"), ("user", "y"))))
    assert [turn["role"] for turn in body["messages"]] == [role, "user"]


# ---------------------------------------------------------------- secrets


def test_the_usual_key_is_sent_to_the_vendors_own_address_only() -> None:
    assert opened().secret_headers() == {"authorization": f"Bearer {SECRET}"}
    assert opened(base_url=LOCAL).secret_headers() == {}


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com.example.org/v1",
        "https://api.openai.com:8443/v1",
        "https://example.org/api.openai.com/v1",
        "https://api.openai.com@example.org/v1",
        "https://eu.api.openai.com/v1",
    ],
)
def test_an_address_that_looks_like_the_vendors_gets_no_key(base_url: str) -> None:
    assert opened(base_url=base_url).secret_headers() == {}


def test_a_key_that_is_configured_goes_where_it_is_configured_for() -> None:
    wire_format = opened(base_url=LOCAL, api_key="${env:MY_KEY}")
    assert wire_format.secret_headers() == {"authorization": "Bearer another-secret-42"}


@pytest.mark.parametrize(
    "host", ["mine.openai.azure.com", "mine.services.ai.azure.com", "MINE.OpenAI.Azure.com"]
)
def test_azure_takes_its_key_in_a_header_of_its_own(host: str) -> None:
    wire_format = opened(base_url=f"https://{host}/openai/v1/", api_key="${env:MY_KEY}")
    assert wire_format.request(asked()).url == f"https://{host}/openai/v1/chat/completions"
    assert wire_format.secret_headers() == {"api-key": "another-secret-42"}
    assert opened(base_url=f"https://{host}/openai/v1").secret_headers() == {}


def test_headers_with_a_secret_are_kept_apart_from_the_others() -> None:
    wire_format = opened(base_url=LOCAL, headers={"X-Team": "evals", "X-Tenant": "t-${env:TENANT}"})
    request = wire_format.request(asked())
    assert request.headers == {"content-type": "application/json", "x-team": "evals"}
    assert wire_format.secret_headers() == {"x-tenant": "t-tenant-of-mine"}


def test_a_header_that_bears_the_key_takes_the_place_of_the_usual_one() -> None:
    headers = {"Authorization": "Basic ${env:MY_KEY}"}
    wire_format = ChatCompletions.of(
        Arm.CANDIDATE, snapshot(headers=headers), Secrets({"MY_KEY": "abc-def-ghi"})
    )
    assert wire_format.secret_headers() == {"authorization": "Basic abc-def-ghi"}


def test_no_secret_stands_in_a_request_or_in_what_is_printed_of_a_format() -> None:
    wire_format = opened(headers={"X-Tenant": "${env:TENANT}"})
    request = wire_format.request(asked())
    shown = f"{request} {wire_format!r}"
    assert SECRET not in shown
    assert "tenant-of-mine" not in shown


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({}, r"candidate\.api_key: .*OPENAI_API_KEY is not set; export OPENAI_API_KEY=…"),
        ({"api_key": "${env:OTHER}"}, r"candidate\.api_key: .*OTHER is not set; export OTHER=…"),
        ({"headers": {"X-A": "${env:OTHER}"}}, r"candidate\.headers\.x-a: .*OTHER is not set"),
    ],
)
def test_a_missing_variable_is_named_with_the_snapshot(
    given_options: dict[str, Any], message: str
) -> None:
    with pytest.raises(MissingSecretError, match=message):
        ChatCompletions.of(Arm.CANDIDATE, snapshot(**given_options), Secrets({}))


def test_a_key_with_a_line_end_inside_is_refused_without_showing_it() -> None:
    with pytest.raises(MissingSecretError, match="line end") as caught:
        ChatCompletions.of(
            Arm.BASELINE, snapshot(), Secrets({"OPENAI_API_KEY": "sk-1\r\nx-evil: 1"})
        )
    assert "sk-1" not in str(caught.value)


# ---------------------------------------------------------------- what is missing


def test_a_snapshot_with_all_it_needs_lacks_nothing() -> None:
    assert vendors.lacks(snapshot()) == {}
    whole = snapshot(
        base_url="http://[::1]:8000/v1/",
        api_key="${env:MY_KEY}",
        headers={"X-Team": "evals", "Authorization": "Bearer ${env:MY_KEY}"},
        params={"temperature": 0, "stream": False, "n": 1},
        response_schema=SCHEMA,
    )
    assert vendors.lacks(whole) == {}


@pytest.mark.parametrize(
    ("given_snapshot", "key", "message"),
    [
        ({"model": None}, "model", "expected the model"),
        ({"api_key": "sk-1234567890"}, "api_key", "must not stand in a file"),
        ({"api_key": "Bearer ${env:A}"}, "api_key", "${env:NAME}"),
        ({"base_url": "api.openai.com/v1"}, "base_url", "https://host/path"),
        ({"base_url": "https://me:pass@host/v1"}, "base_url", "without @"),
        ({"base_url": "https://host/v1?key=1"}, "base_url", "without @, ? and #"),
        ({"base_url": "https://host\\@evil/v1"}, "base_url", "https://host/path"),
        ({"base_url": "https://host/v1\n"}, "base_url", "https://host/path"),
        ({"base_url": "https://host:99999/v1"}, "base_url", "https://host/path"),
        ({"base_url": "https://[::::1]/v1"}, "base_url", "https://host/path"),
        ({"base_url": "https://h/v1/chat/completions"}, "base_url", "without /chat/completions"),
        ({"headers": {"Authorization": "Bearer sk-1"}}, "headers.Authorization", "${env:NAME}"),
        ({"headers": {"Host": "other"}}, "headers.Host", "leave it out"),
        ({"headers": {"X A": "b"}}, "headers.X A", "name of a header"),
        ({"headers": {"X-A": "b\nc: d"}}, "headers.X-A", "line ends"),
        ({"params": {"model": "other"}}, "params.model", "beside provider"),
        ({"params": {"messages": []}}, "params.messages", "golden set"),
        ({"params": {"stream": True}}, "params.stream", "read whole"),
        ({"params": {"n": 2}}, "params.n", "repeats"),
        (
            {"params": {"response_format": {}}, "response_schema": SCHEMA},
            "params.response_format",
            "leave one out",
        ),
    ],
)
def test_what_is_missing_is_said_with_its_key(
    given_snapshot: dict[str, Any], key: str, message: str
) -> None:
    found = vendors.lacks(snapshot(**given_snapshot))
    assert list(found) == [key]
    assert message in found[key]
    assert "pass" not in found[key]
    assert "sk-1" not in found[key]


# ---------------------------------------------------------------- answers


def test_an_answer_is_read_with_all_that_it_tells() -> None:
    sample = read(opened(), completion())
    assert sample.output == "In Paris."
    assert sample.refusal is None
    assert sample.finish_reason == "stop"
    assert sample.model == "gpt-5.5-2026-04-23"
    assert sample.fingerprint == "fp_44709d6fcb"
    assert sample.request_id == "chatcmpl-9"
    assert (sample.input_tokens, sample.output_tokens, sample.reasoning_tokens) == (20, 130, 120)
    assert sample.extra == {"cached_input_tokens": 16, "service_tier": "default"}


def test_a_bare_answer_of_a_small_server_is_accepted() -> None:
    sample = read(opened(), {"choices": [{"message": {"content": "Hi"}}]})
    assert sample.output == "Hi"
    assert (sample.model, sample.finish_reason, sample.request_id) == (None, None, None)
    assert (sample.input_tokens, sample.output_tokens, sample.reasoning_tokens) == (None,) * 3


def test_a_refusal_is_a_sample_with_its_words() -> None:
    sample = read(opened(), completion(content=None, refusal="I can't help with that."))
    assert (sample.output, sample.refusal) == ("", "I can't help with that.")


@pytest.mark.parametrize(("content", "refusal"), [(None, ""), ("", ""), ("Well, fir", None)])
def test_a_filtered_answer_is_a_sample_and_refused_where_nothing_of_it_is_left(
    content: str | None, refusal: str | None
) -> None:
    body = completion(content=content)
    body["choices"][0]["finish_reason"] = "content_filter"
    sample = read(opened(), body)
    assert (sample.output, sample.finish_reason) == (content or "", "content_filter")
    assert sample.refusal == refusal


def test_a_truncated_answer_keeps_what_came() -> None:
    body = completion(content='{"city": "Par')
    body["choices"][0]["finish_reason"] = "length"
    sample = read(opened(), body)
    assert (sample.output, sample.finish_reason) == ('{"city": "Par', "length")


def test_calls_of_tools_without_a_text_are_an_empty_answer() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = completion(content=None, tool_calls=[call])
    body["choices"][0]["finish_reason"] = "tool_calls"
    sample = read(opened(), body)
    assert (sample.output, sample.finish_reason) == ("", "tool_calls")
    assert sample.extra["tool_calls"] == 1


def test_what_was_thought_aloud_is_no_output() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "In Paris."}]
    assert read(opened(), completion(content=parts, reasoning_content="hm")).output == "In Paris."


def test_scores_of_moderation_are_kept() -> None:
    body = {**completion(), "moderation": {"output": {"type": "moderation_results"}}}
    extra = read(opened(), body).extra
    assert extra["moderation"] == {"output": {"type": "moderation_results"}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        3,
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"message": 1}]},
        {"choices": [{"message": {"content": 3}}]},
    ],
)
def test_a_success_without_an_answer_is_malformed_and_tried_again(body: Json) -> None:
    found = failure(opened(), body)
    assert (found.kind, found.again) == (ErrorKind.MALFORMED, True)


def test_an_error_inside_a_success_is_what_it_says() -> None:
    found = failure(opened(), {"error": {"code": 429, "message": "Rate limit exceeded"}})
    assert (found.kind, found.again) == (ErrorKind.RATE_LIMITED, True)
    sample = read(opened(), complaint("No.", code="content_filter"))
    assert (sample.finish_reason, sample.refusal) == ("content_filter", "No.")
    found = failure(opened(), {"error": {"code": "insufficient_quota", "message": "Add money"}})
    assert (found.kind, found.again) == (ErrorKind.QUOTA, False)


# ---------------------------------------------------------------- refusals with status 400


AZURE_BLOCK = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content "
        "management policy. Please modify your prompt and retry.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
        },
    }
}


@pytest.mark.parametrize(
    "body",
    [
        AZURE_BLOCK,
        complaint("x", innererror={"code": "ResponsibleAIPolicyViolation"}),
        complaint("Invalid prompt: your prompt was flagged as violating our usage policy."),
        complaint("Invalid prompt: we limit this.", code="invalid_prompt"),
        complaint("litellm.ContentPolicyViolationError: AzureException", code="400"),
    ],
)
def test_a_blocked_prompt_is_a_sample(body: dict[str, Any]) -> None:
    sample = read(opened(params={"temperature": 1}), body, 400)
    assert (sample.output, sample.finish_reason) == ("", "content_filter")
    assert sample.refusal == body["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        complaint(
            "This model's maximum context length is 8192 tokens. However, your messages resulted "
            "in 9001 tokens. Please reduce the length of the messages.",
            code="context_length_exceeded",
            param="messages",
        ),
        complaint("Input tokens exceed the limit", code="context_length_exceeded"),
        complaint(
            "the request exceeds the available context size, try increasing it",
            type="exceed_context_size_error",
            code=400,
        ),
        {
            "object": "error",
            "message": "'max_tokens' is too large: 500. This model's maximum context length is "
            "4096 tokens and your request has 4000 input tokens.",
            "type": "BadRequestError",
            "param": "max_tokens",
            "code": 400,
        },
    ],
)
def test_an_overlong_case_is_a_sample_that_says_so(body: Json) -> None:
    sample = read(opened(params={"max_tokens": 500}), body, 400)
    assert (sample.output, sample.finish_reason) == ("", "context_overflow")
    assert sample.refusal is None


def test_answers_longer_than_any_context_are_the_snapshots_fault() -> None:
    body = complaint(
        "'max_tokens' is too large: 5000. This model's maximum context length is 4096 tokens and "
        "your request has 9 input tokens.",
        param="max_tokens",
    )
    key, message = refused(opened(params={"max_tokens": 5000}), body)
    assert key == "candidate.params.max_tokens"
    assert message.endswith("; write a value that it takes, or leave it out")


# ---------------------------------------------------------------- what the snapshot must correct


def test_a_param_the_endpoint_does_not_know_is_named_with_the_fix() -> None:
    body = complaint(
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) "
        "value is supported.",
        param="temperature",
        code="unsupported_value",
    )
    assert refused(opened(params={"temperature": 0}), body) == (
        "candidate.params.temperature",
        "the endpoint refuses it: 'Unsupported value: 'temperature' does not support 0 with this "
        "model. Only the default (1) value is supported'; leave it out",
    )


@pytest.mark.parametrize(
    ("body", "status", "key", "advice"),
    [
        (
            complaint(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead.",
                param="max_tokens",
                code="unsupported_parameter",
            ),
            400,
            "params.max_tokens",
            "write max_completion_tokens instead",
        ),
        (complaint("Bad effort.", param="reasoning.effort"), 400, "params.reasoning", "leave it"),
        (
            complaint("[{'loc': ('body', 'top_k'), 'msg': 'must be an int'}]", code=400),
            400,
            "params.top_k",
            "write a value that it takes, or leave it out",
        ),
        ({"detail": [{"loc": ["body", "top_k"], "msg": "not a number"}]}, 422, "params.top_k", ""),
        (complaint("temperature must be at most 2", code=400), 400, "params.temperature", ""),
        (
            complaint("The model `a-model` does not exist", code="model_not_found"),
            404,
            "model",
            "write the name of a model that it serves",
        ),
        (complaint("model 'a-model' not found", type="api_error"), 404, "model", ""),
        ({"error": "model 'a-model' not found"}, 404, "model", ""),
        (complaint("Gone.", code="DeploymentNotFound"), 404, "model", ""),
        (complaint("invalid model ID"), 400, "model", ""),
        (
            complaint("Invalid schema for response_format 'answer': x", param="response_format"),
            400,
            "response_schema",
            "change the schema to what it takes, or leave it out",
        ),
        (
            complaint("'messages[0].role' does not support 'system'", param="messages[0].role"),
            400,
            "system_prompt",
            "put its text into prompt",
        ),
        (complaint("System role is not supported by this template"), 400, "system_prompt", ""),
        ({"detail": "Not Found"}, 404, "base_url", "without /chat/completions"),
        (b"<html>404</html>", 404, "base_url", "without /chat/completions"),
        (b"", 405, "base_url", "without /chat/completions"),
    ],
)
def test_what_the_endpoint_refuses_of_a_snapshot_is_named_by_its_key(
    body: object, status: int, key: str, advice: str
) -> None:
    wire_format = opened(
        system_prompt="Be brief.",
        params={"temperature": 0, "max_tokens": 9, "top_k": "x", "reasoning": {"effort": "x"}},
        response_schema=SCHEMA,
    )
    found, message = refused(wire_format, body, status)
    assert found == f"candidate.{key}"
    assert advice in message


@pytest.mark.parametrize(
    "body",
    [
        complaint("Invalid 'messages[1].content': expected text", param="messages[1].content"),
        complaint("Unsupported parameter: 'top_p'", param="top_p"),
        complaint("Invalid schema for response_format", param="response_format"),
        complaint("The model cannot look at pictures"),
        complaint("Conversation roles must alternate user/assistant/user"),
        complaint("messages: 'temperature' is an odd thing to ask about"),
        {"unknown": "form"},
        b"plain text",
    ],
)
def test_what_one_case_brings_along_does_not_stop_the_run(body: object) -> None:
    found = failure(opened(params={"temperature": 0, "user": "me"}), body, 400)
    assert not found.again


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ErrorKind.DENIED),
        (403, ErrorKind.DENIED),
        (429, ErrorKind.RATE_LIMITED),
        (500, ErrorKind.SERVER),
        (503, ErrorKind.SERVER),
    ],
)
def test_other_errors_are_failures_of_their_kind(status: int, kind: ErrorKind) -> None:
    wire_format = opened(params={"temperature": 0})
    found = failure(wire_format, complaint("temperature: no", param="temperature"), status)
    assert found.kind is kind


def test_what_an_endpoint_says_is_shown_on_one_line() -> None:
    said = f"temperature:\n\x1b[31m no {'x' * 2000}"
    _, message = refused(opened(params={"temperature": 0}), complaint(said))
    assert message.isprintable()
    assert len(message) < 500


# ---------------------------------------------------------------- any body


NAMES = [
    *("choices", "message", "content", "refusal", "finish_reason", "usage", "error", "code"),
    *("param", "type", "text", "model", "id", "detail", "loc", "msg", "innererror"),
    *("prompt_tokens", "completion_tokens", "completion_tokens_details", "reasoning_tokens"),
]
WORDS = ["text", "stop", "content_filter", "temperature", "model", "messages", "`temperature`"]
HOSTILE = opened(params={"temperature": 0}, system_prompt="x", response_schema=SCHEMA)


@settings(max_examples=150, deadline=None)
@given(body=vendors.bodies(NAMES, WORDS), status=st.sampled_from([200, 400, 404, 422]))
def test_any_body_is_read_without_an_error_of_ours(body: Json, status: int) -> None:
    vendors.assert_reads_anything(HOSTILE, body, status)


@settings(max_examples=50, deadline=None)
@given(body=st.binary(max_size=40), status=st.sampled_from([200, 400, 404]))
def test_any_bytes_are_read_without_an_error_of_ours(body: bytes, status: int) -> None:
    vendors.assert_reads_anything(HOSTILE, body, status)


# ---------------------------------------------------------------- over a connection


def test_a_provider_asks_a_server_and_reads_its_answer() -> None:
    with vendors.serving(completion(), x_request_id="req_7") as server:
        given_snapshot = snapshot(base_url=f"{server.url}/v1", api_key="${env:OPENAI_API_KEY}")
        sample = vendors.answer_of(given_snapshot, KEYS)
    [(method, path, headers, body)] = server.seen
    assert (method, path) == ("POST", "/v1/chat/completions")
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert headers["content-type"] == "application/json"
    assert body["messages"] == [{"role": "user", "content": "Where is the Louvre?"}]
    assert (sample.output, sample.error) == ("In Paris.", None)
    assert sample.latency_ms is not None


def test_a_served_body_that_repeats_the_key_is_redacted() -> None:
    with vendors.serving(completion(content=f"Your key is {SECRET}")) as server:
        given_snapshot = snapshot(base_url=f"{server.url}/v1", api_key="${env:OPENAI_API_KEY}")
        sample = vendors.answer_of(given_snapshot, KEYS)
    assert sample.output == "Your key is [redacted]"


def test_a_refused_snapshot_is_told_without_the_key() -> None:
    body = complaint(f"temperature: not with {SECRET}")
    with vendors.serving(body, 400) as server:
        given_snapshot = snapshot(
            base_url=f"{server.url}/v1", api_key="${env:OPENAI_API_KEY}", params={"temperature": 0}
        )
        with pytest.raises(SnapshotError, match=r"params.temperature: .*not with \[redacted\]"):
            vendors.answer_of(given_snapshot, KEYS)


def test_the_vendor_is_asked_until_when_it_serves_the_model() -> None:
    with vendors.serving({"id": "gpt-x", "shutdown_date": "2027-01-14"}) as server:
        given_snapshot = snapshot(
            base_url=f"{server.url}/v1", api_key="${env:OPENAI_API_KEY}", model="gpt-x"
        )
        found = vendors.lifecycle_of(given_snapshot, KEYS)
    [(method, path, headers, _)] = server.seen
    assert (method, path) == ("GET", "/v1/models/gpt-x")
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert found is not None
    assert str(found.retires_at) == "2027-01-14"
