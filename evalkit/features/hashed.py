"""Words and runs of words become the places of a hashed vector here, the same on every machine.

A word is hashed by its bytes (CRC-32), a run of words by the hashes of its words, a zone of a text
by a salt of its own; all of it is arithmetic of 32 bits that wraps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from evalkit.core.text import plain_quotes

Hashes: TypeAlias = "NDArray[np.uint32]"
Places: TypeAlias = "NDArray[np.uint32]"
"""Indices of a hashed vector, sorted, each once."""

LONGEST_WORD = 40
"""No more of a word is read: what is longer is no word, and every such text would be its own."""

_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
# Kana and Chinese characters stand alone, for those scripts put no blanks between words; the marks
# of vowels in Arabic, Hebrew, the scripts of India and Thai belong to a word, though they are no
# letters to Python.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0670\u06d6-\u06ed\u0900-\u0dff\u0e31-\u0e4e"
_WORD = re.compile(
    rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W_])(?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}]|'(?=\w))*"
)
_MIX = np.uint32(0x9E3779B1)  # odd numbers of many bits spread what they multiply
_STEP = np.uint32(0x85EBCA6B)
_HALF = np.uint32(15)
_FIRST = np.array([True])


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, with plain apostrophes and without other marks.

    >>> words("I can’t — not even in 2 days!")
    ['i', "can't", 'not', 'even', 'in', '2', 'days']
    >>> words("すみません")
    ['す', 'み', 'ま', 'せ', 'ん']
    """
    plain = plain_quotes(text).lower()
    return (_ASCII_WORD if plain.isascii() else _WORD).findall(plain)


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> int:
    return crc32(word[:LONGEST_WORD].encode("utf-8", "surrogatepass"))


def hashes(found: Sequence[str]) -> Hashes:
    """Return one number of 32 bits for each word, in their order."""
    return np.fromiter(map(_hash, found), dtype=np.uint32, count=len(found))


def runs(of: Hashes, *, longest: int = 3) -> list[Hashes]:
    """Return the hashes of the runs of 1, 2, … words: the i-th of each starts at the i-th word.

    A run of k words is missing where fewer than k are left, so the k-th array is k − 1 shorter.
    """
    found = [of]
    turned = of * _MIX
    for length in range(2, longest + 1):
        before = found[-1][:-1]
        found.append((before ^ (before >> _HALF)) * _STEP + turned[length - 1 :])
    return found


def places(of: Sequence[Hashes], zones: Iterable[tuple[int, int, int]], *, bits: int) -> Places:
    """Return the places at which the runs within zones of a text stand, each once, sorted.

    Args:
        of: the runs of the whole text.
        zones: each a number of its own below 1000, the first word in it and the first behind it.
        bits: the vector has 2^bits places, of which different runs may share one.
    """
    pieces = [
        run[start : stop - less] ^ _salt(zone, less)
        for zone, start, stop in zones
        for less, run in enumerate(of)
        if stop - less > start
    ]
    if not pieces:
        return np.empty(0, dtype=np.uint32)
    found = np.concatenate(pieces)
    found *= _MIX
    found ^= found >> _HALF
    found *= _STEP
    found >>= np.uint32(32 - bits)
    found.sort()
    once: Places = found[np.concatenate((_FIRST, found[1:] != found[:-1]))]
    return once


@cache
def _salt(zone: int, length: int) -> np.uint32:
    return np.uint32(crc32(b"%d of %d" % (zone, length)))
