"""The HTML report says everything a verdict says, and nothing that somebody else put into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.envelope import Kind
from evalkit.core.model import Arm
from evalkit.core.phrases import title
from evalkit.core.verdict import (
    Flip,
    MetricResult,
    Outcome,
    Reason,
    Result,
    SliceResult,
    Unmeasured,
    Verdict,
)
from evalkit.report.template import filled
from evalkit.report.verdict.html import render_html
from evalkit.report.view import CaseText, view_of
from tests.fakes.hostile import HOSTILE
from tests.report.pages import Element, assert_connected, assert_harmless, read
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    EVERY_BOUND,
    LENGTH,
    REFUSAL,
    SLOW,
    estimate,
    every_verdict,
    facts,
    flips,
    manifest,
    text,
    verdict,
)

EVERY_VERDICT = every_verdict()
TEMPLATES = Path(filled.__code__.co_filename).parent / "templates"


def rendered(made: Verdict, texts: Mapping[str, CaseText] | None = None, smoke: str = "") -> str:
    origin = manifest(made.bounds, smoke=smoke)
    return render_html(view_of(made, origin), texts or {}, origin)


def flipped(before: str, after: str, *, prompt: str = "How?", case: str = "case-0") -> str:
    made = verdict(
        Outcome.FAIL, EVERY_BOUND, facts(flips=[Flip(case, "refusal", "answered → declined", 1.0)])
    )
    return rendered(made, {case: text(before, after, prompt=prompt)})


def section(page: Element, name: str) -> Element:
    return page.find("section", id=name)[0]


# ---------------------------------------------------------------- every outcome


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_every_verdict_becomes_a_balanced_page_with_one_headline(name: str) -> None:
    made = EVERY_VERDICT[name]
    page = read(rendered(made))
    assert [heading.text for heading in page.find("h1")] == [made.sentence]
    assert made.lead in page.find("section", id="verdict")[0].text
    assert f"exit {int(made.exit_code)}" in page.text


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_every_bound_is_stated_in_a_row_of_the_plot(name: str) -> None:
    made = EVERY_VERDICT[name]
    drawn = section(read(rendered(made)), "envelope").find("svg", role="img")
    titles = [svg.find("title")[0].text for svg in drawn]
    assert len(titles) == len(made.bounds)
    for bound in made.bounds:
        assert any(found.startswith(f"{title(bound)}: {bound.result}") for found in titles)


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_the_same_verdict_is_the_same_bytes(name: str) -> None:
    assert rendered(EVERY_VERDICT[name]) == rendered(every_verdict()[name])


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_nothing_is_loaded_and_nothing_acts(name: str) -> None:
    assert_harmless(rendered(EVERY_VERDICT[name]))


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_links_and_labels_lead_to_something(name: str) -> None:
    assert_connected(read(rendered(EVERY_VERDICT[name])))


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_every_figure_has_a_title_and_a_description(name: str) -> None:
    for figure in read(rendered(EVERY_VERDICT[name])).find("svg", role="img"):
        (heading,), (words,) = figure.find("title"), figure.find("desc")
        named = [heading.attributes["id"], words.attributes["id"]]
        assert figure.attributes["aria-labelledby"].split() == named
        assert heading.text.strip()
        assert words.text.strip()


def test_each_section_has_a_link_and_a_heading() -> None:
    page = read(rendered(EVERY_VERDICT["fail"]))
    links = [link.attributes["href"] for link in page.find("nav")[0].find("a")]
    sections = page.find("main")[0].find("section")
    assert links == [f"#{found.attributes['id']}" for found in sections]
    assert len(page.find("h2")) == len(sections) - 1


def test_a_section_without_content_is_left_out_with_its_link() -> None:
    made = verdict(Outcome.PASS, (CODE,), metrics=())
    page = read(rendered(replace(made, facts=replace(made.facts, distributions=()))))
    found = [part.attributes["id"] for part in page.find("section")]
    assert found == ["verdict", "envelope", "bounds", "provenance"]


def test_what_does_not_hold_has_an_open_card_and_what_holds_is_folded() -> None:
    part = section(read(rendered(EVERY_VERDICT["fail"])), "bounds")
    holding = [bound for bound in EVERY_BOUND if bound.result is Result.HOLDS]
    assert len(part.find("article")) == len(EVERY_BOUND) - len(holding)
    assert len(part.find("tbody")[0].find("tr")) == len(holding)
    assert "open" not in part.find("details")[0].attributes
    assert "1,012 more cases tagged arena-hard" in part.text
    assert "envelopes/assistant.yaml, line 21" in part.text


def test_a_pass_opens_the_table_and_has_no_cards() -> None:
    part = section(read(rendered(EVERY_VERDICT["pass"])), "bounds")
    assert not part.find("article")
    assert "open" in part.find("details")[0].attributes


def test_what_could_not_be_measured_says_what_went_wrong_before_the_plot_and_only_once() -> None:
    page = read(rendered(EVERY_VERDICT["could not measure"]))
    order = [part.attributes["id"] for part in page.find("section")]
    assert order[:3] == ["verdict", "missing", "envelope"]
    assert "bounds" not in order
    wrong = section(page, "missing").text
    assert "rate limited" in wrong
    assert "870 of 1,000" in wrong
    assert "500 have no latency_ms" in wrong


def test_a_pass_says_what_it_means_for_the_bounds_that_are_proven_exactly() -> None:
    assert "at most 5 times in 100" in rendered(EVERY_VERDICT["pass"])
    assert "any of the 3 bounds" in rendered(EVERY_VERDICT["pass"])
    nothing = rendered(EVERY_VERDICT["nothing blocks"])
    assert "times in 100" not in nothing
    assert "this run proves nothing" in nothing


def test_a_smoke_run_is_called_one() -> None:
    page = rendered(EVERY_VERDICT["smoke run"], smoke="the first 20 cases")
    assert "the first 20 cases. It is never a pass." in page


def test_what_was_let_through_is_said_to_be() -> None:
    page = read(rendered(EVERY_VERDICT["let through"]))
    assert "let through by inconclusive: warn · exit 0" in section(page, "verdict").text


def test_many_bounds_are_drawn_low_and_those_that_hold_are_folded_by_metric() -> None:
    part = section(read(rendered(EVERY_VERDICT["many bounds"])), "envelope")
    assert len(part.find("ol")[0].find("li")) == 40
    folds = [fold.find("summary")[0].text for fold in part.find("details")]
    assert [fold.split(" closest")[0] for fold in folds] == [
        "length.chars, mean: 40 of 40 hold",
        "style.code: 80 of 80 hold",
        "latency_ms, p95: 40 of 40 hold",
    ]


def test_without_a_baseline_no_baseline_is_mentioned_in_the_plot() -> None:
    part = section(read(rendered(EVERY_VERDICT["no baseline"])), "envelope")
    assert "baseline" not in part.text


def test_metrics_without_a_bound_are_shown_even_where_there_is_no_value() -> None:
    unscored = MetricResult("tone", Kind.SCORE, "mean", "", None, SLOW.candidate)
    part = section(read(rendered(verdict(Outcome.PASS, (CODE,), metrics=(unscored,)))), "metrics")
    assert "no value" in part.text


def test_slices_that_no_bound_names_are_folded_the_lowest_value_first() -> None:
    def part(on: str, value: float, **changes: Any) -> SliceResult:
        found = estimate(value, value - 0.05, value + 0.05)
        effect = estimate(-0.02, -0.07, 0.03)
        made = SliceResult("accuracy", Kind.RATE, "rate", on, "", found, found, effect)
        return replace(made, **changes)

    nothing = Unmeasured(Reason.NO_VALUES, "no value of 9")
    parts = (part("a", 0.9), part("b", 0.7), part("c", 0.8, candidate=nothing, effect=nothing))
    judged = verdict(Outcome.PASS, (CODE,), slices=parts, slices_left_out=2)
    seen = section(read(rendered(judged)), "slices")
    assert "2 smaller tags are left out" in seen.text
    rows = [[cell.text for cell in row.find("td")] for row in seen.find("tbody")[0].find("tr")]
    assert [row[0] for row in rows] == ["b", "a", "c"]
    change = "−2.0\u00a0points [−7.0 to +3.0\u00a0points]"
    assert rows[0][-2:] == ["65.0 to 75.0\u00a0%", change]
    assert rows[2][-2:] == ["no value of 9", ""]


# ---------------------------------------------------------------- flips


def test_flips_are_grouped_by_kind_and_filtered_without_a_script() -> None:
    found = [*flips(3), *flips(2, kind="declined → answered"), *flips(1, of=ACCURACY, kind="r → w")]
    page = rendered(verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=found)))
    part = section(read(page), "flips")
    labels = [label.text for label in part.find("fieldset")[0].find("label")]
    assert labels == ["all 6", "answered → declined 3", "declined → answered 2", "r → w 1"]
    assert [box.attributes["id"] for box in part.find("input", type="radio")] == [
        f"kind-{place}" for place in range(4)
    ]
    for place in range(1, 4):
        assert f"#flips:has(#kind-{place}:checked) .group:not(.kind-{place})" in page


def test_one_kind_of_flips_needs_no_filter() -> None:
    page = rendered(verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=flips(3))))
    assert "<fieldset" not in page


def test_of_a_kind_a_few_cases_are_open_the_next_are_folded_and_the_rest_is_counted() -> None:
    found = flips(1125)
    texts = {flip.case: text("(B)", "It depends.") for flip in found[:200]}
    part = section(
        read(rendered(verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=found)), texts)), "flips"
    )
    assert len(part.find("article")) == 200
    folded = [page.find("summary")[0].text for page in part.find("details")]
    assert folded[0] == "Cases 4 to 50 of 1,125"
    assert folded[-1] == "Cases 151 to 200 of 1,125"
    assert "925 more" in part.text


def test_a_case_has_one_anchor_however_often_it_flips() -> None:
    found = [*flips(2), *flips(2, of=ACCURACY, kind="right → wrong")]
    part = section(read(rendered(verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=found)))), "flips")
    anchors = [card.attributes.get("id") for card in part.find("article")]
    assert anchors == ["case-case-0", "case-case-1", None, None]
    assert "also right → wrong" in part.text


def test_a_case_without_its_text_is_shown_by_name() -> None:
    made = verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=flips(1)))
    card = read(rendered(made)).find("article", id="case-case-0")[0]
    assert "its text is not in this report" in card.text


def test_how_far_an_amount_moved_stands_beside_its_case() -> None:
    moved = Flip("case-0", LENGTH.name, "length.tokens lower", -997.0)
    made = verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=[moved]))
    assert "−997\u00a0tokens" in rendered(made)


def test_changed_words_are_marked_on_their_side() -> None:
    page = read(flipped("The answer is a prime number.", "The answer is no prime number."))
    assert [mark.text for mark in page.find("del")] == ["a"]
    assert [mark.text for mark in page.find("ins")] == ["no"]


def test_a_rewritten_answer_has_no_marks_and_says_so() -> None:
    page = read(flipped("(B). Somewhat optimistic", "This is subjective."))
    assert not page.find("del")
    assert not page.find("ins")
    assert "rewritten" in section(page, "flips").text


def test_an_empty_answer_and_no_answer_are_told_apart() -> None:
    made = verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=flips(1)))
    half = replace(text("", "x"), answers={Arm.BASELINE: ""})
    page = section(read(rendered(made, {"case-0": half})), "flips").text
    assert "an empty answer" in page
    assert "no answer" in page


def test_of_a_long_answer_both_ends_are_shown_and_the_rest_is_counted() -> None:
    long = f"First line.\n{'word ' * 2000}\n[Yes]"
    page = read(flipped(long, "[No]"))
    answer = page.find("pre")[0].text
    assert answer.strip().startswith("First line.")
    assert answer.endswith("[Yes]")
    left_out = int(re.findall(r"([\d,]+) characters left out", answer)[0].replace(",", ""))
    assert len(long) - 900 <= left_out <= len(long) - 800


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_text_from_a_model_is_text(attack: str) -> None:
    hostile = HOSTILE[attack]
    page = flipped(f"The answer is {hostile}", f"The answer was {hostile} end", prompt=hostile)
    assert_harmless(page)
    assert_connected(read(page))
    assert len(page) < 200_000


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_names_are_text(attack: str) -> None:
    hostile = HOSTILE[attack][:2000]
    bounds = [
        replace(
            bound, name=f"{place}{hostile}", metric=hostile, on=hostile, detail=hostile,
            unit="" if bound.kind is Kind.TIME else hostile,
        )
        for place, bound in enumerate(EVERY_BOUND)
    ]  # fmt: skip
    found = facts(missing=3, flips=[Flip(hostile, bounds[0].name, hostile, 0.5)])
    arms = {**found.arms, Arm.CANDIDATE: replace(found.arms[Arm.CANDIDATE], errors={hostile: 3})}
    made = verdict(
        Outcome.FAIL,
        bounds,
        replace(found, arms=arms, distributions=(replace(found.distributions[0], metric=hostile),)),
        envelope=hostile,
        sentence=hostile,
        lead=hostile,
    )
    origin = replace(manifest(bounds), run=hostile, envelope=hostile, commit=hostile, smoke=hostile)
    page = render_html(view_of(made, origin), {}, origin)
    assert_harmless(page)
    assert_connected(read(page))


def test_what_hides_is_shown_by_its_number() -> None:
    page = flipped(HOSTILE["control characters"], HOSTILE["a turned direction"])
    assert r"a\x00b\x01c\x07d\x08e\x0bf\x0cg\x1fh\x7fi\x85j\x9fk" in page
    assert r"abc\u202edcba\u202c \u2066x\u2069 \u200fy\u061cz" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


def test_a_template_in_an_answer_is_not_evaluated() -> None:
    page = flipped("{{ 7*7 }}", "{{ 7*7 }} {% raw %}")
    assert "{{ 7*7 }}" in page
    assert ">49<" not in page


@pytest.mark.parametrize("case", ["a b", 'x"y', "ü/?#&", "%41", "A", "case-0\n", "\u202e"])
def test_the_anchor_of_a_case_is_reached_from_its_own_link(case: str) -> None:
    card = read(flipped("a", "b", case=case)).find("article")[-1]
    anchor = card.attributes["id"]
    assert not re.search(r"\s", anchor)
    assert card.find("a")[0].attributes["href"] == f"#{anchor}"


def test_cases_of_similar_names_have_different_anchors() -> None:
    names = ["a b", "a%20b", "a-b", "a_b", "A b"]
    found = [Flip(name, "refusal", "x", 1.0) for name in names]
    page = read(rendered(verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=found))))
    anchors = {card.attributes["id"] for card in section(page, "flips").find("article")}
    assert len(anchors) == len(names)


def test_no_template_lets_a_value_through_unescaped_or_brings_a_style_of_its_own() -> None:
    for template in TEMPLATES.glob("*.html"):
        source = template.read_text("utf-8").replace("<script>{{ script }}</script>", "")
        assert not re.search(r"\|\s*safe|autoescape|\sstyle=|\son\w+=|<script", source), template


# ---------------------------------------------------------------- size


def test_five_hundred_pairs_of_answers_stay_under_a_megabyte() -> None:
    answer = "word and another " * 38  # 646 characters: with the prompt 1.5 kB a pair
    bounds = [REFUSAL, ACCURACY, LENGTH]
    found = [Flip(f"c{place}", bounds[place % 3].name, "x", 1.0) for place in range(500)]
    texts = {
        flip.case: text(answer, answer.replace("another", "more", 3), prompt="p" * 200)
        for flip in found
    }
    page = rendered(verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=found)), texts)
    assert len(read(page).find("pre")) == 1000
    assert len(page.encode()) <= 1_000_000


def test_a_pair_costs_less_than_a_kilobyte_beyond_its_texts() -> None:
    def size(count: int) -> int:
        found = flips(count)
        texts = {flip.case: text("yes", "no", prompt="?") for flip in found}
        made = verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=found))
        return len(rendered(made, texts).encode())

    assert (size(150) - size(50)) / 100 < 1000
