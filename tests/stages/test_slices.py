"""Tags that no bound names are estimated all the same, and decide nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.core.envelope import Bound, Envelope, Kind, Metric, Slice, Statistic
from evalkit.core.model import Case, Sample, Score, ScoredSample
from evalkit.core.ports import ScorerPlugin, Value
from evalkit.core.verdict import Estimate, SliceResult, Unmeasured
from evalkit.stages.aggregate import Table, aggregate
from evalkit.stages.aggregate.slices import MOST_ROWS, MOST_TAGS, slices
from evalkit.stages.judge import judge
from evalkit.stats.evidence import Sliced
from tests.stages.trials import (
    ACCURACY,
    LATENCY,
    SHIFT,
    SNAPSHOT,
    TONE,
    at_least,
    at_most,
    bound,
    exhibit,
    facts,
    within,
)
from tests.stats.arms import Cases, evidence

METRICS = (ACCURACY, TONE, LATENCY)


def never(_case: Case, _sample: Sample) -> float:
    raise AssertionError("scores are given")


PLUGINS = {
    metric.instrument: ScorerPlugin(
        metric.instrument, 1, (Value(metric.value, metric.kind),), never
    )
    for metric in METRICS
}


def table(asked: Envelope, tags: list[tuple[str, ...]]) -> Table:
    cases = {
        f"c{place:03d}": Case(f"c{place:03d}", "?", tags=each) for place, each in enumerate(tags)
    }
    scored = [
        ScoredSample(
            Sample(name, arm, output="a"),
            {name: Score((float(place % 2),)) for name in PLUGINS},
        )
        for place, name in enumerate(cases)
        for arm in asked.snapshots
    ]
    return aggregate(scored, cases, asked, PLUGINS)


def asked(*bounds: Bound) -> Envelope:
    return Envelope("x", SNAPSHOT, bounds, SNAPSHOT)


def named(found: tuple[Sliced, ...]) -> list[tuple[str, str]]:
    return [(part.metric.name, part.tag) for part in found]


TAGS = [("all", "a", "b"), ("all", "a"), ("all", "a"), ("all", "b"), ("all",), ("all", "c")]


def test_every_tag_is_seen_that_is_not_everything_the_largest_first() -> None:
    envelope = asked(bound(at_least(0.5)), bound(within(0.1), TONE))
    found, left_out = slices(envelope, table(envelope, TAGS))
    assert left_out == 0
    assert named(found) == [
        ("accuracy", "a"), ("accuracy", "b"), ("accuracy", "c"),
        ("tone", "a"), ("tone", "b"), ("tone", "c"),
    ]  # fmt: skip
    assert [part.exhibit.evidence.cases for part in found[:3]] == [3, 2, 1]


def test_what_a_bound_names_is_no_slice_beside_it() -> None:
    on_a = replace(bound(at_least(0.2)), name="accuracy@a", slice=Slice(any_of=("a",)))
    envelope = asked(bound(at_least(0.5)), on_a, bound(within(0.1), TONE))
    found, _ = slices(envelope, table(envelope, TAGS))
    assert ("accuracy", "a") not in named(found)
    assert ("tone", "a") in named(found)


@pytest.mark.parametrize(
    "only",
    [
        bound(at_most(900), LATENCY),
        bound(replace(at_most(0.5), kind=SHIFT), TONE),
        replace(bound(at_least(0.2)), slice=Slice(any_of=("a",))),
    ],
    ids=["a quantile", "a shift", "a slice"],
)
def test_what_has_no_mean_of_all_cases_has_no_slices(only: Bound) -> None:
    envelope = asked(only)
    assert slices(envelope, table(envelope, TAGS)) == ((), 0)


@pytest.mark.parametrize("metrics", [1, 8])
def test_the_smallest_of_many_tags_are_counted(metrics: int) -> None:
    tags = [tuple(f"t{number:02d}" for number in range(place)) for place in range(60)]
    every = [
        Metric(f"m{number}", "accuracy", "match", Kind.RATE, ACCURACY.support)
        for number in range(metrics)
    ]
    envelope = asked(*(bound(at_least(0.5), metric) for metric in every))
    found, left_out = slices(envelope, table(envelope, tags))
    kept = min(MOST_TAGS, MOST_ROWS // metrics)
    assert (len(found), left_out) == (kept * metrics, 59 - kept)
    assert [part.tag for part in found[:2]] == ["t00", "t01"]


def result(candidate: Cases, baseline: Cases | None) -> SliceResult:
    seen = evidence([1.0] * 60)
    part = Sliced(ACCURACY, Statistic("rate"), "a", exhibit(evidence(candidate, baseline)))
    envelope = Envelope("x", SNAPSHOT, (bound(at_least(0.5)),))
    verdict = judge(envelope, [exhibit(seen)], (), facts(seen), sliced=(part,), slices_left_out=3)
    assert verdict.slices_left_out == 3
    (found,) = verdict.slices
    assert (found.metric, found.on, found.statistic) == ("accuracy", "a", "rate")
    return found


def test_a_slice_says_what_each_arm_does_and_what_changed() -> None:
    found = result([1.0] * 45 + [0.0] * 15, [1.0] * 60)
    assert isinstance(found.baseline, Estimate)
    assert isinstance(found.candidate, Estimate)
    assert isinstance(found.effect, Estimate)
    values = (found.baseline.value, found.candidate.value, found.effect.value)
    assert values == (1.0, 0.75, -0.25)
    assert found.effect.lower < -0.25 < found.effect.upper < 0


def test_a_slice_of_one_arm_has_no_change_and_one_without_values_says_why() -> None:
    alone = result([1.0] * 9, None)
    assert (alone.baseline, alone.effect) == (None, None)
    nothing = result([None] * 9, [1.0] * 9)
    assert isinstance(nothing.candidate, Unmeasured)
    assert isinstance(nothing.effect, Unmeasured)
