"""What formats write besides what their examples show."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.core.model import Json
from evalkit.core.records import RecordError
from evalkit.core.registry import READERS
from evalkit.testing.readers import known_fields, read_all


def read(name: str, *records: Json) -> list[dict[str, Any]]:
    return [known_fields(item) for item in read_all(READERS.get(name), records)]


def span(**attributes: Json) -> dict[str, Any]:
    dotted = {name.replace("__", "."): value for name, value in attributes.items()}
    return {
        "name": "chat",
        "context": {"trace_id": "t", "span_id": "s"},
        "start_time": "2026-10-01T12:00:00Z",
        "end_time": "2026-10-01T12:00:01Z",
        "attributes": dotted,
    }


def event(name: str, **attributes: Json) -> dict[str, Any]:
    return {"name": name, "attributes": attributes}


# ---------------------------------------------------------------- otel


@pytest.mark.parametrize(
    "operation", ["embeddings", "execute_tool", "invoke_agent", "create_agent"]
)
def test_an_operation_that_asks_no_model_is_no_request(operation: str) -> None:
    attributes = {"gen_ai__operation__name": operation, "gen_ai__request__model": "m"}
    assert read("otel", span(**attributes)) == []
    assert read("otel", span(http__method="GET")) == []


def test_messages_come_with_system_instructions_before_them() -> None:
    (found,) = read(
        "otel",
        span(
            gen_ai__operation__name="chat",
            gen_ai__system_instructions='[{"type":"text","content":"Be brief."}]',
            gen_ai__input__messages='[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
            gen_ai__output__messages=[
                {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"},
                 {"type": "text", "content": "Hello"}], "finish_reason": "stop"}
            ],
            gen_ai__usage__reasoning__output_tokens=4,
            gen_ai__usage__cache_read__input_tokens=9,
            gen_ai__response__time_to_first_chunk=0.25,
        ),
    )  # fmt: skip
    assert found["input"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]
    assert (found["output"], found["finish_reason"]) == ("Hello", "stop")
    assert (found["reasoning_tokens"], found["ttft_ms"]) == (4, 250.0)
    assert found["metadata"]["cached_input_tokens"] == 9


def test_a_conversation_of_several_turns_keeps_them_with_the_instructions() -> None:
    turns: Json = [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]
    (found,) = read(
        "otel",
        span(
            gen_ai__operation__name="chat",
            gen_ai__system_instructions="Be brief.",
            gen_ai__input__messages=turns,
        ),
    )
    assert [turn["role"] for turn in found["input"]] == ["system", "user", "assistant", "user"]


def test_a_tool_call_is_an_answer_and_not_an_empty_one() -> None:
    call: Json = {"type": "tool_call", "name": "get_weather", "arguments": {"city": "Paris"}}
    (found,) = read(
        "otel",
        span(
            gen_ai__operation__name="chat",
            gen_ai__output__messages=[{"role": "assistant", "parts": [call]}],
        ),
    )
    assert '"get_weather"' in found["output"]


def test_older_spans_number_their_turns() -> None:
    (found,) = read(
        "otel",
        span(
            gen_ai__system="OpenAI",
            llm__request__type="chat",
            gen_ai__prompt__0__role="system",
            gen_ai__prompt__0__content="Be brief.",
            gen_ai__prompt__1__role="user",
            gen_ai__prompt__1__content="Hi",
            gen_ai__completion__0__role="assistant",
            gen_ai__completion__0__content="Hello",
            gen_ai__completion__0__finish_reason="length",
            gen_ai__usage__completion_tokens=2,
            enduser__id="u1",
            gen_ai__conversation__id="c1",
        ),
    )
    assert (found["output"], found["finish_reason"], found["output_tokens"]) == (
        "Hello",
        "length",
        2,
    )
    assert [turn["role"] for turn in found["input"]] == ["system", "user"]
    assert found["user"] == "u1"


def test_events_of_a_span_hold_what_was_said() -> None:
    said = span(gen_ai__system="openai", gen_ai__request__model="m")
    said["events"] = [
        event("gen_ai.user.message", content="Hi"),
        event("gen_ai.choice", finish_reason="stop", message='{"content": "Hello"}'),
    ]
    (found,) = read("otel", said)
    assert (found["input"], found["output"], found["finish_reason"]) == ("Hi", "Hello", "stop")
    said["events"] = [
        event("gen_ai.content.prompt", **{"gen_ai.prompt": '[{"role":"user","content":"Hi"}]'}),
        event("gen_ai.content.completion", **{"gen_ai.completion": '[{"content":"Hello"}]'}),
    ]
    (found,) = read("otel", said)
    assert (found["input"], found["output"]) == ("Hi", "Hello")
    said["events"] = []
    said["attributes"]["gen_ai.completion"] = "Hello"
    assert read("otel", said)[0]["output"] == "Hello"


def test_the_event_of_an_inference_is_a_request_without_a_latency() -> None:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.response.model": "m",
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Hi"}]}]',
    }
    record: dict[str, Json] = {
        "eventName": "gen_ai.client.inference.operation.details",
        "timeUnixNano": "1790856000000000000",
        "spanId": "s1",
        "attributes": [
            {"key": name, "value": {"stringValue": value}} for name, value in attributes.items()
        ],
    }
    other = {**record, "eventName": "gen_ai.evaluation.result"}
    logs: Json = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record, other]}]}]}
    (found,) = read("otel", logs)
    assert (found["id"], found["output"], found["when"]) == ("s1", "Hi", 1790856000.0)
    assert "latency_ms" not in found


def test_a_failed_span_says_why_as_well_as_it_can() -> None:
    failed = span(gen_ai__operation__name="chat", error__type="RateLimitError")
    (found,) = read("otel", failed)
    assert found["error"] == {"kind": "rate_limited", "message": "RateLimitError"}
    failed = {**span(gen_ai__operation__name="chat"), "status": {"status_code": "ERROR"}}
    failed["events"] = [event("exception", **{"exception.message": "Connection reset by peer"})]
    (found,) = read("otel", failed)
    assert found["error"]["kind"] == "connection"
    failed["events"] = []
    assert read("otel", failed)[0]["error"]["message"] == "the span failed"


def test_an_answer_that_a_filter_stopped_is_behaviour_and_no_failure() -> None:
    (found,) = read(
        "otel",
        span(gen_ai__operation__name="chat", gen_ai__response__finish_reasons=["content_filter"]),
    )
    assert (found["output"], found["finish_reason"]) == ("", "content_filter")
    assert "error" not in found


# ---------------------------------------------------------------- openinference


def test_messages_may_be_lists_parts_or_calls() -> None:
    (found,) = read(
        "openinference",
        span(
            openinference__span__kind="LLM",
            llm__input_messages=[{"message.role": "user", "message.content": "Hi"}],
            llm__output_messages__0__message__role="assistant",
            llm__output_messages__0__message__tool_calls__0__tool_call__function__name="find",
            llm__output_messages__0__message__tool_calls__0__tool_call__function__arguments="{}",
            tag__tags=["a"],
            metadata='{"k": 1}',
        ),
    )
    assert (found["input"], found["output"]) == ("Hi", '[{"name": "find", "arguments": "{}"}]')
    assert (found["tags"], found["metadata"]["k"]) == (["a"], 1)
    start = "llm__input_messages__0__message__"
    (found,) = read(
        "openinference",
        span(
            **{
                "openinference__span__kind": "LLM",
                f"{start}role": "user",
                f"{start}contents__0__message_content__type": "text",
                f"{start}contents__0__message_content__text": "See",
                f"{start}contents__1__message_content__type": "image",
                "output__value": '{"choices": [{"message": {"content": "Seen"}}]}',
            }
        ),
    )
    assert (found["input"], found["output"]) == ("See[image]", "Seen")


def test_values_stand_in_where_there_are_no_messages() -> None:
    (found,) = read(
        "openinference",
        span(
            openinference__span__kind="llm",
            input__value='{"messages": [{"role": "user", "content": "Hi"}]}',
            output__value="Hello",
        ),
    )
    assert (found["input"], found["output"]) == ("Hi", "Hello")


# ---------------------------------------------------------------- langfuse


def test_a_structured_answer_of_langfuse_stays_json() -> None:
    row: Json = {"id": "a", "trace_id": "t", "type": "GENERATION", "output": '{"category": "x"}'}
    assert read("langfuse", row)[0]["output"] == '{"category": "x"}'


def test_what_langfuse_counts_in_letters_is_no_count_of_tokens() -> None:
    row: dict[str, Json] = {"id": "a", "traceId": "t", "type": "GENERATION", "output": "x"}
    found = read("langfuse", {**row, "usage": {"input": 9, "unit": "CHARACTERS"}})[0]
    assert "input_tokens" not in found
    found = read("langfuse", {**row, "promptTokens": 9, "cost_details": '{"total": 0.5}'})[0]
    assert (found["input_tokens"], found["cost_usd"]) == (9, 0.5)


@pytest.mark.parametrize("row", [{"id": "t", "name": "trace"}, 3, {"type": "SCORE"}])
def test_a_trace_or_a_score_is_no_observation(row: Json) -> None:
    with pytest.raises(RecordError, match="traces and scores are others"):
        read("langfuse", row)


# ---------------------------------------------------------------- litellm


def payload(**fields: Json) -> dict[str, Json]:
    return {
        "id": "a", "trace_id": "t", "call_type": "acompletion", "status": "success", "startTime": 100.0,
        "endTime": 100.5, "model": "openai/m", "model_group": "support", **fields,
    }  # fmt: skip


def test_an_answer_out_of_the_cache_of_litellm_has_no_latency_and_no_cost() -> None:
    answer: Json = {"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}
    told = {"response": answer, "response_cost": 0.0, "stream": True, "completionStartTime": 100.1}
    (found,) = read("litellm", payload(cache_hit=True, **told))
    assert found["output"] == "Hi"
    assert not {"latency_ms", "ttft_ms", "cost_usd"} & found.keys()
    (found,) = read("litellm", payload(cache_hit=False, **told))
    assert (found["latency_ms"], found["ttft_ms"], found["cost_usd"]) == (500.0, 100.0, 0.0)


def test_texts_that_litellm_was_told_not_to_log_are_unknown() -> None:
    hidden: dict[str, Json] = {"role": "assistant", "content": "redacted-by-litellm"}
    (found,) = read(
        "litellm",
        payload(messages=[hidden | {"role": "user"}], response={"choices": [{"message": hidden}]}),
    )
    assert not {"input", "output"} & found.keys()
    assert found["latency_ms"] == 500.0


def test_what_litellm_did_beside_answering_is_no_request() -> None:
    assert read("litellm", payload(call_type="aembedding"), payload(call_type="moderation")) == []
    output: Json = [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
    ]
    (found,) = read("litellm", payload(call_type="aresponses", response={"output": output}))
    assert found["output"] == "Hi"


def test_tags_of_litellm_are_those_that_somebody_gave() -> None:
    tags: Json = ["User-Agent: curl", "User-Agent: curl/7.88.1", "shipping"]
    (found,) = read("litellm", payload(request_tags=tags, response={}))
    assert found["tags"] == ["shipping"]


def test_a_blocked_prompt_is_behaviour_of_litellms_model() -> None:
    about: Json = {"error_code": "400", "error_class": "ContentPolicyViolationError"}
    (found,) = read(
        "litellm", payload(status="failure", error_str="blocked", error_information=about)
    )
    assert found["finish_reason"] == "content_filter"
    with pytest.raises(RecordError, match="standard logging payload"):
        read("litellm", {"id": "a"})


# ---------------------------------------------------------------- results of other tools


def result(**fields: Json) -> dict[str, Json]:
    base: dict[str, Json] = {
        "promptIdx": 0, "testIdx": 1, "provider": "echo", "prompt": {"raw": "Hi"},
    }  # fmt: skip
    return {**base, **fields}


def test_several_prompts_of_promptfoo_are_several_arms() -> None:
    first = result(response={"output": "a"}, prompt={"raw": "Hi", "label": "short"})
    second = result(response={"output": "b"}, promptIdx=1)
    found = read("promptfoo", {"results": [first, second]})
    assert [item["arm"] for item in found] == ["echo | short", "echo | 1"]


def test_what_an_assertion_broke_on_is_still_an_answer() -> None:
    (found,) = read(
        "promptfoo",
        result(response={"output": "a"}, failureReason=2, error="the grader timed out"),
    )
    assert found["output"] == "a"
    assert "error" not in found
    (found,) = read("promptfoo", result(response={"error": "429"}, failureReason=2))
    assert found["error"]["kind"] == "rate_limited"
    (found,) = read("promptfoo", result(error="no answer"))
    assert found["error"]["message"] == "no answer"


def test_a_refusal_and_structured_output_of_promptfoo_are_answers() -> None:
    refused = result(response={"output": "No.", "isRefusal": True, "finishReason": "stop"})
    assert read("promptfoo", refused)[0]["refusal"] == ""
    structured = result(response={"output": {"category": "x"}})
    assert read("promptfoo", structured)[0]["output"] == '{"category": "x"}'


def test_a_log_of_inspect_without_samples_says_how_to_write_them() -> None:
    with pytest.raises(RecordError, match="inspect log dump"):
        read("inspect", {"eval": {"task": "t"}, "status": "success"})
    with pytest.raises(RecordError, match="expected a log of Inspect"):
        read("inspect", {"id": "x"})


def test_a_sample_of_inspect_may_tell_its_use_by_model() -> None:
    (found,) = read(
        "inspect",
        {
            "id": "a",
            "epoch": 1,
            "input": "Hi",
            "choices": ["A", "B"],
            "output": {"model": "m", "completion": "A"},
            "model_usage": {"m": {"input_tokens": 3, "output_tokens": 1}},
        },
    )
    assert (found["output"], found["input_tokens"]) == ("A", 3)
    assert found["metadata"]["choices"] == ["A", "B"]


def test_log_likelihoods_are_no_text() -> None:
    sample: dict[str, Json] = {"doc_id": 0, "doc": {"q": "?"}, "resps": [[[-1.5, False]]]}
    with pytest.raises(RecordError, match="compares log-likelihoods"):
        read("lm_eval", sample)
    with pytest.raises(RecordError, match="found none"):
        read("lm_eval", {**sample, "resps": []})
    (found,) = read("lm_eval", {**sample, "resps": ["x"], "arguments": []})
    assert found["input"] == {"q": "?"}


def test_the_grader_of_a_model_graded_evaluation_is_not_the_answer() -> None:
    def sampling(number: int, text: str) -> dict[str, Json]:
        return {
            "run_id": "r", "event_id": number, "sample_id": "s", "type": "sampling",
            "data": {"prompt": "Hi", "sampled": [text], "usage": {"prompt_tokens": 3}},
        }  # fmt: skip

    found = read("openai_evals", sampling(0, "answer"), sampling(1, "grade"), {"final_report": {}})
    assert [(item["output"], item["input_tokens"]) for item in found] == [("answer", 3)]
    with pytest.raises(RecordError, match="expected an event"):
        read("openai_evals", {"sample_id": "s"})
