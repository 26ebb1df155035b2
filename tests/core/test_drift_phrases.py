"""What changed that no bound names is said in sentences with numbers, the same everywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.core.drift import Between, Drift, Giveaway, Separation, Told, Trait
from evalkit.core.drift_phrases import (
    effect_text,
    floor_sentence,
    giveaway_text,
    headline,
    levels_text,
    reading,
    short_headline,
    trait_text,
)
from evalkit.core.model import Arm

SEEN = Separation(
    value=0.935, lower=0.909, upper=0.956, confidence=0.95, pairs=500, units=500, named=467,
    mistaken=32, tied=1, widening=1.24, p=0.001, permutations=999,
)  # fmt: skip
CHANCE = replace(SEEN, value=0.51, lower=0.466, upper=0.554, p=0.4)
APART = Drift(Told.APART, "", cases=500, chosen=500, separation=SEEN)
ALIKE = Drift(Told.NOT_APART, "", cases=500, chosen=500, separation=CHANCE)
OFF = Drift(Told.OFF, "Nobody looked.")
FORM = Giveaway(
    trait=Trait.FORM, what="bullet lists", quoted=None, also=(), unit="", baseline=0.12,
    candidate=0.61, effect=Between(0.49, 0.4, 0.57), ratio=None, more=245, fewer=0, p=1e-9, case="c",
)  # fmt: skip
AMOUNT = replace(
    FORM, trait=Trait.AMOUNT, what="words", unit="words", baseline=312.4, candidate=5.25
)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_a_headline_says_how_often_and_what_chance_would() -> None:
    assert plain(headline(APART)) == (
        "A detector that reads both answers of a case names the candidate's in 93.5 % of 500 pairs "
        "(90.9 to 95.6 %); chance names half (p = 0.001)."
    )
    assert plain(headline(ALIKE)).endswith("(p = 0.4), so that no difference is shown.")
    single = replace(ALIKE, differ=1)
    assert headline(single).endswith("no difference is shown of the whole, but of 1 single thing.")
    assert short_headline(single).endswith("; 1 single thing does")
    assert short_headline(replace(ALIKE, differ=4)).endswith("; 4 single things do")
    assert headline(OFF) == short_headline(OFF) == "Nobody looked."
    assert "are told apart in 93.5 %" in plain(short_headline(APART))
    assert "not shown to differ" in short_headline(ALIKE)


def test_a_floor_is_told_where_there_is_one() -> None:
    assert floor_sentence(APART) == ""
    told = floor_sentence(replace(APART, floor=CHANCE, floor_arm=Arm.BASELINE))
    assert plain(told) == (
        "Of two draws of the baseline it names the second in 51.0 % of 500 pairs (46.6 to 55.4 %): "
        "as much as chance."
    )
    assert floor_sentence(replace(APART, floor=SEEN, floor_arm=Arm.CANDIDATE)).endswith("is noise.")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"cases": 800}, "500 of 800 cases were looked at, chosen by chance."),
        ({"missing": 1}, "1 case had no text in an arm."),
        ({"missing": 2, "alike": 3},
         "2 cases had no text in an arm; 3 pairs said the same, to the letter."),
    ],
)  # fmt: skip
def test_what_was_read_is_told_where_it_is_not_everything(
    changes: dict[str, int], expected: str
) -> None:
    assert reading(replace(APART, **changes)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("trait", "expected"),
    [
        (Trait.ANSWER, "answers exactly “Sure”"),
        (Trait.OPENING, "opens with “Sure”"),
        (Trait.CLOSING, "last sentence begins “Sure”"),
        (Trait.PHRASE, "says “Sure”"),
        (Trait.FORM, "bullet lists"),
    ],
)
def test_a_thing_is_said_in_words(trait: Trait, expected: str) -> None:
    giveaway = replace(FORM, trait=trait)
    assert plain(giveaway_text(giveaway, "Sure")) == f"{expected} 12.0 % → 61.0 %"
    if trait.quotes:
        assert trait_text(giveaway, "")[0].endswith("the same words")


def test_amounts_are_told_with_their_unit_and_the_factor_within_pairs() -> None:
    assert plain(levels_text(AMOUNT)) == "312 → 5.25 words"
    assert levels_text(replace(AMOUNT, unit="")) == "312 → 5.25"
    moved, net = effect_text(AMOUNT)
    assert moved == "more in 245 pairs, less in 0"
    assert plain(net) == "+49.0 points of the pairs, +40.0 to +57.0"
    change, interval = effect_text(replace(AMOUNT, ratio=Between(2.1, 1.9, 2.3)))
    assert (plain(change), interval) == ("× 2.10", "1.90 to 2.30")
    change, interval = effect_text(FORM)
    assert (plain(change), interval) == ("+49.0 points", "+40.0 to +57.0")
