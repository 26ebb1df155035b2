"""Canaries to watch: an envelope, and traffic of both arms as a log has it, the same for every seed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

BEGIN = 1_790_000_100.0
"""A multiple of the look below, far enough from now to be nobody's clock."""
LOOK = 60.0

ENVELOPE = """\
version: 1
name: chat
golden_set: cases.jsonl
candidate: {{provider: replay, path: outputs.jsonl}}
bounds:
  - {{metric: error_rate, max: 5%}}
canary:
  stages: [20%, 50%]
  look: 60s
  stale_after: 180s
  min_duration: {least}
  detect: 5
  confidence: 0.9
{more}"""

PROMETHEUS = """\
  prometheus:
    url: {url}
    requests: sum(increase(requests_total{{arm="$arm"}}[$look]))
    queries: {{error_rate: 'sum(increase(requests_total{{arm="$arm",status="error"}}[$look])) or vector(0)'}}
    settles: 30s
{more}"""


def written(folder: Path, *, least: str = "3m", more: str = "") -> Path:
    """Write an envelope and what it names, and return its path."""
    case = {"id": "c1", "input": "hello"}
    (folder / "cases.jsonl").write_text(json.dumps(case) + "\n")
    (folder / "outputs.jsonl").write_text(json.dumps({"id": "c1", "output": "hello"}) + "\n")
    path = folder / "envelope.yaml"
    path.write_text(ENVELOPE.format(least=least, more=more))
    return path


@dataclass(frozen=True)
class Traffic:
    """Requests a second, shares of the candidate by moment, and what share of either arm's fail.

    ``shares`` holds pairs of a moment and the share from there on, and ``worse`` the moment from
    which on half of the candidate's requests fail.
    """

    begin: float = BEGIN
    per_second: float = 10.0
    shares: tuple[tuple[float, float], ...] = ((0.0, 0.2),)
    errors: float = 0.02
    worse: float = float("inf")
    seed: int = 1

    def lines(self, start: float, end: float) -> list[str]:
        """Return the lines of the requests from one moment to another, numbered from the beginning."""
        first = round((start - self.begin) * self.per_second)
        last = round((end - self.begin) * self.per_second)
        return [self._line(number) for number in range(first, last)]

    def _line(self, number: int) -> str:
        at = self.begin + number / self.per_second
        chance = random.Random(f"{self.seed}/{number}")
        share = [value for since, value in self.shares if self.begin + since <= at][-1]
        arm = "candidate" if chance.random() < share else "baseline"
        fails = 0.5 if arm == "candidate" and at >= self.begin + self.worse else self.errors
        record: dict[str, object] = {"arm": arm, "id": f"r{number}", "created": at}
        if chance.random() < fails:
            record["error"] = {"kind": "server", "message": "HTTP 500"}
        else:
            record["output"] = "hello"
        return json.dumps(record) + "\n"
