"""Same samples, same envelope: the same verdict, byte for byte."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.worlds import World, case, world

WORDS = [
    "the",
    "a",
    "quick",
    "slow",
    "answer",
    "yes",
    "no",
    "maybe",
    "because",
    "of",
    "under",
    "over",
    "reason",
    "value",
]
BOUNDS: list[dict[str, Any]] = [
    {"metric": "accuracy", "min": 0.7},
    {"metric": "accuracy", "delta": 0.2, "on": "odd"},
    {"metric": "length.words", "min": 5, "max": 60, "range": [0, 200]},
    {"metric": "length.chars", "max": 300},
    {"metric": "latency_ms", "statistic": "p95", "max": 4000},
    {"metric": "cost_usd", "ratio": {"max": 1.3}},
    {"metric": "length.words", "ratio": {"min": 0.7, "max": 1.4}, "range": [0, 200]},
    {"metric": "accuracy", "each": ["odd", "even"], "min": 0.6},
    {"metric": "toxicity", "max": 0.05},
]


def recording(seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    return [
        {
            "id": f"c{number:04d}",
            "sample": sample,
            "output": "yes" if rng.random() < 0.85 else " ".join(rng.choices(WORDS, k=20)),
            "latency_ms": round(rng.lognormvariate(7, 0.5), 3),
            "cost_usd": round(rng.uniform(0.001, 0.003), 6),
            "model": f"model-{seed}",
        }
        for number in range(150)
        for sample in range(2)
    ]


def place_of(folder: Path, *, shuffled: bool = False) -> World:
    cases = [
        case(number, tags=["odd" if number % 2 else "even"], cluster=f"k{number // 3}")
        for number in range(150)
    ]
    baseline, candidate = recording(1), recording(2)
    if shuffled:
        for records in (cases, baseline, candidate):
            random.Random(9).shuffle(records)
    folder.mkdir(exist_ok=True)
    return world(folder, BOUNDS, cases=cases, candidate=candidate, baseline=baseline, repeats=2)


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    return place_of(tmp_path_factory.mktemp("world")).gate("--json").out


def test_the_verdict_is_interesting_enough_to_differ(verdict: str) -> None:
    assert all(word in verdict for word in ("holds", "Gaffke over clusters", "skew-guarded t"))


def test_in_two_processes(verdict: str, tmp_path: Path) -> None:
    assert place_of(tmp_path).gate("--json", PYTHONHASHSEED="77").out == verdict


def test_in_any_order_of_the_lines(verdict: str, tmp_path: Path) -> None:
    assert place_of(tmp_path, shuffled=True).gate("--json").out == verdict


def test_without_the_processor_s_vector_instructions(verdict: str, tmp_path: Path) -> None:
    off = " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))
    if not off:
        pytest.skip("numpy found no vector instructions that could be switched off here")
    found = place_of(tmp_path).gate("--json", NPY_DISABLE_CPU_FEATURES=off)
    assert found.out == verdict


def test_with_the_oldest_libraries_that_are_allowed(verdict: str, tmp_path: Path) -> None:
    oldest = os.environ.get("EVALKIT_OLDEST")
    if oldest is None:
        pytest.skip("EVALKIT_OLDEST names no evalkit with the oldest libraries; make check does")
    place = place_of(tmp_path)
    assert place.gate("--json", "-o", "run", command=Path(oldest)).out == verdict
    versions = json.loads((tmp_path / "run" / "manifest.json").read_text())["versions"]
    assert versions["numpy"] != np.__version__


def test_the_seed_of_a_gate_without_resampling_changes_nothing_but_the_seed(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    verdict = place.gate("--json", "--drift", "off").out
    same = [line for line in verdict.splitlines() if '"envelope"' not in line]
    seeded = place.gate("--json", "--drift", "off", "--seed", "5").out
    assert [line for line in seeded.splitlines() if '"envelope"' not in line] == same
