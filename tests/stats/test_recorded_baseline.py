"""Deltas to a recorded baseline of many draws are those that an independent program found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.envelope import Limit, LimitKind
from evalkit.stats.decision import proves_inside, proves_outside
from tests.stats.arms import engine, evidence

FILE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "statistics.json"
VECTORS: list[dict[str, Any]] = [
    vector
    for vector in (json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else [])
    if vector["method"] == "delta_recorded_baseline"
]
WORDS = {(True, False): "PASS", (False, True): "FAIL", (False, False): "INCONCLUSIVE"}


def draws(successes: list[int], numbers: list[int]) -> list[list[float]]:
    """Return as many ones as counted, and zeros up to the number of draws, for every case."""
    return [[float(i < x) for i in range(k)] for x, k in zip(successes, numbers, strict=True)]


@pytest.mark.skipif(not VECTORS, reason=f"independent vectors are not at {FILE}")
def test_there_are_vectors_with_a_verdict() -> None:
    assert len(VECTORS) >= 10
    assert {vector["expected"]["verdict"] for vector in VECTORS} <= set(WORDS.values())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_a_delta_to_a_recorded_baseline_is_reproduced(vector: dict[str, Any]) -> None:
    inputs, expected, within = vector["inputs"], vector["expected"], vector["tolerance"]
    refusals = inputs["baseline_refusals"]
    baseline = draws(refusals, [inputs["k_baseline"]] * len(refusals))
    candidate = draws(inputs["candidate_refusals"], expected["k_candidate"])
    delta = engine(evidence(candidate, baseline), LimitKind.DELTA)
    alpha, margin = 1 - inputs["confidence_one_sided"], inputs["margin"]
    lower, upper = delta.lower(alpha), delta.upper(alpha)
    assert delta.value == pytest.approx(expected["estimate"], abs=within)
    assert (lower, upper) == pytest.approx((expected["lower"], expected["upper"]), abs=within)
    assert delta.p_above(-margin) == pytest.approx(expected["p_lower"], abs=within)
    assert delta.p_below(margin) == pytest.approx(expected["p_upper"], abs=within)
    limit = Limit(LimitKind.DELTA, -margin, margin)
    claims = proves_inside(lower, upper, limit), proves_outside(lower, upper, limit)
    assert WORDS[claims] == expected["verdict"]
