"""Forty outputs that mean harm, through a real gate into a real browser: each is shown as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from evalkit.report.text.safe import visible
from tests.browser.chromium import Browser, Page
from tests.browser.contrast import contrast_of
from tests.browser.worlds import hostile_run
from tests.fakes.hostile import HOSTILE, RAN

OWN = {"DEL", "INS", "SPAN", "EM"}
"""The elements that the page itself puts into an answer."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (hostile_run(tmp_path_factory.mktemp("hostile")) / "report.html").as_uri()


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    with browser.page(height=2000) as found:
        found.open(address)
        found.run("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        yield found


def test_nothing_of_it_ran_was_loaded_was_forbidden_or_left_its_place(page: Page) -> None:
    assert page.misdeeds() == []
    assert not page.run(f"document.documentElement.hasAttribute({json.dumps(RAN)})")
    assert page.run("document.querySelectorAll('#flips .pair').length") == len(HOSTILE) == 40
    loud = "script:not(body > script), iframe, object, embed, img, form, base, link, meta[http-equiv=refresh]"
    assert page.run(f"document.querySelectorAll({json.dumps(loud)}).length") == 0
    links: list[str] = page.run(
        "[...document.querySelectorAll('[href]')].map((link) => link.getAttribute('href'))"
    )
    assert all(link.startswith("#") for link in links)


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_read_as_it_was_written_in_answer_and_prompt(page: Page, name: str) -> None:
    # No file of text can hold half of a pair of surrogates: the run folder has a mark in its place.
    wanted = visible(re.sub("[\ud800-\udfff]", "\ufffd", HOSTILE[name]))
    found: dict[str, Any] = page.run(
        f"""(() => {{
        const name = (card) => card.querySelector("h4").textContent;
        const card = [...document.querySelectorAll("#flips .pair")]
            .find((card) => name(card) === {json.dumps(name)});
        const answer = card.querySelector(".candidate pre");
        const inside = [...answer.querySelectorAll("*")].map((element) => element.tagName);
        for (const gap of card.querySelectorAll(".gap")) gap.replaceWith("\\u0000");
        return {{answer: answer.textContent, inside,
            prompt: card.querySelector(".prompt").textContent,
            wide: answer.scrollWidth - answer.clientWidth}};
        }})()"""
    )
    assert set(found["inside"]) <= OWN
    # Where a font gives accents a width of their own, one letter is wider than the card: it scrolls there.
    assert found["wide"] <= 0 or name == "a tower of accents"
    for text in (found["answer"], found["prompt"]):
        head, cut, tail = text.partition("\0")
        assert bool(cut) == (len(HOSTILE[name]) > 900 or HOSTILE[name].count("\n") >= 15)
        assert wanted.startswith(head) if cut else head == wanted
        assert wanted.endswith(tail)


def test_it_moves_nothing_on_a_phone(browser: Browser, address: str) -> None:
    with browser.page(width=360, height=740) as page:
        page.open(address)
        page.run("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        assert page.run("document.scrollingElement.scrollWidth") == 360
        assert page.misdeeds() == []


def test_it_cannot_hide_by_its_colour(browser: Browser, address: str) -> None:
    with browser.page(dark=True) as page:
        page.open(address)
        assert contrast_of(page).poor == []


def test_a_search_and_a_tag_find_it(browser: Browser, address: str) -> None:
    with browser.page() as page:
        page.open(address)
        page.press("/")
        page.ask("Input.insertText", text="</script><script>")
        assert page.run("document.getElementById('found').textContent").startswith("1 of 40")
        tags: list[str] = page.run(
            "[...document.querySelectorAll('#tag option')].slice(1).map((option) => option.value)"
        )
        assert len(tags) > 30
        for tag in tags:
            page.run(
                f"""(() => {{ const tag = document.getElementById("tag"), q = document.getElementById("q");
                q.value = ""; tag.value = {json.dumps(tag)};
                tag.dispatchEvent(new Event("input", {{bubbles: true}})); }})()"""
            )
            assert page.run("document.querySelectorAll('.pair:not([hidden])').length") >= 1
            assert page.run("new URLSearchParams(location.search).get('tag')") == tag
        assert page.misdeeds() == []
