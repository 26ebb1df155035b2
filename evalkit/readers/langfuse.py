"""Observations of Langfuse: exports to a bucket, enriched and legacy, and answers of its API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.core.records import RecordError
from evalkit.core.traffic import unix_seconds
from evalkit.files.conversations import answered, asked, unpacked
from evalkit.readers import Json, LogExample, LogRecord, reader

MODEL_CALL = "GENERATION"
KINDS = (
    MODEL_CALL, "SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING",
    "GUARDRAIL",
)  # fmt: skip


def _recognises(data: Json) -> bool:
    return any(
        isinstance(row, dict)
        and row.get("type") in KINDS
        and ("trace_id" in row or "traceId" in row)
        for row in _rows(data)
    )


def _rows(data: Json) -> list[Json]:
    """Return the observations in a record: itself, or those in an answer of the API."""
    rows = data.get("data") if isinstance(data, dict) else None
    return rows if isinstance(rows, list) else [data]


@reader(
    "langfuse",
    recognises=_recognises,
    examples=[
        LogExample(
            {
                "id": "obs-1",
                "trace_id": "t1",
                "type": "GENERATION",
                "name": "answer",
                "start_time": "2026-10-01 12:00:00.000000",
                "end_time": "2026-10-01 12:00:00.812000",
                "completion_start_time": "2026-10-01 12:00:00.300000",
                "level": "DEFAULT",
                "provided_model_name": "acme-1-2026-06",
                "input": '[{"role": "user", "content": "Where is my order?"}]',
                "output": '{"role": "assistant", "content": "On its way."}',
                "usage_details": {"input": 20, "input_cached_tokens": 32, "output": 7, "total": 59},
                "total_cost": 0.0004,
                "user_id": "u7",
                "tags": ["shipping"],
                "environment": "production",
                "prompt_name": "support",
                "prompt_version": 3,
            },
            [
                {
                    "id": "obs-1",
                    "user": "u7",
                    "when": 1790856000.0,
                    "input": "Where is my order?",
                    "output": "On its way.",
                    "latency_ms": 812.0,
                    "ttft_ms": 300.0,
                    "input_tokens": 52,
                    "output_tokens": 7,
                    "cost_usd": 0.0004,
                    "tags": ["shipping"],
                }
            ],
            note="the enriched export, observations_v2/",
        ),
        LogExample(
            {
                "data": [
                    {
                        "id": "obs-2",
                        "traceId": "t2",
                        "type": "GENERATION",
                        "startTime": "2026-10-01T12:00:00.000Z",
                        "level": "ERROR",
                        "statusMessage": "503 overloaded",
                        "model": "acme-1",
                        "usage": {"input": 9, "output": 0, "unit": "TOKENS"},
                    },
                    {"id": "obs-3", "traceId": "t2", "type": "SPAN"},
                ]
            },
            [
                {
                    "id": "obs-2",
                    "error": {"kind": "server", "message": "503 overloaded"},
                    "input_tokens": 9,
                }
            ],
            note="an answer of the API; a span is no request",
        ),
    ],
)
def langfuse(data: Json) -> Iterator[LogRecord]:
    """Read observations of Langfuse that are generations; spans, events and tools are no requests.

    Rows of ``observations_v2/`` know their user, session and tags; those of the legacy
    ``observations/`` know only their trace. Input and output tokens are the sums of what Langfuse
    counts apart, such as cached ones.
    """
    for row in _rows(data):
        if not isinstance(row, dict) or row.get("type") not in KINDS:
            raise RecordError(
                "expected an observation with a type such as GENERATION; traces and scores are others"
            )
        if row["type"] == MODEL_CALL:
            yield LogRecord(_fields(row), row)


def _fields(row: Mapping[str, Json]) -> dict[str, Json]:
    start = _seconds(row, "start_time", "startTime")
    end = _seconds(row, "end_time", "endTime")
    begun = _seconds(row, "completion_start_time", "completionStartTime")
    fields: dict[str, Json] = {
        "id": row.get("id"),
        "user": _first(row, "user_id", "userId", "session_id", "sessionId"),
        "created": start,
        "input": asked(row.get("input")),
        "output": answered(row.get("output")),
        "model": _first(row, "provided_model_name", "providedModelName", "model"),
        "latency_ms": _between(start, end),
        "ttft_ms": _between(start, begun),
        **_usage(row),
        "cost_usd": _cost(row),
        "tags": _first(row, "tags", "trace_tags", "traceTags"),
        "metadata": _metadata(row),
    }
    if row.get("level") == "ERROR":
        message = _first(row, "status_message", "statusMessage") or "level: ERROR"
        fields["error"] = message if isinstance(message, str) else "level: ERROR"
    return fields


def _first(row: Mapping[str, Json], *names: str) -> Json:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _seconds(row: Mapping[str, Json], *names: str) -> float | None:
    found = _first(row, *names)
    if found is None:
        return None
    if isinstance(found, str):
        return unix_seconds(found)
    raise RecordError(f"expected {names[0]} to be a time as text")


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round((end - start) * 1e3, 3)


def _usage(row: Mapping[str, Json]) -> dict[str, Json]:
    usage = unpacked(_first(row, "usage_details", "usageDetails", "usage"))
    if not isinstance(usage, dict):
        tokens = {"input_tokens": ("prompt_tokens", "promptTokens")}
        tokens["output_tokens"] = ("completion_tokens", "completionTokens")
        return {name: _first(row, *keys) for name, keys in tokens.items()}
    if usage.get("unit") not in (None, "TOKENS"):
        return {}
    return {
        "input_tokens": _sum(usage, "input", "prompt"),
        "output_tokens": _sum(usage, "output", "completion"),
        "reasoning_tokens": _sum(usage, "reasoning"),
    }


def _sum(usage: Mapping[str, Json], *words: str) -> Json:
    """Return the sum of the counts whose names hold a word; costs are named so too."""
    found = [
        value
        for name, value in usage.items()
        if any(word in name.lower() for word in words)
        and "cost" not in name.lower()
        and isinstance(value, (int, float))
        and not isinstance(value, bool)
    ]
    return sum(found) if found else None


def _cost(row: Mapping[str, Json]) -> Json:
    names = ("total_cost", "totalCost", "calculated_total_cost", "calculatedTotalCost")
    told = _first(row, *names)
    if told is not None:
        return told
    details = unpacked(_first(row, "cost_details", "costDetails"))
    return details.get("total") if isinstance(details, dict) else None


def _metadata(row: Mapping[str, Json]) -> dict[str, Json]:
    own = unpacked(row.get("metadata"))
    found = {
        **(own if isinstance(own, dict) else {}),
        "trace_id": _first(row, "trace_id", "traceId"),
        "name": row.get("name"),
        "environment": row.get("environment"),
        "version": row.get("version"),
        "prompt": _first(row, "prompt_name", "promptName"),
        "prompt_version": _first(row, "prompt_version", "promptVersion"),
    }
    return {name: value for name, value in found.items() if value not in (None, "")}
