"""The terminal shows a plan at a glance, no wider than it is, and nothing that acts.

What it shows is stored under ``terminal/``; ``EVALKIT_STORE=1`` writes it anew, to be read before it
is committed.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from evalkit.core.plan import Plan
from evalkit.core.plan_phrases import chance_text
from evalkit.report.plan.terminal import MARKS, print_plan
from evalkit.report.plan.view import plan_view
from evalkit.report.text.lines import WIDEST
from tests.report.plans import EVERY_PLAN_BOUND, LOOSE, REFUSAL, UNLIKELY, every_plan, plan
from tests.report.stored import assert_stored

EVERY_PLAN = every_plan()
HOSTILE = "x\x1b[31mred\x1b]8;;https://evil.example\x07\u202edcba\x00\u2028[bold]b[/bold]"


def printed(
    made: Plan,
    *,
    width: int = WIDEST,
    colour: bool = False,
    curves: bool = False,
    report: str | None = "plan.html",
) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=colour, no_color=not colour, legacy_windows=False
    )
    print_plan(made, console, report=report, curves=curves)
    return stream.getvalue()


@pytest.mark.parametrize("width", [100, 80, 60])
@pytest.mark.parametrize("name", [name for name in EVERY_PLAN if name != "many bounds"])
def test_a_plan_is_shown_as_it_is_stored(name: str, width: int) -> None:
    assert_stored(printed(EVERY_PLAN[name], width=width), f"plan-{name}-{width}")


@pytest.mark.parametrize("width", [100, 60])
def test_curves_are_shown_as_they_are_stored(width: int) -> None:
    shown = printed(EVERY_PLAN["impossible"], width=width, curves=True)
    assert_stored(shown, f"plan-curves-{width}")


@pytest.mark.parametrize("curves", [True, False])
@pytest.mark.parametrize("width", [200, 100, 99, 80, 79, 60])
@pytest.mark.parametrize("name", EVERY_PLAN)
def test_no_line_is_wider_than_the_terminal(name: str, width: int, curves: bool) -> None:  # noqa: FBT001
    for line in printed(EVERY_PLAN[name], width=width, curves=curves).splitlines():
        assert cell_len(line) <= min(width, WIDEST), line


@pytest.mark.parametrize("name", EVERY_PLAN)
def test_all_meaning_is_in_the_text(name: str) -> None:
    coloured = printed(EVERY_PLAN[name], colour=True, curves=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == printed(EVERY_PLAN[name], curves=True)


@pytest.mark.parametrize("name", EVERY_PLAN)
def test_every_bound_has_a_row_and_each_that_needs_a_change_another(name: str) -> None:
    made = EVERY_PLAN[name]
    rows = plan_view(made).rows
    assert {row.bound.name for row in rows} == {bound.name for bound in made.bounds}
    wanted = [MARKS[row.prospect] for row in [*rows, *(row for row in rows if row.changes)]]
    lines = printed(made).splitlines()
    found = [line[0] for line in lines if line[:1] in MARKS.values() and line[1:2] == " "]
    assert found == wanted


def test_what_cannot_pass_comes_first_then_what_is_unknown_then_the_chances_rise() -> None:
    rows = plan_view(plan(EVERY_PLAN_BOUND)).rows
    marks = "".join(MARKS[row.prospect] for row in rows)
    assert marks == "✗✗∅!!✓✓✓"
    chances = [row.share for row in rows if row.share is not None and not row.bound.impossible]
    assert chances == sorted(chances)


def test_only_a_certain_chance_is_a_hundred_percent_and_only_it_has_a_full_bar() -> None:
    certain, nearly = replace(REFUSAL, passes=1.0), replace(REFUSAL, passes=0.9999)
    assert "██████████    100 %" in printed(plan((certain,)))
    assert "█████████·   > 99 %" in printed(plan((nearly,)))


def test_a_footnote_on_passing_without_a_proof_stands_only_where_there_is_such_a_bound() -> None:
    assert "toxicity: require: not-disproven" in printed(plan((LOOSE,)))
    assert "not-disproven" not in printed(plan((REFUSAL,)))


def test_a_plan_without_a_page_names_none() -> None:
    assert "Report" not in printed(plan((REFUSAL,)), report=None)


def test_curves_stand_only_where_they_were_asked_for_and_are_known() -> None:
    assert "What this gate can see" not in printed(plan((REFUSAL,)))
    assert "What this gate can see" in printed(plan((REFUSAL,)), curves=True)
    without = replace(REFUSAL, curve=())
    assert "What this gate can see" not in printed(plan((without,)), curves=True)


def test_where_chances_come_from_is_said_once_for_each_place_and_names_its_bounds() -> None:
    text = " ".join(printed(EVERY_PLAN["outside"]).split())
    assert "accuracy on prime: chances from the values of the baseline" in text
    assert "latency_ms, p95 on prime and refusal on opinionqa: chances by judging runs" in text
    alone = printed(plan((REFUSAL,)))
    assert "\nChances by judging runs" in alone
    assert "what the candidate changed" not in alone


def test_hostile_names_do_nothing() -> None:
    hostile = replace(UNLIKELY, metric=HOSTILE, on=HOSTILE, name=HOSTILE)
    shown = printed(replace(plan((hostile,)), lead=HOSTILE, not_stoppable=(HOSTILE,)), curves=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", shown)
    assert "\\x1b[31mred" in shown
    assert "[bold]b[/bold]" in shown


def test_a_chance_below_the_aim_is_seen_to_be_below_it() -> None:
    near = replace(UNLIKELY, passes=0.8996)
    assert chance_text(0.9).replace("\u00a0", " ") == "90 %"
    assert "89.96 % is below 90 %" in printed(plan((near,)))
