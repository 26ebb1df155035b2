"""The fewest units are those with which some data prove a bound, and with one fewer none do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from evalkit.core.envelope import UNIT_INTERVAL, Limit, LimitKind, Support
from evalkit.stats.decision import proves_inside
from evalkit.stats.gaffke import Units, lower_limit, upper_limit
from evalkit.stats.least import NEVER, least_units
from tests.stats.arms import DIFFERENCE


def provable(n: int, support: Support, band: tuple[float, float], alpha: float) -> bool:
    """Return whether n equal values, wherever they lie, prove a band by engine G."""
    limit = Limit(LimitKind.ABSOLUTE, min=band[0], max=band[1])

    def limits(value: float) -> tuple[float, float]:
        units = Units(np.array([value]), np.ones(1), np.array([float(n)]))
        return lower_limit(units, support, alpha), upper_limit(units, support, alpha)

    def beyond(value: float) -> float:
        return limits(value)[0] - band[0]

    # The least value whose lower limit is inside has the least upper limit.
    ends = support.lower, support.upper
    if beyond(ends[1]) < 0:
        return False
    least = ends[0] if beyond(ends[0]) >= 0 else float(brentq(beyond, *ends, xtol=1e-14))
    return proves_inside(*limits(least), replace(limit, min=band[0] - 1e-12))


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize(
    ("support", "low", "high"),
    [
        (UNIT_INTERVAL, 0.9, 1.0),
        (UNIT_INTERVAL, 0.0, 0.05),
        (UNIT_INTERVAL, 0.0, 0.97),
        (UNIT_INTERVAL, 0.2, 0.3),
        (DIFFERENCE, -0.1, 0.1),
        (DIFFERENCE, -0.1, 1.0),
        (DIFFERENCE, 0.1, 1.0),
        (Support(0.0, 400.0), 0.0, 90.0),
    ],
)
def test_the_least_units_can_prove_a_bound_and_one_fewer_cannot(
    support: Support, low: float, high: float, alpha: float
) -> None:
    n = least_units(support, low, high, alpha)
    assert provable(n, support, (low, high), alpha)
    assert n == 1 or not provable(n - 1, support, (low, high), alpha)


def test_known_sizes_are_found() -> None:
    # ln α / ln(1 − δ), the rule of three, and the sizes of Wilks for quantiles.
    assert [least_units(DIFFERENCE, -d, d, 0.05) for d in (0.01, 0.02, 0.03, 0.05)] == [
        299, 149, 99, 59,
    ]  # fmt: skip
    assert [least_units(UNIT_INTERVAL, q, 1, 0.05) for q in (0.95, 0.99)] == [59, 299]


def test_a_size_that_is_whole_is_not_rounded_up() -> None:
    # 0.9^2 = 0.81: two units prove 0.9 at exactly that level.
    assert least_units(UNIT_INTERVAL, 0.9, 1.0, 0.9**2) == 2
    assert least_units(UNIT_INTERVAL, 0.9, 1.0, 0.9**2 - 1e-6) == 3
    # One failure-free unit proves 0.05 at 0.95, whatever float64 makes of the quotient.
    assert math.log(0.95) / math.log1p(-0.05) > 1
    assert least_units(UNIT_INTERVAL, 0.0, 0.05, 0.95) == 1


def test_a_bound_that_everything_keeps_needs_one_unit() -> None:
    assert least_units(UNIT_INTERVAL, 0, 1, 0.05) == 1
    assert least_units(UNIT_INTERVAL, -3, 7, 0.05) == 1
    assert least_units(UNIT_INTERVAL, 0.001, 1, 0.4) == 1


@pytest.mark.parametrize("band", [(1.0, 1.0), (0.0, 0.0), (0.3, 0.3), (1.2, 1.5), (-2.0, -1.0)])
def test_nothing_proves_one_certain_number_or_what_cannot_be(band: tuple[float, float]) -> None:
    assert least_units(UNIT_INTERVAL, *band, 0.05) == NEVER


def test_a_room_beside_which_every_number_is_small_is_as_good_as_none() -> None:
    assert least_units(UNIT_INTERVAL, 1 - 1e-15, 1, 0.05) == NEVER
    assert least_units(UNIT_INTERVAL, 1 - 1e-9, 1, 0.05) == pytest.approx(-math.log(0.05) * 1e9)


def test_a_wider_bound_needs_no_more_units() -> None:
    sizes = [least_units(DIFFERENCE, -d / 100, d / 100, 0.05) for d in range(1, 101)]
    assert sizes == sorted(sizes, reverse=True)
