"""Whom a metric asks about the answers is a snapshot of its own, read and checked like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from evalkit.core.envelope import Kind
from evalkit.core.errors import SpecError
from evalkit.core.model import Prices
from evalkit.core.secrets import names_in
from evalkit.spec.envelope import LoadedEnvelope, load_envelope
from evalkit.spec.json_schema import envelope_schema

OPENAI = {"provider": "openai", "model": "gpt-4.1-2025-04-14", "api_key": "${env:KEY}"}
RUBRIC = "Be kind, and be brief."


def written(
    folder: Path, metric: dict[str, Any] | None, bound: dict[str, Any] | None = None, **keys: Any
) -> Path:
    """Write an envelope with one metric that asks somebody."""
    (folder / "golden.jsonl").write_text('{"id": "a", "input": "Hi"}\n')
    (folder / "out.jsonl").write_text('{"id": "a", "output": "Ho"}\n')
    (folder / "rubric.md").write_text(RUBRIC)
    document = {
        "version": 1,
        "name": "e",
        "golden_set": "golden.jsonl",
        "candidate": {"provider": "replay", "path": "out.jsonl"},
        "bounds": [bound or {"metric": "tone", "min": 0.5}],
        **({} if metric is None else {"metrics": {"tone": metric}}),
        **keys,
    }
    path = folder / "envelope.json"
    path.write_text(json.dumps(document))
    return path


def loaded(folder: Path, metric: dict[str, Any] | None, **keys: Any) -> LoadedEnvelope:
    return load_envelope(written(folder, metric, **keys))


def problems(folder: Path, metric: dict[str, Any] | None, **keys: Any) -> str:
    with pytest.raises(SpecError) as caught:
        loaded(folder, metric, **keys)
    return str(caught.value)


def judge(**options: Any) -> dict[str, Any]:
    return {"scorer": "judge", "rubric": RUBRIC, "by": OPENAI, **options}


def test_a_judge_is_a_snapshot_with_the_schema_of_a_verdict(tmp_path: Path) -> None:
    prices = {"input": 2.0, "output": 8.0}
    found = loaded(tmp_path, judge(by={**OPENAI, "prices": prices, "concurrency": 4}))
    by = found.envelope.consulted["tone"]
    assert (by.provider, by.model, by.concurrency) == ("openai", OPENAI["model"], 4)
    assert (by.params, by.prices) == ({"temperature": 0}, Prices(2.0, 8.0))
    assert '"enum":["yes","no"]' in (by.response_schema or "")
    assert found.envelope.asks
    assert not found.envelope.asked


def test_what_the_user_says_of_parameters_and_schema_is_what_is_sent(tmp_path: Path) -> None:
    by = loaded(tmp_path, judge(by={**OPENAI, "params": {}}, structured=False)).envelope.consulted
    assert (by["tone"].params, by["tone"].response_schema) == ({}, None)


def test_a_provider_of_no_vendor_gets_no_parameters(tmp_path: Path) -> None:
    found = loaded(tmp_path, judge(by={"provider": "simulated"}))
    assert found.envelope.consulted["tone"].params == {}


def test_a_rubric_in_a_file_is_read_into_the_envelope(tmp_path: Path) -> None:
    inside = loaded(tmp_path, judge(rubric={"file": "rubric.md"}))
    beside = loaded(tmp_path, judge())
    assert cast("Any", inside.document)["metrics"]["tone"]["rubric"] == RUBRIC
    assert (inside.digest, inside.scorers) == (beside.digest, beside.scorers)
    assert "rubric.file" in problems(tmp_path, judge(rubric={"file": "nowhere.md"}))


def test_a_rubric_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    found = problems(tmp_path, judge(rubric={"file": "gone.md"}))
    assert found.count("\n") == 0
    assert "metrics.tone.rubric.file: " in found
    assert "no such file" in found


def test_the_id_of_a_scorer_that_asks_tells_whom_and_by_which_options(tmp_path: Path) -> None:
    ids = {
        name: loaded(tmp_path, metric).scorers["tone"]
        for name, metric in {
            "one": judge(),
            "hurried": judge(by={**OPENAI, "concurrency": 2, "timeout": 5}),
            "rubric": judge(rubric="Be rude, and be long."),
            "model": judge(by={**OPENAI, "model": "gpt-4.1-mini-2025-04-14"}),
        }.items()
    }
    assert ids["one"].startswith("judge@1:")
    assert ids["one"] == ids["hurried"]
    assert len(set(ids.values())) == 3


def test_how_fast_a_judge_is_asked_is_no_part_of_the_question(tmp_path: Path) -> None:
    one = loaded(tmp_path, judge())
    hurried = loaded(tmp_path, judge(by={**OPENAI, "concurrency": 2}))
    other = loaded(tmp_path, judge(by={**OPENAI, "params": {"temperature": 1}}))
    assert one.digest == hurried.digest != other.digest


def test_the_scale_decides_what_kind_of_number_is_measured(tmp_path: Path) -> None:
    rate = loaded(tmp_path, judge()).envelope.bounds[0].metric
    scale = loaded(tmp_path, judge(scale="1-5")).envelope.bounds[0].metric
    assert (rate.kind, rate.labels, scale.kind) == (Kind.RATE, ("yes", "no"), Kind.SCORE)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"scorer": "judge", "rubric": RUBRIC}, "name him with by: {provider: …, model: …}"),
        (judge(by="openai"), "metrics.tone.by: expected a mapping"),
        (judge(by={"model": "m"}), "metrics.tone.by.provider: required, and not there"),
        (judge(by={"provider": "opnai"}), "did you mean 'openai'?"),
        (
            judge(by={"provider": "replay", "path": "out.jsonl"}),
            "replay plays back what was recorded",
        ),
        (judge(by={**OPENAI, "base": "x"}), "metrics.tone.by.base: unknown key 'base'"),
        (judge(by={**OPENAI, "prompt": "Hi"}), "unknown key 'prompt'"),
        (judge(by={**OPENAI, "params": {"stream": True}}), "metrics.tone.by.params.stream"),
        (judge(by={"provider": "openai"}), "metrics.tone.by.model"),
        (judge(scale="5-1"), "scale: expected yes-no, or two whole numbers such as 1-5"),
        (judge(scale="good"), "scale: expected yes-no, or two whole numbers such as 1-5"),
        (judge(scale="0-900"), "scale: expected yes-no, or two whole numbers such as 1-5"),
        (judge(repeats=2), "repeats: expected an odd number with yes-no"),
        (judge(repeats=0, scale="1-5"), "repeats: expected 1 to 25, found 0"),
        (judge(rubric="rubric.md"), "write rubric: {file: PATH}"),
        ({"scorer": "guard", "prompt": "Safe?", "by": OPENAI}, "expected the place {answer}"),
        (
            {"scorer": "moderation", "categories": ["hat"]},
            "no category 'hat'; did you mean 'hate'?",
        ),
        ({"scorer": "preference", "rubric": RUBRIC, "by": OPENAI}, "tone compares with a baseline"),
        ({"scorer": "preference", "rubric": "x.md", "by": OPENAI}, "write rubric: {file: PATH}"),
        ({"scorer": "refusal", "by": OPENAI}, "unknown key 'by'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, metric: dict[str, Any], message: str
) -> None:
    assert message in problems(tmp_path, metric)


def test_draws_cannot_hang_on_what_is_asked_when_they_are_there(tmp_path: Path) -> None:
    recorded = {"provider": "replay", "path": "out.jsonl"}
    keys: dict[str, Any] = {"repeats": "noise-aware", "baseline": recorded}
    found = problems(tmp_path, judge(), bound={"metric": "tone", "delta": 0.1}, **keys)
    assert "repeats: noise-aware looks at the baseline before the candidate is asked" in found
    assert loaded(tmp_path, judge(), **keys).envelope.noisy_repeats == 3


def test_moderation_needs_no_metric_of_its_own(tmp_path: Path) -> None:
    by = loaded(tmp_path, None, bound={"metric": "moderation", "max": 0.5}).envelope.consulted
    asked = by["moderation"]
    assert (asked.provider, asked.model) == ("http", "omni-moderation-2024-09-26")
    assert "${env:OPENAI_API_KEY}" in str(asked.options)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ({"timeout": 9}, ["OPENAI_API_KEY"]),
        ({"url": "http://127.0.0.1:9/v1/moderations"}, []),
        ({"provider": "openai", "model": "m"}, []),
    ],
)
def test_a_key_is_named_for_its_own_address_only(
    tmp_path: Path, by: dict[str, Any], keys: list[str]
) -> None:
    found = loaded(tmp_path, {"scorer": "moderation", "by": by}).envelope.consulted["tone"]
    assert list(names_in(str(found.options))) == keys


def test_the_grammar_for_editors_knows_whom_metrics_ask() -> None:
    definitions = cast("dict[str, Any]", envelope_schema()["definitions"])
    forms = {form.get("title"): form for form in definitions["MetricFile"]["anyOf"]}
    assert "by" in forms["judge"]["required"]
    assert "by" not in forms["moderation"]["required"]
    assert "by" not in forms["refusal"]["properties"]
    asked = definitions["ConsultedFile"]["properties"]
    assert {"provider", "model", "base_url", "function", "prices"} <= set(asked)
    assert "system_prompt" not in asked
    import jsonschema

    schema = envelope_schema()
    good = {
        "version": 1, "name": "e", "golden_set": "g.jsonl", "candidate": {"provider": "simulated"},
        "metrics": {"tone": judge(rubric={"file": "rubric.md"})},
        "bounds": [{"metric": "tone", "min": 0.5}],
    }  # fmt: skip
    jsonschema.validate(good, schema)
    cast("Any", good)["metrics"]["tone"]["by"] = {"model": "m"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(good, schema)
