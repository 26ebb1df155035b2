"""Results of promptfoo: the JSON of an evaluation, or its JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.core.records import RecordError
from evalkit.files.conversations import answered, asked
from evalkit.readers import Json, LogExample, LogRecord, reader

ERROR = 2
"""promptfoo's reason for a test that failed because something broke, not because of an assertion."""

EXPECTING = ("equals", "is-json", "contains", "icontains", "similar", "factuality")
"""Assertions whose value is what a right answer says, the most exact first."""


def _recognises(data: Json) -> bool:
    results = _results(data)
    if results is None:
        results = [data]
    return any(isinstance(item, dict) and {"promptIdx", "testIdx"} <= set(item) for item in results)


_RESULT: dict[str, Json] = {
    "promptIdx": 0,
    "testIdx": 4,
    "promptId": "p1",
    "provider": {"id": "acme:acme-1-2026-06", "label": "acme-june"},
    "prompt": {"raw": "Summarise: The shop opens at nine.", "label": "Summarise: {{text}}"},
    "vars": {"text": "The shop opens at nine."},
    "testCase": {"assert": [{"type": "contains", "value": "nine"}], "metadata": {"topic": "hours"}},
    "response": {
        "output": "Opens at ten.",
        "tokenUsage": {"prompt": 20, "completion": 5, "total": 25},
        "cached": False,
    },
    "error": 'Expected output to contain "nine"',
    "failureReason": 1,
    "success": False,
    "latencyMs": 812,
    "cost": 0.0004,
}
_BROKEN: dict[str, Json] = {
    "promptIdx": 0,
    "testIdx": 5,
    "provider": {"id": "acme:acme-1-2026-06", "label": "acme-june"},
    "prompt": {"raw": "Hi"},
    "vars": {},
    "error": "API error: 503 Service Unavailable",
    "failureReason": 2,
    "success": False,
    "latencyMs": 40,
}


@reader(
    "promptfoo",
    recognises=_recognises,
    examples=[
        LogExample(
            {"evalId": "eval-1", "results": {"version": 3, "results": [_RESULT, _BROKEN]}},
            [
                {
                    "id": "test-4",
                    "arm": "acme-june",
                    "input": "Summarise: The shop opens at nine.",
                    "output": "Opens at ten.",
                    "reference": "nine",
                    "latency_ms": 812.0,
                    "input_tokens": 20,
                },
                {
                    "id": "test-5",
                    "error": {"kind": "server", "message": "API error: 503 Service Unavailable"},
                },
            ],
            note="a failed assertion is behaviour, and no error",
        ),
        LogExample(
            {
                "promptIdx": 0,
                "testIdx": 1,
                "provider": {"id": "echo"},
                "prompt": {"raw": "Hi"},
                "response": {"output": "Hi", "cached": True},
                "latencyMs": 1,
            },
            [{"id": "test-1", "output": "Hi", "latency_ms": None}],
            note="an answer out of the cache says nothing of the latency",
        ),
    ],
)
def promptfoo(data: Json) -> Iterator[LogRecord]:
    """Read the results of promptfoo, ``-o results.json`` (version 3) or ``results.jsonl``.

    The label of the provider is the arm, the number of the test the id; where several prompts were
    tried, the arm names the prompt too. What promptfoo's assertions said is not taken over: scorers
    judge the outputs again. Its errors are errors, its failed assertions are none.
    """
    results = _results(data)
    if results is None:
        if not isinstance(data, dict) or "testIdx" not in data:
            raise RecordError("expected results of promptfoo: {results: {results: […]}}")
        results = [data]
    several = len({str(item.get("promptIdx")) for item in results if isinstance(item, dict)}) > 1
    for item in results:
        if not isinstance(item, dict):
            raise RecordError("expected every result to be an object")
        yield LogRecord(_fields(item, several=several), item)


def _results(data: Json) -> list[Json] | None:
    """Return the results in the document of an evaluation."""
    match data:
        case {"results": {"results": list(results)}} | {"results": list(results)}:
            return results
    return None


def _fields(item: Mapping[str, Json], *, several: bool) -> dict[str, Json]:
    asked_with = item.get("prompt")
    prompt = {"raw": asked_with} if isinstance(asked_with, str) else _mapping(asked_with)
    response = _mapping(item.get("response"))
    provider, test = item.get("provider"), _mapping(item.get("testCase"))
    usage = _mapping(response.get("tokenUsage") or item.get("tokenUsage"))
    arm = provider
    if isinstance(provider, dict):
        arm = provider.get("label") or provider.get("id")
    label = prompt.get("label")
    if several and isinstance(arm, str):
        arm = f"{arm} | {label if isinstance(label, str) else item.get('promptIdx')}"
    cached = response.get("cached") is True
    output = response.get("output")
    fields: dict[str, Json] = {
        "id": f"test-{item.get('testIdx')}",
        "arm": arm,
        "input": asked(prompt.get("raw")) or item.get("vars"),
        "output": answered(output) if output is not None else None,
        "error": _error(item, response),
        "finish_reason": response.get("finishReason"),
        "refusal": True if response.get("isRefusal") is True else None,
        "latency_ms": None if cached else item.get("latencyMs"),
        "input_tokens": usage.get("prompt"),
        "output_tokens": usage.get("completion"),
        "reasoning_tokens": _mapping(usage.get("completionDetails")).get("reasoning"),
        "cost_usd": None if cached else item.get("cost"),
        "metadata": {**_mapping(test.get("metadata")), **_vars(item)},
    }
    expected = _expected(test)
    return fields if expected is None else {**fields, "reference": expected}


def _error(item: Mapping[str, Json], response: Mapping[str, Json]) -> Json:
    """Return what broke; the text in ``error`` of a failed assertion is no error."""
    told = response.get("error")
    if told:
        return told
    if response.get("output") is not None:
        return None  # there is an answer, whatever an assertion made of it
    broken = item.get("failureReason") in (ERROR, None) or not response
    return (item.get("error") or "no response") if broken else None


def _expected(test: Mapping[str, Json]) -> Json:
    asserted = test.get("assert")
    for kind in EXPECTING:
        for item in asserted if isinstance(asserted, list) else []:
            if isinstance(item, dict) and item.get("type") == kind and "value" in item:
                return item["value"]
    return None


def _vars(item: Mapping[str, Json]) -> dict[str, Json]:
    found = item.get("vars")
    return {"vars": found} if isinstance(found, dict) and found else {}


def _mapping(given: Json) -> dict[str, Json]:
    return given if isinstance(given, dict) else {}
