"""What logs say in a terminal, on a page and as JSON: nothing in it acts, and everything is there."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from evalkit.core.envelope import Kind
from evalkit.core.model import Arm
from evalkit.core.shadow import (
    ArmTraffic,
    CaseSample,
    Course,
    Extreme,
    Figure,
    Finding,
    Joined,
    Shadow,
    SliceSearch,
    Stratum,
    Traffic,
    Trend,
    Window,
)
from evalkit.core.verdict import Estimate, Outcome, Reason, Unmeasured, Verdict
from evalkit.report.shadow.json import shadow_text
from evalkit.report.shadow.lanes import MOST_HOURS, course_figure
from evalkit.report.shadow.page import render_shadow_html
from evalkit.report.shadow.terminal import print_shadow
from evalkit.report.shadow.words import (
    finding_row,
    search_sentence,
    shadow_view,
    traffic_sentences,
    trend_text,
    worst_text,
)
from tests.report.pages import Element, assert_connected, assert_harmless, read
from tests.report.verdicts import ACCURACY, REFUSAL, SLOW, estimate, manifest, verdict

HOSTILE = "x\x1b[31mred\u202edcba\x00\u2028<script>alert(1)</script>##[group]"
DAY = 480_000
RATE = Figure("refusal", Kind.RATE, "rate", "", ("declined", "answered"))
TIME = Figure("latency_ms", Kind.TIME, "p95", "ms")
NOTHING = Unmeasured(Reason.NO_VALUES, "0 of 9 rows have a value")


def window(start: int, candidate: Estimate | Unmeasured, *, hours: int = 1) -> Window:
    """Return a window in which the baseline is what it always is."""
    effect = estimate(0.02, -0.01, 0.05) if hours > 1 else None
    return Window(
        start, hours, dict.fromkeys(Arm, 50), estimate(0.05, 0.02, 0.09), candidate, effect
    )


def course(figure: Figure = RATE, *, hours: int = 30, told: bool = True) -> Course:
    """Return a course with a gap in its second hour."""
    found = [
        window(DAY + n, NOTHING if n == 1 else estimate(0.05 + 0.01 * (n % 5), 0.01, 0.2))
        for n in range(hours)
    ]
    days = [window(day, estimate(0.07, 0.05, 0.1), hours=24) for day in range(DAY, DAY + hours, 24)]
    change = estimate(0.08, 0.03 if told else -0.03, 0.13)
    effect = estimate(0.4, 0.2 if told else 0.0, 0.6)
    return Course(
        figure=figure,
        hours=tuple(found),
        days=tuple(days),
        trend=Trend(DAY + 15, 0.01, 0.09, change, told=told),
        worst=Extreme(found[min(7, hours - 1)], effect, 29, 0.02, told=told),
    )


def finding(
    *, told: bool = True, value: str = "kiosk", elsewhere: float | None = -0.001
) -> Finding:
    """Return a slice on which the candidate refuses more, or may do so."""
    low = 0.2 if told else -0.1
    return Finding(
        metric="refusal", labels=None, field="app", value=value, requests=dict.fromkeys(Arm, 173),
        users=60, baseline=0.012, candidate=0.335, effect=estimate(0.323, low, 0.46),
        elsewhere=elsewhere, least=low if told else 0.0, p=0.001,
    )  # fmt: skip


def traffic(**changes: Any) -> Traffic:
    """Return the traffic of two arms."""
    arms = {arm: ArmTraffic(arm.value, 1300, 3, 0, 0, 0, 0, 5, ("m-1",)) for arm in Arm}
    found = Traffic(
        files=("log.jsonl",), arms=arms, joined=Joined.PAIRED, pairs=1297, clustered=True, users=386,
        first=DAY, last=DAY + 47, other_arms={}, malformed=0, digest="abc",
    )  # fmt: skip
    return replace(found, **changes)


def search(*findings: Finding, compared: int = 160) -> SliceSearch:
    """Return a search that found something."""
    return SliceSearch(("app", "tag"), 230, compared, 230 - compared, 50, 20, 0.95, findings)


def shadow(judged: Verdict | None = None, **changes: Any) -> Shadow:
    """Return everything that logs may say."""
    found = Shadow(
        verdict=judged or verdict(Outcome.FAIL, [REFUSAL, ACCURACY, SLOW]),
        traffic=traffic(),
        courses=(course(), course(TIME, told=False)),
        slices=search(finding(), finding(told=False, value="web", elsewhere=None)),
        sampled=CaseSample("golden.jsonl", 40, 34, 2, (Stratum("both arms alike", 1206, 6),)),
    )
    return replace(found, **changes)


def told(found: Shadow, width: int = 100) -> str:
    """Return the terminal report."""
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    view = shadow_view(found, manifest(found.verdict.bounds))
    print_shadow(found, view, console, report="out/report.html", texts={})
    return out.getvalue()


def html(found: Shadow) -> str:
    """Return the page."""
    origin = manifest(found.verdict.bounds)
    return render_shadow_html(found, shadow_view(found, origin), {}, origin)


def text_of(element: Element) -> str:
    """Return all text of an element."""
    return " ".join(each.text for each in element.all())


# ---------------------------------------------------------------- terminal


def test_the_terminal_tells_verdict_days_slices_and_the_sample() -> None:
    found = told(shadow())
    for words in (
        "By day, baseline → candidate", "5.0 → 7.0 %", "candidate by hour", "Where the arms differ most",
        "refusal, app = kiosk", "173 requests an arm, 60 users; on all others −0.1 points",
        "160 comparisons of slices", "40 cases in golden.jsonl", "34 asked what another one asks and 2 had no input",
        "3 of the baseline and 3 of the candidate without", "exit 1",
    ):  # fmt: skip
        assert words in " ".join(found.split()), words
    assert "app = web" not in found, "what is not told stands in the report"


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_line_of_the_terminal_is_wider_than_it_or_a_hundred_columns(width: int) -> None:
    lines = told(shadow(), width).split("\n")
    free = ("Report", " ✗ FAIL")
    assert all(
        cell_len(line) <= max(60, min(width, 100)) for line in lines if not line.startswith(free)
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"users": 1}, "173 requests an arm, 1 user;"),
        ({"users": 1204, "users_estimated": True}, "173 requests an arm, about 1,204 users;"),
        ({"users": 0}, "173 requests an arm; on all others"),
    ],
)
def test_a_number_of_users_that_is_an_estimate_is_called_one(
    changes: dict[str, Any], words: str
) -> None:
    made = shadow(slices=search(replace(finding(), **changes)))
    assert words in " ".join(told(made).split())
    assert ("about 1,204 users" in html(made)) is ("about 1,204" in words)


def test_more_days_and_findings_than_fit_are_counted() -> None:
    many = shadow(
        courses=(course(hours=24 * 9),), slices=search(*(finding(value=f"v{n}") for n in range(9)))
    )
    found = told(many)
    assert "(the newest 2 of 9 days)" in found
    assert "and 3 more in the report" in found


def test_a_quiet_shadow_has_no_more_to_say_than_there_is() -> None:
    still = replace(course(told=False), trend=None, worst=None)
    bare = shadow(courses=(still,), slices=search(compared=0), sampled=None)
    found = " ".join(told(bare).split())
    assert "none with at least 50 requests an arm of 20 users: nothing was compared" in found
    assert "No drift" not in found
    empty = shadow(courses=(), slices=replace(search(), looked_at=0), sampled=None)
    assert "By day" not in told(empty)
    assert "Where the arms differ" not in told(empty)
    one_hour = shadow(courses=(course(hours=2),))
    assert "candidate by hour" not in told(one_hour), "one value is no line"


def test_a_name_of_a_slice_that_is_long_stands_above_its_numbers() -> None:
    lines = told(shadow(slices=search(finding(value="a rather long value of it")))).split("\n")
    place = next(n for n, line in enumerate(lines) if "a rather long value" in line)
    assert "1.2 → 33.5 %" not in lines[place]
    assert "1.2 → 33.5 %" in lines[place + 1]


# ---------------------------------------------------------------- words


def test_what_was_left_out_of_the_traffic_is_said() -> None:
    arms = {
        arm: replace(found, duplicates=2, differing=1, shared=3, clockless=1, label="v2")
        for arm, found in traffic().arms.items()
    }
    said = " ".join(
        traffic_sentences(
            shadow(
                traffic=traffic(arms=arms, other_arms={"spare": 7}, malformed=1, clustered=False)
            )
        )
    )
    for words in (
        "1,300 of the baseline (“v2”)", "2 requests without a time",
        "4 records logged again under an id that was there already: each request counts once, but "
        "among slices.",
        "Of 2 requests the copies differ: what they differ in counts as missing.",
        "6 requests in no pair: their ids are those of other users' requests as well.",
        "7 requests of neither arm left out: spare (7)", "1 malformed record passed over",
        "No request says who asked",
    ):  # fmt: skip
        assert words in said
    unpaired = " ".join(
        traffic_sentences(shadow(traffic=traffic(joined=Joined.UNPAIRED, first=None)))
    )
    assert "Not paired" in unpaired
    assert "no request says when it came" in unpaired
    alone = " ".join(traffic_sentences(shadow(traffic=traffic(joined=Joined.ONE_ARM))))
    assert "aired" not in alone


def test_trend_and_worst_hour_say_what_they_are_worth() -> None:
    assert "the difference of the arms moved" in trend_text(course())
    assert "no drift shown" in trend_text(course(told=False))
    assert "more than the worst of 29 hours would by chance" in worst_text(course())
    assert "by chance alone" in worst_text(course(told=False))
    bare = replace(course(), trend=None, worst=None)
    assert trend_text(bare) == worst_text(bare) == ""


def test_a_search_that_found_nothing_says_how_much_it_looked_at() -> None:
    assert "none shown to differ" in search_sentence(search(finding(told=False)))
    free = replace(search(finding()), least_users=0, too_small=0)
    assert "users" not in search_sentence(free)
    assert "too small" not in search_sentence(free)
    assert finding_row(replace(finding(), field="tag")).where == "tag kiosk"


# ---------------------------------------------------------------- page


def test_the_page_has_every_part_and_loads_nothing() -> None:
    text = html(shadow())
    page = read(text)
    ids = [element.attributes.get("id") for element in page.find("section")]
    assert ids == [
        "verdict",
        "envelope",
        "bounds",
        "courses",
        "search",
        "sampled",
        "traffic",
        "provenance",
    ]
    assert len(page.find("h1")) == 1
    assert_harmless(text, scripts=0)
    assert_connected(page)
    assert "do not roll out · exit 1" in text_of(page)
    assert text == html(shadow()), "the same logs give the same bytes"


def test_every_figure_has_a_title_and_a_sentence_for_those_who_do_not_see_it() -> None:
    page = read(html(shadow()))
    figures = [
        svg for svg in page.find("svg", role="img") if "course" in svg.attributes["aria-labelledby"]
    ]
    assert len(figures) == 2
    for svg in figures:
        assert {each.attributes["id"] for each in svg.all() if "id" in each.attributes} >= set(
            svg.attributes["aria-labelledby"].split()
        )


def test_lines_break_where_an_hour_has_no_value_and_long_courses_are_drawn_by_day() -> None:
    drawn = course_figure(course(), 0)
    lanes = {lane.arm: lane for lane in drawn.lanes}
    assert lanes[Arm.CANDIDATE].line.count("M") == 2
    assert lanes[Arm.BASELINE].line.count("M") == 1
    assert lanes[Arm.BASELINE].band == ""
    assert drawn.marked
    assert not course_figure(course(told=False), 0).marked
    long = course_figure(course(hours=MOST_HOURS + 24), 0)
    assert long.lanes[0].line.count("L") == MOST_HOURS // 24
    bare = course_figure(replace(course(), hours=(), days=(), worst=None, trend=None), 0)
    assert bare.description == "No request has a time."


def test_flat_and_negative_values_have_a_scale_as_well() -> None:
    flat = replace(
        course(), hours=tuple(window(DAY + n, estimate(0.05, 0.05, 0.05)) for n in range(3))
    )
    assert "nan" not in course_figure(flat, 0).lanes[1].line
    below = replace(
        course(), hours=tuple(window(DAY + n, estimate(-n, -n - 1, -n)) for n in range(3))
    )
    assert course_figure(below, 0).lanes[1].line


def test_what_could_not_be_measured_is_told_first() -> None:
    unmeasured = replace(
        REFUSAL, result=SLOW.result, effect=NOTHING, candidate=NOTHING, reason=Reason.NO_VALUES
    )
    page = read(html(shadow(verdict(Outcome.UNMEASURED, [unmeasured]))))
    assert page.find("section")[1].attributes["id"] in {"missing", "envelope"}


def test_hostile_names_are_text_everywhere() -> None:
    arms = {
        arm: replace(found, label=HOSTILE, models=(HOSTILE,))
        for arm, found in traffic().arms.items()
    }
    bad = shadow(
        slices=search(replace(finding(), value=HOSTILE, field=HOSTILE)),
        traffic=traffic(arms=arms, other_arms={HOSTILE: 2}, files=(HOSTILE,)),
        courses=(course(replace(RATE, metric=HOSTILE)),),
    )
    for text in (html(bad), told(bad)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\x00" not in text
    assert "<script>" not in html(bad)
    assert "##[" not in shadow_text(bad)


# ---------------------------------------------------------------- document


def test_the_document_holds_the_keys_that_its_page_names() -> None:
    found = json.loads(shadow_text(shadow()))
    assert found["schema"] == "evalkit.shadow/1"
    assert {"verdict", "exit_code", "bounds", "traffic", "courses", "slices", "sampled"} <= set(
        found
    )
    assert not {"flips", "distributions", "smoke", "look"} & set(found)
    assert found["slices"]["findings"][0]["least"] == 0.2
    assert found["courses"][0]["hours"][1]["candidate"] == {
        "reason": "no_values", "detail": "0 of 9 rows have a value",
    }  # fmt: skip
