"""Writes the shipped production log anew: two days of a fictional support desk, in both arms.

``python traffic/generate.py`` rewrites the log beside it, byte for byte as it was, from the golden
set and the recordings in ``golden_sets``. With ``--into`` it goes elsewhere, with ``--seed`` it is
another draw of the same two days.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).resolve().parent
GOLDEN_SETS = HERE.parent / "golden_sets"
SEED = 7

REQUESTS = 1300
USERS = 420
BEGIN = datetime(2026, 10, 5, tzinfo=UTC)
HOURS = 48
APPS = {"web": 0.55, "phone": 0.31, "kiosk": 0.14}
COUNTRIES = {"de": 0.46, "fr": 0.29, "pl": 0.25}

SLOW_HOUR = 43
"""In this hour, the second evening at seven, the candidate takes three times as long."""
CAUTIOUS = "kiosk"
"""To requests of this app, whose system prompt is another one, the candidate declines what sounds dangerous."""
DECLINED = 0.75
REFUSAL = "I'm sorry, but I can't help with that request."
FAILURES = 0.004

Record = dict[str, Any]


def main() -> None:
    """Write the log."""
    parser = ArgumentParser(description="Writes the shipped production log anew.")
    parser.add_argument("--into", type=Path, default=HERE, help="where the file goes")
    parser.add_argument("--seed", type=int, default=SEED, help="another draw of the same two days")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE.parent))  # so that it can be started from anywhere
    from evalkit.files.writing import write_lines

    options.into.mkdir(parents=True, exist_ok=True)
    write_lines(options.into / "support.jsonl.gz", records(Random(options.seed)))


def records(rng: Random) -> Iterator[Record]:
    """Yield what both arms logged of each request, in the order in which they came."""
    cases = _lines(GOLDEN_SETS / "support.jsonl")
    answers = {"baseline": _answers("2025-11-04"), "candidate": _answers("2026-03-01")}
    for place, hour in enumerate(sorted(_hour(rng) for _ in range(REQUESTS))):
        case = rng.choice(cases)
        user = f"u{int(USERS * rng.random() ** 1.5):03d}"
        # An app is a user's habit, so that requests of one user are alike.
        app = _chosen(Random(f"app {user}"), APPS)
        country = _chosen(Random(f"country {user}"), COUNTRIES)
        metadata = {"app": app, "country": country, "channel": case["metadata"]["channel"]}
        come = BEGIN + timedelta(hours=hour)
        request = f"r{place:05d}"
        for arm, known in answers.items():
            answer = rng.choice(known[case["id"]])
            if arm == "candidate" and app == CAUTIOUS and "ambiguous" in case["tags"]:
                answer = _declined(answer) if rng.random() < DECLINED else answer
            slow = 3 if arm == "candidate" and math.floor(hour) == SLOW_HOUR else 1
            yield {
                "id": request, "arm": arm, "user": user, "created": f"{come:%Y-%m-%dT%H:%M:%SZ}",
                "tags": case["tags"], "metadata": metadata, "input": case["input"],
                **_told(rng, answer, slow),
            }  # fmt: skip


def _told(rng: Random, answer: Record, slow: int) -> Record:
    """Return what an arm logs of one answer, or of the failure in its place."""
    if rng.random() < FAILURES:
        return {"error": "timeout"}
    latency = round(answer["latency_ms"] * slow * rng.uniform(0.9, 1.1))
    kept = ("output", "model", "finish_reason", "input_tokens", "output_tokens", "cost_usd")
    return {**{name: answer[name] for name in kept}, "latency_ms": latency}


def _declined(answer: Record) -> Record:
    """Return an answer that says no to the customer, in the same form."""
    ticket = json.loads(answer["output"])
    return {**answer, "output": json.dumps({**ticket, "reply": REFUSAL}), "output_tokens": 29}


def _hour(rng: Random) -> float:
    """Return when a request comes: few by night, most in the afternoon."""
    while True:
        hour = rng.uniform(0, HOURS)
        if rng.random() < 0.55 - 0.45 * math.cos(2 * math.pi * (hour - 4) / 24):
            return hour


def _chosen(rng: Random, shares: dict[str, float]) -> str:
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def _answers(snapshot: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    path = GOLDEN_SETS / "outputs" / f"support.acme-chat-{snapshot}.jsonl.gz"
    for record in _lines(path):
        found.setdefault(record["id"], []).append(record)
    return found


def _lines(path: Path) -> list[Record]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


if __name__ == "__main__":
    main()
