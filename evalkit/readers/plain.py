"""Records in evalkit's own form, or in any other with a field map."""

from collections.abc import Iterator

from evalkit.core.told import told_by_metadata
from evalkit.readers import Json, LogExample, LogRecord, RecordError, reader

OBSERVED = frozenset(
    {"output", "error", "refusal", "latency_ms", "ttft_ms", "output_tokens", "cost_usd"}
)


def _recognises(data: Json) -> bool:
    return isinstance(data, dict) and "id" in data and not OBSERVED.isdisjoint(data)


@reader(
    "plain",
    recognises=_recognises,
    examples=[
        LogExample(
            {
                "arm": "candidate",
                "id": "req-1",
                "user": "u7",
                "created": "2026-10-01T12:00:00Z",
                "input": "Where is my order?",
                "output": "On its way.",
                "latency_ms": 812,
                "model": "acme-1",
                "tags": ["shipping"],
                "metadata": {"region": "eu"},
            },
            [
                {
                    "id": "req-1",
                    "arm": "candidate",
                    "user": "u7",
                    "when": 1790856000.0,
                    "input": "Where is my order?",
                    "output": "On its way.",
                    "latency_ms": 812.0,
                    "tags": ["shipping"],
                }
            ],
        ),
        LogExample(
            {"id": "req-2", "error": "503 overloaded"},
            [{"id": "req-2", "error": {"kind": "server", "message": "503 overloaded"}}],
            note="what failed says nothing of the behaviour",
        ),
        LogExample(
            {"id": "req-3", "output": "Hi", "metadata": {"model_snapshot": "acme-1-2026-06"}},
            [{"id": "req-3", "model": "acme-1-2026-06"}],
            note="metadata as an endpoint tells it beside its answers",
        ),
    ],
)
def plain(data: Json) -> Iterator[LogRecord]:
    """Read records of evalkit's own form, or any others with ``--map field=path``.

    A record is a recorded output, as ``provider: replay`` reads it, with ``arm``, ``user``,
    ``created``, ``input``, ``reference`` and ``tags`` beside it. Runs write it, and so does whatever
    mirrors traffic. A field that is mapped comes from where the map says, every other from its own
    name. Where a record does not name its ``model``, ``format_version`` or ``model_deprecated_at``, its
    ``metadata`` may: as ``model_snapshot`` and under the same names.
    """
    if not isinstance(data, dict):
        raise RecordError("expected an object with id and output")
    told = told_by_metadata(data.get("metadata"))
    lacking = {name: value for name, value in told.items() if data.get(name) is None}
    yield LogRecord({**data, **lacking} if lacking else data, data)
