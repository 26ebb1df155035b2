"""Who came before is known again: a few bytes a user, and a bounded number of users."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from evalkit.core.canary import NOBODY
from evalkit.stats.arrays import BoolArray, IntArray

CODES = 1 << 32
"""How many codes there are. A newcomer whose code somebody else has counts for known, in either arm
alike: one in 8,000 where the memory is full, and no harm to what is shown."""
MOST = 1 << 19
"""So many users are remembered at most; where more come, half of them is watched no longer."""
NEVER = -2
"""The number of the round in which somebody came last who never came."""
UNWATCHED = 1 << 30
"""The same of somebody who is not watched, and counts in no round."""
FLAGS = 15
"""Of so many triggers it is remembered whose first event is still to come."""
CANDIDATE = 1
"""The bit of those who are the candidate's; the bits above it are of triggers."""
COLUMNS = (("<u4", 4), ("<i4", 4), ("<i4", 4), ("<u2", 2))
"""How a code, a look, a round and the bits are written, and how many bytes of each user they take."""
WIDTH = 14


@dataclass(frozen=True, slots=True)
class Known:
    """Users in the order of their codes.

    Four arrays of one length: their codes, the look of the stage they first came in, the number of
    the round they came last in, and bits: whether they are the candidate's, and for which triggers
    their first event would still count.
    """

    codes: IntArray
    first: IntArray
    last: IntArray
    bits: IntArray

    def places(self, users: IntArray) -> IntArray:
        """Return the row of each user; −1 for those who are not known."""
        if not self.codes.size:
            return np.full(users.size, -1)
        place = np.minimum(np.searchsorted(self.codes, users), self.codes.size - 1)
        found: IntArray = np.full(users.size, -1)
        known = self.codes[place] == users
        found[known] = place[known]
        return found

    def came_last(self, users: IntArray, thinned: int) -> IntArray:
        """Return the number of the round in which each user came last.

        >>> users = np.array([5, 9, NOBODY, CODES - 1])
        >>> nobody_yet().joined(np.array([5]), look=0, number=3, bits=np.array([0])).came_last(users, 1)
        array([         3,         -2,         -2, 1073741824])
        """
        place = self.places(users)
        found = np.full(users.size, NEVER)
        found[place >= 0] = self.last[place[place >= 0]]
        found[users >= CODES >> thinned] = UNWATCHED
        return found

    def seen(self, users: IntArray, number: int) -> Known:
        """Return the same users, some of whom came last in a round."""
        place, last = self.places(users), self.last.copy()
        last[place[place >= 0]] = number
        return Known(self.codes, self.first, last, self.bits)

    def joined(self, users: IntArray, *, look: int, number: int, bits: IntArray) -> Known:
        """Return these users with others, whose codes are none of theirs and all different."""
        codes = np.concatenate([self.codes, users])
        order = np.argsort(codes, kind="stable")
        return Known(
            codes[order],
            np.concatenate([self.first, np.full(users.size, look)])[order],
            np.concatenate([self.last, np.full(users.size, number)])[order],
            np.concatenate([self.bits, bits])[order],
        )

    def only(self, kept: BoolArray) -> Known:
        """Return some of the users."""
        return Known(self.codes[kept], self.first[kept], self.last[kept], self.bits[kept])


def nobody_yet() -> Known:
    """Return that nobody is known."""
    return Known(*(np.zeros(0, np.int64) for _ in range(4)))


def thinned_to(known: Known, thinned: int, most: int = MOST) -> tuple[Known, int]:
    """Return the users that are watched, at most so many, and how often they were halved for that.

    Who is watched is told by the code alone, which knows neither the arm nor what happened: those
    who are dropped leave both arms as they were.
    """
    while known.codes.size > most:
        thinned += 1
        known = known.only(known.codes < CODES >> thinned)
    return known, thinned


def codes_of(users: Iterable[int]) -> IntArray:
    """Return the users that are named, each once."""
    found: IntArray = np.unique(np.fromiter((user for user in users if user != NOBODY), np.int64))
    return found


def packed(known: Known) -> str:
    """Return users as a text: some seven letters each, four megabytes of the most there can be.

    >>> packed(nobody_yet())
    ''
    """
    if not known.codes.size:
        return ""
    parts = np.diff(known.codes, prepend=0), known.first, known.last, known.bits
    columns = zip(COLUMNS, parts, strict=True)
    data = b"".join(part.astype(kind).tobytes() for (kind, _), part in columns)
    return b64encode(zlib.compress(data, 1)).decode("ascii")


def unpacked(text: str) -> Known:
    """Return the users of such a text.

    Raises:
        ValueError: it is none.
    """
    if not text:
        return nobody_yet()
    try:
        data = zlib.decompressobj().decompress(b64decode(text, validate=True), MOST * WIDTH + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    count, rest = divmod(len(data), WIDTH)
    columns, start = [], 0
    for kind, width in COLUMNS:
        columns.append(np.frombuffer(data, kind, count, start).astype(np.int64))
        start += count * width
    steps, first, last, bits = columns
    if rest or not count or first.min() < 0:
        raise ValueError("expected whole rows of users")
    return Known(np.cumsum(steps), first, last, bits)
