"""Samples of the LM Evaluation Harness: ``samples_TASK_….jsonl``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from evalkit.core.records import RecordError
from evalkit.files.conversations import asked
from evalkit.readers import Json, LogExample, LogRecord, reader


def _recognises(data: Json) -> bool:
    return isinstance(data, dict) and {"doc_id", "doc", "resps"} <= set(data)


_SAMPLE: dict[str, Json] = {
    "doc_id": 0,
    "doc": {"question": "What is 2 + 2?", "answer": "4"},
    "target": "4",
    "arguments": {"gen_args_0": {"arg_0": "Q: What is 2 + 2?\nA:", "arg_1": {"until": ["\n"]}}},
    "resps": [[" The answer is 4."]],
    "filtered_resps": ["4"],
    "filter": "strict-match",
    "doc_hash": "a1",
    "exact_match": 1.0,
}


@reader(
    "lm_eval",
    recognises=_recognises,
    examples=[
        LogExample(
            _SAMPLE,
            [
                {
                    "id": "0",
                    "input": "Q: What is 2 + 2?\nA:",
                    "output": " The answer is 4.",
                    "reference": "4",
                }
            ],
        ),
        LogExample(
            {**_SAMPLE, "filter": "flexible-extract"},
            [],
            before=[_SAMPLE],
            note="the same answers, filtered otherwise",
        ),
        LogExample(
            {**_SAMPLE, "arguments": [["Q:"]], "resps": [["a", "b"]]},
            [
                {"id": "0", "sample": 0, "input": "Q:", "output": "a"},
                {"id": "0", "sample": 1, "output": "b"},
            ],
            note="two draws, in the form of before 2024",
        ),
    ],
)
class LmEval:
    """Read the samples that the harness writes with ``--log_samples`` for tasks that generate text.

    What the model said is the output, before any filter. A line for each further filter of the same
    document is passed over, and several answers to a document are its draws. Tasks that compare
    log-likelihoods have no text to judge, and are an error.
    """

    def __init__(self) -> None:
        self._filters: dict[str, Json] = {}

    def __call__(self, data: Json) -> Iterator[LogRecord]:
        """Yield the draws of a document."""
        if not isinstance(data, dict) or "doc_id" not in data or "resps" not in data:
            raise RecordError("expected a sample of the harness: an object with doc_id and resps")
        name = str(data["doc_id"])
        chosen = self._filters.setdefault(name, data.get("filter"))
        if chosen != data.get("filter"):
            return
        prompt = _prompt(data.get("arguments"))
        for index, text in enumerate(_texts(data["resps"])):
            yield LogRecord(
                {
                    "id": name,
                    "sample": index,
                    "input": asked(prompt) or _variables(data),
                    "output": text,
                    "reference": data.get("target"),
                    "metadata": _metadata(data),
                },
                data,
            )

    def rest(self) -> Iterable[LogRecord]:
        """Return nothing: every line holds its answers."""
        return ()


def _prompt(arguments: Json) -> Json:
    """Return what the model was given: the first argument of the first request."""
    match arguments:
        case {"gen_args_0": {"arg_0": found}}:
            return found
        case [[found, *_], *_] | [{"arg_0": found}, *_]:
            return found
    return None


def _texts(resps: Json) -> Iterator[str]:
    """Yield the texts in ``[["a", "b"]]``, which may be nested less."""
    items = resps if isinstance(resps, list) else [resps]
    flat = [text for item in items for text in (item if isinstance(item, list) else [item])]
    for text in flat:
        if not isinstance(text, str):
            raise RecordError(
                "expected resps to be texts; this task compares log-likelihoods, and says nothing"
            )
        yield text
    if not flat:
        raise RecordError("expected resps to hold an answer, found none")


def _variables(data: Mapping[str, Json]) -> Json:
    doc = data.get("doc")
    return doc if isinstance(doc, dict) and doc else None


def _metadata(data: Mapping[str, Json]) -> dict[str, Json]:
    return {key: data[key] for key in ("doc_hash", "filter", "task_name") if data.get(key)}
