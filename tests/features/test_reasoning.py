"""Reasoning is counted by the phrases that show it, and by steps that are called so."""

from __future__ import annotations

import pytest

from evalkit.features.markdown import PLAIN
from evalkit.features.reasoning import CONNECTING, INTENT, Reasoning, reasoning


def read(text: str) -> Reasoning:
    return reasoning(text, PLAIN)


@pytest.mark.parametrize("phrase", [phrase for those in CONNECTING.values() for phrase in those])
def test_every_phrase_that_connects_is_counted_as_often_as_it_stands(phrase: str) -> None:
    assert read(f"x, {phrase} y. And {phrase} z").connectives == 2


@pytest.mark.parametrize("phrase", [phrase for those in INTENT.values() for phrase in those])
def test_every_stated_intent_is_counted_as_often_as_it_stands(phrase: str) -> None:
    assert read(f"x, {phrase} y. And {phrase} z").intents == 2


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Step 1: add. Step 2: divide. See step 1.", 2),
        ("(step one) and step\ttwo", 2),
        ("A misstep 1 and footstep 2", 0),
        ("step 1234, stepped 1, steps 2", 0),
        ("Step\n1", 0),
    ],
)
def test_a_step_is_one_that_is_called_so(text: str, steps: int) -> None:
    assert read(text).named == steps
