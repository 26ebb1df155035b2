"""A history is drawn on one axis a bound, in a terminal and on a page, and nothing in it acts."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from evalkit.core.comparison import History, JudgedRun
from evalkit.core.model import Arm
from evalkit.core.verdict import BoundResult, Estimate, Outcome, Result, SnapshotSummary
from evalkit.report.history.html import MOST_ROWS, WIDE_FROM, render_history_html
from evalkit.report.history.json import history_text
from evalkit.report.history.terminal import print_history
from evalkit.stages.contrast import lineage
from tests.report.stored import assert_stored
from tests.report.verdicts import (
    ACCURACY,
    COST,
    DIGESTS,
    EVERY_BOUND,
    REFUSAL,
    SLOW,
    TAIL,
    absolute,
    facts,
    manifest,
    verdict,
)

HOSTILE = "x\x1b[31mred\x1b]8;;https://evil.example\x07\u202edcba\x00\u2028[bold]b[/bold]<script>"


def run(number: int, bounds: Sequence[BoundResult], **changed: Any) -> JudgedRun:
    """Return the run of a day."""
    found = replace(facts(), **changed)
    outcome = (
        Outcome.FAIL if any(b.result is Result.BROKEN for b in bounds) else Outcome.INCONCLUSIVE
    )
    origin = manifest(bounds, smoke="--limit 20" if found.smoke else "")
    return JudgedRun(
        f"reports/r{number}",
        verdict(outcome, bounds, found),
        replace(origin, run=f"r{number}", created=f"2026-01-{number:02}T08:30:00+00:00"),
    )


def moved(bound: BoundResult, by: float, result: Result) -> BoundResult:
    """Return a bound whose estimate lies elsewhere."""
    judged = bound.judged
    assert isinstance(judged, Estimate)
    shifted = replace(
        judged, value=judged.value + by, lower=judged.lower + by, upper=judged.upper + by
    )
    if bound.effect is not None:
        return replace(bound, effect=shifted, result=result)
    return replace(bound, candidate=shifted, result=result)


PROMPTED = replace(DIGESTS, prompts={**DIGESTS.prompts, Arm.CANDIDATE: "other"})
ANSWERED = {
    Arm.BASELINE: SnapshotSummary(None, ("gpt-4-0314",)),
    Arm.CANDIDATE: SnapshotSummary("gpt-5", ("gpt-5",)),
}
STRICTER = replace(moved(ACCURACY, 0.35, Result.HOLDS), limit=absolute(0.85))
RUNS = [
    run(1, [ACCURACY, REFUSAL, SLOW]),
    run(2, [moved(ACCURACY, 0.3, Result.UNDECIDED), COST, SLOW], digests=PROMPTED),
    run(3, [moved(ACCURACY, 0.3, Result.HOLDS), REFUSAL, TAIL], smoke=True, digests=PROMPTED),
    run(4, [STRICTER, moved(REFUSAL, -0.74, Result.HOLDS), SLOW], digests=PROMPTED,
        snapshots=ANSWERED),
    run(5, [replace(STRICTER, on="chat"), REFUSAL, SLOW], digests=PROMPTED, snapshots=ANSWERED),
]  # fmt: skip
WHOLE = History("reports", (lineage("assistant", RUNS),), ("reports/x: no run",))
NEWEST = History("reports", (lineage("assistant", RUNS, last=2),))
EVERY = History("reports", (lineage("assistant", [run(1, EVERY_BOUND), run(2, EVERY_BOUND)]),))
HISTORIES = {"whole": WHOLE, "newest": NEWEST, "every bound": EVERY}


def printed(history: History, *, width: int = 100, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=colour, no_color=not colour, legacy_windows=False
    )
    print_history(history, console)
    return stream.getvalue()


@pytest.mark.parametrize("width", [100, 60])
@pytest.mark.parametrize("name", ["whole", "newest"])
def test_a_history_is_shown_as_it_is_stored(name: str, width: int) -> None:
    assert_stored(printed(HISTORIES[name], width=width), f"history-{name}-{width}")


@pytest.mark.parametrize("width", [100, 80, 60])
@pytest.mark.parametrize("name", HISTORIES)
def test_no_line_is_wider_than_the_terminal_and_colour_only_adds(name: str, width: int) -> None:
    shown = printed(HISTORIES[name], width=width)
    assert [line for line in shown.split("\n") if cell_len(line) > width] == []
    coloured = printed(HISTORIES[name], width=width, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [
            attrs
            for name, attrs in self.tags
            if name == tag and all(attrs.get(key) == value for key, value in wanted.items())
        ]


@pytest.mark.parametrize("name", HISTORIES)
def test_a_page_is_the_same_each_time_and_loads_nothing(name: str) -> None:
    text = render_history_html(HISTORIES[name])
    assert text == render_history_html(HISTORIES[name])
    page = Page(text)
    assert not page.all("script")
    assert {attrs["href"] for _, attrs in page.tags if "href" in attrs} <= {
        f"#{target['id']}" for _, target in page.tags if target.get("id")
    }
    assert not [attrs for _, attrs in page.tags if {"src", "style", "onload"} & attrs.keys()]
    [policy] = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert "default-src 'none'" in str(policy["content"])


@pytest.mark.parametrize("name", HISTORIES)
def test_every_figure_has_a_title_and_a_description(name: str) -> None:
    page = Page(render_history_html(HISTORIES[name]))
    figures = page.all("svg", role="img")
    assert len(figures) == sum(len(one.eras) for one in HISTORIES[name].lineages)
    ids = {attrs.get("id") for _, attrs in page.tags}
    for figure in figures:
        assert set(str(figure["aria-labelledby"]).split()) <= ids


def test_every_run_of_a_bound_is_a_mark_with_its_numbers() -> None:
    page = Page(render_history_html(WHOLE))
    text = "".join(page.text)
    for era in WHOLE.lineages[0].eras:
        for point in era.points:
            assert f"run {point.number}, 2026-01-{point.number:02}: {point.bound.result}, " in text
    shapes = [str(attrs["href"]) for attrs in page.all("use") if "#t-" in str(attrs["href"])]
    # The legend draws each shape once, the figures one a point.
    assert len(shapes) == 6 + sum(len(era.points) for era in WHOLE.lineages[0].eras)
    assert "since run 2: candidate prompt" in text
    assert "limit: at least 85\xa0%" in text
    assert "until run 4: then the bound meant another number" in text
    assert len(page.all("use", **{"class": "smoke"})) == 1 + 3


def test_an_older_limit_lies_where_it_lies_on_the_axis_of_today() -> None:
    history = History("reports", (lineage("a", [RUNS[0], RUNS[3]], bounds=["accuracy"]),))
    page = Page(render_history_html(history))
    lines = [str(attrs["d"]) for attrs in page.all("path", **{"class": "edge-of"})]
    heights = [float(line.partition(" ")[2].partition("h")[0]) for line in lines]
    assert len(heights) == 2
    assert heights[1] == 72  # at least 85 %, as in the envelope plot
    assert heights[0] > 72  # at least 80 % lies below it


def test_many_runs_fill_the_page_and_their_table_is_cut() -> None:
    count = WIDE_FROM + 10
    many = [replace(RUNS[index % 3], path=f"reports/{index}") for index in range(count)]
    history = History("reports", (lineage("assistant", many, bounds=["accuracy"]),))
    page = render_history_html(history)
    assert f"{MOST_ROWS} runs in numbers, {count - MOST_ROWS} older in --json" in page
    assert "columns strips wide" in page
    assert page.count('href="#t-many-holds"') == len(range(2, count, 3))


def test_hostile_names_do_nothing() -> None:
    bound = replace(ACCURACY, name=HOSTILE, metric=HOSTILE, on=HOSTILE)
    snapshots = {Arm.CANDIDATE: SnapshotSummary(HOSTILE, (HOSTILE,))}
    hostile = run(2, [bound], snapshots=snapshots)
    hostile = replace(hostile, path=HOSTILE)
    found = lineage(HOSTILE, [run(1, [bound]), hostile])
    history = History(HOSTILE, (found,), (HOSTILE,))
    acts = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]")
    assert not acts.search(printed(history))
    text = render_history_html(history)
    assert not acts.search(text)
    assert not Page(text).all("script")


def test_the_document_holds_every_estimate_and_change() -> None:
    document = json.loads(history_text(WHOLE))
    [found] = document["envelopes"]
    assert (document["schema"], document["unread"]) == ("evalkit.history/1", ["reports/x: no run"])
    assert [one["number"] for one in found["runs"]] == [1, 2, 3, 4, 5]
    assert [change["aspect"] for change in found["runs"][3]["changes"]] == ["snapshot", "served"]
    assert [one["smoke"] for one in found["runs"]] == [False, False, True, False, False]
    assert found["bounds"][0]["name"] == "accuracy"
    assert found["bounds"][0]["runs"][3]["redefined"] == ["limit"]
    assert found["bounds"][0]["runs"][0]["candidate"]["value"] == 0.511
    assert history_text(WHOLE) == history_text(WHOLE)
