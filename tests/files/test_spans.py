"""Spans of OpenTelemetry are the same, whatever JSON they were written as."""

from __future__ import annotations

import pytest

from evalkit.core.model import Json
from evalkit.core.records import RecordError
from evalkit.files.spans import Span, attributes_of, spans_in, value_of


def otlp(**span: Json) -> Json:
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def only(data: Json) -> Span:
    (found,) = spans_in(data)
    return found


@pytest.mark.parametrize(
    ("wrapped", "value"),
    [
        ({"stringValue": "a"}, "a"),
        ({"boolValue": True}, True),
        ({"intValue": "-3"}, -3),
        ({"intValue": 3}, 3),
        ({"intValue": "9" * 30}, "9" * 30),
        ({"doubleValue": 0.5}, 0.5),
        ({"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}]}}, [1, "b"]),
        ({"arrayValue": {}}, None),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}}, {"a": 1}),
        ({"stringValue": []}, None),
        ({"strangeValue": 1}, None),
        ({}, None),
        ("bare", None),
        (None, None),
    ],
)
def test_a_value_is_taken_out_of_its_type(wrapped: Json, value: Json) -> None:
    assert value_of(wrapped) == value


def test_attributes_without_a_key_are_none() -> None:
    assert attributes_of([{"value": {"intValue": "1"}}, 3, {"key": "a"}]) == {"a": None}
    assert attributes_of({"key": "a"}) == {}


def test_a_span_of_otlp_has_its_resource_its_events_and_its_status() -> None:
    data: Json = {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service", "value": {"stringValue": "s"}}]},
                "instrumentationLibrarySpans": [
                    {
                        "spans": [
                            {
                                "name": "chat",
                                "traceId": "t",
                                "spanId": "s",
                                "startTimeUnixNano": "1000000000",
                                "endTimeUnixNano": 1500000000,
                                "attributes": [{"key": "a", "value": {"intValue": "1"}}],
                                "events": [{"name": "e", "attributes": []}, {}],
                                "status": {"code": 2, "message": "broke"},
                            }
                        ]
                    }
                ],
            }
        ]
    }
    span = only(data)
    assert (span.name, span.trace, span.id) == ("chat", "t", "s")
    assert (span.begun, span.lasted) == (1.0, 500.0)
    assert span.events == (("e", {}), ("", {}))
    assert (span.failed, span.message) == (True, "broke")
    assert span.source == {
        "name": "chat",
        "trace_id": "t",
        "span_id": "s",
        "start": 1000000000,
        "end": 1500000000,
        "status_message": "broke",
        "attributes": {"a": 1},
        "resource": {"service": "s"},
    }
    assert span.first("b", "a") == 1
    assert span.first("b") is None


def test_a_log_record_is_a_span_without_an_end_and_its_body_adds_attributes() -> None:
    record: Json = {
        "timeUnixNano": "2000000000",
        "attributes": [{"key": "event.name", "value": {"stringValue": "happened"}}],
        "body": {"kvlistValue": {"values": [{"key": "b", "value": {"intValue": "1"}}]}},
    }
    span = only({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
    assert (span.name, span.begun, span.lasted) == ("happened", 2.0, None)
    assert span.first("b") == 1


def test_an_sdk_writes_times_as_text() -> None:
    span = only(
        {
            "name": "n",
            "context": {"trace_id": "0x1", "span_id": "0x2"},
            "attributes": {"a": 1},
            "resource": {"attributes": {"r": 2}},
            "events": [{"name": "e", "attributes": {"x": 1}}],
            "start_time": "2026-10-01T12:00:00Z",
            "end_time": "2026-10-01T12:00:01.5Z",
            "status": {"status_code": "ERROR", "description": "no"},
        }
    )
    assert (span.id, span.lasted, span.failed, span.message) == ("0x2", 1500.0, True, "no")
    assert span.resource == {"r": 2}
    assert span.events == (("e", {"x": 1}),)


def test_a_row_of_a_table_has_its_attributes_in_columns() -> None:
    span = only(
        {
            "context.span_id": "a",
            "span_kind": "LLM",
            "attributes.llm.model_name": "m",
            "attributes": {"b": 1},
            "status_code": "OK",
        }
    )
    assert span.attributes == {
        "llm.model_name": "m",
        "b": 1,
        "openinference.span.kind": "LLM",
    }
    assert not span.failed
    assert only({"span_id": "b"}).attributes == {}


@pytest.mark.parametrize(
    "data", [None, 3, "x", [], {}, {"resourceSpans": 3}, {"resourceSpans": [3, {"scopeSpans": 1}]}]
)
def test_what_is_no_span_yields_nothing(data: Json) -> None:
    assert list(spans_in(data)) == []


@pytest.mark.parametrize("start", [1.5, True, [1], "yesterday"])
def test_a_time_that_is_none_makes_a_record_malformed(start: Json) -> None:
    with pytest.raises(RecordError, match="time"):
        _ = only(otlp(startTimeUnixNano=start)).begun


def test_the_time_0_is_no_time() -> None:
    assert only(otlp(startTimeUnixNano="0", endTimeUnixNano=0)).lasted is None


def test_headers_of_an_answer_that_were_captured_are_told() -> None:
    attributes: dict[str, Json] = {
        "http.response.header.model-snapshot": ["m-1", "m-2"],
        "http.response.header.format_version": "2",
        "http.response.header.sunset": [],
        "http.response.header.x-request-id": [5],
        "http.request.header.model-snapshot": ["m-9"],
    }
    span = Span("chat", None, "a", attributes)
    assert span.told == {"model": "m-1", "format_version": "2"}
