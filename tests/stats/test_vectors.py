"""Reference values computed by others are reproduced to their tolerance."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.testing.vectors import METHODS, Vector, mismatches, read_vectors

FILE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "statistics.json"
VECTORS = read_vectors(FILE) if FILE.is_file() else []
PENDING = {vector.method for vector in VECTORS} - METHODS.keys()


@pytest.mark.skipif(not VECTORS, reason=f"independent vectors are not at {FILE}")
def test_there_are_vectors() -> None:
    assert len(VECTORS) > 100


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.method in METHODS], ids=lambda v: v.id)
def test_a_reference_value_is_reproduced(vector: Vector) -> None:
    assert list(mismatches(vector)) == []
