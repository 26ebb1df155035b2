"""How the page of error rates is laid out, and what all of its grids share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scipy.stats import norm

PAGE = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"
SEED, RUNS = 3, 2000
ALPHA = 0.05
Z = float(norm.ppf(1 - ALPHA))
SIZES = (20, 50, 100, 200, 500, 1000)


def percent(share: float) -> str:
    """Return a share in per cent."""
    return f"{100 * share:.1f}\u00a0%"


def both(first: float, second: float) -> str:
    """Return two shares in per cent, without the sign.

    >>> both(0.0483, 0.5)
    '4.8 / 50.0'
    """
    return f"{100 * first:.1f} / {100 * second:.1f}"


def head(*names: str) -> str:
    """Return the head of a table with a column for every number of cases."""
    columns = [*names, *(f"n = {n:,}" for n in SIZES)]
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"


def line(*cells: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def spread(names: Sequence[str], found: dict[int, str]) -> str:
    """Return a row with a cell for every number of cases, empty where nothing was found."""
    return line(*names, *(found.get(n, "") for n in SIZES))
