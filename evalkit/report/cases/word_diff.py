"""Two texts become parts that are alike and parts that are not, word by word.

Words that occur once on both sides are the anchors ("patience" diff), and whatever lies between
two anchors is looked at again. It takes time in proportion to the length of the texts, whatever
they hold, and does not tear sentences to pieces over a shared "the".
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

LEAST_COMMON = 0.3
"""Texts that share fewer of their words were rewritten: marking them would mark everything."""

DEEPEST = 4
"""How often the words between two anchors are looked at again: hostile texts could nest forever."""

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"\s+|[{_UNSPACED}]\s*|[^\s{_UNSPACED}]+\s*")

Pairs: TypeAlias = list[tuple[int, int]]
_Chain: TypeAlias = "tuple[int, int, _Chain | None]"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of one text, and whether the other text has it too."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class WordDiff:
    """Both texts in parts. Where they were ``rewritten``, nothing is marked."""

    before: tuple[Part, ...]
    after: tuple[Part, ...]
    rewritten: bool = False


def word_diff(before: str, after: str) -> WordDiff:
    """Return what differs between two texts; the parts of each join to it again.

    >>> word_diff("It is a prime.", "It is no prime.").after
    (Part(text='It is ', changed=False), Part(text='no', changed=True), Part(text=' prime.', changed=False))
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    least = max(1, LEAST_COMMON * (len(old) + len(new)) / 2)
    pairs = _common([word.rstrip() for word in old], [word.rstrip() for word in new], least)
    if len(pairs) < least:
        return WordDiff(_plain(before), _plain(after), rewritten=before != after)
    return WordDiff(
        tuple(_parts(old, {i for i, _ in pairs})), tuple(_parts(new, {j for _, j in pairs}))
    )


def split(parts: Sequence[Part], place: int) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Return the parts of a text before and after a place in it."""
    head: list[Part] = []
    tail: list[Part] = []
    for part in parts:
        inside = max(0, min(place, len(part.text)))
        place -= len(part.text)
        head += [Part(part.text[:inside], part.changed)] if inside else []
        tail += [Part(part.text[inside:], part.changed)] if inside < len(part.text) else []
    return tuple(head), tuple(tail)


# ---------------------------------------------------------------- words


def _common(old: Sequence[str], new: Sequence[str], least: float) -> Pairs:
    """Return which words of both texts are the same ones, by index, in no order.

    Nothing is looked for where fewer than ``least`` could be found.
    """
    found: Pairs = []
    if min(len(old), len(new)) < least or _most_common(old, new) < least:
        return found
    todo = [(0, len(old), 0, len(new), 0)]
    while todo:
        low, high, start, end, depth = todo.pop()
        while low < high and start < end and old[low] == new[start]:
            found.append((low, start))
            low, start = low + 1, start + 1
        while low < high and start < end and old[high - 1] == new[end - 1]:
            high, end = high - 1, end - 1
            found.append((high, end))
        if depth == DEEPEST or set(old[low:high]).isdisjoint(new[start:end]):
            continue
        anchors = _anchors(_once(old, low, high), _once(new, start, end))
        for i, j in anchors:
            found.append((i, j))
            if low < i and start < j:
                todo.append((low, i, start, j, depth + 1))
            low, start = i + 1, j + 1
        if anchors:
            todo.append((low, high, start, end, depth + 1))
    return found


def _most_common(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many words of both texts could be the same ones, whatever their order."""
    left = Counter(new)
    common = 0
    for word in old:
        if left.get(word, 0):
            left[word] -= 1
            common += 1
    return common


def _once(words: Sequence[str], low: int, high: int) -> dict[str, int]:
    """Return where each word stands that occurs once in a range."""
    places: dict[str, int] = {}
    for place in range(low, high):
        word = words[place]
        places[word] = -1 if word in places else place
    return {word: place for word, place in places.items() if place >= 0}


def _anchors(old: Mapping[str, int], new: Mapping[str, int]) -> Pairs:
    """Return the most words that occur once on both sides and stand in the same order."""
    ends: list[int] = []  # of rising rows of 1, 2, 3 … places in the new text: the lowest last one
    chains: list[_Chain] = []
    for word, i in old.items():
        if word not in new:
            continue
        j = new[word]
        length = bisect_left(ends, j)
        chain = (i, j, chains[length - 1] if length else None)
        ends[length : length + 1] = [j]
        chains[length : length + 1] = [chain]
    found: Pairs = []
    last = chains[-1] if chains else None
    while last is not None:
        i, j, last = last
        found.append((i, j))
    return found[::-1]


def _plain(text: str) -> tuple[Part, ...]:
    return (Part(text),) if text else ()


def _parts(words: Sequence[str], common: Container[int]) -> Iterator[Part]:
    """Yield runs of words by whether both texts have them; blanks at the end of a run are common."""
    plain = ""
    for changed, run in groupby(range(len(words)), key=lambda place: place not in common):
        text = "".join(words[place] for place in run)
        marked = text.rstrip() if changed else ""
        if marked:
            if plain:
                yield Part(plain)
            yield Part(marked, changed=True)
            plain = ""
        plain += text[len(marked) :]
    if plain:
        yield Part(plain)
