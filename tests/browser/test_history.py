"""The page of past runs in a real browser: it loads nothing, and each of its marks is a run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from tests.browser.chromium import Browser, Page
from tests.browser.contrast import contrast_of
from tests.browser.pasts import FEW, MANY, past
from tests.fakes.hostile import RAN
from tests.worlds import evalkit

PHONE = {"width": 360, "height": 740}
SIDEWAYS = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
STRIPS = """[...document.querySelectorAll('.strip')].map((strip) => ({
    title: strip.querySelector('b').textContent,
    marks: [...strip.querySelectorAll('use')].filter((mark) => !mark.closest('.chip')).map((mark) => {
        const box = mark.getBoundingClientRect();
        return {says: mark.querySelector('title').textContent, group: mark.closest('g').className.baseVal,
                smoke: mark.classList.contains('smoke'), width: box.width,
                x: box.x + box.width / 2, y: box.y + box.height / 2}; }),
    whiskers: [...strip.querySelectorAll('path.whisker')].map((path) => path.getAttribute('d').split('M').length - 1)
        .reduce((sum, count) => sum + count, 0),
    rows: [...strip.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent)),
}))"""


@dataclass(frozen=True)
class Written:
    """The page of a past, and the document of the same runs."""

    address: str
    envelopes: list[dict[str, Any]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("past")
    past(folder / "reports")
    done = evalkit("history", "--html", "history.html", "--json", folder=folder)
    assert done.code == 0, done.err
    return Written((folder / "history.html").as_uri(), done.json["envelopes"])


@pytest.fixture
def page(browser: Browser, written: Written) -> Iterator[Page]:
    with browser.page() as found:
        found.open(written.address)
        yield found


def bounds_of(written: Written) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield each bound of the document with the runs of its envelope."""
    for envelope in written.envelopes:
        for bound in envelope["bounds"]:
            yield bound, envelope["runs"]


# ---------------------------------------------------------------- the page


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_it_asks_for_nothing_says_nothing_and_no_name_of_a_bound_acts(
    browser: Browser, written: Written, *, script: bool
) -> None:
    with browser.page(script=script) as page:
        page.open(written.address)
        assert (
            page.run("document.querySelector('h1').textContent")
            == f"{MANY + FEW} runs of 2 envelopes"
        )
        assert page.run(f"document.documentElement.hasAttribute('{RAN}')") is False
        assert page.run("document.querySelectorAll('.strip').length") == 6
        assert page.misdeeds() == []


def test_on_a_phone_nothing_scrolls_sideways(browser: Browser, written: Written) -> None:
    with browser.page(**PHONE) as page:
        page.open(written.address)
        page.run(UNFOLD)
        assert page.run(SIDEWAYS) == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(
    browser: Browser, written: Written, *, dark: bool
) -> None:
    with browser.page(dark=dark) as page:
        page.open(written.address)
        page.run(UNFOLD)
        found = contrast_of(page)
        assert found.seen > 500
        assert found.poor == []


def test_its_numbers_unfold_by_the_keyboard(page: Page) -> None:
    for _ in range(20):
        page.ask("Input.dispatchKeyEvent", type="keyDown", key="Tab", windowsVirtualKeyCode=9)
        if page.run("document.activeElement.tagName") == "SUMMARY":
            break
    page.ask(
        "Input.dispatchKeyEvent", type="keyDown", key="Enter", text="\r", windowsVirtualKeyCode=13
    )
    assert page.run("document.querySelector('details').open") is True
    assert page.run("document.querySelector('tbody').checkVisibility()") is True


def test_a_run_is_one_line_of_the_table_where_there_is_room(page: Page, written: Written) -> None:
    lines = page.run(
        "[...document.querySelector('table.runs tbody').rows].map((row) => row.offsetHeight)"
    )
    assert len(lines) == MANY
    plain = [
        height
        for height, run in zip(lines, reversed(written.envelopes[0]["runs"]), strict=True)
        if not run["smoke"] and len(run["changes"]) < 2
    ]
    assert len(plain) > MANY * 3 // 4
    assert max(plain) < 45


# ---------------------------------------------------------------- what it shows


def test_each_bound_has_a_mark_for_each_of_its_runs_with_the_result_and_the_numbers(
    page: Page, written: Written
) -> None:
    strips = page.run(STRIPS)
    bounds = list(bounds_of(written))
    assert len(strips) == len(bounds) == 6
    for strip, (bound, runs) in zip(strips, bounds, strict=True):
        smoke = {run["number"]: run["smoke"] for run in runs}
        told = {int(mark["says"].split()[1].strip(",")): mark for mark in strip["marks"]}
        assert sorted(told) == [run["number"] for run in bound["runs"]]
        for run in bound["runs"]:
            mark = told[run["number"]]
            assert mark["group"] == run["result"]
            assert f": {run['result']}, " in mark["says"]
            assert mark["smoke"] is smoke[run["number"]]
        # The table below has the newest fifty, with the same words.
        newest = bound["runs"][:-51:-1]
        assert [[row[0], row[2]] for row in strip["rows"]] == [
            [str(run["number"]), run["result"]] for run in newest
        ]


def test_marks_stand_where_their_estimates_lie(page: Page, written: Written) -> None:
    (strip, *_), ((bound, _), *_) = page.run(STRIPS), bounds_of(written)
    marks = sorted(strip["marks"], key=lambda mark: mark["x"])
    values = [run["candidate"]["value"] for run in bound["runs"]]
    assert [int(mark["says"].split()[1].strip(",")) for mark in marks] == list(range(1, MANY + 1))
    assert strip["whiskers"] == MANY
    # A straight line through the first and another run says where all others stand, to half a pixel.
    low, high = min(range(MANY), key=values.__getitem__), max(range(MANY), key=values.__getitem__)
    each = (marks[high]["y"] - marks[low]["y"]) / (values[high] - values[low])
    assert each < 0  # up is more
    for mark, value in zip(marks, values, strict=True):
        assert mark["y"] == pytest.approx(marks[low]["y"] + each * (value - values[low]), abs=1.0)
        said = re.search(r": \w+, ([\d.]+)\s%, ", mark["says"])
        assert said is not None
        assert float(said[1]) == pytest.approx(100 * value, abs=0.06)


def test_marks_of_many_runs_do_not_hide_each_other_on_a_phone_either(
    browser: Browser, written: Written
) -> None:
    for size in ({}, PHONE):
        with browser.page(**size) as page:
            page.open(written.address)
            marks = sorted(page.run(STRIPS)[0]["marks"], key=lambda mark: mark["x"])
            steps = [two["x"] - one["x"] for one, two in pairwise(marks)]
            assert min(steps) > 0
            assert max(mark["width"] for mark in marks) < 2 * min(steps)
