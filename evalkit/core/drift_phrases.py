"""What changed that no bound names, in words: the same in the verdict and in every output."""

from __future__ import annotations

from evalkit.core.drift import Drift, Giveaway, Separation, Told, Trait
from evalkit.core.envelope import Kind
from evalkit.core.model import Arm
from evalkit.core.wording import (
    SPACE,
    count_text,
    difference_text,
    ratio_text,
    value_text,
)

_LEADS = {
    Trait.ANSWER: "answers exactly",
    Trait.OPENING: "opens with",
    Trait.CLOSING: "last sentence begins",
    Trait.PHRASE: "says",
}
_FLOORS = {Arm.BASELINE: "of the baseline", Arm.CANDIDATE: "of the candidate"}


def share_text(value: float) -> str:
    r"""Return a share as a percentage.

    >>> share_text(0.935)
    '93.5\xa0%'
    """
    return value_text(value, Kind.RATE, "")


def span(found: Separation) -> str:
    """Return the interval of a separation."""
    return f"{100 * found.lower:.1f} to {share_text(found.upper)}"


def headline(found: Drift) -> str:
    """Return what a look at the texts found, in a sentence or two."""
    apart = found.separation
    if apart is None:
        return found.detail
    pairs = count_text(apart.pairs, "pair")
    text = (
        f"A detector that reads both answers of a case names the candidate's in "
        f"{share_text(apart.value)} of {pairs} ({span(apart)}); chance names half"
    )
    end = "" if found.told is Told.APART else ", so that no difference is shown"
    if end and found.differ:
        end += f" of the whole, but of {count_text(found.differ, 'single thing')}"
    return f"{text} (p{SPACE}={SPACE}{apart.p:.3g}){end}."


def short_headline(found: Drift) -> str:
    """Return the same in a line, to stand above the reasons."""
    apart = found.separation
    if apart is None:
        return found.detail
    told = "told apart" if found.told is Told.APART else "not shown to differ: told apart"
    text = f"The texts are {told} in {share_text(apart.value)} of {count_text(apart.pairs, 'pair')}"
    end = ""
    if found.differ and found.told is not Told.APART:
        end = (
            f"; {count_text(found.differ, 'single thing')} {'does' if found.differ == 1 else 'do'}"
        )
    return f"{text} ({span(apart)}; chance: 50{SPACE}%){end}"


def floor_sentence(found: Drift) -> str:
    """Return what the detector makes of two draws of one arm, or nothing where there are none."""
    if found.floor is None or found.floor_arm is None:
        return ""
    floor = found.floor
    whose = _FLOORS[found.floor_arm]
    text = (
        f"Of two draws {whose} it names the second in {share_text(floor.value)} of "
        f"{count_text(floor.pairs, 'pair')} ({span(floor)})"
    )
    return f"{text}: as much as chance." if floor.lower <= 0.5 else f"{text}: so much is noise."


def reading(found: Drift) -> str:
    """Return what was read: a part of the cases, pairs without an answer, pairs that are alike."""
    parts = []
    if found.chosen < found.cases:
        parts.append(f"{found.chosen:,} of {found.cases:,} cases were looked at, chosen by chance")
    if found.missing:
        parts.append(f"{count_text(found.missing, 'case')} had no text in an arm")
    if found.alike:
        parts.append(f"{count_text(found.alike, 'pair')} said the same, to the letter")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def trait_text(giveaway: Giveaway, words: str) -> tuple[str, str]:
    """Return what is said before a thing, and the thing, quoted where the answers say it.

    Args:
        giveaway: the thing.
        words: those of the answers, where it is said in them and they may be repeated.
    """
    lead = _LEADS.get(giveaway.trait, "")
    if lead and not words:
        return f"{lead} the same words", ""
    return lead, f"“{words}”" if lead else giveaway.what


def levels_text(giveaway: Giveaway) -> str:
    """Return what both arms have of a thing: ``12.0 % → 61.0 %``, or ``312 → 655 words``."""
    if giveaway.trait is not Trait.AMOUNT:
        return f"{share_text(giveaway.baseline)} → {share_text(giveaway.candidate)}"
    ends = [_number(end) for end in (giveaway.baseline, giveaway.candidate)]
    unit = f"{SPACE}{giveaway.unit}" if giveaway.unit else ""
    return f"{ends[0]} → {ends[1]}{unit}"


def effect_text(giveaway: Giveaway) -> tuple[str, str]:
    """Return the difference and its interval: of an amount the factor within pairs, where it has one."""
    if giveaway.trait is Trait.AMOUNT and giveaway.ratio is not None:
        ratio = giveaway.ratio
        ends = [ratio_text(end).removeprefix(f"×{SPACE}") for end in (ratio.lower, ratio.upper)]
        return ratio_text(ratio.value), f"{ends[0]} to {ends[1]}"
    effect = giveaway.effect
    change = difference_text(effect.value, Kind.RATE, "")
    low, high = (difference_text(end, Kind.RATE, "") for end in (effect.lower, effect.upper))
    interval = f"{low.split(SPACE)[0]} to {high.split(SPACE)[0]}"
    if giveaway.trait is Trait.AMOUNT:
        moved = f"more in {giveaway.more:,} pairs, less in {giveaway.fewer:,}"
        return moved, f"{change} of the pairs, {interval}"
    return change, interval


def giveaway_text(giveaway: Giveaway, words: str) -> str:
    """Return one reason in a line: ``opens with “Sure,” 0.4 % → 26.6 %``."""
    lead, what = trait_text(giveaway, words)
    return " ".join(part for part in (lead, what, levels_text(giveaway)) if part)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
