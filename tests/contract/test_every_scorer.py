"""What every scorer promises, whoever wrote it."""

from __future__ import annotations

import pytest

from evalkit.core.model import Arm, Case, Sample, Unscored
from evalkit.core.ports import Example, ScorerPlugin
from evalkit.core.registry import SCORERS
from evalkit.testing.scorers import HOSTILE_OUTPUTS, example_fault, purity_fault, range_fault

PLUGINS = SCORERS.built_in()
EXAMPLES = [(plugin, example) for plugin in PLUGINS.values() for example in plugin.examples]


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
def test_a_scorer_explains_itself_and_shows_at_least_three_examples(plugin: ScorerPlugin) -> None:
    assert plugin.doc.strip()
    assert len(plugin.examples) >= 3


@pytest.mark.parametrize(
    ("plugin", "example"), EXAMPLES, ids=lambda item: getattr(item, "name", "")
)
def test_a_scorer_does_what_its_examples_say(plugin: ScorerPlugin, example: Example) -> None:
    assert example_fault(plugin, example) is None


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
@pytest.mark.parametrize("output", HOSTILE_OUTPUTS, ids=HOSTILE_OUTPUTS)
def test_a_scorer_is_pure_and_stays_in_its_range(plugin: ScorerPlugin, output: str) -> None:
    assert purity_fault(plugin, HOSTILE_OUTPUTS[output]) is None
    assert range_fault(plugin, HOSTILE_OUTPUTS[output]) is None


@pytest.mark.parametrize("plugin", [p for p in PLUGINS.values() if p.remote], ids=lambda p: p.name)
@pytest.mark.parametrize("output", HOSTILE_OUTPUTS, ids=HOSTILE_OUTPUTS)
def test_what_a_hostile_judge_says_is_missing_and_never_a_number(
    plugin: ScorerPlugin, output: str
) -> None:
    example = plugin.examples[0]
    options = plugin.options(**example.options)
    answers = [Sample("q", Arm.CANDIDATE, output=HOSTILE_OUTPUTS[output])] * len(example.answers)
    found = plugin(Case("a", "?"), Sample("a", Arm.CANDIDATE, output="!"), options, answers)
    assert all(isinstance(value, Unscored) for value in found.values)
