"""How a text opens and how it closes: in normalised words, so that the same phrase is the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evalkit.core.text import plain_quotes, sentences

NOTHING = "none"
"""The opening and the closing of a text without a word."""

READ = 1_000
"""Characters at either end of a text in which its opening or closing is looked for."""

MOST_WORDS = 10
"""So many words of an opening or a closing are one category at most."""

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def opening(text: str, words: int) -> str:
    """Return the first words of a text in small letters, without marks; "none" where it has none.

    >>> opening("**Certainly!** Here’s a list:", 3)
    "certainly here's a"
    """
    found = []
    for word in _WORD.finditer(plain_quotes(text[:READ]).casefold()):
        found.append(word.group())
        if len(found) == words:
            break
    return " ".join(found) or NOTHING


def closing(text: str, words: int) -> str:
    """Return the first words of the last sentence in small letters; "none" where there is none.

    >>> closing("It is so. Let me know if you need more!", 3)
    'let me know'
    """
    return opening(_last_sentence(text), words)


def words_of(phrase: str) -> str:
    """Return a phrase as ``opening`` writes one, however long it is.

    >>> words_of("I’m sorry, but")
    "i'm sorry but"
    """
    return " ".join(_WORD.findall(plain_quotes(phrase).casefold()))


def listed(phrases: Sequence[str], words: int) -> tuple[str, ...]:
    """Return the phrases that somebody looks for as ``words_of`` writes them.

    Args:
        phrases: as somebody wrote them.
        words: how many words of a text are read beside them.

    Raises:
        ValueError: no words, or too many, are read, or a phrase has none.
    """
    if not 1 <= words <= MOST_WORDS:
        raise ValueError(f"words: expected 1 to {MOST_WORDS}, found {words}")
    found = tuple(words_of(phrase) for phrase in phrases)
    if "" in found:
        raise ValueError("phrases: expected phrases with a word in each, found one without")
    return found


def opens_with(text: str, phrases: tuple[str, ...]) -> str | None:
    """Return the first of some normalised phrases that a text opens with, at a word's end.

    >>> opens_with("Sure thing, here it is.", ("certainly", "sure"))
    'sure'
    >>> opens_with("Surely not.", ("sure",)) is None
    True
    """
    longest = max((phrase.count(" ") for phrase in phrases), default=0) + 1
    start = opening(text, longest) + " "
    return next((phrase for phrase in phrases if start.startswith(phrase + " ")), None)


def closes_with(text: str, phrases: tuple[str, ...]) -> str | None:
    """Return the first of some normalised phrases that stands in the last sentence of a text.

    >>> closes_with("It is 7. I hope this helps!", ("let me know", "hope this helps"))
    'hope this helps'
    """
    last = f" {words_of(_last_sentence(text))} "
    return next((phrase for phrase in phrases if f" {phrase} " in last), None)


def _last_sentence(text: str) -> str:
    pieces = sentences(plain_quotes(text.rstrip()[-READ:]))
    return pieces[-1] if pieces else ""
