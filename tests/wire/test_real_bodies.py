"""What real servers answered, byte for byte where it matters: litellm 1.108.7, transformers 5.24.0.

``tests/servers`` asks those servers themselves, where they are installed.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.core.errors import ProviderError
from evalkit.core.model import Arm, ErrorKind, Sample
from evalkit.core.ports import Surroundings
from evalkit.core.secrets import Secrets
from evalkit.providers.openai import ChatCompletions
from evalkit.providers.openai_responses import Responses
from evalkit.wire.exchange import HttpResponse, WireError
from evalkit.wire.failures import failure_of
from evalkit.wire.headers import RetryAfter, retry_after
from evalkit.wire.http_provider import http_provider
from tests.providers import vendors
from tests.wire.worlds import Chat as Wire
from tests.wire.worlds import Script, answered, question, run, snapshot

BEHIND = "x-litellm-model-name"


def chat(**given: Any) -> ChatCompletions:
    return ChatCompletions.of(Arm.CANDIDATE, vendors.snapshot("openai", **given), Secrets(KEYS))


KEYS = {"OPENAI_API_KEY": vendors.SECRET}


# ---------------------------------------------------------------- litellm


def behind(header: str | None, model: str | None = "m", **fields: Any) -> Sample:
    """Return the sample of an answer in which a proxy says who was asked."""
    body = {"model": model, "choices": [{"message": {"content": "yes"}}]}
    headers = {} if header is None else {BEHIND: header}
    provider = http_provider(
        Wire("http://proxy.test"),
        snapshot(**fields),
        Surroundings(),
        Secrets({}),
        transport=Script([answered(body=body, headers=headers)]),
    )
    return run(provider.answer(question()))


@pytest.mark.parametrize(
    ("header", "body", "served"),
    [
        pytest.param("openai/gpt-5.5-2026-04-23", "m", "openai/gpt-5.5-2026-04-23", id="an alias"),
        pytest.param("openai/m", "m", "m", id="no alias"),
        pytest.param("openai/m", None, "m", id="an answer without a model"),
        pytest.param("openai/other", "gpt-4o-mini", "gpt-4o-mini", id="a fallback"),
        pytest.param("", "m", "m", id="an empty header"),
        pytest.param(None, "m", "m", id="no proxy"),
    ],
)
def test_whom_an_alias_stands_for_is_who_answered(
    header: str | None, body: str | None, served: str
) -> None:
    assert behind(header, body).model == served


def test_whom_an_alias_stands_for_can_be_expected() -> None:
    assert behind("azure/held", expected_model="azure/held").model == "azure/held"
    with pytest.raises(ProviderError, match="expected_model is 'azure/held', and 'azure/moved'"):
        behind("azure/moved", expected_model="azure/held")


def test_the_wait_that_a_proxy_passes_on_under_a_name_of_its_own_is_read() -> None:
    assert retry_after({"llm_provider-retry-after": "7"}, 0.0) == RetryAfter(7.0, 7.0)
    both = {"retry-after": "2", "llm_provider-retry-after": "7"}
    assert retry_after(both, 0.0) == RetryAfter(2.0, 2.0)


def test_a_key_that_a_proxy_without_a_database_does_not_know_is_denied() -> None:
    said = {"message": "No connected db.", "type": "no_db_connection", "param": None, "code": "400"}
    failure = failure_of(answered(400, {"error": said}))
    assert (failure.kind, failure.again) == (ErrorKind.DENIED, False)
    assert failure.message == "HTTP 400: No connected db."


# ---------------------------------------------------------------- transformers

MODEL = "/models/tiny-random"


def events(*said: object, end: str = "\n\n") -> bytes:
    texts = [item if isinstance(item, str) else json.dumps(item) for item in said]
    return "\n\n".join(f"data: {text}" for text in texts).encode() + end.encode()


def whole(status: str, *parts: str, **fields: Any) -> dict[str, Any]:
    content = [{"annotations": [], "text": text, "type": "output_text"} for text in parts]
    item = {"id": "msg_1", "content": content, "role": "assistant", "type": "message"}
    response = {
        "id": "resp_1",
        "created_at": 1795669828.4322917,
        "model": MODEL,
        "object": "response",
        "output": [item] if parts else [],
        "status": status,
        **fields,
    }
    return {"response": response, "type": f"response.{status}"}


def streamed(body: bytes, kind: str = "text/event-stream; charset=utf-8") -> object:
    wire_format = Responses.of(Arm.CANDIDATE, vendors.snapshot("openai-responses"), Secrets(KEYS))
    response = HttpResponse(200, {"content-type": kind}, body, total_ms=5.0)
    return wire_format.read(vendors.asked(), response)


DELTA = {"delta": "\ufffd\x02", "type": "response.output_text.delta", "sequence_number": 4}
USAGE = {"input_tokens": 20, "output_tokens": 5}


@pytest.mark.parametrize(
    "body",
    [
        events(whole("queued"), DELTA, whole("completed", "\ufffd\x02ڱ", usage=USAGE)),
        events(whole("queued"), whole("completed", "\ufffd\x02ڱ", usage=USAGE), "[DONE]"),
        events(whole("completed", "\ufffd\x02ڱ", usage=USAGE)).replace(b"\n", b"\r\n"),
        b": hello\n\nevent: response.completed\n"
        + events(whole("completed", "\ufffd\x02ڱ", usage=USAGE)),
    ],
)
def test_an_answer_that_is_streamed_unasked_is_read_off_its_last_event(body: bytes) -> None:
    sample = vendors.sample_in(streamed(body))  # type: ignore[arg-type]
    assert (sample.output, sample.model, sample.finish_reason) == (
        "\ufffd\x02ڱ",
        MODEL,
        "completed",
    )
    assert (sample.input_tokens, sample.output_tokens) == (20, 5)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([whole("in_progress"), DELTA], "expected output in the answer"),
        ([{"type": "error", "code": "server_error", "message": "out of memory"}], "out of memory"),
        ([whole("failed", error={"code": "server_error", "message": "no room"})], "no room"),
    ],
)
def test_a_stream_without_an_answer_is_a_failure(said: list[object], message: str) -> None:
    found = streamed(events(*said))
    assert not isinstance(found, Sample)
    assert message in found.message  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "a stream without an event"),
        (b"data: [DONE]\n\n", "a stream without an event"),
        (events(whole("completed", "cut"), end=""), "a stream without an event"),
        (b"data: {\n\n", "an event is not JSON"),
    ],
)
def test_a_stream_that_is_cut_off_is_malformed(body: bytes, message: str) -> None:
    with pytest.raises(WireError, match=message) as caught:
        streamed(body)
    assert caught.value.kind is ErrorKind.MALFORMED


def test_a_stream_where_no_format_reads_one_says_what_to_do_and_is_not_asked_for_again() -> None:
    stream = answered(body=events(DELTA), headers={"content-type": "text/event-stream"})
    script = Script([stream])
    provider = http_provider(
        Wire("http://t.test"), snapshot(), Surroundings(), Secrets({}), transport=script
    )
    sample = run(provider.answer(question()))
    assert sample.error is not None
    assert "write params: {stream: false}" in sample.error.message
    assert len(script.sent) == 1


def test_a_server_that_is_pinned_to_another_model_names_the_key() -> None:
    said = {"detail": f"Server is pinned to '{MODEL}'; requested 'gpt-6-luna'."}
    key, message = vendors.refused(chat(model="gpt-6-luna"), said)
    assert key == "candidate.model"
    assert "write the name of a model that it serves" in message


def test_a_field_that_is_not_known_names_the_key() -> None:
    said = {"detail": "Unexpected fields in the request: {'top_logprobs'}"}
    key, message = vendors.refused(chat(params={"top_logprobs": 3}), said, status=422)
    assert key == "candidate.params.top_logprobs"
    assert message.endswith("leave it out")
