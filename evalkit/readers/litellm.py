"""Logs of the LiteLLM proxy: its standard logging payload, as callbacks and buckets get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.core.records import RecordError
from evalkit.files.conversations import answered, asked
from evalkit.readers import Json, LogExample, LogRecord, reader

CONVERSES = ("completion", "responses", "messages")
"""How the types of call end that ask a model for an answer; the others embed, moderate or rank."""
REDACTED = "redacted-by-litellm"
"""What stands in place of texts that litellm was told not to log."""
PROGRAM = "User-Agent: "


def _recognises(data: Json) -> bool:
    return isinstance(data, dict) and {"call_type", "model_group", "startTime"} <= data.keys()


@reader(
    "litellm",
    recognises=_recognises,
    examples=[
        LogExample(
            {
                "id": "chatcmpl-1",
                "trace_id": "t-1",
                "call_type": "acompletion",
                "stream": True,
                "status": "success",
                "startTime": 1790856000.0,
                "completionStartTime": 1790856000.3,
                "endTime": 1790856000.812,
                "response_time": 0.3,
                "model": "openai/acme-1-2026-06",
                "model_group": "support-candidate",
                "end_user": "u7",
                "prompt_tokens": 52,
                "completion_tokens": 7,
                "response_cost": 0.0004,
                "messages": [{"role": "user", "content": "Where is my order?"}],
                "response": {
                    "choices": [
                        {
                            "finish_reason": "stop",
                            "message": {"role": "assistant", "content": "On its way."},
                        }
                    ]
                },
            },
            [
                {
                    "id": "t-1",
                    "arm": "support-candidate",
                    "user": "u7",
                    "when": 1790856000.0,
                    "input": "Where is my order?",
                    "output": "On its way.",
                    "latency_ms": 812.0,
                    "ttft_ms": 300.0,
                    "input_tokens": 52,
                    "output_tokens": 7,
                    "cost_usd": 0.0004,
                    "model": "openai/acme-1-2026-06",
                    "finish_reason": "stop",
                }
            ],
            note="response_time is that of the first token where the answer was streamed",
        ),
        LogExample(
            {
                "id": "b1",
                "trace_id": "t-2",
                "call_type": "acompletion",
                "status": "failure",
                "startTime": 1790856001.0,
                "endTime": 1790856001.002,
                "model": "openai/acme-1-2026-06",
                "model_group": "support",
                "prompt_tokens": 0,
                "completion_tokens": 0,
                "response_cost": 0.0,
                "messages": [{"role": "user", "content": "Hello?"}],
                "response": {},
                "error_str": "litellm.RateLimitError: slow down",
                "error_information": {"error_code": "429", "error_class": "RateLimitError"},
            },
            [
                {
                    "id": "t-2",
                    "arm": "support",
                    "error": {
                        "kind": "rate_limited",
                        "message": "litellm.RateLimitError: slow down",
                    },
                }
            ],
            note="the zeros of what failed were counted by nobody",
        ),
    ],
)
def litellm(data: Json) -> Iterator[LogRecord]:
    """Read standard logging payloads of LiteLLM that ask a model for an answer.

    The id is that of the trace, which a request and its silent copy share, and the arm the group of
    models that was asked. An answer out of the cache has no latency and no cost.
    """
    if not isinstance(data, dict) or "call_type" not in data:
        raise RecordError("expected a standard logging payload: an object with call_type")
    if str(data["call_type"]).removesuffix("_stream").endswith(CONVERSES):
        yield LogRecord(_fields(data), data)


def _fields(row: Mapping[str, Json]) -> dict[str, Json]:
    question = asked(row.get("messages"))
    fields: dict[str, Json] = {
        "id": row.get("trace_id") or row.get("id"),
        "arm": row.get("model_group") or row.get("model"),
        "user": row.get("end_user"),
        "created": row.get("startTime"),
        "input": None if question == REDACTED else question,
        "model": row.get("model"),
        "tags": _tags(row.get("request_tags")),
        "metadata": _metadata(row),
    }
    if row.get("status") == "failure":
        return {**fields, "error": _error(row), "latency_ms": _since_start(row, "endTime")}
    cached = row.get("cache_hit") is True
    return {
        **fields,
        **_answer(row.get("response")),
        "latency_ms": None if cached else _since_start(row, "endTime"),
        "ttft_ms": None
        if cached or row.get("stream") is not True
        else _since_start(row, "completionStartTime"),
        "input_tokens": row.get("prompt_tokens"),
        "output_tokens": row.get("completion_tokens"),
        "cost_usd": None if cached else row.get("response_cost"),
    }


def _answer(response: Json) -> dict[str, Json]:
    if not isinstance(response, dict):
        return {"output": answered(response)}
    said = answered(response.get("output") or response)
    found: dict[str, Json] = {"output": None if said == REDACTED else said}
    match response.get("choices"):
        case [{"finish_reason": str(reason)}, *_]:
            found["finish_reason"] = reason
    match response.get("usage"):
        case {"completion_tokens_details": {"reasoning_tokens": int(tokens)}}:
            found["reasoning_tokens"] = tokens
    return found


def _error(row: Mapping[str, Json]) -> Json:
    told = row.get("error_information")
    about = told if isinstance(told, dict) else {}
    message = row.get("error_str") or about.get("error_message") or "status: failure"
    return {
        "code": about.get("error_code"),
        "type": about.get("error_class"),
        "message": message,
    }


def _tags(told: Json) -> Json:
    """Return the tags that somebody gave; which program asked is written among them, and is none."""
    if isinstance(told, list):
        return [tag for tag in told if not (isinstance(tag, str) and tag.startswith(PROGRAM))]
    return told


def _since_start(row: Mapping[str, Json], name: str) -> float | None:
    start, moment = row.get("startTime"), row.get(name)
    if isinstance(start, (int, float)) and isinstance(moment, (int, float)):
        return round((moment - start) * 1e3, 3)
    return None


def _metadata(row: Mapping[str, Json]) -> dict[str, Json]:
    """Return what slices may be of; what the caller's headers held is left where it is."""
    about = row.get("metadata")
    team = about.get("user_api_key_team_alias") if isinstance(about, dict) else None
    found = {"call_type": row.get("call_type"), "cache_hit": row.get("cache_hit"), "team": team}
    return {name: value for name, value in found.items() if value is not None}
