"""Logged requests of both arms as columns: what everything of this stage is counted from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evalkit.core.envelope import Kind, Support
from evalkit.core.model import Arm
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray

ARMS = (Arm.BASELINE, Arm.CANDIDATE)
"""The arm of each code of a block."""

UNKNOWN_HOUR = -1
SECONDS_AN_HOUR = 3600
LAST_HOUR = 230 * 365 * 24
"""Hours from about the year 2200 on are taken for mistakes, as those before 1970 are."""

ANYTHING = Support(-math.inf, math.inf)

HashArray: TypeAlias = NDArray[np.uint64]
HourArray: TypeAlias = NDArray[np.int32]
ArmArray: TypeAlias = NDArray[np.int8]
CodeArray: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of numbers and how it is counted.

    A rate has the values 0 and 1. Of other kinds sums are kept, and with ``quantiles`` the counts
    of values in bins of at most 0.4 %. With ``ratios`` pairs keep what a ratio of both arms needs
    beside their difference. Values outside ``support`` are counted, and no estimate is made of
    what has them.
    """

    name: str
    kind: Kind
    support: Support = ANYTHING
    quantiles: bool = False
    ratios: bool = True

    @property
    def rate(self) -> bool:
        """Whether its values are 0 and 1."""
        return self.kind is Kind.RATE


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """One column of words: of each row the place of its word in ``names``, −1 where it has none."""

    codes: CodeArray
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some logged requests, one element of each array a row.

    ``arm`` is the place in ``ARMS``, ``hour`` counts whole hours since 1970 in UTC, −1 where it is
    not known. A metric that is not known is not a number; what took longer than anybody waited may
    be infinite. ``request`` and ``user`` are hashes (``id_hashes``), 0 where there is none.
    """

    arm: ArmArray
    hour: HourArray
    metrics: Mapping[str, FloatArray]
    request: HashArray | None = None
    user: HashArray | None = None
    labels: Mapping[str, Labels] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many requests there are."""
        return self.arm.size

    def only(self, rows: BoolArray | IntArray | slice) -> Block:
        """Return some rows, in the order in which they are named."""
        return Block(
            self.arm[rows],
            self.hour[rows],
            {name: values[rows] for name, values in self.metrics.items()},
            None if self.request is None else self.request[rows],
            None if self.user is None else self.user[rows],
            {name: Labels(found.codes[rows], found.names) for name, found in self.labels.items()},
        )


def hours_of(seconds: FloatArray) -> HourArray:
    """Return the hours of moments in seconds since 1970, UTC; −1 of what cannot be meant.

    >>> hours_of(np.array([0.0, 7199.0, np.nan, -5.0, 1e18])).tolist()
    [0, 1, -1, -1, -1]
    """
    with np.errstate(invalid="ignore"):
        hours = np.floor(seconds / SECONDS_AN_HOUR)
        meant = (hours >= 0) & (hours < LAST_HOUR)
    return np.where(meant, hours, UNKNOWN_HOUR).astype(np.int32)


def joined_blocks(blocks: Sequence[Block]) -> Block:
    """Return the rows of at least one block, one after the other; words are left out.

    Numbers that were put away in fewer bits have all of them again.
    """
    return Block(
        np.concatenate([block.arm for block in blocks]),
        np.concatenate([block.hour for block in blocks]),
        {
            name: np.concatenate([block.metrics[name] for block in blocks], dtype=np.float64)
            for name in blocks[0].metrics
        },
        _joined([block.request for block in blocks]),
        _joined([block.user for block in blocks]),
    )


def _joined(hashes: Sequence[HashArray | None]) -> HashArray | None:
    found = [part for part in hashes if part is not None]
    return np.concatenate(found) if len(found) == len(hashes) else None
