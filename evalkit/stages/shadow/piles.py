"""Rows of a part are put away bucket by bucket, until those of all parts are joined.

A bucket holds all rows whose request, or whose user, has one of some hashes. What is put away lies in
a file of the machine that did the work, or goes in hand to one that has a disk.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from evalkit.stages.shadow.block import Block, joined_blocks
from evalkit.stages.shadow.hashing import buckets_of
from evalkit.stats.arrays import FloatArray

REQUEST, USER = "request", "user"
NARROW = (np.float16, np.float32)
FIRST_VALUES = 256


@dataclass(frozen=True, slots=True)
class Pile:
    """The rows of a part by bucket, packed: in a file, or in hand.

    ``ends`` says where each bucket ends among the bytes.
    """

    ends: tuple[int, ...]
    path: str = ""
    data: bytes = b""

    def kept(self, path: Path) -> Pile:
        """Return a pile that lies in a file of this machine."""
        if self.path:
            return self
        path.write_bytes(self.data)
        return Pile(self.ends, str(path))

    def bucket(self, number: int) -> bytes:
        """Return the packed rows of a bucket; nothing where it has none."""
        start, end = (0, *self.ends)[number], self.ends[number]
        if not self.path:
            return self.data[start:end]
        with Path(self.path).open("rb") as stream:
            stream.seek(start)
            return stream.read(end - start)


class Heap:
    """Rows of a part, dealt into buckets as they come: by their request, or by their user.

    Rows of nobody are dealt by their request, where they have one, so that they do not all lie in
    one bucket; ``requests`` and ``users`` count the others. What is dealt by request keeps no user.
    """

    def __init__(self, by: str, buckets: int) -> None:
        """Begin with empty buckets."""
        self._by = by
        self._buckets: list[list[Block]] = [[] for _ in range(buckets)]
        self.rows = 0
        self.requests = 0
        self.users = 0

    def add(self, block: Block) -> None:
        """Deal the rows of a block.

        Raises:
            ValueError: it has no hashes of what it is dealt by.
        """
        hashes = block.user if self._by == USER else block.request
        if hashes is None:
            raise ValueError(f"expected a block with a hash of each {self._by}, found none")
        self.rows += block.rows
        if block.request is not None:
            self.requests += int(np.count_nonzero(block.request))
        if self._by == USER:
            self.users += int(np.count_nonzero(hashes))
            if block.request is not None:
                hashes = np.where(hashes == 0, block.request, hashes)
        else:
            block = replace(block, user=None)
        places = buckets_of(hashes, len(self._buckets))
        order = np.argsort(places, kind="stable")
        ends = np.cumsum(np.bincount(places, minlength=len(self._buckets))).tolist()
        ordered = block.only(order)
        for blocks, start, end in zip(self._buckets, [0, *ends], ends, strict=False):
            if end > start:
                blocks.append(ordered.only(slice(start, end)))

    def pile(self) -> Pile:
        """Return the rows packed, in hand; no row is left."""
        packed = io.BytesIO()
        ends = []
        for some in self._buckets:
            if some:
                packed.write(pickle.dumps(_packed(joined_blocks(some)), 5))
                some.clear()  # the rows are there once only
            ends.append(packed.tell())
        self.rows = 0
        return Pile(tuple(ends), data=packed.getvalue())


def _packed(block: Block) -> Block:
    """Return a block whose numbers take no more room than they need."""
    return replace(block, metrics={name: _narrow(row) for name, row in block.metrics.items()})


def _narrow(values: FloatArray) -> NDArray[Any]:
    """Return the same numbers in fewer bits, where not one of them becomes another."""
    for kind in NARROW:
        if _fits(values[:FIRST_VALUES], kind) and _fits(values, kind):
            return values.astype(kind)
    return values


def _fits(values: FloatArray, kind: type[np.floating[Any]]) -> bool:
    with np.errstate(over="ignore", under="ignore"):
        again = values.astype(kind).astype(np.float64)
    return bool((again.view(np.int64) == values.view(np.int64)).all())


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rows of one bucket out of all parts: where they lie, or themselves."""

    by: str
    number: int
    piles: tuple[Pile, ...]

    def __str__(self) -> str:
        return f"bucket {self.number} by {self.by}"

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in the order of their parts, for ``joined_blocks``."""
        for pile in self.piles:
            data = pile.bucket(self.number)
            if data:
                yield pickle.loads(data)  # noqa: S301 - packed by a worker, which ran our own code

    def in_hand(self) -> Bucket:
        """Return the same with the rows themselves, to be sent away."""
        found = (pile.bucket(self.number) for pile in self.piles)
        before = (0,) * self.number
        return Bucket(
            self.by,
            self.number,
            tuple(Pile((*before, len(data)), data=data) for data in found if data),
        )


@dataclass(frozen=True, slots=True)
class InHand(Sequence[Bucket]):
    """Buckets whose rows are fetched from the disk only when somebody takes them."""

    buckets: Sequence[Bucket]

    def __len__(self) -> int:
        return len(self.buckets)

    @overload
    def __getitem__(self, place: int) -> Bucket: ...
    @overload
    def __getitem__(self, place: slice) -> InHand: ...
    def __getitem__(self, place: int | slice) -> Bucket | InHand:
        if isinstance(place, slice):
            return InHand(self.buckets[place])
        return self.buckets[place].in_hand()
