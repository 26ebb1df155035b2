"""Texts that say nearly the same are found here, so that none is judged by a model that saw the other."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

SIZE = 4
"""Letters of a piece by which texts are compared."""

SHARED = 0.6
"""Texts that share this part of all their pieces are taken for one."""

TOO_COMMON = 400
"""A piece of so many texts tells nothing of any."""

_SIGNS = re.compile(r"\W+")


def groups(texts: Sequence[str], pairs: Sequence[str]) -> list[int]:
    """Return a number for each text, the same for those of one pair and for those that are alike.

    Letters alone are compared: a text and the same with another emoji are alike. So are texts without
    words that hold the same emoji.
    """
    parents = list(range(len(texts)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    first: dict[str, int] = {}
    pieces: list[frozenset[str]] = []
    holders: dict[str, list[int]] = defaultdict(list)
    for number, (text, pair) in enumerate(zip(texts, pairs, strict=True)):
        words = _SIGNS.sub(" ", text.lower()).split()
        wordless = (
            "" if len(words) > 1 else "".join(sorted(set(text.lower()) - set(" \ufe0f\u200d")))
        )
        for key in (f"pair {pair}", wordless):
            if key:
                parents[root(number)] = root(first.setdefault(key, number))
        own = _pieces(" ".join(words)) if len(words) > 1 else frozenset[str]()
        common = Counter(
            other for piece in own if len(holders[piece]) < TOO_COMMON for other in holders[piece]
        )
        for other, count in common.items():
            if count >= SHARED * (len(own) + len(pieces[other]) - count):
                parents[root(number)] = root(other)
        pieces.append(own)
        for piece in own:
            holders[piece].append(number)
    return [root(number) for number in range(len(texts))]


def _pieces(text: str) -> frozenset[str]:
    padded = f" {text} "
    return frozenset(padded[start : start + SIZE] for start in range(len(padded) - SIZE + 1))
