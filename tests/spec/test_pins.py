"""The snapshots of an envelope are read as names of the vendor whose server they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.core.errors import Place
from evalkit.core.lifecycle import Pin
from evalkit.core.model import Arm
from evalkit.core.registry import PROVIDERS
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.overrides import Overrides
from evalkit.spec.pins import classified, floating

Load = Callable[..., LoadedEnvelope]
TEXT = """\
version: 1
name: pins
golden_set: golden.jsonl
baseline: {{provider: replay, path: outputs.jsonl, model: gpt-4o}}
candidate:
  provider: openai
{candidate}
bounds:
  - {{metric: error_rate, max: 5%}}
"""


def loaded(load: Load, *lines: str, provider: str = "openai") -> LoadedEnvelope:
    text = TEXT.format(candidate="\n".join(f"  {line}" for line in lines))
    return load(text.replace("provider: openai", f"provider: {provider}"))


def pin(envelope: LoadedEnvelope) -> Pin | None:
    snapshot = envelope.envelope.snapshots[Arm.CANDIDATE]
    found = classified(snapshot, PROVIDERS.get(snapshot.provider))
    return found.pin if found else None


@pytest.mark.parametrize(
    ("provider", "lines", "expected"),
    [
        ("openai", ["model: gpt-4o-2024-08-06"], Pin.PINNED),
        ("openai", ["model: gpt-4o"], Pin.FLOATING),
        ("openai", ["model: gpt-6-sol"], Pin.UNVERSIONED),
        ("openai-responses", ["model: gpt-4o-2024-08-06"], Pin.PINNED),
        ("openai", ["model: gpt-4o", "base_url: http://127.0.0.1:8000/v1"], Pin.UNKNOWN),
        ("openai", ["model: 'llama3.1:8b'", "base_url: http://127.0.0.1:11434/v1"], Pin.FLOATING),
        ("openai", ["model: mine", "base_url: https://x.openai.azure.com/openai/v1"], Pin.UNKNOWN),
        (
            "openai",
            ["model: mine", "base_url: https://x.openai.azure.com/openai/v1",
             "expected_model: gpt-4o-2024-08-06"],
            Pin.PINNED,
        ),
        ("anthropic", ["model: claude-opus-4-6", "params: {max_tokens: 100}"], Pin.PINNED),
        ("anthropic", ["model: claude-sonnet-4-5", "params: {max_tokens: 100}"], Pin.FLOATING),
        ("gemini", ["model: gemini-2.5-pro"], Pin.UNVERSIONED),
        ("gemini", ["model: gemini-flash-latest"], Pin.FLOATING),
        ("bedrock", ["model: 'anthropic.claude-haiku-4-5-20251001-v1:0'", "region: us-east-1"],
         Pin.PINNED),
    ],
)  # fmt: skip
def test_a_snapshot_is_classified_by_the_server_it_names(
    load: Load, provider: str, lines: list[str], expected: Pin
) -> None:
    assert pin(loaded(load, *lines, provider=provider)) is expected


def test_a_floating_name_is_a_problem_where_it_is_written(load: Load) -> None:
    [problem] = floating(loaded(load, "model: gpt-4o"))
    assert (problem.place.line, problem.place.column) == (7, 10)
    assert problem.where == "candidate.model"
    assert problem.message.startswith("expected a pinned model, found 'gpt-4o': the name of a fam")


def test_only_what_floats_is_a_problem_and_a_recording_never_is(load: Load) -> None:
    for model in ("gpt-4o-2024-08-06", "gpt-6-sol", "who-knows"):
        assert floating(loaded(load, f"model: {model}")) == []


def test_a_floating_name_of_the_command_line_is_a_problem_there(load: Load) -> None:
    text = TEXT.format(candidate="  model: gpt-4o-2024-08-06")
    [problem] = floating(load(text, overrides=Overrides(candidate="openai:gpt-4o")))
    assert str(problem.place) == "--candidate"
    assert problem.where == "candidate.model"


def test_a_floating_name_of_a_snapshot_file_is_a_problem_in_that_file(
    load: Load, tmp_path: Path
) -> None:
    text = TEXT.format(candidate="  model: gpt-4o-2024-08-06")
    own = tmp_path / "next.yaml"
    own.write_text("provider: openai\nmodel: gpt-4o\n")
    [problem] = floating(load(text, overrides=Overrides(candidate=str(own))))
    assert problem.place == Place(str(own), 2, 8)
