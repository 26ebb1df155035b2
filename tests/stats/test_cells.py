"""Values by cells of one per cent, and quantiles of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalkit.stats.spread import HIGHEST, LOWEST, beyond, cells_of, quantile_of, together


def test_a_quantile_is_at_most_one_per_cent_above_that_of_the_values() -> None:
    values = np.random.default_rng(1).lognormal(7, 0.6, 5000)
    for q in (0.5, 0.95, 0.99):
        exact = float(np.quantile(values, q, method="inverted_cdf"))
        assert exact <= quantile_of(cells_of(values), q) <= exact * 1.0101


def test_parts_add_up_to_the_whole() -> None:
    values = np.random.default_rng(2).lognormal(0, 1, 400)
    assert together(cells_of(values[:150]), cells_of(values[150:])) == cells_of(values)


def test_nothing_and_what_never_came_have_cells_of_their_own() -> None:
    cells = cells_of([0.0, -3.0, math.inf, 1e-300])
    assert cells == {LOWEST: 2.0, LOWEST + 1: 1.0, HIGHEST: 1.0}
    assert quantile_of(cells, 0.4) == 0.0
    assert quantile_of(cells, 1.0) == math.inf


def test_only_whole_cells_beyond_a_threshold_count() -> None:
    cells = cells_of([100.0, 150.0, 151.0, math.inf, 0.0])
    assert beyond(cells, 120.0) == 3
    assert beyond(cells, math.inf) == 1
    assert beyond(cells, 0.0) == 4
    threshold = quantile_of(cells_of([150.0]), 0.5)
    assert beyond(cells_of([150.0] * 10), threshold) == 0


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="found none"):
        quantile_of({}, 0.5)
