"""The ``canary`` key: what of an envelope a rollout is watched by, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from evalkit.core.canary import CanaryPlan, Stage, Trigger, TriggerKind
from evalkit.core.errors import SpecError
from evalkit.spec.canary_state import state_of
from evalkit.spec.document import parse_yaml
from evalkit.spec.durations import seconds_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.json_schema import envelope_schema

Load = Callable[..., LoadedEnvelope]
ProblemsOf = Callable[..., list[str]]

REFUSAL = "metric: refusal, delta: {max: 3%}"


def text(canary: str, *bounds: str, metrics: str = "") -> str:
    lines = "".join(f"  - {{{bound}}}\n" for bound in bounds or (REFUSAL,))
    return (
        "version: 1\nname: shop\ngolden_set: golden.jsonl\n"
        "baseline: {provider: replay, path: outputs.jsonl}\n"
        "candidate: {provider: replay, path: outputs.jsonl}\n"
        f"{metrics}bounds:\n{lines}canary: {canary}\n"
    )


def plan_of(load: Load, canary: str, *bounds: str, metrics: str = "") -> CanaryPlan:
    found = load(text(canary, *bounds, metrics=metrics)).canary
    assert found is not None
    return found


def only(load: Load, bound: str) -> Trigger:
    """Return what is watched of a bound that is watched on one side."""
    plan = plan_of(load, "[5%]", bound)
    return plan.triggers[0]


def test_an_envelope_without_the_key_has_no_canary(load: Load) -> None:
    assert load(text("[1%]").rpartition("canary")[0]).canary is None


@pytest.mark.parametrize(
    "canary", ["[1%, 5%, 20%]", "{stages: [1%, 5%, 20%]}", "{stages: [0.01, {share: 5%}, 20%]}"]
)
def test_stages_alone_are_enough(load: Load, canary: str) -> None:
    plan = plan_of(load, canary)
    assert plan.stages == tuple(Stage(share, 3600, 86_400) for share in (0.01, 0.05, 0.2))
    assert [trigger.name for trigger in plan.triggers] == ["refusal", "error_rate"]
    assert (plan.look, plan.stale_after, plan.negligible, plan.sample) == (600, 1800, 0.001, 1.0)
    assert plan.run == "shop"


def test_alpha_is_split_over_triggers_and_stages(load: Load) -> None:
    plan = plan_of(load, "{stages: [1%, 5%], confidence: 0.99}")
    assert plan.alpha == 0.01
    assert [trigger.alpha for trigger in plan.triggers] == [0.0025, 0.0025]


def test_what_is_given_is_what_counts(load: Load) -> None:
    plan = plan_of(
        load,
        "{stages: [1%, {share: 5%, min_duration: 1d, max_duration: 2d}], min_duration: 30m, "
        "max_duration: 6h, look: 1m, stale_after: 5 min, detect: 4, negligible: 1%, sample: 10%}",
    )
    assert plan.stages == (Stage(0.01, 1800, 21_600), Stage(0.05, 86_400, 172_800))
    assert (plan.look, plan.stale_after, plan.negligible, plan.sample) == (60, 300, 0.01, 0.1)
    assert {trigger.detect for trigger in plan.triggers} == {4}


def test_a_long_stage_may_last_longer_than_a_day(load: Load) -> None:
    assert plan_of(load, "{stages: [1%], min_duration: 3d}").stages[0].max_duration == 3 * 86_400


# ---------------------------------------------------------------- bounds become triggers


@pytest.mark.parametrize(
    ("bound", "kind", "fields"),
    [
        ("metric: refusal, max: 2%", TriggerKind.EVENTS, {"limit": 0.02, "tolerated": 1.0}),
        ("metric: schema_like, min: 98%", TriggerKind.EVENTS, {"absence": True, "sign": 1}),
        ("metric: refusal, ratio: {max: 1.5}", TriggerKind.EVENTS, {"tolerated": 1.5, "limit": None, "detect": 2.25}),
        ("metric: refusal, ratio: {min: 0.5}", TriggerKind.SCORE, {"factor": 0.5, "sign": -1, "detect": 3.0}),
        ("metric: refusal, delta: {max: 3%}", TriggerKind.SCORE, {"tolerated": 0.03, "sign": 1}),
        ("metric: refusal, delta: {min: -3%}", TriggerKind.SCORE, {"tolerated": 0.03, "sign": -1}),
        ("metric: toxicity, statistic: mean, max: 0.1", TriggerKind.SCORE, {"limit": 0.1}),
        ("metric: latency_ms, max: 4000", TriggerKind.BEYOND, {"threshold": 4000.0, "quantile": 0.95}),
        ("metric: latency_ms, ratio: {max: 1.2}", TriggerKind.BEYOND, {"threshold": None, "stretch": 1.2}),
        ("metric: latency_ms, delta: {max: 300}", TriggerKind.BEYOND, {"threshold": None, "shift": 300.0}),
        ("metric: cost_usd, ratio: {max: 1.1}", TriggerKind.MEAN, {"factor": 1.1, "tolerated": 0.0, "detect": 2.0}),
        ("metric: cost_usd, max: 0.01", TriggerKind.MEAN, {"limit": 0.01}),
        ("metric: latency_ms, statistic: mean, delta: {max: 50}", TriggerKind.MEAN, {"tolerated": 50.0}),
    ],
)  # fmt: skip
def test_each_bound_is_watched_by_the_evidence_of_its_kind(
    load: Load, bound: str, kind: TriggerKind, fields: dict[str, object]
) -> None:
    metrics = "metrics: {schema_like: {scorer: regex, pattern: yes}}\n"
    trigger = plan_of(load, "[5%]", bound, metrics=metrics).triggers[0]
    assert trigger.kind is kind
    assert {name: getattr(trigger, name) for name in fields} == fields


def test_both_sides_of_a_bound_are_watched_each_for_itself(load: Load) -> None:
    plan = plan_of(load, "[5%]", "metric: refusal, delta: 3%")
    assert [(t.name, t.bound, t.sign) for t in plan.triggers[:2]] == [
        ("refusal.above", "refusal", 1),
        ("refusal.below", "refusal", -1),
    ]
    assert plan.triggers[0].said.replace("\u00a0", " ") == "refusal: at most +3 points of baseline"


def test_no_limit_at_an_end_of_a_rate_is_held_against_the_candidate_alone(load: Load) -> None:
    assert only(load, "metric: refusal, max: 0%").limit is None
    assert only(load, "metric: refusal, ratio: {max: 0}").kind is TriggerKind.SCORE


def test_a_slower_half_is_watched_where_both_ends_of_a_quantile_are_bound(load: Load) -> None:
    plan = plan_of(load, "[5%]", "metric: latency_ms, min: 10, max: 4000")
    assert [trigger.name for trigger in plan.triggers] == ["latency_ms", "error_rate"]


@pytest.mark.parametrize(
    ("bound", "why"),
    [
        ("metric: exact_match, min: 80%", "it needs a reference answer, and live requests have none"),
        ("metric: contains, min: 80%", "it needs a reference answer, and live requests have none"),
        ("metric: length.words, shift: {max: 0.2}", "the distance of two distributions cannot be looked at again and again"),
        ("metric: collapse, max: 10%", "it compares answers with each other"),
        ("metric: refusal, max: 3%, severity: warn", "its severity is warn; list it under triggers to roll back on it"),
        ("metric: refusal, max: 3%, on: odd", "live requests may not be tagged odd; list it under triggers if yours are"),
        ("metric: latency_ms, min: 10", "a lower limit of a quantile says nothing of what went wrong"),
    ],
)  # fmt: skip
def test_what_cannot_be_watched_is_named_with_the_reason(load: Load, bound: str, why: str) -> None:
    plan = plan_of(load, "[5%]", bound)
    assert [item.why for item in plan.unwatched] == [why]
    assert [trigger.name for trigger in plan.triggers] == ["error_rate"]


def test_who_asks_somebody_about_every_answer_is_not_waited_for(load: Load) -> None:
    metrics = "metrics: {kind: {scorer: judge, rubric: Is it kind?, by: {provider: simulated}}}\n"
    plan = plan_of(load, "[5%]", "metric: kind, min: 0.8", metrics=metrics)
    assert (
        plan.unwatched[0].why
        == "it asks somebody about every answer, which a canary does not wait for"
    )


def test_a_scorer_that_fails_on_nothing_is_met_again_with_the_requests(
    load: Load, folder: Path
) -> None:
    code = (
        "from evalkit.scorers import *\n"
        "@scorer('odd', values=[Value('odd', Kind.RATE)])\n"
        "def odd(case, sample):\n    raise KeyError('input')\n"
    )
    (folder / "odd.py").write_text(code)
    loaded = load(
        text("[5%]", "metric: odd, max: 3%", metrics="metrics: {odd: {scorer: odd.py}}\n"),
        code_root=folder,
    )
    assert loaded.canary is not None
    assert loaded.canary.triggers[0].name == "odd"


# ---------------------------------------------------------------- triggers of its own


def test_a_trigger_of_the_list_takes_the_place_of_a_bound_of_its_name(load: Load) -> None:
    plan = plan_of(
        load,
        "{stages: [5%], triggers: [{metric: refusal, on: odd, max: 5%, severity: warn}, "
        "{metric: refusal, ratio: {max: 2}}]}",
        "metric: refusal, delta: 3%",
        "metric: refusal, on: odd, max: 3%",
    )
    assert [(t.name, t.limit) for t in plan.triggers] == [
        ("refusal@odd", 0.05), ("refusal", None), ("error_rate", None),
    ]  # fmt: skip
    assert plan.triggers[0].slice.any_of == ("odd",)
    assert plan.unwatched == ()


def test_errors_are_watched_by_the_bound_where_there_is_one_and_not_where_nobody_wants_it(
    load: Load,
) -> None:
    bound = "metric: error_rate, max: 1%"
    assert [t.limit for t in plan_of(load, "[5%]", bound).triggers] == [0.01]
    found = plan_of(load, "{stages: [5%], without: [error_rate]}")
    assert [trigger.name for trigger in found.triggers] == ["refusal"]
    left_out = plan_of(load, "{stages: [5%], without: [refusal]}")
    assert [(item.bound, item.why) for item in left_out.unwatched] == [
        ("refusal", "left out under without")
    ]


def test_a_metric_that_only_the_canary_watches_is_none_of_the_gates(load: Load) -> None:
    loaded = load(text("{stages: [5%], triggers: [{metric: toxicity, ratio: {max: 3}}]}"))
    assert [item.name for item in loaded.envelope.instruments] == ["refusal"]
    assert loaded.canary is not None
    assert {item.name for item in loaded.canary.instruments} == {
        "refusal",
        "toxicity",
        "error_rate",
    }


# ---------------------------------------------------------------- digests


def test_a_rollout_changes_nothing_about_a_gate(load: Load) -> None:
    with_it = load(text("[1%]"))
    without = load(text("[1%]").rpartition("canary")[0])
    assert with_it.digest == without.digest


def test_other_stages_or_bounds_are_another_canary_and_other_hours_are_not(load: Load) -> None:
    usual = plan_of(load, "[1%]").digest
    assert plan_of(load, "[2%]").digest != usual
    assert plan_of(load, "[1%]", "metric: refusal, delta: {max: 4%}").digest != usual
    assert plan_of(load, "{stages: [1%], stale_after: 2h}").digest == usual


# ---------------------------------------------------------------- wrong


@pytest.mark.parametrize(
    ("canary", "expected"),
    [
        ("{}", "canary.stages: required, and not there"),
        ("[]", "canary.stages: expected at least 1 entry, found []"),
        ("3", "canary: expected a mapping, found 3"),
        ("[5]", "canary.stages[0].share: expected a share above 0 and up to 1, found 5; did you mean 5%?"),
        ("[100%]", "canary.stages[0]: the whole traffic leaves no baseline to compare with; leave it out"),
        ("[5%, 5%]", "canary.stages[1]: expected more than the stage before, found 0.05 after 0.05"),
        ("{stages: [5%], stagse: 1}", "canary.stagse: unknown key 'stagse'; did you mean 'stages'? (known: stages, triggers, without, min_duration, max_duration, look, stale_after, confidence, detect, negligible, sample, prometheus)"),
        ("{stages: [5%], look: 10}", "canary.look: expected a length of time from 1s to 366d, such as 10m or 24h, found '10'"),
        ("{stages: [5%], min_duration: 400d}", "canary.min_duration: expected a length of time from 1s to 366d, such as 10m or 24h, found '400d'"),
        ("{stages: [5%], min_duration: 2h, max_duration: 1h}", "canary.max_duration: 1\xa0h is shorter than the min_duration, 2\xa0h"),
        ("{stages: [{share: 5%, min_duration: 2d, max_duration: 1d}]}", "canary.stages[0]: 24\xa0h is shorter than the min_duration, 48\xa0h"),
        ("{stages: [5%], detect: 1}", "canary.detect: expected a number above 1, found 1"),
        ("{stages: [5%], detect: 1.1}", "canary.detect: expected more than the 1.2 times that error_rate tolerates, found 1.1"),
        ("{stages: [5%], without: [refusl]}", "canary.without[0]: no such bound 'refusl'; did you mean 'refusal'? (known: refusal)"),
        ("{stages: [5%], without: [refusal, error_rate]}", "canary.without: nothing is left to watch"),
        ("{stages: [5%], triggers: [{metric: exact_match, min: 80%}]}", "canary.triggers[0]: exact_match cannot be watched: it needs a reference answer, and live requests have none"),
        ("{stages: [5%], triggers: [{metric: refusal, max: 5%}, {metric: refusal, max: 6%}]}", "canary.triggers[1]: a second trigger named 'refusal'; give it a name:"),
        ("{stages: [5%], triggers: [{metric: refsal, max: 5%}]}", "canary.triggers[0].metric: unknown metric 'refsal'; did you mean 'refusal'?"),
        ("{stages: [5%], triggers: [{metric: refusal}]}", "canary.triggers[0]: expected one of min/max, delta, ratio or shift, found none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(
    problems_of: ProblemsOf, canary: str, expected: str
) -> None:
    [found] = problems_of(text(canary))
    assert found.startswith("envelope.yaml:8:")
    assert expected in found


def test_a_wrong_canary_hides_no_other_problem(problems_of: ProblemsOf) -> None:
    found = problems_of(text("[5]", "metric: refsal, max: 3%"))
    assert [line.split(": ")[1] for line in found] == ["bounds[0].metric", "canary.stages[0].share"]


@pytest.mark.parametrize(
    ("canary", "valid"),
    [
        ("[1%, 5%]", True),
        ("{stages: [0.01, {share: 5%, max_duration: 2d}], look: 10 min, detect: 3}", True),
        ("{stages: [1%], triggers: [{metric: refusal, max: 3%}], without: [x]}", True),
        ("{look: 10m}", False),
        ("{stages: [1%], look: 10}", False),
        ("{stages: [1%], stagse: 2}", False),
    ],
)
def test_editors_accept_what_the_reader_accepts(canary: str, *, valid: bool) -> None:
    document = parse_yaml(text(canary), "envelope.yaml").data
    assert Draft7Validator(envelope_schema()).is_valid(document) is valid


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("30s", 30), ("10m", 600), ("10 min", 600), ("1.5h", 5400), (" 2d ", 172_800), ("0.5s", None), ("h", None), ("-1h", None)],
)  # fmt: skip
def test_lengths_of_time_are_read_in_their_units(given: str, seconds: float | None) -> None:
    assert seconds_of(given) == seconds


# ---------------------------------------------------------------- state files


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[]", "expected the state of a canary"),
        ("{}", "expected the state of a canary"),
        ('{"memory": {"run": "x"}}', "memory.digest: not written by this version of evalkit"),
        ('{"memory": {"run": "x", "digest": "d", "requests": [1]}}', "memory.requests"),
        (
            '{"memory": {"run": "x", "digest": "d", "evidence": {}}}',
            "memory.evidence: written by an earlier version of evalkit",
        ),
        ("not JSON", "not JSON"),
    ],
)
def test_a_file_that_is_no_state_is_named_with_a_way_out(content: str, expected: str) -> None:
    with pytest.raises(SpecError, match=expected) as caught:
        state_of(content, "state.json")
    assert str(caught.value).startswith("state.json")
