"""The published accuracies of LLMDrift come out of its recordings with the default extractor."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from evalkit.core.model import Arm, Case, Sample
from evalkit.core.registry import SCORERS

CHOICE = SCORERS.get("choice")


@pytest.mark.parametrize(
    ("snapshot", "right", "extracted"),
    [
        ("gpt-4-0314", 840, 996),
        ("gpt-4-0613", 511, 1000),
        ("gpt-3.5-turbo-0301", 529, 1000),
        ("gpt-3.5-turbo-0613", 761, 953),
    ],
)
def test_prime_numbers_are_judged_as_published(
    shared_data: Path, snapshot: str, right: int, extracted: int
) -> None:
    folder = shared_data / "llmdrift_prime"
    lines = (folder / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    cases = {case["id"]: Case(case["id"], "", case["reference"]) for case in map(json.loads, lines)}
    with gzip.open(folder / "outputs" / f"{snapshot}.jsonl.gz", "rt", encoding="utf-8") as outputs:
        scores = [
            CHOICE(
                cases[record["id"]],
                Sample(record["id"], Arm.CANDIDATE, output=record["output"]),
                CHOICE.options(),
            )
            for record in map(json.loads, outputs)
        ]
    assert sum(score.values[0] == 1.0 for score in scores) == right
    assert sum(score.values[2] == 1.0 for score in scores) == extracted
