"""Chances are those of the engine that judges, and the numbers of cases are the least that do."""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np
import pytest
from scipy.stats import binom, multinomial

from evalkit.core.envelope import Support
from evalkit.core.plan import Cases
from evalkit.stats import binomial
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.evidence import CaseMeans
from evalkit.stats.least import least_units, narrowest_room
from evalkit.stats.planning import (
    MOST_CASES,
    Changes,
    cases_for,
    cases_for_floor,
    critical_successes,
    fewest_gains,
    floor_power,
    paired_chances,
    paired_start,
    rate_chances,
)
from tests.stats.arms import DIFFERENCE, UNIT_INTERVAL

ALPHA = 0.05
LEVELS = [0.01, 0.05, 0.2]


def mean_of(values: list[float], support: Support) -> BoundedMean:
    """Return the engine that judges these values, one a case."""
    found = np.array(values)
    means = CaseMeans(found, found, found, np.ones(found.size, np.bool_), 1.0)
    return BoundedMean.of(means, None, support, method="Gaffke")


# ---------------------------------------------------------------- rates


@pytest.mark.parametrize("alpha", LEVELS)
@pytest.mark.parametrize("floor", [0.0, 0.3, 0.85, 0.99])
def test_the_critical_number_of_successes_is_the_first_that_proves_a_floor(
    floor: float, alpha: float
) -> None:
    for n in (1, 2, 20, 137):
        proves = [x for x in range(n + 1) if binomial.p_above(x, n, floor) <= alpha]
        assert critical_successes(n, floor, alpha) == min(proves, default=n + 1)


@pytest.mark.parametrize(
    ("low", "high"), [(0.6, None), (None, 0.8), (0.3, 0.9), (0.7, 0.75), (0.0, None), (None, 1.0)]
)
def test_chances_of_a_rate_are_sums_over_what_the_engine_decides(
    low: float | None, high: float | None
) -> None:
    for n, truth in itertools.product((1, 7, 31), (0.0, 0.05, 0.72, 1.0)):
        inside = outside = 0.0
        for x in range(n + 1):
            engine = mean_of([1.0] * x + [0.0] * (n - x), UNIT_INTERVAL)
            above = [low is None or engine.p_above(low) <= ALPHA]
            below = [high is None or engine.p_below(high) <= ALPHA]
            broken = (low is not None and engine.p_below(low) <= ALPHA) or (
                high is not None and engine.p_above(high) <= ALPHA
            )
            chance = float(binom.pmf(x, n, truth))
            inside += chance * all(above + below)
            outside += chance * broken
        assert rate_chances(n, low, high, truth, ALPHA) == pytest.approx(
            (inside, outside), abs=1e-12
        )


@pytest.mark.parametrize("alpha", LEVELS)
def test_a_rate_on_its_limit_is_claimed_wrongly_at_most_as_often_as_agreed(alpha: float) -> None:
    for n, limit in itertools.product((5, 40, 333), (0.02, 0.5, 0.85)):
        for low, high in ((limit, None), (None, limit)):
            inside, outside = rate_chances(n, low, high, limit, alpha)
            assert inside <= alpha
            assert outside <= alpha


def test_a_floor_has_the_power_that_runs_of_the_engine_have() -> None:
    rng = np.random.default_rng(1)
    passed = sum(
        mean_of([*(rng.random(120) < 0.93).astype(float)], UNIT_INTERVAL).p_above(0.85) <= ALPHA
        for _ in range(2000)
    )
    assert passed / 2000 == pytest.approx(floor_power(120, 0.85, 0.93, ALPHA), abs=0.03)


def test_the_sizes_of_the_specification_are_found() -> None:
    asked = [(0.85, 0.90), (0.85, 0.88), (0.90, 0.95), (0.99, 0.998)]
    found = [cases_for_floor(floor, truth, ALPHA, 0.9) for floor, truth in asked]
    assert found == [Cases(379, 401), Cases(1120, 1163), Cases(239, 251), Cases(773, 773)]


@pytest.mark.parametrize(
    ("floor", "truth", "aim"),
    [(0.85, 0.9, 0.9), (0.5, 0.7, 0.8), (0.9, 0.99, 0.9), (0.95, 1.0, 0.99), (0.0, 0.4, 0.9),
     (0.7, 0.9, 0.5), (0.97, 0.999, 0.95)],
)  # fmt: skip
def test_the_first_size_is_the_first_of_all_and_the_safe_one_stays(
    floor: float, truth: float, aim: float
) -> None:
    found = cases_for_floor(floor, truth, ALPHA, aim)
    assert found is not None
    powers = [floor_power(n, floor, truth, ALPHA) for n in range(found.safe + 6)]
    reaches = [n for n, power in enumerate(powers) if n and power >= aim]
    assert found.first == reaches[0]
    stays = [n for n in range(1, found.safe + 1) if all(p >= aim for p in powers[n : n + 6])]
    assert found.safe == stays[0]


def test_a_truth_that_is_no_better_than_the_floor_never_proves_it() -> None:
    assert cases_for_floor(0.9, 0.9, ALPHA, 0.9) is None
    assert cases_for_floor(0.9, 0.8, ALPHA, 0.9) is None


def test_more_cases_than_anybody_collects_are_none() -> None:
    assert cases_for_floor(0.85, 0.8501, ALPHA, 0.9) is None
    assert cases_for_floor(0.999999, 1.0, ALPHA, 0.9) is None


def test_nothing_is_proven_by_no_case() -> None:
    assert rate_chances(0, 0.5, None, 0.9, ALPHA) == (0.0, 0.0)
    assert rate_chances(0, None, 0.5, 0.1, ALPHA) == (0.0, 0.0)
    assert narrowest_room(0, ALPHA) == 1.0


def test_the_narrowest_room_is_what_so_many_units_can_prove() -> None:
    for n in (1, 59, 60, 1000):
        room = narrowest_room(n, ALPHA)
        assert least_units(UNIT_INTERVAL, 1 - room, 1.0, ALPHA) == n
        assert least_units(UNIT_INTERVAL, 1 - 0.999 * room, 1.0, ALPHA) > n


# ---------------------------------------------------------------- paired differences


@pytest.mark.parametrize(
    ("low", "high"), [(-0.3, 0.3), (-0.3, None), (None, 0.25), (0.05, 0.6), (-1.0, 0.5)]
)
@pytest.mark.parametrize(("gain", "loss"), [(0.1, 0.1), (0.0, 0.2), (0.3, 0.0), (0.0, 0.0)])
def test_chances_of_pairs_are_sums_over_what_the_engine_decides(
    low: float | None, high: float | None, gain: float, loss: float
) -> None:
    n = 14
    inside = outside = 0.0
    for gained, lost in itertools.product(range(n + 1), repeat=2):
        if gained + lost > n:
            continue
        same = n - gained - lost
        engine = mean_of([1.0] * gained + [-1.0] * lost + [0.0] * same, DIFFERENCE)
        above = low is None or engine.p_above(low) <= ALPHA
        below = high is None or engine.p_below(high) <= ALPHA
        broken = (low is not None and engine.p_below(low) <= ALPHA) or (
            high is not None and engine.p_above(high) <= ALPHA
        )
        chance = multinomial.pmf([gained, lost, same], n, [gain, loss, 1 - gain - loss])
        inside += chance * (above and below)
        outside += chance * broken
    found = paired_chances(n, low, high, Changes(gain, loss), ALPHA)
    assert found == pytest.approx((inside, outside), abs=1e-9)


def test_a_difference_on_its_limit_is_claimed_wrongly_at_most_as_often_as_agreed() -> None:
    for n, discordance in itertools.product((60, 250), (0.05, 0.2)):
        worse = Changes.of(discordance, -0.05)
        inside, _ = paired_chances(n, -0.05, None, worse, ALPHA)
        _, outside = paired_chances(n, -0.05, None, worse, ALPHA)
        assert max(inside, outside) <= ALPHA
        assert paired_chances(n, -0.05, 0.05, worse, ALPHA)[0] <= ALPHA


def test_changes_leave_the_difference_they_are_asked_for() -> None:
    assert Changes.of(0.1) == Changes(0.05, 0.05)
    few = Changes.of(0.1, -0.3)
    assert (few.gain, few.loss) == (0.0, 0.3)
    some = Changes.of(0.4, 0.1)
    assert some.gain - some.loss == pytest.approx(0.1)
    assert some.gain + some.loss == pytest.approx(0.4)


def test_the_gains_that_prove_a_difference_are_the_fewest() -> None:
    n = 30
    found = fewest_gains(n, 0.1, ALPHA, n)
    for lost, gained in enumerate(found):
        if gained > n:
            rest = n - lost
            engine = mean_of([1.0] * rest + [-1.0] * lost, DIFFERENCE)
            assert engine.p_above(0.1) > ALPHA
            continue
        for number, proves in ((int(gained), True), (int(gained) - 1, False)):
            values = [1.0] * number + [-1.0] * lost + [0.0] * (n - number - lost)
            assert (mean_of(values, DIFFERENCE).p_above(0.1) <= ALPHA) is proves


@pytest.mark.parametrize(
    ("margin", "discordance", "form", "expected"),
    [(0.05, 0.02, "min", 138), (0.05, 0.05, "min", 228), (0.03, 0.02, "band", 355)],
)  # fmt: skip
def test_the_sizes_of_pairs_in_the_specification_are_found(
    margin: float, discordance: float, form: str, expected: int
) -> None:
    def chance(n: int) -> float:
        top = margin if form == "band" else None
        return paired_chances(n, -margin, top, Changes.of(discordance), ALPHA)[0]

    start = paired_start(margin, discordance, ALPHA, 0.9, both=form == "band")
    found = cases_for(chance, 0.9, start=start)
    assert found is not None
    # The specification gives a size that reaches the aim; by rounding of its rule, near either.
    assert found.first - 12 <= expected <= found.safe + 12
    assert chance(found.first) >= 0.9
    assert all(chance(found.safe + more) >= 0.9 for more in range(6))
    assert all(chance(found.first - fewer) < 0.9 for fewer in range(1, 12))


# ---------------------------------------------------------------- the search


def test_the_search_finds_where_a_chance_begins_to_stay() -> None:
    for needed in (1, 2, 17, 400):
        for start in (1, 10, 5000):
            found = cases_for(partial(_from, needed), 0.5, start=start)
            assert found == Cases(needed, needed)


def test_the_teeth_of_a_saw_below_the_safe_size_are_first_hits() -> None:
    # From 90 on every third number misses, from 100 on none does.
    def chance(n: int) -> float:
        return float(n >= 100 or (n >= 90 and n % 3 > 0))

    for start in (1, 95, 300):
        found = cases_for(chance, 0.5, start=start)
        assert found is not None
        assert found.safe == 100
        assert found.first in {90, 91}


def test_a_chance_that_never_comes_is_found_nowhere() -> None:
    assert cases_for(lambda n: float(n > MOST_CASES + 10), 0.5, start=MOST_CASES // 2) is None


def test_the_normal_approximation_is_near_what_is_needed() -> None:
    assert paired_start(0.05, 0.1, ALPHA, 0.9, both=False) == math.ceil(2.9264**2 * 0.1 / 0.05**2)


def _from(least: int, n: int) -> float:
    return float(n >= least)
