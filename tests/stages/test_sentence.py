"""The headline of a verdict says what is known in one line, and the line under it why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from evalkit.core.envelope import Require, Severity
from evalkit.core.model import Arm
from evalkit.core.verdict import BoundResult, Outcome, Reason, Result, Settle
from evalkit.stages.judge.sentence import sentences, stopped_sentences
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    COST,
    FAST,
    FORMAT,
    LISTS,
    REFUSAL,
    SHORT,
    SLOW,
    TAIL,
    absolute,
    bound,
    estimate,
)
from tests.stages.trials import bound as bound_on
from tests.stages.trials import rights, verdict_on, within
from tests.stats.arms import evidence

S = "\u00a0"
WARNS = [replace(found, severity=Severity.WARN) for found in (CODE, LISTS, REFUSAL, SLOW)]
LOOSE = replace(SHORT, require=Require.NOT_DISPROVEN)


def said(
    outcome: Outcome,
    *bounds: BoundResult,
    candidate: str = "new-model",
    smoke: bool = False,
    let_through: bool = False,
) -> tuple[str, str]:
    return sentences(outcome, bounds, candidate, smoke=smoke, let_through=let_through)


# ---------------------------------------------------------------- fail


def test_a_failure_counts_what_is_broken_and_names_what_is_furthest_out() -> None:
    for bounds in ((ACCURACY, REFUSAL, CODE), (CODE, REFUSAL, ACCURACY)):
        headline, lead = said(Outcome.FAIL, *bounds)
        assert headline == "new-model breaks 2 of 3 blocking bounds."
        assert lead == (
            f"Furthest out: refusal on opinionqa rose from 2.1{S}% to 76.7{S}%, "
            f"+74.6{S}points, where ±3{S}points are allowed (90{S}% interval +72.6 to +76.5)."
        )


def test_a_broken_floor_tells_no_difference() -> None:
    headline, lead = said(Outcome.FAIL, ACCURACY)
    assert headline == "new-model breaks 1 of 1 blocking bound."
    assert lead == (
        f"Furthest out: accuracy on prime fell from 84.0{S}% to 51.1{S}%, "
        f"where at least 80{S}% is required (90{S}% interval 48.4 to 53.7{S}%)."
    )


def test_a_bound_that_only_warns_is_never_in_the_headline() -> None:
    headline, lead = said(Outcome.FAIL, ACCURACY, *WARNS, COST)
    assert headline == "new-model breaks 1 of 1 blocking bound."
    assert "accuracy" in lead


# ---------------------------------------------------------------- unmeasured


def test_what_could_not_be_measured_is_said_with_its_reason() -> None:
    other = replace(SLOW, name="other", metric="other")
    headline, lead = said(Outcome.UNMEASURED, CODE, SLOW, other, *WARNS)
    assert headline == "2 of 3 blocking bounds could not be measured."
    assert lead == (
        "latency_ms, p95 on arena-hard: 500 of 500 candidate samples are missing (500 have no "
        "latency_ms). Nothing is said about the candidate there."
    )


def test_where_nothing_is_known_to_be_unmeasured_no_bound_is_named() -> None:
    assert said(Outcome.UNMEASURED, CODE, *WARNS) == (
        "Not everything could be measured.",
        "Nothing is said about the candidate.",
    )


# ---------------------------------------------------------------- an arm that could not go on


DENIED = {Arm.CANDIDATE: "denied: HTTP 401: no such key."}


def test_where_nothing_was_measured_the_cause_stands_in_place_of_the_reason() -> None:
    headline, lead = stopped_sentences("1 of 2 bounds.", "No samples.", Outcome.UNMEASURED, DENIED)
    assert headline == "1 of 2 bounds."
    assert lead == "The candidate could not be asked to the end: denied: HTTP 401: no such key."


def test_what_was_shown_broken_before_an_arm_stopped_is_told_first() -> None:
    headline, lead = stopped_sentences("m breaks 1 bound.", "Furthest out.", Outcome.FAIL, DENIED)
    assert headline == "m breaks 1 bound."
    assert lead == (
        "Furthest out. The candidate could not be asked to the end: denied: HTTP 401: no such key."
    )


def test_both_arms_may_have_stopped_and_each_says_why() -> None:
    both = {Arm.BASELINE: "out of quota: HTTP 429", **DENIED}
    _, lead = stopped_sentences("h", "l", Outcome.UNMEASURED, both)
    assert lead.startswith(
        "The baseline could not be asked to the end: out of quota: HTTP 429. The"
    )
    assert lead.count("could not be asked to the end") == 2


# ---------------------------------------------------------------- inconclusive


def test_what_is_undecided_names_what_it_needs() -> None:
    headline, lead = said(Outcome.INCONCLUSIVE, LISTS, CODE)
    assert headline == "1 of 2 bounds is undecided; none is shown broken."
    assert lead == (
        "style.lists on arena-hard needs 1,012 more cases tagged arena-hard, "
        f"if the truth is −12.8{S}points."
    )
    headline, _ = said(Outcome.INCONCLUSIVE, LISTS, FORMAT, CODE, *WARNS)
    assert headline == "2 of 3 bounds are undecided; none is shown broken."


def test_what_is_undecided_without_a_way_out_says_why() -> None:
    stuck = replace(LISTS, settle=Settle(), reason=Reason.TOO_NOISY)
    _, lead = said(Outcome.INCONCLUSIVE, stuck)
    assert lead == (
        "style.lists on arena-hard: −12.8 points observed, within ±10 points of baseline required."
    )


def test_what_is_let_through_says_so_and_by_what() -> None:
    headline, lead = said(Outcome.INCONCLUSIVE, LISTS, CODE, let_through=True)
    assert headline == "new-model breaks no bound; 1 undecided was let through."
    assert lead.endswith(". It was let through by inconclusive: warn.")
    headline, _ = said(Outcome.INCONCLUSIVE, LISTS, FORMAT, let_through=True)
    assert headline == "new-model breaks no bound; 2 undecided were let through."


# ---------------------------------------------------------------- smoke runs


def test_a_smoke_run_that_finds_nothing_is_called_one() -> None:
    headline, lead = said(Outcome.INCONCLUSIVE, CODE, SHORT, smoke=True)
    assert headline == "A smoke run: new-model keeps all 2 bounds on a part."
    assert lead == "A run on part of the golden set or of the bounds is never a pass."
    assert said(Outcome.INCONCLUSIVE, CODE, smoke=True)[0].endswith(
        "keeps its one bound on a part."
    )


def test_a_smoke_run_tells_what_it_found() -> None:
    for outcome, found in (
        (Outcome.FAIL, ACCURACY),
        (Outcome.UNMEASURED, SLOW),
        (Outcome.INCONCLUSIVE, LISTS),
    ):
        assert said(outcome, found, smoke=True) == said(outcome, found)


# ---------------------------------------------------------------- pass


def test_a_pass_names_what_is_closest_to_its_limit() -> None:
    for bounds in ((CODE, FAST), (FAST, CODE)):
        exact = [replace(found, effect=estimate(0.0, -0.02, 0.02)) for found in bounds]
        headline, lead = said(Outcome.PASS, *exact)
        assert headline == "new-model keeps all 2 bounds."
        assert lead == (
            f"Closest to a limit: style.code on arena-hard fell from 54.8{S}% to 54.6{S}%, "
            f"where ±3{S}points are allowed."
        )


def test_one_bound_is_not_all_of_them() -> None:
    assert said(Outcome.PASS, CODE)[0] == "new-model keeps its one bound."
    assert said(Outcome.PASS, CODE, *WARNS)[0] == "new-model keeps its one bound."


def test_a_pass_admits_what_only_had_to_be_not_disproven() -> None:
    _, lead = said(Outcome.PASS, CODE, LOOSE)
    assert lead.endswith(" 1 bound only had to be not disproven.")
    _, lead = said(Outcome.PASS, TAIL, LOOSE, CODE)
    assert " 2 bounds only had to be not disproven." in lead


def test_what_is_undecided_was_not_kept() -> None:
    open_one = replace(LOOSE, result=Result.UNDECIDED, reason=Reason.TOO_NOISY)
    assert said(Outcome.PASS, open_one)[0] == "new-model is not shown to break its one bound."
    headline, _ = said(Outcome.PASS, CODE, open_one)
    assert headline == "new-model is not shown to break any of its 2 bounds."


def test_a_smoke_run_without_a_blocking_bound_kept_nothing() -> None:
    headline, _ = said(Outcome.INCONCLUSIVE, *WARNS, smoke=True)
    assert headline == ("A smoke run: new-model was not held to any bound that blocks on a part.")


def test_a_pass_admits_what_rests_on_an_approximation() -> None:
    near = bound(
        "near", absolute(0, 100), replace(estimate(50, 40, 60), approximate=True), Result.HOLDS
    )
    assert said(Outcome.PASS, CODE, near)[1].endswith(" 1 bound rests on an approximate interval.")
    assert said(Outcome.PASS, FAST, near)[1].endswith(" 2 bounds rest on an approximate interval.")
    assert "approximate" not in said(Outcome.PASS, CODE, *WARNS)[1]


def test_where_nothing_blocks_nothing_is_called_kept() -> None:
    headline, lead = said(Outcome.PASS, *WARNS)
    assert headline == "new-model was not held to any bound: all 4 only warn."
    assert lead == "Nothing is proven by this run; give at least one bound severity: block."


# ---------------------------------------------------------------- all


EVERY: Sequence[tuple[Outcome, tuple[BoundResult, ...]]] = [
    (Outcome.FAIL, (ACCURACY, LISTS, SLOW, CODE)),
    (Outcome.UNMEASURED, (SLOW, LISTS, CODE)),
    (Outcome.INCONCLUSIVE, (LISTS, CODE)),
    (Outcome.PASS, (CODE, SHORT)),
    (Outcome.PASS, tuple(WARNS)),
]


@pytest.mark.parametrize(
    ("outcome", "bounds", "smoke"),
    [(*found, smoke) for found in EVERY for smoke in (False, found[0] is not Outcome.PASS)],
)
def test_every_headline_is_a_sentence_with_the_candidate_or_a_number(
    outcome: Outcome, bounds: tuple[BoundResult, ...], *, smoke: bool
) -> None:
    for line in said(outcome, *bounds, candidate="m-1", smoke=smoke):
        assert line.endswith(".")
        assert not re.search(r"None|nan|\binf\b|  ", line)
    headline, _ = said(outcome, *bounds, candidate="m-1", smoke=smoke)
    assert "m-1" in headline or re.search(r"\d", headline)


def test_the_judge_says_what_its_bounds_say() -> None:
    found = verdict_on(
        [
            (bound_on(within(0.1)), evidence(rights(95, 5), rights(95, 5))),
            (bound_on(within(0.02), name="strict"), evidence(rights(95, 5), rights(95, 5))),
        ]
    )
    assert found.sentence == "1 of 2 bounds is undecided; none is shown broken."
    assert found.lead == f"accuracy needs 49 more cases, if the truth is 0.0{S}points."
