"""Bounds that are bet on: the order of the cases, looks that follow each other, and when they are won."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import (
    Bound,
    Envelope,
    Kind,
    Limit,
    LimitKind,
    Method,
    Metric,
    Support,
)
from evalkit.core.model import Arm, Case, Sample, Score, ScoredSample
from evalkit.core.ports import ScorerPlugin, Value
from evalkit.core.verdict import Result, Unmeasured
from evalkit.stages.aggregate import Table, aggregate
from evalkit.stats.evidence import Evidence, Observed
from tests.stages.trials import (
    ACCURACY,
    SNAPSHOT,
    TOKENS,
    at_least,
    at_most,
    bound,
    result_of,
    rights,
    within,
)
from tests.stats.arms import evidence


def bet(asked: Bound) -> Bound:
    return replace(asked, method=Method.BETTING)


def ordered(found: Evidence) -> Evidence:
    return replace(found, order=np.arange(found.cases))


# ---------------------------------------------------------------- the order


def right(_case: Case, _sample: Sample) -> float:
    raise AssertionError("scores are given")


PLUGIN = ScorerPlugin("accuracy", 1, (Value("match", ACCURACY.kind),), right)


def table(
    names: list[str], *, looks: tuple[int, ...] = (), method: Method = Method.BETTING
) -> Table:
    asked = Envelope("x", SNAPSHOT, (replace(bound(at_least(0.5)), method=method),))
    cases = {name: Case(name, "?") for name in names}
    scored = [
        ScoredSample(Sample(name, Arm.CANDIDATE, output="a"), {"accuracy": Score((1.0,))})
        for name in names
    ]
    return aggregate(scored, cases, asked, {"accuracy": PLUGIN}, looks=looks)


def in_order(found: Table) -> list[str]:
    assert found.order is not None
    return [found.cases[place].id for place in found.order]


@pytest.mark.parametrize(
    ("draws", "looks", "reach"),
    [
        ([4, 4, 4], (), ((1 / 4 + 1 / 3) / 2) ** 0.5),
        ([4, 4, 2], (), 1.0),
        ([4, 4, 2], (2,), ((1 / 4 + 1 / 3) / 2) ** 0.5),
        ([0, 0, 0], (), ((1 + 1 / 3) / 2) ** 0.5),
    ],
)
def test_a_bet_reckons_with_the_draws_that_were_planned_before_its_first_look(
    draws: list[int], looks: tuple[int, ...], reach: float
) -> None:
    within_three = replace(bound(within(0.03)), method=Method.BETTING)
    asked = Envelope("x", SNAPSHOT, (within_three,), SNAPSHOT, repeats=1, noisy_repeats=3)
    cases = {f"c{place}": Case(f"c{place}", "?") for place in range(3)}
    scored = [
        ScoredSample(Sample(name, arm, index, output="a"), {"accuracy": Score((1.0,))})
        for name, count in zip(cases, draws, strict=True)
        for arm, most in ((Arm.BASELINE, count), (Arm.CANDIDATE, 1))
        for index in range(most)
    ]
    found = aggregate(scored, cases, asked, {"accuracy": PLUGIN}, looks=looks)
    assert found.reach == found.exhibit_for(within_three).evidence.reach == pytest.approx(reach)
    fixed = replace(asked, bounds=(replace(within_three, method=Method.USUAL),))
    assert aggregate(scored, cases, fixed, {"accuracy": PLUGIN}).reach == 1.0


def test_the_order_of_betting_is_that_of_no_file_and_does_not_change_when_cases_join() -> None:
    names = [f"c{number}" for number in range(40)]
    found = in_order(table(names))
    assert sorted(found) == sorted(names) != found
    assert in_order(table(names[::-1])) == found
    assert [name for name in found if name in names[:20]] == in_order(table(names[:20]))


def test_there_is_an_order_only_where_something_is_bet_on() -> None:
    assert table(["a", "b"], method=Method.USUAL).order is None


def test_cases_of_an_earlier_look_come_first() -> None:
    names = [f"c{number}" for number in range(30)]
    found = table(names, looks=(12, 20))
    order = in_order(found)
    assert [set(part) for part in (order[:12], order[12:20], order[20:])] == [
        set(names[:12]), set(names[12:20]), set(names[20:]),
    ]  # fmt: skip
    [shown] = [found.exhibit_for(bet(bound(at_least(0.5)))).evidence]
    assert shown.horizons == [12, 20, 30]


def test_the_horizons_of_a_slice_count_its_own_units() -> None:
    whole = Evidence(
        6,
        {Arm.CANDIDATE: Observed(np.arange(6), np.ones(6), np.ones(6, dtype=np.bool_))},
        np.array([0, 0, 1, 2, 2, 3]),
        order=np.arange(6),
        looks=np.array([0, 0, 0, 1, 1, 1]),
    )
    assert whole.horizons == [2, 4]
    part = whole.among(np.array([True, False, True, False, False, True]))
    assert part.horizons == [2, 3]
    assert whole.among(np.array([False, False, False, True, True, True])).horizons == [2]
    assert replace(whole, looks=None).horizons is None


# ---------------------------------------------------------------- when a bet is won


def test_a_bound_that_was_won_says_after_how_many_cases() -> None:
    found = result_of(bet(bound(at_least(0.5))), ordered(evidence(rights(200, 0))))
    assert found.result is Result.HOLDS
    assert found.decided_after is not None
    assert 4 < found.decided_after < 50


def test_a_bound_on_two_sides_is_won_with_the_later_of_them() -> None:
    seen = ordered(evidence([float(number % 2) for number in range(400)]))
    low, high = (
        result_of(bet(bound(limit)), seen).decided_after for limit in (at_least(0.3), at_most(0.8))
    )
    both = result_of(bet(bound(replace(at_least(0.3), max=0.8))), seen)
    assert low is not None
    assert high is not None
    assert both.decided_after == pytest.approx(max(low, high), abs=5)


@pytest.mark.parametrize("asked", [bet(bound(at_least(0.99))), bound(at_least(0.5))])
def test_what_was_not_won_or_not_bet_on_says_nothing(asked: Bound) -> None:
    assert result_of(asked, ordered(evidence(rights(95, 5)))).decided_after is None


def test_an_undecided_bet_says_how_many_more_cases_it_takes() -> None:
    found = result_of(bet(bound(at_least(0.85))), ordered(evidence(([1.0] * 8 + [0.0, 1.0]) * 10)))
    assert found.result is Result.UNDECIDED
    assert found.settle is not None
    assert found.settle.n is not None
    assert 100 < found.settle.n < 600


def test_a_bet_that_was_lost_early_stays_lost_though_the_estimate_came_back() -> None:
    found = result_of(bet(bound(at_least(0.85))), ordered(evidence(rights(90, 10)[::-1])))
    assert found.result is Result.BROKEN
    assert "Even the upper end" in found.detail


def test_a_mean_without_a_range_is_judged_as_ever_whatever_is_asked() -> None:
    seen = ordered(evidence([float(90 + number % 20) for number in range(100)]))
    found = result_of(bet(bound(at_most(120), TOKENS)), seen)
    assert found.result is Result.HOLDS
    assert found.decided_after is None


def test_the_day_of_the_first_recorded_answer_is_told() -> None:
    days = ["2025-11-04T10:00:00Z", "2025-11-03T23:00:00Z", None, "yesterday"]
    names = [f"c{number}" for number in range(len(days))]
    scored = [
        ScoredSample(
            Sample(name, Arm.CANDIDATE, output="a", created=day), {"accuracy": Score((1.0,))}
        )
        for name, day in zip(names, days, strict=True)
    ]
    asked = Envelope("x", SNAPSHOT, (bound(at_least(0.5)),))
    cases = {name: Case(name, "?") for name in names}
    found = aggregate(scored, cases, asked, {"accuracy": PLUGIN})
    assert found.arms[Arm.CANDIDATE].summary.recorded == "2025-11-03"


# ---------------------------------------------------------------- draws of noisy cases, categories


def test_a_case_is_drawn_again_where_the_baseline_disagrees_with_itself() -> None:
    asked = Envelope(
        "x", SNAPSHOT, (bound(within(0.1)), bound(at_least(0.1), name="floor")),
        baseline=SNAPSHOT, noisy_repeats=3,
    )  # fmt: skip
    cases = {name: Case(name, "?") for name in ("calm", "noisy", "torn")}
    answers = {"calm": (1, 1, 1), "noisy": (1, 0, 1), "torn": (0, 1, 0)}

    def sample(name: str, arm: Arm, index: int, value: float) -> ScoredSample:
        return ScoredSample(Sample(name, arm, index, output="a"), {"accuracy": Score((value,))})

    scored = [
        sample(name, Arm.BASELINE, draw, float(value))
        for name, draws in answers.items()
        for draw, value in enumerate(draws)
    ]
    scored += [sample(name, Arm.CANDIDATE, draw, 1.0) for name in answers for draw in range(3)]
    scored.pop()  # the last draw of a torn case was never recorded
    found = aggregate(scored, cases, asked, {"accuracy": PLUGIN})
    candidate = found.arms[Arm.CANDIDATE]
    assert candidate.case.tolist() == [0, 1, 1, 1, 2, 2, 2]
    assert candidate.summary.unused == 2
    assert candidate.summary.missing == 1


KINDS = ScorerPlugin("kinds", 1, (Value("kind", Kind.CATEGORY),), right)
KIND = Metric("kinds", "kinds", "kind", Kind.CATEGORY, Support(0, 1))


def of_kinds(*, shifted: bool) -> tuple[Envelope, Table]:
    limit = Limit(LimitKind.SHIFT, max=0.2, distance="tv") if shifted else at_most(0.5)
    asked = Envelope("x", SNAPSHOT, (bound(limit, KIND, statistic="mean"),), baseline=SNAPSHOT)
    names = [f"c{number:03d}" for number in range(240)]
    scored = [
        ScoredSample(
            Sample(name, arm, output="a"), {"kinds": Score(("red" if place % 3 else "blue",))}
        )
        for arm in Arm
        for place, name in enumerate(names)
    ]
    return asked, aggregate(
        scored, {name: Case(name, "?") for name in names}, asked, {"kinds": KINDS}
    )


def test_categories_can_shift_and_have_no_mean() -> None:
    asked, found = of_kinds(shifted=True)
    shown = found.exhibit_for(asked.bounds[0])
    assert not any(shown.gaps.values())
    result = result_of(asked.bounds[0], shown, baseline=SNAPSHOT)
    assert result.result is Result.UNDECIDED  # all equal: nothing was ever drawn otherwise
    assert isinstance(result.candidate, Unmeasured)
    assert "no mean" in result.candidate.detail


def test_categories_are_no_numbers() -> None:
    asked, found = of_kinds(shifted=False)
    shown = found.exhibit_for(asked.bounds[0])
    assert shown.evidence.arms[Arm.CANDIDATE].missing == 240
    assert shown.gaps[Arm.CANDIDATE] == {"a category in place of a number": 240}
