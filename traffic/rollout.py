"""Write ``rollout.jsonl.gz``: two and a half hours of traffic in which a candidate goes wrong at 50 %.

Run it as ``python traffic/rollout.py``. Everything is drawn with one seed: the same bytes each time. At
20 % of the traffic the candidate is like the baseline; from 12:00 on it gets 50 %, and from then on every
tenth of its requests fails: what it asks for runs out under load.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2026, 10, 5, 10, tzinfo=UTC)
MORE = START + timedelta(hours=2)
MINUTES = 150
A_MINUTE = 40
ANSWERS = (
    "It is on its way.",
    "You get the money back.",
    "Please try again now.",
    "Yes, until Friday.",
)
REFUSAL = "I'm sorry, but I can't help with that."
SHARES = {True: 0.5, False: 0.2}


def requests(seed: int = 7) -> Iterator[dict[str, object]]:
    """Yield the requests in the order they came."""
    rng = np.random.default_rng(seed)
    for number in range(MINUTES * A_MINUTE):
        when = START + timedelta(seconds=number * 60 // A_MINUTE)
        late = when >= MORE
        arm = "candidate" if rng.random() < SHARES[late] else "baseline"
        record: dict[str, object] = {
            "id": f"r{number}",
            "arm": arm,
            "created": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        }
        failing = 0.1 if late and arm == "candidate" else 0.02
        latency = round(float(rng.lognormal(7.0, 0.5)), -1)
        if rng.random() < failing:
            record["error"] = "timeout"
        else:
            record["output"] = (
                REFUSAL if rng.random() < 0.03 else ANSWERS[rng.integers(len(ANSWERS))]
            )
            record |= {"input_tokens": 240, "output_tokens": 10 * int(rng.integers(5, 9))}
            record["latency_ms"] = int(latency)
        yield record


if __name__ == "__main__":
    path = Path(__file__).with_suffix(".jsonl.gz")
    lines = "".join(json.dumps(record) + "\n" for record in requests())
    with path.open("wb") as stream, gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed:
        packed.write(lines.encode())
