"""Hours and days of a figure: drift is told where there is some, and the worst hour with its price."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Statistic
from evalkit.core.model import Arm
from evalkit.core.shadow import Course, Figure
from evalkit.core.verdict import Estimate, Unmeasured
from evalkit.stages.shadow import courses
from evalkit.stages.shadow.block import Measure
from evalkit.stages.shadow.logs import Logs
from tests.stages.shadow.requests import HOUR, logs_of

RATE = Measure("refusal", Kind.RATE, UNIT_INTERVAL)
TIMES = Measure("latency_ms", Kind.TIME, NON_NEGATIVE, quantiles=True)
DAY = HOUR - HOUR % 24
REFUSAL, LATENCY = (
    Figure("refusal", Kind.RATE, "rate", ""),
    Figure("latency_ms", Kind.TIME, "p50", "ms"),
)


def _rates(hours: int, each: int, candidate: list[float], seed: int = 0) -> Logs:
    """Return logs of so many hours; the rate of the candidate is told for each, the other is 5 %."""
    rng = random.Random(seed)
    when = [DAY + hour for hour in range(hours) for _ in range(each)]
    draw = [float(rng.random() < 0.05) for _ in when]
    other = [float(rng.random() < candidate[hour - DAY]) for hour in when]
    return logs_of(RATE, draw, other, hours=(when, when))


def course(logs: Logs, measure: Measure, statistic: Statistic, figure: Figure) -> Course:
    """Return a figure of logs that are cut for it alone."""
    return courses.course(courses.Timed.of(logs), measure, statistic, figure)


def _course(logs: Logs) -> Course:
    return course(logs, RATE, Statistic("rate"), REFUSAL)


def test_hours_and_days_hold_both_arms() -> None:
    found = _course(_rates(30, 40, [0.05] * 30))
    assert [window.start for window in found.hours] == list(range(DAY, DAY + 30))
    assert [(window.start, window.hours) for window in found.days] == [(DAY, 24), (DAY + 24, 24)]
    assert found.days[0].requests == dict.fromkeys(Arm, 24 * 40)
    assert isinstance(found.days[0].effect, Estimate)
    assert found.hours[0].effect is None
    rate = found.hours[0].candidate
    assert isinstance(rate, Estimate)
    assert rate.lower < rate.value < rate.upper < 0.3


def test_arms_that_drift_apart_are_told_and_others_are_not() -> None:
    apart = _course(_rates(20, 100, [0.05] * 10 + [0.25] * 10)).trend
    assert apart is not None
    assert apart.told
    assert apart.split == DAY + 10
    assert apart.change.lower < 0.2 < apart.change.upper
    told = 0
    for seed in range(30):
        still = _course(_rates(8, 60, [0.05] * 8, seed)).trend
        assert still is not None
        told += still.told
    assert told <= 5


def test_an_hour_that_stands_out_is_told_and_the_worst_of_many_ordinary_ones_is_not() -> None:
    candidate = [0.05] * 24
    candidate[17] = 0.6
    worst = _course(_rates(24, 60, candidate)).worst
    assert worst is not None
    assert worst.told
    assert worst.window.start == DAY + 17
    assert worst.windows == 24
    calm = [_course(_rates(24, 60, [0.05] * 24, seed)).worst for seed in range(12)]
    assert sum(item is not None and item.told for item in calm) <= 2


def test_of_a_few_hours_or_thin_ones_nothing_is_told() -> None:
    short = _course(_rates(3, 60, [0.05] * 3))
    assert short.trend is None
    assert short.worst is not None
    thin = _course(_rates(24, 10, [0.05] * 24))
    assert thin.worst is None
    assert thin.trend is not None


def test_where_an_arm_is_not_there_nothing_is_told_of_a_difference() -> None:
    when = [DAY + place // 60 for place in range(600)]
    alone = course(
        logs_of(RATE, [], [0.0] * 600, hours=([], when)), RATE, Statistic("rate"), REFUSAL
    )
    assert (alone.trend, alone.worst) == (None, None)
    assert isinstance(alone.hours[0].baseline, Unmeasured)
    late = logs_of(RATE, [0.0] * 60, [0.0] * 600, hours=([DAY] * 60, when))
    found = course(late, RATE, Statistic("rate"), REFUSAL)
    assert found.trend is None, "the second half has no baseline"
    assert found.worst is None, "one hour is not the worst of many"


def test_what_is_kept_of_one_measure_tells_its_hours_as_everything_does() -> None:
    when = [DAY + hour for hour in range(8) for _ in range(60)]
    rng = random.Random(4)
    values = [[rng.lognormvariate(6, 1) for _ in when] for _ in range(2)]
    other = replace(TIMES, name="latency_ms.first")
    ids = [f"r{place}" for place in range(len(when))]
    logs = logs_of(
        TIMES, values[0], values[1], hours=(when, when), ids=(ids, ids),
        beside={other.name: (values[1], values[0])}, measures=[other],
    )  # fmt: skip
    own = logs.of_measure(TIMES.name)
    assert own.pairs is not None
    assert not any(name.startswith(other.name) for name in own.tally.cells.counts)
    assert set(own.tally.cells.bins) == {TIMES.name}
    for statistic in ("mean", "p50"):
        asked = TIMES, Statistic.parse(statistic), LATENCY
        assert course(own, *asked) == course(logs, *asked)
    apart = replace(logs, pairs=None).of_measure(TIMES.name)
    assert apart.pairs is None


def test_requests_without_a_time_are_in_no_window() -> None:
    found = course(
        logs_of(RATE, [0.0] * 9, [1.0] * 9, hours=([-1] * 9, [-1] * 9)),
        RATE,
        Statistic("rate"),
        REFUSAL,
    )
    assert (found.hours, found.days, found.trend, found.worst) == ((), (), None, None)


def _times(count: int, slow: dict[int, float]) -> Logs:
    rng = random.Random(3)
    when = [DAY + hour for hour in range(12) for _ in range(count)]
    before = [rng.uniform(500, 1500) for _ in when]
    after = [rng.uniform(500, 1500) * slow.get(hour - DAY, 1.0) for hour in when]
    return logs_of(TIMES, before, after, hours=(when, when))


def test_the_worst_hour_of_a_percentile_is_told() -> None:
    found = course(_times(60, {7: 3.0}), TIMES, Statistic("p50", 0.5), LATENCY)
    assert found.worst is not None
    assert found.worst.told
    assert found.worst.window.start == DAY + 7


def test_a_mean_needs_more_requests_an_hour_before_its_worst_is_looked_for() -> None:
    mean = Statistic("mean")
    assert course(_times(60, {}), TIMES, mean, LATENCY).worst is None
    found = course(_times(120, {7: 3.0}), TIMES, mean, LATENCY).worst
    assert found is not None
    assert found.told


def test_a_value_that_is_infinite_is_none_to_draw() -> None:
    when = [DAY + hour for hour in range(6) for _ in range(40)]
    logs = logs_of(TIMES, [100.0] * 240, [math.inf] * 240, hours=(when, when))
    found = course(logs, TIMES, Statistic("p50", 0.5), LATENCY)
    assert isinstance(found.hours[0].candidate, Unmeasured)
    assert (found.trend, found.worst) == (None, None)


def test_a_day_on_which_nearly_all_came_at_the_end_is_halved_before_its_last_hour() -> None:
    when = [*range(DAY, DAY + 5), *[DAY + 5] * 60]
    found = course(
        logs_of(RATE, [0.0] * 65, [0.0] * 65, hours=(when, when)), RATE, Statistic("rate"), REFUSAL
    )
    assert found.trend is not None
    assert found.trend.split == DAY + 5


def test_a_percentile_that_has_no_upper_limit_has_no_trend() -> None:
    when = [DAY + hour for hour in range(5) for _ in range(3)]
    logs = logs_of(TIMES, [5.0] * 15, [float(n) for n in range(15)], hours=(when, when))
    assert course(logs, TIMES, Statistic("p95", 0.95), LATENCY).trend is None


def test_hours_without_a_value_are_not_the_worst() -> None:
    nan = math.nan
    when = [DAY + hour for hour in range(6) for _ in range(40)]
    some = [nan if hour == 2 else 0.0 for hour in range(6) for _ in range(40)]
    found = course(logs_of(RATE, some, some, hours=(when, when)), RATE, Statistic("rate"), REFUSAL)
    assert found.worst is not None
    assert found.worst.window.start != DAY + 2
    thin = [*when, *[DAY + 9] * 5]
    only_thin = [*[nan] * 240, *[0.0] * 5]
    logs = logs_of(RATE, only_thin, only_thin, hours=(thin, thin))
    assert course(logs, RATE, Statistic("rate"), REFUSAL).worst is None
