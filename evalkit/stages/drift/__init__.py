"""Both arms' texts become what changed that no bound names: can they be told apart, and by what?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from evalkit.core.drift import Drift, Separation, Told
from evalkit.core.drift_phrases import headline
from evalkit.core.envelope import Bound, Kind
from evalkit.core.model import Arm
from evalkit.core.rounding import six_digits
from evalkit.core.wording import count_text
from evalkit.stages.drift.reasons import reasons
from evalkit.stages.drift.signs import Signs, signs_of
from evalkit.stages.drift.texts import Pair, Texts
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.evidence import Exhibit, case_means, paired
from evalkit.stats.told_apart import gram, separation

LEAST_UNITS = 20
"""Of fewer pairs no interval says anything that a reader does not see himself."""
MOST_PHRASES = 2048
CONFIDENCE = 0.95
MONEY = "usd"
NOWHERE = (0.0, 0.0)
NOT_LOOKED_AT = "The texts were not looked at: drift is off."
NOTHING_MOVED: Mapping[str, Mapping[str, float]] = MappingProxyType({})


def drift(
    texts: Texts | None,
    *,
    seed: int,
    moved: Mapping[str, Mapping[str, float]] = NOTHING_MOVED,
) -> Drift:
    """Return what the texts of both arms differ by, its numbers rounded to six digits.

    Args:
        texts: those of the cases that are looked at; without them nobody wants to know.
        seed: of everything random.
        moved: how far the metric of each bound moved, by case, to tell what a bound names already.
    """
    if texts is None:
        return Drift(Told.OFF, NOT_LOOKED_AT)
    pairs = texts.pairs()
    units = _units(pairs)
    found = Drift(
        told=Told.UNMEASURED,
        detail="",
        cases=texts.of,
        chosen=texts.chosen,
        missing=texts.chosen - len(pairs),
        alike=sum(pair.before == pair.after for pair in pairs),
    )
    count = len(set(units.tolist()))
    if count < LEAST_UNITS:
        return replace(found, detail=_too_few(texts, count))
    signs = signs_of(pairs)
    apart = separation(_products(signs), units, seed=seed, confidence=CONFIDENCE)
    why = reasons(pairs, signs, units, alpha=round(1 - CONFIDENCE, 12), moved=moved)
    arm, floor = _floor(texts, seed)
    found = replace(
        found,
        told=Told.APART if apart.p <= round(1 - CONFIDENCE, 12) else Told.NOT_APART,
        separation=apart,
        floor=floor,
        floor_arm=arm,
        looked_at=why.looked_at,
        compared=why.compared,
        differ=why.differ,
        giveaways=why.giveaways,
    )
    return six_digits(replace(found, detail=headline(found)))


def movements(bounds: Sequence[Bound], exhibits: Sequence[Exhibit]) -> dict[str, dict[str, float]]:
    """Return how far the metric of each bound moved, by case, where there are both arms.

    Times and money say nothing about a text, and a category does not move by so much.
    """
    found: dict[str, dict[str, float]] = {}
    for bound, exhibit in zip(bounds, exhibits, strict=True):
        evidence, reads = exhibit.evidence, {Kind.RATE, Kind.SCORE, Kind.AMOUNT}
        if Arm.BASELINE in evidence.arms and bound.metric.kind in reads and exhibit.unit != MONEY:
            change = paired(
                case_means(evidence, Arm.CANDIDATE, NOWHERE),
                case_means(evidence, Arm.BASELINE, NOWHERE),
            )
            seen = np.where(change.known, change.seen, 0.0).tolist()
            found[bound.name] = dict(zip(exhibit.case_ids, seen, strict=True))
    return found


def _too_few(texts: Texts, count: int) -> str:
    if not texts.compares:
        return "There is no baseline whose texts could be compared."
    return (
        f"{count_text(count, 'pair')} of answers {'is' if count == 1 else 'are'} too few to tell the "
        f"arms apart; {LEAST_UNITS} are needed."
    )


def _floor(texts: Texts, seed: int) -> tuple[Arm | None, Separation | None]:
    """Return what two draws of one arm can be told apart by, where an arm has so many."""
    for arm in (Arm.BASELINE, Arm.CANDIDATE):
        pairs = texts.again(arm)
        units = _units(pairs)
        if len(set(units.tolist())) >= LEAST_UNITS:
            products = _products(signs_of(pairs))
            return arm, separation(products, units, seed=seed, confidence=CONFIDENCE)
    return None, None


def _units(pairs: Sequence[Pair]) -> IntArray:
    numbers: dict[tuple[str, str], int] = {}
    return np.array([numbers.setdefault(pair.unit, len(numbers)) for pair in pairs], np.int64)


def _products(signs: Signs) -> FloatArray:
    """Return the products of pairs with each other: half by what they say, half by their form."""
    often = np.bincount(signs.thing, minlength=len(signs.things))
    kept = np.argsort(-often, kind="stable")[:MOST_PHRASES]
    column = np.full(often.size, -1)
    column[kept] = np.arange(kept.size)
    wanted = column[signs.thing] >= 0
    thing, pair = signs.thing[wanted], signs.pair[wanted]
    rows = np.zeros((signs.pairs, kept.size))
    rows[pair, column[thing]] = signs.sign[wanted] * often[thing] ** -0.25
    return (gram(rows) + gram(signs.amounts)) / 2
