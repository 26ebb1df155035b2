"""Ids become 64-bit numbers that are the same on every machine, and numbers become buckets.

Of n different ids two have the same hash with a chance of n²/2⁶⁵: 3 in a million for ten million
ids. In one arm such ids count as one request that was logged twice; in two arms they could be paired
although neither has a partner. The hash is not made to withstand ids chosen to collide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evalkit.stages.shadow.block import Block, HashArray
from evalkit.stats.arrays import IntArray

WORD = 8
LARGEST_BUCKETS = 4096

_START = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
"""The constants of splitmix64 (Steele, Lea & Flood 2014), a finaliser without known weakness."""


def id_hashes(texts: Sequence[str | None]) -> HashArray:
    """Return the hash of each id: 0 where there is none, or an empty one, and nowhere else.

    >>> [hex(number) for number in id_hashes(["a", "request-0001", None]).tolist()]
    ['0xeb9fdd2d7f46dbe1', '0x9e422ffe90bb99e8', '0x0']
    """
    raw = [text.encode("utf-8", "surrogatepass") if text else b"" for text in texts]
    offsets = np.zeros(len(raw) + 1, np.int64)
    np.cumsum([len(text) for text in raw], out=offsets[1:])
    return bytes_hashes(np.frombuffer(b"".join(raw), np.uint8), offsets)


def bytes_hashes(data: NDArray[np.uint8], offsets: IntArray) -> HashArray:
    """Return the hashes of texts that lie one behind the other, each from one offset to the next."""
    starts, sizes = offsets[:-1], np.diff(offsets)
    words = np.empty(data.size + WORD, np.uint8)
    words[: data.size] = data
    words[data.size :] = 0
    view: HashArray = np.ndarray(data.size + 1, "<u8", buffer=words, strides=(1,))
    state = sizes.astype(np.uint64)
    state += np.uint64(_START)
    longest = int(sizes.max(initial=0))
    for place in range(0, longest, WORD):
        rest = sizes - place
        if place + WORD <= int(sizes.min()):
            _mix(state, view[starts + place])
            continue
        rows = np.flatnonzero(rest > 0)
        word = view[starts[rows] + place]
        unused = np.maximum(WORD - rest[rows], 0).astype(np.uint64) * np.uint64(WORD)
        word &= np.uint64(2**64 - 1) >> unused
        some = state[rows]
        _mix(some, word)
        state[rows] = some
    _finish(state)
    state[state == 0] = 1
    state[sizes == 0] = 0
    return state


def _mix(state: HashArray, word: HashArray) -> None:
    state ^= word
    _finish(state)
    state += np.uint64(_START)


def _finish(state: HashArray) -> None:
    state ^= state >> np.uint64(30)
    state *= np.uint64(_FIRST)
    state ^= state >> np.uint64(27)
    state *= np.uint64(_SECOND)
    state ^= state >> np.uint64(31)


def buckets_of(hashes: HashArray, buckets: int) -> NDArray[np.uint16]:
    """Return the bucket of each hash: its highest bits tell, so that buckets are ranges of hashes.

    Raises:
        ValueError: the number of buckets is not from 1 to 4,096.
    """
    if not 1 <= buckets <= LARGEST_BUCKETS:
        raise ValueError(f"expected 1 to {LARGEST_BUCKETS:,} buckets, found {buckets}")
    highest = (hashes >> np.uint64(32)) * np.uint64(buckets)
    return (highest >> np.uint64(32)).astype(np.uint16)


def split(block: Block, buckets: int, *, by: str = "request") -> list[Block]:
    """Return the rows of a block by the bucket of their request, or of their user.

    Rows without an id are in the first bucket.

    Raises:
        ValueError: the block has no such hashes.
    """
    hashes = block.user if by == "user" else block.request
    if hashes is None:
        raise ValueError(f"expected a block with a hash of each {by}, found none")
    place = buckets_of(hashes, buckets)
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place, minlength=buckets)).tolist()
    ordered = block.only(order)
    return [ordered.only(slice(first, last)) for first, last in zip([0, *ends], ends, strict=False)]
