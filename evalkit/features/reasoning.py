"""How much of its reasoning a text shows is counted here: connectives, stated intent, steps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.text import plain_quotes
from evalkit.features.markdown import Structure

ENOUGH = 2
WORDS_APART = 60
"""Two connectives show reasoning where there is one for so many words; a long text has some anyway."""

# Behind a word there may be a comma, before it a bracket; a phrase may end a line.
_CONNECTIVES = frozenset(
    form
    for word in (
        *("therefore", "thus", "hence", "consequently", "accordingly", "implies", "because"),
        *("since", "so"),
    )
    for form in (word, f"{word},", f"({word}", f"{word}:")
)

CONNECTING = {
    "we ": ("we get ", "we have ", "we can conclude", "we can see", "we know", "then we "),
    " means": ("which means", "this means"),
    "it follows that": ("it follows that",),
    "as a result": ("as a result",),
    "in conclusion": ("in conclusion",),
    "given that": ("given that",),
}
"""Phrases that connect, by what they share: where that is not, none of them is looked for."""

INTENT = {
    "let's ": (
        *("let's think", "let's see", "let's break", "let's work", "let's check", "let's find"),
        *("let's consider", "let's start by", "let's analyze"),
    ),
    " think": ("let us think", "let me think"),
    "step": ("step by step", "step-by-step"),
    "we ": ("we need to", "we can check", "first we ", "first, we "),
    "to determine ": ("to determine ",),
    "to solve ": ("to solve ",),
    "to find out": ("to find out",),
    "chain of thought": ("chain of thought",),
}
"""Phrases by which reasoning is announced, likewise."""

# A pattern that opens with letters is looked for several times as fast as one with a boundary.
_STEP = re.compile(
    r"step(?<!\wstep)[ \t]+(\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)\b"
)


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What of its reasoning a text shows: words that connect, stated intent, steps and what they are.

    ``named`` are the steps that the text calls so.
    """

    words: int
    connectives: int
    intents: int
    named: int
    steps: int

    @property
    def shown(self) -> bool:
        """Whether reasoning is shown: an intent, two steps called so, or connectives close together."""
        close = self.connectives >= ENOUGH and self.connectives * WORDS_APART >= self.words
        return self.intents > 0 or self.named >= ENOUGH or close


def reasoning(text: str, form: Structure) -> Reasoning:
    """Return the reasoning that a text shows, in English words.

    Args:
        text: the answer.
        form: its structure; items of a numbered list are steps where none is called one.

    >>> from evalkit.features.markdown import structure
    >>> text = "Let's think step by step. It has no factors, therefore it is prime."
    >>> found = reasoning(text, structure(text))
    >>> found.intents, found.connectives, found.steps, found.shown
    (2, 1, 0, True)
    """
    lower = plain_quotes(text).lower()
    named = len(set(_STEP.findall(lower))) if "step" in lower else 0
    words = lower.split()
    return Reasoning(
        words=len(words),
        connectives=sum(map(_CONNECTIVES.__contains__, words)) + _count(lower, CONNECTING),
        intents=_count(lower, INTENT),
        named=named,
        steps=named or form.ordered,
    )


def _count(text: str, phrases: Mapping[str, Sequence[str]]) -> int:
    return sum([sum(map(text.count, those)) for shared, those in phrases.items() if shared in text])
