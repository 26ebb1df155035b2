"""What an envelope may ask of an arm that is asked live, and what only of one that is recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.core.model import Arm
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.overrides import Overrides

Load = Callable[..., LoadedEnvelope]
ProblemsOf = Callable[..., list[str]]

LIVE = "{provider: simulated}"
RECORDED = "{provider: replay, path: outputs.jsonl}"


def text(bound: str, *, baseline: str = LIVE, candidate: str = LIVE, more: str = "") -> str:
    return (
        "version: 1\nname: x\ngolden_set: golden.jsonl\n"
        f"baseline: {baseline}\ncandidate: {candidate}\nbounds:\n  - {{{bound}}}\n{more}"
    )


# ---------------------------------------------------------------- times of two days


TIME = "metric: latency_ms"
UNLIKE = [(RECORDED, LIVE, "candidate"), (LIVE, RECORDED, "baseline")]


@pytest.mark.parametrize(("baseline", "candidate", "live"), UNLIKE)
@pytest.mark.parametrize("limit", ["delta: {max: 100}", "ratio: {max: 1.2}", "shift: {max: 0.1}"])
def test_a_time_of_today_is_not_compared_with_a_recorded_one_in_silence(
    problems_of: ProblemsOf, baseline: str, candidate: str, live: str, limit: str
) -> None:
    (found,) = problems_of(text(f"{TIME}, {limit}", baseline=baseline, candidate=candidate))
    assert found == (
        f"envelope.yaml:7:5: bounds[0]: the {live} is asked live and the other arm is recorded: their "
        "times are of different days; write max: instead, ask both live, or say recorded_time: "
        "comparable"
    )


@pytest.mark.parametrize(("baseline", "candidate", "live"), UNLIKE)
def test_a_user_may_say_that_recorded_times_are_comparable(
    load: Load, baseline: str, candidate: str, live: str
) -> None:
    written = f"{TIME}, ratio: {{max: 1.2}}, recorded_time: comparable"
    envelope = load(text(written, baseline=baseline, candidate=candidate)).envelope
    assert envelope.bounds[0].recorded_time
    assert envelope.live == {Arm(live)}


@pytest.mark.parametrize("arms", [(LIVE, LIVE), (RECORDED, RECORDED)])
def test_times_of_one_day_are_compared_as_they_are(load: Load, arms: tuple[str, str]) -> None:
    baseline, candidate = arms
    written = text(f"{TIME}, ratio: {{max: 1.2}}", baseline=baseline, candidate=candidate)
    assert not load(written).envelope.bounds[0].recorded_time


@pytest.mark.parametrize(
    ("bound", "candidate", "baseline"),
    [
        (f"{TIME}, ratio: {{max: 1.2}}", LIVE, LIVE),
        (f"{TIME}, ratio: {{max: 1.2}}", RECORDED, RECORDED),
        (f"{TIME}, max: 900", LIVE, RECORDED),
        ("metric: length, delta: {max: 5}", LIVE, RECORDED),
    ],
)
def test_what_compares_no_recorded_time_need_not_excuse_itself(
    problems_of: ProblemsOf, bound: str, candidate: str, baseline: str
) -> None:
    written = text(f"{bound}, recorded_time: comparable", baseline=baseline, candidate=candidate)
    (found,) = problems_of(written)
    assert found.endswith(
        ": bounds[0].recorded_time: is for a time that compares a live with a recorded arm; leave it out"
    )


# ---------------------------------------------------------------- noise-aware repeats


NOISE_AWARE = "repeats: noise-aware\n"


@pytest.mark.parametrize("candidate", [LIVE, RECORDED])
def test_the_noise_of_a_baseline_that_is_asked_live_is_not_known_beforehand(
    problems_of: ProblemsOf, candidate: str
) -> None:
    written = text("metric: length, delta: 5", candidate=candidate, more=NOISE_AWARE)
    assert problems_of(written) == [
        "envelope.yaml:8:10: repeats: noise-aware needs a recorded baseline, and this one is asked live"
    ]


def test_the_noise_of_a_recorded_baseline_tells_how_often_a_live_candidate_is_asked(
    load: Load,
) -> None:
    written = text("metric: length, delta: 5", baseline=RECORDED, more=NOISE_AWARE)
    envelope = load(written).envelope
    assert (envelope.repeats, envelope.noisy_repeats) == (1, 3)
    assert envelope.live == {Arm.CANDIDATE}


# ---------------------------------------------------------------- another model


SERVED = (
    "{provider: openai, model: m-1, base_url: 'http://127.0.0.1:9/v1', expected_model: m-1-2026, "
    "system_prompt: Be brief., concurrency: 3, params: {max_tokens: 64}}"
)


def test_another_provider_keeps_the_contract_and_drops_the_options_of_the_one_before(
    load: Load,
) -> None:
    written = text("metric: length, max: 5", candidate=SERVED)
    found = load(written, overrides=Overrides(candidate="anthropic:c-1")).envelope.candidate
    assert (found.provider, found.model) == ("anthropic", "c-1")
    assert "127.0.0.1" not in str(found.options)
    assert found.system_prompt is not None
    assert (found.system_prompt.text, found.concurrency) == ("Be brief.", 3)
    assert found.params == {"max_tokens": 64}


def test_another_model_of_one_provider_is_asked_at_the_same_place(load: Load) -> None:
    written = text("metric: length, max: 5", candidate=SERVED)
    found = load(written, overrides=Overrides(candidate="openai:m-2")).envelope.candidate
    assert found.model == "m-2"
    assert getattr(found.options, "base_url", None) == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize("given", ["openai:m-2", "anthropic:m-2"])
def test_another_model_is_not_expected_to_answer_under_the_name_of_the_one_before(
    load: Load, given: str
) -> None:
    written = text("metric: length, max: 5", candidate=SERVED)
    assert load(written).envelope.candidate.expected_model == "m-1-2026"
    found = load(written, overrides=Overrides(candidate=given)).envelope.candidate
    assert found.expected_model is None


def test_the_same_model_is_expected_under_the_same_name(load: Load) -> None:
    written = text("metric: length, max: 5", candidate=SERVED)
    found = load(written, overrides=Overrides(candidate="openai:m-1")).envelope.candidate
    assert found.expected_model == "m-1-2026"


def test_an_arm_that_was_recorded_is_asked_where_the_command_line_says_so(
    load: Load, folder: Path
) -> None:
    written = text("metric: length, max: 5", baseline=RECORDED, candidate=RECORDED)
    assert load(written).envelope.live == frozenset()
    found = load(written, overrides=Overrides(candidate="simulated:s-1"))
    assert found.envelope.live == {Arm.CANDIDATE}
    assert str(folder) not in str(found.envelope.candidate)
