"""What the command line says stands in the place of what the envelope says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from evalkit.core.errors import SpecError, UsageError
from evalkit.core.model import Arm, SystemPrompt
from evalkit.core.registry import PROVIDERS
from evalkit.spec.envelope import LoadedEnvelope, load_envelope
from evalkit.spec.overrides import Overrides

KNOWN = ", ".join(PROVIDERS.names())

Load: TypeAlias = Callable[..., LoadedEnvelope]
ProblemsOf: TypeAlias = Callable[..., list[str]]

GOOD = """\
version: 1
name: x
golden_set: golden.jsonl
candidate:
  provider: replay
  path: outputs.jsonl
  model: old
  expected_model: old-1
  system_prompt: Be brief.
  params: {max_tokens: 64}
bounds:
  - {metric: length, max: 5}
  - {metric: toxicity, max: 0.5}
"""


@pytest.fixture(autouse=True)
def _here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def path_of(loaded: LoadedEnvelope, arm: Arm) -> str:
    return str(getattr(loaded.envelope.snapshots[arm].options, "path", ""))


# ---------------------------------------------------------------- snapshots


@pytest.mark.parametrize("name", ["new.jsonl", "new.jsonl.gz", "./new.jsonl", "sub/../new.jsonl"])
def test_a_recording_keeps_the_contract_and_drops_the_model(
    load: Load, folder: Path, name: str
) -> None:
    loaded = load(GOOD, overrides=Overrides(candidate=name))
    found = loaded.envelope.candidate
    assert found.provider == "replay"
    assert path_of(loaded, Arm.CANDIDATE) == str((folder / name).resolve())
    assert (found.model, found.expected_model) == (None, None)
    assert found.system_prompt == SystemPrompt("Be brief.")
    assert found.params == {"max_tokens": 64}


def test_the_path_of_a_recording_is_relative_to_where_the_command_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "envelopes").mkdir()
    (folder / "envelopes" / "e.yaml").write_text(GOOD.replace(": golden", ": ../golden"))
    monkeypatch.chdir(folder)
    loaded = load_envelope("envelopes/e.yaml", overrides=Overrides(candidate="new.jsonl"))
    assert path_of(loaded, Arm.CANDIDATE) == str((folder / "new.jsonl").resolve())


def test_a_recording_drops_the_options_of_the_provider_before(load: Load) -> None:
    text = GOOD.replace("path: outputs.jsonl", "path: outputs.jsonl\n  arm: baseline")
    found = load(text, overrides=Overrides(candidate="new.jsonl")).envelope.candidate
    assert getattr(found.options, "arm", "?") is None


def test_a_baseline_may_be_given_where_the_envelope_has_none(load: Load) -> None:
    text = GOOD + "  - {metric: refusal, delta: 3%}\n"
    with pytest.raises(SpecError, match="add baseline"):
        load(text)
    loaded = load(text, overrides=Overrides(baseline="outputs.jsonl"))
    assert list(loaded.envelope.snapshots) == [Arm.BASELINE, Arm.CANDIDATE]


def test_a_snapshot_file_is_read_with_what_it_names(load: Load, folder: Path) -> None:
    (folder / "snapshots").mkdir()
    (folder / "snapshots" / "new.yaml").write_text(
        "provider: replay\npath: ../outputs.jsonl\nmodel: new\n"
        "system_prompt: {file: p.md}\nresponse_schema: s.json\n"
    )
    (folder / "snapshots" / "p.md").write_text("Be kind.")
    (folder / "snapshots" / "s.json").write_text('{"type": "object"}')
    loaded = load(GOOD, overrides=Overrides(candidate="snapshots/new.yaml"))
    found = loaded.envelope.candidate
    assert found.model == "new"
    assert found.system_prompt == SystemPrompt("Be kind.")
    assert found.response_schema == '{"type":"object"}'
    assert found.params == {}
    assert path_of(loaded, Arm.CANDIDATE) == str((folder / "outputs.jsonl").resolve())


def test_a_provider_with_a_model_keeps_everything_else(load: Load, folder: Path) -> None:
    loaded = load(GOOD, overrides=Overrides(candidate="replay:new:2024-08-06"))
    found = loaded.envelope.candidate
    assert found.model == "new:2024-08-06"
    assert found.system_prompt == SystemPrompt("Be brief.")
    assert path_of(loaded, Arm.CANDIDATE) == str((folder / "outputs.jsonl").resolve())


@pytest.mark.parametrize(
    ("value", "kept"), [("replay:old", 8.0), ("replay:new", None), ("anthropic:old", None)]
)
def test_another_model_or_provider_does_not_cost_what_the_one_before_did(
    load: Load, value: str, kept: float | None
) -> None:
    text = GOOD.replace("  model: old\n", "  model: old\n  prices: {input: 2, output: 8}\n")
    found = load(text, overrides=Overrides(candidate=value)).envelope.candidate
    assert (found.prices.output if found.prices else None) == kept


@pytest.mark.parametrize(
    "value", ["", "x", ":x", "x:", ":", "outputs.json", "runs/", "new.jsonl.zip", "new.csv"]
)
@pytest.mark.parametrize("arm", list(Arm))
def test_what_is_no_snapshot_is_answered_with_the_three_forms(
    load: Load, value: str, arm: Arm
) -> None:
    baseline, candidate = (value if arm is side else None for side in Arm)
    with pytest.raises(UsageError) as caught:
        load(GOOD, overrides=Overrides(baseline=baseline, candidate=candidate))
    assert str(caught.value) == (
        f"--{arm} {value}: expected a recording (.jsonl, .jsonl.gz), a snapshot file (.yaml) or "
        "provider:model"
    )


def test_a_path_that_cannot_be_is_no_crash(load: Load, folder: Path) -> None:
    (folder / "loop.jsonl").symlink_to("loop.jsonl")
    for name in ("a\0b.jsonl", "loop.jsonl"):
        assert load(GOOD, overrides=Overrides(candidate=name)).envelope.name == "x"


# ---------------------------------------------------------------- places of problems


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        ("provider: repla\npath: x\n", [f"new.yaml:1:11: candidate.provider: unknown provider 'repla'; did you mean 'replay'? (known: {KNOWN})"]),
        ("path: x\n", ["new.yaml:1:1: candidate.provider: required, and not there"]),
        ("provider: replay\n\npth: x\n", [
            "new.yaml:1:1: candidate.path: required, and not there",
            "new.yaml:3:1: candidate.pth: unknown key 'pth'; did you mean 'path'? (known: path, arm)",
        ]),
        ("provider: replay\npath: x\nprices: {input: -1, output: 0}\n", ["new.yaml:3:17: candidate.prices.input: expected at least 0.0, found -1"]),
        ("provider: replay\nsystem_prompt: {file: none.md}\n", ["new.yaml:2:23: system_prompt.file: none.md: no such file"]),
        ("- 1\n", ["new.yaml:1:1: expected a snapshot: provider, model, …; found [1]"]),
        ("", ["new.yaml:1:1: expected a snapshot: provider, model, …; found null"]),
        ("a: 1\na: 2\n", ["new.yaml:2:1: key 'a' stands twice; it stands in line 1 already"]),
    ],
)  # fmt: skip
def test_a_fault_of_a_snapshot_file_is_placed_in_that_file(
    problems_of: ProblemsOf, folder: Path, snapshot: str, expected: list[str]
) -> None:
    (folder / "new.yaml").write_text(snapshot)
    assert problems_of(GOOD, overrides=Overrides(candidate="new.yaml")) == expected


def test_a_snapshot_file_that_is_not_there_is_named(problems_of: ProblemsOf) -> None:
    assert problems_of(GOOD, overrides=Overrides(baseline="none.yaml")) == [
        "none.yaml: no such file"
    ]


def test_a_fault_of_the_command_line_is_placed_there(problems_of: ProblemsOf) -> None:
    found = problems_of(
        GOOD, overrides=Overrides(candidate="repla:x", repeats=2000, seed=-1, inconclusive="no")
    )
    assert found == [
        "--candidate: candidate.provider: unknown provider 'repla'; did you mean 'replay'? "
        f"(known: {KNOWN})",
        "--inconclusive: inconclusive: expected 'block' or 'warn', found 'no'",
        "--repeats: repeats: expected a number from 1 to 1000, or noise-aware, found 2000",
        "--seed: seed: expected at least 0, found -1",
    ]


def test_a_fault_of_the_envelope_stays_in_the_envelope(problems_of: ProblemsOf) -> None:
    text = GOOD.replace("{max_tokens: 64}", "[64]")
    assert problems_of(text, overrides=Overrides(candidate="replay:x")) == [
        "envelope.yaml:10:11: candidate.params: expected a mapping, found [64]"
    ]


# ---------------------------------------------------------------- the others


def test_numbers_of_the_command_line_stand_in_the_place_of_the_envelope_s(load: Load) -> None:
    text = GOOD + "repeats: 5\nseed: 7\ninconclusive: block\n"
    found = load(text, overrides=Overrides(repeats=2, seed=0, inconclusive="warn")).envelope
    assert (found.repeats, found.seed, found.inconclusive_blocks) == (2, 0, False)
    kept = load(text).envelope
    assert (kept.repeats, kept.seed, kept.inconclusive_blocks) == (5, 7, True)


def test_overrides_are_part_of_what_is_judged(load: Load) -> None:
    plain = load(GOOD)
    changed = load(GOOD, overrides=Overrides(repeats=2))
    assert plain.digest != changed.digest
    assert isinstance(changed.document, dict)
    assert changed.document["repeats"] == 2
    other = load(GOOD.replace("  model: old\n  expected_model: old-1\n", ""))
    elsewhere = load(GOOD, overrides=Overrides(candidate="new.jsonl"))
    assert other.digest == elsewhere.digest


def test_the_document_is_an_envelope_of_its_own(load: Load, folder: Path) -> None:
    (folder / "p.md").write_text("Be kind.")
    text = GOOD.replace("system_prompt: Be brief.", "system_prompt: {file: p.md}")
    loaded = load(text, overrides=Overrides(baseline="outputs.jsonl", seed=3))
    path = folder / "elsewhere" / "envelope.json"
    path.parent.mkdir()
    path.write_text(json.dumps(loaded.document))
    (folder / "p.md").unlink()
    again = load_envelope(path)
    assert again.envelope == loaded.envelope
    assert again.digest == loaded.digest


@pytest.mark.parametrize("text", ["", "- 1\n", "hello\n"])
def test_a_file_that_is_no_mapping_is_told_as_such(problems_of: ProblemsOf, text: str) -> None:
    (found,) = problems_of(text, overrides=Overrides(candidate="x.jsonl", seed=3))
    assert "expected a mapping" in found


def test_only_leaves_the_named_bounds_and_what_they_need(load: Load) -> None:
    text = GOOD.replace("bounds:", "metrics: {spare: {scorer: refusal}}\nbounds:")
    loaded = load(text, overrides=Overrides(only=("toxicity",)))
    assert [bound.name for bound in loaded.envelope.bounds] == ["toxicity"]
    assert [item.name for item in loaded.envelope.instruments] == ["toxicity"]
    assert loaded.envelope.metrics == ()
    assert loaded.narrowed_to == ("toxicity",)
    both = load(text, overrides=Overrides(only=("toxicity", "length")))
    assert [bound.name for bound in both.envelope.bounds] == ["length", "toxicity"]
    assert load(text).narrowed_to == ()


def test_an_unknown_bound_is_answered_with_the_known_ones(load: Load) -> None:
    with pytest.raises(UsageError) as caught:
        load(GOOD, overrides=Overrides(only=("length", "lenght")))
    assert str(caught.value) == (
        "--only lenght: no such bound; did you mean 'length'? (known: length, toxicity)"
    )
