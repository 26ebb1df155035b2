"""Chance that falls alike on every machine: a throw is a hash of who throws and for what.

Because every throw has a name and none has a turn, a text that is added or taken away changes no
other text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt
from typing import TypeVar

T = TypeVar("T")

FINENESS = 2**53


@dataclass(frozen=True, slots=True)
class Dice:
    """Throws that depend on a name and on nothing else."""

    name: str

    def at(self, *names: str | int) -> Dice:
        """Return other dice, whose throws have nothing to do with these."""
        return Dice("/".join([self.name, *map(str, names)]))

    def unit(self) -> float:
        """Return a number between 0 and 1, neither of them included.

        >>> 0 < Dice("a").unit() < 1
        True
        """
        throw = int.from_bytes(sha256(self.name.encode()).digest()[:8]) >> 11
        return (throw + 0.5) / FINENESS

    def happens(self, share: float) -> bool:
        """Return whether something happens that does so in this share of all throws."""
        return self.unit() < share

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, things: Sequence[T]) -> T:
        """Return one of some things."""
        return things[int(self.unit() * len(things))]

    def weighed(self, shares: Mapping[T, float]) -> T | None:
        """Return one of some things, each by its share; nothing for the share that is left."""
        throw = self.unit()
        for thing, share in shares.items():
            throw -= share
            if throw < 0:
                return thing
        return None

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Return the things in another order."""
        return [things[place] for place in sorted(range(len(things)), key=self._rank)]

    def some(self, things: Sequence[T], count: int) -> list[T]:
        """Return so many of the things, in their order."""
        chosen = sorted(self.shuffled(range(len(things)))[:count])
        return [things[place] for place in chosen]

    def stretch(self) -> float:
        """Return a factor around 1 with a long tail upward, as waiting times have.

        Log-logistic of shape 8: 19 in 20 lie below 1.45. Only square roots are drawn, because these
        are the same on every processor.
        """
        odds = self.unit()
        return sqrt(sqrt(sqrt(odds / (1 - odds))))

    def _rank(self, place: int) -> float:
        return self.at(place).unit()


def fate(case: Dice, draw: Dice, share: float, *, firm: float) -> bool:
    """Return whether something befalls a case in one draw, as it does in this share of all.

    ``firm`` is how often the nature of the case decides, which is the same in every draw and for
    every snapshot; otherwise the draw does. So a snapshot with a larger share trips over the same
    cases and over more of them, as models do.
    """
    decider = case if draw.at("firm").happens(firm) else draw.at("fate")
    return decider.happens(share)
