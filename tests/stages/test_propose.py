"""What is proposed lies outside today's value, on a round number, and is nothing where it would say nothing."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import pytest

from evalkit.core.envelope import Kind, Limit, LimitKind
from evalkit.core.model import ABSENT, Case, Json
from evalkit.core.plan import Basis
from evalkit.core.proposal import ProposedBound
from evalkit.core.verdict import Estimate
from evalkit.stages.propose import (
    Draft,
    chosen,
    discordance,
    drafts,
    limit_of,
    reach_by_interval,
    reach_of,
    readings,
    wish,
    written_limit,
)
from evalkit.stats.planning import ASSUMED_DISCORDANCE
from tests.stages.trials import (
    LATENCY,
    TOKENS,
    at_least,
    at_most,
    bound,
    result_of,
    rights,
    within,
)
from tests.stats.arms import evidence

FLOOR = Draft("accuracy", ("min",), 0.25, "floor")
CEILING = Draft("errors", ("max",), 0.1, "ceiling")
EITHER_WAY = Draft("refusal", ("min", "max"), 0.2, "delta", compares=True)
BAND = Draft("tokens", ("min", "max"), 1.0, "band", relative=True, statistic="mean")


@dataclass(frozen=True)
class Told:
    """An outlook that was told what it reaches."""

    reach: tuple[float, float] | None

    def margins(self, n: int, aim: float) -> tuple[float, float] | None:
        del n, aim
        return self.reach


def estimate(value: float, lower: float, upper: float) -> Estimate:
    return Estimate(value, lower, upper, 0.95, 100, 100, 100, 0, "G")


def cases(*references: Json) -> list[Case]:
    return [Case(f"c{n}", "?", reference) for n, reference in enumerate(references)]


# ---------------------------------------------------------------- which bounds


def test_what_was_not_recorded_is_not_proposed() -> None:
    bare = {draft.metric for draft in drafts([], timed=False, priced=False)}
    whole = {draft.metric for draft in drafts(["accuracy"], timed=True, priced=True)}
    assert bare == {"refusal", "error_rate", "length.words"}
    assert whole - bare == {"accuracy", "latency_ms", "cost_usd"}


def test_each_draft_is_written_in_the_form_of_its_limit() -> None:
    assert FLOOR.written({"min": "86%"}) == {"metric": "accuracy", "min": "86%"}
    assert EITHER_WAY.written({"min": "-3%", "max": "3%"}) == {"metric": "refusal", "delta": "3%"}
    cost = Draft("cost_usd", ("max",), 1.0, "c", severity="warn", statistic="mean")
    assert cost.written({"max": 0.1}) == {
        "metric": "cost_usd", "statistic": "mean", "max": 0.1, "severity": "warn",
    }  # fmt: skip
    fall = Draft("accuracy", ("min",), 0.2, "d", compares=True)
    assert fall.written({"min": "-3%"})["delta"] == {"min": "-3%"}


@pytest.mark.parametrize("draft", [FLOOR, CEILING, EITHER_WAY, BAND])
def test_an_open_limit_has_the_sides_of_its_draft(draft: Draft) -> None:
    limit = draft.open_limit()
    assert set(limit) == set(draft.sides)
    assert list(limit.values()) == sorted(limit.values(), key=lambda side: float(str(side)))


def test_references_decide_which_scorers_could_read_them() -> None:
    assert list(readings(cases("a", "b"))) == ["accuracy", "accuracy-contains"]
    assert "accuracy-numeric" in readings(cases(1, 2.5))
    assert "accuracy-numeric" not in readings(cases(1, json.loads("true")))
    assert readings(cases("a", {"b": 1})) == {}
    assert readings([]) == {}
    assert readings([Case("c", "?", ABSENT)]) == {}


def test_fields_that_every_reference_has_are_read_apart() -> None:
    found = readings(cases({"desk": "a", "no": [], "b c": 1}, {"desk": "b", "no": 1, "b c": 2}))
    assert found == {"desk": {"scorer": "json_field", "field": "desk", "reference_field": "desk"}}
    assert list(readings(cases({"refusal": 1, "accuracy": 2}), ["refusal"])) == [
        "refusal-field", "accuracy-field",
    ]  # fmt: skip
    many: dict[str, Json] = {f"f{n}": n for n in range(9)}
    assert len(readings(cases(many))) == 4


@pytest.mark.parametrize(
    ("rates", "best"),
    [({"a": 0.6, "b": 0.9}, "a"), ({"a": 0.1, "b": 0.3}, "b"), ({"a": 0.1}, None), ({}, None)],
)
def test_the_strictest_scorer_that_finds_enough_is_taken(
    rates: dict[str, float], best: str | None
) -> None:
    assert chosen(rates) == best


# ---------------------------------------------------------------- how far


def test_draws_of_a_rate_near_its_end_cannot_differ_often() -> None:
    assert discordance(estimate(0.9, 0.8, 0.95)) == ASSUMED_DISCORDANCE
    assert discordance(estimate(0.5, 0.4, 0.6)) == ASSUMED_DISCORDANCE
    assert discordance(estimate(1.0, 0.99, 1.0)) == pytest.approx(2 * 0.99 * 0.01)


def test_what_the_planner_reaches_is_taken() -> None:
    seen = evidence(rights(9, 1), rights(9, 1))
    assert reach_of(bound(at_least(0.5)), Told((0.4, 0.9)), seen, 10, 0.9) == (0.4, 0.9)
    assert reach_of(bound(at_least(0.5)), Told(None), seen, 10, 0.9) is None
    compared = bound(Limit(LimitKind.DELTA, max=1.0), LATENCY)
    assert reach_of(compared, Told(None), seen, 10, 0.9) is None


def test_a_ceiling_on_a_quantile_leaves_room_for_answers_that_were_not_seen() -> None:
    times = [float(n) for n in range(1, 301)]
    seen = evidence(times, times)
    reach = reach_of(bound(at_most(1), LATENCY), Told(None), seen, 300, 0.98)
    assert reach is not None
    assert 285 < reach[1] < 300  # above p95, and not the slowest of all


def test_few_answers_or_timeouts_reach_no_ceiling() -> None:
    few = evidence([1.0] * 20, [1.0] * 20)
    assert reach_of(bound(at_most(1), LATENCY), Told(None), few, 20, 0.98) is None
    late = [1.0] * 270 + [math.inf] * 30
    seen = evidence(late, late)
    assert reach_of(bound(at_most(1), LATENCY), Told(None), seen, 300, 0.98) is None


def test_an_interval_reaches_further_than_itself_and_nowhere_without_an_end() -> None:
    reach = reach_by_interval(estimate(10.0, 9.0, 11.0), 0.05, 0.95)
    assert reach == pytest.approx((8.0, 12.0))
    assert reach_by_interval(estimate(10.0, 9.0, math.inf), 0.05, 0.95) is None


# ---------------------------------------------------------------- limits


def test_limits_are_rounded_outward() -> None:
    floor = limit_of(FLOOR, bound(at_least(0.9)), (0.8613, 0.95), 0.9)
    assert floor == Limit(LimitKind.ABSOLUTE, min=0.86)
    near = limit_of(FLOOR, bound(at_least(0.99)), (0.9813, 1.0), 0.99)
    assert near == Limit(LimitKind.ABSOLUTE, min=0.98)
    band = limit_of(BAND, bound(Limit(LimitKind.ABSOLUTE, 1, 2), TOKENS), (70.4, 76.2), 73.0)
    assert band == Limit(LimitKind.ABSOLUTE, 70.0, 77.0)


def test_either_way_is_as_wide_as_the_wider_side() -> None:
    found = limit_of(EITHER_WAY, bound(within(0.001)), (-0.011, 0.032), 0.0)
    assert found == within(0.035)


def test_a_wider_limit_lies_further_from_the_value() -> None:
    found = limit_of(FLOOR, bound(at_least(0.9)), (0.8, 0.95), 0.9, wider=2.0)
    assert found == Limit(LimitKind.ABSOLUTE, min=0.7)


def test_a_limit_that_says_nothing_is_none() -> None:
    assert limit_of(FLOOR, bound(at_least(0.9)), (0.6, 1.0), 0.9) is None
    assert limit_of(FLOOR, bound(at_least(0.2)), (0.0, 1.0), 0.2) is None
    zero = bound(at_most(1), TOKENS)
    assert limit_of(BAND, zero, (0.0, 0.5), 0.0) is None


def test_limits_are_written_as_people_write_them() -> None:
    assert written_limit(at_least(0.86), Kind.RATE) == {"min": "86%"}
    assert written_limit(Limit(LimitKind.ABSOLUTE, 70.0, 77.0), Kind.AMOUNT) == {
        "min": 70.0, "max": 77.0,
    }  # fmt: skip


def test_a_margin_wider_than_usual_comes_with_the_cases_of_the_usual_one() -> None:
    assert wish(bound(within(0.02)), 0.05, 0.9) is None
    found = wish(bound(within(0.09)), 0.05, 0.9)
    assert found is not None
    assert found[0] == 0.03
    assert 500 < found[1] < 800
    one_side = wish(bound(Limit(LimitKind.DELTA, min=-0.09)), 0.05, 0.9)
    assert one_side is not None
    assert one_side[1] < found[1]


def test_a_proposed_bound_says_what_was_not_seen_only_where_it_was_not() -> None:
    result = result_of(bound(at_least(0.5)), evidence(rights(90, 10)))
    proposed = ProposedBound({"metric": "accuracy", "min": "50%"}, result, 0.99, Basis.BASELINE)
    assert (proposed.assumed, proposed.wished) == (None, None)
