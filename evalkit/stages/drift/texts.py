"""Samples pass by, and of a chosen part of the cases the texts are kept, cut to what is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from evalkit.core.digest import chance_of
from evalkit.core.model import Arm, Case, Sample

MOST_PAIRS = 500
"""Of more cases that many are chosen: it shows what is worth showing, in less than a second."""
MOST_CHARACTERS = 6000
"""Of a longer text both ends are read, three quarters of it from the start."""
DRAWS = 2
"""Of a case and an arm that many texts are kept: one to compare, and one to compare that with."""


@dataclass(frozen=True, slots=True)
class Text:
    """What of an answer is read, how long it was, and of one that was cut what tells it from others."""

    read: str
    characters: int
    rest: bytes = b""

    @classmethod
    def of(cls, text: str) -> Text:
        """Return a text, cut where it is long."""
        if len(text) <= MOST_CHARACTERS:
            return cls(text, len(text))
        end = MOST_CHARACTERS // 4
        read = f"{text[: MOST_CHARACTERS - end]}\n{text[-end:]}"
        return cls(read, len(text), sha256(text.encode("utf-8", "replace")).digest())

    def place(self, read: int) -> int:
        """Return where in the whole text a character stands that was read."""
        cut = self.rest and read >= MOST_CHARACTERS - MOST_CHARACTERS // 4
        return self.characters - len(self.read) + read if cut else read


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one case; ``unit`` names what it shares with others, or it stands alone.

    Both are ``first`` where no draw of either came before them that had no text.
    """

    case: str
    unit: tuple[str, str]
    before: Text
    after: Text
    first: bool = True


class Texts:
    """The texts of the cases that are looked at, chosen by their ids before anything is read.

    Args:
        cases: all cases that are judged, by id.
        seed: of the choice; the same cases are chosen whoever looks again.
    """

    def __init__(self, cases: Mapping[str, Case], seed: int) -> None:
        self.of = len(cases)
        order = sorted(cases, key=lambda case: (chance_of(f"drift {seed}", case), case))
        self._cases = {case: cases[case] for case in sorted(order[:MOST_PAIRS])}
        self._texts: dict[tuple[str, Arm], dict[int, Text]] = {}
        self._first: dict[tuple[str, Arm], int] = {}

    @property
    def compares(self) -> bool:
        """Whether there is a text of a baseline at all."""
        return any(arm is Arm.BASELINE for _, arm in self._texts)

    @property
    def chosen(self) -> int:
        """How many cases are looked at."""
        return len(self._cases)

    def passing(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Yield samples as they pass by, and keep the first texts of each case and arm."""
        for sample in samples:
            if sample.case_id in self._cases:
                self._keep(sample)
            yield sample

    def _keep(self, sample: Sample) -> None:
        key = sample.case_id, sample.arm
        self._first[key] = min(sample.index, self._first.get(key, sample.index))
        text = sample.output or sample.refusal or sample.output
        if sample.error is not None or text is None:
            return
        kept = self._texts.setdefault(key, {})
        kept[sample.index] = Text.of(text)
        if len(kept) > DRAWS:
            del kept[max(kept)]

    def pairs(self) -> list[Pair]:
        """Return the first answers of both arms, of the cases that have both, in order of id."""
        return list(self._pairs(Arm.BASELINE, 0, Arm.CANDIDATE, 0))

    def again(self, arm: Arm) -> list[Pair]:
        """Return likewise the first and the second answer of one arm."""
        return list(self._pairs(arm, 0, arm, 1))

    def _pairs(self, before: Arm, first: int, after: Arm, second: int) -> Iterator[Pair]:
        for name, case in self._cases.items():
            one, other = (self._texts.get((name, arm), {}) for arm in (before, after))
            if len(one) > first and len(other) > second:
                unit = ("case", name) if case.cluster is None else ("cluster", case.cluster)
                start, end = sorted(one)[first], sorted(other)[second]
                plain = start == self._first[name, before] and end == self._first[name, after]
                yield Pair(name, unit, one[start], other[end], plain)
