"""How much of a text repeats itself is counted here."""

from __future__ import annotations

import re
from typing import NamedTuple

READ = 10_000
"""Words of a text that are read: the longest repeat is looked for from each of them."""

_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
_WORD = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])+(?:'[^\W_{_UNSPACED}]+)*")


class Repeated(NamedTuple):
    """The share of runs of n words that stood before in the text, and the longest such run."""

    share: float
    longest: int


def repeated(text: str, run: int) -> Repeated:
    """Return how much of a text repeats itself, of which no more than 10,000 words are read.

    The share is 1 − distinct runs ÷ runs (rep-n; Welleck and others, 2020); 0 where the text is
    shorter than one run. The longest run of words that stands twice does not overlap itself.

    >>> repeated("to be or not to be that is to be or not", 4)
    Repeated(share=0.1111111111111111, longest=4)
    """
    low = text.lower()
    words = (_ASCII_WORD if low.isascii() else _WORD).findall(low)[:READ]
    # A character for each word: runs of words are then pieces of a text, which are quick to find.
    signs: dict[str, str] = {}
    line = "".join([signs.setdefault(word, chr(len(signs))) for word in words])
    total = len(line) - run + 1
    if total <= 0:
        return Repeated(0.0, _longest(line))
    distinct = len({line[start : start + run] for start in range(total)})
    return Repeated((total - distinct) / total, _longest(line))


def _longest(line: str) -> int:
    longest = 0
    for start in range(len(line)):
        while line.find(line[start : start + longest + 1], start + longest + 1) >= 0:
            longest += 1
    return longest
