"""Texts become phrases: every run of words that stands in enough of them, and in which it stands."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]

LONGEST = 6
"""Words of the longest phrase."""
CELLS = (1 << 18) - 1
"""The last bits of a number, by which rare runs are told from common ones before they are sorted."""

_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # kana, Han
)
"""Characters of scripts that put no space between words; each is a word here."""
_TOKEN = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+(?:'[^\W_{_ALONE}]+)*|\n|[^\w\s]|_")
_ASCII_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*|\n|[^a-z0-9\s]")  # the same, and faster
_CHARACTER = re.compile(rf"[{_ALONE}]")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases and the texts they stand in.

    ``words`` holds the words of each phrase. ``phrase`` and ``text`` are of one length: this phrase
    stands in that text, each pair once, sorted by phrase and then by text.
    """

    words: tuple[tuple[str, ...], ...]
    phrase: Ints
    text: Ints


def tokens(text: str) -> list[str]:
    r"""Return the words, the symbols and the line ends of a text, in small letters.

    >>> tokens("Certainly! Here’s a list:\n")
    ['certainly', '!', "here's", 'a', 'list', ':', '\n']
    """
    lower = text.lower().replace("\u2019", "'")
    return (_ASCII_TOKEN if lower.isascii() else _TOKEN).findall(lower)


def is_word(token: str) -> bool:
    """Return whether a token is a word and no symbol."""
    return token[0].isalnum() or bool(_CHARACTER.match(token))


def written(words: Sequence[str]) -> str:
    """Return words as they stand in a line: no space where their script has none.

    >>> written(("let", "me", "know")), written(("好", "的"))
    ('let me know', '好的')
    """
    text = words[0]
    for before, word in pairwise(words):
        close = _CHARACTER.match(before[-1]) and _CHARACTER.match(word)
        text += word if close else f" {word}"
    return text


def phrases(texts: Iterable[Sequence[str]], least: int) -> Phrases:
    """Return the phrases that stand in at least so many texts.

    A phrase is a run of up to six words with no symbol and no line end between them, or a single
    symbol. Whatever stands in fewer texts is dropped before longer runs are made of it, as no longer
    one can stand in more.

    Args:
        texts: the tokens of each; they are read once, and not kept.
        least: in so many texts a phrase has to stand.
    """
    vocabulary: defaultdict[str, int] = defaultdict(count().__next__)
    numbered = [np.fromiter(map(vocabulary.__getitem__, text), np.int64) for text in texts]
    names = list(vocabulary)
    ids = np.concatenate([np.empty(0, np.int64), *numbered])
    of_text = np.repeat(np.arange(len(numbered)), [text.size for text in numbered])
    a_word = np.array([is_word(name) for name in names], bool)
    shown = np.array([name != "\n" for name in names], bool)
    found = list(_levels(ids, of_text, a_word, shown, least=least))
    words = tuple(
        tuple(names[ids[place + step]] for step in range(order))
        for order, level in enumerate(found, start=1)
        for place in level.first.tolist()
    )
    ends = np.cumsum([0, *(level.first.size for level in found)])
    return Phrases(
        words,
        np.concatenate([level.phrase + end for level, end in zip(found, ends, strict=False)]),
        np.concatenate([level.text for level in found]),
    )


@dataclass(frozen=True, slots=True)
class _Level:
    """The phrases of one length: where each stands first, and in which texts."""

    first: Ints
    phrase: Ints
    text: Ints


def _levels(
    ids: Ints, of_text: Ints, a_word: NDArray[np.bool_], shown: NDArray[np.bool_], *, least: int
) -> Iterator[_Level]:
    """Yield the phrases of one word, of two, and so on."""
    size = ids.size
    behind = np.full(size + LONGEST, -1)  # nothing follows the last token
    text_at = behind.copy()
    text_at[:size] = of_text
    places = np.flatnonzero(shown[ids])
    run_at, level = _counted(ids[places], places, text_at, least)
    yield level
    kinds = max(1, level.first.size)
    word_at = behind.copy()
    places = np.flatnonzero(a_word[ids])
    word_at[places] = run_at[places]
    run_at = word_at
    for order in range(2, LONGEST + 1):
        last = word_at[order - 1 : size + order - 1]
        fits = (run_at[:size] >= 0) & (run_at[1 : size + 1] >= 0) & (last >= 0)
        fits &= text_at[:size] == text_at[order - 1 : size + order - 1]
        places = np.flatnonzero(fits)
        run_at, level = _counted(run_at[places] * kinds + last[places], places, text_at, least)
        yield level


def _counted(codes: Ints, places: Ints, text_at: Ints, least: int) -> tuple[Ints, _Level]:
    """Return for each place the number of its phrase, −1 for a rare one or none, and the phrases."""
    # What is rare goes by a count in which others may share its cell, as sorting takes longest.
    cell = codes & CELLS
    common = np.bincount(cell)[cell] >= least
    codes, places = codes[common], places[common]
    order = _order(codes)
    code, place = codes[order], places[order]
    text = text_at[place]
    opens = np.ones(code.size, bool)
    opens[1:] = code[1:] != code[:-1]
    phrase = np.cumsum(opens) - 1
    once = opens.copy()
    once[1:] |= text[1:] != text[:-1]
    kept = np.bincount(phrase[once]) >= least
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    number_at = np.full(text_at.size, -1)
    number_at[place] = number[phrase]
    stays = once & kept[phrase]
    level = _Level(place[opens][kept], number[phrase[stays]], text[stays])
    return number_at, level


def _order(codes: Ints) -> Ints:
    """Return the stable order of numbers from 0 on: of 16 bits numpy makes it in linear time."""
    order = np.arange(codes.size)
    for shift in range(0, int(codes.max(initial=1)).bit_length(), 16):
        part = (codes[order] >> shift).astype(np.uint16)
        order = order[np.argsort(part, kind="stable")]
    return order
