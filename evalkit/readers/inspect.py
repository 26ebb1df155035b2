"""Logs of Inspect: the JSON of an evaluation, or a ``.eval`` archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.core.records import RecordError
from evalkit.files.conversations import asked, message_text
from evalkit.readers import Json, LogExample, LogRecord, reader


def _recognises(data: Json) -> bool:
    match data:
        case {"eval": {"task": _}, "status": _}:
            return True
        case {"id": _, "epoch": _, "output": {"choices": _}}:
            return True
    return False


_SAMPLE: dict[str, Json] = {
    "id": 3,
    "epoch": 2,
    "input": [{"role": "user", "content": "What is 2 + 2?"}],
    "target": "4",
    "output": {
        "model": "acme-1-2026-06",
        "choices": [
            {
                "message": {"role": "assistant", "content": [{"type": "text", "text": "4"}]},
                "stop_reason": "stop",
            }
        ],
        "usage": {"input_tokens": 9, "output_tokens": 1, "reasoning_tokens": 0},
        "time": 0.812,
    },
    "scores": {"match": {"value": "C"}},
    "metadata": {"topic": "sums"},
}


@reader(
    "inspect",
    recognises=_recognises,
    members="samples/*.json",
    examples=[
        LogExample(
            {
                "version": 2,
                "status": "success",
                "eval": {"task": "sums", "model": "acme/acme-1"},
                "samples": [_SAMPLE],
            },
            [
                {
                    "id": "3",
                    "sample": 1,
                    "arm": "acme/acme-1",
                    "input": "What is 2 + 2?",
                    "output": "4",
                    "reference": "4",
                    "latency_ms": 812.0,
                    "finish_reason": "stop",
                    "model": "acme-1-2026-06",
                }
            ],
        ),
        LogExample(
            {
                "id": "q1",
                "epoch": 1,
                "input": "Hi",
                "target": "",
                "output": {"model": "acme-1", "choices": []},
                "error": {"message": "RateLimitError: 429", "traceback": "…"},
            },
            [
                {
                    "id": "q1",
                    "sample": 0,
                    "error": {"kind": "rate_limited", "message": "RateLimitError: 429"},
                }
            ],
            note="one sample, as an archive holds it",
        ),
    ],
)
def inspect(data: Json) -> Iterator[LogRecord]:
    """Read logs of Inspect: ``.json``, what ``inspect log dump`` writes, and ``.eval`` archives.

    The id of a sample is that of the case, its epochs are the draws, its target is the reference.
    The arm is the model that the log names; a sample in an archive names the one that answered. The
    last answer of a sample is its output. Newer archives are compressed with zstd, which Python
    before 3.14 does not read: ``inspect log dump FILE > FILE.json`` writes what is read everywhere.
    """
    model: Json = None
    match data:
        case {"samples": list(samples), "eval": dict(task)}:
            model = task.get("model")
        case {"id": _, "epoch": _}:
            samples = [data]
        case {"eval": _}:
            raise RecordError("the log holds no samples; write it with them: inspect log dump")
        case _:
            raise RecordError("expected a log of Inspect: {eval: …, samples: […]}")
    for sample in samples:
        if not isinstance(sample, dict):
            raise RecordError("expected every sample to be an object")
        yield LogRecord(_fields(sample, model), sample)


def _fields(sample: Mapping[str, Json], model: Json) -> dict[str, Json]:
    output = _mapping(sample.get("output"))
    choices = output.get("choices")
    choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
    usage = _mapping(output.get("usage")) or _only_usage(sample)
    number, epoch, target = sample.get("id"), sample.get("epoch"), sample.get("target")
    completion = output.get("completion")
    said = message_text(choice["message"]) if "message" in choice else completion
    return {
        "id": str(number) if isinstance(number, int) else number,
        "sample": epoch - 1 if isinstance(epoch, int) else 0,
        "arm": model or output.get("model"),
        "created": sample.get("started_at"),
        "input": asked(sample.get("input")),
        "output": None if output.get("error") else said,
        "error": _error(sample, output),
        "finish_reason": choice.get("stop_reason"),
        "model": output.get("model"),
        "model_requested": model,
        "latency_ms": _milliseconds(output.get("time")),
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "reasoning_tokens": usage.get("reasoning_tokens"),
        "reference": None if target in ("", []) else target,
        "metadata": {**_mapping(sample.get("metadata")), **_choices(sample)},
    }


def _error(sample: Mapping[str, Json], output: Mapping[str, Json]) -> Json:
    found = sample.get("error")
    if isinstance(found, dict):
        return str(found.get("message") or "error")
    return found or output.get("error")


def _only_usage(sample: Mapping[str, Json]) -> dict[str, Json]:
    """Return what the one model of a sample used, where its output does not say."""
    used = list(_mapping(sample.get("model_usage")).values())
    return _mapping(used[0]) if len(used) == 1 else {}


def _milliseconds(seconds: Json) -> Json:
    known = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    return seconds * 1e3 if known else seconds  # type: ignore[operator]


def _choices(sample: Mapping[str, Json]) -> dict[str, Json]:
    found = sample.get("choices")
    return {"choices": found} if isinstance(found, list) and found else {}


def _mapping(given: Json) -> dict[str, Json]:
    return given if isinstance(given, dict) else {}
