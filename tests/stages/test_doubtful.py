"""A bound that the mistakes of its detector could decide is called neither kept nor broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import Bound, Envelope, Kind, Limit, LimitKind, Method, Require, Severity
from evalkit.core.model import Arm, Case, Sample, Score, ScoredSample
from evalkit.core.phrases import known_error, settle_lines
from evalkit.core.plan import BoundPlan
from evalkit.core.ports import Accuracy, ScorerPlugin, Value
from evalkit.core.verdict import BoundResult, Detector, Reason, Result
from evalkit.stages.aggregate import aggregate
from evalkit.stages.plan.bounds import Size, bound_plan
from evalkit.stages.plan.chosen import Setting, Unknown, outlook
from evalkit.stages.propose import beyond_doubt
from evalkit.stats.doubt import Mistaken, doubt_about
from evalkit.stats.evidence import Evidence, Exhibit
from evalkit.stats.standing import alarms, standing
from tests.stages.trials import (
    ACCURACY,
    SNAPSHOT,
    at_least,
    at_most,
    bound,
    exhibit,
    verdict_on,
    within,
)
from tests.stats.arms import evidence

DETECTOR = Detector("refusal@2", 4000, 9, 0.021, 0.058)


def judged(asked: Bound, seen: Evidence, *others: tuple[Bound, Evidence]) -> BoundResult:
    """Return the result of one bound, beside others of the same envelope."""
    read_by = DETECTOR if seen.mistakes else None
    shown = replace(exhibit(seen), detector=read_by)
    trials: list[tuple[Bound, Evidence | Exhibit]] = [(asked, shown), *others]
    return verdict_on(trials, baseline=SNAPSHOT).bounds[0]


def doubtful(seen: Evidence, false: float, missed: float) -> Evidence:
    """Return the same evidence, read by a detector that makes so many mistakes in either arm."""
    return replace(seen, mistakes={arm: Mistaken(0.5, false, missed) for arm in seen.arms})


SAME = evidence([0.0] * 300, [0.0] * 300)


def test_a_bound_that_mistakes_cannot_move_over_its_limit_holds() -> None:
    found = judged(bound(within(0.05)), doubtful(SAME, 0.0, 0.004))
    assert found.result is Result.HOLDS
    assert found.detector is not None
    assert (found.detector.down, found.detector.up) == pytest.approx((0.004, 0.004))


def test_a_bound_that_mistakes_could_break_is_undecided_and_says_so() -> None:
    found = judged(bound(within(0.03)), doubtful(SAME, 0.0, 0.03))
    assert (found.result, found.reason) == (Result.UNDECIDED, Reason.INSTRUMENT)
    assert "mistakes of refusal@2 may move this by −3.0" in found.detail
    assert settle_lines(found)[0] == "labels of people: evalkit calibrate RUN accuracy"
    assert found.settle is not None
    assert found.settle.margin is not None
    assert found.settle.margin.max == pytest.approx(0.04, abs=0.001)
    again = judged(bound(found.settle.margin), doubtful(SAME, 0.0, 0.03))
    assert again.result is Result.HOLDS


def test_a_bound_that_mistakes_could_mend_is_not_called_broken() -> None:
    moved = evidence([1.0] * 40 + [0.0] * 260, [0.0] * 300)
    asked = bound(within(0.05))
    assert judged(asked, moved).result is Result.BROKEN
    found = judged(asked, doubtful(moved, 0.05, 0.05))
    assert (found.result, found.reason) == (Result.UNDECIDED, Reason.INSTRUMENT)
    assert judged(asked, doubtful(moved, 0.01, 0.01)).result is Result.BROKEN


def test_what_is_outside_beyond_doubt_but_for_the_other_bounds_is_theirs_to_explain() -> None:
    moved = evidence([1.0] * 13 + [0.0] * 287, [0.0] * 300)
    asked = bound(Limit(LimitKind.DELTA, max=0.02))
    others = [
        (replace(bound(at_least(0.1)), name=f"other {n}"), evidence([1.0] * 50 + [0.0] * 50))
        for n in range(10)
    ]
    found = judged(asked, doubtful(moved, 0.0005, 0.0), *others)
    assert (found.result, found.reason) == (Result.UNDECIDED, Reason.MULTIPLICITY)


def test_a_noisy_bound_is_told_how_many_cases_would_outweigh_the_mistakes_too() -> None:
    noisy = evidence([1.0, 0.0] * 5 + [0.0] * 190, [0.0, 1.0] * 5 + [0.0] * 190)
    plain = judged(bound(within(0.03)), noisy)
    found = judged(bound(within(0.03)), doubtful(noisy, 0.002, 0.002))
    assert plain.reason is found.reason is Reason.TOO_NOISY
    assert plain.settle is not None
    assert found.settle is not None
    assert plain.settle.n is not None
    assert found.settle.n is not None
    assert found.settle.n > plain.settle.n
    hopeless = judged(bound(within(0.03)), doubtful(noisy, 0.03, 0.03))
    assert hopeless.reason is Reason.AT_MARGIN
    # Mistakes that alone fill the margin: no number of cases proves it, and labels do.
    assert hopeless.settle is not None
    assert (hopeless.settle.n, hopeless.settle.n_unchanged) == (None, None)
    assert settle_lines(hopeless)[0] == "labels of people: evalkit calibrate RUN accuracy"
    over = evidence([1.0] * 12 + [0.0] * 188, [0.0] * 200)
    worse = judged(bound(within(0.04)), doubtful(over, 0.002, 0.002))
    assert worse.settle is not None
    assert worse.settle.n is not None
    nearly = judged(bound(within(0.035)), doubtful(noisy, 0.002, 0.002))
    assert nearly.reason is Reason.INSTRUMENT
    assert nearly.settle is not None
    assert nearly.settle.n is not None


def test_the_chances_of_other_truths_reckon_with_mistakes() -> None:
    asked = replace(bound(within(0.05)), require=Require.NOT_DISPROVEN)
    plain, found = judged(asked, SAME), judged(asked, doubtful(SAME, 0.005, 0.005))
    assert plain.detects is not None
    assert found.detects is not None
    assert found.detects > plain.detects
    middle = len(found.sees) // 2
    assert found.sees[middle].holds <= plain.sees[middle].holds


@pytest.mark.parametrize("method", [Method.USUAL, Method.BETTING])
def test_a_standing_is_the_verdict_with_a_doubtful_detector(method: Method) -> None:
    rng = np.random.default_rng(11)
    for _ in range(25):
        n = int(rng.integers(60, 400))
        baseline = (rng.random(n) < 0.2).astype(float)
        candidate = np.where(rng.random(n) < rng.choice([0.02, 0.2]), 1.0, baseline)
        seen = doubtful(evidence(candidate, baseline), *rng.choice([0, 0.002, 0.02], size=2))
        asked = replace(bound(within(float(rng.choice([0.03, 0.06, 0.1])))), method=method)
        stood = standing(asked, seen)
        [broken] = alarms([asked], [stood])
        expected = Result.BROKEN if broken else Result.HOLDS if stood.inside else Result.UNDECIDED
        assert judged(asked, seen).result is expected


def test_a_bound_that_only_warns_is_held_to_the_same() -> None:
    asked = replace(bound(at_most(0.02)), severity=Severity.WARN)
    found = judged(asked, doubtful(evidence([0.0] * 300), 0.0, 0.02))
    assert found.reason is Reason.INSTRUMENT


# ---------------------------------------------------------------- planning


def setting() -> Setting:
    return Setting({}, baseline=1, candidate=1, noisy=None, seed=0)


def test_a_plan_reckons_with_the_mistakes_that_the_baseline_shows() -> None:
    seen = evidence([0.0] * 290 + [1.0] * 10, [0.0] * 290 + [1.0] * 10)
    asked = bound(at_most(0.10))
    plain = outlook(asked, seen, setting())
    found = outlook(asked, doubtful(seen, 0.0, 0.03), setting())
    assert not isinstance(plain, Unknown)
    assert not isinstance(found, Unknown)
    assert found.unchanged(300)[0] < plain.unchanged(300)[0]


def test_a_plan_asks_for_no_number_of_cases_where_mistakes_fill_the_margin() -> None:
    seen = evidence([0.0] * 290 + [1.0] * 10, [0.0] * 290 + [1.0] * 10)
    plain = outlook(bound(within(0.03)), seen, setting())
    found = outlook(bound(within(0.03)), doubtful(seen, 0.03, 0.03), setting())
    assert not isinstance(plain, Unknown)
    assert not isinstance(found, Unknown)
    assert plain.cases(0.9, 300) is not None
    assert found.cases(0.9, 300) is None


def test_a_plan_catches_what_is_broken_beyond_doubt_and_offers_margins_beyond_it() -> None:
    rates = [0.0] * 270 + [1.0] * 30
    shown = exhibit(evidence(rates, rates))
    for limit in (at_least(0.05), at_most(0.12), within(0.05)):
        plain, found = (plan_of(bound(limit), shown, share) for share in (0.0, 0.01))
        for before, after, outward in zip(plain.catches, found.catches, (-1, 1), strict=True):
            if before is not None and after is not None:
                assert (after - before) * outward > 0.005
    tight = plan_of(bound(at_most(0.12)), shown, 0.01)
    assert tight.margin is not None
    plain = plan_of(bound(at_most(0.12)), shown, 0.0)
    assert plain.margin is None or plain.margin.max < tight.margin.max  # type: ignore[operator]


def plan_of(asked: Bound, shown: Exhibit, share: float) -> BoundPlan:
    """Return the plan of a bound whose detector makes so many mistakes of either kind."""
    seen = doubtful(shown.evidence, share, share) if share else shown.evidence
    mistakes = seen.mistakes
    return bound_plan(
        asked, outlook(asked, seen, setting()), Size(300, 300), unit="", baseline=None, aim=0.9,
        doubt=doubt_about(asked, mistakes),
    )  # fmt: skip


def test_a_proposed_limit_leaves_room_for_mistakes() -> None:
    asked = bound(within(0.03))
    assert beyond_doubt((-0.02, 0.02), asked, SAME) == (-0.02, 0.02)
    found = beyond_doubt((-0.02, 0.02), asked, doubtful(SAME, 0.0, 0.01))
    assert found == pytest.approx((-0.03, 0.03))


# ---------------------------------------------------------------- from scores


def detector(*rows: Accuracy) -> ScorerPlugin:
    values = (Value("found", Kind.RATE), Value("kind", Kind.CATEGORY))
    return ScorerPlugin("accuracy", 2, values, lambda *_: 0.0, accuracy=lambda: rows)


def scored(values: list[tuple[str, float, float | None]]) -> list[ScoredSample]:
    """Return a sample of the candidate a case, found or not, and how probably that is wrong."""
    return [
        ScoredSample(
            Sample(case_id, Arm.CANDIDATE, number, output="…"),
            {"accuracy": Score((value, "x"), mistakes=() if wrong is None else (wrong, None))},
        )
        for number, (case_id, value, wrong) in enumerate(values)
    ]


def table_of(values: list[tuple[str, float, float | None]], plugin: ScorerPlugin) -> Exhibit:
    metric = replace(ACCURACY, value="found")
    asked = bound(at_most(0.5), metric)
    envelope = Envelope("e", SNAPSHOT, (asked,), repeats=9)
    cases = {name: Case(name, "") for name, _, _ in values}
    table = aggregate(scored(values), cases, envelope, {"accuracy": plugin})
    return table.exhibit_for(asked)


ROWS = (
    Accuracy("found", "a", "m1", 100, 50, 50, 3),
    Accuracy("found", "a", "m2", 100, 50, 46, 0),
    Accuracy("other", "a", "m2", 100, 50, 0, 0),
)


def test_mistakes_are_shares_of_cases_however_many_samples_each_has() -> None:
    found = table_of(
        [("a", 1.0, 0.2), ("a", 0.0, 0.1), ("b", 0.0, 0.3), ("b", 0.0, 0.1)], detector(*ROWS)
    )
    mistaken = found.evidence.mistakes[Arm.CANDIDATE]
    assert (mistaken.rate, mistaken.false, mistaken.missed) == pytest.approx((0.25, 0.05, 0.125))
    assert found.detector is not None
    assert (found.detector.labelled, found.detector.groups) == (200, 2)
    assert (found.detector.usually, found.detector.at_worst) == pytest.approx((0.035, 0.04))


def test_a_signal_that_cannot_be_wrong_adds_no_doubt() -> None:
    found = table_of([("a", 1.0, None), ("b", 0.0, 0.3)], detector(*ROWS))
    assert found.evidence.mistakes[Arm.CANDIDATE] == pytest.approx(Mistaken(0.5, 0.0, 0.15))


def test_without_a_published_table_nothing_is_doubted() -> None:
    found = table_of([("a", 1.0, 0.2)], detector())
    assert found.evidence.mistakes == {}
    assert found.detector is None


def test_an_arm_without_an_answer_has_no_mistakes() -> None:
    plugin = detector(*ROWS)
    asked = bound(at_most(0.5), replace(ACCURACY, value="found"))
    envelope = Envelope("e", SNAPSHOT, (asked,))
    table = aggregate([], {"a": Case("a", "")}, envelope, {"accuracy": plugin})
    assert table.exhibit_for(asked).evidence.mistakes == {}


# ---------------------------------------------------------------- words


def test_what_is_known_of_a_detector_stands_beside_a_bound() -> None:
    asked = judged(bound(within(0.05)), doubtful(SAME, 0.0, 0.004))
    assert asked.detector is not None
    text = known_error(asked, asked.detector).replace("\N{NO-BREAK SPACE}", " ")
    assert text == (
        "refusal@2: on 4,000 labelled answers in 9 groups its rate was 2.1 points off in the median, "
        "5.8 points at worst; here its mistakes may move this by −0.4 points to +0.4 points"
    )
    bare = replace(asked.detector, up=None, down=None)
    assert known_error(asked, bare).endswith("points at worst")


def test_the_doubt_about_a_ratio_is_a_number_without_a_unit() -> None:
    asked = bound(Limit(LimitKind.RATIO, max=1.5))
    seen = evidence([1.0] * 60 + [0.0] * 240, [1.0] * 60 + [0.0] * 240)
    found = judged(asked, replace(seen, mistakes={a: Mistaken(0.2, 0.01, 0.01) for a in Arm}))
    assert found.detector is not None
    assert "may move this by −0.095 to +0.105" in known_error(found, found.detector)
