"""What changed that no bound names is told in every report, in words of answers that cannot act."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
from rich.console import Console

from evalkit.core.drift import Between, Drift, Giveaway, Quoted, Separation, Told, Trait
from evalkit.core.drift_phrases import headline
from evalkit.core.model import Arm
from evalkit.core.verdict import Outcome, Verdict
from evalkit.report.format import Material
from evalkit.report.formats.summary import summary
from evalkit.report.verdict.drift import MOST_TOLD, drift_of, words_of
from evalkit.report.verdict.html import render_html
from evalkit.report.verdict.terminal import print_verdict
from evalkit.report.view import CaseText, cases_to_show, view_of
from tests.report.pages import assert_connected, assert_harmless, read
from tests.report.verdicts import CODE, REFUSAL, alone, facts, manifest, text, verdict

APART = Separation(
    value=0.935, lower=0.909, upper=0.956, confidence=0.95, pairs=500, units=500, named=467,
    mistaken=32, tied=1, widening=1.24, p=0.001, permutations=999,
)  # fmt: skip
CHANCE = replace(APART, value=0.51, lower=0.466, upper=0.554, p=0.4)
SURE = Giveaway(
    trait=Trait.OPENING, what="", quoted=Quoted(Arm.CANDIDATE, 0, 5), also=(), unit="",
    baseline=0.004, candidate=0.266, effect=Between(0.262, 0.183, 0.35), ratio=None,
    more=131, fewer=0, p=1e-36, case="case-1",
)  # fmt: skip
BULLETS = replace(
    SURE, trait=Trait.FORM, what="bullet lists", quoted=None, baseline=0.12, candidate=0.61,
    also=("headings",), metric="format.bullets",
)  # fmt: skip
WORDS = replace(
    BULLETS, trait=Trait.AMOUNT, what="words", unit="words", baseline=312.0, candidate=655.4,
    ratio=Between(2.1, 1.9, 2.3), also=(), metric="length.words",
)  # fmt: skip
HEDGES = replace(
    WORDS, what="hedges", unit="per 100 words", baseline=0.5, candidate=0.25, ratio=None
)
DECLINED = replace(SURE, trait=Trait.CLOSING, moves_with="refusal", case="case-2")
FOUND = Drift(
    told=Told.APART, detail="", cases=1000, chosen=500, missing=3, alike=1, separation=APART,
    looked_at=7603, compared=1511, differ=212,
    giveaways=(SURE, BULLETS, WORDS, HEDGES, DECLINED),
)  # fmt: skip
TEXTS = {
    "case-1": text("No idea.", "Sure, here <b>it</b> is.\n\nThe end"),
    "case-2": text("x" * 900, "I will not. " * 100),
}


def with_drift(found: Drift | None) -> Verdict:
    bounds = (REFUSAL, CODE)
    return verdict(Outcome.FAIL, bounds, replace(facts(), drift=found))


def page(found: Drift | None, texts: Mapping[str, CaseText] = TEXTS) -> str:
    made = with_drift(found)
    return render_html(view_of(made, manifest(made.bounds)), texts, manifest(made.bounds))


def section(found: Drift | None, texts: Mapping[str, CaseText] = TEXTS) -> str:
    [part] = read(page(found, texts)).find("section", id="drift")
    return " ".join(part.text.split())


def printed(found: Drift | None, texts: Mapping[str, CaseText] = TEXTS, width: int = 100) -> str:
    stream, made = io.StringIO(), with_drift(found)
    console = Console(file=stream, width=width, force_terminal=False)
    view = view_of(made, manifest(made.bounds))
    print_verdict(view, console, report="r.html", command="evalkit judge run", texts=texts)
    return stream.getvalue()


def test_a_page_says_how_well_and_by_what_with_intervals() -> None:
    told = section(FOUND).replace("\u00a0", " ")
    for expected in (
        "What changed that no bound names",
        "names the candidate's in 93.5 % of 500 pairs (90.9 to 95.6 %)",
        "500 of 1,000 cases were looked at",
        "3 cases had no text in an arm",
        "1 pair said the same, to the letter",
        "Sure,",
        "+26.2 points +18.3 to +35.0",
        "0.4 % → 26.6 %",
        "bullet lists",
        "with it: headings",
        "format.bullets",
        "× 2.10 1.90 to 2.30",
        "312 → 655 words",
        "more in 131 pairs, less in 0",
        "1 more that moves with a bound",
        "moves with refusal",
        "1,511 common enough",
    ):
        assert expected in told


def test_a_pair_is_shown_and_what_answers_say_cannot_act() -> None:
    whole = page(FOUND)
    assert "here &lt;b&gt;it&lt;/b&gt; is." in whole
    assert "<b>it</b>" not in whole
    assert_harmless(whole)
    assert_connected(read(whole))


def test_the_cases_that_show_it_are_read() -> None:
    assert {"case-1", "case-2"} <= cases_to_show(view_of(with_drift(FOUND), manifest()))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (replace(FOUND, told=Told.NOT_APART, separation=CHANCE, giveaways=(), differ=0),
         "so that no difference is shown"),
        (Drift(Told.OFF, "The texts were not looked at (--drift off)."), "not looked at"),
        (Drift(Told.UNMEASURED, "3 pairs of answers are too few.", cases=3), "too few"),
    ],
)  # fmt: skip
def test_whatever_came_of_it_is_said_everywhere(found: Drift, expected: str) -> None:
    assert expected in section(found)
    assert "no drift" not in section(found).lower()
    made = with_drift(found)
    view = view_of(made, manifest(made.bounds))
    first = "not shown to differ" if found.separation else expected
    assert first in printed(found)
    assert first in summary(Material(view, manifest(made.bounds), TEXTS))


def test_the_floor_is_told_beside_it() -> None:
    told = section(replace(FOUND, floor=CHANCE, floor_arm=Arm.BASELINE))
    assert "Of two draws of the baseline it names the second in 51.0" in told
    noisy = section(replace(FOUND, floor=APART, floor_arm=Arm.CANDIDATE))
    assert "of the candidate" in noisy
    assert "so much is noise" in noisy


@pytest.mark.parametrize("found", [None, FOUND])
def test_without_a_baseline_or_in_a_verdict_of_old_there_is_no_section(found: Drift | None) -> None:
    made = with_drift(None) if found is None else verdict(
        Outcome.FAIL, (CODE,), replace(alone(), drift=found)
    )  # fmt: skip
    view = view_of(made, manifest(made.bounds))
    assert drift_of(view, {}) is None
    assert 'id="drift"' not in render_html(view, {}, manifest(made.bounds))


def test_a_terminal_names_the_first_reasons_and_counts_the_others() -> None:
    told = printed(FOUND)
    assert "What no bound names" in told
    assert "opens with “Sure,” 0.4 % → 26.6 %" in told
    assert "bullet lists 12.0 % → 61.0 %" in told
    assert f"and {len(FOUND.giveaways) - MOST_TOLD} more in the report" in told
    assert max(map(len, printed(FOUND, width=60).splitlines())) <= 100


def test_what_moves_with_a_bound_is_named_last() -> None:
    told = printed(replace(FOUND, giveaways=(DECLINED, BULLETS)))
    assert told.index("bullet lists") < told.index("last sentence begins")


def test_of_what_is_redacted_only_the_numbers_are_told() -> None:
    hidden = {name: replace(one, redacted=True) for name, one in TEXTS.items()}
    for told in (section(FOUND, hidden), printed(FOUND, hidden)):
        assert "opens with the same words" in told
        assert "Sure" not in told


def test_words_are_those_of_the_place_and_of_one_line() -> None:
    hostile = {"case-1": text("", "a\u202eb\x1b[31m\n  c and more")}
    assert (
        words_of(replace(SURE, quoted=Quoted(Arm.CANDIDATE, 0, 12)), hostile)
        == "a\\u202eb\\x1b[31m c"
    )
    assert words_of(SURE, {}) == ""
    assert words_of(replace(SURE, quoted=Quoted(Arm.BASELINE, 900, 905)), hostile) == ""
    assert words_of(BULLETS, hostile) == ""


def test_a_verdict_says_it_in_its_own_words_where_there_is_nothing_to_count() -> None:
    assert headline(Drift(Told.OFF, "Nobody looked.")) == "Nobody looked."
