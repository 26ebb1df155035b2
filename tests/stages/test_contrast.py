"""Judged runs beside each other: what differs is named, and nothing is compared that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from evalkit.core.comparison import (
    Aspect,
    BoundBeside,
    Change,
    Fate,
    JudgedRun,
    Redefined,
    TextChange,
    TwoRuns,
)
from evalkit.core.envelope import Kind, Limit, LimitKind, Require, Scope, Severity
from evalkit.core.model import Arm
from evalkit.core.verdict import (
    BoundResult,
    Estimate,
    Flip,
    Outcome,
    Result,
    SnapshotSummary,
)
from evalkit.stages.contrast import changes, lineage, redefined, two_runs
from tests.report.verdicts import (
    ACCURACY,
    DIGESTS,
    LENGTH,
    SHIFTED,
    SLOW,
    absolute,
    alone,
    delta,
    facts,
    manifest,
    verdict,
)

IDS = ("a", "b")


def run(
    bounds: Sequence[BoundResult] = (ACCURACY,),
    *,
    name: str = "r1",
    envelope: str = "assistant",
    origin: dict[str, Any] | None = None,
    **changed: Any,
) -> JudgedRun:
    """Return a run whose facts and manifest are those of every other but for what is named."""
    found = replace(facts(), **changed)
    made = verdict(Outcome.FAIL, bounds, found, envelope=envelope)
    return JudgedRun(f"reports/{name}", made, replace(manifest(bounds), run=name, **(origin or {})))


def beside(
    first: JudgedRun,
    second: JudgedRun,
    *,
    texts: Sequence[TextChange] = (),
    cases: Any = (IDS, IDS),
) -> TwoRuns:
    return two_runs(first, second, texts, cases)


def obstacles(first: JudgedRun, second: JudgedRun, cases: Any = (IDS, IDS)) -> list[str]:
    return list(beside(first, second, cases=cases).obstacles)


# ---------------------------------------------------------------- what differs


def test_runs_of_the_same_inputs_do_not_differ() -> None:
    assert list(changes(run(name="r1"), run(name="r2"))) == []


def test_every_input_that_differs_is_named_with_both_its_states() -> None:
    digests = replace(
        DIGESTS,
        golden_set="other",
        envelope="another",
        prompts={**DIGESTS.prompts, Arm.CANDIDATE: "new"},
        schemas={},
        scorers={"accuracy": "choice@2", "tone": "tone@1", "length": "length@1"},
    )
    snapshots = {
        Arm.BASELINE: SnapshotSummary(None, ()),
        Arm.CANDIDATE: SnapshotSummary("gpt-5", ("gpt-5-a", "gpt-5-b")),
    }
    found = list(
        changes(run(), run(digests=digests, snapshots=snapshots, origin={"evalkit": "0.2.0"}))
    )
    assert found == [
        Change(Aspect.GOLDEN_SET, "", DIGESTS.golden_set, "other"),
        Change(Aspect.ENVELOPE, "", DIGESTS.envelope, "another"),
        Change(Aspect.SERVED, "baseline", "gpt-4-0314", None),
        Change(Aspect.SNAPSHOT, "candidate", "gpt-4-0613", "gpt-5"),
        Change(Aspect.SERVED, "candidate", "gpt-4-0613", "gpt-5-a, gpt-5-b"),
        Change(Aspect.PROMPT, "candidate", DIGESTS.prompts[Arm.CANDIDATE], "new"),
        Change(Aspect.SCHEMA, "candidate", DIGESTS.schemas[Arm.CANDIDATE], None),
        Change(Aspect.SCORER, "accuracy", "choice@1", "choice@2"),
        Change(Aspect.SCORER, "tone", None, "tone@1"),
        Change(Aspect.EVALKIT, "", "0.1.0", "0.2.0"),
    ]
    assert [change.about for change in found[:3]] == ["golden set", "envelope", "baseline served"]


def test_a_run_without_a_baseline_differs_from_one_that_has_it() -> None:
    single = JudgedRun("r", verdict(Outcome.FAIL, (ACCURACY,), alone()), manifest())
    assert Change(Aspect.SERVED, "baseline", "gpt-4-0314", None) in list(changes(run(), single))


# ---------------------------------------------------------------- a bound


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"metric": "other"}, {Redefined.METRIC, Redefined.SCORER}),
        ({"statistic": "p95"}, {Redefined.STATISTIC}),
        ({"on": "chat"}, {Redefined.SLICE}),
        ({"limit": delta(0.8)}, {Redefined.KIND_OF_LIMIT, Redefined.LIMIT}),
        ({"limit": absolute(0.9)}, {Redefined.LIMIT}),
        ({"kind": Kind.SCORE}, {Redefined.UNIT}),
        ({"unit": "words"}, {Redefined.UNIT}),
        ({"severity": Severity.WARN}, {Redefined.SEVERITY}),
        ({"require": Require.NOT_DISPROVEN}, {Redefined.REQUIRE}),
        ({"scope": Scope.GOLDEN_SET}, {Redefined.SCOPE}),
        ({"result": Result.HOLDS, "detail": "x", "p_holm": 0.1}, set()),
    ],
)
def test_what_of_a_bound_was_redefined_is_named(
    changed: dict[str, Any], what: set[Redefined]
) -> None:
    after = replace(ACCURACY, **changed)
    assert set(redefined(ACCURACY, after, DIGESTS, DIGESTS)) == what


def test_another_distance_is_another_kind_of_limit() -> None:
    after = replace(SHIFTED, limit=Limit(LimitKind.SHIFT, None, 0.1, "tv"))
    assert redefined(SHIFTED, after, DIGESTS, DIGESTS) == (Redefined.KIND_OF_LIMIT,)


def test_another_confidence_is_named_only_where_both_runs_have_an_interval() -> None:
    judged = ACCURACY.candidate
    assert isinstance(judged, Estimate)
    surer = replace(ACCURACY, candidate=replace(judged, confidence=0.99))
    assert redefined(ACCURACY, surer, DIGESTS, DIGESTS) == (Redefined.CONFIDENCE,)
    lost = replace(ACCURACY, candidate=SLOW.candidate)
    assert redefined(ACCURACY, lost, DIGESTS, DIGESTS) == ()
    assert redefined(lost, ACCURACY, DIGESTS, DIGESTS) == ()


def test_the_scorer_of_a_metric_with_several_values_is_found_by_its_instrument() -> None:
    other = replace(DIGESTS, scorers={**DIGESTS.scorers, "length": "length@2"})
    assert redefined(LENGTH, LENGTH, DIGESTS, other) == (Redefined.SCORER,)
    assert redefined(ACCURACY, ACCURACY, DIGESTS, other) == ()


# ---------------------------------------------------------------- two runs


def test_runs_that_can_be_compared_meet_no_obstacle() -> None:
    assert obstacles(run(name="r1"), run(name="r2")) == []


def test_the_same_run_twice_is_said_to_be_the_same() -> None:
    assert obstacles(run(), run()) == ["Both are the same run, r1."]


def test_other_cases_are_counted_where_they_are_known() -> None:
    other = run(name="r2", digests=replace(DIGESTS, golden_set="other"))
    assert obstacles(run(), other, (IDS, ("b", "c", "d"))) == [
        "The golden sets differ, 1 case only in the first and 2 only in the second: "
        "estimates are of different cases."
    ]
    [same_ids] = obstacles(run(), other)
    assert "in cases of the same ids" in same_ids
    [unknown] = obstacles(run(), other, None)
    assert unknown == "The golden sets differ: estimates are of different cases."


def test_other_envelopes_baselines_and_scorers_are_obstacles() -> None:
    digests = replace(
        DIGESTS,
        prompts={**DIGESTS.prompts, Arm.BASELINE: "other"},
        scorers={"accuracy": "choice@2", "length": "length@1"},
    )
    found = obstacles(run(), run(name="r2", envelope="writer", digests=digests))
    assert [sentence.partition(":")[0] for sentence in found] == [
        "They are of two envelopes, assistant and writer",
        "The baselines differ (prompt)",
        "They were not scored alike",
    ]


def test_a_metric_that_is_called_like_an_arm_is_no_baseline() -> None:
    before, after = (
        run(name=name, digests=replace(DIGESTS, scorers={"baseline": f"choice@{name}"}))
        for name in ("1", "2")
    )
    assert obstacles(before, after) == ["They were not scored alike: baseline."]


def test_what_is_not_whole_about_a_run_is_an_obstacle() -> None:
    narrowed = run(name="r2", smoke=True, origin={"smoke": "--limit 20"})
    assert obstacles(run(), narrowed) == ["The second is a smoke run (--limit 20)."]
    assert obstacles(run(name="r2", smoke=True), run()) == ["The first is a smoke run."]
    spent = run(name="r2", origin={"spent": "--max-cost 1"}, stopped={Arm.CANDIDATE: "HTTP 401"})
    assert obstacles(run(), spent) == [
        "The second was judged on a part of its cases.",
        "The candidate of the second could not be asked to the end: HTTP 401",
    ]


def test_arms_that_were_not_drawn_as_often_are_named() -> None:
    arms = facts().arms
    often = {**arms, Arm.CANDIDATE: replace(arms[Arm.CANDIDATE], samples=3000)}
    assert obstacles(run(), run(name="r2", arms=often)) == [
        "A case has 1 samples of the candidate in the first, 3 in the second."
    ]
    nobody = {arm: replace(found, cases=0, samples=0) for arm, found in arms.items()}
    assert obstacles(run(), run(name="r2", arms=nobody)) == []


def test_bounds_stand_beside_each_other_and_those_of_one_run_alone() -> None:
    held = replace(ACCURACY, result=Result.HOLDS, limit=absolute(0.5))
    found = beside(run([ACCURACY, LENGTH]), run([SLOW, held], name="r2")).bounds
    assert found == (
        BoundBeside(SLOW.name, None, SLOW),
        BoundBeside("accuracy", ACCURACY, held, (Redefined.LIMIT,)),
        BoundBeside("length.tokens", LENGTH, None),
    )
    assert [item.moved for item in found] == [True, True, True]
    assert [item.same_number for item in found] == [False, True, False]


def test_a_bound_that_says_the_same_did_not_move_and_a_redefined_one_may_be_another_number() -> (
    None
):
    [same] = beside(run(), run(name="r2")).bounds
    assert (same.moved, same.same_number) == (False, True)
    [other] = beside(run(), run([replace(ACCURACY, on="chat")], name="r2")).bounds
    assert (other.moved, other.same_number) == (False, False)


def flip(case: str, bound: str = "accuracy", kind: str = "right → wrong") -> Flip:
    return Flip(case, bound, kind, -1.0)


def test_flips_are_new_gone_or_in_both() -> None:
    first = run(flips=(flip("a"), flip("b")))
    second = run(name="r2", flips=(replace(flip("a"), effect=-0.5), flip("c")))
    cases = ("a", "b", "c")
    found = beside(first, second, cases=(cases, cases)).flips
    assert [(item.flip.case, item.flip.effect, item.fate, item.first) for item in found] == [
        ("a", -0.5, Fate.BOTH, False),
        ("c", -1.0, Fate.NEW, False),
        ("b", -1.0, Fate.GONE, True),
    ]


def test_a_flip_of_a_case_or_a_bound_of_one_run_alone_is_neither_new_nor_gone() -> None:
    first = run([ACCURACY, LENGTH], flips=(flip("a"), flip("b", LENGTH.name)))
    second = run([ACCURACY, SLOW], name="r2", flips=(flip("c"), flip("b", SLOW.name)))
    found = beside(first, second, cases=(("a", "b"), ("b", "c"))).flips
    assert {item.fate for item in found} == {Fate.APART}
    assert beside(first, second, cases=(("a", "b"), ("b", "c"))).cases == (("a",), ("c",))


def test_a_flip_of_a_bound_that_means_another_number_is_neither_new_nor_gone() -> None:
    elsewhere = replace(ACCURACY, on="chat")
    second = run([elsewhere], name="r2", flips=(flip("b"), flip("c")))
    found = beside(run(flips=(flip("a"), flip("c"))), second, cases=(("a", "b", "c"),) * 2).flips
    assert [(item.flip.case, item.fate) for item in found] == [
        ("b", Fate.APART), ("c", Fate.BOTH), ("a", Fate.APART),
    ]  # fmt: skip


def test_where_a_folder_has_lost_its_cases_flips_are_told_by_their_bounds() -> None:
    found = beside(run(flips=(flip("a"),)), run(name="r2", flips=(flip("c"),)), cases=None)
    assert found.cases is None
    assert [item.fate for item in found.flips] == [Fate.NEW, Fate.GONE]


def test_texts_are_handed_on() -> None:
    text = TextChange("candidate system_prompt", "old", "new")
    assert beside(run(), run(name="r2"), texts=[text]).texts == (text,)


# ---------------------------------------------------------------- many runs


def test_each_run_tells_what_changed_since_the_one_before() -> None:
    other = replace(DIGESTS, golden_set="other")
    runs = [run(name="r1"), run(name="r2", digests=other), run(name="r3", digests=other)]
    found = lineage("assistant", runs)
    assert [step.number for step in found.steps] == [1, 2, 3]
    assert [[change.about for change in step.changes] for step in found.steps] == [
        [], ["golden set"], [],
    ]  # fmt: skip
    assert (found.earlier, len(found.eras), len(found.eras[0].points)) == (0, 1, 3)
    assert found.by_number[2].run.manifest.run == "r2"


def test_of_the_newest_runs_the_first_still_tells_what_changed() -> None:
    stricter = replace(ACCURACY, limit=absolute(0.9))
    runs = [run(), run(), run([stricter], digests=replace(DIGESTS, golden_set="other"))]
    found = lineage("assistant", runs, last=1)
    assert found.earlier == 2
    [step] = found.steps
    assert (step.number, [change.about for change in step.changes]) == (3, ["golden set"])
    [point] = found.eras[0].points
    assert point.redefined == (Redefined.LIMIT,)
    assert lineage("assistant", runs, last=9).earlier == 0


def test_a_bound_that_comes_to_mean_another_number_begins_another_era() -> None:
    elsewhere = replace(ACCURACY, on="chat")
    found = lineage("assistant", [run(), run([elsewhere]), run([elsewhere])])
    assert [[point.number for point in era.points] for era in found.eras] == [[1], [2, 3]]
    assert found.eras[1].newest == elsewhere
    assert found.eras[1].points[0].redefined == (Redefined.SLICE,)
    assert [
        len(era.points) for era in lineage("assistant", [run(), run([elsewhere])], last=1).eras
    ] == [1]


def test_a_run_without_a_bound_leaves_a_gap_and_is_compared_across() -> None:
    stricter = replace(ACCURACY, limit=absolute(0.9))
    found = lineage("assistant", [run(), run([SLOW]), run([stricter, LENGTH])])
    assert [era.name for era in found.eras] == ["accuracy", "length.tokens", SLOW.name]
    assert [point.number for point in found.eras[0].points] == [1, 3]
    assert found.eras[0].points[1].redefined == (Redefined.LIMIT,)


def test_only_the_bounds_that_are_wanted_are_told() -> None:
    found = lineage("assistant", [run([ACCURACY, LENGTH])], bounds=["length.tokens"])
    assert [era.name for era in found.eras] == ["length.tokens"]
