"""No answer takes a scorer for ever: were time to grow with its square, these would not end."""

from __future__ import annotations

import pytest

from evalkit.core.model import ABSENT, Arm, Case, Sample
from evalkit.core.ports import ScorerPlugin
from evalkit.core.registry import SCORERS

CHARS = 200_000
PIECES = (
    *("x", " ", "\n", ".", "*", "-", "9", "[", "(", "'", '"', "`", "_", "$", "中"),
    *("a. ", "1,", "-1", "1e", "10^", "**yes", "(a) ", "```\n", "answer is ", "not ", "you are "),
    *("i can't ", "as an ", " 'a", "\r\n", "a b c d ", "kill ", "however, ", "important to "),
    *(
        "- ",
        "> ",
        "1. ",
        "[](",
        "[a](b(",
        "|-",
        "**a ",
        "__",
        "# a\n",
        "- a\n",
        "step 1 ",
        "\U0001f468\u200d",
    ),
)
PLUGINS = SCORERS.built_in()


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
@pytest.mark.parametrize("tail", ["", "x"], ids=["", "broken off"])
def test_a_long_dull_answer_is_scored_to_its_end(plugin: ScorerPlugin, tail: str) -> None:
    example = plugin.examples[0]
    reference = ABSENT if example.reference is None else example.reference
    case, options = Case("case", "", reference), plugin.options(**example.options)
    for piece in PIECES:
        text = piece * (CHARS // len(piece)) + tail
        # Whoever asks somebody reads what was answered.
        answers = [Sample("q", Arm.CANDIDATE, output=text)] * len(example.answers)
        plugin(case, Sample("case", Arm.CANDIDATE, output=text), options, answers)
