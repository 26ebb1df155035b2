"""Limits that labels correct hold the truth as often as they say, and the page shows what was found."""

from __future__ import annotations

import math
import re

import pytest

from tests.calibration.corrected import CASES, LABELS, ROWS, RUNS, Row, missed, uncorrected
from tests.calibration.layout import ALPHA, PAGE

FEW = 40
"""Gates of a cell that is simulated anew here: enough to see a limit that is wrong twice as often."""

TEXT = PAGE.read_text(encoding="utf-8")


def published() -> dict[str, list[tuple[float, float, float]]]:
    """Return the cells of the page by world: lower limits that miss, upper ones, and widths."""
    section = TEXT.partition("## Labels that correct a judge")[2].partition("\n## ")[0]
    found = {}
    for line in section.splitlines():
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        read = [re.fullmatch(r"([0-9.]+) / ([0-9.]+) · ([0-9.]+)", cell) for cell in cells]
        numbers = [each for each in read if each]
        if numbers:
            found[name] = [(float(e[1]) / 100, float(e[2]) / 100, float(e[3])) for e in numbers]
    return found


def most(runs: int) -> float:
    """Return how often a limit may miss in so many gates if it misses as often as it says."""
    return ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_published_limits_miss_no_more_often_than_they_say(row: Row) -> None:
    cells = published()[row.name]
    assert len(cells) == len(LABELS)
    assert max(max(above, below) for above, below, _ in cells) <= most(RUNS)
    widths = [width for _, _, width in cells]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize("row", [ROWS[1], ROWS[5], ROWS[7]], ids=lambda row: row.name)
def test_limits_simulated_anew_are_those_of_the_page(row: Row) -> None:
    found = missed(row, LABELS[0], runs=FEW)
    assert max(found.above, found.below) <= most(FEW)
    assert found.width == pytest.approx(published()[row.name][0][2], rel=0.1)


def test_a_judge_alone_is_wrong_about_a_rate() -> None:
    wrong = uncorrected(ROWS[1], runs=FEW)
    assert max(wrong) > 0.9
    assert CASES == 400
