"""Who may watch a recorded baseline, what he takes over from it, and what is wrong otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from evalkit.core.asking import Limits
from evalkit.core.model import Arm, SystemPrompt
from evalkit.providers.simulated import SimulatedOptions
from evalkit.spec.coverage import prompts
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.json_schema import envelope_schema
from evalkit.spec.overrides import Overrides
from evalkit.spec.pins import floating
from evalkit.spec.prices import missing_prices

Load = Callable[..., LoadedEnvelope]
ProblemsOf = Callable[..., list[str]]

RECORDED = "provider: replay, path: outputs.jsonl"
DELTA = "metric: refusal, delta: 3%"


def text(
    sentinel: str, *, baseline: str = RECORDED, bound: str = DELTA, candidate: str = ""
) -> str:
    return (
        "version: 1\nname: x\ngolden_set: golden.jsonl\n"
        f"baseline: {{{baseline}, sentinel: {sentinel}}}\n"
        f"candidate: {{provider: simulated{candidate}}}\nbounds:\n  - {{{bound}}}\n"
    )


# ---------------------------------------------------------------- who is asked


def test_without_one_nobody_watches(load: Load) -> None:
    written = text("x").replace(", sentinel: x", "")
    assert load(written).envelope.sentinel is None


def test_he_is_asked_as_the_baseline_and_the_baseline_stays_recorded(load: Load) -> None:
    envelope = load(text("{share: 10%, provider: simulated, accuracy: 0.7}")).envelope
    assert envelope.sentinel is not None
    assert envelope.sentinel.share == 0.1
    assert cast("SimulatedOptions", envelope.sentinel.snapshot.options).accuracy == 0.7
    assert envelope.live == {Arm.CANDIDATE}
    assert envelope.asked[Arm.BASELINE] is envelope.sentinel.snapshot
    assert envelope.snapshots[Arm.BASELINE].provider == "replay"


@pytest.mark.parametrize(("share", "value"), [("1", 1.0), ("100%", 1.0), ("0.05", 0.05)])
def test_a_share_reaches_up_to_all_cases(load: Load, share: str, value: float) -> None:
    sentinel = load(text(f"{{share: {share}, provider: simulated}}")).envelope.sentinel
    assert sentinel is not None
    assert sentinel.share == value


STATED = (
    f"{RECORDED}, model: m-1, system_prompt: {{text: Be kind., version: 3}}, "
    "prompt: 'Q: {{{{input}}}}', template: jinja, params: {temperature: 0}, concurrency: 4, "
    "response_schema: {type: object}, prices: {input: 1, output: 2}"
).replace("{{{{input}}}}", "{{input}}")


def test_what_he_leaves_out_is_as_the_baseline_states_it(load: Load) -> None:
    loaded = load(text("{share: 10%, provider: openai}", baseline=STATED))
    (found,) = [loaded.envelope.asked[Arm.BASELINE]]
    assert (found.provider, found.model, found.template) == ("openai", "m-1", "jinja")
    assert found.system_prompt == SystemPrompt("Be kind.", 3)
    assert found.params == {"temperature": 0}
    assert found.response_schema == '{"type":"object"}'
    assert found.prices is not None
    assert found.concurrency == 4
    assert set(prompts(loaded.envelope)) == set(Arm)


def test_what_he_says_himself_is_his(load: Load, folder: Path) -> None:
    (folder / "other.txt").write_text("Be brief.")
    sentinel = (
        "{share: 10%, provider: openai, model: m-2, system_prompt: {file: other.txt}, "
        "params: {top_p: 1}}"
    )
    loaded = load(text(sentinel, baseline=STATED))
    found = loaded.envelope.asked[Arm.BASELINE]
    assert found.model == "m-2"
    assert found.system_prompt == SystemPrompt("Be brief.")
    assert found.params == {"top_p": 1}
    inside = cast("dict[str, dict[str, dict[str, object]]]", loaded.document)
    assert inside["baseline"]["sentinel"]["system_prompt"] == {"text": "Be brief."}


def test_a_smoke_run_of_bounds_that_he_does_not_watch_does_not_ask_him(load: Load) -> None:
    bounds = f"{DELTA}}}\n  - {{metric: error_rate, max: 5%"
    written = text("{share: 10%, provider: simulated}", bound=bounds)
    for only, asked in (("refusal", True), ("error_rate", False)):
        envelope = load(written, overrides=Overrides(only=(only,))).envelope
        assert (envelope.sentinel is not None) is asked


# ---------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("sentinel", "problem"),
    [
        ("10%", "sentinel: expected a mapping, found '10%'"),
        ("{provider: simulated}", "sentinel.share: required, and not there"),
        ("{share: 10%}", "sentinel.provider: required, and not there"),
        (
            "{share: 10, provider: simulated}",
            "sentinel.share: expected a share above 0 and up to 1, found 10; did you mean 10%?",
        ),
        (
            "{share: 0, provider: simulated}",
            "sentinel.share: expected a share above 0 and up to 1, found 0",
        ),
        (
            "{share: 101%, provider: simulated}",
            "sentinel.share: expected a share above 0 and up to 1, found 1.01",
        ),
        (
            "{share: 10%, provider: replay, path: outputs.jsonl}",
            "sentinel.provider: replay plays back what was recorded; name the provider that is asked "
            "live",
        ),
        (
            "{share: 10%, provider: openai}",
            "sentinel.model: expected the model to ask; write model: with the endpoint's name of it",
        ),
        (
            "{share: 10%, provider: simulated, accuracy: 3}",
            "sentinel.accuracy: expected a share from 0 to 1, found 3",
        ),
    ],
)
def test_what_is_wrong_with_a_sentinel_is_told_with_its_place(
    problems_of: ProblemsOf, sentinel: str, problem: str
) -> None:
    (found,) = problems_of(text(sentinel))
    assert found.startswith("envelope.yaml:4:")
    assert found.endswith(f": baseline.{problem}")


def test_an_option_that_nobody_knows_is_named_at_its_key(problems_of: ProblemsOf) -> None:
    (found,) = problems_of(text("{share: 10%, provider: simulated, acuracy: 1}"))
    assert "baseline.sentinel.acuracy: unknown key 'acuracy'; did you mean 'accuracy'?" in found


def test_nobody_watches_what_is_asked_live(problems_of: ProblemsOf) -> None:
    sentinel = "{share: 10%, provider: simulated}"
    written = text(sentinel, baseline="provider: simulated", candidate=f", sentinel: {sentinel}")
    of_candidate, of_baseline = sorted(problems_of(written), reverse=True)
    assert of_candidate.endswith(
        "candidate.sentinel: a sentinel watches a recorded baseline; leave it out here"
    )
    assert of_baseline.endswith(
        "baseline.sentinel: a sentinel watches a recorded baseline, and this one is asked live, every "
        "case; leave it out"
    )


def test_nobody_is_paid_for_watching_what_no_bound_is_about(problems_of: ProblemsOf) -> None:
    written = text("{share: 10%, provider: simulated}", bound="metric: length, ratio: {max: 1.2}")
    (found,) = problems_of(written)
    assert found.endswith(
        "baseline.sentinel: a sentinel watches deltas of rates and scores, and no bound is one; leave "
        "it out"
    )


# ---------------------------------------------------------------- the command line


WATCHED = f"{RECORDED}, model: m-1"


def test_another_recording_is_watched_by_whom_the_envelope_asks(load: Load, folder: Path) -> None:
    written = text("{share: 10%, provider: openai}", baseline=WATCHED)
    other = Overrides(baseline=str(folder / "other.jsonl"))
    envelope = load(written, overrides=other).envelope
    assert envelope.snapshots[Arm.BASELINE].model is None
    assert envelope.asked[Arm.BASELINE].model == "m-1"


def test_a_baseline_that_the_command_line_asks_live_needs_no_sentinel(load: Load) -> None:
    written = text("{share: 10%, provider: openai}", baseline=WATCHED)
    envelope = load(written, overrides=Overrides(baseline="simulated:m-1")).envelope
    assert envelope.sentinel is None
    assert envelope.live == set(Arm)


def test_prices_that_nobody_gave_are_the_sentinels_and_change_no_recorded_cost(load: Load) -> None:
    written = text("{share: 10%, provider: openai}", baseline=WATCHED)
    prices = Overrides(prices={Arm.BASELINE: {"input": 1.0, "output": 2.0}})
    envelope = load(written, overrides=prices).envelope
    assert envelope.snapshots[Arm.BASELINE].prices is None
    assert envelope.asked[Arm.BASELINE].prices is not None


def test_his_cost_has_to_be_known_where_cost_is_limited(load: Load) -> None:
    loaded = load(
        text("{share: 10%, provider: openai, base_url: 'http://127.0.0.1:9'}", baseline=WATCHED)
    )
    with pytest.raises(Exception, match="what baseline m-1 costs is not known"):
        missing_prices(loaded, Limits(cost_usd=1.0))


def test_a_name_that_can_move_is_no_pin_for_a_sentinel_either(load: Load) -> None:
    recorded = f"{RECORDED}, model: gpt-4o"
    loaded = load(text("{share: 10%, provider: openai}", baseline=recorded))
    (found,) = floating(loaded)
    assert "expected a pinned model, found 'gpt-4o'" in found.message
    assert found.place.line == 4


def test_editors_know_it_with_the_options_of_every_provider() -> None:
    definitions = cast("dict[str, dict[str, object]]", envelope_schema()["definitions"])
    sentinel = definitions["SentinelFile"]
    assert set(cast("list[str]", sentinel["required"])) == {"provider", "share"}
    assert sentinel["additionalProperties"] is False
    assert {"accuracy", "base_url", "share"} <= set(
        cast("dict[str, object]", sentinel["properties"])
    )
    assert "sentinel" in json.dumps(definitions["SnapshotFile"])
