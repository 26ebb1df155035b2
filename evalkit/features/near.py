"""Texts that are nearly the same are found here, by signatures of 64 bits and in nearly linear time.

A signature is a simhash (Charikar, 2002) of the runs of one, two and three words of a text: texts that
share most of these differ in few bits. Pairs are found by bands (Manku, Jain and Das Sarma, 2007): two
signatures that differ in no more than 7 bits agree in one of 8 bands at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evalkit.features.hashed import hashes, runs, words

NEAR = 7
"""Signatures that differ in so many bits or fewer are those of near-duplicates."""

READ_WORDS = 5_000
_BANDS = 8
_MOST_COMPARED = 2_000
"""With so many that share its band a signature is compared; more share one only where all are alike."""

_SPREAD = np.uint64(0xBF58476D1CE4E5B9)  # the mixer of SplitMix64
_AGAIN = np.uint64(0x94D049BB133111EB)
_LONGEST = 3


def signature(text: str) -> int:
    """Return the signature of a text, of which the first 5,000 words are read; 0 where it has none.

    >>> one = signature("I am sorry, but I cannot help you with your question about locks.")
    >>> two = signature("I'm afraid that it rains in Bergen on more than half of all days.")
    >>> (one ^ signature("I am sorry, but I cannot help you with your question about locks")).bit_count()
    0
    >>> (one ^ two).bit_count() > NEAR
    True
    """
    found = words(text)[:READ_WORDS]
    if not found:
        return 0
    each = np.concatenate(runs(hashes(found), longest=_LONGEST)).astype(np.uint64)
    each *= _SPREAD
    each ^= each >> np.uint64(31)
    each *= _AGAIN
    each ^= each >> np.uint64(33)
    ones = np.unpackbits(each.astype(">u8").view(np.uint8)).reshape(-1, 64).sum(axis=0)
    return int.from_bytes(np.packbits(2 * ones > each.size).tobytes(), "big")


def shared(signatures: Sequence[int], owners: Sequence[int]) -> frozenset[int]:
    """Return the signatures that are near to one of another owner.

    >>> sorted(shared([0b1000, 0b1001, 0b1000, 2**64 - 1], [1, 2, 1, 3]))
    [8, 9]
    """
    pairs = np.unique(
        np.stack([np.asarray(signatures, np.uint64), np.asarray(owners, np.uint64)]), axis=1
    )
    if pairs.shape[1] < 2:
        return frozenset()
    distinct, first, count = np.unique(pairs[0], return_index=True, return_counts=True)
    alike = count > 1
    # Whoever has a signature alone; one that several share is near to any owner's.
    owner = np.where(alike, np.uint64(2**64 - 1), pairs[1][first])
    for band in range(_BANDS):
        _compare(distinct, owner, alike, band)
    return frozenset(distinct[alike].tolist())


def _compare(
    distinct: NDArray[np.uint64], owner: NDArray[np.uint64], alike: NDArray[np.bool_], band: int
) -> None:
    """Mark those that are near to one of another owner and agree with it in a band."""
    width = 64 // _BANDS
    turned = (distinct >> np.uint64(band * width)) & np.uint64(2**width - 1)
    order = np.argsort(turned, kind="stable")
    key = turned[order]
    for step in range(1, min(_MOST_COMPARED, key.size)):
        left, right = order[:-step], order[step:]
        same = key[:-step] == key[step:]
        if not same.any():
            return
        left, right = left[same], right[same]
        near = _bits(distinct[left] ^ distinct[right]) <= NEAR
        near &= owner[left] != owner[right]
        alike[left[near]] = True
        alike[right[near]] = True


def _bits(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return how many bits of each number are set; releases of numpy before 2 cannot count them."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(numbers))
    pieces = np.ascontiguousarray(numbers).view(np.uint16)
    return np.asarray(_table()[pieces].reshape(-1, 4).sum(axis=1, dtype=np.uint8))


@cache
def _table() -> NDArray[np.uint8]:
    every = np.arange(2**16, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    return np.asarray(np.unpackbits(every, axis=1).sum(axis=1, dtype=np.uint8))
