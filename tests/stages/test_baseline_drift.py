"""What sentinels saw adds up over runs, and a bound on a stale baseline is not decided."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from evalkit.core.digest import chance_of
from evalkit.core.envelope import Envelope, Instrument
from evalkit.core.errors import SpecError
from evalkit.core.model import (
    Arm,
    Case,
    Prices,
    Sample,
    Score,
    ScoredSample,
    ScoreValue,
    Snapshot,
    Unscored,
)
from evalkit.core.ports import ScorerPlugin, Value
from evalkit.core.verdict import BaselineDrift, Outcome, Reason, Result
from evalkit.stages.baseline_drift import DriftLog, Recorded, Seen, differences, drift
from evalkit.stages.judge import judge
from tests.stages.trials import ACCURACY, SNAPSHOT, bound, exhibit, facts, rights, within
from tests.stats.arms import evidence

ONE = Seen("k", "run-1", "accuracy.match", {"c0001": -0.2, "c0000": 1.0})
TWO = Seen("k", "run-2", "accuracy.match", {"c0000": 0.0})
OTHER = Seen("other", "run-1", "tone.warm", {"c0000": 0.5})
DELTA = bound(within(0.03))


# ---------------------------------------------------------------- the file


def test_what_was_written_down_is_read_back_in_its_order(tmp_path: Path) -> None:
    log = DriftLog(tmp_path / "deep" / "baseline_drift.jsonl")
    assert log.of({"k"}) == []
    log.add([ONE, OTHER])
    log.add([TWO])
    assert log.of({"k"}) == [ONE, TWO]
    assert [*log.of({"k"})[0].differences] == ["c0001", "c0000"]
    assert log.of({"other", "k"}) == [ONE, OTHER, TWO]
    assert log.of(()) == []


def test_a_run_that_was_gone_on_with_counts_once_and_as_it_was_in_the_end(tmp_path: Path) -> None:
    log, whole = (
        DriftLog(tmp_path / "baseline_drift.jsonl"),
        replace(ONE, differences={"c0000": 1.0}),
    )
    log.add([ONE, TWO])
    log.add([whole])
    assert log.of({"k"}) == [whole, TWO]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"key": "k", "run": "r", "metric": "m"}',
        '{"key": "k", "run": "r", "metric": "m", "differences": {"c": "far"}}',
        '{"key": "k", "run": "r", "metric": "m", "differences": {"c": true}}',
        '{"key": 1, "run": "r", "metric": "m", "differences": {}}',
    ],
)
def test_a_line_that_is_none_is_named_with_its_place(line: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline_drift.jsonl"
    DriftLog(path).add([ONE])
    with path.open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(SpecError, match="is no line of what sentinels saw") as caught:
        DriftLog(path).of({"k"})
    assert [problem.place.line for problem in caught.value.problems] == [2]


# ---------------------------------------------------------------- the key


READ = Instrument("accuracy", "exact_match", {Arm.BASELINE: SNAPSHOT, Arm.CANDIDATE: SNAPSHOT})
ANSWERS = [Sample(f"c{number}", Arm.BASELINE, output="yes") for number in range(3)]
ASKED = Snapshot("openai", None, model="m-1")


def key(
    samples: list[Sample] = ANSWERS,
    asked: Snapshot = ASKED,
    read: Instrument = READ,
    value: str = "match",
    scorer: str = "exact_match@1",
) -> str:
    recorded = Recorded()
    for sample in samples:
        recorded.see(sample)
    return recorded.key(asked, read, value, scorer)


def test_neither_the_order_nor_the_candidate_nor_what_it_costs_make_another_baseline() -> None:
    assert key(ANSWERS[::-1]) == key()
    assert key([*ANSWERS, Sample("c0", Arm.CANDIDATE, output="no")]) == key()
    assert key(asked=replace(ASKED, prices=Prices(1.0, 2.0), concurrency=3, timeout=9.0)) == key()


def test_everything_that_decides_a_difference_makes_another() -> None:
    options = {Arm.BASELINE: replace(SNAPSHOT, model="x"), Arm.CANDIDATE: SNAPSHOT}
    others = [
        key(ANSWERS[1:]),
        key([replace(ANSWERS[0], output="no"), *ANSWERS[1:]]),
        key(asked=replace(ASKED, model="m-2")),
        key(asked=replace(ASKED, params={"temperature": 1})),
        key(read=replace(READ, options=options)),
        key(value="other"),
        key(scorer="exact_match@2"),
    ]
    assert len({key(), *others}) == len(others) + 1


# ---------------------------------------------------------------- differences


def _nothing(case: Case, sample: Sample) -> bool:
    raise AssertionError(case, sample)


RATE = ACCURACY.kind
SCORER = ScorerPlugin("accuracy", 1, (Value("other", RATE), Value("match", RATE)), _nothing)


def fresh(case_id: str, value: ScoreValue) -> ScoredSample:
    sample = Sample(case_id, Arm.BASELINE, output="x")
    return ScoredSample(sample, {"accuracy": Score((0.25, value))})


def test_a_difference_is_the_fresh_answer_less_the_mean_of_what_was_recorded() -> None:
    seen = exhibit(evidence(rights(4), [[1.0, 0.0, None], 0.0, None, 1.0]))
    answers = [
        fresh("c0000", 1.0),
        fresh("c0001", 1.0),
        fresh("c0002", 1.0),  # of which nothing was recorded
        fresh("c0003", Unscored("no number")),
        fresh("c9999", 1.0),  # which no bound speaks about
        ScoredSample(Sample("c0003", Arm.BASELINE, output="x"), {}),
        fresh("c0003", float("inf")),
    ]
    found = differences(answers, [seen], SCORER, ("accuracy", "match"), "run-1")
    assert found == {"c0000": 0.5, "c0001": 1.0}


def test_they_come_in_the_order_by_which_chance_chose_them() -> None:
    cases = 40
    seen = exhibit(evidence(rights(cases), rights(cases)))
    answers = [fresh(f"c{number:04d}", 1.0) for number in range(cases)]
    one, other = (
        [*differences(answers, [seen], SCORER, ("accuracy", "match"), run)] for run in ("a", "b")
    )
    assert one == sorted(one, key=lambda case_id: chance_of("a", case_id))
    assert sorted(one) == sorted(other) == [answer.sample.case_id for answer in answers]
    assert one != other


# ---------------------------------------------------------------- bounds


def test_only_cases_of_the_bound_count_and_only_runs_that_had_any() -> None:
    seen = exhibit(evidence(rights(2), rights(2)))
    runs = [ONE, replace(ONE, run="run-3", differences={"c0007": 1.0}), TWO]
    found = drift(DELTA, seen, runs)
    assert found is not None
    assert (found.cases, found.runs, found.stale) == (3, 2, False)
    assert found.value == pytest.approx(0.8 / 3)
    assert drift(DELTA, seen, [runs[1]]) is None


def test_what_one_run_is_too_small_to_see_many_runs_see() -> None:
    cases, chance = 400, Random(3)
    seen = exhibit(evidence(rights(cases), rights(cases)))
    runs = [
        Seen(
            "k",
            f"run-{number}",
            "m",
            {f"c{chance.randrange(cases):04d}": -float(chance.random() < 0.2) for _ in range(40)},
        )
        for number in range(10)
    ]
    found = [drift(DELTA, seen, runs[:count]) for count in range(1, 11)]
    stale = [each is not None and each.stale for each in found]
    assert not stale[0]
    assert stale[-1]
    assert stale == sorted(stale)


STALE = BaselineDrift(cases=412, runs=8, value=0.112, stale=True)


@pytest.mark.parametrize(
    ("candidate", "result"),
    [(rights(600), Result.HOLDS), (rights(400, 200), Result.BROKEN)],
)
def test_a_bound_on_a_stale_baseline_is_undecided_and_says_what_was_seen(
    candidate: list[float | None], result: Result
) -> None:
    seen = exhibit(evidence(candidate, rights(600)))
    envelope = Envelope("trial", SNAPSHOT, (DELTA,), baseline=replace(SNAPSHOT, model="old"))
    said = facts(seen.evidence)
    for drifts in ({}, {DELTA.name: replace(STALE, stale=False)}):
        assert judge(envelope, [seen], [], said, drifts).bounds[0].result is result
    verdict = judge(envelope, [seen], [], said, {DELTA.name: STALE})
    (found,) = verdict.bounds
    assert (found.result, found.reason, found.baseline_drift) == (
        Result.UNDECIDED,
        Reason.BASELINE_STALE,
        STALE,
    )
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert (
        "412 cases of 8 runs, its snapshot is +11.2\u00a0points from the recording" in found.detail
    )
    assert found.settle is not None
    assert (found.settle.n, found.settle.margin, found.settle.repeats) == (None, None, None)
    assert "needs a baseline recorded anew" in verdict.lead


def test_what_was_not_measured_stays_so() -> None:
    seen = exhibit(evidence(rights(50, 0, 50), rights(100)))
    envelope = Envelope("trial", SNAPSHOT, (DELTA,), baseline=replace(SNAPSHOT, model="old"))
    verdict = judge(envelope, [seen], [], facts(seen.evidence), {DELTA.name: STALE})
    assert verdict.bounds[0].result is Result.UNMEASURED
    assert verdict.outcome is Outcome.UNMEASURED


def test_a_line_of_the_file_is_plain_json(tmp_path: Path) -> None:
    DriftLog(tmp_path / "baseline_drift.jsonl").add([TWO])
    assert json.loads((tmp_path / "baseline_drift.jsonl").read_text()) == {
        "key": "k",
        "run": "run-2",
        "metric": "accuracy.match",
        "differences": {"c0000": 0.0},
    }
