"""Logs of a small desk in both arms, and an envelope to hold them against."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.worlds import World

REFUSED = "I'm sorry, but I can't help with that request."
DECLINES = {"scorer": "contains", "text": "can't help"}
"""Read without a model, so that nobody has to doubt what was read."""
BOUNDS: list[dict[str, Any]] = [
    {"metric": "declines", "delta": {"max": "10%"}},
    {"metric": "latency_ms", "statistic": "p95", "max": 4000},
    {"metric": "error_rate", "max": "5%"},
]
ACCURACY = {"metric": "accuracy", "min": 0.5}


def records(count: int = 150, *, kiosk: float = 0.0) -> Iterator[dict[str, Any]]:
    """Yield what both arms logged; the candidate declines so much of what comes from a kiosk."""
    rng = random.Random(5)
    for place in range(count):
        app = "kiosk" if place % 3 == 0 else "web"
        for arm in ("baseline", "candidate"):
            declines = arm == "candidate" and app == "kiosk" and rng.random() < kiosk
            yield {
                "id": f"r{place}", "arm": arm, "user": f"u{place % 120}",
                "created": f"2026-10-0{5 + place * 2 // count}T{place % 24:02}:30:00Z",
                "input": f"Where is parcel {place}?", "metadata": {"app": app},
                "output": REFUSED if declines else f"It arrives on day {place % 5}.",
                "latency_ms": rng.randrange(400, 1500), "cost_usd": 0.0002, "model": f"m-{arm}",
            }  # fmt: skip


def place(folder: Path, bounds: Sequence[dict[str, Any]] = BOUNDS, **keys: Any) -> World:
    """Write an envelope; the files that it names are there, and are not read."""
    found = World(folder)
    found.write("golden.jsonl", [{"id": "a", "input": "?", "reference": "yes"}])
    found.write("recorded.jsonl", [{"id": "a", "output": "yes"}])
    named = {"accuracy": {"scorer": "exact_match"}} if ACCURACY in bounds else {}
    recorded = {"provider": "replay", "path": "recorded.jsonl"}
    document = {
        "version": 1, "name": "desk", "golden_set": "golden.jsonl", "baseline": recorded,
        "candidate": recorded, "metrics": {"declines": DECLINES, **named}, "bounds": list(bounds), **keys,
    }  # fmt: skip
    found.envelope.write_text(json.dumps(document))
    return found
