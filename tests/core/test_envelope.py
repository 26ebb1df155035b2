"""Statistics, slices and supports mean what an envelope file says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.envelope import (
    EVERYTHING,
    NON_NEGATIVE,
    UNIT_INTERVAL,
    Bound,
    Envelope,
    Instrument,
    Kind,
    Limit,
    LimitKind,
    Metric,
    Sentinel,
    Severity,
    Slice,
    Statistic,
    Support,
    is_watched,
)
from evalkit.core.model import Arm, Json, Snapshot

# ---------------------------------------------------------------- statistics


@pytest.mark.parametrize(
    ("text", "name", "quantile"),
    [
        ("rate", "rate", None),
        ("mean", "mean", None),
        ("p1", "p1", 0.01),
        ("p50", "p50", 0.5),
        ("p95", "p95", 0.95),
        ("p99.9", "p99.9", 0.999),
        ("p99.5", "p99.5", 0.995),
    ],
)
def test_a_statistic_is_a_rate_a_mean_or_a_quantile(
    text: str, name: str, quantile: float | None
) -> None:
    assert Statistic.parse(text) == Statistic(name, quantile)


def test_two_spellings_of_a_quantile_are_one_statistic() -> None:
    assert Statistic.parse("p95.0") == Statistic.parse("p95") == Statistic.parse("p95.00")
    assert Statistic.parse("p05").name == "p5"


@pytest.mark.parametrize(
    "text",
    [
        "", "p", "median", "95", "P95", "p0", "p0.5", "p100", "p99.91", "p99.99", "p-5", "pnan",
        "pinf", "pp50", "p9_5", "p 50", "p50 ", " p50", "p+50", "p1e1", "p５０", "p50%", "rates",
        "Mean", "p.5", "p50.", "50p",
    ],
)  # fmt: skip
def test_what_is_no_statistic_is_refused_with_the_ones_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected rate, mean or p1 to p99\.9, found"):
        Statistic.parse(text)


@given(st.integers(10, 999))
@settings(derandomize=True, deadline=None)
def test_every_quantile_with_one_digit_is_read_and_named_alike(tenths: int) -> None:
    found = Statistic.parse(f"p{tenths / 10}")
    assert found.quantile == round(tenths / 1000, 9)
    assert Statistic.parse(found.name) == found


@given(st.text(max_size=8))
@settings(derandomize=True, deadline=None)
def test_any_text_is_a_statistic_or_a_value_error(text: str) -> None:
    try:
        found = Statistic.parse(text)
    except ValueError:
        return
    assert found.quantile is None or 0.01 <= found.quantile <= 0.999


# ---------------------------------------------------------------- slices


def test_everything_holds_every_case_and_has_no_name() -> None:
    assert EVERYTHING.everything
    assert EVERYTHING.holds((), {})
    assert EVERYTHING.name == ""


def test_any_of_some_tags_needs_one_of_them() -> None:
    part = Slice(any_of=("legal", "medical"))
    assert part.holds(("medical", "long"), {})
    assert not part.holds(("long",), {})
    assert not part.holds((), {})
    assert part.name == "legal|medical"
    assert not part.everything


def test_all_of_some_tags_needs_each_of_them() -> None:
    part = Slice(all_of=("legal", "long"))
    assert part.holds(("long", "legal", "german"), {})
    assert not part.holds(("legal",), {})
    assert part.name == "legal&long"


def test_metadata_is_compared_by_value_and_every_key_must_fit() -> None:
    part = Slice(where=(("lang", ("de", "fr")), ("turns", (2,))))
    assert part.holds((), {"lang": "fr", "turns": 2, "other": None})
    assert not part.holds((), {"lang": "fr", "turns": 3})
    assert not part.holds((), {"lang": "en", "turns": 2})
    assert not part.holds((), {"lang": "de"})
    assert part.name == "lang=de|fr&turns=2"


def test_tags_and_metadata_are_asked_together() -> None:
    part = Slice(any_of=("a", "b"), all_of=("c",), where=(("x", (None,)),))
    assert part.name == "a|b&c&x=null"
    assert part.holds(("c", "b"), {"x": None})
    assert not part.holds(("c", "b"), {})
    assert not part.holds(("b",), {"x": None})
    assert not part.holds(("c",), {"x": None})


@pytest.mark.parametrize(
    ("asked", "found", "held"),
    [
        (1, 1, True), (1, 1.0, True), (1, True, False), (True, True, True), (True, 1, False),
        (0, False, False), (False, 0, False), ("1", 1, False), (None, None, True),
        (None, False, False), ("", "", True), ("de", ["de"], False),
    ],
)  # fmt: skip
def test_true_is_not_one_and_text_is_not_a_number(asked: Json, found: Json, *, held: bool) -> None:
    assert Slice(where=(("key", (asked,)),)).holds((), {"key": found}) is held


def test_a_slice_is_named_in_the_words_of_the_file() -> None:
    assert Slice(where=(("strict", (True, False, 1.5, "é")),)).name == "strict=true|false|1.5|é"


# ---------------------------------------------------------------- supports


def test_a_support_with_two_finite_ends_is_bounded() -> None:
    assert UNIT_INTERVAL.bounded
    assert UNIT_INTERVAL.width == 1
    assert not NON_NEGATIVE.bounded
    assert NON_NEGATIVE.width == math.inf


def test_a_difference_of_rates_lies_between_minus_one_and_one() -> None:
    assert UNIT_INTERVAL.minus(UNIT_INTERVAL) == Support(-1.0, 1.0)
    assert NON_NEGATIVE.minus(NON_NEGATIVE) == Support(-math.inf, math.inf)


ENDS = st.tuples(st.integers(-50, 50), st.integers(0, 50)).map(lambda e: Support(e[0], e[0] + e[1]))


@given(ENDS, ENDS, st.sampled_from([0.0, 0.5, 1.0, 2.0]), st.integers(0, 4), st.integers(0, 4))
@settings(derandomize=True, deadline=None)
def test_a_weighted_difference_of_two_values_lies_in_the_support_of_the_difference(
    one: Support, other: Support, factor: float, at: int, against: int
) -> None:
    x = one.lower + one.width * at / 4
    y = other.lower + other.width * against / 4
    found = one.minus(other, factor=factor)
    assert found.lower - 1e-9 <= x - factor * y <= found.upper + 1e-9


# ---------------------------------------------------------------- bounds


METRIC = Metric("acc", "acc", "match", Kind.RATE, UNIT_INTERVAL)


def test_only_an_absolute_limit_needs_no_baseline() -> None:
    assert [kind for kind in LimitKind if not Limit(kind, max=1).compares] == [LimitKind.ABSOLUTE]


def test_a_bound_errs_as_often_as_its_confidence_leaves_and_blocks_by_default() -> None:
    bound = Bound("acc", METRIC, Statistic("rate"), Limit(LimitKind.ABSOLUTE, min=0.9))
    assert bound.alpha == 0.05
    assert bound.blocks
    warning = Bound(
        "acc", METRIC, Statistic("rate"), bound.limit, severity=Severity.WARN, confidence=0.9
    )
    assert warning.alpha == 0.1
    assert not warning.blocks


def test_whatever_is_found_of_a_bound_begins_with_which_bound_it_is() -> None:
    limit = Limit(LimitKind.DELTA, max=0.02)
    bound = Bound("acc.delta", METRIC, Statistic("rate"), limit)
    assert bound.heading == {
        "name": "acc.delta", "metric": METRIC.name, "kind": METRIC.kind, "statistic": "rate",
        "on": EVERYTHING.name, "limit": limit, "require": bound.require, "severity": Severity.BLOCK,
    }  # fmt: skip


def test_an_envelope_asks_the_baseline_first_where_there_is_one() -> None:
    one, other = Snapshot("replay", None, model="old"), Snapshot("replay", None, model="new")
    assert list(Envelope("x", other, ()).snapshots) == [Arm.CANDIDATE]
    both = Envelope("x", other, (), baseline=one).snapshots
    assert list(both) == [Arm.BASELINE, Arm.CANDIDATE]
    assert both[Arm.BASELINE].model == "old"


@pytest.mark.parametrize(("noisy", "most"), [(None, 3), (2, 3), (5, 5)])
def test_a_case_gets_at_most_the_draws_of_a_noisy_one(noisy: int | None, most: int) -> None:
    envelope = Envelope("x", Snapshot("replay", None), (), repeats=3, noisy_repeats=noisy)
    assert envelope.most_repeats == most


# ---------------------------------------------------------------- who is asked


OLD, NEW = Snapshot("replay", None, model="old"), Snapshot("openai", None, model="new")
WATCHING = Snapshot("openai", None, model="old")


def test_whoever_is_live_is_asked_and_a_sentinel_for_what_was_recorded() -> None:
    live = frozenset({Arm.CANDIDATE})
    assert Envelope("x", NEW, (), baseline=OLD).asked == {}
    assert Envelope("x", NEW, (), baseline=OLD, live=live).asked == {Arm.CANDIDATE: NEW}
    sentinel = Sentinel(0.1, WATCHING)
    watched = Envelope("x", NEW, (), baseline=OLD, live=live, sentinel=sentinel)
    assert watched.asked == {Arm.BASELINE: WATCHING, Arm.CANDIDATE: NEW}
    assert watched.snapshots == {Arm.BASELINE: OLD, Arm.CANDIDATE: NEW}


def test_whom_instruments_ask_is_asked_too_though_every_arm_is_recorded() -> None:
    asking = Instrument("tone", "judge", {}, WATCHING)
    silent = Instrument("length", "length", {})
    recorded = Envelope("x", NEW, (), baseline=OLD, instruments=(silent,))
    judged = Envelope("x", NEW, (), baseline=OLD, instruments=(silent, asking))
    assert (recorded.asks, recorded.consulted) == (False, {})
    assert (judged.asks, judged.asked, judged.consulted) == (True, {}, {"tone": WATCHING})


def a_bound(limit: Limit, metric: Metric = METRIC, statistic: str = "rate") -> Bound:
    return Bound(metric.name, metric, Statistic.parse(statistic), limit)


def metric(kind: Kind, support: Support = UNIT_INTERVAL) -> Metric:
    return Metric("m", "m", "m", kind, support)


WITHIN = Limit(LimitKind.DELTA, -0.03, 0.03)
WATCHABLE = [a_bound(WITHIN), a_bound(WITHIN, metric(Kind.SCORE), "mean")]


def test_differences_of_rates_and_scores_can_be_watched_and_nothing_else() -> None:
    others = [
        a_bound(Limit(LimitKind.ABSOLUTE, min=0.9)),
        a_bound(Limit(LimitKind.RATIO, max=1.1)),
        a_bound(WITHIN, metric(Kind.TIME, NON_NEGATIVE), "mean"),
        a_bound(WITHIN, metric(Kind.AMOUNT), "mean"),
        a_bound(WITHIN, metric(Kind.SCORE), "p50"),
        a_bound(WITHIN, metric(Kind.SCORE, NON_NEGATIVE), "mean"),
    ]
    assert all(map(is_watched, WATCHABLE))
    assert not any(map(is_watched, others))
    envelope = Envelope("x", NEW, (*others, *WATCHABLE), baseline=OLD)
    assert envelope.watched == ()
    watched = Envelope("x", NEW, envelope.bounds, baseline=OLD, sentinel=Sentinel(1.0, WATCHING))
    assert watched.watched == tuple(WATCHABLE)
