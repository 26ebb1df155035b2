"""Labels of people correct what a detector says of a run, or keep the bound undecided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.calibration import NOT_DRAWN, Answer, Calibration, asked_digest, text_digest
from evalkit.core.envelope import Bound, Envelope, Kind, Scope
from evalkit.core.model import Arm, Case, Sample, Score, ScoredSample
from evalkit.core.ports import Accuracy, ScorerPlugin, Value
from evalkit.core.verdict import BoundResult, Estimate, Reason, Result
from evalkit.stages.aggregate import Table, aggregate
from evalkit.stats.standing import alarms, standing
from tests.stages.trials import ACCURACY, SNAPSHOT, at_least, at_most, bound, verdict_on, within

CASES = 400
RATES = (Accuracy("match", "s", "m", 100, 50, 45, 5),)
PLUGIN = ScorerPlugin(
    "accuracy", 1, (Value("match", Kind.RATE),), lambda *_: 0.0, accuracy=lambda: RATES
)


def sample(arm: Arm, number: int) -> Sample:
    return Sample(f"{number:04}", arm, 0, output=f"answer {number} of {arm}")


def said(arm: Arm, number: int) -> float:
    """The detector finds every fifth answer, in the candidate every fourth."""
    return float(number % (5 if arm is Arm.BASELINE else 4) == 0)


def calibration(
    human: Callable[[Arm, int], float | None], *, arms: tuple[Arm, ...] = tuple(Arm)
) -> Calibration:
    """Return the labels of the first answers that were found, and of the first others."""
    answers: dict[tuple[str, int, str], tuple[Answer, ...]] = {}
    for arm in arms:
        for number in range(CASES):
            key = (f"{number:04}", 0, text_digest(sample(arm, number)))
            value = said(arm, number)
            found = Answer(arm.value, int(value), value, human(arm, number))
            answers[key] = (*answers.get(key, ()), found)
    return Calibration(
        file="labels.json", digest="d", scorer="accuracy@1", options="", value="match",
        kind=Kind.RATE, strata=("that it does not find", "that it finds"),
        snapshots=frozenset(arm.value for arm in arms), answers=answers,
    )  # fmt: skip


def table_of(asked: Bound, *, lacking: int = 0) -> Table:
    """Return the scores of both arms; of the last cases there is no answer of the candidate."""
    scored = [
        ScoredSample(
            sample(arm, number), {"accuracy": Score((said(arm, number),), mistakes=(0.1,))}
        )
        for arm in Arm
        for number in range(CASES)
        if not (arm is Arm.CANDIDATE and number >= CASES - lacking)
    ]
    cases = {f"{number:04}": Case(f"{number:04}", "") for number in range(CASES)}
    envelope = Envelope("e", SNAPSHOT, (asked,), baseline=SNAPSHOT)
    return aggregate(scored, cases, envelope, {"accuracy": PLUGIN})


def judged(asked: Bound, known: Calibration, *, lacking: int = 0) -> BoundResult:
    asked = replace(asked, metric=replace(asked.metric, calibration=known))
    exhibit = table_of(asked, lacking=lacking).exhibit_for(asked)
    return verdict_on([(asked, exhibit)], baseline=SNAPSHOT).bounds[0]


def everybody_agrees(arm: Arm, number: int) -> float | None:
    return said(arm, number) if number < 200 else None


def half_are_mistakes(arm: Arm, number: int) -> float | None:
    """People find every second of the answers that the detector finds, and no other."""
    if number >= 300:
        return None
    return said(arm, number) * float(number // 20 % 2)


def test_a_rate_is_that_of_people_where_they_disagree_with_the_detector() -> None:
    ceiling = bound(at_most(0.2))
    plain = verdict_on([(ceiling, table_of(ceiling).exhibit_for(ceiling))], baseline=SNAPSHOT)
    assert plain.bounds[0].result is not Result.HOLDS
    found = judged(ceiling, calibration(half_are_mistakes))
    assert found.result is Result.HOLDS
    assert isinstance(found.judged, Estimate)
    assert found.judged.value == pytest.approx(0.12, abs=0.02)
    assert found.judged.method.startswith("post-stratified")
    assert found.judged.approximate
    assert found.detector is not None
    assert found.detector.up is None, "what is corrected is not doubted as well"


def test_labels_of_a_comparison_are_about_the_answer_that_stood_beside_it() -> None:
    beside = sample(Arm.BASELINE, 0)
    found = Score((1.0,), beside=beside)
    asked = replace(
        bound(at_least(0.1)), metric=replace(bound(at_least(0.1)).metric, calibration=None)
    )
    for known, labelled in ((beside, True), (sample(Arm.BASELINE, 1), False)):
        answers = {
            ("0000", 0, text_digest(sample(Arm.CANDIDATE, 0))): (
                Answer("candidate", 1, 1.0, 1.0, asked_digest(Case("0000", ""), known)),
            )
        }
        labels = replace(calibration(everybody_agrees), answers=answers)
        bounded = replace(asked, metric=replace(asked.metric, calibration=labels))
        envelope = Envelope("e", SNAPSHOT, (bounded,), baseline=SNAPSHOT)
        table = aggregate(
            [ScoredSample(sample(Arm.CANDIDATE, 0), {"accuracy": found})],
            {"0000": Case("0000", "")}, envelope, {"accuracy": PLUGIN},
        )  # fmt: skip
        column = table.arms[Arm.CANDIDATE].columns["accuracy", "match"]
        assert column.labels is not None
        assert bool(column.labels.known.any()) is labelled


def test_a_difference_is_that_of_people() -> None:
    found = judged(bound(within(0.2)), calibration(half_are_mistakes))
    assert found.result is Result.HOLDS
    assert isinstance(found.effect, Estimate)
    assert found.effect.lower < 0.025 < found.effect.upper


def test_a_rate_that_people_put_above_its_ceiling_is_broken() -> None:
    def many(arm: Arm, number: int) -> float | None:
        return 1.0 if number < 300 else None if arm is Arm.CANDIDATE else 0.0

    assert judged(bound(at_most(0.5)), calibration(many)).result is Result.BROKEN


def test_too_few_labels_decide_nothing_and_the_way_out_counts_them() -> None:
    def few(arm: Arm, number: int) -> float | None:
        return said(arm, number) if number < 40 else None

    found = judged(bound(at_most(0.9)), calibration(few))
    assert (found.result, found.reason) == (Result.UNDECIDED, Reason.INSTRUMENT)
    assert found.uncalibrated is not None
    assert "needs 10 more labels of candidate answers that it finds" in found.detail
    assert found.p_broken == 1.0
    assert found.settle is not None
    assert (found.settle.n, found.settle.margin) == (None, None)


def test_labels_of_one_arm_say_nothing_of_a_difference() -> None:
    known = calibration(everybody_agrees, arms=(Arm.CANDIDATE,))
    assert judged(bound(at_most(0.4)), known).result is Result.HOLDS
    found = judged(bound(within(0.5)), known)
    assert found.reason is Reason.INSTRUMENT
    assert "baseline" in found.detail


def test_labels_of_other_texts_are_nobodys() -> None:
    known = calibration(everybody_agrees)
    other = {
        (case, index, "another"): answers for (case, index, _), answers in known.answers.items()
    }
    found = judged(bound(at_most(0.9)), replace(known, answers=other))
    assert found.reason is Reason.INSTRUMENT
    assert "was not drawn from" in found.detail


def test_missing_answers_are_at_their_worst_beside_labels_too() -> None:
    known = calibration(everybody_agrees)
    whole, lacking = (judged(bound(at_most(0.4)), known, lacking=n) for n in (0, 7))
    assert isinstance(whole.judged, Estimate)
    assert isinstance(lacking.judged, Estimate)
    assert lacking.judged.missing == 7
    assert lacking.judged.upper > whole.judged.upper + 0.01


def test_where_everything_is_labelled_the_detector_is_not_needed() -> None:
    found = judged(bound(at_most(0.4)), calibration(said))
    assert isinstance(found.judged, Estimate)
    assert found.judged.method.startswith("labels of people")
    assert not found.judged.approximate


def test_what_was_not_measured_at_all_is_not_a_matter_of_labels() -> None:
    found = judged(bound(at_least(0.1)), calibration(everybody_agrees), lacking=CASES)
    assert found.result is Result.UNMEASURED
    assert found.uncalibrated is None


@pytest.mark.parametrize("seed", range(4))
def test_a_standing_is_the_verdict_with_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    share = rng.random() * 0.5

    def people(arm: Arm, number: int) -> float | None:
        if number >= 160 * (1 + seed % 2) and seed != 3:
            return None
        return float(((number + len(arm)) * 7919 % 1000) / 1000 < share)

    known = calibration(people)
    for limit in (at_most(0.2), at_least(0.2), within(0.1), within(0.02)):
        asked = bound(limit, replace(ACCURACY, calibration=known))
        seen = table_of(asked).exhibit_for(asked)
        stood = standing(asked, seen.evidence)
        [broken] = alarms([asked], [stood])
        expected = Result.BROKEN if broken else Result.HOLDS if stood.inside else Result.UNDECIDED
        result = verdict_on([(asked, seen)], baseline=SNAPSHOT).bounds[0]
        assert result.result is expected
        draws = replace(asked, scope=Scope.GOLDEN_SET)
        assert standing(draws, seen.evidence).inside is stood.inside


def test_too_few_labels_leave_a_standing_open() -> None:
    known = calibration(lambda *_: None)
    asked = bound(at_most(0.9), replace(ACCURACY, calibration=known))
    stood = standing(asked, table_of(asked).exhibit_for(asked).evidence)
    assert not stood.inside
    assert stood.p_broken == 1.0


def test_rows_of_labels_follow_those_of_the_samples() -> None:
    known = calibration(everybody_agrees)
    asked = bound(at_most(0.9), replace(ACCURACY, calibration=known))
    evidence = table_of(asked, lacking=3).exhibit_for(asked).evidence
    labels = evidence.labels[Arm.CANDIDATE]
    assert labels.stratum.size == evidence.arms[Arm.CANDIDATE].samples
    assert (labels.stratum == NOT_DRAWN).sum() == 3
    kept = np.arange(CASES) % 2 == 0
    half = evidence.among(kept)
    assert half.labels[Arm.CANDIDATE].stratum.tolist() == labels.stratum[kept].tolist()
    seen = half.without_gaps()
    assert NOT_DRAWN not in seen.labels[Arm.CANDIDATE].stratum
    assert seen.only([Arm.BASELINE]).labels.keys() == {Arm.BASELINE}
