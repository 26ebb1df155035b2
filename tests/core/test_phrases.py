"""Every result becomes a sentence with a number in it, and without a word that weighs it."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import product

import pytest

from evalkit.core.envelope import Kind, Limit, LimitKind, Require, Scope, Severity
from evalkit.core.phrases import (
    allowed,
    arm_text,
    edit,
    interval_name,
    judged_text,
    movement,
    permitted,
    reason_sentence,
    settle_lines,
    title,
    told_apart,
)
from evalkit.core.verdict import (
    BaselineDrift,
    BoundResult,
    Detector,
    Estimate,
    Reason,
    Result,
    Settle,
    Unmeasured,
)

S = "\u00a0"
ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind
RATE, SCORE, AMOUNT, TIME, CATEGORY = Kind
FORBIDDEN = re.compile(
    r"significant|insufficient|slight|huge|large|small|warnings|big|tiny|massive|!|None|nan|inf\b",
    re.IGNORECASE,
)
NOTHING = Unmeasured(Reason.NO_VALUES, "0 of 500 samples have a value")


def estimate(lower: float, value: float, upper: float, *, n: int = 1000) -> Estimate:
    return Estimate(value, lower, upper, 0.95, n, n, n, 0, "method")


BOUND = BoundResult(
    name="refusal", metric="refusal", kind=RATE, statistic="rate", on="", unit="",
    limit=Limit(DELTA, -0.03, 0.03), labels=("declined", "answered"), require=Require.PROVEN,
    severity=Severity.BLOCK, scope=Scope.POPULATION, result=Result.BROKEN, reason=None, detail="",
    baseline=estimate(0.01, 0.021, 0.03), candidate=estimate(0.75, 0.767, 0.78),
    effect=estimate(0.726, 0.746, 0.765), p_broken=0.0, p_holm=0.0, settle=None,
    detector=Detector("refusal@2", 4000, 9, 0.02, 0.06, down=0.01, up=0.02),
)  # fmt: skip
FLOOR = replace(
    BOUND, metric="accuracy", limit=Limit(ABSOLUTE, min=0.8), effect=None,
    baseline=estimate(0.82, 0.84, 0.86), candidate=estimate(0.484, 0.511, 0.537),
)  # fmt: skip


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("kind", "statistic", "on", "text"),
    [
        (RATE, "rate", "", "m"),
        (RATE, "mean", "prime", "m on prime"),
        (SCORE, "mean", "", "m"),
        (SCORE, "p95", "", "m, p95"),
        (AMOUNT, "mean", "prime", "m, mean on prime"),
        (TIME, "p95", "prime", "m, p95 on prime"),
        (CATEGORY, "mean", "", "m"),
    ],
)
def test_a_title_names_a_statistic_that_is_not_the_usual_one(
    kind: Kind, statistic: str, on: str, text: str
) -> None:
    assert title(replace(BOUND, metric="m", kind=kind, statistic=statistic, on=on)) == text


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Limit(DELTA, -0.03, 0.03), f"where ±3{S}points are allowed"),
        (Limit(DELTA, max=0.03), f"where at most +3{S}points is required"),
        (Limit(ABSOLUTE, min=0.8), f"where at least 80{S}% is required"),
        (Limit(RATIO, max=1.1), f"where at most ×{S}1.1 is required"),
    ],
)
def test_a_limit_becomes_a_clause(limit: Limit, text: str) -> None:
    assert permitted(replace(BOUND, limit=limit)) == text


def test_two_bounds_on_one_number_are_told_apart_by_what_they_compare() -> None:
    assert told_apart(replace(BOUND, on="prime")) == "refusal, delta on prime"
    assert told_apart(replace(FLOOR, on="prime")) == "accuracy on prime"


@pytest.mark.parametrize(
    ("kind", "alone", "beside"),
    [
        (AMOUNT, "m, shift on t", "m, shift w1 on t"),
        (RATE, "m, shift on t", "m, shift w1 on t"),
        (CATEGORY, "m on t", "m w1 on t"),
    ],
)
def test_a_shift_is_of_a_whole_distribution_and_of_no_statistic(
    kind: Kind, alone: str, beside: str
) -> None:
    limit = Limit(SHIFT, max=0.1, distance="w1")
    bound = replace(BOUND, metric="m", kind=kind, statistic="mean", on="t", limit=limit)
    assert title(bound) == alone
    assert told_apart(bound) == beside


def test_what_was_not_measured_has_no_value() -> None:
    assert judged_text(replace(BOUND, effect=NOTHING)) == "no value"
    assert judged_text(BOUND) == f"+74.6{S}points"
    assert arm_text(BOUND, NOTHING) == arm_text(BOUND, None) == "no value"
    assert arm_text(BOUND, BOUND.candidate) == f"76.7{S}%"
    assert arm_text(BOUND, estimate(0.0, math.inf, math.inf)) == "a timeout"
    assert allowed(FLOOR) == f"at least 80{S}%"


@pytest.mark.parametrize(
    ("baseline", "candidate", "text"),
    [
        (0.021, 0.767, f"rose from 2.1{S}% to 76.7{S}%"),
        (0.5, 0.25, f"fell from 50.0{S}% to 25.0{S}%"),
        (0.5, 0.5, f"stayed at 50.0{S}%"),
        (0.5, 0.5001, f"stayed at 50.0{S}%"),
    ],
)
def test_a_movement_is_said_only_where_it_is_seen(
    baseline: float, candidate: float, text: str
) -> None:
    before, after = estimate(0, baseline, 1), estimate(0, candidate, 1)
    assert movement(replace(BOUND, baseline=before, candidate=after)) == text


def test_a_movement_needs_two_arms() -> None:
    assert movement(replace(BOUND, baseline=None)) == f"is 76.7{S}%"
    assert movement(replace(BOUND, baseline=NOTHING)) == f"is 76.7{S}%"
    assert movement(replace(BOUND, candidate=NOTHING)) == "was not measured"


@pytest.mark.parametrize(
    ("confidence", "text"), [(0.95, "90"), (0.975, "95"), (0.9, "80"), (0.999, "99.8")]
)
def test_two_one_sided_limits_make_an_interval_of_less_confidence(
    confidence: float, text: str
) -> None:
    assert interval_name(confidence) == f"{text}{S}% interval"


# ---------------------------------------------------------------- broken


def test_a_broken_delta_of_a_rate_counts_the_cases_that_moved() -> None:
    assert reason_sentence(BOUND, (760, 14), 9) == (
        "760 of 1,000 cases went from answered to declined, 14 the other way. "
        f"The whole interval, +72.6 to +76.5, lies above +3{S}points."
    )


def test_a_rate_that_fell_is_told_from_the_side_it_fell_from() -> None:
    fell = replace(BOUND, effect=estimate(-0.4, -0.33, -0.3), labels=None)
    assert reason_sentence(fell, (14, 340), 9) == (
        "340 of 1,000 cases went from 1 to 0, 14 the other way. "
        f"The whole interval, −40.0 to −30.0, lies below −3{S}points."
    )


def test_a_broken_delta_without_counts_tells_the_movement() -> None:
    assert reason_sentence(BOUND, None, 9) == (
        f"+74.6{S}points (rose from 2.1{S}% to 76.7{S}%). "
        f"The whole interval, +72.6 to +76.5, lies above +3{S}points."
    )


def test_a_broken_ratio_names_the_side_that_was_crossed() -> None:
    cost = replace(
        BOUND, kind=AMOUNT, unit="usd", limit=Limit(RATIO, 0.9, 1.1),
        effect=estimate(1.108, 1.115, 1.121), baseline=estimate(0.01, 0.0113, 0.012),
        candidate=estimate(0.012, 0.0126, 0.013),
    )  # fmt: skip
    assert reason_sentence(cost, (3, 4), 9) == (
        f"×{S}1.115 (rose from $0.0113 to $0.0126). "
        f"The whole interval, 1.108 to 1.121, lies above ×{S}1.1."
    )


def test_a_broken_floor_says_that_even_the_upper_end_is_below_it() -> None:
    assert reason_sentence(FLOOR, None, 9) == (
        f"51.1{S}%, where at least 80{S}% is required; the baseline has 84.0{S}%. "
        f"Even the upper end, 53.7{S}%, is below it."
    )
    assert "baseline" not in reason_sentence(replace(FLOOR, baseline=None), None, 9)


def test_a_broken_ceiling_shows_as_many_digits_as_it_takes_to_see_it() -> None:
    slow = replace(
        BOUND, kind=TIME, unit="ms", limit=Limit(ABSOLUTE, max=4000), effect=None,
        baseline=None, candidate=estimate(4003, 4050, 4100),
    )  # fmt: skip
    assert reason_sentence(slow, None, 1) == (
        f"4.050{S}s, where at most 4{S}s is required. Even the lower end, 4.003{S}s, is above it."
    )


# ---------------------------------------------------------------- the others


def undecided(reason: Reason, settle: Settle | None = None, **changes: object) -> BoundResult:
    return replace(
        FLOOR, result=Result.UNDECIDED, reason=reason, settle=settle,
        candidate=replace(estimate(0.79, 0.81, 0.83), **changes),  # type: ignore[arg-type]
    )  # fmt: skip


FACT = f"81.0{S}% observed, at least 80{S}% required"
INSIDE = f"{FACT}: the limit lies inside the interval, 79.0 to 83.0{S}%."


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (undecided(Reason.TOO_NOISY), INSIDE),
        (undecided(Reason.AT_MARGIN), INSIDE),
        (undecided(Reason.IMPOSSIBLE), INSIDE),
        (undecided(Reason.TOO_FEW), INSIDE),
        (
            undecided(Reason.MULTIPLICITY),
            (
                f"{FACT}: the interval, 79.0 to 83.0{S}%, lies outside on its own, not after "
                "correction for 9 bounds."
            ),
        ),
        (
            undecided(Reason.IMPOSSIBLE, Settle(n_least=1200)),
            f"{FACT}: 1,200 cases is the least that can prove this; there are 1,000.",
        ),
        (
            undecided(Reason.IMPOSSIBLE, Settle(n_least=2100), clusters=2000),
            f"{FACT}: 2,100 draws is the least that can prove this; there are 2,000.",
        ),
        (
            undecided(Reason.TOO_FEW, Settle(n_least=59, n_valid=10), clusters=7),
            f"{FACT}: the method is valid from 10 independent groups on; there are 7.",
        ),
        (
            replace(undecided(Reason.NO_BASELINE), baseline=estimate(-0.01, 0.0, 0.02)),
            (
                f"{FACT}: the baseline's own interval, −1.0{S}% to 2.0{S}%, holds 0, so that a "
                "ratio to it says nothing."
            ),
        ),
        (
            undecided(Reason.ZERO_VARIANCE),
            (
                f"{FACT}: all 1,000 cases are equal, and no declared range says how far an unseen "
                "one could lie."
            ),
        ),
        (
            undecided(Reason.MISSING, missing=1),
            (
                f"{FACT}: with 1 missing sample put at the worst, the interval is 79.0 to "
                f"83.0{S}%; the others alone would decide the bound."
            ),
        ),
    ],
)
def test_an_undecided_bound_says_why(bound: BoundResult, text: str) -> None:
    assert reason_sentence(bound, None, 9) == text


def test_one_bound_alone_lies_outside_on_both_sides_and_not_after_a_correction() -> None:
    assert reason_sentence(undecided(Reason.MULTIPLICITY), None, 1) == (
        f"{FACT}: the interval, 79.0 to 83.0{S}%, lies outside, and is so wide that by chance it "
        "could lie outside on the other side as well."
    )


def test_a_bound_that_holds_shows_its_interval_and_its_limit() -> None:
    holds = replace(FLOOR, result=Result.HOLDS, candidate=estimate(0.85, 0.87, 0.89))
    assert reason_sentence(holds, None, 9) == f"87.0{S}%, 85.0 to 89.0{S}%: at least 80{S}%."


def test_an_unmeasured_bound_says_what_is_missing() -> None:
    bound = replace(BOUND, result=Result.UNMEASURED, effect=NOTHING)
    assert reason_sentence(bound, None, 9) == "0 of 500 samples have a value."


LIMITS = [
    Limit(ABSOLUTE, min=0.8), Limit(ABSOLUTE, max=0.2), Limit(ABSOLUTE, 0.3, 0.4),
    Limit(DELTA, -0.03, 0.03), Limit(DELTA, min=-0.03), Limit(DELTA, max=0.03),
    Limit(RATIO, 0.9, 1.1), Limit(RATIO, max=1.1), Limit(RATIO, min=0.9),
    Limit(SHIFT, max=0.1, distance="ks"),
]  # fmt: skip
UNITS = {RATE: [""], SCORE: [""], AMOUNT: ["tokens", "usd", ""], TIME: ["ms"], CATEGORY: [""]}
KINDS_AND_UNITS = [(kind, unit) for kind, units in UNITS.items() for unit in units]
RESULTS = [
    (Result.HOLDS, None), (Result.BROKEN, None), (Result.UNMEASURED, None),
    *((Result.UNDECIDED, reason) for reason in Reason),
]  # fmt: skip


@pytest.mark.parametrize(("result", "reason"), RESULTS)
@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_every_result_is_a_sentence_with_a_number_and_without_a_weighing_word(
    result: Result, reason: Reason | None, limit: Limit
) -> None:
    estimates = [
        estimate(0.5, 0.6, 0.7), estimate(-0.7, -0.6, -0.5), estimate(0.0, 0.0, 0.0),
        estimate(1.0, 3600.0, float("inf")), estimate(float("-inf"), 0.1, 0.2, n=1),
    ]  # fmt: skip
    settles = [None, Settle(), Settle(1, 2, 3, Limit(limit.kind, limit.min, limit.max), 4, 5, 0.5)]
    for (kind, unit), judged, settle in product(KINDS_AND_UNITS, estimates, settles):
        found: Estimate | Unmeasured = NOTHING if result is Result.UNMEASURED else judged
        bound = replace(
            BOUND, kind=kind, unit=unit, limit=limit, result=result, reason=reason, settle=settle,
            candidate=found, effect=found if limit.compares else None, baseline=judged, on="prime",
            statistic="mean",
        )  # fmt: skip
        sentences = [
            reason_sentence(bound, moved, family=3)
            for moved in (None, (3, 4))
            if _can_be(bound, judged)
        ]
        for sentence in sentences:
            assert re.search(r"\d", sentence), sentence
            assert sentence.endswith(".")
            assert not FORBIDDEN.search(sentence), sentence
        for line in settle_lines(bound):
            assert not FORBIDDEN.search(line), line


def _can_be(bound: BoundResult, judged: Estimate) -> bool:
    """Return whether a bound can be broken by this estimate: one limit lies beyond an end."""
    low, high = bound.limit.min, bound.limit.max
    below = low is not None and judged.upper < low
    above = high is not None and judged.lower > high
    return bound.result is not Result.BROKEN or below or above


# ---------------------------------------------------------------- ways out


def test_every_way_out_is_named_with_its_condition() -> None:
    bound = undecided(
        Reason.TOO_NOISY,
        Settle(n=1012, n_unchanged=300, margin=Limit(ABSOLUTE, min=0.779), cost_usd=4.2),
    )
    assert settle_lines(replace(bound, on="prime")) == [
        f"1,012 more cases tagged prime ($4.20), if the truth is 81.0{S}%",
        "300 more cases tagged prime, if the candidate is truly unchanged",
        "min: 77.9%: holds with these 1,000 cases",
    ]


def test_a_price_below_a_cent_is_still_a_price() -> None:
    bound = undecided(Reason.TOO_NOISY, Settle(n=1, cost_usd=0.0021))
    assert settle_lines(bound) == [f"1 more case ($0.00210), if the truth is 81.0{S}%"]
    free = undecided(Reason.TOO_NOISY, Settle(n=2, n_unchanged=2, cost_usd=0.0))
    assert settle_lines(free) == [f"2 more cases, if the truth is 81.0{S}%"]


@pytest.mark.parametrize("reason", [Reason.ZERO_VARIANCE, Reason.TOO_FEW])
def test_an_amount_without_an_end_may_be_given_a_range(reason: Reason) -> None:
    line = "range: [low, high] on the bound, if the values have a known end"
    rough = replace(undecided(reason, Settle(), approximate=True), statistic="mean")
    for kind, found in ((AMOUNT, [line]), (TIME, [line]), (RATE, [])):
        assert settle_lines(replace(rough, kind=kind)) == found
    # A quantile, or a mean in a range, waits for groups of cases.
    ranged = replace(undecided(reason, Settle()), statistic="mean")
    for other in (replace(rough, statistic="p95"), ranged):
        found = settle_lines(replace(other, kind=AMOUNT))
        assert found == ([] if reason is Reason.TOO_FEW else [line])


@pytest.mark.parametrize(
    ("kind", "statistic", "limit", "instead"),
    [
        (TIME, "p95", Limit(RATIO, max=1.1), ["max: in place of ratio:, which equal values can bear"]),
        (AMOUNT, "p50", Limit(DELTA, max=5), ["max: in place of delta:, which equal values can bear"]),
        (
            AMOUNT, "mean", Limit(SHIFT, max=0.1, distance="ks"),
            ["delta: and range: [low, high] in place of shift:, if the values have a known end"],
        ),
        (
            SCORE, "mean", Limit(SHIFT, max=0.1, distance="w1"),
            ["delta: in place of shift:, which equal values can bear"],
        ),
        (CATEGORY, "mean", Limit(SHIFT, max=0.1, distance="tv"), []),
    ],
)  # fmt: skip
def test_no_range_helps_a_comparison_that_draws_equal_arms_again(
    kind: Kind, statistic: str, limit: Limit, instead: list[str]
) -> None:
    found = undecided(Reason.ZERO_VARIANCE, Settle(), approximate=True)
    found = replace(found, kind=kind, statistic=statistic, limit=limit)
    copy = "answers of its own for each arm, if one is a copy of the other"
    assert settle_lines(found) == [*instead, copy]
    assert reason_sentence(found, None, 9).endswith(
        "however its 1,000 cases are drawn again, nothing moves, and so nothing says how far an unseen "
        "one could move it."
    )


def test_where_groups_count_more_of_them_are_asked_for() -> None:
    grouped = undecided(Reason.TOO_NOISY, Settle(n=400, n_unchanged=90), clusters=50)
    assert [line.split(",")[0] for line in settle_lines(grouped)] == [
        "400 more cases in 20 more groups",
        "90 more cases in 4 more groups",
    ]


def test_only_a_tag_is_called_one() -> None:
    stuck = undecided(Reason.TOO_NOISY, Settle(n=400))
    for on, words in {"gold": "tagged gold", "tier=gold": "of tier=gold", "a|b": "of a|b"}.items():
        assert settle_lines(replace(stuck, on=on))[0].startswith(f"400 more cases {words}, if")


def test_one_case_is_not_called_cases() -> None:
    way = Settle(margin=Limit(DELTA, -0.5, 0.5))
    one = undecided(Reason.TOO_NOISY, way, n=1, clusters=1)
    assert settle_lines(one) == ["delta: 50%: holds with this one case"]


def test_a_bound_at_its_margin_says_that_cases_would_not_help() -> None:
    margin = Limit(DELTA, -0.091, 0.091)
    bound = undecided(Reason.AT_MARGIN, Settle(margin=margin))
    assert settle_lines(bound) == [
        "delta: 9.1%: holds with these 1,000 cases",
        f"more cases would not help soon, if the truth is 81.0{S}%",
    ]


@pytest.mark.parametrize(
    ("limit", "labels"),
    [
        (Limit(DELTA, -0.01, 0.01), True),  # mistakes of 1 point down and 2 up fill it
        (Limit(DELTA, -0.03, 0.03), False),
        (Limit(DELTA, None, 0.01), False),
        (Limit(LimitKind.ABSOLUTE, None, 0.02), True),
        (Limit(LimitKind.ABSOLUTE, 0.99, None), True),
        (Limit(LimitKind.ABSOLUTE, 0.9, None), False),
        (Limit(LimitKind.RATIO, 1.0, 1.0), False),
    ],
)
def test_where_mistakes_fill_a_limit_labels_are_the_way_out(limit: Limit, labels: bool) -> None:  # noqa: FBT001
    stuck = replace(undecided(Reason.AT_MARGIN, Settle()), limit=limit)
    told = "labels of people: evalkit calibrate RUN accuracy"
    assert (told in settle_lines(stuck)) is labels
    assert told not in settle_lines(replace(stuck, detector=None))


def test_more_draws_of_each_case_are_written_as_the_envelope_writes_them() -> None:
    bound = undecided(Reason.TOO_NOISY, Settle(repeats=3))
    assert settle_lines(bound) == [
        f"repeats: 3, so many draws of each case, if the truth is 81.0{S}%"
    ]


def test_missing_samples_are_the_first_way_out_where_they_alone_are_in_the_way() -> None:
    bound = undecided(Reason.MISSING, Settle(n=40), missing=3)
    assert settle_lines(bound)[0] == "3 missing samples recorded: the others decide the bound"


def test_a_ratio_to_nothing_is_better_a_delta() -> None:
    bound = undecided(Reason.NO_BASELINE, Settle())
    assert settle_lines(bound) == ["delta: in place of ratio:, which a baseline near 0 can bear"]


def test_there_is_no_way_out_where_there_is_nothing_to_settle() -> None:
    assert settle_lines(BOUND) == []
    unmeasured = replace(undecided(Reason.MISSING, Settle(n=3)), candidate=NOTHING)
    assert settle_lines(unmeasured) == []


@pytest.mark.parametrize(
    ("limit", "kind", "text"),
    [
        (Limit(DELTA, -0.07, 0.07), RATE, "delta: 7%"),
        (Limit(DELTA, -12, 12), AMOUNT, "delta: 12"),
        (Limit(DELTA, min=-0.05), RATE, "delta: {min: -5%}"),
        (Limit(DELTA, -0.05, 0.07), RATE, "delta: {min: -5%, max: 7%}"),
        (Limit(ABSOLUTE, min=0.779), RATE, "min: 77.9%"),
        (Limit(ABSOLUTE, 80, 1234567), AMOUNT, "min: 80, max: 1234567"),
        (Limit(ABSOLUTE, max=0.5), SCORE, "max: 0.5"),
        (Limit(RATIO, 0.9, 1.13), RATE, "ratio: {min: 0.9, max: 1.13}"),
        (Limit(SHIFT, max=0.2), CATEGORY, "shift: {max: 0.2}"),
    ],
)
def test_an_edit_is_written_as_the_envelope_writes_it(limit: Limit, kind: Kind, text: str) -> None:
    assert edit(limit, kind) == text


# ---------------------------------------------------------------- a stale baseline


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        (
            BaselineDrift(412, 8, -0.1123, stale=True),
            f"412 cases of 8 runs, its snapshot is −11.2{S}points",
        ),
        (BaselineDrift(1, 1, 1.0, stale=True), f"1 case of 1 run, its snapshot is +100.0{S}points"),
    ],
)
def test_a_stale_baseline_is_told_with_what_was_seen_of_it(
    drift: BaselineDrift, words: str
) -> None:
    stale = replace(
        BOUND,
        result=Result.UNDECIDED,
        reason=Reason.BASELINE_STALE,
        baseline_drift=drift,
        settle=Settle(),
    )
    assert f"asked again in {words} from the recording." in reason_sentence(stale, None, 1)
    assert settle_lines(stale) == [
        f"a baseline recorded anew: asked again in {words} from the recording"
    ]


def test_a_bound_with_too_few_labels_says_what_they_lack() -> None:
    lacking = replace(
        BOUND,
        result=Result.UNDECIDED,
        reason=Reason.INSTRUMENT,
        uncalibrated="needs 8 more labels of candidate answers it finds",
    )
    assert "the calibration of refusal needs 8 more labels" in reason_sentence(lacking, None, 1)
    assert settle_lines(replace(lacking, settle=Settle())) == [
        "labels of people: evalkit calibrate RUN refusal"
    ]
