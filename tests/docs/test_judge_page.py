"""The envelopes and the scorer of the page about judges are what evalkit takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from evalkit.core.registry import SCORERS
from evalkit.spec.envelope import load_envelope
from evalkit.testing.scorers import HOSTILE_OUTPUTS, example_fault, purity_fault, range_fault
from tests.docs.pages import blocks

PAGE = "docs/judge.md"
PARTS = [block.text for block in blocks(PAGE) if block.language == "yaml"]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_an_envelope_on_the_page_is_part_of_one(tmp_path: Path, part: str) -> None:
    (tmp_path / "golden.jsonl").write_text('{"id": "a", "input": "Hi"}\n')
    (tmp_path / "rubric.md").write_text("Be kind, and be brief.")
    (tmp_path / "out.jsonl").write_text('{"id": "a", "output": "Ho"}\n')
    recorded = {"provider": "replay", "path": "out.jsonl"}
    whole = {"version": 1, "name": "e", "golden_set": "golden.jsonl"}
    arms = {"baseline": recorded, "candidate": recorded}
    path = tmp_path / "envelope.json"
    path.write_text(json.dumps({**whole, **arms, **yaml.safe_load(part)}))
    assert load_envelope(path).envelope.consulted


def test_the_scorer_of_the_page_keeps_the_contract(tmp_path: Path) -> None:
    [scorer] = (block.text for block in blocks(PAGE) if block.language == "python")
    path = tmp_path / "polite.py"
    path.write_text(scorer)
    plugin = SCORERS.get(str(path))
    assert plugin.remote is not None
    assert not any(example_fault(plugin, example) for example in plugin.examples)
    assert not any(purity_fault(plugin, text) for text in HOSTILE_OUTPUTS.values())
    assert not any(range_fault(plugin, text) for text in HOSTILE_OUTPUTS.values())
