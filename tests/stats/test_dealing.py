"""Draws are dealt to both arms at random: each to one of them, and one of each case stays."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.model import Arm
from evalkit.stats.dealing import comparable, dealt, pooled
from evalkit.stats.evidence import Evidence
from tests.stats.arms import evidence

numbers = st.lists(st.integers(2, 6), min_size=1, max_size=12)


def deck(counts: list[int]) -> Evidence:
    """Return a baseline whose draws all differ, so many of each case."""
    values = iter(range(1, sum(counts) + 1))
    return evidence(
        [[0.0]] * len(counts), [[float(next(values)) for _ in range(n)] for n in counts]
    )


@settings(deadline=None, max_examples=40)
@given(numbers, st.integers(1, 7), st.integers(0, 2**20))
def test_every_draw_is_in_exactly_one_arm_and_the_baseline_keeps_one(
    counts: list[int], candidate: int, seed: int
) -> None:
    found = deck(counts)
    draws = found.arms[Arm.BASELINE]
    keys = np.random.default_rng(seed).random((len(counts), max(counts)))
    made = dealt(draws, found, keys, candidate=candidate)
    ours, theirs = made.arms[Arm.CANDIDATE], made.arms[Arm.BASELINE]
    both = Counter(zip(ours.case, ours.values, strict=True))
    both += Counter(zip(theirs.case, theirs.values, strict=True))
    assert both == Counter(zip(draws.case, draws.values, strict=True))
    wanted = [min(candidate, n - 1) for n in counts]
    assert list(np.bincount(ours.case, minlength=len(counts))) == wanted
    assert (np.bincount(theirs.case, minlength=len(counts)) >= 1).all()


def test_every_draw_is_dealt_to_the_candidate_as_often_as_any_other() -> None:
    found = deck([5, 2, 3])
    draws = found.arms[Arm.BASELINE]
    rng = np.random.default_rng(1)
    seen = Counter[float]()
    for _ in range(3000):
        made = dealt(draws, found, rng.random((3, 5)), candidate=1)
        seen.update(made.arms[Arm.CANDIDATE].values)
    for values, share in (([1, 2, 3, 4, 5], 1 / 5), ([6, 7], 1 / 2), ([8, 9, 10], 1 / 3)):
        for value in values:
            assert abs(seen[float(value)] / 3000 - share) < 0.04


def test_the_samples_of_all_arms_are_pooled_in_case_order() -> None:
    found = pooled(evidence([1.0, [2.0, None]], [[3.0, 4.0], 5.0]))
    assert list(found.case) == [0, 0, 0, 1, 1, 1]
    assert sorted(found.values[:3]) == [1.0, 3.0, 4.0]
    assert found.missing == 1
    alone = pooled(evidence([1.0, 2.0]))
    assert list(alone.values) == [1.0, 2.0]


def test_cases_with_one_draw_cannot_meet_themselves() -> None:
    found = evidence([[1.0, 2.0], [1.0], [1.0, None, 3.0]])
    assert list(comparable(found.arms[Arm.CANDIDATE], 4)) == [True, False, True, False]


def test_clusters_and_the_order_of_betting_stay_as_they_are() -> None:
    found = deck([2, 2, 2])
    found = Evidence(3, found.arms, np.array([4, 4, 7]), order=np.array([2, 0, 1]))
    made = dealt(found.arms[Arm.BASELINE], found, np.zeros((3, 2)), candidate=1)
    assert made.clusters is not None
    assert list(made.clusters) == [4, 4, 7]
    assert made.order is not None
    assert list(made.order) == [2, 0, 1]
