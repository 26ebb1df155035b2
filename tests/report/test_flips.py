"""What a reviewer can choose among flips, how much of them is on the page, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evalkit.core.model import Arm, Case, ErrorKind, Sample, SampleError
from evalkit.core.verdict import Flip, Outcome, SnapshotSummary, Verdict
from evalkit.report.template import filled
from evalkit.report.text.redacted import without_words
from evalkit.report.verdict.html import render_html
from evalkit.report.view import (
    MOST_TEXTS,
    MOST_TEXTS_IN_ALL,
    CaseText,
    case_text,
    cases_to_show,
    view_of,
)
from evalkit.stages.judge.sentence import stopped_sentences
from tests.report.pages import Element, assert_harmless, read
from tests.report.verdicts import (
    ACCURACY,
    CODE,
    EVERY_BOUND,
    REFUSAL,
    facts,
    flips,
    manifest,
    text,
    verdict,
)

SCRIPT = Path(filled.__code__.co_filename).parent / "templates" / "report.js"


def moved(*found: Flip) -> Verdict:
    return verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=found))


def part(made: Verdict, texts: Mapping[str, CaseText], *, redacted: bool = False) -> Element:
    origin = replace(manifest(made.bounds), redacted=redacted)
    page = render_html(view_of(made, origin), texts, origin)
    assert_harmless(page)
    return read(page).find("section", id="flips")[0]


# ---------------------------------------------------------------- how many


def test_a_bound_shows_so_many_texts_and_each_of_its_kinds_a_fair_part_of_them() -> None:
    made = moved(*flips(500), *flips(30, kind="declined → answered"), *flips(300, kind="x"))
    shown = [(group.kind, group.shown) for group in view_of(made, manifest()).flips]
    assert shown == [("answered → declined", 85), ("x", 85), ("declined → answered", 30)]
    assert sum(count for _, count in shown) == MOST_TEXTS


def test_many_bounds_share_what_a_page_can_show() -> None:
    bounds = [replace(CODE, name=f"b{place}", metric=f"m{place}") for place in range(50)]
    found = [flip for bound in bounds for flip in flips(100, of=bound)]
    few = [flip for bound in bounds[:1] for flip in flips(3, of=bound)]
    made = verdict(Outcome.FAIL, bounds, facts(flips=[*few, *found[100:]]))
    shown = [group.shown for group in view_of(made, manifest(bounds)).flips]
    assert sum(shown) == MOST_TEXTS_IN_ALL
    assert shown[0] == 3
    assert set(shown[1:]) == {20, 21}


def test_only_cases_that_are_shown_need_their_texts() -> None:
    made = moved(*flips(1000))
    assert len(cases_to_show(view_of(made, manifest()))) == MOST_TEXTS


# ---------------------------------------------------------------- choices


def test_tags_and_bounds_are_offered_with_the_number_of_flips_they_keep() -> None:
    made = moved(*flips(3), *flips(2, of=ACCURACY, kind="right → wrong"))
    texts = {
        f"case-{place}": replace(text("a", "b"), tags=("all", "all", f"own {place}"))
        for place in range(3)
    }
    found = part(made, texts)
    offered = {
        choice.attributes["id"]: [option.text for option in choice.find("option")]
        for choice in found.find("select")
    }
    assert offered == {
        "tag": ["any", "all (5)", "own 0 (2)", "own 1 (2)", "own 2 (1)"],
        "bound": ["any", "refusal on opinionqa (5)", "accuracy on prime (4)"],
    }
    tags = [item.text for item in found.find("article")[0].find("ul")[0].find("li")]
    assert tags == ["all", "own 0"]


def test_what_only_a_script_can_do_is_hidden_without_one() -> None:
    tools = part(moved(*flips(3)), {}).find("div", id="tools")[0]
    assert "hidden" in tools.attributes
    assert not tools.find("select")  # one bound and no tag leave nothing to choose


def test_a_case_names_the_other_bounds_it_moved_for() -> None:
    made = moved(*flips(2), *flips(1, of=ACCURACY, kind="right → wrong"))
    cards = part(made, {}).find("article")
    assert [card.attributes.get("data-bounds") for card in cards] == ["1", None, "0"]


def test_the_script_is_small_and_writes_nothing_but_text() -> None:
    source = SCRIPT.read_text("utf-8")
    assert len(source.encode()) < 6000
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval",
        "</script",
        "<!--",
    ):
        assert word not in source


# ---------------------------------------------------------------- what is left out

SECRET = Case("case-0", "SECRET prompt", reference={"answer": "SECRET"}, tags=("kept",))
SAID = Sample(
    "case-0", Arm.BASELINE, output="SECRET", output_tokens=3, latency_ms=20, finish_reason="SECRET"
)
FAILED = Sample(
    "case-0", Arm.CANDIDATE, error=SampleError(ErrorKind.TIMEOUT, "SECRET"), refusal="SECRET"
)


def test_a_redacted_case_has_its_name_tags_and_counts_and_no_text_of_anybody() -> None:
    texts = {"case-0": case_text(SECRET, {Arm.BASELINE: SAID, Arm.CANDIDATE: FAILED}, redact=True)}
    found = part(moved(*flips(1)), texts, redacted=True)
    assert "SECRET" not in found.text
    assert "case-0" in found.text
    assert "kept" in found.text
    assert "3 tokens · 20\u00a0ms" in found.text
    assert not found.find("pre")
    assert "marked" not in found.text


def test_the_first_thing_a_redacted_page_says_beside_its_verdict_is_that_it_is_one() -> None:
    made = moved(*flips(1))
    origin = replace(manifest(), redacted=True)
    page = read(render_html(view_of(made, origin), {}, origin))
    notes = [note.text for note in page.find("section", id="verdict")[0].find("p")]
    assert any(note.startswith("Redacted: prompts, references and answers") for note in notes)


def test_why_an_arm_was_stopped_is_told_without_what_its_endpoint_said() -> None:
    why = {
        Arm.CANDIDATE: "20 requests in a row failed: found 'SECRET: a.b'.",
        Arm.BASELINE: "denied",
    }
    _, lead = stopped_sentences("Headline.", "", Outcome.UNMEASURED, why)
    made = verdict(Outcome.UNMEASURED, (REFUSAL,), replace(facts(), stopped=why), lead=lead)
    assert "SECRET" in made.lead
    found = without_words(made)
    assert "SECRET" not in str(found)
    assert found.sentence == made.sentence
    assert "asked to the end: 20 requests in a row failed." in found.lead
    assert "asked to the end: denied." in found.lead


def test_what_an_endpoint_calls_itself_and_its_reasons_is_cut() -> None:
    said = replace(SAID, finish_reason="stop\n" * 1000)
    shown = case_text(SECRET, {Arm.BASELINE: said}).facts[Arm.BASELINE]
    assert shown.startswith("3 tokens · 20\u00a0ms · stop stop")
    assert len(shown) < 70
    many = tuple(f"model-{place}-{'x' * 1000}" for place in range(300))
    found = facts(flips=flips(1))
    served = {**found.snapshots, Arm.CANDIDATE: SnapshotSummary(None, many)}
    made = verdict(Outcome.FAIL, (REFUSAL,), replace(found, snapshots=served))
    origin = manifest(made.bounds)
    page = read(render_html(view_of(made, origin), {}, origin))
    sources = page.find("section", id="provenance")[0].text
    assert "292 more" in sources
    assert len(sources) < 5000
