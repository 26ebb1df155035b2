"""A past to look back on: run folders over a quarter, as gates would have left them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evalkit.core.model import Arm
from evalkit.core.verdict import BoundResult, Estimate, Outcome, Result, SnapshotSummary
from evalkit.stages.store import RunFolder
from tests.fakes.hostile import HOSTILE
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    DIGESTS,
    REFUSAL,
    SLOW,
    absolute,
    facts,
    manifest,
    verdict,
)

MANY = 80
FEW = 9
FIRST = datetime(2026, 8, 1, 8, 30, tzinfo=UTC)
ACCURATE = replace(ACCURACY, limit=absolute(0.5))


def past(folder: Path) -> Path:
    """Write a folder with many runs of one envelope and few of another, one bound of which is hostile."""
    chance = random.Random(20261126)
    for number, bounds in enumerate(_many(chance), start=1):
        _run(folder, f"assistant-{number:03}", number, bounds, envelope="assistant")
    hostile = replace(CODE, name=HOSTILE["an attribute"][:40], on=HOSTILE["a closed page"][:40])
    for number in range(1, FEW + 1):
        _run(folder, f"writer-{number}", number * 9, (hostile, REFUSAL), envelope="writer")
    (folder / "notes").mkdir()
    return folder


def _many(chance: random.Random) -> Iterator[tuple[BoundResult, ...]]:
    """Yield the bounds of each run: a walk of one, a leap of another, and one that was added later."""
    walk = 0.14
    for number in range(MANY):
        walk += chance.gauss(0, 0.012)
        accurate = _moved(ACCURATE, walk, 0.027 if number % 13 else 0.09)
        if number >= MANY // 2:
            limit = absolute(0.6)
            accurate = replace(accurate, limit=limit, result=_held(accurate, 0.6))
        else:
            accurate = replace(accurate, result=_held(accurate, 0.5))
        leap = -0.745 if number < 50 else -0.71 + chance.gauss(0, 0.004)
        refusal = _moved(REFUSAL, leap, 0.012)
        refusal = replace(refusal, result=Result.HOLDS if number < 50 else Result.BROKEN)
        slow = (SLOW,) if number >= 60 else ()
        yield (accurate, refusal, replace(CODE), *slow)


def _moved(bound: BoundResult, by: float, half: float) -> BoundResult:
    """Return a bound whose estimate lies elsewhere, with an interval so wide to either side."""
    judged = bound.judged
    assert isinstance(judged, Estimate)
    value = judged.value + by
    shifted = replace(judged, value=value, lower=value - half, upper=value + half)
    if bound.effect is not None:
        return replace(bound, effect=shifted)
    return replace(bound, candidate=shifted)


def _held(bound: BoundResult, least: float) -> Result:
    judged = bound.judged
    assert isinstance(judged, Estimate)
    if judged.lower >= least:
        return Result.HOLDS
    return Result.BROKEN if judged.upper < least else Result.UNDECIDED


def _run(
    folder: Path, name: str, day: int, bounds: tuple[BoundResult, ...], *, envelope: str
) -> None:
    model = "acme-chat-2026-07-01" if day < 50 else "acme-chat-2026-09-15"
    digests = replace(
        DIGESTS,
        golden_set="one" if day < 25 else "two",
        prompts={**DIGESTS.prompts, Arm.CANDIDATE: str(day // 16)},
    )
    snapshots = {
        Arm.BASELINE: SnapshotSummary(None, ("acme-chat-2026-01-01",)),
        Arm.CANDIDATE: SnapshotSummary(model, (model,)),
    }
    smoke = day % 19 == 0
    found = replace(facts(smoke=smoke), digests=digests, snapshots=snapshots)
    results = {bound.result for bound in bounds}
    outcome = next(
        outcome
        for result, outcome in {
            Result.BROKEN: Outcome.FAIL, Result.UNMEASURED: Outcome.UNMEASURED,
            Result.UNDECIDED: Outcome.INCONCLUSIVE, Result.HOLDS: Outcome.PASS,
        }.items()
        if result in results
    )  # fmt: skip
    run = RunFolder.create(folder / name)
    run.write_verdict(verdict(outcome, bounds, found, envelope=envelope))
    origin = manifest(smoke="--limit 20" if smoke else "")
    created = (FIRST + timedelta(days=day, minutes=day)).isoformat()
    run.write_manifest(replace(origin, run=name, created=created, digests=digests))
