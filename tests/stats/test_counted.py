"""Engines on counts: percentiles from histograms, their changes, and rates of separate requests."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalkit.core.envelope import Limit, LimitKind
from evalkit.stats.engines.counted import HistogramChange, HistogramQuantile, RateChange
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.log_bins import Histogram
from evalkit.stats.quantile_change import mover_limits
from evalkit.stats.roots import first_integer_near
from evalkit.stats.unpaired import RateDifference

LIMIT = Limit(LimitKind.ABSOLUTE, max=1.0)


def quantile_of(values: np.ndarray, share: float = 0.95) -> HistogramQuantile:
    """Return the engine on some values."""
    return HistogramQuantile(Histogram.of(values), share)


def test_a_p_value_of_a_percentile_agrees_with_its_limits() -> None:
    engine = quantile_of(np.random.default_rng(1).lognormal(6, 0.5, 3_000))
    for alpha in (0.01, 0.05, 0.3):
        assert engine.p_below(engine.upper(alpha) * 1.01) <= alpha
        assert engine.p_below(engine.value) > alpha
        assert engine.p_above(engine.lower(alpha) * 0.99) <= alpha
        assert engine.p_above(engine.value) > alpha
    assert engine.lower(0.05) < engine.value < engine.upper(0.05)
    assert not engine.would_settle(LIMIT, 0.05, 2.0, 1.0)


@pytest.mark.parametrize("ratio", [False, True])
def test_a_change_of_percentiles_is_joined_from_the_limits_of_both(*, ratio: bool) -> None:
    rng = np.random.default_rng(2)
    before, after = rng.lognormal(6, 0.4, 4_000), rng.lognormal(6.1, 0.4, 4_000)
    found = HistogramChange(quantile_of(before), quantile_of(after), ratio)
    pair = [np.log(x) if ratio else x for x in (before, after)]
    expected = mover_limits(pair[0], pair[1], 0.95, 0.05)
    value, lower, upper = (math.exp(x) if ratio else x for x in expected)
    scale = 1.0 if ratio else float(np.quantile(before, 0.95))
    assert found.value == pytest.approx(value, abs=0.01 * scale)
    assert found.lower(0.05) == pytest.approx(lower, abs=0.01 * scale)
    assert found.upper(0.05) == pytest.approx(upper, abs=0.01 * scale)
    nothing = 1.0 if ratio else 0.0
    assert found.p_above(nothing) < 0.05
    assert found.p_below(nothing) == 1.0
    assert found.method == "MOVER of exact limits of p95"
    assert not found.would_settle(LIMIT, 0.05, 2.0, 1.0)


def test_a_change_of_few_values_has_no_limits() -> None:
    for ratio, least in ((False, -math.inf), (True, 0.0)):
        few = quantile_of(np.array([1.0, 2.0]))
        found = HistogramChange(few, few, ratio)
        assert (found.lower(0.05), found.upper(0.05)) == (least, math.inf)


def test_rates_of_separate_requests_have_score_limits() -> None:
    difference = RateDifference(56, 70, 48, 80)
    engine = RateChange(difference)
    assert engine.value == difference.value
    assert engine.lower(0.05) == difference.lower(0.05)
    assert engine.upper(0.05) == difference.upper(0.05)
    assert engine.p_above(0.0) == difference.p_above(0.0)
    assert engine.p_below(0.0) == difference.p_below(0.0)
    assert not engine.would_settle(LIMIT, 0.05, 2.0, 1.0)


def test_every_engine_speaks_the_protocol() -> None:
    values = quantile_of(np.arange(1.0, 9.0))
    engines: list[Engine] = [
        values, HistogramChange(values, values, ratio=True), RateChange(RateDifference(1, 2, 1, 2)),
    ]  # fmt: skip
    assert [engine.constant for engine in engines] == [False] * 3


@pytest.mark.parametrize("last", [0, 1, 7, 20])
def test_a_guess_changes_only_how_many_steps_it_takes(last: int) -> None:
    for first in range(last + 1):
        for guess in range(-2, last + 4):
            asked: list[int] = []

            def holds(n: int, first: int = first, asked: list[int] = asked) -> bool:
                asked.append(n)
                return n >= first

            assert first_integer_near(guess, last, holds) == first
            assert all(0 <= n <= last for n in asked)


def test_the_interval_of_a_percentile_covers_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    truth = math.exp(6 + 0.5 * 1.6448536269514722)
    runs, missed = 600, [0, 0]
    for _ in range(runs):
        engine = quantile_of(rng.lognormal(6, 0.5, 400))
        missed[0] += engine.lower(0.05) > truth
        missed[1] += engine.upper(0.05) < truth
    at_most = 0.05 * runs + 3 * math.sqrt(0.05 * 0.95 * runs)
    assert max(missed) <= at_most
