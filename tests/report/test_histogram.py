"""A histogram is drawn on its own axis: nothing outside, nothing that is there invisible."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.model import Arm
from evalkit.core.verdict import Histogram
from evalkit.report.figures.histogram import Figure, figure_of, round_values
from tests.report.verdicts import TIMES, TOKENS

FLAT = Histogram(
    metric="cost_usd",
    unit="usd",
    logarithmic=False,
    edges=(0.0, 1.0),
    counts={Arm.CANDIDATE: (0,)},
    zeros={Arm.CANDIDATE: 20},
    marks={Arm.CANDIDATE: {"p50": 0.0, "p95": 0.0, "max": 0.0}},
)


def numbers(figure: Figure) -> list[str]:
    return [tick.text for tick in figure.ticks]


def test_tokens_are_printed_without_their_unit_which_the_caption_names() -> None:
    figure = figure_of(TOKENS)
    assert figure.caption == "tokens, log scale, 1,000 samples an arm"
    assert numbers(figure) == ["0", "5", "50", "500"]
    assert figure.lanes[0].marks == "p50 181 · p95 601 · max 625"


def test_times_keep_their_unit() -> None:
    figure = figure_of(TIMES)
    assert "1\u00a0s" in numbers(figure)
    assert figure.lanes[0].marks == "p50 6.70\u00a0s · p95 21.47\u00a0s · max 140.00\u00a0s"
    assert figure.caption == "ms, log scale, 946 baseline samples and 990 candidate samples"


def test_each_arm_is_described_by_its_numbers() -> None:
    assert [lane.description for lane in figure_of(TOKENS).lanes] == [
        "1,000 samples, p50 181 · p95 601 · max 625",
        "1,000 samples, p50 3.0 · p95 3.0 · max 5.0",
    ]


def test_zeros_have_a_bin_of_their_own_on_a_logarithmic_axis() -> None:
    assert figure_of(TOKENS).ticks[0].text == "0"
    without = replace(TOKENS, zeros={Arm.BASELINE: 0, Arm.CANDIDATE: 0})
    assert figure_of(without).ticks[0].text == "1"


def test_a_metric_that_is_always_zero_can_be_drawn() -> None:
    figure = figure_of(FLAT)
    assert figure.caption == "US dollars, 20 samples an arm"
    assert figure.lanes[0].outline == "M0 100V100H1000V100H1000"


def test_one_sample_among_many_is_seen() -> None:
    rare = replace(TOKENS, counts=dict.fromkeys(Arm, (1_000_000, 0, 0, 1)))
    tops = {int(top) for top in re.findall(r"V(\d+)", figure_of(rare).lanes[0].outline)}
    assert tops == {0, 98, 100}


@given(
    st.floats(1e-6, 1e6),
    st.floats(1.0001, 1e9),
    st.lists(st.integers(0, 10**9), min_size=2, max_size=44),
)
def test_an_outline_moves_right_and_stays_on_its_grid(
    low: float, factor: float, counts: list[int]
) -> None:
    step = math.log(factor) / len(counts)
    edges = tuple(low * math.exp(step * place) for place in range(len(counts) + 1))
    shown = Histogram(
        "m", "words", logarithmic=True, edges=edges, counts={Arm.CANDIDATE: tuple(counts)},
        zeros={}, marks={},
    )  # fmt: skip
    figure = figure_of(shown)
    across = [int(x) for x in re.findall(r"H(\d+)", figure.lanes[0].outline)]
    assert across == sorted(across)
    assert across[-1] == 1000
    assert all(0 <= int(y) <= 100 for y in re.findall(r"V(\d+)", figure.lanes[0].outline))


@given(st.floats(1e-9, 1e9), st.floats(0, 1e12), st.sampled_from(["logarithmic", "linear"]))
def test_an_axis_has_a_few_round_numbers_inside_its_range(
    low: float, width: float, spread: str
) -> None:
    found = round_values(low, low + width, logarithmic=spread == "logarithmic")
    assert len(found) <= 8
    assert found == sorted(found)
    slack = 1e-8 * (low + width)
    assert all(low - slack <= value <= low + width + slack for value in found)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (300, 900_000, [500, 1000, 5000, 10_000, 50_000, 100_000, 500_000]),
        (0.001, 0.0012, [0.001, 0.00105, 0.0011, 0.00115, 0.0012]),
        (1, 1e12, [1, 1e3, 1e6, 1e9, 1e12]),
    ],
)
def test_round_numbers_follow_the_spread_of_the_axis(
    low: float, high: float, expected: list[float]
) -> None:
    assert round_values(low, high, logarithmic=True) == pytest.approx(expected)
