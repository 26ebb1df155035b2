"""Answers are drawn to be labelled by chance, and labels are worth what can be shown by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice

import pytest

from evalkit.core.calibration import Answer, asked_digest, text_digest
from evalkit.core.envelope import UNIT_INTERVAL, Kind
from evalkit.core.labelling import Labelling, ReadAnswer, ReadSnapshot
from evalkit.core.model import Arm, Case, Sample
from evalkit.stages.calibrate.drawing import (
    FEWEST,
    AnswerName,
    Frame,
    Scored,
    frame_of,
    read_answers,
    to_label,
    wanted,
)
from evalkit.stages.calibrate.worth import worth

CASES = 200


def scored(arm: str, number: int, value: float, index: int = 0) -> Scored:
    arms = {each.value for each in Arm}
    sample = Sample(f"c{number:03}", Arm(arm) if arm in arms else Arm.CANDIDATE, index, output="x")
    return Scored(arm, sample, text_digest(sample), value)


def two_arms() -> list[Scored]:
    """Return answers of two arms: the detector finds every fourth, and flips on a few."""
    found = []
    for number in range(CASES):
        value = float(number % 4 == 0)
        flips = number % 25 == 1
        found += [scored("baseline", number, value)]
        found += [scored("candidate", number, 1 - value if flips else value)]
    return found


def frame() -> Frame:
    return frame_of(two_arms(), Kind.RATE, UNIT_INTERVAL)


# ---------------------------------------------------------------- strata


def test_what_the_arms_are_said_to_differ_in_stands_apart() -> None:
    found = frame()
    assert found.strata == (
        "called 0",
        "called 0 where the other arm's is called 1",
        "called 1",
        "called 1 where the other arm's is called 0",
    )
    names = {key: found.strata[code] for key, code in found.stratum.items()}
    assert names["candidate", "c001", 0] == "called 1 where the other arm's is called 0"
    assert names["baseline", "c001", 0] == "called 0 where the other arm's is called 1"
    assert names["baseline", "c002", 0] == "called 0"


def test_both_answers_to_a_case_are_labelled_together_where_there_is_one_of_each() -> None:
    assert {len(unit) for unit in frame().units} == {2}
    twice = [*two_arms(), scored("baseline", 3, 0.0, index=1)]
    assert {len(unit) for unit in frame_of(twice, Kind.RATE, UNIT_INTERVAL).units} == {1}


def test_the_first_answer_of_the_other_arm_is_what_a_draw_is_held_against() -> None:
    answers = [
        scored("baseline", 0, 1.0, index=1),
        scored("baseline", 0, 0.0, index=0),
        scored("candidate", 0, 1.0),
    ]
    found = frame_of(answers, Kind.RATE, UNIT_INTERVAL)
    code = found.stratum["candidate", "c000", 0]
    assert found.strata[code] == "called 1 where the other arm's is called 0"


def test_scores_are_divided_into_equal_parts() -> None:
    answers = [scored("one", n, n / 10) for n in range(11)]
    found = frame_of(answers, Kind.SCORE, UNIT_INTERVAL)
    assert found.strata == (
        "scored 0 to 0.25", "scored 0.25 to 0.5", "scored 0.5 to 0.75", "scored 0.75 to 1",
    )  # fmt: skip
    assert found.strata[found.stratum["one", "c010", 0]] == "scored 0.75 to 1"


# ---------------------------------------------------------------- order


def keys(units: Iterable[tuple[Scored, ...]]) -> list[AnswerName]:
    return [each.key for unit in units for each in unit]


def test_every_stratum_gets_its_fewest_labels_first() -> None:
    found = frame()
    everything = keys(to_label(found, (), seed=0))
    assert len(everything) == 2 * CASES
    kinds = Counter(
        tuple(found.stratum[each.key] for each in unit)
        for unit in islice(to_label(found, (), seed=0), 48)
    )
    assert kinds[0, 0] == kinds[2, 2] == FEWEST
    assert sum(kinds.values()) - 2 * FEWEST == 8  # all that flip
    assert wanted(found, ()) == 2 * (2 * FEWEST + 8)
    assert wanted(found, everything) == 0


def test_later_labels_go_to_large_strata_but_not_by_their_size_alone() -> None:
    found = frame()
    kinds = Counter(
        tuple(found.stratum[each.key] for each in unit)
        for unit in islice(to_label(found, (), seed=0), 120)
    )
    share = kinds[0, 0] / (kinds[0, 0] + kinds[2, 2])
    assert 0.6 < share < 0.75


def test_the_order_is_that_of_the_seed_and_goes_on_where_it_was() -> None:
    found = frame()
    order = keys(to_label(found, (), seed=1))
    assert keys(to_label(found, (), seed=1)) == order
    assert keys(to_label(found, (), seed=2)) != order
    assert keys(to_label(found, order[:100], seed=1)) == order[100:]


def test_which_answers_come_first_does_not_depend_on_what_they_are() -> None:
    """Chance alone decides: over many seeds every case of a stratum comes first as often."""
    answers = [scored("one", number, 0.0) for number in range(5)]
    found = frame_of(answers, Kind.RATE, UNIT_INTERVAL)
    firsts = Counter(next(to_label(found, (), seed=seed))[0].key for seed in range(1000))
    assert len(firsts) == 5
    assert max(firsts.values()) < 260
    assert min(firsts.values()) > 140


def test_a_pair_of_which_one_answer_is_labelled_waits_for_the_other() -> None:
    found = frame()
    first = next(to_label(found, (), seed=0))
    again = keys(to_label(found, [first[0].key], seed=0))
    assert first[1].key in again


# ---------------------------------------------------------------- worth


def labelling(
    labels: Mapping[AnswerName, Mapping[str, float]],
    answers: list[Scored] | None = None,
    kind: Kind = Kind.RATE,
) -> Labelling:
    given = two_arms() if answers is None else answers
    drawn = frame_of(given, kind, UNIT_INTERVAL)
    read = read_answers(drawn, given, labels)
    snapshots = tuple(ReadSnapshot(name, found, "m", ("m-1",)) for name, found in read.items())
    return Labelling("refusal@1", "o", "refusal", kind, UNIT_INTERVAL, drawn.strata, snapshots)


def told(
    answers: list[Scored], wrong: int, each: int = 1, rater: str = "1"
) -> dict[AnswerName, dict[str, float]]:
    """Return labels of every n-th case, of which some say otherwise than the detector."""
    found = {}
    for item in answers:
        number = int(item.sample.case_id[1:])
        if number % each == 0:
            right = number % wrong != 0 if wrong else True
            found[item.key] = {rater: item.value if right else 1 - item.value}
    return found


def alone() -> dict[str, str | None]:
    return {f"c{number:03}": None for number in range(CASES)}


def test_where_all_is_labelled_the_report_is_of_the_labels() -> None:
    found = worth(labelling(told(two_arms(), wrong=20)), alone())
    candidate = found.snapshots[1]
    assert candidate.labelled == candidate.judged == CASES
    assert candidate.corrected is not None
    assert candidate.bias is not None
    assert candidate.measured - candidate.corrected.value == pytest.approx(candidate.bias.value)
    assert candidate.bias.lower < candidate.bias.value < candidate.bias.upper
    assert candidate.confusion is not None
    assert sum(map(sum, candidate.confusion)) == CASES
    assert candidate.kappa is not None
    assert 0.5 < candidate.kappa < 1
    assert candidate.lacking is None
    assert candidate.requested == "m"
    assert found.change is not None
    assert found.measured_change is not None
    assert found.change.lower < found.change.value < found.change.upper


def test_too_few_labels_say_which_are_lacking() -> None:
    found = worth(labelling(told(two_arms(), wrong=0, each=20)), alone(), skipped=3)
    baseline = found.snapshots[0]
    assert baseline.corrected is None
    assert baseline.bias is None
    assert baseline.lacking is not None
    assert baseline.lacking.startswith("needs 38 more labels: 20 called 0, 6 called 0 where")
    assert found.change is None
    assert found.change_lacking is not None
    assert "more labels of candidate answers (" in found.change_lacking
    assert found.skipped == 3
    assert [each.labelled for each in baseline.strata] == [0, 0, 10, 0]
    assert baseline.strata[0].human is None


def test_a_part_of_the_labels_corrects_the_whole() -> None:
    answers = two_arms()
    drawn = frame_of(answers, Kind.RATE, UNIT_INTERVAL)
    first = set(keys(islice(to_label(drawn, (), seed=0), 70)))
    said = {key: one for key, one in told(answers, wrong=10).items() if key in first}
    found = worth(labelling(said), alone())
    assert all(each.corrected is not None and each.lacking is None for each in found.snapshots)
    assert found.change is not None
    assert found.change.method.endswith("on pairs")


def test_one_snapshot_by_another_name_has_no_change() -> None:
    answers = [scored("first", n, float(n % 2)) for n in range(60)]
    found = worth(labelling(told(answers, wrong=7), answers), {})
    assert found.snapshots[0].corrected is not None
    assert found.measured_change is None
    assert found.change is None


def test_arms_without_a_common_case_have_no_change() -> None:
    answers = [scored("baseline", n, float(n % 2)) for n in range(50)]
    answers += [scored("candidate", n, float(n % 2)) for n in range(50, 100)]
    found = worth(labelling(told(answers, wrong=7), answers), {})
    assert found.change is None
    assert found.change_lacking == "needs cases that both arms have answered"


def test_only_the_cases_of_both_arms_are_compared() -> None:
    answers = [each for each in two_arms() if each.key[:2] != ("candidate", "c000")]
    found = worth(labelling(told(answers, wrong=20), answers), alone())
    assert found.change is not None
    assert found.change.n == CASES - 1


def test_cases_of_one_group_are_one_unit() -> None:
    said = told(two_arms(), wrong=20)
    groups = {f"c{number:03}": f"g{number // 4}" for number in range(CASES)}
    found = worth(labelling(said), groups).snapshots[0].corrected
    assert found is not None
    assert found.clusters == CASES // 4


def test_raters_are_held_against_each_other() -> None:
    answers = [scored("one", n, float(n % 2)) for n in range(100)]
    both = {
        key: {**one, "b": 1 - one["1"] if key[1].endswith("0") else one["1"]}
        for key, one in told(answers, wrong=0).items()
    }
    found = worth(labelling(both, answers), {}).snapshots[0]
    assert found.raters == pytest.approx(0.8)
    assert found.confusion is not None
    assert sum(map(sum, found.confusion)) == 90  # ten times people stand half and half
    one = worth(labelling(told(answers, wrong=0), answers), {}).snapshots[0]
    assert one.raters is None


def test_a_score_has_no_confusion() -> None:
    answers = [scored("one", n, n / 80) for n in range(80)]
    said = {each.key: {"1": min(1.0, each.value + 0.1)} for each in answers}
    found = worth(labelling(said, answers, Kind.SCORE), {}).snapshots[0]
    assert (found.confusion, found.kappa, found.raters) == (None, None, None)
    assert found.bias is not None
    assert found.bias.value == pytest.approx(-0.1, abs=0.01)


# ---------------------------------------------------------------- the file


def test_a_label_speaks_of_the_answer_it_was_given_to_and_of_no_other() -> None:
    sample = Sample("c001", Arm.CANDIDATE, 0, output="x")
    read = ReadAnswer("c001", 0, text_digest(sample), 1.0, 0, {"a": 1.0, "b": 0.0})
    bare = ReadAnswer("c002", 0, text_digest(sample), 1.0, 0, {})
    snapshots = (ReadSnapshot("candidate", (read, bare)), ReadSnapshot("baseline", (bare,)))
    made = Labelling("r@1", "o", "r", Kind.RATE, UNIT_INTERVAL, ("called 1",), snapshots)
    known = made.calibration("f.json", "digest")
    assert known.of(sample, 1.0) == Answer("candidate", 0, 1.0, 0.5)
    assert known.of(sample, 0.0) is None
    assert known.of(Sample("c001", Arm.CANDIDATE, 1, output="x"), 1.0) is None
    assert known.of(Sample("c001", Arm.CANDIDATE, 0, output="y"), 1.0) is None
    assert known.of(Sample("c001", Arm.BASELINE, 0, output="x"), 1.0) is None
    assert known.of(Sample("c002", Arm.BASELINE, 0, output="x"), 1.0) == Answer(
        "baseline", 0, 1.0, None
    )
    assert text_digest(Sample("c", Arm.CANDIDATE)) != text_digest(
        Sample("c", Arm.CANDIDATE, output="")
    )


def test_a_label_speaks_of_an_answer_to_what_was_asked_and_beside_what_stood_there() -> None:
    sample, other = (Sample("c001", arm, 0, output="x") for arm in (Arm.CANDIDATE, Arm.BASELINE))
    asked = asked_digest(Case("c001", "Which city?", reference="Paris"), None)
    read = ReadAnswer("c001", 0, text_digest(sample), 1.0, 0, {"a": 1.0}, asked)
    snapshots = (ReadSnapshot("candidate", (read,)),)
    made = Labelling("r@1", "o", "r", Kind.RATE, UNIT_INTERVAL, ("called 1",), snapshots)
    known = made.calibration("f.json", "digest")
    assert (
        known.of(sample, 1.0, asked)
        == known.of(sample, 1.0)
        == Answer("candidate", 0, 1.0, 1.0, asked)
    )
    for changed, beside in (
        (Case("c001", "Which town?", reference="Paris"), None),
        (Case("c001", "Which city?", reference="Lyon"), None),
        (Case("c001", "Which city?"), None),
        (Case("c001", "Which city?", reference="Paris"), other),
    ):
        assert known.of(sample, 1.0, asked_digest(changed, beside)) is None


def test_a_calibration_without_a_snapshot_of_the_arm_is_looked_through_as_a_whole() -> None:
    sample = Sample("c001", Arm.BASELINE, 0, output="x")
    read = ReadAnswer("c001", 0, text_digest(sample), 1.0, 0, {"a": 1.0})
    made = Labelling(
        "r@1", "o", "r", Kind.RATE, UNIT_INTERVAL, ("called 1",), (ReadSnapshot("gpt4", (read,)),)
    )
    assert made.calibration("f", "d").of(sample, 1.0) == Answer("gpt4", 0, 1.0, 1.0)


def test_a_stratum_that_a_snapshot_lacks_is_not_told_of_it() -> None:
    answers = [
        scored(name, n, value) for n in range(30) for name, value in (("a", 0.0), ("b", 1.0))
    ]
    found = worth(labelling(told(answers, wrong=7), answers), {})
    assert [[each.name for each in one.strata] for one in found.snapshots] == [
        ["called 0"],
        ["called 1"],
    ]
