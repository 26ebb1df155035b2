"""Reference values computed by others are reproduced to their tolerance."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.testing.vectors import Vector, mismatches, read_vectors

FILE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "statistics.json"
VECTORS = read_vectors(FILE) if FILE.is_file() else []


@pytest.mark.skipif(not VECTORS, reason=f"independent vectors are not at {FILE}")
def test_there_are_vectors_of_every_kind() -> None:
    assert len(VECTORS) > 100
    assert len({vector.method for vector in VECTORS}) > 40


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_a_reference_value_is_reproduced(vector: Vector) -> None:
    assert [str(mismatch) for mismatch in mismatches(vector)] == []
