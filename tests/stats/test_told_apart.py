"""Both answers of a case are told apart as well as they differ, and no better than chance otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.drift import Separation
from evalkit.stats.arrays import FloatArray
from evalkit.stats.told_apart import (
    FOLDS,
    RIDGE,
    estimate,
    gram,
    p_above,
    p_below,
    separation,
    with_limits,
)


def noise(pairs: int, seed: int = 0, columns: int = 30) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(pairs, columns))


def told(rows: FloatArray, *, seed: int = 1, replicates: int = 199) -> Separation:
    return separation(gram(rows), np.arange(len(rows)), seed=seed, replicates=replicates)


def test_answers_that_differ_the_same_way_are_all_told_apart() -> None:
    rows = noise(60)
    rows[:, 0] += 30
    found = told(rows)
    assert (found.value, found.upper, found.named) == (1.0, 1.0, 60)
    assert found.lower > 0.9
    assert found.p == 1 / 200


def test_noise_is_told_apart_by_chance() -> None:
    found = told(noise(200))
    assert found.lower < 0.5 < found.upper
    assert found.p > 0.05
    assert found.named + found.mistaken + found.tied == found.pairs == found.units == 200


def test_answers_that_are_equal_are_ties_and_leave_nothing_open_but_what_was_not_seen() -> None:
    found = told(np.zeros((100, 5)))
    assert (found.value, found.tied, found.widening, found.p) == (0.5, 100, 1.0, 1.0)
    assert 0.48 < found.lower < 0.5 < found.upper < 0.52


def test_a_pair_is_never_judged_by_what_itself_taught() -> None:
    # Differences that share nothing teach nothing about one another: whoever peeked would be right.
    assert told(np.eye(50)).tied == 50


def test_pairs_of_one_unit_do_not_teach_each_other() -> None:
    rows = np.repeat(np.eye(30), 4, axis=0)
    found = separation(gram(rows), np.repeat(np.arange(30), 4), seed=0, replicates=99)
    assert (found.tied, found.pairs, found.units) == (120, 120, 30)


def test_scores_are_those_of_a_ridge_that_never_saw_the_fold() -> None:
    rows, count = noise(23, 5), 23
    rows[:, 0] += 0.8
    products = gram(rows)
    words = np.random.PCG64(7).random_raw(count)
    fold = np.argsort(np.argsort(words, kind="stable"), kind="stable") % FOLDS
    values = []
    for pair in range(count):
        taught = np.flatnonzero(fold != fold[pair])
        inner = products[np.ix_(taught, taught)] + RIDGE * np.eye(taught.size)
        weights = np.linalg.solve(inner, np.ones(taught.size))
        values.append(float(products[pair, taught] @ weights > 0))
    found = separation(products, np.arange(count), seed=7, replicates=9)
    assert found.value == pytest.approx(np.mean(values))


def test_the_same_seed_gives_the_same_and_another_nearly_the_same() -> None:
    rows = noise(80, 2)
    rows[:, 0] += 1
    assert told(rows) == told(rows)
    assert told(rows, seed=2).value == pytest.approx(told(rows).value, abs=0.1)


def test_clusters_that_move_together_widen_the_interval() -> None:
    rows = np.repeat(noise(30, 3), 8, axis=0)
    each = separation(gram(rows), np.arange(240), seed=0, replicates=99)
    together = separation(gram(rows), np.repeat(np.arange(30), 8), seed=0, replicates=99)
    assert together.widening > 1.5 * max(1.0, each.widening / 4)
    assert together.upper - together.lower > 0.3


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 40),
    st.floats(1, 2),
    st.sampled_from([0.9, 0.95, 0.999]),
)
def test_a_p_value_is_below_alpha_where_the_limit_is_beyond_the_bound(
    named: int, mistaken: int, tied: int, widening: float, confidence: float
) -> None:
    pairs = named + mistaken + tied
    if not pairs:
        return
    found = with_limits(
        Separation(
            value=(named + tied / 2) / pairs, lower=0, upper=1, confidence=0.5, pairs=pairs,
            units=pairs, named=named, mistaken=mistaken, tied=tied, widening=widening, p=1,
            permutations=99,
        ),
        confidence,
    )  # fmt: skip
    assert found.lower <= found.value <= found.upper
    alpha = round(1 - confidence, 12)
    for end, claim in ((found.lower, p_above), (found.upper, p_below)):
        if 0 < end < 1:
            assert claim(found, end) == pytest.approx(alpha, rel=1e-6)


def test_a_bound_is_laid_on_an_estimate_that_says_it_is_approximate() -> None:
    found = told(noise(40))
    laid = estimate(found, confidence=0.99, missing=3)
    assert (laid.n, laid.samples, laid.clusters, laid.missing) == (40, 80, 40, 3)
    assert laid.approximate
    assert laid.lower < found.lower
    assert (laid.value, laid.confidence) == (found.value, 0.99)
    assert with_limits(replace(found, widening=1.0), 0.95).lower >= found.lower
