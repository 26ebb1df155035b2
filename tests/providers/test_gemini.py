"""Content is asked for as Gemini wants it; blocked prompts, thoughts and retirement dates are read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.errors import SnapshotError
from evalkit.core.model import Arm, ErrorKind, Json
from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.providers.gemini import GenerateContent
from tests.providers import vendors
from tests.providers.vendors import SCHEMA, SECRET, asked, body_of, failure, read, refused

KEYS = {"GEMINI_API_KEY": SECRET, "MY_KEY": "another-secret-42"}
HOME = "https://generativelanguage.googleapis.com"


def opened(**given: Any) -> GenerateContent:
    snapshot = vendors.snapshot("gemini", **given)
    return GenerateContent.of(Arm.CANDIDATE, snapshot, Secrets(KEYS))


def content(*parts: dict[str, Any], reason: str | None = "STOP", **fields: Any) -> dict[str, Any]:
    candidate = {
        "content": {"role": "model", "parts": list(parts)},
        "finishReason": reason,
        "index": 0,
        "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH"}],
    }
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 12,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 40,
            "cachedContentTokenCount": 4,
            "totalTokenCount": 57,
        },
        "modelVersion": "gemini-2.5-pro",
        "responseId": "resp-1",
        "modelStatus": {"modelStage": "STABLE", "retirementTime": "2027-06-17T00:00:00Z"},
        **fields,
    }


def complaint(words: str, *details: dict[str, Any], status: int = 400) -> dict[str, Any]:
    error = {"code": status, "message": words, "status": "INVALID_ARGUMENT"}
    return {"error": {**error, "details": list(details)} if details else error}


# ---------------------------------------------------------------- what is sent


def test_nothing_is_sent_that_the_snapshot_does_not_hold() -> None:
    request = opened(model="gemini-2.5-pro").request(asked())
    assert request.method == "POST"
    assert request.url == f"{HOME}/v1beta/models/gemini-2.5-pro:generateContent"
    assert request.headers == {"content-type": "application/json"}
    assert body_of(request) == {
        "contents": [{"role": "user", "parts": [{"text": "Where is the Louvre?"}]}]
    }


def test_prompt_params_and_schema_stand_where_the_vendor_takes_them() -> None:
    safety: Json = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]
    wire_format = opened(
        system_prompt="Be brief.",
        params={"temperature": 0, "maxOutputTokens": 99, "safetySettings": safety},
        response_schema=SCHEMA,
    )
    turns = asked(("system", "Speak French."), ("user", "x"), ("assistant", "y"), ("model", "z"))
    body = body_of(wire_format.request(turns))
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "model"]
    assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}, {"text": "Speak French."}]
    assert body["safetySettings"] == safety
    assert body["generationConfig"].pop("responseJsonSchema")["required"] == ["city"]
    assert body["generationConfig"] == {
        "temperature": 0,
        "maxOutputTokens": 99,
        "responseMimeType": "application/json",
    }


@pytest.mark.parametrize(
    ("model", "version", "path"),
    [
        ("tunedModels/mine", "v1beta", "/v1beta/tunedModels/mine:generateContent"),
        ("models/x", "v1", "/v1/models/x:generateContent"),
        ("a?b#c", "v1", "/v1/models/a%3Fb%23c:generateContent"),
        ("x", "v1?key=1", "/v1%3Fkey%3D1/models/x:generateContent"),
    ],
)
def test_the_model_is_a_part_of_the_address_and_stays_in_its_place(
    model: str, version: str, path: str
) -> None:
    wire_format = opened(model=model, version=version, base_url="http://127.0.0.1:1/")
    assert wire_format.request(asked()).url == f"http://127.0.0.1:1{path}"


def test_a_role_without_a_place_is_an_error_that_names_the_case() -> None:
    with pytest.raises(SnapshotError, match=r"candidate\.provider: case 'c1' .*role 'function'"):
        opened().request(asked(("function", "x")))


def test_the_key_goes_to_the_vendor_and_where_it_is_configured_for() -> None:
    assert opened().secret_headers() == {"x-goog-api-key": SECRET}
    assert opened(base_url="https://proxy.example").secret_headers() == {}
    configured = opened(base_url="https://proxy.example", api_key="${env:MY_KEY}")
    assert configured.secret_headers() == {"x-goog-api-key": "another-secret-42"}
    assert SECRET not in f"{opened().request(asked())} {opened()!r}"


def test_either_of_the_two_usual_variables_will_do() -> None:
    snapshot = vendors.snapshot("gemini")
    found = GenerateContent.of(Arm.CANDIDATE, snapshot, Secrets({"GOOGLE_API_KEY": SECRET}))
    assert found.secret_headers() == {"x-goog-api-key": SECRET}
    with pytest.raises(MissingSecretError, match=r"GEMINI_API_KEY=….*GOOGLE_API_KEY would do"):
        GenerateContent.of(Arm.CANDIDATE, snapshot, Secrets({}))


@pytest.mark.parametrize(
    ("given_snapshot", "key"),
    [
        ({"model": None}, "model"),
        ({"base_url": f"{HOME}/v1beta"}, "base_url"),
        ({"params": {"systemInstruction": "x"}}, "params.systemInstruction"),
        ({"params": {"generationConfig": {}}}, "params.generationConfig"),
        ({"params": {"candidateCount": 2}}, "params.candidateCount"),
        (
            {"params": {"responseMimeType": "x"}, "response_schema": SCHEMA},
            "params.responseMimeType",
        ),
    ],
)
def test_what_is_missing_is_said_with_its_key(given_snapshot: dict[str, Any], key: str) -> None:
    assert list(vendors.lacks(vendors.snapshot("gemini", **given_snapshot))) == [key]


# ---------------------------------------------------------------- answers


def test_an_answer_is_read_with_all_that_it_tells() -> None:
    thought = {"text": "Let me think.", "thought": True}
    sample = read(opened(), content(thought, {"text": "In "}, {"text": "Paris."}))
    assert (sample.output, sample.refusal, sample.finish_reason) == ("In Paris.", None, "STOP")
    assert (sample.model, sample.request_id) == ("gemini-2.5-pro", "resp-1")
    assert sample.model_deprecated_at == "2027-06-17T00:00:00Z"
    assert (sample.input_tokens, sample.output_tokens, sample.reasoning_tokens) == (12, 45, 40)
    assert sample.extra == {"cached_input_tokens": 4, "model_stage": "STABLE"}


def test_a_bare_answer_is_accepted() -> None:
    sample = read(opened(), {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]})
    assert (sample.output, sample.finish_reason, sample.output_tokens) == ("Hi", None, None)


def test_an_answer_that_was_all_thought_is_an_empty_one() -> None:
    body = content(reason="MAX_TOKENS")
    del body["usageMetadata"]["candidatesTokenCount"]
    del body["candidates"][0]["content"]
    sample = read(opened(), body)
    assert (sample.output, sample.refusal, sample.finish_reason) == ("", None, "MAX_TOKENS")
    assert (sample.output_tokens, sample.reasoning_tokens) == (40, 40)


@pytest.mark.parametrize(
    "reason", ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "A_NEW_FILTER"]
)
def test_a_filtered_answer_is_a_refusal_with_its_ratings(reason: str) -> None:
    sample = read(opened(), content(reason=reason))
    assert (sample.output, sample.refusal, sample.finish_reason) == ("", "", reason)
    assert sample.extra["safety_ratings"]


def test_a_filter_that_explains_itself_is_quoted() -> None:
    body = content(reason="SAFETY")
    body["candidates"][0]["finishMessage"] = "Not that."
    assert read(opened(), body).refusal == "Not that."


def test_a_filter_that_left_a_part_is_told_by_its_word_alone() -> None:
    sample = read(opened(), content({"text": "First, "}, reason="SAFETY"))
    assert (sample.output, sample.refusal, sample.finish_reason) == ("First, ", None, "SAFETY")


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "OTHER", "LANGUAGE"])
def test_an_answer_that_went_wrong_is_empty_and_no_refusal(reason: str) -> None:
    sample = read(opened(), content(reason=reason))
    assert (sample.output, sample.refusal, sample.finish_reason) == ("", None, reason)


@pytest.mark.parametrize("candidates", [{}, {"candidates": []}])
def test_a_blocked_prompt_is_a_refusal(candidates: dict[str, Any]) -> None:
    feedback = {"blockReason": "PROHIBITED_CONTENT"}
    sample = read(opened(), {**candidates, "promptFeedback": feedback})
    assert (sample.output, sample.refusal, sample.finish_reason) == ("", "", "PROHIBITED_CONTENT")


@pytest.mark.parametrize("body", [{}, [], None, {"candidates": []}, {"candidates": [{}]}])
def test_a_success_without_an_answer_is_malformed_and_tried_again(body: Json) -> None:
    found = failure(opened(), body)
    assert (found.kind, found.again) == (ErrorKind.MALFORMED, True)


# ---------------------------------------------------------------- refusals with an error status


VIOLATION = {
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    "fieldViolations": [{"field": "generation_config.max_output_tokens", "description": "No."}],
}


@pytest.mark.parametrize(
    ("body", "status", "key", "advice"),
    [
        (complaint("Request contains an invalid argument.", VIOLATION), 400, "maxOutputTokens", ""),
        ([complaint("Request is invalid.", VIOLATION)], 400, "maxOutputTokens", ""),
        (
            complaint(
                "Invalid JSON payload received. Unknown name \"topQ\" at 'generation_config': "
                "Cannot find field."
            ),
            400,
            "topQ",
            "leave it out",
        ),
        (
            complaint("it has a temperature value of 3 but the supported range is from 0 to 2"),
            400,
            "temperature",
            "write a value that it takes, or leave it out",
        ),
        (
            complaint("* GenerateContentRequest.generation_config.response_json_schema: bad"),
            400,
            "response_schema",
            "change the schema",
        ),
        (
            complaint("Developer instruction is not enabled for models/a-model"),
            400,
            "system_prompt",
            "",
        ),
        (
            complaint("models/a-model is not found for API version v1beta.", status=404),
            404,
            "model",
            "",
        ),
        (b"<!DOCTYPE html>", 404, "base_url", "without /v1beta/models/a-model:generateContent"),
    ],
)
def test_what_the_endpoint_refuses_of_a_snapshot_is_named_by_its_key(
    body: object, status: int, key: str, advice: str
) -> None:
    params = {"maxOutputTokens": 10**9, "temperature": 3, "topQ": 1}
    wire_format = opened(params=params, system_prompt="x", response_schema=SCHEMA)
    found, message = refused(wire_format, body, status)
    assert found == f"candidate.params.{key}" if key in params else f"candidate.{key}"
    assert advice in message


def test_a_key_that_is_not_valid_is_a_denial_whatever_its_status() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    found = failure(opened(), complaint("API key not valid.", info), 400)
    assert (found.kind, found.again) == (ErrorKind.DENIED, False)


def test_an_overlong_case_is_a_sample_and_an_odd_one_a_failure() -> None:
    words = (
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    )
    assert read(opened(), complaint(words), 400).finish_reason == "context_overflow"
    violation = {"fieldViolations": [{"field": "contents[0].parts", "description": "empty"}]}
    wire_format = opened(params={"temperature": 0})
    assert not failure(wire_format, complaint("Invalid.", violation), 400).again


def test_an_error_inside_a_success_is_what_it_says() -> None:
    found = failure(opened(), complaint("The service is overloaded", status=503))
    assert (found.kind, found.again) == (ErrorKind.SERVER, True)


def test_other_errors_are_failures_of_their_kind() -> None:
    body = complaint("Resource has been exhausted.", status=429)
    assert failure(opened(), body, 429).kind is ErrorKind.RATE_LIMITED
    assert failure(opened(), complaint("The model is overloaded."), 503).again


NAMES = [
    *("candidates", "content", "parts", "text", "thought", "finishReason", "promptFeedback"),
    *("blockReason", "usageMetadata", "promptTokenCount", "thoughtsTokenCount", "modelStatus"),
    *("retirementTime", "error", "message", "details", "fieldViolations", "field", "reason"),
]
WORDS = ["STOP", "SAFETY", "API_KEY_INVALID", "contents[0]", "generation_config.temperature"]


@settings(max_examples=200, deadline=None)
@given(body=vendors.bodies(NAMES, WORDS), status=st.sampled_from([200, 400, 404, 422]))
def test_any_body_is_read_without_an_error_of_ours(body: Json, status: int) -> None:
    wire_format = opened(params={"temperature": 0}, system_prompt="x", response_schema=SCHEMA)
    vendors.assert_reads_anything(wire_format, body, status)


def test_a_provider_asks_a_server_and_reads_its_answer() -> None:
    with vendors.serving(content({"text": "In Paris."})) as server:
        given_snapshot = vendors.snapshot(
            "gemini", base_url=server.url, api_key="${env:GEMINI_API_KEY}", model="gemini-2.5-pro"
        )
        sample = vendors.answer_of(given_snapshot, KEYS)
    [(method, path, headers, body)] = server.seen
    assert (method, path) == ("POST", "/v1beta/models/gemini-2.5-pro:generateContent")
    assert headers["x-goog-api-key"] == SECRET
    assert body["contents"][0]["parts"] == [{"text": "Where is the Louvre?"}]
    assert (sample.output, sample.error) == ("In Paris.", None)


def test_a_status_of_success_is_any_of_its_hundred() -> None:
    assert read(opened(), content({"text": "x"}), 203).output == "x"
