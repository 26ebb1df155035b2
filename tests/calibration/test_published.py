"""The page of error rates is what its code gives, and keeps the promise it publishes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from evalkit.stats.arrays import BoolArray
from evalkit.stats.planning import Changes, paired_chances
from tests.calibration.published import (
    DISCORDANCES,
    GRIDS,
    MARGIN,
    PAGE,
    SIZES,
    Grid,
    blocked,
    pair_tables,
    rate_tables,
    simulated_lines,
    worst_cells,
)
from tests.calibration.rules import (
    ALPHA,
    PAIR_RULES,
    RATE_RULES,
    pair_chance,
    rate_chance,
    tango_pairs,
)

TEXT = PAGE.read_text(encoding="utf-8")
QUICK = [grid for grid in GRIDS if grid.name.startswith("engine T (approximate): lognormal")]


def cells(line: str) -> list[float]:
    """Return the shares of a row of a table."""
    return [float(found) / 100 for found in re.findall(r"([0-9.]+)\u00a0%", line)]


def test_the_exact_tables_are_those_of_the_page() -> None:
    for table in (worst_cells(), rate_tables(), pair_tables()):
        assert "\n".join(table) in TEXT
    assert blocked() in TEXT


@pytest.mark.parametrize("grid", QUICK, ids=lambda grid: grid.name)
def test_a_simulated_row_is_that_of_the_page(grid: Grid) -> None:
    for line in simulated_lines(grid):
        assert line in TEXT


def test_engine_g_and_quantiles_keep_to_five_percent_in_every_cell_of_the_page() -> None:
    most = ALPHA + 3 * (ALPHA * (1 - ALPHA) / 2000) ** 0.5
    held = [
        line
        for line in TEXT.splitlines()
        if re.match(r"\| (engine G|quantile p\d+ at most X).*: wrong (pass|fail)", line)
    ]
    assert len(held) == 12
    assert max(share for line in held for share in cells(line)) <= most


def test_what_is_approximate_says_so() -> None:
    for line in TEXT.splitlines():
        if re.match(r"\| (engine T|ratio|KS|Tango)", line):
            assert "approximate" in line


def test_exact_rules_pass_wrongly_at_most_as_often_as_promised() -> None:
    rule = RATE_RULES["evalkit (exact)"]
    assert max(rate_chance(rule, n, floor, floor) for n in SIZES for floor in (0.6, 0.97)) <= ALPHA


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("discordance", DISCORDANCES)
def test_no_outcome_of_any_weight_is_left_out(n: int, discordance: float) -> None:
    def everything(size: int, margin: float) -> BoolArray:
        return np.ones_like(tango_pairs(size, margin))

    assert pair_chance(everything, n, MARGIN, discordance, -MARGIN) == pytest.approx(1, abs=1e-6)


def test_chances_are_those_that_plans_are_made_with() -> None:
    ours = PAIR_RULES["evalkit (engine G)"]
    changes = Changes.of(0.3, -MARGIN)
    planned, _ = paired_chances(1000, -MARGIN, None, changes, ALPHA)
    assert pair_chance(ours, 1000, MARGIN, 0.3, -MARGIN) == pytest.approx(planned, abs=1e-9)


def test_a_rule_s_chances_are_those_of_brute_force() -> None:
    n, gain, loss = 6, 0.05, 0.15
    total = 0.0
    for gains in range(n + 1):
        for losses in range(n + 1 - gains):
            if tango_pairs(n, 0.4)[losses, gains]:
                ways = _ways(n, gains, losses)
                total += ways * gain**gains * loss**losses * 0.8 ** (n - gains - losses)
    assert pair_chance(tango_pairs, n, 0.4, 0.2, -0.1) == pytest.approx(total, abs=1e-12)


def _ways(n: int, gains: int, losses: int) -> int:
    from math import comb

    return comb(n, gains) * comb(n - gains, losses)
