"""What a reader of real pairs sees is what is named: openings, forms and phrases that came or went."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from evalkit.core.drift import Drift, Giveaway, Told
from evalkit.core.model import Arm, Case, Sample
from evalkit.stages.drift import drift
from evalkit.stages.drift.texts import Texts


def outputs(folder: Path, name: str) -> dict[str, str]:
    with gzip.open(folder / "outputs" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return {row["id"]: row["output"] for row in rows if row.get("sample", 0) == 0}


def compared(
    arms: Mapping[Arm, Mapping[str, str]], pairs: int
) -> tuple[Drift, dict[str, Giveaway]]:
    """Return the drift between two arms on some of their cases, and what is named by its words."""
    names = sorted(arms[Arm.BASELINE].keys() & arms[Arm.CANDIDATE].keys())[:pairs]
    texts = Texts({name: Case(name, "?") for name in names}, 0)
    for arm, answers in arms.items():
        list(texts.passing(Sample(name, arm, output=answers[name]) for name in names))
    found, said = drift(texts, seed=0), {}
    for giveaway in found.giveaways:
        words, place = giveaway.what, giveaway.quoted
        if place is not None:
            words = arms[place.arm][giveaway.case][place.start : place.end]
        said[f"{giveaway.trait}: {words.lower()}"] = giveaway
    return found, said


def snapshots(
    folder: Path, before: str, after: str, pairs: int = 150
) -> tuple[Drift, dict[str, Giveaway]]:
    arms = {Arm.BASELINE: outputs(folder, before), Arm.CANDIDATE: outputs(folder, after)}
    return compared(arms, pairs)


def test_the_style_of_gpt_4_between_march_and_june(shared_data: Path) -> None:
    found, said = snapshots(shared_data / "arena_hard", "gpt-4-0314", "gpt-4-0613", 200)
    assert found.told is Told.APART
    assert found.separation is not None
    assert found.separation.lower > 0.8
    sure = said["opening: sure,"]
    assert sure.baseline < 0.02
    assert sure.candidate > 0.2
    assert any(name.startswith("phrase: ") and "please note" in name for name in said)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("gpt-4-0314", "gpt-4-0613", {"form: answers of three words or fewer", "answer: [no]"}),
        ("gpt-4-0613", "gpt-4-0314", {"opening: step 1:", "answer: [no]"}),
        ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613", {"opening: [no]", "opening: to determine if"}),
        ("gpt-4-0314", "gpt-3.5-turbo-0301", {"opening: [no]", "form: numbered lists"}),
    ],
)
def test_primes_are_answered_another_way(
    shared_data: Path, before: str, after: str, expected: set[str]
) -> None:
    found, said = snapshots(shared_data / "llmdrift_prime", before, after)
    assert found.told is Told.APART
    assert expected <= said.keys()


def test_answers_that_were_dealt_out_by_chance_are_not_told_apart(shared_data: Path) -> None:
    both = [outputs(shared_data / "arena_hard", name) for name in ("gpt-4-0314", "gpt-4-0613")]
    random = Random(1)
    first = {name: random.randrange(2) for name in sorted(both[0])}
    dealt = {
        arm: {name: both[one ^ side][name] for name, one in first.items()}
        for side, arm in enumerate((Arm.BASELINE, Arm.CANDIDATE))
    }
    found, said = compared(dealt, 200)
    assert found.told is Told.NOT_APART
    assert found.separation is not None
    assert found.separation.lower < 0.5 < found.separation.upper
    assert not said
