"""A line of the contract is a bound that says something, or the sentence that says why not."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import Bound, Kind, Limit, LimitKind, Method, Slice, Support
from evalkit.core.errors import SpecError
from evalkit.spec.document import parse_yaml
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.grammar import EnvelopeFile
from evalkit.spec.problems import Problems
from evalkit.spec.words import Quantity

Load: TypeAlias = Callable[..., LoadedEnvelope]
ProblemsOf: TypeAlias = Callable[..., list[str]]

HEAD = """\
version: 1
name: x
golden_set: golden.jsonl
candidate: {provider: replay, path: outputs.jsonl}
"""
BASELINE = "baseline: {provider: replay, path: outputs.jsonl}\n"
METRICS = "metrics: {acc: {scorer: exact_match}, len: {scorer: length}}\n"
BOTH = HEAD + BASELINE + METRICS
ABSOLUTE, DELTA, RATIO, SHIFT = LimitKind


def with_bounds(*lines: str, head: str = BOTH) -> str:
    return head + "bounds:\n" + "".join(f"  - {line}\n" for line in lines)


def bound_of(load: Load, line: str, *, head: str = BOTH) -> Bound:
    (bound,) = load(with_bounds(line, head=head)).envelope.bounds
    return bound


@pytest.fixture
def problem(problems_of: ProblemsOf) -> Callable[..., list[str]]:
    """Return how the problems of one bound are read, without their places."""

    def do(*lines: str, head: str = BOTH) -> list[str]:
        found = problems_of(with_bounds(*lines, head=head))
        assert all(line.startswith("envelope.yaml:") for line in found)
        return [line.split(" ", 1)[1] for line in found]

    return do


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3%", 0.03), ("3 %", 0.03), ("'3%'", 0.03), ("0.03", 0.03), ("3e-2", 0.03), ("+3%", 0.03),
        ("3.0%", 0.03), ("3.%", 0.03), (".5%", 0.005), ("99.9%", 0.999), ("1", 1.0),
        ("100 %", 1.0), ("' 3%  '", 0.03),
    ],
)  # fmt: skip
def test_a_share_may_be_written_as_a_percentage(load: Load, written: str, value: float) -> None:
    assert bound_of(load, f"{{metric: acc, min: {written}}}").limit == Limit(ABSOLUTE, value)


@pytest.mark.parametrize(
    "written",
    [
        "'3'", "3%%", "'%'", "three", "true", "no", "[3]", "{a: 1}", "3 percent", "3pt", "'3 0%'",
        "--3%", "1e-2%", "٣%", "'3%\\n'", "4s",
    ],
)  # fmt: skip
def test_what_is_no_number_is_answered_with_an_example(
    problem: Callable[..., list[str]], written: str
) -> None:
    (found,) = problem(f"{{metric: acc, min: {written}}}")
    assert found.startswith("bounds[0].min: expected a number or a percentage such as 3%, found ")


@given(st.floats(0, 100, allow_nan=False))
@settings(derandomize=True, deadline=None)
def test_a_percentage_is_a_hundredth_of_its_number(number: float) -> None:
    text = f"{number:.6f}"
    share = float(Decimal(text) / 100)
    assert Quantity.read(f"{text}%") == Quantity(share, percent=True)
    assert Quantity.read(f"−{text} %").value == -share


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{metric: acc, min: 85}", "bounds[0].min: acc lies between 0 and 1, found 85; did you mean 85%?"),
        ("{metric: acc, max: 100}", "bounds[0].max: acc lies between 0 and 1, found 100; did you mean 100%?"),
        ("{metric: acc, min: 850}", "bounds[0].min: acc lies between 0 and 1, found 850"),
        ("{metric: acc, min: -5}", "bounds[0].min: acc lies between 0 and 1, found -5"),
        ("{metric: toxicity, max: 5}", "bounds[0].max: toxicity lies between 0 and 1, found 5; did you mean 5%?"),
        ("{metric: acc, delta: 3}", "bounds[0].delta: acc lies between 0 and 1, found 3; did you mean 3%?"),
        ("{metric: acc, delta: {min: -3}}", "bounds[0].delta.min: acc lies between 0 and 1, found -3; did you mean -3%?"),
        ("{metric: acc, delta: {min: -3%, max: 3}}", "bounds[0].delta.max: acc lies between 0 and 1, found 3; did you mean 3%?"),
        ("{metric: len, delta: 3%}", "bounds[0].delta: len is not a share, so 3% of what? Write ratio: {min: 0.97, max: 1.03}"),
        ("{metric: len, delta: {min: -5%}}", "bounds[0].delta.min: len is not a share, so -5% of what? Write ratio: {min: 0.95, max: 1.05}"),
        ("{metric: latency_ms, max: 3%}", "bounds[0].max: latency_ms is not a share, so 3% of what? Write the number"),
        ("{metric: cost_usd, min: 3%}", "bounds[0].min: cost_usd is not a share, so 3% of what? Write the number"),
        ("{metric: acc, delta: -3%}", "bounds[0].delta: expected a margin of at least 0, found '-3%'; write min: or max: under it for one side"),
        ("{metric: len, delta: -3}", "bounds[0].delta: expected a margin of at least 0, found -3; write min: or max: under it for one side"),
        ("{metric: acc, ratio: 1.1}", "bounds[0].ratio: expected {min, max}, found 1.1; did you mean {max: 1.1}?"),
        ("{metric: acc, ratio: 110%}", "bounds[0].ratio: expected {min, max}, found '110%'; did you mean {max: 110%}?"),
        ("{metric: acc, ratio: {max: -1}}", "bounds[0].ratio.max: a ratio is at least 0, found -1"),
        ("{metric: acc, shift: 0.1}", "bounds[0].shift: expected {min, max}, found 0.1; did you mean {max: 0.1}?"),
        ("{metric: acc, shift: {max: 0.1, distance: kss}}", "bounds[0].shift.distance: expected 'ks', 'w1' or 'tv', found 'kss'; did you mean 'ks'?"),
    ],
)  # fmt: skip
def test_a_number_of_another_scale_is_answered_with_what_was_meant(
    problem: Callable[..., list[str]], line: str, message: str
) -> None:
    assert problem(line) == [message]


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("{metric: acc, min: 0.85}", Limit(ABSOLUTE, 0.85, None)),
        ("{metric: acc, max: 5%}", Limit(ABSOLUTE, None, 0.05)),
        ("{metric: len, min: 80, max: 400}", Limit(ABSOLUTE, 80, 400)),
        ("{metric: acc, min: 0.85, max: 0.85}", Limit(ABSOLUTE, 0.85, 0.85)),
        ("{metric: acc, min: 1}", Limit(ABSOLUTE, 1, None)),
        ("{metric: acc, max: 0}", Limit(ABSOLUTE, None, 0)),
        ("{metric: acc, delta: 3%}", Limit(DELTA, -0.03, 0.03)),
        ("{metric: acc, delta: 0.03}", Limit(DELTA, -0.03, 0.03)),
        ("{metric: acc, delta: +3%}", Limit(DELTA, -0.03, 0.03)),
        ("{metric: len, delta: 20}", Limit(DELTA, -20, 20)),
        ("{metric: acc, delta: 0}", Limit(DELTA, 0, 0)),
        ("{metric: acc, delta: 0%}", Limit(DELTA, 0, 0)),
        ("{metric: acc, delta: {min: -3%}}", Limit(DELTA, -0.03, None)),
        ("{metric: acc, delta: {max: 3%}}", Limit(DELTA, None, 0.03)),
        ("{metric: acc, delta: {min: -5%, max: 3%}}", Limit(DELTA, -0.05, 0.03)),
        ("{metric: acc, ratio: {max: 1.1}}", Limit(RATIO, None, 1.1)),
        ("{metric: len, ratio: {min: 97%, max: 103%}}", Limit(RATIO, 0.97, 1.03)),
    ],
)
def test_a_limit_is_what_was_written(load: Load, line: str, limit: Limit) -> None:
    found = bound_of(load, line).limit
    assert found.kind is limit.kind
    assert (found.min, found.max) == pytest.approx((limit.min, limit.max))
    assert math.copysign(1, found.min or 1.0) == math.copysign(1, limit.min or 1.0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{metric: acc}", "bounds[0]: expected one of min/max, delta, ratio or shift, found none"),
        ("{metric: acc, min: 0.1, delta: 3%}", "bounds[0]: expected one of min/max, delta, ratio or shift, found min/max and delta"),
        ("{metric: acc, delta: 3%, ratio: {max: 1.1}, shift: {max: 1}}", "bounds[0]: expected one of min/max, delta, ratio or shift, found delta and ratio and shift"),
        ("{metric: acc, delta: {}}", "bounds[0].delta: expected min, max or both, found neither"),
        ("{metric: acc, ratio: {}}", "bounds[0].ratio: expected min, max or both, found neither"),
        ("{metric: acc, delta: [1, 2]}", "bounds[0].delta: expected a number or a percentage such as 3%, found [1, 2]"),
        ("{metric: acc, delta: }", "bounds[0].delta: expected a number or a percentage such as 3%, found null"),
        ("{metric: acc, ratio: }", "bounds[0].ratio: expected a value, found null; leave the key out"),
        ("{metric: acc, min: }", "bounds[0].min: expected a value, found null; leave the key out"),
        ("{metric: acc, delta: {min: ~}}", "bounds[0].delta.min: expected a value, found null; leave the key out"),
        ("{metric: acc, ratio: true}", "bounds[0].ratio: expected a mapping, found true"),
        ("{metric: acc, min: 0.9, max: 0.8}", "bounds[0]: min 0.9 lies above max 0.8: nothing is acceptable"),
        ("{metric: acc, delta: {min: 3%, max: 2%}}", "bounds[0]: min 0.03 lies above max 0.02: nothing is acceptable"),
        ("{metric: len, ratio: {min: 2, max: 1}}", "bounds[0]: min 2 lies above max 1: nothing is acceptable"),
        ("{metric: refusal.outcome, min: 0.5}", "bounds[0]: refusal.outcome is a category; only shift can bound it"),
        ("{metric: acc, delta: {max: 3%, mni: 1}}", "bounds[0].delta.mni: unknown key 'mni'; did you mean 'min'? (known: min, max)"),
    ],
)  # fmt: skip
def test_a_bound_has_exactly_one_limit(
    problem: Callable[..., list[str]], line: str, message: str
) -> None:
    assert problem(line) == [message]


VACUOUS, IMPOSSIBLE = "every {} keeps this limit, so it says nothing", "no {} can keep this limit"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{metric: acc, min: 0}", VACUOUS),
        ("{metric: acc, max: 1}", VACUOUS),
        ("{metric: acc, max: 100%}", VACUOUS),
        ("{metric: acc, min: 0, max: 1}", VACUOUS),
        ("{metric: acc, min: -0.5}", VACUOUS),
        ("{metric: acc, min: -3%}", VACUOUS),
        ("{metric: acc, min: 120%}", IMPOSSIBLE),
        ("{metric: acc, max: -3%}", IMPOSSIBLE),
        ("{metric: acc, delta: 100%}", VACUOUS),
        ("{metric: acc, delta: 300%}", VACUOUS),
        ("{metric: acc, delta: {min: -1}}", VACUOUS),
        ("{metric: acc, delta: {min: 120%}}", IMPOSSIBLE),
        ("{metric: acc, ratio: {min: 0}}", VACUOUS),
        ("{metric: latency_ms, min: 0}", VACUOUS),
        ("{metric: latency_ms, max: -1}", IMPOSSIBLE),
        ("{metric: len, max: -1}", IMPOSSIBLE),
        ("{metric: len, max: 20, range: [0, 10]}", VACUOUS),
        ("{metric: len, min: 20, range: [0, 10]}", IMPOSSIBLE),
        ("{metric: len, delta: 20, range: [0, 10]}", VACUOUS),
        ("{metric: toxicity, max: 1.0}", VACUOUS),
    ],
)
def test_a_limit_that_decides_nothing_is_no_contract(
    problem: Callable[..., list[str]], line: str, message: str
) -> None:
    metric = line.split(":")[1].split(",", maxsplit=1)[0].strip()
    assert problem(line) == [f"bounds[0]: {message.format(metric)}"]


@pytest.mark.parametrize(
    "line",
    [
        "{metric: acc, delta: 3%}", "{metric: acc, ratio: {max: 1.1}}",
        "{metric: len, delta: {min: -20}}",
    ],
)  # fmt: skip
def test_a_limit_that_compares_needs_a_baseline(
    problem: Callable[..., list[str]], line: str
) -> None:
    kind = "ratio" if "ratio" in line else "delta"
    assert problem(line, head=HEAD + METRICS) == [
        f"bounds[0].{kind}: {kind} compares with a baseline; add baseline:"
    ]


def test_min_and_max_need_no_baseline(load: Load) -> None:
    assert bound_of(load, "{metric: acc, min: 0.5}", head=HEAD + METRICS).limit.min == 0.5


def test_money_is_not_compared_across_two_ways_of_reading_it(
    load: Load, problem: Callable[..., list[str]]
) -> None:
    prices = ", prices: {input: 1, output: 2}}"
    dear = HEAD.replace("outputs.jsonl}", f"outputs.jsonl{prices}")
    line = "{metric: cost_usd, ratio: {max: 1.1}}"
    assert problem(line, head=dear + BASELINE) == [
        "bounds[0].ratio: cost_usd is read with prices, which only the candidate has; "
        "give both arms theirs, or neither"
    ]
    both = dear + BASELINE.replace("outputs.jsonl}", f"outputs.jsonl{prices}")
    assert bound_of(load, line, head=both).limit.max == 1.1
    assert bound_of(load, "{metric: cost_usd, max: 1}", head=dear + BASELINE).limit.max == 1


# ---------------------------------------------------------------- statistics


@pytest.mark.parametrize(
    ("line", "statistic", "name"),
    [
        ("{metric: acc, min: 0.5}", "rate", "acc"),
        ("{metric: acc, min: 0.5, statistic: rate}", "rate", "acc"),
        ("{metric: acc, min: 0.5, statistic: mean}", "mean", "acc.mean"),
        ("{metric: toxicity, max: 0.5}", "mean", "toxicity"),
        ("{metric: toxicity, max: 0.5, statistic: p99}", "p99", "toxicity.p99"),
        ("{metric: len, max: 5}", "mean", "len"),
        ("{metric: len.chars, max: 5, statistic: p99.9}", "p99.9", "len.chars.p99.9"),
        ("{metric: latency_ms, max: 5}", "p95", "latency_ms"),
        ("{metric: latency_ms, max: 5, statistic: p95.0}", "p95", "latency_ms"),
        ("{metric: latency_ms, max: 5, statistic: mean}", "mean", "latency_ms.mean"),
        ("{metric: latency_ms, max: 5, statistic: p50, on: odd}", "p50", "latency_ms.p50@odd"),
    ],
)
def test_a_kind_has_a_usual_statistic_which_a_name_leaves_out(
    load: Load, line: str, statistic: str, name: str
) -> None:
    bound = bound_of(load, line)
    assert (bound.statistic.name, bound.name) == (statistic, name)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{metric: acc, min: 0.5, statistic: p50}", "bounds[0].statistic: acc is 0 or 1 a sample, its quantiles say nothing"),
        ("{metric: len, max: 5, statistic: rate}", "bounds[0].statistic: len is no rate; expected mean or a quantile"),
        ("{metric: toxicity, max: 0.5, statistic: rate}", "bounds[0].statistic: toxicity is no rate; expected mean or a quantile"),
        ("{metric: len, max: 5, statistic: median}", "bounds[0].statistic: expected rate, mean or p1 to p99.9, found 'median'"),
        ("{metric: len, max: 5, statistic: 95}", "bounds[0].statistic: expected rate, mean or p1 to p99.9, found '95'"),
        ("{metric: len, max: 5, statistic: p100}", "bounds[0].statistic: expected rate, mean or p1 to p99.9, found 'p100'"),
        ("{metric: len, max: 5, statistic: }", "bounds[0].statistic: expected a value, found null; leave the key out"),
    ],
)  # fmt: skip
def test_a_statistic_fits_the_kind_of_the_metric(
    problem: Callable[..., list[str]], line: str, message: str
) -> None:
    assert problem(line) == [message]


# ---------------------------------------------------------------- shifts, compared quantiles, methods


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("{metric: len, shift: {max: 0.1}}", Limit(SHIFT, max=0.1, distance="ks")),
        ("{metric: len, shift: {max: 2, distance: w1}}", Limit(SHIFT, max=2, distance="w1")),
        ("{metric: refusal.outcome, shift: {max: 5%}}", Limit(SHIFT, max=0.05, distance="tv")),
        ("{metric: latency_ms, delta: {max: 60}}", Limit(LimitKind.DELTA, max=60)),
        ("{metric: len, ratio: {max: 2}, statistic: p50}", Limit(LimitKind.RATIO, max=2)),
    ],
)
def test_distributions_and_quantiles_of_both_arms_can_be_compared(
    load: Load, line: str, limit: Limit
) -> None:
    assert bound_of(load, line).limit == limit


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{metric: refusal.outcome, shift: {max: 0.1, distance: ks}}", "bounds[0].shift.distance: refusal.outcome is a category; its distance is tv"),
        ("{metric: len, shift: {max: 0.1, distance: tv}}", "bounds[0].shift.distance: len is a number; its distance is ks or w1"),
        ("{metric: len, shift: {max: 0.1}, statistic: mean}", "bounds[0].statistic: a shift is about all values; leave statistic out"),
        ("{metric: len, shift: {max: 0.1}, scope: golden-set}", "bounds[0].scope: a shift is about the traffic; leave scope out"),
        ("{metric: len, shift: {max: 1.5}}", "bounds[0].shift.max: expected a distance between 0 and 1, found 1.5"),
        ("{metric: len, shift: {max: 0, distance: w1}}", "bounds[0].shift.max: expected a distance above 0, found 0"),
        ("{metric: len, max: 5, method: betting}", "bounds[0].method: betting needs the ends of the values: write range: [low, high]"),
        ("{metric: acc, ratio: {min: 0.9}, method: betting}", "bounds[0].method: betting is not for ratios; bound a delta instead"),
        ("{metric: len, shift: {max: 0.1}, method: betting}", "bounds[0].method: betting is for means, rates and quantiles of one arm, not for a shift"),
        ("{metric: acc, min: 0.9, scope: golden-set, method: betting}", "bounds[0].method: betting is about the traffic behind the cases; leave scope: golden-set out"),
        ("{metric: collapse, max: 0.1, method: betting}", "bounds[0].method: betting needs values that stay as they are, and the answers to later cases change these"),
        ("{metric: latency_ms, delta: {max: 5}, method: betting}", "bounds[0].method: betting is not for quantiles that are compared"),
        ("{metric: acc, min: 0.9, method: exact}", "bounds[0].method: exact is the test of a delta of a rate"),
        ("{metric: len, delta: {max: 5}, method: exact}", "bounds[0].method: exact is the test of a delta of a rate"),
        ("{metric: acc, delta: 3%, scope: golden-set, method: exact}", "bounds[0].method: exact is about the traffic behind the cases; leave scope: golden-set out"),
        ("{metric: len, delta: {max: 5}, method: mover}", "bounds[0].method: mover is for a quantile that is compared with the baseline's"),
    ],
)  # fmt: skip
def test_a_shift_and_a_method_fit_the_bound(
    problem: Callable[..., list[str]], line: str, message: str
) -> None:
    assert problem(line) == [message]


@pytest.mark.parametrize(
    ("line", "method"),
    [
        ("{metric: acc, delta: 3%, method: exact}", Method.EXACT),
        ("{metric: acc, min: 0.9, method: betting}", Method.BETTING),
        ("{metric: latency_ms, max: 900, method: betting}", Method.BETTING),
        ("{metric: latency_ms, ratio: {max: 2}, method: mover}", Method.MOVER),
        ("{metric: acc, min: 0.9}", Method.USUAL),
    ],
)
def test_a_method_is_the_one_that_is_asked_for(load: Load, line: str, method: Method) -> None:
    assert bound_of(load, line).method is method


def test_the_exact_test_takes_one_draw_a_case(load: Load) -> None:
    with pytest.raises(SpecError, match="exact takes one draw a case; leave repeats out"):
        bound_of(load, "{metric: acc, delta: 3%, method: exact}", head=BOTH + "repeats: 3\n")


# ---------------------------------------------------------------- slices


@pytest.mark.parametrize(
    ("on", "part", "name"),
    [
        ("odd", Slice(("odd",)), "acc@odd"),
        ("[odd, even]", Slice(("odd", "even")), "acc@odd|even"),
        ("{any: [odd]}", Slice(("odd",)), "acc@odd"),
        ("{all: [even, all]}", Slice(all_of=("even", "all")), "acc@even&all"),
        ("{where: {lang: de}}", Slice(where=(("lang", ("de",)),)), "acc@lang=de"),
        ("{where: {lang: [de, en]}}", Slice(where=(("lang", ("de", "en")),)), "acc@lang=de|en"),
        ("{where: {live: true}}", Slice(where=(("live", (True,)),)), "acc@live=true"),
        ("{where: {live: null}}", Slice(where=(("live", (None,)),)), "acc@live=null"),
        (
            "{where: {turns: 3, lang: de}}",
            Slice(where=(("lang", ("de",)), ("turns", (3,)))),
            "acc@lang=de&turns=3",
        ),
        ("{any: [odd], all: [all]}", Slice(("odd",), ("all",)), "acc@odd&all"),
    ],
)
def test_a_slice_is_written_short_or_long(load: Load, on: str, part: Slice, name: str) -> None:
    bound = bound_of(load, f"{{metric: acc, min: 0.5, on: {on}}}")
    assert (bound.slice, bound.name) == (part, name)


SLICE = (
    "bounds[0].on: expected a tag, a list of tags, {all: [tags]} or {where: {key: value}}, "
    "found %s; leave the key out for all cases"
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("on: ", SLICE % "null"),
        ("on: ''", SLICE % "''"),
        ("on: []", SLICE % "[]"),
        ("on: {}", SLICE % "{}"),
        ("on: {any: []}", SLICE % "{'any': []}"),
        ("on: {where: {}}", SLICE % "{'where': {}}"),
        ("on: 3", SLICE % "3"),
        ("on: true", SLICE % "true"),
        ("on: [odd, 3]", "bounds[0].on.any[1]: expected text, found 3"),
        ("on: [odd, '']", "bounds[0].on.any[1]: expected text that is not empty, found ''"),
        ("on: {all: odd}", "bounds[0].on.all: expected a list, found 'odd'"),
        ("on: {tag: odd}", "bounds[0].on.tag: unknown key 'tag' (known: any, all, where)"),
        ("on: {where: lang}", "bounds[0].on.where: expected a mapping, found 'lang'"),
        ("on: {where: {lang: []}}", "bounds[0].on.where.lang: expected a value or a list of values, found []"),
        ("on: {where: {lang: {a: 1}}}", "bounds[0].on.where.lang: expected a value or a list of values, found {'a': 1}"),
        ("on: {where: {lang: [[de]]}}", "bounds[0].on.where.lang: expected a value or a list of values, found [['de']]"),
        ("each: []", "bounds[0].each: expected at least 1 entry, found []"),
        ("each: odd", "bounds[0].each: expected a list, found 'odd'"),
        ("each: ", "bounds[0].each: expected a value, found null; leave the key out"),
        ("each: ['']", "bounds[0].each[0]: expected text that is not empty, found ''"),
        ("each: [odd, odd]", "bounds[0].each: a tag stands twice"),
        ("on: odd, each: [odd]", "bounds[0]: give on or each, not both"),
    ],
)  # fmt: skip
def test_a_forgotten_slice_never_becomes_the_whole_golden_set(
    problem: Callable[..., list[str]], given: str, message: str
) -> None:
    assert problem(f"{{metric: acc, min: 0.5, {given}}}") == [message]


def test_each_writes_one_bound_a_tag(load: Load) -> None:
    bounds = load(with_bounds("{metric: acc, min: 0.5, each: [odd, even]}")).envelope.bounds
    assert [bound.name for bound in bounds] == ["acc@odd", "acc@even"]
    assert [bound.slice for bound in bounds] == [Slice(("odd",)), Slice(("even",))]


def test_a_fault_of_each_is_told_once(problem: Callable[..., list[str]]) -> None:
    assert len(problem("{metric: acc, min: 85, each: [odd, even, all]}")) == 1


# ---------------------------------------------------------------- names


def test_names_tell_bounds_on_one_metric_apart(load: Load) -> None:
    bounds = load(
        with_bounds(
            "{metric: acc, min: 0.5}",
            "{metric: acc, delta: 3%}",
            "{metric: acc, ratio: {min: 0.9}}",
            "{metric: acc, min: 0.5, on: odd}",
            "{metric: acc, min: 0.6, name: 'my own: name'}",
            "{metric: acc, min: 0.7, each: [odd, even], name: floor}",
        )
    ).envelope.bounds
    assert [bound.name for bound in bounds] == [
        "acc", "acc.delta", "acc.ratio", "acc@odd", "my own: name", "floor@odd", "floor@even",
    ]  # fmt: skip


def test_a_delta_alone_bears_the_plain_name(load: Load) -> None:
    assert bound_of(load, "{metric: acc, delta: 3%, on: odd}").name == "acc@odd"


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("{metric: acc, min: 0.5}", "{metric: acc, max: 0.9}", "acc"),
        ("{metric: acc, min: 0.5, name: a}", "{metric: len, max: 9, name: a}", "a"),
        ("{metric: acc, min: 0.5, name: a}", "{metric: acc, delta: 3%, name: a}", "a"),
        ("{metric: acc, delta: 3%}", "{metric: acc, delta: 5%}", "acc.delta"),
        ("{metric: acc, min: 0.5, name: len}", "{metric: len, max: 9}", "len"),
        ("{metric: acc, min: 0.5, on: odd}", "{metric: acc, min: 0.6, each: [odd]}", "acc@odd"),
    ],
)
def test_a_name_is_given_once(
    problem: Callable[..., list[str]], first: str, second: str, name: str
) -> None:
    assert problem(first, second) == [
        f"bounds[1]: a second bound named {name!r} (see line 8); give it a name:"
    ]


@pytest.mark.parametrize("name", ["''", "' '", '"a\\nb"', '"\\e[31m"', '"a\\u2028b"'])
def test_a_name_is_one_readable_line(problem: Callable[..., list[str]], name: str) -> None:
    (found,) = problem(f"{{metric: acc, min: 0.5, name: {name}}}")
    assert found.startswith("bounds[0].name: expected a name of one line, found ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{metric: acc, min: 0.5, name: 3}", "bounds[0].name: expected text, found 3"),
        ("{min: 0.5}", "bounds[0].metric: required, and not there"),
        ("{metric: 3, min: 0.5}", "bounds[0].metric: expected text, found 3"),
        ("{metric: acc, min: 0.5, severity: blok}", "bounds[0].severity: expected 'block' or 'warn', found 'blok'; did you mean 'block'?"),
        ("{metric: acc, min: 0.5, severity: }", "bounds[0].severity: expected a value, found null; leave the key out"),
        ("{metric: acc, min: 0.5, confidence: 0.3}", "bounds[0].confidence: expected a number above 0.5, found 0.3"),
        ("{metric: acc, min: 0.5, scope: all}", "bounds[0].scope: expected 'population' or 'golden-set', found 'all'"),
    ],
)  # fmt: skip
def test_the_other_keys_of_a_bound_have_one_form(
    problem: Callable[..., list[str]], line: str, message: str
) -> None:
    assert problem(line) == [message]


# ---------------------------------------------------------------- ranges


def support_of(load: Load, line: str, head: str = BOTH) -> tuple[Support, bool]:
    metric = bound_of(load, line, head=head).metric
    return metric.support, metric.range_declared


def test_a_range_may_stand_on_the_bound_or_on_the_metric(load: Load) -> None:
    assert support_of(load, "{metric: len, max: 5, range: [0, 10]}") == (Support(0, 10), True)
    head = HEAD + "metrics: {len: {scorer: length, range: [0, 10]}}\n"
    assert support_of(load, "{metric: len, max: 5}", head) == (Support(0, 10), True)
    assert support_of(load, "{metric: len, max: 5, range: [1, 20]}", head) == (Support(1, 20), True)


def test_without_a_range_the_support_is_that_of_the_kind(load: Load) -> None:
    assert support_of(load, "{metric: len, max: 5}") == (Support(0, math.inf), False)
    assert support_of(load, "{metric: latency_ms, max: 5}") == (Support(0, math.inf), False)
    assert support_of(load, "{metric: acc, min: 0.5}") == (Support(0, 1), True)
    assert support_of(load, "{metric: toxicity, max: 0.5}") == (Support(0, 1), True)


def test_a_score_may_be_declared_to_be_narrower(load: Load) -> None:
    line = "{metric: toxicity, max: 0.2, range: [0, 0.5]}"
    assert support_of(load, line) == (Support(0, 0.5), True)
    assert support_of(load, "{metric: acc, min: 0.5, range: [0, 1]}") == (Support(0, 1), True)


@pytest.mark.parametrize(
    ("range_", "message"),
    [
        ("[10, 0]", "range: expected [low, high], found [10.0, 0.0]"),
        ("[5, 5]", "range: expected [low, high], found [5.0, 5.0]"),
        ("5", "range: expected a list, found 5"),
        ("[5]", "range[1]: required, and not there"),
        ("[1, 2, 3]", "range: expected at most 2 entries, found [1, 2, 3]"),
        ("[a, 1]", "range[0]: expected a number, found 'a'"),
        ("[0, 3%]", "range[1]: expected a number, found '3%'"),
        ("[0, true]", "range[1]: expected a number, found true"),
        ("", "range: expected a value, found null; leave the key out"),
        ("{min: 0}", "range: expected a list, found {'min': 0}"),
    ],
)
def test_a_range_is_two_numbers_in_order(
    problem: Callable[..., list[str]], range_: str, message: str
) -> None:
    assert problem(f"{{metric: len, max: 5, range: {range_}}}") == [f"bounds[0].{message}"]
    head = HEAD + f"metrics: {{m: {{scorer: length, range: {range_}}}}}\n"
    assert problem("{metric: m, max: 5}", head=head) == [f"metrics.m.{message}"]


@pytest.mark.parametrize(
    ("metric", "scorer", "range_", "kind"),
    [
        ("acc", "exact_match", "[0, 100]", "rate"),
        ("acc", "exact_match", "[0, 0.4]", "rate"),
        ("tox", "toxicity", "[0, 5]", "score"),
        ("tox", "toxicity", "[-1, 1]", "score"),
    ],
)
def test_a_rate_and_a_score_have_a_range_already(
    problem: Callable[..., list[str]], metric: str, scorer: str, range_: str, kind: str
) -> None:
    message = f"{metric} is a {kind} between 0 and 1; its range cannot be {range_}"
    head = HEAD + f"metrics: {{{metric}: {{scorer: {scorer}}}}}\n"
    assert problem(f"{{metric: {metric}, max: 0.3, range: {range_}}}", head=head) == [
        f"bounds[0].range: {message}"
    ]
    head = HEAD + f"metrics: {{{metric}: {{scorer: {scorer}, range: {range_}}}}}\n"
    assert problem(f"{{metric: {metric}, max: 0.3}}", "{metric: length, max: 5}", head=head) == [
        f"metrics.{metric}.range: {message}"
    ]


def capped(candidate: str | None, baseline: str | None) -> str:
    """Return the head of an envelope whose arms were given these sampling parameters."""
    lines = HEAD.splitlines(keepends=True)
    both = {"candidate": candidate, "baseline": baseline}
    return "".join(lines[:3]) + "".join(
        f"{arm}: {{provider: replay, path: outputs.jsonl"
        + (f", params: {{max_tokens: {cap}}}" if cap else "")
        + "}\n"
        for arm, cap in both.items()
    )


@pytest.mark.parametrize(
    ("candidate", "baseline", "line", "upper"),
    [
        ("1024", "1024", "{metric: length.tokens, max: 400}", 1024),
        ("512", "1024", "{metric: length.tokens, max: 400}", 1024),
        ("1600", "1600", "{metric: length.tokens, max: 400}", 1600),
        ("1601", "1601", "{metric: length.tokens, max: 400}", math.inf),
        ("1024.0", "1024", "{metric: length.tokens, max: 400}", 1024),
        ("1024", None, "{metric: length.tokens, max: 400}", math.inf),
        (None, "1024", "{metric: length.tokens, max: 400}", math.inf),
        ("1024", "0", "{metric: length.tokens, max: 400}", math.inf),
        ("-5", "-5", "{metric: length.tokens, max: 400}", math.inf),
        ("true", "true", "{metric: length.tokens, max: 1}", math.inf),
        ("'64'", "'64'", "{metric: length.tokens, max: 40}", math.inf),
        ("1024", "1024", "{metric: length.tokens, min: 40}", math.inf),
        ("1024", "1024", "{metric: length.tokens, ratio: {max: 1.1}}", math.inf),
        ("64", "64", "{metric: length.tokens, delta: 20}", 64),
        ("1024", "1024", "{metric: length.tokens, delta: 20}", math.inf),
        ("1024", "1024", "{metric: length.tokens, max: 400, range: [0, 9999]}", 9999),
        ("1024", "1024", "{metric: length.words, max: 400}", math.inf),
        ("1024", "1024", "{metric: output_tokens, max: 400}", 1024),
    ],
)
def test_max_tokens_is_the_range_of_tokens_where_it_helps_and_both_arms_have_it(
    load: Load, candidate: str | None, baseline: str | None, line: str, upper: float
) -> None:
    bound = bound_of(load, line, head=capped(candidate, baseline))
    assert bound.metric.support == Support(0, upper)
    assert bound.metric.range_declared is math.isfinite(upper)


def test_one_arm_is_both_arms_where_there_is_no_baseline(load: Load) -> None:
    head = "".join(capped("64", None).splitlines(keepends=True)[:4])
    assert support_of(load, "{metric: length.tokens, max: 40}", head) == (Support(0, 64), True)


def test_a_limit_that_max_tokens_keeps_anyway_says_nothing(
    problem: Callable[..., list[str]],
) -> None:
    assert problem("{metric: length.tokens, max: 400}", head=capped("100", "100")) == [
        "bounds[0]: every length.tokens keeps this limit, so it says nothing"
    ]


def test_a_range_given_to_a_metric_counts_more_than_max_tokens(load: Load) -> None:
    head = capped("64", "64") + "metrics: {len: {scorer: length, range: [0, 1000]}}\n"
    assert support_of(load, "{metric: len.tokens, max: 40}", head) == (Support(0, 1000), True)


# ---------------------------------------------------------------- grammar


def test_short_forms_and_long_forms_are_one(load: Load) -> None:
    short = with_bounds("{metric: acc, delta: 3%, on: odd}")
    long = with_bounds("{metric: acc, delta: {min: -3%, max: 3%}, on: {any: [odd]}}")
    assert load(short).envelope == load(long).envelope


def test_a_parsed_file_has_one_form_of_each_thing() -> None:
    text = with_bounds("{metric: acc, delta: 3%, on: [odd, even]}")
    document = parse_yaml(text, "f")
    file = Problems(document).checked(EnvelopeFile, document.data)
    assert file is not None
    (line,) = file.bounds
    assert line.on is not None
    assert line.on.any == ["odd", "even"]
    assert line.delta is not None
    assert line.delta.min == Quantity(-0.03, percent=True)
    assert file.golden_set[0].path == "golden.jsonl"


def test_a_metric_of_each_kind_can_be_bounded(load: Load) -> None:
    lines = ["{metric: acc, min: 0.5}", "{metric: toxicity, max: 0.5}", "{metric: len, max: 5}",
             "{metric: latency_ms, max: 5}"]  # fmt: skip
    bounds = load(with_bounds(*lines)).envelope.bounds
    assert [bound.metric.kind for bound in bounds] == [
        Kind.RATE, Kind.SCORE, Kind.AMOUNT, Kind.TIME,
    ]  # fmt: skip
