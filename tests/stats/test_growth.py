"""What more of the same data would decide, against simulations of more data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from evalkit.core.envelope import NON_NEGATIVE, Limit, LimitKind
from evalkit.stats import binomial
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import Engine, chances, usually_decided
from evalkit.stats.engines.ratio import MeanRatio
from evalkit.stats.engines.share import ShareQuantile
from evalkit.stats.engines.unbounded import UnboundedMean
from tests.stats.arms import engine, evidence
from tests.stats.questions import ALL, MEANS, Question, limits, once

ABSOLUTE, RATIO = LimitKind.ABSOLUTE, LimitKind.RATIO


def mean(sort: str) -> BoundedMean | UnboundedMean:
    """Return the engine of a mean on data of a sort."""
    found = MEANS[sort](np.random.default_rng([3, *sort.encode()])).engine
    assert isinstance(found, (BoundedMean, UnboundedMean))
    return found


def asked(sort: str) -> Engine:
    """Return the engine of any number."""
    return ALL[sort](np.random.default_rng([4, *sort.encode()])).engine


# ---------------------------------------------------------------- more units, and calmer ones


@pytest.mark.parametrize("sort", MEANS)
def test_four_times_the_units_halve_the_error_and_keep_the_mean(sort: str) -> None:
    one, four = mean(sort), mean(sort).grown(4)
    assert four.value == one.value
    assert four.error == pytest.approx(one.error / 2)
    width, less = (found.upper(0.05) - found.lower(0.05) for found in (one, four))
    assert 0.35 < less / width < 0.6


@pytest.mark.parametrize("sort", MEANS)
def test_as_many_units_leave_everything_as_it_is(sort: str) -> None:
    found = mean(sort)
    assert limits(found.grown(1)) == limits(found)
    assert limits(found.narrowed(1)) == pytest.approx(limits(found), rel=1e-9)


@pytest.mark.parametrize("sort", ["a rate", "a delta over clusters", "an amount over clusters"])
def test_growing_is_having_every_unit_several_times(sort: str) -> None:
    question = MEANS[sort](np.random.default_rng(6))
    codes = question.clusters
    thrice = replace(
        question,
        candidate=[*question.candidate] * 3,
        baseline=None if question.baseline is None else [*question.baseline] * 3,
        clusters=codes and [code + 1000 * i for i in range(3) for code in codes],
    ).engine
    one = question.engine
    assert isinstance(one, (BoundedMean, UnboundedMean))
    # Engine T divides by the units less one; engine G by the units.
    within = 1e-9 if isinstance(one, BoundedMean) else 0.02
    grown = one.grown(3)
    assert grown.upper(0.05) - one.value == pytest.approx(
        thrice.upper(0.05) - one.value, rel=within
    )
    assert one.value - grown.lower(0.05) == pytest.approx(
        one.value - thrice.lower(0.05), rel=within
    )


@pytest.mark.parametrize("sort", MEANS)
def test_units_that_scatter_half_as_far_have_half_the_error(sort: str) -> None:
    one, calm = mean(sort), mean(sort).narrowed(0.5)
    assert calm.value == one.value
    assert calm.error == pytest.approx(one.error / 2)
    assert calm.lower(0.05) >= one.lower(0.05)
    assert calm.upper(0.05) <= one.upper(0.05)


def test_units_that_scatter_not_at_all_are_as_equal_values() -> None:
    calm = mean("a score with many zeros").narrowed(0)
    equal = engine(evidence([calm.value] * 90))
    assert limits(calm) == pytest.approx(limits(equal), abs=1e-12)


# ---------------------------------------------------------------- chances


@pytest.mark.parametrize("truth", [0.85, 0.90, 0.93])
@pytest.mark.parametrize("factor", [1, 3])
def test_the_chance_to_prove_a_floor_is_what_simulation_finds(truth: float, factor: int) -> None:
    n, floor = 200, Limit(ABSOLUTE, min=0.85)
    successes = np.random.default_rng(1).binomial(n * factor, truth, 4000)
    lower = {x: binomial.lower_limit(x, n * factor, 0.05) for x in set(successes.tolist())}
    upper = {x: binomial.upper_limit(x, n * factor, 0.05) for x in lower}
    simulated = [
        np.mean([proves(lower[x], upper[x], floor) for x in successes.tolist()])
        for proves in (proves_inside, proves_outside)
    ]
    x = round(n * truth)
    found = engine(evidence([1.0] * x + [0.0] * (n - x)))
    assert isinstance(found, BoundedMean)
    assert chances(found, floor, 0.05, factor, truth) == pytest.approx(simulated, abs=0.06)


@pytest.mark.parametrize("truth", [0.0, 0.15, 0.4])
def test_the_chances_of_a_band_are_what_simulation_finds(truth: float) -> None:
    rng, band = np.random.default_rng(2), Limit(ABSOLUTE, min=-0.3, max=0.3)
    seen = rng.normal(truth, 1, 120)
    found = engine(evidence(seen - seen.mean() + truth), support=NON_NEGATIVE.minus(NON_NEGATIVE))
    assert isinstance(found, UnboundedMean)
    inside = outside = 0
    for _ in range(400):
        again = rng.normal(truth, 1, 240)
        more = engine(evidence(again), support=NON_NEGATIVE.minus(NON_NEGATIVE))
        inside += proves_inside(*limits(more), band)
        outside += proves_outside(*limits(more), band)
    expected = (inside / 400, outside / 400)
    assert chances(found, band, 0.05, 2, truth) == pytest.approx(expected, abs=0.08)


def test_values_that_do_not_scatter_decide_for_certain_or_not_at_all() -> None:
    found = engine(evidence([1.0] * 20))
    assert isinstance(found, BoundedMean)
    floor, ceiling = Limit(ABSOLUTE, min=0.9), Limit(ABSOLUTE, max=0.9)
    # Twenty-nine successes alone prove 0.9: 0.9^29 < 0.05 < 0.9^28.
    assert chances(found, floor, 0.05, 28 / 20, 1.0) == (0, 0)
    assert chances(found, floor, 0.05, 29 / 20, 1.0) == (1, 0)
    assert chances(found, ceiling, 0.05, 29 / 20, 1.0) == (0, 1)


def test_a_bound_is_usually_decided_when_all_sides_are_likely_or_one_is_broken() -> None:
    assert usually_decided([(0.8, 0.0)])
    assert not usually_decided([(0.79, 0.0)])
    assert usually_decided([(0.9, 0.0), (0.9, 0.0)])
    assert not usually_decided([(0.9, 0.0), (0.89, 0.0)])
    assert usually_decided([(0.0, 0.0), (0.0, 0.85)])
    assert not usually_decided([(0.1, 0.3), (0.2, 0.4)])
    assert usually_decided([(0.5, 0.3)])


# ---------------------------------------------------------------- would it settle


@pytest.mark.parametrize("sort", ALL)
def test_what_is_proven_already_stays_proven_with_ten_times_the_data(sort: str) -> None:
    found = asked(sort)
    lower, upper = limits(found)
    wide = upper - lower if math.isfinite(upper) else 3.0
    top = min(upper, found.value + wide)
    # Ratios are at least 0; so are the amounts that quantiles are taken of.
    bottom = lower - wide if lower < 0 else max(lower - wide, 1e-3 * lower)
    around = Limit(ABSOLUTE, min=bottom, max=top + wide)
    assert found.would_settle(around, 0.05, 10, found.value)
    beyond = Limit(ABSOLUTE, min=top + wide)
    below = Limit(ABSOLUTE, max=bottom)
    assert found.would_settle(beyond, 0.05, 10, found.value)
    assert found.would_settle(below, 0.05, 10, found.value)


@pytest.mark.parametrize("sort", ALL)
def test_a_bound_on_the_estimate_itself_is_not_settled_by_more_data(sort: str) -> None:
    found = asked(sort)
    for limit in (Limit(ABSOLUTE, min=found.value), Limit(ABSOLUTE, max=found.value)):
        assert not found.would_settle(limit, 0.05, 4, found.value)


@pytest.mark.parametrize("sort", [*MEANS, "a ratio of amounts", "a ratio in a range"])
def test_once_settled_a_bound_stays_settled_with_more(sort: str) -> None:
    found = asked(sort)
    half = (found.upper(0.05) - found.lower(0.05)) / 2
    limit = Limit(ABSOLUTE, max=found.value + half)
    settled = [found.would_settle(limit, 0.05, 2.0**i, found.value) for i in range(-2, 7)]
    assert settled == sorted(settled)
    assert set(settled) == {False, True}


def test_a_bound_of_a_ratio_settles_where_the_difference_does() -> None:
    rng = np.random.default_rng(9)
    baseline = rng.gamma(4, 25, 80)
    candidate = baseline * rng.gamma(20, 1.05 / 20, 80)
    ratio = engine(evidence(candidate, baseline), RATIO, support=NON_NEGATIVE)
    assert isinstance(ratio, MeanRatio)
    difference = ratio.difference(1.1)
    for truth in (ratio.value, 1.0, 1.09):
        moved = difference.value + (truth - ratio.value) * float(baseline.mean())
        for factor in (0.5, 1.0, 2.0, 4.0, 50.0):
            assert ratio.would_settle(
                Limit(RATIO, max=1.1), 0.05, factor, truth
            ) is difference.would_settle(Limit(ABSOLUTE, max=0.0), 0.05, factor, moved)


def test_an_unchanged_candidate_settles_a_ratio_that_the_one_seen_does_not() -> None:
    rng = np.random.default_rng(11)
    baseline = rng.gamma(4, 25, 100)
    candidate = baseline * rng.gamma(20, 1.099 / 20, 100)
    ratio = engine(evidence(candidate, baseline), RATIO, support=NON_NEGATIVE)
    assert ratio.value == pytest.approx(1.1, abs=0.02)
    limit = Limit(RATIO, min=0.9, max=ratio.value)
    assert not ratio.would_settle(limit, 0.05, 1.0, ratio.value)
    assert ratio.would_settle(limit, 0.05, 1.0, 1.0)


@pytest.mark.parametrize("sides", [(None, 3.0), (1.5, None), (1.5, 3.0)])
def test_a_bound_of_a_quantile_settles_where_the_shares_do(
    sides: tuple[float | None, float | None],
) -> None:
    low, high = sides
    values = np.random.default_rng(5).gamma(20, 0.1, 60)
    found = engine(evidence(values), statistic="p50", support=NON_NEGATIVE)
    assert isinstance(found, ShareQuantile)
    for factor in (0.02, 0.1, 1.0):
        parts: list[tuple[float, float]] = []
        if high is not None:
            share = found.up_to(high)
            parts.append(chances(share.fixed, Limit(ABSOLUTE, min=0.5), 0.05, factor, share.value))
        if low is not None:
            share = found.below(low)
            parts.append(chances(share.fixed, Limit(ABSOLUTE, max=0.5), 0.05, factor, share.value))
        limit = Limit(ABSOLUTE, min=low, max=high)
        assert found.would_settle(limit, 0.05, factor, found.value) is usually_decided(parts)
    assert found.would_settle(Limit(ABSOLUTE, min=low, max=high), 0.05, 1.0, found.value)


def test_values_on_the_bound_of_a_quantile_are_inside_it() -> None:
    fast, slow = [1.0] * 12 + [2.0] * 8, [1.0] * 8 + [2.0] * 12
    for values, limit in ((fast, Limit(ABSOLUTE, max=1.0)), (slow, Limit(ABSOLUTE, min=2.0))):
        found = engine(evidence(values), statistic="p50", support=NON_NEGATIVE)
        # Twelve of twenty keep the bound, which is undecided; counted as broken it would be clear.
        assert not found.would_settle(limit, 0.05, 1.0, found.value)
        assert found.would_settle(limit, 0.05, 12.0, found.value)


@pytest.mark.parametrize(
    "question",
    [
        lambda rng: Question(once((rng.random(80) < 0.9).astype(float))),
        lambda rng: Question(once(rng.gamma(3, 1, 80)), support=NON_NEGATIVE),
    ],
)
def test_a_stricter_level_settles_no_more_than_a_looser_one(
    question: Callable[[np.random.Generator], Question],
) -> None:
    found = question(np.random.default_rng(7)).engine
    limit = Limit(ABSOLUTE, min=found.lower(0.05))
    for factor in (1.0, 2.0, 8.0):
        settled = [
            found.would_settle(limit, alpha, factor, found.value) for alpha in (0.001, 0.05, 0.3)
        ]
        assert all(a <= b for a, b in pairwise(settled))
