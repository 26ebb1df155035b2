"""What every reader promises, whoever wrote it."""

from __future__ import annotations

import pytest

from evalkit.core.ports import ReaderPlugin
from evalkit.core.registry import READERS
from evalkit.core.traffic import LogExample
from evalkit.testing.readers import (
    example_fault,
    hostile_fault,
    purity_fault,
    recognition_fault,
)

PLUGINS = READERS.built_in()
EXAMPLES = [(plugin, example) for plugin in PLUGINS.values() for example in plugin.examples]
named = pytest.mark.parametrize(
    ("plugin", "example"), EXAMPLES, ids=lambda item: getattr(item, "name", "")
)


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
def test_a_reader_explains_itself_and_shows_at_least_two_examples(plugin: ReaderPlugin) -> None:
    assert plugin.doc.strip()
    assert len(plugin.examples) >= 2


@named
def test_a_reader_does_what_its_examples_say(plugin: ReaderPlugin, example: LogExample) -> None:
    assert example_fault(plugin, example) is None
    assert purity_fault(plugin, example) is None


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
def test_a_reader_knows_its_own_records_and_nobody_elses(plugin: ReaderPlugin) -> None:
    assert recognition_fault(plugin, list(PLUGINS.values())) is None


@named
def test_a_damaged_record_is_a_request_or_malformed_and_nothing_else(
    plugin: ReaderPlugin, example: LogExample
) -> None:
    assert hostile_fault(plugin, example) is None
