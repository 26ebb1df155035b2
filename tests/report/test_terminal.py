"""The terminal shows the verdict at a glance, no wider than it is, and nothing that acts.

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

from evalkit.core.model import Arm
from evalkit.core.verdict import ArmSummary, Flip, Outcome, Result, Verdict
from evalkit.report.text.lines import WIDEST
from evalkit.report.verdict.terminal import print_verdict
from evalkit.report.view import view_of
from tests.report.stored import assert_stored
from tests.report.verdicts import EVERY_BOUND, every_verdict, facts, manifest, verdict

EVERY_VERDICT = every_verdict()
MARKS = {Result.HOLDS: "✓", Result.BROKEN: "✗", Result.UNDECIDED: "?", Result.UNMEASURED: "∅"}
HOSTILE = "x\x1b[31mred\x1b]8;;https://evil.example\x07\u202edcba\x00\u2028[bold]b[/bold]"


def printed(made: Verdict, *, width: int = WIDEST, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=colour, no_color=not colour, legacy_windows=False
    )
    origin = manifest(made.bounds, smoke="--limit 20" if made.facts.smoke else "")
    print_verdict(
        view_of(made, origin), console, report="run/report.html", command="evalkit judge run"
    )
    return stream.getvalue()


@pytest.mark.parametrize("width", [100, 72])
@pytest.mark.parametrize("name", [name for name in EVERY_VERDICT if name != "many bounds"])
def test_a_verdict_is_shown_as_it_is_stored(name: str, width: int) -> None:
    assert_stored(printed(EVERY_VERDICT[name], width=width), f"{name}-{width}")


@pytest.mark.parametrize("width", [200, 100, 80, 60])
@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_no_line_is_wider_than_the_terminal_but_for_paths(name: str, width: int) -> None:
    for line in printed(EVERY_VERDICT[name], width=width).splitlines():
        told = line.startswith(("Report", "Again", " ✗", " ✓", " ?", " ∅"))
        in_plot = line.startswith(("✗", "✓", "?", "∅"))
        assert told or in_plot or cell_len(line) <= min(width, WIDEST), line


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_all_meaning_is_in_the_text(name: str) -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed(EVERY_VERDICT[name], colour=True))
    assert plain == printed(EVERY_VERDICT[name])


@pytest.mark.parametrize("name", EVERY_VERDICT)
def test_every_bound_has_a_row_and_every_way_out_another(name: str) -> None:
    made = EVERY_VERDICT[name]
    rows = view_of(made, manifest(made.bounds)).rows
    wanted = [MARKS[row.bound.result] for row in [*rows, *(row for row in rows if row.settle)]]
    lines = printed(made).splitlines()
    found = [line[0] for line in lines if line[:1] in MARKS.values() and line[1:2] == " "]
    assert found == wanted


def test_an_approximate_interval_is_called_one() -> None:
    made = EVERY_VERDICT["fail"]
    near = [b for b in made.bounds if getattr(b.judged, "approximate", False)]
    assert near
    assert printed(made).count("approximate") == len(near)


def test_hostile_names_do_nothing() -> None:
    bound = replace(EVERY_BOUND[0], metric=HOSTILE, on=HOSTILE, name=HOSTILE)
    flip = Flip("case", HOSTILE, f"{HOSTILE} → yes", 1.0)
    made = verdict(
        Outcome.FAIL, [bound], facts(flips=[flip]), sentence=f"{HOSTILE} fails", lead=HOSTILE
    )
    shown = printed(made)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028]", shown)
    assert "\\x1b[31mred" in shown
    assert "[bold]b[/bold]" in shown


@pytest.mark.parametrize(
    ("baseline", "candidate", "text"),
    [
        (1000, 1000, "1 sample each, paired ·"),
        (5000, 1000, "1 sample each, paired with 5 of the baseline ·"),
        (1000, 2500, "2.5 samples each, paired with 1 of the baseline ·"),
        (None, 3000, "3 samples each ·"),
    ],
)
def test_a_reader_is_told_how_often_each_arm_was_drawn(
    baseline: int | None, candidate: int, text: str
) -> None:
    samples = {Arm.BASELINE: baseline, Arm.CANDIDATE: candidate}
    drawn = {
        arm: ArmSummary(1000, number, 0, {}, None)
        for arm, number in samples.items()
        if number is not None
    }
    found = facts()
    snapshots = {arm: found.snapshots[arm] for arm in drawn}
    made = verdict(Outcome.PASS, EVERY_BOUND, replace(found, arms=drawn, snapshots=snapshots))
    assert f"1,000 cases · {text}" in printed(made)
