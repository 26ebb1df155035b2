"""Each request belongs to slices of the traffic: how often a rate is 1 in them is counted here.

The counts add: those of two parts of a log are the sum of both, whatever is in which part.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TypeAlias

from evalkit.core.model import Arm, CaseInput, Json
from evalkit.core.traffic import Logged
from evalkit.features.language import language

MOST_VALUES = 200
"""A field of more values than this is no slice but a name: an order, a session."""
MOST_FIELDS = 60
LONGEST_VALUE = 60
KEPT_USERS = 256
"""Of each slice that many users are kept one by one, to see how far requests of one are alike."""
LENGTHS = (10, 30, 100, 300, 1000)
READ_FOR_LANGUAGE = 2000
EVERYTHING = ("", "")

SliceKey: TypeAlias = tuple[str, str]
"""A field of a request, and its value there."""

Counts: TypeAlias = list[int]
"""Of each rate four numbers: known and 1 in the baseline, known and 1 in the candidate."""


def slices_of(logged: Logged) -> Iterator[SliceKey]:
    """Yield the slices that a request belongs to, each once."""
    for tag in dict.fromkeys(logged.tags):
        yield "tag", tag[:LONGEST_VALUE]
    for key, value in logged.metadata.items():
        text = _word(value)
        if text is not None:
            yield key, text
    if logged.when is not None:
        yield "hour of day (UTC)", f"{datetime.fromtimestamp(logged.when, UTC):%H}:00"
    asked = asked_text(logged.input)
    if asked:
        yield "length of the input", _length(len(asked.split()))
        yield "language of the input", language(asked[:READ_FOR_LANGUAGE])


def asked_text(asked: CaseInput | None) -> str:
    """Return the words of an input: of a conversation its last turn, of variables their texts."""
    match asked:
        case None:
            return ""
        case str():
            return asked
        case tuple():
            return asked[-1].content if asked else ""
    return "\n".join(value for value in asked.values() if isinstance(value, str))


def _word(value: Json) -> str | None:
    """Return a value that requests can share; nothing of texts and structures."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() if 0 < len(value) <= LONGEST_VALUE:
            return value
        case int():
            return str(value)
    return None


def _length(words: int) -> str:
    """Return into which bin so many words fall.

    >>> _length(10), _length(11), _length(5000)
    ('up to 10 words', '11 to 30 words', 'over 1,000 words')
    """
    low = 0
    for high in LENGTHS:
        if words <= high:
            return f"{low + 1:,} to {high:,} words" if low else f"up to {high:,} words"
        low = high
    return f"over {low:,} words"


def hash_of(text: str) -> int:
    """Return a number of 64 bits that is the same on every machine."""
    raw = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big")


@dataclass(slots=True)
class Part:
    """What was counted on one slice; ``users`` holds the counts of those with the lowest hashes."""

    requests: list[int]
    counts: Counts
    users: dict[int, Counts] = field(default_factory=dict)
    end: int = 1 << 64

    @classmethod
    def empty(cls, rates: int) -> Part:
        """Return the counts of no request."""
        return cls([0, 0], [0] * (4 * rates))

    def see(self, side: int, found: Sequence[tuple[int, int]], user: int | None) -> None:
        """Count a request of an arm; ``found`` holds the place of each known rate, and its value."""
        self.requests[side] += 1
        _count(self.counts, side, found)
        if user is not None and user < self.end:
            own = self.users.get(user)
            if own is None:
                own = self.users[user] = [0] * len(self.counts)
                if len(self.users) > 2 * KEPT_USERS:
                    self._shed()
            _count(own, side, found)

    def _shed(self) -> None:
        """Keep the users with the lowest hashes; of each that is kept every request was counted."""
        if len(self.users) > KEPT_USERS:
            kept = heapq.nsmallest(KEPT_USERS + 1, self.users)
            self.end = kept.pop()
            self.users = {user: self.users[user] for user in kept}

    def settled(self) -> Part:
        """Return the same with as many users as are kept in the end."""
        self._shed()
        return self

    def __add__(self, other: Part) -> Part:
        """Return what was counted in both."""
        end = min(self.end, other.end)
        users: dict[int, Counts] = {}
        for part in (self, other):
            for user, counts in part.users.items():
                if user < end:
                    known = users.get(user)
                    users[user] = counts if known is None else _sum(known, counts)
        return Part(
            _sum(self.requests, other.requests), _sum(self.counts, other.counts), users, end
        ).settled()

    @property
    def keeps_all(self) -> bool:
        """Whether every user is kept, so that their number is exact."""
        return self.end == 1 << 64

    @property
    def user_count(self) -> int:
        """How many users there are: exact as long as all are kept, else about that many."""
        if self.keeps_all:
            return len(self.users)
        return round(len(self.users) / (self.end / (1 << 64)))


def _count(counts: Counts, side: int, found: Sequence[tuple[int, int]]) -> None:
    for place, value in found:
        at = 4 * place + 2 * side
        counts[at] += 1
        counts[at + 1] += value


def _sum(one: list[int], other: list[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]


class SliceCounts:
    """What was counted on every slice of the traffic, for the rates that are asked about.

    Args:
        rates: the names of metrics whose values are 0 and 1.
    """

    def __init__(self, rates: Sequence[str]) -> None:
        self.rates = tuple(rates)
        self.parts: dict[SliceKey, Part] = {EVERYTHING: Part.empty(len(self.rates))}
        self.clustered = False
        self._values: dict[str, int] = {}
        self.dropped: set[str] = set()

    def see(self, logged: Logged, arm: Arm, scores: Mapping[str, float]) -> None:
        """Count a request on each slice that it belongs to."""
        side = int(arm is Arm.CANDIDATE)
        found = [
            (place, int(value))
            for place, name in enumerate(self.rates)
            if (value := scores.get(name)) in {0.0, 1.0} and value is not None
        ]
        user = None if logged.user is None else hash_of(logged.user)
        self.clustered = self.clustered or user is not None
        self.parts[EVERYTHING].see(side, found, user)
        for key in slices_of(logged):
            part = self._part(key)
            if part is not None:
                part.see(side, found, user)

    def _part(self, key: SliceKey) -> Part | None:
        part = self.parts.get(key)
        if part is None and key[0] not in self.dropped and self._has_room(key[0]):
            part = self.parts[key] = Part.empty(len(self.rates))
            self._values[key[0]] = self._values.get(key[0], 0) + 1
            self._drop_names()
            part = self.parts.get(key)
        return part

    def _has_room(self, name: str) -> bool:
        """Return whether a field is looked at: there are not more of them than anybody would read."""
        return name in self._values or len(self._values) < MOST_FIELDS

    def _drop_names(self) -> None:
        """Forget fields of more values than slices have; so they are in the sum of all parts too."""
        full = {name for name, count in self._values.items() if count > MOST_VALUES}
        for name in full:
            self.dropped.add(name)
            del self._values[name]
        if full:
            self.parts = {key: part for key, part in self.parts.items() if key[0] not in full}

    def __add__(self, other: SliceCounts) -> SliceCounts:
        """Return what was counted in both."""
        found = SliceCounts(self.rates)
        found.clustered = self.clustered or other.clustered
        found.dropped = self.dropped | other.dropped
        keys = [*self.parts, *(key for key in other.parts if key not in self.parts)]
        empty = Part.empty(len(self.rates))
        found.parts = {
            key: self.parts.get(key, empty) + other.parts.get(key, empty)
            for key in keys
            if key[0] not in found.dropped
        }
        for name, _ in found.parts.keys() - {EVERYTHING}:
            found._values[name] = found._values.get(name, 0) + 1
        found._drop_names()
        return found
