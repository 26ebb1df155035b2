"""Small worlds to gate in: an envelope, a golden set and two recordings, written to a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVALKIT = Path(sys.executable).with_name("evalkit")
"""The installed command, beside the Python that runs the tests."""


def case(number: int, **fields: Any) -> dict[str, Any]:
    """Return the record of a case whose right answer is ``yes``."""
    return {"id": f"c{number:04d}", "input": f"Question {number}?", "reference": "yes", **fields}


def answer(number: int, output: str = "yes", **fields: Any) -> dict[str, Any]:
    """Return the record of a sample."""
    return {"id": f"c{number:04d}", "output": output, **fields}


def answers(right: int, wrong: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """Return records of which the first are right and the rest wrong."""
    return [answer(n, "yes" if n < right else "no", **fields) for n in range(right + wrong)]


@dataclass(frozen=True)
class World:
    """A folder with an envelope in it."""

    folder: Path

    @property
    def envelope(self) -> Path:
        """The envelope file."""
        return self.folder / "envelope.yaml"

    def write(self, name: str, records: Iterable[Mapping[str, Any]]) -> Path:
        """Write records as JSON lines."""
        path = self.folder / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    def gate(self, *options: str, command: Path = EVALKIT, **environment: str) -> Outcome:
        """Run ``evalkit gate`` on the envelope in the folder."""
        arguments = ("gate", str(self.envelope), *options)
        return evalkit(*arguments, folder=self.folder, command=command, **environment)


@dataclass(frozen=True)
class Outcome:
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def outside_ci() -> dict[str, str]:
    """Return this environment without what tells a command that a CI system runs it."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GITLAB_", "CI"))}


def evalkit(*arguments: str, folder: Path, command: Path = EVALKIT, **environment: str) -> Outcome:
    """Run the installed command in a folder."""
    done = subprocess.run(
        [command, *arguments],
        cwd=folder,
        env={**outside_ci(), "NO_COLOR": "1", **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def world(
    folder: Path,
    bounds: Sequence[Mapping[str, Any]],
    *,
    cases: Iterable[Mapping[str, Any]],
    candidate: Iterable[Mapping[str, Any]],
    baseline: Iterable[Mapping[str, Any]] | None = None,
    **keys: Any,
) -> World:
    """Write a world whose metric ``accuracy`` is an exact match."""
    found = World(folder)
    found.write("golden.jsonl", cases)
    found.write("candidate.jsonl", candidate)
    document: dict[str, Any] = {
        "version": 1,
        "name": "world",
        "golden_set": "golden.jsonl",
        "candidate": {"provider": "replay", "path": "candidate.jsonl"},
        "metrics": {"accuracy": {"scorer": "exact_match"}},
        "bounds": list(bounds),
        **keys,
    }
    if baseline is not None:
        found.write("baseline.jsonl", baseline)
        document["baseline"] = {"provider": "replay", "path": "baseline.jsonl"}
    # JSON is YAML; line numbers matter only to tests that write their own envelope.
    found.envelope.write_text(json.dumps(document, indent=1))
    return found
