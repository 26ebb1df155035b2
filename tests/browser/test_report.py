"""The report in a real browser: it loads nothing, says nothing, and does what a reviewer asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from evalkit.core.verdict import Outcome
from evalkit.report.plan.html import render_plan_html
from tests.browser.chromium import Browser, Page
from tests.browser.contrast import contrast_of
from tests.browser.worlds import flipped_page, written
from tests.report.plans import every_plan
from tests.report.verdicts import EVERY_BOUND, every_verdict, facts, flips, text, verdict

EVERY_VERDICT, EVERY_PLAN = every_verdict(), every_plan()
SAMPLE = Path(__file__).parents[2] / "reports" / "sample" / "report.html"
PHONE = {"width": 360, "height": 740}
SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
FOUND = "document.getElementById('found').textContent"
FOCUSED = "document.activeElement.closest('.pair')?.querySelector('h4 a').textContent"
ON = """[...document.querySelectorAll('#flips .pair')].filter((card) => !card.hidden
    && getComputedStyle(card.closest('.group')).display !== 'none').length"""


@pytest.fixture(scope="session")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> str:
    return flipped_page(tmp_path_factory.mktemp("flipped"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.page() as found:
        yield found


def choose(page: Page, name: str, value: str) -> None:
    page.run(
        f"""(() => {{ const field = document.getElementById({json.dumps(name)});
        field.value = {json.dumps(value)};
        field.dispatchEvent(new Event("input", {{bubbles: true}})); }})()"""
    )


def type_into(page: Page, words: str) -> None:
    page.press("/")
    page.ask("Input.insertText", text=words)


def is_seen(page: Page, anchor: str) -> bool:
    """Return whether an element is unfolded and in the window."""
    found: bool = page.run(
        f"""(() => {{ const found = document.getElementById({json.dumps(anchor)});
        const box = found.getBoundingClientRect();
        return found.checkVisibility() && box.top >= 0 && box.top < innerHeight; }})()"""
    )
    return found


# ---------------------------------------------------------------- every page


@pytest.mark.parametrize("name", EVERY_VERDICT)
@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_page_asks_for_nothing_says_nothing_and_breaks_no_rule_of_its_own(
    browser: Browser, tmp_path: Path, name: str, *, script: bool
) -> None:
    with browser.page(script=script) as page:
        page.open(written(tmp_path, EVERY_VERDICT[name]))
        assert page.run("document.querySelector('h1').checkVisibility()")
        assert page.misdeeds() == []


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_on_a_phone_nothing_scrolls_sideways(browser: Browser, tmp_path: Path, name: str) -> None:
    with browser.page(**PHONE) as page:
        page.open(written(tmp_path, EVERY_VERDICT[name]))
        page.run("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        assert page.run(SIDEWAYS) == 0


def test_on_a_phone_many_flips_do_not_scroll_sideways_either(
    browser: Browser, flipped: str
) -> None:
    with browser.page(**PHONE) as page:
        page.open(flipped)
        page.run("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        assert page.run(SIDEWAYS) == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["fail", "pass", "cannot tell", "could not measure"])
def test_every_text_stands_out_from_what_is_behind_it(
    browser: Browser, tmp_path: Path, name: str, *, dark: bool
) -> None:
    with browser.page(dark=dark) as page:
        page.open(written(tmp_path, EVERY_VERDICT[name]))
        found = contrast_of(page)
        assert found.seen > 40
        assert found.poor == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_marked_words_and_tools_stand_out_too(
    browser: Browser, flipped: str, *, dark: bool
) -> None:
    with browser.page(dark=dark) as page:
        page.open(f"{flipped}?q=question#case-case-7")
        found = contrast_of(page)
        assert found.seen > 1000
        assert found.poor == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["the sample", "a plan"])
def test_what_is_written_into_figures_stands_out_too(
    browser: Browser, tmp_path: Path, name: str, *, dark: bool
) -> None:
    plan = tmp_path / "plan.html"
    plan.write_text(render_plan_html(EVERY_PLAN["unlikely"]), "utf-8")
    with browser.page(dark=dark) as page:
        page.open((SAMPLE if name == "the sample" else plan).as_uri())
        assert page.run("document.querySelectorAll('svg text').length") > 20
        assert contrast_of(page).poor == []
        assert page.misdeeds() == []


def test_a_text_that_does_not_stand_out_is_found(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "poor.html"
    path.write_text("<!doctype html><p>well</p><p id=poor>badly</p>", "utf-8")
    page.open(path.as_uri())
    page.run("document.getElementById('poor').style.color = '#999'")
    assert [text.split(":")[0] for text in contrast_of(page).poor] == ["badly"]


@pytest.mark.parametrize("name", EVERY_PLAN)
def test_the_page_of_a_plan_asks_for_nothing_either(page: Page, tmp_path: Path, name: str) -> None:
    path = tmp_path / "plan.html"
    path.write_text(render_plan_html(EVERY_PLAN[name]), "utf-8")
    page.open(path.as_uri())
    assert page.run("document.querySelector('h1').checkVisibility()")
    assert page.misdeeds() == []


# ---------------------------------------------------------------- what the first screen says


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["desk", "phone"])
def test_the_first_screen_of_the_sample_says_what_was_decided_by_which_bound_and_how_far(
    browser: Browser, size: dict[str, int]
) -> None:
    with browser.page(**size) as page:
        page.open(SAMPLE.as_uri())
        seen = page.run(
            """[...document.querySelectorAll('.verdict .word, h1, .verdict .lead, .tallies')]
            .filter((part) => part.getBoundingClientRect().bottom <= innerHeight)
            .map((part) => part.textContent.trim().replace(/\\s+/g, ' '))"""
        )
        assert seen[0] == "FAIL do not merge · exit 1"
        assert seen[1].endswith("breaks 1 of 9 blocking bounds.")
        assert "accuracy on returns fell from 92.9 % to 54.6 %" in seen[2]
        assert "at least 80 % is required (90 % interval 46.6 to 62.5 %)" in seen[2]
        assert "1 broken" in seen[3]


# ---------------------------------------------------------------- filters


def test_a_kind_is_chosen_with_or_without_a_script(browser: Browser, flipped: str) -> None:
    for script in (True, False):
        with browser.page(script=script) as page:
            page.open(flipped)
            before = page.run(ON)
            page.click("label[for=kind-2]")
            assert 0 < page.run(ON) < before
            assert page.run("document.querySelector('.group.kind-2').checkVisibility()")
            assert not page.run("document.querySelector('.group.kind-1').checkVisibility()")


def test_without_a_script_nothing_is_offered_that_does_not_work(
    browser: Browser, flipped: str
) -> None:
    with browser.page(script=False) as page:
        page.open(flipped)
        assert not page.run("document.getElementById('tools').checkVisibility()")
        assert page.run(ON) == page.run("document.querySelectorAll('#flips .pair').length")
        assert not page.run("document.querySelector('.page .pair').checkVisibility()")
        page.click(".page > summary")
        assert page.run("document.querySelector('.page .pair').checkVisibility()")
        assert page.misdeeds() == []


def test_a_tag_keeps_the_cases_that_have_it_and_counts_them(page: Page, flipped: str) -> None:
    page.open(flipped)
    everything = page.run(ON)
    choose(page, "tag", "green")
    kept = page.run(
        """[...document.querySelectorAll('#flips .pair:not([hidden])')]
        .map((card) => [card.checkVisibility(), card.querySelector('.tags').textContent])"""
    )
    assert 10 < len(kept) < everything
    assert all(shown and "green" in tags for shown, tags in kept)
    said = page.run(FOUND)
    assert said.startswith(f"{len(kept)} of {everything} flips on this page")
    assert "55 more are not on it" in said
    option = page.run("document.querySelector('#tag option[value=green]').textContent")
    assert option == f"green ({len(kept)})"
    choose(page, "tag", "")
    assert page.run(ON) == everything
    assert page.run(FOUND) == ""
    assert not page.run("document.querySelector('.page .pair').checkVisibility()")


def test_a_bound_keeps_every_case_that_moved_for_it_also_those_shown_under_another(
    page: Page, flipped: str
) -> None:
    page.open(flipped)
    choose(page, "bound", "accuracy")
    ids = page.run(
        """[...document.querySelectorAll('#flips .pair:not([hidden]) h4')]
        .map((name) => name.textContent)"""
    )
    assert len([name for name in ids if name.startswith("wrong")]) == 30
    twice = [name for name in set(ids) if ids.count(name) == 2]
    assert "case-1" in twice
    assert all(int(name.removeprefix("case-")) % 2 for name in twice)


def test_a_search_finds_cases_by_all_of_its_words_in_any_text(page: Page, flipped: str) -> None:
    page.open(flipped)
    type_into(page, "NUMBER 17? (b)")
    assert page.run(FOUND).startswith("3 of ")  # 17, which is here twice, and 117
    assert page.run("document.querySelector('#case-case-17').checkVisibility()")
    page.press("Escape")
    assert page.run(FOUND) == ""
    assert page.run("document.activeElement.id") != "q"
    type_into(page, "no such words")
    assert page.run(FOUND).startswith("0 of ")
    assert page.misdeeds() == []


def test_what_was_chosen_stands_in_the_address_and_comes_back_from_it(
    page: Page, flipped: str
) -> None:
    page.open(flipped)
    choose(page, "tag", "round")
    choose(page, "bound", "refusal")
    type_into(page, "question")
    page.click("label[for=kind-1]")
    address, said, on = (page.run(code) for code in ("location.href", FOUND, ON))
    assert "?q=question&tag=round&bound=refusal&kind=answered+" in address
    page.open("about:blank")
    page.open(address)
    assert [page.run(code) for code in (FOUND, ON)] == [said, on]
    assert page.run("document.getElementById('tag').value") == "round"
    assert page.run("document.getElementById('kind-1').checked")


def test_an_address_that_asks_for_what_is_not_there_shows_everything(
    page: Page, flipped: str
) -> None:
    page.open(f"{flipped}?tag=nothing&bound=%00&kind=x#flips")
    assert page.run(ON) == page.run("document.querySelectorAll('#flips .pair').length")
    assert page.misdeeds() == []


# ---------------------------------------------------------------- keys


def test_j_and_k_go_through_the_cases_unfold_them_and_keep_the_place_in_the_address(
    page: Page, flipped: str
) -> None:
    page.open(flipped)
    page.press("j")
    assert page.run(FOCUSED) == "case-0"
    page.press("j", "j", "j")
    assert page.run(FOCUSED) == "case-3"  # the first that was folded away
    assert is_seen(page, "case-case-3")
    assert page.run("location.hash") == "#case-case-3"
    page.press("k")
    assert page.run(FOCUSED) == "case-2"
    page.press("k", "k", "k", "k")
    assert page.run(FOCUSED) == "case-0"
    assert page.misdeeds() == []


def test_j_goes_only_where_a_filter_leaves_something(page: Page, flipped: str) -> None:
    page.open(flipped)
    choose(page, "tag", "blue")
    page.press("j", "j")
    assert page.run(FOCUSED) == "case-5"


def test_letters_that_are_typed_into_the_search_are_no_keys(page: Page, flipped: str) -> None:
    page.open(flipped)
    page.press("/")
    assert page.run("document.activeElement.id") == "q"
    page.press("j", "/")
    assert page.run("document.activeElement.value") == "j/"


def test_a_key_that_the_browser_means_is_left_to_it(page: Page, flipped: str) -> None:
    page.open(flipped)
    page.ask("Input.dispatchKeyEvent", type="keyDown", key="j", modifiers=2)
    assert page.run(FOCUSED) is None


# ---------------------------------------------------------------- links to cases


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_a_link_opens_what_is_folded_around_its_case(
    browser: Browser, flipped: str, *, script: bool
) -> None:
    with browser.page(script=script) as page:
        page.open(f"{flipped}#case-case-120")
        assert is_seen(page, "case-case-120")


@pytest.mark.parametrize("written_as", ["wrong 4/ü", "wrong%204/%C3%BC", "wrong%204%2F%C3%BC"])
def test_a_link_finds_a_case_however_its_name_was_written(
    page: Page, flipped: str, written_as: str
) -> None:
    page.open(f"{flipped}#case-{written_as}")
    assert is_seen(page, f"case-{quote('wrong 4/ü', safe='')}")


def test_a_link_takes_away_the_filter_that_hides_its_case(page: Page, flipped: str) -> None:
    page.open(f"{flipped}?tag=green&kind=r+%E2%86%92+w#case-case-120")
    assert is_seen(page, "case-case-120")
    assert page.run("location.search") == ""
    page.open(f"{flipped}#case-case-121")  # only the fragment changes
    assert is_seen(page, "case-case-121")


@pytest.mark.parametrize("name", ["case-240", "nobody", "%", "%E0%A4%A"])
def test_a_link_to_a_case_that_is_not_here_says_so(page: Page, flipped: str, name: str) -> None:
    page.open(f"{flipped}#case-{name}")
    assert "not on this page" in page.run(FOUND)
    assert page.misdeeds() == []


def test_a_row_of_the_plot_leads_to_its_bound_also_where_that_is_folded(
    page: Page, tmp_path: Path
) -> None:
    page.open(written(tmp_path, EVERY_VERDICT["fail"]))
    page.click("#envelope a[href='#bound-style.code']")
    assert is_seen(page, "bound-style.code")


def test_every_link_leads_to_something_that_is_then_seen(page: Page, tmp_path: Path) -> None:
    made = verdict(Outcome.FAIL, EVERY_BOUND, facts(missing=3, flips=flips(7)))
    page.open(written(tmp_path, made, {f"case-{place}": text("a", "b") for place in range(7)}))
    links: list[Any] = page.run(
        "[...new Set([...document.querySelectorAll('a')].map((link) => link.getAttribute('href')))]"
    )
    assert len(links) > 20
    for link in links:
        page.run(f"location.hash = {json.dumps(link)}")
        assert page.run(f"document.getElementById({json.dumps(link[1:])}).checkVisibility()"), link


# ---------------------------------------------------------------- on paper


def test_on_paper_there_is_no_tool_and_the_colours_are_those_of_day(
    browser: Browser, flipped: str
) -> None:
    with browser.page(dark=True, media="print") as page:
        page.open(flipped)
        for part in ("nav", ".tools", ".filters"):
            assert not page.run(f"document.querySelector('{part}').checkVisibility()")
        assert page.run("getComputedStyle(document.body).color") == "rgb(22, 25, 29)"
        assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert (
            page.run("document.querySelector('#bounds tbody').getBoundingClientRect().height") > 50
        )
        assert page.ask("Page.printToPDF")["data"]
        assert page.misdeeds() == []
