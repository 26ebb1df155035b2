"""A curve is drawn where its numbers are, and its words say nothing that its points do not."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.plan import BoundPlan
from evalkit.core.verdict import Chance, Estimate, Result
from evalkit.report.figures.curve import Curve, curve_of, drawable
from evalkit.report.figures.curve_text import curve_lines
from tests.report.plans import ACCURACY, EVERY_PLAN_BOUND, LOOSE, OUTSIDE, REFUSAL, UNLIKELY
from tests.report.verdicts import estimate

SHARES = st.floats(0, 1)
DRAWN = [bound for bound in EVERY_PLAN_BOUND if bound.curve]


def drawn(bound: BoundPlan, *, run: tuple[Estimate, Result] | None = None) -> Curve:
    return curve_of(bound, bound.curve, "title", catches=bound.catches, run=run)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def flat(holds: float, broken: float) -> tuple[Chance, ...]:
    return tuple(Chance(0.7 + step / 100, holds, broken) for step in range(21))


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("bound", "caption", "short"),
    [
        (
            ACCURACY,
            "A candidate at 82.5 % or more is proven at least 8 times in 10. One at 76.7 % or less "
            "is shown broken at least 8 times in 10.",
            "holds 8 in 10 from 82.5 % · broken 8 in 10 below 76.7 %",
        ),
        (
            UNLIKELY,
            "A candidate at × 1.10 or less is proven at least 8 times in 10. One at × 1.46 or more "
            "is shown broken at least 8 times in 10.",
            "holds 8 in 10 up to × 1.10 · broken 8 in 10 above × 1.46",
        ),
        (
            REFUSAL,
            "A candidate at −0.8 to +0.8 points is proven at least 8 times in 10. One outside "
            "−4.3 to +4.3 points is shown broken at least 8 times in 10.",
            "holds 8 in 10 at −0.8 to +0.8 points · broken 8 in 10 outside −4.3 to +4.3 points",
        ),
        (
            OUTSIDE,
            "A candidate at 134 to 344 tokens is proven at least 8 times in 10. One outside "
            "71.0 to 413 tokens is shown broken at least 8 times in 10.",
            "holds 8 in 10 at 134 to 344 tokens · broken 8 in 10 outside 71.0 to 413 tokens",
        ),
        (
            replace(ACCURACY, curve=flat(0.1, 0.1), catches=(None, None)),
            "0 of the values drawn are proven 8 times in 10. 0 of the values drawn are shown "
            "broken 8 times in 10.",
            "holds 8 in 10 nowhere · broken 8 in 10 nowhere",
        ),
        (
            replace(REFUSAL, curve=tuple(
                replace(point, holds=float(point.truth == 0)) for point in REFUSAL.curve
            )),
            "A candidate at 0.0 points is proven at least 8 times in 10. One outside −4.3 to "
            "+4.3 points is shown broken at least 8 times in 10.",
            "holds 8 in 10 at 0.0 points · broken 8 in 10 outside −4.3 to +4.3 points",
        ),
    ],
    ids=["floor", "ceiling", "delta", "band", "nothing", "one value"],
)  # fmt: skip
def test_a_caption_says_what_can_be_seen(bound: BoundPlan, caption: str, short: str) -> None:
    assert plain(drawn(bound).caption) == caption
    assert plain(drawn(bound).short) == short


@pytest.mark.parametrize("bound", DRAWN, ids=lambda bound: bound.metric)
def test_what_is_said_without_exact_values_is_true_of_the_points(bound: BoundPlan) -> None:
    without = curve_of(bound, bound.curve, "title")
    inside = [point.truth for point in bound.curve if point.holds >= 0.8]
    assert ("is proven" in without.caption) is bool(inside)
    assert "is shown broken" in without.caption


@pytest.mark.parametrize(
    ("bound", "axis"),
    [
        (ACCURACY, "true value of the candidate"),
        (OUTSIDE, "true value of the candidate, in tokens"),
        (REFUSAL, "true difference to the baseline, in points"),
        (UNLIKELY, "true ratio to the baseline"),
    ],
    ids=lambda item: getattr(item, "metric", ""),
)
def test_the_axis_names_the_unit_that_its_numbers_leave_out(bound: BoundPlan, axis: str) -> None:
    assert drawn(bound).axis == axis


def test_a_curve_of_fewer_than_two_true_values_is_not_drawn() -> None:
    assert not drawable(())
    assert not drawable(ACCURACY.curve[:1])
    assert not drawable((ACCURACY.curve[0], ACCURACY.curve[0]))
    assert drawable(ACCURACY.curve)


# ---------------------------------------------------------------- drawing


def test_the_limit_lies_where_it_is_on_the_axis() -> None:
    assert [mark.x for mark in drawn(ACCURACY).limits] == ["50%"]
    assert [mark.x for mark in drawn(REFUSAL).limits] == ["31.25%", "68.75%"]


def test_edges_run_from_left_to_right_and_never_cross() -> None:
    for bound in DRAWN:
        curve = drawn(bound)
        holds, broken = (_points(edge) for edge in (curve.holds, curve.broken))
        assert [x for x, _ in holds] == sorted(x for x, _ in holds)
        assert holds[0][0] == 0
        assert holds[-1][0] == 1000
        assert all(below >= above for (_, below), (_, above) in zip(holds, broken, strict=True))


def test_areas_are_named_where_they_are_tall_enough_and_wide_enough() -> None:
    names = {mark.text: (mark.share, mark.height) for mark in drawn(ACCURACY).words}
    assert set(names) == {"broken", "holds"}
    assert names["broken"][0] < 0.5 < names["holds"][0]
    never = curve_of(ACCURACY, flat(0.1, 0.1), "title")
    assert [mark.text for mark in never.words] == ["undecided"]


def test_an_unchanged_candidate_off_the_axis_is_an_arrow() -> None:
    inside = curve_of(ACCURACY, ACCURACY.curve, "t", unchanged=0.84).under
    below = curve_of(ACCURACY, ACCURACY.curve, "t", unchanged=0.1).under
    above = curve_of(ACCURACY, ACCURACY.curve, "t", unchanged=0.99).under
    assert inside is not None
    assert below is not None
    assert above is not None
    assert [found.symbols[0].name for found in (inside, below, above)] == [
        "baseline", "left", "right",
    ]  # fmt: skip


def test_a_run_lies_under_the_axis_as_far_as_it_reaches() -> None:
    under = drawn(ACCURACY, run=(estimate(0.82, 0.8, 0.84), Result.UNDECIDED)).under
    assert under is not None
    assert [(stroke.start, stroke.end) for stroke in under.strokes] == [("50%", "70%")]
    assert [symbol.x for symbol in under.symbols] == ["60%"]
    wide = drawn(ACCURACY, run=(estimate(0.95, 0.1, math.inf), Result.HOLDS)).under
    assert wide is not None
    assert [symbol.name for symbol in wide.symbols] == ["left", "right"]
    gone = drawn(ACCURACY, run=(estimate(0.1, 0.05, 0.2), Result.BROKEN)).under
    assert gone is not None
    assert gone.strokes == ()
    assert [symbol.name for symbol in gone.symbols] == ["left"]


@pytest.mark.parametrize("bound", DRAWN, ids=lambda bound: bound.metric)
@settings(max_examples=30, deadline=None)
@given(
    low=st.floats(-1e6, 1e6),
    width=st.floats(1e-3, 1e6),
    chances=st.lists(st.tuples(SHARES, SHARES), min_size=2, max_size=60),
    judged=st.tuples(*[st.floats(-1e7, 1e7)] * 3),
)
def test_whatever_the_numbers_are_everything_lies_on_the_figure(
    bound: BoundPlan,
    low: float,
    width: float,
    chances: list[tuple[float, float]],
    judged: tuple[float, float, float],
) -> None:
    points = [
        Chance(low + width * place / (len(chances) - 1), holds, (1 - holds) * broken)
        for place, (holds, broken) in enumerate(chances)
    ]
    lower, value, upper = sorted(judged)
    run = (estimate(value, lower, upper), Result.HOLDS)
    curve = curve_of(bound, points, "title", run=run)
    for edge in (curve.holds, curve.broken):
        assert all(0 <= x <= 1000 and 0 <= y <= 100 for x, y in _points(edge))
    marks = [*curve.words, *curve.limits, *curve.ticks]
    assert all(0 <= mark.share <= 1 and 0 <= mark.height <= 1 for mark in marks)
    assert curve.under is not None
    places = [end for stroke in curve.under.strokes for end in (stroke.start, stroke.end)]
    places += [symbol.x for symbol in curve.under.symbols]
    assert all(0 <= float(place.removesuffix("%")) <= 100 for place in places)
    for width_of_terminal in (100, 60):
        lines = list(curve_lines(curve, width_of_terminal))
        assert len(lines) == 6
        assert all(len(line) <= width_of_terminal for line in lines)


def _points(edge: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", edge)]


# ---------------------------------------------------------------- text


def test_a_text_graph_has_what_holds_below_what_is_broken_above_and_the_limit_between() -> None:
    lines = [line[8:] for line in curve_lines(drawn(ACCURACY), 100)]
    assert all(line[30] == "│" for line in lines[:5])
    assert lines[0].startswith("····")
    assert all(line.endswith("████") for line in lines[:5])
    assert plain(lines[5]).split() == ["70", "%", "75", "%", "80", "%", "85", "%", "90", "%"]


def test_a_text_graph_of_a_bound_that_need_not_be_proven_is_drawn_alike() -> None:
    first = next(iter(curve_lines(drawn(LOOSE), 100)))
    assert first.strip().startswith("100 %")
    assert "·" in first
