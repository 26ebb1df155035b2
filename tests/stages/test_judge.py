"""Evidence becomes a verdict: what is proven, what is broken, and what nobody can know yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, combinations_with_replacement, permutations, product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import (
    Bound,
    Envelope,
    Kind,
    Limit,
    Metric,
    Require,
    Scope,
    Severity,
    Statistic,
    Support,
)
from evalkit.core.rounding import six_digits
from evalkit.core.verdict import (
    BoundResult,
    Estimate,
    ExitCode,
    Outcome,
    Reason,
    Result,
    SnapshotSummary,
    Unmeasured,
)
from evalkit.stages.judge import judge
from evalkit.stages.judge.drafts import draft
from evalkit.stats.evidence import Evidence
from evalkit.stats.standing import standing
from tests.stages.trials import (
    ABSOLUTE,
    ACCURACY,
    BASELINE,
    CANDIDATE,
    DELTA,
    LATENCY,
    RATIO,
    SNAPSHOT,
    TOKENS,
    TONE,
    at_least,
    at_most,
    bound,
    exhibit,
    facts,
    moved,
    result_of,
    rights,
    verdict_on,
    within,
)
from tests.stats.arms import evidence

S = "\u00a0"
FLOOR = at_least(0.9)
SEEN = {
    Result.HOLDS: rights(99, 1),
    Result.BROKEN: rights(50, 50),
    Result.UNDECIDED: rights(90, 10),
    Result.UNMEASURED: rights(0, 0, 100),
}
WARN, BLOCK = Severity.WARN, Severity.BLOCK
LOOSE, PROVEN = Require.NOT_DISPROVEN, Require.PROVEN


def one(result: Result, *, name: str = "accuracy", **changes: Any) -> tuple[Bound, Evidence]:
    """Return a bound and the evidence that makes this of it."""
    return bound(FLOOR, name=name, **changes), evidence(SEEN[result])


def estimate_of(result: BoundResult) -> Estimate:
    assert isinstance(result.judged, Estimate), result
    return result.judged


# ---------------------------------------------------------------- several bounds are folded


Kept = tuple[Result, Severity, Require]
KINDS: list[Kept] = list(product(Result, Severity, Require))


def expected(bounds: Sequence[Kept]) -> Outcome:
    """Return the outcome as the product words it: fail > unmeasured > inconclusive > pass."""
    blocking = [(result, require) for result, severity, require in bounds if severity is BLOCK]
    if any(result is Result.BROKEN for result, _ in blocking):
        return Outcome.FAIL
    if any(result is Result.UNMEASURED for result, _ in blocking):
        return Outcome.UNMEASURED
    if (Result.UNDECIDED, PROVEN) in blocking:
        return Outcome.INCONCLUSIVE
    return Outcome.PASS


CODES = {
    Outcome.PASS: 0,
    Outcome.FAIL: 1,
    Outcome.INCONCLUSIVE: 3,
    Outcome.UNMEASURED: 4,
}


@pytest.mark.parametrize("pair", list(combinations_with_replacement(KINDS, 2)))
def test_bounds_fold_to_the_worst_of_those_that_block(pair: tuple[Kept, Kept]) -> None:
    trials = [
        one(result, name=f"b{place}", severity=severity, require=require)
        for place, (result, severity, require) in enumerate(pair)
    ]
    found = verdict_on(trials)
    assert [each.result for each in found.bounds] == [result for result, _, _ in pair]
    assert found.outcome is expected(pair)
    assert found.exit_code == CODES[found.outcome]


@pytest.mark.parametrize("kept", KINDS, ids=str)
def test_a_run_on_part_of_the_cases_is_never_a_pass(kept: Kept) -> None:
    result, severity, require = kept
    trial = one(result, severity=severity, require=require)
    for blocks in (True, False):
        found = verdict_on([trial], smoke=True, inconclusive_blocks=blocks)
        whole = expected([kept])
        assert found.outcome is (Outcome.INCONCLUSIVE if whole is Outcome.PASS else whole)
        assert found.exit_code == CODES[found.outcome] != 0


@pytest.mark.parametrize("kept", KINDS, ids=str)
def test_only_what_is_inconclusive_can_be_let_through(kept: Kept) -> None:
    result, severity, require = kept
    trial = one(result, severity=severity, require=require)
    found = verdict_on([trial], inconclusive_blocks=False)
    assert found.outcome is expected([kept]), "letting through renames nothing"
    passes = found.outcome in {Outcome.PASS, Outcome.INCONCLUSIVE}
    assert found.exit_code == (0 if passes else CODES[found.outcome])
    if found.outcome is Outcome.INCONCLUSIVE:
        assert "let through" in found.sentence


def test_the_order_of_bounds_changes_no_result() -> None:
    trials = [
        one(result, name=f"b{place}", severity=severity)
        for place, (result, severity) in enumerate(product(Result, (BLOCK, WARN)))
        if result is not Result.UNDECIDED or severity is BLOCK
    ]
    first = verdict_on(trials)
    known = {each.name: each for each in first.bounds}
    for order in list(permutations(trials))[:: math.factorial(len(trials)) // 12]:
        again = verdict_on(order)
        assert [each.name for each in again.bounds] == [item.name for item, _ in order]
        assert {each.name: each for each in again.bounds} == known
        assert (again.outcome, again.exit_code) == (first.outcome, first.exit_code)


def test_every_bound_needs_an_exhibit_of_its_own() -> None:
    item, seen = one(Result.HOLDS)
    envelope = Envelope("trial", SNAPSHOT, (item,))
    for exhibits in ([], [exhibit(seen)] * 2):
        with pytest.raises(ValueError, match="zip"):
            judge(envelope, exhibits, [], facts(seen))


# ---------------------------------------------------------------- several p-values


def holm_by_hand(p_values: Sequence[float]) -> list[float]:
    """Return each p-value times how many are at least as large, never below a smaller one's."""
    ranked = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, so_far = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(ranked):
        so_far = max(so_far, (len(p_values) - rank) * p_values[place])
        corrected[place] = min(1.0, so_far)
    return corrected


def test_the_p_values_of_all_blocking_bounds_are_corrected_together() -> None:
    counts = [70, 82, 84, 88, 95]
    trials = [
        (bound(FLOOR, name=f"b{count}"), evidence(rights(count, 100 - count))) for count in counts
    ]
    alone = [result_of(*trial).p_broken for trial in trials]
    found = verdict_on([*trials, one(Result.BROKEN, name="warns", severity=WARN)]).bounds
    raw = [each.p_broken for each in found[:-1] if each.p_broken is not None]
    assert raw == alone
    assert [each.p_holm for each in found[:-1]] == pytest.approx(holm_by_hand(raw), rel=1e-4)


def test_a_bound_that_only_warns_neither_pays_nor_charges() -> None:
    close = evidence(rights(83, 17))
    assert result_of(bound(FLOOR), close).result is Result.BROKEN
    warning = [(bound(FLOOR, name=f"w{n}", severity=WARN), close) for n in range(40)]
    found = verdict_on([(bound(FLOOR), close), *warning]).bounds
    assert {each.result for each in found} == {Result.BROKEN}
    assert found[0].p_holm == found[0].p_broken
    assert {each.p_holm for each in found[1:]} == {None}


def test_what_is_broken_alone_may_not_be_among_many() -> None:
    close = evidence(rights(83, 17))
    many = [(bound(FLOOR, name=f"b{n}"), close) for n in range(20)]
    found = verdict_on(many)
    assert found.outcome is Outcome.INCONCLUSIVE
    for each in found.bounds:
        assert (each.result, each.reason) == (Result.UNDECIDED, Reason.MULTIPLICITY)
        assert estimate_of(each).upper < 0.9
        assert each.p_broken is not None
        assert each.p_holm is not None
        assert each.p_broken <= 0.05 < each.p_holm
        assert "not after correction for 20 bounds" in each.detail


def test_what_is_broken_beyond_doubt_stays_broken_among_many() -> None:
    many = [one(Result.HOLDS, name=f"b{n}") for n in range(20)]
    found = verdict_on([*many, one(Result.BROKEN, name="broken")])
    assert found.outcome is Outcome.FAIL
    assert [each.name for each in found.bounds if each.result is Result.BROKEN] == ["broken"]


def test_what_holds_is_not_corrected_for_being_one_of_many() -> None:
    trial = one(Result.HOLDS)
    alone = result_of(*trial)
    among = verdict_on([trial, *(one(Result.HOLDS, name=f"b{n}") for n in range(30))]).bounds[0]
    assert (among.result, among.judged) == (alone.result, alone.judged)


def test_an_unmeasured_bound_has_no_p_value_and_charges_nobody() -> None:
    close = evidence(rights(83, 17))
    trials = [(bound(FLOOR), close), *(one(Result.UNMEASURED, name=f"u{n}") for n in range(20))]
    found = verdict_on(trials).bounds
    assert found[0].result is Result.BROKEN
    assert {(each.p_broken, each.p_holm) for each in found[1:]} == {(None, None)}


def test_a_narrow_band_is_looked_at_from_both_sides() -> None:
    band = bound(Limit(ABSOLUTE, 0.79, 0.8))
    one_sided = result_of(bound(at_most(0.8)), evidence(rights(88, 12)))
    both = result_of(band, evidence(rights(88, 12)))
    assert one_sided.p_broken is not None
    assert both.p_broken == pytest.approx(2 * one_sided.p_broken, rel=1e-5)


def test_a_band_that_alone_is_too_narrow_says_so_and_corrects_for_no_other_bound() -> None:
    band = Limit(ABSOLUTE, 0.8, 0.81)
    for severity in Severity:
        found = result_of(bound(band, severity=severity), evidence(rights(88, 12)))
        assert found.reason is Reason.MULTIPLICITY
        assert "could lie outside on the other side as well" in found.detail
        assert found.settle is not None
        assert found.settle.n is not None
        more = rights(88 * 10 + 0 * found.settle.n, 12 * 10)
        assert result_of(bound(band, severity=severity), evidence(more)).result is Result.BROKEN


# ---------------------------------------------------------------- what is missing


@pytest.mark.parametrize("missing", [3, 10, 99])
def test_more_missing_than_allowed_is_not_measured(missing: int) -> None:
    found = result_of(bound(at_least(0.1)), evidence(rights(100 - missing, 0, missing)))
    assert (found.result, found.reason) == (Result.UNMEASURED, Reason.MISSING)
    assert found.detail == f"{missing} of 100 candidate samples are missing; at most 2{S}% may be."


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_as_many_missing_as_allowed_are_measured(missing: int) -> None:
    found = result_of(bound(at_least(0.1)), evidence(rights(100 - missing, 0, missing)))
    assert found.result is Result.HOLDS
    assert estimate_of(found).missing == missing


def test_how_much_may_be_missing_is_what_the_envelope_says() -> None:
    half = evidence(rights(50, 0, 50))
    assert result_of(bound(at_least(0.1)), half, max_missing=0.5).result is Result.HOLDS
    assert result_of(bound(at_least(0.1)), half, max_missing=0.49).result is Result.UNMEASURED
    nothing = evidence(rights(100, 0, 1))
    assert result_of(bound(at_least(0.1)), nothing, max_missing=0.0).result is Result.UNMEASURED


def test_reasons_for_gaps_are_counted_in_the_sentence() -> None:
    gaps = {CANDIDATE: {"a timeout": 30, "no record": 20}}
    seen = exhibit(evidence(rights(50, 0, 50)), gaps=gaps)
    assert result_of(bound(FLOOR), seen).detail == (
        "50 of 100 candidate samples are missing (30 have a timeout and 20 have no record); "
        f"at most 2{S}% may be."
    )


@pytest.mark.parametrize("allowed", [0.0, 0.5, 0.99])
def test_a_bound_without_any_value_is_never_decided(allowed: float) -> None:
    for metric in (ACCURACY, TONE, TOKENS, LATENCY):
        item = bound(at_least(0.0001), metric, require=LOOSE)
        found = verdict_on([(item, evidence(rights(0, 0, 30)))], max_missing=allowed)
        assert found.exit_code is ExitCode.UNMEASURED
        assert found.bounds[0].reason is Reason.NO_VALUES


def test_no_values_at_all_stay_unmeasured_where_all_may_be_missing() -> None:
    found = result_of(bound(at_least(0.0001)), evidence(rights(0, 0, 30)), max_missing=1.0)
    assert (found.result, found.reason) == (Result.UNMEASURED, Reason.NO_VALUES)
    assert found.detail == "0 of 30 candidate samples have a value."


def test_a_slice_without_a_case_is_not_measured() -> None:
    found = result_of(bound(FLOOR), evidence([]), found=facts(evidence(rights(3))))
    assert (found.result, found.reason) == (Result.UNMEASURED, Reason.NO_CASES)
    assert found.detail == "no case of this run belongs to the slice."


def test_a_comparison_needs_the_baseline_and_a_floor_does_not() -> None:
    seen = evidence(rights(100), rights(60, 0, 40))
    compared = result_of(bound(within(0.1)), seen)
    assert (compared.result, compared.reason) == (Result.UNMEASURED, Reason.MISSING)
    assert "40 of 100 baseline samples are missing" in compared.detail
    assert result_of(bound(FLOOR), seen).result is Result.HOLDS


def test_arms_without_a_case_in_common_compare_nothing() -> None:
    seen = evidence([*rights(50), *[None] * 50], [*[None] * 50, *rights(50)])
    for limit in (within(0.9), Limit(RATIO, max=1.5)):
        found = result_of(bound(limit), seen, max_missing=0.5)
        assert (found.result, found.reason) == (Result.UNMEASURED, Reason.NO_VALUES)
        assert found.detail == "no case has a value in both arms."


@given(
    st.lists(st.sampled_from([0.0, 1.0, None]), min_size=12, max_size=40),
    st.sampled_from([at_least(0.6), at_most(0.4), Limit(ABSOLUTE, 0.3, 0.8)]),
)
@settings(derandomize=True, deadline=None, max_examples=40)
def test_whatever_missing_samples_would_have_been_no_claim_is_taken_back(
    cases: list[float | None], limit: Limit
) -> None:
    if all(case is None for case in cases):
        return
    found = result_of(bound(limit), evidence(cases), max_missing=0.99)
    low, high = (
        result_of(bound(limit), evidence([fill if case is None else case for case in cases]))
        for fill in (0.0, 1.0)
    )
    assert estimate_of(found).lower == estimate_of(low).lower
    assert estimate_of(found).upper == estimate_of(high).upper
    if found.result in {Result.HOLDS, Result.BROKEN}:
        assert low.result is found.result
        assert high.result is found.result


@pytest.mark.parametrize("lost", [0, 1])
def test_a_draw_that_is_missing_is_put_at_its_worst_in_a_comparison(lost: int) -> None:
    complete = [[1.0, 1.0]] * 100
    candidate = [[1.0, None]] * lost + complete[lost:]
    found = estimate_of(result_of(bound(within(0.2)), evidence(candidate, rights(100))))
    filled = [[1.0, 0.0]] * lost + complete[lost:]
    worst = estimate_of(result_of(bound(within(0.2)), evidence(filled, rights(100))))
    assert found.lower == worst.lower
    assert found.value == 0.0
    assert found.missing == lost


def test_a_bound_that_only_missing_samples_keep_open_says_so() -> None:
    seen = evidence(rights(178, 18, 4))
    found = result_of(bound(at_least(0.85)), seen)
    assert (found.result, found.reason) == (Result.UNDECIDED, Reason.MISSING)
    assert "with 4 missing samples put at the worst" in found.detail
    assert result_of(bound(at_least(0.85)), evidence(rights(178, 18))).result is Result.HOLDS


def test_missing_samples_are_no_excuse_where_the_others_decide_nothing() -> None:
    found = result_of(bound(at_least(0.9)), evidence(rights(178, 18, 4)))
    assert found.result is Result.UNDECIDED
    assert found.reason is not Reason.MISSING


def test_missing_samples_may_hide_that_a_bound_is_broken() -> None:
    hidden = result_of(bound(at_most(0.12)), evidence(rights(32, 164, 4)))
    assert (hidden.result, hidden.reason) == (Result.UNDECIDED, Reason.MISSING)
    seen = result_of(bound(at_most(0.12)), evidence(rights(32, 164)))
    assert seen.result is Result.BROKEN


# ---------------------------------------------------------------- why a bound is undecided


def lengths(count: int, *, seed: int = 1) -> list[float]:
    random = Random(seed)
    return [random.uniform(20, 60) for _ in range(count)]


def grouped(count: int, size: int) -> list[int]:
    return [place // size for place in range(count)]


@pytest.mark.parametrize(
    ("item", "seen", "reason"),
    [
        (bound(at_least(0.95)), evidence(rights(58)), Reason.IMPOSSIBLE),
        (bound(within(0.02)), evidence(rights(100), rights(100)), Reason.IMPOSSIBLE),
        (bound(at_least(0.95)), evidence(rights(58, 1)), Reason.TOO_NOISY),
        (bound(at_least(0.85)), evidence(rights(88, 12)), Reason.TOO_NOISY),
        (bound(at_least(0.9)), evidence(rights(900, 100)), Reason.AT_MARGIN),
        (bound(at_most(1000), TOKENS), evidence(lengths(49)), Reason.TOO_FEW),
        (bound(at_most(1000), TOKENS), evidence([50.0] * 50), Reason.ZERO_VARIANCE),
        (
            bound(at_least(0.5)),
            evidence(rights(90), clusters=grouped(90, 10)),
            Reason.TOO_FEW,
        ),
        (
            bound(Limit(RATIO, max=1.5), TOKENS),
            evidence([2.0 + place % 3 for place in range(60)], [0.0] * 59 + [100.0]),
            Reason.NO_BASELINE,
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Reason) else "",
)
def test_a_bound_that_is_undecided_says_why(item: Bound, seen: Evidence, reason: Reason) -> None:
    found = result_of(item, seen)
    assert (found.result, found.reason) == (Result.UNDECIDED, reason)
    assert found.settle is not None
    assert found.detail.endswith(".")


@pytest.mark.parametrize(
    ("item", "seen"),
    [
        (bound(at_least(0.95)), evidence(rights(59))),
        (bound(within(0.02)), evidence(rights(149), rights(149))),
        (bound(at_most(1000), TOKENS), evidence(lengths(50))),
        (bound(at_most(1000), TOKENS), evidence([50.0] * 49 + [51.0])),
        (bound(at_least(0.5)), evidence(rights(100), clusters=grouped(100, 10))),
        (bound(at_least(0.5)), evidence(rights(9))),
        (
            bound(Limit(RATIO, max=1.5), TOKENS),
            evidence([2.0 + place % 3 for place in range(60)], [3.0] * 30 + [4.0] * 30),
        ),
        (bound(at_most(100), replace(TOKENS, support=Support(0, 500))), evidence([50.0] * 60)),
        (bound(Limit(RATIO, min=0.8)), evidence(rights(95, 5), rights(95, 5))),
    ],
)
def test_one_case_more_or_a_spread_decides_it(item: Bound, seen: Evidence) -> None:
    found = result_of(item, seen)
    assert found.result is Result.HOLDS
    assert (found.reason, found.settle) == (None, None)


def test_equal_values_can_still_show_a_bound_broken() -> None:
    found = result_of(bound(at_most(100), TOKENS), evidence([150.0] * 60))
    assert found.result is Result.BROKEN


@pytest.mark.parametrize(
    ("item", "seen", "reason", "words"),
    [
        (
            bound(at_most(1000), TOKENS),
            evidence([5.0]),
            Reason.TOO_FEW,
            "one case has no spread, and no range is declared.",
        ),
        (
            bound(at_least(0.5), TONE),
            evidence([0.5, 3.0]),
            Reason.OUT_OF_RANGE,
            "1 candidate values, 3 among them, lie outside the declared range [0, 1].",
        ),
        (
            bound(Limit(RATIO, max=2.0)),
            evidence(rights(50), rights(0, 50)),
            Reason.NO_BASELINE,
            "the baseline's mean is 0; bound a delta instead.",
        ),
    ],
)
def test_what_cannot_be_estimated_is_not_measured(
    item: Bound, seen: Evidence, reason: Reason, words: str
) -> None:
    found = result_of(item, seen)
    assert (found.result, found.reason, found.detail) == (Result.UNMEASURED, reason, words)
    assert found.settle is None


def test_a_decided_bound_has_nothing_to_settle() -> None:
    for result in (Result.HOLDS, Result.BROKEN):
        found = result_of(*one(result))
        assert (found.reason, found.settle) == (None, None)


# ---------------------------------------------------------------- what is claimed


def test_a_value_on_the_limit_keeps_it() -> None:
    seen = evidence([100.0] * 59)
    assert result_of(bound(at_most(100), LATENCY), seen).result is Result.HOLDS
    assert result_of(bound(at_most(99.99), LATENCY), seen).result is Result.BROKEN
    slow = evidence([100.0] * 58 + [100.01])
    assert result_of(bound(at_most(100), LATENCY), slow).result is Result.UNDECIDED


@pytest.mark.parametrize("right", [80, 86, 90, 95])
def test_more_confidence_never_decides_what_less_left_open(right: int) -> None:
    seen = evidence(rights(right, 100 - right))
    results = [
        result_of(bound(FLOOR, confidence=confidence), seen).result
        for confidence in (0.8, 0.9, 0.95, 0.99, 0.999)
    ]
    undecided = [result is Result.UNDECIDED for result in results]
    assert undecided == sorted(undecided)
    assert len(set(results) - {Result.UNDECIDED}) <= 1


@pytest.mark.parametrize("limit", [FLOOR, at_most(0.9), Limit(ABSOLUTE, 0.8, 0.95)])
def test_a_bound_is_broken_exactly_where_its_whole_interval_is_outside(limit: Limit) -> None:
    for right in range(60, 101, 4):
        found = result_of(bound(limit), evidence(rights(right, 100 - right)))
        judged = estimate_of(found)
        low = -1.0 if limit.min is None else limit.min
        high = 2.0 if limit.max is None else limit.max
        inside = low <= judged.lower and judged.upper <= high
        outside = judged.upper < low or judged.lower > high
        assert (found.result is Result.HOLDS) == inside
        if found.result is Result.BROKEN:
            assert outside
            assert found.p_holm is not None
            assert found.p_holm <= 0.05


def test_an_effect_stands_beside_both_arms() -> None:
    candidate, baseline = moved(3, 9, 188)
    found = result_of(bound(within(0.1)), evidence(candidate, baseline))
    assert isinstance(found.baseline, Estimate)
    assert isinstance(found.candidate, Estimate)
    assert isinstance(found.effect, Estimate)
    assert found.judged is found.effect
    assert found.baseline.value == 0.985
    assert found.candidate.value == 0.955
    assert found.effect.value == -0.03
    alone = result_of(bound(FLOOR), evidence(candidate))
    assert (alone.baseline, alone.effect) == (None, None)
    assert alone.judged is alone.candidate


def test_a_broken_rate_counts_the_cases_that_moved() -> None:
    candidate, baseline = moved(2, 60, 138)
    found = result_of(bound(within(0.1)), evidence(candidate, baseline))
    assert found.detail.startswith("60 of 200 cases went from right to wrong, 2 the other way.")
    scores = result_of(bound(within(0.1), TONE), evidence(candidate, baseline))
    assert "went from" not in scores.detail


def test_a_bound_on_the_given_cases_takes_draws_for_units() -> None:
    draws = [[1.0, 1.0, 1.0, 0.0] if place % 4 else [1.0] * 4 for place in range(40)]
    given_cases = result_of(bound(at_least(0.7), scope=Scope.GOLDEN_SET), evidence(draws))
    traffic = result_of(bound(at_least(0.7)), evidence(draws))
    one_draw = estimate_of(given_cases)
    assert (one_draw.n, one_draw.samples, one_draw.clusters) == (40, 160, 160)
    assert estimate_of(traffic).clusters == 40
    assert one_draw.value == pytest.approx(estimate_of(traffic).value)


def test_numbers_leave_with_six_digits() -> None:
    candidate, baseline = moved(3, 10, 130)
    found = verdict_on(
        [(bound(within(0.04)), evidence(candidate, baseline))],
        metrics=[(TOKENS, evidence(lengths(60)))],
    )
    assert six_digits(found) == found
    assert len(f"{estimate_of(found.bounds[0]).lower:.15g}".lstrip("-0.")) <= 6


def test_the_same_evidence_gives_the_same_verdict() -> None:
    trials = [one(result, name=result.value) for result in Result]
    assert verdict_on(trials) == verdict_on(trials)


# ---------------------------------------------------------------- not disproven


def test_what_need_not_be_proven_passes_until_it_is_disproven() -> None:
    for right, passes in ((99, True), (90, True), (86, True), (70, False)):
        trial = bound(FLOOR, require=LOOSE), evidence(rights(right, 100 - right))
        assert (verdict_on([trial]).exit_code is ExitCode.PASS) == passes


def share_broken(loose: Bound, drawn: Callable[[], Evidence], *, runs: int) -> float:
    """Return the share of runs that show a bound broken: a verdict says so where a standing does.

    ``test_standing_is_the_verdict.py`` holds the two equal; a whole verdict on every run would also
    say each time how far it sees.
    """
    return sum(standing(loose, drawn()).broken(loose.alpha) for _ in range(runs)) / runs


@pytest.mark.parametrize(
    ("limit", "sign"), [(at_most(120), 1), (at_least(80), -1), (Limit(ABSOLUTE, 80, 120), 1)]
)
def test_what_a_loose_bound_detects_is_found_broken_8_times_in_10(limit: Limit, sign: int) -> None:
    random = Random(4)
    loose = bound(limit, TOKENS, require=LOOSE)

    def around(mean: float) -> Evidence:
        return evidence([random.gauss(mean, 20) for _ in range(100)])

    detects = result_of(loose, around(100)).detects
    assert detects is not None
    assert sign * (detects - 100) > 20, "beyond the limit"
    assert 0.7 <= share_broken(loose, lambda: around(detects), runs=200) <= 0.9


@pytest.mark.parametrize("seen", [2, 20, 40])
def test_how_far_a_loose_ceiling_sees_does_not_depend_on_what_was_observed(seen: int) -> None:
    random = Random(seen)
    loose = bound(at_most(0.1), require=LOOSE)
    detects = result_of(loose, evidence(rights(seen, 400 - seen))).detects
    assert detects is not None
    assert detects == pytest.approx(0.1427, abs=0.0002)

    def drawn() -> Evidence:
        return evidence([float(random.random() < detects) for _ in range(400)])

    assert 0.7 <= share_broken(loose, drawn, runs=300) <= 0.9


def test_how_far_a_loose_difference_sees_counts_the_cases_that_would_move() -> None:
    random = Random(3)
    loose = bound(within(0.05), require=LOOSE)
    detects = result_of(loose, evidence(*moved(5, 5, 290))).detects
    assert detects is not None

    def drawn() -> Evidence:
        lost = sum(random.random() < 0.017 for _ in range(300))
        gained = sum(random.random() < detects + 0.017 for _ in range(300))
        return evidence(*moved(gained, lost, 300 - gained - lost))

    assert 0.7 <= share_broken(loose, drawn, runs=100) <= 0.9


def test_a_ceiling_on_times_that_never_came_sees_nothing() -> None:
    slow = [100.0] * 100
    assert (
        result_of(
            bound(at_most(200), LATENCY, statistic="p99", require=LOOSE), evidence(slow)
        ).detects
        is None
    )


def test_a_bound_that_must_be_proven_detects_nothing() -> None:
    assert result_of(bound(FLOOR), evidence(rights(90, 10))).detects is None
    loose = bound(FLOOR, require=LOOSE)
    assert result_of(loose, evidence(rights(0, 0, 9))).detects is None


def test_how_far_a_loose_ratio_sees_is_told_where_there_is_an_end_to_it() -> None:
    random = Random(5)
    baseline = [random.gauss(100, 10) for _ in range(100)]

    def beside(factor: float) -> Evidence:
        return evidence([value * factor * random.gauss(1, 0.1) for value in baseline], baseline)

    ceiling = bound(Limit(RATIO, max=1.1), TOKENS, require=LOOSE)
    floor = bound(Limit(RATIO, min=0.9), TOKENS, require=LOOSE)
    for loose, sign in ((ceiling, 1), (floor, -1)):
        detects = result_of(loose, beside(1.0)).detects
        assert detects is not None
        assert 0.01 < sign * (detects - 1 - sign * 0.1) < 0.05
    nothing = evidence([1.0, 0.0] + [0.0] * 98, [0.0, 1.0] + [0.0] * 98)
    assert result_of(floor, nothing).detects is None


def test_a_ceiling_that_so_few_cases_can_never_break_sees_nothing() -> None:
    loose = bound(at_most(0.99), require=LOOSE)
    assert result_of(loose, evidence(rights(5, 5))).detects is None


# ---------------------------------------------------------------- what fails is unlike the rest


@pytest.mark.parametrize("limit", [Limit(DELTA, max=5.0), Limit(RATIO, max=1.02)])
def test_a_candidate_gains_nothing_by_failing_where_answers_are_long(limit: Limit) -> None:
    random = Random(7)
    baseline = [random.gauss(100, 3) for _ in range(392)] + [1000.0] * 8
    candidate: list[float | None] = [value + random.uniform(10, 12) for value in baseline]
    whole = result_of(bound(limit, TOKENS), evidence(candidate, baseline))
    assert whole.result is Result.BROKEN
    part = result_of(bound(limit, TOKENS), evidence(candidate[:392] + [None] * 8, baseline))
    assert part.result is not Result.HOLDS
    assert isinstance(part.judged, Estimate)
    assert part.judged.lower <= part.judged.value <= part.judged.upper


def test_a_candidate_that_fails_where_the_baseline_was_long_is_put_at_that_length() -> None:
    baseline = [100.0 + place % 7 for place in range(98)] + [900.0] * 2
    candidate = [100.0 + place % 5 for place in range(98)] + [None] * 2
    alone = result_of(bound(at_most(110), TOKENS), evidence(candidate))
    beside = result_of(bound(at_most(110), TOKENS), evidence(candidate, baseline))
    assert alone.result is Result.HOLDS
    assert beside.result is Result.UNDECIDED
    assert beside.reason is Reason.MISSING


def test_the_candidate_s_own_value_is_shown_although_the_baseline_has_too_little() -> None:
    found = result_of(bound(within(0.1)), evidence(rights(90, 10), rights(50, 0, 50)))
    assert found.result is Result.UNMEASURED
    assert isinstance(found.candidate, Estimate)
    assert isinstance(found.effect, Unmeasured)


def test_what_the_baseline_lacks_is_no_matter_to_a_limit_on_the_candidate() -> None:
    seen = rights(178, 18, 4)
    alone = result_of(bound(at_least(0.85)), evidence(seen))
    beside = result_of(bound(at_least(0.85)), evidence(seen, rights(0, 0, 200)))
    assert alone.reason is beside.reason is Reason.MISSING


def test_29_of_100_are_not_more_than_29_percent() -> None:
    floor = bound(at_least(0.1))
    assert result_of(floor, evidence(rights(71, 0, 29)), max_missing=0.29).result is Result.HOLDS


def test_a_ratio_to_a_baseline_that_may_be_nothing_is_undecided() -> None:
    baseline = [0.0] * 97 + [9.0, 30.0, 60.0]
    candidate = [0.0] * 95 + [5.0, 9.0, 1.0, 2.0, 3.0]
    found = result_of(bound(Limit(RATIO, max=5.0), TOKENS), evidence(candidate, baseline))
    assert found.reason is Reason.NO_BASELINE
    assert "holds 0" in found.detail
    assert found.settle is not None
    assert (found.settle.n, found.settle.margin) == (None, None)


# ---------------------------------------------------------------- metrics without a bound


def test_a_metric_without_a_bound_is_shown_by_the_statistic_of_its_kind() -> None:
    times = [100.0 + place for place in range(101)]
    shown = verdict_on(
        [one(Result.HOLDS)],
        metrics=[
            (LATENCY, evidence(times)),
            (TOKENS, evidence(lengths(60), lengths(60, seed=2))),
            (ACCURACY, evidence(rights(30, 70))),
        ],
    ).metrics
    assert [(each.name, each.statistic) for each in shown] == [
        ("latency_ms", "p95"),
        ("tokens", "mean"),
        ("accuracy", "rate"),
    ]
    slow, counted, right = (each.candidate for each in shown)
    assert isinstance(slow, Estimate)
    assert isinstance(counted, Estimate)
    assert isinstance(right, Estimate)
    assert slow.value == 195.0
    assert right.value == 0.3
    assert counted.value == pytest.approx(sum(lengths(60)) / 60, rel=1e-5)
    assert shown[0].baseline is None
    assert isinstance(shown[1].baseline, Estimate)


def test_a_metric_without_values_is_shown_as_unmeasured_and_turns_no_gate() -> None:
    nothing = evidence(rights(0, 0, 5), rights(5))
    found = verdict_on([one(Result.HOLDS)], metrics=[(TONE, nothing)])
    (shown,) = found.metrics
    assert isinstance(shown.candidate, Unmeasured)
    assert isinstance(shown.baseline, Estimate)
    assert found.exit_code is ExitCode.PASS


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("summary", "name"),
    [
        (SnapshotSummary("asked-for", ("x", "y")), "asked-for"),
        (SnapshotSummary(None, ("served",)), "served"),
        (SnapshotSummary(None, ("x", "y")), "The candidate"),
        (SnapshotSummary(None, ()), "The candidate"),
    ],
)
def test_the_candidate_is_called_what_was_asked_for_or_what_answered(
    summary: SnapshotSummary, name: str
) -> None:
    trial = one(Result.HOLDS)
    found = verdict_on([trial], found=facts(trial[1], candidate=summary))
    assert found.sentence == f"{name} keeps its one bound."


def test_a_result_bears_what_the_envelope_says() -> None:
    item = bound(
        FLOOR,
        replace(ACCURACY, name="style.lists"),
        name="lists@prime",
        severity=WARN,
        require=LOOSE,
        scope=Scope.GOLDEN_SET,
    )
    found = result_of(item, exhibit(evidence(rights(99, 1)), unit="shares"))
    assert (found.name, found.metric, found.kind) == ("lists@prime", "style.lists", Kind.RATE)
    assert (found.statistic, found.limit, found.unit) == ("rate", FLOOR, "shares")
    assert (found.labels, found.scope) == (("right", "wrong"), Scope.GOLDEN_SET)
    assert (found.severity, found.require, found.blocks) == (WARN, LOOSE, False)


# ---------------------------------------------------------------- drafts


def test_a_draft_does_not_depend_on_other_bounds() -> None:
    candidate, baseline = moved(2, 7, 91)
    item = draft(bound(within(0.1)), exhibit(evidence(candidate, baseline)), max_missing=0.02)
    assert item.moved == (2, 7)
    assert item.judged is item.effect
    assert item.complete is None
    among = verdict_on(
        [(item.bound, item.exhibit.evidence), *(one(each, name=each) for each in Result)]
    )
    assert among.bounds[0].p_broken == six_digits(item.p_broken)


def test_a_case_moves_where_half_of_its_draws_do() -> None:
    candidate = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0, 1.0, 0.0]]
    baseline = [[0.0], [0.0, 0.0], [1.0], [1.0]]
    item = draft(bound(within(0.1)), exhibit(evidence(candidate, baseline)), max_missing=0)
    assert item.moved == (2, 1)


def test_cases_move_only_where_a_rate_has_two_arms() -> None:
    candidate, baseline = moved(2, 7, 91)
    for metric, seen in ((ACCURACY, evidence(candidate)), (TONE, evidence(candidate, baseline))):
        item = draft(bound(at_least(0.1), metric), exhibit(seen), max_missing=0.02)
        assert item.moved is None


def kinds_of_bounds() -> list[tuple[Bound, Evidence]]:
    random = Random(8)
    candidate, baseline = moved(8, 9, 83)
    amounts = [random.lognormvariate(4, 0.6) for _ in range(120)]
    others = [amount * random.uniform(0.8, 1.3) for amount in amounts]
    return [
        (bound(FLOOR), evidence(candidate)),
        (bound(within(0.05)), evidence(candidate, baseline)),
        (bound(Limit(RATIO, 0.9, 1.1)), evidence(candidate, baseline)),
        (bound(at_most(80), TOKENS), evidence(amounts)),
        (bound(Limit(DELTA, max=5.0), TOKENS), evidence(others, amounts)),
        (bound(Limit(RATIO, max=1.05), TOKENS), evidence(others, amounts)),
        (bound(at_most(180), LATENCY), evidence(amounts)),
    ]


@pytest.mark.parametrize("place", range(7))
def test_an_interval_lies_around_its_value_whatever_the_kind(place: int) -> None:
    judged = estimate_of(result_of(*kinds_of_bounds()[place]))
    assert judged.lower < judged.value < judged.upper
    assert judged.missing == 0
    assert judged.confidence == 0.95


def metrics_by_kind() -> list[Metric]:
    return [ACCURACY, TONE, TOKENS, LATENCY]


@pytest.mark.parametrize(
    ("metric", "statistic"),
    list(chain(product(metrics_by_kind(), ["mean"]), product([TOKENS, LATENCY], ["p95"]))),
)
def test_a_statistic_is_taken_as_it_is_written(metric: Metric, statistic: str) -> None:
    values = [float(place % 2) for place in range(100)]
    found = result_of(bound(at_least(0.3), metric, statistic=statistic), evidence(values))
    assert found.statistic == statistic
    assert estimate_of(found).value == (1.0 if statistic == "p95" else 0.5)
    assert Statistic.parse(statistic).name == statistic


def test_a_baseline_is_an_estimate_of_its_own() -> None:
    seen = evidence(rights(90, 10), rights(80, 20))
    found = result_of(bound(FLOOR), seen)
    alone = result_of(bound(FLOOR), evidence(rights(80, 20)))
    assert found.baseline == alone.candidate
    assert set(seen.arms) == {CANDIDATE, BASELINE}


def test_a_ruler_that_only_stands_in_makes_every_estimate_approximate() -> None:
    floor, seen = bound(FLOOR), evidence(rights(198, 2))
    exact = result_of(floor, exhibit(seen))
    guessed = verdict_on([(floor, exhibit(seen, guessed=True))])
    (rough,) = guessed.bounds
    assert isinstance(exact.candidate, Estimate)
    assert not exact.candidate.approximate
    assert rough.candidate == replace(exact.candidate, approximate=True)
    assert guessed.lead.endswith("1 bound rests on an approximate interval.")


# ---------------------------------------------------------------- an arm that could not go on


STOPPED = {CANDIDATE: "denied: HTTP 401"}


@pytest.mark.parametrize("kept", [Result.HOLDS, Result.UNDECIDED, Result.UNMEASURED])
@pytest.mark.parametrize("lenient", [False, True])
def test_an_arm_that_could_not_be_asked_to_the_end_is_never_a_pass(
    kept: Result, *, lenient: bool
) -> None:
    item, seen = one(kept)
    found = replace(facts(seen), stopped=STOPPED)
    verdict = verdict_on([(item, seen)], found=found, inconclusive_blocks=not lenient)
    assert (verdict.outcome, verdict.exit_code) == (Outcome.UNMEASURED, ExitCode.UNMEASURED)
    assert verdict.lead.startswith("The candidate could not be asked to the end: denied: HTTP 401.")
    assert verdict.facts.stopped == STOPPED


def test_a_smoke_run_that_stopped_was_not_measured_either() -> None:
    item, seen = one(Result.HOLDS)
    verdict = verdict_on([(item, seen)], found=replace(facts(seen, smoke=True), stopped=STOPPED))
    assert verdict.exit_code is ExitCode.UNMEASURED


def test_what_is_broken_stays_broken_although_the_arm_stopped() -> None:
    item, seen = one(Result.BROKEN)
    verdict = verdict_on([(item, seen)], found=replace(facts(seen), stopped=STOPPED))
    assert (verdict.outcome, verdict.exit_code) == (Outcome.FAIL, ExitCode.FAIL)
    assert "breaks 1 of 1" in verdict.sentence
    assert verdict.lead.endswith("The candidate could not be asked to the end: denied: HTTP 401.")


def test_bounds_of_a_run_that_stopped_keep_what_is_known_of_them() -> None:
    item, seen = one(Result.HOLDS)
    verdict = verdict_on([(item, seen)], found=replace(facts(seen), stopped=STOPPED))
    assert [each.result for each in verdict.bounds] == [Result.HOLDS]
    assert verdict.sentence == "Not everything could be measured."
