"""Event logs of OpenAI's evals: what ``oaieval`` records, a line an event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from evalkit.core.records import RecordError
from evalkit.files.conversations import answered, asked
from evalkit.readers import Json, LogExample, LogRecord, reader


def _recognises(data: Json) -> bool:
    match data:
        case {"spec": {"eval_name": _}} | {"spec": {"completion_fns": _}}:
            return True
        case {"run_id": _, "event_id": _, "sample_id": _, "type": _}:
            return True
    return False


def _event(number: int, kind: str, data: Json) -> dict[str, Json]:
    return {
        "run_id": "r1",
        "event_id": number,
        "sample_id": "sums.test.1",
        "type": kind,
        "data": data,
        "created_at": "2026-10-01 12:00:00.000000+00:00",
    }


@reader(
    "openai_evals",
    recognises=_recognises,
    examples=[
        LogExample(
            _event(1, "match", {"correct": True, "expected": "4", "picked": "4"}),
            [
                {
                    "id": "sums.test.1",
                    "arm": "acme-1",
                    "input": "What is 2 + 2?",
                    "output": "4",
                    "reference": "4",
                }
            ],
            before=[
                {"spec": {"eval_name": "sums.test", "completion_fns": ["acme-1"]}},
                _event(
                    0,
                    "sampling",
                    {"prompt": [{"role": "user", "content": "What is 2 + 2?"}], "sampled": ["4"]},
                ),
            ],
        ),
        LogExample(
            _event(0, "error", {"type": "APITimeoutError", "message": "Request timed out."}),
            [
                {
                    "id": "sums.test.1",
                    "error": {"kind": "timeout", "message": "Request timed out."},
                }
            ],
        ),
    ],
)
class OpenAIEvals:
    """Read the event log of an evaluation; the events of a sample are put together by its id.

    The first sampling of a sample is its answer: what follows it in a model-graded evaluation is the
    grader. What a match expected is the reference, and the first completion function the arm. The
    samples of a whole log are held in memory, for their events stand anywhere in it.
    """

    def __init__(self) -> None:
        self._model: Json = None
        self._samples: dict[str, dict[str, Json]] = {}

    def __call__(self, data: Json) -> Iterable[LogRecord]:
        """Note an event; nothing is known to be whole before the end."""
        event = data if isinstance(data, dict) else {}
        match event:
            case {"spec": dict(spec)}:
                functions = spec.get("completion_fns")
                self._model = functions[0] if isinstance(functions, list) and functions else None
            case {"final_report": _}:
                pass
            case {"sample_id": str(sample), "type": str(kind), "data": dict(told)}:
                known = self._samples.setdefault(sample, {"id": sample})
                _note(known, kind, told, event.get("created_at"))
            case _:
                raise RecordError("expected an event with sample_id, type and data")
        return ()

    def rest(self) -> Iterator[LogRecord]:
        """Yield the samples in the order of their first events."""
        for fields in self._samples.values():
            yield LogRecord({"arm": self._model, **fields}, fields)


def _note(known: dict[str, Json], kind: str, data: Mapping[str, Json], created: Json) -> None:
    if kind == "sampling" and "output" not in known:
        sampled = data.get("sampled")
        first = sampled[0] if isinstance(sampled, list) and sampled else sampled
        known["output"] = answered(first) if first is not None else ""
        known["input"] = asked(data.get("prompt"))
        known["model"] = data.get("model")
        known["created"] = created
        usage = data.get("usage")
        if isinstance(usage, dict):
            known["input_tokens"] = usage.get("prompt_tokens")
            known["output_tokens"] = usage.get("completion_tokens")
    elif kind == "match" and data.get("expected") is not None:
        known.setdefault("reference", data["expected"])
    elif kind == "error":
        known["error"] = {"code": data.get("type"), "message": data.get("message") or "error"}
