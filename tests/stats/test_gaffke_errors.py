"""Engine G says so where it cannot compute, and gives no number instead."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.stats.gaffke import log_tail


def test_more_units_than_float64_tells_apart_are_an_error_and_never_a_number() -> None:
    weights = np.array([0.4, -0.5])
    assert log_tail(weights, np.full(2, 1e24)) == pytest.approx(-1.2422519998557e22)
    with pytest.raises(ArithmeticError, match=r"engine G: .* does not settle"):
        log_tail(weights, np.full(2, 1e30))
