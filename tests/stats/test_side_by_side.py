"""Evidence that a canary is worse: identities, what it may not do, and Ville's inequality."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from scipy.stats import binom

from evalkit.core.envelope import Support
from evalkit.stats.side_by_side import (
    EXCESSES,
    LEAST_MEANS,
    LargeSample,
    Moments,
    after_events,
    after_values,
    differences,
    log_e_normal,
    log_e_of,
    ratios_bet_on,
    stakes,
)
from evalkit.stats.streaming import Events, log_e_ratio_above, running_boundary, share_of_events

UNIT = Support(0.0, 1.0)
DIFFERENCE = Support(-1.0, 1.0)


# ---------------------------------------------------------------- events


def test_looks_one_by_one_are_the_looks_together() -> None:
    looks = [(9, 1000, 11, 19_000), (4, 1200, 9, 18_800), (0, 900, 12, 17_000)]
    after: tuple[float, ...] = ()
    for found, own, others, rest in looks:
        after = after_events(after, Events(found, own), Events(others, rest), 1.2)
    table = np.array([[x, x + y, n / (n + m)] for x, n, y, m in looks], float)
    assert log_e_of(after) == pytest.approx(log_e_ratio_above(table, 1.2, ratios_bet_on(1.2)))


def test_a_look_without_chances_changes_nothing_and_one_arm_alone_says_nothing() -> None:
    nothing, one = Events(0, 0), Events(3, 40)
    assert after_events((), nothing, nothing, 1.0) == (0.0,) * len(EXCESSES)
    before = after_events((), Events(2, 10), Events(1, 90), 1.0)
    assert after_events(before, nothing, nothing, 1.0) == before
    assert log_e_of(after_events((), one, nothing, 1.0)) == pytest.approx(0, abs=1e-12)
    assert log_e_of(after_events((), nothing, one, 1.0)) == pytest.approx(0, abs=1e-12)
    assert log_e_of(()) == 0


@pytest.mark.parametrize("base", [0.3, 0.02])
@pytest.mark.parametrize("tolerated", [1.0, 1.5])
def test_the_mean_of_an_e_value_is_at_most_1_though_no_event_is_rare(
    base: float, tolerated: float
) -> None:
    own, others = 20, 60
    mean = math.fsum(
        binom.pmf(x, own, base * tolerated)
        * binom.pmf(y, others, base)
        * math.exp(log_e_of(after_events((), Events(x, own), Events(y, others), tolerated)))
        for x, y in itertools.product(range(own + 1), range(others + 1))
    )
    assert mean <= 1 + 1e-9


def test_parts_of_events_are_no_better_than_whole_ones() -> None:
    """A user who had the event in half of the requests counts half: the mean stays at most 1."""
    halves = [
        math.exp(log_e_of(after_events((), Events(x / 2, 2), Events(y / 2, 6), 1.0)))
        for x, y in itertools.product(range(5), range(13))
    ]
    weights = [
        binom.pmf(x, 4, 0.3) * binom.pmf(y, 12, 0.3)
        for x, y in itertools.product(range(5), range(13))
    ]
    assert float(np.dot(halves, weights)) <= 1 + 1e-9


def test_the_share_of_a_look_is_the_real_one() -> None:
    """600 of 10,000 events are what 6 % of the traffic has, and too many for 5 %."""
    honest = after_events((), Events(600, 60_000), Events(9400, 940_000), 1.0)
    wrong = after_events((), Events(600, 50_000), Events(9400, 950_000), 1.0)
    assert log_e_of(honest) < 0 < log_e_of(wrong)
    assert share_of_events(0.06, 1.0) == pytest.approx(0.06)


# ---------------------------------------------------------------- values between two ends


def test_no_value_is_in_two_pairs_and_none_is_left_out() -> None:
    candidate, baseline = np.array([1.0, 0.0]), np.arange(7) / 10
    found = differences(candidate, baseline, 1.0)
    assert found == pytest.approx([1 - np.mean([0, 0.1, 0.2]), 0 - np.mean([0.3, 0.4, 0.5, 0.6])])
    assert differences(baseline, candidate, 2.0) == pytest.approx([0.1 - 2, 0.45 - 0])
    assert differences(np.array([]), baseline, 1.0).size == 0


def test_values_in_two_looks_are_the_values_in_one() -> None:
    values = np.array([0.2, -0.4, 1.0, 0.1, -1.0])
    whole = after_values((), values, 0.05, DIFFERENCE)
    parts = after_values(
        after_values((), values[:2], 0.05, DIFFERENCE), values[2:], 0.05, DIFFERENCE
    )
    assert parts == pytest.approx(whole)
    assert after_values(whole, np.array([]), 0.05, DIFFERENCE) == whole


def test_the_mean_of_a_bet_is_1_where_the_mean_is_what_is_tolerated() -> None:
    values = np.array([[1.0], [0.0]])
    gains = [math.exp(log_e_of(after_values((), value, 0.3, UNIT))) for value in values]
    assert 0.3 * gains[0] + 0.7 * gains[1] == pytest.approx(1)


def test_no_loss_takes_all_there_is_and_nothing_is_staked_where_nothing_can_be_lost() -> None:
    assert log_e_of(after_values((), np.full(100, -1.0), 1.0, DIFFERENCE)) > -math.inf
    assert max(stakes(0.2, UNIT)) * 0.2 < 1
    with pytest.raises(ValueError, match="every mean of values from 0"):
        stakes(0.0, UNIT)
    with pytest.raises(ValueError, match="between 0"):
        after_values((), np.array([1.2]), 0.5, UNIT)


# ---------------------------------------------------------------- means of large samples


@pytest.mark.parametrize("alpha", [0.05, 0.003])
@pytest.mark.parametrize("variance", [0.0, 500.0, 20_000.0])
def test_a_sum_that_reaches_the_boundary_is_evidence_of_1_over_alpha(
    alpha: float, variance: float
) -> None:
    total = running_boundary(variance, alpha, tuned_for=1000, one_sided=True)
    assert log_e_normal(total, variance, alpha) == pytest.approx(math.log(1 / alpha))


def test_evidence_falls_without_an_end_where_a_sum_does() -> None:
    found = [log_e_normal(-total, 400.0, 0.05) for total in (0.0, 10.0, 100.0, 1e4, 1e6)]
    assert found == sorted(found, reverse=True)
    assert all(map(math.isfinite, found))


def moments(values: list[float]) -> Moments:
    """Return the moments of values."""
    return Moments(len(values), sum(values), sum(value * value for value in values))


def test_moments_are_those_of_the_values() -> None:
    found = moments([1.0, 2.0, 6.0])
    assert found.mean == 3
    assert found.around == pytest.approx(14)
    assert Moments(2, 2e8, 2e16).around == 0


def test_a_level_that_moves_both_arms_moves_nothing() -> None:
    quiet = loud = LargeSample()
    rng = np.random.default_rng(1)
    for level in (1.0, 50.0, 3.0):
        own, others = rng.normal(size=60), rng.normal(size=300)
        quiet = quiet.after(
            moments(own.tolist()), moments(others.tolist()), sign=1, factor=1.0, tolerated=0.0
        )
        loud = loud.after(
            moments((own + level).tolist()),
            moments((others + level).tolist()),
            sign=1,
            factor=1.0,
            tolerated=0.0,
        )
    assert loud.log_e(0.05, 1.0) == pytest.approx(quiet.log_e(0.05, 1.0))
    assert LargeSample(*loud.numbers) == loud


def test_a_mean_says_nothing_of_few_values_or_of_values_that_are_all_alike() -> None:
    few = LargeSample().after(
        moments([9.0, 9.1]), moments([1.0] * 500), sign=1, factor=1.0, tolerated=0
    )
    assert few.log_e(0.05, 1.0) == 0
    alike = LargeSample().after(
        moments([9.0] * LEAST_MEANS), moments([1.0] * LEAST_MEANS), sign=1, factor=1.0, tolerated=0
    )
    assert alike.log_e(0.05, 1.0) == 0
    one_by_one = LargeSample()
    for _ in range(LEAST_MEANS):  # no look tells anything of the spread
        one_by_one = one_by_one.after(
            moments([1.0]), moments([0.0]), sign=1, factor=1.0, tolerated=0
        )
    assert one_by_one.log_e(0.05, 1.0) == 0


@pytest.mark.parametrize(
    ("sign", "limit", "alarms"), [(1, 1.5, True), (1, 2.5, False), (-1, 2.5, True)]
)
def test_a_mean_alone_is_held_against_its_limit(sign: int, limit: float, *, alarms: bool) -> None:
    values = np.random.default_rng(2).normal(2.0, 1.0, 2000).tolist()
    found = LargeSample().alone(moments(values), sign=sign, limit=limit)
    assert (found.log_e(0.01, 1.0) > math.log(100)) is alarms


# ---------------------------------------------------------------- remembered


def test_a_process_survives_its_file_to_the_last_bit() -> None:
    bets = after_events((), Events(20, 1000), Events(190, 19_000), 1.0)
    values = after_values((), np.array([0.1, 0.7]), 0.3, UNIT)
    large = LargeSample().after(
        moments([0.1, 0.2]), moments([0.3, 0.7]), sign=1, factor=1.1, tolerated=0
    )
    for numbers in (bets, values, large.numbers):
        assert tuple(json.loads(json.dumps(numbers))) == numbers


def test_a_process_is_as_long_after_a_thousand_looks_as_after_one() -> None:
    numbers: tuple[float, ...] = ()
    sizes = set()
    for _ in range(1000):
        numbers = after_events(numbers, Events(1, 100), Events(19, 1900), 1.0)
        sizes.add(len(numbers))
    assert sizes == {len(EXCESSES)}
    assert log_e_of(numbers) < 0


def test_harmless_candidates_are_rarely_accused_however_often_one_looks() -> None:
    rng, accused = np.random.default_rng(3), 0
    for _ in range(200):
        numbers: tuple[float, ...] = ()
        highest = 0.0
        for _ in range(50):
            own = int(rng.binomial(4000, 0.06))
            found, others = rng.binomial(own, 0.01), rng.binomial(4000 - own, 0.01)
            numbers = after_events(
                numbers, Events(int(found), own), Events(int(others), 4000 - own), 1.0
            )
            highest = max(highest, log_e_of(numbers))
        accused += highest >= math.log(20)
    assert accused <= 10  # 5 % of 200; the bound is far from tight
