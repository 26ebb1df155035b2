"""What changed that no bound names: whether the arms can be told apart, and by what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.model import Arm


class Told(StrEnum):
    """Whether the answers of the arms can be told apart."""

    APART = "told_apart"
    NOT_APART = "not_told_apart"  # not shown to be: never that nothing changed
    UNMEASURED = "unmeasured"
    OFF = "not_looked_at"


class Trait(StrEnum):
    """What sort of thing gives an answer away."""

    FORM = "form"  # an answer has it or has it not: a list, a table
    AMOUNT = "amount"  # a number: words, words a sentence
    ANSWER = "answer"  # the whole answer
    OPENING = "opening"
    CLOSING = "closing"
    PHRASE = "phrase"

    @property
    def quotes(self) -> bool:
        """Whether it is said in the words of the answers."""
        return self not in {Trait.FORM, Trait.AMOUNT}


@dataclass(frozen=True, slots=True)
class Separation:
    """How often a detector that reads both answers of a case names the second one.

    ``value`` is the share of pairs, a tie counting half: an AUC within pairs, 0.5 by chance alone.
    ``lower`` and ``upper`` are its one-sided limits, each at ``confidence``. Of the pairs it
    ``named`` so many rightly, was ``mistaken`` in others and ``tied`` in the rest. ``widening`` is
    how many times as wide as that of independent pairs the interval is: every pair is judged by
    what others taught, so that they are not. ``p`` is the p-value of chance, from ``permutations``.
    """

    value: float
    lower: float
    upper: float
    confidence: float
    pairs: int
    units: int
    named: int
    mistaken: int
    tied: int
    widening: float
    p: float
    permutations: int


@dataclass(frozen=True, slots=True)
class Between:
    """An estimate between both limits, which hold for everything that was looked at at once."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Quoted:
    """Where words stand: from character ``start`` to before ``end`` of an arm's first answer."""

    arm: Arm
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Giveaway:
    """One thing that the arms differ by.

    Args:
        trait: what sort of thing it is.
        what: a form or an amount in words. The words of answers are not repeated: see ``quoted``.
        quoted: where in the answer of ``case`` the words stand that make the difference.
        also: further forms or amounts that come and go with it.
        unit: what an amount is counted in; empty elsewhere.
        baseline: the share of answers that have it, or the median of an amount.
        candidate: the same of the other arm.
        effect: of pairs, the share with more of it in the candidate − the share with less.
        ratio: of an amount above 0, the median of candidate ÷ baseline within pairs.
        more: pairs with more of it in the candidate's answer.
        fewer: pairs with less.
        p: the p-value of no difference, corrected for everything that was looked at.
        case: a case in whose pair it can be seen.
        metric: what an envelope would bound it by, where there is such a metric.
        moves_with: the bound whose metric comes and goes with it, if there is one.
    """

    trait: Trait
    what: str
    quoted: Quoted | None
    also: tuple[str, ...]
    unit: str
    baseline: float
    candidate: float
    effect: Between
    ratio: Between | None
    more: int
    fewer: int
    p: float
    case: str
    metric: str | None = None
    moves_with: str | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """What a look at the texts of both arms found, beside everything that bounds name.

    ``cases`` is how many the golden set has, ``chosen`` how many of them were looked at, ``missing``
    how many of those lack a text in an arm, ``alike`` the pairs with the same text twice. ``floor`` is
    what the same detector makes of two draws of one arm, ``floor_arm``. ``looked_at`` counts the
    forms, amounts and phrases that were compared, ``compared`` those common enough that they could
    have been shown to differ, for all of which was corrected; ``differ`` those that were.
    """

    told: Told
    detail: str
    cases: int = 0
    chosen: int = 0
    missing: int = 0
    alike: int = 0
    separation: Separation | None = None
    floor: Separation | None = None
    floor_arm: Arm | None = None
    looked_at: int = 0
    compared: int = 0
    differ: int = 0
    giveaways: tuple[Giveaway, ...] = ()
