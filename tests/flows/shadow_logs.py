"""Logs of two arms, in every file they may come in, and an envelope for them."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path

from evalkit.core.digest import canonical_json
from evalkit.core.model import Arm
from evalkit.core.traffic import Logged
from evalkit.flows.shadow.parts import Parts, parts_of
from evalkit.flows.shadow.plan import ShadowPlan, measurable
from evalkit.spec.envelope import LoadedEnvelope, load_envelope

Record = dict[str, object]

ANSWERS = ("Sure, here it is.", "I'm sorry, but I can't help with that.", "Yes.\n\n- one\n- two")
ENVELOPE = """
version: 1
name: traffic
golden_set: cases.jsonl
baseline: {provider: replay, path: b.jsonl}
candidate: {provider: replay, path: c.jsonl}
metrics:
  tone: {scorer: judge, rubric: "Is it kind? {output}", by: {provider: openai, model: gpt-x}}
  same: {scorer: collapse}
  right: {scorer: exact_match}
  language: {scorer: language}
bounds:
  - {metric: refusal, delta: {max: 0.05}}
  - {metric: length.words, max: 100, range: [0, 1000]}
  - {metric: latency_ms, statistic: p95, max: 9000}
  - {metric: cost_usd, ratio: {max: 1.2}}
  - {metric: error_rate, max: 0.2}
  - {metric: length.tokens, ratio: {max: 1.5}}
  - {metric: refusal, name: refusal.billing, on: billing, delta: {max: 0.2}}
"""


def records(count: int = 24, seed: int = 1) -> list[Record]:
    """Return so many requests that both arms answered, in the order of a log."""
    rng = random.Random(seed)
    found: list[Record] = []
    for number in range(count):
        shared: Record = {
            "id": f"r{number}", "user": f"u{rng.randint(1, 9)}", "input": f"Question {number}?",
            "created": f"2026-10-01T{rng.randint(0, 23):02}:15:00Z",
            "tags": ["billing"] if number % 3 == 0 else [],
            "metadata": {"region": rng.choice(["eu", "us"])},
        }  # fmt: skip
        for arm in Arm:
            own: Record = {"arm": arm.value, "latency_ms": rng.randint(1, 9000)}
            if rng.random() < 0.1:
                own |= {"error": {"kind": "timeout", "message": "none"}}
            else:
                own |= {"output": rng.choice(ANSWERS), "cost_usd": rng.random() / 1000}
            found.append(shared | own)
    return found


def written(path: Path, found: Sequence[Record]) -> Path:
    """Write a log as its name says."""
    path.parent.mkdir(exist_ok=True)
    lines = "".join(json.dumps(record) + "\n" for record in found).encode()
    if path.suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        keys = dict.fromkeys(key for record in found for key in record)
        table = pa.Table.from_pylist([{key: record.get(key) for key in keys} for record in found])
        parquet.write_table(table, path, row_group_size=10)
    elif path.suffix == ".json":
        path.write_text(json.dumps(list(found)))
    else:
        path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def envelope(folder: Path, text: str = ENVELOPE) -> LoadedEnvelope:
    """Return the envelope, written into a folder."""
    path = folder / "envelope.yaml"
    path.write_text(text)
    return load_envelope(path)


def plan_of(loaded: LoadedEnvelope, parts: Parts, **more: object) -> ShadowPlan:
    """Return what is counted of logs under an envelope."""
    plan: dict[str, object] = {
        "document": canonical_json(loaded.document),
        "path": loaded.path,
        "code_root": None,
        "measures": measurable(loaded).measures,
        "arms": {arm.value: arm for arm in Arm},
        "reader": parts.reader,
        "buckets": 1,
    }
    return ShadowPlan(**(plan | more))  # type: ignore[arg-type]


class Noted:
    """What passes by, by name; two of them add in their order."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Arm, dict[str, float]]] = []

    def see(self, logged: Logged, arm: Arm, scores: dict[str, float]) -> None:
        """Note a request."""
        self.found.append((logged.sample.case_id, arm, dict(scores)))

    def __add__(self, other: Noted) -> Noted:
        """Return both."""
        both = Noted()
        both.found = self.found + other.found
        return both


class Deadly(Noted):
    """Ends the process that sees a request, once."""

    def __init__(self, request: str, died: str) -> None:
        super().__init__()
        self.request = request
        self.died = Path(died)

    def see(self, logged: Logged, arm: Arm, scores: dict[str, float]) -> None:
        """Note a request, or end."""
        if logged.sample.case_id == self.request and not self.died.exists():
            self.died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        super().see(logged, arm, scores)


__all__ = ["Deadly", "Noted", "Record", "envelope", "parts_of", "plan_of", "records", "written"]
