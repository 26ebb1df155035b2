"""Converse is asked with a bearer key or a signature, and no key leaves the region's own host."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.model import Arm, ErrorKind, Json
from evalkit.core.ports import Surroundings
from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.providers.bedrock import BedrockOptions, Converse, bedrock
from evalkit.wire.aws_signature import SigningTransport, aws_signer
from evalkit.wire.exchange import HttpRequest, HttpResponse
from tests.providers import vendors
from tests.providers.vendors import SECRET, asked, body_of, failure, read, refused

KEYS = {"AWS_BEARER_TOKEN_BEDROCK": SECRET, "MY_KEY": "another-secret-42"}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE0000",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-EXAMPLEKEY",
    "AWS_SESSION_TOKEN": "a-session-token-of-mine",
}
MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"


def opened(*, signed: bool = False, **given: Any) -> Converse:
    given.setdefault("region", "us-east-1")
    snapshot = vendors.snapshot("bedrock", **given)
    return Converse.of(Arm.CANDIDATE, snapshot, Secrets(KEYS), signed=signed)


def message(*parts: dict[str, Any], reason: str | None = "end_turn", **fields: Any) -> Any:
    return {
        "output": {"message": {"role": "assistant", "content": list(parts)}},
        "stopReason": reason,
        "usage": {
            "inputTokens": 10,
            "outputTokens": 60,
            "totalTokens": 95,
            "cacheReadInputTokens": 20,
            "cacheWriteInputTokens": 5,
        },
        "metrics": {"latencyMs": 321},
        "serviceTier": {"type": "default"},
        **fields,
    }


# ---------------------------------------------------------------- what is sent


def test_nothing_is_sent_that_the_snapshot_does_not_hold() -> None:
    request = opened(model=MODEL).request(asked())
    assert request.method == "POST"
    assert request.url == (
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/"
        "anthropic.claude-sonnet-4-5-20250929-v1:0/converse"
    )
    assert request.headers == {"content-type": "application/json"}
    assert body_of(request) == {
        "messages": [{"role": "user", "content": [{"text": "Where is the Louvre?"}]}]
    }


def test_prompt_and_params_stand_where_the_vendor_takes_them() -> None:
    guardrail = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    wire_format = opened(
        system_prompt="Be brief.",
        params={
            "maxTokens": 99,
            "topP": 0.5,
            "guardrailConfig": guardrail,
            "additionalModelRequestFields": {"top_k": 3},
        },
    )
    body = body_of(wire_format.request(asked(("system", "S"), ("user", "x"), ("assistant", "y"))))
    assert body == {
        "system": [{"text": "Be brief."}, {"text": "S"}],
        "messages": [
            {"role": "user", "content": [{"text": "x"}]},
            {"role": "assistant", "content": [{"text": "y"}]},
        ],
        "inferenceConfig": {"maxTokens": 99, "topP": 0.5},
        "guardrailConfig": guardrail,
        "additionalModelRequestFields": {"top_k": 3},
    }


def test_a_schema_is_not_sent_and_the_plug_in_says_so() -> None:
    request = opened(response_schema=vendors.SCHEMA).request(asked())
    assert set(body_of(request)) == {"messages"}
    assert not bedrock.structured(vendors.snapshot("bedrock"))


def test_the_name_of_a_model_stays_one_step_of_the_address() -> None:
    arn = "arn:aws:bedrock:us-east-1:1:inference-profile/x?y"
    path = opened(model=arn).request(asked()).url.partition("amazonaws.com")[2]
    assert path == "/model/arn:aws:bedrock:us-east-1:1:inference-profile%2Fx%3Fy/converse"


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("region", "base_url", "home"),
    [
        ("us-east-1", None, True),
        ("cn-north-1", None, True),
        ("us-east-1", "https://bedrock-runtime-fips.us-east-1.amazonaws.com", True),
        ("us-east-1", "https://vpce-0a-1b.bedrock-runtime.us-east-1.vpce.amazonaws.com/", True),
        ("us-east-1", "https://bedrock-runtime.us-east-1.api.aws", True),
        ("us-east-1", "http://bedrock-runtime.us-east-1.amazonaws.com", False),
        ("us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com.evil.org", False),
        ("us-east-1", "https://evil.elb.amazonaws.com", False),
        ("us-east-1", "https://bedrock-runtime.us-west-2.amazonaws.com", False),
        ("us-east-1", "http://127.0.0.1:4566", False),
        ("evil.org/#", None, False),
        ("", None, False),
    ],
)
def test_the_bearer_key_goes_to_the_regions_own_hosts_only(
    region: str, base_url: str | None, *, home: bool
) -> None:
    assert BedrockOptions(region, base_url).at_home is home
    found = opened(region=region, base_url=base_url).secret_headers()
    assert found == ({"authorization": f"Bearer {SECRET}"} if home else {})


def test_a_key_that_is_configured_goes_where_it_is_configured_for() -> None:
    wire_format = opened(base_url="http://127.0.0.1:4566", api_key="${env:MY_KEY}")
    assert wire_format.secret_headers() == {"authorization": "Bearer another-secret-42"}
    assert SECRET not in f"{opened().request(asked())} {opened()!r}"


@pytest.mark.parametrize(
    ("given_snapshot", "key"),
    [
        ({"region": ""}, "region"),
        ({"region": "evil.org/#"}, "region"),
        ({"region": "us-east-1\n"}, "region"),
        ({"base_url": "https://x/model"}, "base_url"),
        ({"params": {"system": "x"}}, "params.system"),
        ({"params": {"inferenceConfig": {}}}, "params.inferenceConfig"),
        ({"expected_model": "x"}, "expected_model"),
    ],
)
def test_what_is_missing_is_said_with_its_key(given_snapshot: dict[str, Any], key: str) -> None:
    given_snapshot.setdefault("region", "us-east-1")
    assert list(vendors.lacks(vendors.snapshot("bedrock", **given_snapshot))) == [key]


# ---------------------------------------------------------------- signatures


def opened_provider(environment: Mapping[str, str], **given: Any) -> None:
    snapshot = vendors.snapshot("bedrock", region="us-east-1", **given)

    async def open_and_close() -> None:
        provider = bedrock.open(Arm.CANDIDATE, snapshot, Surroundings(environment=environment))
        await provider.close()  # type: ignore[union-attr]

    asyncio.run(open_and_close())


def test_without_a_key_and_without_botocore_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("botocore", "botocore.auth", "botocore.awsrequest", "botocore.credentials"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingSecretError) as caught:
        opened_provider({})
    assert "candidate.api_key" in str(caught.value)
    assert "export AWS_BEARER_TOKEN_BEDROCK=…" in str(caught.value)
    assert "evalkit-gate[bedrock]" in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "given_options"),
    [
        (KEYS, {}),
        (KEYS, {"api_key": "${env:MY_KEY}"}),
        (KEYS, {"headers": {"Authorization": "Bearer ${env:MY_KEY}"}}),
        ({}, {"base_url": "http://127.0.0.1:4566"}),
    ],
)
def test_nothing_is_signed_where_there_is_a_key_or_another_host(
    monkeypatch: pytest.MonkeyPatch,
    environment: Mapping[str, str],
    given_options: dict[str, Any],
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    opened_provider(environment, **given_options)


def test_a_signature_covers_the_request_and_hides_the_credentials() -> None:
    pytest.importorskip("botocore")
    secrets = Secrets(CREDENTIALS)
    sign = aws_signer(CREDENTIALS, secrets, region="eu-west-1", place="candidate.api_key")
    request = opened(signed=True, region="eu-west-1", model=MODEL).request(asked())
    found = sign(request)
    assert set(found) == {"authorization", "x-amz-date", "x-amz-security-token"}
    assert re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE0000/\d{8}/eu-west-1/bedrock/aws4_request, "
        r"SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}",
        found["authorization"],
    )
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in str(found)
    assert secrets.redacted(found["x-amz-security-token"]) == "[redacted]"


def test_requests_are_signed_where_credentials_are_all_there_is() -> None:
    pytest.importorskip("botocore")
    opened_provider(CREDENTIALS)


@pytest.fixture
def no_profile(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Hide what this machine knows of AWS."""
    pytest.importorskip("botocore")
    nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    for name, value in {**nowhere, "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", *CREDENTIALS):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_credentials_that_are_nowhere_are_asked_for(no_profile: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingSecretError, match=r"no AWS credentials were found; export"):
        opened_provider({})
    no_profile.setenv("AWS_PROFILE", "of-nobody")
    with pytest.raises(MissingSecretError, match=r"cannot be read: .*of-nobody"):
        opened_provider({})


def test_credentials_are_found_where_aws_looks_for_them(no_profile: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        no_profile.setenv(name, value)
    opened_provider({})


class Recorder:
    """A transport that keeps what it is asked to send."""

    def __init__(self) -> None:
        self.sent: list[HttpRequest] = []
        self.closed = False

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the port's own word
        self.sent.append(request)
        return HttpResponse(200, {}, b"{}", total_ms=timeout)

    async def close(self) -> None:
        self.closed = True


def test_every_attempt_is_signed_anew() -> None:
    inner, numbers = Recorder(), iter("12")
    transport = SigningTransport(lambda _: {"authorization": next(numbers)}, inner)

    async def twice() -> None:
        for _ in range(2):
            await transport.send(opened(signed=True).request(asked()), timeout=7)
        await transport.close()

    asyncio.run(twice())
    assert [request.headers["authorization"] for request in inner.sent] == ["1", "2"]
    assert inner.sent[0].body == inner.sent[1].body
    assert inner.closed


# ---------------------------------------------------------------- answers


def test_an_answer_is_read_with_all_that_it_tells() -> None:
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "x"}}}
    sample = read(opened(), message(thought, {"text": "In "}, {"text": "Paris."}))
    assert (sample.output, sample.refusal, sample.finish_reason) == ("In Paris.", None, "end_turn")
    assert (sample.model, sample.request_id) == (None, None)
    assert (sample.input_tokens, sample.output_tokens, sample.reasoning_tokens) == (35, 60, None)
    assert sample.extra == {
        "cached_input_tokens": 20,
        "cache_write_input_tokens": 5,
        "service_tier": "default",
    }


def test_a_router_tells_which_model_answered() -> None:
    trace = {"promptRouter": {"invokedModelId": MODEL}}
    assert read(opened(), message({"text": "x"}, trace=trace)).model == MODEL


@pytest.mark.parametrize("reason", ["guardrail_intervened", "content_filtered"])
def test_what_a_guardrail_withheld_is_a_refusal(reason: str) -> None:
    sample = read(opened(), message({"text": "I cannot answer that."}, reason=reason))
    assert sample.refusal == ""
    assert (sample.output, sample.finish_reason) == ("I cannot answer that.", reason)


@pytest.mark.parametrize("reason", ["max_tokens", "tool_use", "malformed_model_output", "new"])
def test_other_ends_are_samples_with_the_vendors_word(reason: str) -> None:
    sample = read(opened(), message(reason=reason))
    assert (sample.output, sample.refusal, sample.finish_reason) == ("", None, reason)


@pytest.mark.parametrize("body", [{}, [], 1, message(reason=None), {"output": {"message": 1}}])
def test_a_success_without_an_answer_is_malformed_and_tried_again(body: Json) -> None:
    found = failure(opened(), body)
    assert (found.kind, found.again) == (ErrorKind.MALFORMED, True)


# ---------------------------------------------------------------- refusals with an error status


@pytest.mark.parametrize(
    ("words", "status", "key", "advice"),
    [
        (
            "1 validation error detected: Value '2.0' at 'inferenceConfig.temperature' failed to "
            "satisfy constraint: Member must have value less than or equal to 1",
            400,
            "params.temperature",
            "write a value that it takes, or leave it out",
        ),
        (
            "This model doesn't support the topP field. Remove topP and try again.",
            400,
            "params.topP",
            "leave it out",
        ),
        ("The model returned: `top_p` cannot be specified here", 400, "params.topP", ""),
        ("The provided model identifier is invalid.", 400, "model", "the name of a model"),
        (
            "Invocation of model ID a-model with on-demand throughput isn’t supported.",
            400,
            "model",
            "",
        ),
        ("Could not resolve the foundation model from the identifier.", 404, "model", ""),
        ("This model version has reached the end of its life.", 404, "model", ""),
        ("This model doesn't support system messages. Try again.", 400, "system_prompt", ""),
        ("Unable to determine service/operation name", 404, "base_url", "/model/a-model/converse"),
    ],
)
def test_what_the_endpoint_refuses_of_a_snapshot_is_named_by_its_key(
    words: str, status: int, key: str, advice: str
) -> None:
    params = {"temperature": 2.0, "topP": 1}
    wire_format = opened(system_prompt="x", params=params)
    found, told = refused(wire_format, {"message": words}, status)
    assert found == f"candidate.{key}"
    assert advice in told


@pytest.mark.parametrize(
    "words",
    [
        "Input is too long for requested model.",
        "The model returned the following errors: prompt is too long: 210000 tokens > 200000",
    ],
)
def test_an_overlong_case_is_a_sample_that_says_so(words: str) -> None:
    assert read(opened(), {"message": words}, 400).finish_reason == "context_overflow"


def test_other_errors_are_failures_of_their_kind() -> None:
    wire_format = opened(params={"topP": 1})
    assert not failure(wire_format, {"message": "messages: roles must alternate"}, 400).again
    slow = failure(wire_format, {"message": "Too many requests"}, 429)
    assert (slow.kind, slow.again) == (ErrorKind.RATE_LIMITED, True)
    assert failure(wire_format, {"Message": "no"}, 403).kind is ErrorKind.DENIED
    headers = {"x-amzn-errortype": "ValidationException:http://x/"}
    assert not failure(wire_format, {"message": "Odd."}, 400, **headers).again


NAMES = [
    *("output", "message", "content", "text", "stopReason", "usage", "inputTokens", "trace"),
    *("promptRouter", "invokedModelId", "serviceTier", "type", "error", "reasoningContent"),
]
WORDS = ["end_turn", "guardrail_intervened", "messages: no", "`topP`"]


@settings(max_examples=150, deadline=None)
@given(body=vendors.bodies(NAMES, WORDS), status=st.sampled_from([200, 400, 404, 422]))
def test_any_body_is_read_without_an_error_of_ours(body: Json, status: int) -> None:
    wire_format = opened(params={"topP": 1}, system_prompt="x")
    vendors.assert_reads_anything(wire_format, body, status)


@pytest.mark.parametrize("library", ["httpx", "aiohttp"])
def test_a_provider_asks_a_server_and_reads_its_answer(library: str) -> None:
    pytest.importorskip(library)
    environment = {**KEYS, "EVALKIT_TRANSPORT": library}
    with vendors.serving(message({"text": "In Paris."}), x_amzn_requestid="r-1") as server:
        given_snapshot = vendors.snapshot(
            "bedrock",
            region="us-east-1",
            base_url=server.url,
            api_key="${env:AWS_BEARER_TOKEN_BEDROCK}",
            model=f"profile/{MODEL}",
        )
        sample = vendors.answer_of(given_snapshot, environment)
    [(method, path, headers, body)] = server.seen
    # As it was signed: a signature holds for the very bytes of the path.
    assert path == f"/model/profile%2F{MODEL}/converse"
    assert method == "POST"
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert body["messages"][0]["content"] == [{"text": "Where is the Louvre?"}]
    assert (sample.output, sample.error, sample.request_id) == ("In Paris.", None, "r-1")
