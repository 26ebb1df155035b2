"""The exact paired test: reference values, its error rate summed over all outcomes, its limits."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial

from evalkit.core.envelope import Limit, LimitKind
from evalkit.stats.arrays import FloatArray
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.engines.paired_exact import ExactPaired
from evalkit.stats.evidence import CaseMeans
from evalkit.stats.paired_exact import (
    Outcome,
    discordance_limit,
    lower_limit,
    p_above,
    p_below,
    statistic,
    upper_limit,
)

FILE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "statistics.json"
VECTORS = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else []
EXACT = [vector for vector in VECTORS if vector["method"] == "paired_exact_unconditional"]

ALPHA = 0.05
GAMMA = 0.001
DELTA = LimitKind.DELTA

OUTCOMES = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 60)).map(
    lambda counts: Outcome(counts[0], counts[1], sum(counts))
)
BOUNDS = st.floats(-0.6, 0.6)


def every_outcome(pairs: int) -> list[Outcome]:
    return [
        Outcome(losses, gains, pairs)
        for losses in range(pairs + 1)
        for gains in range(pairs + 1 - losses)
    ]


def chance(outcomes: list[Outcome], bound: float, discordance: float) -> float:
    """Return how likely any of these outcomes is."""
    if not outcomes:
        return 0.0
    counts = [(each.losses, each.gains, each.pairs - each.losses - each.gains) for each in outcomes]
    shares = [(discordance - bound) / 2, (discordance + bound) / 2, 1 - discordance]
    return float(multinomial.pmf(counts, outcomes[0].pairs, shares).sum())


def engine(outcome: Outcome, *bounds: float, missing: int = 0) -> ExactPaired:
    """Return the engine, with some of the ties missing."""
    ties = outcome.pairs - outcome.losses - outcome.gains
    seen = np.array([-1.0] * outcome.losses + [1.0] * outcome.gains + [0.0] * ties)
    known = np.arange(seen.size) < seen.size - missing
    low, high = np.where(known, seen, -1.0), np.where(known, seen, 1.0)
    return ExactPaired.of(CaseMeans(low, high if missing else low, seen, known, 1.0), bounds=bounds)


# ---------------------------------------------------------------- p-values


@pytest.mark.skipif(not EXACT, reason=f"independent vectors are not at {FILE}")
@pytest.mark.parametrize("vector", EXACT, ids=lambda vector: vector["id"])
def test_a_reference_p_value_is_reproduced(vector: dict[str, Any]) -> None:
    asked, wanted, within = vector["inputs"], vector["expected"], vector["tolerance"]
    outcome = Outcome(losses=asked["b"], gains=asked["c"], pairs=asked["n"])
    bound = -asked["margin"]
    found = float(statistic(asked["b"], asked["c"], asked["n"], bound))
    assert found == pytest.approx(wanted["statistic"], abs=within)
    assert discordance_limit(outcome, asked["gamma"]) == pytest.approx(
        wanted["q_upper"], abs=within
    )
    assert p_above(outcome, bound, gamma=asked["gamma"]) == pytest.approx(
        wanted["p_value"], abs=within
    )
    # The other claim is the same one with the arms exchanged.
    assert p_below(outcome.mirrored, -bound) == p_above(outcome, bound)


@given(OUTCOMES, BOUNDS)
@settings(deadline=None, max_examples=25)
def test_the_p_value_is_what_summing_over_every_outcome_gives(
    outcome: Outcome, bound: float
) -> None:
    observed = float(statistic(outcome.losses, outcome.gains, outcome.pairs, bound))
    extreme = [
        each
        for each in every_outcome(outcome.pairs)
        if float(statistic(each.losses, each.gains, each.pairs, bound)) >= observed - 1e-9
    ]
    highest = max(abs(bound), discordance_limit(outcome))
    found = p_above(outcome, bound)
    summed = [
        chance(extreme, bound, place) for place in np.linspace(abs(bound), highest, 15).tolist()
    ]
    assert found >= min(1.0, GAMMA + max(summed)) - 1e-9
    assert found <= min(1.0, GAMMA + 1.1 * max(summed)) + 0.02


@given(st.integers(1, 40), st.floats(-0.95, 0.95))
@example(11, 1e-292)
@example(11, -1e-292)
@example(30, 1e-9)
@settings(deadline=None, max_examples=60)
def test_a_gain_more_or_a_loss_less_never_lowers_the_statistic(pairs: int, bound: float) -> None:
    """What the search for the boundary, and the maximum on the bound itself, stand on."""
    table = np.full((pairs + 1, pairs + 1), np.nan)
    for each in every_outcome(pairs):
        found = float(statistic(each.losses, each.gains, pairs, bound))
        assert math.isfinite(found)
        table[each.losses, each.gains] = found
    assert np.nanmin(np.diff(table, axis=1)) > -1e-12
    assert np.nanmax(np.diff(table, axis=0)) < 1e-12


@cache
def claimed(pairs: int, bound: float) -> list[Outcome]:
    """Return the outcomes on which the mean difference is claimed to be above a bound."""
    return [each for each in every_outcome(pairs) if p_above(each, bound) <= ALPHA]


@pytest.mark.parametrize(("pairs", "bound"), [(20, -0.1), (20, 0.0), (30, -0.2), (30, -0.08)])
def test_wrong_claims_are_as_rare_as_was_promised_whatever_the_discordance(
    pairs: int, bound: float
) -> None:
    wrong = [
        chance(claimed(pairs, bound), bound, discordance)
        for discordance in (*np.linspace(abs(bound), 1, 60).tolist(), abs(bound) + 0.01)
    ]
    assert max(wrong) <= ALPHA + 1e-12
    # A rule that never claims anything would pass as well.
    assert max(wrong) > 0.5 * ALPHA
    # Below the bound a wrong claim is rarer still.
    lower = bound - 0.03
    assert chance(claimed(pairs, bound), lower, 0.4) <= chance(claimed(pairs, bound), bound, 0.4)


def test_fewer_than_a_hundred_pairs_without_a_difference_do_not_prove_three_points() -> None:
    assert p_above(Outcome(0, 0, 99), -0.03) == pytest.approx(0.05002, abs=5e-6)
    assert p_above(Outcome(0, 0, 100), -0.03) <= ALPHA


@pytest.mark.parametrize(
    ("outcome", "bound", "wanted"),
    [
        (Outcome(0, 0, 0), 0.2, 1.0),
        (Outcome(3, 1, 9), -1.5, 0.0),
        (Outcome(3, 1, 9), -1.0, 0.0),
        (Outcome(9, 0, 9), -1.0, 1.0),
        (Outcome(0, 9, 9), 1.0, 1.0),
        (Outcome(0, 0, 9), 0.0, 1.0),
    ],
)
def test_where_a_bound_or_the_data_leave_nothing_to_chance(
    outcome: Outcome, bound: float, wanted: float
) -> None:
    assert p_above(outcome, bound) == wanted


def test_more_differences_than_pairs_are_refused() -> None:
    for outcome in (Outcome(3, 3, 5), Outcome(-1, 0, 5)):
        with pytest.raises(ValueError, match="more differences than pairs"):
            p_above(outcome, 0.0)


@pytest.mark.parametrize("pairs", [1, 500])
def test_a_single_pair_and_the_most_there_can_be_have_p_values(pairs: int) -> None:
    found = [p_above(Outcome(0, gains, pairs), -0.03) for gains in (0, 1, pairs)]
    assert found == sorted(found, reverse=True)
    assert all(0 < p <= 1 for p in found)


# ---------------------------------------------------------------- limits


@given(OUTCOMES, st.sampled_from([0.01, ALPHA, 0.2]))
@settings(deadline=None, max_examples=12)
def test_a_limit_is_where_the_p_value_crosses_alpha(outcome: Outcome, alpha: float) -> None:
    found = lower_limit(outcome, alpha)
    assert p_above(outcome, found) <= alpha or found == -1
    assert p_above(outcome, found + 1e-8) > alpha
    assert upper_limit(outcome.mirrored, alpha) == -found
    mean = (outcome.gains - outcome.losses) / outcome.pairs
    assert found < mean or found == -1
    assert lower_limit(outcome, alpha / 2) <= found


def test_the_lowest_of_several_crossings_is_the_limit() -> None:
    outcome = Outcome(losses=15, gains=19, pairs=137)
    found = lower_limit(outcome, ALPHA)
    places = np.linspace(-0.06, -0.03, 121).tolist()
    claimed_at = [p_above(outcome, place) <= ALPHA for place in places]
    assert claimed_at != sorted(claimed_at, reverse=True)
    first = claimed_at.index(False)
    assert places[first - 1] - 1e-3 < found < places[first]


def test_limits_of_all_gains_all_losses_and_nothing() -> None:
    assert lower_limit(Outcome(20, 0, 20), ALPHA) == -1
    assert lower_limit(Outcome(0, 0, 0), ALPHA) == -1
    assert upper_limit(Outcome(0, 20, 20), ALPHA) == 1
    assert 0.6 < lower_limit(Outcome(0, 20, 20), ALPHA) < 1


def test_a_limit_needs_more_than_what_is_paid_for_the_discordance() -> None:
    with pytest.raises(ValueError, match="alpha"):
        lower_limit(Outcome(1, 1, 20), 0.0005)


# ---------------------------------------------------------------- the engine


def agrees(found: ExactPaired, bound: float) -> bool:
    floor, ceiling = Limit(DELTA, min=bound), Limit(DELTA, max=bound)
    lower, upper = found.lower(ALPHA), found.upper(ALPHA)
    above, below = found.p_above(bound) <= ALPHA, found.p_below(bound) <= ALPHA
    return above == proves_inside(lower, upper, floor) == proves_outside(
        lower, upper, ceiling
    ) and below == proves_inside(lower, upper, ceiling) == proves_outside(lower, upper, floor)


@pytest.mark.parametrize(
    "outcome", [Outcome(0, 0, 120), Outcome(5, 5, 200), Outcome(12, 9, 150), Outcome(3, 1, 180)]
)
def test_limits_never_disagree_with_the_claim_about_a_bound(outcome: Outcome) -> None:
    free = engine(outcome)
    for bound in (-0.03, 0.03, free.lower(ALPHA), free.upper(ALPHA), free.lower(ALPHA) + 1e-10):
        assert agrees(engine(outcome, bound), bound)
    both = engine(outcome, -0.03, 0.03)
    assert agrees(both, -0.03)
    assert agrees(both, 0.03)
    assert both.p_above(0.03) >= both.p_above(-0.03)
    assert both.p_below(-0.03) >= both.p_below(0.03)


def test_missing_pairs_are_lost_for_one_claim_and_gained_for_the_other() -> None:
    found, complete = (
        engine(Outcome(2, 2, 150), -0.03, missing=3),
        engine(Outcome(5, 2, 150), -0.03),
    )
    assert found.p_above(-0.03) == complete.p_above(-0.03)
    assert found.p_below(0.03) == engine(Outcome(2, 5, 150)).p_below(0.03)
    assert found.value == 0
    assert found.lower(ALPHA) < found.value < found.upper(ALPHA)


def test_fewer_cases_are_needed_than_by_engine_g() -> None:
    found = engine(Outcome(2, 2, 180), -0.03)
    assert found.lower(ALPHA) > found.fixed.lower(ALPHA)
    assert (found.method, found.approximate, found.constant) == ("exact paired test", False, False)


def test_more_cases_would_settle_what_these_do_not() -> None:
    found, limit = engine(Outcome(5, 5, 120), -0.03, 0.03), Limit(DELTA, -0.03, 0.03)
    settled = [found.would_settle(limit, ALPHA, factor, 0.0) for factor in (1.0, 4.0, 20.0)]
    assert settled == sorted(settled)
    assert not settled[0]
    assert settled[-1]


def test_an_estimate_at_the_lower_end_lies_inside_its_interval() -> None:
    found = engine(Outcome(20, 0, 20), 0.0)
    assert (found.value, found.lower(ALPHA)) == (-1, -1)
    assert -1 < found.upper(ALPHA) < 0


@pytest.mark.parametrize("differences", [np.array([0.5, 0.0]), np.array([2.0])])
def test_what_is_not_a_difference_of_yes_or_no_is_refused(differences: FloatArray) -> None:
    means = CaseMeans(differences, differences, differences, differences < 9, 2.0)
    with pytest.raises(ValueError, match="−1, 0 or 1"):
        ExactPaired.of(means, bounds=[0.0])


def test_more_pairs_than_are_tested_exactly_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 500 pairs"):
        engine(Outcome(0, 0, 501), 0.0)
