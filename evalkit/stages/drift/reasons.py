"""Signs become reasons: the few things that tell a reader most of what changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from evalkit.core.drift import Giveaway, Trait
from evalkit.stages.drift.quoting import quoted
from evalkit.stages.drift.signs import Signs
from evalkit.stages.drift.texts import Pair
from evalkit.stages.drift.things import Thing
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.giveaways import Shown, mean_sign, median_of, shown_to_differ

MOST = 12
"""So many reasons are read by somebody."""
MOST_WEIGHED = 600
"""Of so many things, those that tell most, it is asked which of them are the same thing."""
SAME = 0.6
"""Two things whose signs agree so much (their cosine) are one, told by the one that tells more."""
SAME_WORDS = 0.35
"""The same for two runs of words of which one holds the other."""
MOST_ALSO = 3
LEAST_TOLD = 0.02
"""What tells less is left to the count."""
NEARLY = 0.8
"""Of things that are the same, one that tells so much of what the best does may stand for them."""
TELLING_RATIO = 1.5
"""An amount that changed by that factor tells as much as a form would."""
LENGTH = "length.words"
MOVES_WITH = 0.3
"""From this correlation on a thing is said to move with a bound."""

_TELLS = {Trait.FORM: 1.0, Trait.AMOUNT: 0.9, Trait.ANSWER: 1.0, Trait.OPENING: 0.95,
          Trait.CLOSING: 0.9, Trait.PHRASE: 0.9}  # fmt: skip
_SHORT = {1: 0.7, 2: 0.85}
"""A word alone tells less than the phrase around it."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """What gives the answers away, what it was chosen from, and for how much was corrected."""

    giveaways: tuple[Giveaway, ...]
    looked_at: int
    compared: int
    differ: int


def reasons(
    pairs: Sequence[Pair],
    signs: Signs,
    units: IntArray,
    *,
    alpha: float,
    moved: Mapping[str, Mapping[str, float]],
) -> Reasons:
    """Return what the answers of pairs differ by.

    Args:
        pairs: the answers.
        signs: which of both has more of what.
        units: the unit of each pair, numbered from 0.
        alpha: the chance of any false reason, and of any limit that is wrong.
        moved: how far a bound's metric moved, by the name of the bound and by case.
    """
    shown = shown_to_differ(*_more_and_less(signs, units), alpha)
    chosen = _chosen(signs, shown)
    found = [
        _giveaway(pick, pairs, signs, units, alpha=alpha / max(1, shown.compared), moved=moved)
        for pick in chosen
    ]
    return Reasons(tuple(found), len(signs.things), shown.compared, shown.things.size)


def _more_and_less(signs: Signs, units: IntArray) -> tuple[IntArray, IntArray]:
    """Return in how many units the second answers have more of each thing, and less."""
    count, things = int(units.max()) + 1, len(signs.things)
    place = signs.thing * count + units[signs.pair]
    total = np.bincount(place, signs.sign, minlength=things * count).reshape(things, count)
    return (total > 0).sum(axis=1), (total < 0).sum(axis=1)


# ---------------------------------------------------------------- choice


@dataclass(frozen=True, slots=True)
class _Pick:
    """A thing that is told, its signs by pair, and what is told with it."""

    thing: int
    p: float
    signs: IntArray
    also: list[int]


def _chosen(signs: Signs, shown: Shown) -> list[_Pick]:
    """Return the things that tell most, each with those that are the same thing in other words."""
    scores = _scores(signs, shown.things)
    order = np.argsort(-scores, kind="stable")[:MOST_WEIGHED]
    order = order[scores[order] > 0]
    numbers, scores, p = shown.things[order], scores[order], shown.p[order]
    things = [signs.things[number] for number in numbers]
    rows = _rows(signs, numbers)
    size = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    left, told = np.ones(numbers.size, bool), np.ones(numbers.size)
    picks: list[_Pick] = []
    while len(picks) < MOST:
        telling = np.where(left, scores * told, 0.0)
        if telling.max(initial=0.0) < LEAST_TOLD:
            break
        first = int(np.argmax(telling))
        alike = (rows @ rows[first]) / (size * size[first])
        close = [n for n in np.flatnonzero(left).tolist() if _same(things, n, first, alike[n])]
        best = _longest([n for n in close if scores[n] >= NEARLY * scores[first]], things, first)
        also = [int(numbers[n]) for n in close if n != best]
        picks.append(_Pick(int(numbers[best]), float(p[best]), rows[best].astype(int), also))
        left[close] = False
        # What is left tells less, the more of it was told already.
        told *= 1 - np.square(
            [_told(things[first], thing, a) for thing, a in zip(things, alike, strict=True)]
        )
    return picks


def _same(things: Sequence[Thing], one: int, other: int, alike: float) -> bool:
    """Return whether two things are the same thing in other words."""
    if one == other:
        return True
    first, second = things[one], things[other]
    if _share_words(first, second):
        return bool(alike >= SAME_WORDS)
    kin = first.trait is second.trait or (first.measure == second.measure != "")
    return bool(kin and alike >= SAME)


def _longest(close: Sequence[int], things: Sequence[Thing], first: int) -> int:
    """Return which of several that tell nearly the same says it in most words."""
    holding = [n for n in close if n == first or _share_words(things[n], things[first])]
    return max(holding, key=lambda n: (things[n].words, -n))


def _told(told: Thing, thing: Thing, alike: float) -> float:
    """Return how much of a thing one knows who was told another, from 0 to 1.

    A phrase that came where another one went is known by it; a second opening is news.
    """
    if thing.trait is Trait.PHRASE:
        return abs(alike) if told.trait.quotes else 0.0
    return max(alike, 0.0) if told.trait is thing.trait else 0.0


def _rows(signs: Signs, things: IntArray) -> FloatArray:
    """Return the signs of some things, a row each."""
    row = np.full(len(signs.things), -1)
    row[things] = np.arange(things.size)
    wanted = row[signs.thing] >= 0
    found = np.zeros((things.size, signs.pairs))
    found[row[signs.thing[wanted]], signs.pair[wanted]] = signs.sign[wanted]
    return found


def _scores(signs: Signs, numbers: IntArray) -> FloatArray:
    """Return how much each thing tells a reader: the share of pairs it gives away, net and weighed."""
    net = np.zeros(len(signs.things))
    np.add.at(net, signs.thing, signs.sign)
    length = _length_ratio(signs)
    found = np.zeros(numbers.size)
    for place, number in enumerate(numbers.tolist()):
        thing, share = signs.things[number], net[number] / signs.pairs
        before, after = signs.levels[number].tolist()
        if thing.trait is Trait.PHRASE:
            share = _beyond_length(share, before, after, length) * (1 - thing.common)
        if thing.trait is Trait.AMOUNT:
            # What most answers have none of, before and after, is told as a form.
            share *= min(1.0, abs(math.log((after + 1) / (before + 1))) / math.log(TELLING_RATIO))
        found[place] = abs(share) * _weight(thing)
    return found


def _beyond_length(share: float, before: float, after: float, length: float) -> float:
    """Return what of a difference is left that the length of the texts does not explain.

    A text that is twice as long holds most phrases more often.
    """
    excess = after - (1 - (1 - before) ** length)
    return math.copysign(min(abs(share), max(0.0, math.copysign(excess, share * excess))), share)


def _weight(thing: Thing) -> float:
    short = _SHORT.get(thing.words, 1.0) if thing.trait is Trait.PHRASE else 1.0
    return _TELLS[thing.trait] * short


def _length_ratio(signs: Signs) -> float:
    """Return how many times as long the second answers are, by their medians."""
    words = next(number for number, thing in enumerate(signs.things) if thing.measure == LENGTH)
    before, after = signs.levels[words]
    return float((after + 1) / (before + 1))


def _share_words(one: Thing, other: Thing) -> bool:
    """Return whether one of two things said in words holds the other."""
    if not (one.trait.quotes and other.trait.quotes):
        return False
    first, second = (f" {_plain(thing.what)} " for thing in (one, other))
    return first in second or second in first


@lru_cache(MOST_WEIGHED)
def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split())


# ---------------------------------------------------------------- words


def _giveaway(
    pick: _Pick,
    pairs: Sequence[Pair],
    signs: Signs,
    units: IntArray,
    *,
    alpha: float,
    moved: Mapping[str, Mapping[str, float]],
) -> Giveaway:
    thing = signs.things[pick.thing]
    effect = mean_sign(pick.signs, units, alpha / 2)
    before, after = signs.levels[pick.thing].tolist()
    ratios, alone = signs.ratios.get(pick.thing), int(units.max()) + 1 == len(pairs)
    example = _example(pairs, pick.signs, effect.value)
    return Giveaway(
        trait=thing.trait,
        what="" if thing.trait.quotes else thing.what,
        quoted=quoted(thing, example, effect.value) if thing.trait.quotes else None,
        also=_also(thing, [signs.things[number] for number in pick.also]),
        unit=thing.unit,
        baseline=before,
        candidate=after,
        effect=effect,
        ratio=None if ratios is None or not alone else median_of(ratios, alpha / 2),
        more=int((pick.signs > 0).sum()),
        fewer=int((pick.signs < 0).sum()),
        p=pick.p,
        case=example.case,
        metric=thing.measure or None,
        moves_with=_moves_with(pairs, pick.signs, moved),
    )


def _also(thing: Thing, others: Sequence[Thing]) -> tuple[str, ...]:
    """Return which other forms or amounts come and go with one."""
    if thing.trait.quotes:
        return ()
    names = dict.fromkeys(other.what for other in others if other.trait is thing.trait)
    return tuple(name for name in names if name != thing.what)[:MOST_ALSO]


def _example(pairs: Sequence[Pair], signs: IntArray, effect: float) -> Pair:
    """Return the pair that shows it in the shortest texts, and of first answers if one does."""
    showing = np.flatnonzero(signs == (1 if effect > 0 else -1)).tolist()
    return min((pairs[n] for n in showing), key=lambda pair: (
        not pair.first, pair.before.characters + pair.after.characters, pair.case
    ))  # fmt: skip


def _moves_with(
    pairs: Sequence[Pair], signs: IntArray, moved: Mapping[str, Mapping[str, float]]
) -> str | None:
    """Return the bound whose metric moves most like this, if one does."""
    best, name = MOVES_WITH, None
    for bound, effects in moved.items():
        values = np.array([effects.get(pair.case, 0.0) for pair in pairs])
        spread = float(values.std() * signs.std())
        if spread and (like := abs(float(np.cov(values, signs, ddof=0)[0, 1])) / spread) > best:
            best, name = like, bound
    return name
