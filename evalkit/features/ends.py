"""How a text begins and how it ends, as runs of words that other texts may share."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 4
"""Words of the longest opening."""
LOOKED_AT = 400
"""Characters at either end; nothing that many texts share is longer."""
LONGEST_WORD = 24
"""A longer run without a space is of a script that has none, or no word."""
PARTS = (2, 4, 8)
"""Of such a run so many characters are taken."""
LONGEST_ANSWER = 40
"""Characters of an answer that is compared as a whole."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)*_]*\s+|(?<=[。！？])|\n+")


def openings(text: str) -> Iterator[str]:
    r"""Yield the first word of a text, the first two, and so on, as they are written.

    >>> list(openings("Certainly! Here is\na list"))
    ['Certainly!', 'Certainly! Here', 'Certainly! Here is']
    """
    start = text[:LOOKED_AT].lstrip()
    yield from _runs(start.partition("\n")[0])


def closings(text: str) -> Iterator[str]:
    """Yield likewise how the last sentence of a text begins, where it has more than one.

    >>> list(closings("Paris. Let me know!"))
    ['Let', 'Let me', 'Let me know!']
    """
    end = text.rstrip()[-LOOKED_AT:]
    sentences = [part for part in _SENTENCE_END.split(end) if part.strip()]
    if len(sentences) > 1:
        yield from _runs(sentences[-1].strip())


def whole(text: str) -> str:
    r"""Return a short text in one line, and of a long one nothing.

    >>> whole(" [No]\n"), whole("a" * 41)
    ('[No]', '')
    """
    if len(text) > LOOKED_AT:
        return ""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_ANSWER else ""


def _runs(line: str) -> Iterator[str]:
    words = line.split()[:LONGEST]
    if words and len(words[0]) > LONGEST_WORD:
        yield from (words[0][:size] for size in PARTS)
        return
    for count in range(1, len(words) + 1):
        run = " ".join(words[:count])
        if len(words[count - 1]) <= LONGEST_WORD:
            yield run
