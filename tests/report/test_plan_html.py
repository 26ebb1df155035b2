"""The page of a plan says everything the plan says, and nothing that somebody else put into it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evalkit.core.phrases import title
from evalkit.core.plan import Plan
from evalkit.core.verdict import Outcome, Result
from evalkit.report.plan.html import render_plan_html
from evalkit.report.plan.json import plan_text
from evalkit.report.plan.view import plan_view
from evalkit.report.verdict.html import render_html
from evalkit.report.view import view_of
from tests.report.pages import Element, assert_connected, assert_harmless, read
from tests.report.plans import ACCURACY, EVERY_PLAN_BOUND, REFUSAL, UNLIKELY, every_plan, plan
from tests.report.verdicts import CODE, EVERY_BOUND, FORMAT, LISTS, SLOW, manifest, verdict

EVERY_PLAN = every_plan()
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></svg><b>{{ 7*7 }}",
    "a\x00b\x1b[31mred\u202edcba\ud800",
)


def section(page: Element, name: str) -> Element:
    return page.find("section", id=name)[0]


def shown(made: Plan) -> Element:
    return read(render_plan_html(made))


# ---------------------------------------------------------------- the page of a plan


@pytest.mark.parametrize("name", EVERY_PLAN)
def test_every_plan_becomes_a_page_with_one_headline_that_loads_nothing(name: str) -> None:
    page = render_plan_html(EVERY_PLAN[name])
    assert_harmless(page, scripts=0)
    root = read(page)
    assert_connected(root)
    assert [heading.text for heading in root.find("h1")] == [EVERY_PLAN[name].sentence]
    assert EVERY_PLAN[name].lead in section(root, "plan").text


@pytest.mark.parametrize("name", EVERY_PLAN)
def test_the_same_plan_is_the_same_bytes(name: str) -> None:
    assert render_plan_html(EVERY_PLAN[name]) == render_plan_html(every_plan()[name])


@pytest.mark.parametrize("name", EVERY_PLAN)
def test_every_bound_is_stated_with_its_chance_and_what_it_would_catch(name: str) -> None:
    made = EVERY_PLAN[name]
    rows = section(shown(made), "prospects").find("tbody")[0].find("tr")
    assert len(rows) == len(made.bounds)
    for row, found in zip(rows, plan_view(made).rows, strict=True):
        assert found.bound.metric in row.text
        assert found.chance in row.text
        assert found.catches in row.text
        assert found.allowed in row.text


def test_a_bar_is_as_wide_as_the_chance_and_an_unknown_chance_has_none() -> None:
    rows = section(shown(EVERY_PLAN["unknown"]), "prospects").find("tbody")[0].find("tr")
    bars = [[bar.attributes["width"] for bar in row.find("rect")] for row in rows]
    assert bars == [[], ["100%", "94.4%"]]


def test_what_needs_no_change_has_no_card_and_a_ready_plan_no_such_section() -> None:
    cards = section(shown(EVERY_PLAN["impossible"]), "changes").find("article")
    assert len(cards) == 5
    assert "about 401 cases tagged ambiguous (379 at the earliest)" in cards[0].text
    assert "delta: 4.9%" in cards[0].text
    assert not shown(EVERY_PLAN["ready"]).find("section", id="changes")


def test_six_curves_are_open_the_next_are_folded_and_of_many_the_rest_is_counted() -> None:
    part = section(shown(EVERY_PLAN["many bounds"]), "curves")
    folded = part.find("details")[0]
    assert len(part.find("figure")) == 24
    assert len(folded.find("figure")) == 18
    assert folded.find("summary")[0].text == "18 more bounds"
    assert "96 further bounds not drawn; evalkit plan --json has their numbers." in part.text


def test_without_a_curve_there_is_no_such_section_and_no_link_to_it() -> None:
    root = shown(plan((replace(REFUSAL, curve=()),)))
    assert not root.find("section", id="curves")
    assert not root.find("a", href="#curves")


def test_a_figure_has_a_title_and_a_sentence_for_those_who_do_not_see_it() -> None:
    figure = section(shown(plan((ACCURACY,))), "curves").find("svg", role="img")[0]
    named = figure.attributes["aria-labelledby"].split()
    assert [found.attributes["id"] for found in figure.find("title") + figure.find("desc")] == named
    assert "76.7\u00a0% or less is shown broken" in figure.find("desc")[0].text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_text(hostile: str) -> None:
    bounds = [
        replace(bound, name=f"{place}{hostile}", metric=hostile, on=hostile, detail=hostile)
        for place, bound in enumerate(EVERY_PLAN_BOUND)
    ]
    page = render_plan_html(
        plan(bounds, envelope=hostile, sentence=hostile, lead=hostile, not_stoppable=(hostile,))
    )
    assert_harmless(page, scripts=0)
    assert_connected(read(page))
    assert ">49<" not in page


def test_a_curve_costs_less_than_four_kilobytes() -> None:
    def size(count: int) -> int:
        bounds = [replace(UNLIKELY, name=f"{place}") for place in range(count)]
        return len(render_plan_html(plan(bounds)).encode())

    without = [replace(UNLIKELY, name=f"{place}", curve=()) for place in range(20)]
    bare = len(render_plan_html(plan(without)).encode())
    assert (size(20) - bare) / 20 < 4000


# ---------------------------------------------------------------- the page of a verdict


SEEING = [
    replace(bound, sees=ACCURACY.curve) for bound in EVERY_BOUND if bound.metric == "accuracy"
]


def test_a_verdict_shows_what_its_gate_could_see_undecided_bounds_first() -> None:
    sees = REFUSAL.curve
    bounds = [replace(bound, sees=sees) for bound in (CODE, LISTS)] + [
        replace(FORMAT, sees=ACCURACY.curve), *SEEING, SLOW,
    ]  # fmt: skip
    origin = manifest(bounds)
    page = render_html(view_of(verdict(Outcome.FAIL, bounds), origin), {}, origin)
    assert_harmless(page)
    root = read(page)
    assert_connected(root)
    titles = [found.find("title")[0].text for found in section(root, "curves").find("figure")]
    wanted = [LISTS, FORMAT, CODE, SEEING[0]]
    assert [text.split(",")[0] for text in titles] == [title(bound) for bound in wanted]
    assert section(root, "curves").text.count("this run") == 5
    order = [part.attributes["id"] for part in root.find("section")]
    assert order.index("distributions") < order.index("curves") < order.index("provenance")


def test_a_verdict_without_a_curve_has_no_such_section() -> None:
    origin = manifest()
    page = render_html(view_of(verdict(Outcome.FAIL, EVERY_BOUND), origin), {}, origin)
    assert not read(page).find("section", id="curves")


def test_a_bound_that_was_not_measured_has_a_curve_without_a_run() -> None:
    bounds = [replace(SLOW, sees=UNLIKELY.curve)]
    origin = manifest(bounds)
    part = section(
        read(render_html(view_of(verdict(Outcome.UNMEASURED, bounds), origin), {}, origin)),
        "curves",
    )
    assert SLOW.result is Result.UNMEASURED
    assert "this run" not in part.find("figure")[0].text


# ---------------------------------------------------------------- documents


@pytest.mark.parametrize("name", EVERY_PLAN)
def test_the_document_of_a_plan_says_what_it_is_and_has_every_bound(name: str) -> None:
    made = EVERY_PLAN[name]
    found = json.loads(plan_text(made), parse_constant=pytest.fail)
    assert found["schema"] == "evalkit.plan/1"
    assert [bound["name"] for bound in found["bounds"]] == [bound.name for bound in made.bounds]
    assert found["price"]["parallel"] == made.price.parallel
    assert plan_text(made) == plan_text(every_plan()[name])


def test_what_is_unbounded_in_a_document_is_null() -> None:
    assert UNLIKELY.baseline is not None
    endless = replace(UNLIKELY, baseline=replace(ACCURACY.baseline, upper=float("inf")))  # type: ignore[type-var]
    found = json.loads(plan_text(plan((endless,))), parse_constant=pytest.fail)
    assert found["bounds"][0]["baseline"]["upper"] is None
