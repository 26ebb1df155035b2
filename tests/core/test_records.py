"""A record becomes a sample and the sample the same record again; nothing is guessed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.model import ABSENT, Arm, Case, ErrorKind, Json, Message, Sample, SampleError
from evalkit.core.records import (
    RecordError,
    case_of,
    case_record,
    error_kind,
    record_of,
    sample_of,
)

GOOD: dict[str, Json] = {"id": "a", "output": "yes"}

TEXTS = [
    "output", "model", "model_requested", "finish_reason", "refusal", "request_id", "fingerprint",
    "format_version", "model_deprecated_at", "created",
]  # fmt: skip
NUMBERS = ["latency_ms", "ttft_ms", "cost_usd"]
COUNTS = ["input_tokens", "output_tokens", "reasoning_tokens", "attempts"]


def read(**fields: Any) -> Sample:
    """Return the sample of a good record with other fields."""
    return sample_of({**GOOD, **fields}, Arm.CANDIDATE)


# ---------------------------------------------------------------- fields


def test_the_least_record_is_an_id_and_an_output() -> None:
    assert sample_of({"id": "a", "output": "yes"}, Arm.BASELINE) == Sample(
        "a", Arm.BASELINE, 0, output="yes"
    )


def test_every_field_finds_its_place() -> None:
    found = read(
        sample=2, model="m", model_requested="r", finish_reason="stop", refusal="no",
        latency_ms=12, ttft_ms=1.5, input_tokens=3, output_tokens=4.0, reasoning_tokens=0,
        cost_usd=0.01, attempts=1, request_id="x", fingerprint="fp", format_version="2", model_deprecated_at="2025",
        created="2024-05-13T00:00:00", metadata={"lang": "de"}, labels={"refusal": 1}, arm="other",
    )  # fmt: skip
    assert found == Sample(
        "a", Arm.CANDIDATE, 2, "yes", None, "m", "r", "stop", "no", 12.0, 1.5, 3, 4, 0, 0.01, 1,
        "x", "fp", "2", "2025", "2024-05-13T00:00:00", {"lang": "de"}, {"labels": {"refusal": 1}},
    )  # fmt: skip
    assert isinstance(found.output_tokens, int)
    assert isinstance(found.latency_ms, float)


def test_absent_and_null_are_unknown_and_never_zero() -> None:
    found = read(**dict.fromkeys([*TEXTS[1:], *NUMBERS, *COUNTS, "error", "metadata", "sample"]))
    assert found == Sample("a", Arm.CANDIDATE, output="yes")
    assert set(record_of(found)) == {"arm", "id", "sample", "output"}


def test_unknown_fields_are_kept_even_where_they_are_null() -> None:
    found = read(labels=[1], other=None)
    assert found.extra == {"labels": [1], "other": None}
    assert record_of(found)["other"] is None


@pytest.mark.parametrize("key", ["id", *TEXTS])
@pytest.mark.parametrize("value", [3, 1.5, [], {}, ["x"]])
def test_a_text_is_a_text(key: str, value: Json) -> None:
    with pytest.raises(RecordError, match=f"expected {key} to be text, found"):
        read(**{key: value})


def test_a_number_in_place_of_a_text_is_answered_with_how_to_write_it() -> None:
    with pytest.raises(RecordError) as caught:
        read(id=7)
    assert str(caught.value) == 'expected id to be text, found 7; write "7"'
    with pytest.raises(RecordError) as caught:
        read(model=True)
    assert str(caught.value) == "expected model to be text, found true"


@pytest.mark.parametrize("key", [*NUMBERS, *COUNTS, "sample"])
@pytest.mark.parametrize("value", ["12", True, False, [], {}, "", [1]])
def test_a_number_is_a_number(key: str, value: Json) -> None:
    with pytest.raises(RecordError, match=f"expected {key} to be a number, found"):
        read(**{key: value})


@pytest.mark.parametrize("key", [*NUMBERS, *COUNTS, "sample"])
@pytest.mark.parametrize("value", [-1, -0.001, float("inf"), float("nan")])
def test_a_measurement_is_finite_and_not_negative(key: str, value: float) -> None:
    with pytest.raises(RecordError, match=f"expected {key} to be"):
        read(**{key: value})


@pytest.mark.parametrize("key", [*COUNTS, "sample"])
def test_a_count_is_whole(key: str) -> None:
    assert getattr(read(**{key: 3.0}), "index" if key == "sample" else key) == 3
    with pytest.raises(RecordError, match=f"expected {key} to be a whole number, found 1.5"):
        read(**{key: 1.5})


def test_a_count_keeps_every_digit() -> None:
    assert read(output_tokens=2**53 + 1).output_tokens == 2**53 + 1


@pytest.mark.parametrize("value", ["x", 3, [], True])
def test_metadata_is_an_object(value: Json) -> None:
    with pytest.raises(RecordError, match="expected metadata to be an object, found"):
        read(metadata=value)


@pytest.mark.parametrize("data", [None, 3, "x", [], ["id"], True])
def test_a_record_is_an_object(data: Json) -> None:
    with pytest.raises(RecordError, match="expected an object with id and output, found"):
        sample_of(data, Arm.CANDIDATE)


@pytest.mark.parametrize("data", [{}, {"output": "x"}, {"id": None, "output": "x"}])
def test_a_record_names_its_case(data: Json) -> None:
    with pytest.raises(RecordError, match="expected id, found none"):
        sample_of(data, Arm.CANDIDATE)


def test_an_empty_id_is_none() -> None:
    with pytest.raises(RecordError, match="found an empty one"):
        read(id="")


@pytest.mark.parametrize(
    "data",
    [
        {"id": "a"}, {"id": "a", "model": "m"}, {"id": "a", "error": ""},
        {"id": "a", "error": False}, {"id": "a", "output": None}, {"id": "a", "refusal": False},
        {"id": "a", "attempts": 2, "metadata": {"x": 1}},
    ],
)  # fmt: skip
def test_a_record_in_which_nothing_was_observed_is_none(data: dict[str, Json]) -> None:
    with pytest.raises(RecordError, match="expected output or error, found neither"):
        sample_of(data, Arm.CANDIDATE)


@pytest.mark.parametrize(
    "observed", [{"latency_ms": 0}, {"ttft_ms": 1}, {"output_tokens": 0}, {"cost_usd": 0.1}]
)
def test_a_measurement_without_a_text_is_a_sample(observed: dict[str, Json]) -> None:
    found = sample_of({"id": "a", **observed}, Arm.CANDIDATE)
    assert found.output is None
    assert found.error is None


def test_an_empty_answer_is_an_answer() -> None:
    assert read(output="").output == ""


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(RecordError) as caught:
        read(output=["x" * 500])
    assert len(str(caught.value)) < 120


# ---------------------------------------------------------------- refusals and errors


def test_a_refusal_is_its_text_or_a_bare_flag() -> None:
    assert read(refusal="I cannot").refusal == "I cannot"
    assert read(refusal=True).refusal == ""
    assert read(refusal=False).refusal is None
    assert read(refusal="").refusal == ""


def test_a_refusal_without_an_output_is_an_empty_answer_and_no_failure() -> None:
    for flag in (True, "I cannot"):
        found = sample_of({"id": "a", "refusal": flag}, Arm.CANDIDATE)
        assert found.output == ""
        assert found.error is None


@pytest.mark.parametrize("reason", ["content_filter", "context_overflow"])
def test_an_answer_that_ended_by_its_nature_is_empty_and_no_failure(reason: str) -> None:
    assert sample_of({"id": "a", "finish_reason": reason}, Arm.CANDIDATE).output == ""
    with pytest.raises(RecordError):
        sample_of({"id": "a", "finish_reason": "stop"}, Arm.CANDIDATE)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("429 Too Many Requests", ErrorKind.RATE_LIMITED),
        ("code 429", ErrorKind.RATE_LIMITED),
        ("Rate limit reached for gpt-4", ErrorKind.RATE_LIMITED),
        ("rate-limited", ErrorKind.RATE_LIMITED),
        ("ThrottlingException", ErrorKind.RATE_LIMITED),
        ("You exceeded your current quota, please check your plan", ErrorKind.QUOTA),
        ("insufficient_funds", ErrorKind.QUOTA),
        ("Request timed out.", ErrorKind.TIMEOUT),
        ("ReadTimeout", ErrorKind.TIMEOUT),
        ("timeout after 50000 ms", ErrorKind.TIMEOUT),
        ("deadline exceeded", ErrorKind.TIMEOUT),
        ("HTTP 401", ErrorKind.DENIED),
        ("Error code: 403 - Forbidden", ErrorKind.DENIED),
        ("invalid_api_key", ErrorKind.DENIED),
        ("Connection reset by peer", ErrorKind.CONNECTION),
        ("SSL: CERTIFICATE_VERIFY_FAILED", ErrorKind.CONNECTION),
        ("HTTP 500", ErrorKind.SERVER),
        ("HTTP502", ErrorKind.SERVER),
        ("error_529: Overloaded", ErrorKind.SERVER),
        ("Internal Server Error", ErrorKind.SERVER),
        ("malformed response", ErrorKind.MALFORMED),
        ("could not decode the body", ErrorKind.MALFORMED),
        ("failed after 1500 ms", ErrorKind.OTHER),
        ("request req_14290 failed", ErrorKind.OTHER),
        ("id 4012345", ErrorKind.OTHER),
        ("it broke", ErrorKind.OTHER),
        ("Your IP address has been blocked", ErrorKind.OTHER),
    ],
)
def test_an_infrastructure_error_is_told_by_its_words(error: str, kind: ErrorKind) -> None:
    found = sample_of({"id": "a", "error": error}, Arm.CANDIDATE)
    assert found.error == SampleError(kind, error)
    assert found.output is None
    assert error_kind(error) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ReadTimeout: HTTPSConnectionPool(host='safety-proxy.internal')", ErrorKind.TIMEOUT),
        ("503 Service Unavailable: content-policy service overloaded", ErrorKind.SERVER),
        ("Error code: 400 - context window service timed out after 30s", ErrorKind.TIMEOUT),
        ("json decode error: response blocked", ErrorKind.MALFORMED),
        ("429 (see https://example.org/safety-best-practices)", ErrorKind.RATE_LIMITED),
        ("Connection reset by peer; output was blocked in proxy", ErrorKind.CONNECTION),
        ({"code": 503, "message": "the safety service is down"}, ErrorKind.SERVER),
    ],
)
def test_a_failure_that_speaks_of_behaviour_stays_a_failure(error: Json, kind: ErrorKind) -> None:
    found = sample_of({"id": "a", "error": error}, Arm.CANDIDATE)
    assert found.error is not None
    assert found.error.kind is kind
    assert found.output is None


def test_an_answer_that_ended_in_an_error_is_none() -> None:
    found = read(finish_reason="error")
    assert found.error == SampleError(ErrorKind.OTHER, "finish_reason: error")


@pytest.mark.parametrize("key", NUMBERS)
def test_a_measurement_no_clock_shows_is_an_error(key: str) -> None:
    assert getattr(read(**{key: 1e20}), key) == 1e20
    with pytest.raises(RecordError, match=rf"expected {key} to be at most 1e\+20, found 1e\+308"):
        read(**{key: 1e308})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"kind": "timeout"}, SampleError(ErrorKind.TIMEOUT)),
        ({"kind": "timeout", "message": None}, SampleError(ErrorKind.TIMEOUT)),
        ({"kind": "denied", "message": "429"}, SampleError(ErrorKind.DENIED, "429")),
        ({"kind": "no_record", "message": ""}, SampleError(ErrorKind.NO_RECORD)),
        ({"code": 429, "message": "slow down"}, SampleError(ErrorKind.RATE_LIMITED, "slow down")),
        ({"type": "insufficient_quota", "message": "x"}, SampleError(ErrorKind.QUOTA, "x")),
        (
            {"code": "rate_limit_exceeded"},
            SampleError(ErrorKind.RATE_LIMITED, "rate_limit_exceeded"),
        ),
        ({"status": "?"}, SampleError(ErrorKind.OTHER, "{'status': '?'}")),
        ({"kind": "unheard of", "message": "HTTP 500"}, SampleError(ErrorKind.SERVER, "HTTP 500")),
    ],
)
def test_an_error_may_be_an_object(error: Json, expected: SampleError) -> None:
    assert sample_of({"id": "a", "error": error}, Arm.CANDIDATE).error == expected


@pytest.mark.parametrize("error", [True, 0, 3, [], ["x"], 1.5])
def test_an_error_is_a_text_or_an_object(error: Json) -> None:
    with pytest.raises(RecordError, match="expected error to be text or an object, found"):
        read(error=error)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("content_filter", "content_filter"),
        ("Output blocked by content filtering policy", "content_filter"),
        ("The response was filtered: ResponsibleAIPolicyViolation", "content_filter"),
        ("The prompt was blocked", "content_filter"),
        ("finish reason: SAFETY", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        (
            {"code": "content_filter", "message": "The response was filtered due to the prompt"},
            "content_filter",
        ),
        ({"kind": "content_filter", "message": "no"}, "content_filter"),
        ({"type": "content_policy_violation", "message": "rejected"}, "content_filter"),
        ("This model's maximum context length is 8192 tokens", "context_overflow"),
        ({"code": "context_length_exceeded", "message": "too long"}, "context_overflow"),
        ("prompt is longer than the context window", "context_overflow"),
    ],
)
def test_an_error_that_is_behaviour_is_an_answer(error: Json, reason: str) -> None:
    found = sample_of({"id": "a", "error": error}, Arm.CANDIDATE)
    assert found.error is None
    assert found.output == ""
    assert found.finish_reason == reason


def test_an_answer_cut_by_a_filter_keeps_its_text_and_its_own_reason() -> None:
    found = read(output="half an ans", finish_reason="length", error="content_filter")
    assert found.output == "half an ans"
    assert found.finish_reason == "length"


def test_a_failure_whose_kind_is_written_stays_one_whatever_its_message() -> None:
    message = "blocked by content_filter of the proxy"
    error: Json = {"kind": "denied", "message": message}
    found = sample_of({"id": "a", "error": error}, Arm.CANDIDATE)
    assert found.error == SampleError(ErrorKind.DENIED, message)
    assert found.output is None


def test_a_failure_may_stand_beside_half_an_answer() -> None:
    found = read(output="half", error="timed out")
    assert found.output == "half"
    assert found.error == SampleError(ErrorKind.TIMEOUT, "timed out")


# ---------------------------------------------------------------- there and back

WORDS = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
COUNT = st.none() | st.integers(0, 2**60)
NUMBER = st.none() | st.floats(0, 1e12)
TEXT = st.none() | WORDS
ERROR = st.none() | st.builds(
    SampleError,
    st.sampled_from(ErrorKind),
    WORDS | st.sampled_from(["content_filter", "429", "context window"]),
)
SAMPLES = st.builds(
    Sample,
    case_id=st.text(min_size=1, max_size=12),
    arm=st.sampled_from(Arm),
    index=st.integers(0, 2**60),
    output=WORDS,
    error=ERROR,
    **dict.fromkeys(TEXTS[1:], TEXT),
    **dict.fromkeys(COUNTS, COUNT),
    **dict.fromkeys(NUMBERS, NUMBER),
    metadata=st.dictionaries(WORDS, JSON, max_size=3),
    extra=st.dictionaries(
        WORDS.filter(lambda key: key not in {*TEXTS, *NUMBERS, *COUNTS}), JSON, max_size=3
    ).map(
        lambda extra: {
            key: value
            for key, value in extra.items()
            if key not in {"id", "sample", "arm", "error", "metadata"}
        }
    ),
)


@given(SAMPLES)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_a_sample_survives_being_written_and_read(sample: Sample) -> None:
    record = record_of(sample)
    again = json.loads(json.dumps(record))
    assert sample_of(again, sample.arm) == sample
    assert record_of(sample_of(again, sample.arm)) == record


@given(
    st.dictionaries(
        st.sampled_from([*TEXTS, *NUMBERS, *COUNTS, "id", "sample", "error", "x"]), JSON
    )
)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_any_object_is_a_sample_that_reads_the_same_again_or_a_record_error(data: Any) -> None:
    try:
        found = sample_of(data, Arm.BASELINE)
    except RecordError:
        return
    assert sample_of(record_of(found), Arm.BASELINE) == found


def test_a_record_names_the_arm_and_the_error_in_full() -> None:
    sample = Sample("a", Arm.BASELINE, error=SampleError(ErrorKind.QUOTA, "no money"))
    assert record_of(sample) == {
        "arm": "baseline", "id": "a", "sample": 0,
        "error": {"kind": "quota", "message": "no money"},
    }  # fmt: skip
    assert record_of(replace(sample, metadata={"x": 1}))["metadata"] == {"x": 1}


# ---------------------------------------------------------------- cases


@pytest.mark.parametrize(
    ("case", "record"),
    [
        (Case("a", "q"), {"id": "a", "input": "q"}),
        (Case("a", "q", None), {"id": "a", "input": "q", "reference": None}),
        (
            Case("a", (Message("user", "q"),), 3, ("t",), "doc", {"lang": "de"}),
            {
                "id": "a", "input": [{"role": "user", "content": "q"}], "reference": 3,
                "tags": ["t"], "cluster": "doc", "metadata": {"lang": "de"},
            },
        ),
        (Case("a", {"x": 1}, ABSENT), {"id": "a", "input": {"x": 1}}),
    ],
)  # fmt: skip
def test_a_case_is_written_as_a_golden_set_writes_it(case: Case, record: dict[str, Json]) -> None:
    assert case_record(case) == record
    assert case_of(record) == case


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ([], "expected a case with id and input, found []"),
        ("a", "expected a case with id and input, found 'a'"),
        ({"input": "q"}, "expected id to be text, found null"),
        ({"id": "", "input": "q"}, "expected id to be text, found an empty one"),
        ({"id": 7, "input": "q"}, 'expected id to be text, found 7; write "7"'),
        ({"id": "a"}, "expected input to be text, messages or variables, found null"),
        ({"id": "a", "input": []}, "expected input to be text, messages or variables, found []"),
        ({"id": "a", "input": 5}, "expected input to be text, messages or variables, found 5"),
        ({"id": "a", "input": ["q"]}, "expected a message of role and content, found 'q'"),
        (
            {"id": "a", "input": [{"role": "user", "content": 3}]},
            "expected a message of role and content, found {'role': 'user', 'content': 3}",
        ),
        (
            {"id": "a", "input": "q", "tags": "x"},
            "expected tags to be a list and metadata to be an object",
        ),
        (
            {"id": "a", "input": "q", "metadata": [1]},
            "expected tags to be a list and metadata to be an object",
        ),
    ],
)
def test_what_is_no_case_says_what_was_expected(record: Json, message: str) -> None:
    with pytest.raises(RecordError) as caught:
        case_of(record)
    assert str(caught.value) == message
