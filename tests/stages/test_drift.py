"""What no bound names is found in the texts, said in words, and never made up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from evalkit.core.digest import canonical_json
from evalkit.core.drift import Drift, Giveaway, Quoted, Told, Trait
from evalkit.core.model import Arm, Case, ErrorKind, Sample, SampleError
from evalkit.stages.drift import LEAST_UNITS, drift, movements
from evalkit.stages.drift.quoting import LONGEST, quoted
from evalkit.stages.drift.reasons import MOST
from evalkit.stages.drift.texts import MOST_CHARACTERS, MOST_PAIRS, Pair, Text, Texts
from evalkit.stages.drift.things import Thing
from tests.stages.trials import ACCURACY, LATENCY, TONE, at_most, bound, exhibit, within
from tests.stats.arms import evidence

WORDS = [
    "river",
    "stone",
    "paper",
    "window",
    "garden",
    "market",
    "engine",
    "winter",
    "letter",
    "button",
    "copper",
    "silver",
    "orange",
    "violet",
    "castle",
    "bridge",
    "forest",
    "meadow",
    "island",
    "harbour",
]
MARKS = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda omicron sigma tau upsilon"

SAID: dict[Arm, Mapping[str, str]] = {}
"""The answers that were compared last."""


def sentence(random: Random, words: int = 12) -> str:
    return " ".join(random.choices(WORDS, k=words)).capitalize() + "."


def cases_of(names: Iterable[str], clusters: Mapping[str, str] | None = None) -> dict[str, Case]:
    return {name: Case(name, "?", cluster=(clusters or {}).get(name)) for name in names}


def samples_of(texts: Mapping[str, str], arm: Arm, index: int = 0) -> list[Sample]:
    return [Sample(name, arm, index, output=text) for name, text in texts.items()]


def compared(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    cases: dict[str, Case] | None = None,
    again: Mapping[str, str] | None = None,
    seed: int = 0,
    moved: Mapping[str, Mapping[str, float]] | None = None,
) -> Drift:
    texts = Texts(cases or cases_of({**before, **after}), seed)
    SAID[Arm.BASELINE], SAID[Arm.CANDIDATE] = before, after
    samples = samples_of(before, Arm.BASELINE) + samples_of(after, Arm.CANDIDATE)
    samples += samples_of(again or {}, Arm.BASELINE, 3)
    assert list(texts.passing(samples)) == samples
    return drift(texts, seed=seed, moved=moved or {})


def arms(
    pairs: int = 60, *, seed: int = 0, opening: str = "", share: float = 1.0
) -> tuple[dict[str, str], dict[str, str]]:
    """Return answers alike but for an opening that a share of the candidate's have."""
    random = Random(seed)
    names = [f"c{place:03d}" for place in range(pairs)]
    before = {name: f"{sentence(random)} {sentence(random)}" for name in names}
    after = {name: f"{sentence(random)} {sentence(random)}" for name in names}
    told = {name for name in names if random.random() < share}
    return before, {n: f"{opening} {t}" if opening and n in told else t for n, t in after.items()}


def words(giveaway: Giveaway) -> str:
    """Return a thing in words, those of the last answers that were compared where it quotes them."""
    quoted = giveaway.quoted
    assert giveaway.trait.quotes is (quoted is not None) is not bool(giveaway.what)
    if quoted is None:
        return giveaway.what
    return SAID[quoted.arm][giveaway.case][quoted.start : quoted.end]


def told(found: Drift) -> list[tuple[Trait, str]]:
    return [(giveaway.trait, words(giveaway)) for giveaway in found.giveaways]


def named(found: Drift, trait: Trait) -> Giveaway:
    return next(giveaway for giveaway in found.giveaways if giveaway.trait is trait)


# ---------------------------------------------------------------- what is said


def test_an_opening_that_came_is_named_as_it_is_written_with_its_shares() -> None:
    found = compared(*arms(opening="Certainly! Here you go.", share=0.6))
    opening = named(found, Trait.OPENING)
    assert words(opening).startswith("Certainly!")
    assert (opening.baseline, opening.fewer) == (0, 0)
    assert opening.candidate == pytest.approx(opening.more / 60, rel=1e-5)
    assert opening.effect.lower > 0.1
    assert opening.effect.value == pytest.approx(opening.candidate)
    assert opening.effect.upper < 0.95
    assert found.told is Told.APART
    assert found.separation is not None
    assert found.separation.value > 0.7
    assert 0 < found.differ <= found.compared <= found.looked_at


def test_the_same_phrase_is_not_told_three_times() -> None:
    found = compared(*arms(opening="Certainly! Here you go.", share=0.6))
    assert sum("certainly" in what.lower() for _, what in told(found)) == 1


def test_a_closing_and_a_form_are_named() -> None:
    before, after = arms()
    after = {name: f"- {text}\n- {text}\n\nLet me know!" for name, text in after.items()}
    found = compared(before, after)
    assert any(trait is Trait.CLOSING and "Let me" in what for trait, what in told(found))
    assert any(trait is Trait.FORM and "bullet" in what for trait, what in told(found))


def test_longer_answers_are_named_by_the_factor_within_pairs() -> None:
    random = Random(2)
    before, _ = arms()
    after = {name: " ".join(sentence(random) for _ in range(5)) for name in before}
    found = compared(before, after)
    amount = named(found, Trait.AMOUNT)
    assert amount.ratio is not None
    assert amount.ratio.lower <= amount.ratio.value <= amount.ratio.upper
    assert amount.ratio.value == pytest.approx(2.5, abs=0.3)
    assert (amount.what, amount.more) in {("words", 60), ("sentences", 60)}


def test_words_that_only_a_longer_text_holds_more_of_are_not_told() -> None:
    random = Random(2)
    before, _ = arms()
    after = {name: " ".join(sentence(random) for _ in range(5)) for name in before}
    assert not [what for trait, what in told(compared(before, after)) if trait is Trait.PHRASE]


def test_a_short_answer_is_compared_as_a_whole() -> None:
    before, _ = arms()
    found = compared(before, dict.fromkeys(before, "[No]"))
    assert (Trait.ANSWER, "[No]") in told(found)
    assert (Trait.FORM, "answers of three words or fewer") in told(found)


def test_a_phrase_is_told_as_long_as_it_stands_together() -> None:
    before, after = arms(80)
    after = {
        name: text.replace(". ", ". River please note that stone. ", 1)
        for name, text in after.items()
    }
    phrase = named(compared(before, after), Trait.PHRASE)
    assert "please note that" in words(phrase)


def test_what_moves_with_a_bound_says_so() -> None:
    before, after = arms(opening="Sorry, no.", share=0.5)
    moved = {name: float(text.startswith("Sorry")) for name, text in after.items()}
    found = compared(
        before, after, moved={"still": dict.fromkeys(moved, 0.0), "refusal": moved, "other": {}}
    )
    assert named(found, Trait.OPENING).moves_with == "refusal"


def test_a_word_without_an_end_is_cut() -> None:
    before, after = arms()
    after = {name: f"{text} {'z' * 500}" for name, text in after.items()}
    whats = [what for _, what in told(compared(before, after))]
    assert any("zzz" in what for what in whats)
    assert all(len(what) <= LONGEST for what in whats)


def test_texts_without_spaces_are_read_by_character() -> None:
    random = Random(1)
    names = [f"c{place:02d}" for place in range(50)]
    alphabet = "山川日月火水木金土天"
    before = {name: "".join(random.choices(alphabet, k=30)) for name in names}
    after = {name: f"当然可以{''.join(random.choices(alphabet, k=26))}" for name in names}
    found = compared(before, after)
    assert any("当然" in what for _, what in told(found))
    assert found.told is Told.APART


def test_no_more_is_told_than_somebody_reads() -> None:
    before, after = arms(120)
    marks = [f"{word} {word}ish thing" for word in MARKS.split()]
    random = Random(3)
    after = {
        name: text + "".join(f" {mark}." for mark in marks if random.random() < 0.5)
        for name, text in after.items()
    }
    found = compared(before, after)
    assert len(found.giveaways) == MOST
    assert found.differ > MOST


def test_a_pair_that_shows_it_is_the_shortest() -> None:
    before, after = arms(opening="Certainly! Here you go.", share=0.6)
    found = named(compared(before, after), Trait.OPENING)
    showing = {name for name, text in after.items() if text.startswith("Certainly!")}
    assert found.case == min(showing, key=lambda n: (len(before[n] + after[n]), n))


# ---------------------------------------------------------------- what is not said


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_told_of_arms_that_do_not_differ(seed: int) -> None:
    found = compared(*arms(seed=seed), seed=seed)
    assert not found.giveaways
    assert "no difference is shown" in found.detail or found.told is Told.APART


def test_identical_arms_are_alike_and_not_told_apart() -> None:
    before, _ = arms()
    found = compared(before, before)
    assert (found.told, found.alike, found.differ) == (Told.NOT_APART, 60, 0)
    assert found.separation is not None
    assert found.separation.value == 0.5
    assert found.separation.upper < 0.55


@pytest.mark.parametrize("empty", ["", "   \n "])
def test_an_arm_of_empty_texts_is_told(empty: str) -> None:
    before, _ = arms()
    found = compared(before, dict.fromkeys(before, empty))
    assert (Trait.FORM, "empty answers") in told(found)
    assert found.told is Told.APART


def test_two_arms_of_empty_texts_are_alike() -> None:
    names = [f"c{place}" for place in range(30)]
    found = compared(dict.fromkeys(names, ""), dict.fromkeys(names, ""))
    assert (found.told, found.alike, found.giveaways) == (Told.NOT_APART, 30, ())


def test_texts_told_apart_by_one_token_are_told_apart_by_it() -> None:
    before, _ = arms()
    found = compared(before, {name: text.replace(".", " ✅", 1) for name, text in before.items()})
    assert found.told is Told.APART
    assert any("✅" in what or "emoji" in what for _, what in told(found))


@pytest.mark.parametrize("pairs", [0, 1, LEAST_UNITS - 1])
def test_few_pairs_are_unmeasured_and_say_how_many_are_needed(pairs: int) -> None:
    before, after = arms(pairs)
    found = compared(before or {"x": "a"}, after or {"y": "b"})
    assert found.told is Told.UNMEASURED
    assert found.separation is None
    assert str(LEAST_UNITS) in found.detail


def test_pairs_of_few_clusters_are_few() -> None:
    before, after = arms(100)
    clusters = {name: f"k{place % 5}" for place, name in enumerate(before)}
    found = compared(before, after, cases=cases_of(before, clusters))
    assert found.told is Told.UNMEASURED
    assert found.detail.startswith("5 pairs")


def test_without_a_baseline_there_is_nothing_to_compare() -> None:
    found = compared({}, arms()[1])
    assert found.told is Told.UNMEASURED
    assert "no baseline" in found.detail


def test_who_does_not_want_to_know_is_not_told_that_nothing_changed() -> None:
    found = drift(None, seed=0)
    assert (found.told, found.separation) == (Told.OFF, None)
    assert "not looked at" in found.detail


def test_clusters_are_compared_as_wholes() -> None:
    before, after = arms(100, opening="Certainly! Here.", share=0.5)
    clusters = {name: f"k{place % 40}" for place, name in enumerate(before)}
    found = compared(before, after, cases=cases_of(before, clusters))
    assert found.separation is not None
    assert found.separation.units == 40
    alone = compared(before, after)
    wide, narrow = (named(each, Trait.OPENING).effect for each in (found, alone))
    assert wide.upper - wide.lower > narrow.upper - narrow.lower
    assert all(giveaway.ratio is None for giveaway in found.giveaways)


# ---------------------------------------------------------------- the floor


def test_two_draws_of_the_baseline_are_the_floor() -> None:
    before, after = arms(opening="Certainly!")
    again, _ = arms(seed=9)
    found = compared(before, after, again=again)
    assert found.floor is not None
    assert found.floor_arm is Arm.BASELINE
    assert found.floor.lower < 0.5 < found.floor.upper


def test_the_floor_may_come_from_the_candidate() -> None:
    before, after = arms()
    other, _ = arms(seed=9)
    texts = Texts(cases_of(before), 0)
    samples = samples_of(before, Arm.BASELINE) + samples_of(after, Arm.CANDIDATE, 4)
    list(texts.passing([*samples, *samples_of(other, Arm.CANDIDATE, 2)]))
    assert drift(texts, seed=0).floor_arm is Arm.CANDIDATE


# ---------------------------------------------------------------- what is read


def test_of_many_cases_some_are_chosen_whatever_their_answers() -> None:
    names = [f"c{place:04d}" for place in range(MOST_PAIRS + 200)]
    texts = Texts(cases_of(names), 7)
    list(texts.passing(samples_of(dict.fromkeys(names, "a"), Arm.BASELINE)))
    list(texts.passing(samples_of(dict.fromkeys(reversed(names), "b"), Arm.CANDIDATE)))
    chosen = [pair.case for pair in texts.pairs()]
    assert (texts.of, texts.chosen, len(chosen)) == (MOST_PAIRS + 200, MOST_PAIRS, MOST_PAIRS)
    assert chosen == sorted(chosen) != names[:MOST_PAIRS]
    other = Texts(cases_of(names), 8)
    list(other.passing(samples_of(dict.fromkeys(names, "a"), Arm.CANDIDATE)))
    assert other.pairs() == []
    assert not other.compares


def test_a_failure_and_a_measurement_are_no_texts_and_a_refusal_is_one() -> None:
    texts = Texts(cases_of("abcd"), 0)
    samples = [
        Sample("a", Arm.BASELINE, output="x"),
        Sample("b", Arm.BASELINE, error=SampleError(ErrorKind.TIMEOUT)),
        Sample("c", Arm.BASELINE, latency_ms=3.0),
        Sample("d", Arm.BASELINE, output="", refusal="I will not."),
        *(Sample(name, Arm.CANDIDATE, output="y") for name in "abcd"),
    ]
    list(texts.passing(samples))
    assert [(p.case, p.before.read) for p in texts.pairs()] == [("a", "x"), ("d", "I will not.")]
    assert drift(texts, seed=0).missing == 2


def test_the_first_two_draws_are_kept_in_whatever_order_they_come() -> None:
    texts = Texts(cases_of("a"), 0)
    list(texts.passing(Sample("a", Arm.BASELINE, n, output=str(n)) for n in (7, 2, 9, 4)))
    assert [(p.before.read, p.after.read) for p in texts.again(Arm.BASELINE)] == [("2", "4")]


def test_of_a_long_text_both_ends_are_read_and_all_of_it_is_told_from_others() -> None:
    long = "a" * 10**6 + " the end"
    text = Text.of(long)
    assert len(text.read) == MOST_CHARACTERS + 1
    assert text.read.endswith(" the end")
    assert text.characters == len(long)
    assert Text.of(long.replace("aa", "ab", 50_000)) != text


def test_long_texts_take_no_longer_than_their_ends() -> None:
    before, after = arms(25)
    found = compared(before, {name: text * 4000 for name, text in after.items()})
    amount = named(found, Trait.AMOUNT)
    assert amount.candidate > 50_000


# ---------------------------------------------------------------- arithmetic


def test_the_order_of_samples_changes_no_byte() -> None:
    before, after = arms(opening="Certainly! Here you go.", share=0.6)
    samples = samples_of(before, Arm.BASELINE) + samples_of(after, Arm.CANDIDATE)
    found = []
    for order in (samples, samples[::-1]):
        texts = Texts(cases_of(before), 0)
        list(texts.passing(order))
        found.append(canonical_json(drift(texts, seed=0)))
    assert found[0] == found[1]
    assert json.loads(found[0])["separation"]["permutations"] == 999


def test_words_are_only_quoted_from_the_answer_that_a_report_shows() -> None:
    thing = Thing(Trait.PHRASE, "please note")
    pair = Pair(
        "a", ("case", "a"), Text.of("x"), Text.of("Now Please  note\u2019s end, please note.")
    )
    assert quoted(thing, pair, 1.0) == Quoted(Arm.CANDIDATE, 4, 16)
    assert quoted(thing, pair, -1.0) is None
    assert quoted(thing, replace(pair, first=False), 1.0) is None
    assert quoted(replace(thing, what="leas"), pair, 1.0) == Quoted(Arm.CANDIDATE, 5, 9)
    last = replace(thing, trait=Trait.CLOSING, what="please note.")
    assert quoted(last, pair, 1.0) == Quoted(Arm.CANDIDATE, 24, 36)
    assert quoted(replace(last, what="good bye."), pair, 1.0) is None


def test_words_behind_the_cut_are_quoted_from_where_they_stand() -> None:
    long = "a " * 9000 + "Let me know!"
    pair = Pair("a", ("case", "a"), Text.of(long), Text.of("x"))
    found = quoted(Thing(Trait.CLOSING, "Let me know!"), pair, -1.0)
    assert found is not None
    assert long[found.start : found.end] == "Let me know!"


def test_a_case_whose_first_draw_failed_is_no_example_if_another_is() -> None:
    before, after = arms(opening="Certainly! Here you go.", share=0.6)
    failing = min((n for n, t in after.items() if t.startswith("Certainly!")),
                  key=lambda n: (len(before[n] + after[n]), n))  # fmt: skip
    texts = Texts(cases_of(before), 0)
    error = SampleError(ErrorKind.SERVER)
    samples = [*samples_of(before, Arm.BASELINE), Sample(failing, Arm.CANDIDATE, 0, error=error)]
    list(texts.passing([*samples, *samples_of(after, Arm.CANDIDATE, 1)]))
    found = named(drift(texts, seed=0), Trait.OPENING)
    assert found.case != failing
    assert found.quoted is not None


def test_movements_are_those_of_answers_not_of_times() -> None:
    here = exhibit(evidence([1.0, 0.0, 1.0], [0.0, 0.0, 1.0]))
    bounds = [bound(within(0.1), ACCURACY), bound(at_most(9), LATENCY), bound(at_most(1), TONE)]
    alone = exhibit(evidence([1.0, 0.0, 1.0]))
    found = movements(bounds, [here, here, alone])
    assert list(found) == [bounds[0].name]
    assert list(found[bounds[0].name].values()) == [1.0, 0.0, 0.0]
    assert np.isfinite(list(found[bounds[0].name].values())).all()
