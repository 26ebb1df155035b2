"""Numbers become the same words everywhere, and words never hide the order of two numbers."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import Kind, Limit, LimitKind, Require, Scope, Severity
from evalkit.core.verdict import BoundResult, Estimate, Result
from evalkit.core.wording import (
    count_text,
    difference_text,
    duration_text,
    end_text,
    estimate_text,
    interval_text,
    limit_text,
    money_text,
    point_text,
    ratio_text,
    side_text,
    span_text,
    value_text,
)

S = "\u00a0"
INF = math.inf
ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind
RATE, SCORE, AMOUNT, TIME, CATEGORY = Kind


def estimate(lower: float, upper: float, value: float | None = None) -> Estimate:
    middle = value if value is not None else lower if math.isfinite(lower) else upper
    return Estimate(middle, lower, upper, 0.95, 100, 100, 100, 0, "method")


def result(limit: Limit, judged: Estimate, kind: Kind = RATE, unit: str = "") -> BoundResult:
    return BoundResult(
        name="x", metric="x", kind=kind, statistic="mean", on="", limit=limit, unit=unit,
        labels=None, require=Require.PROVEN, severity=Severity.BLOCK, scope=Scope.POPULATION,
        result=Result.UNDECIDED, reason=None, detail="", baseline=None, candidate=judged,
        effect=judged if limit.compares else None, p_broken=None, p_holm=None, settle=None,
    )  # fmt: skip


# ---------------------------------------------------------------- one number


@pytest.mark.parametrize(
    ("value", "kind", "unit", "text"),
    [
        (0.511, RATE, "", f"51.1{S}%"),
        (0.0, RATE, "", f"0.0{S}%"),
        (1.0, RATE, "", f"100.0{S}%"),
        (0.7264, SCORE, "", "0.726"),
        (2.94, AMOUNT, "tokens", f"2.9{S}tokens"),
        (99.96, AMOUNT, "tokens", f"100.0{S}tokens"),
        (355.4, AMOUNT, "tokens", f"355{S}tokens"),
        (12345.6, AMOUNT, "words", f"12,346{S}words"),
        (12.0, AMOUNT, "", "12.0"),
        (980.2, TIME, "ms", f"980{S}ms"),
        (999.4, TIME, "ms", f"999{S}ms"),
        (999.6, TIME, "ms", f"1.00{S}s"),
        (1000, TIME, "ms", f"1.00{S}s"),
        (12370, TIME, "ms", f"12.37{S}s"),
        (1623400, TIME, "ms", f"1,623.40{S}s"),
        (0.00213, AMOUNT, "usd", "$0.00213"),
        (0.0, AMOUNT, "usd", "$0"),
        (1234.5, AMOUNT, "usd", "$1,234"),
        (INF, RATE, "", "no limit"),
        (-INF, AMOUNT, "tokens", "no limit"),
    ],
)
def test_a_value_bears_the_digits_and_the_unit_of_its_kind(
    value: float, kind: Kind, unit: str, text: str
) -> None:
    assert value_text(value, kind, unit) == text


@pytest.mark.parametrize(
    ("value", "kind", "unit", "text"),
    [
        (0.746, RATE, "", f"+74.6{S}points"),
        (-0.128, RATE, "", f"−12.8{S}points"),
        (0.0, RATE, "", f"0.0{S}points"),
        (-0.0001, RATE, "", f"0.0{S}points"),
        (0.05, SCORE, "", "+0.050"),
        (-17.04, AMOUNT, "tokens", f"−17.0{S}tokens"),
        (1200, TIME, "ms", f"+1,200{S}ms"),
        (0.00213, AMOUNT, "usd", "+$0.00213"),
        (-0.00213, AMOUNT, "usd", "−$0.00213"),
        (0.0, AMOUNT, "usd", "$0"),
        (INF, RATE, "", "no limit"),
        (-INF, AMOUNT, "usd", "no limit"),
    ],
)
def test_a_difference_bears_a_sign_and_that_of_rates_is_in_points(
    value: float, kind: Kind, unit: str, text: str
) -> None:
    assert difference_text(value, kind, unit) == text


def test_a_ratio_bears_a_cross() -> None:
    assert ratio_text(1.115) == f"×{S}1.11"
    assert ratio_text(0.9284, digits=3) == f"×{S}0.928"
    assert ratio_text(INF) == "no limit"


def test_money_has_three_digits_that_count() -> None:
    assert money_text(0.0021349) == "$0.00213"
    assert money_text(4.2) == "$4.20"
    assert money_text(0) == "$0"


def test_counts_bear_their_noun_in_the_right_number() -> None:
    assert count_text(0, "case") == "0 cases"
    assert count_text(1, "bound") == "1 bound"
    assert count_text(1506, "case") == "1,506 cases"


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("limit", "kind", "unit", "text"),
    [
        (Limit(ABSOLUTE, min=0.85), RATE, "", f"at least 85{S}%"),
        (Limit(ABSOLUTE, max=0.07), RATE, "", f"at most 7{S}%"),
        (Limit(ABSOLUTE, 0.2, 0.4), RATE, "", f"20 to 40{S}%"),
        (Limit(ABSOLUTE, 80, 400), AMOUNT, "tokens", f"80 to 400{S}tokens"),
        (Limit(ABSOLUTE, 1.5, 4), AMOUNT, "", "1.5 to 4"),
        (Limit(ABSOLUTE, max=4000), TIME, "ms", f"at most 4{S}s"),
        (Limit(ABSOLUTE, 500, 4000), TIME, "ms", f"500{S}ms to 4{S}s"),
        (Limit(ABSOLUTE, 2000, 4500), TIME, "ms", f"2 to 4.5{S}s"),
        (Limit(ABSOLUTE, max=0.02), AMOUNT, "usd", "at most $0.02"),
        (Limit(ABSOLUTE, 0.01, 0.02), AMOUNT, "usd", "$0.01 to $0.02"),
        (Limit(ABSOLUTE, max=1e-7), AMOUNT, "usd", "at most $0.0000001"),
        (Limit(ABSOLUTE, max=2e12), AMOUNT, "chars", f"at most 2000000000000{S}chars"),
        (Limit(DELTA, -0.03, 0.03), RATE, "", f"within ±3{S}points of baseline"),
        (Limit(DELTA, min=-0.03), RATE, "", f"at least −3{S}points of baseline"),
        (Limit(DELTA, max=0.03), RATE, "", f"at most +3{S}points of baseline"),
        (Limit(DELTA, -0.05, 0.03), RATE, "", f"−5 to +3{S}points of baseline"),
        (Limit(DELTA, 0.0, 0.0), RATE, "", f"within ±0{S}points of baseline"),
        (Limit(DELTA, -20, 20), AMOUNT, "words", f"within ±20{S}words of baseline"),
        (Limit(DELTA, -0.1, 0.1), SCORE, "", "within ±0.1 of baseline"),
        (Limit(DELTA, -0.001, 0.001), AMOUNT, "usd", "within ±$0.001 of baseline"),
        (Limit(DELTA, max=0.001), AMOUNT, "usd", "at most +$0.001 of baseline"),
        (Limit(RATIO, max=1.1), AMOUNT, "usd", f"at most ×{S}1.1 of baseline"),
        (Limit(RATIO, 0.97, 1.03), AMOUNT, "words", f"×{S}0.97 to ×{S}1.03 of baseline"),
        (Limit(SHIFT, max=0.1), CATEGORY, "", "KS distance at most 0.1"),
        (Limit(SHIFT, max=0.1, distance="tv"), CATEGORY, "", "TV distance at most 0.1"),
    ],
)
def test_a_limit_is_said_in_words(limit: Limit, kind: Kind, unit: str, text: str) -> None:
    assert limit_text(limit, kind, unit) == text


@pytest.mark.parametrize(
    ("limit", "kind", "unit", "text"),
    [
        (Limit(DELTA, -0.03, 0.03), RATE, "", f"−3{S}points"),
        (Limit(RATIO, 0.97, 1.1), AMOUNT, "words", f"×{S}0.97"),
        (Limit(ABSOLUTE, 0.8, 0.9), RATE, "", f"80{S}%"),
        (Limit(SHIFT, max=0.1, min=0.1), CATEGORY, "", "KS distance 0.1"),
    ],
)
def test_one_side_of_a_limit_stands_alone(limit: Limit, kind: Kind, unit: str, text: str) -> None:
    assert limit.min is not None
    assert side_text(limit.min, limit, kind, unit) == text


# ---------------------------------------------------------------- intervals


@pytest.mark.parametrize(
    ("limit", "kind", "unit", "judged", "said"),
    [
        (
            Limit(DELTA, -0.03, 0.03), RATE, "", estimate(0.726, 0.765, 0.746),
            (f"+74.6{S}points", "+72.6 to +76.5"),
        ),
        (
            Limit(ABSOLUTE, min=0.8), RATE, "", estimate(0.484, 0.537, 0.511),
            (f"51.1{S}%", f"48.4 to 53.7{S}%"),
        ),
        (
            Limit(ABSOLUTE, min=0.8), RATE, "", estimate(0.484, INF, 0.511),
            (f"51.1{S}%", "48.4 to no limit"),
        ),
        (
            Limit(ABSOLUTE, max=0.8), RATE, "", estimate(-INF, 0.537, 0.511),
            (f"51.1{S}%", f"no limit to 53.7{S}%"),
        ),
        (
            Limit(RATIO, max=1.1), AMOUNT, "usd", estimate(1.108, 1.121, 1.115),
            (f"×{S}1.115", "1.108 to 1.121"),
        ),
        (
            Limit(RATIO, max=1.2), TIME, "ms", estimate(0.88, 1.36, 1.24),
            (f"×{S}1.24", "0.88 to 1.36"),
        ),
        (
            Limit(ABSOLUTE, max=2000), TIME, "ms", estimate(967, 1020, 980),
            (f"980{S}ms", f"967{S}ms to 1.02{S}s"),
        ),
        (
            Limit(ABSOLUTE, 80, 400), AMOUNT, "tokens", estimate(2.9, 5.9),
            (f"2.9{S}tokens", "2.9 to 5.9"),
        ),
        (
            Limit(ABSOLUTE, max=0.01), AMOUNT, "usd", estimate(0.002, 0.003),
            ("$0.00200", "$0.00200 to $0.00300"),
        ),
        (
            Limit(DELTA, max=0.01), AMOUNT, "usd", estimate(-0.002, 0.003, 0.001),
            ("+$0.00100", "−$0.00200 to +$0.00300"),
        ),
        (
            Limit(DELTA, max=5), AMOUNT, "words", estimate(-1, 2, 0),
            (f"0.0{S}words", "−1.0 to +2.0"),
        ),
        (Limit(SHIFT, max=0.1), CATEGORY, "", estimate(0.02, 0.31, 0.2), ("0.200", "0.020 to 0.310")),
    ],
)  # fmt: skip
def test_an_estimate_and_its_interval_are_said_in_the_unit_of_the_limit(
    limit: Limit, kind: Kind, unit: str, judged: Estimate, said: tuple[str, str]
) -> None:
    bound = result(limit, judged, kind, unit)
    assert (estimate_text(bound, judged), interval_text(bound, judged)) == said


@pytest.mark.parametrize(
    ("limit", "kind", "unit", "judged", "interval"),
    [
        (Limit(ABSOLUTE, max=0.05), RATE, "", estimate(0.0502, 0.09), f"5.02 to 9.00{S}%"),
        (Limit(ABSOLUTE, max=4000), TIME, "ms", estimate(4003, 4100), f"4.003{S}s to 4.100{S}s"),
        (Limit(ABSOLUTE, max=1000), TIME, "ms", estimate(990, 999.6), f"990.0{S}ms to 999.6{S}ms"),
        (Limit(ABSOLUTE, max=400), AMOUNT, "t", estimate(399.8, 400.2), "399.8 to 400.2"),
        (Limit(RATIO, max=1.1), AMOUNT, "t", estimate(1.1002, 1.3), "1.1002 to 1.3000"),
        (Limit(DELTA, -0.03, 0.03), RATE, "", estimate(-0.0299, 0.0301), "−2.99 to +3.01"),
        (Limit(ABSOLUTE, max=0.01), AMOUNT, "usd", estimate(0.01001, 0.02), "$0.01001 to $0.02000"),
    ],
)
def test_digits_grow_until_an_end_and_a_limit_are_seen_to_differ(
    limit: Limit, kind: Kind, unit: str, judged: Estimate, interval: str
) -> None:
    assert interval_text(result(limit, judged, kind, unit), judged) == interval


def test_an_end_on_the_limit_needs_no_more_digits() -> None:
    judged = estimate(0.05, 0.1)
    assert interval_text(result(Limit(ABSOLUTE, max=0.05), judged), judged) == f"5.0 to 10.0{S}%"


def test_digits_stop_growing_where_nobody_would_read_them() -> None:
    judged = estimate(0.05 + 1e-8, 0.1)
    assert interval_text(result(Limit(ABSOLUTE, max=0.05), judged), judged) == (
        f"5.000001 to 10.000000{S}%"
    )
    judged = estimate(0.05 + 2e-9, 0.1)
    text = interval_text(result(Limit(ABSOLUTE, max=0.05), judged), judged)
    assert text == f"5.000000 to 10.000000{S}%"


def test_an_end_has_the_digits_it_has_in_the_interval() -> None:
    judged = estimate(0.0502, 0.09)
    bound = result(Limit(ABSOLUTE, max=0.05), judged)
    assert end_text(bound, judged, judged.lower) == f"5.02{S}%"


def number(text: str, infinite: float) -> float:
    """Return the number that a reader takes from a text, times in milliseconds."""
    if text == "no limit":
        return infinite
    scale = 1000 if text.endswith(f"{S}s") else 1
    digits = re.sub(r"[^0-9.−]", "", text).replace("−", "-")
    return float(digits) * scale


def sides(limit: Limit, kind: Kind, unit: str) -> list[tuple[float, float]]:
    """Return the true sides of a limit, each with the number that a reader takes from it."""
    return [
        (side, number(side_text(side, limit, kind, unit), INF))
        for side in (limit.min, limit.max)
        if side is not None
    ]


MILLIONTHS = st.integers(-(10**6), 10**6).map(lambda n: n / 10**6)
KINDS = st.sampled_from(
    [
        (ABSOLUTE, RATE, "", MILLIONTHS.map(abs)),
        (ABSOLUTE, SCORE, "", MILLIONTHS.map(abs)),
        (ABSOLUTE, AMOUNT, "tokens", st.integers(0, 10**6).map(lambda n: n / 100)),
        (ABSOLUTE, AMOUNT, "usd", MILLIONTHS.map(abs)),
        (ABSOLUTE, TIME, "ms", st.integers(0, 10**6).map(lambda n: n / 100)),
        (DELTA, RATE, "", MILLIONTHS),
        (DELTA, SCORE, "", MILLIONTHS),
        (DELTA, AMOUNT, "tokens", st.integers(-(10**6), 10**6).map(lambda n: n / 100)),
        (DELTA, AMOUNT, "usd", MILLIONTHS),
        (DELTA, TIME, "ms", st.integers(-(10**6), 10**6).map(lambda n: n / 100)),
        (RATIO, AMOUNT, "tokens", st.integers(0, 3 * 10**5).map(lambda n: n / 10**5)),
        (SHIFT, CATEGORY, "", MILLIONTHS.map(abs)),
    ]
)


@given(KINDS, st.data())
@settings(derandomize=True, deadline=None, max_examples=600)
def test_a_reader_sees_ends_and_limits_in_their_true_order(
    form: tuple[LimitKind, Kind, str, st.SearchStrategy[float]], data: st.DataObject
) -> None:
    limit_kind, kind, unit, values = form
    lower, value, upper = sorted(data.draw(st.tuples(values, values, values)))
    near = st.sampled_from([lower, upper]).flatmap(
        lambda end: st.sampled_from([1e-6, -1e-6, 1e-4, -1e-4, 0.01, 0]).map(lambda d: end + d)
    )
    low, high = sorted(data.draw(st.tuples(values | near, values | near)))
    low, high = float(f"{low:.6g}"), float(f"{high:.6g}")
    if data.draw(st.booleans()):
        upper = INF
    limit = Limit(limit_kind, low if data.draw(st.booleans()) else None, high)
    judged = estimate(lower, upper, value)
    bound = result(limit, judged, kind, unit)
    ends = [
        number(text, infinite)
        for text, infinite in zip(
            interval_text(bound, judged).split(" to "), (-INF, INF), strict=True
        )
    ]
    assert ends[0] <= ends[1]
    for true_end, seen_end in zip((lower, upper), ends, strict=True):
        for true_side, seen_side in sides(limit, kind, unit):
            if abs(true_end - true_side) > 1.5e-6 * max(1.0, abs(true_side)):
                assert (seen_end < seen_side) is (true_end < true_side)
                assert seen_end != seen_side


@given(KINDS, st.data())
@settings(derandomize=True, deadline=None, max_examples=300)
def test_a_value_is_seen_inside_its_own_interval(
    form: tuple[LimitKind, Kind, str, st.SearchStrategy[float]], data: st.DataObject
) -> None:
    limit_kind, kind, unit, values = form
    lower, value, upper = sorted(data.draw(st.tuples(values, values, values)))
    judged = estimate(lower, upper, value)
    bound = result(Limit(limit_kind, max=data.draw(values)), judged, kind, unit)
    low, high = (number(text, INF) for text in interval_text(bound, judged).split(" to "))
    assert low <= number(estimate_text(bound, judged), INF) <= high


@given(st.floats(-1e9, 1e9), st.sampled_from(Kind), st.sampled_from(["", "usd", "tokens", "ms"]))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_a_true_minus_stands_before_what_is_negative_and_never_before_zero(
    value: float, kind: Kind, unit: str
) -> None:
    text = difference_text(value, kind, unit)
    assert "-" not in text
    shown = float(re.sub(r"[^0-9.]", "", text))
    assume(shown != 0)
    assert text.startswith("−" if value < 0 else "+")


@given(st.floats(0, 1e9), st.sampled_from(Kind), st.sampled_from(["", "usd", "tokens", "ms"]))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_the_unit_never_breaks_away_from_its_number(value: float, kind: Kind, unit: str) -> None:
    assert " " not in value_text(value, kind, unit)


def test_the_interval_of_a_bound_with_other_digits_is_another_text() -> None:
    judged = estimate(1.0, 1.04, 1.02)
    bound = result(Limit(RATIO, max=1.2), judged, AMOUNT, "words")
    wide = replace(judged, upper=1.2)
    assert interval_text(bound, judged) == "1.000 to 1.040"
    assert interval_text(bound, wide) == "1.00 to 1.20"


def test_a_quantile_that_timeouts_reach_is_a_timeout() -> None:
    slow = result(Limit(ABSOLUTE, max=4000.0), estimate(INF, INF), TIME, "ms")
    assert estimate_text(slow, estimate(INF, INF)) == "a timeout"
    assert interval_text(slow, estimate(INF, INF)) == "a timeout to no limit"
    assert interval_text(slow, estimate(900.0, INF)) == f"900{S}ms to no limit"


# ---------------------------------------------------------------- values without an interval


@pytest.mark.parametrize(
    ("limit", "kind", "unit", "ends", "texts"),
    [
        (
            Limit(DELTA, -0.03, 0.03),
            RATE,
            "",
            (-0.012, 0.013),
            ("−1.2 points", "−1.2 to +1.3 points"),
        ),
        (
            Limit(DELTA, max=0.01),
            AMOUNT,
            "usd",
            (0.002, 0.02),
            ("+$0.00200", "+$0.00200 to +$0.0200"),
        ),
        (Limit(RATIO, max=1.2), TIME, "ms", (0.94, 1.07), ("× 0.94", "× 0.94 to 1.07")),
        (Limit(RATIO, max=1.2), TIME, "ms", (0.94, 0.95), ("× 0.94", "× 0.940 to 0.950")),
        (Limit(RATIO, max=1.2), TIME, "ms", (-INF, 1.07), ("no limit", "no limit to × 1.07")),
        (Limit(ABSOLUTE, min=0.8), RATE, "", (0.79999, 0.9), ("79.999 %", "79.999 to 90.000 %")),
        (Limit(ABSOLUTE, max=2000), TIME, "ms", (967, 1020), ("967 ms", "967 ms to 1.02 s")),
        (
            Limit(ABSOLUTE, max=400),
            AMOUNT,
            "tokens",
            (343, 381),
            ("343 tokens", "343 to 381 tokens"),
        ),
        (
            Limit(SHIFT, max=0.1, distance="ks"),
            AMOUNT,
            "",
            (0.02, 0.07),
            ("0.020", "0.020 to 0.070"),
        ),
    ],
)
def test_values_are_told_on_the_scale_of_their_limit(
    limit: Limit, kind: Kind, unit: str, ends: tuple[float, float], texts: tuple[str, str]
) -> None:
    line = result(limit, estimate(*ends), kind, unit)
    found = point_text(line, ends[0]), span_text(line, *ends)
    assert tuple(text.replace(S, " ") for text in found) == texts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1 s"), (42.3, "42 s"), (99.4, "99 s"), (99.6, "2 min"), (720, "12 min"),
        (6000, "1.7 h"), (86_400, "24.0 h"),
    ],
)  # fmt: skip
def test_how_long_something_takes_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert duration_text(seconds).replace(S, " ") == text
