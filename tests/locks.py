"""Worlds whose baseline is locked, and what a gate in this process says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evalkit.core.errors import EvalkitError
from evalkit.core.run import Origin
from evalkit.flows.gate import gate
from evalkit.spec.envelope import load_envelope
from evalkit.stages.ledger import Ledger
from tests.worlds import World, case

CASES = 40
OUTPUTS = "outputs/desk.baseline.jsonl.gz"
LIVE = {
    "provider": "simulated", "model": "m-1", "refusal": 0.1, "prompt": "Q: {input}",
    "system_prompt": {"text": "Be brief.\nBe kind.\n", "version": 3},
}  # fmt: skip
FROZEN = {"provider": "replay", "path": OUTPUTS}
CANDIDATE = {"provider": "replay", "path": "june.jsonl"}
BOUND = {"metric": "refusal", "delta": 0.9}
ORIGIN = Origin("desk-20261126T120000-0000", "2026-11-26T12:00:00+00:00", "0.1.0", {})


def frozen_world(folder: Path) -> World:
    """Return a folder whose baseline is asked live; the candidate was recorded."""
    found = World(folder)
    found.write("golden.jsonl", (case(number) for number in range(CASES)))
    answered = ({"id": f"c{n:04d}", "output": "yes", "model": "m-2"} for n in range(CASES))
    found.write("june.jsonl", answered)
    write(found)
    return found


def write(place: World, **keys: Any) -> None:
    """Write the envelope anew, with some of its keys otherwise."""
    document = {
        "version": 1, "name": "desk", "golden_set": "golden.jsonl", "bounds": [BOUND],
        "baseline": LIVE, "candidate": CANDIDATE, **keys,
    }  # fmt: skip
    place.envelope.write_text(json.dumps(document, indent=1))


def lock(place: World) -> Path:
    """Return the lock of a world."""
    return place.folder / "evalkit.lock"


def edited(path: Path, before: str, after: str) -> None:
    """Edit a file by hand, where it says something first."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def gated(place: World) -> str:
    """Gate recorded arms in this process; return what was refused, or the notes of the verdict."""
    ledger = Ledger(place.folder / "reports" / "ledger.jsonl")
    run = f"run-{len(list(place.folder.glob('run-*')))}"
    try:
        loaded = load_envelope(place.envelope)
        verdict = gate(loaded, place.folder / run, ORIGIN, limit=None, ledger=ledger)
    except EvalkitError as error:
        return f"refused: {error}"
    return "\n".join(["gated", *verdict.facts.notes])
