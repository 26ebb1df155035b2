"""What is published about a detector is read as it stands, and a mistake is looked up by its margin."""

from __future__ import annotations

import math

import pytest

from evalkit.core.registry import SCORERS
from evalkit.features.published import Published, parsed

TEXT = """{"detector": "x@1", "how": "so", "rows": [
  {"value": "x", "source": "s", "model": null, "labelled": 10, "positive": 4, "hits": 3, "false_alarms": 2}
], "bands": {"x": [
  {"start": null, "labelled": 5, "contrary": 0, "mistake": 0.01},
  {"start": 0.0, "labelled": 2, "contrary": 1, "mistake": 0.5},
  {"start": 2.0, "labelled": 3, "contrary": 0, "mistake": 0.02}
]}}"""
DETECTORS = {plugin.name: plugin for plugin in SCORERS.built_in().values() if plugin.accuracy()}


@pytest.fixture
def table() -> Published:
    return parsed(TEXT, "test")


@pytest.mark.parametrize(
    ("margin", "mistake"),
    [(-math.inf, 0.01), (-1e-9, 0.01), (0.0, 0.5), (1.99, 0.5), (2.0, 0.02), (math.inf, 0.02)],
)
def test_a_mistake_is_that_of_the_band(table: Published, margin: float, mistake: float) -> None:
    assert table.mistake("x", margin) == mistake


def test_the_bias_is_measured_less_labelled(table: Published) -> None:
    assert table.rows[0].bias == pytest.approx(0.1)


@pytest.mark.parametrize("name", DETECTORS)
def test_published_counts_are_possible_and_of_values_that_are_declared(name: str) -> None:
    declared = {value.name for value in DETECTORS[name].values}
    for row in DETECTORS[name].accuracy():
        assert row.value in declared
        assert 0 <= row.hits <= row.positive <= row.labelled
        assert 0 <= row.false_alarms <= row.labelled - row.positive
