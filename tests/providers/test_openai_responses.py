"""Responses are asked for as OpenAI wants it, and their items are read for what they say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.model import Arm, ErrorKind, Json
from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.providers.openai_responses import Responses
from tests.providers import vendors
from tests.providers.vendors import SCHEMA, SECRET, asked, body_of, failure, read, refused

KEYS = {"OPENAI_API_KEY": SECRET, "MY_KEY": "another-secret-42"}


def opened(**given: Any) -> Responses:
    snapshot = vendors.snapshot("openai-responses", **given)
    return Responses.of(Arm.CANDIDATE, snapshot, Secrets(KEYS))


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": list(parts)}


def text(words: str) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": []}


def response(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_68",
        "object": "response",
        "created_at": 1795000000.0,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5.5-2026-04-23",
        "service_tier": "default",
        "output": list(items),
        "usage": {
            "input_tokens": 36,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 8},
            "output_tokens": 87,
            "output_tokens_details": {"reasoning_tokens": 64},
            "total_tokens": 123,
        },
        **fields,
    }


THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm"}]}


def test_nothing_is_sent_that_the_snapshot_does_not_hold() -> None:
    request = opened().request(asked())
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/responses")
    assert request.headers == {"content-type": "application/json"}
    assert body_of(request) == {
        "model": "a-model",
        "input": [{"role": "user", "content": "Where is the Louvre?"}],
    }


def test_prompt_params_and_schema_stand_where_the_vendor_takes_them() -> None:
    wire_format = opened(
        system_prompt="Be brief.",
        params={"max_output_tokens": 200, "store": False, "text": {"verbosity": "low"}},
        response_schema=SCHEMA,
    )
    body = body_of(wire_format.request(asked(("developer", "x"), ("user", "y"))))
    assert body["instructions"] == "Be brief."
    assert (body["max_output_tokens"], body["store"]) == (200, False)
    assert body["input"] == [
        {"role": "developer", "content": "x"},
        {"role": "user", "content": "y"},
    ]
    form = body["text"].pop("format")
    assert body["text"] == {"verbosity": "low"}
    assert (form["type"], form["name"], form["strict"]) == ("json_schema", "answer", True)
    assert form["schema"]["required"] == ["city"]


def test_keys_go_to_the_vendor_to_azure_and_where_they_are_configured_for() -> None:
    azure = "https://mine.openai.azure.com/openai/v1"
    bearer = {"authorization": f"Bearer {SECRET}"}
    assert opened().secret_headers() == bearer
    assert opened(base_url="http://127.0.0.1:1/v1").secret_headers() == {}
    assert opened(base_url=azure).secret_headers() == {}
    keyed = opened(base_url=azure, api_key="${env:MY_KEY}")
    assert keyed.secret_headers() == {"api-key": "another-secret-42"}
    assert SECRET not in f"{opened().request(asked())} {opened()!r}"
    with pytest.raises(MissingSecretError, match=r"candidate\.api_key: .*OPENAI_API_KEY"):
        Responses.of(Arm.CANDIDATE, vendors.snapshot("openai-responses"), Secrets({}))


@pytest.mark.parametrize(
    ("given_snapshot", "key"),
    [
        ({"model": ""}, "model"),
        ({"base_url": "https://host/v1/responses"}, "base_url"),
        ({"params": {"input": "x"}}, "params.input"),
        ({"params": {"instructions": "x"}}, "params.instructions"),
        ({"params": {"background": True}}, "params.background"),
        (
            {"params": {"text": {"format": {}}}, "response_schema": SCHEMA},
            "params.text.format",
        ),
    ],
)
def test_what_is_missing_is_said_with_its_key(given_snapshot: dict[str, Any], key: str) -> None:
    assert list(vendors.lacks(vendors.snapshot("openai-responses", **given_snapshot))) == [key]


def test_a_snapshot_with_all_it_needs_lacks_nothing() -> None:
    given_snapshot = vendors.snapshot(
        "openai-responses",
        params={"text": {"verbosity": "low"}, "background": False},
        response_schema=SCHEMA,
    )
    assert vendors.lacks(given_snapshot) == {}


def test_an_answer_is_read_with_all_that_it_tells() -> None:
    sample = read(opened(), response(THOUGHT, message(text("In "), text("Paris."))))
    assert (sample.output, sample.refusal) == ("In Paris.", None)
    assert (sample.finish_reason, sample.model) == ("completed", "gpt-5.5-2026-04-23")
    assert sample.request_id == "resp_68"
    assert (sample.input_tokens, sample.output_tokens, sample.reasoning_tokens) == (36, 87, 64)
    assert sample.extra == {
        "cached_input_tokens": 0,
        "cache_write_input_tokens": 8,
        "service_tier": "default",
    }


def test_a_bare_answer_of_a_small_server_is_accepted() -> None:
    sample = read(opened(), {"output": [message(text("Hi"))]})
    assert (sample.output, sample.finish_reason, sample.input_tokens) == ("Hi", None, None)


def test_a_refusal_is_a_sample_with_its_words() -> None:
    item = message({"type": "refusal", "refusal": "I can't help with that."})
    sample = read(opened(), response(THOUGHT, item))
    assert (sample.output, sample.refusal) == ("", "I can't help with that.")


@pytest.mark.parametrize(("items", "refusal"), [([], ""), ([message(text("Wel"))], None)])
def test_a_filtered_answer_is_a_sample(items: list[dict[str, Any]], refusal: str | None) -> None:
    cut = {"reason": "content_filter"}
    sample = read(opened(), response(*items, status="incomplete", incomplete_details=cut))
    assert (sample.finish_reason, sample.refusal) == ("content_filter", refusal)


def test_an_answer_that_was_all_thought_is_an_empty_one() -> None:
    cut = {"reason": "max_output_tokens"}
    sample = read(opened(), response(THOUGHT, status="incomplete", incomplete_details=cut))
    assert (sample.output, sample.finish_reason) == ("", "max_output_tokens")
    assert sample.refusal is None


def test_calls_of_functions_without_a_text_are_an_empty_answer() -> None:
    call = {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "call_1"}
    sample = read(opened(), response(call))
    assert (sample.output, sample.extra["tool_calls"]) == ("", 1)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("server_error", ErrorKind.SERVER), ("rate_limit_exceeded", ErrorKind.RATE_LIMITED)],
)
def test_a_response_that_failed_is_a_failure_of_its_kind(code: str, kind: ErrorKind) -> None:
    found = failure(opened(), response(status="failed", error={"code": code, "message": "Sorry"}))
    assert (found.kind, found.again) == (kind, True)


def test_a_response_that_failed_for_its_content_is_a_refusal() -> None:
    error = {"code": "bio_policy", "message": "This request touches on biology."}
    sample = read(opened(), response(status="failed", error=error))
    assert (sample.output, sample.refusal) == ("", "This request touches on biology.")


@pytest.mark.parametrize(
    "body",
    [{}, None, [1], response(), response(THOUGHT, status="queued"), {"error": {}}, b"data: {}"],
)
def test_a_success_without_an_answer_is_malformed(body: object) -> None:
    if isinstance(body, bytes):
        vendors.assert_reads_anything(opened(), body, 200)
        return
    found = failure(opened(), body)
    assert (found.kind, found.again) == (ErrorKind.MALFORMED, True)


def test_what_the_endpoint_refuses_is_named_by_its_key() -> None:
    wire_format = opened(
        params={"reasoning": {"effort": "max"}}, response_schema=SCHEMA, system_prompt="x"
    )

    def key(param: str) -> str:
        error = {"message": "No.", "param": param, "code": "invalid_value", "type": "x"}
        return refused(wire_format, {"error": error})[0]

    assert key("reasoning.effort") == "candidate.params.reasoning"
    assert key("text.format.schema") == "candidate.response_schema"
    assert key("model") == "candidate.model"
    assert key("instructions") == "candidate.system_prompt"
    missing = refused(wire_format, {"error": {"message": "Invalid URL (POST /responses)"}}, 404)
    assert missing[0] == "candidate.base_url"
    assert "without /responses" in missing[1]
    error = {"message": "Bad content", "param": "input[0].content"}
    assert not failure(wire_format, {"error": error}, 400).again


NAMES = [
    *("output", "type", "content", "text", "refusal", "status", "incomplete_details", "reason"),
    *("error", "code", "message", "param", "usage", "input_tokens", "output_tokens_details"),
]
WORDS = ["message", "output_text", "refusal", "completed", "content_filter", "failed", "model"]


@settings(max_examples=150, deadline=None)
@given(body=vendors.bodies(NAMES, WORDS), status=st.sampled_from([200, 400, 404, 422]))
def test_any_body_is_read_without_an_error_of_ours(body: Json, status: int) -> None:
    wire_format = opened(params={"text": {}}, system_prompt="x", response_schema=SCHEMA)
    vendors.assert_reads_anything(wire_format, body, status)


def test_a_provider_asks_a_server_and_reads_its_answer() -> None:
    with vendors.serving(response(message(text("In Paris.")))) as server:
        given_snapshot = vendors.snapshot(
            "openai-responses", base_url=f"{server.url}/v1", api_key="${env:OPENAI_API_KEY}"
        )
        sample = vendors.answer_of(given_snapshot, KEYS)
    [(method, path, headers, body)] = server.seen
    assert (method, path) == ("POST", "/v1/responses")
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert body["input"][0]["content"] == "Where is the Louvre?"
    assert (sample.output, sample.error) == ("In Paris.", None)


def test_the_vendor_is_asked_until_when_it_serves_the_model() -> None:
    with vendors.serving({"id": "a-model", "shutdown_date": None}) as server:
        given_snapshot = vendors.snapshot(
            "openai-responses", base_url=f"{server.url}/v1", api_key="${env:OPENAI_API_KEY}"
        )
        found = vendors.lifecycle_of(given_snapshot, KEYS)
    [(method, path, _, _)] = server.seen
    assert (method, path) == ("GET", "/v1/models/a-model")
    assert found is not None
    assert found.retires_at is None
