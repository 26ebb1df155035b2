"""Pairs of texts become signs: which of both answers has more of each thing one could look for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.core.drift import Trait
from evalkit.features.ends import closings, openings, whole
from evalkit.features.phrases import Phrases, phrases, tokens, written
from evalkit.stages.drift.forms import forms
from evalkit.stages.drift.texts import Pair, Text
from evalkit.stages.drift.things import Thing
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.giveaways import median

LEAST_TEXTS = 6
"""In fewer texts nothing can stand that would be shown to differ: 2 · 2⁻⁶ is the first below 5 %."""
RARE = 40
"""Of many pairs a phrase has to stand in more texts: one in so many, as thousands are compared."""


@dataclass(frozen=True, slots=True)
class Signs:
    """Which answer of a pair has more of a thing.

    ``thing``, ``pair`` and ``sign`` are of one length, without zeros: of this thing, in this pair,
    the second answer has more (1) or less (−1). ``levels`` holds for each thing what both sides have
    of it: the share of answers, or the median of an amount. ``amounts`` has a row a pair and a
    column an amount: the differences, each on a scale of its own. ``ratios`` are those of amounts
    above 0, by the number of the thing.
    """

    things: Sequence[Thing]
    thing: IntArray
    pair: IntArray
    sign: IntArray
    levels: FloatArray
    amounts: FloatArray
    ratios: dict[int, FloatArray]
    pairs: int


def signs_of(pairs: Sequence[Pair]) -> Signs:
    """Return what the answers of pairs differ by, thing by thing."""
    texts = [*(pair.before for pair in pairs), *(pair.after for pair in pairs)]
    columns, values = forms(texts)
    gathered = _Gathered(len(pairs))
    for column, value in zip(columns, values.T, strict=True):
        gathered.add_column(column, value)
    gathered.add_shared(Trait.ANSWER, lambda text: [whole(text)], texts)
    gathered.add_shared(Trait.OPENING, openings, texts)
    gathered.add_shared(Trait.CLOSING, closings, texts)
    least = max(LEAST_TEXTS, len(pairs) // RARE)
    gathered.add_phrases(phrases((tokens(text.read) for text in texts), least))
    return gathered.signs()


class _Gathered:
    """What was found so far, one entry a kind of thing."""

    def __init__(self, pairs: int) -> None:
        self.pairs = pairs
        self.things: list[Thing] = []
        self.levels: list[FloatArray] = []
        self.parts: list[tuple[IntArray, IntArray, IntArray]] = []
        self.amounts: list[FloatArray] = []
        self.ratios: dict[int, FloatArray] = {}

    def add_column(self, thing: Thing, values: FloatArray) -> None:
        """Add a form or an amount with its value of each text; what is no number is unknown."""
        before, after = np.nan_to_num(values[: self.pairs]), np.nan_to_num(values[self.pairs :])
        known = ~(np.isnan(values[: self.pairs]) | np.isnan(values[self.pairs :]))
        change = np.where(known, after - before, 0.0)
        where = np.flatnonzero(change)
        number = len(self.things)
        self.things.append(thing)
        self.parts.append((np.full(where.size, number), where, np.sign(change[where]).astype(int)))
        if thing.trait is Trait.FORM:
            self.levels.append(np.array([[before.mean(), after.mean()]]))
            return
        sides = [side[known] if known.any() else np.zeros(1) for side in (before, after)]
        self.levels.append(np.array([[median(side) for side in sides]]))
        size = np.sqrt(np.mean(change**2))
        self.amounts.append(np.clip(change / size, -3, 3) if size else change)
        if known.all() and (before > 0).all() and (after > 0).all():
            self.ratios[number] = after / before

    def add_shared(
        self, trait: Trait, runs: Callable[[str], Iterable[str]], texts: Sequence[Text]
    ) -> None:
        """Add what texts have in common at one end, or as a whole."""
        numbers: dict[str, int] = {}
        found = [
            (numbers.setdefault(run, len(numbers)), place)
            for place, text in enumerate(texts)
            for run in runs(text.read)
            if run
        ]
        if not found:
            return
        thing, text_of = np.array(sorted(found), int).T
        common = np.bincount(thing) >= LEAST_TEXTS
        number = np.cumsum(common) - 1
        things = [Thing(trait, run, len(run.split())) for run, n in numbers.items() if common[n]]
        self._add(things, number[thing[common[thing]]], text_of[common[thing]])

    def add_phrases(self, found: Phrases) -> None:
        """Add phrases, wherever in a text they stand."""
        texts = 2 * self.pairs
        often = np.bincount(found.phrase, minlength=len(found.words)) / texts
        alone = {words[0]: often[n] for n, words in enumerate(found.words) if len(words) == 1}
        things = [
            Thing(Trait.PHRASE, written(words), len(words), min(alone[word] for word in words))
            for words in found.words
        ]
        self._add(things, found.phrase, found.text)

    def _add(self, things: list[Thing], thing: IntArray, text: IntArray) -> None:
        """Add things that a text has or has not: where both texts of a pair do, neither has more."""
        pair, after = text % self.pairs, text >= self.pairs
        place = thing * self.pairs + pair
        side = np.where(after, 1, -1)
        total = np.bincount(place, side, minlength=len(things) * self.pairs).astype(int)
        where = np.flatnonzero(total)
        start = len(self.things)
        self.things += things
        self.parts.append((where // self.pairs + start, where % self.pairs, total[where]))
        counts = [np.bincount(thing[side == s], minlength=len(things)) for s in (-1, 1)]
        self.levels.append(np.stack(counts, axis=1) / self.pairs)

    def signs(self) -> Signs:
        """Return all that was found."""
        thing, pair, sign = (np.concatenate(part) for part in zip(*self.parts, strict=True))
        return Signs(
            things=self.things,
            thing=thing,
            pair=pair,
            sign=sign,
            levels=np.concatenate(self.levels),
            amounts=np.stack(self.amounts, axis=1),
            ratios=self.ratios,
            pairs=self.pairs,
        )
