"""Whole gates on recorded outputs, HTML included, beside reading the same files and no more."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.measuring import Cost, in_turn, median
from tests.worlds import EVALKIT, World, world

BOUNDS: list[dict[str, Any]] = [
    {"metric": "accuracy", "min": 0.2},
    {"metric": "length.words", "min": 20, "max": 200, "range": [0, 1000]},
    {"metric": "refusal", "on": "ambiguous", "delta": 0.05},
    {"metric": "latency_ms", "statistic": "p95", "max": 4000},
    {"metric": "cost_usd", "ratio": {"max": 1.1}},
    {"metric": "label", "delta": 0.05},
]
METRICS = {
    "accuracy": {"scorer": "exact_match"},
    "label": {"scorer": "json_field", "field": "label"},
}
SIZES = {2_000: 5, 20_000: 2}
"""How many cases, and how many rounds."""

READING = """
import json, sys
for name in ("golden.jsonl", "baseline.jsonl", "candidate.jsonl"):
    with open(name) as lines:
        for line in lines:
            json.loads(line)
"""
IMPORTS = "import numpy, pydantic, yaml, jinja2, typer, rich.console"


def gate_lines(folder: Path) -> Iterator[str]:
    """Yield what gates of several sizes cost."""
    for cases, rounds in SIZES.items():
        place = recorded_world(folder / str(cases), cases)
        gate = [str(EVALKIT), "gate", "envelope.yaml", "--json"]
        commands = [
            gate,
            [sys.executable, "-c", IMPORTS],
            [sys.executable, "-c", READING],
        ]
        gates, imports, reading = (
            median(costs) for costs in in_turn(commands, place.folder, rounds=rounds)
        )
        yield (
            f"{cases:>6,} cases × 2 arms, {len(BOUNDS)} bounds: {gates.cpu:5.2f} s of CPU "
            f"({gates.wall:.2f} s), {gates.peak:.0f} MB"
        )
        yield from _beside(gates, imports, reading)


def _beside(gates: Cost, imports: Cost, reading: Cost) -> Iterator[str]:
    yield (
        f"       × {gates.cpu / imports.cpu:.1f} of importing its libraries "
        f"({imports.cpu:.2f} s), × {gates.cpu / reading.cpu:.1f} of reading its files with json "
        f"({reading.cpu:.2f} s)"
    )


def recorded_world(folder: Path, cases: int) -> World:
    """Write an envelope of six bounds with both arms recorded."""
    folder.mkdir(parents=True)
    rng = random.Random(cases)
    golden = [_case(number) for number in range(cases)]
    arms = {arm: [_answer(case, rng) for case in golden] for arm in ("baseline", "candidate")}
    return world(folder, BOUNDS, cases=golden, metrics=METRICS, **arms)


def _case(number: int) -> dict[str, Any]:
    tags = ["ambiguous"] if number % 5 == 0 else ["plain"]
    label = ("billing", "returns", "shipping")[number % 3]
    text = f"Customer {number} asks about {label}, order {number * 7919 % 99_991}. " * 3
    return {"id": f"c{number:06d}", "input": text, "reference": label, "tags": tags}


def _answer(case: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    words = " ".join(rng.choices(_WORDS, k=rng.randint(20, 120)))
    if "ambiguous" in case["tags"] and rng.random() < 0.05:
        words = "I'm sorry, but I can't help with that request."
    label = case["reference"] if rng.random() < 0.9 else "other"
    bare = rng.random() < 0.3  # an exact match, which the field of a JSON answer is not
    return {
        "id": case["id"],
        "output": label if bare else json.dumps({"label": label, "reply": words}),
        "model": "acme-1",
        "finish_reason": "stop",
        "latency_ms": round(rng.lognormvariate(7, 0.5), 1),
        "input_tokens": 60,
        "output_tokens": 20 + len(words) // 4,
        "cost_usd": round(0.0001 + 1e-6 * len(words), 8),
    }


_WORDS = [
    "your",
    "order",
    "is",
    "on",
    "its",
    "way",
    "and",
    "should",
    "arrive",
    "within",
    "three",
    "working",
    "days",
    "please",
    "keep",
    "the",
    "receipt",
    "as",
    "proof",
    "of",
    "purchase",
    "we",
    "are",
    "happy",
    "to",
    "exchange",
    "the",
    "item",
    "if",
    "it",
    "does",
    "not",
    "fit",
    "the",
    "refund",
    "goes",
    "back",
    "to",
    "the",
    "card",
    "you",
    "paid",
    "with",
    "let",
    "us",
    "know",
    "whether",
    "anything",
    "else",
    "is",
    "unclear",
]
