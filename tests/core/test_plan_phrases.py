"""Every plan becomes sentences with a number in them, and without a word that weighs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.envelope import Kind, Limit, LimitKind, Require, Severity
from evalkit.core.noise import BoundNoise, Share
from evalkit.core.plan import Basis, BoundPlan, Cases, Joint
from evalkit.core.plan_phrases import (
    Prospect,
    basis_sentence,
    by_prospect,
    cases_text,
    catches_text,
    chance_text,
    change_lines,
    limits_text,
    noise_sentences,
    noise_span_text,
    plan_sentences,
    prospect,
    share_text,
    times_text,
    truth_text,
    units_text,
)
from evalkit.core.verdict import Estimate

ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind
AIM = 0.9
FORBIDDEN = re.compile(
    r"significant|insufficient|slight|huge|large|small|warnings|\bbig|tiny|massive|!|None|nan|inf\b",
    re.IGNORECASE,
)

FLOOR = BoundPlan(
    name="accuracy", metric="accuracy", kind=Kind.RATE, statistic="rate", on="",
    limit=Limit(ABSOLUTE, min=0.8), unit="", labels=None, require=Require.PROVEN,
    severity=Severity.BLOCK, n=1000, clusters=1000, least=14, basis=Basis.BASELINE, detail="",
    baseline=Estimate(0.84, 0.82, 0.859, 0.95, 1000, 1000, 1000, 0, "method"), truth=0.84,
    passes=0.944, alarm=0.0, catches=(0.767, None), needs=Cases(712, 744),
)  # fmt: skip
CHANGE = replace(
    FLOOR, name="refusal", metric="refusal", on="ambiguous", limit=Limit(DELTA, -0.03, 0.03),
    n=60, clusters=60, least=99, truth=0.0, passes=0.0, basis=Basis.DRAWS, catches=(-0.2, 0.2),
    needs=Cases(379, 401), margin=Limit(DELTA, -0.049, 0.049),
)  # fmt: skip
UNKNOWN = replace(
    FLOOR, name="latency_ms", metric="latency_ms", kind=Kind.TIME, statistic="p95", unit="ms",
    limit=Limit(RATIO, max=1.2), basis=Basis.UNKNOWN, detail="0 of 1,000 samples have one",
    baseline=None, truth=None, passes=None, alarm=None, catches=(None, None), needs=None,
)  # fmt: skip
UNLIKELY = replace(
    UNKNOWN, on="a|b", detail="", basis=Basis.DRAWS, truth=1.0, passes=0.74, alarm=0.01,
    catches=(None, 1.46), needs=Cases(1630, 1630), margin=Limit(RATIO, max=1.27), repeats=3,
)  # fmt: skip
OUTSIDE = replace(FLOOR, limit=Limit(ABSOLUTE, min=0.85), passes=0.01, needs=None)
WARNING = replace(FLOOR, name="warning", severity=Severity.WARN)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def told(bounds: list[BoundPlan], joint: Joint | None = None) -> list[str]:
    return [plain(text) for text in plan_sentences(bounds, joint or Joint(None, None, None), AIM)]


# ---------------------------------------------------------------- chances


@pytest.mark.parametrize(
    ("chance", "text", "times"),
    [
        (0.0, "0 %", "0 times in 100"),
        (1e-6, "< 1 %", "fewer than 1 time in 100"),
        (0.0049, "< 1 %", "fewer than 1 time in 100"),
        (0.006, "1 %", "1 time in 100"),
        (0.5, "50 %", "50 times in 100"),
        (0.9949, "99 %", "99 times in 100"),
        (0.99999, "> 99 %", "more than 99 times in 100"),
        (1.0, "100 %", "100 times in 100"),
    ],
)
def test_only_a_certain_chance_is_nothing_or_a_hundred_percent(
    chance: float, text: str, times: str
) -> None:
    assert plain(chance_text(chance)) == text
    assert plain(times_text(chance)) == times


@pytest.mark.parametrize(
    ("chance", "beside", "text"),
    [
        (0.8962, 0.9, "89.6 %"),
        (0.89996, 0.9, "89.996 %"),
        (0.9, 0.9, "90 %"),
        (0.9999, 0.9, "> 99 %"),
        (0.9996, 0.999, "99.96 %"),
        (0.9999999, 0.99999, "> 99 %"),
        (0.999999, 0.995, "> 99 %"),
        (0.74, 0.9, "74 %"),
    ],
)
def test_a_chance_beside_another_is_seen_to_differ(chance: float, beside: float, text: str) -> None:
    assert plain(chance_text(chance, beside=beside)) == text


@given(st.floats(0, 1), st.floats(0.5, 0.999))
def test_a_chance_has_a_number_whatever_it_is(chance: float, beside: float) -> None:
    assert re.fullmatch(r"[<>]?\u00a0?\d+(\.\d+)?\u00a0%", chance_text(chance, beside=beside))


# ---------------------------------------------------------------- one bound


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (CHANGE, Prospect.IMPOSSIBLE),
        (OUTSIDE, Prospect.OUTSIDE),
        (replace(OUTSIDE, limit=Limit(ABSOLUTE, max=0.5)), Prospect.OUTSIDE),
        (UNKNOWN, Prospect.UNKNOWN),
        (UNLIKELY, Prospect.UNLIKELY),
        (replace(UNLIKELY, truth=None), Prospect.UNLIKELY),
        (FLOOR, Prospect.LIKELY),
        (replace(CHANGE, require=Require.NOT_DISPROVEN, passes=0.95), Prospect.LIKELY),
    ],
)
def test_a_bound_has_one_prospect(bound: BoundPlan, expected: Prospect) -> None:
    assert prospect(bound, AIM) is expected


def test_what_cannot_pass_comes_first_and_chances_rise() -> None:
    near = replace(FLOOR, passes=0.91)
    order = by_prospect([FLOOR, near, UNLIKELY, UNKNOWN, OUTSIDE, CHANGE], AIM)
    assert order == [CHANGE, OUTSIDE, UNKNOWN, UNLIKELY, near, FLOOR]


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (FLOOR, "76.7 % or less"),
        (UNLIKELY, "× 1.46 or more"),
        (replace(CHANGE, catches=(-0.0431, 0.0431)), "±4.3 points or more"),
        (replace(CHANGE, catches=(-0.0431, 0.05)), "outside −4.3 to +5.0 points"),
        (replace(CHANGE, catches=(0.01, 0.05)), "outside +1.0 to +5.0 points"),
        (replace(FLOOR, catches=(0.767, 0.9)), "outside 76.7 to 90.0 %"),
        (replace(FLOOR, catches=(0.79999, None)), "79.999 % or less"),
        (UNKNOWN, ""),
    ],
)
def test_what_is_caught_is_said_on_the_scale_of_the_limit(bound: BoundPlan, text: str) -> None:
    assert plain(catches_text(bound)) == text


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (OUTSIDE, "the baseline has 84.0 %, 82.0 to 85.9 %"),
        (replace(OUTSIDE, basis=Basis.ASSUMED), "84.0 % is assumed"),
        (replace(OUTSIDE, baseline=None), "84.0 % is assumed"),
        (CHANGE, "an unchanged candidate has 0.0 points"),
    ],
)
def test_an_unchanged_candidate_is_told_by_what_is_known_of_it(bound: BoundPlan, text: str) -> None:
    assert plain(truth_text(bound)) == text


@pytest.mark.parametrize(
    ("bound", "lines"),
    [
        (FLOOR, []),
        (UNKNOWN, ["0 of 1,000 samples have one"]),
        (
            CHANGE,
            [
                "60 cases, 99 are the least that can prove this",
                "about 401 cases tagged ambiguous (379 at the earliest)",
                "delta: 4.9%, the nearest limit that these 60 cases could prove",
            ],
        ),
        (
            replace(CHANGE, n=1, clusters=1, least=2, needs=None),
            [
                "1 case, 2 are the least that can prove this",
                "delta: 4.9%, the nearest limit that this one case could prove",
            ],
        ),
        (
            replace(CHANGE, n=0, clusters=0, least=1, needs=None, margin=None),
            [
                "0 cases, 1 is the least that can prove this",
                "a wider limit, or require: not-disproven",
            ],
        ),
        (
            UNLIKELY,
            [
                "74 % is below 90 %",
                "about 1,630 cases of a|b",
                "repeats: 3, so many draws of each case",
                "ratio: {max: 1.27}, which passes 90 times in 100 with these 1,000 cases",
            ],
        ),
        (
            OUTSIDE,
            [
                "the baseline has 84.0 %, 82.0 to 85.9 %; at least 85 % is required",
                "a wider limit, or require: not-disproven",
            ],
        ),
        (
            replace(FLOOR, passes=0.8962, margin=FLOOR.limit),
            ["89.6 % is below 90 %", "a wider limit, or require: not-disproven"],
        ),
        (
            replace(FLOOR, passes=0.5, needs=None, require=Require.NOT_DISPROVEN),
            ["50 % is below 90 %", "a wider limit"],
        ),
    ],
)
def test_a_bound_that_needs_a_change_says_why_and_which(bound: BoundPlan, lines: list[str]) -> None:
    assert [plain(line) for line in change_lines(bound, AIM)] == lines


def test_groups_are_counted_where_it_is_they_that_are_independent() -> None:
    assert units_text(replace(FLOOR, clusters=60)) == "60 independent groups"
    assert units_text(FLOOR) == "1,000 cases"


def test_a_number_of_cases_that_is_met_at_once_is_said_once() -> None:
    assert cases_text(Cases(401, 401)) == "about 401 cases"
    assert cases_text(Cases(379, 401)) == "about 401 cases (379 at the earliest)"


@pytest.mark.parametrize("basis", Basis)
def test_every_basis_is_told_with_a_number(basis: Basis) -> None:
    sentence = basis_sentence(basis)
    assert sentence.endswith(".")
    assert re.search(r"\d", sentence)
    assert not FORBIDDEN.search(sentence)


# ---------------------------------------------------------------- all bounds


@pytest.mark.parametrize(
    ("bounds", "joint", "headline", "lead"),
    [
        (
            [WARNING],
            None,
            "0 of 1 bound can block a candidate: each only warns.",
            "Give at least 1 bound severity: block.",
        ),
        (
            [FLOOR, CHANGE, UNKNOWN],
            None,
            "1 of 3 blocking bounds cannot pass: refusal on ambiguous has 60 cases, 99 are the "
            "least.",
            "Change first, for refusal on ambiguous: about 401 cases tagged ambiguous (379 at the "
            "earliest), or delta: 4.9%, the nearest limit that these 60 cases could prove.",
        ),
        (
            [replace(CHANGE, n=90, clusters=90), replace(CHANGE, on="", needs=None)],
            None,
            "2 of 2 blocking bounds cannot pass: the first, refusal has 60 cases, 99 are the least.",
            "Change first, for refusal: delta: 4.9%, the nearest limit that these 60 cases could "
            "prove.",
        ),
        (
            [FLOOR, OUTSIDE, UNKNOWN, WARNING],
            None,
            "An unchanged candidate would not pass: it lies outside 1 of 3 blocking bounds.",
            "accuracy: the baseline has 84.0 %, 82.0 to 85.9 %; at least 85 % is required.",
        ),
        (
            [FLOOR, UNKNOWN],
            None,
            "What an unchanged candidate may expect of 1 of 2 blocking bounds is not known.",
            "latency_ms: 0 of 1,000 samples have one.",
        ),
        (
            [FLOOR],
            Joint(0.944, 744, "accuracy"),
            "An unchanged candidate passes its one blocking bound 94 times in 100.",
            "Least likely to pass: accuracy, 94 %.",
        ),
        (
            [FLOOR, replace(FLOOR, name="b", on="b", passes=0.93)],
            Joint(0.878, 1900, "accuracy"),
            "An unchanged candidate passes both blocking bounds 88 times in 100.",
            "A chance of 90 % takes about 1,900 cases in all; accuracy asks for most.",
        ),
        (
            [FLOOR, replace(FLOOR, name="b", on="b", passes=0.93)],
            Joint(0.878, None, None),
            "An unchanged candidate passes both blocking bounds 88 times in 100.",
            "Least likely to pass: accuracy on b, 93 %.",
        ),
        (
            [FLOOR, UNLIKELY, replace(UNLIKELY, name="x", on="x", passes=0.8, repeats=None)],
            Joint(0.56, 4000, "x"),
            "An unchanged candidate passes all 3 blocking bounds 56 times in 100.",
            "Change first, for latency_ms on x: about 1,630 cases tagged x, or ratio: {max: 1.27}, "
            "which passes 90 times in 100 with these 1,000 cases.",
        ),
        (
            [FLOOR, replace(UNLIKELY, on="", needs=None, repeats=None)],
            Joint(0.7, 4000, "accuracy"),
            "An unchanged candidate passes both blocking bounds 70 times in 100.",
            "Change first, for latency_ms: ratio: {max: 1.27}, which passes 90 times in 100 with "
            "these 1,000 cases.",
        ),
    ],
)
def test_a_plan_in_a_sentence_and_the_one_under_it(
    bounds: list[BoundPlan], joint: Joint | None, headline: str, lead: str
) -> None:
    found = told(bounds, joint)
    assert [text.replace("latency_ms, p95", "latency_ms") for text in found] == [headline, lead]
    for text in found:
        assert re.search(r"\d", text)
        assert not FORBIDDEN.search(text)


# ---------------------------------------------------------------- noise


NOISY = BoundNoise(
    name="refusal", metric="refusal", kind=Kind.RATE, statistic="rate", on="ambiguous",
    limit=Limit(DELTA, -0.03, 0.03), unit="", labels=None, require=Require.PROVEN,
    severity=Severity.BLOCK, low=-0.012, high=0.013, width=0.42,
    broken=Share(3, 200, 0.0041, 0.0384), undecided=Share(0, 200, 0.0, 0.0149),
)  # fmt: skip
UNSEEN = replace(NOISY, name="x", on="", low=None, high=None, broken=None, undecided=None)
NONE = Share(0, 0, 0.0, 1.0)


def test_the_noise_of_a_bound_is_told_with_its_unit_once() -> None:
    assert plain(noise_span_text(NOISY)) == "−1.2 to +1.3 points"
    assert noise_span_text(replace(UNSEEN, detail="why")) == "why"
    assert noise_span_text(replace(NOISY, high=None, detail="why")) == "why"


def test_a_share_is_told_as_a_count_with_its_limits() -> None:
    share = Share(3, 200, 0.0041, 0.0384)
    assert share_text(share) == "3 of 200"
    assert plain(limits_text(share)) == "0.4 to 3.8 %"


def _noise_cases() -> Iterator[tuple[list[BoundNoise], Share, str | None, str]]:
    alarm = Share(3, 200, 0.0041, 0.0384)
    start = "So a gate is wrong to say FAIL in 0.4 to 3.8 % of such comparisons."
    noisiest = "Noisiest: refusal on ambiguous, −1.2 to +1.3 points, broken 3 of 200."
    yield [NOISY], alarm, None, start
    yield [NOISY], alarm, "refusal", f"{start} {noisiest}"
    yield (
        [NOISY, UNSEEN], alarm, "refusal",
        f"{start} {noisiest} 1 of 2 bounds could not be compared.",
    )  # fmt: skip
    yield [replace(UNSEEN, detail="1 draw a case")], NONE, None, "refusal: 1 draw a case."
    yield [NOISY], NONE, None, ""


@pytest.mark.parametrize(("bounds", "alarm", "noisiest", "lead"), list(_noise_cases()))
def test_a_noise_floor_in_a_sentence_and_the_one_under_it(
    bounds: list[BoundNoise], alarm: Share, noisiest: str | None, lead: str
) -> None:
    headline, found = noise_sentences(bounds, alarm, Share(41, 200, 0.1, 0.2), noisiest)
    assert plain(found) == lead
    assert re.search(r"\d", headline)
    assert not FORBIDDEN.search(headline + found)


def test_a_noise_floor_counts_the_gates_that_failed_and_those_that_could_not_tell() -> None:
    alarm, blocked = Share(3, 200, 0.0041, 0.0384), Share(1041, 2000, 0.5, 0.6)
    assert noise_sentences([NOISY], alarm, blocked, None)[0] == (
        "The baseline against itself fails 3 of 200 gates; 1,041 could not tell."
    )
